// build-page.mjs: puts the page together: dist/, static files for any host, in a folder of any name.
//
//   node wasm/build-page.mjs --out dist
//
// What it makes, and the contract with web/ and with the engine's JavaScript:
//
//   index.html            web/index.html as it is; it names main.js and style.css, relative to itself
//   main.js               web/main.mjs and all it imports (packages too), one file; a dynamic import() becomes a file of its own, <name>-<hash>.js
//   worker.js             wasm/worker.mjs likewise, with genplay.mjs in it.  The page starts it with
//                             new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
//   *.css                 every web/*.css, with what it @imports
//   everything else in web/ (pictures, JSON, ...; no modules), under the same names
//   simd-<hash>.js, ...   the engine's modules, which engine.mjs imports by a name that the bundler can follow, import(`./build/${name}.mjs`)
//   threads.js            the one of them that is its threads' module too
//   simd.wasm, ...        beside them, where they look for it
//   data/index.json       which data were at hand when the page was built, so that no request fails: {}, or
//                             { "mnist": { "images": "data/train-images-idx3-ubyte.gz", "labels": ..., "testImages": ..., "testLabels": ... } }
//                         the keys are those of lab.addIdx, the addresses are relative to index.html
//   pretrained/           the weights of pretrained/, and index.json as `make pretrained` wrote it, { id: { file, model, data, seed, ... } }; {} before that
//   formulas.json         { tex: '<math>...</math>' } for every formula in the engine's catalogue, which writes them $...$ or (on a line of their own)
//                         $$...$$; the key is what stands between the dollars, a line break with the spaces around it being one space
//
// Bundled modules are named .js, since many static hosts do not know .mjs.  A file changes under the same name: hosts should send Cache-Control: no-cache.
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import katex from 'katex';
import { dataFolder, MNIST, presentFile } from './fetch-mnist.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * The formulas of a text.
 * @param {string} text
 * @returns {{ tex: string, display: boolean }[]}
 */
export function formulasIn(text) {
  return [...text.matchAll(/\$\$([^$]+)\$\$|\$([^$]+)\$/g)].map(([, block, inline]) => ({
    tex: (block ?? inline).replace(/\s*\n\s*/g, ' '), display: block !== undefined,
  }));
}

/**
 * Every string in a value made of arrays and plain objects.
 * @param {unknown} value
 * @returns {string[]}
 */
export function stringsIn(value) {
  if (typeof value === 'string') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(stringsIn) : [];
}

/**
 * MathML for every formula in a catalogue; a formula that TeX refuses is an error that names it.
 * @param {unknown} catalogue
 * @returns {Record<string, string>}
 */
export function renderFormulas(catalogue) {
  /** @type {Record<string, string>} */
  const rendered = {};
  for (const { tex, display } of stringsIn(catalogue).flatMap(formulasIn)) {
    const html = katex.renderToString(tex, { output: 'mathml', displayMode: display, throwOnError: true });
    // What is left: the formula itself, without KaTeX's wrapper and the TeX source that it repeats.
    rendered[tex] = html.replace(/^.*?(<math.*<\/math>).*$/s, '$1').replace(/<annotation.*?<\/annotation>/s, '');
  }
  return rendered;
}

// The module with threads starts workers from itself, by a name that a bundle changes.
const threads = {
  name: 'threads',
  /** @param {import('esbuild').PluginBuild} build */
  setup: (build) => build.onLoad({ filter: /[/\\]build[/\\]threads\.mjs$/ }, async ({ path }) => {
    const code = await readFile(path, 'utf8');
    if (!code.includes('new URL("threads.mjs",')) throw new Error(`${path} starts its workers in a way that this does not know`);
    return { contents: code.replace('new URL("threads.mjs",', 'new URL("threads.js",') };
  }),
};

/** Bundles the page's and the worker's modules, and the styles. */
async function bundle(/** @type {string} */ out) {
  const styles = (await readdir(join(root, 'web'))).filter((name) => extname(name) === '.css');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: ['web/main.mjs', 'wasm/worker.mjs', 'wasm/build/threads.mjs', ...styles.map((name) => `web/${name}`)],
    entryNames: '[name]',
    outdir: out,
    bundle: true,
    splitting: true,                                  // the page and the worker share what both import
    format: 'esm',
    target: 'es2022',
    minify: true,
    external: ['node:*', 'module', 'worker_threads'], // only ever imported under Node
    plugins: [threads],
    loader: { '.svg': 'file', '.png': 'file', '.woff2': 'file' },
    logLevel: 'warning',
  });
}

/** The modules of the engine are in the bundle; each looks for its .wasm beside itself. */
async function copyWasm(/** @type {string} */ out) {
  const engine = join(root, 'wasm/build');
  for (const name of (await readdir(engine)).filter((name) => extname(name) === '.wasm')) await cp(join(engine, name), join(out, name));
}

async function copyStatic(/** @type {string} */ out) {
  const bundled = new Set(['.mjs', '.css']);
  await cp(join(root, 'web'), out, { recursive: true, filter: (file) => !bundled.has(extname(file)) });
}

async function copyData(/** @type {string} */ out) {
  await mkdir(join(out, 'data'), { recursive: true });
  /** @type {Record<string, string>} */
  const mnist = {};
  for (const { name, role } of MNIST) {
    const file = presentFile(dataFolder(), name);
    if (!file) continue;
    await cp(file, join(out, 'data', basename(file)));
    mnist[role] = `data/${basename(file)}`;
  }
  const complete = MNIST.every(({ role }) => mnist[role]);
  await writeFile(join(out, 'data/index.json'), JSON.stringify(complete ? { mnist } : {}));
}

async function copyPretrained(/** @type {string} */ out) {
  const target = join(out, 'pretrained');
  await mkdir(target);
  await writeFile(join(target, 'index.json'), '{}');
  if (existsSync(join(root, 'pretrained'))) await cp(join(root, 'pretrained'), target, { recursive: true });
}

async function main() {
  const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
  const out = resolve(values.out);
  // Built beside the old one, which a server may be serving, then swapped.
  const fresh = `${out}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await copyStatic(fresh);
  await bundle(fresh);
  await copyWasm(fresh);
  const { createLab } = await import(pathToFileURL(join(root, 'wasm/genplay.mjs')).href);
  const lab = await createLab();
  await writeFile(join(fresh, 'formulas.json'), JSON.stringify(renderFormulas([lab.models, lab.lessons, lab.datasets])));
  await copyData(fresh);
  await copyPretrained(fresh);
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
  console.log(`the page is in ${values.out}/`);
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) await main();
