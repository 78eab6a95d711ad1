// tfjs-bundle.mjs -- TensorFlow.js as the peers need it: its core with every gradient, and two backends on one thread.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

tf.enableProdMode();                                     // no checks of values: as fast as it gets
tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);

export { setWasmPaths, tf };
