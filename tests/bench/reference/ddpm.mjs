// ddpm.mjs -- the training step of core/models/diffusion/ddpm.c in tfjs: a fully connected network on points, the U-Net on pictures.
import { batchRows, firstUniform, normalRows, STREAM } from '../noise.mjs';
import { activations, conv, linear, mlp } from './layers.mjs';

const FEATURES = 32;

/** @type {import('./reference.mjs').Referee} */
export function ddpm({ seed, params, set }) {
  const { batch, steps: T, arch, weight, activation, blocks } = params;
  const bar = alphaBar(T), points = set.shape.length === 2;
  const [, ...example] = set.shape;
  const network = arch === 'conv'
    ? (tf, w, x, t) => tf.reshape(unet(tf, w, tf.reshape(x, [batch, ...example]), t, blocks), x.shape)
    : (tf, w, x, t) => mlp(tf, w, 'net', tf.concat([x, t], 1), activation);
  return {
    adam: { beta1: params.beta1, beta2: 0.99, clip: 1 },
    updates: [{
      loss: 'loss',
      learns: () => true,
      rate: (step) => params.rate / (1 + step / params.decay),
      draw(step) {
        const x = batchRows(set, seed, step, batch), times = timesOf(seed, step, batch, T);
        if (!points) x.data.forEach((grey, i) => { x.data[i] = 2 * grey - 1; });
        const column = (value) => ({ data: Float32Array.from(times, value), shape: [batch, 1] });
        return {
          x, eps: normalRows({ seed, stream: STREAM.train }, step, ...x.shape),
          t: { data: Float32Array.from(times.flatMap((t) => features(t / T))), shape: [batch, FEATURES] },
          signal: column((t) => Math.sqrt(bar[t])), noise: column((t) => Math.sqrt(1 - bar[t])),
        };
      },
      value(tf, w, { x, eps, t, signal, noise }) {
        const xt = tf.add(tf.mul(x, signal), tf.mul(eps, noise));
        const velocity = tf.sub(tf.mul(eps, signal), tf.mul(x, noise));
        const error = tf.sub(velocity, network(tf, w, xt, t));
        return tf.mean(tf.square(weight === 'velocity' ? error : tf.mul(error, signal)));
      },
    }],
  };
}

/** Cosine schedule: the share of the signal's variance left after each step. */
function alphaBar(T) {
  const cosine = (t) => Math.cos((t + 0.008) / 1.008 * Math.PI / 2) ** 2;
  const bar = [1];
  for (let t = 1; t <= T; t++) bar.push(bar[t - 1] * (1 - Math.min(0.999, 1 - cosine(t / T) / cosine((t - 1) / T))));
  return bar;
}

/** A time for each example, stratified over the batch. */
function timesOf(seed, step, batch, T) {
  const u = (i) => firstUniform({ seed, stream: STREAM.train + 0xffff }, i, step);
  return Array.from({ length: batch }, (_, i) => Math.min(T, 1 + Math.trunc((i + u(i)) / batch * T)));
}

function features(position) {
  const half = FEATURES / 2, angles = Array.from({ length: half }, (_, i) => 1000 * position * 10000 ** (-i / half));
  return [...angles.map(Math.sin), ...angles.map(Math.cos)];
}

// --- core/nn/unet.c ----------------------------------------------------------------------------------------------------

const silu = activations.silu;

const GROUPS = 8, HEADS = 4;

/** The largest number up to `most` that divides n. */
const share = (n, most) => (n % most ? share(n, most - 1) : most);

/** Group normalisation (Wu and He 2018). */
function norm(tf, w, name, x) {
  const [B, h, width, C] = x.shape, groups = share(C, GROUPS);
  const grouped = tf.reshape(x, [B, h * width, groups, C / groups]);
  const { mean, variance } = tf.moments(grouped, [1, 3], true);
  const standard = tf.div(tf.sub(grouped, mean), tf.sqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(tf.reshape(standard, x.shape), w[`${name}.scale`]), w[`${name}.shift`]);
}

function block(tf, w, name, x, t) {
  const time = linear(tf, w, `${name}.time`, t);
  let h = conv(tf, w, `${name}.first`, silu(tf, norm(tf, w, `${name}.before`, x)));
  h = tf.add(h, tf.reshape(time, [time.shape[0], 1, 1, -1]));
  return tf.add(x, conv(tf, w, `${name}.second`, silu(tf, norm(tf, w, `${name}.between`, h))));
}

/** Every place asks all others. */
function attend(tf, w, name, x) {
  const [B, h, width, C] = x.shape, places = h * width, heads = share(C, HEADS);
  const all = linear(tf, w, `${name}.ask`, tf.reshape(norm(tf, w, `${name}.before`, x), [B * places, C]));
  const [query, key, value] = tf.split(tf.reshape(all, [B, places, 3 * C]), 3, 2)
    .map((part) => tf.transpose(tf.reshape(part, [B, places, heads, C / heads]), [0, 2, 1, 3]));
  const weights = tf.softmax(tf.mul(tf.matMul(query, key, false, true), Math.sqrt(heads / C)));
  const heard = tf.transpose(tf.matMul(weights, value), [0, 2, 1, 3]);
  return tf.add(x, tf.reshape(linear(tf, w, `${name}.answer`, tf.reshape(heard, [B * places, C])), x.shape));
}

function toPatches(tf, x) {
  const [B, H, W, C] = x.shape;
  return tf.reshape(tf.transpose(tf.reshape(x, [B * H / 2, 2, W / 2, 2 * C]), [0, 2, 1, 3]), [B, H / 2, W / 2, 4 * C]);
}

function toPixels(tf, x) {
  const [B, h, w, C] = x.shape;
  return tf.reshape(tf.transpose(tf.reshape(x, [B * h, w, 2, C / 2]), [0, 2, 1, 3]), [B, 2 * h, 2 * w, C / 4]);
}

function unet(tf, w, x, features, blocks) {
  const t = silu(tf, linear(tf, w, 'net.time', features));
  const high = block(tf, w, 'net.high', conv(tf, w, 'net.in', toPatches(tf, x)), t);
  let low = conv(tf, w, 'net.down', high, 2);
  for (let i = 0; i < blocks; i++) {
    low = block(tf, w, `net.low${i}`, low, t);
    if (i === 0) low = attend(tf, w, 'net.attention', low);
  }
  const [B, h, width, c] = low.shape;
  const up = tf.reshape(linear(tf, w, 'net.up', tf.reshape(low, [B * h * width, c])), [B, h, width, 2 * c]);
  return toPixels(tf, conv(tf, w, 'net.out', silu(tf, block(tf, w, 'net.last', tf.add(high, toPixels(tf, up)), t))));
}
