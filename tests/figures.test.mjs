// The README's numbers: the first steps of every claim repeat to the last bit, every target holds, and the README shows what figures.json says.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CLAIMS, firstSteps, openLab, PICTURES, readFacts, table } from './figures.mjs';

const ROOT = new URL('../', import.meta.url);
const facts = readFacts();
const lab = await openLab();

for (const claim of CLAIMS) {
  const here = lab.datasets.some(({ id }) => id === claim.data);
  test(`${claim.id} begins as it did when it was measured`, { skip: here ? false : `${claim.data.toUpperCase()} is not at hand (GENPLAY_DATA)` }, () => {
    // To write down a change that was meant: node tests/figures.mjs --quick --record, and `make figures` for the numbers that follow from it.
    assert.deepEqual(firstSteps(lab, claim), facts.quick[claim.id]);
  });
}

// A target may be missed, and the README's table then says so; that a number was met may not be said without it.
test('every claim was measured from all its seeds, with the steps that it names, and says whether it holds', () => {
  for (const { id, seeds, steps, targets } of CLAIMS) {
    for (const seed of seeds) {
      for (const name of Object.keys(targets)) {
        const row = facts.rows.find((one) => one.id === id && one.seed === seed && one.name === name);
        assert.ok(row, `${id}: ${name} of seed ${seed} was not measured`);
        assert.equal(row.steps, steps, id);
        assert.equal(row.holds, targets[name].holds(row.value, row.floor), `${id}: ${name} of seed ${seed} was ${row.value}`);
        assert.equal(row.target, targets[name].text, id);
      }
    }
  }
});

test('the README shows the table of figures.json, and pictures that are there', async (t) => {
  const place = new URL('README.md', ROOT);
  if (!existsSync(place)) return t.diagnostic('there is no README yet');
  const readme = await readFile(place, 'utf8');
  assert.equal(between(readme, 'figures'), table(facts), 'node tests/figures.mjs --table prints it');
  for (const { file } of [...PICTURES, ...CLAIMS.flatMap(({ picture }) => picture ?? [])]) {
    assert.ok(readme.includes(`web/figures/${file}`), file);
    assert.ok(existsSync(new URL(`web/figures/${file}`, ROOT)), file);
  }
});

test('the README shows the models that there are', async (t) => {
  const place = new URL('README.md', ROOT);
  if (!existsSync(place)) return t.diagnostic('there is no README yet');
  const cli = fileURLToPath(new URL('wasm/cli.mjs', ROOT));
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'models', '--markdown']);
  assert.equal(between(await readFile(place, 'utf8'), 'models'), stdout.trim(), 'genplay models --markdown prints it');
});

/** What stands between <!-- name --> and <!-- /name -->. */
const between = (text, name) => text.split(`<!-- ${name} -->`)[1]?.split(`<!-- /${name} -->`)[0].trim();
