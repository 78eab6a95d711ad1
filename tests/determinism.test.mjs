// Same version, same build, same seed, same calls: the same bytes.  And what was built to make that true: noise is keyed by where it is
// used, so the number of rows in a call, calls in between and neighbours change nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLab } from '../wasm/genplay.mjs';
import { fingerprint, labFor, pairs, sha, smallRun, tensorHashes } from './tools.mjs';

const catalogue = await createLab();
const all = [...pairs(catalogue)];
// Rows that fill no chunk of those that a verb works in, fill one and need several.
const COUNTS = { points: [1, 3, 257, 300], image: [3, 65, 70] };

for (const pair of all) {
  test(`${pair.name}: the same calls give the same bytes, in another lab too`, async (t) => {
    const [a, b] = [await labFor(t), await labFor(t)].map((lab) => smallRun(lab, pair));
    a.train(7);
    b.train(7);
    assert.deepEqual(fingerprint(a), fingerprint(b));
    assert.equal(sha(a.sample(20).data), sha(b.sample(20).data));
  });

  test(`${pair.name}: threads change nothing`, async (t) => {
    const [one, ...more] = [await labFor(t), ...await Promise.all([1, 2, 3].map((threads) => labFor(t, { build: 'threads', threads })))].map((lab) => {
      const run = wideRun(lab, pair);
      run.train(4);
      return { losses: run.history.losses, sample: sha(run.sample(70).data), ...fingerprint(run) };
    });
    for (const other of more) assert.deepEqual(other, one);
  });

  test(`${pair.name}: another seed gives other bytes`, async (t) => {
    const lab = await labFor(t);
    const [a, b] = [smallRun(lab, pair, 1), smallRun(lab, pair, 2)];
    a.train(2);
    b.train(2);
    assert.notDeepEqual(fingerprint(a).weights, fingerprint(b).weights);
    assert.notEqual(sha(a.sample(20, { seed: 1 }).data), sha(a.sample(20, { seed: 2 }).data));
    assert.equal(sha(a.sample(20).data), sha(a.sample(20, { seed: 1 }).data), "a seed left out is the run's own");
  });

  test(`${pair.name}: train(a); train(b) equals train(a + b)`, async (t) => {
    const lab = await labFor(t);
    const [a, b] = [smallRun(lab, pair), smallRun(lab, pair)];
    a.train(12);
    for (const steps of [1, 3, 8]) b.train(steps);
    assert.deepEqual(fingerprint(a), fingerprint(b));
    assert.deepEqual(a.history, b.history);
  });

  test(`${pair.name}: sampling and measuring never disturb training`, async (t) => {
    const lab = await labFor(t);
    const [a, b] = [smallRun(lab, pair), smallRun(lab, pair)];
    for (let i = 0; i < 2; i++) {
      a.train(3);
      b.train(3);
      useEverything(lab, b, pair);
    }
    a.train(1);
    b.train(1);
    assert.deepEqual(fingerprint(a), fingerprint(b));
  });

  test(`${pair.name}: a short sample is the beginning of a long one`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(2);
    const counts = COUNTS[pair.kind];
    const whole = run.sample(counts.at(-1), { seed: 9 });
    for (const n of counts) {
      const part = run.sample(n, { seed: 9 });
      assert.deepEqual(part.data, whole.data.slice(0, part.data.length), `n = ${n}`);
      if (part.codes) assert.deepEqual(part.codes.data, whole.codes.data.slice(0, part.codes.data.length), `codes, n = ${n}`);
    }
  });

  test(`${pair.name}: a row's answer does not depend on how many rows there are`, async (t) => {
    const lab = await labFor(t);
    const run = smallRun(lab, pair);
    run.train(2);
    const x = lab.draw(pair.data, 70, { split: 'test' });
    const width = x.data.length / 70, given = classOf(pair);
    for (const verb of ['encode', 'reconstruct', 'logProb', 'bound'].filter((name) => pair.can.includes(name))) {
      const bare = (result) => result.data ?? result;
      const whole = bare(run[verb](x.data, given));
      for (const n of [1, 5, 64]) {
        const part = bare(run[verb](x.data.slice(0, n * width), given));
        assert.deepEqual(part, whole.slice(0, part.length), `${verb} of ${n}`);
      }
    }
  });

  test(`${pair.name}: a run that was saved and loaded goes on exactly where it stopped`, async (t) => {
    const lab = await labFor(t);
    const a = smallRun(lab, pair);
    a.train(5);
    const file = a.save();
    const b = (await labFor(t)).load(file);
    assert.equal(b.step, 5);
    assert.deepEqual(b.params, a.params);
    assert.equal(sha(b.sample(10).data), sha(a.sample(10).data));
    a.train(3);
    b.train(3);
    assert.deepEqual(fingerprint(a), fingerprint(b));
    assert.equal(sha(b.save()), sha(a.save()), 'the whole file');
    a.free();
    b.free();
  });
}

/** A run large enough for its ops to be shared among threads. */
const wideRun = (lab, { model, data }) => smallRun(lab, { model, data }, 3, { batch: 64, hidden: 160, channels: 16, layers: 2 });

/** Calls all that a run can do, without training it. */
/** The class that a conditional model must be told. */
const classOf = ({ can }) => (can.includes('label') ? { label: 1 } : {});

function useEverything(lab, run, pair) {
  const { data, can } = pair, given = classOf(pair);
  const x = lab.draw(data, 5).data;
  run.sample(5, { seed: 77, temperature: 0.5 });
  if (can.includes('encode')) run.encode(x, given);
  if (can.includes('reconstruct')) run.reconstruct(x, given);
  if (can.includes('logProb')) run.logProb(x, given);
  if (can.includes('bound')) run.bound(x, { samples: 2, ...given });
  if (can.includes('critic')) run.critic(x, given);
  if (can.includes('twins')) run.twins(x, given);
  if (can.includes('inpaint')) run.inpaint(x, new Float32Array(x.length));
  if (can.includes('trace')) run.trace(3, { frames: 4 });
  run.measure([], { n: 50, seed: 5 });
  for (const id of run.views) run.view(id);
  run.save();
  assert.ok(run.history.step.length > 0);
}

test('several runs side by side neither disturb each other nor mind the order in which they are freed', async (t) => {
  const lab = await labFor(t);
  const alone = all.map((pair) => {
    const run = smallRun(lab, pair);
    run.train(6);
    const print = fingerprint(run);
    run.free();
    return print;
  });
  const together = all.map((pair) => smallRun(lab, pair));
  for (let i = 0; i < 3; i++) for (const run of together) run.train(2);
  const order = [...together.keys()].sort((a, b) => ((a * 5) % 8) - ((b * 5) % 8));
  for (const i of order) {
    assert.deepEqual(fingerprint(together[i]), alone[i], all[i].name);
    together[i].free();
  }
});

test('nothing grows while training, sampling and freeing', async (t) => {
  const lab = await labFor(t);
  for (const pair of all) {
    const run = smallRun(lab, pair);
    run.train(1);
    useEverything(lab, run, pair);
    const { memory } = run;
    run.train(30);
    useEverything(lab, run, pair);
    assert.equal(run.memory, memory, pair.name);
    run.free();
  }
});

test('memory of freed runs is used again', async (t) => {
  const lab = await labFor(t, { memory: 200 });
  let bytes = 0;
  for (let i = 0; i < 15; i++) {
    const run = lab.create({ model: 'vae', data: 'digits', params: { hidden: 800 } });
    run.train(1);
    bytes += run.memory;
    run.free();
  }
  assert.ok(bytes > 200 * 2 ** 20, `together they held ${bytes} bytes, more than the ceiling`);
});

test('the relaxed build repeats on this machine', async (t) => {
  const hashes = [];
  for (let i = 0; i < 2; i++) {
    const lab = await labFor(t, { build: 'relaxed' });
    assert.equal(lab.build, 'relaxed');
    const run = smallRun(lab, all[0]);
    run.train(20);
    hashes.push(tensorHashes(run.save()));
  }
  assert.deepEqual(hashes[0], hashes[1]);
});
