// about.mjs -- a model's text for students, from the catalogue: paragraphs, "## " headings, "- " lists, formulas between dollars.
//
// Formulas were turned into MathML when the page was built (formulas.json); one that is missing there stands as its TeX.
import { html } from 'lit/html.js';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { t } from './text.mjs';

/** @typedef {{ kind: 'heading'|'paragraph'|'item'|'formula', text: string }} Block */

/** @param {string} about @returns {Block[]} */
export function blocks(about) {
  // A formula between double dollars stands on a line of its own, wherever its paragraph has it.
  return about.split(/\n\s*\n|\n(?=## |- )|(\$\$[^$]+\$\$)/).map((part) => part?.trim()).filter(Boolean).map((part) => {
    if (part.startsWith('## ')) return { kind: 'heading', text: part.slice(3) };
    if (part.startsWith('- ')) return { kind: 'item', text: part.slice(2) };
    if (part.startsWith('$$')) return { kind: 'formula', text: part };
    return { kind: 'paragraph', text: part.replace(/\s*\n\s*/g, ' ') };
  });
}

// Alphabets by the mathvariant that KaTeX writes: browsers know only the letters that Unicode has for them.
/** @type {Record<string, [number, string]>} */
const ALPHABET = { 'double-struck': [0x1d538, 'CℂHℍNℕPℙQℚRℝZℤ'], script: [0x1d49c, 'BℬEℰFℱHℋIℐLℒMℳRℛ'], bold: [0x1d400, ''] };

/** KaTeX's MathML as today's browsers draw it: letters of other alphabets, and some room around names of functions. @param {string} mathml */
export function modern(mathml) {
  return mathml.replace(/ mathvariant="(double-struck|script|bold)">([A-Z])</g, (_, variant, letter) => {
    const [start, special] = ALPHABET[variant], at = special.indexOf(letter);
    return ` mathvariant="normal">${at >= 0 ? special[at + 1] : String.fromCodePoint(start + letter.charCodeAt(0) - 65)}<`;
  }).replace(/(<mi>[a-z]{2,}<\/mi>)<mo>\u2061<\/mo>(<mo)?/g, (_, name, bracket = '') => `<mspace width="0.17em"/>${name}${bracket ? '' : '<mspace width="0.17em"/>'}${bracket}`);
}

/** Text with its formulas. @param {string} text @param {Record<string, string>} formulas */
export function rich(text, formulas) {
  return text.split(/(\$\$[^$]+\$\$|\$[^$]+\$)/).map((part) => {
    if (part.length < 3 || !part.startsWith('$')) return part;
    const tex = part.replace(/^\$\$?|\$\$?$/g, '').replace(/\s*\n\s*/g, ' ');
    return formulas[tex] ? unsafeHTML(modern(formulas[tex])) : html`<code>${tex}</code>`;
  });
}

/** @param {string} about @param {Record<string, string>} formulas */
export function aboutTemplate(about, formulas) {
  return blocks(about).map(({ kind, text }) => {
    const content = rich(text, formulas);
    if (kind === 'heading') return html`<h3>${content}</h3>`;
    if (kind === 'item') return html`<p class="item">${content}</p>`;
    return kind === 'formula' ? html`<div class="formula" role="group" aria-label=${t('about.formula')} tabindex="0">${content}</div>` : html`<p>${content}</p>`;
  });
}

/** A paper's name, with a link where it is on arXiv. @param {string} paper */
export function paperTemplate(paper) {
  return paper.split(/(arXiv:\d{4}\.\d{4,5})/).map((part) => {
    const [, number] = /^arXiv:(.+)$/.exec(part) ?? [];
    return number ? html`<a href=${`https://arxiv.org/abs/${number}`} target="_blank" rel="noopener noreferrer">${part}</a>` : part;
  });
}
