// ops_shape.c -- leaves, reductions, and everything that moves numbers without computing.

#include <string.h>

#include "base/pool.h"
#include "base/rng.h"
#include "base/vec.h"
#include "graph/ops.h"
#include "kernels/vmath.h"

static bool same_shape(const Var *x, int rank, const int *dim) {
    return x->rank == rank && !memcmp(x->dim, dim, sizeof(int) * (size_t)rank);
}

// --- Leaves -------------------------------------------------------------------------------------------------------------

static Var *input(Program *p, const char *name, int rank, const int *dim) {
    Var *v = var_new(p, OP_input, rank, dim, NULL, NULL);
    v->name = name;
    v->data = arena_new(p->arena, float, v->size);
    if (!v->data) p->failed = true;
    return v;
}
Var *v_input(Program *p, const char *name, int d0, int d1) { return input(p, name, 2, (int[]){ d0, d1 }); }
Var *v_input4(Program *p, const char *name, int d0, int d1, int d2, int d3) { return input(p, name, 4, (int[]){ d0, d1, d2, d3 }); }
NO_RUN(input)
NO_GRAD(input)

Var *v_param(Program *p, const Param *param) {
    Var *v = var_new(p, OP_param, param->rank, param->dim, NULL, NULL);
    v->param = param;
    v->name = param->name;
    if (param->store) v->data = (p->average ? param->store->average : param->store->value) + param->at;
    if (param->store && p->average) param->store->averaged = true;
    return v;
}
NO_RUN(param)
NO_GRAD(param)

Var *v_knob(Program *p, const double *live) {
    Var *v = var_new(p, OP_knob, 2, (int[]){ 1, 1 }, NULL, NULL);
    v->live = live;
    return v;
}
void op_run_knob(Var *y) { y->data[0] = (float)*y->live; }
NO_GRAD(knob)

Var *v_fill(Program *p, float value, int rank, const int *dim) {
    Var *v = var_new(p, OP_fill, rank, dim, NULL, NULL);
    v->f[0] = value;
    return v;
}
void op_block_fill(const Var *y, const float *x, const float *b, float *out, int n) {
    (void)x, (void)b;
    for (int i = 0; i < n; i++) out[i] = y->f[0];
}
NO_GRAD(fill)

// Each random node has its own stream, so adding one does not change another's draws.
static Var *noise_leaf(Program *p, Op op, int d0, int d1) {
    Var *v = var_new(p, op, 2, (int[]){ d0, d1 }, NULL, NULL);
    v->i[0] = p->n_random++;
    return v;
}
Var *v_randn(Program *p, int d0, int d1) { return noise_leaf(p, OP_randn, d0, d1); }
Var *v_rand(Program *p, int d0, int d1) { return noise_leaf(p, OP_rand, d0, d1); }
static Key stream_of(const Var *y) { return (Key){ y->p->seed, STREAM_TRAIN + (uint32_t)y->i[0] }; }
static void randn_rows(void *context, int begin, int end) {
    const Var *y = context;
    rng_normal_rows(stream_of(y), (uint32_t)begin, y->p->tick, y->data + (long)begin * y->dim[1], end - begin, y->dim[1]);
}
static void rand_rows(void *context, int begin, int end) {
    const Var *y = context;
    rng_uniform_rows(stream_of(y), (uint32_t)begin, y->p->tick, y->data + (long)begin * y->dim[1], end - begin, y->dim[1]);
}
void op_run_randn(Var *y) { pool_run(y->dim[0], 20 * PASS * y->dim[1], randn_rows, y); }
void op_run_rand(Var *y) { pool_run(y->dim[0], 10 * PASS * y->dim[1], rand_rows, y); }
NO_GRAD(randn)
NO_GRAD(rand)

// --- Reductions -----------------------------------------------------------------------------------------------------------

// Sum of n floats, or of their squared distances from `mean`, in a fixed order: four lanes over blocks of 256, blocks in double.
INLINE F4 term(F4 x, float mean, bool square) {
    F4 d = f4_sub(x, f4_splat(mean));
    return square ? f4_mul(d, d) : x;
}

INLINE float sum_terms(const float *x, int n, float mean, bool square) {
    double total = 0;
    for (int at = 0; at < n; at += 256) {
        int m = n - at < 256 ? n - at : 256, i = 0;
        F4 sum = f4_splat(0);
        for (; i + 4 <= m; i += 4) sum = f4_add(sum, term(f4_load(x + at + i), mean, square));
        if (i < m) {
            float rest[4] = { mean, mean, mean, mean };                     // no distance
            for (int k = 0; i + k < m; k++) rest[k] = x[at + i + k];
            sum = f4_add(sum, term(f4_load(rest), mean, square));
        }
        float lane[4];
        f4_store(lane, sum);
        total += (double)((lane[0] + lane[1]) + (lane[2] + lane[3]));
    }
    return (float)total;
}
static float sum_run(const float *x, int n) { return sum_terms(x, n, 0, false); }
static float square_run(const float *x, float mean, int n) { return sum_terms(x, n, mean, true); }

Var *v_sum_to(Var *x, int rank, const int *dim) {
    if (same_shape(x, rank, dim)) return x;
    if (x->rank != rank) return var_fail(x->p, OP_sum_to, x, NULL, "the rank changes");
    for (int i = 0; i < rank; i++)
        if (dim[i] != 1 && dim[i] != x->dim[i]) return var_fail(x->p, OP_sum_to, x, NULL, "an axis neither stays nor becomes 1");
    return var_new(x->p, OP_sum_to, rank, dim, x, NULL);
}

// How x is summed into y: merged axes of x, last first, and y's step along each, 0 where it is summed.  Threads share one of the axes that
// stay, in units: the first of x where there are several.
typedef struct { int dim[RANK_MAX], step[RANK_MAX], shared, unit; } Fold;

static Fold fold_of(const Var *x, const Var *y) {
    Fold f = { .dim = { 1, 1, 1, 1 } };
    int n = 0, step = 1, kept[RANK_MAX] = { 0 };
    for (int i = x->rank - 1; i >= 0; i--) {
        if (x->dim[i] == 1) continue;
        int keep = y->dim[i] > 1;
        if (n && kept[n - 1] == keep) f.dim[n - 1] *= x->dim[i];
        else f.dim[n] = x->dim[i], kept[n] = keep, n++;
    }
    for (int k = 0; k < n; k++)
        if (kept[k]) f.step[k] = step, step *= f.dim[k], f.shared = k;
    f.unit = f.shared == 0 ? 16 : 1;                             // the last axis by cache lines
    return f;
}
static int shares(const Fold *f) { return f->step[f->shared] ? (f->dim[f->shared] + f->unit - 1) / f->unit : 1; }

// Adds n numbers to the one or (kept) n at `to`.  mean: NULL, or what stands at y's place.
typedef void AddRun(float *restrict to, const float *restrict from, const float *restrict mean, int n, bool kept);

// Adds each run of x, its last merged axis, to where it belongs in y: the shares begin..end-1.
INLINE void fold(AddRun *add, const Var *y, const float *mean, int begin, int end) {
    const Fold f = fold_of(y->src[0], y);
    int from[RANK_MAX] = { 0 }, to[RANK_MAX];
    memcpy(to, f.dim, sizeof to);
    if (f.step[f.shared]) {
        from[f.shared] = begin * f.unit;
        if (end * f.unit < f.dim[f.shared]) to[f.shared] = end * f.unit;
    }
    for (int l = from[3]; l < to[3]; l++)
        for (int k = from[2]; k < to[2]; k++)
            for (int j = from[1]; j < to[1]; j++) {
                const float *run = y->src[0]->data + (((long)l * f.dim[2] + k) * f.dim[1] + j) * f.dim[0] + from[0];
                long at = (long)from[0] * f.step[0] + (long)j * f.step[1] + (long)k * f.step[2] + (long)l * f.step[3];
                add(y->data + at, run, mean ? mean + at : NULL, to[0] - from[0], f.step[0] != 0);
            }
}

static void run_fold(PoolWork *work, Var *y) {
    const Fold f = fold_of(y->src[0], y);
    memset(y->data, 0, sizeof(float) * (size_t)y->size);
    pool_run(shares(&f), PASS * y->src[0]->size / shares(&f), work, y);
}

INLINE void add_run(float *restrict to, const float *restrict from, const float *restrict mean, int n, bool kept) {
    (void)mean;
    if (!kept) *to += sum_run(from, n);
    else for (int i = 0; i < n; i++) to[i] += from[i];
}
static void sum_shares(void *y, int begin, int end) { fold(add_run, y, NULL, begin, end); }
void op_run_sum_to(Var *y) { run_fold(sum_shares, y); }
void op_grad_sum_to(Var *y, Var *dy, Var **dx) { dx[0] = v_expand(dy, y->src[0]->rank, y->src[0]->dim); }

Var *v_sum(Var *x) { return v_sum_to(x, x->rank, (int[]){ 1, 1, 1, 1 }); }
Var *v_mean(Var *x) { return v_scale(v_sum(x), 1 / (float)x->size); }
Var *v_sum_rows(Var *x) {
    int dim[RANK_MAX] = { x->dim[0], 1, 1, 1 };
    return v_sum_to(x, x->rank, dim);
}

Var *v_expand(Var *x, int rank, const int *dim) {
    if (same_shape(x, rank, dim)) return x;
    if (x->rank != rank) return var_fail(x->p, OP_expand, x, NULL, "the rank changes");
    for (int i = 0; i < rank; i++)
        if (x->dim[i] != 1 && x->dim[i] != dim[i]) return var_fail(x->p, OP_expand, x, NULL, "only axes of 1 can be repeated");
    return var_new(x->p, OP_expand, rank, dim, x, NULL);
}

void op_block_expand(const Var *y, const float *x, const float *b, float *out, int n) { op_block_copy(y, x, b, out, n); }
void op_grad_expand(Var *y, Var *dy, Var **dx) { dx[0] = v_sum_to(dy, y->src[0]->rank, y->src[0]->dim); }

Var *v_lse(Var *x) {
    int dim[RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    dim[x->rank - 1] = 1;
    return var_new(x->p, OP_lse, x->rank, dim, x, NULL);
}

static float greatest(const float *x, int n) {
    float top = x[0];
    int i = 0;
    if (n >= 4) {
        F4 most = f4_load(x);
        for (i = 4; i + 4 <= n; i += 4) most = f4_max(most, f4_load(x + i));
        float lane[4];
        f4_store(lane, most);
        for (int k = 0; k < 4; k++) top = lane[k] > top ? lane[k] : top;
    }
    for (; i < n; i++) top = x[i] > top ? x[i] : top;
    return top;
}

// out = exp(x - top).
static void exp_below(const float *x, float top, float *out, int n) {
    INDEPENDENT for (int i = 0; i < n; i++) out[i] = x[i] - top;
    vexp(out, out, n);
}

static void lse_rows(void *context, int begin, int end) {
    const Var *y = context, *x = y->src[0];
    int n = x->dim[x->rank - 1];
    for (int r = begin; r < end; r++) {
        const float *row = x->data + (long)r * n;
        float top = greatest(row, n), sum = 0, part[256];
        for (int at = 0; at < n; at += 256) {
            int m = n - at < 256 ? n - at : 256;
            exp_below(row + at, top, part, m);
            sum += sum_run(part, m);
        }
        y->data[r] = top + log1(sum);
    }
}
void op_run_lse(Var *y) { pool_run(y->size, 4 * PASS * y->src[0]->size / y->size, lse_rows, y); }
void op_grad_lse(Var *y, Var *dy, Var **dx) { dx[0] = v_mul(v_exp(v_sub(y->src[0], y)), dy); }

Var *v_softmax(Var *x) { return var_new(x->p, OP_softmax, x->rank, x->dim, x, NULL); }

static void softmax_rows(void *context, int begin, int end) {
    const Var *y = context;
    int n = y->dim[y->rank - 1];
    for (int r = begin; r < end; r++) {
        const float *x = y->src[0]->data + (long)r * n;
        float *out = y->data + (long)r * n;
        exp_below(x, greatest(x, n), out, n);
        const float share = 1 / sum_run(out, n);
        for (int i = 0; i < n; i++) out[i] *= share;
    }
}
void op_run_softmax(Var *y) {
    int n = y->dim[y->rank - 1];
    pool_run(y->size / n, 4 * PASS * n, softmax_rows, y);
}
void op_grad_softmax(Var *y, Var *dy, Var **dx) {
    int dim[RANK_MAX];
    memcpy(dim, y->dim, sizeof dim);
    dim[y->rank - 1] = 1;
    dx[0] = v_mul(y, v_sub(dy, v_sum_to(v_mul(dy, y), y->rank, dim)));
}

Var *v_spread(Var *x, Var *mean) {
    if (x->rank != mean->rank) return var_fail(x->p, OP_spread, x, mean, "ranks differ");
    for (int i = 0; i < x->rank; i++)
        if (mean->dim[i] != 1 && mean->dim[i] != x->dim[i]) return var_fail(x->p, OP_spread, x, mean, "an axis neither stays nor becomes 1");
    return var_new(x->p, OP_spread, x->rank, mean->dim, x, mean);
}

INLINE void spread_run(float *restrict to, const float *restrict from, const float *restrict mean, int n, bool kept) {
    if (!kept) *to += square_run(from, *mean, n);
    else for (int i = 0; i < n; i++) to[i] += (from[i] - mean[i]) * (from[i] - mean[i]);
}
static void spread_shares(void *y, int begin, int end) { fold(spread_run, y, ((Var *)y)->src[1]->data, begin, end); }
void op_run_spread(Var *y) { run_fold(spread_shares, y); }
void op_grad_spread(Var *y, Var *dy, Var **dx) {
    if (y->src[0]->wanted) dx[0] = v_mul(v_sub(y->src[0], y->src[1]), v_scale(dy, 2));
}

// --- Shape ------------------------------------------------------------------------------------------------------------------

Var *v_reshape(Var *x, int rank, const int *dim) {
    if (same_shape(x, rank, dim)) return x;
    int size = 1;
    for (int i = 0; i < rank; i++) size *= dim[i];
    if (size != x->size) return var_fail(x->p, OP_reshape, x, NULL, "the number of values changes");
    return var_new(x->p, OP_reshape, rank, dim, x, NULL);
}
Var *v_reshape2(Var *x, int d0, int d1) { return v_reshape(x, 2, (int[]){ d0, d1 }); }
Var *v_reshape4(Var *x, int d0, int d1, int d2, int d3) { return v_reshape(x, 4, (int[]){ d0, d1, d2, d3 }); }
NO_RUN(reshape)
void op_grad_reshape(Var *y, Var *dy, Var **dx) { dx[0] = v_reshape(dy, y->src[0]->rank, y->src[0]->dim); }

Var *v_detach(Var *x) { return var_new(x->p, OP_detach, x->rank, x->dim, x, NULL); }
NO_RUN(detach)
NO_GRAD(detach)

Var *v_copy(Var *x) { return var_new(x->p, OP_copy, x->rank, x->dim, x, NULL); }
void op_block_copy(const Var *y, const float *x, const float *b, float *out, int n) {
    (void)y, (void)b;
    INDEPENDENT for (int i = 0; i < n; i++) out[i] = x[i];
}
void op_grad_copy(Var *y, Var *dy, Var **dx) { (void)y; dx[0] = dy; }

// An axis splits an array into `outer` pieces of dim[axis] runs of `inner` floats.
static int outer_of(const Var *x, int axis) { int n = 1; for (int i = 0; i < axis; i++) n *= x->dim[i]; return n; }
static int inner_of(const Var *x, int axis) { int n = 1; for (int i = axis + 1; i < x->rank; i++) n *= x->dim[i]; return n; }

typedef struct { float *to; int to_step; const float *from; int from_step, run; } Runs;

static void copy_some(void *context, int begin, int end) {
    const Runs *r = context;
    for (int i = begin; i < end; i++) memcpy(r->to + (long)i * r->to_step, r->from + (long)i * r->from_step, sizeof(float) * (size_t)r->run);
}
static void copy_runs(float *to, int to_step, const float *from, int from_step, int run, int n) {
    pool_run(n, PASS * run, copy_some, &(Runs){ to, to_step, from, from_step, run });
}

// Slice and pad are each other's gradient.  i: axis, start.
Var *v_slice(Var *x, int axis, int start, int count) {
    if (axis < 0 || axis >= x->rank || start < 0 || count < 1 || start + count > x->dim[axis])
        return var_fail(x->p, OP_slice, x, NULL, "the slice is outside");
    if (count == x->dim[axis]) return x;
    int dim[RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] = count;
    Var *y = var_new(x->p, OP_slice, x->rank, dim, x, NULL);
    y->i[0] = axis, y->i[1] = start;
    return y;
}
void op_run_slice(Var *y) {
    const Var *x = y->src[0];
    int axis = y->i[0], inner = inner_of(x, axis), run = y->dim[axis] * inner, step = x->dim[axis] * inner;
    copy_runs(y->data, run, x->data + (long)y->i[1] * inner, step, run, outer_of(x, axis));
}
void op_grad_slice(Var *y, Var *dy, Var **dx) {
    int axis = y->i[0], start = y->i[1];
    dx[0] = v_pad(dy, axis, start, y->src[0]->dim[axis] - start - y->dim[axis]);
}

Var *v_pad(Var *x, int axis, int before, int after) {
    if (axis < 0 || axis >= x->rank || before < 0 || after < 0) return var_fail(x->p, OP_pad, x, NULL, "negative padding");
    if (before + after == 0) return x;
    int dim[RANK_MAX];
    memcpy(dim, x->dim, sizeof dim);
    dim[axis] += before + after;
    Var *y = var_new(x->p, OP_pad, x->rank, dim, x, NULL);
    y->i[0] = axis, y->i[1] = before;
    return y;
}
void op_run_pad(Var *y) {
    const Var *x = y->src[0];
    int axis = y->i[0], inner = inner_of(y, axis), run = x->dim[axis] * inner, step = y->dim[axis] * inner;
    memset(y->data, 0, sizeof(float) * (size_t)y->size);
    copy_runs(y->data + (long)y->i[1] * inner, step, x->data, run, run, outer_of(y, axis));
}
void op_grad_pad(Var *y, Var *dy, Var **dx) { dx[0] = v_slice(dy, y->i[0], y->i[1], y->src[0]->dim[y->i[0]]); }

Var *v_concat(Var *a, Var *b, int axis) {
    bool fits = a->rank == b->rank && axis >= 0 && axis < a->rank;
    for (int i = 0; fits && i < a->rank; i++) fits = i == axis || a->dim[i] == b->dim[i];
    if (!fits) return var_fail(a->p, OP_concat, a, b, "shapes differ off the axis");
    int dim[RANK_MAX];
    memcpy(dim, a->dim, sizeof dim);
    dim[axis] += b->dim[axis];
    Var *y = var_new(a->p, OP_concat, a->rank, dim, a, b);
    y->i[0] = axis;
    return y;
}
void op_run_concat(Var *y) {
    const Var *a = y->src[0], *b = y->src[1];
    int axis = y->i[0], inner = inner_of(y, axis), ra = a->dim[axis] * inner, rb = b->dim[axis] * inner, n = outer_of(y, axis);
    copy_runs(y->data, ra + rb, a->data, ra, ra, n);
    copy_runs(y->data + ra, ra + rb, b->data, rb, rb, n);
}
void op_grad_concat(Var *y, Var *dy, Var **dx) {
    int axis = y->i[0], na = y->src[0]->dim[axis], nb = y->src[1]->dim[axis];
    if (y->src[0]->wanted) dx[0] = v_slice(dy, axis, 0, na);
    if (y->src[1]->wanted) dx[1] = v_slice(dy, axis, na, nb);
}

Var *v_permute(Var *x, int rank, const int *axis) {
    int dim[RANK_MAX], seen = 0;
    for (int k = 0; k < rank && k < RANK_MAX; k++)
        if (axis[k] >= 0 && axis[k] < x->rank) dim[k] = x->dim[axis[k]], seen |= 1 << axis[k];
    if (rank != x->rank || seen != (1 << rank) - 1) return var_fail(x->p, OP_permute, x, NULL, "not a permutation of the axes");
    Var *y = var_new(x->p, OP_permute, rank, dim, x, NULL);
    memcpy(y->i, axis, sizeof(int) * (size_t)rank);
    return y;
}
// Pieces of the two slowest of four axes.
static void permute_pieces(void *context, int begin, int end) {
    const Var *y = context, *x = y->src[0];
    int pad = RANK_MAX - y->rank, d[RANK_MAX] = { 1, 1, 1, 1 }, s[RANK_MAX] = { 0 };
    for (int k = 0; k < y->rank; k++) d[pad + k] = y->dim[k], s[pad + k] = inner_of(x, y->i[k]);
    float *to = y->data + (long)begin * d[2] * d[3];
    for (int i = begin; i < end; i++)
        for (int k = 0; k < d[2]; k++) {
            const float *from = x->data + (long)(i / d[1]) * s[0] + (long)(i % d[1]) * s[1] + (long)k * s[2];
            for (int l = 0; l < d[3]; l++) *to++ = from[(long)l * s[3]];
        }
}
void op_run_permute(Var *y) {
    int pieces = y->rank == 4 ? y->dim[0] * y->dim[1] : y->rank == 3 ? y->dim[0] : 1;
    pool_run(pieces, 2 * PASS * y->size / pieces, permute_pieces, y);
}
void op_grad_permute(Var *y, Var *dy, Var **dx) {
    int back[RANK_MAX];
    for (int k = 0; k < y->rank; k++) back[y->i[k]] = k;
    dx[0] = v_permute(dy, y->rank, back);
}
