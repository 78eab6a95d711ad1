// node.mjs -- Node as a host of the bench.
import { setFlagsFromString } from 'node:v8';
import { createLab } from '../../../wasm/genplay.mjs';
import { openTorch, pythonWithTorch } from '../peers/torch.mjs';
import { runSuite } from '../suite.mjs';

const BENCH = new URL('../', import.meta.url);

/** @returns {Promise<import('../suite.mjs').Host>} */
async function host() {
  setFlagsFromString('--experimental-wasm-relaxed-simd');               // Node 20 has it behind a flag; others ignore it
  const { default: { tf, setWasmPaths } } = await import(new URL('build/tfjs.cjs', BENCH).href);
  setWasmPaths(new URL('node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', BENCH).pathname);
  const ort = await import(new URL('node_modules/onnxruntime-web/dist/ort.node.min.mjs', BENCH).href);
  ort.env.wasm.numThreads = 1;
  const python = pythonWithTorch();
  return {
    name: 'Node', createLab, tf, ort,
    kernels: async (build) => (await import(new URL(`../../build/bench/${build}.mjs`, BENCH).href)).default,
    torch: python ? (...setting) => openTorch(python, ...setting) : null,
  };
}

/** @param {import('../suite.mjs').Options} options */
export async function benchInNode(options) {
  const here = await host();
  return { name: here.name, version: process.versions.node, ...await runSuite(here, options) };
}
