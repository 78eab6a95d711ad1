// workloads.mjs -- what is measured: one row per workload, with its peers and what Genplay means to reach against each.
//
// A training workload is a run of the public API with the knobs that give these shapes; its peers take the same whole step (forward, gradient, optimizer) from the same
// weights.  A target is a ratio, the peer's time over ours, or a share of the arithmetic ceiling of the same run.

/** @typedef {Record<string, number>} Target  by build */

/**
 * @typedef {object} Workload
 * @property {string} id
 * @property {string} title
 * @property {'train' | 'decode'} kind
 * @property {string} model
 * @property {string} data  the built-in set whose examples it learns
 * @property {Record<string, any>} params
 * @property {Record<string, Target>} peers  by name, what is to be reached against each
 * @property {number} flops  multiplications and additions in matrix products and convolutions, of one step
 * @property {number} [checked]  training steps after which ours and the peers must tell the same losses; 5
 * @property {boolean} [slow]  it takes a peer minutes
 * @property {number} [threads]  how many times as fast two threads are to be
 */

// --- How much arithmetic a step is -----------------------------------------------------------------------------------------

/** Of each layer, forward: products of [batch, in] and [in, out]. */
const dense = (batch, ...widths) => widths.slice(1).map((out, i) => 2 * batch * widths[i] * out);
/** A convolution (or, its adjoint, a transposed one) of size k whose smaller side has so many pixels a picture. */
const conv = (batch, pixels, k, from, to) => 2 * batch * pixels * k * k * from * to;

const sum = (layers) => layers.reduce((a, b) => a + b, 0);
/** Forward, and gradients in weights and in inputs, which the first layer does without. */
const learning = (layers) => 3 * sum(layers) - layers[0];
/** Forward, and gradients in inputs alone. */
const passing = (layers) => 2 * sum(layers);
/** The critic's update, on data and on samples, then the generator's. */
const game = (generator, critic) => sum(generator) + 2 * learning(critic) + learning(generator) + passing(critic);

/** Places that ask each other, in heads: queries, keys and values, both products of every head, and the answer. */
const attention = (batch, places, channels, heads) => [
  ...dense(batch * places, channels, 3 * channels), ...dense(batch * heads * places, channels / heads, places, channels / heads), ...dense(batch * places, channels, channels),
];

const UNET = (batch) => {
  const high = conv(batch, 14 * 14, 3, 32, 32), low = conv(batch, 7 * 7, 3, 64, 64);
  return [
    conv(batch, 14 * 14, 3, 4, 32), high, high, conv(batch, 7 * 7, 3, 32, 64), low, low, ...attention(batch, 7 * 7, 64, 4), low, low, ...dense(batch * 7 * 7, 64, 128),
    high, high, conv(batch, 14 * 14, 3, 32, 4),
  ];
};

// --- Workloads -------------------------------------------------------------------------------------------------------------

const VAE = { model: 'vae', data: 'digits', params: { hidden: 400, layers: 1, latent: 20, batch: 64, activation: 'relu', likelihood: 'bernoulli' } };
const DCGAN = { model: 'gan', data: 'digits', params: { arch: 'conv', channels: 32, latent: 64, batch: 64, activation: 'leaky', penalty: 0 } };
const GENERATOR = [...dense(64, 64, 7 * 7 * 64), conv(64, 7 * 7, 4, 64, 32), conv(64, 14 * 14, 4, 32, 1)];
const CRITIC = [conv(64, 14 * 14, 4, 1, 32), conv(64, 7 * 7, 4, 32, 64), ...dense(64, 7 * 7 * 64, 1)];

/** @type {Workload[]} */
export const WORKLOADS = [
  {
    id: 'vae', title: 'VAE 784-400-20-400-784, batch 64', kind: 'train', ...VAE, flops: learning([...dense(64, 784, 400, 40), ...dense(64, 20, 400, 784)]),
    peers: { 'tfjs-wasm': { simd: 12, relaxed: 15 }, torch: { simd: 0.8, relaxed: 1.05 } }, threads: 1.75,
  },
  {
    id: 'gan', title: '2-D GAN 64×64, batch 256, D + G', kind: 'train', model: 'gan', data: 'ring8',
    params: { hidden: 64, layers: 2, latent: 2, batch: 256, activation: 'leaky', penalty: 0 },
    flops: game(dense(256, 2, 64, 64, 2), dense(256, 2, 64, 64, 1)),
    peers: { 'tfjs-wasm': { simd: 12, relaxed: 15 }, torch: { simd: 1.4, relaxed: 1.8 } },
  },
  {
    id: 'ddpm', title: '2-D DDPM 34-128×3-2, batch 256', kind: 'train', model: 'ddpm', data: 'ring8', params: { hidden: 128, layers: 3, batch: 256 },
    flops: learning(dense(256, 34, 128, 128, 128, 2)), peers: { 'tfjs-wasm': { simd: 11, relaxed: 14 } },
  },
  {
    id: 'dcgan', title: 'DCGAN 28×28, batch 64, D + G', kind: 'train', ...DCGAN, flops: game(GENERATOR, CRITIC), checked: 2, slow: true,
    peers: { 'tfjs-cpu': { simd: 145, relaxed: 185 } }, threads: 1.75,
  },
  {
    id: 'unet', title: 'U-Net DDPM 28×28, batch 32', kind: 'train', model: 'ddpm', data: 'digits', params: { arch: 'conv', channels: 32, blocks: 2, batch: 32 },
    flops: learning(UNET(32)), checked: 2, slow: true, peers: { 'tfjs-cpu': { simd: 330, relaxed: 450 } }, threads: 1.75,
  },
  {
    id: 'decode-mlp', title: 'MLP decoder 20-400-784, batch 64', kind: 'decode', ...VAE, flops: sum(dense(64, 20, 400, 784)),
    peers: { 'onnxruntime-web': { simd: 1.4, relaxed: 1.9 } },
  },
  {
    id: 'decode-conv', title: 'Convolutional decoder, batch 64', kind: 'decode', ...DCGAN, flops: sum(GENERATOR),
    peers: { 'onnxruntime-web': { simd: 1.6, relaxed: 2.1 } },
  },
];

/** Cases of kernels.mjs that have a target: a share of the arithmetic ceiling. */
export const KERNELS = [
  ...['NN', 'NT', 'TN'].map((name) => ({ id: 'matmul', name: `matmul 64x400x784 ${name}`, target: 0.88 })),
  ...['8x28x28x64, 3x3 -> 32', '8x14x14x64, 3x3 -> 64'].flatMap((sizes) => ['', '_dx', '_dw'].map((adjoint) => ({ id: 'conv', name: `conv${adjoint} ${sizes}`, target: 0.78 }))),
];

/** Until a page has taken its first training step. */
export const START = {
  download: { id: 'start-download', title: 'download to the first training step, gzip', target: 60 },
  time: { id: 'start-time', title: 'navigation to the first training step', target: 3 },
};
