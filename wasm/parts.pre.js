// parts.pre.js -- goes into Emscripten's module of a build that split.mjs cut in two.
//
// ENGINE.wasm holds what runs until the first training step is done, ENGINE.rest.wasm the rest.  Both share one memory and one table of
// functions, where a placeholder stands for each function of the rest until that is there.  The rest is fetched in the background as soon as the first
// part runs; a call that comes before it waits for it, and in Node nothing is fetched before such a call.
Module['instantiateWasm'] ??= (imports, receive) => {
  const rest = new URL('ENGINE.rest.wasm', import.meta.url);
  let exports, complete = false;

  const fill = (module) => {
    if (!complete) new WebAssembly.Instance(module, { primary: exports });
    complete = true;
  };
  const wait = () => {
    try {
      fill(new WebAssembly.Module(readNow(rest)));
    } catch (cause) {
      stackRestore(bottom);             // the call ends here: nothing of it stays on the engine's stack
      throw Module['missing'](cause);
    }
  };
  const table = () => Object.values(exports).find((one) => one instanceof WebAssembly.Table);
  const placeholder = new Proxy({}, { get: (_, slot) => (...values) => (wait(), table().get(Number(slot))(...values)) });
  let bottom;

  compile(new URL('ENGINE.wasm', import.meta.url))
    .then((module) => WebAssembly.instantiate(module, { ...imports, placeholder }))
    .then((instance) => {
      exports = instance.exports;
      receive(instance);
      bottom = stackSave();
      if (!ENVIRONMENT_IS_NODE) Module['whole'] = compile(rest).then(fill).catch(() => {});      // the call that needs it will say why it is missing
    })
    .catch(readyPromiseReject);
  return {};
};

async function compile(url) {
  if (ENVIRONMENT_IS_NODE) return WebAssembly.compile(readNow(url));
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const streams = WebAssembly.compileStreaming && response.headers.get('content-type') === 'application/wasm';
  return streams ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}

function readNow(url) {
  if (ENVIRONMENT_IS_NODE) return require('fs').readFileSync(url);
  const request = new XMLHttpRequest();
  request.open('GET', url, false);
  request.overrideMimeType('text/plain; charset=x-user-defined');        // the bytes as they are; a page's own thread may not ask for an ArrayBuffer
  request.send();
  if (request.status !== 200) throw new Error(`${url}: ${request.status} ${request.statusText}`);
  return Uint8Array.from(request.responseText, (c) => c.charCodeAt(0));
}
