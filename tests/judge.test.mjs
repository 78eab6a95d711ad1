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

// On its own scale, the mean variance of a feature, FCD must tell what is wrong at once: a perfect sampler of 10,000 is near 0.1, one that moves every
// digit by a pixel near 1.6 (sideways less: it was trained on shifted digits), one that lacks a digit near 3.
test('FCD: fresh digits of MNIST score 0.1, digits moved by a pixel 0.5 to 3, MNIST without a digit 1.5 to 5', { skip: mnistFolder() ? false : 'MNIST is not at hand (GENPLAY_DATA)' }, async (t) => {
  const lab = await labFor(t), n = 10000;
  addMnist(lab);
  lab.loadJudge(weights);
  const { data, shape, labels } = lab.draw('mnist', n, { seed: 7, split: 'test' });
  const features = (x) => lab.judge({ data: x, shape }).features;
  const [reference, real] = [features(lab.draw('mnist', n, { seed: 7, split: 'train' }).data), features(data)];
  let unit = 0;                                          // the mean over the features of their variance
  for (let k = 0; k < 64; k++) {
    let [sum, square] = [0, 0];
    for (let i = 0; i < n; i++) sum += reference.data[64 * i + k], square += reference.data[64 * i + k] ** 2;
    unit += (square - sum ** 2 / n) / n / 64;
  }
  const fcd = (x) => lab.measures.frechet(x, reference) / unit;
  const scores = { real: fcd(real), right: fcd(features(data.map((_, i) => (i % 28 ? data[i - 1] : 0)))), down: fcd(features(data.map((_, i) => (i % 784 < 28 ? 0 : data[i - 28])))) };
  for (const missing of [3, 9]) {
    const kept = [...labels.keys()].filter((i) => labels[i] !== missing), rows = new Float32Array(64 * kept.length);
    kept.forEach((i, k) => rows.set(real.data.subarray(64 * i, 64 * i + 64), 64 * k));
    scores[`without ${missing}`] = fcd({ data: rows, shape: [kept.length, 64] });
  }
  t.diagnostic(JSON.stringify(scores));
  assert.ok(scores.real < 0.3);
  for (const way of ['right', 'down']) assert.ok(scores[way] > 0.4 && scores[way] < 3, way);
  for (const missing of [3, 9]) assert.ok(scores[`without ${missing}`] > 1.5 && scores[`without ${missing}`] < 5, `${missing}`);
  // What a run is told of real digits is the same, against the half that the judge has not seen.
  const run = lab.create({ model: 'cgan', data: 'mnist', params: { hidden: 16, batch: 8 } });
  const [far, agreement, spread] = run.measure(['fcd', 'agreement', 'class_spread'], { n: 1000, seed: 7 });
  t.diagnostic(`n 1000: real ${far.floor}, ${agreement.floor}, ${spread.floor}; a GAN that has learned nothing ${far.value}, ${agreement.value}, ${spread.value}`);
  assert.ok(far.floor < 1.5 && agreement.floor > 0.98 && Math.abs(spread.floor - 1) < 0.12);
  assert.ok(far.value > 20 * far.floor && agreement.value < 0.5 && spread.value < 0.5);
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
  for (const name of ['sure', 'fcd']) refuses(() => run.measure(name, { n: 10 }), 'unsupported', /loadJudge/);
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
