// files.mjs -- what a visitor drops on the page: points as CSV, images as PNG or IDX, weights as safetensors.
//
// A file is told by what is in it, not by its name; gzip is unpacked.  Only test sets of images are told by name (t10k, test), since
// nothing in an IDX file says so, and the size of a sheet's tiles.  A CSV beside images says what is known of each (wasm/pictures.mjs).
// Whether the numbers make sense is the engine's business; text is this module's.
import { describeIdx, FileError, isPng, parseTable, readPictures } from '../wasm/pictures.mjs';
import { t } from './text.mjs';

export { FileError };

/**
 * @typedef {import('../wasm/genplay.mjs').IdxFiles} IdxFiles
 * @typedef {{ name: string, bytes: Uint8Array }} Unpacked
 * @typedef {{ kind: 'points', data: Float32Array } | { kind: 'weights', bytes: Uint8Array } | { kind: 'images', files: IdxFiles }} Found
 */

/**
 * Reads files that were dropped together.
 * @param {Iterable<File>} files @returns {Promise<Found>}
 */
export async function readFiles(files) {
  /** @type {Partial<IdxFiles>} */
  const idx = {};
  /** @type {Unpacked[]} */
  const pictures = [];
  /** @type {Unpacked[]} */
  const tables = [];
  let last = '';
  for (const file of files) {
    last = file.name;
    const bytes = await unpack(file);
    if (bytes.length === 0) throw new FileError(file.name, t('file.empty'));
    const magic = new DataView(bytes.buffer, bytes.byteOffset, Math.min(16, bytes.length));
    if (bytes.length > 3 && bytes[0] === 0 && bytes[1] === 0 && bytes[3] >= 1 && bytes[3] <= 4) {
      const test = /t10k|test/i.test(file.name);
      const role = bytes[3] === 1 ? (test ? 'testLabels' : 'labels') : test ? 'testImages' : 'images';
      idx[role] = bytes;
    } else if (bytes.length > 9 && magic.getUint32(4, true) === 0 && bytes[8] === 0x7b) {
      return { kind: 'weights', bytes };
    } else (isPng(bytes) ? pictures : tables).push({ name: file.name, bytes });
  }
  const texts = tables.map(({ name, bytes }) => ({ name, text: decode(name, bytes) })), roles = Object.keys(idx).length;
  if (!roles && !pictures.length) return { kind: 'points', data: parsePoints(texts[0].text, texts[0].name) };
  if (texts.length > 1 || (roles && pictures.length)) throw new FileError(last, t('file.mixed'));
  const table = texts.length ? parseTable(texts[0].name, texts[0].text) : null;
  if (pictures.length) return { kind: 'images', files: await readPictures(pictures, table) };
  // A test set alone is a set like any other.
  const { images, ...others } = idx.images ? idx : { images: idx.testImages, labels: idx.testLabels };
  if (!images) throw new FileError(last, t('file.labels'));
  return { kind: 'images', files: table ? describeIdx(texts[0].name, { images, ...others }, table) : { images, ...others } };
}

/** @param {File} file @returns {Promise<Uint8Array>} */
async function unpack(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new FileError(file.name, t('file.gzip'));
  }
}

/** @param {string} name @param {Uint8Array} bytes */
function decode(name, bytes) {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch { /* neither text nor anything else that we know */ }
  throw new FileError(name, t('file.kind'));
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const NO_NUMBER = /^[+-]?(nan|inf(inity)?)$/i;

/**
 * Two numbers a line, between them a comma, a semicolon, a tab or spaces; the first line may be a header, empty lines and lines that
 * start with # are left out.
 * @param {string} text @param {string} [name] for messages
 */
export function parsePoints(text, name = 'CSV') {
  /** @type {number[]} */
  const data = [];
  let first = true;
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i].trim();
    if (!line || line.startsWith('#')) continue;
    if (line.length > 1000) throw new FileError(name, t('file.kind'));
    const fields = line.split(/\s*[,;\t]\s*|\s+/).map((field) => field.replace(/^"(.*)"$/, '$1'));
    const isHeader = first && fields.every((field) => !NUMBER.test(field) && !NO_NUMBER.test(field));
    first = false;
    if (isHeader) continue;
    if (fields.length !== 2) throw new FileError(name, t('file.columns', { line: i + 1, n: fields.length }));
    for (const field of fields) {
      if (!NUMBER.test(field)) throw new FileError(name, t('file.number', { line: i + 1, text: field.slice(0, 20) }));
      const value = Math.fround(Number(field));
      if (!Number.isFinite(value)) throw new FileError(name, t('file.finite', { line: i + 1 }));
      data.push(value);
    }
  }
  if (!data.length) throw new FileError(name, t(first ? 'file.empty' : 'file.kind'));
  return Float32Array.from(data);
}
