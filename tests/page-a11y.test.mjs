// The page by keyboard, by screen reader and by axe-core.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { datasets, models, openSite, shows, stepOf, view, waitForStep } from './web/browser.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** @type {Awaited<ReturnType<typeof openSite>>} */
let site;
before(async () => { site = await openSite(); });
after(() => site.close());

const fresh = (model = models.first, more = '') => `v=1&model=${model.id}&data=${datasets.points[0]}&seed=3${more}`;

/** Nothing serious or critical, by axe-core's rules. */
async function sound(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const bad = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  assert.deepEqual(bad.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).slice(0, 4).join(', ')}`), []);
}

describe('axe-core finds nothing serious', () => {
  for (const colorScheme of ['light', 'dark']) {
    test(`on the first page, ${colorScheme}`, async (t) => {
      const page = await site.open(t, '', { colorScheme });
      await page.waitForSelector('table.measures');
      await sound(page);
    });
    test(`on a phone while training, ${colorScheme}`, async (t) => {
      const page = await site.open(t, fresh(models.game), { colorScheme, viewport: { width: 360, height: 740 } });
      await page.click('#play');
      await waitForStep(page, 10);
      await page.click('#play');
      await page.waitForSelector('.plot canvas');
      await page.waitForSelector('table.measures:not(.old)');
      await sound(page);
    });
  }
  test('in the latent plane, in sampling time and with images', async (t) => {
    for (const link of [fresh(models.latent, `&view=${view(models.latent, 'latent')}`), fresh(models.trace, `&view=${view(models.trace, 'trace')}`), `model=${models.image.id}&data=${datasets.image}`])
      await sound(await site.open(t, link));
  });
  test('while drawing, with the embed code open, with notices, and where something is missing', async (t) => {
    const page = await site.open(t, fresh(models.first, '&k.rate=1e9'));
    await page.waitForSelector('.notice');
    await sound(page);
    await page.click('.dismiss');
    await page.click('.thumb[data-id=own]');
    await page.waitForSelector('.brush canvas');
    await sound(page);
    await page.keyboard.press('Escape');
    await page.click('#embed');
    await sound(page);
    const other = await site.open(t, 'model=nobody', { wait: false });
    await other.waitForSelector('.instead[role=alert]');
    await sound(other);
  });
  test('in a bare figure', async (t) => sound(await site.open(t, fresh(models.trace, '&embed=1'), { viewport: { width: 500, height: 500 } })));
});

test('the Tab key reaches every control in the order of the page, and each shows that it has the focus', async (t) => {
  const page = await site.open(t, fresh());
  const wanted = await page.$$eval('button, a[href], input, select, textarea, summary, [tabindex="0"]', (list) =>
    list.filter((element) => !element.disabled && element.tabIndex >= 0 && element.checkVisibility()).length);
  const seen = await page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); return 0; });
  assert.equal(seen, 0);
  const stops = [];
  for (let i = 0; i < wanted + 5; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body) return null;
      const styled = element.matches('.segments input') ? element.closest('label') : element;
      const { outlineStyle, outlineWidth } = getComputedStyle(styled);
      const all = (globalThis.stops ??= new Map());
      if (!all.has(element)) all.set(element, all.size);
      return { number: all.get(element), name: element.id || element.className || element.tagName, outline: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 };
    });
    if (!stop || stops.some(({ number }) => number === stop.number)) break;
    stops.push(stop);
  }
  assert.deepEqual(stops.filter(({ outline }) => !outline).map(({ name }) => name), []);
  const names = stops.map(({ name }) => name), places = ['reset', 'play', 'step', 'slow', 'share', 'model', 'seed'].map((name) => names.indexOf(name));
  assert.ok(places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1])), `${names}`);
  const radios = await page.$$eval('.segments', (groups) => groups.reduce((sum, group) => sum + group.querySelectorAll('input').length - 1, 0));
  assert.ok(stops.length >= wanted - radios, `${stops.length} stops of ${wanted - radios} controls`);
});

test('an experiment is made, trained and paused without a pointer', async (t) => {
  const page = await site.open(t, fresh());
  await page.focus(`.thumb[data-id=${datasets.points[3]}]`);
  await page.keyboard.press('Enter');
  await page.waitForFunction((id) => location.hash.includes(`data=${id}`), datasets.points[3]);
  await page.focus('#model');
  await page.keyboard.press('ArrowDown');
  await page.waitForFunction((id) => !location.hash.includes(`model=${id}&`), models.first.id);
  await page.waitForSelector('.figure.open');
  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.keyboard.press('Space');
  await waitForStep(page, 3);
  await page.keyboard.press('Space');
  await shows(page, '#status', /^Paused at step/);
});

test('a screen reader hears what happens: playing, paused, reset, and what the picture is of', async (t) => {
  const page = await site.open(t, fresh());
  await shows(page, '#status', /at step 0$/);
  await page.click('#play');
  await shows(page, '#status', /^Training$/);
  await page.click('#play');
  await shows(page, '#status', /^Paused at step \d+$/);
  await page.click('#reset');
  await shows(page, '#status', /^Back at the start/);
  assert.equal(await stepOf(page), 0);
  assert.match(await page.getAttribute('#stage', 'aria-label'), new RegExp(models.first.views[0].title));
  assert.match(await page.getAttribute('.plot', 'aria-label'), /^Loss/);
});
