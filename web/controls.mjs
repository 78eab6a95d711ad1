// controls.mjs -- a control for every row of a knob table: sliders with number fields, menus, switches.
//
// Knows rows (state.mjs, Row), never which model or view they belong to.  The page is rendered many times a second while it trains, so a field
// or a slider is written only when its value changes: never under the hand of somebody who types or drags.  A live knob follows the slider; one that restarts training
// changes when the slider is let go.
import { html, nothing } from 'lit/html.js';
import { live } from 'lit/directives/live.js';
import * as icons from './icons.mjs';
import { clampValue, rowDefault } from './state.mjs';
import { number, t } from './text.mjs';

/** @typedef {import('./state.mjs').Row} Row */

const POSITIONS = 200;

/** @param {Row} row */
const isLog = (row) => row.scale === 'log' && (row.min ?? 0) > 0;

/** Where on its slider, 0..POSITIONS, a value stands. @param {Row} row @param {number} value */
export function toPosition(row, value) {
  const min = row.min ?? 0, max = row.max ?? 1;
  if (max <= min) return 0;
  const share = isLog(row) ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.round(POSITIONS * Math.min(1, Math.max(0, share)));
}

/** The round value at a position of the slider. @param {Row} row @param {number} position */
export function fromPosition(row, position) {
  const min = row.min ?? 0, max = row.max ?? 1, share = position / POSITIONS;
  if (position <= 0) return min;
  if (position >= POSITIONS) return max;
  if (isLog(row)) return clampValue(row, Number((min * (max / min) ** share).toPrecision(2)));
  const step = 10 ** Math.floor(Math.log10((max - min) / 100));
  return clampValue(row, Number((Math.round((min + share * (max - min)) / step) * step).toPrecision(10)));
}

/**
 * The value that a moved slider asks for.  Rounding must not swallow a key press: where it would, the next value that differs.
 * @param {Row} row @param {number} value what it was @param {number} position where the slider is now
 */
export function movedValue(row, value, position) {
  const way = Math.sign(position - toPosition(row, value));
  let next = fromPosition(row, position);
  for (let p = position; next === value && way !== 0 && p > 0 && p < POSITIONS; ) next = fromPosition(row, (p += way));
  return next;
}

/** A knob's value as its field shows it. @param {any} value */
const fieldText = (value) => (typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value));

/**
 * @typedef {{ prefix: string, kind: string, value: any, disabled?: boolean, marks?: boolean, onChange: (row: Row, value: any) => void }} Wiring
 *   `marks`: say whether it applies live or restarts training
 */

/** @param {Row} row @param {Wiring} wiring */
export function control(row, wiring) {
  const { prefix, kind, value, marks } = wiring;
  const id = `${prefix}-${row.key}`, standard = rowDefault(row, kind);
  const changed = value !== standard && value !== undefined;
  const undo = changed && !wiring.disabled ? html`<button type="button" class="undo" title=${t('knobs.default', { value: fieldText(standard) })}
    aria-label=${t('knobs.default', { value: fieldText(standard) })} @click=${() => wiring.onChange(row, standard)}>${icons.reset}</button>` : nothing;
  return html`
    <div class="knob ${row.type} ${changed ? 'changed' : ''}" data-key=${row.key}>
      <div class="knob-head">
        ${row.type === 'choice' && isSegmented(row) ? html`<span class="name" id=${`${id}-name`}>${row.title}</span>` : html`<label class="name" for=${id}>${row.title}</label>`}
        ${info(row, id, standard)}
        ${marks ? html`<span class="when ${row.live ? 'is-live' : ''}" title=${t(row.live ? 'knobs.live.hint' : 'knobs.restart.hint')}>${t(row.live ? 'knobs.live' : 'knobs.restart')}</span>` : nothing}
        ${row.type === 'number' || row.type === 'integer' ? html`<span class="field-box">${undo}${field(row, id, wiring)}</span>` : undo}
        ${row.type === 'boolean' ? toggle(row, id, wiring) : nothing}
      </div>
      ${row.type === 'number' || row.type === 'integer' ? slider(row, id, wiring) : nothing}
      ${row.type === 'choice' ? (isSegmented(row) ? segments(row, id, wiring) : menu(row, id, wiring)) : nothing}
    </div>`;
}

/** The control of a number that counts names: a choice among them. @param {Row} row @param {Wiring} wiring @param {readonly string[]} names */
export const named = (row, wiring, names) => control({ ...row, type: 'choice', choices: [...names], default: names[rowDefault(row, wiring.kind)] },
  { ...wiring, value: names[wiring.value], onChange: (_, name) => wiring.onChange(row, names.indexOf(name)) });

/** @param {Row} row */
const isSegmented = ({ choices = [] }) => choices.length <= 4 && choices.join('').length <= 26;

/** Help on hover, focus and touch. @param {Row} row @param {string} id @param {any} standard */
function info(row, id, standard) {
  const range = row.type === 'number' || row.type === 'integer' ? ` ${t('knobs.range', { min: number(row.min), max: number(row.max), default: fieldText(standard) })}` : '';
  if (!row.help && !range) return nothing;
  return html`<span class="info">
    <button type="button" aria-label=${t('knobs.about', { name: row.title })} aria-describedby=${`${id}-tip`} @keydown=${closeOnEscape}>?</button>
    <span role="tooltip" class="tip" id=${`${id}-tip`}>${row.help}${range}</span>
  </span>`;
}

/** @param {KeyboardEvent} event */
function closeOnEscape(event) {
  if (event.key === 'Escape') /** @type {HTMLElement} */ (event.currentTarget).blur();
}

/** @param {Row} row @param {string} id @param {Wiring} wiring */
function field(row, id, { value, disabled, onChange }) {
  const text = fieldText(value);
  /** @param {Event} event */
  const changed = (event) => {
    const input = /** @type {HTMLInputElement} */ (event.currentTarget);
    const wanted = Number(input.value.trim().replace(',', '.').replace('−', '-'));
    if (input.value.trim() === '' || !Number.isFinite(wanted)) input.value = text;
    else {
      const next = clampValue(row, wanted);
      input.value = fieldText(next);
      if (next !== value) onChange(row, next);
    }
  };
  return html`<input class="field" id=${id} type="text" inputmode=${row.type === 'integer' && (row.min ?? 0) >= 0 ? 'numeric' : 'decimal'} autocomplete="off"
    .value=${text} ?disabled=${disabled} @change=${changed} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === 'Enter' && changed(event)}>`;
}

/** @param {Row} row @param {string} id @param {Wiring} wiring */
function slider(row, id, { value, disabled, marks, onChange }) {
  const position = toPosition(row, value);
  /** @param {Event} event */
  const wanted = (event) => movedValue(row, value, Number(/** @type {HTMLInputElement} */ (event.currentTarget).value));
  /** @param {Event} event */
  const moved = (event) => {
    const next = wanted(event);
    if (row.live || !marks) return void (next !== value && onChange(row, next));
    const field = /** @type {HTMLElement} */ (event.currentTarget).closest('.knob')?.querySelector('.field');
    if (field) /** @type {HTMLInputElement} */ (field).value = fieldText(next);
  };
  /** @param {Event} event */
  const settled = (event) => {
    const next = wanted(event);
    // Back to where the value is: what was refused must not stand there as if it held.
    if (!row.live && marks) /** @type {HTMLInputElement} */ (event.currentTarget).value = String(position);
    if (next !== value) onChange(row, next);
  };
  return html`<input class="slider" type="range" min="0" max=${POSITIONS} step="1" .value=${String(position)} style="--at:${position / POSITIONS}"
    aria-label=${row.title} aria-valuetext=${fieldText(value)} ?disabled=${disabled} @input=${moved} @change=${settled}>`;
}

/** @param {Row} row @param {string} id @param {Wiring} wiring */
function menu(row, id, { value, disabled, onChange }) {
  return html`<select id=${id} ?disabled=${disabled} @change=${(/** @type {Event} */ e) => onChange(row, /** @type {HTMLSelectElement} */ (e.currentTarget).value)}>
    ${row.choices?.map((choice) => html`<option value=${choice} ?selected=${choice === value} .selected=${live(choice === value)}>${choice}</option>`)}
  </select>`;
}

/** @param {Row} row @param {string} id @param {Wiring} wiring */
function segments(row, id, { value, disabled, onChange }) {
  return html`<div class="segments" role="radiogroup" aria-labelledby=${`${id}-name`}>
    ${row.choices?.map((choice) => html`<label><input type="radio" name=${id} value=${choice} .checked=${live(choice === value)} ?disabled=${disabled}
      @change=${() => onChange(row, choice)}><span>${choice}</span></label>`)}
  </div>`;
}

/** @param {Row} row @param {string} id @param {Wiring} wiring */
function toggle(row, id, { value, disabled, onChange }) {
  return html`<input class="switch" id=${id} type="checkbox" role="switch" .checked=${live(Boolean(value))} ?disabled=${disabled}
    @change=${(/** @type {Event} */ e) => onChange(row, /** @type {HTMLInputElement} */ (e.currentTarget).checked)}>`;
}
