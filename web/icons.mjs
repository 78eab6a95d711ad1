// icons.mjs -- the page's few icons, drawn on a grid of 24 in the current colour.
import { svg, html } from 'lit/html.js';

/** @param {import('lit/html.js').TemplateResult} shape */
const icon = (shape) => html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${shape}</svg>`;

export const reset = icon(svg`<path class="line" d="M5.2 9.5a7.3 7.3 0 1 1-.5 4.2"/><path class="line" d="M4.6 4.6v5.1h5.1"/>`);
export const play = icon(svg`<path d="M8 5.1v13.8c0 .6.7 1 1.2.7l10.6-6.9a.8.8 0 0 0 0-1.4L9.2 4.4A.8.8 0 0 0 8 5.1z"/>`);
export const pause = icon(svg`<rect x="6.5" y="4.5" width="4" height="15" rx="1"/><rect x="13.5" y="4.5" width="4" height="15" rx="1"/>`);
export const step = icon(svg`<path d="M6 6v12c0 .6.6.9 1.1.6l8.6-6a.7.7 0 0 0 0-1.2l-8.6-6A.7.7 0 0 0 6 6z"/><rect x="16.6" y="5.2" width="2.4" height="13.6" rx=".8"/>`);
export const slow = icon(svg`<circle class="line" cx="12" cy="12.6" r="7.4"/><path class="line" d="M12 8.4v4.4l-2.9 2.1M9.5 2.9h5"/>`);
export const share = icon(svg`<path class="line" d="M10.2 13.8a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1.2 1.2M13.8 10.2a4 4 0 0 0-5.7 0l-3 3a4 4 0 0 0 5.7 5.7l1.2-1.2"/>`);
export const embed = icon(svg`<path class="line" d="M8.5 7.5 4 12l4.5 4.5M15.5 7.5 20 12l-4.5 4.5M13.4 5l-2.8 14"/>`);
export const save = icon(svg`<path class="line" d="M12 4.5v10M7.8 10.6l4.2 4.2 4.2-4.2M5 18.8h14"/>`);
export const load = icon(svg`<path class="line" d="M3.8 18.4V6.2c0-.5.4-.9.9-.9h4.6l2 2.4h7c.5 0 .9.4.9.9v1.7M3.8 18.4l2.6-7.2c.1-.4.5-.6.9-.6h12.6c.6 0 1 .6.8 1.2l-2.2 6.2c-.1.4-.5.6-.9.6H4.3"/>`);
export const brush = icon(svg`<path class="line" d="M14.2 13.2 20 4.6c.4-.6-.3-1.3-.9-.9l-8.5 5.9"/><path class="line" d="M10.6 9.6c1.9.6 3 1.7 3.6 3.6M10.4 9.7c-4.200-.3-4.600 3.300-5 5.400-.2 1.400-.7 2.300-1.900 2.900 4.300 1.800 10.200 1.200 10.700-4.600"/>`);
export const dice = icon(svg`<rect class="line" x="4.5" y="4.5" width="15" height="15" rx="3.2"/><circle cx="9" cy="9" r="1.4"/><circle cx="15" cy="15" r="1.4"/><circle cx="15" cy="9" r="1.4"/><circle cx="9" cy="15" r="1.4"/>`);
export const close = icon(svg`<path class="line" d="m6 6 12 12M18 6 6 18"/>`);
