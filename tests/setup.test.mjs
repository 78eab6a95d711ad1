// The set-up, on machines made of fakes: a PATH with nothing but a few harmless programs and the scripts of each test, an os-release of our own, and a project
// folder that holds only setup.sh.  No test installs anything: apt-get, sudo and npm write down what they were asked.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

const HARMLESS = ['awk', 'basename', 'bash', 'cat', 'chmod', 'cp', 'dirname', 'env', 'find', 'head', 'ln', 'mkdir', 'mv', 'rm', 'sed', 'sh', 'sleep', 'tar', 'touch', 'tr'];

const DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
const DEBIAN_13 = DEBIAN_12.replace('VERSION_ID="12"', 'VERSION_ID="13"').replace('=bookworm', '=trixie');
const DEBIAN_TESTING = 'PRETTY_NAME="Debian GNU/Linux forky/sid"\nVERSION_CODENAME=forky\nID=debian\n';
const UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n';

let home;
let bin;
let tools;
let project;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'genplay-setup-'));
  [bin, tools, project] = [join(home, 'bin'), join(home, 'tools'), join(home, 'project')];
  for (const folder of [bin, join(project, 'wasm'), join(project, 'node_modules')]) await mkdir(folder, { recursive: true });
  await copyFile(new URL('../wasm/setup.sh', import.meta.url), join(project, 'wasm/setup.sh'));
  for (const name of HARMLESS) await symlink(execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name));
  await os(DEBIAN_12);
});
afterEach(() => rm(home, { recursive: true }));

const os = (text) => writeFile(join(home, 'os-release'), text);

/** A program on the fake machine's PATH. */
async function program(name, body, folder = bin) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), `#!/bin/sh\n${body}\n`);
  await chmod(join(folder, name), 0o755);
}
/** Programs that note their arguments in a file and do nothing. */
const recorded = async (...names) => { for (const name of names) await program(name, `echo "${name} $*" >>${home}/calls`); };
const calls = () => readFile(join(home, 'calls'), 'utf8').catch(() => '');

const emcc = (version, folder = bin) =>
  program('emcc', `echo 'emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) ${version}'; echo 'Copyright (C) 2014 the authors'`, folder);
const llvm = async () => { for (const name of ['clang-19', 'wasm-ld-19', 'llvm-ar-19', 'python3']) await program(name, 'true'); };

/** Runs bash code with setup.sh's functions at hand, or the script itself where there is no code. */
function bash(code, { args = [], env = {} } = {}) {
  const command = code === null ? ['wasm/setup.sh', ...args] : ['-c', `source wasm/setup.sh; ${code}`];
  return new Promise((resolve) => {
    execFile(join(bin, 'bash'), command, { cwd: project, env: { PATH: bin, HOME: home, GENPLAY_TOOLS: tools, GENPLAY_OS_RELEASE: join(home, 'os-release'), GENPLAY_SYSTEM_SHARE: join(home, 'share'), ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout: stdout.trim(), stderr: stderr.trim() }));
  });
}

test('versions are compared number by number', async () => {
  const enough = ['3.1.60', '3.1.69', '3.1.100', '3.2.0', '4.0.10', '3.1.69-git', '3.1.60+dfsg-3', '10.0.0', '4', '3.1.090'];
  const old = ['3.1.59', '3.1.6', '3.0.99', '2.9.99', '3.1', '3', '3.1.08', '', 'unknown'];
  const { stdout } = await bash(`for v in ${[...enough, ...old].map((v) => `'${v}'`).join(' ')}; do version_at_least "$v" 3.1.60 && echo "$v"; done; true`);
  assert.deepEqual(stdout.split('\n'), enough);
});

test("emcc's version is found in its first line, whatever surrounds it", async () => {
  const lines = { '3.1.69 ()': '3.1.69', '3.1.6~dfsg-5 ()': '3.1.6', '4.0.7 (2ab91d2d7ffba1bbbba5bcfc56bdd1ae6a0a2dd5)': '4.0.7', '3.1.74-git': '3.1.74' };
  for (const [printed, version] of Object.entries(lines)) {
    await emcc(printed);
    assert.equal((await bash('emcc_version emcc')).stdout, version);
  }
  await program('emcc', 'exit 1');
  assert.equal((await bash('emcc_version emcc')).stdout, '');
});

const MACHINES = [
  ['Debian 12', DEBIAN_12, null, 'debian12'], ['Debian 13', DEBIAN_13, null, 'debian13'], ['Debian testing', DEBIAN_TESTING, null, 'debian13'],
  ['Debian 11', DEBIAN_12.replace('12"', '11"'), null, 'other'], ['Ubuntu', UBUNTU, null, 'other'], ['no os-release', null, null, 'other'],
  ['Debian 12', DEBIAN_12, '3.1.6', 'debian12'], ['Debian 12', DEBIAN_12, '3.1.60', 'path'], ['Ubuntu', UBUNTU, '3.1.6', 'other'], ['Ubuntu', UBUNTU, '4.0.1', 'path'],
  ['Fedora', 'ID=fedora\n', '3.1.74', 'path'], ['no os-release', null, '4.0.1', 'path'],
];
for (const [name, release, version, expected] of MACHINES) {
  test(`${name} with ${version ? `emcc ${version}` : 'no emcc'} is the case "${expected}"`, async () => {
    await program('apt-get', 'exit 1');
    if (release) await os(release);
    else await rm(join(home, 'os-release'));
    if (version) await emcc(version);
    assert.equal((await bash('emcc_case')).stdout, expected);
  });
}

test('our own Emscripten counts only while the LLVM that it calls is there, and is not taken for one of the system', async () => {
  await program('apt-get', 'exit 1');
  await emcc('3.1.69', join(tools, 'emscripten'));
  const env = { PATH: `${tools}/emscripten:${bin}` };
  assert.equal((await bash('emcc_case', { env })).stdout, 'debian12');
  await llvm();
  assert.equal((await bash('emcc_case', { env })).stdout, 'private');
});

for (const [what, node] of [['no Node', null], ['Node 18', 'v18.20.4'], ['Node 8', 'v8.0.0']]) {
  test(`${what}: one clear line, and nothing is installed`, async () => {
    await recorded('apt-get', 'sudo', 'npm');
    if (node) await program('node', `echo ${node}`);
    const { code, stderr } = await bash(null);
    assert.equal(code, 1);
    assert.match(stderr, node ? new RegExp(`^set-up: Node 20 or newer is needed; this one is ${node.slice(1)}\\.$`) : /^set-up: Node 20 or newer is needed, and there is no node on the PATH\.$/);
    assert.equal(await calls(), '');
  });
}

test('elsewhere, without a new enough emcc, the commands are named and nothing is done', async () => {
  await os(UBUNTU);
  await emcc('3.1.6');
  await program('node', 'echo v22.1.0');
  await recorded('apt-get', 'sudo', 'npm', 'git');
  const { code, stderr } = await bash(null);
  assert.equal(code, 1);
  assert.match(stderr, /emcc \(Emscripten\) 3\.1\.60 or newer is not on the PATH \(.*\/bin\/emcc is 3\.1\.6\)/);
  for (const command of ['./emsdk install latest', './emsdk activate latest', 'brew install emscripten']) assert.ok(stderr.includes(command), command);
  assert.equal(await calls(), '');
});

/** A machine where nothing is missing. */
async function complete() {
  await program('node', 'echo v20.20.2');
  await emcc('3.1.74');
  await program('cc', 'cat >/dev/null');
  await program('chromium', 'true');
  await recorded('apt-get', 'sudo', 'npm');
  await writeFile(join(project, 'package-lock.json'), '{}');
  await writeFile(join(project, 'node_modules/.package-lock.json'), '{}');
  await utimes(join(project, 'package-lock.json'), 1e9, 1e9);
}

test('where nothing is missing, nothing is said and nothing is run', async () => {
  await complete();
  assert.deepEqual(await bash(null, { args: ['--test'] }), { code: 0, stdout: '', stderr: '' });
  assert.equal(await calls(), '');
});

test('the npm packages are installed once, and again when the lock file is newer', async () => {
  await complete();
  await program('npm', `echo "npm $*" >>${home}/calls; touch node_modules/.package-lock.json`);
  const installs = async () => { await bash(null); return (await calls()).match(/^npm ci /gm)?.length ?? 0; };
  assert.equal(await installs(), 0);
  const [earlier, later] = [Date.now() / 1000 - 200, Date.now() / 1000 - 100];
  await utimes(join(project, 'node_modules/.package-lock.json'), earlier, earlier);
  await utimes(join(project, 'package-lock.json'), later, later);
  assert.equal(await installs(), 1);
  assert.equal(await installs(), 1, 'not a second time');
  await rm(join(project, 'node_modules/.package-lock.json'));
  assert.equal(await installs(), 2, 'nor is a folder without npm\'s own mark taken for whole');
});

test('Chromium is for the tests only', async () => {
  await complete();
  await rm(join(bin, 'chromium'));
  await program('id', 'echo 0');
  await bash(null);
  assert.equal(await calls(), '');
  await bash(null, { args: ['--test'] });
  assert.match(await calls(), /^apt-get update -q\napt-get install .*chromium\n$/);
});

test('sudo is used where we are not root, and said; without sudo the command is named', async () => {
  await program('id', 'echo 1000');
  await recorded('sudo');
  assert.match((await bash('as_root apt-get install x')).stderr, /^set-up: running with sudo: apt-get install x$/);
  assert.equal(await calls(), 'sudo apt-get install x\n');
  await rm(join(bin, 'sudo'));
  const { code, stderr } = await bash('as_root apt-get install x');
  assert.equal(code, 1);
  assert.match(stderr, /needs root, and there is no sudo.*apt-get install x$/);
  await program('id', 'echo 0');
  await recorded('apt-get');
  await bash('as_root apt-get install x');
  assert.match(await calls(), /\napt-get install x\n$/);
});

test("Debian 13: the distribution's package, and acorn beside it where Node does not find it", async () => {
  await complete();
  await rm(join(bin, 'emcc'));
  await os(DEBIAN_13);
  await program('id', 'echo 0');
  for (const folder of ['emscripten', 'nodejs/acorn']) await mkdir(join(home, 'share', folder), { recursive: true });
  // This Node finds acorn only where it is linked.
  await program('node', 'case $1 in --version) echo v20.20.2 ;; -e) [ -e node_modules/acorn ] ;; esac');
  assert.equal((await bash(null)).code, 0);
  assert.match(await calls(), /apt-get install .* emscripten\n/);
  assert.ok(existsSync(join(home, 'share/emscripten/node_modules/acorn')));
  await emcc('3.1.69');
  assert.deepEqual(await bash(null), { code: 0, stdout: '', stderr: '' }, 'nothing is left to do');
});

test("Debian's own Node finds acorn, and nothing is linked", async () => {
  await complete();
  for (const folder of ['emscripten', 'nodejs/acorn']) await mkdir(join(home, 'share', folder), { recursive: true });
  assert.deepEqual(await bash(null), { code: 0, stdout: '', stderr: '' });
  assert.ok(!existsSync(join(home, 'share/emscripten/node_modules')));
});

test("an entry of the machine's apt configuration is copied with its mirror, options and key, for another release", async () => {
  const sources = join(home, 'debian.sources');
  await writeFile(sources, `# a comment, which is no entry

Types: deb deb-src
# the mirror
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/k.gpg

Enabled: yes
Types: deb
URIs: http://mirror.example/other
 http://mirror.example/third
Suites:
 bookworm
 bookworm-backports
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
`);
  assert.equal((await bash(`source_for_suite ${sources} 1 trixie`)).stdout,
    'URIs: http://mirror.example/debian\nComponents: main contrib\nSigned-By: /usr/share/keyrings/k.gpg\nTypes: deb\nSuites: trixie');
  assert.equal((await bash(`source_for_suite ${sources} 2 trixie`)).stdout,
    'Enabled: yes\nURIs: http://mirror.example/other\n http://mirror.example/third\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n' +
    ' -----END PGP PUBLIC KEY BLOCK-----\nTypes: deb\nSuites: trixie');

  const list = join(home, 'sources.list');
  await writeFile(list, '# comment\ndeb http://mirror.example/debian bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main non-free # why\n');
  assert.equal((await bash(`source_for_suite ${list} 2 trixie`)).stdout, 'deb http://mirror.example/debian trixie main');
  assert.equal((await bash(`source_for_suite ${list} 3 trixie`)).stdout, 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main non-free # why');
});

/** Debian 12 with an apt-get that "downloads" packages which are plain tar files, and a dpkg-deb that unpacks those. */
async function debian12({ broken = '' } = {}) {
  await complete();
  await rm(join(bin, 'emcc'));
  await llvm();
  const packages = {
    emscripten: { 'usr/share/emscripten/emcc': '#!/bin/sh\necho "emcc 3.1.69"\n', 'usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/libc.a': 'c', 'usr/share/emscripten/cache/sysroot/lib/wasm32-emscripten/lto/libc.a': 'c' },
    'node-acorn': { 'usr/share/nodejs/acorn/package.json': '{}', 'usr/share/nodejs/acorn-walk/package.json': '{}' },
    binaryen: { 'usr/bin/wasm-opt': 'x', 'usr/bin/wasm2js': 'x', 'usr/lib/x86_64-linux-gnu/libbinaryen.so': 'x' },
    libc6: { 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2': '#!/bin/sh\necho "loader: $*"\n' },
    'libstdc++6': { 'usr/lib/x86_64-linux-gnu/libstdc++.so.6': 'x' },
    'libgcc-s1': { 'usr/lib/x86_64-linux-gnu/libgcc_s.so.1': 'x' },
  };
  const store = join(home, 'store');
  await mkdir(store);
  for (const [name, files] of Object.entries(packages)) {
    const tree = join(home, `tree-${name}`);
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(tree, path, '..'), { recursive: true });
      await writeFile(join(tree, path), text);
      await chmod(join(tree, path), 0o755);
    }
    execFileSync('tar', ['-cf', join(store, `${name}_1_all.deb`), '-C', tree, '.']);
  }
  await writeFile(join(home, 'debian.sources'), 'Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\nComponents: main\n');
  await program('apt-get', `
case "$*" in
  *indextargets*) echo "${home}/debian.sources:1" ;;
  *update*) cat "$PWD"/apt/sources/* >${home}/asked-source ;;
  *download*) for word; do case $word in */trixie) name=\${word%/trixie}; [ "$name" != "${broken}" ] || exit 100; cp "${store}/\${name}_1_all.deb" .; esac; done ;;
esac`);
  await program('dpkg-deb', 'case $1 in -x) tar -x -f "$2" -C "$3" ;; *) cat "$2" ;; esac');
}

test("Debian 12: Debian 13's Emscripten from the machine's own mirror, in a private folder, with Binaryen under the C library that came with it", async () => {
  await debian12();
  const { code, stderr } = await bash(null);
  assert.deepEqual([code, stderr.split('\n').length], [0, 1], stderr);
  assert.match(await readFile(join(home, 'asked-source'), 'utf8'), /URIs: http:\/\/mirror\.example\/debian\n(.*\n)*Suites: trixie\n/);
  const emscripten = join(tools, 'emscripten');
  assert.equal(execFileSync(join(emscripten, 'binaryen/bin/wasm-opt'), ['-O3', 'two words'], { encoding: 'utf8' }).trim(),
    `loader: --library-path ${emscripten}/binaryen/lib ${emscripten}/binaryen/real/wasm-opt -O3 two words`);
  assert.ok(existsSync(join(emscripten, 'binaryen/bin/wasm2js')));
  assert.ok(existsSync(join(emscripten, 'binaryen/lib/libstdc++.so.6')));
  assert.ok(existsSync(join(emscripten, 'node_modules/acorn/package.json')));
  assert.ok(existsSync(join(emscripten, 'cache/sysroot/lib/wasm32-emscripten/libc.a')));
  assert.ok(!existsSync(join(emscripten, 'cache/sysroot/lib/wasm32-emscripten/lto/libc.a')), 'the libraries that nothing uses stay out');
  assert.match(await readFile(join(emscripten, '.emscripten'), 'utf8'), new RegExp(`^LLVM_ROOT = '${bin}'\n(.*\n)*BINARYEN_ROOT = '${emscripten}/binaryen'\n`));
  assert.equal(await calls(), '', 'nothing is installed in the system');
  assert.deepEqual(await bash(null), { code: 0, stdout: '', stderr: '' }, 'a second run finds it');
});

test('Debian 12: a download that breaks leaves nothing, and the next run starts anew', async () => {
  await debian12({ broken: 'binaryen' });
  assert.notEqual((await bash(null)).code, 0);
  assert.equal((await bash(`cd '${tools}'; echo *`)).stdout, '*', 'the tools folder is empty');
});
