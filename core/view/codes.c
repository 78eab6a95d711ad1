// codes.c -- discrete codes: which part of the plane each stands for, or which number stands at each place of a picture.
//
// Points: held-out data coloured by their code, the borders between codes over the plane, and crosses where each code decodes to.  Pictures: held-out
// examples above what is left of them; their grids of numbers as shades of grey; and the first of them before and after one number of its code
// was changed.
//
// Arrays: data [n,...], codes [n,places]; points: bounds [4], cells [h,w] (the code of each cell of the plane), borders [h,w] (1 where a
// neighbour has another), centres [K,2]; pictures: reconstruction [n,...], grids [n,h,w,1] (number over K), edited [2,...].
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/parts.h"

enum { N, PLACE, CODE, SEED, ASPECT };
enum { CELLS = 200 };

static const Knob options[] = {
    { "n", "How many", KNOB_INTEGER, 600, 16, 1, 2000, .group = "", .help = "Examples shown." },
    { "place", "Place to change", KNOB_INTEGER, 0, 24, 0, 4095, .group = "image", .help = "Which number of the first picture's code is changed, row by row from 0." },
    { "code", "Its new number", KNOB_INTEGER, 0, 0, 0, 511, .group = "image", .help = "What it is changed to." },
    { "seed", "Which examples", KNOB_INTEGER, 0, 0, 0, 4294967295.0, .group = "", .help = "Another number takes other held-out examples." },
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "encode") && run_can(r, "decode") && run_n_codes(r); }

static bool through(Run *r, const char *verb, const float *x, int n, int width, const char *name, Out *out) {
    const char *const names[][2] = { { "data", name }, { NULL } };
    return view_call(r, verb, &(Call){ .n = n, .x = x, .n_x = (size_t)n * (size_t)width, .name = "", .options = "" }, names, out);
}

// ----------------------------------------------------------------------------------------------------------------- compute

// The code at the centre of every cell, and where it differs from the one to the right or below.
static bool compute_cells(Run *r, Out *out) {
    const float *b = array_f32(out, "bounds");
    float *centre = arena_new(&out->arena, float, 2 * CELLS * CELLS), *border = out_f32(out, "borders", 2, (int[]){ CELLS, CELLS });
    if (!centre || !border) return false;
    for (int i = 0; i < CELLS * CELLS; i++) {
        centre[2 * i] = b[0] + (b[1] - b[0]) * ((float)(i % CELLS) + .5f) / CELLS;
        centre[2 * i + 1] = b[3] - (b[3] - b[2]) * ((float)(i / CELLS) + .5f) / CELLS;
    }
    if (!through(r, "encode", centre, CELLS * CELLS, 2, "cells", out)) return false;
    const float *cell = array_f32(out, "cells");
    for (int i = 0; i < CELLS * CELLS; i++)
        border[i] = (i % CELLS < CELLS - 1 && cell[i + 1] != cell[i]) || (i / CELLS < CELLS - 1 && cell[i + CELLS] != cell[i]);
    return true;
}

static bool compute_centres(Run *r, Out *out) {
    int K = run_n_codes(r);
    float *code = arena_new(&out->arena, float, K);
    for (int k = 0; code && k < K; k++) code[k] = (float)k;
    return code && through(r, "decode", code, K, 1, "centres", out);
}

// A grid of the picture's own proportions: places = h w.
static bool compute_pictures(Run *r, const double *o, const Array *data, Out *out) {
    const Array *codes = out_find(out, "codes");
    int n = array_rows(codes), places = array_width(codes), K = run_n_codes(r), width = array_width(data);
    int h = (int)(sqrt((double)places * data->shape[1] / data->shape[2]) + .5), place = (int)o[PLACE] < places ? (int)o[PLACE] : places - 1;
    float *grids = out_f32(out, "grids", 4, (int[]){ n, h, places / h, 1 }), *pair = arena_new(&out->arena, float, 2 * places);
    if (!grids || !pair) return false;
    const float *code = codes->data;
    for (int i = 0; i < n * places; i++) grids[i] = (code[i] + .5f) / (float)K;
    for (int i = 0; i < 2 * places; i++) pair[i] = code[i % places];
    pair[places + place] = (float)(o[CODE] < K ? o[CODE] : K - 1);
    return through(r, "reconstruct", data->data, n, width, "reconstruction", out) && through(r, "decode", pair, 2, places, "edited", out);
}

static bool compute(Run *r, const double *o, Out *out) {
    int n = (int)o[N];
    if (!view_data(r, n, (uint32_t)o[SEED], false, out)) return false;
    const Array *data = out_find(out, "data");
    if (!through(r, "encode", data->data, n, array_width(data), "codes", out)) return false;
    if (is_pictures(data)) return compute_pictures(r, o, data, out);
    const Array *codes = out_find(out, "codes");
    int32_t *label = out_i32(out, "labels", 1, &n);
    for (int i = 0; label && i < n; i++) label[i] = (int32_t)((const float *)codes->data)[i];
    return label && view_bounds(r, false, o[ASPECT], out) && compute_cells(r, out) && compute_centres(r, out);
}

// ----------------------------------------------------------------------------------------------------------------- arrange

static void arrange_points(const Out *a, const Array *data, Scene *s) {
    const Array *borders = out_find(a, "borders"), *centres = out_find(a, "centres");
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    panel_plane(p, array_f32(a, "bounds"));
    panel_heat(p, HEAT_DENSITY, borders->data, CELLS, CELLS, 0, 2.5f);
    panel_points(p, ROLE_DATA, MARK_DISC, 2.6f, data->data, array_rows(data))->label = array_i32(a, "labels");
    panel_points(p, ROLE_SAMPLE, MARK_CROSS, 4.5f, centres->data, array_rows(centres));
}

static void arrange_pictures(const double *o, const Out *a, const Array *data, Scene *s) {
    bool ink = is_ink(data), wide = o[ASPECT] > 1;
    float left = wide ? .5f : 1, top = wide ? 1 : .5f;
    Panel *p = scene_panel(s, "Original above, reconstruction below", 0, 0, left, top);
    Item *tiles = panel_pictures(p, ROLE_DATA, data, ink);
    tiles->under = array_f32(a, "reconstruction");
    tiles->under_role = ROLE_SAMPLE;
    p = wide ? scene_panel(s, "Their codes", .5f, 0, .5f, .6f) : scene_panel(s, "Their codes", 0, .5f, .6f, .5f);
    panel_pictures(p, ROLE_LATENT, out_find(a, "grids"), false);
    p = wide ? scene_panel(s, "One number changed", .5f, .6f, .5f, .4f) : scene_panel(s, "One number changed", .6f, .5f, .4f, .5f);
    panel_pictures(p, ROLE_SAMPLE, out_find(a, "edited"), ink);
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    const Array *data = out_find(a, "data");
    if (is_pictures(data)) arrange_pictures(o, a, data, s); else arrange_points(a, data, s);
}

const ViewDef view_codes = {
    .id = "codes", .kind = "picture", .title = "Codes",
    .help = "What each number of the code stands for: its cell of the plane, or a piece of the picture.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
