// main.mjs -- wires the page: store, session with the engine, templates, keys, files.
//
// One render per animation frame, of the whole page, from the store alone; lit changes only what differs.
import { html, nothing, render } from 'lit/html.js';
import { createRef, ref } from 'lit/directives/ref.js';
import { live } from 'lit/directives/live.js';
import { aboutTemplate, paperTemplate } from './about.mjs';
import { localPort } from './bridge.mjs';
import { createBrush } from './brush.mjs';
import { createLossChart, describeCurves, smooth } from './charts.mjs';
import { control } from './controls.mjs';
import * as icons from './icons.mjs';
import { measuresTemplate } from './measures.mjs';
import { createSession, nothingYet } from './session.mjs';
import { createStage, createSurface, shownView } from './stage.mjs';
import { createStore, findData, formatLink, LINK_POINTS, locked, misfit, OWN_IMAGES, OWN_POINTS, partShown, rowDefault, writePoints } from './state.mjs';
import { counter, fixed, number, reason, t } from './text.mjs';
import { paintThumbnail } from './thumbs.mjs';

/** @typedef {typeof nothingYet} State */

const store = createStore(nothingYet);
const { get, set } = store;
const surface = createSurface();
const worker = new URL('./worker.js', import.meta.url);

// ---------------------------------------------------------------------------------------------------------- address

const readAddress = () => [location.search.slice(1), location.hash.slice(1)].filter(Boolean).join('&');
let written = '';
/** @type {ReturnType<typeof setTimeout>|undefined} */
let writing;

const session = createSession({
  store,
  surface: { ...surface, fresh: () => (inPage ? surface.local() : surface.fresh()) },
  locks: globalThis.isSecureContext ? navigator.locks : undefined,
  fetchFile: (name) => fetch(new URL(name, document.baseURI)),
  address: {
    read: readAddress,
    // A moment later: browsers refuse too many changes in a row, as a dragged slider would make.
    write(link) {
      written = link;
      clearTimeout(writing);
      writing = setTimeout(() => history.replaceState(null, '', `${location.pathname}#${written}`), 100);
    },
  },
  async port(kind) {
    if (kind === 'worker') return new Worker(worker, { type: 'module' });
    inPage = true;
    const { createEngine } = await import(/* @vite-ignore */ worker.href);
    return localPort(createEngine);
  },
});
let inPage = typeof OffscreenCanvas === 'undefined' || typeof HTMLCanvasElement.prototype.transferControlToOffscreen !== 'function';

// ----------------------------------------------------------------------------------------------------------- colours

/** @type {Map<string, string>} */
const colours = new Map();

/** A colour of the palette, as the style sheet sees it now. @param {string} role */
function colour(role) {
  if (!colours.has(role)) colours.set(role, getComputedStyle(document.documentElement).getPropertyValue(`--${role}`).trim());
  return /** @type {string} */ (colours.get(role));
}

/** The catalogue's palette as CSS variables, one for each role and theme, and two greys between its text and its ground. @param {any} palette */
function applyPalette(palette) {
  const hex = (/** @type {number} */ rgb) => `#${rgb.toString(16).padStart(6, '0')}`;
  const mix = (/** @type {number} */ a, /** @type {number} */ b, /** @type {number} */ share) => [16, 8, 0].reduce((sum, shift) =>
    sum | (Math.round(((a >> shift) & 255) * share + ((b >> shift) & 255) * (1 - share)) << shift), 0);
  const rules = ['light', 'dark'].map((theme) => {
    const colours = Object.fromEntries(Object.entries(palette[theme]).map(([role, rgb]) => [role.toLowerCase(), Number(rgb)]));
    const greys = { muted: mix(colours.text, colours.background, 0.66), grid: mix(colours.axis, colours.background, 0.45) };
    const lines = Object.entries({ ...colours, ...greys }).map(([role, rgb]) => `--${role}:${hex(rgb)}`);
    return `${theme === 'dark' ? '@media (prefers-color-scheme:dark){' : ''}:root{${lines.join(';')}}${theme === 'dark' ? '}' : ''}`;
  });
  const style = document.createElement('style');
  style.textContent = rules.join('\n');
  document.head.append(style);
  colours.clear();
}

// ------------------------------------------------------------------------------------------------------------- parts

const stage = createStage({ session, surface, get });
const brush = createBrush({
  get, redraw: schedule, colour,
  cancel: () => set({ drawing: false }),
  learn: (data) => void session.learnPoints({ exact: false, data }),
});
const chartHost = createRef(), filePicker = createRef(), embedDialog = createRef();
/** @type {ReturnType<typeof createLossChart>|null} */
let chart = null;
/** @type {Record<string, string>} */
let formulas = {};
/** @type {number|null} */
let picked = null;

/** @param {State} state @param {string} part */
const shown = ({ experiment }, part) => experiment !== null && partShown(experiment, part);

/** @param {State} state */
function transport(state) {
  const { phase, playing, slow, step, from, epoch, speed, run } = state, ready = phase === 'open' && run;
  const { zeros, digits } = counter(step);
  if (state.experiment && (state.experiment.lesson !== null || !shown(state, 'transport'))) return nothing;
  return html`<div class="transport ${playing ? 'playing' : ''}" role="toolbar" aria-label=${t('transport.title')}>
    <button type="button" id="reset" class="tool" title=${t('transport.reset.hint')} aria-label=${t('transport.reset')} aria-keyshortcuts="R" ?disabled=${!ready} @click=${session.reset}>${icons.reset}</button>
    <button type="button" id="play" class="play" title=${t('transport.play.hint')} aria-label=${t(playing ? 'transport.pause' : 'transport.play')} aria-keyshortcuts="Space" ?disabled=${!ready} @click=${session.toggle}>${playing ? icons.pause : icons.play}</button>
    <button type="button" id="step" class="tool" title=${t('transport.step.hint')} aria-label=${t('transport.step')} aria-keyshortcuts="S" ?disabled=${!ready} @click=${session.stepOnce}>${icons.step}</button>
    <button type="button" id="slow" class="tool" title=${t('transport.slow.hint')} aria-label=${t('transport.slow')} aria-pressed=${slow} @click=${() => session.setSlow(!slow)}>${icons.slow}</button>
    <div class="counter"><span id="counter" class="count" data-step=${step}><span class="zeros">${zeros}</span>${digits}</span>
      <span class="unit">${t('transport.counter')}</span></div>
    <div class="pace"><span>${playing && speed !== null ? t('transport.speed', { speed: number(speed, 3) }) : playing ? '…' : t('transport.paused')}</span>
      <span>${step > from || epoch ? t('transport.epoch', { epoch: number(epoch, 3) }) : nothing}</span></div>
  </div>`;
}

/** @param {State} state */
function actions({ run, experiment }) {
  if (experiment?.embed) return html`<nav class="actions"><a class="tool text" target="_blank" rel="noopener" title=${t('action.whole.hint')} href=${`${location.pathname}#${formatLink({ ...experiment, embed: false, hide: [], show: [], lock: [] })}`}>${t('action.whole')}</a></nav>`;
  /** @param {string} name @param {any} icon @param {() => void} act @param {boolean} [off] */
  const button = (name, icon, act, off = false) => html`<button type="button" id=${name} class="tool text" title=${t(`action.${name}.hint`)} ?disabled=${off} @click=${act}>${icon}<span>${t(`action.${name}`)}</span></button>`;
  return html`<nav class="actions" aria-label=${t('action.title')}>
    ${button('share', icons.share, share, !experiment)}
    ${button('embed', icons.embed, () => /** @type {HTMLDialogElement} */ (embedDialog.value).showModal(), !experiment)}
    ${button('save', icons.save, save, !run)}
    ${button('load', icons.load, () => /** @type {HTMLInputElement} */ (filePicker.value).click())}
  </nav>`;
}

/** @param {State} state */
function dataPart(state) {
  const { catalogue, experiment, run, thumbs, drawing } = state;
  if (!catalogue || !experiment || experiment.lesson !== null || !shown(state, 'data')) return nothing;
  const sets = [...catalogue.datasets, ...catalogue.elsewhere.filter((one) => !catalogue.datasets.some(({ id }) => id === one.id))].filter(({ id }) => id !== OWN_POINTS);
  const model = shownView(state).model;
  const current = drawing ? OWN_POINTS : state.phase === 'missing' ? null : (run?.data ?? experiment.data), off = locked(experiment, 'data');
  const entry = drawing ? undefined : findData(catalogue, current ?? '');
  /** @param {{ id: string, kind: string, classes?: number }} one @param {string} title @param {any} picture @param {() => void} pick @param {any} extra */
  const thumb = (one, title, picture, pick, extra = nothing) => {
    const { id } = one, why = model ? misfit(model, one) : null, fits = !why, note = why ? t(`data.${why}`, { data: title, model: model?.title }) : title;
    return html`<button type="button" class="thumb" data-id=${id} title=${note} aria-label=${title} aria-disabled=${!fits}
      aria-pressed=${id === current} ?disabled=${off} @click=${fits ? pick : () => session.tell('data', 'info', note)}>${picture}${extra}</button>`;
  };
  return html`<section class="panel data" aria-labelledby="data-title">
    <h2 id="data-title">${t('data.title')}</h2>
    <div class="thumbs">
      ${sets.map((one) => thumb(one, one.id === OWN_IMAGES ? t('data.yourImages') : one.title, html`<canvas width="0" height="0" data-thumb=${one.id} ${ref((element) => element && paintThumbnail(/** @type {HTMLCanvasElement} */ (element), thumbs[one.id], colour))}></canvas>`,
        () => session.setData(one.id), thumbs[one.id] || catalogue.datasets.some(({ id }) => id === one.id) ? nothing : html`<span class="thumb-text">${one.title}</span>`))}
      ${thumb({ id: OWN_POINTS, kind: 'points', classes: 0 }, t(thumbs[OWN_POINTS] ? 'data.yours' : 'data.draw.hint'), html`<canvas width="0" height="0" data-thumb=${OWN_POINTS} ${ref((element) => element && paintThumbnail(/** @type {HTMLCanvasElement} */ (element), thumbs[OWN_POINTS], colour))}></canvas>`,
        draw, html`<span class="thumb-brush">${icons.brush}${thumbs[OWN_POINTS] ? nothing : html`<span>${t('data.draw')}</span>`}</span>`)}
    </div>
    ${entry ? html`<p class="fine about-data">${describeData(entry)}</p>` : nothing}
  </section>`;
}

/** @param {any} data */
function describeData(data) {
  const facts = [
    data.size ? t('data.about.size', { size: data.size.toLocaleString('en') }) : null,
    data.classes > 2 ? t('data.about.classes', { classes: data.classes }) : null,
    data.attributes?.length ? t('data.about.attributes', { names: data.attributes.join(', ') }) : null,
    data.entropy !== null && data.entropy !== undefined ? t('data.about.entropy', { entropy: number(data.entropy, 4) }) : null,
  ].filter(Boolean).join(' ');
  const title = data.id === OWN_POINTS ? t('data.yours') : data.id === OWN_IMAGES ? t('data.yourImages') : data.title;
  return html`<strong>${title}</strong>${data.summary ? html` – ${data.summary}` : nothing} <span class="facts">${facts}</span>`;
}

/** @param {State} state */
function modelPart(state) {
  const { catalogue, experiment } = state;
  if (!catalogue || !experiment) return nothing;
  const { model, lesson, views, view, data } = shownView(state);
  const families = [...new Set(catalogue.models.map(({ family }) => family))];
  return html`
    ${shown(state, 'model') ? html`<div class="model">
      <label class="model-pick"><span class="visually-hidden">${t('model.pick')}</span>
        <select id="model" ?disabled=${locked(experiment, 'model')} @change=${(/** @type {Event} */ e) => session.setModel(/** @type {HTMLSelectElement} */ (e.currentTarget).value)}>
          ${state.noModel ? html`<option value="" disabled .selected=${live(true)}>${t('model.choose')}</option>` : nothing}
          ${families.map((family) => html`<optgroup label=${family}>${catalogue.models.filter((one) => one.family === family).map((one) => html`
            <option value=${one.id} ?disabled=${misfit(one, data) !== null} .selected=${live(one === model && !state.noModel)}>${one.title}${misfit(one, data) ? t(`model.${misfit(one, data)}`) : nothing}</option>`)}</optgroup>`)}
          ${catalogue.lessons.length ? html`<optgroup label=${t('model.lessons')}>${catalogue.lessons.map((one) => html`<option value=${one.id} .selected=${live(one === lesson)}>${one.title}</option>`)}</optgroup>` : nothing}
        </select></label>
      ${model || lesson ? html`<p class="summary">${(model ?? lesson)?.summary}</p>` : nothing}
      ${lesson || locked(experiment, 'model') || locked(experiment, 'data') ? nothing : Object.entries(catalogue.weights).filter(([id, entry]) => entry.model === experiment.model && id !== experiment.weights && !state.noModel).map(([id, entry]) => html`
        <button type="button" class="trained" data-weights=${id} title=${entry.title} @click=${() => session.setWeights(id)}>${t('model.trained', { data: findData(catalogue, entry.data)?.title ?? entry.data })}</button>`)}
    </div>` : nothing}
    ${views.length > 1 && state.phase !== 'missing' && shown(state, 'views') ? html`<div class="tabs" role="group" aria-label=${t('view.title')}>
      ${views.map((one) => html`<button type="button" data-view=${one.id} aria-pressed=${one.id === view?.id} @click=${() => session.setView(one.id)}>${one.title}</button>`)}
    </div>` : nothing}`;
}

/** @param {State} state */
function knobsPart(state) {
  const { catalogue, experiment, run } = state;
  if (!catalogue || !experiment || !shown(state, 'knobs')) return nothing;
  const { model, lesson, kind } = shownView(state);
  if (lesson) return lessonKnobs(state, lesson);
  if (!model || state.phase === 'missing') return nothing;
  const groups = [...new Set(model.params.map(({ group }) => group ?? ''))];
  const seed = run?.seed ?? experiment.seed, seedOff = locked(experiment, 'seed');
  /** @param {Event} event */
  const seedChanged = (event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget), value = Number(input.value);
    if (input.value.trim() === '' || !Number.isInteger(value) || value < 0 || value > 4294967295) input.value = String(seed);
    else if (value !== seed) void session.setSeed(value);
  };
  return html`<section class="panel knobs" aria-labelledby="knobs-title">
    <h2 id="knobs-title">${t('knobs.title')}</h2>
    ${groups.map((group) => html`<fieldset><legend>${group || t('knobs.other')}</legend>
      ${model.params.filter((row) => (row.group ?? '') === group).map((row) => control(row, {
        prefix: 'knob', kind, marks: true, disabled: state.phase !== 'open' || locked(experiment, row.key),
        value: experiment.params[row.key] ?? run?.params[row.key] ?? rowDefault(row, kind), onChange: (changed, value) => void session.setKnob(changed, value),
      }))}</fieldset>`)}
    <fieldset><legend>${t('knobs.seed')}</legend><div class="knob"><div class="knob-head">
      <label class="name" for="seed">${t('knobs.seed')}</label>
      <span class="info"><button type="button" aria-label=${t('knobs.about', { name: t('knobs.seed') })} aria-describedby="seed-tip">?</button><span role="tooltip" class="tip" id="seed-tip">${t('knobs.seed.help')}</span></span>
      <span class="when" title=${t('knobs.restart.hint')}>${t('knobs.restart')}</span>
      <input class="field" id="seed" type="text" inputmode="numeric" autocomplete="off" .value=${String(seed)} ?disabled=${seedOff} @change=${seedChanged}>
      <button type="button" class="dice" title=${t('knobs.seed.new')} aria-label=${t('knobs.seed.new')} ?disabled=${seedOff} @click=${() => session.setSeed(Math.floor(Math.random() * 10000))}>${icons.dice}</button>
    </div></div></fieldset>
    ${fastPart(state)}
  </section>`;
}

/** @param {State} state @param {import('./state.mjs').Lesson} lesson */
function lessonKnobs({ experiment, phase }, lesson) {
  return html`<section class="panel knobs" aria-labelledby="knobs-title">
    <h2 id="knobs-title">${t('knobs.title')}</h2>
    <fieldset>${lesson.options.map((row) => control(row, {
      prefix: 'option', kind: 'points', disabled: phase !== 'open' || locked(/** @type {any} */ (experiment), row.key), value: experiment?.options[row.key] ?? rowDefault(row, 'points'),
      onChange: (changed, value) => session.setOption(changed, value, 'points'),
    }))}</fieldset>
  </section>`;
}

/** The numbers of a lesson. @param {State} state @param {import('./state.mjs').Lesson} lesson */
function lessonTable({ table }, { rows, columns }) {
  return html`<div class="output"><section class="panel" aria-labelledby="measure-title">
    <h2 id="measure-title">${t('lesson.table')}</h2>
    <table class="measures lesson"><thead><tr><th scope="col"></th>${columns.map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
      <tbody>${rows.map((title, i) => html`<tr><th scope="row">${title}</th>${columns.map((_, j) => html`<td>${table ? cell(table.data[i * columns.length + j]) : nothing}</td>`)}</tr>`)}</tbody></table>
  </section></div>`;
}

/** Numbers to compare stand with as many decimals each. @param {number} value */
const cell = (value) => (Number.isNaN(value) ? '–' : fixed(value, 4));

/** How to compute, where the browser leaves a choice: what each way gives, and gives up, stands below it. @param {State} state */
function fastPart({ engine, experiment, phase }) {
  if (engine.builds.length < 2 || !experiment) return nothing;
  const off = phase !== 'open' || locked(experiment, 'fast');
  return html`<fieldset class="fast"><legend>${t('fast.title')}</legend><div class="segments" role="radiogroup" aria-label=${t('fast.title')} aria-describedby="fast-help">
    ${engine.builds.map((build) => html`<label title=${t(`fast.${build}.help`)}><input type="radio" name="fast" value=${build} .checked=${live(build === engine.build)} ?disabled=${off}
      @change=${() => session.setFast(build === 'simd' ? '' : /** @type {any} */ (build))}><span>${t(`fast.${build}`)}</span></label>`)}
  </div><p class="fine" id="fast-help">${t(`fast.${engine.build}.help`)}</p></fieldset>`;
}

// Losses that the palette has a colour for; the others take the next one that is free.
const ROLE_OF_LOSS = { critic: 'critic', generator: 'sample', reconstruction: 'data', kl: 'latent' };
const OTHER_CURVES = ['text', 'gradient', 'latent', 'critic', 'sample', 'data'];

/** The run's losses as curves: one colour each, the names from the catalogue. @param {State} state @returns {(import('./charts.mjs').Curve & { help?: string })[]} */
function curves({ run, catalogue, experiment }) {
  const model = catalogue?.models.find(({ id }) => id === (run?.model ?? experiment?.model)), losses = run?.losses ?? [];
  const taken = losses.map((/** @type {any} */ { key }) => ROLE_OF_LOSS[key]), free = OTHER_CURVES.filter((role) => !taken.includes(role));
  return losses.map((/** @type {any} */ loss, /** @type {number} */ i) => ({
    key: loss.key, title: loss.title, line: loss.line ?? null, text: loss.text, help: model?.losses?.find(({ key }) => key === loss.key)?.help,
    colour: colour(taken[i] ?? free.shift() ?? 'text'),
  }));
}

/** @param {State} state */
function outputPart(state) {
  const { history, run } = state;
  const lossShown = shown(state, 'loss'), measuresShown = shown(state, 'measures');
  const { lesson } = shownView(state);
  if (lesson) return measuresShown ? lessonTable(state, lesson) : nothing;
  if (!state.experiment || state.phase === 'missing' || (!lossShown && !measuresShown)) return nothing;
  const list = curves(state), rows = history?.step.length ?? 0, at = picked !== null && picked < rows ? picked : rows - 1;
  return html`<div class="output">
    ${lossShown ? html`<section class="panel loss" aria-labelledby="loss-title">
      <h2 id="loss-title">${t('loss.title')}</h2>
      <div class="chart"><div class="plot" role="img" aria-label=${`${t('loss.label')}: ${describeCurves(history, list)}`} ${ref(chartHost)}></div>
        ${rows ? nothing : html`<p class="fine empty">${state.from ? t('loss.from', { steps: state.from.toLocaleString('en') }) : t('loss.empty')}</p>`}</div>
      <ul class="curves">${list.map(({ key, title, line, text, colour: ink, help }) => html`
        <li title=${help ?? nothing}><span class="key" style="--ink:${ink}"></span><span>${title}</span><span class="now">${rows ? number(smooth(history.losses[key])[at], 4) : nothing}</span></li>
        ${line !== null && line !== undefined ? html`<li class="theory"><span class="dash" style="--ink:${ink}"></span><span>${text || t('loss.theory')}</span><span>${number(line, 4)}</span></li>` : nothing}`)}</ul>
    </section>` : nothing}
    ${measuresShown ? html`<section class="panel" aria-labelledby="measure-title">
      <h2 id="measure-title">${t('measure.title')}</h2>
      ${measuresTemplate(state.measures, { measuring: state.measuring, step: state.step, measure: session.measure, ready: Boolean(run) })}
    </section>` : nothing}
  </div>`;
}

/** @param {State} state */
function aboutPart(state) {
  const { model, lesson } = shownView(state), { title, about } = model ?? lesson ?? {};
  if (!title || !shown(state, 'about')) return nothing;
  return html`<section class="about" aria-labelledby="about-title">
    <h2 id="about-title">${t('about.title', { model: title })}</h2>
    <div class="prose">${aboutTemplate(String(about ?? ''), formulas)}</div>
    ${model?.paper ? html`<p class="fine">${t('about.paper')}: ${paperTemplate(model.paper)}</p>` : nothing}
  </section>`;
}

/** @param {State} state */
function noticesPart({ notices, phase }) {
  const list = notices.filter(({ key }) => phase === 'open' || phase === 'opening' || !['missing', 'start', 'dead'].includes(key));
  return html`<div class="notices">${list.map(({ key, level, text, action }) => html`<div class="notice ${level}" role=${level === 'error' ? 'alert' : 'status'} data-key=${key}>
    <p>${text}</p>${action ? html`<button type="button" @click=${action.run}>${action.text}</button>` : nothing}
    <button type="button" class="dismiss" aria-label=${t('action.dismiss')} @click=${() => session.hush(key)}>${icons.close}</button></div>`)}</div>`;
}

/** @param {State} state */
function embedPart({ experiment }) {
  if (!experiment) return nothing;
  const address = `${location.origin}${location.pathname}#${formatLink({ ...experiment, embed: true })}`;
  const snippet = `<iframe src="${address.replaceAll('&', '&amp;')}" width="640" height="640" style="border:0" title="${document.title}" loading="lazy"></iframe>`;
  return html`<dialog class="dialog" aria-labelledby="embed-title" ${ref(embedDialog)}>
    <h2 id="embed-title">${t('embed.title')}</h2><p>${t('embed.help')}</p>
    <textarea id="embed-code" readonly rows="5" aria-labelledby="embed-title" .value=${snippet} @focus=${(/** @type {FocusEvent} */ e) => /** @type {HTMLTextAreaElement} */ (e.currentTarget).select()}></textarea>
    <p class="fine">${t('embed.hide')}</p>
    <div class="buttons"><button type="button" @click=${() => copy(snippet).then((done) => done && session.tell('share', 'info', t('embed.copied')))}>${t('action.copy')}</button>
      <button type="button" class="primary" @click=${() => /** @type {HTMLDialogElement} */ (embedDialog.value).close()}>${t('action.close')}</button></div>
  </dialog>`;
}

/** @param {State} state */
function page(state) {
  const bare = state.experiment?.embed ?? /(^|&)embed=1(&|$)/.test(readAddress());
  return html`
    <div class="page ${bare ? 'bare' : ''}">
      <header class="bar"><div class="brand"><h1>${t('page.name')}</h1><p>${t('page.tagline')}</p></div>${transport(state)}${actions(state)}</header>
      <main>
        ${dataPart(state)}
        <section class="middle" aria-label=${t('model.title')}>${modelPart(state)}${stage.template(state, brush.template())}</section>
        ${knobsPart(state)}
        ${outputPart(state)}
        ${aboutPart(state)}
      </main>
      ${noticesPart(state)}
      <p class="visually-hidden" id="status" role="status" aria-live="polite">${state.status}</p>
      ${embedPart(state)}
      <input class="visually-hidden" type="file" multiple tabindex="-1" aria-hidden="true" ${ref(filePicker)} @change=${filesPicked}>
      ${state.dragging ? html`<div class="drop"><p>${t('stage.drop')}</p></div>` : nothing}
    </div>`;
}

let due = false;
function schedule() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    paint();
  });
}

const app = /** @type {HTMLElement} */ (document.getElementById('app'));

function paint() {
  const state = get();
  render(page(state), app);
  const { model, lesson } = shownView(state);
  if (lesson) document.title = t('page.title.lesson', { lesson: lesson.title });
  if (model && state.catalogue) {
    const data = state.catalogue.datasets.find(({ id }) => id === (state.run?.data ?? state.experiment?.data))?.title ?? state.experiment?.data ?? '';
    document.title = t('page.title', { model: model.title, data });
  }
  const data = state.drawing ? OWN_POINTS : (state.run?.data ?? null);
  if (data !== painted.data) showThumb(data);
  const host = /** @type {HTMLElement|undefined} */ (chartHost.value);
  if (!host) chart = null;
  else {
    if (!chart) {
      chart = createLossChart(host, colour);
      host.addEventListener('pick', (event) => {
        picked = /** @type {CustomEvent} */ (event).detail;
        schedule();
      });
    }
    if (painted.history !== state.history || painted.run !== state.run) void chart.show(state.history, curves(state));
  }
  painted = { history: state.history, run: state.run, data };
}
/** @type {{ history: any, run: any, data: string|null }} */
let painted = { history: null, run: null, data: null };

/** Where the thumbnails are one row that scrolls, brings this one into sight. @param {string|null} id */
function showThumb(id) {
  const thumb = /** @type {HTMLElement|null} */ (app.querySelector(`.thumb[data-id="${id}"]`)), row = thumb?.parentElement;
  if (thumb && row) row.scrollLeft = thumb.offsetLeft - row.offsetLeft - (row.clientWidth - thumb.offsetWidth) / 2;
}

// ------------------------------------------------------------------------------------------------------------ actions

function draw() {
  const points = get().experiment?.points;
  set({ drawing: true, playing: false });
  void session.pause();
  brush.begin(points && !points.exact ? points.data : null);
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

async function share() {
  const { experiment, fromFile } = get();
  if (!experiment) return;
  const address = `${location.origin}${location.pathname}#${formatLink(experiment)}`;
  const { lesson, points } = experiment;
  const note = lesson !== null ? t('share.copied') : fromFile !== null ? t('share.file')
    : points && writePoints(points) === null ? t('share.points', { n: points.data.length / 2, max: points.exact ? LINK_POINTS.exact : LINK_POINTS.drawn })
    : experiment.data === OWN_IMAGES || (experiment.data === OWN_POINTS && !points) ? t('share.images') : t('share.copied');
  if (await copy(address)) session.tell('share', 'info', note);
  else window.prompt(t('share.manual'), address);
}

async function save() {
  try {
    const { bytes, name } = await session.save();
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    session.tell('save', 'error', t('fail.save', { reason: reason(error) }));
  }
}

/** @param {Event} event */
function filesPicked(event) {
  const input = /** @type {HTMLInputElement} */ (event.currentTarget), files = [...(input.files ?? [])];
  input.value = '';
  if (files.length) void session.openFiles(files);
}

// --------------------------------------------------------------------------------------------------------------- keys

const TYPING = 'textarea, select, [contenteditable], input:not([type=range]):not([type=checkbox]):not([type=radio])';
const PRESSED_BY_SPACE = 'button, a, summary, input, [role=application]';

window.addEventListener('keydown', (event) => {
  const target = event.target instanceof Element ? event.target : document.body;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest(TYPING) || target.closest('dialog[open]')) return;
  const act = () => event.preventDefault();
  if (event.key === ' ') {
    if (target.closest(PRESSED_BY_SPACE) && !target.matches('input[type=range]')) return;
    act();
    if (!event.repeat) session.toggle();
  } else if (event.key === 's' || event.key === 'S') {
    act();
    void session.stepOnce();
  } else if ((event.key === 'r' || event.key === 'R') && !event.repeat) {
    act();
    void session.reset();
  } else if (event.key === 'Escape' && get().drawing) set({ drawing: false });
});

// -------------------------------------------------------------------------------------------------------------- files

let depth = 0;
/** @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
window.addEventListener('dragenter', (event) => {
  if (hasFiles(event) && depth++ === 0) set({ dragging: true });
});
window.addEventListener('dragleave', (event) => {
  if (hasFiles(event) && --depth <= 0) set({ dragging: ((depth = 0), false) });
});
window.addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault());
window.addEventListener('drop', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  depth = 0;
  set({ dragging: false });
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length) void session.openFiles(files);
});

// ---------------------------------------------------------------------------------------------------------- beginning

store.subscribe(schedule);
paint();
surface.observe(() => {
  session.resize();
  brush.paint();
});
for (const query of ['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)'])
  matchMedia(query).addEventListener('change', () => {
    colours.clear();
    session.theme();
    painted = { ...painted, history: null, run: null };
    set({ thumbs: { ...get().thumbs } });
  });
window.addEventListener('hashchange', () => {
  if (get().catalogue && location.hash.slice(1) !== written) void session.follow(readAddress());
});

// A figure in somebody's page rests while nobody sees it.
let resting = false;
new IntersectionObserver(([entry]) => {
  const { experiment, playing } = get();
  if (!experiment?.embed) return;
  if (!entry.isIntersecting && playing) {
    resting = true;
    void session.pause();
  } else if (entry.isIntersecting && resting) {
    resting = false;
    void session.play();
  }
}).observe(/** @type {Element} */ (surface.host.value));

let coloured = false;
store.subscribe(({ catalogue }) => {
  if (!catalogue || coloured) return;
  coloured = true;
  applyPalette(catalogue.palette);
  void fetch(new URL('formulas.json', document.baseURI)).then((response) => (response.ok ? response.json() : {})).then((found) => {
    formulas = found;
    schedule();
  });
});
void session.start();
