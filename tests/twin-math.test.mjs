// The elementary pieces give the same bits natively (SIMDe) and in wasm: every function of vec.h, the vector functions, random numbers and
// the double-precision functions, over sweeps with every special value.  Where a model's bytes differ between builds, the
// function that fails here is the reason.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = ['tests/native/twin_math.c', 'core/base/real.c', 'core/base/rng.c', 'core/kernels/vmath.c', 'core/io/sha256.c'];
const FLAGS = ['-std=c11', '-O3', '-Icore', '-ffp-contract=off', '-fno-math-errno'];

// The set-up's own emcc first, as in the Makefile; SIMDe where Homebrew keeps it.
const TOOLS = process.env.GENPLAY_TOOLS || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'genplay');
const env = { ...process.env, PATH: `${join(TOOLS, 'emscripten')}${delimiter}${process.env.PATH}` };
const HOMEBREW = existsSync('/opt/homebrew/include') ? ['-isystem', '/opt/homebrew/include'] : [];

const run = async (program, ...args) => (await promisify(execFile)(program, args, { cwd: ROOT, env, maxBuffer: 1 << 24 })).stdout;

/** The lines "name sha256" as [name, sha256]. */
const hashes = (text) => text.trim().split('\n').map((line) => [line.slice(0, -65), line.slice(-64)]);

test('the sweeps leave no function of vec.h out', async () => {
  const [header, sweeps] = await Promise.all(['core/base/vec.h', SOURCES[0]].map((path) => readFile(join(ROOT, path), 'utf8')));
  const names = [...header.matchAll(/^(?:INLINE \w+ |#define )([fi]4_\w+)\(/gm)].map(([, name]) => name);
  assert.ok(names.length > 40, `${names.length} functions found`);
  assert.deepEqual(names.filter((name) => !sweeps.includes(`${name}(`)), []);
});

test('native and wasm give the same bits', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'genplay-math-'));
  t.after(() => rm(folder, { recursive: true }));
  const program = join(folder, 'twin'), script = join(folder, 'twin.cjs');
  await Promise.all([
    run(process.env.CC || 'cc', ...FLAGS, ...HOMEBREW, ...SOURCES, '-lm', '-o', program),
    run('emcc', ...FLAGS, '-msimd128', ...SOURCES, '-sENVIRONMENT=node', '-o', script),
  ]);
  const [natively, inWasm] = (await Promise.all([run(program), run(process.execPath, script)])).map(hashes);
  assert.ok(natively.length > 60, `only ${natively.length} functions were hashed`);
  assert.equal(natively.length, inWasm.length);
  assert.equal(new Set(natively.map(([, hash]) => hash)).size, natively.length, 'no two functions give the same');
  for (const [i, [name, hash]] of natively.entries()) {
    await t.test(name, () => assert.deepEqual(inWasm[i], [name, hash]));
  }
});
