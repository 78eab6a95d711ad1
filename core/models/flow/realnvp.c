// realnvp.c -- RealNVP: an invertible network with an exact density.  Dinh, Sohl-Dickstein and Bengio 2017, arXiv:1605.08803.
//
// A code z ~ N(0, I) is turned into an example by K affine coupling layers.  Layer k keeps one half a of its input and scales and
// shifts the other half b by functions of a (section 3.2, eq. 4-8); then the halves change places:
//     b' = b exp(s(a)) + t(a)
// so inverse and Jacobian are read off: log|det| = sum s(a).  With x = f_K(... f_1(z)),
//     log p(x) = log N(f^-1(x); 0, I) - sum_k sum s_k(a_k).
// s = c tanh(r / c) with c = `bound` keeps every scale within e^-c .. e^c, so no layer can explode; c is 1 unless set.
// Training minimises the mean of -log p over a batch.  Samples and densities use the moving average of the weights.

#include <math.h>

#include "base/real.h"
#include "models/model.h"
#include "nn/nn.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, COUPLINGS, HIDDEN, LAYERS, ACTIVATION, BOUND };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(256, 64),
    [RATE] = KNOB_RATE(2e-3, 1e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(4000, 4000),
    [AVERAGE] = KNOB_AVERAGE(.998, .998),
    [COUPLINGS] = { .key = "couplings", .title = "Coupling layers", .type = KNOB_INTEGER, .points = 10, .image = 8, .min = 2, .max = 32, .group = "Network",
                    .help = "How many invertible layers turn noise into data (Dinh et al. 2017, section 3.2)." },
    [HIDDEN] = KNOB_HIDDEN(48, 256),
    [LAYERS] = KNOB_LAYERS(2, 2),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_RELU, ACT_RELU),
    [BOUND] = { .key = "bound", .title = "Bound of log-scale", .type = KNOB_NUMBER, .points = 1, .image = 1, .min = .1, .max = 5, .live = true,
                .group = "Network", .help = "A layer stretches or shrinks by at most e^bound, so training cannot explode." },
    KNOBS_END,
};

enum { COUPLINGS_MAX = 32 };

typedef struct {
    Params weights;
    int n, half;                         // couplings; length of the half that is kept
    Mlp net[COUPLINGS_MAX];              // a -> (s, t)
    double inverse_bound;                // 1 / bound, as a live scalar
    Program learn, density, draw;
    Var *x, *loss;                       // learn
    Var *dx, *dz, *dlog;                 // density: data in, code and log-density out
    Var *code, *layer[COUPLINGS_MAX + 1];  // draw: code in, the value after each layer (0: the code itself)
} RealNvp;

// The scale and shift of coupling k for the kept half a [B, half] -> s, t [B, D - half].
static void scale_and_shift(Model *m, const Mlp *net, Var *a, Var **s, Var **t) {
    RealNvp *v = m->self;
    Var *st = v_mlp(net, a);
    int rest = m->dim - v->half;
    Var *bound = v_knob(a->p, &m->knob[BOUND]), *inverse = v_knob(a->p, &v->inverse_bound);
    *s = v_mul(v_tanh(v_mul(v_slice(st, 1, 0, rest), inverse)), bound);
    *t = v_slice(st, 1, rest, rest);
}

// From data to code, last layer first; log_p [B,1] gathers log p(x), eq. 3.
static Var *to_code(Model *m, Var *x, Var **log_p) {
    RealNvp *v = m->self;
    Var *log_det = NULL;                                             // of the inverse
    for (int k = v->n - 1; k >= 0; k--) {
        int rest = m->dim - v->half;
        Var *b = v_slice(x, 1, 0, rest), *a = v_slice(x, 1, rest, v->half), *s, *t;     // layer k gave (b', a)
        scale_and_shift(m, &v->net[k], a, &s, &t);
        b = v_mul(v_sub(b, t), v_exp(v_neg(s)));
        x = v_concat(a, b, 1);
        Var *part = v_sum_rows(v_neg(s));
        log_det = log_det ? v_add(log_det, part) : part;
    }
    Var *normal = v_offset(v_scale(v_sum_rows(v_square(x)), -.5f), (float)(-.5 * m->dim * REAL_LN_2PI));
    *log_p = v_add(normal, log_det);
    return x;
}

static void to_data(Model *m, Var *z) {
    RealNvp *v = m->self;
    v->layer[0] = z;
    for (int k = 0; k < v->n; k++) {
        Var *a = v_slice(z, 1, 0, v->half), *b = v_slice(z, 1, v->half, m->dim - v->half), *s, *t;
        scale_and_shift(m, &v->net[k], a, &s, &t);
        z = v_concat(v_add(v_mul(b, v_exp(s)), t), a, 1);
        v->layer[k + 1] = program_keep(z);
    }
}

static bool build(Model *m) {
    RealNvp *v = m->self;
    v->n = (int)m->knob[COUPLINGS];
    v->half = m->dim / 2;
    v->inverse_bound = 1 / m->knob[BOUND];
    m->code_dim = m->dim;
    model_store(m, &v->weights, "flow");
    for (int k = 0; k < v->n; k++) {
        char name[16] = "coupling.";
        name[9] = (char)('0' + k / 10), name[10] = (char)('0' + k % 10), name[11] = 0;
        v->net[k] = mlp(&v->weights, name, v->half, (int)m->knob[HIDDEN], (int)m->knob[LAYERS], 2 * (m->dim - v->half), (Activation)m->knob[ACTIVATION], 0);
    }
    if (!params_alloc(&v->weights, m->seed)) return false;

    model_program(m, &v->learn, "learn");
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    Var *log_p;
    to_code(m, v->x, &log_p);
    v->loss = program_keep(v_neg(v_mean(log_p)));
    program_gradient(v->loss, &v->weights);
    if (!program_end(&v->learn)) return false;

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

static bool train(Model *m) {
    RealNvp *v = m->self;
    v->inverse_bound = 1 / m->knob[BOUND];
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .99, .epsilon = 1e-8, .clip = 5, .average = m->knob[AVERAGE] };
    model_batch(m, m->step, v->x, NULL);
    if (!model_update(m, &v->learn, v->loss, &v->weights, &o, m->step)) return false;
    m->loss[0] = (double)v->loss->data[0];
    for (int i = 0; !m->image && i < 2; i++) m->loss[0] += real_log(m->data->std[i]);      // nats in the data's own units
    return true;
}

static double line(const Model *m, int i, const char **text) {
    (void)i;
    *text = "entropy of the data";
    return m->data->def.entropy;
}

static void run_density(RealNvp *v, int n, const float *x) {
    model_fill(v->dx, x, n);
    program_run(&v->density, 0);
}

static bool encode(Model *m, int n, const float *x, float *codes) {
    RealNvp *v = m->self;
    run_density(v, n, x);
    for (int i = 0; i < n * m->dim; i++) codes[i] = v->dz->data[i];
    return true;
}

static bool log_prob(Model *m, uint32_t seed, uint32_t first, int n, const float *x, double *out) {
    (void)seed, (void)first;
    RealNvp *v = m->self;
    run_density(v, n, x);
    for (int i = 0; i < n; i++) out[i] = (double)v->dlog->data[i];
    return true;
}

static void run_draw(RealNvp *v, int n, const float *codes) {
    model_fill(v->code, codes, n);
    program_run(&v->draw, 0);
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    RealNvp *v = m->self;
    run_draw(v, n, codes);
    for (int i = 0; i < n * m->dim; i++) x[i] = v->layer[v->n]->data[i];
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

// One frame per layer, the code first.
static int trace_times(const Model *m, const Draw *d, float *time) {
    const RealNvp *v = m->self;
    int frames = d->frames && d->frames < v->n + 1 ? d->frames : v->n + 1;
    for (int f = 0; f < frames; f++) time[f] = (float)(f * v->n / (frames > 1 ? frames - 1 : 1));
    return frames;
}

static bool trace(Model *m, const Draw *d, uint32_t first, int n, const Trace *t) {
    RealNvp *v = m->self;
    float time[COUPLINGS_MAX + 1];
    trace_times(m, d, time);
    draw_codes(m, d, first, n, t->data);
    run_draw(v, n, t->data);
    for (int f = 0; f < t->frames; f++) {
        int k = (int)time[f];
        // After an odd number of layers the halves stand swapped; the picture should not jump with them.
        bool swap = m->dim == 2 && k % 2;
        for (int i = 0; i < n * m->dim; i++) t->data[(size_t)f * t->stride + (size_t)i] = v->layer[k]->data[swap ? i ^ 1 : i];
    }
    return true;
}

const ModelDef model_realnvp = {
    .id = "realnvp", .title = "RealNVP", .family = "Flows", .paper = "arXiv:1605.08803",
    .summary = "An invertible network that turns Gaussian noise into data and knows the exact density of every point.",
    .about =
        "RealNVP turns a cloud of Gaussian noise $z$ into data by a chain of simple invertible steps. Each step keeps one half of the "
        "numbers and scales and shifts the other half by amounts that a small network computes from the first. Undoing a step is as easy as doing it.\n\n"
        "## Loss\n\n"
        "Because every step can be undone, the density of a point is exact: $$-\\log p(x) = -\\log \\mathcal N(z;0,I) + \\sum_k \\sum_j s_{k,j},\\qquad z = f^{-1}(x)$$ "
        "where $s_k$ are the log-scales of layer $k$. Training lowers the mean of this over the data.\n\n"
        "## What to watch\n\n"
        "The loss falls towards the dashed line, the entropy of the data: no model can go below it on new data. In the layer view, follow how the round cloud "
        "is cut and bent, step by step.\n\n"
        "## What goes wrong\n\n"
        "A flow is continuous and invertible, so it cannot tear a cloud apart: between separated modes it leaves thin threads of probability. "
        "Too few layers give blunt shapes; a learning rate too high makes the loss jump.\n\n"
        "## What to try\n\n"
        "Compare 2 and 16 coupling layers on moons. Train on ring8 and look for the threads. Lower the temperature when sampling.",
    .knobs = knobs,
    .points = CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_LOG_PROB | CAN_TRACE,
    .loss = { { "nll", "−log p(x), nats", "Mean negative log-likelihood of the batch, in nats." } },
    .views = { "samples", "trace", "latent", "attributes" },
    .size = sizeof(RealNvp),
    .build = build, .train = train, .line = line, .sample = sample, .encode = encode, .decode = decode, .log_prob = log_prob,
    .trace_times = trace_times, .trace = trace,
};
