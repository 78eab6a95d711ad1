// filters.c -- what the hidden units of a first layer look for: the weights between all pixels and one unit, as a picture.
//
// The layer is the first tensor of the model with one row per pixel: of a Boltzmann machine its weights, of a network of dense layers those that
// read the picture.  Units come in the order of their weights' size, the largest first.  Grey is 0; all pictures share one scale.
//
// Arrays: filters [n,h,w,c], norms [n] (Euclidean).
#include <math.h>
#include <stdlib.h>

#include "view/parts.h"

enum { N, ASPECT };

static const Knob options[] = {
    { "n", "How many", KNOB_INTEGER, 64, 64, 1, 1024, .group = "", .help = "Units shown, those with the largest weights first." },
    OPTION_ASPECT_LIVE,
    KNOBS_END,
};

static bool fits(const Run *r) {
    int units;
    return run_data(r)->def.kind == DATA_IMAGE && run_filters(r, &units);
}

typedef struct { double square; int unit; } Size;

static int larger(const void *a, const void *b) {
    const Size *x = a, *y = b;
    return x->square != y->square ? (x->square < y->square) - (x->square > y->square) : x->unit - y->unit;
}

static bool compute(Run *r, const double *o, Out *out) {
    const Data *d = run_data(r);
    int units, n;
    const float *w = run_filters(r, &units);                                          // [dim,units]
    n = (int)o[N] < units ? (int)o[N] : units;
    Size *size = arena_new(&out->arena, Size, units);
    float *picture = out_f32(out, "filters", 4, (int[]){ n, d->def.shape[0], d->def.shape[1], d->def.shape[2] }), *norm = out_f32(out, "norms", 1, &n);
    if (!size || !picture || !norm) return false;
    for (int j = 0; j < units; j++) size[j].unit = j;
    for (int i = 0; i < d->dim * units; i++) size[i % units].square += (double)w[i] * (double)w[i];
    qsort(size, (size_t)units, sizeof *size, larger);
    for (int k = 0; k < n; k++) {
        norm[k] = (float)sqrt(size[k].square);
        for (int i = 0; i < d->dim; i++) picture[k * d->dim + i] = w[i * units + size[k].unit];
    }
    return true;
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r, (void)o;
    const Array *filters = out_find(a, "filters");
    const float *w = filters->data;
    float most = 1e-6f;
    for (int i = 0; i < array_rows(filters) * array_width(filters); i++) most = fabsf(w[i]) > most ? fabsf(w[i]) : most;
    Item *tiles = panel_pictures(scene_panel(s, "", 0, 0, 1, 1), ROLE_SAMPLE, filters, false);
    tiles->mid = -most, tiles->high = most;
}

const ViewDef view_filters = {
    .id = "filters", .kind = "picture", .title = "Filters",
    .help = "The weights from all pixels to one hidden unit: light where ink switches it on, dark where ink switches it off.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
