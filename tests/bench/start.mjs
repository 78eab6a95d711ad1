// start.mjs -- what it takes until a first training step: bytes and time, of a page that uses Genplay and of one that uses TensorFlow.js on its wasm backend.
//
// Both pages are bundled and minified alike, and take one step of a VAE on points.  Bytes: everything that the page fetched, each file gzipped.  Time: from the start of
// the navigation to the end of the step, in a fresh context (nothing cached) over loopback, the pages in turn.
import { cp, mkdir, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { ratio, spread } from './clock.mjs';
import { line } from './report.mjs';
import { START } from './workloads.mjs';

const HERE = fileURLToPath(new URL('./', import.meta.url));
const PAGES = { ours: '../../wasm/build', tfjs: 'node_modules/@tensorflow/tfjs-backend-wasm/wasm-out' };   // each with where its wasm lies

/** Makes a page's folder build/start/<name>. */
async function makePage([name, engines]) {
  const folder = `${HERE}build/start/${name}/`;
  await mkdir(folder, { recursive: true });
  await build({
    absWorkingDir: HERE, entryPoints: { main: `start/${name}.mjs` }, outdir: folder, bundle: true, splitting: true, minify: true, format: 'esm', target: 'es2022',
    external: ['module', 'worker_threads'], mainFields: ['module', 'main'], logLevel: 'error',
  });
  await cp(`${HERE}start/index.html`, `${folder}index.html`);
  for (const file of await readdir(`${HERE}${engines}`)) if (file.endsWith('.wasm')) await cp(`${HERE}${engines}/${file}`, `${folder}${file}`);
}

/** Opens it in a fresh context: gzipped bytes of everything fetched, and ms until the step is done. */
async function open(browser, address) {
  const context = await browser.newContext(), page = await context.newPage(), bodies = [];
  page.on('response', (response) => bodies.push(response.body()));
  await page.goto(address);
  const { ms, loss } = await (await page.waitForFunction(() => window.started, null, { timeout: 60_000 })).jsonValue();
  if (!Number.isFinite(loss)) throw new Error(`${address}: the loss was ${loss}`);
  const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0);
  await context.close();
  return { ms, bytes };
}

/**
 * @param {any} browser  playwright's
 * @param {string} url  where the project is served
 * @param {{ only?: string, patience: import('./clock.mjs').Patience }} options
 * @param {(line: string) => void} say
 * @returns {Promise<import('./suite.mjs').Row[]>}
 */
export async function benchStart(browser, url, { only = '', patience }, say) {
  if (!Object.values(START).some(({ id }) => id.includes(only))) return [];
  for (const page of Object.entries(PAGES)) await makePage(page);
  const seen = { ours: [], tfjs: [] };
  for (let round = 0; round < patience.rounds; round++) for (const name of Object.keys(PAGES)) seen[name].push(await open(browser, `${url}tests/bench/build/start/${name}/`));
  const [ours, theirs] = [seen.ours, seen.tfjs].map((list) => spread(list.map(({ ms }) => ms))), [kB, theirKB] = [seen.ours, seen.tfjs].map(([{ bytes }]) => bytes / 1000);
  const gain = ratio(theirs, ours), common = { host: 'Chromium', build: 'simd' };
  /** @type {import('./suite.mjs').Row[]} */
  const rows = [
    { ...common, ...START.download, peer: `tfjs-wasm, ${theirKB.toFixed(0)} kB`, unit: 'kB', value: kB, met: kB <= START.download.target },
    { ...common, ...START.time, peer: 'tfjs-wasm', unit: '×', value: gain.median, met: gain.median >= START.time.target, ours, theirs, ratio: gain },
  ];
  for (const row of rows) say(line(row));
  return rows;
}
