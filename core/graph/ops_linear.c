// ops_linear.c -- matmul, the convolution and its two adjoints, mean pooling and its adjoint.  Each family is closed under
// differentiation: the gradient of a member is made of members.

#include <string.h>

#include "graph/ops.h"
#include "kernels/conv.h"
#include "kernels/matmul.h"

// --- matmul.  i: ta, tb --------------------------------------------------------------------------------------------------

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

void op_run_matmul(Var *y) {
    const Var *a = y->src[0], *b = y->src[1];
    const int lead = y->rank - 2, stack = lead ? y->dim[0] : 1, M = y->dim[lead], N = y->dim[lead + 1];
    const int lda = a->dim[lead + 1], ldb = b->dim[lead + 1], K = a->dim[lead + !y->i[0]];
    for (int i = 0; i < stack; i++)
        matmul(M, N, K, a->data + (long)i * M * K, lda, y->i[0], b->data + (long)i * K * N, ldb, y->i[1], y->data + (long)i * M * N, N, false);
}

void op_grad_matmul(Var *y, Var *dy, Var **dx) {
    Var *a = y->src[0], *b = y->src[1];
    bool ta = y->i[0], tb = y->i[1];
    if (a->wanted) dx[0] = ta ? v_matmul(b, dy, tb, true) : v_matmul(dy, b, false, !tb);
    if (b->wanted) dx[1] = tb ? v_matmul(dy, a, true, ta) : v_matmul(a, dy, !ta, false);
}

// --- Convolutions.  i: stride, pad ---------------------------------------------------------------------------------------

// The geometry that all three members share: x [B,H,W,C], w [k,k,C,O], y [B,h,w,O].
static ConvShape shape_of(const Var *x, const Var *w, const Var *y, const Var *any) {
    return (ConvShape){ .batch = x->dim[0], .h = x->dim[1], .w = x->dim[2], .c = x->dim[3], .k = w->dim[0], .o = w->dim[3],
                        .out_h = y->dim[1], .out_w = y->dim[2], .stride = any->i[0], .pad = any->i[1] };
}

static int conv_out(int in, int k, int stride, int pad) { return (in + 2 * pad - k) / stride + 1; }

static Var *conv_var(Op op, const int *dim, Var *a, Var *b, int stride, int pad) {
    Var *y = var_new(a->p, op, 4, dim, a, b);
    y->i[0] = stride, y->i[1] = pad;
    return y;
}

Var *v_conv(Var *x, Var *w, int stride, int pad) {
    if (x->rank != 4 || w->rank != 4 || w->dim[0] != w->dim[1] || w->dim[2] != x->dim[3] || stride < 1 || pad < 0 ||
        x->dim[1] + 2 * pad < w->dim[0] || x->dim[2] + 2 * pad < w->dim[0])
        return var_fail(x->p, OP_conv, x, w, "expected x [B,H,W,C] and w [k,k,C,O] with k inside the padded picture");
    int k = w->dim[0];
    return conv_var(OP_conv, (int[]){ x->dim[0], conv_out(x->dim[1], k, stride, pad), conv_out(x->dim[2], k, stride, pad), w->dim[3] }, x, w, stride, pad);
}

Var *v_conv_dx(Var *dy, Var *w, int stride, int pad, int h, int width) {
    if (dy->rank != 4 || w->rank != 4 || w->dim[3] != dy->dim[3] || conv_out(h, w->dim[0], stride, pad) != dy->dim[1] ||
        conv_out(width, w->dim[0], stride, pad) != dy->dim[2])
        return var_fail(dy->p, OP_conv_dx, dy, w, "no convolution leads from that size to this one");
    return conv_var(OP_conv_dx, (int[]){ dy->dim[0], h, width, w->dim[2] }, dy, w, stride, pad);
}

Var *v_conv_dw(Var *x, Var *dy, int stride, int pad, int k) {
    if (x->rank != 4 || dy->rank != 4 || x->dim[0] != dy->dim[0] || conv_out(x->dim[1], k, stride, pad) != dy->dim[1] ||
        conv_out(x->dim[2], k, stride, pad) != dy->dim[2])
        return var_fail(x->p, OP_conv_dw, x, dy, "no convolution of that size leads from x to dy");
    return conv_var(OP_conv_dw, (int[]){ k, k, x->dim[3], dy->dim[3] }, x, dy, stride, pad);
}

static ConvShape conv_shape(const Var *y) {
    if (y->op == OP_conv) return shape_of(y->src[0], y->src[1], y, y);
    if (y->op == OP_conv_dx) return shape_of(y, y->src[1], y->src[0], y);
    return shape_of(y->src[0], y, y->src[1], y);
}
size_t temp_conv(const Var *y) { ConvShape s = conv_shape(y); return conv_temp(&s); }

void op_run_conv(Var *y) { ConvShape s = conv_shape(y); conv(&s, y->src[0]->data, y->src[1]->data, y->data, y->temp); }
void op_run_conv_dx(Var *y) { ConvShape s = conv_shape(y); conv_dx(&s, y->src[0]->data, y->src[1]->data, y->data, y->temp); }
void op_run_conv_dw(Var *y) { ConvShape s = conv_shape(y); conv_dw(&s, y->src[0]->data, y->src[1]->data, y->data, y->temp); }

void op_grad_conv(Var *y, Var *dy, Var **dx) {
    Var *x = y->src[0], *w = y->src[1];
    int stride = y->i[0], pad = y->i[1];
    if (x->wanted) dx[0] = v_conv_dx(dy, w, stride, pad, x->dim[1], x->dim[2]);
    if (w->wanted) dx[1] = v_conv_dw(x, dy, stride, pad, w->dim[0]);
}
void op_grad_conv_dx(Var *y, Var *dy, Var **dx) {                   // y = conv_dx(g, w)
    Var *g = y->src[0], *w = y->src[1];
    int stride = y->i[0], pad = y->i[1];
    if (g->wanted) dx[0] = v_conv(dy, w, stride, pad);
    if (w->wanted) dx[1] = v_conv_dw(dy, g, stride, pad, w->dim[0]);
}
void op_grad_conv_dw(Var *y, Var *dy, Var **dx) {                   // y = conv_dw(x, g)
    Var *x = y->src[0], *g = y->src[1];
    int stride = y->i[0], pad = y->i[1];
    if (x->wanted) dx[0] = v_conv_dx(g, dy, stride, pad, x->dim[1], x->dim[2]);
    if (g->wanted) dx[1] = v_conv(x, dy, stride, pad);
}

// --- Pooling.  i: by ---------------------------------------------------------------------------------------------------------

Var *v_pool(Var *x, int by) {
    if (x->rank != 4 || by < 1 || x->dim[1] % by || x->dim[2] % by) return var_fail(x->p, OP_pool, x, NULL, "height and width must be multiples");
    Var *y = var_new(x->p, OP_pool, 4, (int[]){ x->dim[0], x->dim[1] / by, x->dim[2] / by, x->dim[3] }, x, NULL);
    y->i[0] = by;
    return y;
}
void op_run_pool(Var *y) {
    const Var *x = y->src[0];
    int by = y->i[0], c = y->dim[3], rows = y->dim[0] * y->dim[1], cols = y->dim[2];
    const float share = 1 / (float)(by * by);
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < cols; q++) {
            float *restrict to = y->data + ((long)r * cols + q) * c;
            memset(to, 0, sizeof(float) * (size_t)c);
            for (int i = 0; i < by * by; i++) {
                const float *restrict from = x->data + (((long)r * by + i / by) * cols * by + (long)q * by + i % by) * c;
                for (int k = 0; k < c; k++) to[k] += from[k];
            }
            for (int k = 0; k < c; k++) to[k] *= share;
        }
}
void op_grad_pool(Var *y, Var *dy, Var **dx) { dx[0] = v_scale(v_unpool(dy, y->i[0]), 1 / (float)(y->i[0] * y->i[0])); }

Var *v_unpool(Var *x, int by) {
    if (x->rank != 4 || by < 1) return var_fail(x->p, OP_unpool, x, NULL, "expected [B,H,W,C]");
    Var *y = var_new(x->p, OP_unpool, 4, (int[]){ x->dim[0], x->dim[1] * by, x->dim[2] * by, x->dim[3] }, x, NULL);
    y->i[0] = by;
    return y;
}
void op_run_unpool(Var *y) {
    const Var *x = y->src[0];
    int by = y->i[0], c = y->dim[3], rows = y->dim[0] * y->dim[1], cols = y->dim[2];
    for (int r = 0; r < rows; r++)
        for (int q = 0; q < cols; q++)
            memcpy(y->data + ((long)r * cols + q) * c, x->data + ((long)(r / by) * (cols / by) + q / by) * c, sizeof(float) * (size_t)c);
}
void op_grad_unpool(Var *y, Var *dy, Var **dx) { dx[0] = v_scale(v_pool(dy, y->i[0]), (float)(y->i[0] * y->i[0])); }
