// The native build and the wasm build give the same bytes: weights, optimizer moments, averages and samples of every model after 200
// steps, on points and on pictures.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLab } from '../wasm/genplay.mjs';
import { labFor, pairs, readSafetensors, sha, smallParams, tensorHashes } from './tools.mjs';

const TWIN = resolve(fileURLToPath(new URL('..', import.meta.url)), process.env.O || 'build', 'native/twin');
const STEPS = 200;
const SEED = 20;
const catalogue = await createLab();
let folder;

before(async () => {
  assert.ok(existsSync(TWIN), `${TWIN} is not there: \`make native\` builds it`);
  folder = await mkdtemp(join(tmpdir(), 'genplay-twin-'));
});
after(() => folder && rm(folder, { recursive: true }));

/** Trains natively; the bytes of the saved run and of its samples. */
async function trainNatively({ model, data }, params) {
  const stem = join(folder, `${model.id}-${data}`);
  const settings = Object.entries(params).map(([key, value]) => `${key}=${value}`);
  await promisify(execFile)(TWIN, [model.id, data, String(SEED), String(STEPS), stem, ...settings]);
  const [file, sample] = await Promise.all([readFile(`${stem}.safetensors`), readFile(`${stem}.sample`)]);
  return { file: new Uint8Array(file), sample: new Uint8Array(sample) };
}

/** Changes that reach code which the defaults leave out. */
const VARIANTS = [{}, { optimizer: 'rmsprop', activation: 'silu', batch: 7, hidden: 13, layers: 2, schedule: 'cosine', loss: 'minimax', likelihood: 'gaussian' }];

/** Of a variant, what the model has and accepts. */
const fitting = (model, variant) => Object.fromEntries(Object.entries(variant).filter(([key, value]) => {
  const param = model.params.find((one) => one.key === key);
  return param && (param.type !== 'choice' || param.choices.includes(value));
}));

for (const pair of pairs(catalogue)) {
  for (const [number, variant] of VARIANTS.entries()) {
    test(`${pair.name}: both builds give the same bytes (variant ${number})`, async (t) => {
      const params = { ...smallParams(pair.model), ...fitting(pair.model, variant) };
      const natively = trainNatively(pair, params);
      const run = (await labFor(t)).create({ model: pair.model.id, data: pair.data, seed: SEED, params });
      run.train(STEPS);
      const { file, sample } = await natively;
      const { tensors } = readSafetensors(file);
      assert.ok(Object.keys(tensors).length >= 6, 'weights and moments are there');
      assert.ok(Object.values(tensors).some(({ bytes }) => bytes.some((byte) => byte)), 'and not all zero');
      assert.deepEqual(tensorHashes(run.save()), tensorHashes(file));
      assert.equal(sha(run.sample(40).data), sha(sample));
    });
  }
}
