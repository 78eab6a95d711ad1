// split.mjs -- cuts an engine in two: what runs until the first training step is done, and the rest (parts.pre.js loads both).
//
//   node wasm/split.mjs wasm/build/obj/simd/whole.js wasm/build/simd
//
// reads whole.js and whole.wasm and writes simd.mjs, simd.wasm and simd.rest.wasm.
//
// Functions: which of them run is found by running them, instrumented by Binaryen's wasm-split, with a lab and the runs below.  Other models and data sets, and
// everything that looks at a model, are in the rest.
// Texts: messages, explanations and shaders are only passed on by code, never looked into, and whoever hands one out (fail, the catalogue, a run's
// description, the renderer) is in the rest.  So they move there too, and zeros stand in their place.
// In the end the first part alone must do what the whole did.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import { buildsHere, startEngine } from './engine.mjs';
import { Lab } from './genplay.mjs';

const FIRST = [{ model: 'vae', data: 'moons', params: { hidden: 32 } }, { model: 'vae', data: 'digits' }];
const STEPS = 10;                // some things happen only from the second step on
const MEMORY = 2 ** 30;
const PROFILE_ROOM = 2 ** 16;
const FEATURES = ['simd', 'relaxed-simd', 'bulk-memory', 'sign-ext', 'nontrapping-float-to-int', 'mutable-globals'].map((name) => `--enable-${name}`);

const program = promisify(execFile);

// --- Functions ---------------------------------------------------------------------------------------------------------

/** The folder of Binaryen's programs that Emscripten works with; em-config is beside emcc, though not always on the PATH. */
async function binaryen() {
  const emcc = (process.env.PATH ?? '').split(':').map((folder) => join(folder, process.env.EMCC ?? 'emcc')).find(existsSync);
  if (!emcc) throw new Error('emcc is not on the PATH');
  const { stdout } = await program(join(dirname(realpathSync(emcc)), 'em-config'), ['BINARYEN_ROOT']);
  return join(stdout.trim(), 'bin');
}

/**
 * Starts an engine and makes the first runs.
 * @param {string} whole its module
 * @param {Uint8Array<ArrayBuffer>} wasm
 * @param {WebAssembly.ModuleImports} placeholder what stands for functions of the rest
 * @returns {Promise<{ module: any, exports: any, seen: unknown }>} seen: the losses
 */
async function firstSteps(whole, wasm, placeholder) {
  const { default: factory } = await import(pathToFileURL(whole).href);
  /** @type {any} */
  let exports;
  const instantiateWasm = (/** @type {WebAssembly.Imports} */ imports, /** @type {(instance: WebAssembly.Instance) => void} */ receive) => {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { ...imports, placeholder });
    receive(instance);
    return exports = instance.exports;
  };
  const { module } = /** @type {{ module: any }} */ (await startEngine(factory, { instantiateWasm }));
  module.stackRestore(module.stackSave());            // parts.pre.js needs both when there is no rest
  const lab = new Lab({ module, build: 'simd', threads: 1, gunzip: (bytes) => bytes }, MEMORY);
  const first = () => FIRST.map((one) => {
    const run = lab.create(one), { losses } = run.train(STEPS);
    run.free();
    return losses;
  });
  const seen = [first()];
  module._gp_matmul_rows(4);                          // as under older versions of Node
  seen.push(first());
  lab.free();
  return { module, exports, seen };
}

/**
 * What wasm-split wants to know: which functions ran.
 * @param {{ module: any, exports: any }} engine an instrumented one
 * @returns {Uint8Array}
 */
function profileOf({ module, exports }) {
  const at = module._malloc(PROFILE_ROOM) >>> 0, size = exports.__write_profile(at, PROFILE_ROOM);
  if (size > PROFILE_ROOM) throw new Error(`a profile of ${size} bytes does not fit into ${PROFILE_ROOM}`);
  return module.HEAPU8.slice(at, at + size);
}

// --- Texts -------------------------------------------------------------------------------------------------------------

// 24 bytes or more of UTF-8 with a word and a space in it, from one zero to the next; a segment may end before its last zero.
const TEXT = /(?<=^|\0)[\t\n\x20-\x7e\x80-\xff]{24,}(?=\0|$)/g;
const isText = (/** @type {string} */ latin1) => /[a-z]{2,}[,:;]? /i.test(latin1) && !Buffer.from(latin1, 'latin1').toString().includes('\ufffd');

/**
 * The initialised memory of a module, where it is in the file and where it will be in memory.
 * @param {Buffer} wasm
 * @returns {{ at: number, address: number, size: number }[]}
 */
function segmentsOf(wasm) {
  let p = 8;
  const number = () => {
    for (let value = 0, bits = 0; ; bits += 7) {
      value += (wasm[p] & 127) * 2 ** bits;
      if (wasm[p++] < 128) return value;
    }
  };
  const segment = () => {
    assert.equal(wasm[p++], 0, 'an active segment of memory 0');
    assert.equal(wasm[p++], 0x41, 'at a constant address');
    const address = number();                         // never negative: below 64 kB, and the sign is a bit of its own
    assert.equal(wasm[p++], 0x0b);
    const size = number(), at = p;
    p += size;
    return { at, address, size };
  };
  while (p < wasm.length) {
    const section = wasm[p++], size = number();
    if (section === 11) return Array.from({ length: number() }, segment);
    p += size;
  }
  return [];
}

/** A number as wasm writes it, signed: readers of unsigned ones take a byte more in their stride. */
function leb(/** @type {number} */ value) {
  const bytes = [];
  for (; value > 63; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/**
 * Moves the texts of one part to the other.
 * @param {Buffer} first
 * @param {Buffer} rest
 * @returns {Buffer[]}
 */
function moveTexts(first, rest) {
  assert.equal(segmentsOf(rest).length, 0, 'wasm-split leaves all memory to the first part');
  const moved = [], emptied = Buffer.from(first);
  for (const { at, address, size } of segmentsOf(first)) {
    for (const { 0: text, index } of first.toString('latin1', at, at + size).matchAll(TEXT)) {
      if (!isText(text)) continue;
      emptied.fill(0, at + index, at + index + text.length);
      moved.push(Buffer.concat([Buffer.from([0, 0x41]), leb(address + index), Buffer.from([0x0b]), leb(text.length), Buffer.from(text, 'latin1')]));
    }
  }
  const content = Buffer.concat([leb(moved.length), ...moved]);
  return [emptied, Buffer.concat([rest, Buffer.from([11]), leb(content.length), content])];
}

// -----------------------------------------------------------------------------------------------------------------------

async function main() {
  const [whole, target] = process.argv.slice(2);
  const wasm = whole.replace(/\.js$/, '.wasm'), folder = await mkdtemp(join(tmpdir(), 'genplay-split-'));
  const file = (/** @type {string} */ name) => join(folder, name);
  const read = async (/** @type {string} */ name) => /** @type {Buffer<ArrayBuffer>} */ (await readFile(file(name)));
  try {
    await buildsHere();                               // switches relaxed SIMD on, where it hides behind a flag
    const wasmSplit = join(await binaryen(), 'wasm-split');
    const glue = await readFile(whole, 'utf8');
    await writeFile(file('whole.mjs'), glue);         // .mjs nowhere in wasm/build but where engine.mjs looks for builds
    await program(wasmSplit, [...FEATURES, '--instrument', wasm, '-o', file('instrumented')]);
    const ran = await firstSteps(file('whole.mjs'), await read('instrumented'), {});
    await writeFile(file('profile'), profileOf(ran));
    await program(wasmSplit, [...FEATURES, wasm, `--profile=${file('profile')}`, '-o1', file('first'), '-o2', file('rest')]);
    const [first, rest] = moveTexts(await read('first'), await read('rest'));
    const alone = new Proxy({}, { get: (_, slot) => () => assert.fail(`function ${String(slot)} is in the rest, but runs`) });
    assert.deepEqual((await firstSteps(file('whole.mjs'), Uint8Array.from(first), alone)).seen, ran.seen);
    const { code } = await esbuild.transform(glue.replaceAll(/\b(ENGINE|whole)\b(?=(\.rest)?\.wasm)/g, basename(target)), { minify: true, format: 'esm', target: 'es2022' });
    await Promise.all([writeFile(`${target}.wasm`, first), writeFile(`${target}.rest.wasm`, rest), writeFile(`${target}.mjs`, code)]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

await main();
