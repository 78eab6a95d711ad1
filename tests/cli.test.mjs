// The command line: what it prints, writes and refuses, in a pipe and on a terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inflateSync } from 'node:zlib';
import { createLab } from '../wasm/genplay.mjs';
import { mnistFolder } from '../wasm/idx-files.mjs';
import { encodePng } from '../wasm/png.mjs';
import { sha, tensorHashes } from './tools.mjs';

const CLI = fileURLToPath(new URL('../wasm/cli.mjs', import.meta.url));
const QUICK = ['--set', 'hidden=8', '--set', 'batch=8'];
let folder;

before(async () => { folder = await mkdtemp(join(tmpdir(), 'genplay-cli-')); });
after(() => rm(folder, { recursive: true }));

/** Runs the command line in the test's folder, away from any data that is at hand. */
const genplay = (...args) => genplayWith({ GENPLAY_DATA: folder }, ...args);

function genplayWith(env, ...args) {
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => done({ status: error ? error.code : 0, stdout, stderr }));
  });
}

/** Runs it and expects success; its output. */
async function succeeds(...args) {
  const { status, stdout, stderr } = await genplay(...args);
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  return stdout;
}

/** Runs it and expects exit status 1 with one line that matches. */
async function fails(args, message) {
  const { status, stdout, stderr } = await genplay(...args);
  assert.equal(status, 1, `${args.join(' ')}: ${stdout}`);
  assert.match(stderr, /^genplay: [^\n]+\n$/, 'one line');
  assert.match(stderr, message);
}

/** Width, height, channels and pixels of a PNG, every checksum checked. */
async function readPng(name) {
  const file = await readFile(join(folder, name));
  assert.equal(file.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  const chunks = {};
  for (let at = 8; at < file.length;) {
    const size = file.readUInt32BE(at);
    chunks[file.toString('latin1', at + 4, at + 8)] = file.subarray(at + 8, at + 8 + size);
    assert.equal(file.readUInt32BE(at + 8 + size), crc(file.subarray(at + 4, at + 8 + size)), 'CRC');
    at += size + 12;
  }
  const [width, height, channels] = [chunks.IHDR.readUInt32BE(0), chunks.IHDR.readUInt32BE(4), chunks.IHDR[9] === 2 ? 3 : 1];
  const rows = inflateSync(chunks.IDAT);
  assert.equal(rows.length, height * (1 + width * channels));
  return { width, height, channels, at: (x, y) => [...rows.subarray(y * (1 + width * channels) + 1 + x * channels).subarray(0, channels)] };
}

/** CRC-32, bit by bit. */
function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return ~value >>> 0;
}

test('help tells the commands, and each command its flags', async () => {
  const overview = await succeeds('--help');
  assert.equal(await succeeds(), overview);
  for (const name of ['models', 'datasets', 'train', 'sample', 'draw', 'measure', 'bench']) {
    assert.match(overview, new RegExp(`^  ${name} `, 'm'));
    const help = await succeeds(name, '--help');
    assert.match(help, new RegExp(`^genplay ${name}:`));
    assert.match(help, /--json/);
  }
});

test('models and datasets list what the API lists', async () => {
  const lab = await createLab();
  assert.deepEqual(JSON.parse(await succeeds('models', '--json')), JSON.parse(JSON.stringify(lab.models)));
  assert.deepEqual(JSON.parse(await succeeds('datasets', '--json')), JSON.parse(JSON.stringify(lab.datasets)));
  const models = await succeeds('models');
  for (const { id, params } of lab.models) {
    assert.match(models, new RegExp(`^${id}: `, 'm'));
    for (const { key } of params) assert.match(models, new RegExp(`^  ${key} `, 'm'));
  }
  assert.match(await succeeds('datasets'), /^moons .*endless.*entropy 2\.39/m);
});

test('train writes weights that are the API\'s own, and a line for each tenth', async () => {
  const told = await succeeds('train', '--model', 'vae', '--data', 'moons', '--steps', '30', '--seed', '5', ...QUICK, '--set', 'activation=relu', '--out', 'vae.safetensors');
  assert.equal(told.match(/^step \d+ {2}/gm).length, 10);
  assert.match(told, /^step 3 /m);
  assert.match(told, /^step 30 /m);
  assert.match(told, /vae on moons, seed 5: 30 steps/);
  assert.match(told, /wrote vae\.safetensors/);
  const lab = await createLab();
  const run = lab.create({ model: 'vae', data: 'moons', seed: 5, params: { hidden: 8, batch: 8, activation: 'relu' } });
  run.train(30);
  const file = new Uint8Array(await readFile(join(folder, 'vae.safetensors')));
  assert.deepEqual(tensorHashes(file), tensorHashes(run.save()));
});

test('sample, measure and more training go on from the weights', async () => {
  await succeeds('train', '--model', 'realnvp', '--data', 'ring8', '--steps', '5', ...QUICK, '--out', 'flow.safetensors', '--json');
  const { shape, data } = JSON.parse(await succeeds('sample', '--weights', 'flow.safetensors', '--n', '6', '--seed', '2', '--set', 'temperature=0.5', '--json'));
  assert.deepEqual(shape, [6, 2]);
  const run = (await createLab()).load(new Uint8Array(await readFile(join(folder, 'flow.safetensors'))));
  assert.deepEqual(Float32Array.from(data), run.sample(6, { seed: 2, temperature: 0.5 }).data);
  assert.equal((await succeeds('sample', '--weights', 'flow.safetensors', '--n', '6')).trim().split('\n').length, 6);
  const measures = JSON.parse(await succeeds('measure', '--weights', 'flow.safetensors', '--n', '100', '--json'));
  assert.deepEqual(measures, run.measure([], { n: 100 }));
  const [{ name }] = measures;
  assert.match(await succeeds('measure', '--weights', 'flow.safetensors', '--n', '100', '--measure', name), new RegExp(`^${name} .*real data`));
  const more = JSON.parse(await succeeds('train', '--weights', 'flow.safetensors', '--steps', '4', '--set', 'rate=0.001', '--json'));
  assert.deepEqual([more.step, more.params.rate], [9, 0.001]);
});

test('every kind of file holds the samples', async () => {
  await succeeds('train', '--model', 'vae', '--data', 'digits', '--steps', '2', ...QUICK, '--out', 'digits.safetensors', '--out', 'loss.csv', '--out', 'loss.json', '--json');
  assert.match(await readFile(join(folder, 'loss.csv'), 'utf8'), /^step,loss[^\n]*\n1,[^\n]*\n2,[^\n]*\n$/);
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'loss.json'), 'utf8')).step, [1, 2]);
  await succeeds('sample', '--weights', 'digits.safetensors', '--n', '5', ...['grid.png', 's.npy', 's.json', 's.csv'].flatMap((name) => ['--out', name]));
  const run = (await createLab()).load(new Uint8Array(await readFile(join(folder, 'digits.safetensors'))));
  const { data } = run.sample(5);
  const npy = await readFile(join(folder, 's.npy'));
  assert.match(npy.toString('latin1', 0, 128), /^\x93NUMPY\x01\0v\0\{'descr': '<f4', 'fortran_order': False, 'shape': \(5, 28, 28, 1\), \} +\n$/);
  assert.equal(sha(npy.subarray(128)), sha(data));
  const json = JSON.parse(await readFile(join(folder, 's.json'), 'utf8'));
  assert.deepEqual([json.shape, Float32Array.from(json.data)], [[5, 28, 28, 1], data]);
  const csv = (await readFile(join(folder, 's.csv'), 'utf8')).trim().split('\n');
  assert.deepEqual([csv.length, Float32Array.from(csv[1].split(',').slice(0, 784), Number)], [6, data.slice(0, 784)]);
  // Three columns and two rows of pictures, two pixels to one, two between them.
  const png = await readPng('grid.png');
  assert.deepEqual([png.width, png.height, png.channels], [3 * 58 + 2, 2 * 58 + 2, 1]);
  for (const [i, x, y] of [[0, 0, 0], [1, 13, 20], [4, 27, 27]]) {
    const place = [2 + (i % 3) * 58 + 2 * x + 1, 2 + Math.floor(i / 3) * 58 + 2 * y];
    assert.deepEqual(png.at(...place), [Math.round(255 * data[i * 784 + y * 28 + x])]);
  }
  assert.deepEqual(png.at(0, 0), [255]);
});

test('points become a scatter plot', async () => {
  await succeeds('draw', '--data', 'moons', '--n', '500', '--out', 'moons.png', '--out', 'moons.csv');
  const png = await readPng('moons.png');
  assert.deepEqual([png.width, png.height, png.channels, png.at(0, 0)], [512, 512, 3, [255, 255, 255]]);
  let inked = 0;
  for (let y = 0; y < 512; y += 2) for (let x = 0; x < 512; x += 2) if (png.at(x, y)[0] < 200) inked++;
  assert.ok(inked > 300, `${inked} of the pixels are inked`);
  assert.match(await readFile(join(folder, 'moons.csv'), 'utf8'), /^x,y,label\n-?[\d.]+,-?[\d.]+,[01]\n/);
});

test('--data takes a folder of IDX files, for training and for sampling', async () => {
  const own = await mkdtemp(join(folder, 'own-'));
  const idx = (sizes, length) => {
    const bytes = Buffer.alloc(4 + 4 * sizes.length + length);
    bytes.writeUInt32BE(0x800 + sizes.length);
    sizes.forEach((size, i) => bytes.writeUInt32BE(size, 4 + 4 * i));
    return bytes.fill(90, 4 + 4 * sizes.length);
  };
  await writeFile(join(own, 'train-images-idx3-ubyte'), idx([6, 5, 5], 150));
  await succeeds('train', '--model', 'vae', '--data', own, '--steps', '2', ...QUICK, '--out', 'own.safetensors');
  assert.match(await succeeds('sample', '--weights', 'own.safetensors', '--data', own, '--n', '2', '--out', 'own.png'), /2 examples/);
  await fails(['sample', '--weights', 'own.safetensors'], /own-/);
  assert.match(await succeeds('datasets', '--data', own), /^own-\S+ .*\[5,5,1\], 6 rows/m);
});

test('MNIST is found where GENPLAY_DATA says, for training and again for sampling', { skip: mnistFolder() ? false : 'MNIST is not here: make data' }, async () => {
  const env = { GENPLAY_DATA: mnistFolder() };
  const { classes, size, kind } = JSON.parse((await genplayWith(env, 'datasets', '--data', 'mnist', '--json')).stdout).at(-1);
  assert.deepEqual([classes, size, kind], [10, 60000, 'image']);
  const trained = await genplayWith(env, 'train', '--model', 'vae', '--data', 'mnist', '--steps', '3', ...QUICK, '--out', 'mnist.safetensors');
  assert.equal(trained.status, 0, trained.stderr);
  const sampled = await genplayWith(env, 'sample', '--weights', 'mnist.safetensors', '--n', '2', '--json');
  assert.deepEqual(JSON.parse(sampled.stdout).shape, [2, 28, 28, 1]);
  await fails(['sample', '--weights', 'mnist.safetensors'], /make data/);
});

test('whatever goes wrong is one line and exit status 1', async () => {
  await writeFile(join(folder, 'bad.safetensors'), 'nothing');
  const vae = ['train', '--model', 'vae', '--data', 'moons'];
  for (const [args, message] of [
    [['fly'], /'fly' is no command.*models/], [['train'], /--model is missing/], [['train', '--model', 'vae'], /--data is missing/], [['train', '--modle', 'vae'], /--modle.*--model/],
    [['models', 'extra'], /extra/], [['train', '--model'], /--model/], [['train', '--model', 'vea', '--data', 'moons'], /vea.*vae/], [['train', '--model', 'vae', '--data', 'mon'], /mon.*moons/],
    [['train', '--model', 'vae', '--data', 'mnist'], /make data.*GENPLAY_DATA/], [['train', '--model', 'vae', '--data', './nowhere'], /nowhere.*train-images/], [[...vae, '--steps', '0'], /steps was 0/],
    [[...vae, '--steps', 'ten'], /--steps was 'ten'/], [[...vae, '--steps', '1.5'], /steps was 1.5/], [[...vae, '--seed=-1'], /seed was -1/], [[...vae, '--seed', '-1'], /--seed=-XYZ/], [[...vae, '--set', 'hidden'], /'hidden'.*KEY=VALUE/],
    [[...vae, '--set', 'hiden=3'], /hiden.*hidden/], [[...vae, '--set', 'hidden=many'], /hidden was 'many'/], [[...vae, '--out', 'x.gif'], /x\.gif.*\.safetensors/], [[...vae, '--build', 'fast'], /'fast'/], [[...vae, '--threads', '0'], /threads was 0/],
    [[...vae, '--steps', '1', '--out', './no/where.csv'], /no folder \.\/no/], [['sample'], /--weights is missing/], [['sample', '--weights', 'none.safetensors'], /none.*ENOENT/],
    [['sample', '--weights', 'bad.safetensors'], /safetensors/], [['measure', '--weights', 'bad.safetensors', '--out', 'a.png'], /a\.png/], [['bench', '--model', 'x'], /'x'/],
    [['draw', '--data', 'moons', '--split', 'x'], /split was 'x'/], [['draw', '--data', 'moons', '--n', '0'], /n was 0/],
  ]) await fails(args, message);
});

test('a run on several threads is the run on one', async () => {
  const args = ['train', '--model', 'vae', '--data', 'digits', '--steps', '3', '--json'];
  const [one, two] = [await succeeds(...args), await succeeds(...args, '--build', 'threads', '--threads', '2')].map((text) => JSON.parse(text));
  assert.deepEqual(two.losses, one.losses);
});

test('bench tells step rates', async () => {
  const { build, threads, rates } = JSON.parse(await succeeds('bench', '--model', 'gan', '--data', 'moons', '--json'));
  assert.deepEqual([build, threads], ['simd', 1]);
  assert.deepEqual(rates.map(({ model, data }) => [model, data]), [['gan', 'moons']]);
  assert.ok(rates[0].stepsPerSecond > 1);
});

test('a progress bar stands on a terminal, and lines of a pipe do not', async () => {
  // A terminal for standard error is made by script(1), where there is one; else by saying that the streams are terminals.
  const code = `
    process.stdout.isTTY = process.stderr.isTTY = true;
    process.stderr.columns = 60;
    const { main } = await import(${JSON.stringify(new URL('../wasm/cli.mjs', import.meta.url).href)});
    await main(['train', '--model', 'vae', '--data', 'moons', '--steps', '40']);`;
  const { stdout, stderr } = await new Promise((done) => {
    execFile(process.execPath, ['--input-type=module', '-e', code], (error, stdout, stderr) => done({ error, stdout, stderr }));
  });
  assert.match(stderr, /^\r█* ?░*.*40\/40.*\n$/su);
  for (const bar of stderr.split('\r').slice(1)) assert.ok(bar.replace(/\x1b\[K\n?/, '').length < 60, 'fits the line');
  assert.doesNotMatch(stdout, /^step \d+ {2}/m);
});

test('a sheet of pictures and a table of what is known of them are data', async () => {
  const tiles = 12, data = Uint8Array.from({ length: 64 * tiles }, (_, i) => (i * 37) % 251);
  await writeFile(join(folder, 'faces.png'), encodePng({ width: 8 * 4, height: 8 * 3, channels: 1, data }));
  await writeFile(join(folder, 'known.csv'), ['smile,class', ...Array.from({ length: tiles }, (_, i) => `${i / 10},${i % 3}`)].join('\n'));
  const own = ['--data', './faces.png', '--attributes', 'known.csv'];
  assert.match(await succeeds('datasets', ...own), /^own-faces +own-faces +image \[8,8,1\], 12 rows, 3 classes, attributes smile$/m);
  await succeeds('train', '--model', 'vae', ...own, ...QUICK, '--steps', '3', '--out', 'faces.safetensors');
  assert.match(await succeeds('sample', '--weights', 'faces.safetensors', ...own, '--n', '2'), /^([\d.e-]+ ){63}[\d.e-]+\n([\d.e-]+ ){63}[\d.e-]+\n$/);
  await fails(['draw', '--data', './faces.png'], /faces\.png cannot be used: one cannot tell how large its tiles are/);
  await fails(['draw', '--data', 'moons', '--attributes', 'known.csv'], /--attributes goes with pictures of your own/);
  await mkdir(join(folder, 'shots'));
  for (const n of [1, 2, 10]) await writeFile(join(folder, `shots/${n}.png`), encodePng({ width: 2, height: 1, channels: 1, data: Uint8Array.of(n, 255) }));
  assert.match(await succeeds('datasets', '--data', './shots'), /^shots +shots +image \[1,2,1\], 3 rows$/m);
});
