// tools.mjs -- what several test files share: small versions of every model, readers of files, and comparison of runs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createLab, forKind } from '../wasm/genplay.mjs';

/** The data set that stands for each kind of data. */
export const DATA = { points: 'moons', image: 'digits' };

const SMALL = { batch: 16, hidden: 16, layers: 1, couplings: 4, channels: 4, latent: 2, steps: 10 };

/**
 * Parameters that make a model quick, as far as it has them.
 */
export function smallParams(model, more = {}) {
  const keys = model.params.map(({ key }) => key);
  const fit = ({ key, min, max }) => Math.min(max, Math.max(min, SMALL[key]));
  const small = model.params.filter(({ key }) => key in SMALL).map((param) => [param.key, fit(param)]);
  return { ...Object.fromEntries(small), ...Object.fromEntries(Object.entries(more).filter(([key]) => keys.includes(key))) };
}

/** Every model with every kind of data that it takes. */
export function* pairs(lab) {
  for (const model of lab.models) for (const kind of model.data) yield { model, kind, data: DATA[kind], can: forKind(model.can, kind), name: `${model.id} on ${kind}` };
}

/** A quick run of that model on that kind of data. */
export const smallRun = (lab, { model, data }, seed = 3, more = {}) => lab.create({ model: model.id, data, seed, params: smallParams(model, more) });

/** Opens a lab for one test and frees it at its end. */
export async function labFor(t, options) {
  const lab = await createLab(options);
  t.after(() => { try { lab.free(); } catch { /* the test did it */ } });
  return lab;
}

/** Asserts that a call throws GenplayError of that code with a message that matches. */
export function refuses(call, code, message = /./) {
  let result;
  try {
    result = call();
  } catch (error) {
    assert.equal(error.name, 'GenplayError', `threw ${error.stack}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /undefined must|\[object|\n/, 'a message is one line that a person can read');
    return;
  }
  assert.fail(`was accepted, and gave ${JSON.stringify(result)?.slice(0, 200)}`);
}

/** SHA-256 of a typed array's bytes, short. */
export const sha = (array) => createHash('sha256').update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength)).digest('hex').slice(0, 16);

/** The tensors of a safetensors file: name -> { dtype, shape, bytes }; and its metadata. */
export function readSafetensors(file) {
  const size = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata, ...entries } = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size)));
  const tensors = Object.fromEntries(Object.entries(entries).map(([name, { dtype, shape, data_offsets: [from, to] }]) => [
    name, { dtype, shape, bytes: file.subarray(8 + size + from, 8 + size + to) }]));
  return { metadata, tensors };
}

/** The hash of every tensor in a saved run, by name. */
export const tensorHashes = (file) => Object.fromEntries(Object.entries(readSafetensors(file).tensors).map(([name, { bytes }]) => [name, sha(bytes)]));

/** All that a run is, as hashes: weights and moments, and the losses so far. */
export const fingerprint = (run) => ({ step: run.step, params: run.params, weights: tensorHashes(run.save()) });
