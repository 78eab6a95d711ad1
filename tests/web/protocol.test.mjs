// The engine's side of the protocol in Node: the real engine, a WebGL2 context that only counts, and a clock that the test turns.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLab, forKind } from '../../wasm/genplay.mjs';
import { createEngine } from '../../wasm/worker.mjs';

const CONSTANTS = { 7938: 'WebGL 2.0', 35724: 'WebGL GLSL ES 3.00', 7936: 'fake', 7937: 'fake', 34921: 16, 3379: 4096 };

/** A WebGL2 context whose every call succeeds; `calls` is what was called. */
function fakeGl(state = {}) {
  const calls = [], base = {
    drawingBufferWidth: 300, drawingBufferHeight: 200, isContextLost: () => state.lost ?? false, getParameter: (name) => CONSTANTS[name] ?? 0, getExtension: () => null,
    getSupportedExtensions: () => [], getError: () => 0, getShaderParameter: () => true, getProgramParameter: (_, name) => (name === 35714 || name === 35715 ? true : 0),
    getShaderInfoLog: () => '', getProgramInfoLog: () => '', getContextAttributes: () => ({}), getAttribLocation: () => 0, getUniformLocation: () => ({}),
    checkFramebufferStatus: () => 36053, getShaderPrecisionFormat: () => ({ rangeMin: 127, rangeMax: 127, precision: 23 }),
  };
  const gl = new Proxy(base, {
    get(target, name) {
      if (typeof name !== 'string') return undefined;
      if (name in target && typeof target[name] !== 'function') return target[name];
      return (...values) => {
        calls.push(name);
        return target[name]?.(...values) ?? (name.startsWith('create') ? {} : undefined);
      };
    },
    has: () => true,
  });
  return { gl, calls };
}

/** An engine with everything around it in the test's hands. */
function rig({ webgl = true, stepMs = 0 } = {}) {
  const posted = [], frames = [], listeners = {}, context = fakeGl();
  let time = 0, id = 0;
  const engine = createEngine({
    post: (message) => posted.push(message), frame: (tick) => frames.push(tick), now: () => (time += stepMs),
    createLab,
  });
  const canvas = { width: 0, height: 0, getContext: () => (webgl ? context.gl : null), addEventListener: (type, heard) => { listeners[type] = heard; } };
  const send = async (type, data = {}) => {
    await engine.handle({ ...data, id: ++id, type });
    return posted.find((message) => message.id === id);
  };
  return {
    engine, posted, listeners, context, send,
    start: () => send('start', { canvas, width: 300, height: 200, dpr: 1, dark: false, calm: false }),
    open: (more = {}) => send('open', { model: model.id, data: points, seed: 1, params: quick, view: { id: model.views[0].id, options: {} }, ...more }),
    events: (type) => posted.filter((message) => message.id === undefined && (!type || message.type === type)),
    waiting: () => frames.length,
    /** One animation frame, `ms` later. */
    frame(ms = 16) {
      time += ms;
      for (const tick of frames.splice(0)) tick();
    },
  };
}

const lab = await createLab();
const model = lab.models[0], points = lab.datasets.find(({ kind }) => kind === 'points').id;
const live = model.params.find((row) => row.live && row.type === 'number'), fixedRow = model.params.find((row) => !row.live);
const quick = Object.fromEntries(model.params.filter(({ key }) => ['batch', 'hidden'].includes(key)).map(({ key }) => [key, 16]));

test('every request gets one reply with its id, in the order of asking', async () => {
  const { send, posted, start } = rig();
  await start();
  await Promise.all([send('ping'), send('ping'), send('no such thing'), send('ping')]);
  assert.deepEqual(posted.filter(({ id }) => id).map(({ id, ok }) => [id, ok]), [[1, true], [2, true], [3, true], [4, false], [5, true]]);
});

test('start hands out the catalogue, as plain data', async () => {
  const { start } = rig(), { catalogue, webgl } = await start();
  assert.deepEqual(catalogue.models.map(({ id }) => id), lab.models.map(({ id }) => id));
  assert.deepEqual(structuredClone(catalogue), catalogue);
  assert.ok(catalogue.palette.light && catalogue.datasets.length > 0);
  assert.equal(webgl, true);
});

test('what comes before start or open is refused, and does no harm', async () => {
  const { send, start, open } = rig();
  assert.equal((await send('open')).ok, false);
  await start();
  for (const type of ['step', 'set', 'play', 'history', 'measure', 'save', 'call']) assert.equal((await send(type)).ok, false, type);
  assert.equal((await open()).ok, true);
});

test('open draws one picture in the next frame and then rests', async () => {
  const { start, open, events, frame, waiting, context } = rig();
  await start();
  await open();
  frame();
  assert.equal(events('frame').length, 1);
  const [{ step, panels }] = events('frame');
  assert.equal(step, 0);
  for (const { x, y, w, h, x0, x1, y0, y1 } of panels) {
    assert.ok(x >= 0 && y >= 0 && x + w <= 1.001 && y + h <= 1.001, 'panels are parts of the canvas');
    assert.ok(x1 > x0 && y1 > y0, 'data units grow to the right and upwards');
  }
  assert.ok(context.calls.some((name) => name.startsWith('draw')), 'through WebGL');
  assert.equal(waiting(), 0, 'nothing moves, so no frame is asked for');
});

test('a picture that has something to warn of says it, others do not', async () => {
  const warning = lab.models.find(({ views }) => views.some(({ id }) => id === 'schedule'));
  const { start, open, events, frame } = rig();
  await start();
  for (const schedule of ['unscaled', 'linear']) {
    await open({ model: warning.id, params: { hidden: 4, schedule }, view: { id: 'schedule', options: {} } });
    frame();
  }
  const [said, silent] = events('frame').map(({ note }) => note);
  assert.match(said, /x_T is not noise/);
  assert.equal(silent, '');
});

test('a fine map is coarse at first, finer with every frame, and rests when it is whole; while training it stays coarse', async () => {
  const { start, open, send, events, frame, waiting } = rig({ stepMs: 30 });
  const framesToRest = () => {
    let n = 0;
    for (; waiting() && n < 100; n++) frame();
    return n;
  };
  const flow = lab.models.find(({ can }) => forKind(can, 'points').includes('logProb'));
  await start();
  await open({ model: flow.id, params: { couplings: 2, hidden: 4 }, view: { id: 'samples', options: { grid: 200 } } });
  const most = framesToRest();
  assert.ok(most > 5 && most < 50, `${most} frames`);
  assert.equal(events('frame').length, most, 'each with a picture');
  await send('view', { view: { id: 'samples', options: { grid: 200, real: false } } });
  assert.equal(framesToRest(), 1, 'what is arranged anew is as fine as it was');
  await send('play', { on: true });
  for (let i = 0; i < 2 * most; i++) frame();
  await send('play', { on: false });
  assert.equal(framesToRest(), most);
  await send('theme', { dark: false, calm: true });
  framesToRest();
  await send('step', {});
  assert.equal(framesToRest(), 0, 'who wants less motion sees whole pictures only');
});

test('a refused open leaves the old run as it was', async () => {
  const { start, open, send } = rig();
  await start();
  await open();
  await send('step', { n: 3 });
  for (const wrong of [{ model: 'nobody' }, { data: 'nowhere' }, { params: { [live.key]: -1 } }, { bytes: new Uint8Array([1, 2, 3]) }]) {
    const { ok, error } = await open(wrong);
    assert.equal(ok, false);
    assert.match(error.code, /^bad-(argument|file)$/);
    assert.ok(error.message.length > 10);
  }
  assert.equal((await send('step', { n: 1 })).step, 4);
});

test('while it plays, every animation frame trains and posts one frame event; paused, not one step more', async () => {
  const { start, open, send, events, frame, waiting } = rig({ stepMs: 2 });
  await start();
  await open();
  frame();
  await send('play', { on: true, slow: false });
  for (let i = 0; i < 5; i++) frame();
  const steps = events('frame').map(({ step }) => step);
  assert.equal(steps.length, 6);
  assert.ok(steps.every((step, i) => i === 0 || step > steps[i - 1]), `${steps}`);
  const { step } = await send('play', { on: false, slow: false });
  assert.equal(step, steps.at(-1));
  for (let i = 0; i < 5; i++) frame();
  assert.equal(events('frame').at(-1).step, step);
  assert.equal((await send('step', { n: 1 })).step, step + 1);
  frame();
  assert.equal(waiting(), 0);
});

test('slow motion makes one step in several frames', async () => {
  const { start, open, send, events, frame } = rig();
  await start();
  await open();
  await send('play', { on: true, slow: true });
  for (let i = 0; i < 60; i++) frame();
  const { step } = events('frame').at(-1);
  assert.ok(step >= 4 && step <= 8, `${step} steps in a second`);
});

test('how many steps fit into a frame does not change the run', async () => {
  const walk = async (stepMs) => {
    const { start, open, send, events, frame } = rig({ stepMs });
    await start();
    await open();
    await send('play', { on: true, slow: false });
    while ((events('frame').at(-1)?.step ?? 0) < 40) frame();
    const { step } = await send('play', { on: false });
    const { result } = await send('call', { verb: 'sample', args: [20, { seed: 1 }] });
    return { step, data: [...result.data] };
  };
  const [a, b] = [await walk(3), await walk(6)];
  const { start, open, send } = rig();
  for (const { step, data } of [a, b]) {
    await start();
    await open();
    await send('step', { n: step });
    assert.deepEqual([...(await send('call', { verb: 'sample', args: [20, { seed: 1 }] })).result.data], data);
  }
});

test('a live knob holds before the next step, any other is refused with the reason', async () => {
  const { start, open, send } = rig();
  await start();
  await open();
  const { params } = await send('set', { key: live.key, value: live.min });
  assert.equal(params[live.key], live.min);
  const { ok, error } = await send('set', { key: fixedRow.key, value: fixedRow.min ?? fixedRow.choices?.[0] });
  assert.equal(ok, false);
  assert.match(error.message, new RegExp(fixedRow.key));
});

test('weights go out as bytes and come back as the same run, knobs on top', async () => {
  const { start, open, send } = rig();
  await start();
  await open();
  await send('step', { n: 5 });
  const { bytes } = await send('save'), before = (await send('call', { verb: 'sample', args: [9, { seed: 2 }] })).result.data;
  const { run, step, datasets } = await open({ bytes: bytes.buffer, params: { [live.key]: live.min } });
  assert.deepEqual([run.model, run.data, step, run.params[live.key]], [model.id, points, 5, live.min]);
  assert.ok(datasets.length > 0);
  assert.deepEqual((await send('call', { verb: 'sample', args: [9, { seed: 2 }] })).result.data, before);
});

test('another build takes the run over where it stands, with everything that was given; a refusal changes nothing', async () => {
  const { send, start, open, context } = rig();
  const { build, builds } = await start();
  assert.deepEqual([build, builds], ['simd', ['simd', 'threads', 'relaxed']]);
  const points = Float32Array.from({ length: 40 }, (_, i) => Math.sin(i));
  await send('addData', { set: { id: 'mine', kind: 'points', shape: [2], data: points } });
  await open({ data: 'mine' });
  await send('step', { n: 4 });
  const { bytes } = await send('save');
  const reply = await send('build', { options: { build: 'threads', threads: 2 } });
  assert.deepEqual([reply.build, reply.threads], ['threads', 2]);
  assert.deepEqual((await send('save')).bytes, bytes);
  assert.equal((await send('draw', { data: 'mine', n: 2, seed: 1 })).ok, true);
  context.calls.length = 0;
  assert.equal((await send('step', { n: 1 })).step, 5);
  assert.ok(context.calls.some((name) => name.startsWith('draw')), 'it draws on the same canvas');
  assert.equal((await send('build', { options: { build: 'fast' } })).error.code, 'bad-argument');
  assert.equal((await send('step', { n: 1 })).step, 6);
  assert.equal((await send('build', { options: {} })).build, 'simd');
});

test('a run that diverges stops playing, with an event that names the step', async () => {
  const { start, open, send, events, frame, waiting } = rig({ stepMs: 2 });
  await start();
  const rate = model.params.find(({ key }) => key === 'rate'), optimizer = model.params.find(({ key }) => key === 'optimizer');
  await open({ params: { ...quick, rate: rate.max, ...(optimizer ? { optimizer: optimizer.choices.at(-1) } : {}) } });
  await send('play', { on: true, slow: false });
  for (let i = 0; i < 3000 && !events('fail').length; i++) frame();
  const [{ code, message, step }] = events('fail');
  assert.equal(code, 'diverged');
  assert.match(message, /step/);
  frame();
  assert.equal(waiting(), 0);
  assert.equal((await send('history')).step.at(-1) <= step, true);
});

test('a view that cannot be drawn is an event, and training goes on', async () => {
  const { start, open, send, events, frame } = rig();
  await start();
  await open({ view: { id: 'no such view', options: {} } });
  frame();
  const [{ view, message }] = events('fail');
  assert.equal(view, 'no such view');
  assert.ok(message.length > 10);
  await send('play', { on: true, slow: true });
  for (let i = 0; i < 40; i++) frame();
  assert.ok((await send('play', { on: false })).step > 1);
  assert.equal(events('fail').length, 1, 'said once, not with every frame');
});

test('a lost context stops pictures, not training; a restored one draws again', async () => {
  const { start, open, send, events, frame, listeners, context } = rig({ stepMs: 2 });
  await start();
  await open();
  frame();
  await send('play', { on: true, slow: false });
  let prevented = 0;
  listeners.webglcontextlost({ preventDefault: () => prevented++ });
  context.gl.isContextLost = () => true;
  assert.deepEqual([prevented, events('lost').length], [1, 1]);
  listeners.webglcontextrestored();
  assert.equal(events('restored').length, 1);
  const before = events('frame').length;
  frame();
  assert.ok(events('frame').length > before);
});

test('without WebGL2 everything but the picture works', async () => {
  const { start, open, send, events, frame } = rig({ webgl: false });
  assert.equal((await start()).webgl, false);
  await open();
  frame();
  assert.equal((await send('step', { n: 2 })).step, 2);
  assert.ok((await send('measure', {})).rows.length > 0);
  assert.ok(events('frame').every(({ panels }) => !panels));
});

test('a resize draws at once, since a canvas that changes its size loses its picture', async () => {
  const { start, open, send, events, frame } = rig();
  await start();
  await open();
  frame();
  const before = events('frame').length;
  await send('resize', { width: 640, height: 480, dpr: 2 });
  assert.equal(events('frame').length, before + 1);
});

test('the loss curve comes thinned for a chart, with its last step', async () => {
  const { start, open, send } = rig();
  await start();
  await open();
  await send('step', { n: 1500 });
  const { step, losses } = await send('history');
  assert.ok(step.length <= 600 && step.length > 300);
  assert.equal(step.at(-1), 1500);
  for (const { key } of model.losses) assert.equal(losses[key].length, step.length);
});

test('a calm visitor gets two pictures a second of the same training', async () => {
  const { start, open, send, events, frame } = rig();
  await start();
  await send('theme', { dark: true, calm: true });
  await open();
  await send('play', { on: true, slow: true });
  for (let i = 0; i < 125; i++) frame();
  const drawn = events('frame').filter(({ panels }) => panels).length;
  assert.ok(drawn >= 2 && drawn <= 5, `${drawn} pictures in two seconds`);
});
