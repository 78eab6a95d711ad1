// How close drawn digits are to MNIST: tests/native/digits_vs_mnist.c, compiled against the native library and run on MNIST's files.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { idxPaths, mnistFolder } from '../wasm/idx-files.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LIBRARY = resolve(ROOT, process.env.O || 'build', 'native/libgenplay.a');
const folder = mnistFolder();
const run = promisify(execFile);

const skip = folder ? false : 'MNIST is not at hand (GENPLAY_DATA)';
test('drawn digits are like MNIST: a reader of theirs reads MNIST, and 30 components leave as much of them', { skip }, async (t) => {
  const scratch = await mkdtemp(join(tmpdir(), 'genplay-digits-'));
  t.after(() => rm(scratch, { recursive: true }));
  const program = join(scratch, 'digits_vs_mnist');
  await run(process.env.CC || 'cc', ['-std=c11', '-O3', '-Icore', 'tests/native/digits_vs_mnist.c', LIBRARY, '-lm', '-o', program], { cwd: ROOT });

  const paths = idxPaths(folder);
  const files = [];
  for (const role of ['images', 'testImages', 'testLabels']) {
    const bytes = await readFile(paths[role]);
    files.push(join(scratch, role));
    await writeFile(files.at(-1), paths[role].endsWith('.gz') ? gunzipSync(bytes) : bytes);
  }
  const { stdout } = await run(program, files, { signal: t.signal });
  t.diagnostic(stdout.trim());

  // Measured: 0.97, and 13.92 against 13.87.
  const { accuracy, recall, drawnError, mnistError } = JSON.parse(stdout);
  assert.ok(accuracy >= 0.9, `the reader is right for ${accuracy} of MNIST's test set`);
  assert.ok(Math.min(...recall) >= 0.8, `recall by class: ${recall}`);
  assert.ok(Math.abs(mnistError - 13.87) < 0.01, `PCA-30 leaves ${mnistError} of MNIST, which is known to be 13.87`);
  const ratio = drawnError / mnistError;
  assert.ok(ratio >= 0.7 && ratio <= 1.3, `PCA-30 leaves ${ratio} times as much of drawn digits`);
});
