// clock.mjs -- how times are taken: contenders in turn, so that whatever slows the machine for a while slows all of them.

/** @typedef {{ median: number, least: number, most: number, samples: number[] }} Spread */

/** Half of the numbers lie on either side. */
export function median(/** @type {number[]} */ list) {
  const sorted = [...list].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** @returns {Spread} */
export const spread = (/** @type {number[]} */ samples) => ({ median: median(samples), least: Math.min(...samples), most: Math.max(...samples), samples });

/**
 * Something that takes time: `go(n)` does its work n times; `enter` (untimed) makes it the one that is on.
 * @typedef {{ name: string, go: (count: number) => unknown, enter?: () => unknown, losses?: Function, close?: () => void }} Contender
 */

/**
 * How long to measure: rounds (fewer where one step of anyone takes over `slow` ms), and ms of warm-up and of each sample.
 * @typedef {{ rounds: number, slowRounds: number, slow: number, warm: number, sample: number }} Patience
 */

/** @type {Patience} */
export const FULL = { rounds: 9, slowRounds: 3, slow: 5000, warm: 600, sample: 250 };
/** @type {Patience} */
export const QUICK = { rounds: 1, slowRounds: 1, slow: 5000, warm: 30, sample: 30 };

/** Milliseconds per piece of work, `count` of them in one go. */
async function time(/** @type {Contender} */ contender, /** @type {number} */ count) {
  await contender.enter?.();
  const start = performance.now();
  await contender.go(count);
  return (performance.now() - start) / count;
}

const FINEST = 1e-4;                                     // ms: a page's clock may say that no time passed

/** Works until it is warm, in pieces that grow to an eighth of that time; returns how long a step takes then. */
async function warmUp(/** @type {Contender} */ contender, /** @type {Patience} */ { warm }) {
  const start = performance.now();
  let count = 1, ms;
  do {
    ms = Math.max(FINEST, await time(contender, count));
    count = Math.max(1, Math.min(8 * count, Math.round(warm / 8 / ms)));
  } while (performance.now() - start < warm);
  return ms;
}

/**
 * Milliseconds per piece of work of each contender, by name; sample i of all of them is of the same round.
 * @param {Contender[]} contenders
 * @param {Patience} patience
 * @returns {Promise<Record<string, Spread>>}
 */
export async function alternate(contenders, patience) {
  const steps = [];
  for (const contender of contenders) steps.push(await warmUp(contender, patience));
  const rounds = Math.max(...steps) > patience.slow ? patience.slowRounds : patience.rounds;
  const samples = contenders.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      samples[i].push(await time(contender, Math.max(1, Math.round(patience.sample / steps[i]))));
      await new Promise((done) => setTimeout(done));                     // a page stays alive
    }
  }
  return Object.fromEntries(contenders.map(({ name }, i) => [name, spread(samples[i])]));
}

/** How many times as long as b takes a, round by round. */
export const ratio = (/** @type {Spread} */ a, /** @type {Spread} */ b) => spread(a.samples.map((ms, i) => ms / b.samples[i]));
