// What npm installs: the package, packed and installed in an empty folder without a network, runs, imports and has types.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = (program, args, cwd) => promisify(execFile)(program, args, { cwd, env: { ...process.env, npm_config_offline: 'true' } });
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genplay-pack-'));
  // Scripts are left out: they would build what the tests run on while they run on it.
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const [file] = await readdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${file}`], folder);
});
after(() => rm(folder, { recursive: true }));

test('npx genplay lists the models', async () => {
  const { stdout } = await run('npx', ['--no-install', 'genplay', 'models'], folder);
  assert.match(stdout, /^vae: /m);
});

test('npx genplay trains', async () => {
  const { stdout } = await run('npx', ['--no-install', 'genplay', 'train', '--model', 'gan', '--data', 'moons', '--steps', '20', '--json'], folder);
  assert.equal(JSON.parse(stdout).step, 20);
});

test('npx genplay trains on two threads', async () => {
  const { stdout } = await run('npx', ['--no-install', 'genplay', 'train', '--model', 'gan', '--data', 'moons', '--steps', '20', '--threads', '2', '--json'], folder);
  assert.equal(JSON.parse(stdout).step, 20);
});

test('the package imports by its name', async () => {
  const code = `
    import { createLab, GenplayError } from 'genplay';
    const lab = await createLab();
    const run = lab.create({ model: 'realnvp', data: 'moons' });
    run.train(2);
    console.log(run.sample(3).shape.join(), typeof GenplayError);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code], folder);
  assert.equal(stdout, '3,2 function\n');
});

test('only what a user needs is packed', async () => {
  const files = await readdir(join(folder, 'node_modules/genplay'), { recursive: true });
  for (const name of ['README.md', 'LICENSE', 'wasm/genplay.mjs', 'wasm/cli.mjs', 'wasm/build/simd.wasm', 'wasm/build/simd.rest.wasm', 'wasm/build/relaxed.wasm', 'wasm/build/threads.wasm', 'wasm/build/gunzip.mjs']) assert.ok(files.includes(name), name);
  assert.deepEqual(files.filter((name) => /\.(o|d|c|h|a)$|^tests|^core|^node_modules|^web/.test(name)), []);
});

const PROGRAM = `
import { createLab, GenplayError, type Dataset, type ErrorCode, type Lab, type Model, type Param, type Run, type SampleOptions, type View } from 'genplay';

const lab: Lab = await createLab({ build: 'auto', threads: 2, memory: 512 });
const model: Model = lab.models[0];
const param: Param = model.params[0];
const view: View = model.views[0];
const set: Dataset = lab.datasets[0];
const entropy: number | null = set.entropy;
const run: Run = lab.create({ model: model.id, data: set.id, seed: 7, params: { [param.key]: 8, optimizer: 'adam' } });
const { step, losses }: { step: number, losses: Record<string, number> } = run.train(500);
const options: SampleOptions = { seed: 1, temperature: 0 };
const { data, shape, codes } = run.sample(1000, options);
const nats: Float64Array = run.logProb({ data, shape });
const tensor: { data: Float32Array, shape: number[] } = codes ? run.decode(codes, { label: 3 }) : run.reconstruct(data);
const walk = run.interpolate(data, data, 8, { path: 'slerp' });
const trace = run.trace(4, { frames: 10 });
const clean: Float32Array | undefined = trace.clean?.data;
for (const { name, value, floor } of run.measure(['mmd'], { n: 1000 })) console.log(name.length, value, floor);
run.set('rate', 0.1);
const bytes: Uint8Array = run.save();
const again: Run = lab.load(bytes);
lab.addData({ id: 'mine', kind: 'points', shape: [2], data: new Float32Array(20), labels: [1, 2] });
const distance: number = lab.measures.mmd2(data, tensor, { kernel: 'imq', c: 1 });
run.draw(view.id, { width: 300, dark: true, anything: 3 }).panels[0].x0.toFixed();
const losing: ArrayLike<number> = run.history.losses.loss;
try { again.free(); } catch (error) { if (error instanceof GenplayError) { const code: ErrorCode = error.code; console.log(code); } }
// What must not compile.
// @ts-expect-error a model is needed
lab.create({ data: 'moons' });
// @ts-expect-error a count is a number
run.train('500');
// @ts-expect-error there is no such option
run.sample(1, { sed: 1 });
// @ts-expect-error the catalogue cannot be changed
lab.models[0].id = 'x';
// @ts-expect-error there is no such build
createLab({ build: 'fast' });
export { entropy, step, losses, nats, walk, clean, distance, losing };
`;

test('the declarations let a TypeScript program check itself', async () => {
  await writeFile(join(folder, 'program.ts'), PROGRAM);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  for (const [module, resolution] of [['nodenext', 'nodenext'], ['esnext', 'bundler']]) {
    const flags = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2022', '--module', module, '--moduleResolution', resolution, '--types', '', '--lib', 'es2023,dom'];
    await run(tsc, [...flags, 'program.ts'], folder).catch(({ stdout, stderr }) => assert.fail(`${module}:\n${stdout}${stderr}`));
  }
});
