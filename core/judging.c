// judging.c -- the lab's judge: loaded once, asked by the measures of digits and by whoever has digits to be read.
//
// What it is asked of samples:
//   sure, rarest     the share that it is sure of (p > .9); the share of the class that it reads least often
//   fcd              Frechet distance on its 64 features between them and a reference (FID's formula, Heusel et al. 2017, on this network instead),
//                    in units of the mean variance of the reference's features, so that it does not hang on their scale
//   agreement        the share that it reads as the class that was asked for
//   class_spread     how widely the features of a class spread, over what the reference's do
// The reference are training examples of the half that it has not learned, as many as there are samples, at most REFERENCE_MOST: the same rows of every
// set, though it has learned from none but the one that made it.  A distance that is measured from n samples is too large by about c / n, and so is
// one between n real examples and the reference: compare at equal n.  On MNIST at n = 10,000 the test set scores 0.11, shifted by one pixel 0.5 to 2.7
// (sideways less), without one of the digits 1.8 to 4.1.

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "measures/judge.h"
#include "run.h"

// What runs were told by an earlier judge no longer counts.
static void forget(Lab *lab) {
    for (Run *run = lab->runs; run; run = run->next) run->judged[0].by = run->judged[1].by = NULL;
    lab->reference.n = 0;
}

bool lab_load_judge(Lab *lab, const uint8_t *bytes, size_t size) {
    error_clear();
    Arena arena;
    arena_init(&arena, "judge", &lab->budget);
    Judge *judge = judge_load(bytes, size, &arena);
    if (!judge) {
        arena_free(&arena);
        return false;
    }
    arena_free(&lab->judge_arena);
    lab->judge_arena = arena, lab->judge = judge;
    forget(lab);
    return true;
}

bool lab_judge(Lab *lab, const float *x, size_t floats, Out *out) {
    error_clear();
    size_t n = floats / JUDGE_PIXELS;
    if (!lab->judge) return fail(ERROR_UNSUPPORTED, "judge: none is loaded; accepted: the weights of pretrained/judge.safetensors, loaded first");
    if (n < 1 || n > 1000000 || n * JUDGE_PIXELS != floats)
        return fail(ERROR_BAD_ARGUMENT, "x: has %zu numbers; accepted: rows of %d numbers, at least one", floats, JUDGE_PIXELS);
    out_clear(out);
    float *p = out_f32(out, "data", 2, (int[]){ (int)n, JUDGE_CLASSES }), *features = out_f32(out, "features", 2, (int[]){ (int)n, JUDGE_FEATURES });
    if (!p || !features) return false;
    judge_read(lab->judge, x, (int)n, p, features);
    return true;
}

// --- What it makes of samples -------------------------------------------------------------------------------------------------------

// Features and classes of the reference's rows, a few at a time.
static void read_reference(Judge *judge, const Data *d, int n, float *features, int32_t *labels) {
    enum { ROWS = 50 };
    float x[ROWS * JUDGE_PIXELS];
    uint32_t held = (uint32_t)d->n[SPLIT_TRAIN];
    for (int first = 0, k; first < n; first += k) {
        k = n - first < ROWS ? n - first : ROWS;
        for (int i = 0; i < k; i++) {
            size_t row = judge_half(d, (held / 2 + (uint32_t)(first + i)) % held);
            for (size_t p = 0; p < JUDGE_PIXELS; p++) x[(size_t)i * JUDGE_PIXELS + p] = (float)d->pixels[SPLIT_TRAIN][row * JUDGE_PIXELS + p] / 255.f;
            labels[first + i] = d->labels[SPLIT_TRAIN][row];
        }
        judge_read(judge, x, k, NULL, features + (size_t)first * JUDGE_FEATURES);
    }
}

static bool make_reference(Lab *lab, const Data *d, int n, Arena *scratch) {
    Reference *r = &lab->reference;
    ArenaMark mark = arena_mark(scratch);
    float *features = arena_new(scratch, float, (size_t)n * JUDGE_FEATURES);
    int32_t *labels = arena_new(scratch, int32_t, n);
    bool ok = features && labels;
    r->n = 0;
    if (ok) read_reference(lab->judge, d, n, features, labels);
    if (ok) mean_cov(features, n, JUDGE_FEATURES, r->mean, r->cov);
    r->variance = 0;
    for (int i = 0; i < JUDGE_FEATURES; i++) r->variance += r->cov[i * JUDGE_FEATURES + i] / JUDGE_FEATURES;
    ok = ok && class_traces(features, labels, n, JUDGE_FEATURES, JUDGE_CLASSES, scratch, r->spread);
    arena_release(scratch, mark);
    if (ok) r->n = n, memcpy(r->sha256, d->sha256, sizeof r->sha256);
    return ok;
}

// For n samples; NULL: no memory.  A set of so few rows that half of them are none is compared with all.
static const Reference *reference_of(Lab *lab, const Data *d, int n, Arena *scratch) {
    int half = d->n[SPLIT_TRAIN] - d->n[SPLIT_TRAIN] / 2, most = half < REFERENCE_MOST ? half : REFERENCE_MOST;
    n = n < most ? n : most;
    n = n < 2 ? 2 : n;
    if (lab->reference.n == n && !strcmp(lab->reference.sha256, d->sha256)) return &lab->reference;
    return make_reference(lab, d, n, scratch) ? &lab->reference : NULL;
}

static Estimate share_of(int count, int n) {
    double p = (double)count / n;
    return (Estimate){ p, sqrt(p * (1 - p) / n) };
}

static void read_classes(const float *p, const int32_t *labels, int n, Reading *out) {
    int certain = 0, right = 0, count[JUDGE_CLASSES] = { 0 }, least = n;
    for (int i = 0; i < n; i++) {
        const float *row = p + (size_t)i * JUDGE_CLASSES;
        int best = 0;
        for (int k = 1; k < JUDGE_CLASSES; k++) best = row[k] > row[best] ? k : best;
        certain += row[best] > .9f;
        right += labels && labels[i] == best;
        count[best]++;
    }
    for (int k = 0; k < JUDGE_CLASSES; k++) least = count[k] < least ? count[k] : least;
    out->sure = share_of(certain, n), out->rarest = share_of(least, n);
    if (labels) out->agreement = share_of(right, n);
}

static bool read_features(const float *features, const int32_t *labels, int n, const Reference *r, Arena *scratch, Reading *out) {
    ClassSpread spread[JUDGE_CLASSES];
    if (n > 1 && !frechet_to(features, n, r->mean, r->cov, JUDGE_FEATURES, scratch, &out->fcd.value, &out->fcd.se)) return false;
    out->fcd.value /= r->variance, out->fcd.se /= r->variance;
    if (!labels) return true;
    if (!class_traces(features, labels, n, JUDGE_FEATURES, JUDGE_CLASSES, scratch, spread)) return false;
    out->class_spread.value = class_spread(spread, r->spread, JUDGE_CLASSES, &out->class_spread.se);
    return true;
}

bool lab_reading(Lab *lab, const Data *d, const float *x, const int32_t *labels, int n, Arena *scratch, Reading *out) {
    const Estimate none = { (double)NAN, (double)NAN };
    const Reference *r = reference_of(lab, d, n, scratch);
    ArenaMark mark = arena_mark(scratch);
    float *p = arena_new(scratch, float, (size_t)n * JUDGE_CLASSES), *features = arena_new(scratch, float, (size_t)n * JUDGE_FEATURES);
    bool ok = r && p && features;
    *out = (Reading){ none, none, none, none, none };
    if (ok) {
        judge_read(lab->judge, x, n, p, features);
        read_classes(p, labels, n, out);
        ok = read_features(features, labels, n, r, scratch, out);
    }
    arena_release(scratch, mark);
    return ok;
}

// --- Making it ----------------------------------------------------------------------------------------------------------------------

static Judge *learned(const Data *d, uint32_t seed, int steps, Arena *arena) {
    double loss;
    Judge *judge = judge_new(d, seed, arena);
    for (int i = 0; judge && i < steps; i++)
        if (!judge_train(judge, (uint64_t)i, (uint64_t)steps, &loss)) return NULL;
    return judge;
}

bool lab_train_judge(Lab *lab, const char *data, uint32_t seed, int steps, Out *out, const uint8_t **bytes, size_t *size) {
    error_clear();
    if (steps < 1) return fail(ERROR_BAD_ARGUMENT, "steps: was %d; accepted: a whole number from 1", steps);
    Data *d = lab_data(lab, data);
    if (!d) return false;
    if (!judge_reads(d)) return fail(ERROR_BAD_ARGUMENT, "data: '%s' is not what a judge can read; accepted: %d x %d grey images in %d classes", data, JUDGE_SIDE, JUDGE_SIDE, JUDGE_CLASSES);
    out_clear(out);
    Arena arena;
    arena_init(&arena, "judge", &lab->budget);
    Judge *judge = learned(d, seed, steps, &arena);
    *bytes = judge ? judge_save(judge, (uint64_t)steps, &out->arena, size) : NULL;
    arena_free(&arena);
    return *bytes != NULL;
}
