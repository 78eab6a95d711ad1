// What ships in pretrained/: every file is there, is what the index says, and scores what the index says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { addMnist, mnistFolder } from '../wasm/idx-files.mjs';
import { isJudge, measureWeights, recipes, table } from '../wasm/pretrain.mjs';
import { labFor } from './tools.mjs';

const FOLDER = new URL('../pretrained/', import.meta.url);
const index = JSON.parse(await readFile(new URL('index.json', FOLDER), 'utf8'));
const [opensOn] = Object.keys(index);
const bytesOf = async ({ file }) => new Uint8Array(await readFile(new URL(file, FOLDER)));

// Measures whose expectation does not depend on n.
const MEANS = new Set(['nll', 'bits_dim', 'elbo', 'importance', 'reconstruction', 'sure', 'agreement', 'accuracy', 'high_quality', 'within_1']);

test('every recipe has its weights, every weight its recipe, and each the size and the hash that the index tells', async () => {
  assert.deepEqual(Object.values(index).map(({ recipe }) => recipe), recipes());
  const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.safetensors')).sort();
  assert.deepEqual(files, Object.values(index).map(({ file }) => file).sort());
  for (const [id, entry] of Object.entries(index)) {
    const bytes = await bytesOf(entry);
    assert.equal(bytes.length, entry.bytes, id);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), entry.sha256, id);
    // What the page opens with is fetched by everyone, the judge by everyone who measures pictures, the rest when asked for.
    assert.ok(bytes.length <= (isJudge(entry) ? 150_000 : id === opensOn ? 50_000 : 1_200_000), `${id} takes ${bytes.length} bytes`);
    assert.ok(entry.measured.length > 0 && entry.checked.length > 0);
    for (const [list, protocols] of [[entry.measured, entry.recipe.measure], [entry.checked, entry.recipe.check]])
      for (const [i, protocol] of (protocols ?? []).entries()) for (const [key, value] of Object.entries(protocol)) assert.equal(list[i][key], value, `${id}: ${key}`);
  }
});

for (const [id, entry] of Object.entries(index)) {
  const skip = entry.data === 'mnist' && !mnistFolder() ? 'MNIST is not at hand (GENPLAY_DATA)' : false;
  test(`${id} scores what the index says: the same with another seed, within 4 standard errors`, { skip }, async (t) => {
    const lab = await labFor(t);
    if (entry.data === 'mnist') addMnist(lab);
    const { check } = entry.recipe, now = measureWeights(lab, entry, await bytesOf(entry), check, 77);
    assert.deepEqual(now.map(({ name, n, samples, steps }) => [name, n, samples, steps]), entry.checked.map(({ name, n, samples, steps }) => [name, n, samples, steps]));
    entry.checked.forEach((then, i) => {
      t.diagnostic(`${then.name} ${now[i].value}, in the index ${then.value}`);
      // Where a measure tells no error, its floor (for MMD the 95th percentile of what fresh data score) stands for it.
      const error = then.se === null ? then.floor : Math.hypot(then.se, now[i].se);
      assert.ok(Math.abs(now[i].value - then.value) <= 4 * error, `${then.name} was ${then.value} ± ${then.se}, now ${now[i].value} ± ${now[i].se}`);
    });
    // What is told is what is checked, measured more finely: a mean does not depend on how many it is the mean of.
    for (const { name, value, se, samples, steps } of entry.measured) {
      const rough = entry.checked.find((one) => one.name === name && one.samples === samples && one.steps === steps && MEANS.has(name));
      if (rough) assert.ok(Math.abs(value - rough.value) <= 4 * Math.hypot(se, rough.se), `${name} is ${value} ± ${se}, but ${rough.value} ± ${rough.se} of fewer`);
    }
  });

  if (isJudge(entry)) continue;
  test(`${id} is a run of its recipe, and training goes on from it`, { skip }, async (t) => {
    const lab = await labFor(t);
    if (entry.data === 'mnist') addMnist(lab);
    const run = lab.load(await bytesOf(entry));
    const { model, data, seed, steps, params } = entry.recipe;
    assert.deepEqual([run.model, run.data, run.seed, run.step], [model, data, seed, steps]);
    for (const [key, value] of Object.entries(params ?? {})) assert.equal(run.params[key], value, key);
    run.train(1);
    assert.equal(run.step, steps + 1);
  });
}

test('the README shows what the index says', async () => {
  const readme = await readFile(new URL('../README.md', FOLDER), 'utf8');
  assert.equal(readme.split('<!-- pretrained -->')[1]?.split('<!-- /pretrained -->')[0].trim(), table(index), 'node wasm/pretrain.mjs --table prints it');
});
