// latent.c -- the plane of codes, and the way from one code to another.
//
// First panel: two axes of the codes of held-out examples (for a model that cannot encode: of samples), coloured by class; rings where
// the standard normal prior has radius 1 and 2; two picked codes a and b and the path between them.  Second panel: what the decoder
// makes of that path, or of a grid of codes over the plane (its other axes 0).
//
// A place in the plane picks the shown code that is nearest to it, since a plane does not name a code of more axes; where the code has
// exactly these two, the place is the code.
//
// Arrays: codes [n,z], labels [n] (sets with classes), plane [n,2], rings [2,65,2], a [z], b [z],
//         pressed [2,2] (the places asked for), picked [2,2] (where a and b are), path [k,2];
//         decoded [k,...], or with `show` grid: grid [m*m,z] and decoded [m*m,...], row 0 at the top; data [n,...]; points: bounds [4];
//         extent [4]: bounds of the plane.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "view/parts.h"

enum { N, SHOW, PATH, K, AXIS0, AXIS1, AX, AY, BX, BY, LABEL, SEED, ASPECT };
enum { SHOW_PATH, SHOW_GRID };
enum { DOTS_MOST = 24 };     // points of a path that are marked one by one; more would run together
enum { RING_POINTS = 65, GRID_SIDE = 12, N_DATA = 600, N_PICTURES = 16 };

#define PLACE(key, title, at) { key, title, KNOB_NUMBER, at, at, -1e6, 1e6, .group = "page", .help = "Where on the plane the code is picked." }
static const Knob options[] = {
    { "n", "How many", KNOB_INTEGER, 600, 600, 2, 5000, .group = "", .help = "Codes shown." },
    { "show", "Beside it", KNOB_CHOICE, SHOW_PATH, SHOW_PATH, .choices = "path|grid", .group = "",
      .help = "The decoded way from code a to code b, or a decoded grid over the plane." },
    { "path", "Path", KNOB_CHOICE, 0, 0, .choices = "lerp|slerp", .group = "",
      .help = "Straight, or along a great circle, which keeps the length that codes of many axes have (White 2016, arXiv:1609.04468)." },
    { "k", "Steps", KNOB_INTEGER, 48, 10, 2, 200, .group = "", .help = "Codes on the path, both ends included." },
    { "axis0", "Axis across", KNOB_INTEGER, 0, 0, 0, 4095, .group = "", .help = "Which coordinate of the code goes across." },
    { "axis1", "Axis up", KNOB_INTEGER, 1, 1, 0, 4095, .group = "", .help = "Which coordinate of the code goes up." },
    PLACE("ax", "a, across", -1.2), PLACE("ay", "a, up", -0.8), PLACE("bx", "b, across", 1.2), PLACE("by", "b, up", 0.9),
    { "label", "Decode as class", KNOB_INTEGER, 0, 0, 0, 255, .group = "label", .help = "The class that the decoder is told." },
    OPTION_SEED,
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "decode") && run_can(r, "interpolate"); }

// ----------------------------------------------------------------------------------------------------------------- compute

static bool compute_codes(Run *r, const double *o, Out *out) {
    static const char *const encoded[][2] = { { "data", "codes" }, { "codes", "codes" }, { NULL } };
    static const char *const sampled[][2] = { { "codes", "codes" }, { "labels", "labels" }, { NULL } };
    int n = (int)o[N];
    char text[VERB_OPTIONS];
    verb_options(text, o[SEED], -1, 0, 0);
    if (!run_can(r, "encode")) return view_call(r, "sample", &(Call){ .n = n, .name = "", .options = text }, sampled, out);
    if (!view_data(r, n, 0, true, out)) return false;
    const Array *x = out_find(out, "data");
    Call call = { .n = n, .x = x->data, .n_x = (size_t)n * (size_t)array_width(x), .name = "", .options = "" };
    call_labels(r, out, &call);
    return view_call(r, "encode", &call, encoded, out);
}

// The plane shows the prior out to 3.2, and is doubled until 98 % of the codes are in sight: seldom, so that the picture stays.
static bool compute_extent(const Array *plane, double aspect, Out *out) {
    const float *xy = plane->data;
    int n = array_rows(plane), outside = n;
    float *extent = out_f32(out, "extent", 1, (int[]){ 4 }), reach = 1.6f;
    if (!extent) return false;
    while (outside > n / 50 && reach < 1e9f) {
        reach *= 2;
        outside = 0;
        for (int i = 0; i < n; i++) outside += !(fabsf(xy[2 * i]) < reach && fabsf(xy[2 * i + 1]) < reach);
    }
    extent[0] = extent[2] = -reach;
    extent[1] = extent[3] = reach;
    bounds_widen(extent, aspect);
    return true;
}

static bool compute_rings(Out *out) {
    float *ring = out_f32(out, "rings", 3, (int[]){ 2, RING_POINTS, 2 });
    for (int k = 0; ring && k < 2; k++)
        for (int i = 0; i < RING_POINTS; i++) {
            double angle = 2 * REAL_PI * i / (RING_POINTS - 1);
            *ring++ = (float)((k + 1) * real_cos(angle));
            *ring++ = (float)((k + 1) * real_sin(angle));
        }
    return ring;
}

// The code at a place of the plane, z floats.
static void pick(const Array *codes, const float *plane, const double *o, double x, double y, float *code) {
    int n = array_rows(codes), z = array_width(codes), nearest = 0;
    if (z == 2 && o[AXIS0] != o[AXIS1]) {
        code[(int)o[AXIS0] & 1] = (float)x;
        code[(int)o[AXIS1] & 1] = (float)y;
        return;
    }
    double least = HUGE_VAL;
    for (int i = 0; i < n; i++) {
        double dx = (double)plane[2 * i] - x, dy = (double)plane[2 * i + 1] - y, far = dx * dx + dy * dy;
        if (far < least) { least = far; nearest = i; }
    }
    memcpy(code, (const float *)codes->data + (size_t)nearest * (size_t)z, (size_t)z * sizeof *code);
}

// The options of a verb that decodes: as the class that is asked for, where the model has classes.
static void decode_options(const Run *r, const double *o, const char *path, char text[VERB_OPTIONS]) {
    snprintf(text, VERB_OPTIONS, run_can(r, "label") ? "%slabel\t%d\n" : "%s", path, (int)o[LABEL]);
}

static bool compute_path(Run *r, const double *o, const Array *codes, const float *plane, Out *out) {
    static const char *const names[][2] = { { "data", "decoded" }, { "codes", "path_codes" }, { NULL } };
    int z = array_width(codes), i = (int)o[AXIS0], j = (int)o[AXIS1];
    float *a = out_f32(out, "a", 1, &z), *b = out_f32(out, "b", 1, &z), *picked = out_f32(out, "picked", 2, (int[]){ 2, 2 });
    float *pressed = out_f32(out, "pressed", 2, (int[]){ 2, 2 });
    if (!a || !b || !picked || !pressed) return false;
    for (int k = 0; k < 4; k++) pressed[k] = (float)o[AX + k];
    pick(codes, plane, o, o[AX], o[AY], a);
    pick(codes, plane, o, o[BX], o[BY], b);
    picked[0] = a[i < z ? i : 0]; picked[1] = j < z ? a[j] : 0;
    picked[2] = b[i < z ? i : 0]; picked[3] = j < z ? b[j] : 0;
    if ((int)o[SHOW] == SHOW_GRID) return true;
    char text[VERB_OPTIONS];
    decode_options(r, o, o[PATH] != 0 ? "path\tslerp\n" : "path\tlerp\n", text);
    Call call = { .n = (int)o[K], .x = a, .n_x = (size_t)z, .y = b, .n_y = (size_t)z, .name = "", .options = text };
    if (!view_call(r, "interpolate", &call, names, out)) return false;
    const Array *codes_on_path = out_find(out, "path_codes");
    return !codes_on_path || view_plane(codes_on_path, i, j, "path", out);
}

// Codes on a lattice over the plane from -2 to 2 (the prior's bulk), every other axis 0.
static bool compute_grid(Run *r, const double *o, int z, Out *out) {
    static const char *const names[][2] = { { "data", "decoded" }, { NULL } };
    int n = GRID_SIDE * GRID_SIDE, i = (int)o[AXIS0], j = (int)o[AXIS1];
    float *grid = out_f32(out, "grid", 2, (int[]){ n, z });
    if (!grid) return false;
    for (int k = 0; k < n; k++) {
        float *code = grid + (size_t)k * (size_t)z;
        if (i < z) code[i] = 4 * ((float)(k % GRID_SIDE) + 0.5f) / GRID_SIDE - 2;
        if (j < z) code[j] = 2 - 4 * ((float)(k / GRID_SIDE) + 0.5f) / GRID_SIDE;
    }
    char text[VERB_OPTIONS];
    decode_options(r, o, "", text);
    return view_call(r, "decode", &(Call){ .n = n, .x = grid, .n_x = (size_t)n * (size_t)z, .name = "", .options = text }, names, out);
}

// The canvas's aspect, seen from the first panel.
static double plane_aspect(double aspect) { return aspect > 1 ? fmin(1, 0.6 * aspect) : fmax(1, aspect / 0.6); }

static bool axes_exist(const double *o, int z) {
    for (int k = AXIS0; k <= AXIS1; k++)
        if (o[k] >= z && o[k] > 1)
            return fail(ERROR_BAD_ARGUMENT, "latent: %s is %.0f, but this model's codes have %d axes, counted from 0", options[k].key, o[k], z);
    return true;
}

static bool compute(Run *r, const double *o, Out *out) {
    if (!compute_codes(r, o, out)) return false;
    const Array *codes = out_find(out, "codes");
    if (!codes) return fail(ERROR_UNSUPPORTED, "latent: this model has no codes to show");
    int z = array_width(codes);
    if (!axes_exist(o, z) || !view_plane(codes, (int)o[AXIS0], (int)o[AXIS1], "plane", out)) return false;
    const Array *plane = out_find(out, "plane");
    bool points = run_data(r)->def.kind == DATA_POINTS;
    return compute_extent(plane, plane_aspect(o[ASPECT]), out) && compute_rings(out)
        && compute_path(r, o, codes, plane->data, out)
        && ((int)o[SHOW] == SHOW_PATH || compute_grid(r, o, z, out))
        && (out_find(out, "data") || view_data(r, points ? N_DATA : N_PICTURES, 0, false, out))
        && (!points || view_bounds(r, false, 1, out));
}

// ----------------------------------------------------------------------------------------------------------------- arrange

// The ends of the path: a as a disc, b as a square, each in a ring of the background's colour.
static void add_ends(Panel *p, const float *a, const float *b) {
    panel_points(p, ROLE_BACKGROUND, MARK_DISC, 8, a, 1);
    panel_points(p, ROLE_TEXT, MARK_DISC, 6, a, 1);
    panel_points(p, ROLE_BACKGROUND, MARK_SQUARE, 8, b, 1);
    panel_points(p, ROLE_TEXT, MARK_SQUARE, 6, b, 1);
}

static void arrange_plane(Panel *p, const double *o, const Out *a) {
    const float *rings = array_f32(a, "rings"), *picked = array_f32(a, "picked"), *plane = array_f32(a, "plane");
    const Array *path = out_find(a, "path");
    panel_plane(p, array_f32(a, "extent"));
    p->axes = true;
    for (int k = 0; k < 2; k++) panel_path(p, ROLE_AXIS, 1.5f, rings + (size_t)k * RING_POINTS * 2, RING_POINTS);
    Item *codes = panel_points(p, ROLE_LATENT, MARK_DISC, 3, plane, array_rows(out_find(a, "plane")));
    codes->label = array_i32(a, "labels");
    codes->alpha = 0.85f;
    if ((int)o[SHOW] == SHOW_GRID) return;
    panel_lines(p, ROLE_TEXT, 1.2f, array_f32(a, "pressed"), picked, 2)->alpha = 0.5f;     // a pressed place and its nearest code
    panel_path(p, ROLE_BACKGROUND, 5, path ? path->data : picked, path ? array_rows(path) : 2);
    panel_path(p, ROLE_TEXT, 2.5f, path ? path->data : picked, path ? array_rows(path) : 2);
    if (path && array_rows(path) <= DOTS_MOST) panel_points(p, ROLE_TEXT, MARK_DISC, 2.8f, path->data, array_rows(path));
    add_ends(p, picked, picked + 2);
}

static void arrange_decoded(Panel *p, const double *o, const Out *a) {
    const Array *decoded = out_find(a, "decoded"), *data = out_find(a, "data");
    bool grid = (int)o[SHOW] == SHOW_GRID;
    int n = array_rows(decoded);
    const float *xy = decoded->data;
    if (is_pictures(decoded)) {
        Item *tiles = panel_pictures(p, ROLE_SAMPLE, decoded, is_ink(data));
        if (grid) tiles->cols = GRID_SIDE;
        return;
    }
    panel_plane(p, array_f32(a, "bounds"));
    panel_points(p, ROLE_DATA, MARK_DISC, 2.4f, data->data, array_rows(data))->alpha = 0.35f;
    if (grid) {
        panel_points(p, ROLE_SAMPLE, MARK_CROSS, 3, xy, n);
        return;
    }
    panel_path(p, ROLE_SAMPLE, 2, xy, n);
    panel_points(p, ROLE_SAMPLE, MARK_DISC, 2.6f, xy, n);
    add_ends(p, xy, xy + 2 * (n - 1));
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    Panel *panel[2];
    scene_split(s, o[ASPECT], 0.6, "Codes", (int)o[SHOW] == SHOW_GRID ? "Decoded grid" : "Decoded, from a (disc) to b (square)", panel);
    arrange_plane(panel[0], o, a);
    arrange_decoded(panel[1], o, a);
}

const ViewDef view_latent = {
    .id = "latent", .kind = "latent", .title = "Latent space",
    .help = "Each mark is a code; press two places, and see what lies between them.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
