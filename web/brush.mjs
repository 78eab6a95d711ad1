// brush.mjs -- drawing a set of points, with mouse, pen, finger or arrow keys.
//
// The area is the square from -4 to 4.  Each dab puts a few points around the brush; they lie on the grid that links carry
// (state.mjs, snap), so a link to a drawing is the drawing.
import { html } from 'lit/html.js';
import { createRef, ref } from 'lit/directives/ref.js';
import { LINK_POINTS, snap } from './state.mjs';
import { t } from './text.mjs';

const REACH = 4;                 // data units from the middle to an edge
const DAB = { points: 2, apart: 0.16, wide: 0.16, most: 5000 };

/** @param {{ get: () => any, redraw: () => void, learn: (data: Float32Array) => void, cancel: () => void, colour: (role: string) => string }} page */
export function createBrush({ get, redraw, learn, cancel, colour }) {
  const area = createRef();
  /** @type {number[]} */
  let points = [];
  let cursor = [0, 0], keyed = false;
  /** @type {number[]|null} */
  let last = null;

  const canvas = () => /** @type {HTMLCanvasElement|undefined} */ (area.value);

  /** Two independent normal numbers. */
  function normal() {
    const radius = Math.sqrt(-2 * Math.log(1 - Math.random())), angle = 2 * Math.PI * Math.random();
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }

  /** @param {number} x @param {number} y @param {number} n */
  function dab(x, y, n) {
    for (let i = 0; i < n && points.length < 2 * DAB.most; i++) {
      const [dx, dy] = normal();
      const point = [x + DAB.wide * dx, y + DAB.wide * dy];
      if (point.every((v) => Math.abs(v) < REACH)) points.push(...point.map(snap));
    }
    last = [x, y];
    paint();
  }

  /** @param {PointerEvent} event */
  function place(event) {
    const box = /** @type {HTMLElement} */ (canvas()).getBoundingClientRect(), unit = Math.min(box.width, box.height) / (2 * REACH);
    return [(event.clientX - box.left - box.width / 2) / unit, (box.top + box.height / 2 - event.clientY) / unit];
  }

  /** @param {PointerEvent} event */
  function down(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    canvas()?.focus({ preventScroll: true });
    canvas()?.setPointerCapture(event.pointerId);
    keyed = false;
    const [x, y] = place(event);
    dab(x, y, 2 * DAB.points);
    redraw();
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (!last) return;
    // A fast stroke comes in few events: the way between them is filled.
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const [x, y] = place(one);
      const far = Math.hypot(x - last[0], y - last[1]), n = Math.floor(far / DAB.apart), [x0, y0] = last;
      for (let i = 1; i <= n; i++) dab(x0 + ((x - x0) * i) / n, y0 + ((y - y0) * i) / n, DAB.points);
    }
    redraw();
  }

  function up() {
    last = null;
    redraw();
  }

  /** @param {KeyboardEvent} event */
  function key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (way) cursor = cursor.map((v, i) => Math.min(REACH, Math.max(-REACH, v + way[i] * (event.shiftKey ? 0.8 : 0.2))));
    else if (event.key === 'Enter') dab(cursor[0], cursor[1], 3 * DAB.points);
    else return;
    event.preventDefault();
    keyed = true;
    last = null;
    paint();
    if (event.key === 'Enter') redraw();
  }

  function paint() {
    const element = canvas();
    if (!element) return;
    const dpr = Math.min(2, window.devicePixelRatio || 1), { width, height } = element.getBoundingClientRect();
    element.width = Math.round(width * dpr);
    element.height = Math.round(height * dpr);
    const context = /** @type {CanvasRenderingContext2D} */ (element.getContext('2d'));
    const unit = (Math.min(width, height) * dpr) / (2 * REACH);
    /** @returns {[number, number]} */
    const at = (/** @type {number} */ x, /** @type {number} */ y) => [element.width / 2 + x * unit, element.height / 2 - y * unit];
    context.strokeStyle = colour('axis');
    context.lineWidth = dpr;
    context.strokeRect(...at(-REACH, REACH), 2 * REACH * unit, 2 * REACH * unit);
    context.beginPath();
    for (const [a, b] of [[at(-REACH, 0), at(REACH, 0)], [at(0, -REACH), at(0, REACH)]]) {
      context.moveTo(a[0], a[1]);
      context.lineTo(b[0], b[1]);
    }
    context.stroke();
    context.fillStyle = colour('data');
    for (let i = 0; i < points.length; i += 2) {
      context.beginPath();
      context.arc(...at(points[i], points[i + 1]), 2.6 * dpr, 0, 2 * Math.PI);
      context.fill();
    }
    if (!keyed) return;
    context.strokeStyle = colour('text');
    context.beginPath();
    context.arc(...at(cursor[0], cursor[1]), DAB.wide * 2 * unit, 0, 2 * Math.PI);
    context.stroke();
  }

  return {
    /** Starts from these points. @param {Float32Array|null} data */
    begin(data) {
      points = data ? [...data].map(snap) : [];
      last = null;
      keyed = false;
      requestAnimationFrame(() => {
        paint();
        canvas()?.focus({ preventScroll: true });
      });
    },
    paint,
    template() {
      if (!get().drawing) return null;
      const n = points.length / 2;
      return html`<div class="brush" role="group" aria-label=${t('brush.title')}>
        <canvas tabindex="0" role="application" aria-label=${t('brush.canvas')} aria-describedby="brush-help" ${ref(area)}
          @pointerdown=${down} @pointermove=${move} @pointerup=${up} @pointercancel=${up} @keydown=${key}></canvas>
        <div class="brush-head"><strong>${t('brush.title')}</strong><span id="brush-help">${t('brush.help')}</span></div>
        <div class="brush-bar">
          <output aria-live="polite">${n > LINK_POINTS.drawn ? t('brush.link', { n, max: LINK_POINTS.drawn }) : t('brush.count', { n })}</output>
          <button type="button" @click=${() => { points = []; paint(); redraw(); }} ?disabled=${!n}>${t('brush.clear')}</button>
          <button type="button" @click=${cancel}>${t('brush.cancel')}</button>
          <button type="button" class="primary" @click=${() => learn(Float32Array.from(points))} ?disabled=${!n}>${t('brush.done')}</button>
        </div>
      </div>`;
    },
  };
}
