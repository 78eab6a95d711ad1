#include "nn/norm.h"

#include <math.h>
#include <stdio.h>

static Param *named(Params *s, const char *name, const char *part, InitKind init, bool running, int channels) {
    char full[64];
    snprintf(full, sizeof full, "%.47s.%s", name, part);
    int dim[] = { 1, channels };
    return running ? params_add_running(s, full, init, 2, dim) : params_add(s, full, init, 0, 2, dim);
}

// --- Normalisation ------------------------------------------------------------------------------------------------------------

static Var *one_over_root(Var *var) { return v_recip(v_sqrt(v_offset(var, 1e-5f))); }

// Per channel values [1,C] in the rank of x.
static Var *channelwise(Var *row, const Var *x) {
    return x->rank == 4 ? v_reshape4(row, 1, 1, 1, row->dim[1]) : row;
}

BatchNorm batch_norm(Params *s, const char *name, int channels) {
    return (BatchNorm){
        .scale = named(s, name, "scale", INIT_ONE, false, channels), .shift = named(s, name, "shift", INIT_ZERO, false, channels),
        .mean = named(s, name, "mean", INIT_ZERO, true, channels), .var = named(s, name, "var", INIT_ONE, true, channels), .channels = channels,
    };
}

Var *v_batch_norm(const BatchNorm *n, Var *x) {
    Program *p = x->p;
    Var *mean = NULL, *var = NULL;                                                 // [1,C]
    if (p->training) {
        Var *rows = v_reshape2(x, x->size / n->channels, n->channels);
        float share = (float)n->channels / (float)x->size;
        mean = v_scale(v_sum_to(rows, 2, (int[]){ 1, n->channels }), share);
        var = v_scale(v_spread(rows, mean), share);
        v_track(mean, n->mean), v_track(var, n->var);
    } else {
        mean = v_param(p, n->mean), var = v_param(p, n->var);
    }
    Var *factor = v_mul(one_over_root(var), v_param(p, n->scale));
    x = v_mul(v_sub(x, channelwise(mean, x)), channelwise(factor, x));
    return v_add(x, channelwise(v_param(p, n->shift), x));
}

GroupNorm group_norm(Params *s, const char *name, int channels, int groups) {
    return (GroupNorm){
        .scale = named(s, name, "scale", INIT_ONE, false, channels), .shift = named(s, name, "shift", INIT_ZERO, false, channels),
        .channels = channels, .groups = groups,
    };
}

Var *v_group_norm(const GroupNorm *n, Var *x) {
    Program *p = x->p;
    int B = x->dim[0], pixels = x->size / (B * n->channels);
    Var *u = v_standardise(v_reshape4(x, B, pixels, n->groups, n->channels / n->groups));
    u = v_reshape(u, x->rank, x->dim);
    return v_add(v_mul(u, channelwise(v_param(p, n->scale), x)), channelwise(v_param(p, n->shift), x));
}

// --- Dropout --------------------------------------------------------------------------------------------------------------------

Var *v_dropout(Var *x, double rate) {
    if (!x->p->training || rate == 0) return x;
    Var *u = v_reshape(v_rand(x->p, x->dim[0], x->size / x->dim[0]), x->rank, x->dim);
    return v_mul(x, v_scale(v_step(v_offset(u, -(float)rate)), (float)(1 / (1 - rate))));
}

// --- Attention ------------------------------------------------------------------------------------------------------------------

Var *v_attention(Var *q, Var *k, Var *v) {
    Var *score = v_matmul(v_scale(q, (float)(1 / sqrt(q->dim[2]))), k, false, true);                // [N,T,S]
    return v_matmul(v_softmax(score), v, false, false);
}

// [N,T,D] -> [N heads,T,D/heads] and back.
static Var *split_heads(Var *x, int heads) {
    int N = x->dim[0], T = x->dim[1], d = x->dim[2] / heads;
    return v_reshape(v_permute(v_reshape4(x, N, T, heads, d), 4, (int[]){ 0, 2, 1, 3 }), 3, (int[]){ N * heads, T, d });
}

static Var *join_heads(Var *x, int heads) {
    int N = x->dim[0] / heads, T = x->dim[1], d = x->dim[2];
    return v_reshape(v_permute(v_reshape4(x, N, heads, T, d), 4, (int[]){ 0, 2, 1, 3 }), 3, (int[]){ N, T, heads * d });
}

Var *v_attention_heads(Var *q, Var *k, Var *v, int heads) {
    return join_heads(v_attention(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads)), heads);
}
