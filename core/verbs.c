// verbs.c -- what a run can be asked for.  Every verb is one row of the table at the end: its options, then a function that checks
// shapes, turns the data's own units into the model's, goes through the rows in chunks, and turns the answer back.

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "measures/measures.h"
#include "run.h"
#include "view/parts.h"

enum { ROWS_MAX = 10000000, FRAMES_MAX = 256, RESAMPLES_MAX = 100 };

// --- Units and shapes ---------------------------------------------------------------------------------------------------------

// Rows of data into the model's units, and back: points are standardised inside, pixels clamped on the way out.
static void to_model(const Run *run, const float *x, float *y, int n) {
    const Data *d = run->data;
    for (int i = 0; i < n * d->dim; i++) y[i] = run->model.image ? x[i] : (float)(((double)x[i] - d->mean[i & 1]) / d->std[i & 1]);
}

static void from_model(const Run *run, float *x, size_t n) {
    const Data *d = run->data;
    for (size_t i = 0; i < n * (size_t)d->dim; i++)
        x[i] = run->model.image ? (x[i] < 0 ? 0 : x[i] > 1 ? 1 : x[i]) : (float)((double)x[i] * d->std[i & 1] + d->mean[i & 1]);
}

// A log density per model unit becomes one per data unit.
static double log_unit(const Run *run) {
    double sum = 0;
    for (int i = 0; !run->model.image && i < 2; i++) sum += real_log(run->data->std[i]);
    return sum;
}

static float *out_examples(Run *run, Out *out, const char *name, int lead, const int *counts) {
    int shape[ARRAY_RANK], rank = lead;
    memcpy(shape, counts, sizeof(int) * (size_t)lead);
    const int *s = run->data->def.shape;
    shape[rank++] = s[0];
    if (run->model.image) shape[rank++] = s[1], shape[rank++] = s[2];
    return out_f32(out, name, rank, shape);
}

// The number of rows in an input; 0 after fail().
static int rows_of(const char *what, const float *x, size_t floats, int width) {
    size_t n = width ? floats / (size_t)width : 0;
    if (x && n >= 1 && n <= ROWS_MAX && n * (size_t)width == floats) return (int)n;
    fail(ERROR_BAD_ARGUMENT, "%s: has %zu numbers; accepted: rows of %d numbers, at least one", what, floats, width);
    return 0;
}

static bool count_is_good(const char *what, int n, int most) {
    return (n >= 1 && n <= most) || fail(ERROR_BAD_ARGUMENT, "%s: was %d; accepted: a whole number from 1 to %d", what, n, most);
}

static bool finite_rows(const char *what, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i])) return fail(ERROR_BAD_ARGUMENT, "%s: number %zu is not finite", what, i);
    return true;
}

// --- Options --------------------------------------------------------------------------------------------------------------------

#define SEED { .key = "seed", .title = "Seed", .type = KNOB_INTEGER, .min = 0, .max = 4294967295.0 }
#define LABEL { .key = "label", .title = "Class", .type = KNOB_INTEGER, .points = -1, .image = -1, .min = -1, .max = 255 }

enum { SAMPLE_SEED, SAMPLE_LABEL, SAMPLE_TEMPERATURE, SAMPLE_STEPS, SAMPLE_SAMPLER, SAMPLE_TRUNCATION, SAMPLE_PRIOR, N_SAMPLE_OPTIONS };
enum { TRACE_FRAMES = N_SAMPLE_OPTIONS, INPAINT_RESAMPLES = N_SAMPLE_OPTIONS };
enum { PRIOR_OWN, PRIOR_FITTED };
#define SAMPLE_OPTIONS \
    [SAMPLE_SEED] = SEED, \
    [SAMPLE_LABEL] = LABEL, \
    [SAMPLE_TEMPERATURE] = { .key = "temperature", .title = "Temperature", .points = 1, .image = 1, .min = 0, .max = 4 }, \
    [SAMPLE_STEPS] = { .key = "steps", .title = "Sampling steps", .type = KNOB_INTEGER, .min = 0, .max = 4000 }, \
    [SAMPLE_SAMPLER] = { .key = "sampler", .title = "Sampler", .type = KNOB_CHOICE, .choices = SAMPLER_CHOICES }, \
    [SAMPLE_TRUNCATION] = { .key = "truncation", .title = "Truncation", .min = 0, .max = 10 }, \
    [SAMPLE_PRIOR] = { .key = "prior", .title = "Codes from", .type = KNOB_CHOICE, .choices = "own|fitted" }
static const Knob sample_options[] = { SAMPLE_OPTIONS, KNOBS_END };
static const Knob trace_options[] = {
    SAMPLE_OPTIONS,
    [TRACE_FRAMES] = { .key = "frames", .title = "Frames", .type = KNOB_INTEGER, .min = 0, .max = FRAMES_MAX },
    KNOBS_END,
};
static const Knob inpaint_options[] = {
    SAMPLE_OPTIONS,
    [INPAINT_RESAMPLES] = { .key = "resamples", .title = "Times each step is taken", .type = KNOB_INTEGER, .min = 0, .max = RESAMPLES_MAX },
    KNOBS_END,
};
static const Knob label_options[] = { LABEL, KNOBS_END };

enum { PATH_LERP, PATH_SLERP };
static const Knob path_options[] = {
    { .key = "path", .title = "Path", .type = KNOB_CHOICE, .choices = "lerp|slerp" },
    LABEL,
    KNOBS_END,
};
enum { BOUND_SEED, BOUND_LABEL, BOUND_SAMPLES };
static const Knob seed_options[] = { [BOUND_SEED] = SEED, [BOUND_LABEL] = LABEL, KNOBS_END };
static const Knob bound_options[] = {
    [BOUND_SEED] = SEED,
    [BOUND_LABEL] = LABEL,
    [BOUND_SAMPLES] = { .key = "samples", .title = "Samples", .type = KNOB_INTEGER, .points = 1, .image = 1, .min = 1, .max = 100000 },
    KNOBS_END,
};
enum { MEASURE_SEED, MEASURE_N, MEASURE_SAMPLES, MEASURE_STEPS };
static const Knob measure_options[] = {
    [MEASURE_SEED] = SEED,
    [MEASURE_N] = { .key = "n", .title = "Examples", .type = KNOB_INTEGER, .min = 0, .max = 100000 },
    [MEASURE_SAMPLES] = { .key = "samples", .title = "Samples of a bound", .type = KNOB_INTEGER, .min = 0, .max = 100000 },
    [MEASURE_STEPS] = { .key = "steps", .title = "Sampling steps", .type = KNOB_INTEGER, .min = 0, .max = 4000 },
    KNOBS_END,
};

// --- Classes ---------------------------------------------------------------------------------------------------------------------

static bool class_fits(const Run *run, double label) {
    int classes = run->data->def.classes;
    return (label >= 0 && label < classes) || fail(ERROR_BAD_ARGUMENT, "label: was %g; accepted: a whole number from 0 to %d", label, classes - 1);
}

// The classes of n rows into run->labels, out of memory that the caller gives: one per row, or one for all; or drawn, each equally often, under
// `seed` where that is asked for (a sample of any class), else they must be given.  A model without classes refuses any.
static bool classes_of(Run *run, const Call *c, double label, const uint32_t *seed, int n, int32_t *labels) {
    const char *id = run->model.def->id;
    if (!(run_verbs(run) & CAN_LABEL))
        return (label < 0 && !c->labels) || fail(ERROR_UNSUPPORTED, "label: %s is not conditional, so it has no classes to choose", id);
    if (!labels) return false;
    if (!c->labels && label < 0 && !seed) return fail(ERROR_BAD_ARGUMENT, "label: was left out; %s is conditional: accepted: the class of each row, or one for all", id);
    if (c->labels && c->n_labels != (size_t)n) return fail(ERROR_BAD_ARGUMENT, "label: has %zu numbers; accepted: one, or one for each of the %d rows", c->n_labels, n);
    for (int i = 0; i < n; i++) {
        Rng r = rng_at((Key){ seed ? *seed : 0, STREAM_SAMPLE + 0xFFFF }, (uint32_t)i, 0);
        labels[i] = c->labels ? c->labels[i] : label >= 0 ? (int32_t)label : rng_below(&r, run->data->def.classes);
        if (!class_fits(run, labels[i])) return false;
    }
    run->labels = labels;
    return true;
}

// For verbs that are told the classes of their rows; the memory lives in out.
static bool given_classes(Run *run, const Call *c, double label, int n, Out *out) {
    return classes_of(run, c, label, NULL, n, run_verbs(run) & CAN_LABEL ? arena_new(&out->arena, int32_t, n) : NULL);
}

// For verbs that draw classes where none are given: they are handed out as the array `labels`.
static bool drawn_classes(Run *run, const Call *c, double label, uint32_t seed, int n, Out *out) {
    return classes_of(run, c, label, &seed, n, run_verbs(run) & CAN_LABEL ? out_i32(out, "labels", 1, &n) : NULL);
}

static bool draw_of(const Run *run, const double *o, Draw *d) {
    *d = (Draw){ .seed = (uint32_t)o[SAMPLE_SEED], .temperature = o[SAMPLE_TEMPERATURE], .steps = (int)o[SAMPLE_STEPS],
                 .sampler = (int)o[SAMPLE_SAMPLER], .truncation = o[SAMPLE_TRUNCATION] };
    const ModelDef *def = run->model.def;
    bool iterative = run_verbs(run) & CAN_STEPS;
    if (d->steps && !iterative) return fail(ERROR_UNSUPPORTED, "steps: %s samples in one go, so they mean nothing to it", def->id);
    if (d->sampler && !(run_verbs(run) & CAN_ESTIMATES)) return fail(ERROR_UNSUPPORTED, "sampler: %s has one way to sample, so there is none to choose", def->id);
    if (d->truncation > 0 && d->truncation < .05) return fail(ERROR_BAD_ARGUMENT, "truncation: was %g; accepted: 0 for none, or 0.05 to 10", d->truncation);
    if (d->truncation > 0 && (iterative || !run->model.code_dim)) return fail(ERROR_UNSUPPORTED, "truncation: %s does not start from a code", def->id);
    if (o[SAMPLE_PRIOR] && (!(run_verbs(run) & CAN_ENCODE) || !(run_verbs(run) & CAN_DECODE) || def->n_codes))
        return fail(ERROR_UNSUPPORTED, "prior: %s does not encode into continuous codes and decode them, so no Gaussian can be fitted", def->id);
    return true;
}

// --- Verbs ----------------------------------------------------------------------------------------------------------------------

// Rows first..first+m-1 of n, as many as fit; the model sees their classes.
static int chunk_at(Run *run, int first, int n) {
    run->model.labels = run->labels ? run->labels + first : NULL;
    return n - first < run->model.chunk ? n - first : run->model.chunk;
}
#define EACH_CHUNK(first, m, n) for (int first = 0, m = 0; first < (n) && (m = chunk_at(run, first, n)) > 0; first += m)

static bool encode_rows(Run *run, const float *x, int n, float *codes) {
    Model *m = &run->model;
    ArenaMark mark = arena_mark(&run->arena);
    float *rows = arena_new(&run->arena, float, m->chunk * m->dim);
    bool ok = rows != NULL;
    EACH_CHUNK(first, k, n) {
        if (!ok) break;
        to_model(run, x + (size_t)first * (size_t)m->dim, rows, k);
        ok = m->def->encode(m, k, rows, codes + (size_t)first * (size_t)m->code_dim);
    }
    arena_release(&run->arena, mark);
    return ok;
}

static bool decode_rows(Run *run, const float *codes, int n, float *x) {
    Model *m = &run->model;
    EACH_CHUNK(first, k, n)
        if (!m->def->decode(m, k, codes + (size_t)first * (size_t)m->code_dim, x + (size_t)first * (size_t)m->dim)) return false;
    from_model(run, x, (size_t)n);
    return true;
}

// --- Codes from a Gaussian fitted to those of training examples --------------------------------------------------------------------

// mean [d] and the lower Cholesky factor [d,d] of the covariance of the codes of some training examples.
static bool fit_codes(Run *run, double *mean, double *factor) {
    enum { EXAMPLES = 2000 };
    Model *m = &run->model;
    int d = m->code_dim;
    const int32_t *asked = run->labels;
    float *x = arena_new(&run->arena, float, EXAMPLES * m->dim), *codes = arena_new(&run->arena, float, EXAMPLES * d);
    int32_t *labels = arena_new(&run->arena, int32_t, EXAMPLES);
    if (!x || !codes || !labels) return false;
    data_draw(run->data, SPLIT_TRAIN, m->seed, 0, EXAMPLES, x, labels);
    run->labels = asked ? labels : NULL;
    bool ok = encode_rows(run, x, EXAMPLES, codes);
    run->labels = asked;
    if (!ok) return false;
    mean_cov(codes, EXAMPLES, d, mean, factor);
    for (int i = 0; i < d; i++)
        for (int j = 0; j <= i; j++) {
            double sum = factor[i * d + j];
            for (int k = 0; k < j; k++) sum -= factor[i * d + k] * factor[j * d + k];
            factor[i * d + j] = i == j ? sqrt(sum > 1e-12 ? sum : 1e-12) : sum / factor[j * d + j];
        }
    return true;
}

static bool fitted_sample(Run *run, const Draw *d, int n, float *x, float *codes) {
    Model *m = &run->model;
    int width = m->code_dim;
    ArenaMark mark = arena_mark(&run->arena);
    double *mean = arena_new(&run->arena, double, width), *factor = arena_new(&run->arena, double, width * width), *z = arena_new(&run->arena, double, width);
    bool ok = mean && factor && z && fit_codes(run, mean, factor);
    if (ok) model_codes(m, d, 0, n, codes);
    for (int r = 0; ok && r < n; r++) {
        float *code = codes + (size_t)r * (size_t)width;
        for (int i = 0; i < width; i++) z[i] = d->temperature * (double)code[i];
        for (int i = 0; i < width; i++) {
            double sum = mean[i];
            for (int k = 0; k <= i; k++) sum += factor[i * width + k] * z[k];
            code[i] = (float)sum;
        }
    }
    arena_release(&run->arena, mark);
    return ok && decode_rows(run, codes, n, x);
}

static bool do_sample(Run *run, const Call *c, const double *o, Out *out) {
    Draw d;
    if (!count_is_good("n", c->n, ROWS_MAX) || !draw_of(run, o, &d)) return false;
    Model *m = &run->model;
    float *x = out_examples(run, out, "data", 1, &c->n);
    float *codes = m->code_dim ? out_f32(out, "codes", 2, (int[]){ c->n, m->code_dim }) : NULL;
    if (!x || (m->code_dim && !codes) || !drawn_classes(run, c, o[SAMPLE_LABEL], d.seed, c->n, out)) return false;
    if (o[SAMPLE_PRIOR]) return fitted_sample(run, &d, c->n, x, codes);
    EACH_CHUNK(first, k, c->n)
        if (!m->def->sample(m, &d, (uint32_t)first, k, x + (size_t)first * (size_t)m->dim, codes ? codes + (size_t)first * (size_t)m->code_dim : NULL))
            return false;
    from_model(run, x, (size_t)c->n);
    return true;
}

static bool do_encode(Run *run, const Call *c, const double *o, Out *out) {
    int n = rows_of("x", c->x, c->n_x, run->model.dim);
    if (!n || !finite_rows("x", c->x, c->n_x) || !given_classes(run, c, o[0], n, out)) return false;
    float *codes = out_f32(out, "data", 2, (int[]){ n, run->model.code_dim });
    return codes && encode_rows(run, c->x, n, codes);
}

// Discrete codes name vectors: whole numbers from 0 to one less than there are.
static bool codes_exist(const Run *run, const float *codes, size_t n) {
    int values = run_n_codes(run);
    for (size_t i = 0; values && i < n; i++)
        if (!(codes[i] >= 0 && codes[i] < (float)values && codes[i] == floorf(codes[i])))
            return fail(ERROR_BAD_ARGUMENT, "codes: number %zu was %g; accepted: a whole number from 0 to %d", i, (double)codes[i], values - 1);
    return true;
}

static bool do_decode(Run *run, const Call *c, const double *o, Out *out) {
    int n = rows_of("codes", c->x, c->n_x, run->model.code_dim);
    if (!n || !finite_rows("codes", c->x, c->n_x) || !codes_exist(run, c->x, c->n_x) || !given_classes(run, c, o[0], n, out)) return false;
    float *x = out_examples(run, out, "data", 1, &n);
    return x && decode_rows(run, c->x, n, x);
}

static bool do_reconstruct(Run *run, const Call *c, const double *o, Out *out) {
    int n = rows_of("x", c->x, c->n_x, run->model.dim);
    if (!n || !finite_rows("x", c->x, c->n_x) || !given_classes(run, c, o[0], n, out)) return false;
    float *x = out_examples(run, out, "data", 1, &n);
    float *codes = out_f32(out, "codes", 2, (int[]){ n, run->model.code_dim });
    return x && codes && encode_rows(run, c->x, n, codes) && decode_rows(run, codes, n, x);
}

// Weights of a and b at t on the great circle through them (Shoemake 1985); nearly parallel codes: the straight line.
static void slerp_weights(const float *a, const float *b, int n, double t, double *wa, double *wb) {
    double aa = 0, bb = 0, ab = 0;
    for (int i = 0; i < n; i++) aa += (double)a[i] * (double)a[i], bb += (double)b[i] * (double)b[i], ab += (double)a[i] * (double)b[i];
    double cosine = aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 1;
    double angle = real_acos(cosine < -1 ? -1 : cosine > 1 ? 1 : cosine), sine = real_sin(angle);
    *wa = sine < 1e-6 ? 1 - t : real_sin((1 - t) * angle) / sine;
    *wb = sine < 1e-6 ? t : real_sin(t * angle) / sine;
}

static bool do_interpolate(Run *run, const Call *c, const double *o, Out *out) {
    int width = run->model.code_dim, k = c->n;
    if (!count_is_good("k", k, 10000) || !rows_of("a", c->x, c->n_x, width) || !rows_of("b", c->y, c->n_y, width)) return false;
    if (c->n_x != c->n_y || c->n_x != (size_t)width) return fail(ERROR_BAD_ARGUMENT, "a, b: have %zu and %zu numbers; accepted: one code of %d numbers each", c->n_x, c->n_y, width);
    if (!finite_rows("a", c->x, c->n_x) || !finite_rows("b", c->y, c->n_y) || !given_classes(run, c, o[1], k, out)) return false;
    float *x = out_examples(run, out, "data", 1, &k), *codes = out_f32(out, "codes", 2, (int[]){ k, width });
    if (!x || !codes) return false;
    for (int i = 0; i < k; i++) {
        double t = k > 1 ? (double)i / (k - 1) : 0, wa = 1 - t, wb = t;
        if (o[0] == PATH_SLERP) slerp_weights(c->x, c->y, width, t, &wa, &wb);
        for (int j = 0; j < width; j++) codes[i * width + j] = (float)(wa * (double)c->x[j] + wb * (double)c->y[j]);
    }
    return decode_rows(run, codes, k, x);
}

typedef bool (*RowsFn)(Run *run, const double *o, uint32_t first, int n, const float *rows, void *out);

// Rows of x in the model's units, chunk by chunk.
static bool over_rows(Run *run, const Call *c, const double *o, int n, RowsFn fn, void *out) {
    Model *m = &run->model;
    ArenaMark mark = arena_mark(&run->arena);
    float *rows = arena_new(&run->arena, float, m->chunk * m->dim);
    bool ok = rows != NULL;
    EACH_CHUNK(first, k, n) {
        if (!ok) break;
        to_model(run, c->x + (size_t)first * (size_t)m->dim, rows, k);
        ok = fn(run, o, (uint32_t)first, k, rows, out);
    }
    arena_release(&run->arena, mark);
    return ok;
}

static bool log_prob_rows(Run *run, const double *o, uint32_t first, int n, const float *rows, void *out) {
    return run->model.def->log_prob(&run->model, (uint32_t)o[BOUND_SEED], first, n, rows, (double *)out + first);
}
static bool bound_rows(Run *run, const double *o, uint32_t first, int n, const float *rows, void *out) {
    return run->model.def->bound(&run->model, (uint32_t)o[BOUND_SEED], first, n, rows, (int)o[BOUND_SAMPLES], (double *)out + first);
}
static bool critic_rows(Run *run, const double *o, uint32_t first, int n, const float *rows, void *out) {
    (void)o;
    return run->model.def->critic(&run->model, n, rows, (float *)out + first);
}

static bool nats(Run *run, const Call *c, const double *o, Out *out, RowsFn fn) {
    int n = rows_of("x", c->x, c->n_x, run->model.dim);
    double *value = n && finite_rows("x", c->x, c->n_x) ? out_f64(out, "data", 1, &n) : NULL;
    if (!value || !given_classes(run, c, o[BOUND_LABEL], n, out) || !over_rows(run, c, o, n, fn, value)) return false;
    double unit = log_unit(run);
    for (int i = 0; i < n; i++) value[i] -= unit;
    return true;
}

static bool do_log_prob(Run *run, const Call *c, const double *o, Out *out) { return nats(run, c, o, out, log_prob_rows); }
static bool do_bound(Run *run, const Call *c, const double *o, Out *out) { return nats(run, c, o, out, bound_rows); }

// D* = p / (p + p_g) (Goodfellow et al. 2014, proposition 1), where the density p of the data is known; p_g is a kernel estimate from
// 2000 samples, Gaussian with Scott's width.  Not of one class: its density is not known.
static bool optimal_critic(Run *run, const Call *c, int n, Out *out) {
    enum { SAMPLES = 2000 };
    Model *m = &run->model;
    if (!run->data->def.log_prob || run->labels) return true;
    float *best = out_f32(out, "optimal", 1, &n), *x = arena_new(&out->arena, float, SAMPLES * m->dim), *codes = arena_new(&out->arena, float, SAMPLES * m->code_dim);
    if (!best || !x || !codes) return false;
    Draw d = { .seed = m->seed, .temperature = 1 };
    EACH_CHUNK(first, k, SAMPLES)
        if (!m->def->sample(m, &d, (uint32_t)first, k, x + first * m->dim, codes + first * m->code_dim)) return false;
    from_model(run, x, SAMPLES);
    double h[2], sum[2] = { 0 }, square[2] = { 0 };
    for (int i = 0; i < 2 * SAMPLES; i++) sum[i & 1] += (double)x[i], square[i & 1] += (double)x[i] * (double)x[i];
    for (int a = 0; a < 2; a++) {
        double mean = sum[a] / SAMPLES, var = square[a] / SAMPLES - mean * mean;
        h[a] = sqrt(var > 1e-12 ? var : 1e-12) * .12;              // Scott: n^(-1/6) = .28; narrower, since the data are clustered
    }
    for (int i = 0; i < n; i++) {
        double at[2] = { (double)c->x[2 * i], (double)c->x[2 * i + 1] }, p = real_exp(run->data->def.log_prob(at)), q = 0;
        for (int s = 0; s < SAMPLES; s++) {
            double u = (at[0] - (double)x[2 * s]) / h[0], v = (at[1] - (double)x[2 * s + 1]) / h[1], r = u * u + v * v;
            if (r < 40) q += real_exp(-.5 * r);
        }
        q /= SAMPLES * 2 * REAL_PI * h[0] * h[1];
        best[i] = p + q > 1e-12 ? (float)(p / (p + q)) : NAN;        // where neither puts anything there is nothing to say
    }
    return true;
}

static bool do_critic(Run *run, const Call *c, const double *o, Out *out) {
    int n = rows_of("x", c->x, c->n_x, run->model.dim);
    float *value = n && finite_rows("x", c->x, c->n_x) ? out_f32(out, "data", 1, &n) : NULL;
    if (!value || !given_classes(run, c, o[1], n, out) || !over_rows(run, c, o, n, critic_rows, value)) return false;
    return !o[0] || optimal_critic(run, c, n, out);
}
static const Knob critic_options[] = {
    { .key = "optimal", .title = "With the optimal critic", .type = KNOB_BOOLEAN },
    LABEL,
    KNOBS_END,
};

static bool do_trace(Run *run, const Call *c, const double *o, Out *out) {
    Draw d;
    Model *m = &run->model;
    if (!count_is_good("n", c->n, 100000) || !draw_of(run, o, &d)) return false;
    d.frames = (int)o[TRACE_FRAMES];
    float time[FRAMES_MAX];
    int frames = m->def->trace_times(m, &d, time);
    Trace t = { .frames = frames, .stride = (size_t)c->n * (size_t)m->dim };
    t.data = out_examples(run, out, "data", 2, (int[]){ frames, c->n });
    float *times = out_f32(out, "time", 1, &frames);
    if (!t.data || !times) return false;
    memcpy(times, time, sizeof *times * (size_t)frames);
    if (!drawn_classes(run, c, o[SAMPLE_LABEL], d.seed, c->n, out)) return false;
    bool estimates = run_verbs(run) & CAN_ESTIMATES;
    if (estimates && (!(t.noise = out_examples(run, out, "noise", 2, (int[]){ frames, c->n })) ||
                      !(t.clean = out_examples(run, out, "clean", 2, (int[]){ frames, c->n })))) return false;
    EACH_CHUNK(first, k, c->n) {
        size_t at = (size_t)first * (size_t)m->dim;
        Trace part = { frames, t.stride, t.data + at, estimates ? t.noise + at : NULL, estimates ? t.clean + at : NULL };
        if (!m->def->trace(m, &d, (uint32_t)first, k, &part)) return false;
    }
    size_t rows = (size_t)frames * (size_t)c->n;
    if (!m->image) from_model(run, t.data, rows);                    // noisy images keep their range: the page maps it
    if (estimates) from_model(run, t.clean, rows);
    return true;
}

// What is given stays exactly as it was.
static bool do_inpaint(Run *run, const Call *c, const double *o, Out *out) {
    Draw d;
    Model *m = &run->model;
    int n = rows_of("x", c->x, c->n_x, m->dim), masks = n ? rows_of("mask", c->y, c->n_y, m->dim) : 0;
    if (!masks || !finite_rows("x", c->x, c->n_x) || !draw_of(run, o, &d)) return false;
    d.resamples = (int)o[INPAINT_RESAMPLES];
    if (d.resamples && !(run_verbs(run) & CAN_ESTIMATES)) return fail(ERROR_UNSUPPORTED, "resamples: %s completes in one way, step by step", m->def->id);
    if (masks != n && masks != 1) return fail(ERROR_BAD_ARGUMENT, "mask: has %d rows; accepted: one, or one for each of the %d examples", masks, n);
    for (size_t i = 0; i < c->n_y; i++)
        if (c->y[i] != 0 && c->y[i] != 1) return fail(ERROR_BAD_ARGUMENT, "mask: number %zu was %g; accepted: 1 where x is given, 0 elsewhere", i, (double)c->y[i]);
    float *x = out_examples(run, out, "data", 1, &n), *rows = arena_new(&out->arena, float, m->chunk * m->dim), *mask = arena_new(&out->arena, float, m->chunk * m->dim);
    if (!x || !rows || !mask || !drawn_classes(run, c, o[SAMPLE_LABEL], d.seed, n, out)) return false;
    EACH_CHUNK(first, k, n) {
        size_t at = (size_t)first * (size_t)m->dim, size = (size_t)k * (size_t)m->dim;
        for (size_t i = 0; i < size; i++) mask[i] = c->y[masks == 1 ? i % (size_t)m->dim : at + i];
        to_model(run, c->x + at, rows, k);
        if (!m->def->inpaint(m, &d, (uint32_t)first, k, rows, mask, x + at)) return false;
        from_model(run, x + at, (size_t)k);
        for (size_t i = 0; i < size; i++) if (mask[i] > 0) x[at + i] = c->x[at + i];
    }
    return true;
}

// One array for each of the networks, named by its title.
static bool do_twins(Run *run, const Call *c, const double *o, Out *out) {
    Model *m = &run->model;
    int n = rows_of("x", c->x, c->n_x, m->dim);
    if (!n || !finite_rows("x", c->x, c->n_x) || !given_classes(run, c, o[0], n, out)) return false;
    float *rows = arena_new(&out->arena, float, m->chunk * m->dim);
    const char *title = NULL;
    for (int k = 0; rows && (title = m->def->twin(m, k, 0, NULL, NULL)); k++) {
        float *codes = out_f32(out, title, 2, (int[]){ n, m->code_dim });
        if (!codes) return false;
        EACH_CHUNK(first, part, n) {
            to_model(run, c->x + (size_t)first * (size_t)m->dim, rows, part);
            m->def->twin(m, k, part, rows, codes + (size_t)first * (size_t)m->code_dim);
        }
    }
    return rows;
}

// How the chosen pixel hangs on the others (data), and every pixel's probability given those before it (p).
enum { FIELD_SEED, FIELD_LABEL, FIELD_PIXEL };
static const Knob field_options[] = {
    [FIELD_SEED] = SEED,
    [FIELD_LABEL] = LABEL,
    [FIELD_PIXEL] = { .key = "pixel", .title = "Pixel", .type = KNOB_INTEGER, .min = 0, .max = 1e6 },
    KNOBS_END,
};
static bool do_field(Run *run, const Call *c, const double *o, Out *out) {
    Model *m = &run->model;
    int n = rows_of("x", c->x, c->n_x, m->dim), pixel = (int)o[FIELD_PIXEL];
    if (!n || !finite_rows("x", c->x, c->n_x) || !given_classes(run, c, o[FIELD_LABEL], n, out)) return false;
    if (pixel >= m->dim) return fail(ERROR_BAD_ARGUMENT, "pixel: was %d; accepted: a whole number from 0 to %d", pixel, m->dim - 1);
    float *slope = out_examples(run, out, "data", 1, &n), *p = out_examples(run, out, "p", 1, &n), *rows = arena_new(&out->arena, float, m->chunk * m->dim);
    if (!slope || !p || !rows) return false;
    EACH_CHUNK(first, k, n) {
        size_t at = (size_t)first * (size_t)m->dim;
        to_model(run, c->x + at, rows, k);
        if (!m->def->field(m, (uint32_t)o[FIELD_SEED], (uint32_t)first, pixel, k, rows, p + at, slope + at)) return false;
    }
    return true;
}

static bool do_measure(Run *run, const Call *c, const double *o, Out *out) {
    const MeasureOptions asked = { .n = (int)o[MEASURE_N], .samples = (int)o[MEASURE_SAMPLES], .steps = (int)o[MEASURE_STEPS], .seed = (uint32_t)o[MEASURE_SEED] };
    return run_measure(run, c->name ? c->name : "", &asked, out);
}

// --- Views ------------------------------------------------------------------------------------------------------------------------

static const ViewDef *view_of(const Run *run, const char *id) {
    for (int i = 0; i < VIEWS_MAX && run->model.def->views[i]; i++)
        if (!strcmp(run->model.def->views[i], id)) {
            const ViewDef *v = view_find(id);
            if (v && (!v->fits || v->fits(run))) return v;
        }
    fail(ERROR_UNSUPPORTED, "view: %s has no view '%.40s' of %s", run->model.def->id, id, run->model.image ? "images" : "points");
    return NULL;
}

static bool view_options(bool image, const ViewDef *v, const char *lines, double *o) {
    knobs_default(v->options, image, o);
    return knobs_read(v->options, v->id, lines, o);
}

static int slices_of(const ViewDef *v, const double *o, const Out *arrays) { return v->slices ? v->slices(o, arrays) : 0; }

static bool do_view(Run *run, const Call *c, const double *unused, Out *out) {
    (void)unused;
    double o[KNOBS_MAX] = { 0 };
    const ViewDef *v = view_of(run, c->name ? c->name : "");
    bool ok = v && view_options(run->model.image, v, c->options, o) && v->compute(run, o, out);
    for (int k = 0; ok && k < slices_of(v, o, out); k++) ok = v->refine(run, o, k, out);
    return ok;
}

static bool same_picture(const Shown *s, uint64_t version, const ViewDef *v, const double *o) {
    if (s->view != v || s->version != version || !s->arrays.n) return false;
    for (int i = 0; v->options[i].key; i++)
        if (!v->options[i].live && o[i] != s->option[i]) return false;
    return true;
}

// The arrays of a view, coarse at first, with `slices` more parts of them made whole.  A lesson has no run.
static bool show(Shown *s, Run *run, const ViewDef *v, const double *o, int slices) {
    uint64_t version = run ? run->version : 0;
    if (!same_picture(s, version, v, o)) {
        s->view = NULL;
        out_clear(&s->arrays);
        if (!v->compute(run, o, &s->arrays)) return false;
        s->view = v, s->version = version, s->slice = 0;
        memcpy(s->option, o, sizeof s->option);
    }
    for (; slices > 0 && s->slice < slices_of(v, o, &s->arrays); slices--, s->slice++)
        if (!v->refine(run, o, s->slice, &s->arrays)) return false;
    return true;
}

static bool arranged(Shown *s, Run *run, const ViewDef *v, const double *o, int slices, Scene *scene, bool *whole) {
    if (!show(s, run, v, o, slices)) return false;
    *whole = s->slice == slices_of(v, o, &s->arrays);
    *scene = (Scene){ 0 };
    v->arrange(run, o, &s->arrays, scene);
    return true;
}

bool run_draft(Run *run, const char *view, const char *options, int slices, Scene *scene, bool *whole) {
    error_clear();
    double o[KNOBS_MAX] = { 0 };
    const ViewDef *v = view_of(run, view);
    return v && view_options(run->model.image, v, options, o) && arranged(&run->shown, run, v, o, slices, scene, whole);
}

bool run_scene(Run *run, const char *view, const char *options, Scene *scene) {
    bool whole;
    return run_draft(run, view, options, INT_MAX, scene, &whole);
}

static const ViewDef *lesson_of(const char *id, const char *options, double *o) {
    const Lesson *lesson = lesson_find(id);
    if (lesson) return view_options(false, &lesson->view, options, o) ? &lesson->view : NULL;
    char ids[200] = "";
    size_t n = 0;
    for (int i = 0; i < n_lesson_defs && n < sizeof ids - 40; i++) n += (size_t)snprintf(ids + n, sizeof ids - n, i ? ", %s" : "%s", lesson_defs[i]->view.id);
    fail(ERROR_BAD_ARGUMENT, "lesson: there is no '%.40s'; accepted: %s", id, ids);
    return NULL;
}

bool lab_lesson(Lab *lab, const char *id, const char *options, Out *out) {
    error_clear();
    double o[KNOBS_MAX] = { 0 };
    const ViewDef *v = lesson_of(id, options, o);
    if (!v || !show(&lab->lesson, NULL, v, o, INT_MAX)) return false;
    out_clear(out);
    bool ok = true;
    for (int i = 0; ok && i < lab->lesson.arrays.n; i++) ok = array_copy(&lab->lesson.arrays.array[i], lab->lesson.arrays.array[i].name, out);
    return ok;
}

bool lab_draft(Lab *lab, const char *id, const char *options, int slices, Scene *scene, bool *whole) {
    error_clear();
    double o[KNOBS_MAX] = { 0 };
    const ViewDef *v = lesson_of(id, options, o);
    return v && arranged(&lab->lesson, NULL, v, o, slices, scene, whole);
}

// --- The table ------------------------------------------------------------------------------------------------------------------------

enum { ALWAYS = 0 };
static const struct {
    const char *name;
    unsigned needs;
    const Knob *options;
    bool (*run)(Run *run, const Call *c, const double *o, Out *out);
} verbs[] = {
    { "sample", CAN_SAMPLE, sample_options, do_sample },
    { "encode", CAN_ENCODE, label_options, do_encode },
    { "decode", CAN_DECODE, label_options, do_decode },
    { "reconstruct", CAN_RECONSTRUCT, label_options, do_reconstruct },
    { "interpolate", CAN_INTERPOLATE, path_options, do_interpolate },
    { "logProb", CAN_LOG_PROB, seed_options, do_log_prob },
    { "bound", CAN_BOUND, bound_options, do_bound },
    { "trace", CAN_TRACE, trace_options, do_trace },
    { "inpaint", CAN_INPAINT, inpaint_options, do_inpaint },
    { "twins", CAN_TWINS, label_options, do_twins },
    { "field", CAN_FIELD, field_options, do_field },
    { "critic", CAN_CRITIC, critic_options, do_critic },
    { "measure", ALWAYS, measure_options, do_measure },
    { "view", ALWAYS, NULL, do_view },
};
enum { N_VERBS = sizeof verbs / sizeof *verbs };

bool run_can(const Run *run, const char *verb) {
    for (int i = 0; i < N_CAN; i++)
        if (!strcmp(can_words[i], verb)) return run_verbs(run) & 1u << i;
    return false;
}

bool run_call(Run *run, const char *verb, const Call *c, Out *out) {
    error_clear();
    run->labels = NULL;
    for (int i = 0; i < N_VERBS; i++) {
        if (strcmp(verbs[i].name, verb)) continue;
        const ModelDef *def = run->model.def;
        if (verbs[i].needs && !(run_verbs(run) & verbs[i].needs))
            return fail(ERROR_UNSUPPORTED, "%s: %s cannot do that with %s", verb, def->id, run->model.image ? "images" : "points");
        double o[KNOBS_MAX] = { 0 };
        if (verbs[i].options) {
            knobs_default(verbs[i].options, run->model.image, o);
            if (!strcmp(verbs[i].options[0].key ? verbs[i].options[0].key : "", "seed")) o[0] = run->model.seed;     // the run's own unless given
            if (!knobs_read(verbs[i].options, verb, c->options, o)) return false;
        }
        out_clear(out);
        if (verbs[i].run(run, c, o, out)) return true;
        out_clear(out);
        return false;
    }
    return fail(ERROR_BAD_ARGUMENT, "verb: there is no '%.30s'", verb);
}
