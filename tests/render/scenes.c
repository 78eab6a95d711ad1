// scenes.c -- lets a test written in JavaScript build any scene and draw it (see scenes.mjs).  Not part of the engine.
#include <emscripten.h>
#include <emscripten/html5_webgl.h>

#include "base/error.h"
#include "render.h"

static Scene scene;
static PanelLayout layout[SCENE_PANELS];

EMSCRIPTEN_KEEPALIVE const char *test_error(void) { return error_message(); }

EMSCRIPTEN_KEEPALIVE bool test_attach(int context) {
    error_clear();
    return emscripten_webgl_make_context_current(context) == EMSCRIPTEN_RESULT_SUCCESS && render_init();
}
EMSCRIPTEN_KEEPALIVE void test_lost(void) { render_lost(); }
EMSCRIPTEN_KEEPALIVE void test_free(void) { render_free(); }
EMSCRIPTEN_KEEPALIVE unsigned test_colour(int dark, int role) { return palette[dark][role]; }

EMSCRIPTEN_KEEPALIVE void test_clear(void) { scene.n = 0; }
// place: x y w h, x0 x1 y0 y1.
EMSCRIPTEN_KEEPALIVE void test_panel(const float *place, const char *title, bool square, bool axes) {
    Panel *p = scene_panel(&scene, title, place[0], place[1], place[2], place[3]);
    p->x0 = place[4]; p->x1 = place[5]; p->y0 = place[6]; p->y1 = place[7];
    p->square = square;
    p->axes = axes;
}
// An item of the newest panel.  is: kind role mark heat n w h c cols ink under_role left top.  has: size alpha mid high.
EMSCRIPTEN_KEEPALIVE void test_item(const int *is, const float *has, const float *xy, const float *to, const float *value, const float *under, const int *label) {
    Panel *p = &scene.panel[scene.n - 1];
    p->item[p->n++] = (Item){ .kind = (ItemKind)is[0], .role = (Role)is[1], .mark = (Mark)is[2], .heat = (HeatKind)is[3], .n = is[4], .w = is[5], .h = is[6],
                              .c = is[7], .cols = is[8], .ink = is[9], .under_role = (Role)is[10], .left = is[11], .top = is[12], .size = has[0],
                              .alpha = has[1], .mid = has[2], .high = has[3], .xy = xy, .to = to, .value = value, .under = under, .label = label };
}
EMSCRIPTEN_KEEPALIVE void test_draw(bool empty, int width, int height, float dpr, bool dark) {
    layout_panels(&scene, width, height, dpr, layout);
    render_draw(empty ? NULL : &scene, width, height, dpr, dark);
}
// 17 numbers: x y w h, x0 x1 y0 y1, tiles' cols rows x y w h dx dy under.
EMSCRIPTEN_KEEPALIVE void test_layout(int i, float *out) {
    const PanelLayout p = layout[i];
    const TileLayout t = p.tiles;
    const float all[] = { p.x, p.y, p.w, p.h, p.x0, p.x1, p.y0, p.y1, (float)t.cols, (float)t.rows, t.x, t.y, t.w, t.h, t.dx, t.dy, t.under };
    for (int k = 0; k < 17; k++) out[k] = all[k];
}
