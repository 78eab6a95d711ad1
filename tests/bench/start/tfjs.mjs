// tfjs.mjs -- a page that opens TensorFlow.js on its wasm backend and takes one training step of the same VAE on points.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { BATCH, HIDDEN } from './model.mjs';

tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
setWasmPaths('./');
await tf.setBackend('wasm');

const layer = (from, to) => ({ w: tf.variable(tf.randomNormal([from, to], 0, 1 / Math.sqrt(from))), b: tf.variable(tf.zeros([to])) });
const network = (...widths) => widths.slice(1).map((to, i) => layer(widths[i], to));
const apply = (layers, x) => layers.reduce((h, { w, b }, i) => tf.add(tf.matMul(i ? tf.tanh(h) : h, w), b), x);
const encoder = network(2, HIDDEN, HIDDEN, 4), decoder = network(2, HIDDEN, HIDDEN, 2);
const SIGMA = 0.1;

/** Two moons, as in core/data/moons.c but for the noise. */
function moons() {
  const points = Array.from({ length: BATCH }, (_, i) => {
    const angle = Math.PI * Math.random();
    return i % 2 ? [1 - Math.cos(angle), 0.5 - Math.sin(angle)] : [Math.cos(angle), Math.sin(angle)];
  });
  return tf.tensor2d(points);
}

function loss(x) {
  const [mu, logSigma] = tf.split(apply(encoder, x), 2, 1);
  const z = tf.add(mu, tf.mul(tf.exp(logSigma), tf.randomNormal(mu.shape)));
  const rebuilt = tf.sum(tf.square(tf.div(tf.sub(x, apply(decoder, z)), SIGMA)));
  const kl = tf.sum(tf.sub(tf.add(tf.square(mu), tf.exp(tf.mul(logSigma, 2))), tf.add(tf.mul(logSigma, 2), 1)));
  return tf.div(tf.mul(tf.add(rebuilt, kl), 0.5), BATCH);
}

const value = tf.train.adam(0.002).minimize(() => loss(moons()), true);
const [first] = value.dataSync();
window.started = { ms: performance.now(), loss: first };
