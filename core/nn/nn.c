#include "nn/nn.h"

#include <math.h>
#include <stdio.h>

#include "base/real.h"

Var *v_activate(Var *x, Activation act) {
    switch (act) {
    case ACT_RELU: return v_relu(x);
    case ACT_LRELU: return v_lrelu(x, .2f);
    case ACT_TANH: return v_tanh(x);
    case ACT_SILU: return v_silu(x);
    case ACT_SOFTPLUS: return v_softplus(x);
    }
    return x;
}

static Param *named(Params *s, const char *name, const char *part, InitKind init, double scale, int rank, const int *dim) {
    char full[64];
    snprintf(full, sizeof full, "%s.%s", name, part);
    return params_add(s, full, init, (float)scale, rank, dim);
}

Linear linear(Params *s, const char *name, int in, int out, double gain) {
    return (Linear){
        .w = named(s, name, "weight", gain > 0 ? INIT_NORMAL : INIT_ZERO, gain / sqrt(in), 2, (int[]){ in, out }),
        .b = named(s, name, "bias", INIT_ZERO, 0, 2, (int[]){ 1, out }),
        .in = in, .out = out,
    };
}

Var *v_linear(const Linear *l, Var *x) {
    return v_add(v_matmul(x, v_param(x->p, l->w), false, false), v_param(x->p, l->b));
}

double activation_gain(Activation act) {
    switch (act) {
    case ACT_RELU: return sqrt(2);
    case ACT_LRELU: return sqrt(2 / 1.04);
    case ACT_TANH: return 5. / 3;
    case ACT_SILU: return 1.68;
    case ACT_SOFTPLUS: return 1;
    }
    return 1;
}

Mlp mlp(Params *s, const char *name, int in, int hidden, int layers, int out, Activation act, double last_gain) {
    Mlp m = { .n = layers + 1, .act = act };
    for (int i = 0; i <= layers; i++) {
        char full[48];
        snprintf(full, sizeof full, "%.40s.%d", name, i);
        m.layer[i] = linear(s, full, i ? hidden : in, i < layers ? hidden : out, i < layers ? activation_gain(act) : last_gain);
    }
    return m;
}

Var *v_mlp(const Mlp *m, Var *x) {
    for (int i = 0; i < m->n; i++) {
        x = v_linear(&m->layer[i], x);
        if (i + 1 < m->n) x = v_activate(x, m->act);
    }
    return x;
}

// fan_in: how many numbers a number of the output is summed from.
static Conv conv_of(Params *s, const char *name, int k, int w_in, int w_out, int out, int stride, double gain, double fan_in) {
    return (Conv){
        .w = named(s, name, "weight", gain > 0 ? INIT_NORMAL : INIT_ZERO, gain / sqrt(fan_in), 4, (int[]){ k, k, w_in, w_out }),
        .b = named(s, name, "bias", INIT_ZERO, 0, 4, (int[]){ 1, 1, 1, out }),
        .k = k, .stride = stride, .pad = (k - 1) / 2,
    };
}

Conv conv_layer(Params *s, const char *name, int k, int in, int out, int stride, double gain) {
    return conv_of(s, name, k, in, out, out, stride, gain, (double)k * k * in);
}

Conv conv_up_layer(Params *s, const char *name, int k, int in, int out, int stride, double gain) {
    return conv_of(s, name, k, out, in, out, stride, gain, (double)k * k * in / (stride * stride));
}

Var *v_conv_layer(const Conv *c, Var *x) {
    return v_add(v_conv(x, v_param(x->p, c->w), c->stride, c->pad), v_param(x->p, c->b));
}

Var *v_conv_up_layer(const Conv *c, Var *x) {
    Var *y = v_conv_dx(x, v_param(x->p, c->w), c->stride, c->pad, x->dim[1] * c->stride, x->dim[2] * c->stride);
    return v_add(y, v_param(x->p, c->b));
}

void time_features(double position, double scale, int n, float *out) {
    int half = n / 2;
    for (int i = 0; i < half; i++) {
        double angle = scale * position * real_exp(-real_log(10000) * i / half);
        out[i] = (float)real_sin(angle);
        out[half + i] = (float)real_cos(angle);
    }
}
