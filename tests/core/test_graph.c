// The planner and the replay of programs.

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "graph/fuse.h"
#include "graph/optim.h"
#include "nn/nn.h"
#include "run.h"

typedef struct { Arena arena; Scratch scratch; Program p; Params params; Mlp net; Var *x, *loss; } Toy;

// A network with a gradient penalty, so first and second order and many lifetimes.
static void toy_begin(Toy *t, bool keep_all) {
    *t = (Toy){ 0 };
    arena_init(&t->arena, "toy", NULL);
    params_begin(&t->params, "toy", &t->arena);
    t->net = mlp(&t->params, "net", 3, 16, 3, 1, ACT_TANH, 1);
    ENSURE(params_alloc(&t->params, 7));
    program_begin(&t->p, "toy", &t->arena, &t->scratch, 7);
    t->x = v_input(&t->p, "x", 20, 3);
    rng_normal((Key){ 1, 2 }, 0, 0, 0, t->x->data, t->x->size);
    Var *y = v_mlp(&t->net, v_add(t->x, v_scale(v_randn(&t->p, 20, 3), .1f)));
    Var *slope = v_grad(v_sum(y), t->x);
    t->loss = program_keep(v_add(v_mean(v_square(y)), v_mean(v_square(v_offset(v_sqrt(v_offset(v_sum_rows(v_square(slope)), .01f)), -1)))));
    program_gradient(t->loss, &t->params);
    if (keep_all)
        for (int i = 0; i < t->p.n; i++) t->p.var[i]->kept = true;
    ENSURE_SAYING(program_end(&t->p) && scratch_bind(&t->scratch, &t->arena), "%s", error_message());
}

TEST(graph, "sharing memory by lifetime changes no result and saves most of it") {
    Toy planned, kept;
    toy_begin(&planned, false);
    toy_begin(&kept, true);
    for (uint64_t tick = 0; tick < 3; tick++) {
        program_run(&planned.p, tick);
        program_run(&kept.p, tick);
        ENSURE(!memcmp(planned.params.grad, kept.params.grad, sizeof(float) * (size_t)kept.params.n_floats));
        ENSURE(planned.loss->data[0] == kept.loss->data[0]);
    }
    size_t values = 0;
    for (int i = 0; i < planned.p.n_steps; i++) for (const Var *v = planned.p.step[i].first; v; v = v->next) values += (size_t)v->size;
    ENSURE_SAYING(planned.scratch.size * 2 < values, "%zu of %zu floats", planned.scratch.size, values);
    arena_free(&planned.arena), arena_free(&kept.arena);
}

// What three steps of training leave in the weights, their moments and averages; and how many passes over memory the programs make.
static int train_three(Lab *lab, const ModelDef *def, bool image, bool fused, Out *out, const uint8_t **bytes, size_t *size) {
    static const char *const small[][2] = { { "batch", "batch\t17\n" }, { "hidden", "hidden\t13\n" }, { "channels", "channels\t4\n" }, { "steps", "steps\t10\n" } };
    char knobs[128] = "";
    for (int i = 0; i < 4; i++)
        if (knob_find(def->knobs, small[i][0]) >= 0) strcat(knobs, small[i][1]);
    fuse_chains = fused;
    Run *run = run_new(lab, def->id, image ? "digits" : "moons", 4, knobs);
    fuse_chains = true;
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run && run_train(run, 3, mean) && run_save(run, false, out, bytes, size), "%s", error_message());
    int steps = 0;
    for (int i = 0; i < run->model.scratch.n; i++) steps += run->model.scratch.program[i]->n_steps;
    run_free(run);
    return steps;
}

TEST(graph, "chains change no byte of any model's training and take a quarter of the passes away") {
    Lab *lab = lab_new(0);
    for (int i = 0; i < n_model_defs; i++)
        for (int image = 0; image < 2; image++) {
            const ModelDef *def = model_defs[i];
            if (!(image ? def->image : def->points)) continue;
            check_during("%s on %s", def->id, image ? "pictures" : "points");
            Out out[2];
            const uint8_t *bytes[2];
            size_t size[2];
            int steps[2];
            for (int fused = 0; fused < 2; fused++) {
                out_init(&out[fused], NULL);
                steps[fused] = train_three(lab, def, image, fused, &out[fused], &bytes[fused], &size[fused]);
            }
            ENSURE_EQUAL(size[0], size[1]);
            ENSURE(!memcmp(bytes[0], bytes[1], size[0]));
            ENSURE_SAYING(4 * steps[1] < 3 * steps[0], "%d of %d steps", steps[1], steps[0]);
            out_clear(&out[0]), out_clear(&out[1]);
        }
    lab_free(lab);
}

// --- The planner on graphs that no model has -------------------------------------------------------------------------------------

enum { TALL = 37, WIDE = 45, OPS = 90, MANY = 20, KEPT = 6 };

// More values that live at once than a chain has blocks.
static Var *crowd(Var *x) {
    Var *many[MANY], *sum = x;
    for (int k = 0; k < MANY; k++) many[k] = v_scale(x, 1 / (float)(k + 1));
    for (int k = 0; k < MANY; k++) sum = v_add(v_tanh(sum), many[k]);
    return sum;
}

// Random ops on matrices, rows, columns and scalars.
static void tangle(Program *p, uint32_t seed, Var *kept[KEPT]) {
    Rng r = rng_at((Key){ seed, 1 }, 0, 0);
    Var *v[OPS];
    for (int i = 0; i < OPS; i++) {
        Var *a = i ? v[rng_below(&r, 2) ? i - 1 : rng_below(&r, i)] : NULL, *b = i ? v[rng_below(&r, i)] : NULL;
        if (i < 12) {
            v[i] = v_input(p, "in", i & 1 ? TALL : 1, i & 2 ? WIDE : 1);
            rng_normal((Key){ seed, 2 }, (uint32_t)i, 0, 0, v[i]->data, v[i]->size);
            continue;
        }
        switch (rng_below(&r, 8)) {
        case 0: v[i] = v_tanh(a); break;
        case 1: v[i] = v_sub(a, v_square(v_sigmoid(b))); break;
        case 2: v[i] = v_mul(v_sigmoid(a), b); break;
        case 3: v[i] = v_expand(a, 2, (int[]){ TALL, WIDE }); break;
        case 4: v[i] = v_sum_to(v_scale(a, .125f), 2, (int[]){ 1, a->dim[1] }); break;
        case 5: v[i] = v_add(a, v_fill(p, .5f, 2, b->dim)); break;
        case 6: v[i] = v_reshape2(v_relu(v_reshape2(v_neg(a), a->dim[1], a->dim[0])), a->dim[0], a->dim[1]); break;
        default: v[i] = v_add(a, b); break;
        }
    }
    for (int k = 0; k < KEPT; k++) kept[k] = program_keep(v_copy(k ? v[OPS - 1 - k * 7] : crowd(v[OPS - 1])));
}

TEST(graph, "chains change no byte of graphs with more live values and broadcasts than they have room for") {
    int fewer = 0;
    for (uint32_t seed = 0; seed < 100; seed++) {
        check_during("seed %u", seed);
        Arena a[2];
        Var *kept[2][KEPT];
        int steps[2];
        for (int fused = 0; fused < 2; fused++) {
            Scratch s = { 0 };
            Program p;
            arena_init(&a[fused], "test", NULL);
            program_begin(&p, "tangle", &a[fused], &s, 1);
            tangle(&p, seed, kept[fused]);
            fuse_chains = fused;
            bool good = program_end(&p) && scratch_bind(&s, &a[fused]);
            fuse_chains = true;
            ENSURE_SAYING(good, "%s", error_message());
            steps[fused] = p.n_steps;
            for (uint64_t tick = 0; tick < 2; tick++) program_run(&p, tick);
        }
        for (int k = 0; k < KEPT; k++) ENSURE(!memcmp(kept[0][k]->data, kept[1][k]->data, sizeof(float) * (size_t)kept[0][k]->size));
        fewer += steps[1] < steps[0];
        arena_free(&a[0]), arena_free(&a[1]);
    }
    ENSURE_EQUAL(fewer, 100);
}

TEST(graph, "a dense layer is one step, whatever its activation, and gives the bytes of three") {
    for (int act = ACT_RELU; act <= ACT_SOFTPLUS; act++) {
        float out[2][7 * 5];
        for (int fused = 0; fused < 2; fused++) {
            Toy t = { 0 };
            arena_init(&t.arena, "toy", NULL);
            params_begin(&t.params, "toy", &t.arena);
            t.net = mlp(&t.params, "net", 3, 9, 1, 5, (Activation)act, 1);
            ENSURE(params_alloc(&t.params, 7));
            program_begin(&t.p, "toy", &t.arena, &t.scratch, 7);
            t.x = v_input(&t.p, "x", 7, 3);
            rng_normal((Key){ 1, 2 }, 0, 0, 0, t.x->data, t.x->size);
            rng_normal((Key){ 1, 3 }, 0, 0, 0, t.params.value, t.params.n_learned);
            Var *y = program_keep(v_activate(v_mlp(&t.net, t.x), (Activation)act));
            fuse_chains = fused;
            ENSURE(program_end(&t.p) && scratch_bind(&t.scratch, &t.arena));
            fuse_chains = true;
            ENSURE_EQUAL(t.p.n_steps, fused ? 2 : act == ACT_SILU ? 8 : 6);
            program_run(&t.p, 0);
            memcpy(out[fused], y->data, sizeof out[fused]);
            arena_free(&t.arena);
        }
        ENSURE(!memcmp(out[0], out[1], sizeof out[0]));
    }
}

TEST(graph, "the gradient of parameters agrees with central differences, penalty included") {
    Toy t;
    toy_begin(&t, false);
    program_run(&t.p, 5);
    float grad[8];
    int at[8];
    for (int i = 0; i < 8; i++) at[i] = t.params.param[i]->at + (i * 5) % t.params.param[i]->size, grad[i] = t.params.grad[at[i]];
    for (int i = 0; i < 8; i++) {
        float *w = t.params.value + at[i], before = *w;
        const float h = 1.f / 128;
        *w = before + h, program_run(&t.p, 5);
        double up = (double)t.loss->data[0];
        *w = before - h, program_run(&t.p, 5);
        double slope = (up - (double)t.loss->data[0]) / (2 * (double)h);
        *w = before;
        ENSURE_CLOSE((double)grad[i], slope, 3e-3 * (1 + fabs(slope)));
    }
    arena_free(&t.arena);
}

TEST(graph, "a replay with the same tick gives the same bytes, another tick others, and takes no memory") {
    Toy t;
    toy_begin(&t, false);
    size_t used = t.arena.used;
    program_run(&t.p, 1);
    float first = t.loss->data[0];
    program_run(&t.p, 2);
    ENSURE(t.loss->data[0] != first);
    program_run(&t.p, 1);
    ENSURE(t.loss->data[0] == first);
    ENSURE_EQUAL(t.arena.used, used);
    arena_free(&t.arena);
}

TEST(graph, "gradients that nobody asked for are not run") {
    Toy t;
    toy_begin(&t, false);
    for (int i = 0; i < t.p.n_steps; i++) ENSURE(t.p.step[i].first->needed);
    ENSURE(t.p.n_steps < t.p.n);
    arena_free(&t.arena);
}

TEST(graph, "the first value that is not finite is named") {
    Toy t;
    toy_begin(&t, false);
    ENSURE(!program_run_checked(&t.p, 0));
    t.params.value[t.params.param[2]->at] = INFINITY;
    const Var *v = program_run_checked(&t.p, 0);
    char text[96];
    ENSURE(v);
    var_describe(v, text, sizeof text);
    ENSURE_SAME(text, "param 'net.1.weight' [16,16]");
    arena_free(&t.arena);
}

TEST(graph, "a value that is not finite is named also where it never reaches memory") {
    Arena a;
    Scratch s = { 0 };
    Program p;
    arena_init(&a, "test", NULL);
    program_begin(&p, "p", &a, &s, 1);
    Var *x = v_input(&p, "x", 3000, 1), *y = v_log(v_offset(x, -2)), *z = program_keep(v_tanh(v_square(y)));
    for (int i = 0; i < x->size; i++) x->data[i] = 3;
    ENSURE(program_end(&p) && scratch_bind(&s, &a));
    ENSURE_EQUAL(p.n_steps, 1);
    ENSURE(!program_run_checked(&p, 0));
    x->data[2500] = 1;
    ENSURE(program_run_checked(&p, 0) == y && !y->data && isnan(z->data[2500]));
    arena_free(&a);
}

TEST(graph, "a value that no input reaches has gradient zero, and detach stops it") {
    Arena a;
    Scratch s = { 0 };
    Program p;
    arena_init(&a, "test", NULL);
    program_begin(&p, "p", &a, &s, 1);
    Var *x = v_input(&p, "x", 1, 2), *y = v_input(&p, "y", 1, 2);
    x->data[0] = 2, x->data[1] = 3, y->data[0] = 5, y->data[1] = 7;
    Var *d[2];
    v_grads(v_sum(v_mul(x, v_detach(v_square(x)))), (Var *[]){ x, y }, 2, d);
    program_keep(d[0]), program_keep(d[1]);
    ENSURE(program_end(&p) && scratch_bind(&s, &a));
    program_run(&p, 0);
    ENSURE(d[0]->data[0] == 4 && d[0]->data[1] == 9 && d[1]->data[0] == 0 && d[1]->data[1] == 0);
    arena_free(&a);
}

// --- Optimizers -------------------------------------------------------------------------------------------------------------

static Params store_of_one(Arena *a, float x, float g) {
    Params s;
    arena_init(a, "test", NULL);
    params_begin(&s, "s", a);
    params_add(&s, "x", INIT_ZERO, 0, 2, (int[]){ 1, 2 });
    ENSURE(params_alloc(&s, 1));
    s.value[0] = x, s.grad[0] = g;
    return s;
}

TEST(optim, "Adam's first steps are those of the paper's algorithm") {
    Arena a;
    Params s = store_of_one(&a, 1, .5f);
    Optimizer o = { .kind = OPTIM_ADAM, .rate = .1, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8 };
    double x = 1, m = 0, v = 0;
    for (int t = 1; t <= 5; t++) {
        double g = s.grad[0] = (float)(.5 / t);
        m = .9 * m + .1 * g, v = .999 * v + .001 * g * g;
        x -= .1 * (m / (1 - pow(.9, t))) / (sqrt(v / (1 - pow(.999, t))) + 1e-8);
        ENSURE(optimizer_step(&o, &s));
        ENSURE_CLOSE((double)s.value[0], x, 2e-6);
        ENSURE(s.value[1] == 0);
    }
    arena_free(&a);
}

TEST(optim, "RMSprop, momentum, descent and weight decay follow their formulas") {
    Arena a;
    Params s = store_of_one(&a, 1, 2);
    ENSURE(optimizer_step(&(Optimizer){ .kind = OPTIM_SGD, .rate = .1 }, &s));
    ENSURE_CLOSE((double)s.value[0], .8, 1e-6);
    arena_free(&a);
    s = store_of_one(&a, 1, 2);
    Optimizer o = { .kind = OPTIM_MOMENTUM, .rate = .1, .beta1 = .5 };
    ENSURE(optimizer_step(&o, &s) && optimizer_step(&o, &s));
    ENSURE_CLOSE((double)s.value[0], 1 - .2 - .3, 1e-6);
    arena_free(&a);
    s = store_of_one(&a, 1, 2);
    ENSURE(optimizer_step(&(Optimizer){ .kind = OPTIM_RMSPROP, .rate = .1, .beta2 = .75, .epsilon = 1e-8 }, &s));
    ENSURE_CLOSE((double)s.value[0], 1 - .1 * 2 / sqrt(.25 * 4), 1e-6);
    arena_free(&a);
    s = store_of_one(&a, 1, 0);
    ENSURE(optimizer_step(&(Optimizer){ .kind = OPTIM_ADAM, .rate = .1, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8, .decay = .5 }, &s));
    ENSURE_CLOSE((double)s.value[0], 1 - .1 * .5, 1e-6);
    arena_free(&a);
}

TEST(optim, "clipping shortens a long gradient and leaves a short one") {
    Arena a;
    Params s = store_of_one(&a, 0, 3);
    s.grad[1] = 4;
    Optimizer o = { .kind = OPTIM_SGD, .rate = 1, .clip = 1 };
    ENSURE_CLOSE(params_grad_norm(&s), 5, 1e-12);
    ENSURE(optimizer_step(&o, &s));
    ENSURE_CLOSE((double)s.value[0], -.6, 1e-6);
    ENSURE_CLOSE((double)s.value[1], -.8, 1e-6);
    s.grad[0] = .3f, s.grad[1] = 0;
    ENSURE(optimizer_step(&o, &s));
    ENSURE_CLOSE((double)s.value[0], -.9, 1e-6);
    arena_free(&a);
}

TEST(optim, "the average of the weights follows them with its decay") {
    Arena a;
    Params s = store_of_one(&a, 0, -1);
    Optimizer o = { .kind = OPTIM_SGD, .rate = 1, .average = .5 };
    double x = 0, mean = 0;
    for (int t = 1; t <= 20; t++) {
        double warm = (1. + t) / (10. + t), decay = warm < .5 ? warm : .5;
        x += 1, mean += (1 - decay) * (x - mean);
        ENSURE(optimizer_step(&o, &s));
        ENSURE_CLOSE((double)s.average[0], mean, 1e-5);
    }
    arena_free(&a);
}

TEST(optim, "a gradient that is not finite is refused and changes nothing") {
    Arena a;
    Params s = store_of_one(&a, 1, NAN);
    ENSURE(!optimizer_step(&(Optimizer){ .kind = OPTIM_ADAM, .rate = .1, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8 }, &s));
    ENSURE(s.value[0] == 1 && s.m[0] == 0 && s.updates == 0);
    arena_free(&a);
}

// --- Parameters -------------------------------------------------------------------------------------------------------------

TEST(params, "tensors start from their distributions, differ between stores, and repeat") {
    Arena a;
    arena_init(&a, "test", NULL);
    Params s, t;
    Params *both[] = { &s, &t };
    for (int k = 0; k < 2; k++) {
        params_begin(both[k], k ? "other" : "one", &a);
        params_add(both[k], "normal", INIT_NORMAL, .5f, 2, (int[]){ 100, 100 });
        params_add(both[k], "uniform", INIT_UNIFORM, 2, 2, (int[]){ 100, 100 });
        params_add(both[k], "one", INIT_ONE, 0, 2, (int[]){ 1, 3 });
        ENSURE(params_alloc(both[k], 9));
    }
    double square[2] = { 0 };
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 10000; i++) square[k] += (double)s.value[s.param[k]->at + i] * (double)s.value[s.param[k]->at + i] / 10000;
    ENSURE_CLOSE(square[0], .25, .02);                               // five standard errors
    ENSURE_CLOSE(square[1], 4. / 3, .06);
    ENSURE(param_value(s.param[2])[2] == 1 && param_value(s.param[2])[3] == 0);
    ENSURE(memcmp(s.value, t.value, sizeof(float) * 100));
    float first = s.value[0];
    s.value[0] = 99;
    params_reset(&s, 9);
    ENSURE(s.value[0] == first);
    ENSURE_EQUAL(params_count(&s), 20003);
    arena_free(&a);
}
