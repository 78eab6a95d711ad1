// noise.mjs -- the engine's random numbers once more, so that a reference implementation can be given the same batches and the same noise.
//
// Numbers are a function of (seed, stream, example, step): Philox-4x32-10, see core/base/rng.h.  Words, uniform numbers and permutations are the engine's to the last
// bit; normal ones go through Math's log, sin and cos, and agree to single precision.

/** What a draw is for: the engine's streams, as far as a training step uses them. */
export const STREAM = { batch: 2 << 16, train: 3 << 16, sample: 4 << 16 };

/** @typedef {{ seed: number, stream: number }} Key */

/** The upper half of a 32 x 32 bit product. */
function high(/** @type {number} */ a, /** @type {number} */ b) {
  const [a0, a1, b0, b1] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = a1 * b0 + ((a0 * b0) >>> 16), cross = a0 * b1 + (middle & 0xffff);       // neither leaves 2^53
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(cross / 65536)) >>> 0;
}

/**
 * Four words: the block number `block` of an example at a step.
 * @param {Key} key
 * @returns {number[]}
 */
export function philox({ seed, stream }, /** @type {number} */ example, /** @type {number} */ step, /** @type {number} */ block) {
  let [c0, c1, c2, c3] = [block >>> 0, example >>> 0, step >>> 0, Math.floor(step / 2 ** 32) >>> 0];
  for (let round = 0; round < 10; round++) {
    [c0, c1, c2, c3] = [high(0xcd9e8d57, c2) ^ c1 ^ seed, Math.imul(0xcd9e8d57, c2), high(0xd2511f53, c0) ^ c3 ^ stream, Math.imul(0xd2511f53, c0)].map((x) => x >>> 0);
    seed = (seed + 0x9e3779b9) >>> 0;
    stream = (stream + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

const unit = (/** @type {number} */ word) => (word >>> 8) * 2 ** -24;

/** Box and Muller: words 0 and 1 make a pair, 2 and 3 another. */
function normals(/** @type {number[]} */ [a, b, c, d]) {
  const pair = (/** @type {number} */ u, /** @type {number} */ v) => {
    const radius = Math.sqrt(-2 * Math.log(unit(u) + 2 ** -24)), angle = 2 * Math.PI * unit(v);
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  };
  return [...pair(a, b), ...pair(c, d)];
}

/** Rows [rows, width] whose row r is example r. */
function fill(/** @type {Key} */ key, /** @type {number} */ step, /** @type {number} */ rows, /** @type {number} */ width, /** @type {(words: number[]) => number[]} */ law) {
  const data = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < width; at += 4) data.set(law(philox(key, row, step, at / 4)).slice(0, width - at), row * width + at);
  }
  return { data, shape: [rows, width] };
}

/** @param {Key} key */
export const normalRows = (key, /** @type {number} */ step, /** @type {number} */ rows, /** @type {number} */ width) => fill(key, step, rows, width, normals);
/** @param {Key} key */
export const uniformRows = (key, /** @type {number} */ step, /** @type {number} */ rows, /** @type {number} */ width) => fill(key, step, rows, width, (words) => words.map(unit));

/** The first number in [0, 1) of 53 bits that a reader of this example draws. */
export function firstUniform(/** @type {Key} */ key, /** @type {number} */ example, /** @type {number} */ step) {
  const [a, b] = philox(key, example, step, 0);
  return ((a >>> 5) * 2 ** 26 + (b >>> 6)) * 2 ** -53;
}

function mix(/** @type {number} */ x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Where permutation number `step` of 0..n-1 sends i. */
export function permute(/** @type {Key} */ key, /** @type {number} */ step, /** @type {number} */ n, /** @type {number} */ i) {
  if (n < 2) return 0;
  const k = philox(key, 0xffffffff, step, 0xffffffff);
  const bits = 32 - Math.clz32(n - 1), right = bits >> 1, left = 2 ** (bits - right) - 1, low = 2 ** right - 1;
  do {
    let l = i >>> right, r = i & low;
    for (const word of k) {
      l ^= mix(r + word) & left;
      r ^= mix(l + ((word ^ 0x9e3779b9) >>> 0)) & low;
    }
    i = ((l << right) | r) >>> 0;
  } while (i >= n);
  return i;
}

/**
 * The rows that a run sees at a training step: every pass over the set is a new permutation, and batches run on through its end.
 * @param {{ data: Float32Array, shape: number[] }} set  [n, ...]
 */
export function batchRows(set, /** @type {number} */ seed, /** @type {number} */ step, /** @type {number} */ batch) {
  const [n, ...example] = set.shape, width = example.reduce((a, b) => a * b, 1), data = new Float32Array(batch * width);
  for (let i = 0; i < batch; i++) {
    const position = step * batch + i, row = permute({ seed, stream: STREAM.batch }, Math.floor(position / n), n, position % n);
    data.set(set.data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { data, shape: [batch, width] };
}
