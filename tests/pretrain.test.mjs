// The native program that trains the shipped weights does what the wasm build does, up to rounding, and leaves runs that wasm loads.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createLab } from '../wasm/genplay.mjs';
import { addIdxFolder, unpackIdx } from '../wasm/idx-files.mjs';
import { bake, bakeNatively, TRAINER } from '../wasm/pretrain.mjs';
import { labFor, pairs, smallParams } from './tools.mjs';

const catalogue = await createLab();
let folder;

before(async () => {
  assert.ok(existsSync(TRAINER), `${TRAINER} is not there: \`make wide\` builds it`);
  folder = await mkdtemp(join(tmpdir(), 'genplay-pretrain-'));
});
after(() => folder && rm(folder, { recursive: true }));

/** Trains without the recipe around it; what it said, line by line. */
async function trained({ model, data, from = '', seed = 3, steps, out, knobs = '' }) {
  const { stdout } = await promisify(execFile)(TRAINER, ['2', model, data, from, String(seed), String(steps), out, knobs]);
  return stdout.trim().split('\n').map((line) => line.split('\t').map(Number));
}

// Sums are rounded elsewhere, by 2^-24 of a number.  After 10 steps 4e-7 of a loss is usual, and 6e-5 where a number came out on the other
// side of a kink (the Wasserstein GAN's critic, relu); a wrong sum changes the first digits.
const TOLERANCE = 1e-3;

// Sizes that fill no vector, too.
const SIZES = [{}, { batch: 7, hidden: 13, layers: 2 }];

for (const { model, data, name } of pairs(catalogue)) {
  test(`${name}: a recipe's losses are those of the wasm build, which loads the weights and goes on`, async (t) => {
    const lab = await labFor(t);
    for (const sizes of SIZES) {
      const recipe = { id: `test-${model.id}-${data}`, model: model.id, data, seed: 3, steps: 10, params: smallParams(model, sizes) };
      const native = [], wasm = [];
      const bytes = await bakeNatively(lab, recipe, (step, losses) => native.push([step, ...losses]));
      bake(lab, recipe, (step, losses) => wasm.push([step, ...losses]));
      assert.equal(native.length, 10);
      const differences = wasm.flat().map((value, i) => Math.abs(native.flat()[i] - value) / (1 + Math.abs(value)));
      t.diagnostic(`largest difference ${Math.max(...differences).toExponential(1)}`);
      assert.ok(Math.max(...differences) <= TOLERANCE, `${differences}`);
      const run = lab.load(bytes);
      assert.deepEqual([run.model, run.data, run.seed, run.step], [model.id, data, 3, 10]);
      run.train(1);
      assert.equal(run.step, 11);
    }
  });
}

test('a training that was stopped goes on from where it last saved itself', async (t) => {
  const whole = join(folder, 'whole'), stopped = join(folder, 'stopped');
  const lines = await trained({ model: 'realnvp', data: 'moons', steps: 10, out: whole });
  const run = (await labFor(t)).create({ model: 'realnvp', data: 'moons', seed: 3 });
  run.train(6);
  await writeFile(`${stopped}.part`, run.save());
  const rest = await trained({ model: 'realnvp', data: 'moons', steps: 10, out: stopped });
  assert.deepEqual(rest.map(([step]) => step), [7, 8, 9, 10]);
  rest.forEach(([, loss], i) => assert.ok(Math.abs(loss - lines[6 + i][1]) < TOLERANCE * loss, `${loss} and ${lines[6 + i][1]}`));
  assert.ok(!existsSync(`${stopped}.part`), 'and what it had saved on the way is gone');
});

test('pictures come from IDX files, packed or not', async (t) => {
  const idx = (dims, n) => Buffer.concat([Buffer.from([0, 0, 8, dims.length]), ...dims.map((d) => Buffer.from([0, 0, 0, d])), Buffer.alloc(n, 77)]);
  await writeFile(join(folder, 'train-images-idx3-ubyte.gz'), gzipSync(idx([6, 8, 8], 384)));
  await writeFile(join(folder, 'train-labels-idx1-ubyte'), idx([6], 6));
  const out = join(folder, 'own');
  const lines = await trained({ model: 'vae', data: 'own', from: unpackIdx(folder, join(folder, 'unpacked')), steps: 3, out, knobs: 'hidden\t16\n' });
  const lab = await labFor(t);
  addIdxFolder(lab, 'own', folder);
  const run = lab.create({ model: 'vae', data: 'own', seed: 3, params: { hidden: 16 } });
  for (const [, loss] of lines) assert.ok(Math.abs(run.train(1).losses.loss - loss) < TOLERANCE * loss);
  assert.equal(lab.load(new Uint8Array(await readFile(out))).step, 3);
});

test('what cannot be trained is said, and nothing is left behind', async () => {
  await assert.rejects(trained({ model: 'vae', data: 'moon', steps: 1, out: join(folder, 'none') }), /train: bad-argument: data: there is no data set 'moon'/);
  await assert.rejects(trained({ model: 'vae', data: 'moons', steps: 1, out: join(folder, 'no', 'such') }), /cannot be written/);
  assert.ok(!existsSync(join(folder, 'none')));
});
