// ddpm.c -- denoising diffusion.  Ho, Jain and Abbeel 2020, arXiv:2006.11239; DDIM: Song, Meng and Ermon 2021, arXiv:2010.02502.
//
// Forward: x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, t = 1..T.  A network F guesses eps from (x_t, t) as
//     eps_hat = sqrt(1 - abar_t) x_t + sqrt(abar_t) F(x_t, t),   so F guesses the velocity v = sqrt(abar_t) eps - sqrt(1 - abar_t) x_0
// (Salimans and Ho 2022, arXiv:2202.00512, section 4): in pure noise eps_hat is x_t and x0_hat is -F, neither needs a division by almost 0.
// Training lowers, t stratified over the batch, the mean over numbers, one of
//     noise     E |eps - eps_hat|^2    (eq. 14)
//     velocity  E |v - F|^2 = E |eps - eps_hat|^2 / abar_t
// Sampling walks from x_T ~ N(0,I) through S <= T times (respaced).  From t to s < t, with a = abar_t / abar_s, b = 1 - a:
//     ancestral  x_s = (x_t - b / sqrt(1 - abar_t) eps_hat) / sqrt(a) + sigma z,  sigma^2 = (1 - abar_s)/(1 - abar_t) b,  no z at s = 0   (algorithm 2)
//     DDIM       x_s = sqrt(abar_s) x0_hat + sqrt(1 - abar_s) eps_hat,  x0_hat = (x_t - sqrt(1 - abar_t) eps_hat) / sqrt(abar_t)        (eq. 12)
// x0_hat is clamped to where data can be: [-1,1] for pictures, 1.2 times the furthest of 4096 examples for points.  At high noise a small error of
// eps_hat is a large one of x0_hat, and an untrained network would throw its samples out of sight.  Samples use the moving average of the weights.
//
// Inpainting (Lugmayr et al. 2022, arXiv:2201.09865, algorithm 1): after every step what is given stands in x_s as the forward process would have it,
// sqrt(abar_s) x_0 + sqrt(1 - abar_s) eps (eq. 8).  A step that starts from there knows little of how the rest was made, so every step is taken several
// times: x_s is noised again, x_t = sqrt(a) x_s + sqrt(b) z, in between.

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "models/diffusion/schedule.h"
#include "models/model.h"
#include "nn/nn.h"
#include "nn/unet.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, STEPS, SCHEDULE, FIRST, LAST, WEIGHT, ARCH, HIDDEN, LAYERS, ACTIVATION, CHANNELS, BLOCKS };
enum { WEIGHT_NOISE, WEIGHT_VELOCITY };
enum { ARCH_MLP, ARCH_CONV };
enum { FEATURES = 32, STEPS_MAX = 1000 };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(256, 16),
    [RATE] = KNOB_RATE(2e-3, 4e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(5000, 2000),
    [AVERAGE] = KNOB_AVERAGE(.998, .9993),
    [STEPS] = { .key = "steps", .title = "Diffusion steps T", .type = KNOB_INTEGER, .points = 100, .image = 1000, .min = 2, .max = STEPS_MAX, .scale = SCALE_LOG,
                .group = "Diffusion", .help = "Steps from data to noise. Sampling may take fewer (respaced)." },
    [SCHEDULE] = { .key = "schedule", .title = "Noise schedule", .type = KNOB_CHOICE, .choices = SCHEDULE_CHOICES, .points = SCHEDULE_COSINE, .image = SCHEDULE_COSINE,
                   .group = "Diffusion", .help = "How fast the noise grows: linear β (Ho et al. 2020, rescaled to T steps), cosine (Nichol and Dhariwal 2021, clipped), or "
                   "the linear β unscaled, which with few steps do not reach noise." },
    [FIRST] = { .key = "betaFirst", .title = "First β", .points = 1e-4, .image = 1e-4, .min = 1e-6, .max = .1, .scale = SCALE_LOG,
                .group = "Diffusion", .help = "Variance of the noise that the first step adds, by the linear schedules; the cosine has its own." },
    [LAST] = { .key = "betaLast", .title = "Last β", .points = .02, .image = .02, .min = 1e-4, .max = .5, .scale = SCALE_LOG,
               .group = "Diffusion", .help = "Variance of the noise that the last step adds, by the linear schedules; the cosine has its own." },
    [WEIGHT] = { .key = "weight", .title = "Loss weight", .type = KNOB_CHOICE, .choices = "noise|velocity", .points = WEIGHT_NOISE, .image = WEIGHT_VELOCITY,
                 .group = "Diffusion", .help = "What training lowers: the error of the noise (Ho et al. 2020), or that of the velocity √ᾱ ε − √(1−ᾱ) x₀ (Salimans and Ho 2022), "
                 "which cares more for the noisiest examples, where the whole shape is decided." },
    [ARCH] = { .key = "arch", .title = "Network", .type = KNOB_CHOICE, .choices = "mlp|conv", .points = ARCH_MLP, .image = ARCH_CONV, .group = "Network",
               .help = "Fully connected, or (pictures) a small U-Net: convolutions, and attention at the lowest resolution." },
    [HIDDEN] = KNOB_HIDDEN(128, 512),
    [LAYERS] = KNOB_LAYERS(3, 3),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_SILU, ACT_SILU),
    [CHANNELS] = { .key = "channels", .title = "Channels", .type = KNOB_INTEGER, .points = 32, .image = 32, .min = 4, .max = 128, .scale = SCALE_LOG,
                   .group = "Network", .help = "Width of the convolutional network at its higher resolution; twice that at the lower." },
    [BLOCKS] = { .key = "blocks", .title = "Inner blocks", .type = KNOB_INTEGER, .points = 2, .image = 2, .min = 1, .max = UNET_BLOCKS_MAX, .group = "Network",
                 .help = "Residual blocks at the lower resolution of the convolutional network." },
    KNOBS_END,
};

typedef struct {
    Params weights;
    bool conv;
    Mlp mlp;
    UNet net;
    int T;
    double bar[STEPS_MAX + 1];               // abar_t
    float reach;                             // |x0_hat| is clamped to it
    float *features;                         // [T+1, FEATURES]
    Program learn, guess;
    Var *x, *t, *signal, *noise, *loss, *on_noise;      // learn: data, time features, sqrt(abar), sqrt(1 - abar) [B,1]
    Var *gx, *gt, *gsignal, *gnoise, *eps;   // guess: the same, x_t given; eps_hat out
} Ddpm;

// F [B,D] from x_t [B,D] and time features [B,FEATURES].
static Var *network(Model *m, Var *x, Var *t) {
    const Ddpm *v = m->self;
    if (!v->conv) return v_mlp(&v->mlp, v_concat(x, t, 1));
    const int *s = m->data->def.shape;
    return v_reshape2(v_unet(&v->net, v_reshape4(x, x->dim[0], s[0], s[1], s[2]), t), x->dim[0], m->dim);
}

static bool build_net(Model *m) {
    Ddpm *v = m->self;
    v->conv = m->knob[ARCH] == ARCH_CONV;
    if (v->conv && !m->image) return fail(ERROR_BAD_ARGUMENT, "ddpm: arch was conv; points accept: mlp");
    const int *s = m->data->def.shape;
    if (v->conv && (s[0] % 4 || s[1] % 4))
        return fail(ERROR_BAD_ARGUMENT, "ddpm: arch was conv; pictures of %d x %d accept: mlp (conv needs multiples of 4)", s[0], s[1]);
    model_store(m, &v->weights, "denoiser");
    if (v->conv) v->net = unet(&v->weights, "net", s[2], (int)m->knob[CHANNELS], (int)m->knob[BLOCKS], FEATURES);
    else v->mlp = mlp(&v->weights, "net", m->dim + FEATURES, (int)m->knob[HIDDEN], (int)m->knob[LAYERS], m->dim, (Activation)m->knob[ACTIVATION], 0);
    return params_alloc(&v->weights, m->seed);
}

static float reach_of(Model *m) {
    enum { EXAMPLES = 4096 };
    if (m->image) return 1;
    float x[EXAMPLES * 2], most = 0;
    data_draw(m->data, SPLIT_TRAIN, 0, 0, EXAMPLES, x, NULL);
    for (int i = 0; i < 2 * EXAMPLES; i++) {
        float unit = (float)fabs(((double)x[i] - m->data->mean[i & 1]) / m->data->std[i & 1]);
        if (unit > most) most = unit;
    }
    return 1.2f * most + .1f;
}

static bool build(Model *m) {
    Ddpm *v = m->self;
    v->reach = reach_of(m);
    if (m->knob[ARCH] == ARCH_CONV) m->chunk = 8;                                  // a convolution's cost is per picture: few rows waste little
    v->T = (int)m->knob[STEPS];
    schedule_fill((ScheduleKind)m->knob[SCHEDULE], m->knob[FIRST], m->knob[LAST], v->T, v->bar);
    if (!(v->features = arena_new(m->arena, float, (v->T + 1) * FEATURES)) || !build_net(m)) return false;
    for (int t = 0; t <= v->T; t++) time_features((double)t / v->T, 1000, FEATURES, v->features + t * FEATURES);
    m->code_dim = m->dim;

    model_program(m, &v->learn, "learn");
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    v->t = v_input(&v->learn, "t", m->batch, FEATURES);
    v->signal = v_input(&v->learn, "signal", m->batch, 1);
    v->noise = v_input(&v->learn, "noise", m->batch, 1);
    Var *x0 = m->image ? v_offset(v_scale(v->x, 2), -1) : v->x, *eps = v_randn(&v->learn, m->batch, m->dim);
    Var *xt = v_add(v_mul(x0, v->signal), v_mul(eps, v->noise));                  // [B,D]
    Var *target = v_sub(v_mul(eps, v->signal), v_mul(x0, v->noise));              // v; eps - eps_hat = sqrt(abar) (v - F)
    Var *error = v_sub(target, network(m, xt, v->t)), *on_noise = v_mean(v_square(v_mul(error, v->signal)));
    v->on_noise = program_keep(on_noise);
    v->loss = program_keep(m->knob[WEIGHT] == WEIGHT_VELOCITY ? v_mean(v_square(error)) : on_noise);
    program_gradient(v->loss, &v->weights);
    if (!program_end(&v->learn)) return false;

    model_program(m, &v->guess, "guess");
    v->guess.average = true;
    v->gx = v_input(&v->guess, "x", m->chunk, m->dim);
    v->gt = v_input(&v->guess, "t", m->chunk, FEATURES);
    v->gsignal = v_input(&v->guess, "signal", m->chunk, 1);
    v->gnoise = v_input(&v->guess, "noise", m->chunk, 1);
    v->eps = program_keep(v_add(v_mul(v->gx, v->gnoise), v_mul(network(m, v->gx, v->gt), v->gsignal)));
    return program_end(&v->guess);
}

static bool train(Model *m) {
    Ddpm *v = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .99, .epsilon = 1e-8, .clip = 1, .average = m->knob[AVERAGE] };
    model_batch(m, m->step, v->x, NULL);
    for (int i = 0; i < m->batch; i++) {
        Rng r = rng_at((Key){ m->seed, STREAM_TRAIN + 0xFFFF }, (uint32_t)i, m->step);
        int t = 1 + (int)((i + rng_u(&r)) / m->batch * v->T);
        t = t > v->T ? v->T : t;
        memcpy(v->t->data + i * FEATURES, v->features + t * FEATURES, sizeof(float) * FEATURES);
        v->signal->data[i] = (float)sqrt(v->bar[t]);
        v->noise->data[i] = (float)sqrt(1 - v->bar[t]);
    }
    if (!model_update(m, &v->learn, v->loss, &v->weights, &o, m->step)) return false;
    m->loss[0] = (double)v->loss->data[0];
    m->loss[1] = (double)v->on_noise->data[0];
    return true;
}

// --- Sampling ---------------------------------------------------------------------------------------------------------------

// One walk of n rows.  Unless told otherwise it is ancestral, through every time for points and PICTURE_STEPS of them for pictures; a shorter one
// is DDIM, which loses less by long steps.
enum { PICTURE_STEPS = 250 };
typedef struct {
    Model *m;
    int n, steps;
    bool ddim;
    double temperature;
    uint32_t seed, first;
    uint64_t round;                          // how often the step was taken before; each time has noise of its own
    int time[STEPS_MAX + 1];
} Walk;

static Walk walk_of(Model *m, const Draw *d, uint32_t first, int n) {
    const Ddpm *v = m->self;
    Walk w = { .m = m, .n = n, .temperature = d->temperature, .seed = d->seed, .first = first };
    int usual = m->image && v->T > PICTURE_STEPS ? PICTURE_STEPS : v->T;
    w.steps = d->steps ? d->steps : usual;
    if (w.steps > v->T) w.steps = v->T;
    w.ddim = d->sampler == SAMPLER_DDIM || (d->sampler == SAMPLER_DEFAULT && w.steps < usual);
    schedule_times(v->T, w.steps, w.time);
    return w;
}

// eps_hat and x0_hat [n, dim] at time t for what stands in v->gx; x0_hat is clamped, and eps_hat follows it.
static void estimate(const Walk *w, int t, float *x0) {
    Ddpm *v = w->m->self;
    const float signal = (float)sqrt(v->bar[t]), noise = (float)sqrt(1 - v->bar[t]);
    for (int i = 0; i < v->gt->dim[0]; i++) {
        memcpy(v->gt->data + i * FEATURES, v->features + t * FEATURES, sizeof(float) * FEATURES);
        v->gsignal->data[i] = signal;
        v->gnoise->data[i] = noise;
    }
    program_run(&v->guess, 0);
    for (int i = 0; i < w->n * w->m->dim; i++) {
        x0[i] = (v->gx->data[i] - noise * v->eps->data[i]) / signal;
        if (x0[i] >= -v->reach && x0[i] <= v->reach) continue;
        x0[i] = x0[i] < 0 ? -v->reach : v->reach;
        v->eps->data[i] = (v->gx->data[i] - signal * x0[i]) / noise;
    }
}

// x [n, dim] = scale x + sigma z, by noise of its own for every use, time and round.
enum { FOR_START, FOR_STEPS, FOR_GIVEN, FOR_AGAIN };
static void add_noise(const Walk *w, uint32_t use, int t, float scale, float sigma, float *x) {
    const int dim = w->m->dim;
    for (int r = 0; r < w->n; r++) {
        float z[64];
        for (int at = 0; at < dim; at += 64) {
            int k = dim - at < 64 ? dim - at : 64;
            rng_normal((Key){ w->seed, STREAM_SAMPLE + use }, w->first + (uint32_t)r, w->round << 32 | (uint64_t)t, at, z, k);
            for (int i = 0; i < k; i++) x[r * dim + at + i] = scale * x[r * dim + at + i] + sigma * z[i];
        }
    }
}

// v->gx from time t to s.
static void advance(const Walk *w, int t, int s, const float *x0) {
    Ddpm *v = w->m->self;
    double bt = v->bar[t], bs = v->bar[s], a = bt / bs;
    float *x = v->gx->data;
    int size = w->n * w->m->dim;
    if (w->ddim) {
        const float signal = (float)sqrt(bs), noise = (float)sqrt(1 - bs);
        for (int i = 0; i < size; i++) x[i] = signal * x0[i] + noise * v->eps->data[i];
        return;
    }
    const float scale = (float)(1 / sqrt(a)), take = (float)((1 - a) / sqrt(1 - bt)), sigma = (float)(w->temperature * sqrt((1 - bs) / (1 - bt) * (1 - a)));
    for (int i = 0; i < size; i++) x[i] = scale * (x[i] - take * v->eps->data[i]);
    if (s > 0) add_noise(w, FOR_STEPS, t, 1, sigma, x);
}

// Out of the model's [-1,1] (pictures) into [0,1].
static void to_units(const Model *m, const float *x, int n, float *out) {
    for (int i = 0; i < n * m->dim; i++) out[i] = m->image ? .5f * x[i] + .5f : x[i];
}

static void from_units(const Model *m, const float *x, int n, float *out) {
    for (int i = 0; i < n * m->dim; i++) out[i] = m->image ? 2 * x[i] - 1 : x[i];
}

static void walk_down(const Walk *w, float *x0) {
    for (int i = 0; i < w->steps; i++) {
        estimate(w, w->time[i], x0);
        advance(w, w->time[i], w->time[i + 1], x0);
    }
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    Ddpm *v = m->self;
    Walk w = walk_of(m, d, first, n);
    rng_normal_rows((Key){ d->seed, STREAM_SAMPLE }, first, 0, codes, n, m->dim);
    model_fill(v->gx, codes, n);
    walk_down(&w, x);
    to_units(m, v->gx->data, n, x);
    return true;
}

// The deterministic walk (DDIM) from given noise.
static bool decode(Model *m, int n, const float *codes, float *x) {
    Ddpm *v = m->self;
    Draw d = { .sampler = SAMPLER_DDIM, .steps = v->T > 50 ? 50 : v->T };
    Walk w = walk_of(m, &d, 0, n);
    model_fill(v->gx, codes, n);
    walk_down(&w, x);
    to_units(m, v->gx->data, n, x);
    return true;
}

enum { FRAMES = 41 };

static int frames_of(const Draw *d, const Walk *w) {
    int most = d->frames ? d->frames : FRAMES;
    if (most > 256) most = 256;
    return w->steps + 1 < most ? w->steps + 1 : most < 2 ? 2 : most;
}

// Frame f shows the walk after step f * steps / (frames - 1): the noise first, the sample last.
static int trace_times(const Model *m, const Draw *d, float *time) {
    Walk w = walk_of((Model *)m, d, 0, 0);
    int frames = frames_of(d, &w);
    for (int f = 0; f < frames; f++) time[f] = (float)w.time[f * w.steps / (frames - 1)];
    return frames;
}

static bool trace(Model *m, const Draw *d, uint32_t first, int n, const Trace *t) {
    Ddpm *v = m->self;
    Walk w = walk_of(m, d, first, n);
    float *x0 = t->clean + (size_t)(t->frames - 1) * t->stride;                   // the last frame's place serves until it is due
    size_t bytes = sizeof(float) * (size_t)(n * m->dim);
    rng_normal_rows((Key){ d->seed, STREAM_SAMPLE }, first, 0, x0, n, m->dim);
    model_fill(v->gx, x0, n);
    for (int i = 0, f = 0; i <= w.steps; i++) {
        int at = w.time[i];
        bool due = f * w.steps / (t->frames - 1) == i;
        if (due) to_units(m, v->gx->data, n, t->data + (size_t)f * t->stride);
        if (i < w.steps) estimate(&w, at, x0);
        else memcpy(x0, v->gx->data, bytes), memset(v->eps->data, 0, bytes);      // nothing is left to guess
        if (due) {
            memcpy(t->noise + (size_t)f * t->stride, v->eps->data, bytes);
            to_units(m, x0, n, t->clean + (size_t)f * t->stride);
            f++;
        }
        if (i < w.steps) advance(&w, at, w.time[i + 1], x0);
    }
    return true;
}

// --- Inpainting -------------------------------------------------------------------------------------------------------------

// Unless told otherwise; of pictures fewer than the paper's 250 steps of 10, which take minutes.
enum { POINT_RESAMPLES = 10, PICTURE_RESAMPLES = 4, PICTURE_INPAINT_STEPS = 50 };

// Where mask is 1, v->gx becomes x, as it would be at time s.
static void put_given(const Walk *w, int s, const float *x, const float *mask, float *given) {
    const Ddpm *v = w->m->self;
    memcpy(given, x, sizeof(float) * (size_t)(w->n * w->m->dim));
    if (s > 0) add_noise(w, FOR_GIVEN, s, (float)sqrt(v->bar[s]), (float)sqrt(1 - v->bar[s]), given);
    for (int i = 0; i < w->n * w->m->dim; i++) if (mask[i] > 0) v->gx->data[i] = given[i];
}

static bool inpaint(Model *m, const Draw *d, uint32_t first, int n, const float *x, const float *mask, float *out) {
    Ddpm *v = m->self;
    Draw asked = *d;
    if (m->image && !d->steps) asked.steps = PICTURE_INPAINT_STEPS;
    Walk w = walk_of(m, &asked, first, n);
    const int rounds = d->resamples ? d->resamples : m->image ? PICTURE_RESAMPLES : POINT_RESAMPLES;
    ArenaMark mark = arena_mark(m->arena);
    float *known = arena_new(m->arena, float, n * m->dim), *given = arena_new(m->arena, float, n * m->dim);
    const bool ok = known && given;
    if (ok) {
        from_units(m, x, n, known);
        rng_normal_rows((Key){ d->seed, STREAM_SAMPLE + FOR_START }, first, 0, out, n, m->dim);
        model_fill(v->gx, out, n);
    }
    for (int i = 0; ok && i < w.steps; i++) {
        const int t = w.time[i], s = w.time[i + 1];
        const double a = v->bar[t] / v->bar[s];
        for (w.round = 0; w.round < (uint64_t)rounds; w.round++) {
            if (w.round) add_noise(&w, FOR_AGAIN, t, (float)sqrt(a), (float)sqrt(1 - a), v->gx->data);
            estimate(&w, t, out);
            advance(&w, t, s, out);
            put_given(&w, s, known, mask, given);
            if (s == 0) break;                                                    // nothing is left to agree with
        }
    }
    if (ok) to_units(m, v->gx->data, n, out);
    arena_release(m->arena, mark);
    return ok;
}

static const double *schedule(const Model *m, int *steps) {
    const Ddpm *v = m->self;
    *steps = v->T;
    return v->bar;
}

// Whoever always guesses that there is no noise errs by 1.
static double line(const Model *m, int i, const char **text) {
    *text = "guessing nothing";
    return i == 1 || m->knob[WEIGHT] == WEIGHT_NOISE ? 1 : (double)NAN;
}

#define VERBS (CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_TRACE | CAN_INPAINT | CAN_STEPS | CAN_ESTIMATES)

const ModelDef model_ddpm = {
    .id = "ddpm", .title = "DDPM", .family = "Diffusion", .paper = "arXiv:2006.11239",
    .summary = "A network that learns to remove noise, a little at a time, until pure noise has become an example.",
    .about =
        "Add a little Gaussian noise to an example, again and again, until nothing is left of it. A network that can guess the noise in a noisy example can walk back: "
        "from pure noise, step by step, to something new.\n\n"
        "## Loss\n\n"
        "With $x_t = \\sqrt{\\bar\\alpha_t}\\,x_0 + \\sqrt{1-\\bar\\alpha_t}\\,\\varepsilon$ the network lowers $$\\mathcal L = \\mathbb E_{t,x_0,\\varepsilon} \\big\\|\\varepsilon - \\hat\\varepsilon(x_t, t)\\big\\|^2$$ "
        "The schedule $\\bar\\alpha_t$ falls from 1 (data) to almost 0 (noise); the schedule view draws it, and what it does to examples.\n\n"
        "## What to watch\n\n"
        "The loss falls fast and then hardly moves, while samples keep getting better: most of what is left cannot be guessed. In the denoising view, drag the sampling time and compare "
        "the state $x_t$ with the guess of the clean example, which is blurry at first and sharpens.\n\n"
        "## What goes wrong\n\n"
        "A schedule that does not end in noise gives washed-out samples, since sampling starts from pure noise: choose the unscaled one with 100 steps, and the schedule view warns. "
        "Few training steps give blobs between the modes.\n\n"
        "## What to try\n\n"
        "Sample with 5, 10 and 50 DDIM steps. Compare the linear and the cosine schedule. Interpolate between two noises. Inpaint: give half of an example, and "
        "let the model complete it (Lugmayr et al. 2022).",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "loss", "Loss", "Mean squared error of the guessed noise or velocity, whichever training weighs." },
              { "noise", "Noise error", "Mean squared error of the guessed noise." } },
    .views = { "samples", "trace", "schedule" },
    .size = sizeof(Ddpm),
    .build = build, .train = train, .line = line, .sample = sample, .decode = decode, .trace_times = trace_times, .trace = trace,
    .inpaint = inpaint, .schedule = schedule,
};
