// stage.mjs -- the canvas that the engine draws on, and what the page lays over it: titles, marks, handles, the slider of sampling time.
//
// The picture is the engine's.  Places come from the panels that each frame brings: a part of the canvas, and the data coordinates at
// its edges; so a press becomes numbers in data units here, and only numbers go to the engine.
import { html, nothing } from 'lit/html.js';
import { createRef, ref } from 'lit/directives/ref.js';
import { live } from 'lit/directives/live.js';
import { control, named } from './controls.mjs';
import * as icons from './icons.mjs';
import { canDo, findData, findLesson, findModel, partShown, rowDefault } from './state.mjs';
import { fixed, number, t } from './text.mjs';

/** @typedef {typeof import('./session.mjs').nothingYet} State */
/** @typedef {ReturnType<typeof import('./session.mjs').createSession>} Session */
/** @typedef {{ x: number, y: number, w: number, h: number, x0: number, x1: number, y0: number, y1: number, title: string, heads: { text: string, x: number, y: number }[] }} Panel */

const wide = globalThis.matchMedia?.('(min-width: 1080px)').matches;
const DPR_MOST = 2;              // more device pixels than that cost time and show nothing

/** A place in the picture (parts of the canvas) in a panel's data units. @param {Panel} p @param {number} x @param {number} y */
export const toData = (p, x, y) => [p.x0 + ((x - p.x) / p.w) * (p.x1 - p.x0), p.y1 - ((y - p.y) / p.h) * (p.y1 - p.y0)];
/** And back. @param {Panel} p @param {number} x @param {number} y */
export const toPlace = (p, x, y) => [p.x + ((x - p.x0) / (p.x1 - p.x0)) * p.w, p.y + ((p.y1 - y) / (p.y1 - p.y0)) * p.h];

/**
 * What the page shows, from the catalogue's rows; a lesson is a view with no model.
 * @param {State} state
 * @returns {{ model: import('./state.mjs').Model|undefined, lesson?: import('./state.mjs').Lesson, data: any, kind: string, views: import('./state.mjs').View[],
 *   view: import('./state.mjs').View|undefined }}
 */
export function shownView({ catalogue, experiment, run, noModel }) {
  const lesson = catalogue && experiment ? findLesson(catalogue, experiment.lesson) : undefined;
  if (lesson) return { model: undefined, lesson, data: { kind: 'points' }, kind: 'points', views: [], view: lesson };
  const model = catalogue && experiment && !noModel ? findModel(catalogue, experiment.model) : undefined;
  const data = (catalogue && experiment && findData(catalogue, run?.data ?? experiment.data)) ?? { kind: 'points' }, { kind } = data;
  const views = model?.views.filter((view) => !run?.views || run.views.includes(view.id)) ?? [];
  return { model, data, kind, views, view: views.find((view) => view.id === experiment?.view) };
}

/** An option's value: the link's, or its default. @param {import('./state.mjs').View} view @param {State} state @param {string} key @param {string} kind */
function optionValue(view, state, key, kind) {
  const row = view.options.find((option) => option.key === key);
  return row && (state.experiment?.options[key] ?? rowDefault(row, kind));
}

/** The canvas: made afresh whenever an engine starts, since a canvas can be handed over once only. */
export function createSurface() {
  const host = createRef();
  const element = () => /** @type {HTMLElement} */ (host.value);
  return {
    host,
    fresh() {
      const canvas = document.createElement('canvas');
      canvas.id = 'stage';
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', '');
      element().replaceChildren(canvas);
      const transfer = typeof canvas.transferControlToOffscreen === 'function';
      return { canvas: transfer ? canvas.transferControlToOffscreen() : canvas, transfer };
    },
    /** A canvas of the page's own. */
    local() {
      const canvas = document.createElement('canvas');
      canvas.id = 'stage';
      canvas.setAttribute('role', 'img');
      element().replaceChildren(canvas);
      return { canvas, transfer: false };
    },
    size() {
      const box = element().getBoundingClientRect(), dpr = Math.min(DPR_MOST, window.devicePixelRatio || 1);
      return { width: Math.max(1, Math.round(box.width * dpr)), height: Math.max(1, Math.round(box.height * dpr)), dpr };
    },
    theme: () => ({ dark: matchMedia('(prefers-color-scheme: dark)').matches, calm: matchMedia('(prefers-reduced-motion: reduce)').matches }),
    /** @param {() => void} changed */
    observe(changed) {
      new ResizeObserver(changed).observe(element());
    },
  };
}

/** @param {{ session: Session, surface: ReturnType<typeof createSurface>, get: () => State }} parts */
export function createStage({ session, surface, get }) {
  /** @type {'a'|'b'|null} */
  let dragged = null;
  let next = /** @type {'a'|'b'} */ ('a');

  // ------------------------------------------------------------------------------------------------------ two codes

  /** @param {PointerEvent} event */
  const placeOf = (event) => {
    const box = /** @type {HTMLElement} */ (surface.host.value).getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height, box };
  };

  /** @param {'a'|'b'} which @param {number} x @param {number} y */
  function put(which, x, y) {
    const state = get(), { view, kind } = shownView(state);
    const round = (/** @type {number} */ v) => Number(v.toPrecision(4));
    for (const [axis, value] of /** @type {const} */ ([['x', x], ['y', y]])) {
      const row = view?.options.find((option) => option.key === which + axis);
      if (row) session.setOption(row, round(value), kind);
    }
  }

  /** @param {PointerEvent} event */
  function pressed(event) {
    const state = get(), { view, kind } = shownView(state), panel = state.panels?.[0];
    if (view?.kind !== 'latent' || !panel || event.button !== 0 || !(/** @type {Element} */ (event.target).closest('.surface, .handle'))) return;
    const { x, y, box } = placeOf(event);
    if (x < panel.x || x > panel.x + panel.w || y < panel.y || y > panel.y + panel.h) return;
    const near = /** @type {const} */ (['a', 'b']).find((which) => {
      const [px, py] = toPlace(panel, optionValue(view, state, `${which}x`, kind), optionValue(view, state, `${which}y`, kind));
      return Math.hypot((px - x) * box.width, (py - y) * box.height) < (event.pointerType === 'touch' ? 26 : 16);
    });
    dragged = near ?? next;
    if (!near) {
      next = next === 'a' ? 'b' : 'a';
      put(dragged, .../** @type {[number, number]} */ (toData(panel, x, y)));
    }
    /** @type {HTMLElement} */ (event.currentTarget).setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const panel = get().panels?.[0];
    if (!dragged || !panel) return;
    const { x, y } = placeOf(event);
    const inside = (/** @type {number} */ v, /** @type {number} */ from, /** @type {number} */ size) => Math.min(from + size, Math.max(from, v));
    put(dragged, .../** @type {[number, number]} */ (toData(panel, inside(x, panel.x, panel.w), inside(y, panel.y, panel.h))));
  }

  /** @param {KeyboardEvent} event @param {'a'|'b'} which */
  function nudged(event, which) {
    const state = get(), { view, kind } = shownView(state), panel = state.panels?.[0];
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
    if (!way || !view || !panel) return;
    event.preventDefault();
    const size = (event.shiftKey ? 0.1 : 0.02) * (panel.x1 - panel.x0);
    const inside = (/** @type {number} */ v, /** @type {number} */ from, /** @type {number} */ to) => Math.min(to, Math.max(from, v));
    put(which, inside(optionValue(view, state, `${which}x`, kind) + way[0] * size, panel.x0, panel.x1),
      inside(optionValue(view, state, `${which}y`, kind) + way[1] * size, panel.y0, panel.y1));
  }

  /** @param {State} state @param {import('./state.mjs').View} view @param {string} kind */
  function handles(state, view, kind) {
    const panel = state.panels?.[0];
    if (view.kind !== 'latent' || !panel || optionValue(view, state, 'show', kind) === 'grid') return nothing;
    return /** @type {const} */ (['a', 'b']).map((which) => {
      const x = optionValue(view, state, `${which}x`, kind), y = optionValue(view, state, `${which}y`, kind);
      const [left, top] = toPlace(panel, x, y);
      return html`<button type="button" class="handle" style="left:${100 * left}%;top:${100 * top}%" @keydown=${(/** @type {KeyboardEvent} */ e) => nudged(e, which)}
        aria-label=${t('stage.handle', { name: which, x: fixed(x, 2), y: fixed(y, 2) })}><span>${which}</span></button>`;
    });
  }

  // -------------------------------------------------------------------------------------------------------- overlays

  /** @param {State} state */
  function marks(state) {
    const { experiment, from, step, fromFile, run } = state;
    if (!run || !experiment) return nothing;
    const origin = fromFile !== null ? t('stage.file') : experiment.weights !== null ? (step === from ? t('stage.pretrained', { steps: from.toLocaleString('en') })
      : t('stage.continued', { steps: (step - from).toLocaleString('en') })) : null;
    if (origin === null) return nothing;
    return html`<p class="badge">${origin}</p>
      ${partShown(experiment, 'knobs') || partShown(experiment, 'model') ? html`<div class="onward">
        ${step === from && !state.playing ? html`<button type="button" @click=${session.play}>${t('stage.onward')}</button>` : nothing}
        <button type="button" @click=${session.trainFromScratch}>${t('stage.scratch')}</button></div>` : nothing}`;
  }

  /** @param {State} state @param {string} kind @param {import('./state.mjs').View} view */
  function legend(state, kind, view) {
    const { experiment, phase } = state, { lesson } = shownView(state);
    if (lesson && experiment && partShown(experiment, 'legend')) {
      return html`<ul class="legend">${lesson.key.map(({ role, text }) => html`<li class="is-line" style="--ink:var(--${role.toLowerCase()})">${text}</li>`)}</ul>`;
    }
    if (phase !== 'open' || !experiment || !partShown(experiment, 'legend') || kind !== 'points' || view.kind !== 'picture') return nothing;
    return html`<ul class="legend"><li class="is-data">${t('legend.data')}</li><li class="is-sample">${t('legend.sample')}</li></ul>`;
  }

  /** @param {State} state @param {any} overlay  something that covers the picture: the brush */
  function template(state, overlay) {
    const { view, kind } = shownView(state), { phase, panels } = state;
    const missing = state.notices.find((notice) => notice.key === 'missing' || notice.key === 'start' || (notice.key === 'dead' && phase === 'broken'));
    const canvas = surface.host.value?.firstElementChild;
    canvas?.setAttribute('aria-label', t(shownView(state).lesson ? 'stage.lesson' : 'stage.label', { view: view?.title ?? '' }));
    return html`
      <div class="figure ${phase} ${view?.kind ?? ''}" @pointerdown=${pressed} @pointermove=${moved} @pointerup=${() => (dragged = null)} @pointercancel=${() => (dragged = null)}>
        <div class="surface" ${ref(surface.host)}></div>
        ${phase === 'open' && view ? html`
          ${panels?.map((panel) => panel.title ? html`<p class="panel-title" style="left:${100 * panel.x}%;top:${100 * panel.y}%;max-width:${100 * panel.w}%">${panel.title}</p>` : nothing)}
          ${panels?.map((panel) => panel.heads.map(({ text, x, y }) => html`<p class="column-head" style="left:${100 * x}%;top:${100 * y}%">${text}</p>`))}
          ${handles(state, view, kind)} ${marks(state)} ${legend(state, kind, view)}` : nothing}
        ${missing && phase !== 'open' ? html`<div class="instead" role="alert"><p>${missing.text}</p>
          ${missing.action ? html`<button type="button" @click=${missing.action.run}>${missing.action.text}</button>` : nothing}</div>` : nothing}
        ${phase === 'starting' ? html`<p class="instead quiet">${t('page.starting')}</p>` : nothing}
        ${phase === 'open' && !panels && state.webgl && !state.lost ? html`<p class="instead quiet late">${t('page.drawing')}</p>` : nothing}
        ${state.busy ? html`<p class="instead quiet">${state.busy}</p>` : nothing}
        ${!state.webgl && phase === 'open' ? html`<p class="instead">${t('stage.nogl')}</p>` : nothing}
        ${overlay}
      </div>
      ${phase === 'open' && panels && state.note ? html`<p class="view-note" role="status">${state.note}</p>` : nothing}
      ${view && phase !== 'missing' ? html`${timeSlider(state, view, kind)}${options(state, view, kind)}` : nothing}`;
  }

  // --------------------------------------------------------------------------------------------------- sampling time

  let running = 0;

  /** @param {import('./state.mjs').Row} row @param {string} kind */
  function runThrough(row, kind) {
    if (running) return stop();
    const start = performance.now(), from = get().experiment?.options.time ?? 1, span = from >= 1 ? 1 : 1 - from;
    const calm = surface.theme().calm;
    const frame = () => {
      const share = Math.min(1, (performance.now() - start) / (calm ? 6000 : 4000) / span);
      const time = 1 - span * (1 - share);
      session.setOption(row, Number((calm ? Math.round(time * 8) / 8 : time).toFixed(3)), kind);
      running = share < 1 && shownView(get()).view?.kind === 'trace' ? requestAnimationFrame(frame) : 0;
    };
    running = requestAnimationFrame(frame);
  }

  function stop() {
    cancelAnimationFrame(running);
    running = 0;
  }

  /** @param {State} state @param {import('./state.mjs').View} view @param {string} kind */
  function timeSlider(state, view, kind) {
    const row = view.kind === 'trace' ? view.options.find((option) => option.key === 'time') : undefined;
    if (!row || !state.experiment || !partShown(state.experiment, 'time')) return nothing;
    const time = optionValue(view, state, 'time', kind);
    return html`<div class="time" role="group" aria-label=${row.title}>
      <button type="button" class="round" @click=${() => runThrough(row, kind)} aria-label=${t(running ? 'time.pause' : 'time.play')} title=${t(running ? 'time.pause' : 'time.play')}>${running ? icons.pause : icons.play}</button>
      <span class="end">${view.start}</span>
      <input type="range" min="0" max="1" step="0.005" .value=${live(String(time))} style="--at:${time}" aria-label=${row.title} aria-valuetext=${`${number(100 * time)} %`}
        @input=${(/** @type {Event} */ event) => { stop(); session.setOption(row, Number(/** @type {HTMLInputElement} */ (event.currentTarget).value), kind); }}>
      <span class="end is-sample">${view.end}</span>
      <span class="time-name">${row.title}</span>
    </div>`;
  }

  /** @param {State} state @param {import('./state.mjs').View} view @param {string} kind */
  function options(state, view, kind) {
    const { experiment } = state;
    const { lesson, model, data } = shownView(state), names = data.attributes ?? [];
    if (!experiment || !(lesson || partShown(experiment, 'options'))) return nothing;
    // A row's group says who needs it: everybody, one kind of data, models that can do a certain thing, or data with attributes, which it counts.
    const groups = ['', kind, ...(model ? canDo(model, kind) : []), ...(names.length ? ['attributes'] : [])];
    const rows = lesson ? [] : view.options.filter((row) => groups.includes(row.group ?? ''));    // a lesson's are its knobs
    return html`
      ${view.help ? html`<p class="view-help">${view.help}</p>` : nothing}
      ${rows.length ? html`<details class="options" ?open=${wide}><summary>${t('view.options')}</summary><div class="option-grid">
        ${rows.map((row) => (row.group === 'attributes' ? named : control)(row, {
          prefix: 'option', kind, value: optionValue(view, state, row.key, kind), onChange: (_, value) => session.setOption(row, value, kind),
        }, names))}</div></details>` : nothing}`;
  }

  return { template };
}
