// check.mjs -- the one error type, and the checks of JavaScript values on their way into the engine.
//
// The engine knows ranges and rules; it cannot know that a caller passed a string where a number goes, since all that reaches it is
// text and floats.  So types, shapes and unknown keys are checked here, before anything is called, and a refused call changes
// nothing.  Every message names the argument, what it was and what is accepted.

/** @typedef {'bad-argument' | 'unsupported' | 'bad-file' | 'out-of-memory' | 'diverged'} ErrorCode */

/** What every failure of Genplay throws. */
export class GenplayError extends Error {
  /**
   * @param {ErrorCode} code what kind of failure: for programs
   * @param {string} message names the argument, what it was and what is accepted: for people
   * @param {{ cause?: unknown }} [options] what led to it
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'GenplayError';
    /** @type {ErrorCode} */
    this.code = code;
  }
}

const INT_MAX = 2 ** 31 - 1;
const SEED_MAX = 2 ** 32 - 1;

/**
 * A value in a few words, for messages.
 * @param {unknown} value
 * @returns {string}
 */
export function show(value) {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`.replace(/\p{Cc}/gu, '?');
  if (typeof value === 'bigint') return `the bigint ${value}`;
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`;
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name} of ${'length' in value ? `length ${value.length}` : `${value.byteLength} bytes`}`;
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).slice(0, 6).join(', ') || 'no keys'}`;
  return String(value);
}

/**
 * @param {string} name the argument, as the caller wrote it
 * @param {unknown} value what it was
 * @param {string} accepted what it must be
 * @returns {GenplayError}
 */
export function badArgument(name, value, accepted) {
  return new GenplayError('bad-argument', `${name} was ${show(value)}; accepted: ${accepted}`);
}

/**
 * An integer from `min` to `max`.
 * @param {string} name
 * @param {unknown} value
 * @param {number} [min]
 * @param {number} [max]
 * @returns {number}
 */
export function integer(name, value, min = 1, max = INT_MAX) {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw badArgument(name, value, `an integer from ${min} to ${max}`);
  }
  return value;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {number}
 */
export const seedValue = (name, value) => integer(name, value, 0, SEED_MAX);

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} min
 * @param {number} max
 * @returns {number}
 */
export function number(name, value, min, max) {
  if (typeof value !== 'number' || !(value >= min && value <= max)) throw badArgument(name, value, `a number from ${min} to ${max}`);
  return value;
}

/**
 * A string that can be a name: not empty, one line.
 * @param {string} name
 * @param {unknown} value
 * @param {string | (() => string)} [accepted]
 * @returns {string}
 */
export function string(name, value, accepted = 'a string') {
  if (typeof value !== 'string' || value === '' || /[\0\t\n\r]/.test(value)) throw badArgument(name, value, typeof accepted === 'string' ? accepted : accepted());
  return value;
}

/**
 * @template {string} T
 * @param {string} name
 * @param {unknown} value
 * @param {readonly T[]} choices
 * @returns {T}
 */
export function oneOf(name, value, choices) {
  if (!choices.includes(/** @type {T} */ (value))) throw badArgument(name, value, choices.map((c) => `'${c}'`).join(' or '));
  return /** @type {T} */ (value);
}

/**
 * A plain object that holds none but these keys; keys whose value is undefined count as left out.
 * @param {string} name
 * @param {unknown} value
 * @param {readonly string[] | null} keys null: any
 * @returns {Record<string, unknown>}
 */
export function record(name, value, keys) {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw badArgument(name, value, keys ? `an object with ${keys.join(', ')}` : 'an object');
  }
  const given = Object.entries(value).filter(([, v]) => v !== undefined);
  for (const [key] of given) {
    if (keys && !keys.includes(key)) {
      throw new GenplayError('bad-argument', `${name}: there is no ${show(key)}; accepted: ${keys.join(', ')}`);
    }
  }
  return Object.fromEntries(given);
}

/**
 * The floats of a Float32Array or of { data, shape }.
 * @param {string} name
 * @param {unknown} value
 * @param {{ shape?: readonly number[] | null, what?: string }} [expect] shape of one row, where known; `what` a row is
 * @returns {Float32Array}
 */
export function floats(name, value, { shape = null, what = 'examples' } = {}) {
  const accepted = `${what} as a Float32Array or { data: Float32Array, shape: [n, ${shape ? shape.join(', ') : '...'}] }`;
  if (value instanceof Float32Array) return floatsOfRows(name, value, accepted, shape);
  if (typeof value !== 'object' || value === null || !('data' in value)) throw badArgument(name, value, accepted);
  const given = 'shape' in value ? value.shape : undefined;
  if (!(value.data instanceof Float32Array)) throw badArgument(`${name}.data`, value.data, 'a Float32Array');
  if (!isShape(given)) throw badArgument(`${name}.shape`, given, 'an array of positive integers, the number of rows first');
  if (product(given) !== value.data.length) {
    throw new GenplayError('bad-argument', `${name}.shape was [${given}]; accepted: a shape of the ${value.data.length} numbers that ${name}.data holds`);
  }
  if (shape && String(given.slice(1)) !== String(shape)) {
    throw new GenplayError('bad-argument', `${name}.shape was [${given}]; accepted: [n, ${shape.join(', ')}]`);
  }
  return floatsOfRows(name, value.data, accepted, shape);
}

/**
 * @param {string} name
 * @param {Float32Array} data
 * @param {string} accepted
 * @param {readonly number[] | null} shape
 * @returns {Float32Array}
 */
function floatsOfRows(name, data, accepted, shape) {
  const row = shape ? product(shape) : 1;
  if (data.length === 0) throw badArgument(name, data, `${accepted}, one row at least`);
  if (data.length % row) throw badArgument(name, data, `${accepted}: a multiple of ${row} numbers`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new GenplayError('bad-argument', `${name}: number ${bad} was ${data[bad]}; accepted: finite numbers`);
  return data;
}

/**
 * Integers from an array or a typed array of them.
 * @param {string} name
 * @param {unknown} value
 * @param {number} [length] how many; any number of them if left out
 * @returns {Int32Array}
 */
export function integers(name, value, length) {
  const accepted = `an array of ${length === undefined ? '' : `${length} `}integers, one for each row`;
  const list = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)) ? /** @type {ArrayLike<unknown>} */ (/** @type {unknown} */ (value)) : null;
  if (!list || list.length !== (length ?? list.length)) throw badArgument(name, value, accepted);
  return Int32Array.from({ length: list.length }, (_, i) => integer(`${name}[${i}]`, list[i], 0));
}

/**
 * @param {unknown} shape
 * @returns {shape is number[]}
 */
export function isShape(shape) {
  return Array.isArray(shape) && shape.length > 0 && shape.every((d) => Number.isInteger(d) && d > 0);
}

/**
 * @param {readonly number[]} shape
 * @returns {number}
 */
export const product = (shape) => shape.reduce((a, b) => a * b, 1);

/**
 * What a knob, a verb's option or a view's option accepts, as far as the types of JavaScript go.
 * @typedef {{ readonly key: string, readonly type: 'number' | 'integer' | 'choice' | 'boolean', readonly min?: number, readonly max?: number, readonly choices?: readonly string[] }} Range
 */

/**
 * Values as the engine reads them: one line "key, tab, value" each.  Types are checked here; ranges there.
 * @param {string} name the argument that held them
 * @param {Record<string, unknown>} values
 * @param {readonly Range[]} ranges those there are; a key that is none of them goes to the engine, which names what there is
 * @returns {string}
 */
export function lines(name, values, ranges) {
  let text = '';
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    string(`a key of ${name}`, key);
    text += `${key}\t${line(`${name}.${key}`, value, ranges.find((range) => range.key === key))}\n`;
  }
  return text;
}

/**
 * One value as text; String() of a number is exact.
 * @param {string} name
 * @param {unknown} value
 * @param {Range} [range]
 * @returns {string}
 */
export function line(name, value, range) {
  const type = range ? { number: 'number', integer: 'number', choice: 'string', boolean: 'boolean' }[range.type] : typeof value;
  const good = typeof value === type && (typeof value === 'string' ? !/[\0\t\n\r]/.test(value) : typeof value === 'boolean' || Number.isFinite(value));
  if (!good) throw badArgument(name, value, range ? accepted(range) : 'a finite number, a word, true or false');
  return String(value);
}

/**
 * @param {Range} range
 * @returns {string}
 */
function accepted({ type, min, max, choices }) {
  if (type === 'choice') return choices ? choices.map((choice) => `'${choice}'`).join(' or ') : 'a word';
  if (type === 'boolean') return 'true or false';
  return `${type === 'integer' ? 'an integer' : 'a number'}${min === undefined ? '' : ` from ${min} to ${max}`}`;
}
