#include "view/parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int array_rows(const Array *a) { return a ? a->shape[0] : 0; }

int array_width(const Array *a) {
    int width = 1;
    for (int i = 1; a && i < a->rank; i++) width *= a->shape[i];
    return width;
}

const float *array_f32(const Out *out, const char *name) {
    const Array *a = out_find(out, name);
    return a && a->type == TYPE_F32 ? a->data : NULL;
}

const int32_t *array_i32(const Out *out, const char *name) {
    const Array *a = out_find(out, name);
    return a && a->type == TYPE_I32 ? a->data : NULL;
}

bool is_pictures(const Array *a) { return a && a->rank == 4; }

// ------------------------------------------------------------------------------------------------------------------ arrays

bool view_data(const Run *r, int n, uint32_t seed, bool labels, Out *out) {
    const Data *d = run_data(r);
    bool image = d->def.kind == DATA_IMAGE;
    int shape[4] = { n, d->def.shape[0], d->def.shape[1], d->def.shape[2] };
    float *x = out_f32(out, "data", image ? 4 : 2, shape);
    int32_t *label = labels && d->def.classes ? out_i32(out, "labels", 1, &n) : NULL;
    if (!x || (labels && d->def.classes && !label)) return false;
    data_draw(d, SPLIT_TEST, seed, 0, n, x, label);
    return true;
}

void bounds_widen(float b[4], double aspect) {
    double w = (double)b[1] - (double)b[0], h = (double)b[3] - (double)b[2];
    double x = 0.5 * ((double)b[0] + (double)b[1]), y = 0.5 * ((double)b[2] + (double)b[3]);
    if (w < h * aspect) w = h * aspect;
    else h = w / aspect;
    b[0] = (float)(x - 0.5 * w); b[1] = (float)(x + 0.5 * w);
    b[2] = (float)(y - 0.5 * h); b[3] = (float)(y + 0.5 * h);
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

enum { BOUNDS_POINTS = 1000, BOUNDS_OUT = 5 };      // points drawn to find the bounds, and how many may lie outside on a side
#define BOUNDS_MARGIN 0.15                          // of the extent, on each side
#define BOUNDS_NOISE 2.8                            // standard deviations: 1 point in 200 lies outside

bool view_bounds(const Run *r, bool noise, double aspect, Out *out) {
    float *b = out_f32(out, "bounds", 1, (int[]){ 4 });
    if (!b) return false;
    float x[2 * BOUNDS_POINTS], line[BOUNDS_POINTS];
    const Data *d = run_data(r);
    data_draw(d, SPLIT_TRAIN, 0, 0, BOUNDS_POINTS, x, NULL);
    for (int axis = 0; axis < 2; axis++) {
        for (int i = 0; i < BOUNDS_POINTS; i++) line[i] = x[2 * i + axis];
        qsort(line, BOUNDS_POINTS, sizeof *line, compare_floats);
        double low = (double)line[BOUNDS_OUT], high = (double)line[BOUNDS_POINTS - 1 - BOUNDS_OUT];
        // One point, or all on a line: still a plane, and one that single precision can tell apart.
        double least = fmax(1e-3, 1e-4 * fmax(fabs(low), fabs(high))), margin = fmax(BOUNDS_MARGIN * (high - low), least);
        low -= margin;
        high += margin;
        if (noise) {
            low = fmin(low, d->mean[axis] - BOUNDS_NOISE * d->std[axis]);
            high = fmax(high, d->mean[axis] + BOUNDS_NOISE * d->std[axis]);
        }
        b[2 * axis] = (float)low;
        b[2 * axis + 1] = (float)high;
    }
    bounds_widen(b, aspect);
    return true;
}

bool array_copy(const Array *a, const char *name, Out *out) {
    size_t count = (size_t)array_rows(a) * (size_t)array_width(a);
    void *to = a->type == TYPE_F32 ? (void *)out_f32(out, name, a->rank, a->shape)
             : a->type == TYPE_F64 ? (void *)out_f64(out, name, a->rank, a->shape)
                                   : (void *)out_i32(out, name, a->rank, a->shape);
    if (to && count) memcpy(to, a->data, count * (a->type == TYPE_F64 ? 8 : 4));
    return to;
}

bool view_call(Run *r, const char *verb, const Call *call, const char *const names[][2], Out *out) {
    Out result;
    out_init(&result, out->arena.budget);
    bool ok = run_call(r, verb, call, &result);
    for (int i = 0; ok && names[i][0]; i++) {
        const Array *a = out_find(&result, names[i][0]);
        ok = !a || array_copy(a, names[i][1], out);
    }
    out_clear(&result);
    return ok;
}

void call_labels(const Run *r, const Out *out, Call *call) {
    const Array *labels = run_can(r, "label") ? out_find(out, "labels") : NULL;
    if (labels) call->labels = labels->data, call->n_labels = (size_t)labels->shape[0];
}

int view_count(const Run *r, double asked, int usual, int slow) { return asked > 0 ? (int)asked : run_can(r, "estimates") ? slow : usual; }

void verb_options(char text[VERB_OPTIONS], double seed, double label, int steps, int frames) {
    int n = snprintf(text, VERB_OPTIONS, "seed\t%.0f\n", seed);
    if (label >= 0) n += snprintf(text + n, VERB_OPTIONS - (size_t)n, "label\t%.0f\n", label);
    if (steps > 0) n += snprintf(text + n, VERB_OPTIONS - (size_t)n, "steps\t%d\n", steps);
    if (frames > 0) snprintf(text + n, VERB_OPTIONS - (size_t)n, "frames\t%d\n", frames);
}

bool view_fan(Run *r, const float *codes, int n, int k, int z, const int32_t *classes, const char *name, Out *out) {
    const char *const names[][2] = { { "data", name }, { NULL } };
    Call call = { .x = codes, .n_x = (size_t)n * (size_t)k * (size_t)z, .name = "", .options = "" };
    if (classes) call.labels = classes, call.n_labels = (size_t)n * (size_t)k;
    if (!view_call(r, "decode", &call, names, out)) return false;
    Array *fan = &out->array[out->n - 1];
    memmove(fan->shape + 2, fan->shape + 1, sizeof *fan->shape * (size_t)(fan->rank - 1));
    fan->shape[0] = n, fan->shape[1] = k, fan->rank++;
    return true;
}

bool view_steps(const Array *fan, Out *out) {
    int n = fan->shape[0], steps = fan->shape[1] - 1;
    float *from = out_f32(out, "from", 2, (int[]){ n * steps, 2 }), *to = out_f32(out, "to", 2, (int[]){ n * steps, 2 });
    size_t row = sizeof(float) * 2 * (size_t)steps;
    for (int i = 0; from && to && i < n; i++) {
        const float *x = (const float *)fan->data + 2 * (size_t)i * (size_t)(steps + 1);
        memcpy(from + 2 * i * steps, x, row);
        memcpy(to + 2 * i * steps, x + 2, row);
    }
    return from && to;
}

bool view_plane(const Array *codes, int i, int j, const char *name, Out *out) {
    int n = array_rows(codes), d = array_width(codes);
    const float *code = codes->data;
    float *xy = out_f32(out, name, 2, (int[]){ n, 2 });
    if (!xy) return false;
    for (int k = 0; k < n; k++) {
        xy[2 * k] = code[(size_t)k * (size_t)d + (size_t)(i < d ? i : 0)];
        xy[2 * k + 1] = j < d ? code[(size_t)k * (size_t)d + (size_t)j] : 0;
    }
    return true;
}

// ----------------------------------------------------------------------------------------------------------------- panels

bool is_ink(const Array *a) {
    if (!is_pictures(a) || a->shape[3] != 1) return false;
    int h = a->shape[1], w = a->shape[2], count = 0;
    double sum = 0;
    const float *p = a->data;
    for (int k = 0; k < a->shape[0]; k++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++, p++)
                if (y == 0 || x == 0 || y == h - 1 || x == w - 1) { sum += (double)*p; count++; }
    return count && sum < 0.1 * count;
}

Item *panel_pictures(Panel *p, Role role, const Array *a, bool ink) {
    Item *it = panel_tiles(p, role, a->data, a->shape[0], a->shape + 1);
    it->ink = ink;
    return it;
}

void scene_split(Scene *s, double aspect, double most, const char *first, const char *second, Panel *panel[2]) {
    bool wide = aspect > 1;
    double share = wide ? 1 / aspect : aspect;
    float part = (float)(share < most ? share : most);
    panel[0] = scene_panel(s, first, 0, 0, wide ? part : 1, wide ? 1 : part);
    panel[1] = scene_panel(s, second, wide ? part : 0, wide ? 0 : part, wide ? 1 - part : 1, wide ? 1 : 1 - part);
}
