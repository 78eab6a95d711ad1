// attributes.c -- arithmetic with what is known of examples: a sad face + (mean code of smiling ones - mean code of sad ones).
//
// Training examples are told apart by the chosen attribute: those in the top and in the bottom third of its values, or where it takes two values only,
// one and the other.  The difference of both groups' mean codes is a direction, and test examples walk along it by multiples of it: one row each, the
// example at the left, then what is decoded at every weight; at weight 0 that is its reconstruction.  Points: the walk as a line from each example's
// mark.  A conditional model is told each example's own class throughout.  Larsen et al. 2016, arXiv:1512.09300, section 4.2.
//
// How well the direction tells the attribute: the correlation r, over held-out examples, of the attribute with the code's projection on the direction.
//
// Arrays: difference [z]; values [m] of held-out examples' attribute, projection [m] of their codes, r [1]; of the first n of these data [n,...],
// labels [n] (sets with classes), codes [n,z]; weights [k]; decoded [n,k,...]; points: from [n*(k-1),2], to [n*(k-1),2], bounds [4].
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/parts.h"

enum { ATTRIBUTE, AMOUNT, ROWS, N, SEED, ASPECT };
enum { HELD = 200 };
static const float walk[] = { -1, -.5f, 0, .5f, 1, 1.5f };
enum { STEPS = sizeof walk / sizeof *walk };

static const Knob options[] = {
    { "attribute", "Attribute", KNOB_INTEGER, 0, 0, 0, ATTRIBUTES_MAX - 1, .group = "attributes", .help = "What is added: one of the things known of every example." },
    { "amount", "Amount", KNOB_NUMBER, 1, 1, -4, 4, .group = "", .help = "How much of the difference is added, at most one and a half times." },
    { "rows", "How many", KNOB_INTEGER, 60, 6, 1, HELD, .group = "", .help = "Test examples shown." },
    { "n", "Examples averaged", KNOB_INTEGER, 400, 400, 6, 5000, .scale = SCALE_LOG, .group = "", .help = "Training examples whose codes make the difference: a third of them on each side." },
    { "seed", "Which examples", KNOB_INTEGER, 0, 0, 0, 4294967295.0, .group = "", .help = "Another number takes other held-out examples." },
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "encode") && run_can(r, "decode") && !run_n_codes(r) && run_data(r)->def.n_attributes > 0; }

// ----------------------------------------------------------------------------------------------------------------- compute

static bool attribute_exists(const DataDef *d, int at) {
    char names[200] = "";
    size_t n = 0;
    for (int i = 0; i < d->n_attributes && n < sizeof names - 60; i++) n += (size_t)snprintf(names + n, sizeof names - n, i ? ", %.50s" : "%.50s", d->attributes[i]);
    return at < d->n_attributes || fail(ERROR_BAD_ARGUMENT, "attribute: was %d; accepted: 0 to %d, for %s", at, d->n_attributes - 1, names);
}

// n examples of a split: data [n,...], labels [n], codes [n,z], and values [n] of the attribute.
static bool examples(Run *r, const double *o, Split split, uint32_t seed, int n, Out *out) {
    static const char *const names[][2] = { { "data", "codes" }, { NULL } };
    const Data *d = run_data(r);
    int k = d->def.n_attributes, shape[4] = { n, d->def.shape[0], d->def.shape[1], d->def.shape[2] };
    float *x = out_f32(out, "data", d->def.kind == DATA_IMAGE ? 4 : 2, shape), *values = out_f32(out, "values", 1, &n);
    float *known = arena_new(&out->arena, float, n * k);
    int32_t *labels = d->def.classes ? out_i32(out, "labels", 1, &n) : NULL;
    if (!x || !values || !known || (d->def.classes && !labels)) return false;
    data_draw_known(d, split, seed, 0, n, x, labels, known);
    for (int i = 0; i < n; i++) values[i] = known[i * k + (int)o[ATTRIBUTE]];
    Call call = { .x = x, .n_x = (size_t)n * (size_t)d->dim, .name = "", .options = "" };
    call_labels(r, out, &call);
    return view_call(r, "encode", &call, names, out);
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

// Values up to *low are on one side, from *high on on the other.
static bool thirds(const float *value, int n, float *low, float *high) {
    float *sorted = malloc(sizeof *sorted * (size_t)n);
    if (!sorted) return fail(ERROR_OUT_OF_MEMORY, "memory: the system gives none");
    memcpy(sorted, value, sizeof *sorted * (size_t)n);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_floats);
    int below = n / 3, above = n - 1 - n / 3;
    float least = sorted[0], most = sorted[n - 1];
    // Where more than a third have one value the rest are the other side.
    while (sorted[below] == sorted[above] && above < n - 1) above++;
    while (sorted[below] == sorted[above] && below > 0) below--;
    *low = sorted[below], *high = sorted[above];
    free(sorted);
    return least < most || fail(ERROR_UNSUPPORTED, "attributes: the attribute is %g in all examples, so there is nothing to add", (double)least);
}

static bool compute_difference(const Array *codes, const float *value, Out *out) {
    int n = array_rows(codes), z = array_width(codes), count[2] = { 0 };
    float low, high, *difference = out_f32(out, "difference", 1, &z);
    double *mean = arena_new(&out->arena, double, 2 * z);
    if (!difference || !mean || !thirds(value, n, &low, &high)) return false;
    for (int i = 0; i < n; i++) {
        if (value[i] > low && value[i] < high) continue;
        int side = value[i] >= high;
        const float *code = (const float *)codes->data + (size_t)i * (size_t)z;
        for (int j = 0; j < z; j++) mean[side * z + j] += (double)code[j];
        count[side]++;
    }
    for (int j = 0; j < z; j++) difference[j] = (float)(mean[z + j] / count[1] - mean[j] / count[0]);
    return true;
}

// Pearson's; 0 where one of both does not vary.
static double correlation(const float *a, const float *b, int n) {
    double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) ma += (double)a[i] / n, mb += (double)b[i] / n;
    for (int i = 0; i < n; i++) {
        double x = (double)a[i] - ma, y = (double)b[i] - mb;
        aa += x * x, bb += y * y, ab += x * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static bool compute_projection(const Array *codes, Out *out) {
    int n = array_rows(codes), z = array_width(codes);
    const float *difference = array_f32(out, "difference"), *values = array_f32(out, "values");
    float *projection = out_f32(out, "projection", 1, &n);
    double *r = out_f64(out, "r", 1, (int[]){ 1 });
    if (!projection || !r) return false;
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < z; j++) sum += (double)((const float *)codes->data)[(size_t)i * (size_t)z + (size_t)j] * (double)difference[j];
        projection[i] = (float)sum;
    }
    *r = correlation(values, projection, n);
    return true;
}

static bool compute_walk(Run *r, const double *o, Out *out) {
    const Array *codes = out_find(out, "codes");
    int n = array_rows(codes), z = array_width(codes);
    const float *code = codes->data, *difference = array_f32(out, "difference");
    const int32_t *labels = run_can(r, "label") ? array_i32(out, "labels") : NULL;
    float *weights = out_f32(out, "weights", 1, (int[]){ STEPS }), *all = arena_new(&out->arena, float, n * STEPS * z);
    int32_t *told = arena_new(&out->arena, int32_t, n * STEPS);
    if (!weights || !all || !told) return false;
    for (int k = 0; k < STEPS; k++) weights[k] = (float)(o[AMOUNT] * (double)walk[k]);
    for (int i = 0; i < n * STEPS; i++) {
        const float *from = code + (size_t)(i / STEPS) * (size_t)z;
        told[i] = labels ? labels[i / STEPS] : 0;
        for (int j = 0; j < z; j++) all[(size_t)i * (size_t)z + (size_t)j] = (float)((double)from[j] + (double)weights[i % STEPS] * (double)difference[j]);
    }
    return view_fan(r, all, n, STEPS, z, labels ? told : NULL, "decoded", out);
}

// The first n rows of an array.
static bool copy_rows(const Array *a, int n, Out *out) {
    int shape[ARRAY_RANK];
    memcpy(shape, a->shape, sizeof shape);
    shape[0] = n;
    void *to = a->type == TYPE_I32 ? (void *)out_i32(out, a->name, a->rank, shape) : (void *)out_f32(out, a->name, a->rank, shape);
    if (to) memcpy(to, a->data, 4 * (size_t)n * (size_t)array_width(a));
    return to;
}

static bool compute(Run *r, const double *o, Out *out) {
    if (!attribute_exists(&run_data(r)->def, (int)o[ATTRIBUTE])) return false;
    Out known, held;
    out_init(&known, out->arena.budget);
    out_init(&held, out->arena.budget);
    bool ok = examples(r, o, SPLIT_TRAIN, 0, (int)o[N], &known) && examples(r, o, SPLIT_TEST, (uint32_t)o[SEED], HELD, &held)
           && compute_difference(out_find(&known, "codes"), array_f32(&known, "values"), out)
           && copy_rows(out_find(&held, "values"), HELD, out) && compute_projection(out_find(&held, "codes"), out);
    static const char *const shown[] = { "data", "labels", "codes" };
    for (int i = 0; ok && i < 3; i++) ok = !out_find(&held, shown[i]) || copy_rows(out_find(&held, shown[i]), (int)o[ROWS], out);
    out_clear(&known);
    out_clear(&held);
    return ok && compute_walk(r, o, out)
        && (run_data(r)->def.kind == DATA_IMAGE || (view_steps(out_find(out, "decoded"), out) && view_bounds(r, false, o[ASPECT], out)));
}

// ----------------------------------------------------------------------------------------------------------------- arrange

static void arrange_points(Panel *p, const Out *a, const Array *data) {
    const Array *from = out_find(a, "from");
    panel_plane(p, array_f32(a, "bounds"));
    p->axes = true;
    panel_lines(p, ROLE_SAMPLE, 1.5f, from->data, array_f32(a, "to"), array_rows(from))->alpha = 0.6f;
    panel_points(p, ROLE_SAMPLE, MARK_CROSS, 3, array_f32(a, "to"), array_rows(from));
    panel_points(p, ROLE_DATA, MARK_DISC, 3, data->data, array_rows(data));
}

static void arrange_pictures(Panel *p, const Out *a, const Array *data) {
    const Array *decoded = out_find(a, "decoded");
    const float *weights = array_f32(a, "weights");
    bool ink = is_ink(data);
    Item *real = panel_pictures(p, ROLE_DATA, data, ink), *made = panel_tiles(p, ROLE_SAMPLE, decoded->data, decoded->shape[0] * STEPS, decoded->shape + 2);
    made->ink = ink;
    made->cols = STEPS;
    real->cols = made->left = 1;
    panel_head(p, "real");
    for (int k = 0; k < STEPS; k++) {
        char word[16];
        double w = (double)weights[k];
        snprintf(word, sizeof word, "%s%.3g", w < 0 ? "−" : w > 0 ? "+" : "", fabs(w));
        panel_head(p, word);
    }
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    const Array *data = out_find(a, "data");
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    snprintf(p->said, sizeof p->said, "r = %.2f: how well this direction tells %.30s", *(const double *)out_find(a, "r")->data,
             r ? run_data(r)->def.attributes[(int)o[ATTRIBUTE]] : "it");
    if (is_pictures(data)) arrange_pictures(p, a, data); else arrange_points(p, a, data);
}

const ViewDef view_attributes = {
    .id = "attributes", .kind = "picture", .title = "Add an attribute",
    .help = "A row is one example. Added to its code is the difference of two means: of codes of examples with much of the attribute, and with little. At 0 nothing is added.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
