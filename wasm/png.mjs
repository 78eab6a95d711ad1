// png.mjs -- pictures as PNG files, for the command line and the README's figures: grids of images, and scatter plots of points.
//
// A PNG is a signature and chunks (length, type, bytes, CRC-32 of the last two); the pixels are one zlib stream of rows, each after a
// byte that names its filter, always 0 (none) here.  W3C, Portable Network Graphics, third edition.  Node only: it needs node:zlib.

import { deflateSync } from 'node:zlib';

/** @typedef {{ width: number, height: number, channels: 1 | 3, data: Uint8Array }} Picture pixels row by row, channels last */
/** @typedef {{ readonly data: Float32Array, readonly shape: readonly number[] }} Tensor */

// The remainder of every byte, for the CRC (polynomial 0xEDB88320, reflected).  Node's own came only with 20.15.
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1;
  return byte;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = REMAINDERS[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** @param {string} type  @param {Uint8Array} bytes */
function chunk(type, bytes) {
  const out = Buffer.alloc(bytes.length + 12);
  out.writeUInt32BE(bytes.length, 0);
  out.write(type, 4, 'latin1');
  out.set(bytes, 8);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), bytes.length + 8);
  return out;
}

/**
 * A PNG file of 8-bit grey or RGB pixels.
 * @param {Picture} picture
 * @returns {Uint8Array}
 */
export function encodePng({ width, height, channels, data }) {
  const stride = width * channels;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits
  header[9] = channels === 3 ? 2 : 0; // colour type
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', new Uint8Array())]);
}

/**
 * Images [n, h, w, 1 or 3] in [0, 1] as one picture, row by row, about as wide as high.
 * @param {Tensor} images
 * @param {{ cols?: number, scale?: number, gap?: number, background?: number }} [options] scale: pixels on a side of one of theirs;
 *   background: grey level of the gaps
 * @returns {Picture}
 */
export function gridPicture({ data, shape }, { cols = Math.ceil(Math.sqrt(shape[0])), scale = 2, gap = 2, background = 255 } = {}) {
  const [n, h, w, c] = shape;
  const channels = c === 3 ? 3 : 1;
  const rows = Math.ceil(n / cols);
  const width = cols * (w * scale + gap) + gap;
  const height = rows * (h * scale + gap) + gap;
  const pixels = new Uint8Array(width * height * channels).fill(background);
  for (let i = 0; i < n; i++) {
    const left = gap + (i % cols) * (w * scale + gap);
    const top = gap + Math.floor(i / cols) * (h * scale + gap);
    for (let y = 0; y < h * scale; y++) {
      for (let x = 0; x < w * scale; x++) {
        const from = ((i * h + Math.floor(y / scale)) * w + Math.floor(x / scale)) * c;
        const to = ((top + y) * width + left + x) * channels;
        for (let k = 0; k < channels; k++) pixels[to + k] = Math.round(255 * data[from + k]);
      }
    }
  }
  return { width, height, channels, data: pixels };
}

/**
 * Points [n, 2] as antialiased discs on white, y up, both axes alike.
 * @param {{ xy: Float32Array, colour: number }[]} layers drawn in order; colour as 0xRRGGBB
 * @param {{ size?: number, radius?: number, alpha?: number, bounds?: [x0: number, x1: number, y0: number, y1: number] }} [options]
 *   size: pixels on a side; bounds: those of all points, with a margin, if left out
 * @returns {Picture}
 */
export function scatterPicture(layers, { size = 512, radius = 1.6, alpha = 0.6, bounds = boundsOf(layers.map(({ xy }) => xy)) } = {}) {
  const [x0, x1, y0, y1] = bounds;
  const scale = size / Math.max(x1 - x0, y1 - y0);
  const picture = new Float32Array(3 * size * size).fill(255);
  for (const { xy, colour } of layers) {
    for (let i = 0; i < xy.length; i += 2) {
      const x = size / 2 + (xy[i] - (x0 + x1) / 2) * scale;
      const y = size / 2 - (xy[i + 1] - (y0 + y1) / 2) * scale;
      disc(picture, size, x, y, radius, alpha, colour);
    }
  }
  return { width: size, height: size, channels: 3, data: Uint8Array.from(picture, Math.round) };
}

/**
 * Blends a disc over the picture; a pixel's share is 1 inside, 0 outside, and falls across one pixel at its edge.
 * @param {Float32Array} picture
 * @param {number} size
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 * @param {number} alpha
 * @param {number} colour
 */
function disc(picture, size, x, y, radius, alpha, colour) {
  const rgb = [colour >> 16, (colour >> 8) & 255, colour & 255];
  const reach = radius + 1;
  for (let row = Math.max(0, Math.floor(y - reach)); row < Math.min(size, y + reach); row++) {
    for (let col = Math.max(0, Math.floor(x - reach)); col < Math.min(size, x + reach); col++) {
      const distance = Math.hypot(col + 0.5 - x, row + 0.5 - y);
      const share = alpha * Math.min(1, Math.max(0, radius + 0.5 - distance));
      for (let k = 0; k < 3; k++) picture[3 * (row * size + col) + k] += share * (rgb[k] - picture[3 * (row * size + col) + k]);
    }
  }
}

/**
 * A square around all finite points, a twentieth wider than they need.
 * @param {Float32Array[]} clouds
 * @returns {[number, number, number, number]}
 */
export function boundsOf(clouds) {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  for (const xy of clouds) {
    for (let i = 0; i < xy.length; i++) {
      low[i % 2] = Math.min(low[i % 2], xy[i]);
      high[i % 2] = Math.max(high[i % 2], xy[i]);
    }
  }
  const half = 0.525 * Math.max(high[0] - low[0], high[1] - low[1]) || 1;
  const middle = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2];
  return [middle[0] - half, middle[0] + half, middle[1] - half, middle[1] + half];
}
