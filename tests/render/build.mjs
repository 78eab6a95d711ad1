// Compiles the renderer with the test's own entry (scenes.c), without the rest of the engine.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['tests/render/scenes.c', 'wasm/render.c', 'core/view/scene.c', 'core/view/layout.c', 'core/base/error.c'];

/** @returns {string} the folder that holds scenes.mjs and scenes.wasm */
export function buildScenes() {
  const out = resolve(ROOT, process.env.O || 'build', 'render');
  const tools = process.env.GENPLAY_TOOLS ?? resolve(process.env.XDG_CACHE_HOME || resolve(homedir(), '.cache'), 'genplay');
  mkdirSync(out, { recursive: true });
  execFileSync(process.env.EMCC || 'emcc', [
    '-std=c11', '-Icore', '-Iwasm', '-O1', ...SOURCES, '-o', resolve(out, 'scenes.mjs'), '--no-entry', '-sMODULARIZE', '-sEXPORT_ES6', '-sENVIRONMENT=web,node',
    '-sFILESYSTEM=0', '-sALLOW_MEMORY_GROWTH', '-sMIN_WEBGL_VERSION=2', '-sMAX_WEBGL_VERSION=2', '-sEXPORTED_FUNCTIONS=_malloc,_free',
    '-sEXPORTED_RUNTIME_METHODS=GL,HEAPU8,UTF8ToString',
  ], { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH: `${resolve(tools, 'emscripten')}:${process.env.PATH}` } });
  return out;
}
