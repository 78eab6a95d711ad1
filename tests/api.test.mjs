// The API keeps its contract: what every member takes, gives and refuses.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { gzipSync } from 'node:zlib';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { buildsHere, createLab, forKind, GenplayError } from '../wasm/genplay.mjs';
import { fakeGl } from './render/fake-gl.mjs';
import { fingerprint, labFor, pairs, readSafetensors, refuses, smallRun } from './tools.mjs';

const catalogue = await createLab();
const all = [...pairs(catalogue)];
const VERBS = ['sample', 'encode', 'decode', 'reconstruct', 'interpolate', 'logProb', 'bound', 'trace', 'inpaint', 'field', 'critic'];
const NO_NUMBERS = [undefined, null, NaN, Infinity, '7', true, {}, [], 7n];
const NO_COUNTS = [...NO_NUMBERS, 0, -1, 2.5, 2 ** 31];
const NO_SEEDS = [NaN, '7', -1, 2.5, 2 ** 32, Infinity, null, {}];

/** Is it a result: floats, and a shape that fits them? */
function isTensor(result, shape) {
  assert.ok(result.data instanceof Float32Array, 'data is a Float32Array');
  assert.deepEqual(result.shape, shape);
  assert.equal(result.data.length, shape.reduce((a, b) => a * b, 1));
  assert.ok(result.data.every(Number.isFinite), 'every number is finite');
}

// --- The lab -------------------------------------------------------------------------------------------------------------

test('createLab says which build runs, on how many threads, and its version', async (t) => {
  for (const [options, build, threads] of [
    [undefined, 'simd', 1], [{ build: 'simd', threads: 1, memory: 64 }, 'simd', 1], [{ threads: 1 }, 'simd', 1], [{ threads: 2 }, 'threads', 2],
    [{ build: 'threads', threads: 1 }, 'threads', 1], [{ build: 'threads', threads: 3 }, 'threads', 3], [{ build: 'threads' }, 'threads', Math.min(8, availableParallelism())],
  ]) {
    const lab = await labFor(t, options);
    assert.deepEqual([lab.build, lab.threads], [build, threads]);
    assert.match(lab.version, /^\d+\.\d+\.\d+$/);
  }
});

test('Node runs every build', async () => assert.deepEqual(await buildsHere(), ['simd', 'threads', 'relaxed']));

test('a lab with threads lets the program end, freed or not', async () => {
  for (const end of ['', 'lab.free();']) {
    const code = `
      const { createLab } = await import(${JSON.stringify(new URL('../wasm/genplay.mjs', import.meta.url).href)});
      const lab = await createLab({ build: 'threads', threads: 3 });
      lab.create({ model: 'vae', data: 'moons' }).train(3);
      ${end}
      console.log('done');`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 });
    assert.equal(stdout, 'done\n');
  }
});

test('createLab refuses what it does not know', async () => {
  for (const [options, code, message] of [
    [{ build: 'fast' }, 'bad-argument', /build was 'fast'.*'auto'/], [{ build: 1 }, 'bad-argument', /build was 1/], [{ build: 'relaxed', threads: 2 }, 'bad-argument', /threads was 2/],
    [{ threads: 33 }, 'bad-argument', /threads was 33.*32/], [{ threads: 1.5 }, 'bad-argument', /threads was 1.5/], [{ threads: 0 }, 'bad-argument', /threads was 0/], [{ memory: 0 }, 'bad-argument', /memory was 0/],
    [{ memory: '64' }, 'bad-argument', /memory was '64'/], [{ memory: NaN }, 'bad-argument', /memory was NaN/], [{ memory: 1e6 }, 'bad-argument', /4095/],
    [{ mode: 1 }, 'bad-argument', /'mode'.*build, threads, memory/], ['simd', 'bad-argument', /'simd'/], [null, 'bad-argument', /null/],
  ]) {
    await assert.rejects(createLab(options), (error) => {
      refuses(() => { throw error; }, code, message);
      return true;
    });
  }
});

test('importing the module and opening a lab leave the global object alone', async () => {
  const code = `
    const before = Object.getOwnPropertyNames(globalThis).join();
    import(${JSON.stringify(new URL('../wasm/genplay.mjs', import.meta.url).href)}).then(async ({ createLab }) => {
      const lab = await createLab({ threads: 2 });
      const added = Object.getOwnPropertyNames(globalThis).filter((name) => !before.split(',').includes(name));
      require('node:worker_threads').parentPort.postMessage({ added, models: lab.models.length });
    });`;
  const worker = new Worker(code, { eval: true });
  const { added, models } = await new Promise((done, failed) => worker.once('message', done).once('error', failed));
  await worker.terminate();
  assert.deepEqual(added, []);
  assert.ok(models > 0, 'and it works in a worker');
});

test('an error is a GenplayError with a code, exported and named', () => {
  const error = new GenplayError('bad-file', 'x');
  assert.ok(error instanceof Error);
  assert.deepEqual([error.name, error.code, error.message], ['GenplayError', 'bad-file', 'x']);
});

// --- What there is -------------------------------------------------------------------------------------------------------

test('models say all that a menu, a slider and a link need', () => {
  const { models } = catalogue;
  for (const id of ['vae', 'gan', 'realnvp', 'ddpm']) assert.ok(models.some((model) => model.id === id), id);
  assert.equal(new Set(models.map(({ id }) => id)).size, models.length);
  for (const { id, title, family, summary, paper, params, data, can, views } of models) {
    for (const text of [id, title, family, summary, paper]) assert.ok(typeof text === 'string' && text, `${id} has every text`);
    assert.ok(data.length && data.every((kind) => ['points', 'image'].includes(kind)));
    for (const kind of data) for (const verb of forKind(can, kind)) assert.ok([...VERBS, 'twins', 'label', 'steps', 'estimates'].includes(verb), `${id} can ${verb}`);
    for (const view of views) for (const key of ['id', 'kind', 'title']) assert.ok(view[key], `${id}: a view has a ${key}`);
    for (const view of views) for (const option of view.options) checkParam(`${id}/${view.id}`, option, data);
    for (const param of params) checkParam(id, param, data);
    assert.ok(params.some(({ key }) => key === 'batch') && params.some(({ key }) => key === 'rate'), id);
  }
});

function checkParam(where, { key, title, type, default: standard, min, max, choices, scale, live, help, group }, kinds) {
  const name = `${where}: ${key}`;
  assert.match(key, /^[a-z][A-Za-z0-9]*$/, name);
  assert.ok(title && typeof help === 'string' && typeof group === 'string' && typeof live === 'boolean', name);
  assert.ok(['number', 'integer', 'choice', 'boolean'].includes(type), name);
  for (const value of kinds.map((kind) => forKind(standard, kind))) {
    if (type === 'choice') assert.ok(choices.includes(value), name);
    else if (type === 'boolean') assert.equal(typeof value, 'boolean', name);
    else assert.ok(value >= min && value <= max && (type === 'number' || Number.isInteger(value)), name);
  }
  if (type === 'number' || type === 'integer') assert.ok(min < max && ['linear', 'log'].includes(scale), name);
}

test('the ends of sampling time have names, and the start is the model\'s own', () => {
  const traces = catalogue.models.flatMap(({ id, views }) => views.filter(({ kind }) => kind === 'trace').map(({ start, end }) => ({ id, start, end })));
  for (const { id, start, end } of traces) assert.ok(start && end, id);
  assert.deepEqual(['ddpm', 'pixelcnn'].map((model) => catalogue.models.find(({ id }) => id === model).views.find(({ id }) => id === 'trace').start), ['noise', 'empty']);
});

test('what depends on the kind of data is plain where it does not', () => {
  for (const { params, can } of catalogue.models) {
    for (const both of [can, ...params.map((param) => param.default)]) {
      if (both === null || typeof both !== 'object' || Array.isArray(both)) continue;
      assert.deepEqual(Object.keys(both), ['points', 'image']);
      assert.notDeepEqual(both.points, both.image);
    }
  }
});

test('the nine sets of points and the drawn pictures are there, with their entropies', () => {
  const entropy = { ring8: 2.8319, grid25: 0.0653, checkerboard: Math.log(32), moons: 2.3939, circles: 3.2681, rings: 2.6232, spirals: 2.6455, swissroll: 2.6697, pinwheel: 2.3178 };
  const find = (id) => catalogue.datasets.find((one) => one.id === id);
  for (const [id, nats] of Object.entries(entropy)) {
    const { kind, shape, size, ...rest } = find(id);
    assert.deepEqual([kind, shape, size], ['points', [2], null]);
    assert.ok(Math.abs(rest.entropy - nats) < 5e-4, `${id}: ${rest.entropy}`);
    assert.ok(rest.title && rest.source && Array.isArray(rest.attributes), id);
  }
  assert.deepEqual([find('digits').kind, find('digits').shape, find('digits').classes], ['image', [28, 28, 1], 10]);
  assert.equal(find('digits').entropy, null);
  assert.deepEqual([find('sprites').shape, find('sprites').classes, find('sprites').attributes], [[32, 32, 1], 3, ['shape', 'scale', 'turn', 'x', 'y']]);
  assert.deepEqual([find('faces').shape, find('faces').attributes], [[32, 32, 1], ['smile', 'glasses', 'hair', 'eyes', 'width', 'gaze']]);
});

test('the catalogue cannot be changed', () => {
  for (const change of [() => { catalogue.models[0].id = 'x'; }, () => { catalogue.models.push(1); }, () => { catalogue.datasets[0].shape[0] = 3; },
    () => { catalogue.models[0].params[0].max = 0; }]) assert.throws(change, TypeError);
});

// --- Data ----------------------------------------------------------------------------------------------------------------

test('draw gives n examples in the data\'s own units, with their labels', () => {
  const moons = catalogue.draw('moons', 500, { seed: 4 });
  isTensor(moons, [500, 2]);
  assert.ok(moons.labels instanceof Int32Array && moons.labels.length === 500);
  assert.equal(moons.attributes, null);
  const digits = catalogue.draw('digits', 20, { seed: 4, split: 'test' });
  isTensor(digits, [20, 28, 28, 1]);
  assert.ok(digits.data.every((pixel) => pixel >= 0 && pixel <= 1));
  assert.ok(digits.labels.every((label) => label >= 0 && label < 10));
});

test('pictures carry their attributes through draw, the caller\'s own too', async () => {
  const faces = catalogue.draw('faces', 30, { seed: 4 });
  isTensor(faces, [30, 32, 32, 1]);
  isTensor(faces.attributes, [30, 6]);
  faces.labels.forEach((label, i) => assert.equal(label, faces.attributes.data[6 * i] > 0 ? 1 : 0)); // the class is the smile's sign
  const lab = await createLab();
  const own = { id: 'mine', kind: 'points', data: Float32Array.of(1, 2, 3, 4, 5, 6) };
  assert.deepEqual(lab.addData({ ...own, attributes: { names: ['size', 'age'], data: Float32Array.of(1, 10, 3, 30, 5, 50) } }).attributes, ['size', 'age']);
  const { data, attributes } = lab.draw('mine', 3);
  for (let i = 0; i < 3; i++) assert.deepEqual([...attributes.data.subarray(2 * i, 2 * i + 2)], [data[2 * i], 10 * data[2 * i]]);
  refuses(() => lab.addData({ ...own, id: 'b', attributes: { names: ['size'], data: Float32Array.of(1, 2) } }), 'bad-argument', /attributes\.data/);
  refuses(() => lab.addData({ ...own, id: 'b', attributes: { names: 'size', data: Float32Array.of(1, 2, 3) } }), 'bad-argument', /attributes\.names/);
  lab.free();
});

test('draw repeats with its seed, and its splits differ', () => {
  for (const id of ['moons', 'digits']) {
    const { data } = catalogue.draw(id, 10, { seed: 4 });
    assert.deepEqual(catalogue.draw(id, 10, { seed: 4 }).data, data);
    assert.deepEqual(catalogue.draw(id, 10, { seed: 4, split: 'train' }).data, data);
    assert.deepEqual(catalogue.draw(id, 5, { seed: 4 }).data, data.slice(0, data.length / 2), 'five are the beginning of ten');
    assert.notDeepEqual(catalogue.draw(id, 10, { seed: 5 }).data, data);
    assert.notDeepEqual(catalogue.draw(id, 10, { seed: 4, split: 'test' }).data, data);
  }
});

test('draw refuses what it cannot draw', () => {
  refuses(() => catalogue.draw('moon', 5), 'bad-argument', /moon.*moons/);
  refuses(() => catalogue.draw(undefined, 5), 'bad-argument', /id was undefined/);
  refuses(() => catalogue.draw('moons', 5, { split: 'valid' }), 'bad-argument', /split was 'valid'.*'train' or 'test'/);
  refuses(() => catalogue.draw('moons', 5, { sed: 1 }), 'bad-argument', /'sed'.*seed, split/);
  for (const n of NO_COUNTS) refuses(() => catalogue.draw('moons', n), 'bad-argument', /n was/);
  for (const seed of NO_SEEDS) refuses(() => catalogue.draw('moons', 5, { seed }), 'bad-argument', /seed was/);
});

test('own points become a data set that models learn from', async (t) => {
  const lab = await labFor(t);
  const data = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i) + (i % 2 ? 5 : -7));
  const set = lab.addData({ id: 'mine', kind: 'points', shape: [2], data, labels: Array.from({ length: 200 }, (_, i) => i % 3) });
  assert.deepEqual([set.id, set.kind, set.shape, set.classes, set.entropy], ['mine', 'points', [2], 3, null]);
  assert.equal(lab.datasets.at(-1), set);
  assert.equal(set.size, 180, 'a tenth is held out for testing');
  const rows = new Set(Array.from({ length: 200 }, (_, i) => `${data[2 * i]} ${data[2 * i + 1]}`));
  const drawn = lab.draw('mine', 180, { seed: 1 });
  const seen = new Set(Array.from({ length: 180 }, (_, i) => `${drawn.data[2 * i]} ${drawn.data[2 * i + 1]}`));
  assert.equal(seen.size, 180, 'every row once');
  assert.ok([...seen].every((row) => rows.has(row)), 'each is a row that was given');
  const run = smallRun(lab, { model: lab.models[0], data: 'mine' });
  run.train(3);
  assert.equal(run.epoch, (3 * run.params.batch) / 180);
  isTensor(run.sample(4), [4, 2]);
});

test('own pictures, test rows and few rows work too', async (t) => {
  const lab = await labFor(t);
  const pixels = Float32Array.from({ length: 3 * 8 * 6 * 3 }, (_, i) => (i % 256) / 255);
  const set = lab.addData({ id: 'pictures', kind: 'image', shape: [8, 6, 3], data: pixels, labels: Uint8Array.of(0, 1, 1), classes: 4, test: { data: pixels.slice(0, 144), labels: [3] } });
  assert.deepEqual([set.shape, set.classes, set.size], [[8, 6, 3], 4, 3]);
  const held = lab.draw('pictures', 1, { split: 'test' });
  assert.deepEqual(held.shape, [1, 8, 6, 3]);
  assert.deepEqual([...held.labels], [3]);
  held.data.forEach((pixel, i) => assert.ok(Math.abs(pixel - pixels[i]) < 1e-6, 'pixels are kept as 8 bits'));
  lab.addData({ id: 'one', kind: 'points', data: Float32Array.of(1, 2) });
  const run = smallRun(lab, { model: lab.models[0], data: 'one' });
  run.train(2);
  assert.ok(run.sample(3).data.every(Number.isFinite));
});

test('addData refuses what is no data set, and then nothing was added', async (t) => {
  const lab = await labFor(t);
  const before = lab.datasets.length;
  const good = { id: 'mine', kind: 'points', shape: [2], data: Float32Array.of(1, 2, 3, 4) };
  const image = { id: 'mine', kind: 'image', shape: [2, 2, 1], data: new Float32Array(4) };
  for (const [own, message] of [
    [undefined, /undefined/], [{}, /id was undefined/], [{ ...good, id: '' }, /id was ''/], [{ ...good, id: 7 }, /id was 7/], [{ ...good, id: 'moons' }, /moons/], [{ ...good, id: 'a\tb' }, /id/],
    [{ ...good, kind: 'audio' }, /kind was 'audio'.*'points' or 'image'/], [{ ...good, shape: [3] }, /shape|multiple of 3/], [{ ...good, shape: [0] }, /shape/], [{ ...good, shape: '2' }, /shape was '2'/],
    [{ ...good, data: [1, 2] }, /data was an array.*Float32Array/], [{ ...good, data: new Float32Array(0) }, /length 0/], [{ ...good, data: new Float32Array(3) }, /multiple of 2/],
    [{ ...good, data: Float32Array.of(1, NaN) }, /number 1 was NaN/], [{ ...good, data: Float32Array.of(1, 1e30) }, /1e\+?30/],
    [{ ...good, labels: [1] }, /labels was an array of length 1.*2 integers/], [{ ...good, labels: [0, -1] }, /labels\[1\] was -1/], [{ ...good, labels: [0, 0.5] }, /labels\[1\] was 0.5/],
    [{ ...good, labels: [0, 2], classes: 2 }, /label/], [{ ...good, classes: 2 }, /classes|labels/], [{ ...good, classes: 1.5 }, /classes was 1.5/],
    [{ ...good, test: { data: new Float32Array(1) } }, /test\.data/], [{ ...good, test: [] }, /test was/], [{ ...good, text: 1 }, /'text'/],
    [{ ...image, shape: [2, 2] }, /shape.*\[height, width, channels\]/], [{ ...image, shape: undefined }, /shape was undefined/], [{ ...image, data: Float32Array.of(0, 0, 0, 1.5) }, /1\.5/],
    [{ ...image, data: Float32Array.of(0, 0, 0, -0.5) }, /-0\.5/],
  ]) refuses(() => lab.addData(own), 'bad-argument', message);
  assert.equal(lab.datasets.length, before);
});

/** IDX bytes: magic, sizes, values. */
function idx(sizes, values) {
  const bytes = new Uint8Array(4 + 4 * sizes.length + values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
  bytes.set(values, 4 + 4 * sizes.length);
  return bytes;
}

test('IDX files are read, packed or plain', async (t) => {
  const lab = await labFor(t);
  const pixels = Uint8Array.from({ length: 5 * 4 * 3 }, (_, i) => i * 4);
  const files = { images: idx([5, 4, 3], pixels), labels: idx([5], [0, 1, 2, 1, 0]), testImages: idx([2, 4, 3], pixels.slice(0, 24)), testLabels: idx([2], [2, 1]) };
  lab.addIdx('plain', files);
  const set = lab.addIdx('packed', Object.fromEntries(Object.entries(files).map(([role, bytes]) => [role, new Uint8Array(gzipSync(bytes))])));
  assert.deepEqual([set.kind, set.shape, set.classes, set.size], ['image', [4, 3, 1], 3, 5]);
  for (const split of ['train', 'test']) assert.deepEqual(lab.draw('packed', 5, { split }), lab.draw('plain', 5, { split }));
  assert.deepEqual(lab.addIdx('bare', { images: files.images }).classes, 0);
  assert.equal(lab.draw('bare', 1).labels, null);
});

test('what is known of IDX images stays with each of them', async (t) => {
  const lab = await labFor(t);
  const grey = (n, first) => idx([n, 1, 1], Uint8Array.from({ length: n }, (_, i) => first + i));
  const known = (n, first) => Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? -1 : 1) * (first + (i >> 1)));
  const attributes = { names: ['grey', 'minus'], data: known(150, 0), test: known(20, 200) };
  for (const files of [{ images: grey(150, 0), testImages: grey(20, 200), attributes }, { images: grey(150, 0), attributes: { ...attributes, test: undefined } }]) {
    assert.deepEqual(lab.addIdx('own', files).attributes, ['grey', 'minus']);
    for (const split of ['train', 'test']) {
      const { data, attributes: drawn } = lab.draw('own', 15, { split });
      assert.deepEqual([...drawn.data], [...data].flatMap((pixel) => [Math.round(255 * pixel), -Math.round(255 * pixel)]));
    }
  }
  for (const [wrong, message] of [
    [{ ...attributes, data: known(149, 0) }, /attributes\.data.*150 rows of 2/], [{ ...attributes, test: undefined }, /attributes\.test/], [{ ...attributes, names: 'grey' }, /attributes\.names/],
  ]) refuses(() => lab.addIdx('x', { images: grey(150, 0), testImages: grey(20, 200), attributes: wrong }), 'bad-argument', message);
});

test('addIdx says what is wrong with which file', async (t) => {
  const lab = await labFor(t);
  const before = lab.datasets.length;
  const images = idx([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  for (const [files, code, message] of [
    [undefined, 'bad-argument', /files was undefined/], [{}, 'bad-argument', /images was undefined/], [{ images: [1, 2] }, 'bad-argument', /images was an array/], [{ images, label: images }, 'bad-argument', /'label'/],
    [{ images: new Uint8Array(0) }, 'bad-file', /images/], [{ images: images.slice(0, 7) }, 'bad-file', /images/], [{ images: images.slice(0, -1) }, 'bad-file', /images/],
    [{ images: idx([2], [1, 2]) }, 'bad-file', /images/], [{ images: idx([0, 2, 2], []) }, 'bad-file', /images/], [{ images, labels: idx([3], [1, 2, 3]) }, 'bad-file', /3/],
    [{ images, labels: images }, 'bad-file', /labels/], [{ images: Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2) }, 'bad-file', /images.*gzip/],
    [{ images: new Uint8Array(gzipSync(images)).slice(0, -12) }, 'bad-file', /images/], [{ images: idx([2 ** 31, 28, 28], []) }, 'bad-file', /images/],
  ]) refuses(() => lab.addIdx('x', files), code, message);
  refuses(() => lab.addIdx('', { images }), 'bad-argument', /id was ''/);
  refuses(() => lab.addIdx('digits', { images }), 'bad-argument', /digits/);
  assert.equal(lab.datasets.length, before);
});

// --- Runs ----------------------------------------------------------------------------------------------------------------

test('create starts from defaults: seed 1 and the model\'s parameters', async (t) => {
  const lab = await labFor(t);
  const run = lab.create({ model: 'realnvp', data: 'moons' });
  const { params } = lab.models.find(({ id }) => id === 'realnvp');
  assert.deepEqual([run.model, run.data, run.seed, run.step, run.epoch], ['realnvp', 'moons', 1, 0, 0]);
  assert.deepEqual(run.params, Object.fromEntries(params.map((param) => [param.key, forKind(param.default, 'points')])));
  assert.equal(lab.create({ model: 'realnvp', data: 'moons', seed: 2 ** 32 - 1, params: { couplings: 8 } }).params.couplings, 8);
  assert.ok(run.memory > 0 && run.losses.length > 0 && run.views.length > 0);
});

test('create refuses what it cannot start', async (t) => {
  const lab = await labFor(t);
  const good = { model: 'realnvp', data: 'moons' };
  for (const [options, message] of [
    [undefined, /options was undefined/], [{}, /model was undefined.*vae/], [{ ...good, model: 'flow' }, /flow.*vae.*realnvp/], [{ ...good, model: 7 }, /model was 7/], [{ model: 'vae' }, /data was undefined.*moons/],
    [{ ...good, data: 'mnist' }, /mnist/], [{ ...good, data: {} }, /data was an object/], [{ ...good, parameters: {} }, /'parameters'.*params/], [{ ...good, params: 3 }, /params was 3/],
    [{ ...good, params: { coupling: 8 } }, /coupling.*couplings/], [{ ...good, params: { couplings: '8' } }, /couplings was '8'/], [{ ...good, params: { couplings: 8.5 } }, /couplings/],
    [{ ...good, params: { couplings: 0 } }, /couplings/], [{ ...good, params: { rate: NaN } }, /rate was NaN/], [{ ...good, params: { rate: -1 } }, /rate/], [{ ...good, params: { rate: null } }, /rate was null/],
    [{ ...good, params: { optimizer: 'adamw2' } }, /optimizer.*adam/], [{ ...good, params: { optimizer: 1 } }, /optimizer was 1/], [{ ...good, params: { 'a\nb': 1 } }, /params/],
  ]) refuses(() => lab.create(options), 'bad-argument', message);
  for (const seed of NO_SEEDS) refuses(() => lab.create({ ...good, seed }), 'bad-argument', /seed was/);
});

test('a run that needs too much memory is refused, with the numbers', async (t) => {
  const lab = await labFor(t);
  const wide = lab.models.find(({ id }) => id === 'gan');
  const most = Object.fromEntries(wide.params.filter(({ key }) => ['hidden', 'layers', 'batch'].includes(key)).map(({ key, max }) => [key, max]));
  refuses(() => lab.create({ model: 'gan', data: 'digits', params: most }), 'out-of-memory', /\d+ MB/);
  const run = lab.create({ model: 'gan', data: 'moons' });
  run.train(1);
  const small = await labFor(t, { memory: 1 });
  refuses(() => small.create({ model: 'vae', data: 'digits' }), 'out-of-memory', /MB/);
});

for (const pair of all) {
  test(`${pair.name}: train tells where it stands`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    const told = run.train(4);
    assert.deepEqual(Object.keys(told), ['step', 'epoch', 'losses', 'ms']);
    assert.equal(told.step, 4);
    assert.equal(run.step, 4);
    const { size } = lab.datasets.find(({ id }) => id === pair.data);
    assert.equal(told.epoch, (4 * run.params.batch) / (size ?? 60000));
    assert.deepEqual(Object.keys(told.losses), run.losses.map(({ key }) => key));
    assert.ok(Object.values(told.losses).every(Number.isFinite));
    assert.ok(told.ms > 0);
    assert.deepEqual(Array.from(run.history.step), [1, 2, 3, 4]);
    for (const [key, column] of Object.entries(run.history.losses)) {
      const mean = column.reduce((a, b) => a + b, 0) / 4;
      assert.ok(Math.abs(mean - told.losses[key]) <= 1e-5 * (1 + Math.abs(mean)), `${key} is the mean over the call`);   // the history is kept in single precision
    }
    for (const steps of NO_COUNTS) refuses(() => run.train(steps), 'bad-argument', /steps was/);
    assert.equal(run.step, 4);
  });

  test(`${pair.name}: every verb that it can do gives what it should`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(3);
    const { shape } = lab.datasets.find(({ id }) => id === pair.data);
    const x = lab.draw(pair.data, 5, { split: 'test' });
    const can = (verb) => pair.can.includes(verb);
    const given = can('label') ? { label: 1 } : {};
    assert.deepEqual(run.can, pair.can);
    const drawn = run.sample(7, { seed: 5 });
    isTensor(drawn, [7, ...shape]);
    if (pair.kind === 'image') assert.ok(drawn.data.every((pixel) => pixel >= 0 && pixel <= 1), 'pixels are clamped');
    assert.ok('codes' in drawn && 'labels' in drawn);
    if (run.codeSize) isTensor(drawn.codes, [7, run.codeSize]);
    for (const input of [x.data, { data: x.data, shape: x.shape }, x]) {
      if (can('encode')) isTensor(run.encode(input, given), [5, run.codeSize]);
      if (can('reconstruct')) isTensor(run.reconstruct(input, given), [5, ...shape]);
    }
    if (can('decode')) isTensor(run.decode(drawn.codes, given), [7, ...shape]);
    if (can('interpolate')) {
      const [a, b] = [0, 1].map((i) => drawn.codes.data.slice(i * run.codeSize, (i + 1) * run.codeSize));
      for (const path of ['lerp', 'slerp']) {
        const walk = run.interpolate(a, b, 5, { path, ...given });
        isTensor(walk, [5, ...shape]);
        const width = walk.data.length / 5;
        if (can('decode')) {
          const ends = [walk.data.slice(0, width), walk.data.slice(-width)];
          [a, b].forEach((code, i) => run.decode(code, given).data.forEach((value, j) => assert.ok(Math.abs(value - ends[i][j]) < 1e-4, 'both ends are included')));
        }
      }
    }
    for (const verb of ['logProb', 'bound'].filter(can)) {
      const nats = run[verb](x.data, given);
      assert.ok(nats instanceof Float64Array && nats.length === 5 && nats.every(Number.isFinite), verb);
    }
    if (can('label')) {
      assert.ok(drawn.labels instanceof Int32Array && drawn.labels.length === 7);
      assert.deepEqual([...run.sample(7, { label: 1 }).labels], Array(7).fill(1));
      const mixed = run.sample(7, { seed: 5, label: drawn.labels });
      assert.deepEqual(mixed.data, drawn.data, 'the classes that were drawn, asked for one by one');
      for (const bad of [-2, 1.5, 256, 'x', [0, 1]]) refuses(() => run.sample(7, { label: bad }), 'bad-argument', /label/);
      if (can('decode')) refuses(() => run.decode(drawn.codes), 'bad-argument', /label/);
    } else {
      assert.equal(drawn.labels, null);
      refuses(() => run.sample(7, { label: 1 }), 'unsupported', /label/);
    }
    if (drawn.codes && !can('interpolate') && can('decode')) refuses(() => run.decode(new Float32Array(run.codeSize).fill(1e6)), 'bad-argument', /codes.*whole number/);
    if (can('twins')) for (const codes of Object.values(run.twins(x.data))) isTensor(codes, [5, run.codeSize]);
    if (can('field')) {
      const told = run.field(x.data, { pixel: 30 });
      isTensor(told, [5, ...shape]);
      isTensor(told.p, [5, ...shape]);
      assert.ok(told.p.data.every((p) => p >= 0 && p <= 1));
      refuses(() => run.field(x.data, { pixel: 1e6 }), 'bad-argument', /pixel/);
    }
    if (can('encode') && can('interpolate')) isTensor(run.sample(7, { prior: 'fitted' }), [7, ...shape]);
    else refuses(() => run.sample(7, { prior: 'fitted' }), 'unsupported', /prior/);
    if (can('inpaint')) {
      const mask = new Float32Array(x.data.length / 5).fill(1, 0, 10);
      const { data } = run.inpaint(x.data, mask);
      for (let i = 0; i < 10; i++) assert.equal(data[i], x.data[i]);
    }
    if (can('trace')) {
      const { data, shape: all, time, noise, clean } = run.trace(3, { frames: 6 });
      assert.ok(all[0] >= 2 && all[0] <= 256);
      assert.deepEqual(all.slice(1), [3, ...shape]);
      assert.equal(data.length, all.reduce((a, b) => a * b));
      assert.equal(time.length, all[0]);
      if (noise) for (const estimate of [noise, clean]) assert.deepEqual(estimate.shape, all);
      const clamp = (value) => (pair.kind === 'image' ? Math.min(1, Math.max(0, value)) : value);       // what stands between may lie outside
      const end = run.sample(3).data;
      data.slice(-end.length).forEach((value, i) => assert.ok(Math.abs(clamp(value) - end[i]) < 1e-4, 'the trace ends in the sample'));
    }
  });

  test(`${pair.name}: what it cannot do throws unsupported and says so`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    const x = lab.draw(pair.data, 2);
    const code = new Float32Array(2);
    const calls = {
      sample: () => run.sample(1), encode: () => run.encode(x), decode: () => run.decode(code), reconstruct: () => run.reconstruct(x), interpolate: () => run.interpolate(code, code, 3),
      logProb: () => run.logProb(x), bound: () => run.bound(x), trace: () => run.trace(1), inpaint: () => run.inpaint(x, x),
      field: () => run.field(x), critic: () => run.critic(x),
    };
    for (const verb of VERBS.filter((name) => !pair.can.includes(name))) {
      refuses(calls[verb], 'unsupported', new RegExp(pair.model.id));
      refuses(() => run[verb](), 'unsupported');
    }
    if (!pair.can.includes('label')) refuses(() => run.sample(1, { label: 1 }), 'unsupported', /label|class|conditional/);
  });

  test(`${pair.name}: a refused call changes nothing`, async (t) => {
    const lab = await labFor(t);
    const [run, twin] = [smallRun(lab, pair), smallRun(lab, pair)];
    const x = lab.draw(pair.data, 2);
    run.train(2);
    twin.train(2);
    for (const n of NO_COUNTS) refuses(() => run.sample(n), 'bad-argument', /n was/);
    for (const seed of NO_SEEDS) refuses(() => run.sample(2, { seed }), 'bad-argument', /seed was/);
    refuses(() => run.sample(2, { tempature: 1 }), 'bad-argument', /tempature.*temperature/);
    refuses(() => run.sample(2, { temperature: -1 }), 'bad-argument', /temperature/);
    refuses(() => run.sample(2, { temperature: 'hot' }), 'bad-argument', /temperature was 'hot'/);
    refuses(() => run.sample(2, 3), 'bad-argument', /options was 3/);
    for (const verb of ['encode', 'reconstruct', 'logProb', 'bound'].filter((name) => pair.can.includes(name))) {
      for (const [input, message] of [
        [undefined, /x was undefined/], [[1, 2], /x was an array/], ['x', /x was 'x'/], [new Float64Array(2), /Float64Array/], [new Float32Array(0), /length 0/], [new Float32Array(3), /length 3/],
        [{ data: x.data }, /x\.shape was undefined/], [{ data: x.data, shape: [3, ...x.shape.slice(1)] }, /x\.shape/], [{ data: x.data, shape: [x.data.length] }, /x\.shape/],
        [{ data: [1, 2], shape: [1, 2] }, /x\.data was an array/], [Float32Array.from(x.data, (value, i) => (i === 1 ? NaN : value)), /number 1 was NaN/],
      ]) refuses(() => run[verb](input), 'bad-argument', message);
    }
    if (pair.can.includes('bound')) for (const samples of [0, -1, 1.5, '2', NaN]) refuses(() => run.bound(x, { samples }), 'bad-argument', /samples/);
    if (pair.can.includes('decode')) {
      if (run.codeSize > 1) refuses(() => run.decode(new Float32Array(run.codeSize + 1)), 'bad-argument', /codes was/);
    }
    if (pair.can.includes('interpolate')) {
      refuses(() => run.interpolate(new Float32Array(run.codeSize), new Float32Array(2 * run.codeSize), 3), 'bad-argument', /\bb\b/);
      for (const k of NO_COUNTS) refuses(() => run.interpolate(new Float32Array(run.codeSize), new Float32Array(run.codeSize), k), 'bad-argument', /k was/);
      refuses(() => run.interpolate(new Float32Array(run.codeSize), new Float32Array(run.codeSize), 3, { path: 'arc' }), 'bad-argument', /path.*lerp.*slerp|path.*lerp\|slerp/);
    }
    refuses(() => run.measure('beauty'), 'bad-argument', /beauty/);
    refuses(() => run.measure([], { n: -5 }), 'bad-argument', /n/);
    refuses(() => run.measure(7), 'bad-argument', /names was 7/);
    refuses(() => run.view('nothing'), 'unsupported', /nothing/);
    refuses(() => run.view(undefined), 'bad-argument', /id was undefined/);
    refuses(() => run.draw(run.views[0], {}), 'bad-argument', /attach/);
    refuses(() => run.save({ halve: true }), 'bad-argument', /'halve'/);
    const shaping = pair.model.params.find(({ live }) => !live).key;
    refuses(() => run.set(shaping, run.params[shaping]), 'bad-argument', new RegExp(shaping));
    refuses(() => run.set('rat', 1), 'bad-argument', /rat.*rate/);
    for (const rate of [undefined, null, NaN, '0.1', -1, 1e9, {}]) refuses(() => run.set('rate', rate), 'bad-argument', /rate/);
    assert.deepEqual(fingerprint(run), fingerprint(twin));
    run.train(2);
    twin.train(2);
    assert.deepEqual(fingerprint(run), fingerprint(twin));
  });

  test(`${pair.name}: measures come with their floors`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(1);
    const measures = run.measure(undefined, { n: 100, seed: 2 });
    if (pair.kind === 'points' || pair.can.includes('bound')) assert.ok(measures.length > 0);
    for (const { name, value, unit, better, floor, se, n } of measures) {
      assert.ok(name && typeof unit === 'string' && ['lower', 'higher', 'floor'].includes(better), name);
      for (const number of [value, floor, se]) assert.ok(number === null || Number.isFinite(number), name);
      assert.ok(n > 0, name);
    }
    const [name] = measures.map((one) => one.name);
    if (!name) return;
    assert.deepEqual(run.measure([name], { n: 100, seed: 2 }), measures.slice(0, 1));
    assert.deepEqual(run.measure(name, { n: 100, seed: 2 }), measures.slice(0, 1));
  });

  test(`${pair.name}: every view gives its numbers`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(1);
    assert.deepEqual(run.views.filter((id) => !pair.model.views.some((view) => view.id === id)), []);
    for (const id of run.views) {
      const arrays = Object.entries(run.view(id));
      assert.ok(arrays.length > 0, id);
      for (const [name, { data, shape }] of arrays) {
        assert.equal(data.length, shape.reduce((a, b) => a * b, 1), `${id}: ${name}`);
        assert.ok(data.every(Number.isFinite), `${id}: ${name}`);
      }
    }
  });

  test(`${pair.name}: a saved run is a safetensors file that says what it is`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(2);
    const file = run.save();
    assert.ok(file instanceof Uint8Array && file.buffer.byteLength === file.length, 'bytes that the caller owns');
    const { metadata, tensors } = readSafetensors(file);
    assert.ok(Object.values(metadata).every((text) => typeof text === 'string'), 'metadata are texts, as the format wants');
    assert.ok(Object.keys(metadata).length > 0);
    for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
      const size = { F16: 2, F32: 4, F64: 8, I32: 4, I64: 8, U8: 1, U32: 4, U64: 8 }[dtype];
      assert.equal(bytes.length, size * shape.reduce((a, b) => a * b, 1), name);
    }
    const half = run.save({ half: true });
    assert.ok(half.length < 0.6 * file.length, 'half as large at most');
    const loaded = lab.load(half);
    assert.equal(loaded.step, 2);
    loaded.train(2);
    assert.equal(loaded.step, 4);
    const [a, b] = [run.sample(20).data, lab.load(half).sample(20).data];
    const distance = Math.max(...a.map((value, i) => Math.abs(value - b[i])));
    assert.ok(distance < 0.1, `float16 weights give about the same samples: ${distance}`);
  });
}

test('a cell of the class grid is its row\'s code decoded as its column\'s class', async (t) => {
  const lab = await labFor(t);
  const models = lab.models.filter(({ can }) => forKind(can, 'image').includes('label'));
  assert.ok(models.length > 1);
  for (const model of models) {
    const run = smallRun(lab, { model, data: 'digits' });
    run.train(2);
    const { codes, classes, decoded } = run.view('grid', { rows: 3 }), [n, k, ...shape] = decoded.shape, width = shape.reduce((a, b) => a * b), z = run.codeSize;
    assert.deepEqual([n, k, [...classes.data]], [3, 10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    for (let i = 0; i < n; i++) for (let j = 0; j < k; j += 3) {
      const cell = decoded.data.subarray((i * k + j) * width, (i * k + j + 1) * width);
      assert.deepEqual(run.decode(codes.data.subarray(i * z, (i + 1) * z), { label: classes.data[j] }).data, cell, `${model.id}: ${i}, ${j}`);
    }
  }
});

test('the direction of an attribute is the difference of mean codes, and what stands at weight 0 is the reconstruction', async (t) => {
  const lab = await labFor(t), data = 'faces', names = lab.datasets.find(({ id }) => id === data).attributes, glasses = names.indexOf('glasses'), n = 300;
  const known = lab.draw(data, n, { seed: 0, split: 'train' }), shown = lab.draw(data, 2, { seed: 5, split: 'test' });
  const models = lab.models.filter((model) => model.data.includes('image') && model.views.some(({ id }) => id === 'attributes'));
  assert.ok(models.length > 3);
  for (const model of models) {
    const run = smallRun(lab, { model, data }), told = ({ labels }) => (run.can.includes('label') ? { label: labels } : {});
    run.train(1);
    const { difference, weights, decoded, r } = run.view('attributes', { attribute: glasses, n, rows: 2, seed: 5 });
    const codes = run.encode(known, told(known)), z = run.codeSize, count = [0, 0], sum = [new Float64Array(z), new Float64Array(z)];
    for (let i = 0; i < n; i++) {
      const has = known.attributes.data[i * names.length + glasses];
      count[has]++;
      for (let j = 0; j < z; j++) sum[has][j] += codes.data[i * z + j];
    }
    for (let j = 0; j < z; j++) {
      const exact = sum[1][j] / count[1] - sum[0][j] / count[0];
      assert.ok(Math.abs(difference.data[j] - exact) <= 2 ** -23 * Math.abs(exact), `${model.id}: ${difference.data[j]} is not ${exact}`);   // one float32
    }
    const again = run.reconstruct({ data: shown.data, shape: shown.shape }, told(shown)), width = again.data.length / 2, at = weights.data.indexOf(0);
    for (let i = 0; i < 2; i++)
      assert.deepEqual(decoded.data.subarray((i * weights.data.length + at) * width, (i * weights.data.length + at + 1) * width), again.data.subarray(i * width, (i + 1) * width), model.id);
    assert.ok(Math.abs(r.data[0]) <= 1);
  }
});

test('live knobs change while training, and only the future', async (t) => {
  const lab = await labFor(t);
  const [a, b] = [lab, lab].map(() => smallRun(lab, { model: lab.models.find(({ id }) => id === 'realnvp'), data: 'moons' }));
  for (const run of [a, b]) run.train(3);
  a.set('rate', 1e-4);
  assert.equal(a.params.rate, 1e-4);
  assert.deepEqual(fingerprint(a).weights, fingerprint(b).weights);
  for (const run of [a, b]) run.train(1);
  assert.notDeepEqual(fingerprint(a).weights, fingerprint(b).weights);
  a.set('rate', 0.1 + 0.2);
  assert.equal(a.params.rate, 0.1 + 0.2, 'numbers cross exactly');
});

test('temperature 0 gives the mean for points', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models.find(({ id }) => id === 'vae'), data: 'moons' });
  run.train(20);
  const { data, codes } = run.sample(50, { temperature: 0 });
  const mean = run.decode(codes).data;
  mean.forEach((value, i) => assert.ok(Math.abs(value - data[i]) < 1e-5));
  assert.notDeepEqual(run.sample(50).data, data);
  assert.deepEqual(run.sample(50).codes.data, codes.data);
});

test('a flow\'s encode is the inverse of its decode', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models.find(({ id }) => id === 'realnvp'), data: 'moons' });
  run.train(50);
  const { data } = lab.draw('moons', 100);
  const back = run.decode(run.encode(data)).data;
  back.forEach((value, i) => assert.ok(Math.abs(value - data[i]) < 1e-3));   // single precision through four couplings
});

test('importance weighting tightens the bound, and seeds make it repeat', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models.find(({ id }) => id === 'vae'), data: 'moons' });
  run.train(100);
  const x = lab.draw('moons', 200, { split: 'test' });
  const mean = (values) => values.reduce((a, b) => a + b) / values.length;
  const [one, many] = [1, 64].map((samples) => mean(run.bound(x, { samples, seed: 3 })));
  assert.ok(many > one, `${many} > ${one}`);
  assert.deepEqual(run.bound(x, { seed: 3 }), run.bound(x, { seed: 3 }));
  assert.notDeepEqual(run.bound(x, { seed: 3 }), run.bound(x, { seed: 4 }));
});

test('the history stays below 10,000 rows and keeps its ends', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models.find(({ id }) => id === 'realnvp'), data: 'moons' }, 1, { batch: 1, hidden: 2, couplings: 2 });
  run.train(10500);
  const { step, losses } = run.history;
  assert.ok(step.length > 2000 && step.length < 10000, `${step.length} rows`);
  assert.ok(step.every((at, i) => i === 0 || at > step[i - 1]), 'steps ascend');
  assert.ok(step.at(-1) > 10400);
  for (const column of Object.values(losses)) assert.equal(column.length, step.length);
});

test('training that leaves the finite numbers throws diverged and stands at the end of the last whole finite step', async (t) => {
  const lab = await labFor(t);
  const model = lab.models.find(({ id }) => id === 'vae');
  const [run, twin] = [0, 1].map(() => smallRun(lab, { model, data: 'moons' }, 1, { optimizer: 'sgd', activation: 'relu', rate: 1 }));
  refuses(() => run.train(1000), 'diverged', /step \d+: [a-z].* not finite; the run stands at step \d+/);
  refuses(() => run.train(1), 'diverged', new RegExp(`stands at step ${run.step}\\b`));
  assert.ok(run.step > 0 && run.step < 999);
  twin.train(run.step);
  assert.deepEqual(fingerprint(run), fingerprint(twin));
  assert.equal(run.history.step.at(-1), run.step);
  run.set('rate', 1e-6);
  assert.equal(run.params.rate, 1e-6, 'and it is still there');
});

test('a game whose second update diverges is undone as a whole', async (t) => {
  const lab = await labFor(t);
  const model = lab.models.find(({ id }) => id === 'gan');
  const [run, twin] = [0, 1].map(() => smallRun(lab, { model, data: 'moons' }, 1, { optimizer: 'sgd', activation: 'relu', rate: 1 }));
  refuses(() => run.train(10000), 'diverged');
  twin.train(run.step);
  assert.deepEqual(fingerprint(run), fingerprint(twin));
});

// --- Pictures ------------------------------------------------------------------------------------------------------------

for (const pair of all) {
  test(`${pair.name}: every view is drawn, and its panels stand on the canvas`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    const { gl, calls } = fakeGl();
    lab.attach(gl);
    for (const id of run.views) {
      calls.length = 0;
      const { panels } = run.draw(id, { width: 800, height: 600, dpr: 2, dark: true });
      assert.ok(calls.length > 10 && panels.length > 0, id);
      for (const { title, x, y, w, h, x0, x1, y0, y1 } of panels) {
        assert.equal(typeof title, 'string');
        assert.ok(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 800 && y + h <= 600, id);
        assert.ok(x0 < x1 && y0 < y1, id);
      }
    }
    const [id] = run.views;
    for (const [options, message] of [[{ width: 0 }, /width was 0/], [{ height: '9' }, /height was '9'/], [{ dpr: NaN }, /dpr was NaN/], [{ dark: 1 }, /dark was 1/], [{ zoom: 2 }, /zoom/]]) {
      refuses(() => run.draw(id, { width: 80, height: 60, ...options }), 'bad-argument', message);
    }
    refuses(() => run.draw('nothing', { width: 80, height: 60 }), 'unsupported', /nothing/);
  });
}

test('panels of rows and columns carry a word for each column', async (t) => {
  const lab = await labFor(t), run = lab.create({ model: 'cvae', data: 'digits', params: { hidden: 8 } });
  lab.attach(fakeGl().gl);
  const [{ heads, tiles }] = run.draw('grid', { width: 800, height: 600, first: 4 }).panels;
  assert.deepEqual(heads, ['real', '4', '5', '6', '7', '8', '9']);
  assert.equal(tiles.cols, heads.length);
  assert.ok(run.draw('samples', { width: 800, height: 600 }).panels.every((panel) => panel.heads.length === 0));
});

test('a context that was lost and restored is drawn on again, another one too, and none not', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models[0], data: 'moons' });
  const [first, second] = [fakeGl(), fakeGl()];
  const draw = () => run.draw(run.views[0], { width: 80, height: 60 });
  for (const fake of [first, first, second]) {
    lab.attach(fake.gl);
    fake.calls.length = 0;
    draw();
    assert.ok(fake.named('drawArraysInstanced').length > 0);
  }
  lab.attach(null);
  refuses(draw, 'bad-argument', /attach/);
  for (const gl of [undefined, 7, 'canvas', {}]) refuses(() => lab.attach(gl), 'bad-argument', /gl was/);
});

// --- Keeping -------------------------------------------------------------------------------------------------------------

test('own points travel inside the file', async (t) => {
  const [here, there] = [await labFor(t), await labFor(t)];
  const data = Float32Array.from({ length: 300 }, (_, i) => Math.cos(i * 7) * (i % 2 ? 2 : 3));
  here.addData({ id: 'mine', kind: 'points', shape: [2], data });
  const run = smallRun(here, { model: here.models[0], data: 'mine' });
  run.train(4);
  const loaded = there.load(run.save());
  assert.equal(loaded.data, 'mine');
  assert.ok(there.datasets.some(({ id }) => id === 'mine'));
  for (const one of [run, loaded]) one.train(4);
  assert.deepEqual(fingerprint(loaded), fingerprint(run));
  assert.deepEqual(there.draw('mine', 20), here.draw('mine', 20));
});

test('a run on an image set that is not there, or is another, says so', async (t) => {
  const [here, there] = [await labFor(t), await labFor(t)];
  const images = (seed) => ({ images: idx([4, 5, 5], Uint8Array.from({ length: 100 }, (_, i) => (i * seed) % 256)) });
  here.addIdx('own', images(3));
  const run = smallRun(here, { model: here.models[0], data: 'own' });
  run.train(1);
  const file = run.save();
  refuses(() => there.load(file), 'bad-file', /own/);
  there.addIdx('own', images(5));
  refuses(() => there.load(file), 'bad-file', /own/);
});

test('bytes that are no saved run are refused', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models[0], data: 'moons' });
  run.train(1);
  const file = run.save();
  for (const size of [0, 1, 7, 8, 9, 100, file.length - 4, file.length - 1]) refuses(() => lab.load(file.slice(0, size)), 'bad-file');
  const random = Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + 7) % 256);
  refuses(() => lab.load(random), 'bad-file');
  const longer = new Uint8Array(file.length + 4);
  longer.set(file);
  refuses(() => lab.load(longer), 'bad-file');
  for (const bytes of [undefined, null, 'file', [1, 2, 3], 7]) refuses(() => lab.load(bytes), 'bad-argument', /bytes was/);
  // Every byte of the header matters: whatever is changed, it is refused or a run that works.
  const size = Number(new DataView(file.buffer).getBigUint64(0, true));
  for (let i = 0; i < 8 + size; i += 17) {
    const broken = file.slice();
    broken[i] ^= 1 << (i % 7);
    try {
      const loaded = lab.load(broken);
      loaded.train(1);
      loaded.free();
    } catch (error) {
      assert.equal(error.name, 'GenplayError', `byte ${i}: ${error.stack}`);
    }
  }
});

// --- The end -------------------------------------------------------------------------------------------------------------

test('a freed run and a freed lab refuse everything', async () => {
  const lab = await createLab();
  const run = smallRun(lab, { model: lab.models[0], data: 'moons' });
  const other = smallRun(lab, { model: lab.models[0], data: 'moons' });
  const x = lab.draw('moons', 2);
  const file = run.save();
  const useRun = (one) => [
    () => one.train(1), () => one.set('rate', 0.1), () => one.sample(1), () => one.encode(x), () => one.decode(x), () => one.reconstruct(x), () => one.interpolate(x, x, 2), () => one.logProb(x),
    () => one.bound(x), () => one.trace(1), () => one.inpaint(x, x), () => one.measure(), () => one.view('samples'), () => one.draw('samples'), () => one.save(), () => one.step, () => one.epoch,
    () => one.params, () => one.history, () => one.can, () => one.model, () => one.seed, () => one.free(),
  ];
  run.free();
  for (const use of useRun(run)) refuses(use, 'bad-argument', /freed/);
  other.train(1);
  const { measures } = lab;
  lab.free();
  for (const use of useRun(other)) refuses(use, 'bad-argument', /freed/);
  for (const use of [() => lab.models, () => lab.datasets, () => lab.build, () => lab.threads, () => lab.version, () => lab.draw('moons', 1), () => lab.create({ model: 'vae', data: 'moons' }), () => lab.load(file),
    () => lab.addData({ id: 'a', kind: 'points', data: x }), () => lab.addIdx('a', { images: file }), () => lab.attach(null), () => lab.measures, () => measures.mmd2(x, x), () => lab.free()]) {
    refuses(use, 'bad-argument', /freed/);
  }
});

test('results are the caller\'s own', async (t) => {
  const lab = await labFor(t);
  const run = smallRun(lab, { model: lab.models[0], data: 'moons' });
  const first = run.sample(5);
  const kept = first.data.slice();
  run.sample(5000, { seed: 9 });
  run.train(2);
  run.free();
  assert.deepEqual(first.data, kept);
  first.data.fill(0);
  assert.equal(first.data.buffer.byteLength, first.data.byteLength, 'not a view of the engine\'s memory');
});

// --- Measures on the caller's own arrays ---------------------------------------------------------------------------------

test('mmd2 is the unbiased estimate, as three loops compute it', () => {
  const { measures } = catalogue;
  const [x, y] = ['moons', 'circles'].map((id) => catalogue.draw(id, 40).data);
  const kernel = (a, i, b, j, c) => c / (c + (a[2 * i] - b[2 * j]) ** 2 + (a[2 * i + 1] - b[2 * j + 1]) ** 2);
  for (const c of [1, 0.25]) {
    let [xx, yy, xy] = [0, 0, 0];
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < 40; j++) {
        if (i !== j) xx += kernel(x, i, x, j, c);
        if (i !== j) yy += kernel(y, i, y, j, c);
        xy += kernel(x, i, y, j, c);
      }
    }
    const expected = (xx + yy) / (40 * 39) - (2 * xy) / 1600;
    assert.ok(Math.abs(measures.mmd2(x, y, { c }) - expected) < 1e-6, `c = ${c}`);       // kernel values have single precision
    assert.equal(measures.mmd2({ data: x, shape: [40, 2] }, y, { kernel: 'imq', c }), measures.mmd2(x, y, { c }));
  }
  assert.equal(measures.mmd2(x, y), measures.mmd2(x, y, { kernel: 'imq', c: 1 }));
});

test('the other measures agree with what they are', () => {
  const { measures } = catalogue;
  const [x, y] = [1, 2].map((seed) => catalogue.draw('moons', 300, { seed }).data);
  const far = x.map((value) => value + 10);
  assert.ok(Math.abs(measures.frechet(x, far) - 200) < 1, 'a shift by (10, 10) is 200 away');
  assert.ok(measures.energyDistance(x, far) > 10 && Math.abs(measures.energyDistance(x, y)) < 0.1);
  const same = measures.mmd2Test(x, y, { rounds: 100, seed: 5 });
  const other = measures.mmd2Test(x, far, { rounds: 100, seed: 5 });
  assert.ok(same.p > 0.01 && other.p <= 0.02 && other.value > other.q99, JSON.stringify({ same, other }));
  const log = measures.kdeLogProb(Float32Array.of(0, 0), Float32Array.of(0, 0), { h: 0.5 });
  assert.ok(Math.abs(log[0] + Math.log(2 * Math.PI * 0.25)) < 1e-9, 'one kernel at its own centre');
});

test('mode scores of points are what a run is measured by, beside what as many real ones score', async (t) => {
  const lab = await labFor(t);
  const run = lab.create({ model: 'gan', data: 'ring8', params: { hidden: 8, batch: 8 } });
  const rows = run.measure(['modes', 'high_quality', 'within_1', 'mode_kl'], { n: 500, seed: 4 });
  const { floor, ...scores } = lab.measures.modeScores(run.sample(500, { seed: 4 }), 'ring8');
  assert.deepEqual(Object.values(scores), rows.map(({ value }) => value));
  assert.deepEqual(Object.values(floor), rows.map((row) => row.floor));
  const real = lab.measures.modeScores(lab.draw('grid25', 2500, { seed: 4 }), 'grid25');
  assert.ok(real.hit === 25 && Math.abs(real.highQuality - real.floor.highQuality) < 0.01, JSON.stringify(real));
  refuses(() => lab.measures.modeScores(new Float32Array(4), 'moons'), 'bad-argument', /moons.*ring8/);
  refuses(() => lab.measures.modeScores({ data: new Float32Array(6), shape: [2, 3] }, 'ring8'), 'bad-argument', /rows of 2/);
});

test('importance sampling comes nearer to the log-likelihood than one sample, takes as many as are asked for, and refuses models without a bound', async (t) => {
  const lab = await labFor(t);
  const vae = lab.create({ model: 'vae', data: 'moons', params: { hidden: 16, batch: 32 } });
  vae.train(100);
  const [elbo, rough, fine] = [['elbo', {}], ['importance', {}], ['importance', { samples: 500 }]].map(([name, options]) => vae.measure(name, { n: 300, ...options })[0]);
  assert.ok(rough.samples > 1 && fine.samples === 500 && elbo.samples === undefined);
  assert.ok(elbo.value > rough.value && rough.value > fine.value - 0.02, `${elbo.value}, ${rough.value}, ${fine.value}`);
  const gan = lab.create({ model: 'gan', data: 'moons' });
  refuses(() => gan.measure('mmd', { samples: 5 }), 'unsupported', /samples: gan/);
  refuses(() => gan.measure('mmd', { steps: 5 }), 'unsupported', /steps: gan/);
  for (const samples of [-1, 1.5, '5']) refuses(() => vae.measure('importance', { samples }), 'bad-argument', /samples/);
});

test('the measures refuse what they cannot compare', () => {
  const { measures } = catalogue;
  const x = new Float32Array(8);
  for (const [call, message] of [
    [() => measures.mmd2(x), /y was undefined/], [() => measures.mmd2(new Float32Array(2), x), /x: has 1 row/], [() => measures.mmd2(new Float32Array(3), x), /x was/],
    [() => measures.mmd2({ data: x, shape: [2, 4] }, x), /4 and 2 numbers/], [() => measures.mmd2(x, x, { kernel: 'rbf' }), /kernel was 'rbf'.*'imq'/], [() => measures.mmd2(x, x, { c: 0 }), /c was 0/],
    [() => measures.mmd2(x, x, { c: '1' }), /c was '1'/], [() => measures.mmd2(x, x, { kernel: 'gaussian', c: 1 }), /c was 1/], [() => measures.mmd2(x, x, { d: 1 }), /'d'/],
    [() => measures.mmd2(x, Float32Array.of(1, NaN, 1, 1)), /NaN/], [() => measures.mmd2Test(x, x, { rounds: 0 }), /rounds was 0/],
  ]) refuses(call, 'bad-argument', message);
});

test('a lesson gives its numbers without a run, the same for the same options', async (t) => {
  const lab = await labFor(t);
  for (const { id, options, rows, columns, key, title, about } of lab.lessons) {
    assert.ok(title && about.length > 100 && options.length && key.every(({ role }) => role in lab.palette.light));
    const numbers = lab.lesson(id);
    assert.deepEqual(numbers.table.shape, [rows.length, columns.length]);
    assert.deepEqual(lab.lesson(id, {}), numbers);
    refuses(() => lab.lesson(id, { none: 1 }), 'bad-argument', /'?none'?/);
    refuses(() => lab.drawLesson(id), 'bad-argument', /nothing to draw on/);
  }
  assert.notDeepEqual(lab.lesson('kernels', { seed: 2 }), lab.lesson('kernels'));
  refuses(() => lab.lesson('none'), 'bad-argument', /no 'none'.*kernels/);
  refuses(() => lab.lesson(3), 'bad-argument', /id was 3/);
  refuses(() => lab.lesson('kernels', { h: 9 }), 'bad-argument', /h/);
});
