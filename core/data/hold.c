#include "data/hold.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "io/sha256.h"

bool image_shape_ok(const int shape[3]) {
    return shape[0] >= 1 && shape[0] <= IMAGE_SIDE_MAX && shape[1] >= 1 && shape[1] <= IMAGE_SIDE_MAX && (shape[2] == 1 || shape[2] == 3);
}

bool hold_begin(Data *d, const char *id, DataKind kind, const int shape[3], int classes, Budget *budget) {
    *d = (Data){ .def = { .kind = kind, .classes = classes, .entropy = (double)NAN, .summary = "", .source = "" }, .std = { 1, 1 } };
    arena_init(&d->arena, "data", budget);
    d->dim = 1;
    for (int i = 0; i < 3; i++) {
        d->def.shape[i] = shape[i];
        if (shape[i] > 0) d->dim *= shape[i];
    }
    d->def.id = d->def.title = arena_string(&d->arena, id);
    return d->def.id != NULL;
}

// Numbers known per example: beside the hashed piece, so that a set's name does not depend on them.
static bool attribute_room(Data *d) {
    size_t k = (size_t)d->def.n_attributes;
    for (int s = 0; s < 2 && k; s++)
        if (!(d->attributes[s] = d->n[s] ? arena_alloc(&d->arena, (size_t)d->n[s] * k * sizeof(float)) : d->attributes[SPLIT_TRAIN])) return false;
    return true;
}

bool hold_room(Data *d, int n_train, int n_test) {
    size_t cell = d->def.kind == DATA_POINTS ? sizeof(float) : 1, row = cell * (size_t)d->dim, label = d->def.classes > 0;
    int n[2] = { n_train, n_test };
    if ((size_t)n_train + (size_t)n_test > SIZE_MAX / 2 / (row + label))
        return fail(ERROR_OUT_OF_MEMORY, "memory: %d + %d rows of %zu bytes are more than the machine can address", n_train, n_test, row);
    uint8_t *piece = arena_alloc(&d->arena, ((size_t)n_train + (size_t)n_test) * (row + label));
    if (!piece) return false;
    for (int s = 0; s < 2; s++) {
        if (d->def.kind == DATA_POINTS) d->points[s] = (float *)(void *)piece; else d->pixels[s] = piece;
        d->n[s] = n[s];
        piece += (size_t)n[s] * row;
    }
    for (int s = 0; s < 2 && label; s++) {
        d->labels[s] = piece;
        piece += n[s];
    }
    if (!attribute_room(d)) return false;
    if (n_test == 0) {
        d->n[SPLIT_TEST] = n_train;
        d->points[SPLIT_TEST] = d->points[SPLIT_TRAIN];
        d->pixels[SPLIT_TEST] = d->pixels[SPLIT_TRAIN];
        d->labels[SPLIT_TEST] = d->labels[SPLIT_TRAIN];
    }
    return true;
}

// Row `from` of the source becomes row `to` of the split.
static void place(Data *d, Split split, int to, const Source *s, int from) {
    size_t dim = (size_t)d->dim, at = dim * (size_t)from;
    if (d->def.kind == DATA_POINTS) {
        memcpy(d->points[split] + dim * (size_t)to, s->x + at, dim * sizeof(float));
    } else if (s->bytes) {
        memcpy(d->pixels[split] + dim * (size_t)to, s->bytes + at, dim);
    } else {
        uint8_t *row = d->pixels[split] + dim * (size_t)to;
        for (size_t i = 0; i < dim; i++) row[i] = (uint8_t)(s->x[at + i] * 255 + 0.5f);
    }
    if (d->labels[split]) d->labels[split][to] = s->labels ? (uint8_t)s->labels[from] : s->label_bytes ? s->label_bytes[from] : 0;
    size_t k = (size_t)d->def.n_attributes;
    if (k) memcpy(d->attributes[split] + k * (size_t)to, s->attributes + k * (size_t)from, k * sizeof(float));
}

bool hold_rows(Data *d, const Source *train, const Source *test) {
    bool split = test->n == 0 && train->n >= HOLD_OUT_MIN;
    int n_test = split ? train->n / HOLD_OUT : test->n;
    if (!hold_room(d, split ? train->n - n_test : train->n, n_test)) return false;
    Key key = { 0, STREAM_TEST };
    for (int i = 0; i < train->n; i++) {
        if (!split) place(d, SPLIT_TRAIN, i, train, i);
        else {
            int from = (int)rng_permute(key, 0, (uint32_t)train->n, (uint32_t)i);
            if (i < n_test) place(d, SPLIT_TEST, i, train, from); else place(d, SPLIT_TRAIN, i - n_test, train, from);
        }
    }
    for (int i = 0; i < test->n; i++) place(d, SPLIT_TEST, i, test, i);
    return true;
}

// Mean and standard deviation per axis, in two passes: exact enough for a cloud far from the origin.
static void moments(const float *x, int n, double mean[2], double std[2]) {
    for (int a = 0; a < 2; a++) {
        double sum = 0, square = 0;
        for (int i = 0; i < n; i++) sum += (double)x[2 * i + a];
        mean[a] = sum / n;
        for (int i = 0; i < n; i++) square += ((double)x[2 * i + a] - mean[a]) * ((double)x[2 * i + a] - mean[a]);
        std[a] = square > 0 ? sqrt(square / n) : 1;
    }
}

static void hash(Data *d) {
    bool shared = d->pixels[SPLIT_TEST] == d->pixels[SPLIT_TRAIN];
    size_t n = (size_t)d->n[SPLIT_TRAIN] + (shared ? 0 : (size_t)d->n[SPLIT_TEST]);
    Sha256 sum = sha256_begin();
    sha256_add(&sum, d->pixels[SPLIT_TRAIN], n * ((size_t)d->dim + (d->def.classes > 0)));
    sha256_end(&sum, d->sha256);
}

void hold_end(Data *d) {
    if (d->def.kind == DATA_IMAGE) hash(d);
    else moments(d->points[SPLIT_TRAIN], d->n[SPLIT_TRAIN], d->mean, d->std);
}
