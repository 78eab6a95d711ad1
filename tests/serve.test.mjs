// The static server: what it serves, as what, and what it refuses.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { serve } from '../wasm/serve.mjs';

let home;
let server;

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'genplay-serve-'));
  await mkdir(join(home, 'site/deep'), { recursive: true });
  await mkdir(join(home, 'site-secret'));
  await mkdir(join(home, 'site/empty'));
  await writeFile(join(home, 'outside.txt'), 'outside');
  await writeFile(join(home, 'site-secret/key.txt'), 'outside');
  for (const name of ['index.html', 'deep/index.html', 'main.js', 'simd.mjs', 'simd.wasm', 'style.css', 'index.json', 'a.png', 'a.svg', 'm.safetensors', 'a b.gz']) {
    await writeFile(join(home, 'site', name), `this is ${name}`);
  }
  await symlink(join(home, 'outside.txt'), join(home, 'site/link.txt'));
  server = await serve(join(home, 'site'));
});
after(async () => {
  await server.close();
  await rm(home, { recursive: true });
});

/** A request whose path is sent as it stands: fetch would tidy it first. */
function raw(path, { method = 'GET' } = {}) {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port: server.port, path, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => { body += text; }).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    }).on('error', reject).end();
  });
}

test('every kind of file that the page has goes out with its MIME type', async () => {
  const types = {
    'index.html': 'text/html; charset=utf-8', 'main.js': 'text/javascript; charset=utf-8', 'simd.mjs': 'text/javascript; charset=utf-8',
    'simd.wasm': 'application/wasm', 'style.css': 'text/css; charset=utf-8', 'index.json': 'application/json', 'a.png': 'image/png', 'a.svg': 'image/svg+xml',
    'm.safetensors': 'application/octet-stream', 'a%20b.gz': 'application/gzip',
  };
  for (const [name, type] of Object.entries(types)) {
    const { status, headers, body } = await raw(`/${name}?v=1`);
    assert.deepEqual([name, status, headers['content-type'], body], [name, 200, type, `this is ${decodeURIComponent(name)}`]);
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers['content-encoding'], undefined, 'a .gz file is data, not a packed answer');
  }
});

test('a page is cross-origin isolated, and may be embedded by other sites that are', async () => {
  for (const path of ['/', '/main.js', '/deep', '/none.js']) {
    const { headers } = await raw(path);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
    assert.equal(headers['cross-origin-embedder-policy'], 'require-corp', path);
    assert.equal(headers['cross-origin-resource-policy'], 'cross-origin', path);
  }
});

test('a folder answers with its index.html, and sends an address without the slash to the one with it', async () => {
  assert.equal((await raw('/')).body, 'this is index.html');
  assert.equal((await raw('/deep/')).body, 'this is deep/index.html');
  const { status, headers } = await raw('/deep?embed=1');
  assert.deepEqual([status, headers.location], [301, '/deep/?embed=1']);
});

test('a redirect never leaves for another host', async () => {
  const { status, headers } = await raw('//deep');
  assert.deepEqual([status, headers.location], [301, '/deep/']);
});

test('what is not there is a 404: a file, a folder without index.html, a file with a slash behind it', async () => {
  for (const path of ['/none.js', '/empty/', '/main.js/', '/deep/none/']) assert.equal((await raw(path)).status, 404, path);
});

test('nothing outside the folder is served, however the path is written', async () => {
  for (const path of ['/../outside.txt', '/deep/../../outside.txt', '/%2e%2e/outside.txt', '/..%2foutside.txt', '/link.txt', '/../site-secret/key.txt', '/%2e%2e%2fsite-secret/key.txt']) {
    const { status, body } = await raw(path);
    assert.equal(status, 404, path);
    assert.doesNotMatch(body, /^outside/, path);
  }
});

test('a path that cannot be decoded is a bad request', async () => {
  assert.equal((await raw('/%')).status, 400);
  assert.equal((await raw('/a%00.js')).status, 400);
});

test('HEAD gives the length and no body; anything that writes is refused', async () => {
  const head = await raw('/main.js', { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '15', '']);
  assert.equal((await raw('/main.js', { method: 'POST' })).status, 405);
});

test('a port that is taken becomes a free one', async (t) => {
  const other = createServer();
  t.after(() => other.close());
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address();
  const second = await serve(join(home, 'site'), { port });
  assert.notEqual(second.port, port);
  assert.equal(await (await fetch(`http://127.0.0.1:${second.port}/main.js`)).text(), 'this is main.js');
  await second.close();
});

/** Runs the program until it has printed a line with an address, or has ended. */
async function runProgram(...args) {
  const child = spawn(process.execPath, ['wasm/serve.mjs', ...args], { cwd: new URL('..', import.meta.url) });
  let text = '';
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { text += data; if (/http:/.test(text)) resolve(); });
    ended.then(resolve);
  });
  return { text, child, ended };
}

test('the program prints its address and serves there', async (t) => {
  const { text, child, ended } = await runProgram(join(home, 'site'), '--port', '0');
  t.after(() => child.kill());
  const [url] = text.match(/http:\/\/localhost:\d+\//);
  assert.equal(await (await fetch(url.replace('localhost', '127.0.0.1'))).text(), 'this is index.html');
  child.kill();
  await ended;
});

test('a folder that is not there, or no number for a port, is one line and exit status 1', async () => {
  const missing = await runProgram(join(home, 'none'));
  assert.equal(await missing.ended, 1);
  assert.match(missing.text, /^there is no folder .*none: run make first\n$/);
  const port = await runProgram(home, '--port', 'x');
  assert.equal(await port.ended, 1);
  assert.match(port.text, /^--port is a number from 0 to 65535, not x\n$/);
});
