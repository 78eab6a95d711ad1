// thumbs.mjs -- a small picture of a data set, made of the data.

/** @type {WeakMap<HTMLCanvasElement, any>} */
const painted = new WeakMap();

/**
 * Paints rows of a data set; twice the same rows in the same colour cost nothing.
 * @param {HTMLCanvasElement} canvas @param {{ data: Float32Array, shape: number[] }|undefined} rows @param {(role: string) => string} colour
 */
export function paintThumbnail(canvas, rows, colour) {
  if (!rows) return;
  const key = `${colour('data')}${colour('panel')}`, before = painted.get(canvas);
  if (before?.rows === rows && before.key === key) return;
  painted.set(canvas, { rows, key });
  const side = Math.round(72 * Math.min(2, window.devicePixelRatio || 1));
  canvas.width = canvas.height = side;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  if (rows.shape.length === 2) paintPoints(context, side, rows.data, colour('data'));
  else paintPictures(context, side, rows, colour('text'), colour('panel'));
}

/** @param {CanvasRenderingContext2D} context @param {number} side @param {Float32Array} data @param {string} ink */
function paintPoints(context, side, data, ink) {
  const n = data.length / 2, ends = [0, 1].map((axis) => {
    const values = Float32Array.from({ length: n }, (_, i) => data[2 * i + axis]).sort();
    return [values[Math.floor(0.01 * (n - 1))], values[Math.ceil(0.99 * (n - 1))]];
  });
  const span = Math.max(ends[0][1] - ends[0][0], ends[1][1] - ends[1][0]) || 1, scale = (0.82 * side) / span;
  const middle = ends.map(([low, high]) => (low + high) / 2);
  context.fillStyle = ink;
  context.globalAlpha = 0.75;
  const size = Math.max(1, side / 60);
  for (let i = 0; i < n; i++) {
    context.beginPath();
    context.arc(side / 2 + (data[2 * i] - middle[0]) * scale, side / 2 - (data[2 * i + 1] - middle[1]) * scale, size, 0, 2 * Math.PI);
    context.fill();
  }
}

/** @param {string} colour #rrggbb */
const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** @param {CanvasRenderingContext2D} context @param {number} side @param {{ data: Float32Array, shape: number[] }} rows @param {string} ink @param {string} paper */
function paintPictures(context, side, { data, shape }, ink, paper) {
  const [n, h, w, c] = shape, across = Math.max(1, Math.floor(Math.sqrt(n))), cell = side / across;
  const [dark, light] = [rgb(ink), rgb(paper)];
  const picture = new ImageData(w, h), scratch = new OffscreenCanvas(w, h);
  const surface = /** @type {OffscreenCanvasRenderingContext2D} */ (scratch.getContext('2d'));
  for (let i = 0; i < across * across; i++) {
    for (let p = 0; p < w * h; p++) {
      for (let k = 0; k < 3; k++) {
        const value = data[(i * h * w + p) * c + (c === 1 ? 0 : k)];
        picture.data[4 * p + k] = c === 1 ? light[k] + (dark[k] - light[k]) * value : 255 * value;
      }
      picture.data[4 * p + 3] = 255;
    }
    surface.putImageData(picture, 0, 0);
    context.drawImage(scratch, (i % across) * cell, Math.floor(i / across) * cell, cell, cell);
  }
}
