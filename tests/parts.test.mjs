// The engine in two parts: small enough to start with, and whole whether the second part is there, late or missing.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';

const WASM = fileURLToPath(new URL('../wasm', import.meta.url));
const DOWNLOAD = 70_000;         // bytes, gzipped, before the first training step
const MODELS = { first: 'vae', other: 'ddpm' };
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genplay-parts-'));
  await cp(WASM, folder, { recursive: true, filter: (name) => !/\.(o|d|c|h)$/.test(name) });
});
after(() => rm(folder, { recursive: true }));

const part = (build) => join(folder, `build/${build}.rest.wasm`);
const openLab = async (build) => (await import(pathToFileURL(join(folder, 'genplay.mjs')).href)).createLab({ build });

/** Does something while the second part is away. */
async function without(build, body) {
  await rename(part(build), `${part(build)}.away`);
  try {
    return await body();
  } finally {
    await rename(`${part(build)}.away`, part(build));
  }
}

for (const build of ['simd', 'relaxed']) {
  test(`${build}: what is fetched before the first step is at most ${DOWNLOAD} bytes`, async () => {
    const sizes = await Promise.all(['wasm', 'mjs'].map(async (type) => gzipSync(await readFile(join(WASM, `build/${build}.${type}`)), { level: 9 }).length));
    assert.ok(sizes[0] + sizes[1] <= DOWNLOAD, `${sizes}`);
  });

  test(`${build}: the first steps take the first part alone`, () => without(build, async () => {
    const lab = await openLab(build);
    for (const data of ['moons', 'digits']) assert.equal(lab.create({ model: MODELS.first, data }).train(2).step, 2);
    lab.free();
  }));
}

test('a call that needs the missing part says so, changes nothing, and works once the part is there', async () => {
  const labs = [await openLab('simd'), await openLab('simd')];
  const [run, whole] = labs.map((lab) => lab.create({ model: MODELS.first, data: 'moons', seed: 5 }));
  run.train(3);
  whole.train(3);
  const wanted = whole.save();
  await without('simd', () => {
    for (let again = 0; again < 50; again++) {
      for (const refused of [() => labs[0].models, () => run.losses, () => labs[0].create({ model: 'none', data: 'moons' }), () => run.save(), () => run.measure(), () => run.sample(3), () => labs[0].create({ model: MODELS.other, data: 'moons' })]) {
        assert.throws(refused, (error) => error.code === 'bad-file' && /second part/.test(error.message) && /simd\.rest\.wasm/.test(error.message));
      }
    }
  });
  assert.deepEqual(run.save(), wanted);
  assert.deepEqual([labs[0].models, run.losses], [labs[1].models, whole.losses]);
  assert.ok(labs[0].models.every(({ about, summary }) => about.length > 100 && summary.length > 20), 'the texts are there again');
  assert.deepEqual(run.train(5).losses, whole.train(5).losses);
  assert.deepEqual(run.sample(3), whole.sample(3));
  assert.equal(labs[0].create({ model: MODELS.other, data: 'moons' }).train(1).step, 1);
  for (const lab of labs) lab.free();
});
