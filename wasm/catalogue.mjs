// catalogue.mjs -- what there is to choose from: models with their parameters and views, and data sets.
//
// The engine writes it as JSON from its own tables, so a model or a data set that is added there appears here.  What depends on the
// kind of data (a default, the verbs) comes as { points, image } and is made plain where both are the same.  Everything is frozen.

/**
 * @typedef {'points' | 'image'} Kind
 */

/**
 * Something that is the same for every kind of data, or differs.
 * @template T
 * @typedef {T | { readonly points: T, readonly image: T }} ByKind
 */

/**
 * @typedef {'sample' | 'encode' | 'decode' | 'reconstruct' | 'interpolate' | 'logProb' | 'bound' | 'trace' | 'inpaint' | 'twins' | 'field' | 'label' | 'critic' | 'steps' | 'estimates'} Verb
 */

/**
 * What a parameter may be: a number, a word among `choices`, true or false.
 * @typedef {number | string | boolean} Value
 */

/**
 * A knob of a model, or an option of a view.
 * @typedef {object} Param
 * @property {string} key
 * @property {string} title
 * @property {'number' | 'integer' | 'choice' | 'boolean'} type
 * @property {ByKind<Value>} default
 * @property {number} [min] smallest accepted, of numbers and integers
 * @property {number} [max] largest accepted
 * @property {readonly string[]} choices of choices, else empty
 * @property {'linear' | 'log'} scale how a slider should run
 * @property {boolean} live may change while training; otherwise a change starts the run anew
 * @property {string} help one sentence
 * @property {string} group heading in menus
 */

/**
 * A picture that a run can draw, or the numbers behind it.
 * @typedef {object} View
 * @property {string} id
 * @property {string} kind `points`, `images`, `latent` or `trace`: which controls go with it
 * @property {string} title
 * @property {readonly Param[]} options
 * @property {string} help one sentence
 * @property {string} start what stands at the start of a trace's slider
 * @property {string} end and at its end
 */

/**
 * Exact numbers and their picture: a view that needs no run.
 * @typedef {View & { summary: string, about: string, rows: readonly string[], columns: readonly string[], key: readonly { role: string, text: string }[] }} Lesson
 *   about: as a model's; rows, columns: titles of its table's; key: what the palette's colours mean
 */

/**
 * @typedef {object} Model
 * @property {string} id
 * @property {string} title
 * @property {string} family
 * @property {string} summary
 * @property {string} paper
 * @property {string} about for students: paragraphs between blank lines, `## ` headings, formulas in $...$
 * @property {readonly Param[]} params
 * @property {readonly Kind[]} data the kinds of data that it learns from
 * @property {ByKind<readonly Verb[]>} can the verbs of a run, `label` where it takes a class, `critic` where there is one, `steps` where sampling takes steps
 * @property {readonly { readonly key: string, readonly title: string, readonly help: string }[]} losses
 * @property {readonly View[]} views
 */

/**
 * @typedef {object} Dataset
 * @property {string} id
 * @property {string} title
 * @property {string} summary
 * @property {Kind} kind
 * @property {readonly number[]} shape of one example
 * @property {number} classes 0: no labels
 * @property {readonly string[]} attributes
 * @property {number | null} entropy nats, where known
 * @property {number | null} size rows; null: endless
 * @property {string} source
 */

/**
 * The names of colours that views use, light and dark theme, as 0xRRGGBB.
 * @typedef {{ readonly light: Readonly<Record<string, number>>, readonly dark: Readonly<Record<string, number>> }} Palette
 */

/**
 * @typedef {{ version: string, models: readonly Readonly<Model>[], lessons: readonly Readonly<Lesson>[], datasets: readonly Readonly<Dataset>[], palette: Palette }} Catalogue
 */

/**
 * @param {string} json
 * @returns {Catalogue}
 */
export function readCatalogue(json) {
  return JSON.parse(json, (_, value) => Object.freeze(plain(value)));
}

/**
 * { points, image } where both are the same becomes that.
 * @param {any} value
 * @returns {any}
 */
function plain(value) {
  if (value === null || typeof value !== 'object' || Object.keys(value).join() !== 'points,image') return value;
  return JSON.stringify(value.points) === JSON.stringify(value.image) ? value.points : value;
}

/**
 * Which of both it is for that kind of data.
 * @template T
 * @param {ByKind<T>} value
 * @param {Kind} kind
 * @returns {T}
 */
export function forKind(value, kind) {
  const both = /** @type {any} */ (value);
  return both !== null && typeof both === 'object' && 'points' in both && 'image' in both ? both[kind] : both;
}
