#include "graph/optim.h"

#include <math.h>

#include "base/pool.h"
#include "base/real.h"
#include "base/vec.h"

// Threads share a span in units of sixteen numbers, of which it has a whole number.
enum { UNIT = 16 };

double params_grad_norm(const Params *s) {
    double sum = 0;
    for (int i = 0; i < s->n_learned; i += UNIT) {
        double part = 0;
        for (int j = 0; j < UNIT; j++) part += (double)s->grad[i + j] * (double)s->grad[i + j];
        sum += part;
    }
    return sqrt(sum);
}

// 0 times a number is 0, times infinity or NaN it is NaN: a third of the norm's time.
static bool all_finite(const float *x, int n) {
    const F4 zero = f4_splat(0);
    F4 sum[4] = { zero, zero, zero, zero };
    for (int i = 0; i < n; i += UNIT)
        for (int k = 0; k < 4; k++) sum[k] = f4_add(sum[k], f4_mul(f4_load(x + i + 4 * k), zero));
    float lane[4];
    f4_store(lane, f4_add(f4_add(sum[0], sum[1]), f4_add(sum[2], sum[3])));
    return lane[0] + lane[1] + lane[2] + lane[3] == 0;
}

// A search in pieces; which one finds something does not matter.
enum { PIECES = 64 };
typedef struct { const Params *s; bool finite[PIECES]; } Search;

static void search_pieces(void *context, int begin, int end) {
    Search *search = context;
    const long units = search->s->n_learned / UNIT;
    for (int k = begin; k < end; k++) {
        long from = units * k / PIECES, to = units * (k + 1) / PIECES;
        search->finite[k] = all_finite(search->s->grad + UNIT * from, (int)(UNIT * (to - from)));
    }
}

static bool gradient_finite(const Params *s) {
    Search search = { .s = s };
    pool_run(PIECES, (double)s->n_learned / PIECES, search_pieces, &search);
    for (int k = 0; k < PIECES; k++)
        if (!search.finite[k]) return false;
    return true;
}

// The factor that clips the gradient; not finite when an entry is not.
static double gradient_scale(const Optimizer *o, const Params *s) {
    if (o->clip <= 0) return gradient_finite(s) ? 1 : (double)NAN;
    double norm = params_grad_norm(s);
    return norm > o->clip ? o->clip / norm : norm - norm + 1;
}

// --- The rules: numbers begin .. end - 1 of every span, in one pass ------------------------------------------------------------
//
// The gaps between tensors hold zeros and stay zero (0 / (0 + epsilon) = 0).

typedef struct { float b1, c1, b2, c2, rate, root, eps, keep, scale, take; } Factors;

#define RULE(name, formula)                                                                                          \
    static void name(const Factors *factors, Params *s, int begin, int end) {                                        \
        const Factors f = *factors;                                                                                  \
        float *restrict x = s->value, *restrict m = s->m, *restrict v = s->v, *restrict average = s->average;        \
        const float *restrict g = s->grad;                                                                           \
        (void)m, (void)v;                                                                                            \
        for (int i = begin; i < end; i++) {                                                                          \
            float d = g[i] * f.scale;                                                                                \
            formula                                                                                                  \
            average[i] += f.take * (x[i] - average[i]);                                                              \
        }                                                                                                            \
    }

RULE(adam,
    m[i] = f.b1 * m[i] + f.c1 * d;
    v[i] = f.b2 * v[i] + f.c2 * (d * d);
    x[i] = f.keep * x[i] - f.rate * m[i] / (sqrtf(v[i]) * f.root + f.eps);)

RULE(rmsprop,
    v[i] = f.b2 * v[i] + f.c2 * (d * d);
    x[i] = f.keep * x[i] - f.rate * d / (sqrtf(v[i]) + f.eps);)

// Plain gradient descent is momentum 0.
RULE(momentum,
    m[i] = f.b1 * m[i] + d;
    x[i] = f.keep * x[i] - f.rate * m[i];)

// Running statistics: a tenth of the way towards the last batch's (the momentum of 0.1 that is usual since Torch).
static void move_running(const Factors *f, Params *s) {
    for (int i = s->n_learned; i < s->n_floats; i++) {
        s->value[i] += .1f * (s->grad[i] - s->value[i]);
        s->average[i] += f->take * (s->value[i] - s->average[i]);
    }
}

static Factors factors_of(const Optimizer *o, const Params *s, double scale) {
    double t = (double)s->updates, warm = (1 + t) / (10 + t), beta1 = o->kind == OPTIM_SGD ? 0 : o->beta1;
    bool is_adam = o->kind == OPTIM_ADAM;
    return (Factors){
        .b1 = (float)beta1, .c1 = (float)(1 - beta1), .b2 = (float)o->beta2, .c2 = (float)(1 - o->beta2), .eps = (float)o->epsilon,
        .rate = (float)(is_adam ? o->rate / (1 - real_pow(beta1, t)) : o->rate),
        .root = is_adam ? (float)(1 / sqrt(1 - real_pow(o->beta2, t))) : 1,
        .keep = (float)(1 - o->rate * o->decay), .scale = (float)scale,
        .take = o->average > 0 ? (float)(1 - (o->average < warm ? o->average : warm)) : 0,
    };
}

typedef void Rule(const Factors *f, Params *s, int begin, int end);
typedef struct { Rule *rule; const Factors *f; Params *s; } Update;

static void update_units(void *context, int begin, int end) {
    const Update *u = context;
    u->rule(u->f, u->s, begin * UNIT, end * UNIT);
}

bool optimizer_step(const Optimizer *o, Params *s) {
    static Rule *const rule[] = { [OPTIM_ADAM] = adam, [OPTIM_RMSPROP] = rmsprop, [OPTIM_MOMENTUM] = momentum, [OPTIM_SGD] = momentum };
    double scale = gradient_scale(o, s);
    if (!isfinite(scale)) return false;
    s->updates++;
    Factors f = factors_of(o, s, scale);
    pool_run(s->n_learned / UNIT, 2 * PASS * UNIT, update_units, &(Update){ rule[o->kind], &f, s });
    move_running(&f, s);
    return true;
}
