// What a diffusion model completes follows the law of the rest given what is given, which of a ring of Gaussians is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLab } from '../wasm/genplay.mjs';

const RADIUS = 4 * Math.SQRT1_2, SIGMA = 0.5 * Math.SQRT1_2, SIDE = RADIUS * Math.SQRT1_2;       // core/data/ring8.c
const HEIGHTS = [-RADIUS, -SIDE, 0, SIDE, RADIUS], N = 400;
const MODES = [[RADIUS, 0], [SIDE, SIDE], [0, RADIUS], [-SIDE, SIDE], [-RADIUS, 0], [-SIDE, -SIDE], [0, -RADIUS], [SIDE, -SIDE]];

const lab = await createLab();
const run = lab.create({ model: 'ddpm', data: 'ring8', seed: 3 });
run.train(3000);

/** How much of y's law given x stands at each height: a mode counts by its density at x. @param {number} x */
function exact(x) {
  const weight = MODES.map(([at]) => Math.exp(-0.5 * ((x - at) / SIGMA) ** 2)), all = weight.reduce((a, b) => a + b);
  return HEIGHTS.map((height) => MODES.reduce((sum, mode, k) => sum + (mode[1] === height ? weight[k] / all : 0), 0));
}

/** The same of N completions, each counted where it is nearest. @param {number} x @param {object} [options] */
function completed(x, options) {
  const { data } = run.inpaint(Float32Array.from({ length: 2 * N }, (_, i) => (i % 2 ? 0 : x)), Float32Array.of(1, 0), options), share = HEIGHTS.map(() => 0);
  for (let i = 0; i < N; i++) {
    assert.equal(data[2 * i], Math.fround(x), 'what is given stays');
    const far = HEIGHTS.map((height) => Math.abs(height - data[2 * i + 1]));
    assert.ok(Math.min(...far) < 5 * SIGMA);
    share[far.indexOf(Math.min(...far))] += 1 / N;
  }
  return share;
}

/** Half the sum of absolute differences: how much stands where it should not. @param {number[]} a @param {number[]} b */
const apart = (a, b) => a.reduce((sum, share, i) => sum + Math.abs(share - b[i]) / 2, 0);

test('given x, y falls on the modes at that x, each as often as it should, and with resampling more so', () => {
  const gap = { once: 0, usual: 0 }, places = [SIDE, 0, RADIUS];
  for (const x of places) {
    const usual = apart(completed(x), exact(x));
    assert.ok(usual < 0.25, `${usual} at ${x}`);
    gap.usual += usual / places.length;
    gap.once += apart(completed(x, { resamples: 1 }), exact(x)) / places.length;
  }
  assert.ok(gap.usual < 0.75 * gap.once, `${gap.usual} and ${gap.once}`);
});
