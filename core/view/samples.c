// samples.c -- what the model makes, over what it should look like.
//
// Points: held-out data as green discs, samples as purple crosses on top, and behind them, where the model can say, a map of the plane:
// its density exp(log p(x)); or its critic's field sigmoid(D(x)) between "fake" (orange, 0) and "real" (blue, 1); or the field of the best
// critic there could be, D* = p / (p + p_g), with p_g estimated from samples.  Pictures: a grid of samples, and on request one of
// held-out data beside it.
//
// Arrays: data [n,...], labels [n] (sets with classes), samples [n,...], codes [n,z] (models that have them);
//         points: bounds [4] = x0 x1 y0 y1 of the plane, and over h x w cells that share it, row 0 at the top, at their centres:
//         density [h,w] and level [1], the density from which on a cell is shown in full colour; or critic [h,w], and optimal [h,w] for
//         that map.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "view/parts.h"

enum { N, REAL, MAP, GRID, LABEL, STEPS, SEED, ASPECT };
enum { MAP_AUTO, MAP_NONE, MAP_DENSITY, MAP_CRITIC, MAP_OPTIMAL };

static const Knob options[] = {
    OPTION_COUNT,
    { "real", "Real data", KNOB_BOOLEAN, 1, 0, 0, 1, .live = true, .group = "", .help = "Shows held-out examples too." },
    { "map", "Map", KNOB_CHOICE, MAP_AUTO, MAP_NONE, .choices = "auto|none|density|critic|optimal", .group = "points",
      .help = "Behind the points: the model's exact density; what its critic says of each place; or what the best critic would say, "
              "p / (p + p_g), where the data's density is known (Goodfellow et al. 2014, prop. 1)." },
    { "grid", "Map's detail", KNOB_INTEGER, 80, 80, 8, 256, .group = "points", .help = "Cells along each side of the map." },
    { "label", "Class", KNOB_INTEGER, -1, -1, -1, 255, .group = "label", .help = "Which class to sample; -1 for any." },
    OPTION_STEPS,
    OPTION_SEED,
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "sample"); }

// ----------------------------------------------------------------------------------------------------------------- compute

// The density whose cells and denser ones hold a tenth of the mass: one spike does not make the rest invisible.  It is found by its bits,
// eleven at a time from the highest, since numbers from 0 on are ordered as their bits are.
static float full_level(const float *density, int n) {
    double left = 0;
    uint32_t level = 0, known = 0;
    for (int i = 0; i < n; i++) left += 0.1 * (double)density[i];
    for (int shift = 22; shift >= 0; shift -= 11) {
        double mass[2048] = { 0 };
        for (int i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, &density[i], sizeof bits);
            if ((bits & known) == level) mass[bits >> shift & 2047] += (double)density[i];
        }
        uint32_t at = 2047;
        for (; at > 0 && mass[at] < left; at--) left -= mass[at];
        level |= at << shift;
        known |= 2047u << shift;
    }
    float value;
    memcpy(&value, &level, sizeof value);
    return value > 0 ? value : 1;
}

// --- A map is made in two goes: cells `step` apart, spread over their neighbours, then the others, a band of rows at a time. ------------

enum { COARSE_CELLS = 4096, BAND_CELLS = 4096, OPTIMAL_BAND_CELLS = 512 };   // at once: some ms each

static const Array *map_array(const Out *out) {
    const Array *density = out_find(out, "density");
    return density ? density : out_find(out, "critic");
}

static int coarse_step(const Array *map) {
    int step = 1;
    while (map->shape[0] * map->shape[1] > COARSE_CELLS * step * step) step *= 2;
    return step;
}

// Row or column i, or the one in its place in the coarse map.
static int coarse(int i, int step, int n) {
    int middle = i - i % step + step / 2;
    return middle < n ? middle : n - 1;
}

static int band_rows(const double *o, const Array *map) {
    int rows = ((int)o[MAP] == MAP_OPTIMAL ? OPTIMAL_BAND_CELLS : BAND_CELLS) / map->shape[1];
    return rows > 1 ? rows : 1;
}

static void centre_of(const Out *out, const Array *map, int cell, float *xy) {
    const float *b = array_f32(out, "bounds");
    int h = map->shape[0], w = map->shape[1];
    xy[0] = b[0] + (b[1] - b[0]) * ((float)(cell % w) + 0.5f) / (float)w;
    xy[1] = b[3] - (b[3] - b[2]) * ((float)(cell / w) + 0.5f) / (float)h;
}

// What the model says of the centres xy [n,2] of n cells, into its maps.
static bool ask(Run *r, const double *o, const int *cell, int n, const float *xy, Out *out) {
    const Array *density = out_find(out, "density"), *critic = out_find(out, "critic"), *optimal = out_find(out, "optimal");
    char text[VERB_OPTIONS] = "";
    size_t length = o[LABEL] >= 0 ? (size_t)snprintf(text, sizeof text, "label\t%.0f\n", o[LABEL]) : 0;
    if ((int)o[MAP] == MAP_OPTIMAL) snprintf(text + length, sizeof text - length, "optimal\ttrue\n");
    const Call call = { .n = n, .x = xy, .n_x = 2 * (size_t)n, .name = "", .options = text };
    Out said;
    out_init(&said, out->arena.budget);
    bool ok = run_call(r, density ? "logProb" : "critic", &call, &said);
    const Array *data = ok ? out_find(&said, "data") : NULL;
    const float *best = ok ? array_f32(&said, "optimal") : NULL;
    for (int k = 0; ok && k < n; k++) {
        if (density) ((float *)density->data)[cell[k]] = (float)real_exp(((const double *)data->data)[k]);
        else ((float *)critic->data)[cell[k]] = ((const float *)data->data)[k];
        if (optimal && best) ((float *)optimal->data)[cell[k]] = best[k];
    }
    out_clear(&said);
    return ok;
}

// Asks for the cells of rows first..end-1: those of the coarse map, or all others.
static bool ask_rows(Run *r, const double *o, int first, int end, bool of_coarse, Out *out) {
    const Array *map = map_array(out);
    int h = map->shape[0], w = map->shape[1], step = coarse_step(map), n = 0;
    int *cell = malloc(sizeof *cell * (size_t)((end - first) * w));
    float *xy = malloc(2 * sizeof *xy * (size_t)((end - first) * w));
    for (int i = first; cell && xy && i < end; i++)
        for (int j = 0; j < w; j++)
            if ((coarse(i, step, h) == i && coarse(j, step, w) == j) == of_coarse) {
                centre_of(out, map, cell[n] = i * w + j, xy + 2 * n);
                n++;
            }
    bool ok = cell && xy && (!n || ask(r, o, cell, n, xy, out));
    free(cell);
    free(xy);
    return ok;
}

static void spread(const Array *map) {
    if (!map) return;
    int h = map->shape[0], w = map->shape[1], step = coarse_step(map);
    float *value = map->data;
    for (int i = 0; i < h; i++)
        for (int j = 0; j < w; j++) value[i * w + j] = value[coarse(i, step, h) * w + coarse(j, step, w)];
}

static void set_level(const Out *out) {
    const Array *density = out_find(out, "density"), *level = out_find(out, "level");
    if (density) *(float *)level->data = full_level(density->data, density->shape[0] * density->shape[1]);
}

// About grid x grid cells in the shape of the bounds.
static void map_shape(const float b[4], int grid, int shape[2]) {
    double aspect = ((double)b[1] - (double)b[0]) / ((double)b[3] - (double)b[2]), side = sqrt(aspect);
    shape[0] = (int)fmax(grid / side + 0.5, 2);
    shape[1] = (int)fmax(grid * side + 0.5, 2);
}

static bool compute_map(Run *r, const double *o, Out *out) {
    int map = (int)o[MAP], shape[2];
    if (map == MAP_AUTO) map = run_can(r, "logProb") ? MAP_DENSITY : run_can(r, "critic") ? MAP_CRITIC : MAP_NONE;
    if (run_can(r, "label") && o[LABEL] < 0) map = MAP_NONE;       // every class has a map of its own
    if (map == MAP_NONE) return true;
    map_shape(array_f32(out, "bounds"), (int)o[GRID], shape);
    bool density = map == MAP_DENSITY, best = map == MAP_OPTIMAL && run_data(r)->def.log_prob;
    if (!out_f32(out, density ? "density" : "critic", 2, shape) || (density && !out_f32(out, "level", 1, (int[]){ 1 })) ||
        (best && !out_f32(out, "optimal", 2, shape)) || !ask_rows(r, o, 0, shape[0], true, out)) return false;
    spread(map_array(out));
    spread(out_find(out, "optimal"));
    set_level(out);
    return true;
}

static int slices(const double *o, const Out *arrays) {
    const Array *map = map_array(arrays);
    int rows = map ? band_rows(o, map) : 1;
    return map && coarse_step(map) > 1 ? (map->shape[0] + rows - 1) / rows : 0;
}

static bool refine(Run *r, const double *o, int slice, Out *out) {
    const Array *map = map_array(out);
    int rows = band_rows(o, map), first = slice * rows, end = first + rows < map->shape[0] ? first + rows : map->shape[0];
    if (!ask_rows(r, o, first, end, false, out)) return false;
    if (end == map->shape[0]) set_level(out);
    return true;
}

static bool compute(Run *r, const double *o, Out *out) {
    bool points = run_data(r)->def.kind == DATA_POINTS;
    static const char *const names[][2] = { { "data", "samples" }, { "codes", "codes" }, { NULL } };
    int n = points ? view_count(r, o[N], 500, 250) : view_count(r, o[N], 64, 16);
    char text[VERB_OPTIONS];
    verb_options(text, o[SEED], o[LABEL], view_count(r, o[STEPS], 0, points ? 0 : 10), 0);
    return view_data(r, n, 0, true, out)
        && view_call(r, "sample", &(Call){ .n = n, .name = "", .options = text }, names, out)
        && (!points || (view_bounds(r, false, o[ASPECT], out) && compute_map(r, o, out)));
}

// ----------------------------------------------------------------------------------------------------------------- arrange

static const char *add_map(Panel *p, const double *o, const Out *a) {
    const Array *density = out_find(a, "density"), *critic = out_find(a, "critic"), *optimal = out_find(a, "optimal");
    bool best = (int)o[MAP] == MAP_OPTIMAL;
    const Array *map = density ? density : best ? optimal : critic;
    if (map && density) panel_heat(p, HEAT_DENSITY, map->data, map->shape[1], map->shape[0], 0, *array_f32(a, "level"))->alpha = 0.5f;
    else if (map) panel_heat(p, HEAT_SIGNED, map->data, map->shape[1], map->shape[0], 0.5f, 1)->alpha = 0.45f;
    return density ? "Density of the model" : best && !optimal ? "The best critic is not known here" : best ? "The best critic" : critic ? "The critic" : "";
}

static void arrange_points(const double *o, const Out *a, Scene *s) {
    const Array *data = out_find(a, "data"), *samples = out_find(a, "samples");
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    panel_plane(p, array_f32(a, "bounds"));
    p->title = add_map(p, o, a);
    p->axes = p->n == 0;
    if (o[REAL] != 0) panel_points(p, ROLE_DATA, MARK_DISC, 2.6f, data->data, array_rows(data))->alpha = p->n ? 0.85f : 0.6f;
    panel_points(p, ROLE_SAMPLE, MARK_CROSS, 3.2f, samples->data, array_rows(samples));
}

static void arrange_pictures(const double *o, const Out *a, Scene *s) {
    const Array *data = out_find(a, "data"), *samples = out_find(a, "samples");
    bool ink = is_ink(data), wide = o[ASPECT] > 1;
    float part = o[REAL] != 0 ? 0.5f : 0;
    if (part > 0) panel_pictures(scene_panel(s, "Real", 0, 0, wide ? part : 1, wide ? 1 : part), ROLE_DATA, data, ink);
    panel_pictures(scene_panel(s, part > 0 ? "Samples" : "", wide ? part : 0, wide ? 0 : part, wide ? 1 - part : 1, wide ? 1 : 1 - part), ROLE_SAMPLE, samples, ink);
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    if (is_pictures(out_find(a, "samples"))) arrange_pictures(o, a, s);
    else arrange_points(o, a, s);
}

const ViewDef view_samples = {
    .id = "samples", .kind = "picture", .title = "Samples",
    .help = "Green is real, purple is made by the model; both should fall in the same places.",
    .options = options, .fits = fits, .compute = compute, .slices = slices, .refine = refine, .arrange = arrange,
};
