// The bench's own checks: its random numbers are the engine's, its references do the same work, it takes turns, and the README shows what was measured.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createLab } from '../../wasm/genplay.mjs';
import { alternate, QUICK, ratio, spread } from './clock.mjs';
import { normalRows, permute, philox, STREAM } from './noise.mjs';
import { openOurs } from './ours.mjs';
import { openOnnx } from './peers/onnx.mjs';
import { openTfjs } from './peers/tfjs.mjs';
import { REFERENCES } from './reference/reference.mjs';
import { line, table } from './report.mjs';
import { BLOCK, MEASURED, peersInstalled, preparePeers } from './run.mjs';
import { sameLosses, samePixels } from './suite.mjs';
import { WORKLOADS } from './workloads.mjs';

const lab = await createLab();
const skip = peersInstalled() ? false : 'the peers are not installed (npm run bench -- --quick)';

// --- The same random numbers -----------------------------------------------------------------------------------------------

test('philox gives the known answers of its authors', () => {
  // Random123, kat_vectors: philox 4x32 10.
  assert.deepEqual(philox({ seed: 0, stream: 0 }, 0, 0, 0), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});

test('normal numbers are the engine’s codes, to single precision', () => {
  const run = lab.create({ model: 'vae', data: 'moons', params: { latent: 7 } });
  const { codes } = run.sample(5, { seed: 77 }), mine = normalRows({ seed: 77, stream: STREAM.sample }, 0, 5, 7);
  run.free();
  assert.deepEqual(codes.shape, mine.shape);
  codes.data.forEach((x, i) => assert.ok(Math.abs(x - mine.data[i]) < 1e-6, `${x} and ${mine.data[i]}`));      // |x| < 6: a few roundings
});

test('permutations are the engine’s', () => {
  const n = 100, seed = 5, draws = (6 << 16) | 1;                     // core/data/data.c: STREAM_DATA, FOR_DRAW
  const data = Float32Array.from({ length: 2 * n }, (_, i) => i);
  lab.addData({ id: 'numbered', kind: 'points', data, test: { data: data.subarray(0, 2) } });
  const drawn = lab.draw('numbered', n, { seed }).data;
  assert.deepEqual(Array.from({ length: n }, (_, i) => drawn[2 * i] / 2), Array.from({ length: n }, (_, i) => permute({ seed, stream: draws }, 0, n, i)));
});

// --- The same work -----------------------------------------------------------------------------------------------------------

/** Layers as the titles name them: the shapes of weights with more than one row. */
const shapes = (workload) => {
  const ours = openOurs(lab, workload), named = Object.entries(ours.weights ?? {}).filter(([name]) => name.endsWith('.weight'));
  ours.close();
  return Object.fromEntries(named.map(([name, { shape }]) => [name.replace('.weight', ''), shape.join('x')]));
};
const workload = (id) => WORKLOADS.find((one) => one.id === id);

test('the workloads have the shapes that they name', () => {
  assert.deepEqual(shapes(workload('vae')), { 'encoder.0': '784x400', 'encoder.1': '400x40', 'decoder.0': '20x400', 'decoder.1': '400x784' });
  assert.deepEqual(shapes(workload('gan')), {
    'generator.0': '2x64', 'generator.1': '64x64', 'generator.2': '64x2', 'critic.0': '2x64', 'critic.1': '64x64', 'critic.2': '64x1',
  });
  assert.deepEqual(shapes(workload('dcgan')), {
    'generator.first': '64x3136', 'generator.up0': '4x4x32x64', 'generator.up1': '4x4x1x32', 'critic.down0': '4x4x1x32', 'critic.down1': '4x4x32x64', 'critic.last': '3136x1',
  });
  assert.deepEqual(shapes(workload('ddpm')), { 'net.0': '34x128', 'net.1': '128x128', 'net.2': '128x128', 'net.3': '128x2' });
});

const SMALL = { batch: 4, hidden: 8, channels: 4, latent: 2 };

/** A small version of a workload, as far as its model has the knobs. */
function small(one) {
  const keys = lab.models.find(({ id }) => id === one.model).params.map(({ key }) => key);
  return { ...one, params: { ...one.params, ...Object.fromEntries(Object.entries(SMALL).filter(([key]) => keys.includes(key))) } };
}

const tfjs = async () => {
  await preparePeers();
  return (await import('./build/tfjs.cjs')).default.tf;
};

for (const one of WORKLOADS.filter(({ kind }) => kind === 'train')) {
  test(`${one.title}: the reference loses what ours loses`, { skip }, async () => {
    const ours = openOurs(lab, small(one)), reference = REFERENCES[one.model](ours.setting);
    const peer = await openTfjs(await tfjs(), 'cpu', reference, ours.weights);
    await sameLosses([ours], [peer], 3);
    peer.close();
    ours.close();
  });
}

for (const one of WORKLOADS.filter(({ kind }) => kind === 'decode')) {
  test(`${one.title}: the ONNX model makes the same pictures`, { skip }, async () => {
    const ort = await import('./node_modules/onnxruntime-web/dist/ort.node.min.mjs'), ours = openOurs(lab, small(one));
    ort.env.wasm.numThreads = 1;
    const peer = await openOnnx(ort, one.model, ours.weights, ours.codes);
    await samePixels([ours], [peer]);
    await peer.close();
    ours.close();
  });
}

test('other work is not timed', async () => {
  const telling = (name, loss) => ({ name, losses: () => ({ loss }) });
  await sameLosses([telling('ours', 1.00001)], [telling('peer', 1)], 1);
  await assert.rejects(sameLosses([telling('ours', 1.01)], [telling('peer', 1)], 1), /not the same work: at step 1 the loss loss of peer is 1, ours \(ours\) 1.01/);
  await assert.rejects(sameLosses([telling('ours', NaN)], [telling('peer', 1)], 1), /not the same work/);
  const showing = (name, pixel) => ({ name, pixels: () => Float32Array.of(0.5, pixel) });
  await samePixels([showing('ours', 0.25)], [showing('peer', 0.25)]);
  await assert.rejects(samePixels([showing('ours', 0.251)], [showing('peer', 0.25)]), /not the same work: a pixel of peer differs from ours \(ours\)/);
});

// --- Time ------------------------------------------------------------------------------------------------------------------

test('contenders take turns, and slow ones fewer', async () => {
  const calls = [];
  const contender = (name) => ({ name, go: () => { calls.push(name); } });
  const patience = { ...QUICK, rounds: 3, warm: 0, sample: 0 };
  const times = await alternate([contender('a'), contender('b')], patience);
  assert.equal(calls.join(''), 'ababababab'.slice(0, 2 * (1 + patience.rounds)));
  assert.equal(times.a.samples.length, 3);
  const slow = await alternate([contender('a')], { ...patience, slow: 0, slowRounds: 1 });
  assert.equal(slow.a.samples.length, 1);
});

test('a ratio is the median of the rounds’ ratios', () => {
  assert.deepEqual(ratio(spread([10, 20, 90]), spread([1, 4, 10])), { median: 9, least: 5, most: 10, samples: [10, 5, 9] });
});

// --- What is shown -----------------------------------------------------------------------------------------------------------

const row = (more) => ({
  id: 'vae', title: 'VAE', host: 'Node', build: 'simd', peer: 'tfjs-wasm', unit: '×', value: 13.04, target: 12, met: true, ours: spread([1]), theirs: spread([13.04]),
  ratio: spread([13.04]), share: 0.9, ...more,
});

test('a missed target is said', () => {
  assert.equal(line(row()), '  VAE, simd: 1.00 (1.00..1.00) ms, tfjs-wasm 13.0 (13.0..13.0) ms: 13.0 (13.0..13.0)×, 90 % of the ceiling; target ≥ 12×');
  assert.match(line(row({ met: false })), /, missed$/);
  const results = { date: '2026-01-01', machine: 'M', hosts: [{ name: 'Node', version: '20', ceilings: { simd: 30, relaxed: 40 }, rows: [row(), row({ build: 'relaxed', met: false, target: 15 })] }] };
  assert.match(table(results), /^\| VAE \| tfjs-wasm \| ≥ 12× and 15× \| 13.0× \| \*\*13.0×\*\* \|$/m);
});

test('the README shows what was measured', async () => {
  const shown = (await readFile(new URL('../../README.md', import.meta.url), 'utf8')).match(BLOCK)?.[1].trim();
  assert.equal(shown, existsSync(MEASURED) ? table(JSON.parse(await readFile(MEASURED, 'utf8'))) : '', 'a whole run of npm run bench writes both');
});
