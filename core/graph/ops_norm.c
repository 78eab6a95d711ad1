// ops_norm.c -- standardising groups of numbers within an example, and the adjoint of its derivative.
//
// x [B,P,G,E]; a group is the P E numbers of one b and g.  With its mean m, its variance v and r = 1 / sqrt(v + 1e-5):
//     u = r (x - m),   J d = r (d - mean(d) - u mean(u d))
// J is symmetric, so it is its own adjoint.  One op each: written in sums, broadcasts and products, both read and write memory a dozen times;
// here an example's numbers come from the cache.  The derivative of J d along x, which only a gradient of a gradient needs, is made of plain ops.

#include <math.h>

#include "base/pool.h"
#include "graph/ops.h"

enum { CHANNELS_MAX = 2048 };
static const float EPSILON = 1e-5f;

static bool groups_fit(const Var *x) { return x->rank == 4 && x->dim[2] * x->dim[3] <= CHANNELS_MAX; }

Var *v_standardise(Var *x) {
    if (!groups_fit(x)) return var_fail(x->p, OP_standardise, x, NULL, "expected [B,P,G,E] of at most 2048 channels G E");
    return var_new(x->p, OP_standardise, 4, x->dim, x, NULL);
}

// Every channel's sum becomes the mean of its group.
static void group_means(float *channel, int P, int G, int E) {
    for (float *group = channel; group < channel + G * E; group += E) {
        float sum = 0;
        for (int e = 0; e < E; e++) sum += group[e];
        sum /= (float)(P * E);
        for (int e = 0; e < E; e++) group[e] = sum;
    }
}

// Of one example, for every channel its group's m and r.
static void moments(const float *restrict x, int P, int G, int E, float *restrict mean, float *restrict root) {
    const int C = G * E;
    for (int c = 0; c < C; c++) mean[c] = root[c] = 0;
    for (int p = 0; p < P; p++)
        INDEPENDENT for (int c = 0; c < C; c++) mean[c] += x[p * C + c];
    group_means(mean, P, G, E);
    for (int p = 0; p < P; p++)
        INDEPENDENT for (int c = 0; c < C; c++) root[c] += (x[p * C + c] - mean[c]) * (x[p * C + c] - mean[c]);
    group_means(root, P, G, E);
    for (int c = 0; c < C; c++) root[c] = 1 / sqrtf(root[c] + EPSILON);
}

static void standardise_examples(void *context, int begin, int end) {
    const Var *y = context;
    const int P = y->dim[1], G = y->dim[2], E = y->dim[3], C = G * E;
    float mean[CHANNELS_MAX], root[CHANNELS_MAX];
    for (int b = begin; b < end; b++) {
        const float *restrict x = y->src[0]->data + (long)b * P * C;
        float *restrict out = y->data + (long)b * P * C;
        moments(x, P, G, E, mean, root);
        for (int p = 0; p < P; p++)
            INDEPENDENT for (int c = 0; c < C; c++) out[p * C + c] = (x[p * C + c] - mean[c]) * root[c];
    }
}
void op_run_standardise(Var *y) { pool_run(y->dim[0], 3 * PASS * y->size / y->dim[0], standardise_examples, y); }
void op_grad_standardise(Var *y, Var *dy, Var **dx) { dx[0] = var_new(y->p, OP_standardise_dx, 4, y->dim, y->src[0], dy); }

static void dx_examples(void *context, int begin, int end) {
    const Var *y = context;
    const int P = y->dim[1], G = y->dim[2], E = y->dim[3], C = G * E;
    float mean[CHANNELS_MAX], root[CHANNELS_MAX], level[CHANNELS_MAX], slope[CHANNELS_MAX];
    for (int b = begin; b < end; b++) {
        const float *restrict x = y->src[0]->data + (long)b * P * C, *restrict d = y->src[1]->data + (long)b * P * C;
        float *restrict out = y->data + (long)b * P * C;
        moments(x, P, G, E, mean, root);
        for (int c = 0; c < C; c++) level[c] = slope[c] = 0;
        for (int p = 0; p < P; p++)
            INDEPENDENT for (int c = 0; c < C; c++) level[c] += d[p * C + c], slope[c] += d[p * C + c] * (x[p * C + c] - mean[c]);
        group_means(level, P, G, E);
        group_means(slope, P, G, E);
        for (int c = 0; c < C; c++) slope[c] *= root[c] * root[c];
        for (int p = 0; p < P; p++)
            INDEPENDENT for (int c = 0; c < C; c++) out[p * C + c] = root[c] * (d[p * C + c] - level[c] - (x[p * C + c] - mean[c]) * slope[c]);
    }
}
void op_run_standardise_dx(Var *y) { pool_run(y->dim[0], 5 * PASS * y->size / y->dim[0], dx_examples, y); }

// Group means [B,1,G,1] of x.
static Var *mean_of(Var *x) {
    return v_scale(v_sum_to(x, 4, (int[]){ x->dim[0], 1, x->dim[2], 1 }), 1 / (float)(x->dim[1] * x->dim[3]));
}

// <g, J d> = r sum g d - n r (mean(g) mean(d) + mean(u g) mean(u d)): its slopes in u and r, and those of u and r in x.
void op_grad_standardise_dx(Var *y, Var *g, Var **dx) {
    Var *x = y->src[0], *d = y->src[1];
    if (d->wanted) dx[1] = var_new(y->p, OP_standardise_dx, 4, y->dim, x, g);
    if (!x->wanted) return;
    Var *u = v_standardise(x), *mean = mean_of(x);
    Var *variance = mean_of(v_square(v_sub(x, mean)));
    Var *r = v_recip(v_sqrt(v_offset(variance, EPSILON)));
    Var *with_g = v_mul(g, mean_of(v_mul(u, d)));
    Var *with_d = v_mul(d, mean_of(v_mul(u, g)));
    Var *along_u = v_neg(v_mul(v_add(with_g, with_d), r));
    Var *through_u = var_new(y->p, OP_standardise_dx, 4, y->dim, x, along_u);
    Var *through_r = v_mul(u, v_mul(mean_of(v_mul(g, y)), r));
    dx[0] = v_sub(through_u, through_r);
}
