// fetch-mnist.mjs: `make data`.  Puts the four files of MNIST (LeCun, Cortes and Burges) into data/, or into the folder that GENPLAY_DATA names.
//
// MNIST_MIRROR names another place to download them from: an address under which the four .gz files lie.  What counts is the SHA-256 of the unpacked file, since
// mirrors pack differently.  A file is downloaded under another name, checked, and only then renamed: a broken download or a wrong sum leaves nothing behind.
// Files that are already there and right are not downloaded again.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';

const DEFAULT_MIRROR = 'https://ossci-datasets.s3.amazonaws.com/mnist/';     // the one that PyTorch's torchvision uses
const PATIENCE_MS = 300_000;

/** The files; `role` is the key under which lab.addIdx takes each. */
export const MNIST = [
  { name: 'train-images-idx3-ubyte', role: 'images', sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db' },
  { name: 'train-labels-idx1-ubyte', role: 'labels', sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5' },
  { name: 't10k-images-idx3-ubyte', role: 'testImages', sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7' },
  { name: 't10k-labels-idx1-ubyte', role: 'testLabels', sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2' },
];

/** Where downloaded data are. */
export function dataFolder() {
  return process.env.GENPLAY_DATA || resolve(dirname(fileURLToPath(import.meta.url)), '../data');
}

/**
 * The path of an IDX file in a folder, packed or plain; null where it is not.
 * @param {string} folder
 * @param {string} name
 */
export function presentFile(folder, name) {
  return [join(folder, `${name}.gz`), join(folder, name)].find((file) => existsSync(file)) ?? null;
}

/** @param {Uint8Array} bytes, as downloaded or as on disk  @returns the SHA-256 of what is inside, or null where the packing is broken */
function sumOfContent(bytes) {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    return createHash('sha256').update(packed ? gunzipSync(bytes) : bytes).digest('hex');
  } catch {
    return null;
  }
}

/** @param {string} url */
async function download(url) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const { message, cause } = /** @type {Error & { cause?: { code?: string } }} */ (error);
    throw new Error(`the download of ${url} broke: ${cause?.code ?? message}`);
  }
  throw new Error(`${url} answered ${response.status}. MNIST_MIRROR names another mirror.`);
}

/**
 * Fetches what is missing, one file after the other.
 * @param {{ folder: string, mirror: string, files?: { name: string, sha256: string }[], log?: (line: string) => void }} options
 */
export async function fetchMnist({ folder, mirror, files = MNIST, log = () => {} }) {
  await mkdir(folder, { recursive: true });
  for (const { name, sha256 } of files) {
    const present = presentFile(folder, name);
    if (present && sumOfContent(await readFile(present)) === sha256) {
      log(`${present} is there`);
      continue;
    }
    const url = new URL(`${name}.gz`, mirror.endsWith('/') ? mirror : `${mirror}/`).href;
    log(`downloading ${url}`);
    const bytes = await download(url);
    const sum = sumOfContent(bytes);
    if (sum !== sha256) {
      throw new Error(`${url} is not MNIST: ${sum ? `the SHA-256 of its content is ${sum}, expected ${sha256}` : 'it does not unpack'}. Nothing was kept.`);
    }
    const target = join(folder, `${name}.gz`);
    const part = `${target}.${process.pid}.part`;
    try {
      await writeFile(part, bytes);
      await rename(part, target);
    } finally {
      await rm(part, { force: true });
    }
  }
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  const mirror = process.env.MNIST_MIRROR || DEFAULT_MIRROR;
  await fetchMnist({ folder: dataFolder(), mirror, log: console.log }).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
