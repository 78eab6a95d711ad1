// threads.pre.js -- goes into Emscripten's module of the build with threads, before anything of it runs.
//
// Node has no global class Worker, so Emscripten makes one.  Here it stays within the module; the program gets back what it had; and the
// threads take none of the program's flags along, since some, such as --input-type, are refused by workers.
var Worker = globalThis.Worker;
if (ENVIRONMENT_IS_NODE) {
  if (Module['worker']) globalThis.Worker = Module['worker'];
  else delete globalThis.Worker;
  Worker = class extends worker_threads.Worker {
    constructor(file, options) {
      super(file, { ...options, execArgv: [] });
    }
  };
}
