// layers.mjs -- the engine's layers in tfjs, by the names under which a run saves its weights.

/** @typedef {Record<string, any>} Weights  tensors by name */

/** Activations, by the engine's names. */
export const activations = {
  relu: (tf, x) => tf.relu(x),
  leaky: (tf, x) => tf.leakyRelu(x, 0.2),
  tanh: (tf, x) => tf.tanh(x),
  silu: (tf, x) => tf.mul(x, tf.sigmoid(x)),
  softplus: (tf, x) => tf.softplus(x),
};

/** y = x w + b. */
export const linear = (tf, w, name, x) => tf.add(tf.matMul(x, w[`${name}.weight`]), w[`${name}.bias`]);

/** Linear layers `name`.0, .1, ... with activations between them. */
export function mlp(tf, w, name, x, activation) {
  for (let i = 0; w[`${name}.${i}.weight`]; i++) x = linear(tf, w, `${name}.${i}`, i ? activations[activation](tf, x) : x);
  return x;
}

/** Convolution with bias, padded by (k-1)/2 unless told otherwise. */
export function conv(tf, w, name, x, stride = 1, pad = (w[`${name}.weight`].shape[0] - 1) >> 1) {
  return tf.add(tf.conv2d(x, w[`${name}.weight`], stride, pad), w[`${name}.bias`]);
}

/** Cross-entropy of targets in [0, 1] under logits. */
export const crossEntropy = (tf, logits, targets) => tf.sub(tf.softplus(logits), tf.mul(targets, logits));
