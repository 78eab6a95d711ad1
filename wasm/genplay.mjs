// genplay.mjs -- Genplay's API: deep generative models that train in a page, a worker or Node.
//
//     import { createLab } from './wasm/genplay.mjs';
//     const lab = await createLab();
//     const run = lab.create({ model: 'realnvp', data: 'moons', seed: 7, params: { couplings: 8 } });
//     run.train(500);                                        // 500 optimizer steps, synchronous
//     const { data, shape } = run.sample(1000, { seed: 1 });
//
// A Lab is one instance of the engine: its models and data sets, and the runs that share its memory.  A Run (run.mjs) is one model
// that learns one data set from one seed.
//
// Values.  Inputs are a Float32Array or { data, shape }; results are { data, shape }, row-major, slowest dimension first, copies that
// the caller owns.  Points are in the data's own units, pixels in [0, 1].  Densities are Float64Arrays in nats.  Seeds are unsigned
// 32-bit integers.
//
// Errors.  Every failure throws GenplayError with a `code` and a message that names the argument, what it was and what is accepted.
// A refused call changes nothing.
//
// Determinism.  Same version, same seed, same calls: the same bytes, on every machine and browser and any number of threads (build
// 'relaxed': on one machine and browser only).
//
// This module touches neither document nor self, and does nothing when it is imported.

import { readCatalogue } from './catalogue.mjs';
import { badArgument, floats, GenplayError, integer, integers, isShape, lines, number, oneOf, product, record, seedValue, string } from './check.mjs';
import { drawPicture } from './draw.mjs';
import { engineError, loadEngine, readOut, unloadEngine, withMemory } from './engine.mjs';
import { createMeasures } from './measures.mjs';
import { Run } from './run.mjs';

export { forKind } from './catalogue.mjs';
export { GenplayError } from './check.mjs';
export { buildsHere } from './engine.mjs';
export * from './run.mjs';

/** @typedef {import('./catalogue.mjs').Kind} Kind */
/** @typedef {import('./catalogue.mjs').Model} Model */
/** @typedef {import('./catalogue.mjs').Palette} Palette */
/** @typedef {import('./catalogue.mjs').View} View */
/** @typedef {import('./catalogue.mjs').Lesson} Lesson */
/** @typedef {import('./check.mjs').ErrorCode} ErrorCode */
/** @typedef {import('./measures.mjs').Measures} Measures */
/** @typedef {import('./run.mjs').Tensor} Tensor */
/** @typedef {import('./run.mjs').Input} Input */
/** @typedef {import('./run.mjs').Value} Value */
/** @typedef {import('./run.mjs').Dataset} Dataset */

/**
 * @typedef {object} LabOptions
 * @property {'auto' | 'simd' | 'relaxed' | 'threads'} [build] `auto` runs everywhere; `relaxed` is faster and repeats on one machine only; `threads`
 *   uses several cores with the same results, in Node and in workers of cross-origin-isolated pages
 * @property {number} [threads] up to 32; left out: as many as there are cores for `threads`, else 1.  More than 1 makes `auto` run `threads` where that is possible
 * @property {number} [memory] ceiling in MB for everything in the lab; 2048 if left out
 */

/**
 * @typedef {object} CreateOptions
 * @property {string} model id of a model
 * @property {string} data id of a data set
 * @property {number} [seed] unsigned 32-bit; 1 if left out
 * @property {Record<string, Value>} [params] over the model's defaults
 */

/**
 * @typedef {object} DrawnRows
 * @property {Float32Array} data
 * @property {number[]} shape
 * @property {Int32Array | null} labels
 * @property {Tensor | null} attributes
 */

/**
 * Integers 0, 1, ...
 * @typedef {readonly number[] | Int32Array | Uint8Array | Uint32Array | Int16Array | Uint16Array | Int8Array} Labels
 */

/**
 * Numbers known of each row, as many as there are names (up to 40), row by row, and those of the test rows where there are any.
 * @typedef {{ names: readonly string[], data: Float32Array, test?: Float32Array }} Attributes
 */

/**
 * @typedef {object} OwnData
 * @property {string} id a name that no data set has
 * @property {Kind} kind
 * @property {readonly number[]} [shape] of one example: [2] (if left out), or [height, width, channels]
 * @property {Input} data rows, one after the other
 * @property {Labels} [labels] one for each row
 * @property {number} [classes] how many there are; one more than the greatest label if left out
 * @property {Attributes} [attributes] what is known of each row besides its class
 * @property {{ data: Input, labels?: Labels }} [test] rows to test on; a tenth is held out if left out and there are 100 or more
 */

/**
 * The bytes of IDX files, gzip or plain, and what is known of each image besides its class.
 * @typedef {{ images: Uint8Array, labels?: Uint8Array, testImages?: Uint8Array, testLabels?: Uint8Array, attributes?: Attributes }} IdxFiles
 */

const MB = 2 ** 20;
const MEMORY_MAX = 4095;
const THREADS_MAX = 32;

/**
 * Opens a lab: a fresh instance of the engine.
 * @param {LabOptions} [options]
 * @returns {Promise<Lab>}
 */
export async function createLab(options) {
  const { build = 'auto', threads, memory = 2048 } = record('options', options, ['build', 'threads', 'memory']);
  const wanted = oneOf('options.build', build, /** @type {const} */ (['auto', 'simd', 'relaxed', 'threads']));
  const bytes = number('options.memory', memory, 1, MEMORY_MAX) * MB;
  const count = threads === undefined ? undefined : integer('options.threads', threads, 1, wanted === 'simd' || wanted === 'relaxed' ? 1 : THREADS_MAX);
  const engine = await loadEngine(wanted, count);
  try {
    return new Lab(engine, bytes);
  } catch (error) {
    unloadEngine(engine);
    throw error;
  }
}

/** One instance of the engine: models, data sets and runs.  Made by `createLab`. */
export class Lab {
  /** @type {import('./run.mjs').Core} */ #core;
  /** @type {import('./engine.mjs').Engine} */ #engine;
  /** @type {Measures} */ #measures;
  #context = { gl: /** @type {object | null} */ (null), handle: 0 };

  /**
   * Labs come from `createLab`.
   * @param {import('./engine.mjs').Engine} engine
   * @param {number} memory bytes
   */
  constructor(engine, memory) {
    const { module } = engine;
    const lab = module._gp_lab_new(memory) >>> 0;
    const out = lab && module._gp_out_new(lab) >>> 0;
    if (!out) throw engineError(module);
    this.#engine = engine;
    this.#core = { module, lab, out, known: null, get catalogue() { return this.known ??= catalogueOf(this.module, this.lab); }, gl: null };
    this.#measures = createMeasures(() => ({ lab: this.#alive(), module: this.#core.module }));
  }

  // --- What there is ---------------------------------------------------------------------------------------------------

  /** Which build runs. */
  get build() { this.#alive(); return this.#engine.build; }
  /** How many threads it runs on. */
  get threads() { this.#alive(); return this.#engine.threads; }
  /**
   * Settles when the part of the engine that training needs not is there too: who waits for it is spared a call that blocks until it is.
   * @returns {Promise<void>}
   */
  get whole() { this.#alive(); return this.#core.module.whole ?? Promise.resolve(); }
  /** The engine's version. */
  get version() { return this.#catalogue().version; }
  /** Every model, frozen. */
  get models() { return this.#catalogue().models; }
  /** Every lesson, frozen: exact numbers and their picture, with no model. */
  get lessons() { return this.#catalogue().lessons; }
  /** Every data set, those added too, frozen. */
  get datasets() { return this.#catalogue().datasets; }
  /** The colours that views use. */
  get palette() { return this.#catalogue().palette; }
  /** The measures on the caller's own arrays. */
  get measures() { this.#alive(); return this.#measures; }

  // --- Data ------------------------------------------------------------------------------------------------------------

  /**
   * Draws n examples: fresh ones of an endless set, a random choice of rows of a finite one.
   * @param {string} id
   * @param {number} n
   * @param {{ seed?: number, split?: 'train' | 'test' }} [options]
   * @returns {DrawnRows}
   */
  draw(id, n, options) {
    const lab = this.#alive();
    const { module, out } = this.#core;
    string('id', id, 'the id of a data set');
    integer('n', n);
    const { seed = 1, split = 'train' } = record('options', options, ['seed', 'split']);
    const key = seedValue('options.seed', seed);
    const part = oneOf('options.split', split, /** @type {const} */ (['train', 'test']));
    const good = withMemory(module, (put) => module._gp_lab_draw(lab, put.text(id), n, key, put.text(part), out));
    if (!good) throw this.#failure();
    /** @type {Record<string, import('./engine.mjs').NamedArray>} */
    const array = Object.fromEntries(readOut(module, out).arrays.map((one) => [one.name, one]));
    const { data, shape } = /** @type {Tensor} */ (array.data);
    const attributes = array.attributes ? /** @type {Tensor} */ ({ data: array.attributes.data, shape: array.attributes.shape }) : null;
    return { data, shape, labels: /** @type {Int32Array} */ (array.labels?.data) ?? null, attributes };
  }

  /**
   * Registers the caller's own points or pictures as a data set.
   * @param {OwnData} own
   * @returns {Dataset}
   */
  addData(own) {
    const lab = this.#alive();
    const { module } = this.#core;
    const given = record('the data set', required('the data set', own), ['id', 'kind', 'shape', 'data', 'labels', 'classes', 'test', 'attributes']);
    const id = string('id', given.id, 'a name in one line');
    const kind = oneOf('kind', given.kind, /** @type {const} */ (['points', 'image']));
    const shape = exampleShape(given.shape, kind);
    const test = given.test === undefined ? null : record('test', given.test, ['data', 'labels']);
    const train = rows('', { data: given.data, labels: given.labels }, shape);
    const held = test && rows('test.', test, shape);
    const classes = classCount(given.classes, train.labels, held?.labels ?? null);
    const known = attributesOf(given.attributes, train.n, held?.n ?? 0);
    const good = withMemory(module, (put) => module._gp_add_rows(
      lab, put.text(id), kind === 'image' ? 1 : 0, put.array(Int32Array.of(...shape, 0, 0, 0).subarray(0, 3)), classes,
      put.array(train.x), put.array(train.labels), train.n, put.array(held?.x), put.array(held?.labels), held?.n ?? 0,
      ...putKnown(put, known)));
    return this.#added(good, id);
  }

  /**
   * Registers IDX files, such as MNIST's four, as a data set.
   * @param {string} id
   * @param {IdxFiles} files
   * @returns {Dataset}
   */
  addIdx(id, files) {
    const lab = this.#alive();
    const { module } = this.#core;
    string('id', id, 'a name in one line');
    const roles = ['images', 'labels', 'testImages', 'testLabels'];
    const given = record('files', required('files', files), [...roles, 'attributes']);
    required('files.images', given.images, 'the bytes of an IDX file as a Uint8Array');
    const bytes = roles.map((role) => this.#unpack(`files.${role}`, given[role]));
    const known = attributesOf(given.attributes, idxRows(bytes[0]), idxRows(bytes[2]));
    const good = withMemory(module, (put) => module._gp_add_idx(
      lab, put.text(id), put.array(Uint32Array.from(bytes, (one) => put.array(one))), put.array(Uint32Array.from(bytes, (one) => one?.length ?? 0)),
      ...putKnown(put, known)));
    return this.#added(good, id);
  }

  // --- Runs ------------------------------------------------------------------------------------------------------------

  /**
   * Starts a run: that model on that data set, untrained.
   * @param {CreateOptions} options
   * @returns {Run}
   */
  create(options) {
    const lab = this.#alive();
    const { module } = this.#core;
    const ids = (/** @type {'models' | 'datasets'} */ table) => () => `one of ${this[table].map(({ id }) => id).join(', ')}`;
    const given = record('options', required('options', options), ['model', 'data', 'seed', 'params']);
    const model = string('model', given.model, ids('models'));
    const data = string('data', given.data, ids('datasets'));
    const seed = seedValue('seed', given.seed === undefined ? 1 : given.seed);
    const knobs = lines('params', record('params', given.params, null), this.#knobs(model));
    const run = withMemory(module, (put) => module._gp_run_new(lab, put.text(model), put.text(data), seed, put.text(knobs))) >>> 0;
    if (!run) throw this.#failure();
    return new Run(this.#core, run);
  }

  /**
   * Goes on with a saved run, exactly where it stopped.
   * @param {Uint8Array} bytes
   * @returns {Run}
   */
  load(bytes) {
    const lab = this.#alive();
    const { module } = this.#core;
    const file = byteArray('bytes', bytes, 'the bytes of a saved run as a Uint8Array');
    const run = withMemory(module, (put) => module._gp_load(lab, put.array(file), file.length)) >>> 0;
    if (!run) throw this.#failure();
    this.#refresh();
    return new Run(this.#core, run);
  }

  // --- The judge -------------------------------------------------------------------------------------------------------

  /**
   * Loads the judge, a frozen reader of 28 × 28 grey digits, from the bytes of pretrained/judge.safetensors.  From then on the measures `sure` and
   * `rarest` apply to runs that make such pictures.
   * @param {Uint8Array} bytes
   */
  loadJudge(bytes) {
    const lab = this.#alive();
    const { module } = this.#core;
    const file = byteArray('bytes', bytes, 'the bytes of pretrained/judge.safetensors as a Uint8Array');
    if (!withMemory(module, (put) => module._gp_load_judge(lab, put.array(file), file.length))) throw this.#failure();
  }

  /**
   * What the judge makes of pictures: the probability of each class, and the 64 features that Fréchet distances compare.
   * @param {Input} x
   * @returns {Tensor & { features: Tensor }}
   */
  judge(x) {
    const lab = this.#alive();
    const { module, out } = this.#core;
    const rows = floats('x', x, { shape: [28, 28, 1] });
    if (!withMemory(module, (put) => module._gp_judge(lab, put.array(rows), rows.length, out))) throw this.#failure();
    const [probabilities, features] = readOut(module, out).arrays.map(({ data, shape }) => ({ data, shape }));
    return /** @type {Tensor & { features: Tensor }} */ ({ ...probabilities, features });
  }

  /**
   * Makes a judge: trains it on half of a data set's training images, synchronously, which takes minutes.
   * @param {{ data: string, seed?: number, steps: number }} options
   * @returns {Uint8Array} what loadJudge takes
   */
  trainJudge(options) {
    const lab = this.#alive();
    const { module, out } = this.#core;
    const { data, seed = 1, steps } = record('options', required('options', options), ['data', 'seed', 'steps']);
    const id = string('options.data', data, 'the id of a data set');
    const key = seedValue('options.seed', seed);
    const count = integer('options.steps', steps, 1, 1e6);
    try {
      return withMemory(module, (put) => {
        const place = put.space(8);
        if (!module._gp_train_judge(lab, put.text(id), key, count, place, out)) throw engineError(module);
        const [start, size] = module.HEAPU32.subarray(place / 4, place / 4 + 2);
        return module.HEAPU8.slice(start, start + size);
      });
    } finally {
      module._gp_out_clear(out);
    }
  }

  // --- Lessons ---------------------------------------------------------------------------------------------------------

  /**
   * The numbers of a lesson, as named arrays; `table` has its `rows` and `columns`.
   * @param {string} id
   * @param {Record<string, unknown>} [options]
   * @returns {Record<string, { data: Float32Array | Float64Array | Int32Array, shape: number[] }>}
   */
  lesson(id, options) {
    const lab = this.#alive();
    const { module, out } = this.#core;
    string('id', id, 'the id of a lesson');
    const text = lines('options', record('options', options, null), this.#lessonOptions(id));
    if (!withMemory(module, (put) => module._gp_lesson(lab, put.text(id), put.text(text), out))) throw this.#failure();
    return Object.fromEntries(readOut(module, out).arrays.map(({ name, data, shape }) => [name, { data, shape }]));
  }

  /**
   * Draws a lesson on the context that the lab is attached to, as `run.draw` draws a view.
   * @param {string} id
   * @param {import('./run.mjs').DrawOptions} [options]
   * @returns {{ panels: import('./run.mjs').Panel[], whole: boolean, note: string }}
   */
  drawLesson(id, options) {
    const lab = this.#alive();
    string('id', id, 'the id of a lesson');
    return drawPicture(this.#core, '_gp_draw_lesson', lab, id, this.#lessonOptions(id), options);
  }

  /** @param {string} id */
  #lessonOptions(id) { return this.lessons.find((one) => one.id === id)?.options ?? []; }

  // --- Pictures --------------------------------------------------------------------------------------------------------

  /**
   * Says what `run.draw` draws on: a WebGL2 context, the same one again after it was lost and restored, or null for none.
   * @param {import('./run.mjs').Context | null} gl
   */
  attach(gl) {
    this.#alive();
    const { module } = this.#core;
    if (gl !== null && typeof (/** @type {any} */ (gl)?.createProgram) !== 'function') throw badArgument('gl', gl, 'a WebGL2 context, or null');
    this.#detach();
    if (!gl) return;
    const handle = module.GL.registerContext(gl, { majorVersion: 2, minorVersion: 0 });
    if (!module._gp_attach(handle)) {
      const error = engineError(module);
      module.GL.deleteContext(handle);
      throw error;
    }
    this.#context = { gl, handle };
    this.#core.gl = gl;
  }

  // --- The end ---------------------------------------------------------------------------------------------------------

  /** Gives everything back, the runs too.  After that it refuses everything with `bad-argument`. */
  free() {
    const lab = this.#alive();
    const { module, out } = this.#core;
    this.#detach();
    module._gp_out_free(out);
    module._gp_lab_free(lab);
    this.#core.lab = 0;
    this.#core.module = /** @type {any} */ (null);
    unloadEngine(this.#engine);
  }

  // --- Within ----------------------------------------------------------------------------------------------------------

  #alive() {
    if (!this.#core.lab) throw new GenplayError('bad-argument', 'this lab was freed: create another one');
    return this.#core.lab;
  }

  #catalogue() {
    this.#alive();
    return this.#core.catalogue;
  }

  /**
   * What a model's parameters accept; the catalogue, which knows it too, is long.
   * @param {string} model
   * @returns {import('./check.mjs').Range[]}
   */
  #knobs(model) {
    const { module, lab } = this.#core;
    return JSON.parse(module.UTF8ToString(withMemory(module, (put) => module._gp_knobs(lab, put.text(model)))) || '[]');
  }

  #refresh() {
    this.#core.known = null;
  }

  #failure() {
    const { module, out } = this.#core;
    const error = engineError(module);
    module._gp_out_clear(out);
    return error;
  }

  /**
   * @param {number} good
   * @param {string} id
   */
  #added(good, id) {
    if (!good) throw this.#failure();
    this.#refresh();
    return /** @type {Dataset} */ (this.datasets.find((one) => one.id === id));
  }

  /**
   * @param {string} name
   * @param {unknown} value
   * @returns {Uint8Array | null}
   */
  #unpack(name, value) {
    if (value === undefined) return null;
    const bytes = byteArray(name, value, 'the bytes of an IDX file as a Uint8Array');
    if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
    try {
      return this.#engine.gunzip(bytes);
    } catch (cause) {
      throw new GenplayError('bad-file', `${name} begins like a gzip file, but does not unpack: ${/** @type {Error} */ (cause).message}`, { cause });
    }
  }

  #detach() {
    const { gl, handle } = this.#context;
    if (!gl) return;
    const { module } = this.#core;
    if (/** @type {any} */ (gl).isContextLost?.()) module._gp_lost();
    else module._gp_detach();
    module.GL.deleteContext(handle);
    this.#context = { gl: null, handle: 0 };
    this.#core.gl = null;
  }
}

/**
 * @param {import('./engine.mjs').Module} module
 * @param {number} lab
 */
function catalogueOf(module, lab) {
  const json = module._gp_catalogue(lab);
  if (!json) throw engineError(module);
  return readCatalogue(module.UTF8ToString(json));
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {string} [accepted]
 */
function required(name, value, accepted = 'an object') {
  if (value === undefined || value === null) throw badArgument(name, value, accepted);
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {string} accepted
 * @returns {Uint8Array}
 */
function byteArray(name, value, accepted) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw badArgument(name, value, accepted);
}

/**
 * @param {unknown} shape
 * @param {Kind} kind
 * @returns {number[]}
 */
function exampleShape(shape, kind) {
  if (shape === undefined && kind === 'points') return [2];
  if (!isShape(shape) || shape.length !== (kind === 'points' ? 1 : 3)) throw badArgument('shape', shape, kind === 'points' ? '[2]' : '[height, width, channels]');
  return shape;
}

/**
 * @param {string} name
 * @param {Record<string, unknown>} given
 * @param {number[]} shape
 */
function rows(name, given, shape) {
  const x = floats(`${name}data`, given.data, { shape });
  const n = x.length / product(shape);
  return { x, n, labels: given.labels === undefined ? null : integers(`${name}labels`, given.labels, n) };
}

/**
 * What is known of rows besides their class.
 * @param {unknown} attributes
 * @param {number} n rows
 * @param {number} tests test rows
 * @returns {{ names: string[], data: Float32Array | null, test: Float32Array | null }}
 */
function attributesOf(attributes, n, tests) {
  if (attributes === undefined) return { names: [], data: null, test: null };
  const given = record('attributes', attributes, ['names', 'data', 'test']);
  if (!Array.isArray(given.names)) throw badArgument('attributes.names', given.names, 'an array of names');
  const names = given.names.map((name, i) => string(`attributes.names[${i}]`, name, 'a name in one line'));
  const sized = (/** @type {string} */ name, /** @type {unknown} */ value, /** @type {number} */ count) => {
    const data = count ? floats(name, value, { shape: [names.length] }) : null;
    if (data && data.length !== count * names.length) throw badArgument(name, data, `${count} rows of ${names.length} numbers`);
    return data;
  };
  return { names, data: sized('attributes.data', given.data, n), test: sized('attributes.test', given.test, tests) };
}

/**
 * @param {import('./engine.mjs').Put} put
 * @param {{ names: string[], data: Float32Array | null, test: Float32Array | null }} known
 */
const putKnown = (put, { names, data, test }) => [names.length, put.array(Uint32Array.from(names, (name) => put.text(name))), put.array(data), put.array(test)];

/**
 * How many images a file says that it holds; whether that is true, the engine finds out.
 * @param {Uint8Array | null} file
 */
const idxRows = (file) => (file && file.length >= 8 ? new DataView(file.buffer, file.byteOffset).getUint32(4) : 0);

/**
 * @param {unknown} classes
 * @param {Int32Array | null} labels
 * @param {Int32Array | null} testLabels
 */
function classCount(classes, labels, testLabels) {
  if (classes !== undefined) return integer('classes', classes, 0);
  let most = -1;
  for (const list of [labels, testLabels]) for (const label of list ?? []) if (label > most) most = label;
  return most + 1;
}
