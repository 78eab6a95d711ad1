// What may be dropped on the page, told by its content.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodePng } from '../../wasm/png.mjs';
import { parsePoints, readFiles } from '../../web/files.mjs';

const file = (name, content) => new File([content], name);
const idx = (dims, type = 8) => new Uint8Array([0, 0, type, dims.length, ...dims.flatMap((n) => [0, 0, 0, n]), ...new Array(dims.reduce((a, b) => a * b)).fill(7)]);

test('points come as CSV with or without a header, with any usual separator and line end', () => {
  for (const text of ['1,2\n3,-4', 'x,y\n1,2\n3,-4\n', '\uFEFF"x";"y"\r\n1;2\r\n3;-4\r\n', '1\t2\r3\t-4', '# a comment\n\n 1  2 \n3   -4', 'x y\n1e0,2.\n"3",-4'])
    assert.deepEqual(parsePoints(text), Float32Array.of(1, 2, 3, -4), JSON.stringify(text));
});

test('a CSV that is not points is refused with the line that says so', () => {
  for (const [text, message] of [
    ['1,2\n3', /line 2 has 1 values/], ['1,2,3', /line 1 has 3 values/], ['x,y\n1,two', /line 2 has “two”/], ['1,2\nx,y', /line 2 has “x”/],
    ['nan,nan', /line 1 has “nan”/], ['1,1e60', /line 1 has a number that single precision cannot hold/], ['x,y\n', /neither points/], ['1,2\n0x10,3', /“0x10”/],
  ]) assert.throws(() => parsePoints(text, 'a.csv'), (error) => error.file === 'a.csv' && message.test(error.message), text);
});

test('IDX files are told by their magic, gzip or plain, and test sets by their names', async () => {
  const images = idx([2, 3, 3]), labels = idx([2]);
  const found = await readFiles([file('b.gz', gzipSync(labels)), file('a', images), file('t10k-images', images), file('t10k-labels', labels)]);
  assert.equal(found.kind, 'images');
  assert.deepEqual(found.files, { labels, images, testImages: images, testLabels: labels });
});

/** A grey PNG sheet of so many tiles of 4 × 4 in a row, whose first pixels are their numbers. */
const sheet = (n) => encodePng({ width: 4 * n, height: 4, channels: 1, data: Uint8Array.from({ length: 16 * n }, (_, i) => (i < 4 * n && i % 4 === 0 ? i / 4 + 1 : 200)) });

test('pictures come as PNG, and a CSV beside them says what is known of each', async () => {
  const found = await readFiles([file('known.csv', 'smile,class\n.5,1\n-1,0\n0,2'), file('faces.png', sheet(3))]);
  assert.equal(found.kind, 'images');
  assert.deepEqual([...found.files.images.slice(0, 17)], [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 4, 1]);
  assert.deepEqual([[...found.files.labels.slice(8)], found.files.attributes], [[1, 0, 2], { names: ['smile'], data: Float32Array.of(0.5, -1, 0) }]);
  const beside = await readFiles([file('a', idx([2, 3, 3])), file('t10k', idx([1, 3, 3])), file('t.csv', 'x,y\n1,2\n3,4\n5,6')]);
  assert.deepEqual(beside.files.attributes, { names: ['x', 'y'], data: Float32Array.of(1, 2, 3, 4), test: Float32Array.of(5, 6) });
  for (const files of [[file('a-4.png', sheet(3)), file('b', idx([2, 3, 3]))], [file('a-4.png', sheet(3)), file('b.csv', 'x\n1'), file('c.csv', 'x\n1')]])
    await assert.rejects(readFiles(files), /do not go together/);
});

test('a test set alone is a set like any other', async () => {
  const found = await readFiles([file('t10k-images-idx3-ubyte.gz', gzipSync(idx([2, 3, 3])))]);
  assert.deepEqual(Object.keys(found.files).filter((role) => found.files[role]), ['images']);
});

test('weights are told by their header', async () => {
  const json = '{"__metadata__":{}}', bytes = new Uint8Array(8 + json.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(new TextEncoder().encode(json), 8);
  assert.deepEqual(await readFiles([file('w', bytes)]), { kind: 'weights', bytes });
});

test('anything else is refused by name and in one sentence', async () => {
  for (const [content, message] of [
    ['', /it is empty/], [new Uint8Array([0x89, 80, 78, 71, 13, 10, 26, 10, 0, 0]), /ends too early/], [new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0]), /neither points \(CSV\), nor images/], [new Uint8Array([31, 139, 1, 2]), /gzip packing is damaged/],
    [idx([5]), /labels without images/], ['{"a": 1}', /neither points/], [`<!doctype html>${'x'.repeat(2000)}`, /neither points/],
  ]) await assert.rejects(readFiles([file('some.thing', content)]), (error) => error.file === 'some.thing' && message.test(error.message));
});
