// page.mjs -- a page as a host of the bench.  The whole project is served, so everything but tfjs is imported as it lies there.
import { createLab } from '../../../wasm/genplay.mjs';
import { setWasmPaths, tf } from '../build/tfjs.mjs';
import * as ort from '../node_modules/onnxruntime-web/dist/ort.wasm.min.mjs';
import { runSuite } from '../suite.mjs';

setWasmPaths(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url).href);
ort.env.wasm.numThreads = 1;

/** @type {import('../suite.mjs').Host} */
const host = {
  name: 'Chromium', version: '', createLab, tf, ort, torch: null,
  kernels: async (build) => (await import(`../../../build/bench/${build}.mjs`)).default,
};

/** What chromium.mjs calls; `say` is Node's. */
window.bench = (options) => runSuite(host, { ...options, say: window.say });
