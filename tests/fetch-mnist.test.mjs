// `make data` against a mirror on localhost: the right files arrive, anything else leaves nothing.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fetchMnist, MNIST, presentFile } from '../wasm/fetch-mnist.mjs';

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const content = { 'a-ubyte': Buffer.from('the first file '.repeat(1000)), 'b-ubyte': Buffer.from('the second file') };
const files = Object.entries(content).map(([name, bytes]) => ({ name, sha256: sha256(bytes) }));

/** What the mirror answers: path -> (response) => void; and what it was asked for. */
let answers;
let asked;
let mirror;
let server;
let folder;

before(async () => {
  server = createServer((request, response) => {
    asked.push(request.url);
    const answer = answers[request.url];
    if (answer) answer(response);
    else response.writeHead(404).end('no');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  mirror = `http://127.0.0.1:${server.address().port}/mnist`;
});
after(() => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }));

beforeEach(async () => {
  asked = [];
  answers = Object.fromEntries(files.map(({ name }) => [`/mnist/${name}.gz`, (response) => response.end(gzipSync(content[name]))]));
  folder = await mkdtemp(join(tmpdir(), 'genplay-data-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('the files arrive, packed as the mirror has them, in a folder that is made where it is missing', async () => {
  const inner = join(folder, 'new/data');
  await fetchMnist({ folder: inner, mirror, files });
  assert.deepEqual(await readdir(inner), ['a-ubyte.gz', 'b-ubyte.gz']);
  assert.deepEqual(await readFile(join(inner, 'a-ubyte.gz')), gzipSync(content['a-ubyte']));
  assert.deepEqual(asked, ['/mnist/a-ubyte.gz', '/mnist/b-ubyte.gz']);
});

test('a mirror may pack differently, or its address end in a slash', async () => {
  answers['/mnist/a-ubyte.gz'] = (response) => response.end(gzipSync(content['a-ubyte'], { level: 1 }));
  await fetchMnist({ folder, mirror: `${mirror}/`, files });
  assert.deepEqual(await readdir(folder), ['a-ubyte.gz', 'b-ubyte.gz']);
});

test('files that are there and right, packed or plain, are not downloaded again', async () => {
  await writeFile(join(folder, 'a-ubyte.gz'), gzipSync(content['a-ubyte']));
  await writeFile(join(folder, 'b-ubyte'), content['b-ubyte']);
  await fetchMnist({ folder, mirror, files });
  assert.deepEqual(asked, []);
});

test('a file that is there and wrong is replaced', async () => {
  await writeFile(join(folder, 'a-ubyte.gz'), gzipSync('something else'));
  await writeFile(join(folder, 'b-ubyte.gz'), gzipSync(content['b-ubyte']).subarray(0, 20));
  await fetchMnist({ folder, mirror, files });
  assert.deepEqual(await readFile(join(folder, 'a-ubyte.gz')), gzipSync(content['a-ubyte']));
  assert.deepEqual(await readFile(join(folder, 'b-ubyte.gz')), gzipSync(content['b-ubyte']));
});

const broken = {
  'another content': [(response) => response.end(gzipSync('not MNIST')), /is not MNIST: the SHA-256 of its content is [0-9a-f]{64}, expected/],
  'half a file, which ends as if it were whole': [(response) => response.end(gzipSync(content['a-ubyte']).subarray(0, 30)), /does not unpack/],
  'a connection that breaks midway': [
    (response) => {
      response.writeHead(200, { 'Content-Length': 1000 }).write('half');
      setTimeout(() => response.destroy(), 20);
    }, /the download of .*a-ubyte\.gz broke/],
  'a page that says something': [(response) => response.end('<html>moved</html>'), /is not MNIST/],
  'not found': [(response) => response.writeHead(404).end('no'), /answered 404/],
  'an error of the server': [(response) => response.writeHead(503).end('later'), /answered 503/],
};
for (const [what, [answer, message]] of Object.entries(broken)) {
  test(`${what}: an error that says so, and nothing in the folder`, async () => {
    answers['/mnist/a-ubyte.gz'] = answer;
    await assert.rejects(fetchMnist({ folder, mirror, files }), message);
    assert.deepEqual(await readdir(folder), []);
  });
}

test('a bad answer leaves the files that were right before it', async () => {
  answers['/mnist/b-ubyte.gz'] = broken['another content'][0];
  await assert.rejects(fetchMnist({ folder, mirror, files }), /b-ubyte/);
  assert.deepEqual(await readdir(folder), ['a-ubyte.gz']);
});

test('presentFile prefers the packed file and says null where there is neither', async () => {
  assert.equal(presentFile(folder, 'a-ubyte'), null);
  await writeFile(join(folder, 'a-ubyte'), '');
  assert.equal(presentFile(folder, 'a-ubyte'), join(folder, 'a-ubyte'));
  await writeFile(join(folder, 'a-ubyte.gz'), '');
  assert.equal(presentFile(folder, 'a-ubyte'), join(folder, 'a-ubyte.gz'));
});

/** The program itself, with a mirror and a folder from the environment. */
function runProgram(env) {
  return new Promise((resolve) => {
    execFile(process.execPath, ['wasm/fetch-mnist.mjs'], { cwd: new URL('..', import.meta.url), env: { ...process.env, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }));
  });
}

test('the program takes mirror and folder from the environment; a wrong file is one line and exit status 1', async () => {
  answers[`/mnist/${MNIST[0].name}.gz`] = (response) => response.end(gzipSync('not MNIST'));
  const data = join(folder, 'data');
  await mkdir(data);
  const { code, stderr } = await runProgram({ MNIST_MIRROR: mirror, GENPLAY_DATA: data });
  assert.equal(code, 1);
  assert.match(stderr, /^http.*train-images-idx3-ubyte\.gz is not MNIST: .*\n$/);
  assert.deepEqual(await readdir(data), []);
});

const real = process.env.GENPLAY_DATA && presentFile(process.env.GENPLAY_DATA, MNIST[0].name) ? process.env.GENPLAY_DATA : null;
test('the real MNIST passes its sums', { skip: real ? false : 'MNIST is not at hand (GENPLAY_DATA)' }, async () => {
  for (const { name } of MNIST) {
    const bytes = await readFile(presentFile(real, name));
    answers[`/mnist/${name}.gz`] = (response) => response.end(bytes);
  }
  const { code, stderr } = await runProgram({ MNIST_MIRROR: mirror, GENPLAY_DATA: folder });
  assert.deepEqual([code, stderr], [0, '']);
  assert.deepEqual((await readdir(folder)).sort(), MNIST.map(({ name }) => `${name}.gz`).sort());
  assert.ok((await stat(join(folder, 'train-images-idx3-ubyte.gz'))).size > 9e6);
});
