// measure.c -- the measures of core/measures/ applied to a run, each beside what fresh real data would score.
//
// All draws come from the measuring streams and the test split, so measuring never disturbs training and repeats exactly.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "io/json.h"
#include "measures/measures.h"
#include "run.h"

enum { LOWER, HIGHER };

// One row of the answer; NaN where there is no number.
typedef struct { double value, floor, se; int n; } Score;

// What the measures of one call share.
typedef struct {
    Run *run;
    int n;                       // asked for; 0: each measure's own default
    uint32_t seed;
    Out out;                     // of the verbs that are called
    int32_t *labels;             // of the test rows drawn last
} Task;

static int count_of(const Task *t, int own) { return t->n ? t->n : own; }

static float *test_rows(Task *t, int n) {
    float *x = arena_new(&t->out.arena, float, (size_t)n * (size_t)t->run->data->dim);
    t->labels = arena_new(&t->out.arena, int32_t, n);
    if (x && t->labels) data_draw(t->run->data, SPLIT_TEST, t->seed, 0, n, x, t->labels);
    return t->labels ? x : NULL;
}

// Calls a verb on n rows; its array `data` lives in t->out until the next call.
static const Array *answer(Task *t, const char *verb, int n, const float *x) {
    char options[48] = "";
    if (strcmp(verb, "reconstruct") && strcmp(verb, "encode")) snprintf(options, sizeof options, "seed\t%u\n", t->seed);
    Call c = { .n = n, .x = x, .n_x = x ? (size_t)n * (size_t)t->run->data->dim : 0, .options = options };
    if (x && run_can(t->run, "label")) c.labels = t->labels, c.n_labels = (size_t)n;
    Out result;
    out_init(&result, lab_budget(t->run->lab));
    bool ok = run_call(t->run, verb, &c, &result);
    const Array *from = ok ? out_find(&result, "data") : NULL;
    const Array *copy = NULL;
    if (from) {
        size_t size = 1, item = from->type == TYPE_F64 ? sizeof(double) : sizeof(float);
        for (int i = 0; i < from->rank; i++) size *= (size_t)from->shape[i];
        void *to = from->type == TYPE_F64 ? (void *)out_f64(&t->out, verb, from->rank, from->shape) : (void *)out_f32(&t->out, verb, from->rank, from->shape);
        if (to) memcpy(to, from->data, size * item), copy = out_find(&t->out, verb);
    }
    out_clear(&result);
    return copy;
}

static bool mean_score(Task *t, const char *verb, int n, Score *s) {
    const float *x = test_rows(t, n);
    const Array *nats = x ? answer(t, verb, n, x) : NULL;
    if (!nats) return false;
    Mean m = mean_nll(nats->data, n);
    *s = (Score){ m.mean, t->run->data->def.entropy, m.se, n };
    return true;
}

static bool eval_nll(Task *t, Score *s) { return mean_score(t, "logProb", count_of(t, 5000), s); }
// What one 8-bit number of a picture costs (Theis et al. 2016, arXiv:1511.01844, section 3.1).
static bool eval_bits_dim(Task *t, Score *s) {
    if (!eval_nll(t, s)) return false;
    double unit = t->run->data->dim * REAL_LN2;
    s->value = s->value / unit + 8, s->se /= unit;
    return true;
}
static bool eval_elbo(Task *t, Score *s) { return mean_score(t, "bound", count_of(t, t->run->model.image ? 1000 : 5000), s); }

// --- Samples of points against test points ------------------------------------------------------------------------------------

static void draw_test(void *self, uint32_t first, int n, float *x) {
    const Task *t = self;
    data_draw(t->run->data, SPLIT_TEST, t->seed ^ 0x9E3779B9u, first, n, x, NULL);
}

static bool eval_mmd(Task *t, Score *s) {
    const Data *d = t->run->data;
    int n = count_of(t, 1000);
    // Real against real needs two samples of n rows that share none, or its floor would be too low.
    if (!d->endless && n > d->n[SPLIT_TEST] / 2) n = d->n[SPLIT_TEST] / 2;
    if (n < 2) n = 2;
    Kernel kernel = { KERNEL_IMQ, 1 };
    const float *x = test_rows(t, n);
    const Array *made = x ? answer(t, "sample", n, NULL) : NULL;
    if (!made) return false;
    // Real against real takes a hundred times as long as the measure itself: kept until n or the seed change.
    Run *run = t->run;
    if (run->null.n != n || run->null.seed != t->seed) {
        Null null;
        if (!mmd2_null(draw_test, t, n, n, run->data->dim, kernel, n > 2000 ? 20 : 100, &t->out.arena, &null)) return false;
        run->null.n = n, run->null.seed = t->seed, run->null.q95 = null.q95;
    }
    *s = (Score){ mmd2(made->data, n, x, n, run->data->dim, kernel), run->null.q95, NAN, n };
    return true;
}

static bool modes_of(Task *t, ModeScores *got, ModeScores *floor, int *n) {
    const DataDef *d = &t->run->data->def;
    *n = count_of(t, 2500);
    const Array *made = answer(t, "sample", *n, NULL);
    if (!made) return false;
    *got = mode_scores(made->data, *n, d->n_modes, d->mode, d->mode_std);
    *floor = mode_scores_floor(*n, d->n_modes);
    return true;
}

static double share_se(double p, int n) { return sqrt(p * (1 - p) / n); }

#define EVAL_MODES(id, field, error)                                     \
    static bool eval_##id(Task *t, Score *s) {                           \
        ModeScores got, floor;                                           \
        int n;                                                           \
        if (!modes_of(t, &got, &floor, &n)) return false;                \
        *s = (Score){ got.field, floor.field, error, n };                \
        return true;                                                     \
    }
EVAL_MODES(modes, hit, (double)NAN)
EVAL_MODES(high_quality, high_quality, share_se(got.high_quality, n))
EVAL_MODES(within_1, within_1, share_se(got.within_1, n))
EVAL_MODES(mode_kl, reverse_kl, (double)NAN)

// Are the codes of test examples draws of N(0, I)?  The kernel's width is that of the WAE's paper, 2 d; the floor is the 95th percentile when the rows
// of both are dealt out at random.
static bool eval_code_mmd(Task *t, Score *s) {
    int d = t->run->model.code_dim, n = count_of(t, 1000);
    const float *x = test_rows(t, n);
    const Array *codes = x ? answer(t, "encode", n, x) : NULL;
    float *z = arena_new(&t->out.arena, float, n * d);
    if (!codes || !z) return false;
    rng_normal_rows((Key){ t->seed, STREAM_MEASURE }, 0, 0, z, n, d);
    double value, p;
    Null null;
    if (!mmd2_permutation(codes->data, n, z, n, d, (Kernel){ KERNEL_IMQ, 2 * (float)d }, 500, t->seed, &t->out.arena, &value, &p, &null)) return false;
    *s = (Score){ value, null.q95, NAN, n };
    return true;
}

// exp of the entropy of how often each value occurs in the codes of test examples, as a share of how many values there are.
static bool eval_perplexity(Task *t, Score *s) {
    int K = run_n_codes(t->run), n = count_of(t, 1000), numbers = n * t->run->model.code_dim;
    const float *x = test_rows(t, n);
    double *count = arena_new(&t->out.arena, double, K), entropy = 0;
    const Array *codes = x && count ? answer(t, "encode", n, x) : NULL;
    if (!codes) return false;
    for (int i = 0; i < numbers; i++) count[(int)((const float *)codes->data)[i]]++;
    for (int k = 0; k < K; k++) if (count[k] > 0) entropy -= count[k] / numbers * real_log(count[k] / numbers);
    *s = (Score){ real_exp(entropy) / K, NAN, NAN, n };
    return true;
}

// How far apart both ends of the estimated normaliser are: all of it may be in the likelihood.
static bool eval_partition(Task *t, Score *s) {
    double low, high;
    if (!t->run->model.def->partition(&t->run->model, &low, &high)) return false;
    *s = (Score){ high - low, 0, NAN, 1 };
    return true;
}

// Squared error of each example after encoding and decoding, summed over its numbers.
static bool eval_reconstruction(Task *t, Score *s) {
    int n = count_of(t, 1000), dim = t->run->data->dim;
    const float *x = test_rows(t, n);
    double *error = arena_new(&t->out.arena, double, n);
    const Array *back = x && error ? answer(t, "reconstruct", n, x) : NULL;
    if (!back) return false;
    for (int i = 0; i < n * dim; i++) {
        double d = (double)x[i] - (double)((const float *)back->data)[i];
        error[i / dim] += d * d;
    }
    Mean m = mean_of(error, n);
    *s = (Score){ m.mean, 0, m.se, n };
    return true;
}

// --- Samples of digits, read by the judge --------------------------------------------------------------------------------------

// The share of rows that it is sure of (p > .9), and the share of the class that it reads least often.
static bool read_digits(Task *t, const float *x, int n, double *sure, double *rarest) {
    float *p = arena_new(&t->out.arena, float, (size_t)n * JUDGE_CLASSES);
    if (!p) return false;
    judge_read(t->run->lab->judge, x, n, p, NULL);
    int certain = 0, count[JUDGE_CLASSES] = { 0 }, least = n;
    for (int i = 0; i < n; i++) {
        const float *row = p + (size_t)i * JUDGE_CLASSES;
        int best = 0;
        for (int k = 1; k < JUDGE_CLASSES; k++) best = row[k] > row[best] ? k : best;
        certain += row[best] > .9f;
        count[best]++;
    }
    for (int k = 0; k < JUDGE_CLASSES; k++) least = count[k] < least ? count[k] : least;
    *sure = (double)certain / n, *rarest = (double)least / n;
    return true;
}

// Drawing pictures takes long, so both measures share one lot of samples.
static bool judge_samples(Task *t, int n) {
    Run *run = t->run;
    if (run->judged.by == run->lab->judge && run->judged.version == run->version && run->judged.n == n && run->judged.seed == t->seed) return true;
    const float *x = test_rows(t, n);
    const Array *made = x ? answer(t, "sample", n, NULL) : NULL;
    if (!made || !read_digits(t, made->data, n, &run->judged.samples.sure, &run->judged.samples.rarest) ||
        !read_digits(t, x, n, &run->judged.real.sure, &run->judged.real.rarest)) return false;
    run->judged.by = run->lab->judge, run->judged.version = run->version, run->judged.n = n, run->judged.seed = t->seed;
    return true;
}

#define EVAL_JUDGED(id)                                                                                                                    \
    static bool eval_##id(Task *t, Score *s) {                                                                                             \
        int n = count_of(t, 1000);                                                                                                         \
        if (!judge_samples(t, n)) return false;                                                                                            \
        *s = (Score){ t->run->judged.samples.id, t->run->judged.real.id, share_se(t->run->judged.samples.id, n), n };                       \
        return true;                                                                                                                       \
    }
EVAL_JUDGED(sure)
EVAL_JUDGED(rarest)

// --- The table ---------------------------------------------------------------------------------------------------------------------

static bool has_density(const Run *run) { return run_can(run, "logProb"); }
static bool is_dequantised(const Run *run) { return run->model.image && run->model.def->dequantises; }
static bool has_bound(const Run *run) { return run_can(run, "bound"); }
static bool has_normal_codes(const Run *run) { return run->model.def->normal_codes; }
static bool has_discrete_codes(const Run *run) { return run_n_codes(run); }
static bool estimates_z(const Run *run) { return run->model.def->partition; }
static bool makes_points(const Run *run) { return !run->model.image && run_can(run, "sample"); }
static bool has_modes(const Run *run) { return makes_points(run) && run->data->def.n_modes > 0; }
// A flow reconstructs exactly: nothing to measure.
static bool rebuilds(const Run *run) { return run_can(run, "reconstruct") && !run_can(run, "logProb"); }

static bool makes_digits(const Run *run) { return judge_reads(run->data) && run_can(run, "sample"); }
static bool reads_digits(const Run *run) { return makes_digits(run) && run->lab->judge; }

static const struct {
    const char *id, *title, *unit;
    int better;
    bool (*applies)(const Run *run);
    bool (*eval)(Task *t, Score *s);
} measures[] = {
#define MEASURE(id, title, unit, better, applies) { #id, title, unit, better, applies, eval_##id },
#include "measures/measures.def"
#undef MEASURE
};
enum { N_MEASURES = sizeof measures / sizeof *measures };

static bool named(const char *names, const char *id) {
    size_t n = strlen(id);
    for (const char *at = names; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, id, n) && (at[n] == ',' || !at[n])) return true;
    return false;
}

// Would the measure of that name apply if only there were a judge?
static bool judge_is_missing(const Run *run, const char *name, int length) {
    if (!makes_digits(run) || run->lab->judge) return false;
    for (int i = 0; i < N_MEASURES; i++)
        if (measures[i].applies == reads_digits && (int)strlen(measures[i].id) == length && !strncmp(measures[i].id, name, (size_t)length)) return true;
    return false;
}

static bool names_are_known(const Run *run, const char *names) {
    char ids[200] = "";
    size_t n = 0;
    for (int i = 0; i < N_MEASURES && n < sizeof ids - 20; i++)
        if (measures[i].applies(run)) n += (size_t)snprintf(ids + n, sizeof ids - n, n ? ", %s" : "%s", measures[i].id);
    for (const char *at = names; *at; at += strcspn(at, ","), at += *at == ',') {
        int length = (int)strcspn(at, ","), known = 0;
        for (int i = 0; i < N_MEASURES; i++)
            if ((int)strlen(measures[i].id) == length && !strncmp(measures[i].id, at, (size_t)length)) known = measures[i].applies(run) ? 2 : 1;
        if (known == 1 && judge_is_missing(run, at, length))
            return fail(ERROR_UNSUPPORTED, "measure: '%.*s' needs the judge; load pretrained/judge.safetensors first (lab.loadJudge)", length, at);
        if (known == 1) return fail(ERROR_UNSUPPORTED, "measure: '%.*s' does not apply to %s here; accepted: %s", length, at, run->model.def->id, ids);
        if (!known) return fail(ERROR_BAD_ARGUMENT, "measure: there is no '%.*s'; accepted: %s", length, at, ids);
    }
    return true;
}

static void write_score(Json *j, int i, const Score *s) {
    json_open(j, NULL, '{');
    json_string(j, "name", measures[i].id);
    json_string(j, "title", measures[i].title);
    json_number(j, "value", s->value);
    json_string(j, "unit", measures[i].unit);
    json_string(j, "better", measures[i].better == HIGHER ? "higher" : "lower");
    json_number(j, "floor", s->floor);
    json_number(j, "se", s->se);
    json_number(j, "n", s->n);
    json_close(j);
}

bool run_measure(Run *run, const char *names, int n, uint32_t seed, Out *out) {
    if (!names_are_known(run, names)) return false;
    Json j = json_begin(&out->arena);
    json_open(&j, NULL, '[');
    bool ok = true;
    for (int i = 0; ok && i < N_MEASURES; i++) {
        if (!measures[i].applies(run) || (*names && !named(names, measures[i].id))) continue;
        Task t = { .run = run, .n = n, .seed = seed };
        Score s;
        out_init(&t.out, lab_budget(run->lab));
        ok = measures[i].eval(&t, &s);
        out_clear(&t.out);
        if (ok) write_score(&j, i, &s);
    }
    json_close(&j);
    return ok && (out->json = json_end(&j)) != NULL;
}
