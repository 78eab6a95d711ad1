// idx-files.mjs -- finds IDX files on disk, MNIST's above all, and registers them with a lab.  For the command line, the tests and the
// figures: Node only.
//
// A folder of IDX files holds them under MNIST's names, gzip or plain: train-images-idx3-ubyte, train-labels-idx1-ubyte,
// t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte; the last three may be missing.  MNIST itself is looked for where GENPLAY_DATA says;
// without it in ./data and in the project's own data/.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { GenplayError } from './genplay.mjs';

/** The keys of lab.addIdx, and what such a file's name begins with. */
const ROLES = /** @type {const} */ ({
  images: ['train-images-idx3-ubyte', 'train-images-idx4-ubyte'],
  labels: ['train-labels-idx1-ubyte'],
  testImages: ['t10k-images-idx3-ubyte', 't10k-images-idx4-ubyte', 'test-images-idx3-ubyte', 'test-images-idx4-ubyte'],
  testLabels: ['t10k-labels-idx1-ubyte', 'test-labels-idx1-ubyte'],
});

/** @typedef {import('./genplay.mjs').IdxFiles} IdxFiles */
/** @typedef {{ [role in keyof Omit<IdxFiles, 'attributes'>]: string }} IdxPaths */

/**
 * Where the IDX files of a folder are; null when it holds no images.
 * @param {string} folder
 * @returns {IdxPaths | null}
 */
export function idxPaths(folder) {
  /** @type {Record<string, string>} */
  const paths = {};
  for (const [role, names] of Object.entries(ROLES)) {
    const path = names.flatMap((name) => [join(folder, name), join(folder, `${name}.gz`)]).find((file) => existsSync(file));
    if (path) paths[role] = path;
  }
  return paths.images ? /** @type {IdxPaths} */ (paths) : null;
}

/**
 * The folder that holds all four files of MNIST, or null.
 * @returns {string | null}
 */
export function mnistFolder() {
  const folders = process.env.GENPLAY_DATA ? [process.env.GENPLAY_DATA] : ['./data', fileURLToPath(new URL('../data', import.meta.url))];
  const complete = (/** @type {string} */ folder) => Object.keys(idxPaths(folder) ?? {}).length === 4;
  return folders.flatMap((folder) => [resolve(folder), resolve(folder, 'mnist')]).find(complete) ?? null;
}

/**
 * Registers the IDX files of a folder.
 * @param {import('./genplay.mjs').Lab} lab
 * @param {string} id
 * @param {string} folder
 * @param {(files: IdxFiles) => IdxFiles} [describe] adds what else is known of the images; gets the files unpacked
 * @returns {import('./genplay.mjs').Dataset}
 */
export function addIdxFolder(lab, id, folder, describe) {
  const paths = existsSync(folder) && statSync(folder).isDirectory() ? idxPaths(folder) : null;
  if (!paths) throw new GenplayError('bad-argument', `${folder} is no folder of IDX files: it must hold ${ROLES.images[0]} (or .gz)`);
  const read = (/** @type {string} */ path) => new Uint8Array(describe && path.endsWith('.gz') ? gunzipSync(readFileSync(path)) : readFileSync(path));
  const files = /** @type {any} */ (Object.fromEntries(Object.entries(paths).map(([role, path]) => [role, read(path)])));
  return lab.addIdx(id, describe ? describe(files) : files);
}

/**
 * Writes the IDX files of a folder into another one, unpacked and under MNIST's names: for a program that reads nothing else.
 * @param {string} from
 * @param {string} to
 * @returns {string} to
 */
export function unpackIdx(from, to) {
  mkdirSync(to, { recursive: true });
  for (const [role, path] of Object.entries(/** @type {IdxPaths} */ (idxPaths(from)))) {
    const bytes = readFileSync(path);
    writeFileSync(join(to, ROLES[/** @type {keyof typeof ROLES} */ (role)][0]), path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  return to;
}

/**
 * Registers MNIST as `mnist`, from wherever it is.
 * @param {import('./genplay.mjs').Lab} lab
 * @returns {import('./genplay.mjs').Dataset}
 */
export function addMnist(lab) {
  const folder = mnistFolder();
  if (!folder) {
    throw new GenplayError('bad-argument', "MNIST is not here: run `make data`, or let GENPLAY_DATA name a folder with its four files (data 'digits' needs none)");
  }
  return addIdxFolder(lab, 'mnist', folder);
}
