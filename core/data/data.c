// data.c -- opens sets, and gives their rows to those who train, draw and measure.
//
// Who sees what is a function of a seed and a position; nothing here advances.  Streams: a training step of an endless set of points
// draws under STREAM_DATA (example = place in the batch, step = the step), one of held rows asks a permutation for each
// epoch under STREAM_BATCH.  data_draw has streams of its own, so that looking at a set never meets the training examples.
#include "data/data.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "data/hold.h"

#define DATASET(name) extern const DataDef data_##name;
#include "data/data.def"
#undef DATASET

const DataDef *const data_defs[] = {
#define DATASET(name) &data_##name,
#include "data/data.def"
#undef DATASET
};
const int n_data_defs = sizeof data_defs / sizeof data_defs[0];

// Low bits of STREAM_DATA and STREAM_TEST.
enum { FOR_BATCH, FOR_DRAW, FOR_POOL, FOR_SCALE };
enum { SCALE_DRAWS = 4096 };          // from which the mean and std of an endless set are computed

static Key key_of(Split split, uint32_t seed, uint32_t purpose) {
    return (Key){ seed, (uint32_t)(split == SPLIT_TEST ? STREAM_TEST : STREAM_DATA) | purpose };
}

// --- Opening -------------------------------------------------------------------------------------------------------

static void scale_points(Data *d) {
    double sum[2] = { 0, 0 }, square[2] = { 0, 0 };
    for (uint32_t i = 0; i < SCALE_DRAWS; i++) {
        Rng r = rng_at(key_of(SPLIT_TRAIN, 0, FOR_SCALE), i, 0);
        float x[2];
        int label;
        d->def.point(&r, x, &label);
        for (int a = 0; a < 2; a++) {
            sum[a] += (double)x[a];
            square[a] += (double)x[a] * (double)x[a];
        }
    }
    for (int a = 0; a < 2; a++) {
        d->mean[a] = sum[a] / (double)SCALE_DRAWS;
        d->std[a] = sqrt(square[a] / (double)SCALE_DRAWS - d->mean[a] * d->mean[a]);
    }
}

// Where the attributes of a held row stand; NULL where there are none.
static float *attributes_at(const Data *d, Split split, int row) {
    return d->attributes[split] ? d->attributes[split] + (size_t)row * (size_t)d->def.n_attributes : NULL;
}

static bool fill_pool(Data *d) {
    if (!hold_room(d, d->def.pool, d->def.pool / 10)) return false;
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < d->n[s]; i++) {
            Rng r = rng_at(key_of((Split)s, 0, FOR_POOL), (uint32_t)i, 0);
            int label = d->def.classes ? i % d->def.classes : 0;
            d->def.image(&r, label, d->pixels[s] + (size_t)i * (size_t)d->dim, attributes_at(d, (Split)s, i));
            if (d->labels[s]) d->labels[s][i] = (uint8_t)label;
        }
    }
    hold_end(d);
    return true;
}

bool data_open(Data *d, const DataDef *def, Budget *budget) {
    *d = (Data){ .def = *def, .endless = true, .dim = 2, .std = { 1, 1 } };
    arena_init(&d->arena, "data", budget);
    if (def->kind == DATA_POINTS) {
        scale_points(d);
        // Some densities fill a constant table on their first call: make it here, before there are threads.
        if (def->log_prob) def->log_prob(d->mean);
        return true;
    }
    d->dim = def->shape[0] * def->shape[1] * def->shape[2];
    if (fill_pool(d)) return true;
    data_close(d);
    return false;
}

void data_close(Data *d) {
    arena_free(&d->arena);
    *d = (Data){ 0 };
}

// --- Reading -------------------------------------------------------------------------------------------------------

static void pixels_to_floats(const uint8_t *restrict from, float *restrict to, int n) {
    for (int i = 0; i < n; i++) to[i] = (float)from[i] / 255.0f;
}

static void give_row(const Data *d, Split split, uint32_t row, float *x, int32_t *label) {
    size_t at = (size_t)row * (size_t)d->dim;
    if (d->def.kind == DATA_IMAGE) pixels_to_floats(d->pixels[split] + at, x, d->dim);
    else for (int i = 0; i < d->dim; i++) x[i] = d->points[split][at + (size_t)i];
    if (label) *label = d->labels[split] ? d->labels[split][row] : -1;
}

// The row at a position of an endless succession of permutations, one per pass over the split.
static uint32_t shuffled(const Data *d, Split split, Key key, uint64_t position) {
    uint32_t n = (uint32_t)d->n[split];
    return rng_permute(key, position / n, n, (uint32_t)(position % n));
}

static void give_point(const Data *d, Rng r, float *x, int32_t *label) {
    int mode = 0;
    d->def.point(&r, x, &mode);
    if (label) *label = d->def.classes ? mode : -1;
}

void data_batch(const Data *d, uint32_t seed, uint64_t step, int batch, float *x, int32_t *labels) {
    for (int i = 0; i < batch; i++) {
        float *row = x + (size_t)i * (size_t)d->dim;
        int32_t *label = labels ? labels + i : NULL;
        if (d->def.point) give_point(d, rng_at(key_of(SPLIT_TRAIN, seed, FOR_BATCH), (uint32_t)i, step), row, label);
        else give_row(d, SPLIT_TRAIN, shuffled(d, SPLIT_TRAIN, (Key){ seed, STREAM_BATCH }, step * (uint64_t)batch + (uint64_t)i), row, label);
    }
}

// A fresh image of an endless set: its class is its generator's first draw.
static void give_image(const Data *d, Rng r, int wanted, float *x, int32_t *label, float *attributes) {
    // The bytes are drawn into the last quarter of the row and become floats from the front: float i ends where byte i stands, or before.
    uint8_t *pixels = (uint8_t *)x + 3 * (size_t)d->dim;
    int y = d->def.classes ? rng_below(&r, d->def.classes) : 0;
    if (label) *label = d->def.classes ? y : -1;
    if (wanted >= 0 && y != wanted) return;          // drawing is the expensive part
    float unasked[ATTRIBUTES_MAX];
    d->def.image(&r, y, pixels, attributes ? attributes : unasked);
    for (int i = 0; i < d->dim; i++) x[i] = (float)pixels[i] / 255.0f;
}

// Example `position` of the sequence that data_draw and data_draw_class share.  wanted >= 0: x may be left alone when the label is another.
static void give(const Data *d, Split split, uint32_t seed, uint64_t position, int wanted, float *x, int32_t *label, float *attributes) {
    Key key = key_of(split, seed, FOR_DRAW);
    if (!d->endless) {
        uint32_t row = shuffled(d, split, key, position);
        give_row(d, split, row, x, label);
        if (attributes) memcpy(attributes, attributes_at(d, split, (int)row), sizeof(float) * (size_t)d->def.n_attributes);
        return;
    }
    Rng r = rng_at(key, (uint32_t)position, 0);
    if (d->def.point) give_point(d, r, x, label); else give_image(d, r, wanted, x, label, attributes);
}

void data_draw_known(const Data *d, Split split, uint32_t seed, uint32_t first, int n, float *x, int32_t *labels, float *attributes) {
    for (int i = 0; i < n; i++)
        give(d, split, seed, (uint64_t)first + (uint64_t)i, -1, x + (size_t)i * (size_t)d->dim, labels ? labels + i : NULL,
             attributes ? attributes + (size_t)i * (size_t)d->def.n_attributes : NULL);
}

void data_draw(const Data *d, Split split, uint32_t seed, uint32_t first, int n, float *x, int32_t *labels) {
    data_draw_known(d, split, seed, first, n, x, labels, NULL);
}

int data_draw_class(const Data *d, Split split, uint32_t seed, int label, int n, float *x) {
    if (label < 0 || label >= d->def.classes) return 0;
    // Held rows are searched once.  An endless set has its classes about equally often: the bound is never met by chance.
    uint64_t most = d->endless ? 100 * ((uint64_t)n + 10) * (uint64_t)d->def.classes : (uint64_t)d->n[split];
    int found = 0;
    for (uint64_t i = 0; i < most && found < n; i++) {
        int32_t y;
        give(d, split, seed, i, label, x + (size_t)found * (size_t)d->dim, &y, NULL);
        found += y == label;
    }
    return found;
}
