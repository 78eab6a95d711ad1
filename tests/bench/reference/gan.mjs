// gan.mjs -- the training step of core/models/adversarial/gan.c in tfjs: the critic's update, then the generator's; without the gradient penalty.
import { batchRows, normalRows, STREAM } from '../noise.mjs';
import { activations, conv, linear, mlp } from './layers.mjs';

/** @type {import('./reference.mjs').Referee} */
export function gan({ seed, params, set }) {
  if (params.penalty) throw new Error('the reference GAN plays without a penalty');
  const noise = (step, node) => normalRows({ seed, stream: STREAM.train + node }, step, params.batch, params.latent);
  const rate = (step) => params.rate / (1 + step / params.decay);
  const { make, judge } = players(params, set.shape.slice(1));
  const real = (tf, logits) => tf.mean(tf.softplus(tf.neg(logits))), fake = (tf, logits) => tf.mean(tf.softplus(logits));
  return {
    adam: { beta1: params.beta1, beta2: 0.99 },
    updates: [{
      loss: 'critic',
      learns: (name) => name.startsWith('critic'),
      rate,
      draw: (step) => ({ x: batchRows(set, seed, step, params.batch), z: noise(step, 0) }),
      value: (tf, w, { x, z }) => tf.add(real(tf, judge(tf, w, x)), fake(tf, judge(tf, w, make(tf, w, z)))),
    }, {
      loss: 'generator',
      learns: (name) => name.startsWith('generator'),
      rate: (step) => rate(step) * params.ratio,
      draw: (step) => ({ z: noise(step, 1) }),
      value: (tf, w, { z }) => real(tf, judge(tf, w, make(tf, w, z))),
    }],
  };
}

/** The two networks, as core/models/adversarial/players.c has them: codes to examples, examples to logits. */
function players({ arch, activation }, example) {
  const act = activations[activation];
  if (arch !== 'conv') {
    const made = example.length > 1 ? (tf, x) => tf.sigmoid(x) : (_, x) => x;
    return { make: (tf, w, z) => made(tf, mlp(tf, w, 'generator', z, activation)), judge: (tf, w, x) => mlp(tf, w, 'critic', x, activation) };
  }
  const [height, width] = example;
  return {
    make(tf, w, z) {
      const low = tf.reshape(act(tf, linear(tf, w, 'generator.first', z)), [z.shape[0], height / 4, width / 4, -1]);
      const middle = act(tf, convUp(tf, w, 'generator.up0', low));
      return tf.reshape(tf.sigmoid(convUp(tf, w, 'generator.up1', middle)), [z.shape[0], -1]);
    },
    judge(tf, w, x) {
      let h = tf.reshape(x, [x.shape[0], ...example]);
      for (const name of ['critic.down0', 'critic.down1']) h = act(tf, conv(tf, w, name, h, 2));
      return linear(tf, w, 'critic.last', tf.reshape(h, [h.shape[0], -1]));
    },
  };
}

/** Transposed convolution of size 4 and stride 2 with bias: twice the resolution. */
function convUp(tf, w, name, x) {
  const [B, h, width] = x.shape, filter = w[`${name}.weight`];
  return tf.add(tf.conv2dTranspose(x, filter, [B, 2 * h, 2 * width, filter.shape[2]], 2, 1), w[`${name}.bias`]);
}
