// browser.mjs -- what the browser tests share: the built page on localhost, one Chromium per test file, and pages that watch themselves.
//
// Every page that a test opens is checked when the test ends: no error on the console, no uncaught exception, no request that failed
// and none to another host; a test that provokes one says which it expects.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { createLab } from '../../wasm/genplay.mjs';
import { serve } from '../../wasm/serve.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = resolve(root, process.env.D ?? 'dist');
const ARGUMENTS = ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A run that every test can afford, and one of each kind of picture; taken from the catalogue so that no test depends on a model's name. */
export const lab = await createLab();
const offering = (kind, more = () => true) => (model) => model.data.includes('points') && model.views.some((view) => view.kind === kind) && more(model);
const losses = (model) => model.losses.length;
export const models = {
  first: lab.models[0],
  latent: lab.models.find(offering('latent', (model) => model.views.some(({ id }) => id === 'reconstruct'))) ?? lab.models.find(offering('latent')),
  trace: lab.models.find(offering('trace')),
  image: lab.models.find((model) => model.data.includes('image')),
  told: lab.models.find((model) => model.data.includes('points') && (model.can.points ?? model.can).includes('label')),
  pointsOnly: lab.models.find((model) => !model.data.includes('image')),
  game: [...lab.models].sort((a, b) => losses(b) - losses(a))[0],
};
export const view = (model, kind) => model.views.find((one) => one.kind === kind)?.id;
export const datasets = { points: lab.datasets.filter(({ kind }) => kind === 'points').map(({ id }) => id), image: lab.datasets.find(({ kind }) => kind === 'image').id };

/** Weights as the project ships them: trained a little, half precision. */
export function pretrainedWeights(model = models.first, data = datasets.points[0], steps = 40) {
  const run = lab.create({ model: model.id, data, seed: 7 });
  run.train(steps);
  const bytes = run.save({ half: true });
  run.free();
  return { bytes, steps, entry: { file: 'tiny.safetensors', model: model.id, data, seed: 7, title: 'Tiny', recipe: 'tests', measured: [] } };
}

/**
 * The built page in a folder of its own, served in a subfolder as it may be on any host.  Beside the weights that ship with it stand
 * `tiny`, trained `steps`, and `gone`, whose file is missing; `opensOn` is the one that the page opens without a link.
 * @param {{ data?: Record<string, Record<string, Uint8Array>> }} [options]  `data`: sets that the build had at hand
 */
export async function openSite({ data } = {}) {
  assert.ok(existsSync(join(dist, 'index.html')), `${dist} holds no page: run make first`);
  const folder = await mkdtemp(join(tmpdir(), 'genplay-page-')), home = join(folder, 'some where', 'page');
  await cp(dist, home, { recursive: true });
  const { bytes, steps, entry } = pretrainedWeights();
  const shipped = JSON.parse(await readFile(join(home, 'pretrained/index.json'), 'utf8'));
  const weights = { ...shipped, tiny: { ...entry, steps }, gone: { ...entry, file: 'gone.safetensors' } };
  await writeFile(join(home, 'pretrained/index.json'), JSON.stringify(weights));
  await writeFile(join(home, 'pretrained/tiny.safetensors'), bytes);
  const opensOn = Object.values(weights).find(({ model }) => lab.models.some(({ id }) => id === model));
  const index = {};
  for (const [id, files] of Object.entries(data ?? {})) {
    index[id] = {};
    for (const [role, bytes] of Object.entries(files)) await writeFile(join(home, (index[id][role] = `data/${id}-${role}`)), bytes);
  }
  await writeFile(join(home, 'data/index.json'), JSON.stringify(index));
  const server = await serve(folder);
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGUMENTS });
  const url = `${server.url}some%20where/page/`;
  return {
    url, browser, home, opensOn, steps,
    async close() {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
    /**
     * Opens a link in a fresh browser context.
     * @param {import('node:test').TestContext} t
     * @param {string} link  what stands behind the #
     * @param {{ expect?: RegExp[], before?: (page: any) => any, wait?: boolean, query?: string } & Record<string, any>} [options]
     *   `expect`: complaints that this test provokes; the rest goes to the browser context
     */
    async open(t, link = '', { expect = [], before, wait = true, query = '', ...context } = {}) {
      const scene = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...context });
      const page = await scene.newPage(), complaints = [], requests = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
      page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
      page.on('response', (response) => response.status() >= 400 && complaints.push(`${response.status()}: ${response.url()}`));
      page.on('request', (request) => requests.push(request.url()));
      t.after(async () => {
        await scene.close();
        const foreign = requests.filter((address) => !address.startsWith(server.url) && !/^(data|blob):/.test(address));
        assert.deepEqual(foreign, [], 'requests to other hosts');
        assert.deepEqual(complaints.filter((text) => !expect.some((pattern) => pattern.test(text))), []);
      });
      await before?.(page);
      await page.goto(`${url}${query}#${link}`);
      if (wait) await ready(page);
      return page;
    },
  };
}

/** Waits until something is open and drawn. */
export async function ready(page) {
  await page.waitForSelector('.figure.open', { timeout: 30_000 });
  await page.waitForFunction(() => performance.getEntriesByName('genplay-picture').length > 0, null, { timeout: 30_000 });
}

export const stepOf = (page) => page.$eval('#counter', (element) => Number(element.dataset.step));
export const waitForStep = (page, step) => page.waitForFunction((n) => Number(document.querySelector('#counter').dataset.step) >= n, step, { timeout: 30_000 });
/** The address as it settles: it follows a change by a moment. */
export const link = async (page) => {
  await page.waitForTimeout(150);
  return page.evaluate(() => location.hash.slice(1));
};
export const parameters = async (page) => new URLSearchParams(await link(page));
export const notices = (page) => page.$$eval('.notice p, .instead p', (list) => list.map((element) => element.textContent.trim()));
export const lossText = (page) => page.$$eval('.curves .now', (list) => list.map((element) => element.textContent).join(' '));

/** Waits until an element's text matches. */
export const shows = (page, selector, pattern) => page.waitForFunction(([selector, source]) => new RegExp(source).test(document.querySelector(selector)?.textContent ?? ''),
  [selector, pattern.source], { timeout: 15_000 });

/** Waits until the pictures of two moments agree, and returns it as PNG: of the canvas alone, without what lies over it. */
export async function picture(page) {
  const box = await page.locator('#stage').boundingBox();
  const shot = () => page.screenshot({ clip: box, style: '.figure > :not(.surface), .notices { visibility: hidden !important }' });
  let last = await shot();
  for (let i = 0; i < 20; i++) {
    await page.waitForTimeout(120);
    const next = await shot();
    if (next.equals(last)) return next;
    last = next;
  }
  return last;
}

/** Waits for a picture that differs from this one, or agrees with it. */
export async function pictureAfter(page, before, agree = false) {
  for (let i = 0; i < 40; i++) {
    const now = await picture(page);
    if (now.equals(before) === agree) return now;
  }
  throw new assert.AssertionError({ message: agree ? 'the picture did not become the one expected' : 'the picture did not change' });
}
export const pictureLike = (page, wanted) => pictureAfter(page, wanted, true);

/** How many colours a PNG shows; a blank canvas has one or two. */
export const colours = (page, png) => page.evaluate(async (base64) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: 'image/png' }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  return new Set(new Uint32Array(context.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer)).size;
}, png.toString('base64'));

/** Drops files on the page as a visitor would. */
export async function drop(page, files) {
  const transfer = await page.evaluateHandle((list) => {
    const data = new DataTransfer();
    for (const { name, base64 } of list) data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    return data;
  }, files.map(({ name, content }) => ({ name, base64: Buffer.from(content).toString('base64') })));
  for (const type of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('main', type, { dataTransfer: transfer });
}

/** An IDX file of `n` pictures of h x w pixels (or of `n` labels where there is no h). */
export function idx(n, h, w, value = (i) => i) {
  const dims = h ? [n, h, w] : [n], size = dims.reduce((a, b) => a * b), bytes = new Uint8Array(4 + 4 * dims.length + size), header = new DataView(bytes.buffer);
  header.setUint32(0, 0x0800 + dims.length);
  dims.forEach((dim, i) => header.setUint32(4 + 4 * i, dim));
  for (let i = 0; i < size; i++) bytes[4 + 4 * dims.length + i] = value(i);
  return bytes;
}
