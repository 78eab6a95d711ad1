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

// About grid x grid cells in the shape of the bounds; `centre` gets [h * w, 2], freed by the caller.
static float *lattice(const float b[4], int grid, int size[2]) {
    double aspect = ((double)b[1] - (double)b[0]) / ((double)b[3] - (double)b[2]), side = sqrt(aspect);
    int w = size[1] = (int)fmax(grid * side + 0.5, 2), h = size[0] = (int)fmax(grid / side + 0.5, 2);
    float *centre = malloc((size_t)w * (size_t)h * 2 * sizeof *centre), *p = centre;
    for (int i = 0; centre && i < h; i++)
        for (int j = 0; j < w; j++) {
            *p++ = b[0] + (b[1] - b[0]) * ((float)j + 0.5f) / (float)w;
            *p++ = b[3] - (b[3] - b[2]) * ((float)i + 0.5f) / (float)h;
        }
    return centre;
}

static int descending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

// The density whose cells and denser ones hold a tenth of the mass: one spike does not make the rest invisible.
static float full_level(const float *density, int n) {
    float *sorted = malloc((size_t)n * sizeof *sorted), level = 0;
    if (!sorted) return 1;
    memcpy(sorted, density, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, descending);
    double mass = 0, part = 0;
    for (int i = 0; i < n; i++) mass += (double)sorted[i];
    for (int i = 0; i < n && part < 0.1 * mass; i++) part += (double)(level = sorted[i]);
    free(sorted);
    return level > 0 ? level : 1;
}

static bool map_density(Run *r, const float *centre, const int size[2], const char *label, Out *out) {
    int n = size[0] * size[1];
    float *density = out_f32(out, "density", 2, size), *level = out_f32(out, "level", 1, (int[]){ 1 });
    Out result;
    out_init(&result, out->arena.budget);
    bool ok = density && level && run_call(r, "logProb", &(Call){ .n = n, .x = centre, .n_x = (size_t)n * 2, .name = "", .options = label }, &result);
    const Array *log_p = ok ? out_find(&result, "data") : NULL;
    for (int i = 0; log_p && i < n; i++) density[i] = (float)real_exp(((const double *)log_p->data)[i]);
    if (log_p) *level = full_level(density, n);
    out_clear(&result);
    return log_p;
}

// A flat result [h * w] as the map [h,w].
static bool map_critic(Run *r, const float *centre, const int size[2], bool optimal, const char *label, Out *out) {
    int n = size[0] * size[1];
    char text[2 * VERB_OPTIONS];
    snprintf(text, sizeof text, "%s%s", label, optimal ? "optimal\ttrue\n" : "");
    static const char *const names[][2] = { { "data", "critic" }, { "optimal", "optimal" }, { NULL } };
    Call call = { .n = n, .x = centre, .n_x = (size_t)n * 2, .name = "", .options = text };
    if (!view_call(r, "critic", &call, names, out)) return false;
    for (int i = 0; i < out->n; i++) {
        Array *a = &out->array[i];
        if (strcmp(a->name, "critic") && strcmp(a->name, "optimal")) continue;
        a->rank = 2;
        a->shape[0] = size[0]; a->shape[1] = size[1];
    }
    return true;
}

static bool compute_map(Run *r, const double *o, Out *out) {
    int map = (int)o[MAP], size[2];
    if (map == MAP_AUTO) map = run_can(r, "logProb") ? MAP_DENSITY : run_can(r, "critic") ? MAP_CRITIC : MAP_NONE;
    if (run_can(r, "label") && o[LABEL] < 0) map = MAP_NONE;       // every class has a map of its own
    if (map == MAP_NONE) return true;
    char label[VERB_OPTIONS] = "";
    if (o[LABEL] >= 0) snprintf(label, sizeof label, "label\t%.0f\n", o[LABEL]);
    float *centre = lattice(array_f32(out, "bounds"), (int)o[GRID], size);
    bool ok = centre && (map == MAP_DENSITY ? map_density(r, centre, size, label, out) : map_critic(r, centre, size, map == MAP_OPTIMAL, label, out));
    free(centre);
    return ok;
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
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
