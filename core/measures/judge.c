// judge.c -- the judge's network, on the graph engine like any model; see judge.h for what it is.
//
// Loss: -log softmax(logits)[label] = lse(logits) - logits[label], the mean over the batch.
// Pictures of the training half are warped anew each time they are seen: x' samples x at A (p - centre) + centre + shift, bilinear, with A a rotation by up
// to 0.2 rad times a shear of up to 0.2 and scales within 12 %, shift up to 2 pixels; that is worth more than the half that was given away.

#include "measures/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "base/real.h"
#include "graph/optim.h"
#include "io/safetensors.h"
#include "nn/nn.h"

#define FORMAT "genplay-judge"
#define FORMAT_VERSION "1"

enum { BATCH = 64, CHUNK = 50, FLAT = 3 * 3 * 64 };

typedef struct { Var *x, *features, *logits; } Net;

struct Judge {
    Params weights;
    Conv conv[3];
    Linear dense, last;
    Scratch scratch;
    Program read, learn;
    Net reader, learner;
    Var *probabilities, *target, *loss;      // target: one-hot [B,10]
    const Data *data;
    uint32_t seed;
};

// --- The network ------------------------------------------------------------------------------------------------------------------

static void declare(Judge *j, Arena *arena) {
    const double gain = sqrt(2);
    params_begin(&j->weights, "judge", arena);
    j->conv[0] = conv_layer(&j->weights, "conv.0", 5, 1, 16, 1, gain);
    j->conv[1] = conv_layer(&j->weights, "conv.1", 3, 16, 32, 1, gain);
    j->conv[2] = conv_layer(&j->weights, "conv.2", 3, 32, 64, 2, gain);
    j->conv[2].pad = 0;                                               // 7 -> 3
    j->dense = linear(&j->weights, "dense", FLAT, JUDGE_FEATURES, gain);
    j->last = linear(&j->weights, "classes", JUDGE_FEATURES, JUDGE_CLASSES, 1);
}

static Net net_of(const Judge *j, Program *p, int rows) {
    Var *x = v_input(p, "x", rows, JUDGE_PIXELS);
    Var *h = v_reshape4(v_scale(v_offset(x, -.1307f), 1 / .3081f), rows, JUDGE_SIDE, JUDGE_SIDE, 1);      // MNIST's mean and deviation
    h = v_pool(v_relu(v_conv_layer(&j->conv[0], h)), 2);               // [B,14,14,16]
    h = v_pool(v_relu(v_conv_layer(&j->conv[1], h)), 2);               // [B,7,7,32]
    h = v_relu(v_conv_layer(&j->conv[2], h));                          // [B,3,3,64]
    Var *features = v_relu(v_linear(&j->dense, v_reshape2(h, rows, FLAT)));
    return (Net){ .x = x, .features = features, .logits = v_linear(&j->last, features) };
}

static bool build_reader(Judge *j, Arena *arena) {
    program_begin(&j->read, "read", arena, &j->scratch, 0);
    j->read.average = true;
    j->reader = net_of(j, &j->read, CHUNK);
    Var *z = j->reader.logits;
    j->probabilities = program_keep(v_exp(v_sub(z, v_lse(z))));        // [B,10]
    program_keep(j->reader.features);
    return program_end(&j->read);
}

static bool build_learner(Judge *j, Arena *arena) {
    program_begin(&j->learn, "learn", arena, &j->scratch, j->seed);
    j->learner = net_of(j, &j->learn, BATCH);
    Var *z = j->learner.logits;
    j->target = v_input(&j->learn, "target", BATCH, JUDGE_CLASSES);
    j->loss = program_keep(v_mean(v_sub(v_lse(z), v_sum_rows(v_mul(z, j->target)))));
    program_gradient(j->loss, &j->weights);
    return program_end(&j->learn);
}

bool judge_reads(const Data *d) {
    const int *s = d->def.shape;
    return d->def.kind == DATA_IMAGE && s[0] == JUDGE_SIDE && s[1] == JUDGE_SIDE && s[2] == 1 && d->def.classes == JUDGE_CLASSES;
}

void judge_read(Judge *j, const float *x, int n, float *probabilities, float *features) {
    for (int first = 0; first < n; first += CHUNK) {
        int rows = n - first < CHUNK ? n - first : CHUNK;
        Var *in = j->reader.x;
        memset(in->data, 0, sizeof(float) * CHUNK * JUDGE_PIXELS);
        memcpy(in->data, x + (size_t)first * JUDGE_PIXELS, sizeof(float) * (size_t)rows * JUDGE_PIXELS);
        program_run(&j->read, 0);
        if (probabilities) memcpy(probabilities + (size_t)first * JUDGE_CLASSES, j->probabilities->data, sizeof(float) * (size_t)rows * JUDGE_CLASSES);
        if (features) memcpy(features + (size_t)first * JUDGE_FEATURES, j->reader.features->data, sizeof(float) * (size_t)rows * JUDGE_FEATURES);
    }
}

// --- Training -----------------------------------------------------------------------------------------------------------------------

Judge *judge_new(const Data *d, uint32_t seed, Arena *arena) {
    Judge *j = arena_new(arena, Judge, 1);
    if (!j) return NULL;
    j->data = d, j->seed = seed;
    declare(j, arena);
    bool ok = params_alloc(&j->weights, seed) && build_reader(j, arena) && build_learner(j, arena) && scratch_bind(&j->scratch, arena);
    return ok ? j : NULL;
}

uint32_t judge_half(const Data *d, uint32_t i) {
    return rng_permute((Key){ 0, STREAM_MEASURE }, 0, (uint32_t)d->n[SPLIT_TRAIN], i);
}

static float pixel(const uint8_t *image, int x, int y) {
    return x < 0 || y < 0 || x >= JUDGE_SIDE || y >= JUDGE_SIDE ? 0 : (float)image[y * JUDGE_SIDE + x] / 255.f;
}

static void warp(Rng *r, const uint8_t *image, float *out) {
    double u[6];
    for (int i = 0; i < 6; i++) u[i] = 2 * rng_u(r) - 1;
    double c = real_cos(.2 * u[0]), s = real_sin(.2 * u[0]), shear = .2 * u[1], sx = 1 + .12 * u[2], sy = 1 + .12 * u[3];
    double xx = sx * c, xy = sx * (shear * c - s), yx = sy * s, yy = sy * (shear * s + c), middle = (JUDGE_SIDE - 1) / 2.;
    for (int row = 0; row < JUDGE_SIDE; row++) {
        for (int col = 0; col < JUDGE_SIDE; col++) {
            double dx = col - middle, dy = row - middle;
            double x = xx * dx + xy * dy + middle + 2 * u[4], y = yx * dx + yy * dy + middle + 2 * u[5];
            int x0 = (int)floor(x), y0 = (int)floor(y);
            float fx = (float)(x - x0), fy = (float)(y - y0);
            *out++ = (1 - fy) * ((1 - fx) * pixel(image, x0, y0) + fx * pixel(image, x0 + 1, y0)) +
                     fy * ((1 - fx) * pixel(image, x0, y0 + 1) + fx * pixel(image, x0 + 1, y0 + 1));
        }
    }
}

static void fill_batch(Judge *j, uint64_t step) {
    const Data *d = j->data;
    uint32_t half = (uint32_t)d->n[SPLIT_TRAIN] / 2;
    half = half ? half : 1;
    memset(j->target->data, 0, sizeof(float) * BATCH * JUDGE_CLASSES);
    for (uint32_t i = 0; i < BATCH; i++) {
        uint64_t at = step * BATCH + i;
        uint32_t row = judge_half(d, rng_permute((Key){ j->seed, STREAM_BATCH }, at / half, half, (uint32_t)(at % half)));
        Rng r = rng_at((Key){ j->seed, STREAM_TRAIN }, i, step);
        warp(&r, d->pixels[SPLIT_TRAIN] + (size_t)row * JUDGE_PIXELS, j->learner.x->data + (size_t)i * JUDGE_PIXELS);
        j->target->data[i * JUDGE_CLASSES + d->labels[SPLIT_TRAIN][row]] = 1;
    }
}

bool judge_train(Judge *j, uint64_t step, uint64_t steps, double *loss) {
    double left = 1 - (double)step / (double)steps;
    Optimizer o = { .kind = OPTIM_ADAM, .rate = 3e-3 * left, .beta1 = .9, .beta2 = .99, .epsilon = 1e-8, .decay = 1e-2, .clip = 5, .average = .995 };
    fill_batch(j, step);
    program_run(&j->learn, step);
    *loss = (double)j->loss->data[0];
    return (isfinite(*loss) && optimizer_step(&o, &j->weights)) ||
           fail(ERROR_DIVERGED, "judge: step %llu is not finite", (unsigned long long)step + 1);
}

// --- Its file -----------------------------------------------------------------------------------------------------------------------

uint8_t *judge_save(const Judge *j, uint64_t steps, Arena *arena, size_t *size) {
    Tensor tensor[16];
    char seed[32], step[32];
    number_text(j->seed, seed);
    number_text((double)steps, step);
    const Params *s = &j->weights;
    for (int i = 0; i < s->n; i++) {
        const Param *p = s->param[i];
        tensor[i] = (Tensor){ .name = p->name, .type = TENSOR_F16, .rank = p->rank, .data = s->average + p->at, .from_f32 = true };
        for (int k = 0; k < p->rank; k++) tensor[i].shape[k] = p->dim[k];
    }
    const Metadata told[] = {
        { "format", FORMAT }, { "format_version", FORMAT_VERSION }, { "data", j->data->def.id }, { "data_sha256", j->data->sha256 },
        { "seed", seed }, { "step", step },
    };
    return safetensors_write(told, (int)(sizeof told / sizeof *told), tensor, s->n, arena, size);
}

static bool read_weights(Judge *j, const Safetensors *s) {
    const char *format = safetensors_metadata(s, "format"), *version = safetensors_metadata(s, "format_version");
    if (!format || !version || strcmp(format, FORMAT) || strcmp(version, FORMAT_VERSION))
        return fail(ERROR_BAD_FILE, "judge: the file is '%.30s'; accepted: %s version %s, such as pretrained/judge.safetensors", format ? format : "of no named format", FORMAT, FORMAT_VERSION);
    for (int i = 0; i < j->weights.n; i++) {
        const Param *p = j->weights.param[i];
        float *to = j->weights.value + p->at;
        if (!tensor_copy(safetensors_find(s, p->name), p->name, TENSOR_F32, p->size, to)) return false;
        for (int k = 0; k < p->size; k++)
            if (!isfinite(to[k])) return fail(ERROR_BAD_FILE, "judge: %s holds a number that is not finite", p->name);
        memcpy(j->weights.average + p->at, to, sizeof(float) * (size_t)p->size);
    }
    return true;
}

Judge *judge_load(const uint8_t *bytes, size_t size, Arena *arena) {
    Judge *j = arena_new(arena, Judge, 1);
    if (!j) return NULL;
    declare(j, arena);
    Safetensors s;
    bool ok = params_alloc(&j->weights, 0) && build_reader(j, arena) && scratch_bind(&j->scratch, arena) &&
              safetensors_parse(bytes, size, &s, arena) && read_weights(j, &s);
    return ok ? j : NULL;
}
