// rbm.c -- restricted Boltzmann machine.  Smolensky 1986; Hinton 2002, "Training products of experts by minimizing contrastive divergence".
//
// Binary pixels v [D] and hidden units h [H], no connections inside a layer:
//     p(v,h) = e^{b'v + c'h + v'Wh} / Z,   p(v) = e^{-F(v)} / Z,   F(v) = -b'v - sum_j softplus(c_j + (v'W)_j)
//     p(h_j=1|v) = sigmoid(c_j + (v'W)_j),  p(v_i=1|h) = sigmoid(b_i + (Wh)_i)
// The gradient of -log p(v) is that of F(v) - E F(v~), v~ drawn from the machine.  Nobody can draw from it exactly, so v~ comes from `cd` sweeps of
// Gibbs sampling: started at the data (CD-k, a biased gradient), or going on from where the last step's chains ended (persistent contrastive
// divergence, Tieleman 2008, "Training restricted Boltzmann machines using approximations to the likelihood gradient").
// Grey pixels are binarised anew each time with probability their value.

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "kernels/vmath.h"
#include "measures/ais.h"
#include "models/model.h"
#include "nn/nn.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, HIDDEN, CD, CHAIN, AIS };
enum { CHAIN_DATA, CHAIN_PERSISTENT };
enum { SWEEPS = 200, CHAINS = 64, CHAIN_SWEEPS = 500 };    // of a sample; of the measured normaliser, and the sweeps its machine's samples take

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(64, 64),
    [RATE] = KNOB_RATE(.05, .05),
    [OPTIMIZER] = { .key = "optimizer", .title = "Optimizer", .type = KNOB_CHOICE, .choices = OPTIM_CHOICES, .points = OPTIM_SGD, .image = OPTIM_SGD, .live = true,
                    .group = "Training", .help = "Plain gradient descent is usual here: the gradient is an estimate whose size means something." },
    [BETA1] = KNOB_BETA1(.5, .5),
    [DECAY] = KNOB_DECAY(20000, 20000),
    [AVERAGE] = KNOB_AVERAGE(.99, .99),
    [HIDDEN] = KNOB_HIDDEN(128, 128),
    [CD] = { .key = "cd", .title = "Gibbs steps k", .type = KNOB_INTEGER, .points = 1, .image = 1, .min = 1, .max = 25, .group = "Model",
             .help = "Sweeps between the positive and the negative phase (CD-k). More: a better gradient, slower steps." },
    [CHAIN] = { .key = "chain", .title = "Negative chains", .type = KNOB_CHOICE, .choices = "data|persistent", .points = CHAIN_PERSISTENT, .image = CHAIN_PERSISTENT,
                .group = "Model", .help = "Where the sweeps begin: at the data (contrastive divergence) or where the last step's ended (Tieleman 2008)." },
    [AIS] = { .key = "ais", .title = "Annealing steps", .type = KNOB_INTEGER, .points = 1000, .image = 1000, .min = 10, .max = 100000, .scale = SCALE_LOG, .live = true,
              .group = "Measuring", .help = "Temperatures of the annealed importance sampling that estimates log Z above 20 hidden units." },
    KNOBS_END,
};

typedef struct {
    Params weights;
    Param *w, *b, *c, *particles;             // [D,H], [1,D], [1,H]; [B,D] where the chains stand, saved with the rest
    double inverse_temperature;
    Program learn, watch, up, down;
    Var *x, *loss, *rebuilt, *energy, *negative;         // learn; energy of the batch, [1,1]
    Var *held, *held_energy;                  // watch: a fixed batch of test examples
    Var *uv, *hidden;                         // up: pixels in, p(h|v) out
    Var *dh, *pixels;                         // down: hidden units in, p(v|h) out
    float *u, *base;                          // [chunk * max(D,H)] draws; [D] log-odds of the data's pixels
    struct { bool known; uint64_t step; LogZ z; } z;     // log Z of the weights at that step
} Rbm;

// --- The graph of both layers --------------------------------------------------------------------------------------------------------

static Var *hidden_input(const Rbm *m, Var *v) { return v_add(v_matmul(v, v_param(v->p, m->w), false, false), v_param(v->p, m->c)); }
static Var *pixel_input(const Rbm *m, Var *h) { return v_add(v_matmul(h, v_param(h->p, m->w), false, true), v_param(h->p, m->b)); }
static Var *fire(Var *input) { return v_step(v_sub(v_sigmoid(input), v_rand(input->p, input->dim[0], input->dim[1]))); }

// Mean of F over the rows [1,1].
static Var *mean_energy(const Rbm *m, Var *v) {
    Var *visible = v_sum(v_matmul(v, v_param(v->p, m->b), false, true));
    return v_scale(v_add(visible, v_sum(v_softplus(hidden_input(m, v)))), -1 / (float)v->dim[0]);
}

static bool build_learn(Model *m) {
    Rbm *r = m->self;
    Program *p = &r->learn;
    model_program(m, p, "learn");
    r->x = v_input(p, "x", m->batch, m->dim);
    Var *data = v_step(v_sub(r->x, v_rand(p, m->batch, m->dim)));                 // [B,D]
    Var *echo = pixel_input(r, fire(hidden_input(r, data)));
    r->rebuilt = program_keep(v_scale(v_sum(v_bce(echo, data)), 1 / (float)m->batch));
    Var *v = m->knob[CHAIN] == CHAIN_DATA ? data : v_param(p, r->particles);
    for (int k = 0; k < (int)m->knob[CD]; k++) v = fire(pixel_input(r, fire(hidden_input(r, v))));
    r->negative = program_keep(v_detach(v_copy(v)));
    r->energy = program_keep(mean_energy(r, data));
    r->loss = program_keep(v_sub(r->energy, mean_energy(r, r->negative)));
    program_gradient(r->loss, &r->weights);
    if (!program_end(p)) return false;

    model_program(m, &r->watch, "watch");
    r->held = v_input(&r->watch, "held", m->batch, m->dim);
    data_draw(m->data, SPLIT_TEST, 0, 0, m->batch, r->held->data, NULL);
    model_binarise(0, 0, m->batch, m->dim, r->held->data);
    r->held_energy = program_keep(mean_energy(r, r->held));
    return program_end(&r->watch);
}

static bool build_use(Model *m) {
    Rbm *r = m->self;
    model_program(m, &r->up, "up");
    r->up.average = true;
    r->uv = v_input(&r->up, "v", m->chunk, m->dim);
    r->hidden = program_keep(v_sigmoid(v_mul(hidden_input(r, r->uv), v_knob(&r->up, &r->inverse_temperature))));
    if (!program_end(&r->up)) return false;
    model_program(m, &r->down, "down");
    r->down.average = true;
    r->dh = v_input(&r->down, "h", m->chunk, m->code_dim);
    r->pixels = program_keep(v_sigmoid(v_mul(pixel_input(r, r->dh), v_knob(&r->down, &r->inverse_temperature))));
    return program_end(&r->down);
}

// The log-odds of each pixel over some training examples, a little towards 1/2 (Laplace's rule): the visible biases start there (Hinton 2012, "A
// practical guide to training restricted Boltzmann machines", section 8), and annealing too.
static bool fill_base(Model *m) {
    enum { EXAMPLES = 1000 };
    Rbm *r = m->self;
    ArenaMark mark = arena_mark(m->arena);
    float *x = arena_new(m->arena, float, EXAMPLES * m->dim);
    if (!x) return false;
    data_draw(m->data, SPLIT_TRAIN, 0, 0, EXAMPLES, x, NULL);
    for (int i = 0; i < m->dim; i++) {
        double sum = 5;
        for (int k = 0; k < EXAMPLES; k++) sum += (double)x[(size_t)k * (size_t)m->dim + (size_t)i];
        r->base[i] = (float)real_log(sum / (EXAMPLES + 10 - sum));
    }
    arena_release(m->arena, mark);
    return true;
}

// What the store cannot start by itself: visible biases and chains.
static bool start(Model *m) {
    Rbm *r = m->self;
    if (!fill_base(m)) return false;
    memcpy(param_value(r->b), r->base, sizeof(float) * (size_t)m->dim);
    memcpy(r->weights.average + r->b->at, r->base, sizeof(float) * (size_t)m->dim);
    float *particles = param_value(r->particles);
    rng_uniform_rows((Key){ m->seed, STREAM_INIT + 0xFFFF }, 0, 0, particles, m->batch, m->dim);
    for (int i = 0; i < r->particles->size; i++) particles[i] = particles[i] < .5f ? 1 : 0;
    return true;
}

static bool build(Model *m) {
    Rbm *r = m->self;
    int H = m->code_dim = (int)m->knob[HIDDEN], widest = m->dim > H ? m->dim : H;
    r->inverse_temperature = 1;
    model_store(m, &r->weights, "rbm");
    r->w = params_add(&r->weights, "weight", INIT_NORMAL, .01f, 2, (int[]){ m->dim, H });
    r->b = params_add(&r->weights, "visible", INIT_ZERO, 0, 2, (int[]){ 1, m->dim });
    r->c = params_add(&r->weights, "hidden", INIT_ZERO, 0, 2, (int[]){ 1, H });
    r->particles = params_add_running(&r->weights, "particles", INIT_ZERO, 2, (int[]){ m->batch, m->dim });
    r->u = arena_new(m->arena, float, m->chunk * widest);
    r->base = arena_new(m->arena, float, m->dim);
    return r->u && r->base && params_alloc(&r->weights, m->seed) && start(m) && build_learn(m) && build_use(m);
}

static bool train(Model *m) {
    Rbm *r = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    model_batch(m, m->step, r->x, NULL);
    program_run(&r->watch, 0);
    if (!model_update(m, &r->learn, r->loss, &r->weights, &o, m->step)) return false;
    memcpy(param_value(r->particles), r->negative->data, sizeof(float) * (size_t)r->negative->size);
    m->loss[0] = (double)r->loss->data[0];
    m->loss[1] = (double)r->rebuilt->data[0];
    m->loss[2] = (double)r->held_energy->data[0] - (double)r->energy->data[0];
    return true;
}

// --- Chains ----------------------------------------------------------------------------------------------------------------------------

// to [n,width] = 1 with probability p.
static void fire_rows(const Rbm *r, Key key, uint32_t first, uint64_t step, int n, int width, const float *p, float *to) {
    rng_uniform_rows(key, first, step, r->u, n, width);
    for (int i = 0; i < n * width; i++) to[i] = p[i] > r->u[i] ? 1 : 0;
}

// One sweep of rows first..first+n-1: what stands in uv goes up and down, and there again; r->pixels has the probabilities it was drawn from.
static void sweep(Model *m, uint32_t seed, uint32_t first, uint64_t step, int n) {
    Rbm *r = m->self;
    program_run(&r->up, 0);
    fire_rows(r, (Key){ seed, STREAM_SAMPLE + 1 }, first, step, n, m->code_dim, r->hidden->data, r->dh->data);
    program_run(&r->down, 0);
    fire_rows(r, (Key){ seed, STREAM_SAMPLE + 2 }, first, step, n, m->dim, r->pixels->data, r->uv->data);
}

// Temperature divides the energy; at 0 the likelier state is taken each time.
static void set_temperature(Rbm *r, double t) { r->inverse_temperature = t > 1e-6 ? 1 / t : 1e6; }

// The chains' first state: each pixel as often on as in the data.
static void begin(Model *m, uint32_t seed, uint32_t first, int n) {
    Rbm *r = m->self;
    float *v = r->uv->data;
    for (int i = 0; i < n * m->dim; i++) v[i] = sigmoid1(r->base[i % m->dim]);
    fire_rows(r, (Key){ seed, STREAM_SAMPLE }, first, 0, n, m->dim, v, v);
}

static int sweeps_of(const Draw *d) { return d->steps ? d->steps : SWEEPS; }

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    Rbm *r = m->self;
    set_temperature(r, d->temperature);
    begin(m, d->seed, first, n);
    for (int k = 1; k <= sweeps_of(d); k++) sweep(m, d->seed, first, (uint64_t)k, n);
    memcpy(x, r->uv->data, sizeof *x * (size_t)(n * m->dim));
    if (codes) memcpy(codes, r->dh->data, sizeof *codes * (size_t)(n * m->code_dim));
    return true;
}

static int trace_times(const Model *m, const Draw *d, float *time) {
    (void)m;
    int sweeps = sweeps_of(d), frames = d->frames ? d->frames : 41;
    if (frames > sweeps + 1) frames = sweeps + 1;
    for (int f = 0; f < frames; f++) time[f] = (float)(f * sweeps / (frames > 1 ? frames - 1 : 1));
    return frames;
}

static bool trace(Model *m, const Draw *d, uint32_t first, int n, const Trace *t) {
    Rbm *r = m->self;
    float time[256];
    trace_times(m, d, time);
    set_temperature(r, d->temperature);
    begin(m, d->seed, first, n);
    for (int f = 0, k = 0; f < t->frames; f++) {
        while (k < (int)time[f]) sweep(m, d->seed, first, (uint64_t)++k, n);
        memcpy(t->data + (size_t)f * t->stride, r->uv->data, sizeof(float) * (size_t)(n * m->dim));
    }
    return true;
}

// Sweeps in which the given pixels, binarised, are set again each time.
static bool inpaint(Model *m, const Draw *d, uint32_t first, int n, const float *x, const float *mask, float *out) {
    Rbm *r = m->self;
    size_t size = (size_t)(n * m->dim);
    set_temperature(r, d->temperature);
    memcpy(out, x, sizeof *out * size);
    model_binarise(d->seed, first, n, m->dim, out);
    begin(m, d->seed, first, n);
    for (int k = 0; k <= sweeps_of(d); k++) {
        if (k) sweep(m, d->seed, first, (uint64_t)k, n);
        for (size_t i = 0; i < size; i++) if (mask[i] > 0) r->uv->data[i] = out[i];
    }
    memcpy(out, r->uv->data, sizeof *out * size);
    return true;
}

static bool encode(Model *m, int n, const float *x, float *codes) {
    Rbm *r = m->self;
    set_temperature(r, 1);
    model_fill(r->uv, x, n);
    program_run(&r->up, 0);
    memcpy(codes, r->hidden->data, sizeof *codes * (size_t)(n * m->code_dim));
    return true;
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    Rbm *r = m->self;
    set_temperature(r, 1);
    model_fill(r->dh, codes, n);
    program_run(&r->down, 0);
    memcpy(x, r->pixels->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

// --- Likelihood ------------------------------------------------------------------------------------------------------------------------

static RbmWeights weights_of(const Rbm *r) {
    const float *at = r->weights.average;
    return (RbmWeights){ at + r->w->at, at + r->b->at, at + r->c->at, r->w->dim[0], r->w->dim[1] };
}

// The machine's own samples are the ends of long chains.
static bool anneal(Model *m, LogZ *z) {
    Rbm *r = m->self;
    RbmWeights w = weights_of(r);
    ArenaMark mark = arena_mark(m->arena);
    float *samples = arena_new(m->arena, float, CHAINS * m->dim);
    Draw d = { .seed = m->seed, .temperature = 1, .steps = CHAIN_SWEEPS };
    bool ok = samples != NULL;
    for (int at = 0; ok && at < CHAINS; at += m->chunk)
        ok = sample(m, &d, (uint32_t)at, CHAINS - at < m->chunk ? CHAINS - at : m->chunk, samples + (size_t)at * (size_t)m->dim, NULL);
    ok = ok && rbm_ais(&w, r->base, samples, CHAINS, (int)m->knob[AIS], m->seed, m->arena, z);
    arena_release(m->arena, mark);
    return ok;
}

static bool log_z(Model *m, LogZ *z) {
    Rbm *r = m->self;
    if (!r->z.known || r->z.step != m->step) {
        RbmWeights w = weights_of(r);
        double exact = w.H <= RBM_EXACT ? rbm_log_z(&w) : (double)NAN;
        r->z.z = (LogZ){ exact, exact };
        if (isnan(exact) && !anneal(m, &r->z.z)) return false;
        r->z.known = true, r->z.step = m->step;
    }
    *z = r->z.z;
    return true;
}

// With both ends known to lie around log Z, the middle of them.
static bool log_prob(Model *m, uint32_t seed, uint32_t first, int n, const float *x, double *out) {
    Rbm *r = m->self;
    LogZ z;
    RbmWeights w = weights_of(r);
    if (!log_z(m, &z)) return false;
    memcpy(r->uv->data, x, sizeof *x * (size_t)(n * m->dim));
    model_binarise(seed, first, n, m->dim, r->uv->data);
    if (!rbm_free_energy(&w, r->uv->data, n, m->arena, out)) return false;
    for (int i = 0; i < n; i++) out[i] = -out[i] - .5 * (z.low + z.high);
    return true;
}

static bool partition(Model *m, double *low, double *high) {
    LogZ z;
    if (!log_z(m, &z)) return false;
    *low = z.low, *high = z.high;
    return true;
}

const ModelDef model_rbm = {
    .id = "rbm", .title = "RBM", .family = "Boltzmann machines", .paper = "Hinton 2002; Tieleman 2008",
    .summary = "Pixels and hidden units that switch each other on and off until the picture looks like the data.",
    .about =
        "A restricted Boltzmann machine has one layer of pixels and one of hidden units, with a weight between every pixel and every unit. A configuration has an energy; the lower, the "
        "likelier. Given the pixels, all hidden units can be drawn at once, and the other way round: a sweep of Gibbs sampling.\n\n"
        "## Loss\n\n"
        "With the free energy $$F(v) = -b^\\top v - \\sum_j \\log\\big(1 + e^{c_j + v^\\top W_j}\\big),\\qquad p(v) = e^{-F(v)}/Z$$ the gradient of $-\\log p(v)$ is that of $F(v)$ less its mean under "
        "the machine. Training pulls energy down at the data and up at fantasies, the ends of short Gibbs chains.\n\n"
        "## What to watch\n\n"
        "Each hidden unit's weights are a picture, its filter: first blobs, then strokes. The energy gap hovers about 0 and says little. If the free energy of held-out examples rises above that of "
        "the batch, the machine learns by heart.\n\n"
        "## What goes wrong\n\n"
        "Chains that start at the data never leave it (CD-1), so the machine may put probability where no chain ever looks. With a high rate persistent chains fall behind the weights and the "
        "learning swings.\n\n"
        "## What to try\n\n"
        "Follow the Gibbs chain from noise. Compare CD-1 with persistent chains by their likelihood. Take 20 hidden units, where $Z$ is summed exactly. Erase half a digit and let the machine complete it.",
    .knobs = knobs,
    .image = CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_LOG_PROB | CAN_TRACE | CAN_INPAINT | CAN_STEPS,
    .loss = { { "gap", "Free-energy gap", "F of the batch less F of the fantasies, nats; about 0 when the chains look like the data." },
              { "echo", "Reconstruction, nats", "Cross-entropy of the batch after one sweep." },
              { "held", "Held-out − train, nats", "Mean free energy of fixed held-out examples less that of the batch: rises when the machine learns by heart." } },
    .views = { "samples", "trace", "filters", "reconstruct", "attributes" },
    .improves = 1, .jumps = true,
    .size = sizeof(Rbm),
    .build = build, .train = train, .sample = sample, .encode = encode, .decode = decode, .log_prob = log_prob, .trace_times = trace_times, .trace = trace,
    .inpaint = inpaint, .partition = partition,
};
