// pictures.mjs -- the user's own pictures and what is known of them: PNG and CSV, read into what lab.addIdx takes.
//
// A picture is a PNG of its own, or a tile of a sheet: one PNG, a grid of tiles without gaps, row by row, whose name ends in the size of a
// tile, faces-32x24.png (width, height) or faces_28.png.  Where the name says nothing the number of rows of the table may: at most one size
// of square tiles fills a sheet to its last row.  Tiles of a single colour at a sheet's end are its unused rest.
//
// The table is CSV: a line of names, then a line of numbers for each picture in order; what stands in a column `label` or `class` is its class.
//
// A PNG is a signature and chunks (length, type, bytes, CRC-32); the pixels are one zlib stream of rows, each after a byte that names its
// filter.  W3C, Portable Network Graphics, third edition.  Up to 8 bits a channel, no interlacing.  Colour spaces are left alone, so that the
// numbers are those of the file, in any browser and in Node; what is transparent lies over black.  The zlib stream has a checksum, so CRCs are not looked at.

import { GenplayError } from './check.mjs';

/** @typedef {import('./genplay.mjs').IdxFiles} IdxFiles */
/** @typedef {{ name: string, bytes: Uint8Array }} NamedBytes */
/** @typedef {{ width: number, height: number, rgb: Uint8Array }} Rgb 3 bytes a pixel, row by row */
/** @typedef {{ names: string[], rows: number, data: Float32Array, labels: Uint8Array | null }} Table */

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const PIXELS_MAX = 2 ** 26;
const SIDE_MAX = 256;            // of one picture: what the engine takes

/** What is wrong with a file; `file` is its name. */
export class FileError extends GenplayError {
  /** @param {string} file @param {string} why */
  constructor(file, why) {
    super('bad-file', why);
    this.file = file;
  }
}

/** @param {Uint8Array} bytes */
export const isPng = (bytes) => SIGNATURE.every((byte, i) => bytes[i] === byte);

// --- PNG ---------------------------------------------------------------------------------------------------------------

/**
 * The chunks that matter, those of the pixels joined.
 * @param {string} file
 * @param {Uint8Array} bytes
 * @returns {{ IHDR?: Uint8Array, PLTE?: Uint8Array, tRNS?: Uint8Array, IDAT?: Uint8Array }}
 */
function chunksOf(file, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  /** @type {Record<string, Uint8Array>} */
  const found = {};
  /** @type {Uint8Array[]} */
  const pixels = [];
  for (let at = 8, type = ''; type !== 'IEND'; at += 12 + view.getUint32(at)) {
    if (at + 12 > bytes.length || at + 12 + view.getUint32(at) > bytes.length) throw new FileError(file, 'it ends too early.');
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + view.getUint32(at));
    if (type === 'IDAT') pixels.push(content);
    else found[type] ??= content;
  }
  const all = new Uint8Array(pixels.reduce((sum, one) => sum + one.length, 0));
  pixels.reduce((at, one) => (all.set(one, at), at + one.length), 0);
  return { ...found, IDAT: all };
}

/**
 * What a zlib stream holds, which must be `size` bytes.
 * @param {string} file
 * @param {Uint8Array} packed
 * @param {number} size
 */
async function inflate(file, packed, size) {
  const out = new Uint8Array(size);
  let at = 0;
  try {
    const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (packed)]).stream().pipeThrough(new DecompressionStream('deflate'));
    for (const reader = stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value, at);                             // throws where there is more than there should be
      at += value.length;
    }
  } catch (cause) {
    throw Object.assign(new FileError(file, 'its pixels are damaged.'), { cause });
  }
  if (at < size) throw new FileError(file, 'its pixels end too early.');
  return out;
}

/**
 * Undoes the filters in place: each byte was stored less a prediction from its neighbours `step` to the left, above, and above that.
 * @param {string} file
 * @param {Uint8Array} rows each after the byte of its filter
 * @param {number} height
 * @param {number} stride bytes of a row
 * @param {number} step
 */
function unfilter(file, rows, height, stride, step) {
  for (let y = 0; y < height; y++) {
    const start = y * (stride + 1) + 1, filter = rows[start - 1];
    if (filter > 4) throw new FileError(file, `its row ${y + 1} has the filter ${filter}, which PNG does not know.`);
    for (let x = 0; filter && x < stride; x++) {
      const at = start + x;
      const left = x < step ? 0 : rows[at - step], up = y ? rows[at - stride - 1] : 0, corner = x < step || !y ? 0 : rows[at - stride - 1 - step];
      rows[at] += filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : nearest(left, up, corner);
    }
  }
}

/** Paeth's predictor. @param {number} a @param {number} b @param {number} c */
function nearest(a, b, c) {
  const p = a + b - c, pa = Math.abs(p - a), pb = Math.abs(p - b), pc = Math.abs(p - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

const CHANNELS = /** @type {Record<number, number>} */ ({ 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 });      // of the colour types grey, RGB, palette, grey and alpha, RGBA

/**
 * The pixels of a PNG file.
 * @param {string} file its name, for messages
 * @param {Uint8Array} bytes
 * @returns {Promise<Rgb>}
 */
export async function decodePng(file, bytes) {
  if (!isPng(bytes)) throw new FileError(file, 'it is no PNG file.');
  const { IHDR, PLTE, tRNS, IDAT } = chunksOf(file, bytes);
  if (IHDR?.length !== 13) throw new FileError(file, 'its header is damaged.');
  const header = new DataView(IHDR.buffer, IHDR.byteOffset), width = header.getUint32(0), height = header.getUint32(4);
  const [bits, type, , , interlaced] = IHDR.subarray(8), channels = CHANNELS[type], palette = type === 3;
  if (bits === 16) throw new FileError(file, 'it has 16 bits a channel; accepted: up to 8. Save it with 8.');
  if (interlaced) throw new FileError(file, 'it is interlaced. Save it without interlacing.');
  if (!channels || ![1, 2, 4, 8].includes(bits) || (bits < 8 && channels > 1) || !width || !height) throw new FileError(file, 'its header is damaged.');
  if (width * height > PIXELS_MAX) throw new FileError(file, `it has ${width} × ${height} pixels; accepted: up to ${PIXELS_MAX}.`);
  if (palette && !PLTE) throw new FileError(file, 'its palette is missing.');

  const stride = Math.ceil((width * channels * bits) / 8), rows = await inflate(file, IDAT ?? new Uint8Array(), height * (stride + 1));
  unfilter(file, rows, height, stride, Math.max(1, (channels * bits) / 8));

  const most = 2 ** bits - 1, grey = channels < 3, key = tRNS && !palette ? new DataView(tRNS.buffer, tRNS.byteOffset, tRNS.length) : null;
  const rgb = new Uint8Array(3 * width * height), raw = [0, 0, 0, 0];
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      for (let k = 0; k < channels; k++) {
        const bit = (x * channels + k) * bits;
        raw[k] = (rows[y * (stride + 1) + 1 + (bit >> 3)] >> (8 - bits - (bit & 7))) & most;
      }
      if (palette && 3 * raw[0] + 3 > /** @type {Uint8Array} */ (PLTE).length) throw new FileError(file, `it has the colour ${raw[0]}, and its palette has not.`);
      const opaque = palette ? tRNS?.[raw[0]] ?? 255 : channels % 2 === 0 ? raw[channels - 1]
        : key && raw.every((value, k) => k >= channels || (2 * k + 2 <= key.byteLength && key.getUint16(2 * k) === value)) ? 0 : 255;
      for (let k = 0; k < 3; k++) {
        const value = palette ? /** @type {Uint8Array} */ (PLTE)[3 * raw[0] + k] : (raw[grey ? 0 : k] * 255) / most;
        rgb[to + k] = Math.round((value * opaque) / 255);
      }
    }
  }
  return { width, height, rgb };
}

// --- Tables --------------------------------------------------------------------------------------------------------------

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * A line of names, then lines of numbers, with commas, semicolons or tabs between them; empty lines and lines that start with # are left out.
 * @param {string} file its name, for messages
 * @param {string} text
 * @returns {Table}
 */
export function parseTable(file, text) {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/).map((line, i) => ({ line: i + 1, text: line.trim() })).filter(({ text: line }) => line && !line.startsWith('#'));
  if (lines.length < 2) throw new FileError(file, 'it has no rows: a table has a line of names, then a line of numbers for each picture.');
  const separator = ['\t', ';', ','].find((one) => lines[0].text.includes(one)) ?? ',';
  const [header, ...rows] = lines.map(({ line, text: row }) => ({ line, cells: row.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')) }));
  const all = header.cells;
  if (all.some((name) => !name || NUMBER.test(name))) throw new FileError(file, `line ${header.line} must name the columns, and has “${all.find((name) => !name || NUMBER.test(name))}”.`);
  const twice = all.find((name, i) => all.indexOf(name) < i), classes = all.filter(isClass);
  if (twice !== undefined || classes.length > 1) throw new FileError(file, `two columns are named ${twice ?? classes.join(' and ')}.`);

  const names = all.filter((name) => !isClass(name)), data = new Float32Array(rows.length * names.length), labels = classes.length ? new Uint8Array(rows.length) : null;
  rows.forEach(({ line, cells }, row) => {
    if (cells.length !== all.length) throw new FileError(file, `line ${line} has ${cells.length} values, and ${all.length} columns are named.`);
    let at = row * names.length;
    cells.forEach((cell, column) => {
      const where = `line ${line} has “${cell.slice(0, 20)}” in column ${all[column]}`, value = Math.fround(Number(cell));
      if (!NUMBER.test(cell) || !Number.isFinite(value)) throw new FileError(file, `${where}, where a number is expected.`);
      if (!labels || !isClass(all[column])) data[at++] = value;
      else if (!Number.isInteger(value) || value < 0 || value > 255) throw new FileError(file, `${where}; classes are whole numbers from 0 to 255.`);
      else labels[row] = value;
    });
  });
  return { names, rows: rows.length, data, labels };
}

/** @param {string} name */
const isClass = (name) => /^(label|class)$/i.test(name);

// --- Sheets --------------------------------------------------------------------------------------------------------------

// 32x24 at the end, or -32 or _32; a browser that has the name already may have put (1) after it.
const NAMED = /(?:(?<!\d)([1-9]\d*)\s*[x×]\s*|[-_ ](?=[1-9]\d*\D*$|[1-9]\d* ?\(\d))([1-9]\d*)(?: ?\(\d+\))?\.\w+$/i;

/**
 * The size of a sheet's tiles, from its name, or from how many there are.
 * @param {string} file
 * @param {Rgb} sheet
 * @param {Table | null} table
 * @returns {{ width: number, height: number }}
 */
function tileSize(file, { width, height }, table) {
  const named = NAMED.exec(file);
  if (named) {
    const tile = { width: Number(named[1] ?? named[2]), height: Number(named[2]) };
    if (width % tile.width === 0 && height % tile.height === 0) return tile;
    throw new FileError(file, `its name asks for tiles of ${tile.width} × ${tile.height}, and its ${width} × ${height} pixels are no whole number of them.`);
  }
  for (let side = Math.min(width, height); table && side; side--) {
    const across = width / side, down = height / side;
    if (width % side || height % side || table.rows > across * down || table.rows <= across * (down - 1)) continue;
    return { width: side, height: side };
  }
  throw new FileError(file, table ? `its ${width} × ${height} pixels are no sheet of ${table.rows} square tiles. Let its name end in the size of a tile, such as faces-32x32.png.`
    : `one cannot tell how large its tiles are. Let its name end in the size of a tile, such as faces-32x32.png.`);
}

/**
 * Cuts a sheet into tiles, without the unused ones at its end.
 * @param {Rgb} sheet
 * @param {{ width: number, height: number }} tile
 * @returns {{ tiles: Uint8Array[], used: number }} used: so many, to the last that shows anything
 */
function cut({ width, height, rgb }, tile) {
  const across = width / tile.width, tiles = Array.from({ length: across * (height / tile.height) }, (_, i) => {
    const out = new Uint8Array(3 * tile.width * tile.height), left = (i % across) * tile.width, top = Math.floor(i / across) * tile.height;
    for (let y = 0; y < tile.height; y++) {
      const from = 3 * ((top + y) * width + left);
      out.set(rgb.subarray(from, from + 3 * tile.width), 3 * y * tile.width);
    }
    return out;
  });
  return { tiles, used: tiles.findLastIndex((one) => one.some((value, i) => value !== one[i % 3])) + 1 };
}

/**
 * Pictures as an IDX file; grey where all of them are.
 * @param {Uint8Array[]} pictures 3 bytes a pixel
 * @param {number} width
 * @param {number} height
 */
function idxImages(pictures, width, height) {
  const grey = pictures.every((one) => one.every((value, i) => value === one[i - (i % 3)])), size = width * height;
  const sizes = [pictures.length, height, width, ...(grey ? [] : [3])], start = 4 + 4 * sizes.length, bytes = new Uint8Array(start + pictures.length * size * (grey ? 1 : 3));
  putHeader(bytes, sizes);
  pictures.forEach((one, k) => {
    if (!grey) bytes.set(one, start + 3 * k * size);
    else for (let i = 0; i < size; i++) bytes[start + k * size + i] = one[3 * i];
  });
  return bytes;
}

/** @param {Uint8Array} labels */
function idxLabels(labels) {
  const bytes = new Uint8Array(8 + labels.length);
  putHeader(bytes, [labels.length]);
  bytes.set(labels, 8);
  return bytes;
}

/** @param {Uint8Array} bytes @param {number[]} sizes */
function putHeader(bytes, sizes) {
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x800 + sizes.length);
  sizes.forEach((size, i) => view.setUint32(4 + 4 * i, size));
}

/**
 * How many images a file says that it holds, of what height and width; whether that is true, the engine finds out.
 * @param {Uint8Array} file
 * @returns {number[]}
 */
export const idxSizes = (file) => (file.length < 16 ? [0, 0, 0] : [4, 8, 12].map((at) => new DataView(file.buffer, file.byteOffset).getUint32(at)));

/**
 * Own pictures, and what a table says of them.
 * @param {NamedBytes[]} files PNGs: one sheet, or several pictures of the same size, taken in the order of their names
 * @param {Table | null} table
 * @returns {Promise<IdxFiles>}
 */
export async function readPictures(files, table) {
  const sorted = [...files].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const [first, ...others] = await Promise.all(sorted.map(({ name, bytes }) => decodePng(name, bytes)));
  const tile = others.length ? first : tileSize(sorted[0].name, first, table);
  const odd = others.findIndex(({ width, height }) => width !== first.width || height !== first.height);
  if (odd >= 0) throw new FileError(sorted[odd + 1].name, `it is ${others[odd].width} × ${others[odd].height}, and ${sorted[0].name} is ${first.width} × ${first.height}; pictures are all of one size.`);
  if (Math.max(tile.width, tile.height) > SIDE_MAX) throw new FileError(sorted[0].name, `its pictures are ${tile.width} × ${tile.height}; accepted: up to ${SIDE_MAX} pixels a side.`);
  const { tiles, used } = others.length ? { tiles: [first, ...others].map(({ rgb }) => rgb), used: others.length + 1 } : cut(first, tile);
  const rows = table?.rows ?? used;
  if (rows < used || rows > tiles.length) throw new FileError(sorted[0].name, `it shows ${used} pictures of ${tile.width} × ${tile.height}, and the table has ${rows} rows.`);
  if (!rows) throw new FileError(sorted[0].name, 'it shows nothing.');
  return { images: idxImages(tiles.slice(0, rows), tile.width, tile.height), ...knownOf(table, rows) };
}

/**
 * What a table says of n pictures, and in its further rows of those to test on, as lab.addIdx takes it.
 * @param {Table | null} table
 * @param {number} n
 * @returns {Omit<IdxFiles, 'images' | 'testImages'>}
 */
export function knownOf(table, n) {
  if (!table) return {};
  const { names, data, labels, rows } = table, at = n * names.length, tests = rows > n;
  return {
    ...(labels ? { labels: idxLabels(labels.slice(0, n)), ...(tests ? { testLabels: idxLabels(labels.slice(n)) } : {}) } : {}),
    ...(names.length ? { attributes: { names, data: data.slice(0, at), ...(tests ? { test: data.slice(at) } : {}) } } : {}),
  };
}

/**
 * IDX files, and what a table says of their images: first of those to learn from, then of those to test on.
 * @param {string} file the table's name, for messages
 * @param {IdxFiles} files unpacked
 * @param {Table} table
 * @returns {IdxFiles}
 */
export function describeIdx(file, files, table) {
  const [n] = idxSizes(files.images), all = n + (files.testImages ? idxSizes(files.testImages)[0] : 0);
  if (table.rows !== all) throw new FileError(file, `it has ${table.rows} rows, and there are ${all} pictures.`);
  if (table.labels && files.labels) throw new FileError(file, 'it has classes, and the pictures come with labels already. Leave one of them out.');
  return { ...files, ...knownOf(table, n) };
}
