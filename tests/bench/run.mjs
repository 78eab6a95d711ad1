// run.mjs -- `npm run bench`: Genplay beside what one would take instead, in one run, in Node and in headless Chromium.
//
//   npm run bench                       all of it: about a quarter of an hour on a quiet machine.  Writes tests/bench/measured.json and the README's table
//   npm run bench -- --host node        node or chromium alone
//   npm run bench -- --only WORD        workloads whose id contains it: kernels (matmul, conv), vae, gan, ...
//   npm run bench -- --quick            every workload checked and timed once, without the slow ones: that all runs, not how fast
//   npm run bench -- --json FILE        writes everything there, every sample included
//   node tests/bench/run.mjs --table    the README's table, from measured.json
//
// Peers are installed on first use from this folder's own package.json; PyTorch takes part where a Python on this machine has it.  Contenders take turns; a number is the
// median of 9 rounds (3 where a step takes over 5 s), a ratio the median of the rounds' ratios, with its least and greatest beside it.  Batches and noise lie ready for the
// peers; ours draws them within the step, and keeps the moving average of its weights, which peers do without.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { FULL, QUICK } from './clock.mjs';
import { table } from './report.mjs';

const HERE = new URL('./', import.meta.url);
/** The last whole run. */
export const MEASURED = new URL('measured.json', HERE);
const README = new URL('../../README.md', HERE);
/** Where the README shows it. */
export const BLOCK = /(?<=<!-- bench -->)(.*?)(?=<!-- \/bench -->)/s;
const HOSTS = {
  node: async (options) => (await import('./hosts/node.mjs')).benchInNode(options),
  chromium: async (options) => (await import('./hosts/chromium.mjs')).benchInChromium(options),
};

const readJson = (url) => JSON.parse(readFileSync(url, 'utf8'));

/** Are the peers here, in the versions of package.json? */
export function peersInstalled() {
  return Object.entries(readJson(new URL('package.json', HERE)).dependencies).every(([name, version]) => {
    const place = new URL(`node_modules/${name}/package.json`, HERE);
    return existsSync(place) && readJson(place).version === version;
  });
}

/** Installs the peers, and bundles the one that comes in pieces: for Node, and for a page. */
export async function preparePeers() {
  if (!peersInstalled()) execFileSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], { cwd: fileURLToPath(HERE), stdio: ['ignore', 'ignore', 'inherit'] });
  const { build } = await import('esbuild');
  const common = { absWorkingDir: fileURLToPath(HERE), entryPoints: ['peers/tfjs-bundle.mjs'], bundle: true, minify: true, logLevel: 'error', mainFields: ['module', 'main'] };
  await build({ ...common, platform: 'node', format: 'cjs', outfile: 'build/tfjs.cjs' });
  await build({ ...common, format: 'esm', outfile: 'build/tfjs.mjs' });
}

/** What the numbers depend on. */
function circumstances() {
  const { version } = readJson(new URL('../../package.json', HERE));
  return { version, date: new Date().toISOString().slice(0, 10), machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores` };
}

/** What the README's table needs: no samples, and of the kernels only those with a target. */
function brief({ hosts, ...results }) {
  const rounded = (key, value) => (key === 'samples' ? undefined : typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  return JSON.parse(JSON.stringify({ ...results, hosts: hosts.map(({ kernels: _, ...host }) => host) }, rounded));
}

/** Writes it down, and into the README. */
function record(results) {
  writeFileSync(MEASURED, `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(README, readFileSync(README, 'utf8').replace(BLOCK, () => `\n${table(results)}\n`));
}

function options(args) {
  const { values } = parseArgs({
    args, options: { host: { type: 'string' }, only: { type: 'string' }, quick: { type: 'boolean' }, json: { type: 'string' }, table: { type: 'boolean' } },
  });
  if (values.host !== undefined && !(values.host in HOSTS)) throw new Error(`--host was '${values.host}'; accepted: ${Object.keys(HOSTS).join(', ')}`);
  return values;
}

async function main(args) {
  const { host, only, quick, json, table: tableOnly } = options(args);
  if (tableOnly) return console.log(table(readJson(MEASURED)));
  await preparePeers();
  const hosts = [];
  for (const [, bench] of Object.entries(HOSTS).filter(([name]) => !host || name === host)) {
    const results = await bench({ only, patience: quick ? QUICK : FULL, slow: !quick, say: (text) => console.log(text) });
    hosts.push(results);
  }
  if (!hosts.some(({ rows }) => rows.length)) throw new Error(`--only was '${only}'; there is no such workload`);
  const results = { ...circumstances(), hosts };
  if (json) writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`);
  if (!host && !only && !quick) record(brief(results));
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  });
}
