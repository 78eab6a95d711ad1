// text.mjs -- every sentence of the page's own, by key, so that other languages are tables beside this one.
//
// What the catalogue names (models, knobs, data sets, views, measures) it says itself.  {name} stands for what the caller gives.

/** @type {Record<string, string>} */
const en = {
  'page.title': 'Genplay – {model} on {data}',
  'page.title.lesson': 'Genplay – {lesson}',
  'page.name': 'Genplay',
  'page.tagline': 'generative models, trained live',
  'page.drawing': 'Drawing …',
  'page.starting': 'Starting the engine …',

  'transport.title': 'Training',
  'transport.reset': 'Reset',
  'transport.reset.hint': 'Back to the start of this experiment, and the same run again (R)',
  'transport.play': 'Play',
  'transport.pause': 'Pause',
  'transport.play.hint': 'Train, or pause (Space)',
  'transport.step': 'Step',
  'transport.step.hint': 'One training step (S)',
  'transport.slow': 'Slow motion',
  'transport.slow.hint': 'A few steps a second',
  'transport.counter': 'training step',
  'transport.speed': '{speed} steps/s',
  'transport.epoch': 'epoch {epoch}',
  'transport.paused': 'paused',

  'status.playing': 'Training',
  'status.paused': 'Paused at step {step}',
  'status.reset': 'Back at the start, step {step}',
  'status.opened': '{model} on {data}, at step {step}',
  'status.lesson': '{lesson}',
  'status.view': 'View: {view}',

  'action.title': 'Links and files',
  'action.share': 'Share',
  'action.share.hint': 'Copy a link to exactly this experiment',
  'action.embed': 'Embed',
  'action.embed.hint': 'HTML for your own page',
  'action.save': 'Save',
  'action.save.hint': 'Download the weights, with the whole experiment in them',
  'action.load': 'Open',
  'action.load.hint': 'Weights (.safetensors), points (CSV) or images (PNG or IDX, with a CSV of their attributes); or drop files anywhere on the page',
  'action.close': 'Close',
  'action.copy': 'Copy',
  'action.dismiss': 'Dismiss',
  'action.restart': 'Start the engine again',
  'action.first': 'Open the first experiment',
  'action.whole': 'Genplay ↗',
  'action.whole.hint': 'The whole page with this experiment, in a new tab',

  'share.copied': 'Link copied: it opens exactly this experiment, at its start.',
  'share.manual': 'Copy this link: it opens exactly this experiment, at its start.',
  'share.points': 'Link copied without your {n} points: a link carries at most {max}. Save the weights to keep them together.',
  'share.images': 'Link copied, but your own data do not fit into a link. Save the weights to keep the model and its data together.',
  'share.file': 'Link copied, but the weights from your file do not travel in a link. Send the file along.',
  'embed.title': 'Put this figure on your page',
  'embed.help': 'Paste this where the figure should stand. It opens paused, and it pauses whenever it is off-screen.',
  'embed.hide': 'Add &hide=views,time,transport to the address to hide parts, &show=loss,knobs to show more, &lock=rate to lock a knob.',
  'embed.copied': 'Copied.',

  'data.title': 'Data',
  'data.pick': 'Pick what to learn',
  'data.draw': 'draw',
  'data.draw.hint': 'Draw your own points',
  'data.images': 'Images',
  'data.points': 'Points in the plane',
  'data.kind': '{model} does not learn from data like {data}. Choose another model for it.',
  'data.classes': '{model} is told the class of every example, and {data} has no classes. Choose another model for it.',
  'data.yours': 'Your points',
  'data.yourImages': 'Your images',
  'data.about.entropy': 'Entropy {entropy} nats: no test loss can be lower.',
  'data.about.classes': '{classes} classes.',
  'data.about.size': '{size} examples.',
  'data.about.attributes': 'Known of each: {names}.',
  'data.loading': 'Loading {data} …',

  'brush.title': 'Draw the points to learn',
  'brush.help': 'Draw with mouse, pen or finger. By keyboard: arrows move the brush, Enter puts points.',
  'brush.clear': 'Clear',
  'brush.done': 'Learn these points',
  'brush.cancel': 'Cancel',
  'brush.count': '{n} points',
  'brush.link': '{n} points: a link carries at most {max}',
  'brush.canvas': 'Drawing area, x and y from −4 to 4',
  'brush.size': 'Brush size',

  'model.title': 'Model',
  'model.pick': 'Model',
  'model.lessons': 'Exercises',
  'lesson.table': 'Numbers',
  'model.choose': 'Choose a model …',
  'model.kind': ' (for other data)',
  'model.classes': ' (for data with classes)',
  'model.trained': 'Open it trained: {data}',
  'view.title': 'What to show',
  'view.options': 'Picture settings',
  'stage.lesson': 'Picture: {view}',
  'stage.label': 'Picture of the model: {view}',
  'stage.pretrained': 'pretrained · {steps} steps',
  'stage.continued': 'pretrained + {steps} steps',
  'stage.file': 'from your file',
  'stage.onward': 'Continue from here',
  'stage.scratch': 'Train from scratch',
  'stage.lost': 'The graphics card took the picture away. Training is not touched; the picture is being rebuilt.',
  'stage.nogl': 'This browser gives no WebGL2, so there is no picture. Training and measuring work as usual.',
  'stage.handle': 'Code {name} at {x}, {y}. Arrow keys move it.',
  'stage.drop': 'Drop points (CSV), images (PNG or IDX, with a CSV of their attributes) or weights (.safetensors)',
  'stage.pick': 'Press on the plane to pick code a, then code b; drag to move them.',

  'time.label': 'Sampling time',
  'time.play': 'Run through sampling time',
  'time.pause': 'Stop',

  'legend.data': 'data',
  'legend.sample': 'generated',

  'knobs.title': 'Knobs',
  'knobs.live': 'live',
  'knobs.live.hint': 'Applies at once, while training goes on',
  'knobs.restart': 'restarts',
  'knobs.restart.hint': 'A change starts the training anew',
  'knobs.default': 'Back to the default, {value}',
  'knobs.about': 'About {name}',
  'knobs.range': 'From {min} to {max}, default {default}.',
  'knobs.seed': 'Seed',
  'knobs.seed.help': 'Same seed, same run: initial weights, batches and noise follow from it.',
  'knobs.seed.new': 'Another seed',
  'knobs.other': 'model',

  'fast.title': 'Speed',
  'fast.simd': 'standard',
  'fast.simd.help': 'One core. The same numbers on every machine.',
  'fast.threads': 'all cores',
  'fast.threads.help': 'All cores, and still the same numbers as on every machine. Large models gain; small ones do not, and the machine gets warm.',
  'fast.relaxed': 'fused',
  'fast.relaxed.help': 'One core with fused multiply-add, up to 1.3 times as fast. Gives up: the numbers repeat on this machine and browser only.',

  'loss.title': 'Loss',
  'loss.empty': 'Nothing trained yet. Press play.',
  'loss.from': 'Trained for {steps} steps before it came here. Press play to go on.',
  'loss.label': 'Loss against training step',
  'loss.line': 'theory {value}',
  'loss.now': 'now',
  'loss.theory': 'theory',

  'measure.title': 'Measures',
  'measure.name': 'measure',
  'measure.value': 'value',
  'measure.floor': 'perfect',
  'measure.floor.hint': 'What fresh real data score: no model can be expected to do better.',
  'measure.lower': 'lower is better',
  'measure.higher': 'higher is better',
  'measure.nearer': 'the nearer to what real data score, the better',
  'measure.at': 'at step {step}, from {n} samples',
  'measure.busy': 'measuring …',
  'measure.now': 'Measure now',
  'measure.nothing': 'There is nothing to measure here yet.',
  'measure.none': 'Measured when training pauses.',

  'about.title': 'About {model}',
  'about.paper': 'Paper',
  'about.formula': 'formula',

  'link.version': 'The link was made for version {version} of the page; what this version understands was used.',
  'link.ignored': 'The link has settings that do not exist here and were ignored: {names}.',
  'link.value': 'The link asks for {name} = “{value}”, which is no value here; the default was used.',
  'link.clamped': 'The link asks for {name} = {value}, which is out of range; {used} was used.',
  'link.model': 'The link asks for the model “{id}”, which is not here. Choose another from the menu.',
  'link.lesson': 'The link asks for the exercise “{id}”, which is not here. Choose another from the menu.',
  'link.data': 'The link asks for the data set “{id}”, which is not on this site. Choose another, or drop its files on the page.',
  'link.own': 'The link was made with somebody’s own data, which did not fit into it. Draw your own or choose a data set.',
  'link.kind': '{model} does not learn from {data}. Choose another model or data set.',
  'link.classes': '{model} is told the class of every example, and {data} has no classes. Choose another model or data set.',
  'link.weights': 'The link asks for the pretrained weights “{id}”, which are not here. Choose a model and a data set.',
  'link.points': 'The points in the link are damaged. Ask for the link again, or choose a data set.',

  'fail.start': 'The engine did not start: {reason} Reload the page, or use a current browser.',
  'fail.dead': 'The engine stopped unexpectedly and was started again at the beginning of this experiment. Press play to train.',
  'fail.deadTwice': 'The engine stopped again: {reason} Choose something smaller, or start it again.',
  'fail.silent': 'The engine has been busy for a long time. Wait, or start it again: that returns to the beginning of the experiment.',
  'fail.diverged': 'Training diverged at {reason} Press Reset to start again.',
  'fail.open': 'That cannot be opened: {reason} What was open stays.',
  'fail.nothing': 'That cannot be opened: {reason} Choose another model or data set.',
  'fail.knob': '{name} was not changed: {reason}',
  'fail.fast': 'The speed was not changed: {reason}',
  'fail.view': 'This view cannot be drawn: {reason} Choose another view.',
  'fail.weights': 'The pretrained weights could not be fetched: {reason} Choose a model and a data set to train from scratch.',
  'fail.data': 'The data set {data} could not be fetched: {reason} Choose another data set.',
  'fail.file': 'The file {file} cannot be used: {reason} What was open stays.',
  'fail.save': 'The weights cannot be saved: {reason}',
  'fail.measure': 'The measures are not available: {reason}',
  'fail.other': '{reason}',

  'file.kind': 'it is neither points (CSV), nor images (PNG or IDX), nor weights (.safetensors).',
  'file.empty': 'it is empty.',
  'file.columns': 'line {line} has {n} values where two numbers, x and y, are expected.',
  'file.number': 'line {line} has “{text}” where a number is expected.',
  'file.finite': 'line {line} has a number that single precision cannot hold.',
  'file.labels': 'it holds labels without images: drop both files together.',
  'file.gzip': 'its gzip packing is damaged.',
  'file.opened': 'Opened {file}.',
  'file.points': 'Learning from the {n} points of {file}.',
  'file.mixed': 'these files do not go together: drop PNG pictures, or IDX files, with at most one table (CSV).',
  'file.images': 'Learning from {file}: {facts}.',
  'file.images.size': '{n} pictures of {width} × {height}',
  'file.images.colour': 'in colour',
  'file.images.classes': '{n} classes',
  'file.images.attributes': 'attributes {names}',
};

const tables = { en };
let language = 'en';

/** @param {string} code */
export const setLanguage = (code) => void (language = code in tables ? code : 'en');

/**
 * The text of a key.
 * @param {string} key @param {Record<string, any>} [values] for its braces; numbers are written as they are
 */
export function t(key, values = {}) {
  const text = tables[/** @type {'en'} */ (language)][key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** What a link says may be of any length; a sentence is not. @param {import('./state.mjs').Note} note */
export const say = ({ key, ...values }) => t(key, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, cut(String(value))])));
/** @param {string} text */
const cut = (text) => (text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(/\p{Cc}/gu, '·');

/** Ends a reason like a sentence. @param {any} error */
export function reason(error) {
  const text = String(error?.message ?? error ?? '').trim();
  return text && !/[.!?…]$/.test(text) ? `${text}.` : text;
}

// ------------------------------------------------------------------------------------------------------------- numbers

/** A number as short as it can be said with `digits` significant ones. @param {number|null|undefined} value @param {number} [digits] */
export function number(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value < 0 ? '−∞' : '∞';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split('e');
    return `${minus(String(Number(mantissa)))}·10${superscript(Number(exponent))}`;
  }
  return minus(size >= 10 ** digits ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(digits))));
}

/** With that many decimals. @param {number} value @param {number} decimals */
export const fixed = (value, decimals) => minus(value.toFixed(decimals));

/** @param {string} text */
const minus = (text) => text.replace('-', '−');

/** @param {number} n */
const superscript = (n) => [...String(n)].map((c) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(c)] ?? '⁻').join('');

/** Digits with leading zeros, grouped: 000,420. @param {number} n */
export function counter(n) {
  const text = String(n).padStart(6, '0').replace(/\B(?=(\d{3})+$)/g, ',');
  const zeros = /^[0,]*(?=.)/.exec(text)?.[0] ?? '';
  return n === 0 ? { zeros: text, digits: '' } : { zeros, digits: text.slice(zeros.length) };
}

/**
 * A value, its standard error and its floor, all with as many decimals as the error allows (or three digits of the larger one).
 * @param {number} value @param {number|null} [se] @param {number|null} [floor]
 */
export function plusMinus(value, se, floor) {
  const known = [value, floor ?? NaN].filter(Number.isFinite).map(Math.abs), size = Math.max(0, ...known);
  const sure = se !== null && se !== undefined && Number.isFinite(se) && se > 0;
  // One digit of the error, two when it begins with a one.
  const digit = sure ? Math.floor(Math.log10(se / 1.95)) : Math.floor(Math.log10(size || 1)) - 2;
  if (size >= 1e6 || -digit > 6) return { value: number(value), se: sure ? number(se, 1) : '', floor: number(floor) };
  const write = (/** @type {number|null|undefined} */ x) => (x === null || x === undefined || !Number.isFinite(x) ? number(x) : fixed(x, Math.max(0, -digit)));
  const whole = !sure && known.every(Number.isInteger);
  return whole ? { value: number(value), se: '', floor: number(floor) } : { value: write(value), se: sure ? write(se) : '', floor: write(floor) };
}
