// figures.mjs -- repeats every number and picture of the README from its seed: in Node, on the simd build, on one thread.
//
//   node tests/figures.mjs               all of them (about forty minutes), into web/figures/: figures.json and the pictures
//   node tests/figures.mjs --only ID     one claim or picture (may be repeated); the others stay as they were
//   node tests/figures.mjs --table       the README's table, from figures.json
//   node tests/figures.mjs --quick       the first steps of every claim, against what figures.json says of them, to the last bit
//   node tests/figures.mjs --quick --record      writes down what they are now: after a change that means to change them
//
// A claim is a run with default knobs, from a seed, for so many steps that one thread needs about the time named (`minutes`); then it is measured on fresh test data.
// Every number stands beside its floor -- what fresh real data score in the model's place -- and its target.  Since a run is a function of its seed, the same
// version gives the same numbers on every machine; only the seconds differ.
//
// Protocols.  gap: test NLL minus the set's entropy, 10,000 fresh points, nats.  MMD²: unbiased, kernel 1/(1+|x-y|²), 1000 samples against 1000 fresh points; its floor is the 99th
// percentile of 400 such numbers of fresh points against fresh points.  Modes: of 2,500 samples.  ELBO: dynamic binarisation, one posterior sample, all 10,000 test
// images.  sure, rarest: of 1000 samples by the model's usual sampler, read by pretrained/judge.safetensors.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, GenplayError } from '../wasm/genplay.mjs';
import { addMnist, mnistFolder } from '../wasm/idx-files.mjs';
import { boundsOf, encodePng, gridPicture, scatterPicture } from '../wasm/png.mjs';

const FOLDER = new URL('../web/figures/', import.meta.url);
const FACTS = new URL('figures.json', FOLDER);
const JUDGE = new URL('../pretrained/judge.safetensors', import.meta.url);
const SEEDS = [1, 2, 3];

// --- Claims --------------------------------------------------------------------------------------------------------------

const within = (least, most) => ({ text: `${percent(least)} to ${percent(most)}`, holds: (x) => x >= least && x <= most });
const atLeast = (limit, show = String) => ({ text: `≥ ${show(limit)}`, holds: (x) => x >= limit });
const atMost = (limit, show = String) => ({ text: `≤ ${show(limit)}`, holds: (x) => x <= limit });
const percent = (x) => `${(100 * x).toFixed(1).replace(/\.0$/, '')} %`;
const nats = (x) => x.toFixed(3);
const small = (x) => x.toExponential(1).replace(/^-/, '−').replace(/e([+-]\d+)/, (_, power) => ` × 10${[...String(Number(power))].map((c) => SUPERSCRIPT[c]).join('')}`);
const SUPERSCRIPT = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

/** How a measure is shown. */
const SHOW = { gap: nats, elbo: (x) => x.toFixed(1).replace('-', '−'), mmd: small, modes: String, high_quality: percent, within_1: percent, sure: percent, rarest: percent };
const TITLE = {
  gap: 'test NLL − entropy, nats', elbo: 'ELBO on the test set, nats', mmd: 'MMD²', modes: 'modes hit', high_quality: 'within 3 σ of a mode',
  within_1: 'within 1 σ', sure: 'the judge is sure (p > .9)', rarest: 'rarest class',
};

/** Test NLL above the entropy, the least that any density can have. */
function gap(run) {
  const [{ value, floor, se, n }] = run.measure('nll', { n: 10000, seed: 1 });
  return { gap: { value: value - floor, floor: 0, se, n } };
}

const nulls = new Map();

/** The 99th percentile of MMD² between fresh real points and fresh real points. */
function nullOf(lab, data, n) {
  if (nulls.has(data)) return nulls.get(data);
  const rounds = 400;
  const points = (k) => lab.draw(data, n, { seed: 10000 + k, split: 'test' });
  const scores = Array.from({ length: rounds }, (_, k) => lab.measures.mmd2(points(2 * k), points(2 * k + 1))).sort((a, b) => a - b);
  nulls.set(data, scores[Math.ceil(0.99 * rounds) - 1]);
  return nulls.get(data);
}

function mmd(run, lab) {
  const n = 1000;
  const value = lab.measures.mmd2(run.sample(n, { seed: 1 }), lab.draw(run.data, n, { seed: 1, split: 'test' }));
  return { mmd: { value, floor: nullOf(lab, run.data, n), se: null, n } };
}

const measured = (...names) => (run, lab, options = {}) => Object.fromEntries(run.measure(names, { seed: 1, ...options }).map(({ name, value, floor, se, n }) => [name, { value, floor, se, n }]));

/** The ELBO, larger is better. */
function elbo(run) {
  const [{ value, se, n }] = run.measure('elbo', { n: 10000, seed: 1 });
  return { elbo: { value: -value, floor: null, se, n } };
}

/** A number against a multiple of its own floor. */
const belowFloor = (times, text) => ({ text, holds: (x, floor) => x < times * floor });

export const CLAIMS = [
  ...[['moons', 0.08], ['pinwheel', 0.12], ['ring8', 0.15]].map(([data, limit]) => (
    { id: `realnvp-${data}`, model: 'realnvp', data, seeds: [1], steps: 36000, minutes: 1, measure: gap, targets: { gap: atMost(limit) } })),
  ...['moons', 'pinwheel', 'ring8'].map((data) => (
    { id: `ddpm-${data}`, model: 'ddpm', data, seeds: [1], steps: 36000, minutes: 1, measure: mmd, targets: { mmd: belowFloor(1, '< real data') } })),
  {
    id: 'gan-ring8', model: 'gan', data: 'ring8', seeds: SEEDS, steps: 18000, minutes: 1,
    measure: (run, lab) => ({ ...measured('modes', 'high_quality', 'within_1')(run, lab), ...mmd(run, lab) }),
    targets: { modes: atLeast(8), high_quality: atLeast(0.9, percent), within_1: within(0.34, 0.44), mmd: belowFloor(3, '< 3 × real data') },
  },
  { id: 'gan-grid25', model: 'gan', data: 'grid25', seeds: SEEDS, steps: 18000, minutes: 1, measure: measured('modes'), targets: { modes: atLeast(20) } },
  { id: 'vae-mnist', model: 'vae', data: 'mnist', seeds: [1], steps: 6000, minutes: 1, measure: elbo, targets: { elbo: atLeast(-106, SHOW.elbo) } },
  {
    id: 'ddpm-digits', model: 'ddpm', data: 'mnist', otherwise: 'digits', seeds: [1], steps: 10200, minutes: 5,
    measure: measured('sure', 'rarest'), targets: { sure: atLeast(0.7, percent), rarest: atLeast(0.04, percent) },
    picture: { file: 'ddpm-digits.png', draw: (run) => gridPicture(run.sample(100, { seed: 1 }), { cols: 20, scale: 2 }) },
  },
];

/** Pictures that have no number. */
export const PICTURES = [{
  id: 'models', file: 'models.png', data: 'pinwheel', seed: 1, steps: 8000, draw: drawModels,
  runs: [{ model: 'vae', params: { likelihood: 'gaussian', sigma: 0.1 } }, { model: 'gan' }, { model: 'realnvp' }, { model: 'ddpm' }],
}];

// --- Carrying out --------------------------------------------------------------------------------------------------------

/** A lab with MNIST, where it is at hand, and the judge. */
export async function openLab() {
  const lab = await createLab({ build: 'simd' });
  if (mnistFolder()) addMnist(lab);
  if (existsSync(JUDGE)) lab.loadJudge(new Uint8Array(readFileSync(JUDGE)));
  return lab;
}

/** The data set that a claim is about, or null when it is not here. */
const dataOf = (lab, { data, otherwise }) => [data, otherwise].find((id) => lab.datasets.some((one) => one.id === id)) ?? null;

/** Seconds of processor time that a call took. */
function timed(body) {
  const before = process.cpuUsage();
  body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** One claim from one seed: its run, trained, and what it scored. */
function carryOut(lab, claim, seed) {
  const run = lab.create({ model: claim.model, data: dataOf(lab, claim), seed });
  const seconds = timed(() => { while (run.step < claim.steps) run.train(Math.min(500, claim.steps - run.step)); });
  return { run, seconds, scores: claim.measure(run, lab) };
}

function settle(lab, claim) {
  const data = dataOf(lab, claim);
  if (!data) throw new GenplayError('bad-argument', `${claim.id} needs '${claim.data}', which is not here: run \`make data\`, or let GENPLAY_DATA name a folder with its files`);
  const rows = [];
  for (const seed of claim.seeds) {
    const { run, seconds, scores } = carryOut(lab, claim, seed);
    for (const [name, score] of Object.entries(scores)) {
      const target = claim.targets[name];
      const row = { id: claim.id, model: claim.model, data, seed, steps: claim.steps, name, ...score, target: target.text, holds: target.holds(score.value, score.floor) };
      rows.push(row);
      console.log(`${claim.id} seed ${seed}: ${name} ${SHOW[name](row.value)}  floor ${row.floor === null ? '-' : SHOW[name](row.floor)}  target ${row.target}  ${row.holds ? 'holds' : 'MISSED'}  (${seconds.toFixed(0)} s)`);
    }
    if (claim.picture && seed === claim.seeds[0]) writePicture(claim.picture.file, claim.picture.draw(run));
    run.free();
    rows.forEach((row) => { row.seconds ??= Math.round(seconds); });
  }
  return rows;
}

function writePicture(file, picture) {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL(file, FOLDER), encodePng(picture));
  console.log(`wrote web/figures/${file}`);
}

/** The data, then samples of each model on the data, side by side. */
function drawModels(lab, { runs, data, seed, steps }) {
  const real = lab.draw(data, 3000, { seed, split: 'test' });
  const { DATA, SAMPLE } = lab.palette.light;
  const look = { size: 300, radius: 1.3, alpha: 0.55, bounds: boundsOf([real.data]) };
  const panels = [scatterPicture([{ xy: real.data, colour: DATA }], look)];
  for (const { model, params } of runs) {
    const run = lab.create({ model, data, seed, params });
    run.train(steps);
    panels.push(scatterPicture([{ xy: run.sample(3000, { seed }).data, colour: SAMPLE }], look));
    run.free();
  }
  return sideBySide(panels, 12);
}

/** Pictures of the same size and kind in a row, white between them. */
function sideBySide(pictures, space) {
  const { width, height, channels } = pictures[0];
  const total = pictures.length * (width + space) - space;
  const data = new Uint8Array(total * height * channels).fill(255);
  pictures.forEach((picture, i) => {
    for (let y = 0; y < height; y++) data.set(picture.data.subarray(y * width * channels, (y + 1) * width * channels), (y * total + i * (width + space)) * channels);
  });
  return { width: total, height, channels, data };
}

// --- What figures.json holds ---------------------------------------------------------------------------------------------

/** @returns {{ version: string, rows: any[], quick: Record<string, any> }} */
export const readFacts = () => (existsSync(FACTS) ? JSON.parse(readFileSync(FACTS, 'utf8')) : { version: '', rows: [], quick: {} });

function writeFacts(facts) {
  mkdirSync(FOLDER, { recursive: true });
  const order = (row) => CLAIMS.findIndex(({ id }) => id === row.id);
  facts.rows = facts.rows.filter((row) => order(row) >= 0).sort((a, b) => order(a) - order(b) || a.seed - b.seed);
  writeFileSync(FACTS, `${JSON.stringify(facts, null, 1)}\n`);
}

/** The README's table. */
export function table(facts = readFacts()) {
  const lines = ['| model | data | measure | value | real data | target | steps |', '|---|---|---|---|---|---|---|'];
  for (const claim of CLAIMS) {
    for (const name of Object.keys(claim.targets)) {
      const rows = facts.rows.filter((row) => row.id === claim.id && row.name === name);
      if (!rows.length) continue;
      const show = SHOW[name];
      const values = rows.map(({ value, se }) => show(value) + (rows.length === 1 && se ? ` ± ${show(se)}` : '')).join(', ');
      const { data, floor, steps } = rows[0];
      const target = rows[0].target + (rows.every(({ holds }) => holds) ? '' : ', **missed**');
      lines.push(`| \`${claim.model}\` | ${data} | ${TITLE[name]} | ${values} | ${floor === null ? '' : show(floor)} | ${target} | ${steps.toLocaleString('en')} |`);
    }
  }
  return lines.join('\n');
}

// --- The first steps, to the last bit ------------------------------------------------------------------------------------

const QUICK_STEPS = { points: 200, image: 8 };

/**
 * What the first steps of a claim from its first seed give: the mean losses, and a hash of 8 samples.
 * Null where the data are not at hand.
 */
export function firstSteps(lab, claim) {
  const set = lab.datasets.find(({ id }) => id === claim.data);
  if (!set) return null;
  const run = lab.create({ model: claim.model, data: set.id, seed: claim.seeds[0] });
  const steps = QUICK_STEPS[set.kind];
  const { losses } = run.train(steps);
  const { data } = run.sample(8, { seed: 1 });
  run.free();
  return { steps, losses, samples: createHash('sha256').update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)).digest('hex') };
}

function quick(lab, record) {
  const facts = readFacts();
  let differ = 0;
  for (const claim of CLAIMS) {
    const now = firstSteps(lab, claim);
    if (!now) { console.log(`${claim.id}: skipped, '${claim.data}' is not here`); continue; }
    const same = JSON.stringify(now) === JSON.stringify(facts.quick[claim.id]);
    console.log(`${claim.id}: ${record ? 'recorded' : same ? 'repeats' : 'DIFFERS'}`);
    differ += Number(!same);
    if (record) facts.quick[claim.id] = now;
  }
  if (record) writeFacts(facts);
  else if (differ) process.exitCode = 1;
}

// --- Start ---------------------------------------------------------------------------------------------------------------

async function main(args) {
  const { values } = parseArgs({ args, options: { only: { type: 'string', multiple: true }, table: { type: 'boolean' }, quick: { type: 'boolean' }, record: { type: 'boolean' } } });
  if (values.table) return console.log(table());
  const known = [...CLAIMS, ...PICTURES].map(({ id }) => id);
  const wrong = values.only?.find((id) => !known.includes(id));
  if (wrong !== undefined) throw new GenplayError('bad-argument', `--only was '${wrong}'; accepted: ${known.join(', ')}`);
  const lab = await openLab();
  if (values.quick) return quick(lab, values.record);
  const wanted = ({ id }) => !values.only || values.only.includes(id);
  for (const picture of PICTURES.filter(wanted)) writePicture(picture.file, picture.draw(lab, picture));
  for (const claim of CLAIMS.filter(wanted)) {
    const rows = settle(lab, claim);
    const facts = readFacts();
    writeFacts({ version: lab.version, rows: [...facts.rows.filter(({ id }) => id !== claim.id), ...rows], quick: facts.quick });
  }
  const missed = readFacts().rows.filter(({ holds }) => !holds);
  if (missed.length) throw new Error(`missed: ${missed.map(({ id, name, seed }) => `${id} ${name} (seed ${seed})`).join(', ')}`);
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`figures: ${error.message}`);
    process.exitCode = 1;
  });
}
