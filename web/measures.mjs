// measures.mjs -- the table of measures: each value with its error, and what a perfect sampler would score.
import { html, nothing } from 'lit/html.js';
import { plusMinus, t } from './text.mjs';

/** @typedef {{ name: string, title?: string, value: number|null, unit: string, better: 'lower'|'higher'|'floor', floor: number|null, se: number|null, n: number }} Measure */

/** @param {{ rows: Measure[], step: number }|null} measures @param {{ measuring: boolean, step: number, measure: () => void, ready: boolean }} state */
export function measuresTemplate(measures, { measuring, step, measure, ready }) {
  const old = measures && measures.step !== step;
  return html`
    ${measures && !measures.rows.length ? html`<p class="fine">${t('measure.nothing')}</p>` : measures ? html`
      <table class="measures ${old ? 'old' : ''}">
        <thead><tr><th scope="col">${t('measure.name')}</th><th scope="col">${t('measure.value')}</th>
          <th scope="col"><abbr title=${t('measure.floor.hint')}>${t('measure.floor')}</abbr></th></tr></thead>
        <tbody>${measures.rows.map((row) => line(row))}</tbody>
      </table>
      <p class="fine">${t('measure.floor.hint')}</p>` : html`<p class="fine">${t('measure.none')}</p>`}
    <p class="measured">
      <button type="button" class="small" @click=${measure} ?disabled=${measuring || !ready}>${t('measure.now')}</button>
      <span class="fine">${measuring ? t('measure.busy') : measures?.rows.length ? t('measure.at', { step: measures.step.toLocaleString('en'), n: most(measures.rows).toLocaleString('en') }) : nothing}</span>
    </p>`;
}

/** @param {Measure[]} rows */
const most = (rows) => Math.max(0, ...rows.map(({ n }) => n || 0));

const WAYS = /** @type {const} */ ({ lower: ['↓', 'measure.lower'], higher: ['↑', 'measure.higher'], floor: ['→', 'measure.nearer'] });

/** @param {Measure} row */
function line(row) {
  const { value, se, floor } = plusMinus(row.value ?? NaN, row.se, row.floor);
  const [arrow, key] = WAYS[row.better], way = t(key);
  return html`<tr>
<th scope="row">${row.title ?? row.name} <span class="way" title=${way} aria-label=${way} role="img">${arrow}</span></th>
    <td><span class="value">${value}</span>${se ? html` <span class="se">± ${se}</span>` : nothing}${row.unit ? html` <span class="unit">${row.unit}</span>` : nothing}</td>
    <td>${floor}</td>
  </tr>`;
}
