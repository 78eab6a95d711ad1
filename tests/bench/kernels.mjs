// kernels.mjs -- what the core's kernels reach, beside what the machine's arithmetic units can give in the same run.
//
//   make bench-kernels
//   node tests/bench/kernels.mjs [--build simd|relaxed] [--rows 4|6] [--only TEXT] [--rounds N] [--json]
//
// Without --build both are measured, one after the other.  measureKernels is free of Node, so that a page can run it as well.
//
// How: after a warm-up every case gets a number of repetitions that takes about SAMPLE seconds; then rounds in which each case runs once,
// with the arithmetic ceiling right before it.  A share is the median of a case's quotients with its own neighbours, so that what slows the
// whole machine down for a while touches both alike.  In Node, where there is a clock of the process's own time, that is the watch.

const WARM_UP = 0.6, SAMPLE = 0.02; // seconds

const matmul = (M, N, K, ta = 0, tb = 0) => ({
  name: `matmul ${M}x${N}x${K} ${ta ? 'T' : 'N'}${tb ? 'T' : 'N'}`, unit: 'GFLOP/s', call: 'matmul', sizes: [M, N, K, ta, tb],
});
const conv = (batch, h, c, k, o, stride = 1, pad = (k - 1) >> 1) => ['', '_dx', '_dw'].map((suffix, which) => ({
  name: `conv${suffix} ${batch}x${h}x${h}x${c}, ${k}x${k} -> ${o}${stride > 1 ? `, stride ${stride}` : ''}`, unit: 'GFLOP/s', call: 'conv',
  sizes: [which, batch, h, h, c, k, o, stride, pad],
}));
const map = (name, which) => ({ name: `v${name}`, unit: 'G/s', call: 'map', sizes: [which, 4096] });

/** Every case; GFLOP/s of a convolution count the direct sums, whatever way it takes. */
export const CASES = [
  { name: 'tile in L1', unit: 'GFLOP/s', call: 'tile', sizes: [] }, // its rows are those that the product uses
  // A VAE's layers: forward, gradient in x, gradient in w; then the same with its small code.
  matmul(64, 400, 784), matmul(64, 784, 400, 0, 1), matmul(784, 400, 64, 1, 0), matmul(64, 400, 784, 0, 1), matmul(64, 400, 784, 1, 0),
  matmul(64, 784, 400), matmul(64, 20, 400), matmul(64, 400, 20), matmul(64, 400, 20, 0, 1), matmul(400, 20, 64, 1, 0),
  matmul(512, 512, 512), matmul(512, 512, 512, 0, 1), matmul(512, 512, 512, 1, 0),
  // Nets on points, the same three ways.
  matmul(256, 64, 2), matmul(2, 64, 256, 1, 0), matmul(256, 2, 64, 0, 1), matmul(256, 64, 64), matmul(256, 64, 64, 0, 1), matmul(64, 64, 256, 1, 0),
  matmul(256, 2, 64), matmul(64, 2, 256, 1, 0), matmul(256, 64, 2, 0, 1), matmul(256, 1, 64),
  matmul(256, 128, 34), matmul(256, 34, 128, 0, 1), matmul(34, 128, 256, 1, 0), matmul(256, 128, 128), matmul(128, 128, 256, 1, 0),
  // Rows of pixels.
  matmul(2304, 64, 64), matmul(1568, 64, 128), matmul(49, 64, 1024), matmul(1, 400, 784),
  // Convolutions: the two of the targets, a discriminator's, the U-Net's.
  ...conv(8, 28, 64, 3, 32), ...conv(8, 14, 64, 3, 64), ...conv(16, 28, 1, 4, 32, 2, 1), ...conv(16, 14, 32, 4, 64, 2, 1),
  ...conv(32, 14, 4, 3, 32), ...conv(32, 14, 32, 3, 32), ...conv(32, 14, 32, 3, 64, 2, 1), ...conv(32, 7, 64, 3, 64), ...conv(32, 14, 32, 3, 4),
  ...['exp', 'log', 'tanh', 'sigmoid', 'softplus', 'sin', 'cos'].map(map),
  { name: 'adam, in L2', unit: 'G/s', call: 'adam', sizes: [1 << 15] },
  { name: 'adam, a VAE', unit: 'G/s', call: 'adam', sizes: [652_864] },
];

const CEILING = { name: 'arithmetic ceiling', unit: 'GFLOP/s', call: 'ceiling', sizes: [] };

/** @param {number[]} list */
export const median = (list) => {
  const sorted = [...list].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};

/**
 * Measures one build.
 * @param {(options?: object) => Promise<any>} factory  of build/bench/simd.mjs or relaxed.mjs
 * @param {{ rounds?: number, only?: string, rows?: number, now?: () => number }} [options]  `only`: cases whose name contains it; `rows` of the
 *   relaxed build's tiles, as the engine chooses them unless given; `now`: milliseconds
 * @returns {Promise<{ name: string, unit: string, median: number, least: number, most: number, share: number | null, samples: number[] }[]>}
 *   rates in the unit; `share` of the ceiling, for cases that count floating-point operations
 */
export async function measureKernels(factory, { rounds = 9, only = '', rows = parseInt(globalThis.process?.versions?.node) < 22 ? 4 : 6, now = () => performance.now() } = {}) {
  const module = await factory();
  if (!module._bench_begin()) throw new Error('the bench has no memory');
  module._bench_rows(rows);
  /** Billions a second. */
  const rate = ({ call, sizes }, times) => {
    const start = now(), amount = module[`_bench_${call}`](times, ...sizes);
    return amount * times / (now() - start) / 1e6;
  };
  const warmUp = (one, seconds) => {
    let times = 1;
    for (const start = performance.now(); performance.now() - start < seconds * 1e3;) {
      const begin = performance.now();
      module[`_bench_${one.call}`](times, ...one.sizes);
      if (performance.now() - begin < SAMPLE * 500) times *= 2;
    }
    return times;
  };
  const cases = CASES.filter(({ name }) => name.includes(only));
  const runs = [CEILING, ...cases].map((one) => ({ ...one, times: 0, samples: [], shares: [] }));
  warmUp(CEILING, WARM_UP);
  for (const run of runs) run.times = warmUp(run, Math.max(0.06, WARM_UP / runs.length));
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      const ceiling = rate(CEILING, Math.ceil(runs[0].times / 4));
      rate(run, 1); // its operands into the cache
      const reached = rate(run, run.times);
      run.samples.push(reached);
      run.shares.push(reached / ceiling);
    }
    await new Promise((done) => setTimeout(done)); // a page stays alive
  }
  return runs.map(({ name, unit, samples, shares }) => ({
    name, unit, median: median(samples), least: Math.min(...samples), most: Math.max(...samples),
    share: unit === 'GFLOP/s' ? median(shares) : null, samples,
  }));
}

/** @param {Awaited<ReturnType<typeof measureKernels>>} results */
export function table(results) {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results.map(({ name, unit, median, least, most, share }) =>
    `${name.padEnd(width)} ${median.toFixed(2).padStart(8)} ${unit.padEnd(8)} ${`${least.toFixed(2)}..${most.toFixed(2)}`.padStart(14)}` +
    (share === null ? '' : ` ${(100 * share).toFixed(0).padStart(5)} %`)).join('\n');
}

async function main() {
  const { parseArgs } = await import('node:util');
  (await import('node:v8')).setFlagsFromString('--experimental-wasm-relaxed-simd'); // Node 20 has it behind a flag; others ignore it
  const { values } = parseArgs({ options: { build: { type: 'string' }, only: { type: 'string' }, rounds: { type: 'string', default: '9' }, rows: { type: 'string' }, json: { type: 'boolean' } } });
  const now = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e3; };
  const folder = new URL(`../../${process.env.O ?? 'build'}/bench/`, import.meta.url), results = {};
  for (const build of values.build ? [values.build] : ['simd', 'relaxed']) {
    const { default: factory } = await import(new URL(`${build}.mjs`, folder).href);
    results[build] = await measureKernels(factory, { rounds: Number(values.rounds), only: values.only, rows: values.rows && Number(values.rows), now });
    if (!values.json) console.log(`${build}, Node ${process.versions.node}\n${table(results[build])}\n`);
  }
  if (values.json) console.log(JSON.stringify(results, null, 1));
}

if (typeof process !== 'undefined' && import.meta.url === `file://${process.argv[1]}`) await main();
