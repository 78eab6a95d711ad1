// The page's side of the protocol, against a port that answers when the test says so.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createBridge, localPort } from '../../web/bridge.mjs';

/** @type {ReturnType<typeof open>[]} */
const opened = [];
afterEach(() => opened.splice(0).forEach(({ bridge }) => bridge.close()));

function open(options = {}) {
  const sent = [], events = [], deaths = [];
  const port = { onmessage: null, onerror: null, terminated: 0, postMessage: (message) => sent.push(message), terminate() { this.terminated++; } };
  const bridge = createBridge({ port, onEvent: (event) => events.push(event), onDeath: (reason) => deaths.push(reason), ...options });
  const answer = (i, reply = {}) => port.onmessage({ data: { id: sent[i].id, ok: true, ...reply } });
  const rig = { bridge, port, sent, events, deaths, answer };
  opened.push(rig);
  return rig;
}
const settle = () => new Promise((resolve) => setTimeout(resolve));

test('a call gets the reply that carries its id, in whatever order replies come', async () => {
  const { bridge, sent, answer } = open();
  const [first, second] = [bridge.call('a', { x: 1 }), bridge.call('b')];
  assert.deepEqual(sent.map(({ type, x }) => [type, x]), [['a', 1], ['b', undefined]]);
  answer(1, { n: 2 });
  answer(0, { n: 1 });
  assert.deepEqual([(await first).n, (await second).n], [1, 2]);
});

test('a refusal rejects with its code and message', async () => {
  const { bridge, port, sent } = open();
  const call = bridge.call('open');
  port.onmessage({ data: { id: sent[0].id, ok: false, error: { code: 'bad-file', message: 'short' } } });
  await assert.rejects(call, { code: 'bad-file', message: 'short' });
});

test('of requests in one slot only the newest is sent after the one on its way, and all of them settle with it', async () => {
  const { bridge, sent, answer } = open();
  const calls = [1, 2, 3, 4].map((value) => bridge.latest('knob', 'set', { value }));
  const elsewhere = bridge.latest('other', 'set', { value: 9 });
  assert.deepEqual(sent.map(({ value }) => value), [1, 9]);
  answer(0, { got: 1 });
  await settle();
  assert.deepEqual(sent.map(({ value }) => value), [1, 9, 4]);
  answer(1, { got: 9 });
  answer(2, { got: 4 });
  assert.deepEqual((await Promise.all([...calls, elsewhere])).map(({ got }) => got), [1, 4, 4, 4, 9]);
});

test('a refused request in a slot does not hold up the next', async () => {
  const { bridge, port, sent, answer } = open();
  const first = bridge.latest('knob', 'set', { value: 1 }), second = bridge.latest('knob', 'set', { value: 2 });
  port.onmessage({ data: { id: sent[0].id, ok: false, error: { code: 'bad-argument', message: 'no' } } });
  await assert.rejects(first);
  await settle();
  answer(1, { got: 2 });
  assert.equal((await second).got, 2);
});

test('messages without id are events', () => {
  const { port, events } = open();
  port.onmessage({ data: { type: 'frame', step: 3 } });
  assert.deepEqual(events, [{ type: 'frame', step: 3 }]);
});

for (const [how, kill] of [
  ['an uncaught error', ({ port }) => port.onerror({ message: 'boom', preventDefault() {} })],
  ['a crash that the engine reports', ({ port }) => port.onmessage({ data: { type: 'crash', message: 'boom' } })],
]) {
  test(`${how} is one death: open calls fail, later ones too, the thread is ended`, async () => {
    const rig = open(), call = rig.bridge.call('train');
    kill(rig);
    await assert.rejects(call, { code: 'gone' });
    await assert.rejects(rig.bridge.call('train'), { code: 'gone' });
    assert.deepEqual(rig.deaths, ['boom']);
    assert.equal(rig.port.terminated, 1);
  });
}

test('a thread that ends without a word is noticed through the lock that it held', async () => {
  let grant;
  const locks = { request: (name, options, body) => new Promise((resolve) => { grant = () => resolve(body()); }) };
  const { bridge, sent, answer, deaths } = open({ locks });
  const started = bridge.call('start');
  assert.match(sent[0].lock, /^genplay-/);
  answer(0);
  await started;
  bridge.watch();
  assert.deepEqual(deaths, []);
  grant();
  assert.deepEqual(deaths, ['']);
});

test('closing on purpose is no death', async () => {
  const { bridge, deaths } = open();
  const call = bridge.call('measure');
  bridge.close();
  await assert.rejects(call, { code: 'gone' });
  assert.deepEqual(deaths, []);
});

test('an engine in this thread speaks through the same port', async () => {
  const port = localPort(({ post }) => ({ handle: ({ id, type }) => post({ id, ok: true, type }) }));
  const bridge = createBridge({ port, onEvent() {}, onDeath() {} });
  opened.push({ bridge });
  assert.equal((await bridge.call('ping')).type, 'ping');
});
