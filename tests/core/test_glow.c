// The invertible layers against their formulas, and Glow's density against numeric Jacobians and a known answer.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"
#include "nn/invertible.h"
#include "run.h"

// --- Layers ---------------------------------------------------------------------------------------------------------------

enum { B = 5, H = 4, W = 6, C = 4, N = B * H * W * C };

typedef struct { Arena arena; Scratch scratch; Params s; Program p, q; Var *x, *y, *back, *log_det; } Bench;

static void begin(Bench *t) {
    *t = (Bench){ 0 };
    arena_init(&t->arena, "test", NULL);
    params_begin(&t->s, "s", &t->arena);
}

static Var *input(Bench *t, Program *p, int batch, int h, int w, int c) {
    program_begin(p, "p", &t->arena, &t->scratch, 5);
    Var *x = v_input4(p, "x", batch, h, w, c);
    rng_normal((Key){ 2, 2 }, 0, 0, 0, x->data, x->size);
    t->log_det = v_fill(p, 0, 2, (int[]){ 1, 1 });
    return x;
}

// Any weights.
static void stir(Bench *t, float by) {
    rng_normal((Key){ 1, 1 }, 0, 0, 0, t->s.value, t->s.n_learned);
    for (int i = 0; i < t->s.n_learned; i++) t->s.value[i] *= by;
}

static void finish(Bench *t) {
    program_keep(t->y), program_keep(t->log_det);
    if (t->back) program_keep(t->back);
    ENSURE_SAYING(program_end(&t->p) && scratch_bind(&t->scratch, &t->arena), "%s", error_message());
    program_run(&t->p, 1);
}

static void returns(const Bench *t, double tolerance) {
    for (int i = 0; i < t->x->size; i++) ENSURE_CLOSE(t->back->data[i], t->x->data[i], tolerance);
}

TEST(invertible, "squeezing puts the four pixels of a block side by side, and is undone") {
    Bench t;
    begin(&t);
    t.x = input(&t, &t.p, B, H, W, C);
    t.y = v_squeeze(t.x), t.back = v_unsqueeze(t.y);
    finish(&t);
    for (int i = 0; i < N; i++) {
        int c = i % C, w = i / C % W, h = i / C / W % H, b = i / C / W / H;
        int place = (((b * H / 2 + h / 2) * W / 2 + w / 2) * 4 + h % 2 * 2 + w % 2) * C + c;
        ENSURE(t.y->data[place] == t.x->data[i]);
    }
    returns(&t, 0);
    arena_free(&t.arena);
}

// log|det| of a [n,n], destroyed, by elimination with pivots.
static double log_abs_det(double *a, int n) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
        int best = k;
        for (int i = k; i < n; i++) best = fabs(a[i * n + k]) > fabs(a[best * n + k]) ? i : best;
        for (int j = 0; j < n; j++) { double x = a[k * n + j]; a[k * n + j] = a[best * n + j], a[best * n + j] = x; }
        sum += real_log(fabs(a[k * n + k]));
        for (int i = k + 1; i < n; i++) {
            double f = a[i * n + k] / a[k * n + k];
            for (int j = k; j < n; j++) a[i * n + j] -= f * a[k * n + j];
        }
    }
    return sum;
}

// The rows of the identity go in, so those of W come out.
static void mix_matrix(int n, float noise, double *w, double *log_det) {
    Bench t;
    begin(&t);
    Mix m = mix(&t.s, "mix", n, 3);
    ENSURE(params_alloc(&t.s, 3));
    stir(&t, noise);
    t.x = input(&t, &t.p, n, 1, 1, n);
    for (int i = 0; i < n * n; i++) t.x->data[i] = i / n == i % n;
    t.y = v_mix(&m, t.x, &t.log_det), t.back = v_mix_back(&m, t.y);
    finish(&t);
    returns(&t, 1e-4);
    for (int i = 0; i < n * n; i++) w[i] = (double)t.y->data[i];
    *log_det = (double)t.log_det->data[0];
    arena_free(&t.arena);
}

TEST(invertible, "a 1 x 1 convolution starts orthogonal, is undone, and tells its determinant") {
    static const int size[] = { 2, 4, 7, 24 };
    for (int k = 0; k < 4; k++) {
        int n = size[k];
        double w[24 * 24], log_det;
        check_during("%d channels", n);
        mix_matrix(n, 0, w, &log_det);
        for (int i = 0; i < n * n; i++) {
            double dot = 0;
            for (int j = 0; j < n; j++) dot += w[i / n * n + j] * w[i % n * n + j];
            ENSURE_CLOSE(dot, i / n == i % n, 1e-5);
        }
        ENSURE(log_det == 0);
        mix_matrix(n, .3f, w, &log_det);
        ENSURE_SAYING(fabs(log_det) > .01, "log|det| %g is no test", log_det);
        ENSURE_CLOSE(log_abs_det(w, n), log_det, 1e-4);
    }
}

TEST(invertible, "a 1 x 1 convolution's log-determinant counts every pixel") {
    Bench t;
    begin(&t);
    Mix m = mix(&t.s, "mix", C, 3);
    ENSURE(params_alloc(&t.s, 3));
    float *lu = param_value(m.lu), sum = 0;
    for (int i = 0; i < C; i++) sum += lu[i * C + i] = .1f * (float)(i + 1);
    t.x = input(&t, &t.p, B, H, W, C);
    t.y = v_mix(&m, t.x, &t.log_det), t.back = v_mix_back(&m, t.y);
    finish(&t);
    ENSURE_CLOSE(t.log_det->data[0], H * W * sum, 1e-5);
    returns(&t, 1e-5);
    arena_free(&t.arena);
}

TEST(invertible, "actnorm starts by normalising its batch, also on top of another, and is undone") {
    Bench t;
    begin(&t);
    Actnorm low = actnorm(&t.s, "low", C), top = actnorm(&t.s, "top", C);
    Mix m = mix(&t.s, "mix", C, 3);
    ENSURE(params_alloc(&t.s, 3));
    stir(&t, .3f);
    Var *x = input(&t, &t.q, B, H, W, C);
    t.q.training = true;
    for (int i = 0; i < N; i++) x->data[i] = x->data[i] * (float)(1 + i % C) + (float)(i % C * 10);
    v_actnorm(&top, v_mix(&m, v_actnorm(&low, x, &t.log_det), &t.log_det), &t.log_det);
    ENSURE(program_end(&t.q));
    t.x = input(&t, &t.p, B, H, W, C);
    memcpy(t.x->data, x->data, sizeof(float) * N);
    Var *first = program_keep(v_actnorm(&low, t.x, &t.log_det));
    t.y = v_actnorm(&top, v_mix(&m, first, &t.log_det), &t.log_det);
    t.back = v_actnorm_back(&low, v_mix_back(&m, v_actnorm_back(&top, t.y)));
    program_keep(t.y), program_keep(t.log_det), program_keep(t.back);
    ENSURE(program_end(&t.p) && scratch_bind(&t.scratch, &t.arena));
    program_run(&t.q, 0);
    actnorm_start(&low), actnorm_start(&top);
    program_run(&t.p, 0);
    for (int layer = 0; layer < 2; layer++)
        for (int c = 0; c < C; c++) {
            const float *y = layer ? t.y->data : first->data;
            double mean = 0, square = 0;
            for (int i = c; i < N; i += C) mean += (double)y[i] * C / N, square += (double)y[i] * (double)y[i] * C / N;
            ENSURE_CLOSE(mean, 0, 1e-4);
            ENSURE_CLOSE(square - mean * mean, 1, 1e-4);
        }
    double sum = 0;
    const float *lu = param_value(m.lu);
    for (int c = 0; c < C; c++) sum += (double)param_value(low.log_scale)[c] + (double)param_value(top.log_scale)[c] + (double)lu[c * C + c];
    ENSURE_CLOSE(t.log_det->data[0], H * W * sum, 1e-3);
    ENSURE(!memcmp(t.s.average + low.bias->at, t.s.value + low.bias->at, sizeof(float) * C));
    returns(&t, 1e-3);
    arena_free(&t.arena);
}

// Of both kinds: with hidden layers, and the single convolution.
TEST(invertible, "a coupling starts as the identity, keeps its bound, is undone, and sums its log-scales") {
    for (int hidden = 0; hidden < 9; hidden += 8)
        for (int noisy = 0; noisy < 2; noisy++) {
            Bench t;
            begin(&t);
            Coupling c = coupling(&t.s, "coupling", 1, C - 1, hidden, .5);
            ENSURE(params_alloc(&t.s, 3));
            if (noisy) stir(&t, 1);
            t.x = input(&t, &t.p, B, H, W, C);
            t.y = v_couple(&c, t.x, &t.log_det), t.back = v_couple_back(&c, t.y);
            finish(&t);
            returns(&t, 1e-4);
            for (int i = 0; i < N; i++) ENSURE((i % C && noisy) || t.y->data[i] == t.x->data[i]);
            for (int b = 0; b < B; b++) {
                ENSURE(fabsf(t.log_det->data[b]) <= .5f * H * W * (C - 1));
                ENSURE((t.log_det->data[b] != 0) == noisy);
            }
            arena_free(&t.arena);
        }
}

// --- The model ------------------------------------------------------------------------------------------------------------

enum { SIDE = 4, D = SIDE * SIDE, PICTURES = 32 };

#define TINY "couplings\t2\nchannels\t8\nbatch\t16\n"

// `side` x `side` pictures of 8-bit noise that rises from one corner.
static Lab *lab_of(int side) {
    Lab *lab = lab_new(0);
    static float x[PICTURES * 64];
    rng_uniform((Key){ 1, 1 }, 0, 0, 0, x, PICTURES * side * side);
    for (int i = 0; i < PICTURES * side * side; i++) x[i] = floorf(x[i] * (float)(1 + 254 * (i % (side * side)) / (side * side))) / 255;
    ENSURE(lab_add_rows(lab, "tiny", DATA_IMAGE, (int[]){ side, side, 1 }, 0, (DataRows){ x, NULL, PICTURES }, (DataRows){ 0 }));
    return lab;
}

static Run *new_run(Lab *lab, const char *knobs) {
    Run *run = run_new(lab, "glow", "tiny", 1, knobs);
    ENSURE_SAYING(run, "%s", error_message());
    return run;
}

static void train(Run *run, int steps) {
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run_train(run, steps, mean), "%s", error_message());
}

static void *call(Run *run, const char *verb, Call c, Out *out) {
    if (!c.options) c.options = "";
    ENSURE_SAYING(run_call(run, verb, &c, out), "%s: %s", verb, error_message());
    return out->n ? out_find(out, "data")->data : NULL;
}

static double log_normal(const float *z) {
    double sum = -.5 * D * REAL_LN_2PI;
    for (int i = 0; i < D; i++) sum -= .5 * (double)z[i] * (double)z[i];
    return sum;
}

// The pictures whose codes stand for x with the noise that logProb of seed 9 adds: encode takes the noise to be 1/2.
static void with_noise(const float *x, int n, float *moved) {
    rng_uniform_rows((Key){ 9, STREAM_DEQUANTISE }, 0, 0, moved, n, D);
    for (int i = 0; i < n * D; i++) moved[i] = x[i] + (moved[i] - .5f) / 255;
}

TEST(glow, "untrained it is a rotation: the density is the normal one of the dequantised pixels, and so are the bits") {
    Lab *lab = lab_of(SIDE);
    Run *run = new_run(lab, TINY);
    Out data, out;
    out_init(&data, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(lab, "tiny", 3, 1, "test", &data));
    const float *x = out_find(&data, "data")->data;
    float moved[3 * D], dequantised[D];
    with_noise(x, 3, moved);
    const double *log_p = call(run, "logProb", (Call){ .x = x, .n_x = 3 * D, .options = "seed\t9\n" }, &out);
    for (int r = 0; r < 3; r++) {
        for (int i = 0; i < D; i++) dequantised[i] = (255 * moved[r * D + i] + .5f) / 256;
        for (int i = 0; i < D; i++) ENSURE(dequantised[i] >= 0 && dequantised[i] <= 1);
        ENSURE_CLOSE(log_p[r], log_normal(dequantised), 1e-4);
    }
    call(run, "measure", (Call){ .name = "bits_dim,nll", .options = "n\t32\n" }, &out);
    double nll = atof(strstr(out.json, "\"value\":") + 8), bits = atof(strstr(strstr(out.json, "bits_dim"), "\"value\":") + 8);
    ENSURE_CLOSE(bits, nll / (D * REAL_LN2) + 8, 1e-6);
    out_clear(&data), out_clear(&out);
    lab_free(lab);
}

TEST(glow, "log p is that of the code plus the log-determinant of the numeric Jacobian") {
    enum { ROWS = 4 };
    Lab *lab = lab_of(SIDE);
    Run *run = new_run(lab, TINY "rate\t0.01\n");
    train(run, 30);
    Out data, out;
    out_init(&data, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(lab, "tiny", ROWS, 1, "test", &data));
    float x[ROWS * D], moved[2 * D * D];
    with_noise(out_find(&data, "data")->data, ROWS, x);
    double want[ROWS], jacobian[D * D];
    const float h = 1.f / 4096;
    for (int r = 0; r < ROWS; r++) {
        for (int i = 0; i < 2 * D * D; i++) {                        // row 2j, 2j + 1: pixel j down, up
            int row = i / D;
            moved[i] = x[r * D + i % D] + (row / 2 == i % D ? row % 2 ? h : -h : 0);
        }
        const float *z = call(run, "encode", (Call){ .x = moved, .n_x = 2 * D * D }, &out);
        for (int j = 0; j < D; j++)
            for (int i = 0; i < D; i++) jacobian[j * D + i] = ((double)z[(2 * j + 1) * D + i] - (double)z[2 * j * D + i]) / (2 * (double)h) * 256 / 255;
        want[r] = log_abs_det(jacobian, D);
        z = call(run, "encode", (Call){ .x = x + r * D, .n_x = D }, &out);
        want[r] += log_normal(z);
    }
    const double *log_p = call(run, "logProb", (Call){ .x = out_find(&data, "data")->data, .n_x = ROWS * D, .options = "seed\t9\n" }, &out);
    for (int r = 0; r < ROWS; r++) ENSURE_CLOSE(log_p[r], want[r], .1);
    out_clear(&data), out_clear(&out);
    lab_free(lab);
}

TEST(glow, "decoding undoes encoding") {
    Lab *lab = lab_of(8);
    Run *run = new_run(lab, TINY);
    train(run, 30);
    Out data, out;
    out_init(&data, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(lab, "tiny", 20, 1, "test", &data));
    const float *x = out_find(&data, "data")->data, *back = call(run, "reconstruct", (Call){ .x = x, .n_x = 20 * 64 }, &out);
    for (int i = 0; i < 20 * 64; i++) ENSURE_CLOSE(back[i], x[i], 1e-4);
    out_clear(&data), out_clear(&out);
    lab_free(lab);
}

TEST(glow, "the first step normalises its batch: scales and biases of the first layer are those of its pixels") {
    Lab *lab = lab_of(8);
    Run *run = new_run(lab, TINY "rate\t0.000001\n");
    train(run, 1);
    const Params *s = run->model.store[0];
    ENSURE_SAME(s->param[0]->name, "0.0.norm.log_scale");
    float x[16 * 64];
    data_batch(run->data, 1, 0, 16, x, NULL);
    for (int c = 0; c < 4; c++) {
        double sum = 0, square = 0;
        for (int i = 0; i < 16 * 64; i++) {
            if (i / 8 % 2 * 2 + i % 2 != c) continue;
            double y = (255 * (double)x[i] + .5) / 256;
            sum += y / 256, square += y * y / 256;
        }
        // The noise below the last bit moves both by less than a thousandth.
        double log_scale = -.5 * real_log(square - sum * sum);
        ENSURE_CLOSE(param_value(s->param[0])[c], log_scale, 2e-3);
        ENSURE_CLOSE(param_value(s->param[1])[c], -sum * real_exp(log_scale), 4e-3);
    }
    lab_free(lab);
}

TEST(glow, "temperature scales the code, and a trace goes from the code to the sample") {
    Lab *lab = lab_of(8);
    Run *run = new_run(lab, TINY);
    train(run, 5);
    Out out, cold, way;
    out_init(&out, NULL), out_init(&cold, NULL), out_init(&way, NULL);
    const float *x = call(run, "sample", (Call){ .n = 3, .options = "seed\t4\n" }, &out), *z = out_find(&out, "codes")->data;
    call(run, "sample", (Call){ .n = 3, .options = "seed\t4\ntemperature\t0.5\n" }, &cold);
    for (int i = 0; i < 3 * 64; i++) ENSURE(((float *)out_find(&cold, "codes")->data)[i] == .5f * z[i]);
    const float *frames = call(run, "trace", (Call){ .n = 3, .options = "seed\t4\n" }, &way);
    const int *shape = out_find(&way, "data")->shape;
    ENSURE_EQUAL(shape[0], 2 * 2 + 1);
    for (int i = 0; i < 3 * 64; i++) {
        float shade = .5f + z[i] / 6;
        ENSURE_CLOSE(frames[i], shade < 0 ? 0 : shade > 1 ? 1 : shade, 1e-6);
        ENSURE(frames[4 * 3 * 64 + i] == x[i]);
    }
    out_clear(&out), out_clear(&cold), out_clear(&way);
    lab_free(lab);
}

TEST(glow, "pictures that cannot be halved twice are refused in a sentence") {
    Lab *lab = lab_of(6);
    ENSURE(!run_new(lab, "glow", "tiny", 1, ""));
    ENSURE_SAYING(error_code() == ERROR_BAD_ARGUMENT && strstr(error_message(), "6 x 6") && strstr(error_message(), "multiples of 4"), "%s", error_message());
    lab_free(lab);
}
