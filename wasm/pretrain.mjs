// pretrain.mjs -- makes the weights that ship with the project, from pretrained/recipes.json.
//
//   node wasm/pretrain.mjs [--measure] [ID ...]        all recipes, or those; --measure: only measures the weights that are there again
//   node wasm/pretrain.mjs --table                     the README's table of what they score
//
// A recipe is data: model, data set, parameters over the defaults, seed, steps.  It is trained by the native program that `make wide` builds
// (pretrained/train.c), which is quick, saves itself every minute and goes on from there when it was stopped; where that program is not, by
// the wasm build.  Both do the same arithmetic up to rounding: only wasm's bytes are the same on every machine.  Each recipe makes pretrained/<id>.safetensors, float16 without optimizer moments, and an entry of pretrained/index.json:
//
//     "<id>": { file, model, data, title, recipe, seed, steps, bytes, sha256, measured: [{ name, value, floor, se, n, seed, samples?, steps? }], checked }
//
// Measured are the weights as they ship, after rounding, on the test set; `floor` is what fresh real data score.  A recipe says what is measured, and how:
// `measure` for the numbers that are told, `check` for what the tests measure again in a few seconds with another seed, kept as `checked` since a distance
// such as FCD compares only with itself at the same n.  Without: all that applies, and the same once more.  A number may have a limit, `most` or `least`: the
// target, which the table holds it to (most "real": what fresh real data score).  The recipe of model "judge" makes the
// reader of digits (core/measures/judge.h), which is no model of the catalogue; it needs MNIST, which itself never ships.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { lines } from './check.mjs';
import { createLab, GenplayError } from './genplay.mjs';
import { addMnist, mnistFolder, unpackIdx } from './idx-files.mjs';

/** @typedef {import('./genplay.mjs').Lab} Lab */
/** A measure, its options (MeasureOptions), its target. @typedef {{ name: string, n?: number, samples?: number, steps?: number, most?: number | 'real', least?: number }} Protocol */
/**
 * @typedef {{
 *   id: string, title: string, model: string, data: string, params?: Record<string, number | string | boolean>, seed: number, steps: number,
 *   measure?: Protocol[], check?: Protocol[]
 * }} Recipe
 */
/** @typedef {{ name: string, value: number | null, floor: number | null, se: number | null, n: number, seed: number, samples?: number, steps?: number, most?: number | 'real', least?: number }} Measured */

const folder = new URL('../pretrained/', import.meta.url);
const MEASURE_SEED = 1;

/** @returns {Recipe[]} */
export const recipes = () => JSON.parse(readFileSync(new URL('recipes.json', folder), 'utf8'));

/** Whose recipe it is: the reader of digits is made and measured in ways of its own. */
export const isJudge = (/** @type {{ model: string }} */ { model }) => model === 'judge';

// Where `make` puts what it builds.
const built = resolve(fileURLToPath(new URL('..', import.meta.url)), process.env.O || 'build');
/** The native program, where it was built. */
export const TRAINER = resolve(built, 'wide/train');

/** @typedef {(step: number, losses: number[]) => void} Tell  called about every tenth of the steps; losses: each one's mean since the last call */

/**
 * The bytes of a recipe's weights, trained natively.
 * @param {Lab} lab
 * @param {Recipe} recipe
 * @param {Tell} tell
 * @returns {Promise<Uint8Array>}
 */
export async function bakeNatively(lab, recipe, tell) {
  const { model, data, params = {}, seed, steps } = recipe;
  // One file for each recipe as it stands: what was begun by another one is not gone on with.
  const hash = createHash('sha256').update(JSON.stringify([model, data, params, seed, steps])).digest('hex').slice(0, 12);
  const home = resolve(built, 'pretrain'), out = resolve(home, `${recipe.id}-${hash}.safetensors`);
  mkdirSync(home, { recursive: true });
  const folder = data === 'mnist' ? unpackIdx(/** @type {string} */ (mnistFolder()), resolve(home, data)) : '';
  const knobs = lines('params', params, lab.models.find(({ id }) => id === model)?.params ?? []);
  await runTrainer([model, data, folder, String(seed), String(steps), out, knobs], tell);
  const bytes = new Uint8Array(readFileSync(out));
  rmSync(out);
  return bytes;
}

/**
 * @param {string[]} args
 * @param {Tell} tell
 */
async function runTrainer(args, tell) {
  const trainer = spawn(TRAINER, [String(availableParallelism()), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((good, bad) => trainer.on('error', bad).on('close', good));
  for await (const line of createInterface(trainer.stdout)) {
    const [step, ...losses] = line.split('\t').map(Number);
    tell(step, losses);
  }
  if (await ended) throw new Error('the training ended before its time; the line above says why');
}

/**
 * The bytes of a recipe's weights, trained by the wasm build.
 * @param {Lab} lab
 * @param {Recipe} recipe
 * @param {Tell} tell
 */
export function bake(lab, { model, data, params, seed, steps }, tell) {
  if (isJudge({ model })) return lab.trainJudge({ data, seed, steps });
  const run = lab.create({ model, data, seed, params });
  for (let tenth = 1; tenth <= 10; tenth++) {
    const { losses } = run.train(Math.ceil((steps * tenth) / 10) - run.step);
    tell(run.step, Object.values(losses));
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
 * @param {readonly Protocol[]} [protocols] all that applies if left out
 * @param {number} [seed]
 * @returns {Measured[]}
 */
export function measureWeights(lab, recipe, bytes, protocols, seed = MEASURE_SEED) {
  if (isJudge(recipe)) return (protocols ?? [{ name: 'accuracy' }]).map(({ n = 10000 }) => measureJudge(lab, recipe.data, bytes, n, seed));
  const run = lab.load(bytes), judge = new URL('judge.safetensors', folder);
  if (lab.datasets.find(({ id }) => id === run.data)?.kind === 'image' && existsSync(judge)) lab.loadJudge(new Uint8Array(readFileSync(judge)));
  const measured = protocols
    ? protocols.flatMap(({ name, most, least, ...options }) => run.measure(name, { ...options, seed }).map((row) => told(row, seed, { steps: options.steps, most, least })))
    : run.measure([], { seed }).map((row) => told(row, seed, {}));
  run.free();
  return measured;
}

/**
 * @param {import('./genplay.mjs').Measure} row
 * @param {number} seed
 * @param {{ steps?: number, most?: number | 'real', least?: number }} asked
 * @returns {Measured}
 */
const told = ({ name, value, floor, se, n, samples }, seed, asked) => ({
  name, value, floor, se, n, seed, ...(samples ? { samples } : {}), ...Object.fromEntries(Object.entries(asked).filter(([, given]) => given !== undefined)),
});

/**
 * The numbers of a recipe: those that are told, and those that the tests repeat.
 * @param {Lab} lab
 * @param {Recipe} recipe
 * @param {Uint8Array} bytes
 */
function measuresOf(lab, recipe, bytes) {
  const measured = measureWeights(lab, recipe, bytes, recipe.measure);
  return { measured, checked: recipe.check ? measureWeights(lab, recipe, bytes, recipe.check) : measured };
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
  return { name: 'accuracy', value, floor: null, se: Math.sqrt((value * (1 - value)) / n), n, seed };
}

/**
 * Keeps weights and what is known about them.
 * @param {Recipe} recipe
 * @param {Uint8Array} bytes
 * @param {{ measured: Measured[], checked: Measured[] }} measures
 */
export function keep(recipe, bytes, measures) {
  const { id, title, model, data, seed, steps } = recipe;
  const file = `${id}.safetensors`;
  const place = new URL('index.json', folder);
  const old = existsSync(place) ? JSON.parse(readFileSync(place, 'utf8')) : {};
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const entries = { ...old, [id]: { file, model, data, title, recipe, seed, steps, bytes: bytes.length, sha256, ...measures } };
  // In the order of the recipes; what has no recipe any more goes.
  const index = Object.fromEntries(recipes().filter((one) => entries[one.id]).map((one) => [one.id, entries[one.id]]));
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL(file, folder), bytes);
  writeFileSync(place, `${JSON.stringify(index, null, 2)}\n`);
}

/** What the index says of all weights, as the README shows it: a row for each number that has a target. @param {Record<string, { title: string, model: string, data: string, steps: number, bytes: number, measured: Measured[] }>} index */
export function table(index) {
  const digits = (/** @type {number | null} */ x) => (x === null ? '' : Math.abs(x) >= 10 ? x.toFixed(1) : Math.abs(x) >= 0.01 || x === 0 ? x.toFixed(3) : x.toExponential(1)).replace('-', '−');
  const lines = ['| weights | of | measure | value | real data | target |', '|---|---|---|---|---|---|'];
  for (const [id, { model, data, steps, bytes, measured }] of Object.entries(index)) {
    for (const { name, value, floor, se, n, samples, steps: walk, most, least } of measured) {
      if (most === undefined && least === undefined) continue;
      const limit = most === 'real' ? floor : most;
      const holds = value !== null && (limit === undefined || limit === null || value <= limit) && (least === undefined || value >= least);
      const target = [least === undefined ? '' : `≥ ${least}`, most === undefined ? '' : `≤ ${most === 'real' ? 'real data' : most}`].filter(Boolean).join(', ');
      const how = [`n = ${n.toLocaleString('en')}`, samples ? `${samples.toLocaleString('en')} samples` : '', walk ? `${walk} steps` : ''].filter(Boolean).join(', ');
      lines.push(`| \`${id}\` | \`${model}\`, ${data}, ${steps.toLocaleString('en')} steps, ${Math.round(bytes / 1000).toLocaleString('en')} kB | \`${name}\`, ${how} | ${digits(value)}${se === null ? '' : ` ± ${digits(se)}`} | ${digits(floor)} | ${target}${holds ? '' : ', **missed**'} |`);
    }
  }
  return lines.join('\n');
}

/** @param {string[]} args */
async function main(args) {
  if (args.includes('--table')) return console.log(table(JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'))));
  const all = recipes(), again = args.includes('--measure'), ids = args.filter((id) => id !== '--measure');
  const unknown = ids.find((id) => !all.some((recipe) => recipe.id === id));
  if (unknown !== undefined) throw new GenplayError('bad-argument', `there is no recipe '${unknown}'; accepted: ${all.map(({ id }) => id).join(', ')}`);
  const lab = await createLab();
  for (const recipe of all.filter(({ id }) => !ids.length || ids.includes(id))) {
    if (recipe.data === 'mnist' && !lab.datasets.some(({ id }) => id === 'mnist')) addMnist(lab);
    const start = performance.now();
    /** @type {Tell} */
    const tell = (step, losses) => console.log(`${recipe.id}: step ${step} of ${recipe.steps}, ${((performance.now() - start) / 1000).toFixed(0)} s, loss ${losses.map((loss) => loss.toPrecision(5)).join(', ')}`);
    const bytes = again ? new Uint8Array(readFileSync(new URL(`${recipe.id}.safetensors`, folder))) : await (existsSync(TRAINER) ? bakeNatively : bake)(lab, recipe, tell);
    const { measured, checked } = measuresOf(lab, recipe, bytes);
    keep(recipe, bytes, { measured, checked });
    console.log(`${recipe.id}: ${bytes.length} bytes, ${measured.map(({ name, value, floor }) => `${name} ${value?.toFixed(4)}${floor === null ? '' : ` (real data ${floor.toFixed(4)})`}`).join(', ')}`);
  }
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`pretrain: ${error.message}`);
    process.exitCode = 1;
  });
}
