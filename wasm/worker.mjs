// worker.mjs -- the engine's own thread: owns the Lab and one run, trains and draws, and speaks with the page.
//
// Page -> engine  { id, type, ... }, one reply each: { id, ok: true, ... } or { id, ok: false, error: { code, message } }
//   start   { canvas?, width, height, dpr, dark, calm }    -> { catalogue, webgl, build, threads, builds: those that run here }
//   build   { options: of createLab }                       -> { build, threads }: the run goes on in another lab; a refusal leaves all as it was
//   canvas  { canvas, width, height, dpr }                  a fresh one, after a context that did not come back
//   open    { model, data, seed, params } | { bytes, params }, { view }  -> { run, step, history }; a refusal leaves the old run as it was
//   lesson  { view }                                        a lesson in the run's place: its id and options
//   set     { key, value }                                  a live knob
//   view    { view: { id, options } }   resize { width, height, dpr }   theme { dark, calm }          the picture only
//   play    { on, slow }      step { n }                    -> { step }: after the reply to on: false not one step more
//   history                                                 -> { step: [], losses: { key: [] } }, thinned for a chart
//   measure { names, n }                                    -> { rows, step, ms }
//   judge   { bytes }                                       weights of the frozen reader of digits that some measures ask
//   call    { verb, args }                                  -> { result }: any verb of the run
//   draw    { data, n, seed }                               -> rows of a data set
//   addData, addIdx { ... }                                 -> { datasets }
//   save    { }                                             -> { bytes }
//   ping    { }
// Engine -> page, events without id
//   frame   { step, epoch, losses, speed, panels?, note?, ms?, table? }   at most one per animation frame; panels where a picture was drawn: title,
//           x y w h as parts of the canvas, x0 x1 y0 y1 in data units, and words that stand over columns of pictures, { text, x, y } of their foot's middle;
//           note: what the picture warns of, or ""; table: a lesson's numbers
//   fail    { code, message }                               training or drawing stopped: the run stands where it is
//   lost, restored                                          the WebGL context; the model does not notice
//   crash   { message }                                     a mistake of the program that nothing caught
//
// createEngine takes what it needs as arguments and touches neither self nor document: Node tests give it a fake canvas and a clock, and
// a page whose OffscreenCanvas has no WebGL2 runs it itself.
import { buildsHere, createLab } from './genplay.mjs';

/** @typedef {{ width: number, height: number, getContext: Function, addEventListener: Function }} Canvas */

// Milliseconds of training in one animation frame: most of the time between two frames, which is long where drawing is (a slow graphics
// card), and short enough for a press on pause to be heard at once.  A picture that is dear to compute may take a third of the time.
const BUDGET = { least: 11, share: 0.7, most: 60 };
const SLOW_PAUSE = 160;          // between two steps in slow motion
const CALM_PAUSE = 600;          // between two pictures where the visitor asked for less motion
const CHART_ROWS = 600;

/**
 * @param {{ post: (message: any, transfer?: any[]) => void, frame?: (tick: () => void) => any, now?: () => number,
 *   createLab?: typeof import('./genplay.mjs').createLab }} host
 */
export function createEngine({ post, frame = nextFrame, now = () => performance.now(), createLab: makeLab = createLab }) {
  /** @type {any} */
  let lab = null;
  /** @type {any} */
  let run = null;
  /** @type {Canvas|null} */
  let canvas = null;
  /** @type {any} */
  let gl = null;
  let size = { width: 1, height: 1, dpr: 1 };
  let theme = { dark: false, calm: false };
  /** @type {{ id: string, options: Record<string, any> } | null} */
  let view = null;
  /** @type {any} */
  let lesson = false;                                // the view is a lesson: there is no run
  /** @type {any} */
  let refused = null;                                // a view that could not be drawn: said once, not with every frame
  let playing = false, slow = false, waiting = false, stale = false;
  let coarse = false, slices = 1;                    // the picture could be finer; how much finer in one frame
  let note = '', drawCost = 0, drawEnd = 0, stepCost = 1, stepEnd = 0, interval = 16, tickStart = 0;
  /** @type {{ time: number, step: number }[]} */
  let pace = [];
  /** @type {Record<string, number>|null} */
  let losses = null;
  let epoch = 0;
  let queue = Promise.resolve();
  /** @type {Map<string, (lab: any) => void>} */
  const given = new Map();                           // what a new lab must be told

  // ------------------------------------------------------------------------------------------------------ training

  function wake() {
    if (waiting || !(playing || stale || coarse)) return;
    waiting = true;
    frame(tick);
  }

  function tick() {
    waiting = false;
    if (!run && !lesson) return;
    const start = now();
    if (playing) interval += 0.2 * (Math.min(200, start - tickStart) - interval);
    tickStart = start;
    const stepped = playing && train();
    const drawn = stale ? drawDue() && draw() : coarse && !stepped && refine();
    if (stepped || drawn) report(drawn);
    wake();
  }

  /** @param {number} steps */
  function trainSteps(steps) {
    try {
      const result = run.train(steps);
      losses = result.losses;
      epoch = result.epoch;
      stale = true;
      return true;
    } catch (error) {
      playing = false;
      stale = true;
      post({ type: 'fail', ...describe(error), step: run.step });
      return false;
    }
  }

  // As many steps as fit into the frame's budget, in calls that double.
  function train() {
    const start = now();
    if (slow) {
      if (start - stepEnd < SLOW_PAUSE) return false;
      stepEnd = start;
      trainSteps(1);
      return true;
    }
    const budget = Math.min(BUDGET.most, Math.max(BUDGET.least, BUDGET.share * interval));
    for (let left = budget, n = 1; left > 0 && playing; n = Math.min(2 * n, Math.floor(left / stepCost))) {
      const before = now();
      if (!trainSteps(Math.max(1, n))) break;
      const after = now();
      stepCost = Math.max(1e-3, (after - before) / Math.max(1, n));
      left = budget - (after - start);
      if (stepCost > left) break;
    }
    return true;
  }

  function speed() {
    const time = now();
    pace.push({ time, step: run.step });
    while (pace.length > 2 && time - pace[0].time > 2000) pace.shift();
    const first = pace[0];
    return time - first.time > 200 ? (1000 * (run.step - first.step)) / (time - first.time) : null;
  }

  /** @param {any} drawn */
  function report(drawn) {
    post({ type: 'frame', step: run?.step ?? 0, epoch, losses, speed: playing ? speed() : null, ...(drawn ? { panels: drawn, note, ms: drawCost } : {}), ...(drawn && lesson ? { table: table() } : {}) });
  }

  // The numbers of the lesson that was just drawn.
  function table() {
    const { id, options } = /** @type {any} */ (view);
    return lab.lesson(id, options).table;
  }

  // ------------------------------------------------------------------------------------------------------- drawing

  function drawDue() {
    if (!playing) return true;
    const pause = Math.max(2 * drawCost, theme.calm ? CALM_PAUSE : 0);
    return drawCost < BUDGET.least / 2 && !theme.calm ? true : now() - drawEnd >= pause;
  }

  // In a frame without training: a little more of what takes long.
  function refine() {
    const panels = draw(slices);
    slices = drawCost < BUDGET.least ? 2 * slices : drawCost > 2 * BUDGET.least ? Math.ceil(slices / 2) : slices;
    return panels;
  }

  /**
   * Draws the view; returns where its panels stand, or null.
   * @param {number} [finer] parts of what takes long that are worked on before; who asked for less motion sees no picture in between
   */
  function draw(finer = theme.calm ? undefined : 0) {
    stale = coarse = false;
    if (!gl || !view || view === refused || gl.isContextLost?.()) return null;
    const start = now();
    try {
      const options = { ...pageOptions(view.id), ...view.options, ...size, dark: theme.dark, slices: finer };
      const { panels, whole, note: said } = lesson ? lab.drawLesson(view.id, options) : run.draw(view.id, options);
      coarse = !whole;
      note = said;
      drawEnd = now();
      drawCost = drawEnd - start;
      const { width, height } = size;
      return panels.map((/** @type {any} */ p) => ({ title: p.title, x: p.x / width, y: p.y / height, w: p.w / width, h: p.h / height,
        x0: p.x0, x1: p.x1, y0: p.y0, y1: p.y1,
        heads: p.heads.map((/** @type {string} */ text, /** @type {number} */ k) => ({ text, x: (p.tiles.x + k * p.tiles.dx + p.tiles.w / 2) / width, y: p.tiles.y / height })) }));
    } catch (error) {
      drawEnd = now();
      refused = view;
      post({ type: 'fail', view: view.id, ...describe(error), step: run?.step ?? 0 });
      return null;
    }
  }

  // Options that are the canvas's rather than the visitor's: its shape.
  function pageOptions(/** @type {string} */ id) {
    const rows = lab.models.find((/** @type {any} */ m) => m.id === run?.model)?.views.find((/** @type {any} */ v) => v.id === id)?.options ?? [];
    const aspect = rows.find((/** @type {any} */ row) => row.key === 'aspect');
    return aspect ? { aspect: Math.min(aspect.max, Math.max(aspect.min, size.width / size.height)) } : {};
  }

  function redraw() {
    stale = true;
    wake();
  }

  function attach() {
    if (!canvas) return false;
    const mine = canvas;
    Object.assign(mine, { width: size.width, height: size.height });
    gl = mine.getContext('webgl2', { alpha: false, antialias: true, depth: false, stencil: false, powerPreference: 'low-power' });
    if (!gl) return false;
    mine.addEventListener('webglcontextlost', (/** @type {Event} */ event) => {
      event.preventDefault();                        // without it the browser never gives the context back
      if (mine === canvas) post({ type: 'lost' });
    });
    mine.addEventListener('webglcontextrestored', () => {
      if (mine !== canvas) return;
      lab.attach(gl);
      redraw();
      post({ type: 'restored' });
    });
    try {
      lab.attach(gl);
      return true;
    } catch {                                        // a driver that cannot compile the shaders: the rest works
      gl = null;
      return false;
    }
  }

  // ------------------------------------------------------------------------------------------------------ messages

  /** @type {Record<string, (message: any) => any>} */
  const handlers = {
    async start({ canvas: surface, width, height, dpr, dark, calm, options }) {
      size = { width, height, dpr };
      theme = { dark, calm };
      lab = await makeLab(options);
      await lab.whole;                                // a catalogue and a picture come next: they need all of it
      canvas = surface ?? null;
      const webgl = attach();
      return { catalogue: catalogue(), webgl, ...engine(), builds: await buildsHere(), version: lab.version };
    },

    async build({ options }) {
      const next = await makeLab(options);
      await next.whole;
      try {
        for (const tell of given.values()) tell(next);
        const moved = run && next.load(run.save());
        lab.free();
        lab = next;
        run = moved;
      } catch (error) {
        next.free();
        throw error;
      }
      stepCost = 1;
      pace = [];
      if (gl) lab.attach(gl);
      redraw();
      return engine();
    },

    canvas({ canvas: surface, width, height, dpr }) {
      size = { width, height, dpr };
      canvas = surface;
      const webgl = attach();
      redraw();
      return { webgl };
    },

    open({ model, data, seed, params, bytes, view: wanted }) {
      let next;
      if (bytes) {
        next = lab.load(new Uint8Array(bytes));
        try {
          for (const [key, value] of Object.entries(params ?? {})) next.set(key, value);
        } catch (error) {
          next.free();
          throw error;
        }
      } else next = lab.create({ model, data, seed, params });
      playing = false;
      run?.free();
      run = next;
      lesson = false;
      losses = null;
      epoch = 0;
      pace = [];
      stepCost = 1;
      drawCost = 0;
      if (wanted) view = wanted;
      refused = null;
      redraw();
      return { run: describeRun(), step: run.step, ...(bytes ? { datasets: catalogue().datasets } : {}) };
    },

    lesson({ view: wanted }) {
      lab.lesson(wanted.id, wanted.options);         // refuses, and leaves all as it was
      playing = false;
      run?.free();
      run = losses = refused = null;
      lesson = true;
      view = wanted;
      redraw();
    },

    set({ key, value }) {
      need().set(key, value);
      redraw();
      return { params: { ...run.params } };
    },

    view({ view: wanted }) {
      view = wanted;
      redraw();
    },

    resize(next) {
      size = { width: next.width, height: next.height, dpr: next.dpr };
      if (canvas && (canvas.width !== size.width || canvas.height !== size.height)) {
        canvas.width = size.width;
        canvas.height = size.height;
      }
      if (!run && !lesson) return;
      // In the same turn: a canvas that changes its size loses its picture.
      const panels = draw();
      if (panels) report(panels);
    },

    theme({ dark, calm }) {
      theme = { dark, calm };
      redraw();
    },

    play({ on, slow: slowly }) {
      need();
      if (on && !playing) {
        pace = [];
        interval = 16;
        tickStart = now();
      }
      playing = on;
      slow = slowly;
      redraw();
      return { step: run.step };
    },

    step({ n = 1 }) {
      need();
      playing = false;
      if (trainSteps(n)) report(draw());
      wake();
      return { step: run.step, losses };
    },

    history: () => thin(need().history, CHART_ROWS),

    measure({ names, n }) {
      const start = now();
      const rows = need().measure(names, n === undefined ? undefined : { n });
      return { rows, step: run.step, ms: now() - start };
    },

    judge({ bytes }) {
      give('judge', (one) => one.loadJudge(new Uint8Array(bytes)));
    },

    call: ({ verb, args }) => ({ result: need()[verb](...args) }),

    draw: ({ data, n, seed, split }) => ({ ...lab.draw(data, n, { seed, split }) }),

    addData({ set }) {
      give(set.id, (one) => one.addData(set));
      return { datasets: catalogue().datasets };
    },

    addIdx({ set, files }) {
      give(set, (one) => one.addIdx(set, files));
      return { datasets: catalogue().datasets };
    },

    save() {
      const bytes = need().save();
      return { bytes, transfer: [bytes.buffer] };
    },

    ping: () => ({}),
  };

  function need() {
    if (!run) throw Object.assign(new Error('nothing is open yet'), { code: 'bad-argument' });
    return run;
  }

  /** @param {string} name @param {(lab: any) => void} tell */
  function give(name, tell) {
    tell(lab);
    given.set(name, tell);
  }

  const engine = () => ({ build: lab.build, threads: lab.threads });
  const catalogue = () => structuredClone({ models: lab.models, lessons: lab.lessons, datasets: lab.datasets, palette: lab.palette });

  function describeRun() {
    const { model, data, seed, params, can, views, losses: shown } = run;
    return structuredClone({ model, data, seed, params, can, views, losses: shown });
  }

  return {
    /** Answers one message, in the order of arrival. @param {any} message */
    handle(message) {
      queue = queue.then(async () => {
        const { id, type, ...rest } = message;
        try {
          if (!(type in handlers)) throw new Error(`there is no request '${type}'`);
          if (type !== 'start' && !lab) throw new Error('the engine has not started');
          const { transfer, ...reply } = (await handlers[type](rest)) ?? {};
          post({ ...reply, id, ok: true }, transfer);
        } catch (error) {
          post({ id, ok: false, error: describe(error) });
        }
      });
      return queue;
    },
    /** For tests and the curious: what it draws on. */
    get gl() { return gl; },
  };
}

/** @param {any} error */
function describe(error) {
  return { code: typeof error?.code === 'string' ? error.code : 'crash', message: String(error?.message ?? error) };
}

/** @param {() => void} tick */
function nextFrame(tick) {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(tick);
  else setTimeout(tick, 16);
}

/**
 * Means over equal stretches, so that a chart gets as many rows as it can show.
 * @param {{ step: ArrayLike<number>, losses: Record<string, ArrayLike<number>> }} history @param {number} rows
 */
function thin({ step, losses }, rows) {
  const n = step.length, stretch = Math.max(1, Math.ceil(n / rows));
  const thinned = (/** @type {ArrayLike<number>} */ values, /** @type {boolean} */ last) => {
    const out = new Float64Array(Math.ceil(n / stretch));
    for (let i = 0; i < out.length; i++) {
      const end = Math.min(n, (i + 1) * stretch);
      let sum = 0;
      for (let j = i * stretch; j < end; j++) sum += values[j];
      out[i] = last ? values[end - 1] : sum / (end - i * stretch);
    }
    return out;
  };
  return { step: thinned(step, true), losses: Object.fromEntries(Object.entries(losses).map(([key, values]) => [key, thinned(values, false)])) };
}

// ------------------------------------------------------------------------------------------------------------ worker

if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
  const scope = /** @type {any} */ (self);
  const engine = createEngine({ post: (message, transfer) => scope.postMessage(message, transfer ?? []) });
  scope.engine = engine;
  scope.onmessage = (/** @type {MessageEvent} */ event) => {
    // The page holds out for this lock and gets it when this thread is gone, however it went.  A frame in another site's page may be denied it.
    if (event.data.type === 'start' && event.data.lock) navigator.locks?.request(event.data.lock, () => new Promise(() => {})).catch(() => {});
    engine.handle(event.data);
  };
  const crash = (/** @type {any} */ reason) => scope.postMessage({ type: 'crash', message: String(reason?.message ?? reason) });
  scope.addEventListener('unhandledrejection', (/** @type {any} */ event) => crash(event.reason));
  scope.addEventListener('error', (/** @type {any} */ event) => crash(event.error ?? event.message));
}
