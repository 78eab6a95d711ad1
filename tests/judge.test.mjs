// The judge that ships: it reads MNIST, and the lab refuses what is no judge.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { addMnist, mnistFolder } from '../wasm/idx-files.mjs';
import { labFor, refuses } from './tools.mjs';

const weights = new Uint8Array(await readFile(new URL('../pretrained/judge.safetensors', import.meta.url)));

/** The share of pictures whose likeliest class is their label. */
function accuracy(lab, { data, shape, labels }) {
  const { data: p } = lab.judge({ data, shape });
  return labels.reduce((right, label, i) => right + Number(Math.max(...p.subarray(10 * i, 10 * i + 10)) === p[10 * i + label]), 0) / labels.length;
}

test('the shipped judge reads at least 99 % of 2000 test images of MNIST', { skip: mnistFolder() ? false : 'MNIST is not at hand (GENPLAY_DATA)' }, async (t) => {
  const lab = await labFor(t);
  addMnist(lab);
  lab.loadJudge(weights);
  const share = accuracy(lab, lab.draw('mnist', 2000, { seed: 7, split: 'test' }));
  t.diagnostic(`${100 * share} %`);
  assert.ok(share >= 0.99, `it reads ${share}`);
});

test('it reads drawn digits, which it never saw, and its probabilities add up to 1', async (t) => {
  const lab = await labFor(t);
  lab.loadJudge(weights);
  const drawn = lab.draw('digits', 500, { seed: 7, split: 'test' });
  const share = accuracy(lab, drawn);
  t.diagnostic(`${100 * share} %`);
  assert.ok(share >= 0.9, `it reads ${share}`);
  const { data, shape, features } = lab.judge(drawn);
  assert.deepEqual([shape, features.shape], [[500, 10], [500, 64]]);
  for (let i = 0; i < 500; i++) assert.ok(Math.abs(data.subarray(10 * i, 10 * i + 10).reduce((a, b) => a + b) - 1) < 1e-5);
});

test('without it, or with other weights, the lab says what is missing', async (t) => {
  const lab = await labFor(t);
  const one = new Float32Array(784);
  refuses(() => lab.judge(one), 'unsupported', /pretrained\/judge\.safetensors/);
  const run = lab.create({ model: 'gan', data: 'digits', params: { hidden: 8, batch: 8 } });
  refuses(() => run.measure('sure', { n: 10 }), 'unsupported', /loadJudge/);
  refuses(() => lab.loadJudge(run.save({ half: true })), 'bad-file', /genplay-judge/);
  refuses(() => lab.loadJudge(weights.slice(0, 1000)), 'bad-file');
  refuses(() => lab.loadJudge('judge.safetensors'), 'bad-argument', /bytes/);
  refuses(() => lab.load(weights), 'bad-file');
  lab.loadJudge(weights);
  refuses(() => lab.judge(one.subarray(1)), 'bad-argument');
  const names = run.measure(['sure', 'rarest'], { n: 20 });
  assert.deepEqual(names.map(({ name, n }) => [name, n]), [['sure', 20], ['rarest', 20]]);
  for (const { value, floor } of names) assert.ok(value >= 0 && value <= 1 && floor >= 0 && floor <= 1);
  refuses(() => lab.create({ model: 'gan', data: 'moons' }).measure('sure'), 'unsupported', /does not apply/);
});

test('a judge trains from a seed, to the same bytes', async (t) => {
  const lab = await labFor(t);
  const [a, b, c] = [3, 3, 4].map((seed) => lab.trainJudge({ data: 'digits', seed, steps: 2 }));
  assert.deepEqual(a, b);
  assert.notDeepEqual(a, c);
  refuses(() => lab.trainJudge({ data: 'moons', steps: 2 }), 'bad-argument', /28 x 28/);
});
