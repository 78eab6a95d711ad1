// Runs the native C tests (tests/core, built with AddressSanitizer and UBSan) and reports each of them as a test of its own.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { test } from 'node:test';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BINARY = resolve(ROOT, process.env.O || 'build', 'asan/tests');

/** Runs the program; resolves to its output and how it ended. */
function run(signal) {
  return new Promise((done, failed) => {
    const child = spawn(BINARY, { cwd: ROOT, signal });
    const out = { stdout: '', stderr: '', end: '' };
    child.stdout.on('data', (text) => (out.stdout += text));
    child.stderr.on('data', (text) => (out.stderr += text));
    child.on('error', failed);
    child.on('close', (code, killer) => done({ ...out, end: killer ? `signal ${killer}` : `exit status ${code}` }));
  });
}

/** The tests that the output tells of, each with the remarks ("# ...") printed before its line. */
function* results(stdout) {
  let remarks = [];
  for (const line of stdout.split('\n')) {
    const found = /^(ok|not ok) - (.*)$/.exec(line);
    if (found) yield { name: found[2], ok: found[1] === 'ok', remarks: remarks.splice(0).join('\n') };
    else if (line.startsWith('# ')) remarks.push(line.slice(2));
  }
}

test('the C library, natively under sanitizers', async (t) => {
  const { stdout, stderr, end } = await run(t.signal).catch((error) => {
    throw new Error(`${BINARY} does not run; \`make native-tests\` builds it`, { cause: error });
  });
  let count = 0;
  for (const { name, ok, remarks } of results(stdout)) {
    count++;
    await t.test(name, () => assert.ok(ok, remarks));
  }
  assert.ok(count > 0, 'no C test reported a result');
  assert.equal(end, 'exit status 0', `after ${count} results:\n${stdout.slice(-500)}\n${stderr.slice(-8000)}`);
});
