// pretrain.mjs -- makes the weights that ship with the project, from pretrained/recipes.json.
//
//   node wasm/pretrain.mjs [ID ...]        all recipes, or those
//
// A recipe is data: model, data set, parameters over the defaults, seed, steps.  Since a run is a function of these, the same recipe gives the same
// bytes on every machine.  Each makes pretrained/<id>.safetensors, float16 without optimizer moments, and an entry of pretrained/index.json:
//
//     "<id>": { file, model, data, title, recipe, seed, steps, bytes, sha256, measured: [{ name, value, floor, se, n, seed }] }
//
// Measured are the weights as they ship, after rounding, on the test set; `floor` is what fresh real data score.  The recipe of model "judge" makes the
// reader of digits (core/measures/judge.h), which is no model of the catalogue; it needs MNIST, which itself never ships.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { createLab, GenplayError } from './genplay.mjs';
import { addMnist } from './idx-files.mjs';

/** @typedef {import('./genplay.mjs').Lab} Lab */
/** @typedef {{ id: string, title: string, model: string, data: string, params?: Record<string, number | string | boolean>, seed: number, steps: number }} Recipe */
/** @typedef {{ name: string, value: number | null, floor: number | null, se: number | null, n: number, seed: number }} Measured */

const folder = new URL('../pretrained/', import.meta.url);
const MEASURE_SEED = 1;

/** @returns {Recipe[]} */
export const recipes = () => JSON.parse(readFileSync(new URL('recipes.json', folder), 'utf8'));

/** Whose recipe it is: the reader of digits is made and measured in ways of its own. */
export const isJudge = (/** @type {{ model: string }} */ { model }) => model === 'judge';

/**
 * The bytes of a recipe's weights.
 * @param {Lab} lab
 * @param {Recipe} recipe
 */
export function bake(lab, { id, model, data, params, seed, steps }) {
  const start = performance.now();
  const tell = (/** @type {number} */ step) => console.log(`${id}: step ${step} of ${steps}, ${((performance.now() - start) / 1000).toFixed(0)} s`);
  if (isJudge({ model })) {
    const bytes = lab.trainJudge({ data, seed, steps });
    tell(steps);
    return bytes;
  }
  const run = lab.create({ model, data, seed, params });
  for (let tenth = 1; tenth <= 10; tenth++) {
    run.train(Math.ceil((steps * tenth) / 10) - run.step);
    tell(run.step);
  }
  const bytes = run.save({ half: true });
  run.free();
  return bytes;
}

/**
 * What weights score.
 * @param {Lab} lab
 * @param {{ model: string, data: string }} recipe
 * @param {Uint8Array} bytes
 * @param {{ n?: number, seed?: number }} [options] n: each measure's own number of examples if left out
 * @returns {Measured[]}
 */
export function measureWeights(lab, recipe, bytes, { n, seed = MEASURE_SEED } = {}) {
  if (isJudge(recipe)) return measureJudge(lab, recipe.data, bytes, n ?? 10000, seed);
  const run = lab.load(bytes);
  const measured = run.measure([], { n, seed }).map(({ name, value, floor, se, n: used }) => ({ name, value, floor, se, n: used, seed }));
  run.free();
  return measured;
}

/**
 * The share of test images that the judge reads right.
 * @param {Lab} lab
 * @param {string} data
 * @param {Uint8Array} bytes
 * @param {number} n
 * @param {number} seed
 */
function measureJudge(lab, data, bytes, n, seed) {
  lab.loadJudge(bytes);
  const { data: x, shape, labels } = lab.draw(data, n, { seed, split: 'test' });
  const { data: p } = lab.judge({ data: x, shape });
  let right = 0;
  for (let i = 0; i < n; i++) {
    const row = p.subarray(10 * i, 10 * i + 10);
    right += Number(row.indexOf(Math.max(...row)) === /** @type {Int32Array} */ (labels)[i]);
  }
  const value = right / n;
  return [{ name: 'accuracy', value, floor: null, se: Math.sqrt((value * (1 - value)) / n), n, seed }];
}

/**
 * Keeps weights and what is known about them.
 * @param {Recipe} recipe
 * @param {Uint8Array} bytes
 * @param {Measured[]} measured
 */
export function keep(recipe, bytes, measured) {
  const { id, title, model, data, seed, steps } = recipe;
  const file = `${id}.safetensors`;
  const place = new URL('index.json', folder);
  const old = existsSync(place) ? JSON.parse(readFileSync(place, 'utf8')) : {};
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const entries = { ...old, [id]: { file, model, data, title, recipe, seed, steps, bytes: bytes.length, sha256, measured } };
  // In the order of the recipes; what has no recipe any more goes.
  const index = Object.fromEntries(recipes().filter((one) => entries[one.id]).map((one) => [one.id, entries[one.id]]));
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(file, folder), bytes);
  writeFileSync(place, `${JSON.stringify(index, null, 2)}\n`);
}

/** @param {string[]} ids */
async function main(ids) {
  const all = recipes();
  const unknown = ids.find((id) => !all.some((recipe) => recipe.id === id));
  if (unknown !== undefined) throw new GenplayError('bad-argument', `there is no recipe '${unknown}'; accepted: ${all.map(({ id }) => id).join(', ')}`);
  const lab = await createLab();
  for (const recipe of all.filter(({ id }) => !ids.length || ids.includes(id))) {
    if (recipe.data === 'mnist' && !lab.datasets.some(({ id }) => id === 'mnist')) addMnist(lab);
    const bytes = bake(lab, recipe);
    const measured = measureWeights(lab, recipe, bytes);
    keep(recipe, bytes, measured);
    console.log(`${recipe.id}: ${bytes.length} bytes, ${measured.map(({ name, value, floor }) => `${name} ${value?.toFixed(4)}${floor === null ? '' : ` (real data ${floor.toFixed(4)})`}`).join(', ')}`);
  }
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`pretrain: ${error.message}`);
    process.exitCode = 1;
  });
}
