#!/usr/bin/env node
// cli.mjs -- Genplay on the command line: the API in a terminal, a script or an autograder.
//
// Results go to standard output: plain lines, or one JSON document with --json.  A progress bar goes to standard error when that is a
// terminal; in a pipe training prints a line for each tenth.  Any failure is one line on standard error and exit status 1.

import { existsSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createLab, forKind, GenplayError } from './genplay.mjs';
import { addIdxFolder, addMnist, idxPaths } from './idx-files.mjs';
import { describeIdx, parseTable, readPictures } from './pictures.mjs';
import { boundsOf, encodePng, gridPicture, scatterPicture } from './png.mjs';

/** The weights that read digits, which some measures of pictures need. */
const JUDGE = fileURLToPath(new URL('../pretrained/judge.safetensors', import.meta.url));

/** @typedef {import('./genplay.mjs').Lab} Lab */
/** @typedef {import('./genplay.mjs').Run} Run */
/** @typedef {import('./genplay.mjs').Value} Value */
/** @typedef {import('./genplay.mjs').Tensor} Tensor */
/** @typedef {{ type: 'string' | 'boolean', multiple?: boolean, short?: string, what: string, value?: string }} Flag */
/** @typedef {Record<string, any>} Values */

// --- Flags -------------------------------------------------------------------------------------------------------------

/** @type {Record<string, Flag>} */
const FLAGS = {
  model: { type: 'string', value: 'ID', what: 'the model (see: genplay models)' },
  data: { type: 'string', value: 'ID|FILE|FOLDER', what: 'a data set (see: genplay datasets), mnist, a sheet of pictures such as faces-32x32.png, or a folder of PNG or IDX files' },
  attributes: { type: 'string', value: 'FILE', what: 'what is known of each picture of that file or folder: a CSV with a line of names' },
  weights: { type: 'string', value: 'FILE', what: 'a run that was saved as .safetensors' },
  steps: { type: 'string', value: 'N', what: 'optimizer steps (1000)' },
  seed: { type: 'string', value: 'N', what: 'an unsigned 32-bit integer' },
  set: { type: 'string', multiple: true, value: 'KEY=VALUE', what: 'a parameter; may be repeated' },
  n: { type: 'string', value: 'N', what: 'how many' },
  measure: { type: 'string', multiple: true, value: 'NAME', what: 'only this measure; may be repeated' },
  split: { type: 'string', value: 'train|test', what: 'which rows (train)' },
  out: { type: 'string', multiple: true, value: 'FILE', what: '' },
  build: { type: 'string', value: 'simd|relaxed|threads', what: 'relaxed: faster, but repeats on this machine only; threads: on several cores, same results' },
  threads: { type: 'string', value: 'N', what: 'how many (1, or with --build threads as many as there are cores)' },
  memory: { type: 'string', value: 'MB', what: 'the most memory that may be used (2048)' },
  markdown: { type: 'boolean', what: 'a table in Markdown' },
  json: { type: 'boolean', what: 'one JSON document on standard output' },
  help: { type: 'boolean', short: 'h', what: 'this text' },
};

/**
 * @typedef {object} Command
 * @property {string} what one line
 * @property {string[]} flags
 * @property {string[]} [files] what --out takes
 * @property {string} [note]
 * @property {(lab: Lab, values: Values) => unknown} run returns what --json prints
 */

/** @type {Record<string, Command>} */
const COMMANDS = {
  models: { what: 'list the models', flags: ['markdown'], run: listModels },
  datasets: { what: 'list the data sets', flags: ['data', 'attributes'], run: listDatasets },
  train: {
    what: 'train a model', flags: ['model', 'data', 'attributes', 'weights', 'steps', 'seed', 'set', 'out'], files: ['.safetensors', '.png', '.npy', '.json', '.csv'], run: train,
    note: '--weights goes on with a saved run.  --out: weights (.safetensors), samples (.png, .npy) or the losses (.json, .csv); may be repeated.',
  },
  sample: {
    what: 'draw examples from a trained model', flags: ['weights', 'data', 'attributes', 'n', 'seed', 'set', 'out'], files: ['.png', '.npy', '.json', '.csv'], run: sample,
    note: '--set takes the options of sample: temperature, label, steps, sampler ...  --data says where the data are that it learned from, if they are your own.',
  },
  draw: {
    what: 'draw examples from a data set', flags: ['data', 'attributes', 'n', 'seed', 'split', 'out'], files: ['.png', '.npy', '.json', '.csv'], run: draw,
  },
  measure: {
    what: 'measure how good a trained model is', flags: ['weights', 'data', 'attributes', 'measure', 'n', 'seed', 'set', 'out'], files: ['.json', '.csv'], run: measure,
    note: 'Each value stands beside its floor: what fresh real data score.  --set takes samples (of importance) and steps (of the sampler).',
  },
  bench: { what: 'how fast this machine trains', flags: ['model', 'data'], run: bench },
};

const COMMON = ['build', 'threads', 'memory', 'json', 'help'];

function overview() {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return ['genplay: deep generative models that train anywhere', '', 'usage: genplay COMMAND [--flag value ...]', '',
    ...Object.entries(COMMANDS).map(([name, { what }]) => `  ${name.padEnd(width)}  ${what}`), '', 'genplay COMMAND --help tells the flags.'].join('\n');
}

/** @param {string} name */
function helpOf(name) {
  const { what, flags, note, files } = COMMANDS[name];
  const rows = [...flags, ...COMMON].map((flag) => {
    const { value, what: meaning } = FLAGS[flag];
    return [`--${flag}${value ? ` ${value}` : ''}`, flag === 'out' ? `a file to write: ${files?.join(' ')}` : meaning];
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return [`genplay ${name}: ${what}`, '', ...rows.map(([flag, meaning]) => `  ${flag.padEnd(width)}  ${meaning}`), ...(note ? ['', note] : [])].join('\n');
}

/** @param {string} message */
const refuse = (message) => new GenplayError('bad-argument', message);

/**
 * @param {Values} values
 * @param {string} flag
 * @param {number} [otherwise]
 * @returns {number | undefined}
 */
function numberOf(values, flag, otherwise) {
  const text = values[flag];
  if (text === undefined) return otherwise;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw refuse(`--${flag} was '${text}'; accepted: a number`);
  return Number(text);
}

/**
 * @param {Values} values
 * @param {string} flag
 * @returns {string}
 */
function needed(values, flag) {
  if (values[flag] === undefined) throw refuse(`--${flag} is missing: ${FLAGS[flag].what}`);
  return values[flag];
}

/**
 * KEY=VALUE texts as an object; what looks like a number, true or false is one.
 * @param {string[]} [texts]
 * @returns {Record<string, Value>}
 */
function settings(texts = []) {
  return Object.fromEntries(texts.map((text) => {
    const at = text.indexOf('=');
    if (at < 1) throw refuse(`--set was '${text}'; accepted: KEY=VALUE`);
    const value = text.slice(at + 1);
    if (value === 'true' || value === 'false') return [text.slice(0, at), value === 'true'];
    return [text.slice(0, at), value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
  }));
}

// --- Data and runs -----------------------------------------------------------------------------------------------------

/**
 * Registers what --data names, where the lab does not have it already.
 * @param {Lab} lab
 * @param {Values} values
 * @returns {Promise<string>} the data set's id
 */
async function findData(lab, values) {
  const name = needed(values, 'data'), known = lab.datasets.some(({ id }) => id === name);
  if (values.attributes !== undefined && (known || name === 'mnist')) throw refuse(`--attributes goes with pictures of your own, and --data was '${name}'`);
  if (known) return name;
  if (name === 'mnist') return addMnist(lab).id;
  if (!/[/\\.]/.test(name)) throw refuse(`--data was '${name}'; accepted: one of ${lab.datasets.map(({ id }) => id).join(', ')}, mnist, or a file or folder of pictures such as ./${name}`);
  const plain = basename(name, '.png').replace(/[^\w.-]/g, '_') || 'own', pngs = pngFiles(name);
  const id = lab.datasets.some((one) => one.id === plain) ? `own-${plain}` : plain;
  const table = values.attributes === undefined ? null : parseTable(values.attributes, new TextDecoder().decode(readFile(values.attributes)));
  if (pngs.length) return lab.addIdx(id, await readPictures(pngs.map((file) => ({ name: file, bytes: readFile(file) })), table)).id;
  return addIdxFolder(lab, id, name, table ? (files) => describeIdx(values.attributes, files, table) : undefined).id;
}

/**
 * The PNG file of that name, or those of that folder if it has no IDX files.
 * @param {string} name
 * @returns {string[]}
 */
function pngFiles(name) {
  if (/\.png$/i.test(name)) return [name];
  if (!existsSync(name) || !statSync(name).isDirectory() || idxPaths(name)) return [];
  return readdirSync(name).filter((file) => /\.png$/i.test(file)).map((file) => join(name, file));
}

/**
 * The run that --weights holds.
 * @param {Lab} lab
 * @param {Values} values
 */
async function loadRun(lab, values) {
  const bytes = readFile(needed(values, 'weights'));
  if (values.data !== undefined) await findData(lab, values);
  else if (dataOf(bytes) === 'mnist') addMnist(lab);
  return lab.load(bytes);
}

/**
 * Which data set a saved run learned from, as far as its header tells; what is wrong with a file, lab.load says.
 * @param {Uint8Array} bytes
 */
function dataOf(bytes) {
  try {
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
    return header.__metadata__.data;
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function readFile(file) {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new GenplayError('bad-file', `${file} cannot be read: ${/** @type {NodeJS.ErrnoException} */ (error).code}`);
  }
}

// --- Files ---------------------------------------------------------------------------------------------------------------

/**
 * Refuses names that the command cannot write, before any work is done.
 * @param {Values} values
 * @param {string[]} [endings]
 */
function checkFiles(values, endings = []) {
  for (const file of values.out ?? []) {
    if (!endings.includes(extname(file))) throw refuse(`--out was '${file}'; accepted: names that end in ${endings.join(' ')}`);
    if (!existsSync(dirname(file))) throw refuse(`--out was '${file}', but there is no folder ${dirname(file)}`);
  }
}

/**
 * @param {string} file
 * @param {string | Uint8Array} content
 */
function write(file, content) {
  try {
    writeFileSync(file, content);
  } catch (error) {
    throw new GenplayError('bad-file', `${file} cannot be written: ${/** @type {NodeJS.ErrnoException} */ (error).code}`);
  }
}

/**
 * A table with a line of headings.
 * @param {string[]} names
 * @param {Iterable<unknown>[]} rows
 */
const csv = (names, rows) => `${[names, ...rows].map((row) => [...row].map((cell) => cell ?? '').join()).join('\n')}\n`;

/**
 * NumPy's format, version 1.0.
 * @param {Tensor} tensor
 */
function npy({ data, shape }) {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00\0\0${padded}`, 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/**
 * Examples as a file of the kind that its name asks for.
 * @param {Lab} lab
 * @param {string} file
 * @param {Tensor & { labels: Int32Array | null }} examples
 * @param {{ role: string, behind?: Tensor }} [look] role: the palette's name for what they are; behind: real points to show them over
 */
function writeExamples(lab, file, examples, { role, behind } = { role: 'SAMPLE' }) {
  const { data, shape, labels } = examples;
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  const points = shape.length === 2;
  switch (extname(file)) {
    case '.npy': return write(file, npy(examples));
    case '.json': return write(file, JSON.stringify({ shape, data: Array.from(data), labels: labels && Array.from(labels) }));
    case '.csv': {
      const names = points ? ['x', 'y'] : Array.from({ length: width }, (_, i) => `p${i}`);
      const rows = Array.from({ length: shape[0] }, (_, i) => [...data.subarray(i * width, (i + 1) * width), ...(labels ? [labels[i]] : [])]);
      return write(file, csv(labels ? [...names, 'label'] : names, rows));
    }
    default: return write(file, encodePng(points ? scatter(lab, examples, role, behind) : gridPicture(examples)));
  }
}

/**
 * @param {Lab} lab
 * @param {Tensor} points
 * @param {string} role
 * @param {Tensor} [behind]
 */
function scatter(lab, points, role, behind) {
  const colours = lab.palette.light;
  const layers = [{ xy: points.data, colour: colours[role] }];
  if (behind) layers.unshift({ xy: behind.data, colour: colours.DATA });
  return scatterPicture(layers, { bounds: boundsOf([(behind ?? points).data]) });
}

/**
 * @param {Lab} lab
 * @param {Run} run
 * @param {string} file
 * @param {Tensor & { labels: Int32Array | null }} examples
 */
function writeSamples(lab, run, file, examples) {
  const behind = examples.shape.length === 2 ? lab.draw(run.data, 2000, { seed: run.seed, split: 'test' }) : undefined;
  writeExamples(lab, file, examples, { role: 'SAMPLE', behind });
}

// --- Progress ------------------------------------------------------------------------------------------------------------

/** @param {number} value */
const short = (value) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4));

/** @param {Record<string, number>} losses */
const lossText = (losses) => Object.entries(losses).map(([key, value]) => `${key} ${short(value)}`).join('  ');

/** @param {number} seconds */
const clock = (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`);

/**
 * Trains `steps` more steps in pieces, which changes nothing in the result, and tells how it goes.
 * @param {Run} run
 * @param {number} steps
 * @param {boolean} json
 */
function trainWithProgress(run, steps, json) {
  const bar = Boolean(process.stderr.isTTY) && (json || Boolean(process.stdout.isTTY));
  const plain = !bar && !json;
  const last = run.step + steps;
  const start = performance.now();
  let piece = 1;
  let tenth = 1;
  for (let done = 0; done < steps;) {
    const stop = plain ? Math.ceil((steps * tenth) / 10) : steps;
    const { step, losses, ms } = run.train(Math.min(piece, stop - done));
    done = steps - (last - step);
    const seconds = (performance.now() - start) / 1000;
    if (bar) process.stderr.write(`\r${barText(done, steps, losses, seconds)}\x1b[K`);
    if (plain && done === stop) console.log(`step ${step}  ${lossText(losses)}  ${clock(seconds)}`);
    while (Math.ceil((steps * tenth) / 10) <= done) tenth++;
    piece = Math.max(1, Math.round(piece * Math.min(4, 100 / Math.max(ms, 1))));   // about ten pieces a second
  }
  if (bar) process.stderr.write('\n');
  return (performance.now() - start) / 1000;
}

/**
 * @param {number} done
 * @param {number} steps
 * @param {Record<string, number>} losses
 * @param {number} seconds
 */
function barText(done, steps, losses, seconds) {
  const width = 24;
  const full = Math.round((width * done) / steps);
  const rate = done / seconds;
  const text = `${'█'.repeat(full)}${'░'.repeat(width - full)} ${done}/${steps}  ${lossText(losses)}  ${short(rate)} steps/s  ${clock((steps - done) / rate)} left`;
  return text.slice(0, (process.stderr.columns || 80) - 1);
}

// --- Commands ------------------------------------------------------------------------------------------------------------

/**
 * @param {Lab} lab
 * @param {Values} values
 */
function listModels(lab, { json, markdown }) {
  if (json) return lab.models;
  if (markdown) return console.log(modelTable(lab));
  for (const { id, title, family, paper, data, params } of lab.models) {
    console.log(`${id}: ${title} (${family}; ${paper}), on ${data.join(' and ')}`);
    for (const param of params) {
      const of = param.type === 'choice' ? param.choices.join(' | ') : param.type === 'boolean' ? 'true | false' : `${param.min} to ${param.max}`;
      const value = data.map((kind) => forKind(param.default, kind));
      console.log(`  ${param.key.padEnd(12)} ${[...new Set(value)].join(' / ').padEnd(19)} ${of}`);
    }
  }
}

/**
 * The README's table of models.
 * @param {Lab} lab
 */
function modelTable(lab) {
  const lines = lab.models.map(({ id, title, family, summary, paper, data }) => {
    const link = paper.startsWith('arXiv:') ? `[${paper}](https://arxiv.org/abs/${paper.slice(6)})` : paper;
    return `| \`${id}\` | ${title} | ${family} | ${data.join(', ')} | ${summary} | ${link} |`;
  });
  return ['| id | model | family | learns | what it is | paper |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function listDatasets(lab, values) {
  if (values.data !== undefined) await findData(lab, values);
  if (values.json) return lab.datasets;
  for (const { id, title, kind, shape, classes, attributes, entropy, size } of lab.datasets) {
    const facts = [`${kind} [${shape}]`, size === null ? 'endless' : `${size} rows`, classes ? `${classes} classes` : '', attributes.length ? `attributes ${attributes.join(' ')}` : '', entropy === null ? '' : `entropy ${entropy.toFixed(4)} nats`];
    console.log(`${id.padEnd(13)} ${title.padEnd(20)} ${facts.filter(Boolean).join(', ')}`);
  }
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function train(lab, values) {
  const steps = numberOf(values, 'steps', 1000);
  const seed = numberOf(values, 'seed');
  const start = values.weights === undefined ? startRun : resumeRun;
  const run = await start(lab, values, seed);
  if (!Number.isInteger(steps) || Number(steps) < 1) throw refuse(`--steps was ${steps}; accepted: an integer of at least 1`);
  const seconds = trainWithProgress(run, Number(steps), values.json);
  for (const file of values.out ?? []) writeTrained(lab, run, file);
  const { step, epoch, params } = run;
  const { step: at, losses } = run.history;
  const last = Object.fromEntries(Object.entries(losses).map(([key, column]) => [key, column[at.length - 1]]));
  if (values.json) return { model: run.model, data: run.data, seed: run.seed, params, step, epoch, losses: last, seconds, stepsPerSecond: Number(steps) / seconds, out: values.out ?? [] };
  console.log(`${run.model} on ${run.data}, seed ${run.seed}: ${step} steps (${epoch.toFixed(2)} epochs) in ${clock(seconds)}, ${short(Number(steps) / seconds)} steps/s`);
  for (const file of values.out ?? []) console.log(`wrote ${file}`);
}

/**
 * @param {Lab} lab
 * @param {Values} values
 * @param {number} [seed]
 */
async function startRun(lab, values, seed) {
  const model = needed(values, 'model');
  const data = await findData(lab, values);
  return lab.create({ model, data, seed, params: settings(values.set) });
}

/**
 * @param {Lab} lab
 * @param {Values} values
 * @param {number} [seed]
 */
async function resumeRun(lab, values, seed) {
  if (values.model !== undefined || seed !== undefined) throw refuse('--weights holds a model and a seed already: leave --model and --seed out');
  const run = await loadRun(lab, values);
  for (const [key, value] of Object.entries(settings(values.set))) run.set(key, value);
  return run;
}

/**
 * @param {Lab} lab
 * @param {Run} run
 * @param {string} file
 */
function writeTrained(lab, run, file) {
  const { step, losses } = run.history;
  switch (extname(file)) {
    case '.safetensors': return write(file, run.save());
    case '.json': return write(file, JSON.stringify({ step: Array.from(step), losses: Object.fromEntries(Object.entries(losses).map(([key, column]) => [key, Array.from(column)])) }));
    case '.csv': return write(file, csv(['step', ...Object.keys(losses)], Array.from(step, (at, i) => [at, ...Object.values(losses).map((column) => column[i])])));
    default: return writeSamples(lab, run, file, run.sample(lab.datasets.find(({ id }) => id === run.data)?.kind === 'image' ? 64 : 2000));
  }
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function sample(lab, values) {
  const run = await loadRun(lab, values);
  const n = /** @type {number} */ (numberOf(values, 'n', 64));
  const examples = run.sample(n, /** @type {any} */ ({ seed: numberOf(values, 'seed'), ...settings(values.set) }));
  for (const file of values.out ?? []) writeSamples(lab, run, file, examples);
  return tellExamples(examples, values, `${run.model} on ${run.data}, step ${run.step}`);
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function draw(lab, values) {
  const id = await findData(lab, values);
  const n = /** @type {number} */ (numberOf(values, 'n', 64));
  const examples = lab.draw(id, n, { seed: numberOf(values, 'seed'), split: values.split });
  for (const file of values.out ?? []) writeExamples(lab, file, examples, { role: 'DATA' });
  return tellExamples(examples, values, id);
}

/**
 * What was drawn: in the files, as JSON, or as lines of numbers where there is no file.
 * @param {Tensor & { labels: Int32Array | null }} examples
 * @param {Values} values
 * @param {string} title
 */
function tellExamples({ data, shape, labels }, values, title) {
  if (values.json) return values.out ? { shape, out: values.out } : { shape, data: Array.from(data), labels: labels && Array.from(labels) };
  if (values.out) return console.log(`${title}: ${shape[0]} examples in ${values.out.join(', ')}`);
  const width = data.length / shape[0];
  for (let i = 0; i < shape[0]; i++) console.log(data.subarray(i * width, (i + 1) * width).join(' '));
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function measure(lab, values) {
  const run = await loadRun(lab, values);
  if (existsSync(JUDGE)) lab.loadJudge(readFile(JUDGE));
  const measures = run.measure(values.measure, { n: numberOf(values, 'n'), seed: numberOf(values, 'seed'), ...settings(values.set) });
  for (const file of values.out ?? []) {
    const names = /** @type {const} */ (['name', 'value', 'unit', 'better', 'floor', 'se', 'n']);
    write(file, extname(file) === '.json' ? JSON.stringify(measures) : csv([...names], measures.map((one) => names.map((name) => one[name]))));
  }
  if (values.json) return measures;
  const cell = (/** @type {number | null} */ value) => (value === null ? '-' : short(value));
  for (const { name, value, unit, better, floor, se, n, samples } of measures) {
    const way = better === 'floor' ? 'nearer to real data' : better;
    console.log(`${name.padEnd(16)} ${cell(value).padStart(9)} ± ${cell(se)} ${unit}  (${way} is better; real data ${cell(floor)}; n ${n}${samples ? `, samples ${samples}` : ''})`);
  }
}

/**
 * @param {Lab} lab
 * @param {Values} values
 */
async function bench(lab, values) {
  const rates = [];
  for (const model of lab.models.filter(({ id }) => values.model === undefined || id === values.model)) {
    for (const data of values.data === undefined ? ['moons', 'digits'] : [await findData(lab, values)]) {
      const kind = /** @type {import('./genplay.mjs').Dataset} */ (lab.datasets.find(({ id }) => id === data)).kind;
      if (!model.data.includes(kind)) continue;
      const run = lab.create({ model: model.id, data });
      const rate = stepRate(run);
      rates.push({ model: model.id, data, batch: run.params.batch, stepsPerSecond: rate });
      if (!values.json) console.log(`${model.id.padEnd(10)} ${data.padEnd(13)} batch ${String(run.params.batch).padStart(4)}  ${short(rate).padStart(7)} steps/s`);
      run.free();
    }
  }
  if (!rates.length) throw refuse(`--model was '${values.model}'; accepted: one of ${lab.models.map(({ id }) => id).join(', ')}`);
  return { build: lab.build, threads: lab.threads, version: lab.version, rates };
}

/**
 * Steps per second: the fastest of pieces that together last about a second, since whatever disturbs only slows down.
 * @param {Run} run
 */
function stepRate(run) {
  let best = 0;
  let steps = 1;
  for (let spent = 0; spent < 1000;) {
    const { ms } = run.train(steps);
    spent += ms;
    best = Math.max(best, (1000 * steps) / ms);
    steps = Math.max(1, Math.round(best / 10));
  }
  return best;
}

// --- Start -----------------------------------------------------------------------------------------------------------------

/**
 * @param {string} name
 * @param {string[]} args
 * @returns {Values}
 */
function parse(name, args) {
  const flags = [...COMMANDS[name].flags, ...COMMON];
  const options = Object.fromEntries(flags.map((flag) => {
    const { type, multiple = false, short: letter } = FLAGS[flag];
    return [flag, letter ? { type, multiple, short: letter } : { type, multiple }];
  }));
  try {
    return parseArgs({ args, options, allowPositionals: false }).values;
  } catch (error) {
    const { code, message } = /** @type {Error & { code: string }} */ (error);
    if (code === 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE') throw refuse(message.replace(/\s*\n\s*/g, ' '));
    throw refuse(`${message.split(/\.\s/)[0]}; accepted: ${flags.map((flag) => `--${flag}`).join(' ')}`);
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<void>}
 */
export async function main([name, ...args]) {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return console.log(overview());
  if (!Object.hasOwn(COMMANDS, name)) throw refuse(`'${name}' is no command: there are ${Object.keys(COMMANDS).join(', ')}`);
  const values = parse(name, args);
  if (values.help) return console.log(helpOf(name));
  checkFiles(values, COMMANDS[name].files);
  const lab = await createLab({ build: values.build, threads: numberOf(values, 'threads'), memory: numberOf(values, 'memory') });
  const result = await COMMANDS[name].run(lab, values);
  if (values.json) console.log(JSON.stringify(result));
}

// Started as a program: by its own name, or through the link that npm makes of it.
if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 1));   // the reader of the pipe had enough
  main(process.argv.slice(2)).catch((error) => {
    console.error(`genplay: ${error.file ? `${error.file} cannot be used: ` : ''}${error.message}`);
    process.exitCode = 1;
  });
}
