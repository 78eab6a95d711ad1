// glow.c -- Glow: an invertible network on pictures with an exact density.  Kingma and Dhariwal 2018, arXiv:1807.03039.
//
// From data to code (figure 2b): squeeze, `couplings` steps of actnorm - 1x1 convolution - affine coupling, and half of the channels leave;
// then the same with the other half.  What leaves is first made N(0, I) given what stays, by one more coupling (the paper's learned prior of
// split parts); last, every number has a scale and a shift of its own (a learned prior, too: pictures differ in their middle, hardly at
// their border).  So the code z of all numbers is N(0, I) and
//     log p(x') = log N(z; 0, I) + log|det dz/dx'|.
// Codes keep the picture's layout: each latent stands at the pixels that it was made from, so every state of the way is a picture, too.
//
// Pixels have 256 levels; a density of those numbers could grow without end.  So x' = (255 x + u) / 256 with u ~ U[0,1) has the density
// (Theis et al. 2016, arXiv:1511.01844, section 3.1), and bits per dimension = -log p / (D ln 2) + 8 bound the code length of the 8-bit
// picture from above.  Training lowers the mean of those bits.  Codes of given pictures take u = 1/2.

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "base/rng.h"
#include "models/model.h"
#include "nn/invertible.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, COUPLINGS, CHANNELS, BOUND };
enum { LEVELS = 2, COUPLINGS_MAX = 12, STATES_MAX = LEVELS * COUPLINGS_MAX + 1 };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(32, 32),
    [RATE] = KNOB_RATE(2e-3, 2e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(10000, 10000),
    [AVERAGE] = KNOB_AVERAGE(.998, .998),
    [COUPLINGS] = { .key = "couplings", .title = "Steps per level", .type = KNOB_INTEGER, .points = 4, .image = 4, .min = 1, .max = COUPLINGS_MAX,
                    .group = "Network", .help = "How many times each of the two levels normalises, mixes and couples channels (K of the paper)." },
    [CHANNELS] = { .key = "channels", .title = "Channels", .type = KNOB_INTEGER, .points = 64, .image = 64, .min = 4, .max = 256, .scale = SCALE_LOG,
                   .group = "Network", .help = "Hidden channels of the convolutions that compute scales and shifts." },
    [BOUND] = { .key = "bound", .title = "Bound of log-scale", .type = KNOB_NUMBER, .points = 2, .image = 2, .min = .1, .max = 5,
                .group = "Network", .help = "A coupling stretches or shrinks by at most e^bound, so training cannot explode." },
    KNOBS_END,
};

typedef struct { Actnorm norm; Mix mix; Coupling coupling; } FlowStep;
typedef struct { FlowStep step[COUPLINGS_MAX]; Coupling split; } Level;    // split: of what leaves, on all levels but the last

typedef struct {
    Params weights;
    int n;                               // steps per level
    Level level[LEVELS];
    Param *log_scale, *bias;             // of each number of the code, [1,D]
    Program start, learn, density, draw;
    Var *sx, *x, *loss;                  // start: a batch that normalises; learn: a batch, and bits per dimension
    Var *dx, *dz, *dlog;                 // density: x' in, code and log-density out
    Var *code, *state[STATES_MAX];       // draw: code in, the picture after each step (0: the code itself)
    int n_states;
} Glow;

// --- The network ----------------------------------------------------------------------------------------------------------------

// Layer `part` of step k of level l.
static const char *name_of(int l, int k, const char *part) {
    static char name[40];
    snprintf(name, sizeof name, "%d.%d.%s", l, k, part);
    return name;
}

static void declare_step(Model *m, int l, int k, int c) {
    Glow *v = m->self;
    FlowStep *s = &v->level[l].step[k];
    s->norm = actnorm(&v->weights, name_of(l, k, "norm"), c);
    s->mix = mix(&v->weights, name_of(l, k, "mix"), c, m->seed);
    s->coupling = coupling(&v->weights, name_of(l, k, "coupling"), c / 2, c / 2, (int)m->knob[CHANNELS], m->knob[BOUND]);
}

static void declare(Model *m) {
    Glow *v = m->self;
    for (int l = 0, c = m->data->def.shape[2] * 4; l < LEVELS; l++, c *= 2) {
        for (int k = 0; k < v->n; k++) declare_step(m, l, k, c);
        if (l + 1 < LEVELS) v->level[l].split = coupling(&v->weights, name_of(l, v->n, "split"), c / 2, c / 2, 0, m->knob[BOUND]);
    }
    v->log_scale = params_add(&v->weights, "prior.log_scale", INIT_ZERO, 0, 2, (int[]){ 1, m->dim });
    v->bias = params_add(&v->weights, "prior.bias", INIT_ZERO, 0, 2, (int[]){ 1, m->dim });
}

// Level l and those above, x and the result [B,h,w,c].
static Var *ascend(Glow *v, int l, Var *x, Var **log_det) {
    x = v_squeeze(x);
    for (int k = 0; k < v->n; k++) {
        FlowStep *s = &v->level[l].step[k];
        x = v_couple(&s->coupling, v_mix(&s->mix, v_actnorm(&s->norm, x, log_det), log_det), log_det);
    }
    if (l + 1 < LEVELS) {
        int half = x->dim[3] / 2;
        x = v_couple(&v->level[l].split, x, log_det);
        x = v_concat(ascend(v, l + 1, v_slice(x, 3, 0, half), log_det), v_slice(x, 3, half, half), 3);
    }
    return v_unsqueeze(x);
}

// From x' [B,D] to the code [B,D]; log_p [B,1] is log p(x').
static Var *to_code(Model *m, Var *x, Var **log_p) {
    Glow *v = m->self;
    const int *shape = m->data->def.shape;
    Var *log_det = v_fill(x->p, 0, 2, (int[]){ 1, 1 }), *log_scale = v_param(x->p, v->log_scale);
    Var *z = v_reshape2(ascend(v, 0, v_reshape4(x, x->dim[0], shape[0], shape[1], shape[2]), &log_det), x->dim[0], m->dim);
    z = v_add(v_mul(z, v_exp(log_scale)), v_param(x->p, v->bias));
    Var *normal = v_offset(v_scale(v_sum_rows(v_square(z)), -.5f), (float)(-.5 * m->dim * REAL_LN_2PI));
    *log_p = v_add(v_add(normal, log_det), v_sum(log_scale));
    return z;
}

// Keeps the whole picture while level l is at x: what left below stands beside it.
static void keep_state(Model *m, Var *const *left, int l, Var *x) {
    Glow *v = m->self;
    for (; l > 0; l--) x = v_concat(v_unsqueeze(x), left[l - 1], 3);
    v->state[v->n_states++] = program_keep(v_reshape2(v_unsqueeze(x), x->dim[0], m->dim));
}

static void to_data(Model *m, Var *z) {
    Glow *v = m->self;
    const int *shape = m->data->def.shape;
    v->state[v->n_states++] = z;
    z = v_mul(v_sub(z, v_param(z->p, v->bias)), v_exp(v_neg(v_param(z->p, v->log_scale))));
    Var *left[LEVELS], *x = v_squeeze(v_reshape4(z, z->dim[0], shape[0], shape[1], shape[2]));
    for (int l = 0; l + 1 < LEVELS; l++) {
        int half = x->dim[3] / 2;
        left[l] = v_slice(x, 3, half, half);
        x = v_squeeze(v_slice(x, 3, 0, half));
    }
    for (int l = LEVELS - 1; l >= 0; l--) {
        if (l + 1 < LEVELS) x = v_couple_back(&v->level[l].split, v_concat(v_unsqueeze(x), left[l], 3));
        for (int k = v->n - 1; k >= 0; k--) {
            const FlowStep *s = &v->level[l].step[k];
            x = v_actnorm_back(&s->norm, v_mix_back(&s->mix, v_couple_back(&s->coupling, x)));
            keep_state(m, left, l, x);
        }
    }
}

// --- Building and training --------------------------------------------------------------------------------------------------------

// x' of pixels x with the program's own u.
static Var *dequantise(Var *x) { return v_scale(v_add(v_scale(x, 255), v_rand(x->p, x->dim[0], x->dim[1])), 1.f / 256); }

static bool build_training(Model *m) {
    Glow *v = m->self;
    Var *log_p;
    model_program(m, &v->start, "start");
    v->start.training = true;
    v->sx = v_input(&v->start, "x", m->batch, m->dim);
    to_code(m, dequantise(v->sx), &log_p);
    if (!program_end(&v->start)) return false;

    model_program(m, &v->learn, "learn");
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    to_code(m, dequantise(v->x), &log_p);
    v->loss = program_keep(v_offset(v_scale(v_mean(log_p), (float)(-1 / (m->dim * REAL_LN2))), 8));
    program_gradient(v->loss, &v->weights);
    return program_end(&v->learn);
}

static bool build_use(Model *m) {
    Glow *v = m->self;
    Var *log_p;
    model_program(m, &v->density, "density");
    v->density.average = true;
    v->dx = v_input(&v->density, "x", m->chunk, m->dim);
    v->dz = program_keep(to_code(m, v->dx, &log_p));
    v->dlog = program_keep(log_p);
    if (!program_end(&v->density)) return false;

    model_program(m, &v->draw, "draw");
    v->draw.average = true;
    v->code = v_input(&v->draw, "z", m->chunk, m->dim);
    to_data(m, v->code);
    return program_end(&v->draw);
}

static bool build(Model *m) {
    Glow *v = m->self;
    const int *shape = m->data->def.shape, unit = 1 << LEVELS;
    if (shape[0] % unit || shape[1] % unit || shape[2] * 2 << LEVELS > MIX_MAX)
        return fail(ERROR_BAD_ARGUMENT, "data: glow halves pictures %d times, and these are %d x %d x %d; accepted: sides that are multiples of %d, at most %d channels",
                    LEVELS, shape[0], shape[1], shape[2], unit, MIX_MAX >> (LEVELS + 1));
    v->n = (int)m->knob[COUPLINGS];
    m->chunk = 16;                                                       // a convolution's cost is per picture: few rows waste little
    m->code_dim = m->dim;
    model_store(m, &v->weights, "flow");
    declare(m);
    return params_alloc(&v->weights, m->seed) && build_training(m) && build_use(m);
}

// Every actnorm normalises the first batch.
static void start(Model *m) {
    Glow *v = m->self;
    model_batch(m, 0, v->sx, NULL);
    program_run(&v->start, 0);
    for (int l = 0; l < LEVELS; l++)
        for (int k = 0; k < v->n; k++) actnorm_start(&v->level[l].step[k].norm);
}

static bool train(Model *m) {
    Glow *v = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8, .clip = 1, .average = m->knob[AVERAGE] };
    if (m->step == 0) start(m);
    model_batch(m, m->step, v->x, NULL);
    if (!model_update(m, &v->learn, v->loss, &v->weights, &o, m->step)) return false;
    m->loss[0] = (double)v->loss->data[0];
    return true;
}

// --- Verbs ------------------------------------------------------------------------------------------------------------------------

// n pictures x [n, D] and the u of each number into the density's input, which holds 0 beyond.
static void run_density(Model *m, int n, const float *x, const float *u) {
    Glow *v = m->self;
    model_fill(v->dx, x, n);
    for (int i = 0; i < n * m->dim; i++) v->dx->data[i] = (255 * x[i] + (u ? u[i] : .5f)) / 256;
    program_run(&v->density, 0);
}

static bool encode(Model *m, int n, const float *x, float *codes) {
    const Glow *v = m->self;
    run_density(m, n, x, NULL);
    memcpy(codes, v->dz->data, sizeof(float) * (size_t)(n * m->dim));
    return true;
}

static bool log_prob(Model *m, uint32_t seed, uint32_t first, int n, const float *x, double *out) {
    const Glow *v = m->self;
    ArenaMark mark = arena_mark(m->arena);
    float *u = arena_new(m->arena, float, n * m->dim);
    bool ok = u != NULL;
    if (ok) {
        rng_uniform_rows((Key){ seed, STREAM_DEQUANTISE }, first, 0, u, n, m->dim);
        run_density(m, n, x, u);
        for (int i = 0; i < n; i++) out[i] = (double)v->dlog->data[i];
    }
    arena_release(m->arena, mark);
    return ok;
}

static void run_draw(Model *m, int n, const float *codes) {
    Glow *v = m->self;
    model_fill(v->code, codes, n);
    program_run(&v->draw, 0);
}

static float in_range(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

// The middle of the level that x' lies in would be (256 x' - 1/2) / 255 rounded; without rounding it undoes encode.
static void to_pixels(const float *from, int n, float *x) {
    for (int i = 0; i < n; i++) x[i] = in_range((256 * from[i] - .5f) / 255);
}

// Codes and all states but the last are about N(0, 1): three standard deviations make black and white.
static void to_shades(const float *from, int n, float *x) {
    for (int i = 0; i < n; i++) x[i] = in_range(.5f + from[i] / 6);
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    const Glow *v = m->self;
    run_draw(m, n, codes);
    to_pixels(v->state[v->n_states - 1]->data, n * m->dim, x);
    return true;
}

static void draw_codes(const Model *m, const Draw *d, uint32_t first, int n, float *codes) {
    model_codes(m, d, first, n, codes);
    for (int i = 0; i < n * m->dim; i++) codes[i] *= (float)d->temperature;
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    draw_codes(m, d, first, n, codes);
    return decode(m, n, codes, x);
}

// One frame per step of the way, the code first.
static int trace_times(const Model *m, const Draw *d, float *time) {
    const Glow *v = m->self;
    int frames = d->frames && d->frames < v->n_states ? d->frames : v->n_states;
    for (int f = 0; f < frames; f++) time[f] = (float)(f * (v->n_states - 1) / (frames > 1 ? frames - 1 : 1));
    return frames;
}

static bool trace(Model *m, const Draw *d, uint32_t first, int n, const Trace *t) {
    const Glow *v = m->self;
    float time[STATES_MAX];
    trace_times(m, d, time);
    draw_codes(m, d, first, n, t->data);
    run_draw(m, n, t->data);
    for (int f = 0; f < t->frames; f++) {
        int k = (int)time[f];
        (k == v->n_states - 1 ? to_pixels : to_shades)(v->state[k]->data, n * m->dim, t->data + (size_t)f * t->stride);
    }
    return true;
}

const ModelDef model_glow = {
    .id = "glow", .title = "Glow", .family = "Flows", .paper = "arXiv:1807.03039",
    .summary = "An invertible network of convolutions that turns Gaussian noise into pictures and knows the exact density of every picture.",
    .about =
        "Glow turns a picture of pure noise into a picture of something by steps that can all be undone. Each step rescales its channels, mixes them by an invertible "
        "matrix, and lets a small convolutional network read half of them to say how the other half is scaled and shifted. Halfway, half of the numbers are done and the "
        "rest goes on at a coarser scale.\n\n"
        "## Loss\n\n"
        "The density of a picture is exact: $$\\log p(x) = \\log \\mathcal N(z;0,I) + \\log\\left|\\det \\frac{\\partial z}{\\partial x}\\right|,\\qquad z = f(x)$$ "
        "and every step tells its part of the determinant: $h w \\sum_c \\log |s_c|$ for a rescaling or a mixing $W = R\\,L\\,(U + \\mathrm{diag}(s))$, the sum of all log-scales "
        "for a coupling. Pixels are whole numbers from 0 to 255, so noise below their last bit is added, and the loss is what one number of the picture costs: "
        "$-\\log_2 p(x) / D + 8$ bits.\n\n"
        "## What to watch\n\n"
        "The bits fall fast while the network learns that the border is always black, then slowly for every stroke. In the layer view, follow how noise becomes a picture: "
        "first at the coarse level, where half of the pixels stay noise, then everywhere.\n\n"
        "## What goes wrong\n\n"
        "A good density is no promise of good samples: a few steps per level give texture without shape. A learning rate too high makes the loss jump.\n\n"
        "## What to try\n\n"
        "Lower the temperature to 0.7 when sampling: pictures become smoother and less varied. Interpolate between the codes of two pictures.",
    .knobs = knobs,
    .image = CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_LOG_PROB | CAN_TRACE,
    .loss = { { "bits", "Bits per dimension", "Mean bits that a number of the batch's pictures costs, their 8-bit steps included." } },
    .views = { "samples", "trace", "latent", "attributes" },
    .two_updates = true, .dequantises = true,
    .size = sizeof(Glow),
    .build = build, .train = train, .sample = sample, .encode = encode, .decode = decode, .log_prob = log_prob,
    .trace_times = trace_times, .trace = trace,
};
