// onnx.mjs -- ONNX Runtime Web as a peer for inference: its wasm backend, on one thread.
import { DECODERS } from '../reference/decoders.mjs';
import { onnxFile } from './onnx-file.mjs';

/**
 * @param {any} ort  onnxruntime-web
 * @param {string} model
 * @param {Record<string, { data: Float32Array, shape: number[] }>} weights
 * @param {{ data: Float32Array, shape: number[] }} codes
 */
export async function openOnnx(ort, model, weights, codes) {
  const { output, ...decoder } = DECODERS[model](weights, codes.shape[0]);
  const file = onnxFile({ ...decoder, input: ['codes', codes.shape], output: ['pixels', output] });
  const session = await ort.InferenceSession.create(file, { executionProviders: ['wasm'] });
  const feeds = { codes: new ort.Tensor('float32', codes.data, codes.shape) };
  return {
    name: 'onnxruntime-web',
    pixels: async () => (await session.run(feeds)).pixels.data,
    async go(count) {
      for (let i = 0; i < count; i++) await session.run(feeds);
    },
    close: () => session.release(),
  };
}
