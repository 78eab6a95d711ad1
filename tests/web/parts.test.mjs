// The page's pure pieces: sliders, numbers, texts, the mapping of places.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createLab } from '../../wasm/genplay.mjs';
import { blocks } from '../../web/about.mjs';
import { range, smooth } from '../../web/charts.mjs';
import { fromPosition, movedValue, toPosition } from '../../web/controls.mjs';
import { toData, toPlace } from '../../web/stage.mjs';
import { counter, number, plusMinus, reason, t } from '../../web/text.mjs';

const lab = await createLab();
const numbers = [...lab.models.flatMap(({ params }) => params), ...lab.models.flatMap(({ views }) => views).flatMap(({ options }) => options)]
  .filter(({ type }) => type === 'number' || type === 'integer');

test('every slider reaches both ends of its range, and every value in between stays in it', () => {
  for (const row of numbers) {
    assert.equal(fromPosition(row, 0), row.min, row.key);
    assert.equal(fromPosition(row, 200), row.max, row.key);
    for (let p = 0; p <= 200; p++) {
      const value = fromPosition(row, p);
      assert.ok(value >= row.min && value <= row.max && (row.type === 'number' || Number.isInteger(value)), `${row.key} at ${p}: ${value}`);
    }
  }
});

test('an arrow key changes every value: rounding swallows none', () => {
  for (const row of numbers) {
    for (const way of [1, -1]) {
      let value = way > 0 ? row.min : row.max;
      for (let i = 0; i < 400 && value !== (way > 0 ? row.max : row.min); i++) {
        const next = movedValue(row, value, Math.min(200, Math.max(0, toPosition(row, value) + way)));
        assert.ok(way * (next - value) > 0 || toPosition(row, value) === (way > 0 ? 200 : 0), `${row.key}: ${value} to ${next}`);
        if (next === value) break;
        value = next;
      }
    }
  }
});

test('numbers are written as short as they are exact enough', () => {
  assert.deepEqual([0, 1, 0.12345, 1234.5, 12345, -0.5, 1e-4, 1.5e-7, 2e6, NaN, null, -Infinity].map((x) => number(x)),
    ['0', '1', '0.123', '1,235', '12,345', '−0.5', '1·10⁻⁴', '1.5·10⁻⁷', '2·10⁶', '–', '–', '−∞']);
});

test('a measure has as many decimals as its error allows, and its floor the same', () => {
  assert.deepEqual(plusMinus(0.12345, 0.0123, 0), { value: '0.123', se: '0.012', floor: '0.000' });
  assert.deepEqual(plusMinus(-103.27, 1.4, null), { value: '−103.3', se: '1.4', floor: '–' });
  assert.deepEqual(plusMinus(3.28034, 0.0074, 2.39391), { value: '3.280', se: '0.007', floor: '2.394' });
  assert.deepEqual(plusMinus(8.23e-4, null, 2.05e-3), { value: '0.00082', se: '', floor: '0.00205' });
  assert.deepEqual(plusMinus(8, null, 8), { value: '8', se: '', floor: '8' });
});

test('the counter is padded with zeros', () => {
  assert.deepEqual([0, 420, 1234567].map(counter).map(({ zeros, digits }) => [zeros, digits]), [['000,000', ''], ['000,', '420'], ['', '1,234,567']]);
});

test('a place on the canvas and data coordinates are each other’s inverse', () => {
  const panel = { title: '', x: 0.1, y: 0.2, w: 0.5, h: 0.4, x0: -3, x1: 5, y0: -1, y1: 7 };
  assert.deepEqual(toData(panel, 0.1, 0.2), [-3, 7]);
  const [x, y] = toPlace(panel, ...toData(panel, 0.37, 0.45));
  assert.ok(Math.abs(x - 0.37) < 1e-12 && Math.abs(y - 0.45) < 1e-12);
});

test('the chart shows what is left after the first rows, and every theory line', () => {
  const [low, high] = range({ data: [[1000, ...new Array(99).fill(0).map((_, i) => 2 + (i % 2))]], lines: [1] });
  assert.ok(low < 1 && low > 0.5 && high > 3 && high < 3.5);
  assert.deepEqual(range({ data: [], lines: [] }), [0, 1]);
});

test('smoothing leaves a constant alone, skips what is not finite, and lags nowhere', () => {
  const rows = new Array(200).fill(3);
  rows[70] = NaN;
  assert.ok(smooth(rows).every((x) => Math.abs(x - 3) < 1e-12));
  const line = Array.from({ length: 400 }, (_, i) => 2 * i);
  assert.ok(smooth(line).slice(0, 390).every((x, i) => Math.abs(x - 2 * i) < 1e-9));
});

test('every model has a text with its loss as a formula and headings that a student can follow', () => {
  for (const model of lab.models) {
    const parts = blocks(model.about);
    assert.ok(parts.filter(({ kind }) => kind === 'heading').length >= 3, model.id);
    assert.match(model.about, /\$/, model.id);
    assert.ok(parts.every(({ text }) => text.length > 0), model.id);
  }
});

test('every key that the page asks for has a text', () => {
  const folder = new URL('../../web/', import.meta.url);
  const source = readdirSync(folder).filter((name) => name.endsWith('.mjs')).map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
  const keys = [...source.matchAll(/\bt\('([\w.]+)'|key: '([a-z]+\.[\w.]+)'/g)].map(([, a, b]) => a ?? b);
  assert.ok(keys.length > 80);
  for (const key of keys) assert.notEqual(t(key), key);
});

test('no model, data set or view is named in the page’s own code', () => {
  const folder = new URL('../../web/', import.meta.url);
  const names = [...lab.models.flatMap(({ id, title }) => [id, title]), ...lab.datasets.map(({ id }) => id)];
  for (const name of readdirSync(folder).filter((name) => /\.(mjs|html)$/.test(name))) {
    const source = readFileSync(new URL(name, folder), 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
    for (const word of names) assert.doesNotMatch(source, new RegExp(`['"\`]${word}['"\`]`), `${name} names ${word}`);
  }
});

test('a reason ends like a sentence', () => {
  assert.deepEqual([new Error('it broke'), 'what?', undefined].map(reason), ['it broke.', 'what?', '']);
});
