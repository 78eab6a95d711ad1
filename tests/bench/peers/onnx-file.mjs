// onnx-file.mjs -- writes ONNX models: as much of the format (protocol buffers, github.com/onnx/onnx, onnx.proto) as a decoder needs.

const encoder = new TextEncoder();

/** @returns {number[]} */
function varint(/** @type {number} */ n) {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) | 128);
  return [...bytes, n];
}

function joined(/** @type {Uint8Array[]} */ parts) {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

/** A field of bytes, text or another message. */
function field(/** @type {number} */ number, /** @type {Uint8Array | string} */ value) {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  return joined([Uint8Array.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
}

/** A field of a whole number. */
const whole = (/** @type {number} */ number, /** @type {number} */ value) => Uint8Array.from([...varint(number * 8), ...varint(value)]);

/** @typedef {{ data: Float32Array | BigInt64Array, shape: readonly number[] }} Tensor  a weight, or a shape */

const FLOAT = 1, INT64 = 7;

const tensor = (/** @type {string} */ name, /** @type {Tensor} */ { data, shape }) => joined([
  ...shape.map((n) => whole(1, n)), whole(2, data instanceof Float32Array ? FLOAT : INT64), field(8, name),
  field(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
]);

/** What goes in or comes out. */
const value = (/** @type {string} */ name, /** @type {number[]} */ shape) => joined([
  field(1, name), field(2, field(1, joined([whole(1, FLOAT), field(2, joined(shape.map((n) => field(1, whole(1, n)))))]))),
]);

/** A field of a single-precision number. */
const float = (/** @type {number} */ number, /** @type {number} */ x) => joined([Uint8Array.of(number * 8 + 5), new Uint8Array(Float32Array.of(x).buffer)]);

/** A number is a float, an array whole numbers. */
function attribute(/** @type {string} */ name, /** @type {number | number[]} */ x) {
  const FLOAT_ATTRIBUTE = 1, INTS_ATTRIBUTE = 7;
  return joined([field(1, name), ...(Array.isArray(x) ? [...x.map((n) => whole(8, n)), whole(20, INTS_ATTRIBUTE)] : [float(2, x), whole(20, FLOAT_ATTRIBUTE)])]);
}

/** @typedef {{ op: string, inputs: string[], output: string, attributes?: Record<string, number | number[]> }} Node */

const node = (/** @type {Node} */ { op, inputs, output, attributes = {} }) => joined([
  ...inputs.map((name) => field(1, name)), field(2, output), field(4, op), ...Object.entries(attributes).map(([name, x]) => field(5, attribute(name, x))),
]);

/**
 * @param {{ nodes: Node[], weights: Record<string, Tensor>, input: [string, number[]], output: [string, number[]] }} graph
 */
export function onnxFile({ nodes, weights, input, output }) {
  const graph = joined([
    ...nodes.map((one) => field(1, node(one))), field(2, 'decoder'), ...Object.entries(weights).map(([name, one]) => field(5, tensor(name, one))),
    field(11, value(...input)), field(12, value(...output)),
  ]);
  const IR_VERSION = 8, OPSET = 13;
  return joined([whole(1, IR_VERSION), field(7, graph), field(8, joined([field(1, ''), whole(2, OPSET)]))]);
}
