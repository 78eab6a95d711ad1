// engine.mjs -- one WebAssembly instance of the C library, and the way values get in and out of it.
//
// Into the engine: strings and arrays are copied into memory that lives for one call (withMemory).  Out of it: named arrays, copied
// so that the caller owns them (readOut).  The memory may grow in every call, which replaces the views Module.HEAP...: they are read
// again each time and never kept.  Pointers go up to 4 GB and come signed, hence `>>> 0`.
//
// Builds lie in ./build/ as modules of their own, fetched when a lab wants one; a bundler takes them along, since it can see from the
// import what they may be called.  simd is for everyone; relaxed (fused multiply-add) repeats on one machine and browser only; threads gives
// the same results as simd on several cores, where memory may be shared: in Node, and in workers of a cross-origin-isolated page.

import { GenplayError } from './check.mjs';

/**
 * The instance, as Emscripten hands it over; functions are those of api.c with a `_` in front.
 * @typedef {{
 *   HEAPU8: Uint8Array, HEAP32: Int32Array, HEAPU32: Uint32Array, HEAPF32: Float32Array, HEAPF64: Float64Array, whole?: Promise<void>,
 *   UTF8ToString(pointer: number): string, stringToUTF8(text: string, pointer: number, size: number): void, lengthBytesUTF8(text: string): number,
 *   PThread?: { terminateAllThreads(): void },
 *   GL: { registerContext(gl: object, attributes: object): number, deleteContext(handle: number): void },
 *   [call: `_${string}`]: (...values: number[]) => number
 * }} Module
 */

/** @typedef {'simd' | 'relaxed' | 'threads'} Build */

/** @typedef {{ module: Module, build: Build, threads: number, gunzip: (bytes: Uint8Array) => Uint8Array }} Engine */

/** @typedef {{ name: string, data: Float32Array | Float64Array | Int32Array, shape: number[] }} NamedArray */

// Two of the smallest modules that need each feature, from wasm-feature-detect.
const SIMD = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const RELAXED = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11];

/** @param {number[]} bytes */
const runs = (bytes) => WebAssembly.validate(new Uint8Array(bytes));

const node = /** @type {any} */ (globalThis).process?.versions?.node;

/**
 * A module of Node's own; the name is a variable, so that a bundler for pages does not look for it.
 * @param {string} name
 * @returns {Promise<any>}
 */
const nodeModule = (name) => import(name);

/**
 * Node 20 has relaxed SIMD behind a flag of V8, which may still be set before the first such module is compiled.
 * @returns {Promise<boolean>}
 */
async function relaxedRuns() {
  if (runs(RELAXED)) return true;
  if (!node) return false;
  (await nodeModule('node:v8')).setFlagsFromString('--experimental-wasm-relaxed-simd');
  return runs(RELAXED);
}

/**
 * Why there can be no threads here, or nothing.  A page's own thread may not wait for others, so there it takes a worker.
 * @returns {string | undefined}
 */
function noThreads() {
  if (node) return undefined;
  if (!globalThis.crossOriginIsolated) return 'memory that threads share, which a page has when it is served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return typeof WorkerGlobalScope === 'undefined' ? 'to wait for its threads, which only workers may' : undefined;
}

/**
 * The builds that run here.
 * @returns {Promise<Build[]>}
 */
export async function buildsHere() {
  const can = { simd: runs(SIMD), threads: !noThreads(), relaxed: await relaxedRuns() };
  return /** @type {Build[]} */ (Object.entries(can).filter(([, yes]) => yes).map(([name]) => name));
}

const CORES_MOST = 8;            // more than that wait for each other most of the time: the batches are small

async function cores() {
  const count = globalThis.navigator?.hardwareConcurrency ?? (await nodeModule('node:os')).availableParallelism();
  return Math.min(count, CORES_MOST);
}

/**
 * The build for a wish and the number of its threads, or the reason why it cannot run here.  `auto` is single-threaded unless asked for
 * more, and stays so where there is no more.
 * @param {'auto' | Build} wanted
 * @param {number | undefined} threads
 * @returns {Promise<{ build: Build, threads: number }>}
 */
async function choose(wanted, threads) {
  if (!runs(SIMD)) throw new GenplayError('unsupported', 'WebAssembly SIMD is missing here: use a browser of 2023 or later, or Node 20');
  if (wanted === 'relaxed' && !(await relaxedRuns())) throw new GenplayError('unsupported', "build 'relaxed' needs relaxed SIMD, which is missing here: use 'auto'");
  if (wanted === 'threads' || (wanted === 'auto' && threads !== undefined && threads > 1)) {
    const missing = noThreads();
    if (!missing) return { build: 'threads', threads: threads ?? await cores() };
    if (wanted === 'threads') throw new GenplayError('unsupported', `build 'threads' needs ${missing}: use 'auto', which gives the same results on one thread`);
  }
  return { build: wanted === 'relaxed' ? 'relaxed' : 'simd', threads: 1 };
}

/**
 * A fresh instance.
 * @param {'auto' | Build} wanted
 * @param {number} [threads] for `threads`: as many as there are cores if left out
 * @returns {Promise<Engine>}
 */
export async function loadEngine(wanted, threads) {
  const chosen = await choose(wanted, threads);
  try {
    const [{ default: factory }, { gunzipSync }] = await Promise.all([load(chosen.build), load('gunzip')]);
    const { module, threads: running } = await startEngine(factory, { helpers: chosen.threads - 1, worker: globalThis.Worker });
    if (parseInt(node) < 22) module._gp_matmul_rows(4); // core/kernels/matmul.h says why
    return { module, build: chosen.build, threads: running, gunzip: gunzipSync };
  } catch (cause) {
    throw new GenplayError('bad-file', `the engine (build/${chosen.build}.mjs and .wasm) could not be loaded: ${/** @type {any} */ (cause)?.message ?? cause}`, { cause });
  }
}

/**
 * Makes an instance from a build's factory.  Builds in two parts ask `missing` for the error of a call that needs the second one in vain.
 * @param {(options: object) => Promise<Module>} factory
 * @param {{ helpers?: number, worker?: unknown, instantiateWasm?: Function }} options
 * @returns {Promise<{ module: Module, threads: number }>}
 */
export async function startEngine(factory, options) {
  const missing = (/** @type {Error} */ cause) => new GenplayError('bad-file', `the second part of the engine could not be loaded: ${cause.message}; the call can be made again`, { cause });
  const module = await factory({ missing, ...options });
  return { module, threads: module._gp_pool_start((options.helpers ?? 0) + 1) };
}

/**
 * @param {string} name
 * @returns {Promise<any>}
 */
const load = (name) => import(`./build/${name}.mjs`);

/**
 * Ends the instance's threads; dropping the instance is what gives its memory back to the system.
 * @param {Engine} engine
 */
export function unloadEngine(engine) {
  engine.module.PThread?.terminateAllThreads();
  engine.module = /** @type {any} */ (null);
}

// --- Into the engine ---------------------------------------------------------------------------------------------------

/**
 * Puts values into the engine's memory for the length of one call and returns pointers to them.
 * @typedef {{
 *   text(value: string): number,
 *   array(value: ArrayBufferView | null | undefined): number,
 *   space(bytes: number): number
 * }} Put
 */

/**
 * @template T
 * @param {Module} module
 * @param {(put: Put) => T} body
 * @returns {T}
 */
export function withMemory(module, body) {
  /** @type {number[]} */
  const taken = [];
  /** @param {number} bytes */
  const space = (bytes) => {
    const pointer = module._malloc(bytes || 1) >>> 0;
    if (!pointer) throw new GenplayError('out-of-memory', `no ${bytes} bytes are left for the arguments of this call`);
    taken.push(pointer);
    return pointer;
  };
  /** @type {Put} */
  const put = {
    space,
    text(value) {
      const size = module.lengthBytesUTF8(value) + 1;
      const pointer = space(size);
      module.stringToUTF8(value, pointer, size);
      return pointer;
    },
    array(value) {
      if (!value) return 0;
      const pointer = space(value.byteLength);
      module.HEAPU8.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), pointer);
      return pointer;
    },
  };
  try {
    return body(put);
  } finally {
    for (const pointer of taken) module._free(pointer);
  }
}

// --- Out of the engine -------------------------------------------------------------------------------------------------

/**
 * What the engine says is wrong.
 * @param {Module} module
 * @returns {GenplayError}
 */
export function engineError(module) {
  const code = module.UTF8ToString(module._gp_error_name());
  const message = module.UTF8ToString(module._gp_error_message());
  return new GenplayError(/** @type {import('./check.mjs').ErrorCode} */ (code || 'out-of-memory'), message || 'the engine is out of memory');
}

/**
 * The arrays and the JSON of a result, copied; the engine's own are given back.
 * @param {Module} module
 * @param {number} out
 * @returns {{ arrays: NamedArray[], json: any }}
 */
export function readOut(module, out) {
  const arrays = Array.from({ length: module._gp_out_count(out) }, (_, i) => readArray(module, out, i));
  const json = module._gp_out_json(out);
  const result = { arrays, json: json ? JSON.parse(module.UTF8ToString(json)) : null };
  module._gp_out_clear(out);
  return result;
}

/**
 * @param {Module} module
 * @param {number} out
 * @param {number} i
 * @returns {NamedArray}
 */
function readArray(module, out, i) {
  const first = (module._gp_out_shape(out, i) >>> 0) / 4;
  const shape = Array.from(module.HEAP32.subarray(first, first + module._gp_out_rank(out, i)));
  const size = shape.reduce((a, b) => a * b, 1);
  const heap = [module.HEAPF32, module.HEAPF64, module.HEAP32][module._gp_out_type(out, i)];
  const start = (module._gp_out_data(out, i) >>> 0) / heap.BYTES_PER_ELEMENT;
  return { name: module.UTF8ToString(module._gp_out_name(out, i)), data: heap.slice(start, start + size), shape };
}
