// The page's choice of speed: it offers what the browser can do, changes while a run is open, and travels in the link.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { datasets, link, models, notices, openSite, ready, stepOf, waitForStep } from './web/browser.mjs';

const START = `model=${models.first.id}&data=${datasets.points[0]}&seed=3`;
const offered = (page) => page.$$eval('.fast input', (list) => list.map(({ value }) => value));
const running = (page) => page.$eval('.fast input:checked', ({ value }) => value);
const choose = (page, build) => page.click(`.fast input[value=${build}]`, { force: true });
const runs = (page, build) => page.waitForSelector(`.fast input[value=${build}]:checked`);
const save = async (page) => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  return Buffer.concat(await (await download.createReadStream()).toArray());
};

/** Takes away the headers that isolate a page, as most static hosts do. */
const bareHost = (page) => page.route('**/*', async (route) => {
  const response = await route.fetch();
  const headers = Object.fromEntries(Object.entries(response.headers()).filter(([name]) => !name.startsWith('cross-origin-')));
  await route.fulfill({ response, headers });
});

describe('speed', { timeout: 120_000 }, () => {
  let site;
  before(async () => { site = await openSite(); });
  after(() => site?.close());

  test('an isolated page offers threads and fused arithmetic; a run goes on through every change, and the link says which', async (t) => {
    const page = await site.open(t, START);
    assert.equal(await page.evaluate(() => crossOriginIsolated), true);
    assert.deepEqual(await offered(page), ['simd', 'threads', 'relaxed']);
    await page.click('#play');
    for (const build of ['threads', 'relaxed', 'simd']) {
      await waitForStep(page, (await stepOf(page)) + 2);
      const before = await stepOf(page);
      await choose(page, build);
      await page.waitForFunction(([name]) => (new URLSearchParams(location.hash.slice(1)).get('fast') ?? 'simd') === name, [build]);
      assert.ok((await stepOf(page)) >= before, 'the run goes on where it was');
      await waitForStep(page, before + 3);
      assert.match(await page.textContent('#fast-help'), { simd: /every machine/, threads: /same numbers/, relaxed: /Gives up/ }[build]);
    }
    assert.deepEqual(await notices(page), []);
  });

  test('the same link gives the same weights on one core and on all', async (t) => {
    const files = [];
    for (const fast of ['', '&fast=threads']) {
      const page = await site.open(t, START + fast);
      await runs(page, fast ? 'threads' : 'simd');
      for (let i = 1; i <= 3; i++) {
        await page.click('#step');
        await waitForStep(page, i);
      }
      files.push(await save(page));
    }
    assert.ok(files[0].equals(files[1]));
  });

  test('a page that is not isolated offers no threads, and opens a link that asks for them without a word', async (t) => {
    const page = await site.open(t, `${START}&fast=threads`, { before: bareHost });
    assert.equal(await page.evaluate(() => crossOriginIsolated), false);
    assert.deepEqual(await offered(page), ['simd', 'relaxed']);
    assert.equal(await running(page), 'simd');
    assert.deepEqual(await notices(page), []);
    assert.match(await link(page), /fast=threads/, 'the link still asks for them');
  });

  test('who insists on threads there is told which headers the page needs', async (t) => {
    const page = await site.open(t, START, { before: bareHost });
    const { error } = await page.evaluate(() => new Promise((done) => {
      const worker = new Worker('./worker.js', { type: 'module' });
      worker.onmessage = ({ data }) => done(data);
      worker.postMessage({ id: 1, type: 'start', width: 1, height: 1, dpr: 1, options: { build: 'threads' } });
    }));
    assert.equal(error.code, 'unsupported');
    assert.match(error.message, /Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.*'auto'/);
  });

  test('a page of another origin embeds a figure, isolated itself or not', async (t) => {
    const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    const host = createServer(({ url }, response) => response.writeHead(200, { 'Content-Type': 'text/html', ...(url === '/isolated' ? isolation : {}) })
      .end(`<iframe src="${site.url}#${START}&embed=1" width="640" height="640"></iframe>`)).listen(0, '127.0.0.1');
    t.after(() => host.close());
    await once(host, 'listening');
    for (const path of ['/plain', '/isolated']) {
      const page = await (await site.browser.newContext()).newPage();
      await page.goto(`http://127.0.0.1:${host.address().port}${path}`);
      await ready(page.frames()[1]);
      await page.context().close();
    }
  });
});
