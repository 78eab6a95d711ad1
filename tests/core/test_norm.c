// Normalisation, dropout and attention: against their formulas, and their gradients against central differences.

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "graph/optim.h"
#include "nn/norm.h"

enum { B = 3, H = 2, W = 3, C = 4, G = 2, N = B * H * W * C };

typedef struct { Arena arena; Scratch scratch; Program p; Params s; Var *x, *y; } Bench;

static void begin(Bench *t, bool training) {
    *t = (Bench){ 0 };
    arena_init(&t->arena, "test", NULL);
    params_begin(&t->s, "s", &t->arena);
    program_begin(&t->p, "p", &t->arena, &t->scratch, 5);
    t->p.training = training;
}

static void take_input(Bench *t) {
    ENSURE(params_alloc(&t->s, 3));
    rng_normal((Key){ 1, 1 }, 0, 0, 0, t->s.value, t->s.n_learned);            // any scale and shift
    t->x = v_input4(&t->p, "x", B, H, W, C);
    rng_normal((Key){ 2, 2 }, 0, 0, 0, t->x->data, N);
}

static void finish(Bench *t) {
    program_keep(t->y);
    ENSURE_SAYING(program_end(&t->p) && scratch_bind(&t->scratch, &t->arena), "%s", error_message());
    program_run(&t->p, 1);
}

// The formula, over the entries of x that share group_of(i).
static void check_formula(const Bench *t, const Param *scale, const Param *shift, int (*group_of)(int)) {
    for (int i = 0; i < N; i++) {
        double n = 0, mean = 0, var = 0;
        for (int k = 0; k < N; k++)
            if (group_of(k) == group_of(i)) n++, mean += (double)t->x->data[k];
        mean /= n;
        for (int k = 0; k < N; k++)
            if (group_of(k) == group_of(i)) var += ((double)t->x->data[k] - mean) * ((double)t->x->data[k] - mean) / n;
        double want = ((double)t->x->data[i] - mean) / sqrt(var + 1e-5) * (double)param_value(scale)[i % C] + (double)param_value(shift)[i % C];
        ENSURE_CLOSE((double)t->y->data[i], want, 1e-5);                        // a hundred roundings
    }
}

static int by_channel(int i) { return i % C; }
static int by_group(int i) { return i / (H * W * C) * G + i % C / (C / G); }

TEST(norm, "batch norm follows its formula in training, and its running statistics move a tenth of the way") {
    Bench t;
    begin(&t, true);
    BatchNorm n = batch_norm(&t.s, "norm", C);
    take_input(&t);
    t.y = v_batch_norm(&n, t.x);
    program_gradient(v_mean(v_square(t.y)), &t.s);
    finish(&t);
    check_formula(&t, n.scale, n.shift, by_channel);
    float mean = 0;
    for (int i = 0; i < N; i += C) mean += t.x->data[i] * C / N;
    ENSURE(optimizer_step(&(Optimizer){ .kind = OPTIM_SGD }, &t.s));
    ENSURE_CLOSE((double)param_value(n.mean)[0], .1 * (double)mean, 1e-6);
    ENSURE(param_value(n.var)[0] != 1);
    ENSURE_EQUAL(params_count(&t.s), 2 * C);
    arena_free(&t.arena);
}

TEST(norm, "batch norm in use takes the running statistics, so a row does not depend on the others") {
    Bench t;
    begin(&t, false);
    BatchNorm n = batch_norm(&t.s, "norm", C);
    take_input(&t);
    for (int c = 0; c < C; c++) param_value(n.mean)[c] = .5f, param_value(n.var)[c] = 4;
    t.y = v_batch_norm(&n, t.x);
    finish(&t);
    for (int i = 0; i < N; i++) {
        double want = ((double)t.x->data[i] - .5) / sqrt(4 + 1e-5) * (double)param_value(n.scale)[i % C] + (double)param_value(n.shift)[i % C];
        ENSURE_CLOSE((double)t.y->data[i], want, 1e-5);
    }
    arena_free(&t.arena);
}

TEST(norm, "group norm follows its formula") {
    Bench t;
    begin(&t, false);
    GroupNorm n = group_norm(&t.s, "norm", C, G);
    take_input(&t);
    t.y = v_group_norm(&n, t.x);
    finish(&t);
    check_formula(&t, n.scale, n.shift, by_group);
    arena_free(&t.arena);
}

// A slope of a slope, as a gradient penalty has it: L = sum w y + sum (d (sum w y) / dx)^2.
static void check_penalty(Bench *t) {
    Var *w = v_input4(&t->p, "w", B, H, W, C);
    rng_normal((Key){ 3, 3 }, 0, 0, 0, w->data, N);
    Var *sum = v_sum(v_mul(w, v_tanh(t->y))), *slope = v_grad(sum, t->x);
    t->y = v_add(sum, v_sum(v_square(slope)));
    Var *dx = program_keep(v_grad(t->y, t->x));
    finish(t);
    for (int i = 0; i < N; i += 5) {
        const float h = 1.f / 256, before = t->x->data[i];
        double at[2], got = (double)dx->data[i];
        for (int k = 0; k < 2; k++) {
            t->x->data[i] = k ? before - h : before + h;
            program_run(&t->p, 1);
            at[k] = (double)t->y->data[0];
        }
        t->x->data[i] = before;
        program_run(&t->p, 1);
        ENSURE_CLOSE(got, (at[0] - at[1]) / (2 * (double)h), 1e-2 * (1 + fabs(got)));   // rounding gives 1e-6 |L| / h, the third derivative h^2
    }
    arena_free(&t->arena);
}

TEST(norm, "the gradient of a gradient through batch norm agrees with central differences") {
    Bench t;
    begin(&t, true);
    BatchNorm n = batch_norm(&t.s, "norm", C);
    take_input(&t);
    t.y = v_batch_norm(&n, t.x);
    check_penalty(&t);
}

TEST(norm, "the gradient of a gradient through group norm agrees with central differences") {
    Bench t;
    begin(&t, false);
    GroupNorm n = group_norm(&t.s, "norm", C, G);
    take_input(&t);
    t.y = v_group_norm(&n, t.x);
    check_penalty(&t);
}

TEST(norm, "the gradient of a gradient through attention agrees with central differences") {
    Bench t;
    begin(&t, false);
    take_input(&t);
    Var *rows = v_reshape(t.x, 3, (int[]){ B, H * W, C });
    t.y = v_reshape4(v_attention_heads(rows, v_scale(rows, .7f), v_square(rows), 2), B, H, W, C);
    check_penalty(&t);
}

TEST(norm, "attention is its formula, head by head") {
    Bench t;
    begin(&t, false);
    take_input(&t);
    enum { T = H * W, D = C / 2 };
    Var *rows = v_reshape(t.x, 3, (int[]){ B, T, C });
    t.y = v_attention_heads(rows, rows, rows, 2);
    finish(&t);
    for (int b = 0; b < B; b++)
        for (int q = 0; q < T; q++)
            for (int c = 0; c < C; c++) {
                const float *x = t.x->data + b * T * C;
                int head = c / D * D;
                double sum = 0, value = 0;
                for (int k = 0; k < T; k++) {
                    double score = 0;
                    for (int d = 0; d < D; d++) score += (double)x[q * C + head + d] * (double)x[k * C + head + d] / sqrt(D);
                    sum += exp(score), value += exp(score) * (double)x[k * C + c];
                }
                ENSURE_CLOSE((double)t.y->data[(b * T + q) * C + c], value / sum, 1e-5);
            }
    arena_free(&t.arena);
}

TEST(norm, "dropout drops its share in training, keeps the mean, and does nothing in use") {
    for (int training = 0; training < 2; training++) {
        Bench t;
        begin(&t, training);
        Var *x = v_fill(&t.p, 3, 2, (int[]){ 100, 100 });
        t.y = v_dropout(x, .25);
        ENSURE((t.y == x) == !training);
        finish(&t);
        int dropped = 0;
        for (int i = 0; i < t.y->size; i++) {
            dropped += t.y->data[i] == 0;
            ENSURE(t.y->data[i] == 0 || t.y->data[i] == (training ? 4 : 3));
        }
        if (training) ENSURE_CLOSE(dropped / 10000., .25, .022);               // five standard errors
        arena_free(&t.arena);
    }
}
