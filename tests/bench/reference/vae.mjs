// vae.mjs -- the training step of core/models/autoencoder/vae.c in tfjs, for Bernoulli pictures.
import { batchRows, normalRows, STREAM, uniformRows } from '../noise.mjs';
import { crossEntropy, mlp } from './layers.mjs';

/** @type {import('./reference.mjs').Referee} */
export function vae({ seed, params, set }) {
  const { batch, latent, activation, beta } = params;
  return {
    adam: { beta1: params.beta1, beta2: 0.999 },
    updates: [{
      loss: 'loss',
      learns: (name) => name !== 'log_sigma',                             // of other likelihoods
      rate: () => params.rate,
      draw(step) {
        const x = batchRows(set, seed, step, batch);
        const u = uniformRows({ seed, stream: STREAM.train }, step, ...x.shape).data;
        x.data.forEach((grey, i) => { x.data[i] = Number(grey > u[i]); });
        return { x, eps: normalRows({ seed, stream: STREAM.train + 1 }, step, batch, latent) };
      },
      value(tf, w, { x, eps }) {
        const [mu, spread] = tf.split(mlp(tf, w, 'encoder', x, activation), 2, 1);
        const logSigma = tf.clipByValue(spread, -8, 4);
        const z = tf.add(mu, tf.mul(tf.exp(logSigma), eps));
        const rebuilt = tf.sum(crossEntropy(tf, mlp(tf, w, 'decoder', z, activation), x));
        const kl = tf.mul(0.5, tf.sum(tf.sub(tf.add(tf.square(mu), tf.exp(tf.mul(logSigma, 2))), tf.add(tf.mul(logSigma, 2), 1))));
        return tf.div(tf.add(rebuilt, tf.mul(kl, beta)), batch);
      },
    }],
  };
}
