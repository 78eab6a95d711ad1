// Boltzmann machines so small that everything is a sum: the normaliser, its estimate, the gradient, the samples.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"
#include "measures/ais.h"
#include "run.h"

static void random_weights(RbmWeights *m, float *w, float *b, float *c, int D, int H, float size) {
    rng_normal((Key){ 3, 1 }, 0, 0, 0, w, D * H);
    rng_normal((Key){ 3, 2 }, 0, 0, 0, b, D);
    rng_normal((Key){ 3, 3 }, 0, 0, 0, c, H);
    for (int i = 0; i < D * H; i++) w[i] *= size;
    *m = (RbmWeights){ w, b, c, D, H };
}

// -E(v,h) by its definition.
static double minus_energy(const RbmWeights *m, uint32_t v, uint32_t h) {
    double e = 0;
    for (int i = 0; i < m->D; i++) {
        if (!(v >> i & 1)) continue;
        e += (double)m->b[i];
        for (int j = 0; j < m->H; j++) if (h >> j & 1) e += (double)m->w[i * m->H + j];
    }
    for (int j = 0; j < m->H; j++) if (h >> j & 1) e += (double)m->c[j];
    return e;
}

TEST(rbm, "the normaliser and the free energy are the sums of their definition") {
    enum { D = 7, H = 9 };                                           // 2^9 states: the running sum is made anew twice
    float w[D * H], b[D], c[H];
    RbmWeights m;
    random_weights(&m, w, b, c, D, H, 1);
    Arena arena;
    arena_init(&arena, "test", NULL);
    double z = 0;
    for (uint32_t v = 0; v < 1u << D; v++) {
        double p = 0, f;
        float row[D];
        for (int i = 0; i < D; i++) row[i] = (float)(v >> i & 1);
        for (uint32_t h = 0; h < 1u << H; h++) p += real_exp(minus_energy(&m, v, h));
        ENSURE(rbm_free_energy(&m, row, 1, &arena, &f));
        ENSURE_CLOSE(f, -real_log(p), 1e-5 * (1 + fabs(f)));         // single precision inside
        z += p;
    }
    ENSURE_CLOSE(rbm_log_z(&m), real_log(z), 1e-5);
    arena_free(&arena);
}

TEST(rbm, "annealing finds the normaliser from both ends") {
    enum { D = 25, H = 12, CHAINS = 200 };
    static float w[D * H], b[D], c[H], base[D], samples[CHAINS * D];
    RbmWeights m;
    random_weights(&m, w, b, c, D, H, .5f);
    // Samples of the machine: long Gibbs chains in plain code.
    for (int k = 0; k < CHAINS; k++) {
        Rng r = rng_at((Key){ 9, STREAM_MEASURE }, (uint32_t)k, 0);
        float *v = samples + k * D, h[H];
        for (int i = 0; i < D; i++) v[i] = (float)rng_below(&r, 2);
        for (int sweep = 0; sweep < 300; sweep++) {
            for (int j = 0; j < H; j++) {
                double x = (double)c[j];
                for (int i = 0; i < D; i++) x += (double)(v[i] * w[i * H + j]);
                h[j] = rng_u(&r) < 1 / (1 + real_exp(-x)) ? 1 : 0;
            }
            for (int i = 0; i < D; i++) {
                double x = (double)b[i];
                for (int j = 0; j < H; j++) x += (double)(h[j] * w[i * H + j]);
                v[i] = rng_u(&r) < 1 / (1 + real_exp(-x)) ? 1 : 0;
            }
        }
    }
    for (int i = 0; i < D; i++) base[i] = .1f * (float)(i % 5);      // any start will do
    Arena arena;
    arena_init(&arena, "test", NULL);
    LogZ z;
    ENSURE(rbm_ais(&m, base, samples, CHAINS, 2000, 1, &arena, &z));
    double exact = rbm_log_z(&m);
    // Each end is off by its own spread, about .5 / sqrt(200) here, on its own side.
    ENSURE_SAYING(z.low < exact + .1 && z.low > exact - .2, "low %g, exact %g", z.low, exact);
    ENSURE_SAYING(z.high > exact - .1 && z.high < exact + .2, "high %g, exact %g", z.high, exact);
    ENSURE_EQUAL(arena.used, 0);
    arena_free(&arena);
}

enum { SIDE = 3, PIXELS = SIDE * SIDE, EXAMPLES = 120 };

// A run on bars and a few strays, black and white.
static Run *bars(Lab *lab, const char *knobs) {
    static float x[EXAMPLES * PIXELS];
    for (int i = 0; i < EXAMPLES; i++)
        for (int k = 0; k < PIXELS; k++) x[i * PIXELS + k] = (k / SIDE == i % 3) != (i % 10 == 0 && k == i % PIXELS);
    ENSURE(lab_add_rows(lab, "bars", DATA_IMAGE, (int[]){ SIDE, SIDE, 1 }, 0, (DataRows){ x, NULL, EXAMPLES }, (DataRows){ x, NULL, EXAMPLES }));
    Run *run = run_new(lab, "rbm", "bars", 1, knobs);
    ENSURE_SAYING(run, "%s", error_message());
    return run;
}

static double mean_log_p(Run *run) {
    Out data, out;
    out_init(&data, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(run->lab, "bars", EXAMPLES, 1, "test", &data));
    ENSURE_SAYING(run_call(run, "logProb", &(Call){ .x = out_find(&data, "data")->data, .n_x = EXAMPLES * PIXELS, .options = "" }, &out), "%s", error_message());
    double sum = 0;
    for (int i = 0; i < EXAMPLES; i++) sum += ((double *)out_find(&out, "data")->data)[i] / EXAMPLES;
    out_clear(&data), out_clear(&out);
    return sum;
}

static double loss_of_training(Run *run, int steps) {
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run_train(run, steps, mean), "%s", error_message());
    return mean[0];
}

TEST(rbm, "with long chains the mean gradient is that of the exact likelihood") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab, "hidden\t3\ncd\t25\nbatch\t1024\nrate\t1e-6\nchain\tdata\n");
    Params *p = run->model.store[0];
    rng_normal((Key){ 8, 1 }, 0, 0, 0, p->value, p->n_learned);
    for (int i = 0; i < p->n_learned; i++) p->value[i] *= .7f;
    enum { STEPS = 40 };
    double *mean = calloc((size_t)p->n_learned, sizeof *mean);
    for (int s = 0; s < STEPS; s++) {
        loss_of_training(run, 1);
        for (int i = 0; i < p->n_learned; i++) mean[i] += (double)p->grad[i] / STEPS;
    }
    for (int t = 0; t < 3; t++)                                      // weights, pixels' biases, units' biases
        for (int k = 0; k < 3; k++) {
            int at = p->param[t]->at + (5 * k) % p->param[t]->size;
            const float h = 1.f / 64;
            float *average = p->average + at, here = p->value[at];
            memcpy(p->average, p->value, sizeof(float) * (size_t)p->n_learned);
            double up, down;
            *average = here + h, run->model.step++, up = mean_log_p(run);       // another step: log Z is asked for anew
            *average = here - h, run->model.step++, down = mean_log_p(run);
            // Covariances of bits over 40 x 1024 rows: standard error below .004.
            ENSURE_CLOSE(mean[at], -(up - down) / (2 * (double)h), .016);
        }
    free(mean);
    run_free(run);
    lab_free(lab);
}

TEST(rbm, "training raises the exact likelihood") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab, "hidden\t6\nrate\t0.2\n");
    double before = mean_log_p(run);
    loss_of_training(run, 3000);
    double after = mean_log_p(run);
    ENSURE_SAYING(after > before + 1.5, "%g, then %g nats", before, after);      // independent pixels score -5.7
    run_free(run);
    lab_free(lab);
}

TEST(rbm, "samples have the machine's exact law") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab, "hidden\t4\n");
    Params *p = run->model.store[0];
    rng_normal((Key){ 8, 2 }, 0, 0, 0, p->average, p->n_learned);     // a machine whose chains mix in a few sweeps
    enum { N = 20000 };
    static float count[1 << PIXELS];
    memset(count, 0, sizeof count);
    Out out;
    out_init(&out, NULL);
    ENSURE(run_call(run, "sample", &(Call){ .n = N, .options = "steps\t50\n" }, &out));
    const float *x = out_find(&out, "data")->data;
    for (int i = 0; i < N; i++) {
        int v = 0;
        for (int k = 0; k < PIXELS; k++) v |= (x[i * PIXELS + k] > .5f) << k;
        count[v]++;
    }
    float rows[(1 << PIXELS) * PIXELS];
    for (int v = 0; v < 1 << PIXELS; v++)
        for (int k = 0; k < PIXELS; k++) rows[v * PIXELS + k] = (float)(v >> k & 1);
    ENSURE(run_call(run, "logProb", &(Call){ .x = rows, .n_x = sizeof rows / sizeof *rows, .options = "" }, &out));
    const double *log_p = out_find(&out, "data")->data;
    double total = 0, off = 0;
    for (int v = 0; v < 1 << PIXELS; v++) {
        double law = real_exp(log_p[v]);
        total += law;
        off += .5 * fabs((double)count[v] / N - law);
    }
    ENSURE_CLOSE(total, 1, 1e-4);
    ENSURE_SAYING(off < .06, "total variation %g", off);             // 512 cells of 20000 draws: at most .064 sqrt(2/pi) on average
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(rbm, "completing keeps what is given and draws the rest from the machine") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab, "hidden\t6\nrate\t0.2\n");
    loss_of_training(run, 3000);
    float x[PIXELS] = { 1, 1, .25f }, mask[PIXELS] = { 1, 1, 1 }, empty[PIXELS] = { 0 };
    Out out;
    out_init(&out, NULL);
    ENSURE_SAYING(run_call(run, "inpaint", &(Call){ .x = x, .n_x = PIXELS, .y = mask, .n_y = PIXELS, .options = "" }, &out), "%s", error_message());
    const float *y = out_find(&out, "data")->data;
    ENSURE(y[0] == 1 && y[1] == 1 && y[2] == .25f);
    for (int k = 3; k < PIXELS; k++) ENSURE(y[k] == 0 || y[k] == 1);
    mask[0] = .5f;
    ENSURE_FAILS(run_call(run, "inpaint", &(Call){ .x = x, .n_x = PIXELS, .y = mask, .n_y = PIXELS, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "inpaint", &(Call){ .x = x, .n_x = PIXELS, .y = empty, .n_y = PIXELS - 1, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}
