// Own pictures: PNG files of every kind that is read, sheets cut into tiles, and tables of what is known of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { decodePng, describeIdx, idxSizes, parseTable, readPictures } from '../wasm/pictures.mjs';
import { encodePng } from '../wasm/png.mjs';

const bytesOf = (...numbers) => Uint8Array.from(numbers);
const word = (n) => [n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255];
const chunk = (type, content) => [...word(content.length), ...Buffer.from(type), ...content, 0, 0, 0, 0];

/** A PNG file; rows: bytes of each, stored with the filters in turn. */
function png({ width, height, bits = 8, type, rows, step, extra = [], interlaced = 0, filters = [0, 1, 2, 3, 4] }) {
  const stored = rows.flatMap((row, y) => {
    const filter = filters[y % filters.length], before = rows[y - 1];
    return [filter, ...row.map((value, x) => {
      const a = row[x - step] ?? 0, b = before?.[x] ?? 0, c = before?.[x - step] ?? 0;
      const near = [a, b, c].reduce((best, one) => (Math.abs(a + b - c - one) < Math.abs(a + b - c - best) ? one : best));
      return (value - [0, a, b, (a + b) >> 1, near][filter]) & 255;
    })];
  });
  const packed = deflateSync(Uint8Array.from(stored)), half = packed.length >> 1;
  return bytesOf(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, ...chunk('IHDR', [...word(width), ...word(height), bits, type, 0, 0, interlaced]), ...extra,
    ...chunk('IDAT', packed.subarray(0, half)), ...chunk('IDAT', packed.subarray(half)), ...chunk('IEND', []));
}

/** Numbers that look random and are not. */
const noise = (n, most = 255, seed = 1) => Array.from({ length: n }, (_, i) => Math.floor((most + 1) * ((((i + 1) * 0.754877666 * seed + 0.1 * i * i) % 1))));
const rowsOf = (height, stride, seed) => Array.from({ length: height }, (_, y) => noise(stride, 255, seed + y));

const KINDS = { grey: { type: 0, step: 1, rgb: (p) => [p[0], p[0], p[0]] }, RGB: { type: 2, step: 3, rgb: (p) => p },
  'grey and alpha': { type: 4, step: 2, rgb: ([v, a]) => new Array(3).fill(Math.round((v * a) / 255)) }, RGBA: { type: 6, step: 4, rgb: ([r, g, b, a]) => [r, g, b].map((v) => Math.round((v * a) / 255)) } };
for (const [name, { type, step, rgb }] of Object.entries(KINDS)) {
  test(`${name} is read with every filter, what is transparent over black`, async () => {
    const width = 7, height = 11, rows = rowsOf(height, width * step, 3);
    const { rgb: read, ...size } = await decodePng('a.png', png({ width, height, type, step, rows }));
    assert.deepEqual(size, { width, height });
    assert.deepEqual([...read], rows.flatMap((row) => Array.from({ length: width }, (_, x) => rgb(row.slice(x * step, (x + 1) * step))).flat()));
  });
}

test('few bits a pixel, palettes and transparent colours are read', async () => {
  for (const bits of [1, 2, 4]) {
    const width = 5, most = 2 ** bits - 1, values = [0, most, 1, 0, most], packed = new Array(Math.ceil((width * bits) / 8)).fill(0);
    values.forEach((value, x) => { packed[(x * bits) >> 3] |= value << (8 - bits - ((x * bits) & 7)); });
    const grey = await decodePng('a.png', png({ width, height: 1, bits, type: 0, rows: [packed], step: 1 }));
    assert.deepEqual([...grey.rgb], values.flatMap((value) => new Array(3).fill(Math.round((255 * value) / most))));
    const colours = noise(3 * (most + 1)), extra = [...chunk('PLTE', colours), ...chunk('tRNS', [128])];
    const { rgb } = await decodePng('a.png', png({ width, height: 1, bits, type: 3, rows: [packed], step: 1, extra }));
    assert.deepEqual([...rgb], values.flatMap((value) => colours.slice(3 * value, 3 * value + 3).map((v) => (value ? v : Math.round((v * 128) / 255)))));
  }
  const { rgb } = await decodePng('a.png', png({ width: 2, height: 1, type: 2, step: 3, rows: [[9, 8, 7, 9, 8, 6]], extra: chunk('tRNS', [0, 9, 0, 8, 0, 7]) }));
  assert.deepEqual([...rgb], [0, 0, 0, 9, 8, 6]);
});

test('what is written is read again', async () => {
  const data = Uint8Array.from(noise(3 * 6 * 4));
  assert.deepEqual((await decodePng('a.png', encodePng({ width: 6, height: 4, channels: 3, data }))).rgb, data);
});

test('a PNG that cannot be read is refused by name and in one sentence', async () => {
  const good = { width: 4, height: 3, type: 0, step: 1, rows: rowsOf(3, 4, 1) }, whole = png(good);
  const broken = (change) => { const copy = whole.slice(); change(copy); return copy; };
  for (const [bytes, message] of [
    [png({ ...good, bits: 16 }), /16 bits/], [png({ ...good, interlaced: 1 }), /interlaced/], [png({ ...good, type: 3 }), /palette is missing/], [png({ ...good, type: 5 }), /header/],
    [png({ ...good, type: 3, extra: chunk('PLTE', [1, 2, 3]) }), /its palette has not/], [png({ ...good, filters: [7] }), /filter 7/], [png({ ...good, height: 4 }), /end too early/],
    [png({ ...good, height: 2 }), /damaged/], [png({ ...good, width: 2 ** 20, height: 2 ** 20 }), /1048576 × 1048576 pixels/], [whole.slice(0, 60), /ends too early/],
    [broken((b) => { b[whole.length - 30] ^= 255; }), /damaged|early/], [whole.slice(0, 8), /ends too early/], [png({ ...good, width: 0 }), /header/],
  ]) await assert.rejects(decodePng('a.png', bytes), (error) => error.code === 'bad-file' && error.file === 'a.png' && message.test(error.message));
});

/** A sheet of grey tiles, the value of each pixel that of its tile; the first pixel of a tile is one less, so that no tile is of one colour. */
function sheet(across, values, [height, width], channels = 1) {
  const down = Math.ceil(values.length / across), data = new Uint8Array(across * down * width * height * channels);
  values.forEach((value, i) => {
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) for (let k = 0; k < channels; k++)
      data[((Math.floor(i / across) * height + y) * across * width + (i % across) * width + x) * channels + k] = value + 10 * k - (x + y ? 0 : 1);
  });
  return encodePng({ width: across * width, height: down * height, channels, data });
}

const header = (images) => [images[3], ...idxSizes(images)];
const table = (rows, names = ['a', 'b']) => parseTable('t.csv', [names.join(), ...Array.from({ length: rows }, (_, i) => names.map((_name, k) => (k === 0 ? i : -i / 4)).join())].join('\n'));

test('a sheet is cut as its name says, its unused end left out', async () => {
  const values = [10, 20, 30, 40, 50], names = { 'faces-3x2.png': [2, 3], 'faces 3×2.PNG': [2, 3], 'a2-3X2 (1).png': [2, 3], '3x2.png': [2, 3], 'faces_4.png': [4, 4], 'x9-4 (2).png': [4, 4] };
  for (const [name, size] of Object.entries(names)) {
    const { images } = await readPictures([{ name, bytes: sheet(2, values, size) }], null), pixels = size[0] * size[1];
    assert.deepEqual(header(images), [3, 5, ...size], name);
    values.forEach((value, i) => assert.deepEqual([...images.slice(16 + i * pixels, 16 + (i + 1) * pixels)], [value - 1, ...new Array(pixels - 1).fill(value)]));
  }
  const colour = await readPictures([{ name: 's-3x2.png', bytes: sheet(3, values, [2, 3], 3) }], null);
  assert.deepEqual([header(colour.images), [...colour.images.slice(20, 26)]], [[4, 5, 2, 3], [9, 19, 29, 10, 20, 30]]);
});

test('the rows of a table tell the size of square tiles, whatever it is', async () => {
  for (const [across, n, side] of [[10, 97, 8], [5, 5, 4], [3, 7, 12], [1, 1, 16], [20, 400, 2]]) {
    const { images, attributes } = await readPictures([{ name: 'faces.png', bytes: sheet(across, noise(n, 200, 2).map((v) => v + 10), [side, side]) }], table(n));
    assert.deepEqual(header(images), [3, n, side, side]);
    assert.deepEqual([attributes.names, attributes.data.length, attributes.data[2 * n - 2]], [['a', 'b'], 2 * n, n - 1]);
  }
});

test('several pictures are taken in the order of their names', async () => {
  const files = [10, 2, 1].map((n) => ({ name: `p${n}.png`, bytes: sheet(1, [20 * n], [3, 3]) }));
  const { images, labels } = await readPictures(files, table(3, ['class']));
  assert.deepEqual([header(images), images[17], images[26], images[35], [...labels.slice(8)]], [[3, 3, 3, 3], 20, 40, 200, [0, 1, 2]]);
});

test('pictures that cannot be told apart are refused with what to do', async () => {
  const bytes = sheet(4, noise(16, 200).map((v) => v + 10), [8, 8]);
  for (const [files, rows, message] of [
    [{ 'faces.png': bytes }, 0, /such as faces-32x32\.png/], [{ 'cat2.png': bytes }, 0, /how large its tiles are/], [{ 'IMG_0012.png': bytes }, 0, /how large/], [{ 'faces.png': bytes }, 11, /no sheet of 11 square tiles/],
    [{ 'faces-5.png': bytes }, 0, /5 × 5, and its 32 × 32 pixels/], [{ 'faces-8.png': bytes }, 12, /16 pictures of 8 × 8, and the table has 12 rows/], [{ 'faces-8.png': bytes }, 17, /17 rows/],
    [{ 'a.png': bytes, 'b.png': sheet(1, [9], [3, 3]) }, 0, /3 × 3, and a\.png is 32 × 32/], [{ 'a-300.png': sheet(1, [9], [300, 300]) }, 0, /300 × 300; accepted: up to 256/],
    [{ 'a-2.png': encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) }) }, 0, /shows nothing/],
  ]) {
    const given = Object.entries(files).map(([name, content]) => ({ name, bytes: content }));
    await assert.rejects(readPictures(given, rows ? table(rows) : null), (error) => error.code === 'bad-file' && message.test(error.message), String(message));
  }
});

test('a table is names and numbers, its class a column of that name', () => {
  for (const text of ['smile,Label,age\n1,3,-2\n\n# x\n.5,0,1e1', '\uFEFF"smile";"class";"age"\r\n1;3;-2\r\n.5;0;1e1\r\n', 'smile\tCLASS\tage\n1\t3\t-2\n.5\t0\t1e1'])
    assert.deepEqual(parseTable('t.csv', text), { names: ['smile', 'age'], rows: 2, data: Float32Array.of(1, -2, 0.5, 10), labels: bytesOf(3, 0) });
  for (const [text, message] of [
    ['', /no rows/], ['a,b', /no rows/], ['1,2\n3,4', /line 1 must name.*“1”/], ['a,\n1,2', /line 1 must name/], ['a,b\n1', /line 2 has 1 values, and 2 columns/], ['a,b\n1,2\n3,x.png', /line 3 has “x\.png” in column b/],
    ['a,b\n1,', /line 2 has “” in column b/], ['a,b\n1,nan', /“nan” in column b/], ['a,b\n1,1e60', /1e60/], ['a,a\n1,2', /two columns are named a/], ['label,class\n1,2', /label and class/], ['a,class\n1,1.5', /“1.5” in column class; classes are/],
    ['class\n300', /“300”/],
  ]) assert.throws(() => parseTable('t.csv', text), (error) => error.file === 't.csv' && message.test(error.message), text);
});

test('a table beside IDX files has a row for each image, those to test on last', () => {
  const images = (n) => bytesOf(0, 0, 8, 3, ...word(n), ...word(1), ...word(1), ...noise(n));
  const files = describeIdx('t.csv', { images: images(3), testImages: images(2) }, table(5, ['a']));
  assert.deepEqual([...files.attributes.data, ...files.attributes.test], [0, 1, 2, 3, 4]);
  for (const [rows, names, labels, message] of [[4, ['a'], undefined, /4 rows, and there are 3 pictures/], [3, ['class'], bytesOf(1), /labels already/]])
    assert.throws(() => describeIdx('t.csv', { images: images(3), labels }, table(rows, names)), (error) => message.test(error.message));
});
