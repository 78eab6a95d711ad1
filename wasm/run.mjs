// run.mjs -- a run: one model that learns one data set from one seed.
//
// Every verb exists on every run; one that the model cannot do throws `unsupported`.  Verbs differ only in what they take and in the
// names of what they give, so they share one call; what a value means is written at each.  Inputs are a Float32Array or
// { data, shape }; results are copies that the caller owns.

import { badArgument, floats, GenplayError, integer, integers, line, lines, number, record, string } from './check.mjs';
import { drawPicture } from './draw.mjs';
import { engineError, readOut, withMemory } from './engine.mjs';

/** @typedef {import('./catalogue.mjs').Catalogue} Catalogue */
/** @typedef {import('./catalogue.mjs').Dataset} Dataset */
/** @typedef {import('./catalogue.mjs').Param} Param */
/** @typedef {import('./catalogue.mjs').Value} Value */
/** @typedef {import('./catalogue.mjs').Verb} Verb */

/**
 * Numbers and what they are: row-major, slowest dimension first.
 * @typedef {{ data: Float32Array, shape: number[] }} Tensor
 */

/**
 * Examples or codes that go in: bare floats, since the run knows the shape of a row, or with their shape [n, ...].
 * @typedef {Float32Array | { readonly data: Float32Array, readonly shape: readonly number[] }} Input
 */

/** @typedef {Tensor & { codes: Tensor | null, labels: Int32Array | null }} Samples */

/**
 * shape [frames, n, ...]; `time` of each frame.  Diffusion adds its estimates of the noise and of the clean example.
 * @typedef {Tensor & { time: Float32Array, noise?: Tensor, clean?: Tensor }} Trace
 */

/**
 * @typedef {object} SampleOptions
 * @property {number} [seed] unsigned 32-bit; the run's own if left out
 * @property {number | import('./genplay.mjs').Labels} [label] class to draw, or one for each example, for models whose `can` has `label`; any if left out
 * @property {number} [temperature] scales the noise; 1 by default, 0 gives the mean
 * @property {number} [steps] diffusion: how many of the training steps to use
 * @property {'default' | 'ancestral' | 'ddim'} [sampler] diffusion
 * @property {number} [truncation] redraws codes further out than this
 * @property {'own' | 'fitted'} [prior] where codes are drawn: the model's own law, or a Gaussian fitted to the codes of training examples
 */

/** @typedef {SampleOptions & { frames?: number }} TraceOptions */
/** `resamples`: diffusion, how often each step is taken, so that what is made agrees with what is given. @typedef {SampleOptions & { resamples?: number }} InpaintOptions */
/** One class for all, or one for each row. @typedef {{ label?: number | import('./genplay.mjs').Labels }} LabelOptions */
/** @typedef {LabelOptions & { path?: 'lerp' | 'slerp' }} InterpolateOptions */
/** @typedef {LabelOptions & { samples?: number, seed?: number }} BoundOptions */
/** @typedef {LabelOptions & { seed?: number }} SeedOptions */
/** @typedef {LabelOptions & { optimal?: boolean }} CriticOptions */
/** @typedef {SeedOptions & { pixel?: number }} FieldOptions */
/**
 * @typedef {object} MeasureOptions
 * @property {number} [n] examples or samples of each measure; its own number if left out
 * @property {number} [seed] unsigned 32-bit; the run's own if left out
 * @property {number} [samples] `importance`: draws for each example, 5000 where it is published
 * @property {number} [steps] of the sampler, for models whose `can` has `steps`
 */

/**
 * What `train` tells: where the run stands, the mean of each loss over the call, and how long it took.
 * @typedef {{ step: number, epoch: number, losses: Record<string, number>, ms: number }} Progress
 */

/**
 * `floor` is what fresh real data scores; `se` the standard error.  Better is `lower`, `higher`, or nearer to the `floor`.  `samples`: of `importance`.
 * @typedef {{
 *   name: string, title: string, value: number | null, unit: string, better: 'lower' | 'higher' | 'floor', floor: number | null, se: number | null, n: number,
 *   samples?: number
 * }} Measure
 */

/** @typedef {{ step: Float64Array, losses: Record<string, Float32Array> }} History */

/**
 * A loss curve: `line` is the value that theory gives where there is one, and `text` says which.
 * @typedef {{ key: string, title: string, help: string, line: number | null, text: string }} Loss
 */

/**
 * Pixels of the canvas, y down.  Data coordinates x0..x1, y0..y1 stand at its left, right, bottom and top.  Where it shows pictures: number i is in
 * column i % cols, row ⌊i / cols⌋, at (x + column·dx, y + row·dy), w by h; of pictures in pairs the second is `under` below the first.  `heads`: a word for
 * each column, which belongs right above it.
 * @typedef {{
 *   title: string, heads: string[], x: number, y: number, w: number, h: number, x0: number, x1: number, y0: number, y1: number,
 *   tiles: { cols: number, rows: number, x: number, y: number, w: number, h: number, dx: number, dy: number, under: number } | null
 * }} Panel
 */

/**
 * The view's own options, and the canvas: its size in device pixels (the context's if left out), how many of them make a CSS pixel, the theme.
 * @typedef {{ width?: number, height?: number, dpr?: number, dark?: boolean, slices?: number } & Record<string, unknown>} DrawOptions
 */

/**
 * What a lab and its runs share: the instance, pointers to its lab (0: freed) and to the result that every call fills, what there is to choose
 * from, and what is drawn on.
 * @typedef {{
 *   module: import('./engine.mjs').Module, lab: number, out: number, known: Catalogue | null, readonly catalogue: Catalogue, gl: Context | null
 * }} Core
 */

/**
 * A WebGL2 context, as far as the API itself looks at it.
 * @typedef {{ readonly drawingBufferWidth: number, readonly drawingBufferHeight: number }} Context
 */

/**
 * @typedef {{
 *   model: string, data: string, seed: number, step: number, params: Record<string, Value>, can: Verb[], views: string[], losses: Loss[],
 *   memory: number, weights: number
 * }} Description
 */


/**
 * The types of the verbs' options, so that a word where a number goes is refused here; the engine knows which verb takes which, and their ranges.
 * @type {import('./check.mjs').Range[]}
 */
const OPTIONS = [
  { key: 'seed', type: 'integer', min: 0, max: 2 ** 32 - 1 },
  { key: 'label', type: 'integer' },
  { key: 'temperature', type: 'number' },
  { key: 'truncation', type: 'number' },
  { key: 'steps', type: 'integer' },
  { key: 'frames', type: 'integer' },
  { key: 'samples', type: 'integer' },
  { key: 'n', type: 'integer' },
  { key: 'optimal', type: 'boolean' },
  { key: 'pixel', type: 'integer' },
  { key: 'resamples', type: 'integer' },
  { key: 'sampler', type: 'choice' },
  { key: 'prior', type: 'choice', choices: ['own', 'fitted'] },
  { key: 'path', type: 'choice', choices: ['lerp', 'slerp'] },
];

/** One model that learns one data set from one seed.  Made by `lab.create` or `lab.load`. */
export class Run {
  /** @type {Core} */ #core;
  /** @type {number} 0: freed */ #pointer;
  /** @type {readonly string[]} */ #losses;
  /** @type {readonly string[]} */ #can;
  /** @type {string} */ #model;
  /** @type {string} */ #data;

  /**
   * Runs come from `lab.create` and `lab.load`.
   * @param {Core} core
   * @param {number} pointer
   */
  constructor(core, pointer) {
    this.#core = core;
    this.#pointer = pointer;
    const { model, data, losses, can } = this.#said('_gp_outline');
    this.#model = model;
    this.#can = can;
    this.#losses = losses;
    this.#data = data;
  }

  // --- Where it stands -------------------------------------------------------------------------------------------------

  /** Optimizer steps so far. */
  get step() { return this.#ask('_gp_step'); }
  /** Examples seen, over the size of the data set (60,000 for endless ones). */
  get epoch() { return this.#ask('_gp_epoch'); }
  /** The model's id. */
  get model() { return this.#describe().model; }
  /** The data set's id. */
  get data() { return this.#describe().data; }
  get seed() { return this.#describe().seed; }
  /** @returns {Record<string, Value>} every parameter's value now */
  get params() { return this.#describe().params; }
  /** @returns {Verb[]} the verbs that this run can do */
  get can() { return this.#describe().can; }
  /** @returns {string[]} ids of the views that it can show */
  get views() { return this.#describe().views; }
  /** @returns {Loss[]} */
  get losses() { return this.#describe().losses; }
  /** Numbers in a code; 0 where there are none. */
  get codeSize() { return this.#ask('_gp_code_dim'); }
  /** Bytes that it holds. */
  get memory() { return this.#describe().memory; }
  /** How many numbers it learns. */
  get weights() { return this.#describe().weights; }

  /**
   * The losses so far, side by side, thinned so that they stay under 10,000 rows.
   * @returns {History}
   */
  get history() {
    const run = this.#alive();
    const { arrays } = this.#result((out) => this.#core.module._gp_history(run, out));
    const columns = Object.fromEntries(arrays.map(({ name, data }) => [name, data]));
    const losses = Object.fromEntries(this.#losses.map((key) => [key, /** @type {Float32Array} */ (columns[key])]));
    return { step: /** @type {Float64Array} */ (columns.step), losses };
  }

  // --- Training --------------------------------------------------------------------------------------------------------

  /**
   * Makes that many optimizer steps, synchronously.  Throws `diverged` when a number stops being finite; the run then stands at the end of
   * its last whole finite step.
   * @param {number} steps
   * @returns {Progress}
   */
  train(steps) {
    const run = this.#alive();
    const { module } = this.#core;
    integer('steps', steps);
    const start = performance.now();
    const means = withMemory(module, (put) => {
      const mean = put.space(8 * this.#losses.length);
      if (!module._gp_train(run, steps, mean)) throw engineError(module);
      return module.HEAPF64.slice(mean / 8, mean / 8 + this.#losses.length);
    });
    const ms = performance.now() - start;
    return { step: this.step, epoch: this.epoch, losses: Object.fromEntries(this.#losses.map((key, i) => [key, means[i]])), ms };
  }

  /**
   * Changes a live knob; any other is refused with the reason.
   * @param {string} key
   * @param {Value} value
   */
  set(key, value) {
    const run = this.#alive();
    const { module } = this.#core;
    string('key', key, 'the name of a parameter');
    const text = line(key, value, this.#params().find((param) => param.key === key));
    withMemory(module, (put) => {
      if (!module._gp_set(run, put.text(key), put.text(text))) throw engineError(module);
    });
  }

  // --- Verbs -----------------------------------------------------------------------------------------------------------

  /**
   * Fresh examples: points with the decoder's noise, images its mean.  `codes` is what they came from, where there is such a thing.
   * @param {number} n
   * @param {SampleOptions} [options]
   * @returns {Samples}
   */
  sample(n, options) {
    const result = this.#verb('sample', () => ({ n: integer('n', n) }), options);
    return /** @type {Samples} */ ({ codes: null, labels: null, ...result });
  }

  /**
   * Examples to codes: the posterior mean.
   * @param {Input} x
   * @param {LabelOptions} [options]
   * @returns {Tensor}
   */
  encode(x, options) { return this.#verb('encode', () => ({ x: this.#examples(x) }), options); }

  /**
   * Codes to examples.
   * @param {Input} codes
   * @param {LabelOptions} [options]
   * @returns {Tensor}
   */
  decode(codes, options) { return this.#verb('decode', () => ({ x: this.#codes('codes', codes) }), options); }

  /**
   * Examples through the model and back.
   * @param {Input} x
   * @param {LabelOptions} [options]
   * @returns {Tensor}
   */
  reconstruct(x, options) { return this.#verb('reconstruct', () => ({ x: this.#examples(x) }), options); }

  /**
   * `k` examples from code `a` to code `b`, ends included.
   * @param {Input} a
   * @param {Input} b
   * @param {number} k
   * @param {InterpolateOptions} [options]
   * @returns {Tensor}
   */
  interpolate(a, b, k, options) {
    return this.#verb('interpolate', () => ({ x: this.#codes('a', a), y: this.#codes('b', b), n: integer('k', k) }), options);
  }

  /**
   * Exact log p(x), natural log, nats per example; of 8-bit images the density of uniformly dequantised pixels.
   * @param {Input} x
   * @param {SeedOptions} [options] seed of what is drawn to dequantise or binarise pixels
   * @returns {Float64Array}
   */
  logProb(x, options) { return /** @type {any} */ (this.#verb('logProb', () => ({ x: this.#examples(x) }), options)).data; }

  /**
   * A lower bound on log p(x): the ELBO, importance-weighted for more samples.
   * @param {Input} x
   * @param {BoundOptions} [options]
   * @returns {Float64Array}
   */
  bound(x, options) { return /** @type {any} */ (this.#verb('bound', () => ({ x: this.#examples(x) }), options)).data; }

  /**
   * How samples come to be, frame by frame.
   * @param {number} n
   * @param {TraceOptions} [options]
   * @returns {Trace}
   */
  trace(n, options) { return /** @type {Trace} */ (this.#verb('trace', () => ({ n: integer('n', n) }), options)); }

  /**
   * Completes examples; `mask` is 1 where x is given, in the shape of x or of one example.
   * @param {Input} x
   * @param {Input} mask
   * @param {InpaintOptions} [options]
   * @returns {Tensor}
   */
  inpaint(x, mask, options) {
    return this.#verb('inpaint', () => ({ x: this.#examples(x), y: floats('mask', mask, { what: 'zeros and ones' }) }), options);
  }

  /**
   * The codes that each of the networks trained side by side gives to x, by its title.
   * @param {Input} x
   * @param {LabelOptions} [options]
   * @returns {Record<string, Tensor>}
   */
  twins(x, options) { return /** @type {any} */ (this.#verb('twins', () => ({ x: this.#examples(x) }), options)); }

  /**
   * Of a model that draws pixel by pixel, for pictures x (binarised, as logProb does): the slope of one pixel's log-odds in every pixel of x,
   * which shows its receptive field; and in `p` every pixel's probability of 1 given those before it.
   * @param {Input} x
   * @param {FieldOptions} [options]
   * @returns {Tensor & { p: Tensor }}
   */
  field(x, options) { return /** @type {any} */ (this.#verb('field', () => ({ x: this.#examples(x) }), options)); }

  /**
   * What the critic believes of each x: the probability that it is real.  `optimal` adds what the best critic would say of points whose
   * density is known.
   * @param {Input} x
   * @param {CriticOptions} [options]
   * @returns {Tensor & { optimal?: Float32Array }}
   */
  critic(x, options) { return this.#verb('critic', () => ({ x: this.#examples(x) }), options); }

  /**
   * How good it is, each measure with its noise floor.
   * @param {string | readonly string[]} [names] all that apply if left out
   * @param {MeasureOptions} [options]
   * @returns {Measure[]}
   */
  measure(names = [], options) {
    this.#alive();
    const list = typeof names === 'string' ? [names] : names;
    if (!Array.isArray(list)) throw badArgument('names', names, 'an array of names of measures');
    const name = list.map((one, i) => {
      if (string(`names[${i}]`, one, 'the name of a measure').includes(',')) throw badArgument(`names[${i}]`, one, 'the name of one measure');
      return one;
    }).join();
    return this.#call('measure', { name, options: lines('options', record('options', options, null), OPTIONS) }).json;
  }

  // --- Views -----------------------------------------------------------------------------------------------------------

  /**
   * The numbers behind a view, as named arrays.
   * @param {string} id
   * @param {Record<string, unknown>} [options]
   * @returns {Record<string, { data: Float32Array | Float64Array | Int32Array, shape: number[] }>}
   */
  view(id, options) {
    this.#alive();
    const { arrays } = this.#call('view', { name: string('id', id, 'the id of a view'), options: this.#viewOptions(id, options) });
    return Object.fromEntries(arrays.map(({ name, data, shape }) => [name, { data, shape }]));
  }

  /**
   * Draws a view on the context that the lab is attached to, and tells where its panels stand.  With `slices`, what takes long is coarse at
   * first, and every call works on so many more parts of it, some ms each, until the picture is `whole`; without, it is whole at once.  `note`: a
   * warning for whoever looks at it, mostly empty.
   * @param {string} id
   * @param {DrawOptions} [options]
   * @returns {{ panels: Panel[], whole: boolean, note: string }}
   */
  draw(id, options) {
    const run = this.#alive();
    string('id', id, 'the id of a view');
    return drawPicture(this.#core, '_gp_draw', run, id, this.#optionsOf(id), options);
  }

  // --- Keeping ---------------------------------------------------------------------------------------------------------

  /**
   * The whole experiment as a safetensors file.  `half` keeps the weights alone, as float16: such a run goes on with fresh optimizer moments.
   * @param {{ half?: boolean }} [options]
   * @returns {Uint8Array}
   */
  save(options) {
    const run = this.#alive();
    const { module, out } = this.#core;
    const { half = false } = record('options', options, ['half']);
    if (typeof half !== 'boolean') throw badArgument('options.half', half, 'true or false');
    try {
      return withMemory(module, (put) => {
        const place = put.space(8);
        if (!module._gp_save(run, Number(half), place, out)) throw engineError(module);
        const [start, size] = module.HEAPU32.subarray(place / 4, place / 4 + 2);
        return module.HEAPU8.slice(start, start + size);
      });
    } finally {
      module._gp_out_clear(out);
    }
  }

  /** Gives its memory back.  After that it refuses everything with `bad-argument`. */
  free() {
    this.#ask('_gp_run_free');
    this.#pointer = 0;
  }

  // --- Within ----------------------------------------------------------------------------------------------------------

  #alive() {
    if (!this.#pointer || !this.#core.lab) throw new GenplayError('bad-argument', `this run was freed${this.#model ? ` (${this.#model} on ${this.#data})` : ''}: create another one`);
    return this.#pointer;
  }

  /**
   * Calls a function that takes the run alone.
   * @param {`_${string}`} name
   */
  #ask(name) {
    const run = this.#alive();
    return this.#core.module[name](run);
  }

  /** @returns {Description} */
  #describe() { return this.#said('_gp_describe'); }

  /** What the engine says of the run in JSON. @param {'_gp_describe' | '_gp_outline'} name @returns {any} */
  #said(name) {
    const json = this.#ask(name);
    if (!json) throw engineError(this.#core.module);
    return JSON.parse(this.#core.module.UTF8ToString(json));
  }

  #params() { return this.#core.catalogue.models.find(({ id }) => id === this.#model)?.params ?? []; }

  /** @param {Input} x */
  #examples(x) {
    return floats('x', x, { shape: this.#core.catalogue.datasets.find(({ id }) => id === this.#data)?.shape });
  }

  /**
   * @param {string} name
   * @param {Input} codes
   */
  #codes(name, codes) {
    const size = this.codeSize;
    return floats(name, codes, { shape: size ? [size] : null, what: 'codes' });
  }

  /**
   * @param {string} id
   * @param {unknown} options
   */
  #viewOptions(id, options) {
    return lines('options', record('options', options, null), this.#optionsOf(id));
  }

  /** @param {string} id */
  #optionsOf(id) {
    const views = this.#core.catalogue.models.find((model) => model.id === this.#model)?.views ?? [];
    return views.find((view) => view.id === id)?.options ?? [];
  }

  /**
   * A verb that gives arrays: `data` and `shape` of the first, and the others by name.
   * @param {Verb} verb
   * @param {() => Partial<Arguments>} checked its arguments, checked; of a verb that the model cannot do nobody looks at them
   * @param {unknown} options
   * @returns {Tensor}
   */
  #verb(verb, checked, options) {
    this.#alive();
    if (!this.#can.includes(verb)) this.#call(verb, {});   // refuses, and says why
    const { label, ...rest } = record('options', options, null);
    const perRow = Array.isArray(label) || ArrayBuffer.isView(label);
    const given = { ...checked(), labels: perRow ? integers('options.label', label) : null };
    const { arrays } = this.#call(verb, { ...given, options: lines('options', perRow ? rest : { label, ...rest }, OPTIONS) });
    const result = /** @type {Record<string, unknown>} */ ({});
    for (const { name, data, shape } of arrays) {
      if (name === 'data') Object.assign(result, { data, shape });
      else result[name] = shape.length > 1 ? { data, shape } : data;
    }
    return /** @type {any} */ (result);
  }

  /**
   * @typedef {{ n: number, x: Float32Array | null, y: Float32Array | null, labels: Int32Array | null, name: string, options: string }} Arguments
   */

  /**
   * @param {string} verb
   * @param {Partial<Arguments>} call
   */
  #call(verb, { n = 0, x = null, y = null, labels = null, name = '', options = '' }) {
    const run = this.#alive();
    const { module } = this.#core;
    return this.#result((out) => withMemory(module, (put) => module._gp_call(
      run, put.text(verb), n, put.array(x), x?.length ?? 0, put.array(y), y?.length ?? 0, put.array(labels), labels?.length ?? 0,
      put.text(name), put.text(options), out)));
  }

  /** @param {(out: number) => number} fill */
  #result(fill) {
    const { module, out } = this.#core;
    if (fill(out)) return readOut(module, out);
    const error = engineError(module);
    module._gp_out_clear(out);
    throw error;
  }
}
