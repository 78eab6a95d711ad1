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

enum { LOWER, HIGHER, FLOOR };                       // FLOOR: the nearer to what real data score

// One row of the answer; NaN where there is no number.
typedef struct { double value, floor, se; int n; } Score;

// What the measures of one call share.
typedef struct {
    Run *run;
    int n, samples, steps;       // asked for; 0: each measure's own default
    uint32_t seed;
    int drawn;                   // samples of a bound that the answer took; 0: none to tell
    Out out;                     // of the verbs that are called
    int32_t *labels;             // of the test rows drawn last, or of the samples
} Task;

static int count_of(const Task *t, int own) { return t->n ? t->n : own; }

static float *test_rows(Task *t, int n) {
    float *x = arena_new(&t->out.arena, float, (size_t)n * (size_t)t->run->data->dim);
    t->labels = arena_new(&t->out.arena, int32_t, n);
    if (x && t->labels) data_draw(t->run->data, SPLIT_TEST, t->seed, 0, n, x, t->labels);
    return t->labels ? x : NULL;
}

static const Array *keep(Task *t, const char *name, const Array *from) {
    size_t size = 1, item = from->type == TYPE_F64 ? sizeof(double) : sizeof(float);
    for (int i = 0; i < from->rank; i++) size *= (size_t)from->shape[i];
    void *to = from->type == TYPE_F64 ? (void *)out_f64(&t->out, name, from->rank, from->shape) :
               from->type == TYPE_I32 ? (void *)out_i32(&t->out, name, from->rank, from->shape) : (void *)out_f32(&t->out, name, from->rank, from->shape);
    if (to) memcpy(to, from->data, size * item);
    return to ? out_find(&t->out, name) : NULL;
}

// Calls a verb on n rows; its array `data` lives in t->out until the next call.  The classes that it drew become t->labels.
static const Array *answer(Task *t, const char *verb, const char *options, int n, const float *x) {
    Call c = { .n = n, .x = x, .n_x = x ? (size_t)n * (size_t)t->run->data->dim : 0, .options = options };
    if (x && run_can(t->run, "label")) c.labels = t->labels, c.n_labels = (size_t)n;
    Out result;
    out_init(&result, lab_budget(t->run->lab));
    bool ok = run_call(t->run, verb, &c, &result);
    const Array *from = ok ? out_find(&result, "data") : NULL;
    const Array *copy = from ? keep(t, verb, from) : NULL, *classes = copy ? out_find(&result, "labels") : NULL;
    if (classes) {
        classes = keep(t, "labels", classes);
        t->labels = classes ? classes->data : NULL;
        if (!classes) copy = NULL;
    }
    out_clear(&result);
    return copy;
}

// The same of a verb that draws, with one more option where that is not 0.
static const Array *drawn_answer(Task *t, const char *verb, const char *key, int value, int n, const float *x) {
    char options[80];
    int end = snprintf(options, sizeof options, "seed\t%u\n", t->seed);
    if (value) snprintf(options + end, sizeof options - (size_t)end, "%s\t%d\n", key, value);
    return answer(t, verb, options, n, x);
}

static const Array *sampled(Task *t, int n) { return drawn_answer(t, "sample", "steps", t->steps, n, NULL); }

// Of what a conditional model is told there is an entropy too, but nobody knows it.
static bool mean_score(Task *t, const char *verb, int samples, int n, Score *s) {
    const float *x = test_rows(t, n);
    const Array *nats = x ? drawn_answer(t, verb, "samples", samples, n, x) : NULL;
    if (!nats) return false;
    Mean m = mean_nll(nats->data, n);
    *s = (Score){ m.mean, run_can(t->run, "label") ? (double)NAN : t->run->data->def.entropy, m.se, n };
    t->drawn = samples > 1 ? samples : 0;
    return true;
}

static bool eval_nll(Task *t, Score *s) { return mean_score(t, "logProb", 0, count_of(t, 5000), s); }
// What one 8-bit number of a picture costs (Theis et al. 2016, arXiv:1511.01844, section 3.1).
static bool eval_bits_dim(Task *t, Score *s) {
    if (!eval_nll(t, s)) return false;
    double unit = t->run->data->dim * REAL_LN2;
    s->value = s->value / unit + 8, s->se /= unit;
    return true;
}
static bool eval_elbo(Task *t, Score *s) { return mean_score(t, "bound", 1, count_of(t, t->run->model.image ? 1000 : 5000), s); }
// Burda et al. 2016, arXiv:1509.00519, theorem 1: the more samples, the nearer to -log p(x).  As many as are published take minutes, so they must be asked for.
static bool eval_importance(Task *t, Score *s) {
    return mean_score(t, "bound", t->samples ? t->samples : 50, count_of(t, t->run->model.image ? 200 : 1000), s);
}

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
    const Array *made = x ? sampled(t, n) : NULL;
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
    const Array *made = sampled(t, *n);
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
    const Array *codes = x ? answer(t, "encode", "", n, x) : NULL;
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
    const Array *codes = x && count ? answer(t, "encode", "", n, x) : NULL;
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
    const Array *back = x && error ? answer(t, "reconstruct", "", n, x) : NULL;
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

enum { SAMPLES, REAL };

// Drawing pictures takes long, so these measures share one lot of samples.  NULL: it failed.
static const Reading *reading_of(Task *t, int of, int n) {
    Run *run = t->run;
    uint64_t version = of == SAMPLES ? run->version : 0;
    int steps = of == SAMPLES ? t->steps : 0;
    if (run->judged[of].by == run->lab->judge && run->judged[of].version == version && run->judged[of].n == n && run->judged[of].steps == steps &&
        run->judged[of].seed == t->seed) return &run->judged[of].reading;
    t->labels = NULL;
    const Array *made = of == SAMPLES ? sampled(t, n) : NULL;
    const float *x = made ? made->data : of == REAL ? test_rows(t, n) : NULL;
    run->judged[of].by = NULL;
    if (!x || !lab_reading(run->lab, run->data, x, t->labels, n, &t->out.arena, &run->judged[of].reading)) return NULL;
    run->judged[of].by = run->lab->judge, run->judged[of].version = version, run->judged[of].n = n, run->judged[of].steps = steps, run->judged[of].seed = t->seed;
    return &run->judged[of].reading;
}

#define EVAL_JUDGED(id)                                                                          \
    static bool eval_##id(Task *t, Score *s) {                                                   \
        int n = count_of(t, 1000);                                                               \
        const Reading *samples = reading_of(t, SAMPLES, n), *real = samples ? reading_of(t, REAL, n) : NULL; \
        if (!real) return false;                                                                 \
        *s = (Score){ samples->id.value, real->id.value, samples->id.se, n };                    \
        return true;                                                                             \
    }
EVAL_JUDGED(sure)
EVAL_JUDGED(rarest)
EVAL_JUDGED(fcd)
EVAL_JUDGED(agreement)
EVAL_JUDGED(class_spread)

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
static bool reads_classes(const Run *run) { return reads_digits(run) && run_can(run, "label"); }

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
        if ((measures[i].applies == reads_digits || (measures[i].applies == reads_classes && run_can(run, "label"))) && (int)strlen(measures[i].id) == length && !strncmp(measures[i].id, name, (size_t)length)) return true;
    return false;
}

static bool names_are_known(const Run *run, const char *names) {
    char ids[300] = "";
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

static bool options_fit(const Run *run, const MeasureOptions *o) {
    if (o->samples && !has_bound(run)) return fail(ERROR_UNSUPPORTED, "samples: %s has no bound to take more samples for", run->model.def->id);
    if (o->steps && !run_can(run, "steps")) return fail(ERROR_UNSUPPORTED, "steps: %s samples in one go, so they mean nothing to it", run->model.def->id);
    return true;
}

static void write_score(Json *j, int i, const Score *s, int drawn) {
    static const char *const better[] = { [LOWER] = "lower", [HIGHER] = "higher", [FLOOR] = "floor" };
    json_open(j, NULL, '{');
    json_string(j, "name", measures[i].id);
    json_string(j, "title", measures[i].title);
    json_number(j, "value", s->value);
    json_string(j, "unit", measures[i].unit);
    json_string(j, "better", better[measures[i].better]);
    json_number(j, "floor", s->floor);
    json_number(j, "se", s->se);
    json_number(j, "n", s->n);
    if (drawn) json_number(j, "samples", drawn);
    json_close(j);
}

bool run_measure(Run *run, const char *names, const MeasureOptions *o, Out *out) {
    if (!names_are_known(run, names) || !options_fit(run, o)) return false;
    Json j = json_begin(&out->arena);
    json_open(&j, NULL, '[');
    bool ok = true;
    for (int i = 0; ok && i < N_MEASURES; i++) {
        if (!measures[i].applies(run) || (*names && !named(names, measures[i].id))) continue;
        Task t = { .run = run, .n = o->n, .samples = o->samples, .steps = o->steps, .seed = o->seed };
        Score s;
        out_init(&t.out, lab_budget(run->lab));
        ok = measures[i].eval(&t, &s);
        out_clear(&t.out);
        if (ok) write_score(&j, i, &s, t.drawn);
    }
    json_close(&j);
    return ok && (out->json = json_end(&j)) != NULL;
}
