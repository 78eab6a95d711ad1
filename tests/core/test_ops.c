// Every op's gradient, and the gradient of that gradient, against central differences.

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "graph/graph.h"

// One case: f of one or two inputs whose entries are uniform in [low, high].
typedef struct {
    const char *name;
    int n, shape[2][4];
    float low, high;
    Var *(*f)(Var *a, Var *b);
} Case;

static Var *f_neg(Var *a, Var *b) { (void)b; return v_neg(a); }
static Var *f_square(Var *a, Var *b) { (void)b; return v_square(a); }
static Var *f_sqrt(Var *a, Var *b) { (void)b; return v_sqrt(a); }
static Var *f_recip(Var *a, Var *b) { (void)b; return v_recip(a); }
static Var *f_exp(Var *a, Var *b) { (void)b; return v_exp(a); }
static Var *f_log(Var *a, Var *b) { (void)b; return v_log(a); }
static Var *f_tanh(Var *a, Var *b) { (void)b; return v_tanh(a); }
static Var *f_sigmoid(Var *a, Var *b) { (void)b; return v_sigmoid(a); }
static Var *f_softplus(Var *a, Var *b) { (void)b; return v_softplus(a); }
static Var *f_sin(Var *a, Var *b) { (void)b; return v_sin(a); }
static Var *f_cos(Var *a, Var *b) { (void)b; return v_cos(a); }
static Var *f_silu(Var *a, Var *b) { (void)b; return v_silu(a); }
static Var *f_silu_slope(Var *a, Var *b) { (void)b; return v_grad(v_sum(v_silu(a)), a); }
static Var *f_scale(Var *a, Var *b) { (void)b; return v_scale(a, -1.5f); }
static Var *f_offset(Var *a, Var *b) { (void)b; return v_square(v_offset(a, 2)); }
// At kinks finite differences disagree: these inputs keep away from them.
static Var *f_abs(Var *a, Var *b) { (void)b; return v_add(v_abs(a), v_abs(v_offset(a, -4))); }
static Var *f_relu(Var *a, Var *b) { (void)b; return v_add(v_square(v_relu(a)), v_relu(v_offset(a, -4))); }
static Var *f_lrelu(Var *a, Var *b) { (void)b; return v_square(v_add(v_lrelu(a, .2f), v_lrelu(v_offset(a, -4), .2f))); }
static Var *f_clamp(Var *a, Var *b) { (void)b; return v_square(v_clamp(a, -1, 10)); }
static Var *f_add(Var *a, Var *b) { return v_square(v_add(a, b)); }
static Var *f_sub(Var *a, Var *b) { return v_square(v_sub(a, b)); }
static Var *f_mul(Var *a, Var *b) { return v_mul(a, v_square(b)); }
static Var *f_div(Var *a, Var *b) { return v_div(v_square(a), b); }
static Var *f_bce(Var *a, Var *b) { return v_square(v_bce(a, b)); }
static Var *f_sum(Var *a, Var *b) { (void)b; return v_square(v_sum(a)); }
static Var *f_sum_rows(Var *a, Var *b) { (void)b; return v_square(v_sum_rows(a)); }
static Var *f_sum_axis(Var *a, Var *b) { (void)b; return v_square(v_sum_to(a, 4, (int[]){ 1, 2, 1, 3 })); }
static Var *f_expand(Var *a, Var *b) { (void)b; return v_square(v_expand(a, 4, (int[]){ 2, 2, 3, 3 })); }
static Var *f_lse(Var *a, Var *b) { (void)b; return v_square(v_lse(a)); }
static Var *f_spread(Var *a, Var *b) { (void)b; return v_square(v_spread(a, v_scale(v_sum_rows(a), 1.f / 5))); }
static Var *f_spread_rows(Var *a, Var *b) { (void)b; return v_square(v_spread(a, v_scale(v_sum_to(a, 2, (int[]){ 1, 3 }), .25f))); }
static Var *f_softmax(Var *a, Var *b) { (void)b; return v_square(v_softmax(a)); }
static Var *f_standardise(Var *a, Var *b) { (void)b; return v_mul(v_standardise(a), v_offset(a, 1)); }
static Var *f_reshape(Var *a, Var *b) { (void)b; return v_square(v_reshape2(a, 4, 3)); }
static Var *f_detach(Var *a, Var *b) { (void)b; return v_mul(a, v_detach(v_fill(a->p, 3, 2, a->dim))); }
static Var *f_copy(Var *a, Var *b) { (void)b; return v_square(v_copy(a)); }
static Var *f_slice(Var *a, Var *b) { (void)b; return v_square(v_slice(a, 1, 1, 2)); }
static Var *f_pad(Var *a, Var *b) { (void)b; return v_square(v_offset(v_pad(a, 1, 2, 1), .5f)); }
static Var *f_concat(Var *a, Var *b) { return v_square(v_concat(a, b, 1)); }
static Var *f_permute(Var *a, Var *b) { (void)b; return v_square(v_permute(a, 4, (int[]){ 0, 2, 3, 1 })); }
static Var *f_nn(Var *a, Var *b) { return v_square(v_matmul(a, b, false, false)); }
static Var *f_nt(Var *a, Var *b) { return v_square(v_matmul(a, b, false, true)); }
static Var *f_tn(Var *a, Var *b) { return v_square(v_matmul(a, b, true, false)); }
static Var *f_tt(Var *a, Var *b) { return v_square(v_matmul(a, b, true, true)); }
static Var *stack(Var *x, int rows) { return v_reshape(x, 3, (int[]){ 2, rows, x->size / 2 / rows }); }
static Var *flat(Var *x) { return v_reshape2(x, x->size, 1); }
static Var *f_stack(Var *a, Var *b) { return flat(v_square(v_matmul(stack(a, 3), stack(b, 4), false, false))); }
static Var *f_stack_nt(Var *a, Var *b) { return flat(v_square(v_matmul(stack(a, 3), stack(b, 2), false, true))); }
static Var *f_conv(Var *a, Var *b) { return v_square(v_conv(a, b, 1, 1)); }
static Var *f_conv_stride(Var *a, Var *b) { return v_square(v_conv(a, b, 2, 1)); }
static Var *f_conv_dx(Var *a, Var *b) { return v_square(v_conv_dx(a, b, 2, 1, 4, 4)); }
static Var *f_conv_dw(Var *a, Var *b) { return v_square(v_conv_dw_rule(a, b, (ConvRule){ .stride = 2, .pad = 1 }, 3)); }
static Var *f_conv_wide(Var *a, Var *b) { return v_square(v_conv_rule(a, b, (ConvRule){ .stride = 1, .pad = 2, .dilation = 2 })); }
static const ConvRule causal = { .stride = 1, .pad = 1, .taps = 5 };
static Var *f_conv_masked(Var *a, Var *b) { return v_square(v_conv_rule(a, b, causal)); }
static Var *f_conv_dx_masked(Var *a, Var *b) { return v_square(v_conv_dx_rule(a, b, causal, 3, 3)); }
static Var *f_conv_dw_masked(Var *a, Var *b) { return v_square(v_conv_dw_rule(a, b, causal, 3)); }
static Var *f_pool(Var *a, Var *b) { (void)b; return v_square(v_pool(a, 2)); }
static Var *f_nearest(Var *a, Var *b) { return v_mul(v_square(a), v_matmul(v_nearest(a, b), v_square(b), false, false)); }
static Var *f_unpool(Var *a, Var *b) { (void)b; return v_square(v_unpool(a, 2)); }

#define M(r, c) { r, c, 0, 0 }
static const Case cases[] = {
    { "neg", 1, { M(2, 3) }, -1, 1, f_neg },           { "square", 1, { M(2, 3) }, -1, 1, f_square },
    { "sqrt", 1, { M(2, 3) }, .5f, 2, f_sqrt },        { "recip", 1, { M(2, 3) }, .5f, 2, f_recip },
    { "exp", 1, { M(2, 3) }, -1, 1, f_exp },           { "log", 1, { M(2, 3) }, .5f, 2, f_log },
    { "tanh", 1, { M(2, 3) }, -1, 1, f_tanh },         { "sigmoid", 1, { M(2, 3) }, -2, 2, f_sigmoid },
    { "softplus", 1, { M(2, 3) }, -2, 2, f_softplus }, { "sin", 1, { M(2, 3) }, -3, 3, f_sin },
    { "cos", 1, { M(2, 3) }, -3, 3, f_cos },           { "silu", 1, { M(2, 3) }, -2, 2, f_silu },
    { "silu's slope", 1, { M(2, 3) }, -2, 2, f_silu_slope },
    { "scale", 1, { M(2, 3) }, -1, 1, f_scale },       { "offset", 1, { M(2, 3) }, -1, 1, f_offset },
    { "abs", 1, { M(2, 3) }, .2f, 2, f_abs },          { "relu", 1, { M(2, 3) }, .2f, 2, f_relu },
    { "lrelu", 1, { M(2, 3) }, .2f, 2, f_lrelu },      { "clamp", 1, { M(2, 3) }, .2f, 2, f_clamp },
    { "add", 2, { M(2, 3), M(2, 3) }, -1, 1, f_add },  { "add a row", 2, { M(4, 3), M(1, 3) }, -1, 1, f_add },
    { "sub a column", 2, { M(4, 3), M(4, 1) }, -1, 1, f_sub }, { "sub from a scalar", 2, { M(1, 1), M(4, 3) }, -1, 1, f_sub },
    { "mul", 2, { M(2, 3), M(2, 3) }, -1, 1, f_mul },  { "mul outer", 2, { M(3, 1), M(1, 4) }, -1, 1, f_mul },
    { "mul channels", 2, { { 2, 2, 2, 3 }, { 2, 1, 1, 3 } }, -1, 1, f_mul },
    { "div", 2, { M(2, 3), M(2, 3) }, .5f, 2, f_div }, { "div by a row", 2, { M(3, 2), M(1, 2) }, .5f, 2, f_div },
    { "bce", 2, { M(2, 3), M(2, 3) }, .1f, .9f, f_bce },
    { "sum", 1, { M(3, 5) }, -1, 1, f_sum },           { "sum rows", 1, { M(3, 5) }, -1, 1, f_sum_rows },
    { "sum axes", 1, { { 2, 2, 3, 3 } }, -1, 1, f_sum_axis }, { "expand", 1, { { 2, 1, 3, 1 } }, -1, 1, f_expand },
    { "lse", 1, { M(3, 4) }, -2, 2, f_lse },           { "softmax", 1, { M(3, 5) }, -2, 2, f_softmax },
    { "standardise", 1, { { 2, 3, 2, 2 } }, -1, 1, f_standardise },
    { "spread", 1, { M(3, 5) }, -1, 1, f_spread },     { "spread over rows", 1, { M(4, 3) }, -1, 1, f_spread_rows },
    { "reshape", 1, { M(2, 6) }, -1, 1, f_reshape },   { "detach", 1, { M(2, 3) }, -1, 1, f_detach },
    { "copy", 1, { M(2, 3) }, -1, 1, f_copy },         { "slice", 1, { M(3, 4) }, -1, 1, f_slice },
    { "pad", 1, { M(3, 2) }, -1, 1, f_pad },           { "concat", 2, { M(3, 2), M(3, 4) }, -1, 1, f_concat },
    { "permute", 1, { { 2, 3, 1, 2 } }, -1, 1, f_permute },
    { "matmul", 2, { M(3, 4), M(4, 2) }, -1, 1, f_nn },  { "matmul NT", 2, { M(3, 4), M(2, 4) }, -1, 1, f_nt },
    { "matmul TN", 2, { M(4, 3), M(4, 2) }, -1, 1, f_tn }, { "matmul TT", 2, { M(4, 3), M(2, 4) }, -1, 1, f_tt },
    { "stacked NN", 2, { M(6, 4), M(8, 2) }, -1, 1, f_stack }, { "stacked NT", 2, { M(6, 4), M(4, 4) }, -1, 1, f_stack_nt },
    { "conv", 2, { { 2, 3, 3, 2 }, { 3, 3, 2, 2 } }, -1, 1, f_conv },
    { "conv stride", 2, { { 1, 4, 4, 1 }, { 3, 3, 1, 2 } }, -1, 1, f_conv_stride },
    { "conv_dx", 2, { { 1, 2, 2, 2 }, { 3, 3, 1, 2 } }, -1, 1, f_conv_dx },
    { "conv_dw", 2, { { 2, 4, 4, 1 }, { 2, 2, 2, 2 } }, -1, 1, f_conv_dw },
    { "conv dilated", 2, { { 1, 4, 3, 2 }, { 3, 3, 2, 1 } }, -1, 1, f_conv_wide },
    { "conv masked", 2, { { 1, 3, 3, 2 }, { 3, 3, 2, 2 } }, -1, 1, f_conv_masked },
    { "conv_dx masked", 2, { { 1, 3, 3, 2 }, { 3, 3, 1, 2 } }, -1, 1, f_conv_dx_masked },
    { "conv_dw masked", 2, { { 2, 3, 3, 1 }, { 2, 3, 3, 2 } }, -1, 1, f_conv_dw_masked },
    { "nearest", 2, { M(3, 2), M(4, 2) }, -1, 1, f_nearest },
    { "pool", 1, { { 1, 4, 4, 2 } }, -1, 1, f_pool },  { "unpool", 1, { { 2, 2, 2, 1 } }, -1, 1, f_unpool },
};
enum { N_CASES = sizeof cases / sizeof *cases };

// y = sum w f(a, b) with fixed weights w; first = dy/d(a, b); curve = sum of u first, second = d curve/d(a, b).
typedef struct {
    Arena arena;
    Scratch scratch;
    Program p;
    int n;
    Var *in[2], *out, *first[2], *second[2];
} Bench;

static Var *leaf(Program *p, const int *dim) { return dim[2] ? v_input4(p, "in", dim[0], dim[1], dim[2], dim[3]) : v_input(p, "in", dim[0], dim[1]); }

static Var *weighted(Var *x, uint32_t seed) {
    Var *w = x->rank == 4 ? v_input4(x->p, "weight", x->dim[0], x->dim[1], x->dim[2], x->dim[3]) : v_input(x->p, "weight", x->dim[0], x->dim[1]);
    rng_normal((Key){ seed, 5 }, 0, 0, 0, w->data, w->size);
    return v_sum(v_mul(x, w));
}

static void set_up(Bench *t, const Case *c, bool second) {
    arena_init(&t->arena, "test", NULL);
    t->scratch = (Scratch){ 0 };
    t->n = c->n;
    program_begin(&t->p, c->name, &t->arena, &t->scratch, 1);
    for (int k = 0; k < c->n; k++) {
        t->in[k] = leaf(&t->p, c->shape[k]);
        rng_uniform((Key){ (uint32_t)k, 6 }, 0, 0, 0, t->in[k]->data, t->in[k]->size);
        for (int i = 0; i < t->in[k]->size; i++) t->in[k]->data[i] = c->low + (c->high - c->low) * t->in[k]->data[i];
    }
    Var *y = weighted(c->f(t->in[0], t->in[1]), 7);
    v_grads(y, t->in, c->n, t->first);
    t->out = y;
    if (second) {
        Var *curve = NULL;
        for (int k = 0; k < c->n; k++) {
            Var *part = weighted(t->first[k], 8 + (uint32_t)k);
            curve = curve ? v_add(curve, part) : part;
        }
        v_grads(curve, t->in, c->n, t->second);
        t->out = curve;
    }
    program_keep(t->out);
    for (int k = 0; k < c->n; k++) program_keep(second ? t->second[k] : t->first[k]);
    ENSURE_SAYING(program_end(&t->p), "%s", error_message());
    ENSURE(scratch_bind(&t->scratch, &t->arena));
}

static double value_at(Bench *t, float *x, float at) {
    float before = *x;
    *x = at;
    program_run(&t->p, 0);
    *x = before;
    return (double)t->out->data[0];
}

static void check_case(const Case *c, bool second) {
    Bench t;
    check_during("%s, %s order", c->name, second ? "second" : "first");
    set_up(&t, c, second);
    for (int k = 0; k < t.n; k++)
        for (int i = 0; i < t.in[k]->size; i++) {
            const float h = 1.f / 128;
            float *x = t.in[k]->data + i;
            double slope = (value_at(&t, x, *x + h) - value_at(&t, x, *x - h)) / (2 * (double)h);
            program_run(&t.p, 0);
            double got = (double)(second ? t.second[k] : t.first[k])->data[i];
            // Rounding gives 1e-6 |value| / h, the third derivative h^2: both stay below this.
            ENSURE_CLOSE(got, slope, 4e-3 * (1 + fabs(slope)));
        }
    arena_free(&t.arena);
}

TEST(ops, "every gradient agrees with central differences") {
    for (int i = 0; i < N_CASES; i++) check_case(&cases[i], false);
}

TEST(ops, "every gradient of a gradient agrees with central differences") {
    for (int i = 0; i < N_CASES; i++) check_case(&cases[i], true);
}

TEST(ops, "no op of the table is left out above") {
    bool seen[N_OPS] = { [OP_input] = true, [OP_param] = true, [OP_knob] = true, [OP_randn] = true, [OP_rand] = true };
    for (int i = 0; i < N_CASES; i++) {
        Bench t;
        set_up(&t, &cases[i], true);
        for (int k = 0; k < t.p.n; k++) seen[t.p.var[k]->op] = true;
        arena_free(&t.arena);
    }
    for (int op = 0; op < N_OPS; op++) ENSURE_SAYING(seen[op], "op '%s' has no case", op_defs[op].name);
}

TEST(ops, "a wrong shape names the op and both shapes, once") {
    Arena a;
    Scratch s = { 0 };
    Program p;
    arena_init(&a, "test", NULL);
    program_begin(&p, "broken", &a, &s, 1);
    Var *x = v_input(&p, "x", 2, 3), *y = v_matmul(x, x, false, false);
    program_keep(v_sum(v_add(y, v_tanh(y))));
    ENSURE(!program_end(&p));
    ENSURE_SAYING(strstr(error_message(), "matmul") && strstr(error_message(), "[2,3] and [2,3]"), "%s", error_message());
    arena_free(&a);
}
