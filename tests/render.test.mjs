// The renderer: which GL calls a scene becomes (on a fake context, in Node), and which pixels (in Chromium).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { buildScenes } from './render/build.mjs';
import { fakeGl } from './render/fake-gl.mjs';
import { sceneMaker, toPixel } from './render/scenes.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url)), HERE = resolve(ROOT, 'tests/render');
const ENGINE = resolve(ROOT, process.env.W || 'wasm/build');
const chromiumOptions = {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
};
const built = buildScenes();

/** Numbers 0, 1, 2 ... put through a function. */
const fill = (n, f) => Array.from({ length: n }, (_, i) => f(i));

const each = {
  points: { kind: 'points', xy: fill(14, (i) => i / 10) },
  lines: { kind: 'lines', xy: fill(10, (i) => i / 10), to: fill(10, (i) => -i / 10) },
  path: { kind: 'path', xy: fill(8, (i) => i / 10) },
  heat: { kind: 'heat', heat: 'signed', w: 4, h: 3, value: fill(12, (i) => i / 12), mid: 0.5, high: 1 },
  tiles: { kind: 'tiles', n: 5, w: 4, h: 3, value: fill(60, (i) => i / 60) },
};
const everything = [{ axes: true, items: Object.values(each) }];
const size = { width: 200, height: 150 };

describe('GL calls', () => {
  /** A module of its own, attached to a fake context whose calls so far are forgotten. */
  async function fresh(options) {
    const { default: createModule } = await import(pathToFileURL(resolve(built, 'scenes.mjs')).href);
    const maker = sceneMaker(await createModule()), fake = fakeGl(options), attached = maker.attach(fake.gl);
    return { maker, fake, attached, forget: () => fake.calls.splice(0) };
  }
  const drawn = (fake) => fake.named('drawArraysInstanced').map((call) => call[4]);

  test('every kind of item draws one quad per mark, segment, map or picture', async () => {
    const { maker, fake, forget } = await fresh();
    for (const [kind, quads] of Object.entries({ points: [7], lines: [5], path: [3], heat: [1], tiles: [5] })) {
      forget();
      maker.draw([{ items: [each[kind]] }], size);
      assert.deepEqual(drawn(fake), quads, kind);
    }
    forget();
    maker.draw([{ items: [{ ...each.tiles, under: each.tiles.value }] }], size);
    assert.deepEqual(drawn(fake), [5, 5], 'pairs');
  });

  test('an item of nothing draws nothing', async () => {
    const { maker, fake } = await fresh();
    maker.draw([{ items: [{ kind: 'points', xy: [] }, { kind: 'lines', xy: [], to: [] }, { kind: 'path', xy: [1, 1] }, { ...each.tiles, n: 0 }] }], size);
    assert.deepEqual(drawn(fake), []);
  });

  test('without a context, and after it was lost, drawing does nothing', async () => {
    const { maker, fake, forget } = await fresh();
    maker.lost();
    forget();
    maker.draw(everything, size);
    assert.equal(fake.calls.length, 0);
  });

  test('a frame makes no GL object and, when shapes stay, no new texture storage', async () => {
    const { maker, fake, forget } = await fresh();
    maker.draw(everything, size);
    const objects = fake.made.size;
    forget();
    maker.draw(everything, size);
    assert.equal(fake.made.size, objects);
    assert.equal(fake.calls.filter(([name]) => name.startsWith('create')).length, 0);
    assert.equal(fake.count('texImage2D'), 0);
    assert.equal(fake.count('texSubImage2D'), 2);
  });

  test('attaching twice compiles once', async () => {
    const { maker, fake, forget } = await fresh();
    forget();
    assert.ok(maker.attach(fake.gl));
    assert.equal(fake.count('compileShader'), 0);
  });

  test('after a lost context everything is made anew on the next one, and draws the same', async () => {
    const { maker, fake } = await fresh(), next = fakeGl();
    maker.draw(everything, size);
    maker.lost();
    assert.ok(maker.attach(next.gl));
    maker.draw(everything, size);
    assert.equal(next.made.size, fake.made.size);
    assert.deepEqual(next.calls.map(([name]) => name), fake.calls.map(([name]) => name));
    assert.ok(next.calls.every(([name, object]) => !name.startsWith('bind') || !fake.made.has(object)), 'an object of the lost context is used');
  });

  test('freeing deletes every object that was made', async () => {
    const { maker, fake } = await fresh();
    maker.draw(everything, size);
    maker.free();
    assert.deepEqual([...fake.made], []);
    assert.ok(maker.attach(fakeGl().gl), 'and another context can follow');
  });

  test('a shader that the driver refuses is reported with its log, and leaves nothing behind', async () => {
    const { maker, fake, attached } = await fresh({ refuse: 'ERROR: 0:1: no such thing' });
    assert.equal(attached, false);
    assert.match(maker.error(), /vertex shader of marks.*no such thing/);
    assert.deepEqual([...fake.made], []);
    maker.draw(everything, size);
    assert.equal(fake.count('clear'), 0);
  });

  test('a great many pictures stay within the widest texture', async () => {
    const { maker, fake } = await fresh({ widest: 2048 });
    maker.draw([{ items: [{ kind: 'tiles', n: 500, w: 28, h: 28, value: new Float32Array(500 * 784) }] }], size);
    const [, , , , width, height] = fake.named('texImage2D')[0];
    assert.ok(width <= 2048 && height <= 2048 && Math.floor(width / 28) * Math.floor(height / 28) >= 500);
  });
});

describe('pixels', () => {
  let browser, page;
  const problems = [];

  before(async () => {
    browser = await chromium.launch(chromiumOptions);
    page = await browser.newPage();
    page.on('console', (m) => m.type() === 'error' && problems.push(m.text()));
    page.on('pageerror', (e) => problems.push(String(e)));
    const file = { '/': [HERE, 'page.html', 'text/html'], '/scene-maker.mjs': [HERE, 'scenes.mjs', 'text/javascript'],
      '/scenes.mjs': [built, 'scenes.mjs', 'text/javascript'], '/scenes.wasm': [built, 'scenes.wasm', 'application/wasm'] };
    await page.route('http://render.test/**', (route) => {
      const [folder, name, contentType] = file[new URL(route.request().url()).pathname];
      return route.fulfill({ contentType, body: readFileSync(resolve(folder, name)) });
    });
    await page.goto('http://render.test/');
    assert.equal(await page.waitForFunction(() => window.attached !== undefined).then(() => page.evaluate(() => window.attached)), '');
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(problems, []);
  });

  /** Draws; at(x, y): [r, g, b] of a pixel; column, row: of a place in data units. */
  async function show(panels, how = {}) {
    how = { ...size, ...how };
    const answer = await page.evaluate(([p, h]) => window.show(p, h), [panels, how]), pixels = Buffer.from(answer.pixels, 'base64'), { layout } = answer;
    assert.equal(answer.error, 0, 'a GL error');
    const at = (x, y) => { const k = (Math.floor(y) * how.width + Math.floor(x)) * 4; return [...pixels.subarray(k, k + 3)]; };
    return { layout, at, on: (place, panel = 0) => at(...toPixel(layout[panel], place)), how };
  }
  const colour = (role, dark = false) => page.evaluate(([r, d]) => window.colour(r, d), [role, dark]);
  const near = (a, b, most = 2) => a.every((v, i) => Math.abs(v - b[i]) <= most);
  const assertNear = (a, b, what, most) => assert.ok(near(a, b, most), `${what}: [${a}] is not [${b}]`);
  /** How much of a pixel has the mark's colour rather than the ground's, 0..1, by the channel in which they differ most. */
  const share = (pixel, ground, mark) => {
    const k = [0, 1, 2].reduce((best, i) => (Math.abs(mark[i] - ground[i]) > Math.abs(mark[best] - ground[best]) ? i : best), 0);
    return (pixel[k] - ground[k]) / (mark[k] - ground[k]);
  };
  const covered = ({ at, how }, ground, mark) => {
    let sum = 0;
    for (let y = 0; y < how.height; y++) for (let x = 0; x < how.width; x++) sum += share(at(x, y), ground, mark);
    return sum;
  };

  test('a disc at data (1,1) colours the pixel where the layout says it is', async () => {
    const green = await colour('data'), ground = await colour('panel');
    const seen = await show([{ square: true, items: [{ kind: 'points', xy: [1, 1], size: 6 }] }]);
    assertNear(seen.on([1, 1]), green, 'its centre');
    for (const other of [[-1, 1], [1, -1], [-1, -1], [0, 0]]) assertNear(seen.on(other), ground, `data ${other}`);
  });

  test('the four marks have their shapes', async () => {
    const green = await colour('data');
    const places = [[250, 250], [277, 277], [283, 283], [284, 250]];               // centre, diagonal 38 and 47 pixels off, right 34 pixels
    const filled = { disc: [1, 1, 0, 1], cross: [1, 1, 1, 0], square: [1, 1, 1, 1], ring: [0, 1, 0, 1] };
    for (const [mark, expected] of Object.entries(filled)) {
      const seen = await show([{ bounds: [-10, 10, -10, 10], items: [{ kind: 'points', mark, xy: [0, 0], size: 40 }] }], { width: 500, height: 500 });
      assert.deepEqual(places.map(([x, y]) => (near(seen.at(x, y), green) ? 1 : 0)), expected, mark);
    }
  });

  test("a disc's area is pi r^2, by antialiasing, wherever between pixels it stands", async () => {
    const green = await colour('data'), ground = await colour('panel');
    for (const offset of [0, 0.3, 0.5]) {
      const seen = await show([{ bounds: [0, 500, 0, 500], items: [{ kind: 'points', xy: [250 + offset, 250 + offset], size: 9, alpha: 0.999 }] }], { width: 500, height: 500 });
      const area = covered(seen, ground, green);
      assert.ok(Math.abs(area / (Math.PI * 81) - 1) < 0.02, `offset ${offset}: ${area}`);        // linear edges against the exact circle, 8-bit colours
    }
  });

  test('a line is as wide as it says in CSS pixels, at any angle and pixel ratio', async () => {
    const ink = await colour('text'), ground = await colour('panel');
    for (const dpr of [1, 2]) for (const [dx, dy] of [[300, 0], [0, 300], [200, 130]]) {
      const seen = await show([{ bounds: [0, 500, 0, 500], items: [{ kind: 'path', role: 'text', size: 3, alpha: 0.999, xy: [90, 90.3, 90 + dx, 90.3 + dy] }] }],
        { width: 500 * dpr, height: 500 * dpr, dpr });
      const wide = covered(seen, ground, ink) / (Math.hypot(dx, dy) * dpr);
      assert.ok(Math.abs(wide - 3 * dpr) < 0.04 * dpr, `${wide} for ${3 * dpr}`);                 // flat ends, half a pixel each
    }
  });

  test('segments join their own pairs, and a path joins all its points', async () => {
    const green = await colour('data'), ground = await colour('panel');
    const joined = await show([{ items: [{ kind: 'path', xy: [-1, -1, 1, -1, 1, 1], size: 4 }] }]);
    for (const place of [[0, -1], [1, -1], [1, 0]]) assertNear(joined.on(place), green, `path at ${place}`);
    const apart = await show([{ items: [{ kind: 'lines', xy: [-1, -1, -1, 1], to: [1, -1, 1, 1], size: 4 }] }]);
    for (const place of [[0, -1], [0, 1]]) assertNear(apart.on(place), green, `segment at ${place}`);
    assertNear(apart.on([1, 0]), ground, 'between the segments');
  });

  test('a faint path has one shade, also where its pieces meet', async () => {
    const seen = await show([{ items: [{ kind: 'path', xy: [-1, 0, 0, 0, 1, 0], size: 8, alpha: 0.5 }] }]);
    assertNear(seen.on([0, 0]), seen.on([0.5, 0]), 'the joint');
    assert.ok(!near(seen.on([0, 0]), await colour('data'), 40), 'it is faint');
  });

  test('a heat map is greatest where its values are, with row 0 at the top, and empty where they are NaN', async () => {
    const w = 8, h = 6, value = new Array(w * h).fill(0);
    value[1 * w + 6] = 2;                                                          // second row, seventh column
    const seen = await show([{ bounds: [0, w, 0, h], items: [{ kind: 'heat', heat: 'density', w, h, value, high: 2 }] }]);
    const ground = await colour('panel'), purple = await colour('sample');
    assertNear(seen.on([6.5, h - 1.5]), purple, 'the greatest cell');
    assertNear(seen.on([1.5, 1.5]), ground, 'a cell of zero');
    let best = [0, 0, 0];
    for (let x = 0; x < size.width; x++) for (let y = 0; y < size.height; y++) {
      const s = share(seen.at(x, y), ground, purple);
      if (s > best[0]) best = [s, x, y];
    }
    const [px, py] = toPixel(seen.layout[0], [6.5, h - 1.5]);
    assert.ok(Math.hypot(best[1] - px, best[2] - py) < 3, 'the greatest pixel is in that cell');
    value.fill(Number.NaN);
    const empty = await show([{ bounds: [0, w, 0, h], items: [{ kind: 'heat', heat: 'signed', w, h, value, mid: 0.5, high: 1 }] }]);
    assertNear(empty.on([4, 3]), ground, 'NaN');
  });

  test('a signed map is orange below its middle, grey at it, blue above', async () => {
    const seen = await show([{ bounds: [0, 3, 0, 1], items: [{ kind: 'heat', heat: 'signed', w: 3, h: 1, value: [0, 0.5, 1], mid: 0.5, high: 1 }] }]);
    assertNear(seen.on([0.1, 0.5]), await colour('low'), 'low');
    assertNear(seen.on([2.9, 0.5]), await colour('high'), 'high');
    const flat = await show([{ bounds: [0, 3, 0, 1], items: [{ kind: 'heat', heat: 'signed', w: 3, h: 1, value: [0.5, 0.5, 0.5], mid: 0.5, high: 1 }] }]);
    assertNear(flat.on([1.5, 0.5]), await colour('middle'), 'flat');
  });

  test('tile (2,3) shows picture number 2 * cols + 3, pixel by pixel', async () => {
    const n = 20, w = 5, h = 4, value = fill(n * w * h, (i) => ((i * 7919) % 256) / 255);
    const seen = await show([{ items: [{ kind: 'tiles', n, w, h, value }] }], { width: 400, height: 340 });
    const t = seen.layout[0].tiles, k = 2 * t.cols + 3;
    assert.ok(k < n && t.w % w === 0, 'the test needs that tile, at a whole scale');
    for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
      const level = Math.round(value[k * w * h + y * w + x] * 255);
      for (const [ox, oy] of [[0.02, 0.02], [0.5, 0.5], [0.98, 0.98]])
        assertNear(seen.at(t.x + 3 * t.dx + ((x + ox) * t.w) / w, t.y + 2 * t.dy + ((y + oy) * t.h) / h), [level, level, level], `pixel ${x},${y}`, 1);
    }
    assertNear(seen.at(t.x + 3 * t.dx - 1, t.y + 2 * t.dy + 2), await colour('panel'), 'the gap');
  });

  test('several items share one grid, each from its own column and row on', async () => {
    const tiles = (n, value, place) => ({ kind: 'tiles', n, w: 1, h: 1, ink: true, value: fill(n, () => value), ...place });
    const seen = await show([{ items: [tiles(2, 1, { cols: 1, role: 'data' }), tiles(6, 1, { cols: 2, left: 1, role: 'sample' }), tiles(1, 1, { cols: 1, left: 2, top: 3, role: 'latent' })] }]);
    const t = seen.layout[0].tiles, of = (column, row) => seen.at(t.x + column * t.dx + t.w / 2, t.y + row * t.dy + t.h / 2);
    assert.deepEqual([t.cols, t.rows], [3, 4]);
    for (const [column, row, role] of [[0, 0, 'data'], [0, 1, 'data'], [0, 2, 'panel'], [1, 0, 'sample'], [2, 2, 'sample'], [1, 3, 'panel'], [2, 3, 'latent']])
      assertNear(of(column, row), await colour(role), `column ${column}, row ${row}`);
  });

  test('a picture smaller than its pixels keeps its mean', async () => {
    const value = fill(64 * 64, (i) => (i + Math.floor(i / 64)) % 2);              // a chessboard
    const seen = await show([{ items: [{ kind: 'tiles', n: 1, w: 64, h: 64, value }] }], { width: 60, height: 60 });
    const t = seen.layout[0].tiles;
    let sum = 0;
    for (let y = 1; y < t.h - 1; y++) for (let x = 1; x < t.w - 1; x++) sum += seen.at(t.x + x, t.y + y)[0];
    assert.ok(Math.abs(sum / ((t.w - 2) * (t.h - 2)) - 127.5) < 4);
  });

  test('colour pictures keep their colours, drawings take the ink and paper of the theme', async () => {
    const colours = await show([{ items: [{ kind: 'tiles', n: 1, w: 1, h: 1, c: 3, value: [1, 0.5, 0] }] }]);
    assertNear(colours.on([0, 0]), [255, 128, 0], 'colour', 1);
    for (const dark of [false, true]) {
      const pair = { kind: 'tiles', n: 1, w: 2, h: 1, ink: true, role: 'data', underRole: 'sample', value: [0, 1], under: [1, 0] };
      const seen = await show([{ items: [pair] }], { dark });
      const t = seen.layout[0].tiles, of = (column, down) => seen.at(t.x + (column + 0.5) * (t.w / 2), t.y + down + t.h / 2);
      assertNear(of(0, 0), await colour('background', dark), 'paper');
      assertNear(of(1, 0), await colour('data', dark), 'ink of the upper');
      assertNear(of(0, t.under), await colour('sample', dark), 'ink of the lower');
    }
  });

  test('numbers shown as black and white can be chosen, and the rest is clamped', async () => {
    const seen = await show([{ items: [{ kind: 'tiles', n: 1, w: 5, h: 1, value: [-9, -3, 0, 3, 9], mid: -3, high: 3 }] }]);
    const t = seen.layout[0].tiles;
    const levels = fill(5, (i) => seen.at(t.x + ((i + 0.5) * t.w) / 5, t.y + t.h / 2)[0]);
    assert.deepEqual(levels, [0, 0, 128, 255, 255]);
  });

  test('labels pick class colours, and a negative one the role', async () => {
    const seen = await show([{ items: [{ kind: 'points', role: 'latent', xy: [-1, 0, 0, 0, 1, 0, 0, 1], label: [0, 1, -1, 12], size: 8 }] }]);
    assertNear(seen.on([-1, 0]), await colour('class0'), 'label 0');
    assertNear(seen.on([0, 0]), await colour('class1'), 'label 1');
    assertNear(seen.on([1, 0]), await colour('latent'), 'label -1');
    assertNear(seen.on([0, 1]), await colour('class2'), 'label 12');
  });

  test('later items cover earlier ones, and panels do not spill into each other', async () => {
    const big = (role) => ({ kind: 'points', role, xy: [0, 0], size: 30 });
    const seen = await show([{ place: [0, 0, 0.5, 1], items: [big('data'), big('sample')] }, { place: [0.5, 0, 0.5, 1], items: [{ ...big('data'), xy: [-2, 0], size: 90 }] }], { width: 400 });
    assertNear(seen.on([0, 0]), await colour('sample'), 'the later');
    const left = seen.layout[0];
    assertNear(seen.at(left.x + left.w + 2, 75), await colour('background'), 'the gap');
    assertNear(seen.at(left.x + left.w - 2, 75), await colour('panel'), "the left panel's edge");
  });

  test('what is not finite is not drawn, and disturbs nothing else', async () => {
    const bad = [Number.NaN, 0, Infinity, 1, 0, -Infinity];
    const seen = await show([{ items: [{ kind: 'points', xy: [...bad, 1, 1], size: 6 }, { kind: 'lines', xy: bad, to: fill(6, () => Number.NaN), size: 3 }] }]);
    assertNear(seen.on([1, 1]), await colour('data'), 'the good point');
    assertNear(seen.on([0, 0]), await colour('panel'), 'the middle');
  });

  test('axes run through zero; an empty scene is the background; the dark theme is dark', async () => {
    for (const dark of [false, true]) {
      const seen = await show([{ axes: true, bounds: [-1, 3, -1, 3] }], { dark });
      assertNear(seen.on([0, 2]), await colour('axis', dark), 'the vertical axis');
      assertNear(seen.on([2, 0]), await colour('axis', dark), 'the horizontal axis');
      assertNear(seen.on([2, 2]), await colour('panel', dark), 'elsewhere');
      assertNear((await show(null, { dark })).at(5, 5), await colour('background', dark), 'no scene');
    }
  });

  test('a lost and restored context draws the same picture', async () => {
    const first = await page.evaluate(([p, h]) => window.show(p, h), [everything, size]);
    assert.ok(await page.evaluate(() => window.loseAndRestore()));
    const again = await page.evaluate(([p, h]) => window.show(p, h), [everything, size]);
    assert.equal(again.error, 0);
    assert.deepEqual(again.pixels, first.pixels);
  });
});

describe('views', () => {
  let browser, page;
  const problems = [];

  before(async () => {
    browser = await chromium.launch(chromiumOptions);
    page = await browser.newPage();
    page.on('console', (m) => m.type() === 'error' && problems.push(m.text()));
    page.on('pageerror', (e) => problems.push(String(e)));
    await page.route('http://engine.test/**', (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html><link rel="icon" href="data:,"><canvas></canvas>' });
      const file = pathname.startsWith('/build/') ? resolve(ENGINE, pathname.slice('/build/'.length)) : resolve(ROOT, 'wasm', pathname.slice(1));
      return route.fulfill({ contentType: file.endsWith('.wasm') ? 'application/wasm' : 'text/javascript', body: readFileSync(file) });
    });
    await page.goto('http://engine.test/');
  });
  after(async () => {
    await browser?.close();
    assert.deepEqual(problems, []);
  });

  test('every view of every model draws something, on both kinds of data and in both themes, without a GL error', async () => {
    const drawn = await page.evaluate(async () => {
      const { createLab } = await import('/genplay.mjs');
      const lab = await createLab(), results = [], width = 240, height = 180;
      const canvas = Object.assign(document.querySelector('canvas'), { width, height }), gl = canvas.getContext('webgl2', { antialias: false });
      lab.attach(gl);
      // A picture as a count of pixels per colour.
      const colours = () => {
        const pixels = new Uint32Array(width * height), count = new Map();
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(pixels.buffer));
        for (const pixel of pixels) count.set(pixel, (count.get(pixel) ?? 0) + 1);
        return count;
      };
      for (const model of lab.models) for (const [kind, data] of [['points', 'moons'], ['image', 'faces']]) {
        if (!model.data.includes(kind)) continue;
        const small = { hidden: 8, arch: 'mlp' }, keys = model.params.map(({ key }) => key);
        const run = lab.create({ model: model.id, data, params: Object.fromEntries(Object.entries(small).filter(([key]) => keys.includes(key))) });
        for (const view of run.views) {
          const pictures = [false, true].map((dark) => {
            run.draw(view, { width, height, dark });
            return colours();
          });
          const [ground, most] = [...pictures[0]].sort((a, b) => b[1] - a[1])[0];
          results.push({ what: `${view} of ${model.id} on ${data}`, marked: 1 - most / (width * height), dark: (pictures[1].get(ground) ?? 0) < most / 10, error: gl.getError() });
        }
        run.free();
      }
      return results;
    });
    assert.ok(drawn.length >= 8, `only ${drawn.length} views`);
    for (const { what, marked, dark, error } of drawn) {
      assert.ok(marked > 0.01, `${what}: ${marked} of the picture is not the ground`);
      assert.ok(dark, `${what}: the dark theme has the light ground`);
      assert.equal(error, 0, what);
    }
  });
});
