// ours.mjs -- Genplay as a contender: a run of the public API on rows that a reference can be given as well.

const ROWS = { points: 4096, image: 1024 };
const SEED = 1;

/**
 * The workload's rows as a set of the lab's own, so that who sees which is known outside.
 * @param {import('../../wasm/genplay.mjs').Lab} lab
 */
function ownRows(lab, source) {
  const { kind } = lab.datasets.find(({ id }) => id === source), id = `bench-${source}`;
  const { data, shape } = lab.draw(source, ROWS[kind], { seed: SEED });
  if (!lab.datasets.some((one) => one.id === id)) lab.addData({ id, kind, shape: shape.slice(1), data, test: { data: lab.draw(source, 100, { seed: SEED, split: 'test' }).data } });
  return { id, rows: { data: kind === 'points' ? standardised(data) : data, shape } };
}

/** Points as models see them: mean 0 and variance 1 on each axis. */
function standardised(data) {
  const out = new Float32Array(data.length), n = data.length / 2;
  for (const axis of [0, 1]) {
    const column = data.filter((_, i) => i % 2 === axis);
    const mean = column.reduce((sum, x) => sum + x, 0) / n;
    const std = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n);
    column.forEach((x, i) => { out[2 * i + axis] = (x - mean) / std; });
  }
  return out;
}

/** The weights in the bytes of a saved run, by name. */
export function weightsOf(file) {
  const size = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: _, ...entries } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size)));
  const weights = Object.entries(entries).filter(([name, { dtype }]) => dtype === 'F32' && !/^history\.|\.(m|v|average)$/.test(name));
  return Object.fromEntries(weights.map(([name, { shape, data_offsets: [from, to] }]) => [name, { data: new Float32Array(file.slice(8 + size + from, 8 + size + to).buffer), shape }]));
}

/** @typedef {{ data: Float32Array, shape: number[] }} Tensor */

/**
 * A run that trains, with what a reference needs to follow it (setting) and what it tells (losses); or that decodes, with the codes and what it makes of them.
 * @typedef {{
 *   name: string, weights: Record<string, Tensor>, go: (count: number) => void, close: () => void,
 *   setting?: import('./reference/reference.mjs').Setting, losses?: () => Record<string, number>, codes?: Tensor, pixels?: () => Float32Array
 * }} Ours
 */

/**
 * @param {import('../../wasm/genplay.mjs').Lab} lab
 * @param {import('./workloads.mjs').Workload} workload
 * @returns {Ours}
 */
export function openOurs(lab, { kind, model, data, params }) {
  const { id, rows } = ownRows(lab, data);
  const run = lab.create({ model, data: id, seed: SEED, params });
  const common = { name: lab.build, weights: weightsOf(run.save()), close: () => run.free() };
  return { ...common, ...(kind === 'decode' ? decoding(run) : training(run, rows)) };
}

const training = (run, rows) => ({
  setting: { seed: SEED, params: run.params, set: rows },
  losses: () => run.train(1).losses,
  go: (count) => { run.train(count); },
});

/** A batch of codes to pictures, again and again. */
function decoding(run) {
  const { codes } = run.sample(run.params.batch, { seed: SEED });
  return {
    codes,
    pixels: () => run.decode(codes).data,
    go(count) {
      for (let i = 0; i < count; i++) run.decode(codes);
    },
  };
}
