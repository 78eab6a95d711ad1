#include "graph/optim.h"

#include <math.h>

#include "base/real.h"
#include "base/vec.h"

double params_grad_norm(const Params *s) {
    double sum = 0;
    for (int i = 0; i < s->n_learned; i += 16) {         // spans are whole sixteens
        double part = 0;
        for (int j = 0; j < 16; j++) part += (double)s->grad[i + j] * (double)s->grad[i + j];
        sum += part;
    }
    return sqrt(sum);
}

// 0 times a number is 0, times infinity or NaN it is NaN: a third of the norm's time.
static bool all_finite(const float *x, int n) {
    const F4 zero = f4_splat(0);
    F4 sum[4] = { zero, zero, zero, zero };
    for (int i = 0; i < n; i += 16)
        for (int k = 0; k < 4; k++) sum[k] = f4_add(sum[k], f4_mul(f4_load(x + i + 4 * k), zero));
    float lane[4];
    f4_store(lane, f4_add(f4_add(sum[0], sum[1]), f4_add(sum[2], sum[3])));
    return lane[0] + lane[1] + lane[2] + lane[3] == 0;
}

// The factor that clips the gradient; not finite when an entry is not.
static double gradient_scale(const Optimizer *o, const Params *s) {
    if (o->clip <= 0) return all_finite(s->grad, s->n_learned) ? 1 : (double)NAN;
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

bool optimizer_step(const Optimizer *o, Params *s) {
    static void (*const rule[])(const Factors *, Params *, int, int) = {
        [OPTIM_ADAM] = adam, [OPTIM_RMSPROP] = rmsprop, [OPTIM_MOMENTUM] = momentum, [OPTIM_SGD] = momentum,
    };
    double scale = gradient_scale(o, s);
    if (!isfinite(scale)) return false;
    s->updates++;
    Factors f = factors_of(o, s, scale);
    rule[o->kind](&f, s, 0, s->n_learned);
    move_running(&f, s);
    return true;
}
