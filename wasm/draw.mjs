// draw.mjs -- what a run and a lab share: drawing on the lab's context, and telling where the panels stand.

import { badArgument, GenplayError, integer, lines, number, record } from './check.mjs';
import { engineError, withMemory } from './engine.mjs';

/** @typedef {import('./catalogue.mjs').Param} Param */
/** @typedef {import('./run.mjs').Core} Core */
/** @typedef {import('./run.mjs').Panel} Panel */

const SLICES_MOST = 2 ** 30;     // more than any picture has

/**
 * Draws a view or a lesson on the context that the lab is attached to.
 * @param {Core} core
 * @param {'_gp_draw' | '_gp_draw_lesson'} name
 * @param {number} owner the run or the lab
 * @param {string} id
 * @param {readonly Param[]} rows its options
 * @param {unknown} options
 * @returns {{ panels: Panel[], whole: boolean, note: string }}
 */
export function drawPicture({ module, gl }, name, owner, id, rows, options) {
  if (!gl) throw new GenplayError('bad-argument', 'there is nothing to draw on: call lab.attach(gl) with a WebGL2 context first');
  const { width = gl.drawingBufferWidth, height = gl.drawingBufferHeight, dpr = 1, dark = false, slices = SLICES_MOST, ...own } = record('options', options, null);
  const parts = integer('options.slices', slices, 0, SLICES_MOST);
  const size = [integer('options.width', width, 1, 16384), integer('options.height', height, 1, 16384), number('options.dpr', dpr, 0.25, 16)];
  if (typeof dark !== 'boolean') throw badArgument('options.dark', dark, 'true or false');
  const text = lines('options', { ...aspectOf(rows, Number(width) / Number(height)), ...own }, rows);
  return withMemory(module, (put) => {
    if (!module[name](owner, put.text(id), put.text(text), parts, ...size, Number(dark))) throw engineError(module);
    const panels = Array.from({ length: module._gp_panel_count() }, (_, i) => panelOf(module, put, i));
    return { panels, whole: Boolean(module._gp_drawn_whole()), note: module.UTF8ToString(module._gp_drawn_note()) };
  });
}

/**
 * The canvas's width over its height, for views that arrange themselves by it.
 * @param {readonly Param[]} rows
 * @param {number} aspect
 */
function aspectOf(rows, aspect) {
  const option = rows.find(({ key }) => key === 'aspect');
  return option ? { aspect: Math.min(option.max ?? aspect, Math.max(option.min ?? aspect, aspect)) } : {};
}

/**
 * @param {import('./engine.mjs').Module} module
 * @param {import('./engine.mjs').Put} put
 * @param {number} i
 * @returns {Panel}
 */
function panelOf(module, put, i) {
  const place = put.space(4 * 17);
  module._gp_panel(i, place);
  const [x, y, w, h, x0, x1, y0, y1, cols, rows, ...tile] = module.HEAPF32.subarray(place / 4, place / 4 + 17);
  const tiles = { cols, rows, x: tile[0], y: tile[1], w: tile[2], h: tile[3], dx: tile[4], dy: tile[5], under: tile[6] };
  const heads = module.UTF8ToString(module._gp_panel_heads(i)).split('\t').slice(0, -1);
  return { title: module.UTF8ToString(module._gp_panel_title(i)), heads, x, y, w, h, x0, x1, y0, y1, tiles: cols ? tiles : null };
}
