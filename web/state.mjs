// state.mjs -- the experiment that a link holds, read and written, and the store that the page listens to.
//
// Everything that must come back when a link is opened is in Experiment: model, data, seed (or pretrained weights), the knobs
// that differ from their defaults, the view and its options, the visitor's own points, and what a teacher hides or locks.  What the
// link cannot know (whether it plays, at which step it is) lives beside it in the store.  Pure: no document, no window.
//
//   #v=1&model=<id>&data=<id>&seed=7&k.rate=0.002&view=<id>&o.time=0.5          k.: a knob, o.: an option of the view
//   #v=1&weights=<id>&view=<id>                                                 a pretrained run: model, data, knobs are its own
//   #v=1&model=<id>&data=own&points=g<base64url>                                the visitor's own points
//   #v=1&lesson=<id>&o.h=0.5                                                    a lesson and its options: no model
//   &fast=threads                                                               how to compute, where the browser can
//   &embed=1&hide=views,time&show=loss&lock=rate,batch                          for figures in other pages

/**
 * A row of a knob table, as the catalogue gives it.
 * @typedef {{ key: string, title: string, type: 'number'|'integer'|'choice'|'boolean', default: any, min?: number, max?: number,
 *   choices?: string[], scale?: string, live?: boolean, help?: string, group?: string }} Row
 * @typedef {{ id: string, kind: string, title: string, options: Row[], help?: string, start?: string, end?: string }} View
 * @typedef {{ id: string, title: string, family: string, summary: string, paper: string, about: any, params: Row[], data: string[],
 *   views: View[], losses: { key: string, title: string, help?: string }[], can: any }} Model
 * @typedef {View & { summary: string, about: string, rows: string[], columns: string[], key: { role: string, text: string }[] }} Lesson
 * @typedef {{ id: string, title: string, kind: string, shape: number[], classes?: number, attributes?: string[], entropy?: number|null, size?: number|null,
 *   source?: string }} Dataset   `classes` is left out where nobody knows yet
 * @typedef {{ models: Model[], lessons: Lesson[], datasets: Dataset[], weights: Record<string, any>, elsewhere: Dataset[] }} Catalogue
 *   `elsewhere`: data sets that the build has as files and the page has not loaded yet.
 * @typedef {{ model: string, data: string, seed: number, weights: string|null, params: Record<string, any>, lesson: string|null, view: string|null,
 *   options: Record<string, any>, points: Points|null, fast: ''|'threads'|'relaxed', embed: boolean, hide: string[], show: string[], lock: string[] }} Experiment
 * @typedef {{ exact: boolean, data: Float32Array }} Points   `exact`: any float32; otherwise on the grid that links carry
 * @typedef {{ key: string, [name: string]: any }} Note       a text of text.mjs and what stands in its braces
 */

export const VERSION = 1;
export const OWN_POINTS = 'own';
export const OWN_IMAGES = 'own-images';

/** Parts of the page that a link may hide, or show in a bare figure. */
export const PARTS = ['transport', 'data', 'model', 'knobs', 'views', 'options', 'time', 'legend', 'loss', 'measures', 'about'];
const BARE = ['transport', 'views', 'time', 'legend'];
const BARE_LESSON = [...BARE, 'knobs', 'measures'];

/** What a row's value is before anybody touches it; it may depend on the kind of data. @param {Row} row @param {string} kind */
export function rowDefault(row, kind) {
  const value = row.default;
  return value !== null && typeof value === 'object' ? value[kind] : value;
}

/**
 * Reads a value from its text.  Numbers are clamped into the row's range, integers rounded.
 * @param {Row} row @param {string} text @returns {{ value: any, clamped: boolean } | null} null: not a value of this row
 */
export function readValue(row, text) {
  if (row.type === 'choice') return row.choices?.includes(text) ? { value: text, clamped: false } : null;
  if (row.type === 'boolean') {
    if (text === '1' || text === 'true') return { value: true, clamped: false };
    return text === '0' || text === 'false' ? { value: false, clamped: false } : null;
  }
  const number = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(number)) return null;
  const value = clampValue(row, number);
  return { value, clamped: value !== number };
}

/** @param {Row} row @param {number} number */
export function clampValue(row, number) {
  const value = row.type === 'integer' ? Math.round(number) : number;
  return Math.min(row.max ?? Infinity, Math.max(row.min ?? -Infinity, value));
}

/** @param {any} value */
const writeValue = (value) => (value === true ? '1' : value === false ? '0' : String(value));

// ---------------------------------------------------------------------------------------------------------- own points

// Drawn points lie on a grid of 1/512 over [-4, 4), so that twelve bits hold a coordinate and a link loses nothing.
const GRID = 512;
const HALF = 2048;
export const LINK_POINTS = { drawn: 600, exact: 300 };

/** The nearest coordinate that a link can hold. @param {number} x */
export function snap(x) {
  return (Math.min(4095, Math.max(0, Math.round(x * GRID) + HALF)) - HALF) / GRID;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** @param {Uint8Array} bytes */
function toBase64(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += ALPHABET[word >> 18] + ALPHABET[(word >> 12) & 63];
    if (i + 1 < bytes.length) text += ALPHABET[(word >> 6) & 63];
    if (i + 2 < bytes.length) text += ALPHABET[word & 63];
  }
  return text;
}

/** @param {string} text @returns {Uint8Array|null} */
function fromBase64(text) {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0, bits = 0, n = 0;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return null;
    word = ((word << 6) | digit) & 0xfffff;
    bits += 6;
    if (bits >= 8) bytes[n++] = (word >> (bits -= 8)) & 255;
  }
  return bytes;
}

/** The text of points in a link, or null when there are too many of them. @param {Points} points */
export function writePoints({ exact, data }) {
  const n = data.length / 2;
  if (n === 0 || n > (exact ? LINK_POINTS.exact : LINK_POINTS.drawn)) return null;
  if (exact) return 'f' + toBase64(new Uint8Array(data.slice().buffer));
  const bytes = new Uint8Array(n * 3);
  for (let i = 0; i < n; i++) {
    const x = Math.round(data[2 * i] * GRID) + HALF, y = Math.round(data[2 * i + 1] * GRID) + HALF;
    bytes.set([x >> 4, ((x & 15) << 4) | (y >> 8), y & 255], 3 * i);
  }
  return 'g' + toBase64(bytes);
}

/** @param {string} text @returns {Points|null} null: damaged */
export function readPoints(text) {
  const bytes = fromBase64(text.slice(1));
  if (!bytes || bytes.length === 0) return null;
  if (text[0] === 'f' && bytes.length % 8 === 0) {
    const data = new Float32Array(bytes.buffer);
    return data.every(Number.isFinite) ? { exact: true, data } : null;
  }
  if (text[0] !== 'g' || bytes.length % 3 !== 0) return null;
  const data = new Float32Array((bytes.length / 3) * 2);
  for (let i = 0; 3 * i < bytes.length; i++) {
    data[2 * i] = (((bytes[3 * i] << 4) | (bytes[3 * i + 1] >> 4)) - HALF) / GRID;
    data[2 * i + 1] = ((((bytes[3 * i + 1] & 15) << 8) | bytes[3 * i + 2]) - HALF) / GRID;
  }
  return { exact: false, data };
}

// --------------------------------------------------------------------------------------------------------------- links

/** @param {Catalogue} catalogue @param {string} id */
export const findModel = (catalogue, id) => catalogue.models.find((model) => model.id === id);
/** @param {Catalogue} catalogue @param {string|null} id */
export const findLesson = (catalogue, id) => catalogue.lessons.find((lesson) => lesson.id === id);
/** @param {Catalogue} catalogue @param {string} id @returns {Dataset|undefined} */
export const findData = (catalogue, id) =>
  catalogue.datasets.find((data) => data.id === id) ?? catalogue.elsewhere.find((data) => data.id === id);

/** What a model can do with that kind of data. @param {Model} model @param {string} kind @returns {string[]} */
export const canDo = ({ can }, kind) => can[kind] ?? can;

/**
 * Why a model does not learn from such data: theirs is another kind, or they lack the classes that it is told; null: it does.
 * @param {Model} model @param {{ kind: string, classes?: number }} data @returns {'kind'|'classes'|null}
 */
export function misfit(model, { kind, classes }) {
  if (!model.data.includes(kind)) return 'kind';
  return classes === 0 && canDo(model, kind).includes('label') ? 'classes' : null;
}

/** Where the page stands without a link: the first pretrained weights, else the first model on the first data. @param {Catalogue} catalogue */
export function firstExperiment(catalogue) {
  const weights = Object.keys(catalogue.weights)[0] ?? null;
  const entry = weights === null ? null : catalogue.weights[weights];
  const model = findModel(catalogue, entry?.model) ?? catalogue.models[0];
  return {
    model: model.id, data: entry?.data ?? catalogue.datasets[0].id, seed: entry?.seed ?? 1, weights,
    params: {}, lesson: /** @type {string|null} */ (null), view: model.views[0]?.id ?? null, options: {}, points: null, fast: /** @type {Experiment['fast']} */ (''), embed: false, hide: [], show: [], lock: [],
  };
}

/**
 * Reads the rows' values that stand in a link under `prefix`, leaving out those that equal the default.
 * @param {URLSearchParams} link @param {string} prefix @param {Row[]} rows @param {string|undefined} kind @param {Note[]} notes
 * @param {boolean} keep  keep the defaults too: something else (pretrained weights) may differ from them
 */
function readRows(link, prefix, rows, kind, notes, keep = false) {
  /** @type {Record<string, any>} */
  const values = {};
  for (const row of rows) {
    const text = link.get(prefix + row.key);
    if (text === null) continue;
    const read = readValue(row, text);
    if (!read) notes.push({ key: 'link.value', name: row.title, value: text });
    else {
      if (read.clamped) notes.push({ key: 'link.clamped', name: row.title, value: text, used: writeValue(read.value) });
      if (keep || kind === undefined || read.value !== rowDefault(row, kind)) values[row.key] = read.value;
    }
  }
  return values;
}

/**
 * Reads a link.  Values out of range are clamped and unknown keys ignored, each with a note; a model, data set or weights that are
 * not here are a `problem`: nothing else is shown in their place.
 * @param {string} text  the hash (and query) of the address, without # and ?
 * @param {Catalogue} catalogue
 * @returns {{ experiment: Experiment, notes: Note[], problem: Note|null }}
 */
export function parseLink(text, catalogue) {
  const link = new URLSearchParams(text);
  /** @type {Note[]} */
  const notes = [];
  /** @type {Note|null} */
  let problem = null;
  const version = link.get('v');
  if (version !== null && version !== String(VERSION)) notes.push({ key: 'link.version', version });

  /** @type {Experiment} */
  const experiment = firstExperiment(catalogue);
  if (link.has('lesson')) return readLesson(link, catalogue, experiment, notes);
  const names = ['weights', 'model', 'data'].filter((key) => link.has(key));
  if (link.has('weights')) {
    const id = /** @type {string} */ (link.get('weights'));
    const entry = catalogue.weights[id];
    if (!entry || !findModel(catalogue, entry.model)) {
      problem = { key: 'link.weights', id };
      Object.assign(experiment, { weights: null });
    } else {
      for (const key of ['model', 'data'])
        if (link.has(key) && link.get(key) !== entry[key]) notes.push({ key: 'link.ignored', names: key });
      Object.assign(experiment, { weights: id, model: entry.model, data: entry.data, seed: entry.seed ?? 1 });
    }
  } else if (names.length || link.has('seed')) {
    experiment.weights = null;
    experiment.seed = 1;
    const model = link.get('model') ?? experiment.model;
    if (!findModel(catalogue, model)) problem = { key: 'link.model', id: model };
    else experiment.model = model;
    experiment.data = link.get('data') ?? experiment.data;
    if (link.has('seed')) {
      const row = { key: 'seed', title: 'seed', type: /** @type {const} */ ('integer'), default: 1, min: 0, max: 4294967295 };
      experiment.seed = readRows(link, '', [row], undefined, notes).seed ?? 1;
    }
  }

  if (link.has('points')) {
    experiment.points = readPoints(/** @type {string} */ (link.get('points')));
    if (experiment.points) experiment.data = OWN_POINTS;
    else problem ??= { key: 'link.points' };
  }
  const data = experiment.points ? undefined : findData(catalogue, experiment.data);
  const kind = experiment.points ? 'points' : data?.kind;
  if (!kind) problem ??= { key: [OWN_POINTS, OWN_IMAGES].includes(experiment.data) ? 'link.own' : 'link.data', id: experiment.data };

  const model = /** @type {Model} */ (findModel(catalogue, experiment.model));
  const why = kind && misfit(model, data ?? { kind, classes: 0 });
  if (why) problem ??= { key: `link.${why}`, model: model.title, data: data?.title ?? experiment.data };
  experiment.params = readRows(link, 'k.', model.params, kind, notes, experiment.weights !== null);
  let view = model.views.find((view) => view.id === link.get('view'));
  if (!view && link.has('view')) notes.push({ key: 'link.value', name: 'view', value: link.get('view') });
  view ??= model.views[0];
  experiment.view = view?.id ?? null;
  experiment.options = view ? readRows(link, 'o.', view.options, kind, notes) : {};

  readPage(link, experiment, notes);
  const known = ['weights', 'model', 'data', 'seed', 'points', 'view', ...model.params.map((row) => 'k.' + row.key), ...(view?.options ?? []).map((row) => 'o.' + row.key)];
  if (!problem) readRest(link, known, notes);
  return { experiment, notes, problem };
}

/** How to compute, and what of the page is to be seen. @param {URLSearchParams} link @param {Experiment} experiment @param {Note[]} notes */
function readPage(link, experiment, notes) {
  const fast = { key: 'fast', title: 'fast', type: /** @type {const} */ ('choice'), default: '', choices: ['threads', 'relaxed'] };
  experiment.fast = readRows(link, '', [fast], undefined, notes).fast ?? '';
  experiment.embed = link.get('embed') === '1';
  for (const key of /** @type {const} */ (['hide', 'show', 'lock']))
    experiment[key] = (link.get(key) ?? '').split(',').filter(Boolean);
}

/** Says what nobody asked for. @param {URLSearchParams} link @param {string[]} known @param {Note[]} notes */
function readRest(link, known, notes) {
  const all = new Set(['v', 'fast', 'embed', 'hide', 'show', 'lock', ...known]);
  const unknown = [...new Set(link.keys())].filter((key) => key && !all.has(key));
  if (unknown.length) notes.push({ key: 'link.ignored', names: unknown.join(', ') });
}

/** @param {URLSearchParams} link @param {Catalogue} catalogue @param {Experiment} experiment @param {Note[]} notes */
function readLesson(link, catalogue, experiment, notes) {
  const id = /** @type {string} */ (link.get('lesson')), lesson = findLesson(catalogue, id);
  const options = lesson ? readRows(link, 'o.', lesson.options, 'points', notes) : {};
  Object.assign(experiment, { weights: null, lesson: lesson ? id : null, view: null, options });
  readPage(link, experiment, notes);
  if (lesson) readRest(link, ['lesson', ...lesson.options.map((row) => 'o.' + row.key)], notes);
  return { experiment, notes, problem: lesson ? null : { key: 'link.lesson', id } };
}

/**
 * The link of an experiment: what parseLink reads.  Points that are too many stay out (writePoints says which).
 * @param {Experiment} experiment @returns {string} without the #
 */
export function formatLink(experiment) {
  const link = new URLSearchParams({ v: String(VERSION) });
  if (experiment.lesson !== null) link.set('lesson', experiment.lesson);
  else if (experiment.weights !== null) link.set('weights', experiment.weights);
  else {
    link.set('model', experiment.model);
    link.set('data', experiment.data);
    link.set('seed', String(experiment.seed));
  }
  if (experiment.lesson === null) for (const [key, value] of Object.entries(experiment.params)) link.set('k.' + key, writeValue(value));
  if (experiment.view !== null) link.set('view', experiment.view);
  for (const [key, value] of Object.entries(experiment.options)) link.set('o.' + key, writeValue(value));
  const points = experiment.lesson === null && experiment.points && writePoints(experiment.points);
  if (points) link.set('points', points);
  if (experiment.fast) link.set('fast', experiment.fast);
  if (experiment.embed) link.set('embed', '1');
  for (const key of /** @type {const} */ (['hide', 'show', 'lock'])) if (experiment[key].length) link.set(key, experiment[key].join(','));
  return link.toString().replaceAll('%2C', ',');
}

/** Whether a part of the page is to be seen. @param {Experiment} experiment @param {string} part */
export function partShown({ embed, hide, show, lesson }, part) {
  if (hide.includes(part)) return false;
  return !embed || (lesson === null ? BARE : BARE_LESSON).includes(part) || show.includes(part);
}

/** Whether a control may be used; `lock=all` locks every knob, the data and the model. @param {Experiment} experiment @param {string} key */
export const locked = ({ lock }, key) => lock.includes(key) || lock.includes('all');

// --------------------------------------------------------------------------------------------------------------- store

/**
 * State flows one way: set() merges a patch and tells every listener once.
 * @template {object} T @param {T} initial
 */
export function createStore(initial) {
  let state = initial;
  /** @type {Set<(state: T, patch: Partial<T>) => void>} */
  const listeners = new Set();
  return {
    get: () => state,
    /** @param {Partial<T>} patch */
    set(patch) {
      state = { ...state, ...patch };
      for (const listener of listeners) listener(state, patch);
    },
    /** @param {(state: T, patch: Partial<T>) => void} listener */
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
