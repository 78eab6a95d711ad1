// The page in a browser: what a visitor does, and what comes of it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { encodePng } from '../wasm/png.mjs';
import { colours, datasets, drop, idx, lab, link, lossText, models, notices, openSite, parameters, picture, pictureAfter, pictureLike, ready, shows, stepOf, view, waitForStep } from './web/browser.mjs';

/** @type {Awaited<ReturnType<typeof openSite>>} */
let site;
before(async () => { site = await openSite({ data: { scans: { images: idx(120, 8, 8, (i) => (i * 37) % 256), labels: idx(120, 0, 0, (i) => i % 10) } } }); });
after(() => site.close());

const fresh = (model = models.first, more = '') => `v=1&model=${model.id}&data=${datasets.points[0]}&seed=3${more}`;
const number = (row) => row.live && row.type === 'number';

describe('opening', () => {
  test('until the first training step a page fetches at most 300 kB, and its picture was there before', async (t) => {
    const bodies = [];
    const page = await site.open(t, '', { before: (page) => page.on('response', (response) => bodies.push(response.body().catch(() => Buffer.alloc(0)))) });
    const shown = await page.evaluate(() => performance.getEntriesByName('genplay-picture')[0].startTime);
    assert.equal(await stepOf(page), site.opensOn.steps, 'it shows the weights as they ship');
    assert.ok(await colours(page, await picture(page)) > 20, 'the picture shows something');
    await page.waitForSelector('table.measures');
    await page.click('#step');
    await waitForStep(page, site.opensOn.steps + 1);
    const size = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0);
    t.diagnostic(`first picture after ${Math.round(shown)} ms; ${size} bytes, gzipped`);
    assert.ok(size <= 300_000, `${size} bytes`);
  });

  test('without a link the pretrained model opens, paused, is marked as pretrained, and play goes on from there', async (t) => {
    const page = await site.open(t), { steps } = site.opensOn;
    assert.equal(await stepOf(page), steps);
    assert.equal(await page.textContent('.badge'), `pretrained · ${steps.toLocaleString('en')} steps`);
    await page.waitForTimeout(300);
    assert.equal(await stepOf(page), steps);
    await page.click('#play');
    await waitForStep(page, steps + 5);
    await page.click('#play');
    assert.match(await page.textContent('.badge'), /^pretrained \+ \d+ steps$/);
  });

  test('from a pretrained model a click trains the same experiment from scratch', async (t) => {
    const page = await site.open(t, 'weights=tiny');
    await page.click('text=Train from scratch');
    await page.waitForFunction(() => document.querySelector('#counter').dataset.step === '0');
    assert.equal(await page.locator('.badge').count(), 0);
    const now = await parameters(page);
    assert.deepEqual([now.get('weights'), now.get('model'), now.get('data'), now.get('seed')], [null, models.first.id, datasets.points[0], '7']);
  });

  test('a model opens on its trained weights where its data have some, on a button too, and goes on from there', async (t) => {
    const other = lab.models.find(({ id, data }) => id !== models.first.id && data.includes('points'));
    const page = await site.open(t, `model=${other.id}&data=${datasets.points[0]}`);
    assert.equal(await page.locator('.badge').count(), 0);
    await page.selectOption('#model', models.first.id);
    await page.waitForSelector('.badge');
    assert.equal((await parameters(page)).get('weights'), 'tiny');
    assert.equal(await stepOf(page), site.steps);
    await page.click('text=Continue from here');
    await waitForStep(page, site.steps + 5);
    await page.click('text=Train from scratch');
    await page.waitForFunction(() => document.querySelector('#counter').dataset.step === '0');
    await page.click('[data-weights=tiny]');
    await page.waitForFunction((steps) => Number(document.querySelector('#counter').dataset.step) === steps, site.steps);
  });

  test('weights that ship are tiny', async () => {
    const file = await readFile(new URL(`pretrained/${site.opensOn.file}`, `file://${site.home}/`));
    assert.ok(file.length <= 50_000, `${file.length} bytes`);
  });

  test('every model opens on points, trains and draws every view that it offers', async (t) => {
    for (const model of new Set(Object.values(models))) {
      const page = await site.open(t, fresh(model));
      await page.click('#step');
      await waitForStep(page, 1);
      for (const id of await page.$$eval('[data-view]', (tabs) => tabs.map((tab) => tab.dataset.view))) {
        await page.click(`[data-view=${id}]`);
        assert.ok(await colours(page, await picture(page)) > 20, `${model.id}, ${id}`);
        assert.equal((await parameters(page)).get('view'), id);
      }
      assert.deepEqual(await notices(page), []);
    }
  });

  test('images train too, and every view shows them', async (t) => {
    const model = models.image, page = await site.open(t, `model=${model.id}&data=${datasets.image}`);
    await page.click('#step');
    await waitForStep(page, 1);
    for (const button of await page.$$('[data-view]')) {
      await button.click();
      assert.ok(await colours(page, await picture(page)) > 20);
    }
    assert.deepEqual(await notices(page), []);
  });
});

describe('training', () => {
  test('reset, play, step, slow motion and the counter stand in that order, the counter padded with zeros', async (t) => {
    const page = await site.open(t, fresh());
    const x = await page.$$eval('#reset, #play, #step, #slow, #counter', (list) => list.map((element) => [element.id, element.getBoundingClientRect().x]));
    assert.deepEqual([...x].sort((a, b) => a[1] - b[1]).map(([id]) => id), ['reset', 'play', 'step', 'slow', 'counter']);
    assert.equal(await page.textContent('#counter'), '000,000');
  });

  test('pause trains not one step more, and step makes exactly one', async (t) => {
    const page = await site.open(t, fresh());
    await page.click('#play');
    await waitForStep(page, 20);
    assert.equal(await page.getAttribute('#play', 'aria-label'), 'Pause');
    await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#status').textContent.startsWith('Paused at step'));
    const stopped = await stepOf(page);
    await page.waitForTimeout(600);
    assert.equal(await stepOf(page), stopped);
    await page.click('#step');
    await waitForStep(page, stopped + 1);
    await page.waitForTimeout(300);
    assert.equal(await stepOf(page), stopped + 1);
  });

  test('reset returns to the start and replays the same run, as reload and the link do', async (t) => {
    const page = await site.open(t, fresh());
    const walk = async () => {
      for (let i = 1; i <= 5; i++) {
        await page.keyboard.press('s');
        await waitForStep(page, i);
      }
      await page.waitForTimeout(500);
      return [await lossText(page), (await picture(page)).toString('base64')];
    };
    const start = await picture(page), first = await walk();
    await page.click('#reset');
    await page.waitForFunction(() => document.querySelector('#counter').dataset.step === '0');
    await pictureLike(page, start);
    assert.deepEqual(await walk(), first);
    await page.reload();
    await ready(page);
    assert.deepEqual(await walk(), first);
  });

  test('Space plays and pauses, S steps, R resets; all are silent while typing, and Space presses a button that has the focus', async (t) => {
    const page = await site.open(t, fresh());
    await page.keyboard.press('Space');
    await waitForStep(page, 2);
    await page.keyboard.press('Space');
    await page.waitForFunction(() => document.querySelector('#play').getAttribute('aria-label') === 'Play');
    await page.waitForTimeout(300);
    const at = await stepOf(page);
    await page.keyboard.press('S');
    await waitForStep(page, at + 1);
    await page.keyboard.press('r');
    await page.waitForFunction(() => document.querySelector('#counter').dataset.step === '0');
    await page.focus('#seed');
    await page.keyboard.type(' sr');
    await page.focus('#model');
    await page.keyboard.press('Control+s');
    await page.waitForTimeout(300);
    assert.equal(await stepOf(page), 0);
    await page.focus('#step');
    await page.keyboard.press('Space');
    await waitForStep(page, 1);
    await page.waitForTimeout(300);
    assert.equal(await stepOf(page), 1);
  });

  test('slow motion makes a few steps a second, and the rate is shown', async (t) => {
    const page = await site.open(t, fresh());
    await page.click('#slow');
    await page.click('#play');
    await page.waitForTimeout(1500);
    const steps = await stepOf(page);
    assert.ok(steps >= 1 && steps <= 12, `${steps} steps`);
    await page.waitForFunction(() => /\d steps\/s/.test(document.querySelector('.pace').textContent));
    await page.click('#slow');
    await waitForStep(page, steps + 30);
  });

  test('the loss curve grows, with the line of theory named, and measures come with their floors', async (t) => {
    const page = await site.open(t, fresh(models.game));
    await page.click('#play');
    await waitForStep(page, 30);
    await page.click('#play');
    await page.waitForSelector('.plot canvas');
    assert.equal(await page.locator('.curves .now').count(), models.game.losses.length);
    assert.match(await page.textContent('.curves .theory'), /\w.*\d/);
    await page.waitForSelector('table.measures:not(.old)');
    const rows = await page.$$eval('table.measures tbody tr', (list) => list.map((row) => [...row.cells].map((cell) => cell.textContent.trim())));
    assert.ok(rows.length >= 1);
    for (const [name, value, floor] of rows) assert.match(`${name}|${value}|${floor}`, /^.+[↓↑]\|.*\d.*\|.+$/);
  });

  test('a live knob changes at once and training goes on; one that restarts begins anew; both are in the address', async (t) => {
    const page = await site.open(t, fresh());
    const live = models.first.params.find(number), restart = models.first.params.find((row) => !row.live && row.type === 'integer');
    await page.click('#play');
    await waitForStep(page, 20);
    await page.fill(`#knob-${live.key}`, String(live.min));
    await page.keyboard.press('Enter');
    await page.waitForFunction((key) => location.hash.includes(`k.${key}=`), live.key);
    const at = await stepOf(page);
    await waitForStep(page, at + 5);
    await page.fill(`#knob-${restart.key}`, '1e9');
    await page.keyboard.press('Enter');
    await page.waitForFunction((key) => location.hash.includes(`k.${key}=`), restart.key);
    assert.equal((await parameters(page)).get(`k.${restart.key}`), String(restart.max), 'clamped');
    await page.fill(`#knob-${restart.key}`, String(restart.min));
    await page.keyboard.press('Enter');
    await page.waitForFunction(([key, value]) => new URLSearchParams(location.hash.slice(1)).get(`k.${key}`) === value, [restart.key, String(restart.min)]);
    await waitForStep(page, 3);
    await page.click('#play');
    const sent = await link(page);
    const friend = await site.open(t, sent);
    assert.equal(await friend.inputValue(`#knob-${live.key}`), String(live.min));
    assert.equal(await friend.inputValue(`#knob-${restart.key}`), String(restart.min));
    assert.equal(await stepOf(friend), 0, 'a link opens paused, at its start');
  });

  test('every knob says what it is, its range and whether it applies live, to the pointer and to the keyboard', async (t) => {
    const page = await site.open(t, fresh());
    for (const row of models.first.params) {
      const knob = page.locator(`.knobs .knob[data-key=${row.key}]`);
      assert.equal(await knob.locator('.when').textContent(), row.live ? 'live' : 'restarts');
      await knob.locator('.info button').focus();
      assert.ok(await knob.locator('.tip').isVisible());
      assert.ok((await knob.locator('.tip').textContent()).includes(row.help));
    }
  });

  test('a slider moves its knob by arrow keys, and a click returns to the default', async (t) => {
    const page = await site.open(t, fresh()), row = models.first.params.find(number), knob = page.locator(`.knob[data-key=${row.key}]`);
    const start = await page.inputValue(`#knob-${row.key}`);
    await knob.locator('.slider').focus();
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction((key) => location.hash.includes(`k.${key}=`), row.key);
    assert.notEqual(await page.inputValue(`#knob-${row.key}`), start);
    await knob.locator('.undo').click();
    await page.waitForFunction((key) => !location.hash.includes(`k.${key}=`), row.key);
    assert.equal(await page.inputValue(`#knob-${row.key}`), start);
  });

  test('what is being typed or dragged stays under the hand while training redraws the page', async (t) => {
    const page = await site.open(t, fresh()), restart = models.first.params.find((row) => !row.live && row.type === 'integer');
    await page.click('#play');
    await waitForStep(page, 10);
    const before = await page.inputValue(`#knob-${restart.key}`);
    await page.focus(`#knob-${restart.key}`);
    await page.keyboard.press('Control+a');
    await page.keyboard.type('17');
    await waitForStep(page, (await stepOf(page)) + 20);
    assert.equal(await page.inputValue(`#knob-${restart.key}`), '17');
    await page.keyboard.press('Control+a');
    await page.keyboard.type(before);
    const box = await page.locator(`.knob[data-key=${restart.key}] .slider`).boundingBox();
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height / 2);
    await page.mouse.down();
    const at = await page.inputValue(`.knob[data-key=${restart.key}] .slider`), steps = await stepOf(page);
    await waitForStep(page, steps + 20);
    assert.equal(await page.inputValue(`.knob[data-key=${restart.key}] .slider`), at, 'and nothing restarts before it is let go');
    await page.mouse.up();
    await page.waitForFunction((key) => location.hash.includes(`k.${key}=`), restart.key);
  });
});

describe('data', () => {
  test('thumbnails are drawn from the data, and a click opens them', async (t) => {
    const page = await site.open(t, fresh());
    await page.waitForFunction((n) => [...document.querySelectorAll('.thumb canvas')].filter((canvas) => canvas.width > 0).length >= n, datasets.points.length + 1);
    const other = datasets.points[2];
    await page.click(`.thumb[data-id=${other}]`);
    await page.waitForFunction((id) => document.querySelector(`.thumb[data-id=${id}]`).getAttribute('aria-pressed') === 'true', other);
    assert.equal((await parameters(page)).get('data'), other);
    assert.equal(await page.$eval('.thumbs', (element) => element.lastElementChild.dataset.id), 'own', 'the last one is the brush');
  });

  test('data that a model does not learn from are refused with a reason', { skip: !models.pointsOnly && 'every model takes both kinds' }, async (t) => {
    const page = await site.open(t, fresh(models.pointsOnly));
    await page.click(`.thumb[data-id=${datasets.image}]`, { force: true });
    await shows(page, '.notices', /Choose another model/);
    assert.equal((await parameters(page)).get('data'), datasets.points[0]);
  });

  test('where a model is told classes, data that have none do not fit, and the other way round', async (t) => {
    const page = await site.open(t, fresh(models.told));
    assert.equal(await page.getAttribute(`.thumb[data-id=${datasets.points[0]}]`, 'aria-disabled'), 'false');
    assert.equal(await page.getAttribute('.thumb[data-id=own]', 'aria-disabled'), 'true');
    await page.click('.thumb[data-id=own]', { force: true });
    await shows(page, '.notices', /no classes/);
    const other = await site.open(t, `model=${models.first.id}&data=own&points=gAAAAgACA`);
    assert.match(await other.textContent(`#model option[value=${models.told.id}]`), /classes/);
    assert.equal(await other.$eval(`#model option[value=${models.told.id}]`, (option) => option.disabled), true);
  });

  test('data that the build has as files are fetched when they are chosen', async (t) => {
    const page = await site.open(t, fresh(models.image));
    await page.click('.thumb[data-id=scans]');
    await page.waitForFunction(() => location.hash.includes('data=scans'));
    assert.match(await page.textContent('.about-data'), /120 examples|108 examples/);
    const friend = await site.open(t, await link(page));
    assert.equal(await friend.getAttribute('.thumb[data-id=scans]', 'aria-pressed'), 'true');
  });

  test('points drawn with the mouse are learned, and travel in the link', async (t) => {
    const page = await site.open(t, fresh());
    await page.click('.thumb[data-id=own]');
    const box = await page.locator('.brush canvas').boundingBox();
    await page.mouse.move(box.x + box.width / 2 - 120, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 120, box.y + box.height / 2 - 60, { steps: 12 });
    await page.mouse.up();
    await shows(page, '.brush-bar output', /^\d{2}/);
    await page.waitForTimeout(100);
    const drawn = Number(/\d+/.exec(await page.textContent('.brush-bar output'))[0]);
    assert.ok(drawn >= 20, `${drawn} points`);
    await page.click('text=Learn these points');
    await page.waitForFunction(() => location.hash.includes('points='));
    await page.click('#step');
    await waitForStep(page, 1);
    const friend = await site.open(t, await link(page));
    await friend.click('#step');
    await waitForStep(friend, 1);
    await pictureLike(friend, await picture(page));                              // the same run in another browser
    await page.click('.thumb[data-id=own]');
    await shows(page, '.brush-bar output', new RegExp(`^${drawn} points`));          // it can be continued
    await page.click('text=Clear');
    await shows(page, '.brush-bar output', /^0 points/);
    await page.keyboard.press('Escape');
    await page.waitForSelector('.brush', { state: 'detached' });
  });

  test('points are drawn by keyboard too', async (t) => {
    const page = await site.open(t, fresh());
    await page.focus('.thumb[data-id=own]');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.activeElement?.closest('.brush'));
    for (const key of ['Enter', 'Shift+ArrowRight', 'Enter', 'ArrowUp', 'Enter']) await page.keyboard.press(key);
    await shows(page, '.brush-bar output', /^1[5-8] points/);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('points='));
  });

  test('points are drawn by touch', async (t) => {
    const page = await site.open(t, fresh(), { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 } });
    await page.tap('.thumb[data-id=own]');
    await page.locator('.brush canvas').scrollIntoViewIfNeeded();
    const box = await page.locator('.brush canvas').boundingBox();
    await page.touchscreen.tap(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForFunction(() => /^[1-9]/.test(document.querySelector('.brush-bar output').textContent));
    await page.tap('text=Learn these points');
    await page.waitForFunction(() => location.hash.includes('points='));
  });

  test('a CSV of points dropped on the page is learned to the last bit; too many for a link are said to be', async (t) => {
    const page = await site.open(t, fresh());
    const few = Array.from({ length: 40 }, (_, i) => `${Math.cos(i)},${Math.sin(i) * 1e3}`).join('\n');
    await drop(page, [{ name: 'few.csv', content: `x,y\n${few}` }]);
    await page.waitForFunction(() => location.hash.includes('points=f'));
    await shows(page, '.notices', /Learning from the 40 points of few\.csv/);
    const friend = await site.open(t, await link(page));
    await pictureLike(friend, await picture(page));
    await drop(page, [{ name: 'many.csv', content: Array.from({ length: 700 }, (_, i) => `${i % 26},${i % 31}`).join('\n') }]);
    await page.waitForFunction(() => !location.hash.includes('points='));
    await page.click('#share');
    await shows(page, '.notices', /without your 700 points/);
  });

  test('IDX images dropped on the page are learned', async (t) => {
    const page = await site.open(t, fresh(models.image));
    await drop(page, [{ name: 'train-images', content: idx(60, 6, 6, (i) => (i * 11) % 256) }, { name: 'train-labels.gz', content: gzipSync(idx(60, 0, 0, (i) => i % 3)) }]);
    await page.waitForFunction(() => location.hash.includes('data=own-images'));
    await page.click('#step');
    await waitForStep(page, 1);
  });

  test('a PNG sheet dropped with a table is learned, and the page says what it understood', async (t) => {
    const page = await site.open(t, fresh(models.image));
    const n = 130, sheet = encodePng({ width: 8 * 12, height: 8 * 11, channels: 3, data: Uint8Array.from({ length: 3 * 64 * 132 }, (_, i) => (i * i) % 253) });
    await drop(page, [{ name: 'faces.png', content: sheet }]);
    await shows(page, '.notices', /faces\.png cannot be used: one cannot tell how large its tiles are.*such as faces-32x32\.png/);
    await drop(page, [{ name: 'faces-8x8.png', content: sheet }, { name: 'a.csv', content: ['smile,class', ...Array.from({ length: 132 }, (_, i) => `${i / n},${i % 3}`)].join('\n') }]);
    await shows(page, '.notices', /Learning from faces-8x8\.png, a\.csv: 132 pictures of 8 × 8; in colour; 3 classes; attributes smile\./);
    await page.waitForFunction(() => location.hash.includes('data=own-images'));
    await shows(page, '.about-data', /Your images.*Known of each: smile\./);
    assert.equal(await page.locator('.thumb[data-id=own-images] canvas').evaluate((canvas) => canvas.width > 0), true);
    await page.click('#step');
    await waitForStep(page, 1);
  });
});

describe('pictures', () => {
  test('two codes are picked by pressing the plane, moved by dragging and by arrow keys, and stand in the link', async (t) => {
    const model = models.latent, page = await site.open(t, fresh(model, `&view=${view(model, 'latent')}`));
    const at = async () => Object.fromEntries(await parameters(page));
    const box = await page.locator('#stage').boundingBox(), place = (x, y) => [box.x + x * box.width, box.y + y * box.height];
    const before = await picture(page);
    await page.mouse.click(...place(0.12, 0.85));
    await page.waitForFunction(() => location.hash.includes('o.ax'));
    await page.mouse.click(...place(0.4, 0.2));
    await page.waitForFunction(() => location.hash.includes('o.bx'));
    await pictureAfter(page, before);
    const first = await at();
    await page.locator('.handle').first().focus();
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction((x) => new URLSearchParams(location.hash.slice(1)).get('o.ax') !== x, first['o.ax']);
    assert.ok(Number((await at())['o.ax']) > Number(first['o.ax']));
    const handle = await page.locator('.handle').nth(1).boundingBox();
    await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await page.mouse.down();
    await page.mouse.move(...place(0.3, 0.6), { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction((y) => Number(new URLSearchParams(location.hash.slice(1)).get('o.by')) < y, Number(first['o.by']));
    const friend = await site.open(t, await link(page));
    await pictureLike(friend, await picture(page));
  });

  test('sampling time is a slider with named ends, moves the picture and not the training', async (t) => {
    const model = models.trace, page = await site.open(t, fresh(model, `&view=${view(model, 'trace')}`)), row = model.views.find(({ kind }) => kind === 'trace');
    assert.deepEqual(await page.$$eval('.time .end', (list) => list.map((element) => element.textContent)), [row.start, row.end]);
    await page.click('#play');
    await waitForStep(page, 40);                           // an untrained flow changes nothing on the way
    await page.click('#play');
    await shows(page, '#status', /^Paused/);
    const steps = await stepOf(page), end = await picture(page);
    await page.focus('.time input');
    await page.keyboard.press('Home');
    await page.waitForFunction(() => location.hash.includes('o.time=0'));
    await pictureAfter(page, end);
    await page.click('.time button');
    await page.waitForFunction(() => !location.hash.includes('o.time'), null, { timeout: 15_000 });
    await pictureLike(page, end);                          // it ran from one end to the other
    assert.equal(await stepOf(page), steps);
  });

  test('a view’s options are controls made of its rows', async (t) => {
    const page = await site.open(t, fresh());
    const row = models.first.views[0].options.find(({ type, group }) => type === 'integer' && group === '');
    const start = await picture(page);
    await page.fill(`#option-${row.key}`, '20');
    await page.keyboard.press('Enter');
    await page.waitForFunction((key) => location.hash.includes(`o.${key}=20`), row.key);
    await pictureAfter(page, start);
  });

  test('an attribute of the data is chosen by its name, words stand over the columns, and other data begin with their own first', async (t) => {
    const sets = lab.datasets.filter(({ attributes }) => attributes.length > 1), counts = ({ options }) => options.some(({ group }) => group === 'attributes');
    const model = models.image, shown = model.views.find(counts), row = shown.options.find(({ group }) => group === 'attributes');
    const page = await site.open(t, `model=${model.id}&data=${sets[0].id}&view=${shown.id}`), menu = `#option-${row.key}`;
    assert.deepEqual(await page.$$eval(`${menu} option`, (list) => list.map(({ value }) => value)), sets[0].attributes);
    const before = await picture(page);
    assert.ok(await page.$$eval('.column-head', (list) => list.length) > 3);
    await page.selectOption(menu, sets[0].attributes[1]);
    await page.waitForFunction((key) => location.hash.includes(`o.${key}=1`), row.key);
    await pictureAfter(page, before);
    assert.match(await page.textContent('.panel-title'), new RegExp(sets[0].attributes[1]));
    await page.click(`.thumb[data-id=${sets[1].id}]`);
    await shows(page, '.panel-title', new RegExp(sets[1].attributes[0]));
    assert.equal((await parameters(page)).get(`o.${row.key}`), null);
  });

  test('the canvas keeps its picture when the window changes its size', async (t) => {
    const page = await site.open(t, fresh());
    await page.setViewportSize({ width: 1500, height: 900 });
    await page.waitForTimeout(400);
    assert.ok(await colours(page, await picture(page)) > 20);
  });

  test('dark and light follow the system, the canvas too, also while the page is open', async (t) => {
    const page = await site.open(t, fresh(), { colorScheme: 'dark' });
    const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const dark = [await ground(), await picture(page)];
    await page.emulateMedia({ colorScheme: 'light' });
    await page.waitForFunction((before) => getComputedStyle(document.documentElement).backgroundColor !== before, dark[0]);
    await pictureAfter(page, dark[1]);
  });
});

describe('taking away and bringing back', () => {
  test('share copies the address, which opens exactly this experiment', async (t) => {
    const page = await site.open(t, fresh(), { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.click('#share');
    await page.waitForSelector('.notice');
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.ok(copied.startsWith(site.url) && copied.includes(`model=${models.first.id}`), copied);
  });

  test('saved weights are a file that opens again and goes on', async (t) => {
    const page = await site.open(t, fresh());
    for (let i = 1; i <= 3; i++) {
      await page.keyboard.press('s');
      await waitForStep(page, i);
    }
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    assert.match(download.suggestedFilename(), /-3\.safetensors$/);
    const content = await readFile(await download.path()), shown = await picture(page);
    const friend = await site.open(t, fresh(models.game));
    await drop(friend, [{ name: 'a.safetensors', content }]);
    await friend.waitForFunction(() => document.querySelector('#counter').dataset.step === '3');
    assert.equal(await friend.textContent('.badge'), 'from your file');
    await friend.click('.dismiss');
    await pictureLike(friend, shown);
    await friend.keyboard.press('s');
    await waitForStep(friend, 4);
    await friend.keyboard.press('r');
    await friend.waitForFunction(() => document.querySelector('#counter').dataset.step === '3');
  });

  test('weights bring the points along that they learned, and new points do not mix with them', async (t) => {
    const page = await site.open(t, fresh()), csv = (n) => Array.from({ length: n }, (_, i) => `${Math.cos(i * n)},${Math.sin(i)}`).join('\n');
    await drop(page, [{ name: 'a.csv', content: csv(30) }]);
    await page.waitForFunction(() => location.hash.includes('points='));
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]), shown = await picture(page);
    const friend = await site.open(t, fresh());
    await drop(friend, [{ name: 'a.safetensors', content: await readFile(await download.path()) }]);
    await friend.waitForFunction(() => document.querySelector('.thumb[data-id=own]').getAttribute('aria-pressed') === 'true');
    await friend.click('.dismiss');
    await pictureLike(friend, shown);
    await drop(friend, [{ name: 'b.csv', content: csv(44) }]);
    await shows(friend, '.notices', /Learning from the 44 points/);
    await shows(friend, '.about-data', /44 examples/);
  });

  test('the embed code is an iframe with a bare figure that is this experiment', async (t) => {
    const page = await site.open(t, fresh());
    await page.click('#embed');
    const code = await page.inputValue('#embed-code'), address = /src="([^"]+)"/.exec(code)[1].replaceAll('&amp;', '&');
    assert.ok(address.startsWith(site.url) && address.includes('embed=1'));
    const friend = await site.open(t, new URL(address).hash.slice(1), { viewport: { width: 500, height: 500 } });
    assert.ok(await friend.isVisible('#stage') && await friend.isVisible('#play'));
    assert.equal(await friend.locator('.knobs, .data, .about, .output, #share').count(), 0);
    const stage = await friend.locator('#stage').boundingBox();
    assert.ok(stage.width > 450 && stage.height > 300 && stage.y + stage.height <= 500, JSON.stringify(stage));
  });

  test('a figure in somebody’s page rests while it is off-screen', async (t) => {
    const page = await site.open(t, fresh(), { wait: false });
    await page.setContent(`<div style="height:2000px"></div><iframe src="${site.url}#${fresh()}&embed=1" width="500" height="500"></iframe>`);
    const frame = await (await page.waitForSelector('iframe')).contentFrame();
    await page.evaluate(() => scrollTo(0, 1e6));
    await frame.waitForSelector('.figure.open');
    await frame.click('#play');
    await waitForStep(frame, 5);
    await page.evaluate(() => scrollTo(0, 0));
    await frame.waitForFunction(() => document.querySelector('#play').getAttribute('aria-label') === 'Play');
    const at = await stepOf(frame);
    await page.waitForTimeout(500);
    assert.equal(await stepOf(frame), at);
    await page.evaluate(() => scrollTo(0, 1e6));
    await waitForStep(frame, at + 5);
  });

  test('what a teacher hides is not there, and what is locked cannot be changed', async (t) => {
    const row = models.first.params.find(number), page = await site.open(t, fresh(models.first, `&hide=measures,about,views&lock=${row.key},data`));
    assert.equal(await page.locator('table.measures, .about, .tabs').count(), 0);
    assert.ok(await page.isDisabled(`#knob-${row.key}`));
    assert.ok(await page.isDisabled(`.thumb[data-id=${datasets.points[1]}]`));
    assert.ok(await page.isEnabled('#model'));
  });

  test('a link typed into the open page is followed', async (t) => {
    const page = await site.open(t, fresh());
    await page.evaluate((hash) => { location.hash = hash; }, fresh(models.game));
    await page.waitForFunction((id) => document.querySelector('#model').value === id && document.querySelector('.figure.open'), models.game.id);
  });
});

describe('every window', () => {
  for (const [width, height] of [[360, 640], [600, 900], [820, 1100], [1280, 720], [1920, 1080]]) {
    test(`${width} pixels: nothing sticks out, the transport stays in sight, the picture is large`, async (t) => {
      const page = await site.open(t, fresh(), { viewport: { width, height } });
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
      const stage = await page.locator('#stage').boundingBox();
      assert.ok(stage.width >= Math.min(0.4 * width, 320) && stage.height >= 300, JSON.stringify(stage));
      await page.evaluate(() => scrollTo(0, 1e6));
      await page.waitForTimeout(100);
      const play = await page.locator('#play').boundingBox();
      assert.ok(play.y >= 0 && play.y + play.height <= 100, 'play is at the top');
    });
  }

  test('who wants less motion gets fewer pictures of the same training', async (t) => {
    const page = await site.open(t, fresh(), { reducedMotion: 'reduce' });
    const count = () => page.workers()[0].evaluate(() => {
      const post = self.postMessage;
      self.drawn = 0;
      self.postMessage = (message, transfer) => {
        if (message.panels) self.drawn++;
        post.call(self, message, transfer);
      };
    });
    await count();
    await page.click('#play');
    await page.waitForTimeout(1500);
    const steps = await stepOf(page), drawn = await page.workers()[0].evaluate(() => self.drawn);
    assert.ok(steps > 5 && drawn <= 5, `${steps} steps, ${drawn} pictures`);
  });
});
