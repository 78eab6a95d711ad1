// The page as `make` puts it together: formulas become MathML, and dist/ holds what its own files name.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { formulasIn, renderFormulas, stringsIn } from '../wasm/build-page.mjs';
import { createLab } from '../wasm/genplay.mjs';

const dist = new URL(`../${process.env.D || 'dist'}/`, import.meta.url);
const json = async (name) => JSON.parse(await readFile(new URL(name, dist), 'utf8'));

test('formulas stand between dollars, two for one on a line of its own', () => {
  assert.deepEqual(formulasIn('let $x$ be\n$$y\n  = z$$\nand $w$'), [{ tex: 'x', display: false }, { tex: 'y = z', display: true }, { tex: 'w', display: false }]);
  assert.deepEqual(formulasIn('no formula, 5 $'), []);
});

test('strings are found wherever they are in a catalogue', () => {
  assert.deepEqual(stringsIn([{ a: 'one', b: [1, null, 'two'] }, 'three', true]), ['one', 'two', 'three']);
});

test('a formula becomes one <math> element, without its TeX', () => {
  const { x, 'y^2': square } = renderFormulas(['$x$ and $$y^2$$']);
  assert.match(x, /^<math [^>]*>.*<mi>x<\/mi>.*<\/math>$/);
  assert.match(square, /^<math [^>]*display="block".*<msup>/);
  assert.doesNotMatch(x + square, /annotation|<span/);
});

test('TeX that cannot be read is an error', () => {
  assert.throws(() => renderFormulas(['$\\frac{1$']), /\\frac/);
});

test("every formula of the engine's catalogue is in formulas.json", async () => {
  const lab = await createLab();
  const wanted = stringsIn([lab.models, lab.lessons, lab.datasets]).flatMap(formulasIn).map(({ tex }) => tex);
  assert.ok(wanted.length > 10);
  const rendered = await json('formulas.json');
  for (const tex of wanted) assert.match(rendered[tex] ?? 'missing', /^<math/, tex);
});

test('every file that the page, its modules and its indices name is there', async () => {
  const names = await readdir(dist);
  const named = [...(await readFile(new URL('index.html', dist), 'utf8')).matchAll(/(?:src|href)="(?!data:)([^"]+)"/g)].map(([, name]) => name);
  assert.ok(named.includes('main.js') && named.includes('style.css'));
  for (const name of names.filter((name) => name.endsWith('.js'))) {
    const text = await readFile(new URL(name, dist), 'utf8');
    for (const [, other] of text.matchAll(/(?:from|import\(?)\s*"\.\/([^"]+)"/g)) if (other) named.push(other);
    for (const [, other] of text.matchAll(/new URL\("(?:\.\/)?([^":]+)",\s*import\.meta\.url\)/g)) named.push(other);
  }
  assert.ok(named.includes('worker.js') && named.includes('simd.wasm') && named.includes('simd.rest.wasm'), `${named}`);
  for (const files of Object.values(await json('data/index.json'))) named.push(...Object.values(files));
  for (const { file } of Object.values(await json('pretrained/index.json'))) named.push(`pretrained/${file}`);
  for (const name of named) assert.ok(existsSync(new URL(name, dist)), name);
});
