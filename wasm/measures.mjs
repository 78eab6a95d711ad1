// measures.mjs -- the engine's measures on the caller's own arrays.  Definitions, papers and costs: core/measures/measures.h.
//
// Rows come as { data, shape: [n, ...] }, or as a bare Float32Array of points in the plane.

import { badArgument, floats, GenplayError, integer, number, oneOf, product, record, seedValue, string } from './check.mjs';
import { engineError, withMemory } from './engine.mjs';

/** @typedef {import('./run.mjs').Input} Input */

/**
 * `imq`: c / (c + |x − y|²), c in squared data units.  `gaussian`: of width h in data units; the MMD² is then the squared L² distance between kernel
 * density estimates.  `distance`: −|x − y|, which gives the energy distance.
 * @typedef {{ kernel?: 'imq' | 'gaussian' | 'distance', c?: number, h?: number }} KernelOptions
 */

/**
 * `p`: the share of random relabelings that score as high; `mean`, `q95`, `q99`: what they score.
 * @typedef {{ value: number, p: number, mean: number, q95: number, q99: number }} MmdTest
 */

/**
 * Modes with a sample within 3 standard deviations, the share of samples that are so near to one, the share within 1, and KL(share of each mode || uniform) in nats.
 * @typedef {{ hit: number, highQuality: number, within1: number, reverseKl: number }} Modes
 */

/**
 * @typedef {object} Measures
 * @property {(x: Input, y: Input, options?: KernelOptions) => number} mmd2 the unbiased squared maximum mean discrepancy; can be negative
 * @property {(x: Input, y: Input, options?: KernelOptions & { rounds?: number, seed?: number }) => MmdTest} mmd2Test with the permutation test of "same law"
 * @property {(x: Input, y: Input) => number} energyDistance 2 E|x − y| − E|x − x'| − E|y − y'|
 * @property {(x: Input, y: Input) => number} frechet squared Wasserstein-2 distance between the Gaussians fitted to both
 * @property {(x: Input, data: Input, options?: { h?: number }) => Float64Array} kdeLogProb log density of a kernel estimate of width h from `data`, at each x
 * @property {(x: Input, data: string) => Modes & { floor: Modes }} modeScores how well points find the modes of a data set that has some (ring8, grid25); `floor`: what as many of its own score
 */

/**
 * @param {() => { module: import('./engine.mjs').Module, lab: number }} engine the instance; throws when it is gone
 * @returns {Readonly<Measures>}
 */
export function createMeasures(engine) {
  /** @type {Measures['mmd2']} */
  const mmd2 = (x, y, options) => {
    const { module } = engine();
    const [a, b] = pair(x, y, 'y', 2);
    const { kind, width } = kernelOf(record('options', options, ['kernel', 'c', 'h']));
    return withMemory(module, (put) => module._gp_mmd2(put.array(a.data), a.n, put.array(b.data), b.n, a.width, kind, width));
  };
  return Object.freeze({
    mmd2,
    energyDistance: (x, y) => mmd2(x, y, { kernel: 'distance' }),
    mmd2Test(x, y, options) {
      const { module, lab } = engine();
      const [a, b] = pair(x, y, 'y', 2);
      const { rounds = 200, seed = 1, ...kernel } = record('options', options, ['kernel', 'c', 'h', 'rounds', 'seed']);
      const { kind, width } = kernelOf(kernel);
      const times = integer('options.rounds', rounds, 1, 100000);
      const key = seedValue('options.seed', seed);
      const [value, p, mean, q95, q99] = doubles(module, 5, (put, out) => module._gp_mmd2_test(
        lab, put.array(a.data), a.n, put.array(b.data), b.n, a.width, kind, width, times, key, out));
      return { value, p, mean, q95, q99 };
    },
    frechet(x, y) {
      const { module, lab } = engine();
      const [a, b] = pair(x, y, 'y', 2);
      return doubles(module, 1, (put, out) => module._gp_frechet(lab, put.array(a.data), a.n, put.array(b.data), b.n, a.width, out))[0];
    },
    kdeLogProb(x, data, options) {
      const { module } = engine();
      const [a, b] = pair(x, data, 'data', 1);
      const { h = 0.1 } = record('options', options, ['h']);
      const width = positive('options.h', h);
      return doubles(module, a.n, (put, out) => {
        module._gp_kde_log_prob(put.array(a.data), a.n, put.array(b.data), b.n, a.width, width, out);
        return 1;
      });
    },
    modeScores(x, data) {
      const { module, lab } = engine();
      const a = rowsOf('x', x, 1), id = string('data', data, 'the id of a data set');
      if (a.width !== 2) throw badArgument('x', `rows of ${a.width}`, 'points: rows of 2 numbers');
      const scores = doubles(module, 8, (put, out) => module._gp_mode_scores(lab, put.text(id), put.array(a.data), a.n, out));
      return { ...modesOf(scores.subarray(0, 4)), floor: modesOf(scores.subarray(4)) };
    },
  });
}

/** @param {Float64Array} scores @returns {Modes} */
const modesOf = ([hit, highQuality, within1, reverseKl]) => ({ hit, highQuality, within1, reverseKl });

/**
 * @param {import('./engine.mjs').Module} module
 * @param {number} n
 * @param {(put: import('./engine.mjs').Put, out: number) => number} fill
 * @returns {Float64Array}
 */
function doubles(module, n, fill) {
  return withMemory(module, (put) => {
    const out = put.space(8 * n);
    if (!fill(put, out)) throw engineError(module);
    return module.HEAPF64.slice(out / 8, out / 8 + n);
  });
}

/**
 * Two arrays of rows of the same width.
 * @param {Input} x
 * @param {Input} y
 * @param {string} name of the second
 * @param {number} least rows of each
 */
function pair(x, y, name, least) {
  const a = rowsOf('x', x, least);
  const b = rowsOf(name, y, least);
  if (a.width !== b.width) throw new GenplayError('bad-argument', `x, ${name}: have ${a.width} and ${b.width} numbers in a row; accepted: the same`);
  return [a, b];
}

/**
 * @param {string} name
 * @param {Input} value
 * @param {number} least
 */
function rowsOf(name, value, least) {
  const data = floats(name, value, { shape: value instanceof Float32Array ? [2] : null, what: 'rows' });
  const width = value instanceof Float32Array ? 2 : product(value.shape.slice(1));
  const n = data.length / width;
  if (n < least) throw new GenplayError('bad-argument', `${name}: has ${n} row${n === 1 ? '' : 's'}; accepted: ${least} or more`);
  return { data, n, width };
}

/** @param {Record<string, unknown>} options */
function kernelOf({ kernel = 'imq', c, h }) {
  const name = oneOf('options.kernel', kernel, /** @type {const} */ (['imq', 'gaussian', 'distance']));
  if (c !== undefined && name !== 'imq') throw badArgument('options.c', c, `left out: kernel '${name}' has no c`);
  if (h !== undefined && name !== 'gaussian') throw badArgument('options.h', h, `left out: kernel '${name}' has no h`);
  if (name === 'imq') return { kind: 0, width: positive('options.c', c ?? 1) };
  if (name === 'gaussian') return { kind: 1, width: positive('options.h', h ?? 1) };
  return { kind: 2, width: 0 };
}

/**
 * @param {string} name
 * @param {unknown} value
 */
const positive = (name, value) => number(name, value, 1e-30, 1e30);
