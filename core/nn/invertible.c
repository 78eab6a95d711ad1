#include "nn/invertible.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"

static int pixels_of(const Var *x) { return x->dim[1] * x->dim[2]; }

// Adds what every pixel contributes alike.
static void add_to_each_pixel(Var **log_det, const Var *x, Var *log_scales) { *log_det = v_add(*log_det, v_scale(v_sum(log_scales), (float)pixels_of(x))); }

// --- Squeeze --------------------------------------------------------------------------------------------------------------------

// Rows of pixels in pairs, the two rows of a pair one after another within each pair of columns, and back: the same exchange of axes.
static Var *exchange(Var *x, int pairs, int a, int b, int channels) {
    return v_permute(v_reshape4(x, pairs, a, b, channels), 4, (int[]){ 0, 2, 1, 3 });
}

Var *v_squeeze(Var *x) {
    int B = x->dim[0], h = x->dim[1] / 2, w = x->dim[2] / 2, c = x->dim[3];
    return v_reshape4(exchange(x, B * h, 2, w, 2 * c), B, h, w, 4 * c);
}

Var *v_unsqueeze(Var *y) {
    int B = y->dim[0], h = y->dim[1], w = y->dim[2], c = y->dim[3] / 4;
    return v_reshape4(exchange(y, B * h, w, 2, 2 * c), B, 2 * h, 2 * w, c);
}

// --- Actnorm --------------------------------------------------------------------------------------------------------------------

static Param *named(Params *s, const char *name, const char *part, int d0, int d1) {
    char full[64];
    snprintf(full, sizeof full, "%.47s.%s", name, part);
    return params_add(s, full, INIT_ZERO, 0, 2, (int[]){ d0, d1 });
}

Actnorm actnorm(Params *s, const char *name, int channels) {
    return (Actnorm){ .log_scale = named(s, name, "log_scale", 1, channels), .bias = named(s, name, "bias", 1, channels), .channels = channels };
}

// What normalises each channel of this batch.
static void normalise(Actnorm *n, Var *rows) {
    float share = 1 / (float)rows->dim[0];
    Var *mean = v_scale(v_sum_to(rows, 2, (int[]){ 1, n->channels }), share);
    Var *var = v_scale(v_spread(rows, mean), share);
    n->first_scale = program_keep(v_scale(v_log(v_offset(var, 1e-7f)), -.5f));
    n->first_bias = program_keep(v_neg(v_mul(mean, v_exp(n->first_scale))));
}

Var *v_actnorm(Actnorm *n, Var *x, Var **log_det) {
    Var *rows = v_reshape2(x, x->size / n->channels, n->channels);
    if (x->p->training) normalise(n, rows);
    Var *log_scale = x->p->training ? n->first_scale : v_param(x->p, n->log_scale), *bias = x->p->training ? n->first_bias : v_param(x->p, n->bias);
    add_to_each_pixel(log_det, x, log_scale);
    return v_reshape(v_add(v_mul(rows, v_exp(log_scale)), bias), 4, x->dim);
}

Var *v_actnorm_back(const Actnorm *n, Var *y) {
    Var *rows = v_reshape2(y, y->size / n->channels, n->channels);
    rows = v_mul(v_sub(rows, v_param(y->p, n->bias)), v_exp(v_neg(v_param(y->p, n->log_scale))));
    return v_reshape(rows, 4, y->dim);
}

static void start_at(const Param *p, const Var *first) {
    size_t bytes = sizeof(float) * (size_t)p->size;
    memcpy(p->store->value + p->at, first->data, bytes);
    memcpy(p->store->average + p->at, first->data, bytes);
}

void actnorm_start(const Actnorm *n) {
    start_at(n->log_scale, n->first_scale);
    start_at(n->bias, n->first_bias);
}

// --- Invertible 1 x 1 convolution -------------------------------------------------------------------------------------------------

// Normal rows made orthonormal one after another (Gram and Schmidt), each twice against rounding.
static void draw_rotation(Rng *r, int n, float *out) {
    double q[MIX_MAX][MIX_MAX];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) q[i][k] = rng_g(r);
        for (int j = 0; j < 2 * i; j++) {
            double dot = 0;
            for (int k = 0; k < n; k++) dot += q[i][k] * q[j % i][k];
            for (int k = 0; k < n; k++) q[i][k] -= dot * q[j % i][k];
        }
        double norm = 0;
        for (int k = 0; k < n; k++) norm += q[i][k] * q[i][k];
        for (int k = 0; k < n; k++) q[i][k] /= sqrt(norm), out[i * n + k] = (float)q[i][k];
    }
}

Mix mix(Params *s, const char *name, int channels, uint32_t seed) {
    Rng r = rng_at((Key){ seed, STREAM_INIT + (uint32_t)s->n }, 0, 1);            // first weights are drawn at step 0
    Mix m = { .lu = named(s, name, "lu", channels, channels), .rotation = arena_new(s->arena, float, channels * channels), .channels = channels };
    if (m.rotation) draw_rotation(&r, channels, m.rotation);
    return m;
}

typedef struct { Var *rotation, *lower, *upper, *log_s; } Parts;                  // R, L - I, U [c,c]; log s [c,1]

static Var *constant(Program *p, const char *name, int n, float (*at)(int i, int k)) {
    Var *v = v_input(p, name, n, n);
    for (int i = 0; v->data && i < n * n; i++) v->data[i] = at(i / n, i % n);
    return v;
}
static float below(int i, int k) { return i > k; }
static float on(int i, int k) { return i == k; }
static float above(int i, int k) { return i < k; }

static Parts parts_of(const Mix *m, Program *p) {
    Var *lu = v_param(p, m->lu), *rotation = v_input(p, "rotation", m->channels, m->channels);
    if (rotation->data && m->rotation) memcpy(rotation->data, m->rotation, sizeof(float) * (size_t)rotation->size);
    return (Parts){
        .rotation = rotation, .lower = v_mul(lu, constant(p, "below", m->channels, below)), .upper = v_mul(lu, constant(p, "above", m->channels, above)),
        .log_s = v_sum_rows(v_mul(lu, constant(p, "diagonal", m->channels, on))),
    };
}

static Var *identity(Program *p, int n) { return constant(p, "identity", n, on); }

// Every pixel's channels times w.
static Var *times(Var *x, Var *w) {
    int c = w->dim[0];
    return v_reshape(v_matmul(v_reshape2(x, x->size / c, c), w, false, false), 4, x->dim);
}

Var *v_mix(const Mix *m, Var *x, Var **log_det) {
    Parts t = parts_of(m, x->p);
    Var *one = identity(x->p, m->channels);
    Var *upper = v_add(t.upper, v_mul(one, v_exp(t.log_s)));
    add_to_each_pixel(log_det, x, t.log_s);
    return times(x, v_matmul(v_matmul(t.rotation, v_add(one, t.lower), false, false), upper, false, false));
}

// (I + N)^-1 = (I - N)(I + N^2)(I + N^4)...: exact, for N strictly triangular has no powers from its size on.
static Var *unit_inverse(Var *strict, Var *one) {
    Var *inverse = v_sub(one, strict), *power = strict;
    for (int k = 2; k < strict->dim[0]; k *= 2) {
        power = v_matmul(power, power, false, false);
        inverse = v_matmul(inverse, v_add(one, power), false, false);
    }
    return inverse;
}

// With S = diag(s), U + S = S (I + S^-1 U).
Var *v_mix_back(const Mix *m, Var *y) {
    Parts t = parts_of(m, y->p);
    Var *one = identity(y->p, m->channels), *inverse_s = v_exp(v_neg(t.log_s));
    Var *upper = v_mul(unit_inverse(v_mul(t.upper, inverse_s), one), v_reshape2(inverse_s, 1, m->channels));
    return times(y, v_matmul(v_matmul(upper, unit_inverse(t.lower, one), false, false), t.rotation, false, true));
}

// --- Affine coupling ----------------------------------------------------------------------------------------------------------------

Coupling coupling(Params *s, const char *name, int kept, int rest, int hidden, double bound) {
    Coupling c = { .n = hidden ? 3 : 1, .kept = kept, .rest = rest, .bound = bound };
    for (int i = 0; i < c.n; i++) {
        char full[56];
        snprintf(full, sizeof full, "%.40s.%d", name, i);
        bool last = i == c.n - 1;
        c.conv[i] = conv_layer(s, full, i == 1 ? 1 : 3, i ? hidden : kept, last ? 2 * rest : hidden, 1, last ? 0 : activation_gain(ACT_RELU));
    }
    return c;
}

static void scale_and_shift(const Coupling *c, Var *a, Var **s, Var **t) {
    for (int i = 0; i < c->n; i++) {
        a = v_conv_layer(&c->conv[i], a);
        if (i + 1 < c->n) a = v_relu(a);
    }
    *s = v_scale(v_tanh(v_scale(v_slice(a, 3, 0, c->rest), (float)(1 / c->bound))), (float)c->bound);
    *t = v_slice(a, 3, c->rest, c->rest);
}

Var *v_couple(const Coupling *c, Var *x, Var **log_det) {
    Var *a = v_slice(x, 3, 0, c->kept), *b = v_slice(x, 3, c->kept, c->rest), *s, *t;
    scale_and_shift(c, a, &s, &t);
    *log_det = v_add(*log_det, v_sum_rows(v_reshape2(s, s->dim[0], s->size / s->dim[0])));
    return v_concat(a, v_add(v_mul(b, v_exp(s)), t), 3);
}

Var *v_couple_back(const Coupling *c, Var *y) {
    Var *a = v_slice(y, 3, 0, c->kept), *b = v_slice(y, 3, c->kept, c->rest), *s, *t;
    scale_and_shift(c, a, &s, &t);
    return v_concat(a, v_mul(v_sub(b, t), v_exp(v_neg(s))), 3);
}
