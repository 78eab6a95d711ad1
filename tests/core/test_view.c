// The palette, the layout of scenes, and what views make of arrays.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "view/layout.h"
#include "view/parts.h"
#include "view/view.h"

// -------------------------------------------------------------------------------------------------------------------- palette

static double linear(int byte) {
    double c = byte / 255.0;
    return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

static void linear_rgb(uint32_t rgb, double out[3]) {
    for (int i = 0; i < 3; i++) out[i] = linear(rgb >> (16 - 8 * i) & 255);
}

// Contrast of WCAG 2: relative luminances plus 0.05.
static double contrast(uint32_t a, uint32_t b) {
    double x[3], y[3];
    linear_rgb(a, x);
    linear_rgb(b, y);
    double la = 0.2126 * x[0] + 0.7152 * x[1] + 0.0722 * x[2] + 0.05, lb = 0.2126 * y[0] + 0.7152 * y[1] + 0.0722 * y[2] + 0.05;
    return la > lb ? la / lb : lb / la;
}

// How a colour looks to each kind of eye, in OKLab (Ottosson 2020).  Matrices of Machado et al. 2009, severity 1, linear RGB.
enum { EYES = 4 };
static const char *const eye_name[EYES] = { "normal", "protan", "deutan", "tritan" };
static void seen(uint32_t rgb, int eye, double lab[3]) {
    static const double m[EYES][9] = {
        { 1, 0, 0, 0, 1, 0, 0, 0, 1 },
        { 0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998 },
        { 0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881 },
        { 1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900 },
    };
    double in[3], c[3];
    linear_rgb(rgb, in);
    for (int i = 0; i < 3; i++) c[i] = fmax(0, m[eye][3 * i] * in[0] + m[eye][3 * i + 1] * in[1] + m[eye][3 * i + 2] * in[2]);
    double l = cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
    double k = cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
    double s = cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
    lab[0] = 0.2104542553 * l + 0.7936177850 * k - 0.0040720468 * s;
    lab[1] = 1.9779984951 * l - 2.4285922050 * k + 0.4505937099 * s;
    lab[2] = 0.0259040371 * l + 0.7827717662 * k - 0.8086757660 * s;
}

TEST(palette, "every mark has a contrast of at least 3:1 on its panel, text 4.5:1, in both themes") {
    for (int dark = 0; dark < 2; dark++) {
        for (int r = 0; r < N_ROLES; r++) {
            if (r == ROLE_BACKGROUND || r == ROLE_PANEL || r == ROLE_AXIS || r == ROLE_MIDDLE) continue;
            check_during("%s, %s", palette_name[r], dark ? "dark" : "light");
            ENSURE(contrast(palette[dark][r], palette[dark][ROLE_PANEL]) >= (r == ROLE_TEXT ? 4.5 : 3));
            ENSURE(contrast(palette[dark][r], palette[dark][ROLE_BACKGROUND]) >= (r == ROLE_TEXT ? 4.5 : 3));
        }
    }
}

static void ensure_apart(const int *role, int n) {
    for (int dark = 0; dark < 2; dark++)
        for (int i = 0; i < n; i++)
            for (int j = 0; j < i; j++)
                for (int eye = 0; eye < EYES; eye++) {
                    double a[3], b[3];
                    seen(palette[dark][role[i]], eye, a);
                    seen(palette[dark][role[j]], eye, b);
                    check_during("%s and %s, %s, %s", palette_name[role[i]], palette_name[role[j]], dark ? "dark" : "light", eye_name[eye]);
                    ENSURE(hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]) >= 0.06);
                }
}

TEST(palette, "colour-blind eyes tell any two meanings, and any two classes, apart") {
    static const int meaning[] = { ROLE_DATA, ROLE_SAMPLE, ROLE_CRITIC, ROLE_LATENT, ROLE_GRADIENT };
    int class[N_CLASS_ROLES];
    for (int i = 0; i < N_CLASS_ROLES; i++) class[i] = ROLE_CLASS0 + i;
    ensure_apart(meaning, 5);
    ensure_apart(class, N_CLASS_ROLES);
}

// --------------------------------------------------------------------------------------------------------------------- layout

static const int canvas[][2] = { { 360, 420 }, { 720, 1280 }, { 1280, 720 }, { 1920, 1001 }, { 3840, 2160 }, { 1, 1 } };
enum { CANVASES = sizeof canvas / sizeof canvas[0] };

TEST(layout, "panels lie on whole pixels inside the canvas, with a gap between them") {
    for (int c = 0; c < CANVASES - 1; c++) {
        Scene s = { 0 };
        PanelLayout at[SCENE_PANELS];
        scene_panel(&s, "", 0, 0, 0.6f, 1);
        scene_panel(&s, "", 0.6f, 0, 0.4f, 0.5f);
        scene_panel(&s, "", 0.6f, 0.5f, 0.4f, 0.5f);
        layout_panels(&s, canvas[c][0], canvas[c][1], 2, at);
        for (int i = 0; i < s.n; i++) {
            ENSURE(at[i].x == floorf(at[i].x) && at[i].y == floorf(at[i].y) && at[i].w == floorf(at[i].w) && at[i].h == floorf(at[i].h));
            ENSURE(at[i].x >= 0 && at[i].y >= 0 && at[i].x + at[i].w <= (float)canvas[c][0] && at[i].y + at[i].h <= (float)canvas[c][1]);
        }
        ENSURE_CLOSE(at[1].x - (at[0].x + at[0].w), 2 * LAYOUT_GAP, 1);      // rounding
        ENSURE_CLOSE(at[2].y - (at[1].y + at[1].h), 2 * LAYOUT_GAP, 1);
        ENSURE_EQUAL(at[0].h, canvas[c][1]);
    }
}

TEST(layout, "a square plane has one scale on both axes and still shows all its bounds") {
    for (int c = 0; c < CANVASES; c++) {
        Scene s = { 0 };
        PanelLayout at[SCENE_PANELS];
        panel_plane(scene_panel(&s, "", 0, 0, 1, 1), (float[]){ -3, 5, -1, 2 });
        layout_panels(&s, canvas[c][0], canvas[c][1], 1, at);
        double x = (double)((at->x1 - at->x0) / at->w), y = (double)((at->y1 - at->y0) / at->h);
        ENSURE_CLOSE(x / y, 1, 1e-5);                                       // single precision
        ENSURE(at->x0 <= -3 && at->x1 >= 5 && at->y0 <= -1 && at->y1 >= 2);
        ENSURE_CLOSE(at->x0 + at->x1, 2, 1e-4);
        ENSURE_CLOSE(at->y0 + at->y1, 1, 1e-4);
    }
}

TEST(layout, "data to pixels and back is the identity, and y points up in data") {
    Scene s = { 0 };
    PanelLayout at[SCENE_PANELS];
    panel_plane(scene_panel(&s, "", 0.25f, 0.1f, 0.5f, 0.7f), (float[]){ -3, 5, -1, 2 });
    layout_panels(&s, 1280, 720, 1.5f, at);
    float high[2], low[2], back[2];
    layout_to_pixel(at, (float[]){ 1, 1.5f }, high);
    layout_to_pixel(at, (float[]){ 1, -0.5f }, low);
    ENSURE(high[1] < low[1]);
    layout_to_data(at, high, back);
    ENSURE_CLOSE(back[0], 1, 1e-5);
    ENSURE_CLOSE(back[1], 1.5, 1e-5);
    layout_to_pixel(at, (float[]){ at->x0, at->y1 }, high);
    ENSURE_CLOSE(high[0], at->x, 1e-3);
    ENSURE_CLOSE(high[1], at->y, 1e-3);
}

static TileLayout tiles_of(int n, int w, int h, int cols, bool pairs, const char *title, const int size[2], float dpr) {
    static float pixels[1];                                                // never read by a layout
    Scene s = { 0 };
    PanelLayout at[SCENE_PANELS];
    Item *it = panel_tiles(scene_panel(&s, title, 0, 0, 1, 1), ROLE_SAMPLE, pixels, n, (int[]){ h, w, 1 });
    it->cols = cols;
    if (pairs) it->under = pixels;
    layout_panels(&s, size[0], size[1], dpr, at);
    return at->tiles;
}

TEST(layout, "any number of pictures fits its panel without overlap, below the title") {
    static const int count[] = { 1, 2, 3, 4, 5, 7, 8, 9, 10, 30, 36, 64, 100 };
    for (int c = 0; c < CANVASES - 1; c++)
        for (int i = 0; i < 13; i++)
            for (int pairs = 0; pairs < 2; pairs++) {
                int n = count[i];
                check_during("%d pictures, %d x %d", n, canvas[c][0], canvas[c][1]);
                TileLayout t = tiles_of(n, 28, 28, 0, pairs, "Title", canvas[c], 2);
                float high = pairs ? t.under + t.h : t.h;
                ENSURE(t.cols >= 1 && t.cols * t.rows >= n && t.cols * (t.rows - 1) < n);
                ENSURE(t.x >= 0 && t.x + (float)(t.cols - 1) * t.dx + t.w <= (float)canvas[c][0]);
                ENSURE(t.y >= 2 * LAYOUT_TITLE && t.y + (float)(t.rows - 1) * t.dy + high <= (float)canvas[c][1]);
                ENSURE(t.dx > t.w && t.dy > high && (!pairs || t.under > t.h));
            }
}

TEST(layout, "pictures are drawn at a whole scale unless that costs more than 15 % of their size") {
    int size[2] = { 0, 400 };
    for (size[0] = 400; size[0] < 1000; size[0] += 7) {
        TileLayout t = tiles_of(16, 28, 28, 0, false, "", size, 1);
        double scale = (double)t.w / 28;
        ENSURE(scale == floor(scale) || floor(scale) < 0.86 * scale);       // 0.01 for the rounding of t.w
        ENSURE_EQUAL(t.w, t.h);
    }
}

TEST(layout, "a number of columns that is asked for is kept") {
    TileLayout t = tiles_of(144, 28, 28, 12, false, "", canvas[2], 1);
    ENSURE_EQUAL(t.cols, 12);
    ENSURE_EQUAL(t.rows, 12);
}

TEST(layout, "items that say where they begin share one grid, with room for words over its columns") {
    static float pixels[1];                                                // never read by a layout
    for (int c = 0; c < CANVASES - 1; c++) {
        Scene s = { 0 };
        PanelLayout bare[SCENE_PANELS], headed[SCENE_PANELS];
        Panel *p = scene_panel(&s, "Title", 0, 0, 1, 1);
        Item *left = panel_tiles(p, ROLE_DATA, pixels, 2, (int[]){ 28, 28, 1 }), *rest = panel_tiles(p, ROLE_SAMPLE, pixels, 12, (int[]){ 28, 28, 1 });
        left->cols = 1;
        rest->cols = 3;
        rest->left = 1;
        layout_panels(&s, canvas[c][0], canvas[c][1], 2, bare);
        ENSURE_EQUAL(bare->tiles.cols, 4);
        ENSURE_EQUAL(bare->tiles.rows, 4);
        ENSURE(bare->tiles.x + 3 * bare->tiles.dx + bare->tiles.w <= (float)canvas[c][0] && bare->tiles.y + 3 * bare->tiles.dy + bare->tiles.h <= (float)canvas[c][1]);
        panel_head(p, "real");
        layout_panels(&s, canvas[c][0], canvas[c][1], 2, headed);
        ENSURE(headed->tiles.y >= 2 * (LAYOUT_TITLE + LAYOUT_HEADS));
    }
}

TEST(layout, "marks grow with the panel, but slower") {
    PanelLayout small = { .w = 350, .h = 350 }, large = { .w = 1400, .h = 1400 };
    ENSURE_CLOSE(layout_size(&large, 1, 3) / layout_size(&small, 1, 3), 2, 1e-5);
    ENSURE_CLOSE(layout_size(&large, 2, 3) / layout_size(&(PanelLayout){ .w = 700, .h = 900 }, 1, 3), 2, 1e-5);
}

// ---------------------------------------------------------------------------------------------------------------------- views

static float *filled(Out *out, const char *name, int rank, const int *shape, float start, float step) {
    float *x = out_f32(out, name, rank, shape);
    int n = 1;
    for (int i = 0; i < rank; i++) n *= shape[i];
    for (int i = 0; i < n; i++) x[i] = start + step * (float)i;
    return x;
}

// Arranges arrays made by hand, with an option or two that differ from the defaults.
static Scene arranged(const char *id, const char *lines, const Out *arrays) {
    double option[KNOBS_MAX];
    Scene s = { 0 };
    const ViewDef *v = view_find(id);
    knobs_default(v->options, false, option);
    ENSURE(knobs_read(v->options, id, lines, option));
    v->arrange(NULL, option, arrays, &s);
    return s;
}

static const Item *item_of(const Panel *p, ItemKind kind, Role role) {
    for (int i = 0; i < p->n; i++)
        if (p->item[i].kind == kind && p->item[i].role == role) return &p->item[i];
    return NULL;
}

TEST(view, "every row of views.def is found by its id, and nothing else is") {
    for (int i = 0; i < n_view_defs; i++) ENSURE(view_find(view_defs[i]->id) == view_defs[i]);
    ENSURE(!view_find("nothing"));
    ENSURE(!view_find(""));
}

TEST(view, "every option's default is accepted, and every view can follow the canvas") {
    for (int i = 0; i < n_view_defs; i++) {
        const ViewDef *v = view_defs[i];
        ENSURE(v->title && v->help && v->kind && v->compute && v->arrange);
        ENSURE(knob_find(v->options, "aspect") >= 0);
        for (int k = 0; v->options[k].key; k++)
            for (int image = 0; image < 2; image++) {
                double value[KNOBS_MAX], back;
                char text[32];
                check_during("%s, %s", v->id, v->options[k].key);
                knobs_default(v->options, image, value);
                knob_write(&v->options[k], value[k], text);
                ENSURE(knob_read(&v->options[k], v->id, text, &back));
                ENSURE(back == value[k]);
                ENSURE(v->options[k].help && v->options[k].title && v->options[k].group);
            }
    }
}

TEST(view, "bounds are widened on one axis only, about their middle") {
    float b[4] = { 0, 2, 10, 11 };
    bounds_widen(b, 4);
    ENSURE_CLOSE(b[0], -1, 1e-6);
    ENSURE_CLOSE(b[1], 3, 1e-6);
    ENSURE_CLOSE(b[2], 10, 1e-6);
    ENSURE_CLOSE(b[3], 11, 1e-6);
    bounds_widen(b, 1);
    ENSURE_CLOSE(b[3] - b[2], 4, 1e-6);
    ENSURE_CLOSE(b[1] - b[0], 4, 1e-6);
}

TEST(view, "samples lie over the data, and both over the map") {
    Out a;
    out_init(&a, NULL);
    float *data = filled(&a, "data", 2, (int[]){ 5, 2 }, 0, 0.1f), *samples = filled(&a, "samples", 2, (int[]){ 7, 2 }, 0, 0.1f);
    filled(&a, "bounds", 1, (int[]){ 4 }, -1, 1);
    Scene s = arranged("samples", "", &a);
    ENSURE_EQUAL(s.n, 1);
    ENSURE(s.panel[0].axes && s.panel[0].square);
    ENSURE_EQUAL(s.panel[0].n, 2);
    ENSURE(s.panel[0].item[0].xy == data && s.panel[0].item[0].role == ROLE_DATA && s.panel[0].item[0].mark == MARK_DISC);
    ENSURE(s.panel[0].item[1].xy == samples && s.panel[0].item[1].role == ROLE_SAMPLE && s.panel[0].item[1].mark == MARK_CROSS);

    float *density = filled(&a, "density", 2, (int[]){ 3, 4 }, 0, 0.1f);
    filled(&a, "level", 1, (int[]){ 1 }, 0.5f, 0);
    s = arranged("samples", "real\tfalse\n", &a);
    ENSURE_EQUAL(s.panel[0].n, 2);
    ENSURE(s.panel[0].item[0].kind == ITEM_HEAT && s.panel[0].item[0].value == density && s.panel[0].item[0].w == 4 && s.panel[0].item[0].h == 3);
    ENSURE_CLOSE(s.panel[0].item[0].high, 0.5, 0);
    ENSURE(s.panel[0].item[1].xy == samples);
    out_clear(&a);
}

TEST(view, "a critic's field is signed around one half; an optimal one that nobody knows is left out and said so") {
    Out a;
    out_init(&a, NULL);
    filled(&a, "data", 2, (int[]){ 5, 2 }, 0, 0.1f);
    filled(&a, "samples", 2, (int[]){ 5, 2 }, 0, 0.1f);
    filled(&a, "bounds", 1, (int[]){ 4 }, -1, 1);
    float *critic = filled(&a, "critic", 2, (int[]){ 2, 2 }, 0, 0.3f);
    Scene s = arranged("samples", "", &a);
    const Item *heat = &s.panel[0].item[0];
    ENSURE(heat->value == critic && heat->heat == HEAT_SIGNED && heat->mid == 0.5f && heat->high == 1);
    s = arranged("samples", "map\toptimal\n", &a);
    ENSURE(s.panel[0].item[0].kind == ITEM_POINTS);
    ENSURE(strstr(s.panel[0].title, "not known"));
    float *optimal = filled(&a, "optimal", 2, (int[]){ 2, 2 }, 0, 0.3f);
    s = arranged("samples", "map\toptimal\n", &a);
    ENSURE(s.panel[0].item[0].value == optimal);
    out_clear(&a);
}

TEST(view, "drawings on an empty ground are shown as ink, photographs are not") {
    Out a;
    out_init(&a, NULL);
    float *x = out_f32(&a, "drawing", 4, (int[]){ 2, 5, 5, 1 });
    x[12] = x[37] = 1;
    filled(&a, "photograph", 4, (int[]){ 2, 5, 5, 1 }, 0.5f, 0.001f);
    filled(&a, "colour", 4, (int[]){ 2, 5, 5, 3 }, 0, 0);
    ENSURE(is_ink(out_find(&a, "drawing")));
    ENSURE(!is_ink(out_find(&a, "photograph")));
    ENSURE(!is_ink(out_find(&a, "colour")));
    ENSURE(!is_ink(NULL));
    out_clear(&a);
}

TEST(view, "reconstructions stand under their originals, or are joined to them by a line") {
    Out a;
    out_init(&a, NULL);
    float *data = filled(&a, "data", 4, (int[]){ 3, 2, 2, 1 }, 0, 0), *made = filled(&a, "reconstruction", 4, (int[]){ 3, 2, 2, 1 }, 0, 0);
    Scene s = arranged("reconstruct", "", &a);
    const Item *it = &s.panel[0].item[0];
    ENSURE(it->kind == ITEM_TILES && it->n == 3 && it->value == data && it->under == made && it->role == ROLE_DATA && it->under_role == ROLE_SAMPLE);
    out_clear(&a);

    data = filled(&a, "data", 2, (int[]){ 3, 2 }, 0, 1);
    made = filled(&a, "reconstruction", 2, (int[]){ 3, 2 }, 0, 1);
    filled(&a, "bounds", 1, (int[]){ 4 }, -1, 1);
    s = arranged("reconstruct", "", &a);
    it = &s.panel[0].item[0];
    ENSURE(it->kind == ITEM_LINES && it->xy == data && it->to == made && it->n == 3);
    out_clear(&a);
}

TEST(view, "sampling time picks the frame whose time is nearest, in either direction of time") {
    enum { FRAMES = 5, N = 3 };
    Out a;
    out_init(&a, NULL);
    filled(&a, "data", 2, (int[]){ 4, 2 }, 0, 1);
    filled(&a, "bounds", 1, (int[]){ 4 }, -1, 1);
    float *frames = filled(&a, "frames", 3, (int[]){ FRAMES, N, 2 }, 0, 1), *time = out_f32(&a, "time", 1, (int[]){ FRAMES });
    static const float uneven[2][FRAMES] = { { 1000, 900, 500, 20, 0 }, { 0, 1, 5, 9, 10 } };
    static const struct { const char *slider; int frame[2]; } claim[] = {
        { "time\t0\n", { 0, 0 } }, { "time\t0.14\n", { 1, 1 } }, { "time\t0.5\n", { 2, 2 } }, { "time\t0.96\n", { 3, 4 } }, { "time\t1\n", { 4, 4 } },
    };
    for (int k = 0; k < 2; k++) {
        memcpy(time, uneven[k], sizeof uneven[k]);
        for (int i = 0; i < 5; i++) {
            check_during("times %d, %s", k, claim[i].slider);
            Scene s = arranged("trace", claim[i].slider, &a);
            const Panel *p = &s.panel[0];
            const Item *now = &p->item[p->n - 1];
            ENSURE(now->kind == ITEM_POINTS && now->n == N);
            ENSURE_EQUAL(now->xy - frames, claim[i].frame[k] * N * 2);
            // Trails lead up to it, each piece from one frame to the next.
            for (int t = 0; t < p->n; t++)
                if (p->item[t].kind == ITEM_LINES) ENSURE(p->item[t].to == p->item[t].xy + N * 2 && p->item[t].to <= now->xy);
        }
    }
    out_clear(&a);
}

TEST(view, "a trace of pictures shows one moment's, and a model without estimates says so") {
    Out a;
    out_init(&a, NULL);
    float *frames = filled(&a, "frames", 5, (int[]){ 3, 4, 2, 2, 1 }, 0, 0.01f);
    filled(&a, "data", 4, (int[]){ 4, 2, 2, 1 }, 0, 0);
    Scene s = arranged("trace", "time\t0.5\n", &a);
    ENSURE(s.panel[0].item[0].kind == ITEM_TILES && s.panel[0].item[0].n == 4 && s.panel[0].item[0].value == frames + 16);
    s = arranged("trace", "show\tnoise\n", &a);
    ENSURE(s.panel[0].item[0].value == frames + 32);
    ENSURE(strstr(s.panel[0].title, "no such estimate"));
    float *noise = filled(&a, "noise", 5, (int[]){ 3, 4, 2, 2, 1 }, 0, 0.01f);
    s = arranged("trace", "show\tnoise\n", &a);
    ENSURE(s.panel[0].item[0].value == noise + 32 && s.panel[0].item[0].mid < 0 && !s.panel[0].item[0].ink);
    out_clear(&a);
}

TEST(view, "the latent view is side by side on a wide canvas, stacked on a tall one, and its plane keeps its shape") {
    Out a;
    out_init(&a, NULL);
    filled(&a, "plane", 2, (int[]){ 6, 2 }, -1, 0.1f);
    filled(&a, "rings", 3, (int[]){ 2, 65, 2 }, 0, 0);
    filled(&a, "picked", 2, (int[]){ 2, 2 }, 0, 0.5f);
    filled(&a, "pressed", 2, (int[]){ 2, 2 }, 0, 0.4f);
    float *path = filled(&a, "path", 2, (int[]){ 4, 2 }, 0, 0.5f);
    filled(&a, "extent", 1, (int[]){ 4 }, -1, 1);
    filled(&a, "data", 4, (int[]){ 4, 2, 2, 1 }, 0, 0);
    float *decoded = filled(&a, "decoded", 4, (int[]){ 4, 2, 2, 1 }, 0, 0);
    Scene s = arranged("latent", "aspect\t1.8\n", &a);
    ENSURE_EQUAL(s.n, 2);
    ENSURE(s.panel[1].x > 0.5f && s.panel[1].y == 0 && s.panel[0].w > s.panel[1].w);
    ENSURE(s.panel[1].item[0].kind == ITEM_TILES && s.panel[1].item[0].value == decoded);
    const Item *line = item_of(&s.panel[0], ITEM_PATH, ROLE_TEXT), *codes = item_of(&s.panel[0], ITEM_POINTS, ROLE_LATENT);
    ENSURE(line && line->xy == path && line->n == 4);
    ENSURE(codes && !codes->label);
    s = arranged("latent", "aspect\t0.5\n", &a);
    ENSURE(s.panel[1].x == 0 && s.panel[1].y >= 0.5f);
    out_clear(&a);
}

// ------------------------------------------------------------------------------------------------------- views of real runs

// The views' cost is that of the verbs: a small network does here.
static Run *small_run(Lab *lab, const char *model, const char *data) {
    Run *run = run_new(lab, model, data, 1, "hidden\t8\n");
    ENSURE_SAYING(run, "%s", error_message());
    return run;
}

static void train_on(Run *run, int steps) {
    double mean[16];
    ENSURE_SAYING(run_train(run, steps, mean), "%s", error_message());
}

static Scene scene_of(Run *run, const char *view, const char *lines) {
    Scene s;
    ENSURE_SAYING(run_scene(run, view, lines, &s), "%s", error_message());
    return s;
}

static void numbers_of(Run *run, const char *view, const char *lines, Out *out) {
    ENSURE_SAYING(run_call(run, "view", &(Call){ .name = view, .options = lines }, out), "%s", error_message());
}

TEST(view, "a picture's frame depends on the data alone: training does not move it") {
    static const struct { const char *model, *view; } claim[] = { { "realnvp", "samples" }, { "realnvp", "trace" }, { "vae", "reconstruct" }, { "gan", "samples" } };
    Lab *lab = lab_new(0);
    for (int i = 0; i < 4; i++) {
        check_during("%s of %s", claim[i].view, claim[i].model);
        Run *run = small_run(lab, claim[i].model, "spirals");
        Scene before = scene_of(run, claim[i].view, "");
        train_on(run, 20);
        Scene after = scene_of(run, claim[i].view, "");
        for (int k = 0; k < before.n; k++) ENSURE(!memcmp(&before.panel[k].x0, &after.panel[k].x0, 4 * sizeof(float)));
    }
    lab_free(lab);
}

TEST(view, "the bounds of a plane show nearly all points, also of odd sets") {
    Lab *lab = lab_new(0);
    static const float one[] = { 3, 4 }, far[] = { 1e9f, 0, 1e9f, 1, -1e9f, 2 }, line[] = { 5, 0, 5, 1, 5, 2 };
    const int shape[3] = { 2 };
    ENSURE(lab_add_rows(lab, "one", DATA_POINTS, shape, 0, (DataRows){ .x = one, .n = 1 }, (DataRows){ 0 }));
    ENSURE(lab_add_rows(lab, "far", DATA_POINTS, shape, 0, (DataRows){ .x = far, .n = 3 }, (DataRows){ 0 }));
    ENSURE(lab_add_rows(lab, "line", DATA_POINTS, shape, 0, (DataRows){ .x = line, .n = 3 }, (DataRows){ 0 }));
    static const char *const set[] = { "one", "far", "line", "moons", "checkerboard", "spirals" };
    for (int i = 0; i < 6; i++) {
        check_during("%s", set[i]);
        Out out;
        out_init(&out, NULL);
        numbers_of(small_run(lab, "realnvp", set[i]), "samples", "map\tnone\naspect\t2\n", &out);
        const float *b = array_f32(&out, "bounds"), *x = array_f32(&out, "data");
        int n = array_rows(out_find(&out, "data")), outside = 0;
        ENSURE(b[0] < b[1] && b[2] < b[3]);
        ENSURE_CLOSE((b[1] - b[0]) / (b[3] - b[2]), 2, 1e-2);              // single precision, far from 0
        for (int k = 0; k < n; k++) outside += x[2 * k] < b[0] || x[2 * k] > b[1] || x[2 * k + 1] < b[2] || x[2 * k + 1] > b[3];
        ENSURE(outside <= n / 50);
        out_clear(&out);
    }
    lab_free(lab);
}

TEST(view, "the density map is exp(log p) at the centres of its cells, and its level holds a tenth of the mass") {
    Lab *lab = lab_new(0);
    Run *run = small_run(lab, "realnvp", "moons");
    Out out, direct;
    out_init(&out, NULL);
    out_init(&direct, NULL);
    train_on(run, 20);
    numbers_of(run, "samples", "grid\t24\naspect\t1.5\n", &out);
    const Array *map = out_find(&out, "density");
    const float *b = array_f32(&out, "bounds"), *density = map->data;
    int h = map->shape[0], w = map->shape[1];
    ENSURE(w > h && w * h > 400 && w * h < 800);
    static const int cell[][2] = { { 0, 0 }, { 5, 11 }, { 20, 3 } };       // row from the top, column
    for (int i = 0; i < 3; i++) {
        int y = cell[i][0] % h, x = cell[i][1] % w;
        float at[2] = { b[0] + (b[1] - b[0]) * ((float)x + 0.5f) / (float)w, b[3] - (b[3] - b[2]) * ((float)y + 0.5f) / (float)h };
        ENSURE(run_call(run, "logProb", &(Call){ .x = at, .n_x = 2, .name = "", .options = "" }, &direct));
        ENSURE_CLOSE((double)density[y * w + x] / exp(*(double *)out_find(&direct, "data")->data), 1, 1e-5);     // the map is in single precision
    }
    double mass = 0, top = 0;
    float level = *array_f32(&out, "level");
    for (int i = 0; i < w * h; i++) {
        mass += (double)density[i];
        if (density[i] > level) top += (double)density[i];
    }
    ENSURE(top < 0.1 * mass && top + (double)level >= 0.1 * mass * (1 - 1e-6));
    out_clear(&out);
    out_clear(&direct);
    lab_free(lab);
}

// Draws the samples with so many more slices of their map, which it gives back.
static Item drafted(Run *run, const char *lines, int slices, bool *whole) {
    Scene s;
    ENSURE_SAYING(run_draft(run, "samples", lines, slices, &s, whole), "%s", error_message());
    return s.panel[0].item[0];
}

TEST(view, "a fine map is coarse at first and made whole in slices, to the bytes of the map that is made at once") {
    static const char *const model[] = { "realnvp", "gan", "gan" }, *const map[] = { "density", "critic", "optimal" };
    Lab *lab = lab_new(0);
    for (int k = 0; k < 3; k++) {
        char lines[64];
        snprintf(lines, sizeof lines, "grid\t150\naspect\t1.3\nn\t2\nmap\t%s\n", map[k]);
        Run *run = small_run(lab, model[k], "moons");
        Out out;
        out_init(&out, NULL);
        train_on(run, 3);
        numbers_of(run, "samples", lines, &out);
        const Array *at_once = out_find(&out, map[k]);
        int n = at_once->shape[0] * at_once->shape[1], calls = 0, right = 0;
        bool whole = false;
        const float *value = drafted(run, lines, 0, &whole).value;
        for (int i = 0; i < n; i++) right += !memcmp(&value[i], &((const float *)at_once->data)[i], sizeof *value);
        ENSURE(!whole && n > 20000 && right < n);
        ENSURE(drafted(run, lines, 0, &whole).value == value && !whole);             // nothing is begun anew, or done unasked
        for (; !whole && calls < 200; calls++) {
            drafted(run, lines, 1, &whole);
            int now = 0;
            for (int i = 0; i < n; i++) now += !memcmp(&value[i], &((const float *)at_once->data)[i], sizeof *value);
            ENSURE(now >= right);                                               // what is right stays
            right = now;
        }
        ENSURE(whole && calls > 3);
        ENSURE(!memcmp(value, at_once->data, sizeof *value * (size_t)n));
        if (out_find(&out, "level")) ENSURE(drafted(run, lines, 0, &whole).high == *array_f32(&out, "level"));
        train_on(run, 1);
        drafted(run, lines, 0, &whole);
        ENSURE(!whole);
        out_clear(&out);
    }
    lab_free(lab);
}

TEST(view, "a map of few cells is whole at once") {
    Lab *lab = lab_new(0);
    bool whole = false;
    drafted(small_run(lab, "realnvp", "moons"), "grid\t64\n", 0, &whole);
    ENSURE(whole);
    lab_free(lab);
}

TEST(view, "a live option arranges the same arrays anew; any other, or a training step, computes them") {
    Lab *lab = lab_new(0);
    Run *run = small_run(lab, "ddpm", "moons");
    const char *start = "time\t0\nn\t5\nsteps\t6\n", *end = "time\t1\nn\t5\nsteps\t6\n", *other = "time\t1\nn\t5\nsteps\t6\nseed\t2\n";
    enum { LAST = 6 * 5 * 2 };                                             // floats from the first of 7 frames to the last
    const Panel *p;
    Scene s = scene_of(run, "trace", start);
    p = &s.panel[0];
    const float *first = p->item[p->n - 1].xy, x = first[0];
    s = scene_of(run, "trace", end);
    ENSURE_EQUAL(p->item[p->n - 1].xy - first, LAST);
    ENSURE(first[0] == x);
    float last = first[LAST];
    s = scene_of(run, "trace", other);
    ENSURE(p->item[p->n - 1].xy[0] != last);
    s = scene_of(run, "trace", end);
    ENSURE(p->item[p->n - 1].xy[0] == last);
    train_on(run, 1);
    s = scene_of(run, "trace", end);
    ENSURE(p->item[p->n - 1].xy[0] != last);
    lab_free(lab);
}

TEST(view, "a picked place is the code itself where codes have two axes, else the nearest code that is shown") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    Run *run = small_run(lab, "realnvp", "moons");
    numbers_of(run, "latent", "ax\t0.25\nay\t-0.5\nn\t20\nk\t3\n", &out);
    const float *a = array_f32(&out, "a"), *b = array_f32(&out, "b"), *path = array_f32(&out, "path"), *decoded = array_f32(&out, "decoded");
    ENSURE(a[0] == 0.25f && a[1] == -0.5f);
    ENSURE_CLOSE(path[2], 0.5 * ((double)a[0] + (double)b[0]), 1e-6);
    Out direct;
    out_init(&direct, NULL);
    ENSURE(run_call(run, "decode", &(Call){ .x = a, .n_x = 2, .name = "", .options = "" }, &direct));
    ENSURE(!memcmp(array_f32(&direct, "data"), decoded, 2 * sizeof(float)));
    out_clear(&direct);
    ENSURE_FAILS(run_call(run, "view", &(Call){ .name = "latent", .options = "axis1\t2\n" }, &out), ERROR_BAD_ARGUMENT);

    run = run_new(lab, "vae", "moons", 1, "hidden\t8\nlatent\t5\n");
    numbers_of(run, "latent", "axis0\t3\naxis1\t1\nax\t0.25\nay\t-0.5\nn\t20\n", &out);
    const float *codes = array_f32(&out, "codes"), *plane = array_f32(&out, "plane");
    int nearest = 0;
    for (int i = 0; i < 20; i++) {
        ENSURE(plane[2 * i] == codes[5 * i + 3] && plane[2 * i + 1] == codes[5 * i + 1]);
        if (hypot((double)plane[2 * i] - 0.25, (double)plane[2 * i + 1] + 0.5) < hypot((double)plane[2 * nearest] - 0.25, (double)plane[2 * nearest + 1] + 0.5)) nearest = i;
    }
    ENSURE(!memcmp(array_f32(&out, "a"), codes + 5 * nearest, 5 * sizeof(float)));
    out_clear(&out);
    lab_free(lab);
}

// Cell (i, j) of a grid, decoded by the verb alone.
static void ensure_cell(Run *run, const Out *out, int i, int j) {
    const Array *codes = out_find(out, "codes"), *grid = out_find(out, "decoded");
    size_t width = (size_t)(array_width(grid) / grid->shape[1]), z = (size_t)array_width(codes);
    char text[32];
    snprintf(text, sizeof text, "label\t%d\n", array_i32(out, "classes")[j]);
    Out one;
    out_init(&one, NULL);
    ENSURE(run_call(run, "decode", &(Call){ .x = (float *)codes->data + (size_t)i * z, .n_x = z, .name = "", .options = text }, &one));
    ENSURE(!memcmp(array_f32(&one, "data"), (float *)grid->data + (size_t)(i * grid->shape[1] + j) * width, width * sizeof(float)));
    out_clear(&one);
}

TEST(view, "a grid's rows are codes, of real examples first, and its columns classes") {
    Lab *lab = lab_new(0);
    Out out, direct;
    out_init(&out, NULL);
    out_init(&direct, NULL);
    Run *run = small_run(lab, "cvae", "digits");
    train_on(run, 2);
    numbers_of(run, "grid", "rows\t5\nseed\t7\n", &out);
    const Array *data = out_find(&out, "data"), *codes = out_find(&out, "codes"), *grid = out_find(&out, "decoded");
    ENSURE(grid->rank == 5 && grid->shape[0] == 5 && grid->shape[1] == 10 && grid->shape[2] == 28 && grid->shape[3] == 28 && grid->shape[4] == 1);
    ENSURE_EQUAL(*array_i32(&out, "examples"), 3);
    for (int i = 0; i < 5; i++) for (int j = 0; j < 10; j += 3) ensure_cell(run, &out, i, j);
    size_t z = (size_t)array_width(codes);
    ENSURE(run_call(run, "encode", &(Call){ .x = data->data, .n_x = 3 * 784, .labels = array_i32(&out, "labels"), .n_labels = 3, .name = "", .options = "" }, &direct));
    ENSURE(!memcmp(array_f32(&direct, "data"), codes->data, 3 * z * sizeof(float)));
    ENSURE(run_call(run, "sample", &(Call){ .n = 2, .name = "", .options = "seed\t7\n" }, &direct));
    ENSURE(!memcmp(array_f32(&direct, "codes"), (float *)codes->data + 3 * z, 2 * z * sizeof(float)));

    Scene s = scene_of(run, "grid", "rows\t5\nseed\t7\n");
    const Item *real = item_of(&s.panel[0], ITEM_TILES, ROLE_DATA), *made = item_of(&s.panel[0], ITEM_TILES, ROLE_SAMPLE);
    ENSURE(real && real->n == 3 && real->cols == 1 && real->left == 0 && made && made->n == 50 && made->cols == 10 && made->left == 1);
    ENSURE_SAME(s.panel[0].heads, "real\t0\t1\t2\t3\t4\t5\t6\t7\t8\t9\t");
    s = scene_of(run, "grid", "rows\t5\nfrom\tnoise\nfirst\t8\n");
    ENSURE(!item_of(&s.panel[0], ITEM_TILES, ROLE_DATA) && item_of(&s.panel[0], ITEM_TILES, ROLE_SAMPLE)->left == 0);
    ENSURE_SAME(s.panel[0].heads, "8\t9\t");
    out_clear(&out);
    out_clear(&direct);
    lab_free(lab);
}

TEST(view, "in the plane a grid's marks have their class's colour, and lines join those of one code") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    Run *run = small_run(lab, "cgan", "ring8");                            // cannot encode: all codes are noise
    numbers_of(run, "grid", "rows\t3\nfrom\texamples\n", &out);
    ENSURE_EQUAL(*array_i32(&out, "examples"), 0);
    for (int i = 0; i < 3; i++) for (int j = 0; j < 8; j++) ensure_cell(run, &out, i, j);
    const float *decoded = array_f32(&out, "decoded"), *from = array_f32(&out, "from"), *to = array_f32(&out, "to");
    ENSURE_EQUAL(array_rows(out_find(&out, "from")), 21);
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 7; j++)
            ENSURE(!memcmp(from + 2 * (7 * i + j), decoded + 2 * (8 * i + j), 8) && !memcmp(to + 2 * (7 * i + j), decoded + 2 * (8 * i + j + 1), 8));
    Scene s = scene_of(run, "grid", "rows\t3\n");
    const Item *marks = item_of(&s.panel[0], ITEM_POINTS, ROLE_SAMPLE);
    ENSURE(marks->n == 24 && marks->label[8] == 0 && marks->label[15] == 7);
    out_clear(&out);
    lab_free(lab);
}

// Points of two classes with what is known of them: which one has (a fifth), their x, and nothing that differs.
static void add_known(Lab *lab) {
    enum { N = 300 };
    static float x[2 * N], known[3 * N];
    static int32_t label[N];
    for (int i = 0; i < N; i++) {
        Rng r = rng_at((Key){ 3, STREAM_DATA }, (uint32_t)i, 0);
        known[3 * i] = i % 5 == 0;
        x[2 * i] = known[3 * i + 1] = (float)(rng_u(&r) - .5 + (double)known[3 * i]);
        x[2 * i + 1] = (float)rng_u(&r) + (float)(label[i] = i % 2);
        known[3 * i + 2] = 7;
    }
    ENSURE(lab_add_known(lab, "known", DATA_POINTS, (int[]){ 2, 0, 0 }, 2, (DataRows){ x, label, N }, (DataRows){ 0 },
                         &(DataAttributes){ .n = 3, .name = { "has", "x", "same" }, .train = known }));
}

enum { AVERAGED = 90 };

// Mean code of those of the averaged examples that are on one side.
static void mean_code(Run *run, int attribute, double low, double high, double *mean) {
    float x[2 * AVERAGED], known[3 * AVERAGED];
    int32_t label[AVERAGED];
    int z = run_code_dim(run), n = 0;
    Out out;
    out_init(&out, NULL);
    data_draw_known(run_data(run), SPLIT_TRAIN, 0, 0, AVERAGED, x, label, known);
    Call call = { .x = x, .n_x = 2 * AVERAGED, .name = "", .options = "" };
    if (run_can(run, "label")) call.labels = label, call.n_labels = AVERAGED;
    ENSURE(run_call(run, "encode", &call, &out));
    for (int j = 0; j < z; j++) mean[j] = 0;
    for (int i = 0; i < AVERAGED; i++) {
        double value = (double)known[3 * i + attribute];
        if (value < low || value > high) continue;
        n++;
        for (int j = 0; j < z; j++) mean[j] += (double)array_f32(&out, "data")[i * z + j];
    }
    ENSURE(n > 0);
    for (int j = 0; j < z; j++) mean[j] /= n;
    out_clear(&out);
}

TEST(view, "what is added is the difference of two mean codes, and at weight 0 an example is only reconstructed") {
    static const char *const model[] = { "ae", "cvae", "realnvp" };
    Lab *lab = lab_new(0);
    add_known(lab);
    for (int k = 0; k < 3; k++) {
        Run *run = small_run(lab, model[k], "known");
        Out out, direct;
        out_init(&out, NULL);
        out_init(&direct, NULL);
        train_on(run, 50);
        check_during("%s", model[k]);
        numbers_of(run, "attributes", "n\t90\nrows\t4\namount\t2\n", &out);
        int z = run_code_dim(run);
        const float *difference = array_f32(&out, "difference"), *codes = array_f32(&out, "codes"), *weights = array_f32(&out, "weights");
        double with[256], without[256];
        mean_code(run, 0, 1, 1, with);
        mean_code(run, 0, 0, 0, without);
        for (int j = 0; j < z; j++) ENSURE_CLOSE(difference[j], with[j] - without[j], 1e-6);      // single precision
        const Array *data = out_find(&out, "data"), *walk = out_find(&out, "decoded");
        ENSURE(walk->rank == 3 && walk->shape[0] == 4 && walk->shape[1] == 6 && walk->shape[2] == 2);
        ENSURE(weights[0] == -2 && weights[2] == 0 && weights[5] == 3);
        Call call = { .x = data->data, .n_x = 8, .name = "", .options = "" };
        if (run_can(run, "label")) call.labels = array_i32(&out, "labels"), call.n_labels = 4;
        ENSURE(run_call(run, "reconstruct", &call, &direct));
        for (int i = 0; i < 4; i++) ENSURE(!memcmp((float *)walk->data + 12 * i + 4, array_f32(&direct, "data") + 2 * i, 8));
        float code[256];
        for (int j = 0; j < z; j++) code[j] = (float)((double)codes[z + j] + 3 * (double)difference[j]);
        char label[32] = "";
        if (run_can(run, "label")) snprintf(label, sizeof label, "label\t%d\n", array_i32(&out, "labels")[1]);
        ENSURE(run_call(run, "decode", &(Call){ .x = code, .n_x = (size_t)z, .name = "", .options = label }, &direct));
        ENSURE(!memcmp((float *)walk->data + 12 + 10, array_f32(&direct, "data"), 8));

        // The farthest third on each side of a number that varies.
        numbers_of(run, "attributes", "n\t90\nattribute\t1\n", &out);
        float x[2 * AVERAGED], known[3 * AVERAGED], sorted[AVERAGED];
        data_draw_known(run_data(run), SPLIT_TRAIN, 0, 0, AVERAGED, x, NULL, known);
        for (int i = 0; i < AVERAGED; i++) {
            int at = i;
            for (; at > 0 && sorted[at - 1] > known[3 * i + 1]; at--) sorted[at] = sorted[at - 1];
            sorted[at] = known[3 * i + 1];
        }
        mean_code(run, 1, (double)sorted[59], 9, with);
        mean_code(run, 1, -9, (double)sorted[30], without);
        for (int j = 0; j < z; j++) ENSURE_CLOSE(array_f32(&out, "difference")[j], with[j] - without[j], 1e-6);
        out_clear(&out);
        out_clear(&direct);
    }
    lab_free(lab);
}

TEST(view, "a direction tells its attribute as well as code and attribute go together; what nobody knows or what does not vary is refused") {
    Lab *lab = lab_new(0);
    add_known(lab);
    Run *run = small_run(lab, "realnvp", "known");                          // untrained: codes are the points themselves
    Out out;
    out_init(&out, NULL);
    numbers_of(run, "attributes", "attribute\t1\n", &out);
    double r = *(double *)out_find(&out, "r")->data, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    const float *value = array_f32(&out, "values"), *told = array_f32(&out, "projection");
    int n = array_rows(out_find(&out, "values"));
    for (int i = 0; i < n; i++) mx += (double)value[i] / n, my += (double)told[i] / n;
    for (int i = 0; i < n; i++) {
        double x = (double)value[i] - mx, y = (double)told[i] - my;
        xx += x * x, yy += y * y, xy += x * y;
    }
    ENSURE_CLOSE(r, xy / sqrt(xx * yy), 1e-9);                              // rounding
    ENSURE(r > .9);
    Scene s = scene_of(run, "attributes", "attribute\t1\n");
    char said[80];
    snprintf(said, sizeof said, "r = %.2f: how well this direction tells x", r);
    ENSURE_SAME(panel_title(&s.panel[0]), said);
    ENSURE_FAILS(run_call(run, "view", &(Call){ .name = "attributes", .options = "attribute\t3\n" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "view", &(Call){ .name = "attributes", .options = "attribute\t2\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(small_run(lab, "realnvp", "moons"), "view", &(Call){ .name = "attributes", .options = "" }, &out), ERROR_UNSUPPORTED);
    out_clear(&out);
    lab_free(lab);
}

TEST(view, "a model that samples in many steps shows fewer samples, unless told how many") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    Run *slow = small_run(lab, "ddpm", "moons"), *quick = small_run(lab, "gan", "moons");
    numbers_of(slow, "samples", "steps\t2\n", &out);
    int few = array_rows(out_find(&out, "samples"));
    numbers_of(quick, "samples", "", &out);
    ENSURE(few < array_rows(out_find(&out, "samples")));
    numbers_of(slow, "samples", "steps\t2\nn\t7\n", &out);
    ENSURE_EQUAL(array_rows(out_find(&out, "samples")), 7);
    out_clear(&out);
    lab_free(lab);
}
