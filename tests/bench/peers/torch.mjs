// torch.mjs -- PyTorch as a peer, where it is installed: a Python process that takes training steps when it is told to.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('torch_server.py', import.meta.url));

/** One thread; and where the machine has AVX-512, kernels that use it, which OpenBLAS does not choose by itself on every such machine. */
function environment() {
  const wide = process.platform === 'linux' && /\bavx512f\b/.test(readFileSync('/proc/cpuinfo', 'utf8'));
  return { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', ...(wide ? { OPENBLAS_CORETYPE: 'SkylakeX' } : {}) };
}

/** The Python that has PyTorch, or undefined: $PYTHON, the first on the PATH, or the system's. */
export const pythonWithTorch = () => [process.env.PYTHON, 'python3', '/usr/bin/python3']
  .find((python) => python && spawnSync(python, ['-c', 'import torch']).status === 0);

/** Tensors one after the other, and where each is. */
function packed() {
  const parts = [];
  let at = 0;
  return {
    put({ data, shape }) {
      parts.push(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      at += data.length;
      return [at - data.length, shape];
    },
    bytes: () => Buffer.concat(parts),
  };
}

const mapped = (object, f) => Object.fromEntries(Object.entries(object).map(([key, value]) => [key, f(value)]));

/**
 * @param {string} python
 * @param {string} model
 * @param {import('../reference/reference.mjs').Setting} setting
 * @param {import('../reference/reference.mjs').Reference} reference
 * @param {Record<string, import('../reference/reference.mjs').Tensor>} weights
 * @param {number} checked  training steps whose losses will be asked for
 */
export async function openTorch(python, model, { params }, reference, weights, checked) {
  const folder = await mkdtemp(join(tmpdir(), 'genplay-bench-'));
  const server = spawn(python, [SERVER], { env: environment(), stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${python} ${SERVER} ended`);
    return JSON.parse(value);
  };
  const ask = (question) => {
    server.stdin.write(`${JSON.stringify(question)}\n`);
    return answer();
  };
  const { version, kernel } = await answer();
  const file = packed(), steps = Array.from({ length: checked }, (_, step) => step), bytes = join(folder, 'tensors');
  const updates = reference.updates.map(({ loss, learns, rate, draw }) => ({
    loss, learns: Object.keys(weights).filter(learns), rates: steps.map(rate), inputs: steps.map((step) => mapped(draw(step), file.put)),
  }));
  const tensors = mapped(weights, file.put);
  await writeFile(bytes, file.bytes());
  await ask({ open: { model, params, adam: reference.adam, updates, tensors, bytes } });
  return {
    name: 'torch',
    about: `PyTorch ${version}, ${kernel}`,
    losses: (step) => ask({ losses: step }),
    go: (count) => ask({ go: count }),
    async close() {
      server.kill();
      await rm(folder, { recursive: true });
    },
  };
}
