// tfjs.mjs -- TensorFlow.js as a peer: the reference models' gradients and its own Adam, on its wasm or its cpu backend.

/**
 * @param {any} tf  @tensorflow/tfjs-core with that backend registered
 * @param {'wasm' | 'cpu'} backend
 * @param {import('../reference/reference.mjs').Reference} reference
 * @param {Record<string, { data: Float32Array, shape: number[] }>} weights
 */
export async function openTfjs(tf, backend, reference, weights) {
  const enter = () => tf.setBackend(backend);
  await enter();
  const w = Object.fromEntries(Object.entries(weights).map(([name, { data, shape }]) => [name, tf.variable(tf.tensor(data, shape))]));
  const { beta1, beta2, clip = 0 } = reference.adam;
  const updates = reference.updates.map((update) => ({
    ...update, optimizer: tf.train.adam(0, beta1, beta2, 1e-8), variables: Object.keys(w).filter(update.learns).map((name) => w[name]),
  }));
  const tensors = (inputs) => Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, shape)]));
  const batches = (step) => updates.map(({ draw }) => tensors(draw(step)));
  const train = (step, inputs) => updates.map((update, i) => take(tf, update, w, inputs[i], step, clip));
  const inputs = batches(0);
  return {
    name: `tfjs-${backend}`,
    enter,
    /** The losses at a training step, which it takes. */
    losses(step) {
      const mine = batches(step), values = train(step, mine).map((value) => value.dataSync()[0]);
      tf.dispose(mine);
      return Object.fromEntries(updates.map(({ loss }, i) => [loss, values[i]]));
    },
    /** So many training steps, all from one batch that lies ready: its random numbers cost it nothing. */
    go(count) {
      for (let i = 0; i < count; i++) tf.dispose(train(0, inputs));
    },
    close() {
      tf.dispose([w, inputs]);
      for (const { optimizer } of updates) optimizer.dispose();
    },
  };
}

/** One update; returns its loss. */
function take(tf, { value, variables, rate, optimizer }, w, inputs, step, clip) {
  return tf.tidy(() => {
    const { value: loss, grads } = tf.variableGrads(() => value(tf, w, inputs), variables);
    optimizer.learningRate = rate(step);
    optimizer.applyGradients(clip ? clipped(tf, grads, clip) : grads);
    return loss;
  });
}

/** Gradients of a joint length of at most `clip`. */
function clipped(tf, grads, clip) {
  const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
  const scale = tf.minimum(1, tf.div(clip, norm));
  return Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, tf.mul(g, scale)]));
}
