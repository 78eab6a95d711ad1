// charts.mjs -- the loss against the training step, with the value that theory gives where there is one.
//
// uPlot draws it; it is fetched when there is something to draw.  The curve comes thinned from the engine.
import { t, number } from './text.mjs';

/** @typedef {{ key: string, title: string, line: number|null, text?: string, colour: string }} Curve */

// The beginning of a run may tower over the rest: the scale shows what is left without the first rows.
const SKIP = 0.04;

/** The lower and upper end of what to show. @param {{ data: (ArrayLike<number>)[], lines: number[] }} curves */
export function range({ data, lines }) {
  let low = Infinity, high = -Infinity;
  for (const values of data) {
    for (let i = Math.floor(values.length * SKIP); i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
  }
  for (const line of lines) [low, high] = [Math.min(low, line), Math.max(high, line)];
  if (!(low <= high)) return [0, 1];
  const room = high > low ? 0.08 * (high - low) : Math.max(1e-6, 0.05 * Math.abs(high));
  return [low - room, high + room];
}

/** @type {WeakMap<object, Float64Array>} */
const smoothed = new WeakMap();

/**
 * A curve without the noise of its batches: means over a window around each row, which shrinks towards both ends so that it lags nowhere.
 * @param {ArrayLike<number>} values
 */
export function smooth(values) {
  const known = smoothed.get(values);
  if (known) return known;
  const n = values.length, wide = Math.floor(n / 40), sum = new Float64Array(n + 1), count = new Int32Array(n + 1), out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const good = Number.isFinite(values[i]);
    sum[i + 1] = sum[i] + (good ? values[i] : 0);
    count[i + 1] = count[i] + Number(good);
  }
  for (let i = 0; i < n; i++) {
    // At the very end a few rows, however near: the newest value alone would flicker.
    const half = Math.min(wide, i, Math.max(n - 1 - i, wide >> 2)), from = Math.max(0, i - half), to = Math.min(n, i + half + 1);
    out[i] = (sum[to] - sum[from]) / (count[to] - count[from]);
  }
  smoothed.set(values, out);
  return out;
}

/** @param {HTMLElement} host @param {(role: string) => string} colour */
export function createLossChart(host, colour) {
  /** @type {any} */
  let plot = null;
  /** @type {any} */
  let uPlot = null;
  let shape = '', loading = false;
  /** @type {{ history: any, curves: Curve[] }|null} */
  let wanted = null;

  /** @param {any} u */
  function theory(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.lineWidth = 1.25 * devicePixelRatio;
    for (const { line, colour: stroke } of wanted?.curves ?? []) {
      if (line === null || line === undefined) continue;
      const y = Math.round(u.valToPos(line, 'y', true)) + 0.5;
      if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) continue;
      ctx.strokeStyle = stroke;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.restore();
  }

  /** @param {Curve[]} curves */
  function options(curves) {
    const axis = { stroke: colour('muted'), font: '11px system-ui, sans-serif', grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } };
    return {
      width: Math.max(120, host.clientWidth), height: Math.max(120, host.clientHeight),
      padding: [6, 8, 0, 0], legend: { show: false }, cursor: { points: { size: 6 }, drag: { x: false, y: false }, y: false },
      scales: { x: { time: false }, y: { range: () => range({ data: wanted ? data().slice(1) : [], lines: lines() }) } },
      axes: [
        { ...axis, size: 24, gap: 4, space: 60, values: (/** @type {any} */ _, /** @type {number[]} */ v) => v.map(short) },
        { ...axis, size: 46, gap: 4, space: 34, values: (/** @type {any} */ _, /** @type {number[]} */ v) => v.map((x) => number(x, 4)) },
      ],
      series: [{}, ...curves.map((curve) => ({ label: curve.title, stroke: curve.colour, width: 1, alpha: 0.28, points: { show: false } })),
        ...curves.map((curve) => ({ label: curve.title, stroke: curve.colour, width: 2, points: { show: false } }))],
      hooks: { drawAxes: [theory], setCursor: [(/** @type {any} */ u) => host.dispatchEvent(new CustomEvent('pick', { detail: u.cursor.idx ?? null }))] },
    };
  }

  const lines = () => (wanted?.curves ?? []).map(({ line }) => line).filter((line) => line !== null && line !== undefined).map(Number);
  // Each curve twice: pale as it is, and strong without its noise.
  const data = () => {
    const rows = (wanted?.curves ?? []).map(({ key }) => wanted?.history.losses[key] ?? []);
    return [wanted?.history.step ?? [], ...rows, ...rows.map(smooth)];
  };

  function draw() {
    if (!wanted || !uPlot || !host.clientWidth) return;
    const now = JSON.stringify([wanted.curves, colour('muted')]);
    if (now !== shape) {
      shape = now;
      plot?.destroy();
      plot = new uPlot(options(wanted.curves), data(), host);
    } else plot.setData(data());
  }

  new ResizeObserver(() => plot?.setSize({ width: Math.max(120, host.clientWidth), height: Math.max(120, host.clientHeight) })).observe(host);

  return {
    /** @param {any} history @param {Curve[]} curves */
    async show(history, curves) {
      wanted = history?.step.length ? { history, curves } : null;
      if (!wanted) {
        plot?.destroy();
        plot = null;
        shape = '';
        return;
      }
      if (!uPlot && !loading) {
        loading = true;
        uPlot = (await import('uplot')).default;
      }
      draw();
    },
  };
}

/** Steps on the axis: 1500 as 1.5k. @param {number} v */
const short = (v) => (v >= 1e6 ? `${number(v / 1e6, 3)}M` : v >= 1e3 ? `${number(v / 1e3, 3)}k` : number(v, 4));

/** The chart in words. @param {any} history @param {Curve[]} curves */
export function describeCurves(history, curves) {
  if (!history?.step.length) return t('loss.empty');
  const last = history.step.length - 1;
  return curves.map(({ key, title }) => `${title} ${number(smooth(history.losses[key] ?? [])[last])}`).join(', ');
}
