// bridge.mjs -- the page's side of the protocol with the engine (wasm/worker.mjs says what the messages are).
//
// call(): one request, one Promise.  latest(): requests of which only the newest counts (a slider being dragged): while one is on its
// way, the next waits and is replaced by newer ones.  Events go to onEvent.  When the engine's thread is gone or has thrown something
// that nobody caught, onDeath is called once and every open call fails.  Knows no DOM: what carries the messages is an argument.

/** @typedef {{ postMessage: (message: any, transfer: any[]) => void, terminate: () => void, onmessage: any, onerror: any }} Port */

/** What the engine refused, with its code. */
export class EngineError extends Error {
  /** @param {{ code: string, message: string }} error */
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

const PATIENCE = 20_000;         // milliseconds without any answer before the visitor is told
let count = 0;

/**
 * @param {{ port: Port, onEvent: (event: any) => void, onDeath: (reason: string) => void, onSilence?: (silent: boolean) => void,
 *   locks?: LockManager }} options
 */
export function createBridge({ port, onEvent, onDeath, onSilence, locks }) {
  /** @type {Map<number, { resolve: (reply: any) => void, reject: (error: Error) => void }>} */
  const open = new Map();
  /** @type {Map<string, { next: { type: string, data: any, done: ((reply: any) => void)[] } | null }>} */
  const slots = new Map();
  let id = 0, dead = false, silent = false, heard = performance.now();
  const lock = locks ? `genplay-${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}-${count++}` : null;
  const watch = new AbortController();

  const patience = setInterval(() => {
    const late = open.size > 0 && performance.now() - heard > PATIENCE;
    if (late !== silent) onSilence?.((silent = late));
  }, 1000);

  /** @param {string} reason */
  function die(reason) {
    if (dead) return;
    close();
    onDeath(reason);
  }

  function close() {
    if (dead) return;
    dead = true;
    clearInterval(patience);
    watch.abort();
    port.onmessage = port.onerror = null;
    port.terminate();
    for (const { reject } of open.values()) reject(new EngineError({ code: 'gone', message: 'the engine is gone' }));
    open.clear();
  }

  port.onmessage = (/** @type {MessageEvent} */ { data }) => {
    heard = performance.now();
    if (data.id === undefined) {
      if (data.type === 'crash') die(data.message);
      else onEvent(data);
      return;
    }
    const waiting = open.get(data.id);
    open.delete(data.id);
    if (data.ok) waiting?.resolve(data);
    else {
      waiting?.reject(new EngineError(data.error));
      if (data.error.code === 'crash') die(data.error.message);
    }
  };
  port.onerror = (/** @type {ErrorEvent} */ event) => {
    event.preventDefault?.();
    die(event.message ?? '');
  };

  /** @param {string} type @param {any} [data] @param {any[]} [transfer] @returns {Promise<any>} */
  function call(type, data = {}, transfer = []) {
    if (dead) return Promise.reject(new EngineError({ code: 'gone', message: 'the engine is gone' }));
    if (open.size === 0) heard = performance.now();
    return new Promise((resolve, reject) => {
      open.set(++id, { resolve, reject });
      port.postMessage({ ...data, id, type, ...(type === 'start' && lock ? { lock } : {}) }, transfer);
    });
  }

  return {
    call,
    close,
    get dead() { return dead; },

    /** @param {string} slot  requests of one slot replace each other @param {string} type @param {any} data @returns {Promise<any>} */
    latest(slot, type, data) {
      const busy = slots.get(slot);
      if (busy) {
        return new Promise((resolve) => {
          busy.next = { type, data, done: [...(busy.next?.done ?? []), resolve] };
        });
      }
      /** @type {{ next: { type: string, data: any, done: ((reply: any) => void)[] } | null }} */
      const mine = { next: null };
      slots.set(slot, mine);
      const reply = call(type, data);
      const after = () => {
        slots.delete(slot);
        const next = mine.next;
        if (next) {
          const settled = this.latest(slot, next.type, next.data);
          for (const done of next.done) done(settled);
        }
      };
      reply.then(after, after);
      return reply;
    },

    /** After start: hears of the engine's death at once, however it died. */
    watch() {
      if (!lock) return;
      locks?.request(lock, { signal: watch.signal }, () => die('')).catch(() => {});
    },
  };
}

/**
 * A port to an engine in this very thread, for browsers whose OffscreenCanvas has no WebGL2.
 * @param {(host: { post: (message: any) => void }) => { handle: (message: any) => any }} createEngine
 * @returns {Port}
 */
export function localPort(createEngine) {
  /** @type {any} */
  const port = { onmessage: null, onerror: null, terminate() { port.onmessage = null; } };
  const engine = createEngine({ post: (data) => queueMicrotask(() => port.onmessage?.({ data })) });
  port.postMessage = (/** @type {any} */ message) => void engine.handle(message);
  return port;
}
