// serve.mjs: a static file server for localhost, for `make start` and the tests.
//
//   node wasm/serve.mjs [folder = dist] [--port 8080]
//
// It takes a free port where the one asked for is taken, and prints its address.  It serves files and folders' index.html, nothing outside its folder, to this
// machine only.  Browsers ask again each time (Cache-Control: no-cache), so a rebuilt page shows at once.  Pages are cross-origin isolated,
// which gives them memory that threads share; other sites' pages may still embed them.
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/** @type {Record<string, string>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8', '.csv': 'text/csv; charset=utf-8', '.gz': 'application/gzip', '.html': 'text/html; charset=utf-8', '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg', '.js': 'text/javascript; charset=utf-8', '.json': 'application/json', '.md': 'text/markdown; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8', '.png': 'image/png', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8', '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json', '.webp': 'image/webp', '.woff2': 'font/woff2',
};

const HEADERS = {
  'Cache-Control': 'no-cache', 'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Resource-Policy': 'cross-origin',
};

/**
 * What a request for `path` gets: a file, another address, or a status that says why not.
 * @param {string} folder  an absolute path without symbolic links
 * @param {string} path  as in the request, still encoded, without the query
 * @returns {Promise<{ file: string, size: number } | { location: string } | { status: number }>}
 */
async function resolveRequest(folder, path) {
  let decoded;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return { status: 400 };
  }
  if (decoded.includes('\0')) return { status: 400 };
  try {
    const file = await realpath(join(folder, decoded));
    if (file !== folder && !file.startsWith(folder + sep)) return { status: 404 };
    const info = await stat(file);
    if (info.isFile()) return { file, size: info.size };
    // Without the slash the page's own relative addresses would be one folder too high.
    if (!path.endsWith('/')) return { location: `${path}/` };
    const index = join(file, 'index.html');
    return { file: index, size: (await stat(index)).size };
  } catch {
    return { status: 404 };
  }
}

/**
 * Serves a folder on localhost until close() is called.
 * @param {string} folder
 * @param {{ port?: number }} [options]  port 0 (the default) is any free one; a port that is taken becomes a free one
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 */
export async function serve(folder, { port = 0 } = {}) {
  const home = await realpath(folder);
  const server = createServer(async (request, response) => {
    /** @type {Record<string, string | number>} */
    const headers = { ...HEADERS };
    const plain = (/** @type {number} */ status, /** @type {string} */ text) => {
      response.writeHead(status, { ...headers, 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'only GET and HEAD');
    const [path, ...query] = /** @type {string} */ (request.url).split('?');
    const found = await resolveRequest(home, path);
    if ('status' in found) return plain(found.status, found.status === 404 ? `not found: ${path}` : 'bad address');
    if ('location' in found) {
      headers.Location = [found.location.replace(/^\/+/, '/'), ...query].join('?');
      return plain(301, headers.Location);
    }
    headers['Content-Type'] = TYPES[extname(found.file).toLowerCase()] ?? 'application/octet-stream';
    headers['Content-Length'] = found.size;
    response.writeHead(200, headers);
    if (request.method === 'HEAD') response.end();
    else pipeline(createReadStream(found.file), response, () => {});       // a client that leaves midway is no error
  });
  const listen = (/** @type {number} */ wanted) => new Promise((resolve, reject) => {
    server.once('error', reject).listen(wanted, '127.0.0.1', () => resolve(server.off('error', reject)));
  });
  await listen(port).catch((error) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
    return listen(0);
  });
  const actual = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
  return {
    url: `http://localhost:${actual}/`,
    port: actual,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function main() {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { port: { type: 'string', default: '8080' } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port is a number from 0 to 65535, not ${values.port}`);
  const folder = positionals[0] ?? 'dist';
  const server = await serve(folder, { port }).catch((error) => {
    throw error.code === 'ENOENT' ? new Error(`there is no folder ${folder}: run make first`) : error;
  });
  if (port !== 0 && server.port !== port) console.log(`port ${port} is taken`);
  console.log(`Genplay is at ${server.url} (Ctrl+C ends it)`);
}

if (process.argv[1] && pathToFileURL(process.argv[1]).href === import.meta.url) {
  await main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
