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
#define U(name, value, derivative)                                                                       \
    void op_block_##name(const Var *y, const float *x, const float *b, float *out, int n) {              \
        const float f0 = y->f[0], f1 = y->f[1];                                                          \
        (void)b, (void)f0, (void)f1;                                                                     \
        INDEPENDENT for (int i = 0; i < n; i++) {                                                        \
            const float a = x[i];                                                                        \
            out[i] = value;                                                                              \
        }                                                                                                \
    }                                                                                                    \
    GRAD1(name, derivative)

// A function of vmath.h.
#define K(name, kernel, derivative)                                                                      \
    void op_block_##name(const Var *y, const float *x, const float *b, float *out, int n) {              \
        (void)y, (void)b;                                                                                \
        kernel(x, out, n);                                                                               \
    }                                                                                                    \
    GRAD1(name, derivative)

// The slopes of relu and lrelu ask for the sign of the result, which is that of the argument: so that need not be kept.
U(neg,    -a,                            v_neg(d))
U(abs,    fabsf(a),                      v_mul(d, v_sign(x)))
U(sign,   (float)(a > 0) - (float)(a < 0), NULL)
U(square, a * a,                         v_mul(d, v_scale(x, 2)))
U(sqrt,   sqrtf(a),                      v_div(v_scale(d, .5f), y))
U(recip,  1 / a,                         v_neg(v_mul(d, v_square(y))))
U(relu,   a < 0 ? 0 : a,                 v_mul(d, v_step(y)))          // lets NaN through
U(step,   a > 0 ? 1.f : 0.f,             NULL)
U(lrelu,  a > 0 ? a : f0 * a,            v_mul(d, v_lstep(y->f[0] >= 0 ? y : x, y->f[0])))
U(lstep,  a > 0 ? 1 : f0,                NULL)
U(scale,  f0 * a,                        v_scale(d, y->f[0]))
U(offset, a + f0,                        d)
U(clamp,  a < f0 ? f0 : a > f1 ? f1 : a, v_mul(d, v_inside(x, y->f[0], y->f[1])))
U(inside, a >= f0 && a <= f1 ? 1.f : 0.f, NULL)
U(tanh_slope,    1 - a * a,              v_mul(d, v_scale(x, -2)))
U(sigmoid_slope, a - a * a,              v_mul(d, v_offset(v_scale(x, -2), 1)))
K(exp,      vexp,      v_mul(d, y))
K(log,      vlog,      v_div(d, x))
K(tanh,     vtanh,     v_mul(d, v_tanh_slope(y)))
K(sigmoid,  vsigmoid,  v_mul(d, v_sigmoid_slope(y)))
K(softplus, vsoftplus, v_mul(d, v_sigmoid(x)))
K(sin,      vsin,      v_mul(d, v_cos(x)))
K(cos,      vcos,      v_neg(v_mul(d, v_sin(x))))

#define BUILD1(name) Var *v_##name(Var *x) { return unary(OP_##name, x, 0, 0); }
BUILD1(neg) BUILD1(abs) BUILD1(sign) BUILD1(square) BUILD1(sqrt) BUILD1(recip) BUILD1(relu) BUILD1(step)
BUILD1(exp) BUILD1(log) BUILD1(tanh) BUILD1(sigmoid) BUILD1(tanh_slope) BUILD1(sigmoid_slope) BUILD1(softplus) BUILD1(sin) BUILD1(cos)
Var *v_lrelu(Var *x, float slope) { return unary(OP_lrelu, x, slope, 0); }
Var *v_lstep(Var *x, float slope) { return unary(OP_lstep, x, slope, 0); }
Var *v_scale(Var *x, float by) { return unary(OP_scale, x, by, 0); }
Var *v_offset(Var *x, float by) { return unary(OP_offset, x, by, 0); }
Var *v_clamp(Var *x, float low, float high) { return unary(OP_clamp, x, low, high); }
Var *v_inside(Var *x, float low, float high) { return unary(OP_inside, x, low, high); }

// --- silu and its derivatives, of x and s = sigmoid(x), which is computed once ---------------------------------------------------
//
// As products of x, s and s' they would be many more: 162 elementwise ops instead of 66 in a critic's step with a gradient penalty.  The
// derivative along x counts what x does through s.

static Var *of_sigmoid(Op op, Var *x, Var *s) { return var_new(x->p, op, x->rank, x->dim, x, s); }
Var *v_silu(Var *x) { return of_sigmoid(OP_silu, x, v_sigmoid(x)); }

#define S(name, value, derivative)                                                                       \
    void op_block_##name(const Var *y, const float *x, const float *b, float *out, int n) {              \
        (void)y;                                                                                         \
        INDEPENDENT for (int i = 0; i < n; i++) {                                                        \
            const float a = x[i], s = b[i];                                                              \
            out[i] = value;                                                                              \
        }                                                                                                \
    }                                                                                                    \
    void op_grad_##name(Var *y, Var *dy, Var **dx) {                                                     \
        Var *x = y->src[0], *s = y->src[1];                                                              \
        dx[0] = v_mul(dy, derivative);                                                                   \
    }

static Var *silu_third(Var *x, Var *s) {
    Var *s1 = v_sigmoid_slope(s), *u = v_offset(v_scale(s, -2), 1);                // s' = s - s^2, s'' = s' u
    return v_mul(s1, v_sub(v_mul(u, v_offset(v_mul(x, u), 3)), v_scale(v_mul(x, s1), 2)));
}

S(silu,       a * s,                               of_sigmoid(OP_silu_slope, x, s))
S(silu_slope, s + a * (s - s * s),                 of_sigmoid(OP_silu_curve, x, s))      // s + x s'
S(silu_curve, (s - s * s) * (2 + a * (1 - 2 * s)), silu_third(x, s))                     // 2 s' + x s''

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

#define B(name, value, da, db)                                                                                     \
    void op_block_##name(const Var *y, const float *A, const float *B, float *out, int n) {                        \
        (void)y;                                                                                                   \
        INDEPENDENT for (int i = 0; i < n; i++) {                                                                  \
            const float a = A[i], b = B[i];                                                                        \
            out[i] = value;                                                                                        \
        }                                                                                                          \
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

void op_block_bce(const Var *y, const float *x, const float *t, float *out, int n) {
    (void)y;
    for (int at = 0; at < n; at += 64) {
        float rise[64];                                          // out may be x or t
        int m = n - at < 64 ? n - at : 64;
        vsoftplus(x + at, rise, m);
        INDEPENDENT for (int i = 0; i < m; i++) out[at + i] = rise[i] - x[at + i] * t[at + i];
    }
}

void op_grad_bce(Var *y, Var *dy, Var **dx) {
    Var *x = y->src[0], *t = y->src[1];
    if (x->wanted) dx[0] = v_mul(dy, v_sub(v_sigmoid(x), t));
    if (t->wanted) dx[1] = v_neg(v_mul(dy, x));
}
