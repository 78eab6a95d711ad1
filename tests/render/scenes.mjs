// Builds scenes in the test module (scenes.c) and draws them; runs in Node and in a page.

/** The order of the enums in core/view/scene.h. */
export const KINDS = ['points', 'lines', 'path', 'heat', 'tiles'];
export const MARKS = ['disc', 'cross', 'square', 'ring'];
export const HEATS = ['density', 'signed'];
export const ROLES = ['background', 'panel', 'axis', 'text', 'data', 'sample', 'critic', 'latent', 'gradient', 'low', 'middle', 'high', 'class0', 'class1', 'class2'];

/** @param {any} M the instantiated module */
export function sceneMaker(M) {
  let taken = [];
  const put = (Type, values) => {
    if (!values) return 0;
    const array = Type.from(values), p = M._malloc(Math.max(4, array.byteLength)) >>> 0;
    new Uint8Array(M.HEAPU8.buffer, p, array.byteLength).set(new Uint8Array(array.buffer));
    taken.push(p);
    return p;
  };
  const text = (s) => put(Uint8Array, [...new TextEncoder().encode(s), 0]);
  const bool = (v) => (v ? 1 : 0);

  function addItem(item) {
    const n = item.n ?? (item.xy ? item.xy.length / 2 : 0);
    const tiles = item.kind === 'tiles';
    const is = [KINDS.indexOf(item.kind), ROLES.indexOf(item.role ?? 'data'), MARKS.indexOf(item.mark ?? 'disc'), HEATS.indexOf(item.heat ?? 'density'),
      n, item.w ?? 0, item.h ?? 0, item.c ?? 1, item.cols ?? 0, bool(item.ink), ROLES.indexOf(item.underRole ?? 'sample'), item.left ?? 0, item.top ?? 0];
    const has = [item.size ?? 1, item.alpha ?? 1, item.mid ?? 0, item.high ?? (tiles ? 1 : 0)];
    M._test_item(put(Int32Array, is), put(Float32Array, has), put(Float32Array, item.xy), put(Float32Array, item.to), put(Float32Array, item.value),
      put(Float32Array, item.under), put(Int32Array, item.label));
  }

  return {
    attach: (gl) => bool(M._test_attach(M.GL.registerContext(gl, { majorVersion: 2 }))) === 1,
    error: () => M.UTF8ToString(M._test_error() >>> 0),
    lost: () => M._test_lost(),
    free: () => M._test_free(),
    /** [r, g, b] of a role. */
    colour: (role, dark = false) => [16, 8, 0].map((shift) => (M._test_colour(bool(dark), ROLES.indexOf(role)) >>> shift) & 255),
    /** Draws panels, or with null clears the canvas; returns where the panels stand. */
    draw(panels, { width, height, dpr = 1, dark = false }) {
      M._test_clear();
      for (const p of panels ?? []) {
        M._test_panel(put(Float32Array, [...(p.place ?? [0, 0, 1, 1]), ...(p.bounds ?? [-2, 2, -2, 2])]), text(p.title ?? ''), bool(p.square), bool(p.axes));
        for (const item of p.items ?? []) addItem(item);
      }
      M._test_draw(bool(panels === null), width, height, dpr, bool(dark));
      const out = put(Float32Array, new Array(17).fill(0));
      const layouts = (panels ?? []).map((_, i) => {
        M._test_layout(i, out);
        const [x, y, w, h, x0, x1, y0, y1, cols, rows, tx, ty, tw, th, dx, dy, under] = new Float32Array(M.HEAPU8.buffer, out, 17);
        return { x, y, w, h, x0, x1, y0, y1, tiles: { cols, rows, x: tx, y: ty, w: tw, h: th, dx, dy, under } };
      });
      for (const p of taken.splice(0)) M._free(p);
      return layouts;
    },
  };
}

/** Data to pixels. */
export const toPixel = (p, [x, y]) => [p.x + ((x - p.x0) / (p.x1 - p.x0)) * p.w, p.y + ((p.y1 - y) / (p.y1 - p.y0)) * p.h];
