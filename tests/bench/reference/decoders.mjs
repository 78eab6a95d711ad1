// decoders.mjs -- decoders and generators as ONNX graphs, from a run's own weights.

/** @typedef {{ data: Float32Array, shape: number[] }} Tensor */
/** @typedef {Record<string, Tensor>} Weights */
/** @typedef {{ nodes: import('../peers/onnx-file.mjs').Node[], weights: Record<string, import('../peers/onnx-file.mjs').Tensor>, output: number[] }} Decoder  `output`: shape of a batch of pictures */

const starting = (/** @type {Weights} */ weights, /** @type {string} */ prefix) => Object.fromEntries(Object.entries(weights).filter(([name]) => name.startsWith(prefix)));

/** The VAE's decoder: linear, relu, ..., linear, sigmoid. */
function vae(/** @type {Weights} */ weights, /** @type {number} */ batch) {
  const mine = starting(weights, 'decoder.'), layers = Object.keys(mine).length / 2, nodes = [];
  let x = 'codes';
  for (let i = 0; i < layers; i++) {
    const [op, output] = i + 1 < layers ? ['Relu', `active${i}`] : ['Sigmoid', 'pixels'];
    nodes.push({ op: 'Gemm', inputs: [x, `decoder.${i}.weight`, `decoder.${i}.bias`], output: `linear${i}` }, { op, inputs: [`linear${i}`], output });
    x = output;
  }
  return { nodes, weights: mine, output: [batch, mine[`decoder.${layers - 1}.bias`].shape[1]] };
}

/**
 * The convolutional GAN's generator: linear, then two transposed convolutions of size 4 and stride 2, leaky ReLU between them.  ONNX has channels first, so the linear
 * layer's columns are put in that order beforehand.
 */
function gan(/** @type {Weights} */ weights, /** @type {number} */ batch) {
  const w = (/** @type {string} */ name) => weights[`generator.${name}`], [, , middle, channels] = w('up0.weight').shape;
  const pixels = w('first.bias').shape[1] / channels, side = Math.sqrt(pixels);
  const first = (/** @type {Tensor} */ { data, shape: [rows] }) => permuted({ data, shape: [rows, pixels, channels] }, [0, 2, 1], [rows, pixels * channels]);
  const up = (/** @type {string} */ name) => permuted(w(`${name}.weight`), [3, 2, 0, 1]), flat = ({ data }) => ({ data, shape: [data.length] });
  const leaky = { op: 'LeakyRelu', attributes: { alpha: 0.2 } };
  const transposed = { op: 'ConvTranspose', attributes: { strides: [2, 2], pads: [1, 1, 1, 1] } };
  return {
    nodes: [
      { op: 'Gemm', inputs: ['codes', 'first.weight', 'first.bias'], output: 'columns' }, { ...leaky, inputs: ['columns'], output: 'flat' },
      { op: 'Reshape', inputs: ['flat', 'low'], output: 'x0' },
      { ...transposed, inputs: ['x0', 'up0.weight', 'up0.bias'], output: 'y1' }, { ...leaky, inputs: ['y1'], output: 'x1' },
      { ...transposed, inputs: ['x1', 'up1.weight', 'up1.bias'], output: 'y2' }, { op: 'Sigmoid', inputs: ['y2'], output: 'pixels' },
    ],
    weights: {
      'first.weight': first(w('first.weight')), 'first.bias': first(w('first.bias')), 'up0.weight': up('up0'), 'up1.weight': up('up1'),
      'up0.bias': flat(w('up0.bias')), 'up1.bias': flat(w('up1.bias')), low: { data: BigInt64Array.from([batch, channels, side, side], BigInt), shape: [4] },
    },
    output: [batch, w('up1.bias').shape[3], 4 * side, 4 * side],
  };
}

/** A tensor with its axes in another order. */
function permuted(/** @type {Tensor} */ { data, shape }, /** @type {number[]} */ order, as = order.map((axis) => shape[axis])) {
  const stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1)), out = new Float32Array(data.length);
  const wide = order.map((axis) => shape[axis]);
  for (let i = 0; i < out.length; i++) {
    let rest = i, from = 0;
    for (let k = order.length - 1; k >= 0; k--) {
      from += (rest % wide[k]) * stride[order[k]];
      rest = Math.floor(rest / wide[k]);
    }
    out[i] = data[from];
  }
  return { data: out, shape: as };
}

/** By the model's id; input `codes` [batch, Z], output `pixels`. @type {Record<string, (weights: Weights, batch: number) => Decoder>} */
export const DECODERS = { vae, gan };
