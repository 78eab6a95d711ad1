// Discrete codes: the nearest vector is chosen, the codebook follows the mean of what chose it, gradients go where they should, the prior has the
// codes' law.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "graph/graph.h"
#include "run.h"

TEST(vqvae, "the nearest row is chosen, of equal ones the first") {
    enum { N = 37, K = 11, D = 3 };
    Arena arena;
    arena_init(&arena, "test", NULL);
    Scratch scratch = { 0 };
    Program p;
    program_begin(&p, "nearest", &arena, &scratch, 1);
    Var *x = v_input(&p, "x", N, D), *e = v_input(&p, "e", K, D), *y = program_keep(v_nearest(x, e));
    ENSURE(program_end(&p) && scratch_bind(&scratch, &arena));
    rng_normal((Key){ 1, 1 }, 0, 0, 0, x->data, N * D);
    rng_normal((Key){ 1, 2 }, 0, 0, 0, e->data, K * D);
    memcpy(e->data + 7 * D, e->data + 2 * D, sizeof(float) * D);
    program_run(&p, 0);
    for (int i = 0; i < N; i++) {
        int best = 0;
        double least = HUGE_VAL;
        for (int k = 0; k < K; k++) {
            double far = 0;
            for (int j = 0; j < D; j++) far += pow((double)x->data[i * D + j] - (double)e->data[k * D + j], 2);
            if (k != 7 && far < least) least = far, best = k;
        }
        for (int k = 0; k < K; k++) ENSURE(y->data[i * K + k] == (k == best));
    }
    arena_free(&arena);
}

static Run *start(Lab *lab, const char *data, const char *knobs) {
    Run *run = run_new(lab, "vqvae", data, 3, knobs);
    ENSURE_SAYING(run, "%s", error_message());
    return run;
}

static const Param *tensor(const Run *run, int store, const char *name) {
    const Params *p = run->model.store[store];
    for (int i = 0; i < p->n; i++) if (!strcmp(p->param[i]->name, name)) return p->param[i];
    return NULL;
}

static void train(Run *run, int steps) {
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run_train(run, steps, mean), "%s", error_message());
}

TEST(vqvae, "without memory the codebook becomes the mean of what chose it: a step of k-means") {
    Lab *lab = lab_new(0);
    Run *run = start(lab, "moons", "codes\t5\nfollow\t0\nbatch\t512\nhidden\t8\n");
    train(run, 200);
    const Param *book = tensor(run, 0, "codebook"), *count = tensor(run, 0, "codebook.count"), *sum = tensor(run, 0, "codebook.sum");
    ENSURE(book && count && sum && book->running);
    double total = 0;
    for (int k = 0; k < 5; k++) {
        double n = (double)param_value(count)[k];
        total += n;
        for (int j = 0; j < 2; j++) ENSURE_CLOSE((double)param_value(book)[2 * k + j], (double)param_value(sum)[2 * k + j] / n, 1e-4);
    }
    ENSURE_CLOSE(total, 512, 1e-3);
    run_free(run);
    lab_free(lab);
}

// The loss of the next step with one weight moved, the run left as it was (by a twin that is trained as far).
static double moved(Lab *lab, const char *data, const char *knobs, const char *name, int at, float by, double *grad) {
    Run *run = start(lab, data, knobs);
    train(run, 20);
    const Param *p = tensor(run, 0, name);
    param_value(p)[at] += by;
    train(run, 1);
    double loss = run->model.loss[0];
    if (grad) *grad = (double)p->store->grad[p->at + at];
    run_free(run);
    return loss;
}

TEST(vqvae, "the decoder's gradient, and a learned codebook's, are those of the loss") {
    Lab *lab = lab_new(0);
    const char *knobs = "codes\t6\nhidden\t8\nbatch\t64\ncodebook\tloss\nrate\t1e-6\n";
    static const char *const names[] = { "decoder.0.weight", "decoder.1.bias", "decoder.2.weight" };
    const float h = 1.f / 256;
    for (int t = 0; t < 3; t++)
        for (int at = 0; at < 6; at += 5) {
            check_during("%s[%d]", names[t], at);
            double grad, here = moved(lab, "moons", knobs, names[t], at, 0, &grad);
            double up = moved(lab, "moons", knobs, names[t], at, h, NULL), down = moved(lab, "moons", knobs, names[t], at, -h, NULL);
            ENSURE_CLOSE(grad, (up - down) / (2 * (double)h), 1e-2 * (1 + fabs(grad)) + 0x1p-23 * here / (double)h);
        }
    lab_free(lab);
}

TEST(vqvae, "codes of samples are as frequent as those of the data, and dead vectors come back") {
    enum { K = 8, N = 20000 };
    Lab *lab = lab_new(0);
    Run *run = start(lab, "ring8", "codes\t8\nhidden\t16\nbatch\t256\nrate\t0.01\n");
    train(run, 1500);
    Out real, made, out;
    out_init(&real, NULL), out_init(&made, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(lab, "ring8", N, 1, "test", &real));
    ENSURE(run_call(run, "encode", &(Call){ .x = out_find(&real, "data")->data, .n_x = 2 * N, .options = "" }, &out));
    ENSURE(run_call(run, "sample", &(Call){ .n = N, .options = "" }, &made));
    const float *a = out_find(&out, "data")->data, *b = out_find(&made, "codes")->data;
    double count[2][K] = { { 0 } }, off = 0;
    for (int i = 0; i < N; i++) {
        ENSURE(a[i] == floorf(a[i]) && a[i] >= 0 && a[i] < K && b[i] >= 0 && b[i] < K);
        count[0][(int)a[i]]++, count[1][(int)b[i]]++;
    }
    for (int k = 0; k < K; k++) {
        ENSURE_SAYING(count[0][k] > .01 * N, "vector %d is chosen %g times", k, count[0][k]);
        off += .5 * fabs(count[0][k] - count[1][k]) / N;
    }
    ENSURE_SAYING(off < .06, "total variation %g", off);             // two samples of 20000: .01; the prior still moves with its rate
    out_clear(&real), out_clear(&made), out_clear(&out);
    run_free(run);
    lab_free(lab);
}

// With vectors that start far from the encoder's the error stands at that of a constant picture, 83.
TEST(vqvae, "pictures are rebuilt from their codes after a hundred steps") {
    Lab *lab = lab_new(0);
    Run *run = start(lab, "digits", "channels\t16\nprior\t8\n");
    double mean[LOSSES_MAX];
    train(run, 100);
    ENSURE_SAYING(run_train(run, 20, mean), "%s", error_message());
    ENSURE_SAYING(mean[2] < 60, "squared error %g", mean[2]);
    run_free(run);
    lab_free(lab);
}
