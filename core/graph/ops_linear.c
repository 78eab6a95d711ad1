// ops_linear.c -- matmul, the convolution and its two adjoints, mean pooling and its adjoint.  Each family is closed under
// differentiation: the gradient of a member is made of members.

#include <string.h>

#include "base/pool.h"
#include "graph/ops.h"
#include "kernels/conv.h"
#include "kernels/matmul.h"
#include "kernels/pooling.h"

// --- matmul.  i: ta, tb; an activation and, as third source, a bias come from the planner alone (fuse.c) ----------------------

Var *v_matmul(Var *a, Var *b, bool ta, bool tb) {
    int lead = a->rank - 2;
    if (a->rank != b->rank || (lead != 0 && lead != 1)) return var_fail(a->p, OP_matmul, a, b, "both must be matrices, or both stacks of them");
    if (lead && a->dim[0] != b->dim[0]) return var_fail(a->p, OP_matmul, a, b, "the stacks differ in length");
    if (a->dim[lead + !ta] != b->dim[lead + tb]) return var_fail(a->p, OP_matmul, a, b, "the inner dimensions differ");
    int dim[3] = { a->dim[0] };
    dim[lead] = a->dim[lead + ta], dim[lead + 1] = b->dim[lead + !tb];
    Var *y = var_new(a->p, OP_matmul, a->rank, dim, a, b);
    y->i[0] = ta, y->i[1] = tb;
    return y;
}

static void multiply(void *context, int begin, int end) {
    const Var *y = context, *a = y->src[0], *b = y->src[1], *bias = y->src[2];
    const int lead = y->rank - 2, M = y->dim[lead], N = y->dim[lead + 1], K = a->dim[lead + !y->i[0]];
    const Finish finish = { bias ? bias->data : NULL, (FinishKind)y->i[2], y->f[0] };
    for (int i = begin; i < end; i++) {
        Operand A = { .data = a->data + (long)i * M * K, .step = a->dim[lead + 1], .across = y->i[0] };
        Operand B = { .data = b->data + (long)i * K * N, .step = b->dim[lead + 1], .across = !y->i[1] };
        matmul_of(M, N, K, &A, &B, y->data + (long)i * M * N, N, false, bias || finish.act ? &finish : NULL);
    }
}

void op_run_matmul(Var *y) {
    int stack = y->rank == 3 ? y->dim[0] : 1;
    if (stack == 1) multiply(y, 0, 1);                              // matmul_of shares its own work
    else pool_run(stack, (double)y->size / stack * y->src[0]->dim[y->rank - 2 + !y->i[0]], multiply, y);
}

void op_grad_matmul(Var *y, Var *dy, Var **dx) {
    Var *a = y->src[0], *b = y->src[1];
    bool ta = y->i[0], tb = y->i[1];
    if (a->wanted) dx[0] = ta ? v_matmul(b, dy, tb, true) : v_matmul(dy, b, false, !tb);
    if (b->wanted) dx[1] = tb ? v_matmul(dy, a, true, ta) : v_matmul(a, dy, !ta, false);
}

// --- Convolutions.  i: the rule ------------------------------------------------------------------------------------------

static ConvRule rule_of(const Var *y) { return (ConvRule){ y->i[0], y->i[1], y->i[2], y->i[3] }; }

static Var *conv_var(Op op, const int *dim, Var *a, Var *b, ConvRule r) {
    Var *y = var_new(a->p, op, 4, dim, a, b);
    y->i[0] = r.stride, y->i[1] = r.pad, y->i[2] = r.dilation, y->i[3] = r.taps;
    return y;
}

// How many steps a window of k makes along a side; 0: none, or no sound rule.
static int steps(int side, int k, ConvRule r) {
    int room = side + 2 * r.pad - (k - 1) * (r.dilation ? r.dilation : 1) - 1;
    bool sound = r.stride >= 1 && r.pad >= 0 && r.dilation >= 0 && r.taps >= 0 && r.taps <= k * k;
    return sound && room >= 0 ? room / r.stride + 1 : 0;
}

static bool leads(int k, ConvRule r, int h, int w, const Var *y) { return steps(h, k, r) == y->dim[1] && steps(w, k, r) == y->dim[2]; }

Var *v_conv_rule(Var *x, Var *w, ConvRule r) {
    int k = w->dim[0], h = steps(x->dim[1], k, r), width = steps(x->dim[2], k, r);
    if (x->rank != 4 || w->rank != 4 || k != w->dim[1] || w->dim[2] != x->dim[3] || !h || !width)
        return var_fail(x->p, OP_conv, x, w, "expected x [B,H,W,C] and w [k,k,C,O] with k inside the padded picture");
    return conv_var(OP_conv, (int[]){ x->dim[0], h, width, w->dim[3] }, x, w, r);
}

Var *v_conv_dx_rule(Var *dy, Var *w, ConvRule r, int h, int width) {
    if (dy->rank != 4 || w->rank != 4 || w->dim[3] != dy->dim[3] || !leads(w->dim[0], r, h, width, dy))
        return var_fail(dy->p, OP_conv_dx, dy, w, "no convolution leads from that size to this one");
    return conv_var(OP_conv_dx, (int[]){ dy->dim[0], h, width, w->dim[2] }, dy, w, r);
}

Var *v_conv_dw_rule(Var *x, Var *dy, ConvRule r, int k) {
    if (x->rank != 4 || dy->rank != 4 || x->dim[0] != dy->dim[0] || !leads(k, r, x->dim[1], x->dim[2], dy))
        return var_fail(x->p, OP_conv_dw, x, dy, "no convolution of that size leads from x to dy");
    return conv_var(OP_conv_dw, (int[]){ k, k, x->dim[3], dy->dim[3] }, x, dy, r);
}

Var *v_conv(Var *x, Var *w, int stride, int pad) { return v_conv_rule(x, w, (ConvRule){ .stride = stride, .pad = pad }); }

Var *v_conv_dx(Var *dy, Var *w, int stride, int pad, int h, int width) {
    return v_conv_dx_rule(dy, w, (ConvRule){ .stride = stride, .pad = pad }, h, width);
}

// The geometry that all three members share: x [B,H,W,C], w [k,k,C,O], y [B,h,w,O].
static ConvShape conv_shape(const Var *v) {
    const Var *x = v->op == OP_conv_dx ? v : v->src[0], *w = v->op == OP_conv_dw ? v : v->src[1];
    const Var *y = v->op == OP_conv ? v : v->op == OP_conv_dx ? v->src[0] : v->src[1];
    return (ConvShape){ .batch = x->dim[0], .h = x->dim[1], .w = x->dim[2], .c = x->dim[3], .k = w->dim[0], .o = w->dim[3],
                        .out_h = y->dim[1], .out_w = y->dim[2],
                        .stride = v->i[0], .pad = v->i[1], .dilation = v->i[2], .taps = v->i[3] };
}

// Every thread has its own.
size_t temp_conv(const Var *y) { ConvShape s = conv_shape(y); return conv_temp(&s) * (size_t)pool_threads(); }

static float *own_temp(const Var *y, const ConvShape *s) { return y->temp + conv_temp(s) * (size_t)pool_place(); }

// Multiply-adds per picture.
static double cost_of(const ConvShape *s) { return (double)(s->out_h * s->out_w) * s->k * s->k * s->c * s->o; }

// What a convolution and its adjoint share among threads is pictures.
typedef void Convolve(const ConvShape *s, const float *from, const float *w, float *to, float *temp);
static void pictures(const Var *y, int begin, int end, Convolve *convolve) {
    ConvShape s = conv_shape(y);
    float *temp = own_temp(y, &s);
    const Var *x = y->src[0];
    s.batch = end - begin;
    convolve(&s, x->data + (long)begin * (x->size / x->dim[0]), y->src[1]->data, y->data + (long)begin * (y->size / y->dim[0]), temp);
}
static void conv_part(void *y, int begin, int end) { pictures(y, begin, end, conv); }
static void conv_dx_part(void *y, int begin, int end) { pictures(y, begin, end, conv_dx); }
static void dw_part(void *context, int begin, int end) {
    const Var *y = context;
    ConvShape s = conv_shape(y);
    conv_dw_part(&s, begin, end, y->src[0]->data, y->src[1]->data, y->data, own_temp(y, &s));
}

void op_run_conv(Var *y) { ConvShape s = conv_shape(y); pool_run(s.batch, cost_of(&s), conv_part, y); }
void op_run_conv_dx(Var *y) { ConvShape s = conv_shape(y); pool_run(s.batch, cost_of(&s), conv_dx_part, y); }
void op_run_conv_dw(Var *y) {
    ConvShape s = conv_shape(y);
    int items = conv_dw_items(&s);
    pool_run(items, s.batch * cost_of(&s) / items, dw_part, y);
}

void op_grad_conv(Var *y, Var *dy, Var **dx) {
    Var *x = y->src[0], *w = y->src[1];
    if (x->wanted) dx[0] = v_conv_dx_rule(dy, w, rule_of(y), x->dim[1], x->dim[2]);
    if (w->wanted) dx[1] = v_conv_dw_rule(x, dy, rule_of(y), w->dim[0]);
}
void op_grad_conv_dx(Var *y, Var *dy, Var **dx) {                   // y = conv_dx(g, w)
    Var *g = y->src[0], *w = y->src[1];
    if (g->wanted) dx[0] = v_conv_rule(dy, w, rule_of(y));
    if (w->wanted) dx[1] = v_conv_dw_rule(dy, g, rule_of(y), w->dim[0]);
}
void op_grad_conv_dw(Var *y, Var *dy, Var **dx) {                   // y = conv_dw(x, g)
    Var *x = y->src[0], *g = y->src[1];
    if (x->wanted) dx[0] = v_conv_dx_rule(g, dy, rule_of(y), x->dim[1], x->dim[2]);
    if (g->wanted) dx[1] = v_conv_rule(x, dy, rule_of(y));
}

// --- Pooling.  i: by ---------------------------------------------------------------------------------------------------------

Var *v_pool(Var *x, int by) {
    if (x->rank != 4 || by < 1 || x->dim[1] % by || x->dim[2] % by) return var_fail(x->p, OP_pool, x, NULL, "height and width must be multiples");
    Var *y = var_new(x->p, OP_pool, 4, (int[]){ x->dim[0], x->dim[1] / by, x->dim[2] / by, x->dim[3] }, x, NULL);
    y->i[0] = by;
    return y;
}
static void pool_rows(void *context, int begin, int end) {
    const Var *y = context, *x = y->src[0];
    const int by = y->i[0];
    pool(end - begin, y->dim[2], y->dim[3], by, x->data + (long)begin * by * x->dim[2] * x->dim[3], y->data + (long)begin * y->dim[2] * y->dim[3]);
}
void op_run_pool(Var *y) {
    int rows = y->dim[0] * y->dim[1];
    pool_run(rows, PASS * y->src[0]->size / rows, pool_rows, y);
}
void op_grad_pool(Var *y, Var *dy, Var **dx) { dx[0] = v_scale(v_unpool(dy, y->i[0]), 1 / (float)(y->i[0] * y->i[0])); }

Var *v_unpool(Var *x, int by) {
    if (x->rank != 4 || by < 1) return var_fail(x->p, OP_unpool, x, NULL, "expected [B,H,W,C]");
    Var *y = var_new(x->p, OP_unpool, 4, (int[]){ x->dim[0], x->dim[1] * by, x->dim[2] * by, x->dim[3] }, x, NULL);
    y->i[0] = by;
    return y;
}
static void unpool_rows(void *context, int begin, int end) {
    const Var *y = context, *x = y->src[0];
    const int by = y->i[0];
    unpool(end - begin, x->dim[2], x->dim[3], by, x->data + (long)begin * x->dim[2] * x->dim[3], y->data + (long)begin * by * y->dim[2] * y->dim[3]);
}
void op_run_unpool(Var *y) {
    int rows = y->src[0]->dim[0] * y->src[0]->dim[1];
    pool_run(rows, PASS * y->size / rows, unpool_rows, y);
}

void op_grad_unpool(Var *y, Var *dy, Var **dx) { dx[0] = v_scale(v_pool(dy, y->i[0]), (float)(y->i[0] * y->i[0])); }

// --- Nearest row -------------------------------------------------------------------------------------------------------------

Var *v_nearest(Var *x, Var *e) {
    if (x->rank != 2 || e->rank != 2 || x->dim[1] != e->dim[1] || e->dim[0] > NEAREST_MAX)
        return var_fail(x->p, OP_nearest, x, e, "expected rows of the same length, and not too many to choose from");
    return var_new(x->p, OP_nearest, 2, (int[]){ x->dim[0], e->dim[0] }, x, e);
}

// |x - e|^2 less |x|^2, which all share: |e|^2 - 2 x e.
static void nearest_rows(void *context, int begin, int end) {
    const Var *y = context, *x = y->src[0], *e = y->src[1];
    int K = e->dim[0], d = e->dim[1];
    float norm[NEAREST_MAX], *out = y->data + (size_t)begin * (size_t)K;
    for (int k = 0; k < K; k++) {
        norm[k] = 0;
        for (int j = 0; j < d; j++) norm[k] += e->data[k * d + j] * e->data[k * d + j];
    }
    matmul(end - begin, K, d, x->data + (size_t)begin * (size_t)d, d, false, e->data, d, true, out, K, false);
    for (int r = begin; r < end; r++, out += K) {
        int best = 0;
        for (int k = 1; k < K; k++) if (norm[k] - 2 * out[k] < norm[best] - 2 * out[best]) best = k;
        memset(out, 0, sizeof *out * (size_t)K);
        out[best] = 1;
    }
}
void op_run_nearest(Var *y) { pool_run(y->dim[0], (double)y->dim[1] * (y->src[0]->dim[1] + PASS), nearest_rows, y); }
NO_GRAD(nearest)
