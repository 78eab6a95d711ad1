// What each failure looks like: one sentence that says what happened and what to do, and a page that still works.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { colours, datasets, drop, idx, models, notices, openSite, parameters, picture, pictureLike, ready, shows, stepOf, view, waitForStep } from './web/browser.mjs';

/** @type {Awaited<ReturnType<typeof openSite>>} */
let site;
before(async () => { site = await openSite({ data: { broken: { images: idx(4, 8, 8).subarray(0, 40) } } }); });
after(() => site.close());

const fresh = (model = models.first, more = '') => `v=1&model=${model.id}&data=${datasets.points[0]}&seed=3${more}`;

/** The page trains, draws and has exactly these notices. */
async function works(page, ...patterns) {
  const before = await stepOf(page);
  await page.click('#step');
  await waitForStep(page, before + 1);
  assert.ok(await colours(page, await picture(page)) > 20);
  const said = await notices(page);
  assert.equal(said.length, patterns.length, said.join(' | '));
  patterns.forEach((pattern, i) => assert.match(said[i], pattern));
}

/** One sentence or two, of a decent length, ended like one. */
const sentence = (text) => assert.match(text, /^[A-Z“].{20,260}[.!]$/);

describe('a worker that dies', () => {
  const deaths = {
    'by an uncaught error': (page) => page.workers()[0].evaluate(() => { setTimeout(() => { throw new Error('boom'); }); }),
    'by a rejected promise': (page) => page.workers()[0].evaluate(() => { void Promise.reject(new Error('boom')); }),
    'without a word': (page) => page.workers()[0].evaluate(() => { setTimeout(() => self.close()); }),
  };
  for (const [how, kill] of Object.entries(deaths)) {
    test(`${how} is replaced: the experiment is open again at its start, and a sentence says so`, async (t) => {
      const page = await site.open(t, fresh(), { expect: [/boom/] });
      const start = await picture(page);
      await page.click('#play');
      await waitForStep(page, 3);
      await kill(page);
      await page.waitForSelector('.notice[data-key=dead]');
      sentence((await notices(page))[0]);
      await page.waitForFunction(() => document.querySelector('.figure.open') && document.querySelector('#counter').dataset.step === '0');
      await page.click('.dismiss');
      await pictureLike(page, start);
      await works(page);
    });
  }

  test('with points of one’s own gets them again', async (t) => {
    const page = await site.open(t, fresh(), { expect: [/boom/] });
    await drop(page, [{ name: 'a.csv', content: Array.from({ length: 50 }, (_, i) => `${Math.cos(i)},${Math.sin(i)}`).join('\n') }]);
    await page.waitForFunction(() => location.hash.includes('points='));
    await deaths['by an uncaught error'](page);
    await page.waitForSelector('.notice[data-key=dead]');
    await ready(page);
    assert.equal(await page.getAttribute('.thumb[data-id=own]', 'aria-pressed'), 'true');
    await page.waitForSelector('#step:not([disabled])');
    await page.click('#step');
    await waitForStep(page, 1);
  });

  test('again and again is not started for ever: a button does it', async (t) => {
    const page = await site.open(t, fresh(), { expect: [/boom/] });
    for (let i = 0; i < 3; i++) {
      await page.waitForSelector('.figure.open');
      while (!page.workers().length) await page.waitForTimeout(50);
      const worker = page.workers().at(-1);
      await worker.evaluate(() => { setTimeout(() => { throw new Error('boom'); }); });
      await new Promise((resolve) => { worker.once('close', resolve); });
    }
    await page.waitForSelector('.instead button');
    sentence((await page.textContent('.instead p')).trim());
    await page.click('.instead button');
    await page.waitForSelector('.figure.open');
    await works(page);
  });

  test('that cannot even be fetched leaves a sentence instead of an empty page', async (t) => {
    const page = await site.open(t, fresh(), { wait: false, expect: [/failed/, /console/], before: (page) => page.route(/worker\.js/, (route) => route.abort()) });
    await page.waitForSelector('.instead[role=alert]');
    sentence((await page.textContent('.instead p')).trim());
  });

  test('whose engine cannot be fetched leaves a sentence too', async (t) => {
    const page = await site.open(t, fresh(), { wait: false, expect: [/failed/, /console/, /uncaught/], before: (page) => page.route(/\.wasm/, (route) => route.abort()) });
    await page.waitForSelector('.instead[role=alert]');
    sentence((await page.textContent('.instead p')).trim());
  });
});

describe('a lost WebGL context', () => {
  const lose = (page, back) => page.workers()[0].evaluate(async (restore) => {
    const extension = self.engine.gl.getExtension('WEBGL_lose_context');
    extension.loseContext();
    if (restore) setTimeout(() => extension.restoreContext(), 300);
  }, back);

  test('that comes back shows the same picture, and the model did not notice', async (t) => {
    const page = await site.open(t, fresh());
    await page.keyboard.press('s');
    await waitForStep(page, 1);
    const before = await picture(page);
    await lose(page, true);
    await page.waitForSelector('.notice[data-key=lost]');
    sentence((await notices(page))[0]);
    await page.waitForSelector('.notice[data-key=lost]', { state: 'detached' });
    await pictureLike(page, before);
    assert.equal(await stepOf(page), 1);
    await works(page);
  });

  test('that does not come back is replaced by a fresh canvas, while training goes on', async (t) => {
    const page = await site.open(t, fresh());
    await page.click('#play');
    await waitForStep(page, 2);
    await lose(page, false);
    await page.waitForSelector('.notice[data-key=lost]');
    const at = await stepOf(page);
    await waitForStep(page, at + 5);
    await page.waitForSelector('.notice[data-key=lost]', { state: 'detached' });
    await page.click('#play');
    await works(page);
  });

  test('or no WebGL2 at all leaves training and measuring without a picture, and says so', async (t) => {
    const page = await site.open(t, fresh(), {
      wait: false,
      before: (page) => page.addInitScript(() => {
        delete HTMLCanvasElement.prototype.transferControlToOffscreen;
        const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind === 'webgl2' ? null : get.call(this, kind, ...rest); };
      }),
    });
    await page.waitForSelector('.instead:not(.quiet)');
    sentence((await page.textContent('.instead')).trim());
    await page.click('#step');
    await waitForStep(page, 1);
    await page.waitForSelector('table.measures');
  });
});

test('where a worker cannot draw, the same engine runs in the page', async (t) => {
  const page = await site.open(t, fresh(), { before: (page) => page.addInitScript(() => { delete HTMLCanvasElement.prototype.transferControlToOffscreen; }) });
  assert.equal(page.workers().length, 0);
  await page.keyboard.press('Space');
  await waitForStep(page, 5);
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.querySelector('#play').getAttribute('aria-label') === 'Play');
  await works(page);
});

test('a run that diverges stops with a sentence, stands at its last good step, and reset starts it anew', async (t) => {
  const rate = models.first.params.find(({ key }) => key === 'rate'), plain = models.first.params.find(({ key }) => key === 'optimizer');
  const page = await site.open(t, fresh(models.first, `&k.rate=${rate.max}${plain ? `&k.optimizer=${plain.choices.at(-1)}` : ''}`));
  await page.click('#play');
  await page.waitForSelector('.notice[data-key=diverged]', { timeout: 60_000 });
  const [said] = await notices(page);
  sentence(said);
  assert.match(said, /at step \d+.*learning rate.*Reset/);
  assert.equal(await page.getAttribute('#play', 'aria-label'), 'Play');
  await page.fill('#knob-rate', '0.0001');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('k.rate=0.0001'));
  await page.click('#reset');
  await page.waitForFunction(() => document.querySelector('#counter').dataset.step === '0');
  await works(page);
});

describe('a bad link', () => {
  const problems = {
    'to a model that is not here': ['model=nobody', /“nobody”/],
    'to data that are not here': [`model=${models.first.id}&data=elsewhere`, /“elsewhere”/],
    'to somebody’s own data': [`model=${models.first.id}&data=own`, /somebody’s own data/],
    'to weights that are not here': ['weights=nothing', /“nothing”/],
    'to weights whose file is gone': ['weights=gone', /404/, [/404/]],
    'with damaged points': [`model=${models.first.id}&points=g!!`, /damaged/],
    'to data whose file is damaged': [`model=${models.image.id}&data=broken`, /./],
  };
  test('shows nothing else in its place, says what to do, and the menus work', async (t) => {
    const page = await site.open(t, Object.values(problems)[0][0], { wait: false, expect: [/404/] });
    for (const [what, [link, pattern]] of Object.entries(problems)) {
      await t.test(what, async () => {
        await page.evaluate((hash) => { location.hash = hash; }, link);
        await page.waitForSelector('.instead[role=alert]');
        await shows(page, '.instead p', pattern);
        sentence((await page.textContent('.instead p')).trim());
        assert.ok(await page.isDisabled('#play'));
        await page.click(`.thumb[data-id=${datasets.points[1]}]`);
        await page.waitForSelector('.figure.open');
        await works(page);
        assert.equal((await parameters(page)).get('data'), datasets.points[1]);
      });
    }
  });

  test('with values out of range, unknown keys and another version opens what it can, and says what it could not', async (t) => {
    const page = await site.open(t, `v=7&model=${models.first.id}&data=${datasets.points[0]}&k.rate=9999&nonsense=1`);
    const said = await notices(page);
    said.forEach(sentence);
    assert.deepEqual([/version 7/, /9999.*out of range/, /nonsense/].map((pattern) => said.some((text) => pattern.test(text))), [true, true, true]);
    for (let left = said.length; left > 0; left--) await page.locator('.dismiss').first().click();
    await works(page);
  });

  test('with anything at all behind the # leaves a page that works', async (t) => {
    const page = await site.open(t, '%');
    for (const link of ['?&#', 'v=1&v=2&&&=', `model=${models.first.id}&k.rate=%00&o.n=-1e999&view=<b>`, 'x'.repeat(5000)]) {
      const before = await stepOf(page);
      await page.keyboard.press('s');
      await shows(page, '#status', new RegExp(`^Paused at step ${before + 1}$`));
      await page.evaluate((hash) => { location.hash = hash; }, link);
      await shows(page, '#status', / on .*, at step/);
      for (const text of await notices(page)) assert.ok(text.length < 400, text);
    }
  });
});

describe('a bad file', () => {
  const files = {
    'a picture': [[{ name: 'cat.png', content: new Uint8Array([0x89, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13]) }], /cat\.png/],
    'an empty file': [[{ name: 'none.csv', content: '' }], /none\.csv.*empty/],
    'a CSV with a gap': [[{ name: 'gap.csv', content: '1,2\n3\n4,5' }], /gap\.csv.*line 2/],
    'a CSV that is not numbers': [[{ name: 'text.csv', content: 'x,y\n1,nan' }], /text\.csv.*“nan”/],
    'images that break off': [[{ name: 'short-idx3', content: idx(9, 8, 8).subarray(0, 100) }], /short-idx3/],
    'labels without images': [[{ name: 'labels', content: idx(9) }], /labels/],
    'images and labels that disagree': [[{ name: 'images', content: idx(9, 4, 4) }, { name: 'labels', content: idx(5) }], /images, labels/],
    'damaged weights': [[{ name: 'w.safetensors', content: new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0x61, 0x22, 0x3a, 0x31, 0x7d, 0x20, 0x20]) }], /w\.safetensors|cannot be opened/],
    'a broken gzip': [[{ name: 'z.gz', content: new Uint8Array([31, 139, 8, 0, 1, 2, 3]) }], /z\.gz.*gzip/],
  };
  test('is refused with a sentence, and what was open goes on', async (t) => {
    const page = await site.open(t, fresh());
    for (const [what, [list, pattern]] of Object.entries(files)) {
      await t.test(what, async () => {
        const before = await stepOf(page);
        await drop(page, list);
        await shows(page, '.notice.error p', pattern);
        sentence((await notices(page))[0]);
        assert.equal(await stepOf(page), before);
        await works(page, pattern);
        await page.click('.dismiss');
      });
    }
  });
});

test('a view that this run cannot draw says so, and another one works', async (t) => {
  const model = models.first, row = model.views[0].options.find(({ choices }) => choices.includes('critic') || choices.includes('density'));
  if (!row) return t.skip('no view here has such an option');
  const bad = model.can.points?.includes('logProb') || model.can.includes?.('logProb') ? 'critic' : 'density';
  const page = await site.open(t, fresh(model, `&view=${model.views[0].id}&o.${row.key}=${bad}`), { wait: false });
  await page.waitForSelector('.notice[data-key=view]');
  sentence((await notices(page))[0]);
  const other = model.views.find(({ id }) => id !== model.views[0].id);
  await page.click(`[data-view=${other.id}]`);
  await page.waitForSelector('.notice', { state: 'detached' });
  await works(page);
});
