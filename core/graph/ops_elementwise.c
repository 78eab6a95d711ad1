// ops_elementwise.c -- y[i] from x[i], or from a[i] and b[i] with broadcasting.  One line an op: value, then derivative as graph.

#include <math.h>

#include "graph/ops.h"
#include "kernels/vmath.h"

// --- One argument: `a` is the argument's value, f0 and f1 the attributes; x, y, d the argument, result and incoming gradient -----

static Var *unary(Op op, Var *x, float f0, float f1) {
    Var *y = var_new(x->p, op, x->rank, x->dim, x, NULL);
    y->f[0] = f0, y->f[1] = f1;
    return y;
}

#define GRAD1(name, derivative)                                 \
    void op_grad_##name(Var *y, Var *dy, Var **dx) {               \
        Var *x = y->src[0], *d = dy;                            \
        (void)x, (void)d;                                       \
        dx[0] = derivative;                                     \
    }

// A formula that compilers turn into vector code.
#define U(name, value, derivative)                              \
    void op_run_##name(Var *y) {                                   \
        const float *x = y->src[0]->data;                       \
        const float f0 = y->f[0], f1 = y->f[1];                 \
        float *out = y->data;                                   \
        (void)f0, (void)f1;                                     \
        INDEPENDENT for (int i = 0; i < y->size; i++) {         \
            const float a = x[i];                               \
            out[i] = value;                                     \
        }                                                       \
    }                                                           \
    GRAD1(name, derivative)

// A function of vmath.h.
#define K(name, kernel, derivative)                                         \
    void op_run_##name(Var *y) { kernel(y->src[0]->data, y->data, y->size); }  \
    GRAD1(name, derivative)

U(neg,    -a,                            v_neg(d))
U(abs,    fabsf(a),                      v_mul(d, v_sign(x)))
U(sign,   (float)(a > 0) - (float)(a < 0), NULL)
U(square, a * a,                         v_mul(d, v_scale(x, 2)))
U(sqrt,   sqrtf(a),                      v_div(v_scale(d, .5f), y))
U(recip,  1 / a,                         v_neg(v_mul(d, v_square(y))))
U(relu,   a < 0 ? 0 : a,                 v_mul(d, v_step(x)))          // lets NaN through
U(step,   a > 0 ? 1.f : 0.f,             NULL)
U(lrelu,  a > 0 ? a : f0 * a,            v_mul(d, v_lstep(x, y->f[0])))
U(lstep,  a > 0 ? 1 : f0,                NULL)
U(scale,  f0 * a,                        v_scale(d, y->f[0]))
U(offset, a + f0,                        d)
U(clamp,  a < f0 ? f0 : a > f1 ? f1 : a, v_mul(d, v_inside(x, y->f[0], y->f[1])))
U(inside, a >= f0 && a <= f1 ? 1.f : 0.f, NULL)
K(exp,      vexp,      v_mul(d, y))
K(log,      vlog,      v_div(d, x))
K(tanh,     vtanh,     v_mul(d, v_offset(v_neg(v_square(y)), 1)))
K(sigmoid,  vsigmoid,  v_mul(d, v_sub(y, v_square(y))))
K(softplus, vsoftplus, v_mul(d, v_sigmoid(x)))
K(sin,      vsin,      v_mul(d, v_cos(x)))
K(cos,      vcos,      v_neg(v_mul(d, v_sin(x))))

#define BUILD1(name) Var *v_##name(Var *x) { return unary(OP_##name, x, 0, 0); }
BUILD1(neg) BUILD1(abs) BUILD1(sign) BUILD1(square) BUILD1(sqrt) BUILD1(recip) BUILD1(relu) BUILD1(step)
BUILD1(exp) BUILD1(log) BUILD1(tanh) BUILD1(sigmoid) BUILD1(softplus) BUILD1(sin) BUILD1(cos)
Var *v_lrelu(Var *x, float slope) { return unary(OP_lrelu, x, slope, 0); }
Var *v_lstep(Var *x, float slope) { return unary(OP_lstep, x, slope, 0); }
Var *v_scale(Var *x, float by) { return unary(OP_scale, x, by, 0); }
Var *v_offset(Var *x, float by) { return unary(OP_offset, x, by, 0); }
Var *v_clamp(Var *x, float low, float high) { return unary(OP_clamp, x, low, high); }
Var *v_inside(Var *x, float low, float high) { return unary(OP_inside, x, low, high); }
Var *v_silu(Var *x) { return v_mul(x, v_sigmoid(x)); }

// --- Two arguments ------------------------------------------------------------------------------------------------------------

static Var *binary(Op op, Var *a, Var *b) {
    if (a->rank != b->rank) return var_fail(a->p, op, a, b, "ranks differ");
    int dim[RANK_MAX];
    for (int i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i] && a->dim[i] != 1 && b->dim[i] != 1) return var_fail(a->p, op, a, b, "shapes do not match");
        dim[i] = a->dim[i] > b->dim[i] ? a->dim[i] : b->dim[i];
    }
    // An expanded source is read through its own small memory where the other source has the full shape.
    if (a->op == OP_expand && a->size == b->size && b->op != OP_expand) a = a->src[0];
    else if (b->op == OP_expand && b->size == a->size && a->op != OP_expand) b = b->src[0];
    return var_new(a->p, op, a->rank, dim, a, b);
}

// The loop nest of a broadcast: axes merged where both sources run on; the last axis is the inner loop.
typedef struct { int outer[RANK_MAX - 1], inner, sa[RANK_MAX], sb[RANK_MAX]; } Nest;

static Nest nest_of(const Var *y) {
    int dim[RANK_MAX], a[RANK_MAX], b[RANK_MAX], n = 0;          // merged axes, last axis first; a, b: does the source move along it
    const Var *A = y->src[0], *B = y->src[1];
    for (int i = y->rank - 1; i >= 0; i--) {
        if (y->dim[i] == 1) continue;
        int ma = A->dim[i] > 1, mb = B->dim[i] > 1;
        if (n && a[n - 1] == ma && b[n - 1] == mb) dim[n - 1] *= y->dim[i];
        else dim[n] = y->dim[i], a[n] = ma, b[n] = mb, n++;
    }
    Nest s = { .outer = { 1, 1, 1 }, .inner = n ? dim[0] : 1 };
    int step_a = 1, step_b = 1;
    for (int k = 0; k < n; k++) {
        s.sa[k] = a[k] ? step_a : 0, s.sb[k] = b[k] ? step_b : 0;
        if (k) s.outer[k - 1] = dim[k];
        if (a[k]) step_a *= dim[k];
        if (b[k]) step_b *= dim[k];
    }
    return s;
}

#define LOOP2(value, ia, ib)                                     \
    INDEPENDENT for (int i = 0; i < s.inner; i++) {              \
        const float a = A[ia], b = B[ib];                        \
        out[i] = value;                                          \
    }

#define B(name, value, da, db)                                                                                     \
    void op_run_##name(Var *y) {                                                                                      \
        const Nest s = nest_of(y);                                                                                 \
        float *out = y->data;                                                                                      \
        for (int l = 0; l < s.outer[2]; l++)                                                                       \
            for (int k = 0; k < s.outer[1]; k++)                                                                   \
                for (int j = 0; j < s.outer[0]; j++, out += s.inner) {                                             \
                    const float *A = y->src[0]->data + (long)j * s.sa[1] + (long)k * s.sa[2] + (long)l * s.sa[3];  \
                    const float *B = y->src[1]->data + (long)j * s.sb[1] + (long)k * s.sb[2] + (long)l * s.sb[3];  \
                    if (s.sa[0] && s.sb[0]) { LOOP2(value, i, i) }                                                 \
                    else if (s.sa[0]) { LOOP2(value, i, 0) }                                                       \
                    else if (s.sb[0]) { LOOP2(value, 0, i) }                                                       \
                    else { LOOP2(value, 0, 0) }                                                                    \
                }                                                                                                  \
    }                                                                                                              \
    void op_grad_##name(Var *y, Var *dy, Var **dx) {                                                                  \
        Var *a = y->src[0], *b = y->src[1], *d = dy;                                                               \
        (void)a, (void)b;                                                                                          \
        if (a->wanted) dx[0] = v_sum_to(da, a->rank, a->dim);                                                      \
        if (b->wanted) dx[1] = v_sum_to(db, b->rank, b->dim);                                                      \
    }                                                                                                              \
    Var *v_##name(Var *a, Var *b) { return binary(OP_##name, a, b); }

B(add, a + b, d, d)
B(sub, a - b, d, v_neg(d))
B(mul, a * b, v_mul(d, b), v_mul(d, a))
B(div, a / b, v_div(d, b), v_neg(v_div(v_mul(d, y), b)))

// --- Binary cross-entropy with logits -------------------------------------------------------------------------------------------

Var *v_bce(Var *x, Var *t) {
    if (x->rank != t->rank || x->size != t->size) return var_fail(x->p, OP_bce, x, t, "shapes differ");
    return var_new(x->p, OP_bce, x->rank, x->dim, x, t);
}

void op_run_bce(Var *y) {
    const float *x = y->src[0]->data, *t = y->src[1]->data;
    float *out = y->data;
    vsoftplus(x, out, y->size);
    INDEPENDENT for (int i = 0; i < y->size; i++) out[i] -= x[i] * t[i];
}

void op_grad_bce(Var *y, Var *dy, Var **dx) {
    Var *x = y->src[0], *t = y->src[1];
    if (x->wanted) dx[0] = v_mul(dy, v_sub(v_sigmoid(x), t));
    if (t->wanted) dx[1] = v_neg(v_mul(dy, x));
}
