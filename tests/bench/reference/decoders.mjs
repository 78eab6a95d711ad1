// decoders.mjs -- decoders and generators as ONNX graphs, from a run's own weights.

/** @typedef {Record<string, { data: Float32Array, shape: number[] }>} Weights */
/** @typedef {{ nodes: import('../peers/onnx-file.mjs').Node[], weights: Weights, output: number[] }} Decoder  `output`: shape of a batch of pictures */

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

/** By the model's id; input `codes` [batch, Z], output `pixels`. @type {Record<string, (weights: Weights, batch: number) => Decoder>} */
export const DECODERS = { vae };
