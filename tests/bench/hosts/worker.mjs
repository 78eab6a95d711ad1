// worker.mjs -- a worker of a page as a host of the bench.  The whole project is served, so everything but tfjs is imported as it lies there.
import { createLab } from '../../../wasm/genplay.mjs';
import { setWasmPaths, tf } from '../build/tfjs.mjs';
import * as ort from '../node_modules/onnxruntime-web/dist/ort.wasm.min.mjs';
import { runSuite } from '../suite.mjs';

setWasmPaths(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url).href);
ort.env.wasm.numThreads = 1;

/** @type {import('../suite.mjs').Host} */
const host = {
  name: 'Chromium', createLab, tf, ort, torch: null,
  kernels: async (build) => (await import(`../../../build/bench/${build}.mjs`)).default,
};

// Options in; lines to say, and in the end results or what went wrong, out.
self.onmessage = async ({ data: options }) => {
  try {
    self.postMessage({ results: await runSuite(host, { ...options, say: (line) => self.postMessage({ line }) }) });
  } catch (error) {
    self.postMessage({ error: error.stack });
  }
};
