#include "graph/optim.h"

#include <math.h>

#include "base/real.h"

double params_grad_norm(const Params *s) {
    double sum = 0;
    for (int i = 0; i < s->n_learned; i += 16) {          // spans are whole sixteens
        double part = 0;
        for (int j = 0; j < 16; j++) part += (double)s->grad[i + j] * (double)s->grad[i + j];
        sum += part;
    }
    return sqrt(sum);
}

// Everything below works on a whole span; the gaps between tensors hold zeros and stay zero (0 / (0 + epsilon) = 0).

static void adam(const Optimizer *o, Params *s, float scale) {
    double t = (double)s->updates;
    double correct1 = 1 - real_pow(o->beta1, t), correct2 = 1 - real_pow(o->beta2, t);
    const float b1 = (float)o->beta1, c1 = (float)(1 - o->beta1), b2 = (float)o->beta2, c2 = (float)(1 - o->beta2);
    const float rate = (float)(o->rate / correct1), root = (float)(1 / sqrt(correct2)), eps = (float)o->epsilon;
    const float keep = (float)(1 - o->rate * o->decay);
    float *restrict x = s->value, *restrict m = s->m, *restrict v = s->v;
    const float *restrict g = s->grad;
    for (int i = 0; i < s->n_learned; i++) {
        float d = g[i] * scale;
        m[i] = b1 * m[i] + c1 * d;
        v[i] = b2 * v[i] + c2 * (d * d);
        x[i] = keep * x[i] - rate * m[i] / (sqrtf(v[i]) * root + eps);
    }
}

static void rmsprop(const Optimizer *o, Params *s, float scale) {
    const float b2 = (float)o->beta2, c2 = (float)(1 - o->beta2), rate = (float)o->rate, eps = (float)o->epsilon;
    const float keep = (float)(1 - o->rate * o->decay);
    float *restrict x = s->value, *restrict v = s->v;
    const float *restrict g = s->grad;
    for (int i = 0; i < s->n_learned; i++) {
        float d = g[i] * scale;
        v[i] = b2 * v[i] + c2 * (d * d);
        x[i] = keep * x[i] - rate * d / (sqrtf(v[i]) + eps);
    }
}

// Plain gradient descent is momentum 0.
static void momentum(const Optimizer *o, Params *s, float scale, float mu) {
    const float rate = (float)o->rate, keep = (float)(1 - o->rate * o->decay);
    float *restrict x = s->value, *restrict m = s->m;
    const float *restrict g = s->grad;
    for (int i = 0; i < s->n_learned; i++) {
        m[i] = mu * m[i] + g[i] * scale;
        x[i] = keep * x[i] - rate * m[i];
    }
}

// Running statistics: a tenth of the way towards the last batch's (the momentum of 0.1 that is usual since Torch).
static void move_running(Params *s) {
    for (int i = s->n_learned; i < s->n_floats; i++) s->value[i] += .1f * (s->grad[i] - s->value[i]);
}

static void move_average(Params *s, double decay) {
    double warm = (1 + (double)s->updates) / (10 + (double)s->updates);
    const float take = (float)(1 - (decay < warm ? decay : warm));
    float *restrict a = s->average;
    const float *restrict x = s->value;
    for (int i = 0; i < s->n_floats; i++) a[i] += take * (x[i] - a[i]);
}

bool optimizer_step(const Optimizer *o, Params *s) {
    double norm = params_grad_norm(s);
    if (!isfinite(norm)) return false;
    float scale = o->clip > 0 && norm > o->clip ? (float)(o->clip / norm) : 1;
    s->updates++;
    switch (o->kind) {
    case OPTIM_ADAM: adam(o, s, scale); break;
    case OPTIM_RMSPROP: rmsprop(o, s, scale); break;
    case OPTIM_MOMENTUM: momentum(o, s, scale, (float)o->beta1); break;
    case OPTIM_SGD: momentum(o, s, scale, 0); break;
    }
    move_running(s);
    if (o->average > 0) move_average(s, o->average);
    return true;
}
