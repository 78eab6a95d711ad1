// session.mjs -- what the page can do: every action of a visitor, as messages to the engine and changes of the store.
//
// It owns the bridge, and nothing else may speak with the engine.  No DOM: canvases, files and the address come as arguments.
// Rule of the link: the address always holds the start of what is open.  Reset opens exactly that again, so reset, reload and the
// link that somebody sent are the same run.
import { createBridge } from './bridge.mjs';
import { idxSizes } from '../wasm/pictures.mjs';
import { readFiles } from './files.mjs';
import { findData, findLesson, findModel, firstExperiment, formatLink, OWN_IMAGES, OWN_POINTS, parseLink, rowDefault } from './state.mjs';
import { reason, say, t } from './text.mjs';

/** @typedef {import('./state.mjs').Experiment} Experiment */
/** @typedef {import('./state.mjs').Note} Note */
/** @typedef {{ key: string, level: 'info'|'error', text: string, action?: { text: string, run: () => void } }} Notice */

const HISTORY_PAUSE = 300;       // milliseconds between two fetches of the loss curve
// Measuring holds the engine up: so long at most on its own account, so long when asked for; while training it pauses `share` times as long.
const MEASURE = { first: 2500, share: 12, idle: 350, alone: 1200, asked: 6000, trial: 32, whole: 1000 };

/** What the store holds beside the experiment. */
export const nothingYet = {
  /** @type {import('./state.mjs').Catalogue & { palette: any } | null} */ catalogue: null,
  /** @type {Experiment|null} */ experiment: null,
  /** @type {'starting'|'opening'|'open'|'missing'|'broken'} */ phase: 'starting',
  /** @type {any} */ run: null,
  /** @type {any[]|null} */ panels: null,
  note: '',
  /** @type {any} */ history: null,
  /** @type {{ data: Float64Array, shape: number[] }|null} */ table: null,
  /** @type {{ rows: any[], step: number }|null} */ measures: null,
  /** @type {Record<string, number>|null} */ losses: null,
  /** @type {Notice[]} */ notices: [],
  /** @type {Record<string, any>} */ thumbs: {},
  /** @type {{ build: string, threads: number, builds: string[] }} */ engine: { build: 'simd', threads: 1, builds: [] },
  step: 0, from: 0, epoch: 0, speed: /** @type {number|null} */ (null),
  playing: false, slow: false, measuring: false, drawing: false, dragging: false, noModel: false, lost: false, webgl: true, silent: false,
  busy: '', status: '', fromFile: /** @type {string|null} */ (null),
};

/**
 * @param {{ store: ReturnType<typeof import('./state.mjs').createStore<typeof nothingYet>>,
 *   surface: { fresh: () => { canvas: any, transfer: boolean }, size: () => { width: number, height: number, dpr: number },
 *     theme: () => { dark: boolean, calm: boolean } },
 *   port: (kind: 'worker'|'page') => Promise<any>, locks?: LockManager,
 *   fetchFile: (address: string) => Promise<Response>,
 *   address: { read: () => string, write: (link: string) => void } }} host
 */
export function createSession({ store, surface, port, locks, fetchFile, address }) {
  /** @type {ReturnType<typeof createBridge>} */
  let bridge;
  let place = /** @type {'worker'|'page'} */ ('worker');
  let opens = 0, deaths = 0, historyDue = false, historyAt = 0, measureAt = 0, measureCost = 0, perSample = 0, judged = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let measureTimer;
  /** @type {{ id: string, bytes: Uint8Array }|null} */
  let weights = null;            // what `weights` of the experiment, or the visitor's file, holds
  /** @type {Map<string, (bridge: any) => Promise<any>>} */
  const added = new Map();       // data sets that a new engine must be given again
  /** @type {Map<string, string>} */
  const engineNames = new Map(); // the engine takes a name once only: each drawing gets a new one there, and is `own` here
  let taken = new Set();
  let judgeFile = '';

  const { get, set } = store;
  const experiment = () => /** @type {Experiment} */ (get().experiment);

  /** @param {string} id */
  const toEngine = (id) => engineNames.get(id) ?? id;
  /** @param {string} id */
  const toPage = (id) => [...engineNames].find(([, name]) => name === id)?.[0] ?? id;
  /** The engine's data sets as the page names them, without drawings that were drawn over. @param {any[]} datasets */
  function toPageSets(datasets) {
    taken = new Set(datasets.map(({ id }) => id));
    const titles = new Map(get().catalogue?.elsewhere.map(({ id, title }) => [id, title]));
    return datasets.filter(({ id }) => !id.startsWith(OWN_POINTS) || toPage(id) !== id)
      .map((data) => ({ ...data, id: toPage(data.id), title: titles.get(data.id) ?? data.title }));
  }

  // ------------------------------------------------------------------------------------------------------- notices

  /** @param {string} key @param {Notice['level']} level @param {string} text @param {Notice['action']} [action] */
  function tell(key, level, text, action) {
    set({ notices: [...get().notices.filter((notice) => notice.key !== key), { key, level, text, action }] });
  }
  /** @param {string} key */
  const hush = (key) => {
    if (get().notices.some((notice) => notice.key === key)) set({ notices: get().notices.filter((notice) => notice.key !== key) });
  };
  const hushAll = () => set({ notices: [] });
  /** @param {any} error */
  const gone = (error) => error?.code === 'gone';

  // -------------------------------------------------------------------------------------------------------- engine

  async function connect() {
    const { canvas, transfer } = surface.fresh();
    const here = place === 'worker' && !transfer ? (place = 'page') : place;
    const mine = createBridge({
      port: await port(here), locks: here === 'worker' ? locks : undefined, onEvent, onDeath,
      onSilence: (silent) => {
        set({ silent });
        if (silent) tell('silent', 'error', t('fail.silent'), { text: t('action.restart'), run: revive });
        else hush('silent');
      },
    });
    bridge = mine;
    judged = false;
    const reply = await mine.call('start', { canvas, ...surface.size(), ...surface.theme() }, here === 'worker' ? [canvas] : []);
    mine.watch();
    if (!reply.webgl && here === 'worker') {
      mine.close();
      place = 'page';
      return connect();
    }
    set({ webgl: reply.webgl, lost: false, engine: { build: reply.build, threads: reply.threads, builds: reply.builds } });
    return reply;
  }

  async function start() {
    try {
      const [reply, data, pretrained] = await Promise.all([connect(), fetchJson('data/index.json'), fetchJson('pretrained/index.json')]);
      const { models, lessons, palette } = reply.catalogue, datasets = toPageSets(reply.catalogue.datasets);
      const here = new Set(datasets.map((/** @type {any} */ d) => d.id));
      const elsewhere = Object.entries(data ?? {}).filter(([id]) => !here.has(id)).map(([id, files]) => ({ id, title: id.toUpperCase(), kind: 'image', shape: [], ...(/** @type {any} */ (files).labels ? {} : { classes: 0 }), files }));
      // Weights whose data are not at hand cannot be opened.
      const sets = [...datasets, ...elsewhere];
      const known = Object.entries(pretrained ?? {}).filter(([, entry]) => entry?.file && models.some((/** @type {any} */ m) => m.id === entry.model) && sets.some(({ id }) => id === entry.data));
      judgeFile = pretrained?.judge?.file ?? '';
      set({ catalogue: { models, lessons, datasets, palette, elsewhere, weights: Object.fromEntries(known) } });
      await follow(address.read());
      void thumbnails();
    } catch (error) {
      if (gone(error)) return;
      set({ phase: 'broken' });
      tell('start', 'error', t('fail.start', { reason: reason(error) }));
    }
  }

  /** @param {string} name */
  async function fetchJson(name) {
    const response = await fetchFile(name);
    return response.ok ? response.json() : null;
  }

  /** @param {string} why */
  async function onDeath(why) {
    const { catalogue } = get();
    set({ playing: false, speed: null, measuring: false });
    if (!catalogue) {
      set({ phase: 'broken' });
      return tell('start', 'error', t('fail.start', { reason: reason(why) }));
    }
    if (++deaths > 2) {
      set({ phase: 'broken' });
      return tell('dead', 'error', t('fail.deadTwice', { reason: reason(why) }), { text: t('action.restart'), run: revive });
    }
    tell('dead', 'error', t('fail.dead'));
    await revive(false);
  }

  // A new engine, told of everything that the old one knew, at the start of the experiment.
  async function revive(clean = true) {
    bridge.close();
    if (clean) {
      hushAll();
      deaths = 0;
    }
    set({ phase: 'opening', panels: null, silent: false });
    try {
      const { catalogue } = get();
      let { datasets } = (await connect()).catalogue;
      for (const give of added.values()) ({ datasets } = await give(bridge));
      set({ catalogue: { .../** @type {any} */ (catalogue), datasets: toPageSets(datasets) } });
      await open(experiment(), { keepNotices: true });
    } catch (error) {
      if (gone(error)) return;
      set({ phase: 'broken' });
      tell('dead', 'error', t('fail.deadTwice', { reason: reason(error) }), { text: t('action.restart'), run: revive });
    }
  }

  // Gives the engine a fresh canvas when the browser does not give the old one's context back.
  async function freshCanvas() {
    const { canvas, transfer } = surface.fresh();
    const { webgl } = await bridge.call('canvas', { canvas, ...surface.size() }, transfer && place === 'worker' ? [canvas] : []);
    set({ webgl, lost: false });
    hush('lost');
  }

  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let lostTimer;

  /** @param {any} event */
  function onEvent(event) {
    if (event.type === 'frame') {
      const { step, epoch, losses, speed, panels, note = '', table } = event;
      deaths = step > get().from && get().playing ? 0 : deaths;
      if (panels && !get().panels) performance.mark('genplay-picture');     // the tests ask how long it took
      set({ step, epoch, speed, ...(losses ? { losses } : {}), ...(panels ? { panels, note } : {}), ...(table ? { table } : {}) });
      if (get().playing || losses) void refreshHistory();
      if (get().playing) measureSometimes();
    } else if (event.type === 'fail') {
      if (event.code === 'crash') return void onDeath(event.message);
      if (event.view) return tell('view', 'error', t('fail.view', { reason: reason(event.message) }));
      set({ playing: false, speed: null, step: event.step });
      tell('diverged', 'error', event.code === 'diverged' ? t('fail.diverged', { reason: reason(event.message) }) : t('fail.other', { reason: reason(event.message) }));
      void refreshHistory(true);
    } else if (event.type === 'lost') {
      set({ lost: true });
      tell('lost', 'error', t('stage.lost'));
      lostTimer = setTimeout(() => freshCanvas().catch(() => {}), 2500);
    } else if (event.type === 'restored') {
      clearTimeout(lostTimer);
      set({ lost: false });
      hush('lost');
    }
  }

  // ------------------------------------------------------------------------------------------------------- opening

  /** Opens what a link says; a link always opens paused. @param {string} link */
  async function follow(link) {
    const catalogue = /** @type {any} */ (get().catalogue);
    const { experiment: wanted, notes, problem } = parseLink(link, catalogue);
    hushAll();
    weights = null;
    set({ experiment: wanted, fromFile: null, run: null, playing: false });     // if it cannot be opened, nothing stands in its place
    notes.forEach((note, i) => tell(`link${i}`, 'info', say(note)));
    if (problem) return missing(say(problem), problem.key === 'link.model' || problem.key === 'link.weights');
    await open(wanted, { keepNotices: true, keepLink: true });
  }

  /** Nothing can be shown: says why, and keeps the menus usable. @param {string} text @param {boolean} [noModel]  not even which model */
  function missing(text, noModel = false) {
    opens++;
    set({ phase: 'missing', noModel, playing: false, run: null, panels: null, history: null, measures: null, table: null, losses: null, step: 0, from: 0, epoch: 0, speed: null });
    tell('missing', 'error', text);
    void bridge.call('play', { on: false }).catch(() => {});
  }

  /**
   * @param {Experiment} wanted
   * @param {{ keepNotices?: boolean, keepLink?: boolean, play?: boolean }} [how]
   * @returns {Promise<boolean>} false: refused, and what was open is open still
   */
  async function open(wanted, { keepNotices = false, keepLink = false, play: goOn = false } = {}) {
    const token = ++opens;
    const before = get();
    set({ phase: before.run ? before.phase : 'opening' });
    const view = viewRequest(wanted);
    let reply;
    try {
      await useBuild(wanted.fast);
      if (wanted.lesson !== null) reply = await bridge.call('lesson', { view });
      else reply = await bridge.call('open', { ...(await ingredients(wanted)), view });
    } catch (error) {
      if (gone(error) || token !== opens) return false;
      set({ busy: '' });
      const text = t(error instanceof FetchError ? error.key : before.run ? 'fail.open' : 'fail.nothing', { reason: reason(error), data: wanted.data });
      if (!before.run || error instanceof FetchError) missing(text);
      else tell('open', 'error', text);
      return false;
    }
    if (token !== opens) return false;
    if (!keepNotices) hushAll();
    if (wanted.lesson !== null) return openedLesson(wanted, keepLink);
    const { step } = reply;
    const run = { ...reply.run, data: ownName(reply.run.data) };
    if (reply.datasets) set({ catalogue: { .../** @type {any} */ (get().catalogue), datasets: toPageSets(reply.datasets) } });
    const model = findModel(/** @type {any} */ (before.catalogue), run.model);
    // A view that this run cannot show (an option of the model decides) gives way to the first that it can.
    let shown = wanted;
    if (run.views.length && !run.views.includes(wanted.view)) {
      shown = { ...wanted, view: model?.views.find((v) => run.views.includes(v.id))?.id ?? null, options: {} };
      void bridge.call('view', { view: viewRequest(shown) }).catch(() => {});
    }
    // What lies over the picture stays while the next one of its kind is on its way.
    const alike = before.run?.model === run.model && before.experiment?.view === shown.view && before.run.data === run.data;
    set({
      experiment: shown, phase: 'open', noModel: false, run, ...(alike ? {} : { panels: null }), step, from: step, epoch: 0, speed: null, losses: null, history: null, measures: null,
      playing: false, busy: '', drawing: false,
      status: t('status.opened', { model: model?.title, data: findData(/** @type {any} */ (before.catalogue), run.data)?.title ?? run.data, step }),
    });
    if (!keepLink) address.write(formatLink(shown));
    measureCost = perSample = 0;
    if (goOn) await play();
    else measureSoon();
    void refreshHistory(true);
    return true;
  }

  /** @param {Experiment} wanted @param {boolean} keepLink */
  function openedLesson(wanted, keepLink) {
    const lesson = findLesson(/** @type {any} */ (get().catalogue), wanted.lesson);
    set({
      experiment: wanted, phase: 'open', noModel: false, run: null, panels: null, table: null, history: null, measures: null, losses: null,
      step: 0, from: 0, epoch: 0, speed: null, playing: false, busy: '', drawing: false, status: t('status.lesson', { lesson: lesson?.title }),
    });
    if (!keepLink) address.write(formatLink(wanted));
    return true;
  }

  /** Computes like this from now on, where the browser can; what is open goes on. @param {Experiment['fast']} fast */
  async function useBuild(fast) {
    const { engine } = get();
    const build = fast && engine.builds.includes(fast) ? fast : 'simd';
    if (build !== engine.build) set({ engine: { ...engine, ...(await bridge.call('build', { options: { build } })) } });
  }

  /** @param {Experiment} wanted */
  function viewRequest(wanted) {
    return { id: wanted.lesson ?? wanted.view, options: wanted.options };
  }

  // What the engine needs to open it: settings, or the bytes of weights.
  async function ingredients(/** @type {Experiment} */ wanted) {
    const catalogue = /** @type {any} */ (get().catalogue);
    if (wanted.points && !added.has(OWN_POINTS)) await addPoints(wanted.points.data);
    const data = catalogue.elsewhere.find((/** @type {any} */ d) => d.id === wanted.data);
    if (data && !catalogue.datasets.some((/** @type {any} */ d) => d.id === data.id)) await fetchData(data);
    if (wanted.weights === null && get().fromFile === null) {
      const { model, seed, params } = wanted;
      return { model, data: toEngine(wanted.data), seed, params };
    }
    if (wanted.weights !== null && weights?.id !== wanted.weights) {
      const response = await fetchFile(`pretrained/${catalogue.weights[wanted.weights].file}`).catch((error) => { throw new FetchError('fail.weights', error); });
      if (!response.ok) throw new FetchError('fail.weights', new Error(`${response.status} ${response.statusText}`));
      weights = { id: wanted.weights, bytes: new Uint8Array(await response.arrayBuffer()) };
    }
    return { bytes: weights?.bytes, params: wanted.params };
  }

  async function fetchData(/** @type {any} */ data) {
    set({ busy: t('data.loading', { data: data.title }) });
    const files = Object.fromEntries(await Promise.all(Object.entries(data.files).map(async ([role, file]) => {
      const response = await fetchFile(String(file)).catch((error) => { throw new FetchError('fail.data', error); });
      if (!response.ok) throw new FetchError('fail.data', new Error(`${response.status} ${response.statusText}`));
      return [role, new Uint8Array(await response.arrayBuffer())];
    })));
    await give(data.id, 'addIdx', { set: data.id, files });
    set({ busy: '' });
    void thumbnail(data.id);
  }

  /** Registers data with this engine and with any that follows it. @param {string} id @param {string} type @param {any} message */
  async function give(id, type, message) {
    const { datasets } = await bridge.call(type, message);
    added.set(id, (engine) => engine.call(type, message));
    set({ catalogue: { .../** @type {any} */ (get().catalogue), datasets: toPageSets(datasets) } });
  }

  /** A name that the engine does not know yet; it counts when the data were taken. @param {string} id @param {(name: string) => Promise<void>} body */
  async function freshName(id, body) {
    const before = engineNames.get(id);
    let n = 1;
    while (taken.has(`${id}-${n}`)) n++;
    const name = `${id}-${n}`;
    engineNames.set(id, name);
    try {
      await body(name);
    } catch (error) {
      if (before) engineNames.set(id, before);
      else engineNames.delete(id);
      throw error;
    }
  }

  // Weights may bring points along, under whatever name they had.
  function ownName(/** @type {string} */ name) {
    if (!name.startsWith(OWN_POINTS) || toPage(name) !== name) return toPage(name);
    const id = name.startsWith(OWN_IMAGES) ? OWN_IMAGES : OWN_POINTS;
    engineNames.set(id, name);
    return id;
  }

  /** @param {Float32Array} data */
  const addPoints = (data) => freshName(OWN_POINTS, (name) => give(OWN_POINTS, 'addData', { set: { id: name, kind: 'points', shape: [2], data } }));

  // ----------------------------------------------------------------------------------------------------- thumbnails

  async function thumbnails() {
    const { datasets } = /** @type {any} */ (get().catalogue);
    // Points first: they cost nothing.
    for (const data of [...datasets].sort((a, b) => Number(a.kind === 'image') - Number(b.kind === 'image'))) await thumbnail(data.id);
  }

  /** @param {string} id */
  async function thumbnail(id) {
    const data = /** @type {any} */ (get().catalogue).datasets.find((/** @type {any} */ d) => d.id === id);
    if (!data) return;
    try {
      const rows = await bridge.call('draw', { data: toEngine(id), n: data.kind === 'points' ? 500 : 9, seed: 1 });
      set({ thumbs: { ...get().thumbs, [id]: { data: rows.data, shape: rows.shape } } });
    } catch { /* a set that cannot be drawn has no picture; opening it says why */ }
  }

  // ------------------------------------------------------------------------------------------------------ transport

  async function play() {
    if (!get().run || get().playing) return;
    clearTimeout(measureTimer);
    hush('diverged');
    set({ playing: true, drawing: false, status: t('status.playing') });
    measureAt = performance.now() + MEASURE.first;
    await bridge.call('play', { on: true, slow: get().slow }).catch(() => {});
  }

  async function pause() {
    if (!get().playing) return;
    set({ playing: false, speed: null });
    const reply = await bridge.call('play', { on: false, slow: get().slow }).catch(() => null);
    if (!reply || get().playing) return;
    set({ step: reply.step, status: t('status.paused', { step: reply.step }) });
    void refreshHistory(true);
    measureSoon();
  }

  async function stepOnce() {
    if (!get().run) return;
    clearTimeout(measureTimer);
    set({ playing: false, speed: null });
    const reply = await bridge.latest('step', 'step', { n: 1 }).catch(() => null);
    if (!reply) return;
    set({ step: reply.step, status: t('status.paused', { step: reply.step }) });
    void refreshHistory(true);
    measureSoon();
  }

  async function reset() {
    if (get().phase === 'missing' || get().phase === 'starting') return;
    if (await open(experiment())) set({ status: t('status.reset', { step: get().step }) });
  }

  /** @param {boolean} slow */
  function setSlow(slow) {
    set({ slow });
    if (get().playing) void bridge.call('play', { on: true, slow }).catch(() => {});
  }

  // ---------------------------------------------------------------------------------------------- curves and measures

  async function refreshHistory(now = false) {
    const wait = historyAt + HISTORY_PAUSE - performance.now();
    if (!now && (historyDue || wait > 0)) {
      if (historyDue) return;
      historyDue = true;
      setTimeout(() => {
        historyDue = false;
        void refreshHistory(true);
      }, wait);
      return;
    }
    historyAt = performance.now();
    const token = opens;
    const reply = await bridge.latest('history', 'history', {}).catch(() => null);
    if (reply && token === opens) set({ history: { step: reply.step, losses: reply.losses } });
  }

  /** @param {number} [patience]  milliseconds that it may take */
  async function measure(patience = MEASURE.asked) {
    if (!get().run || get().measuring) return;
    const token = opens;
    set({ measuring: true });
    try {
      await fetchJudge();
      // A few samples tell how dear many are: where sampling is slow, as many as there is patience for.
      let reply = /** @type {any} */ (null);
      if (perSample === 0) {
        reply = await bridge.call('measure', { n: MEASURE.trial });
        perSample = Math.max(1e-3, reply.ms / MEASURE.trial);
      }
      const n = Math.floor(patience / perSample);
      if (token === opens && (!reply || n > 2 * MEASURE.trial)) reply = await bridge.call('measure', n >= MEASURE.whole ? {} : { n: Math.max(MEASURE.trial, n) });
      measureCost = reply?.ms ?? 0;
      if (token === opens && reply) set({ measures: { rows: reply.rows, step: reply.step } });
      hush('measure');
    } catch (error) {
      if (!gone(error) && token === opens) tell('measure', 'error', t('fail.measure', { reason: reason(error) }));
    }
    set({ measuring: false });
    measureAt = performance.now() + Math.max(MEASURE.first, MEASURE.share * measureCost);
  }

  // Digits are judged by a frozen network, which comes as a file of its own when there is something to judge.
  async function fetchJudge() {
    const { catalogue, run, step } = get(), data = findData(/** @type {any} */ (catalogue), run.data);
    if (judged || !judgeFile || step === 0 || data?.shape.join() !== '28,28,1') return;
    judged = true;
    const response = await fetchFile(`pretrained/${judgeFile}`);
    if (response.ok) await bridge.call('judge', { bytes: await response.arrayBuffer() });
  }

  // While training, so that measuring takes a small share of the time.
  function measureSometimes() {
    if (performance.now() >= measureAt && !get().measuring && !get().slow) void measure(MEASURE.alone);
  }

  // Once the visitor has stopped: not after each of many steps.
  function measureSoon() {
    clearTimeout(measureTimer);
    measureTimer = setTimeout(() => !get().playing && void measure(MEASURE.alone), MEASURE.idle);
  }

  // --------------------------------------------------------------------------------------------------------- choices

  // What the open run was made with, as a start from scratch: same model, data, seed and knobs.  After a lesson: what was open before it.
  function fromScratch() {
    const { run, catalogue } = get();
    const now = { ...experiment(), lesson: null };
    if (now.weights === null && get().fromFile === null) return { ...now };
    const model = findModel(/** @type {any} */ (catalogue), run?.model ?? now.model);
    const kind = findData(/** @type {any} */ (catalogue), run?.data ?? now.data)?.kind ?? 'points';
    const params = Object.fromEntries((model?.params ?? []).filter((row) => run?.params[row.key] !== undefined && run.params[row.key] !== rowDefault(row, kind))
      .map((row) => [row.key, run.params[row.key]]));
    return { ...now, weights: null, model: run?.model ?? now.model, data: run?.data ?? now.data, seed: run?.seed ?? now.seed, params: { ...params, ...now.params } };
  }

  /** Opens a start of the visitor's making; refused, the old one stays. @param {Experiment} wanted @param {boolean} [goOn] */
  async function change(wanted, goOn = false) {
    const { fromFile } = get();
    set({ fromFile: null });
    if (!(await open(wanted, { play: goOn })) && get().phase === 'open') set({ fromFile });
  }

  /** A model and data that weights were trained for open on those, until the visitor asks for more. @param {Experiment} wanted @returns {Experiment} */
  function onWeights(wanted) {
    const found = Object.entries(/** @type {any} */ (get().catalogue).weights).find(([, { model, data }]) => model === wanted.model && data === wanted.data);
    return found && !Object.keys(wanted.params).length ? { ...wanted, weights: found[0], seed: found[1].seed } : wanted;
  }

  /** A model, or a lesson instead. @param {string} id */
  function setModel(id) {
    const { catalogue } = get();
    if (findLesson(/** @type {any} */ (catalogue), id)) return change({ ...fromScratch(), lesson: id, view: null, options: {} });
    const model = /** @type {import('./state.mjs').Model} */ (findModel(/** @type {any} */ (catalogue), id));
    const now = fromScratch();
    const view = model.views.find((v) => v.id === now.view) ?? model.views[0];
    return change(onWeights({ ...now, model: id, params: {}, view: view?.id ?? null, options: {} }));
  }

  /** @param {string} id */
  function setWeights(id) {
    const { model, data, seed } = /** @type {any} */ (get().catalogue).weights[id];
    return change({ ...experiment(), weights: id, model, data, seed, params: {}, points: null, options: {} });
  }

  /** @param {string} id */
  function setData(id) {
    const { catalogue } = get();
    const now = fromScratch();
    const kinds = [now.data, id].map((data) => findData(/** @type {any} */ (catalogue), data)?.kind), alike = kinds[0] === kinds[1];
    // What counts the attributes of one set means nothing to another.
    const rows = findModel(/** @type {any} */ (catalogue), now.model)?.views.find((view) => view.id === now.view)?.options ?? [];
    const options = Object.fromEntries(Object.entries(now.options).filter(([key]) => rows.find((row) => row.key === key)?.group !== 'attributes'));
    return change(onWeights({ ...now, data: id, points: id === OWN_POINTS ? now.points : null, params: alike ? now.params : {}, options: alike ? options : {} }));
  }

  /** @param {number} seed */
  const setSeed = (seed) => change({ ...fromScratch(), seed }, get().playing);

  const trainFromScratch = () => change(fromScratch());

  /** @param {import('./state.mjs').Row} row @param {any} value */
  async function setKnob(row, value) {
    const { catalogue, run } = get();
    const kind = findData(/** @type {any} */ (catalogue), run?.data ?? experiment().data)?.kind ?? 'points';
    const pretrained = experiment().weights !== null || get().fromFile !== null;
    /** @param {Experiment} base */
    const patched = (base) => {
      const { [row.key]: old, ...params } = base.params;
      return { ...base, params: value === rowDefault(row, kind) && !(pretrained && row.live) ? params : { ...params, [row.key]: value } };
    };
    if (!row.live) return change(patched(fromScratch()), get().playing);
    set({ experiment: patched(experiment()) });
    try {
      const { params } = await bridge.latest(`knob ${row.key}`, 'set', { key: row.key, value });
      set({ run: { ...get().run, params } });
      address.write(formatLink(experiment()));
      hush('knob');
    } catch (error) {
      if (!gone(error)) tell('knob', 'error', t('fail.knob', { name: row.title, reason: reason(error) }));
    }
  }

  /** @param {Experiment['fast']} fast */
  async function setFast(fast) {
    try {
      await useBuild(fast);
      set({ experiment: { ...experiment(), fast } });
      address.write(formatLink(experiment()));
      hush('fast');
    } catch (error) {
      if (!gone(error)) tell('fast', 'error', t('fail.fast', { reason: reason(error) }));
    }
  }

  /** @param {string} id */
  function setView(id) {
    set({ experiment: { ...experiment(), view: id, options: {} } });
    hush('view');
    showView();
  }

  /** @param {import('./state.mjs').Row} row @param {any} value @param {string} kind of the data */
  function setOption(row, value, kind) {
    const { [row.key]: old, ...options } = experiment().options;
    set({ experiment: { ...experiment(), options: value === rowDefault(row, kind) ? options : { ...options, [row.key]: value } } });
    showView();
  }

  function showView() {
    void bridge.latest('view', 'view', { view: viewRequest(experiment()) }).catch(() => {});
    address.write(formatLink(experiment()));
  }

  /** Learn these points. @param {import('./state.mjs').Points} points */
  async function learnPoints(points) {
    await addPoints(points.data);
    const now = fromScratch();
    const { catalogue } = get();
    const wasImage = findData(/** @type {any} */ (catalogue), now.data)?.kind === 'image';
    await change({ ...now, data: OWN_POINTS, points, ...(wasImage ? { params: {}, options: {} } : {}) });
    await thumbnail(OWN_POINTS);
  }

  // ------------------------------------------------------------------------------------------------------------ files

  /** @param {File[]} files */
  async function openFiles(files) {
    hush('file');
    try {
      const found = await readFiles(files);
      const name = files.map((file) => file.name).join(', ');
      if (found.kind === 'weights') {
        weights = { id: '', bytes: found.bytes };
        const before = { fromFile: get().fromFile };
        set({ fromFile: name });
        const now = experiment();
        if (!(await open({ ...now, lesson: null, weights: null, points: null, params: {}, options: {} }, { keepLink: true }))) return set(before);
        const { run } = get();
        set({ experiment: { ...experiment(), model: run.model, data: run.data, seed: run.seed } });
        if (run.data === OWN_POINTS || run.data === OWN_IMAGES) void thumbnail(run.data);
        tell('file', 'info', t('file.opened', { file: name }));
      } else if (found.kind === 'points') {
        await learnPoints({ exact: true, data: found.data });
        tell('file', 'info', t('file.points', { n: found.data.length / 2, file: name }));
      } else {
        await freshName(OWN_IMAGES, (set) => give(OWN_IMAGES, 'addIdx', { set, files: found.files }));
        await setData(OWN_IMAGES);
        await thumbnail(OWN_IMAGES);
        tell('file', 'info', t('file.images', { file: name, facts: imageFacts(found.files.images) }));
      }
    } catch (error) {
      if (gone(error)) return;
      const file = /** @type {any} */ (error).file ?? files.map((one) => one.name).join(', ');
      tell('file', 'error', t('fail.file', { file, reason: reason(error) }));
    }
  }

  // What was understood of the visitor's images.
  function imageFacts(/** @type {Uint8Array} */ file) {
    const [n, height, width] = idxSizes(file), set = findData(/** @type {any} */ (get().catalogue), OWN_IMAGES);
    return [
      t('file.images.size', { n: n.toLocaleString('en'), width, height }), ...(set?.shape[2] === 3 ? [t('file.images.colour')] : []),
      ...(set?.classes ? [t('file.images.classes', { n: set.classes })] : []), ...(set?.attributes?.length ? [t('file.images.attributes', { names: set.attributes.join(', ') })] : []),
    ].join('; ');
  }

  async function save() {
    const { bytes } = await bridge.call('save');
    return { bytes, name: `${get().run.model}-${get().run.data}-${get().step}.safetensors` };
  }

  return {
    start, follow, play, pause, stepOnce, reset, setSlow, setModel, setData, setWeights, setSeed, setKnob, setFast, setView, setOption, trainFromScratch,
    learnPoints, openFiles, save, measure: () => measure(), tell, hush, revive, firstLink: () => formatLink(firstExperiment(/** @type {any} */ (get().catalogue))),
    toggle: () => (get().playing ? pause() : play()),
    resize: () => void bridge?.latest('resize', 'resize', surface.size()).catch(() => {}),
    theme: () => void bridge?.call('theme', surface.theme()).catch(() => {}),
  };
}

class FetchError extends Error {
  /** @param {string} key of the sentence @param {any} cause */
  constructor(key, cause) {
    super(cause?.message ?? String(cause));
    this.key = key;
  }
}
