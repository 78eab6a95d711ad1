// pixelcnn.c -- pixels one after another, each given all before it.  van den Oord et al. 2016, arXiv:1601.06759 and arXiv:1606.05328.
//
// Binary pixels x [D] in raster order (of colour pictures red, then green, then blue of each pixel: a picture three times as wide):
//     p(x) = prod_i p(x_i | x_1 ... x_{i-1}),   p(x_i = 1 | ...) = sigmoid(l_i),   l = causal network of x (nn/causal.h)
// Training looks at all pixels at once, since the masks hide what comes later; -log p(x) is exact.  Grey pixels are binarised anew each time
// with probability their value.

#include <string.h>

#include "base/rng.h"
#include "kernels/vmath.h"
#include "models/model.h"
#include "nn/causal.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, CHANNELS, BLOCKS, WINDOW, OCTAVES };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(16, 16),
    [RATE] = KNOB_RATE(.002, .002),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(10000, 10000),
    [AVERAGE] = KNOB_AVERAGE(.999, .999),
    [CHANNELS] = { .key = "channels", .title = "Channels", .type = KNOB_INTEGER, .points = 32, .image = 32, .min = 1, .max = 128, .scale = SCALE_LOG,
                   .group = "Network", .help = "Numbers that the network keeps about every pixel." },
    [BLOCKS] = { .key = "blocks", .title = "Blocks", .type = KNOB_INTEGER, .points = 5, .image = 5, .min = 1, .max = CAUSAL_BLOCKS_MAX,
                 .group = "Network", .help = "Gated blocks of a masked 3 × 3 convolution. Each lets a pixel see further." },
    [WINDOW] = { .key = "window", .title = "First window", .type = KNOB_CHOICE, .choices = "3|5|7", .points = 2, .image = 2, .group = "Network",
                 .help = "Width of the first convolution, of which only what is above and to the left counts." },
    [OCTAVES] = { .key = "octaves", .title = "Dilations", .type = KNOB_INTEGER, .points = 3, .image = 3, .min = 1, .max = 4, .group = "Network",
                  .help = "How many dilations the blocks take in turn: 1 for adjacent pixels only, 3 for steps of 1, 2 and 4 pixels." },
    KNOBS_END,
};

typedef struct {
    Params weights;
    Causal net;
    int h, w;                                 // colours side by side
    double inverse_temperature;
    Program learn, look, slope;
    Painter painter;
    Var *x, *loss;                            // learn
    Var *seen, *logits, *nats;                // look: pixels [chunk,D], log-odds [chunk,D], -log p [chunk,1]
    Var *at, *chosen, *p, *slopes;            // slope: pixels, 1 at the chosen one [1,D]; every p(x_i=1|...), d logit / d x [chunk,D]
    float *u, *column;                        // [chunk,D] draws; [chunk] what is put at one pixel
} PixelCnn;

// --- Programs ----------------------------------------------------------------------------------------------------------------------------

// The network reads -1 and 1, so that ground differs from what lies outside the picture.
static float read_as(float x) { return 2 * x - 1; }

// x [B,D] of 0 and 1 -> log-odds [B,D].
static Var *v_logits(const PixelCnn *c, Var *x) {
    Var *picture = v_reshape4(v_offset(v_scale(x, 2), -1), x->dim[0], c->h, c->w, 1);
    return v_reshape2(v_causal(&c->net, picture), x->dim[0], x->dim[1]);
}

static bool build_learn(Model *m) {
    PixelCnn *c = m->self;
    model_program(m, &c->learn, "learn");
    c->x = v_input(&c->learn, "x", m->batch, m->dim);
    Var *data = v_step(v_sub(c->x, v_rand(&c->learn, m->batch, m->dim)));
    c->loss = program_keep(v_scale(v_sum(v_bce(v_logits(c, data), data)), 1 / (float)m->batch));
    program_gradient(c->loss, &c->weights);
    return program_end(&c->learn);
}

static bool build_look(Model *m) {
    PixelCnn *c = m->self;
    model_program(m, &c->look, "look");
    c->look.average = true;
    c->seen = v_input(&c->look, "x", m->chunk, m->dim);
    c->logits = v_logits(c, c->seen);
    c->nats = program_keep(v_sum_rows(v_bce(c->logits, c->seen)));
    if (!program_end(&c->look)) return false;

    model_program(m, &c->slope, "slope");
    c->slope.average = true;
    c->at = v_input(&c->slope, "x", m->chunk, m->dim);
    c->chosen = v_input(&c->slope, "chosen", 1, m->dim);
    Var *logits = v_logits(c, c->at);
    c->p = program_keep(v_sigmoid(logits));
    c->slopes = program_keep(v_copy(v_grad(v_sum(v_mul(logits, c->chosen)), c->at)));
    return program_end(&c->slope);
}

static bool build_painter(Model *m) {
    PixelCnn *c = m->self;
    model_program(m, &c->painter.program, "paint");
    c->painter.program.average = true;
    return painter_build(&c->painter, &c->net, m->chunk, c->h, c->w);
}

static bool build(Model *m) {
    PixelCnn *c = m->self;
    const int *shape = m->data->def.shape;
    c->h = shape[0], c->w = shape[1] * shape[2];
    m->chunk = 16;                                                    // a pixel's column costs as much as its rows
    model_store(m, &c->weights, "pixelcnn");
    c->net = causal(&c->weights, "net", 1, 1, (int)m->knob[CHANNELS], (int)m->knob[BLOCKS], 3 + 2 * (int)m->knob[WINDOW], (int)m->knob[OCTAVES]);
    c->u = arena_new(m->arena, float, m->chunk * m->dim);
    c->column = arena_new(m->arena, float, m->chunk);
    return c->u && c->column && params_alloc(&c->weights, m->seed) && build_learn(m) && build_look(m) && build_painter(m);
}

static bool train(Model *m) {
    PixelCnn *c = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    model_batch(m, m->step, c->x, NULL);
    if (!model_update(m, &c->learn, c->loss, &c->weights, &o, m->step)) return false;
    m->loss[0] = (double)c->loss->data[0];
    return true;
}

// --- Painting ------------------------------------------------------------------------------------------------------------------------------

// Temperature divides the log-odds; at 0 the likelier pixel is taken each time.
static void begin(Model *m, const Draw *d, uint32_t first, int n) {
    PixelCnn *c = m->self;
    c->inverse_temperature = d->temperature > 1e-6 ? 1 / d->temperature : 1e6;
    rng_uniform_rows((Key){ d->seed, STREAM_SAMPLE }, first, 0, c->u, n, m->dim);
}

// Draws pixels from..to-1 of x [n,D], but for those that are given (mask 1; NULL: none); those before have been painted since begin().
static void paint(Model *m, int from, int to, int n, const float *mask, float *x) {
    PixelCnn *c = m->self;
    for (int i = from; i < to; i++) {
        const float *logit = painter_look(&c->painter, i);
        for (int r = 0; r < n; r++) {
            const int at = r * m->dim + i;
            if (!mask || mask[at] == 0) x[at] = sigmoid1((float)(c->inverse_temperature * (double)logit[r])) > c->u[at] ? 1 : 0;
            c->column[r] = read_as(x[at]);
        }
        painter_put(&c->painter, i, c->column);
    }
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    (void)codes;
    begin(m, d, first, n);
    paint(m, 0, m->dim, n, NULL, x);
    return true;
}

// Time is the number of pixels painted.
static int trace_times(const Model *m, const Draw *d, float *time) {
    int rows = m->data->def.shape[0] + 1, frames = d->frames ? d->frames : rows < 256 ? rows : 256;
    if (frames > m->dim + 1) frames = m->dim + 1;
    for (int f = 0; f < frames; f++) time[f] = (float)(frames > 1 ? f * m->dim / (frames - 1) : m->dim);
    return frames;
}

static bool trace(Model *m, const Draw *d, uint32_t first, int n, const Trace *t) {
    float time[256];
    const size_t bytes = sizeof(float) * (size_t)(n * m->dim);
    trace_times(m, d, time);
    begin(m, d, first, n);
    memset(t->data, 0, bytes);
    for (int f = 0; f < t->frames; f++) {
        float *x = t->data + (size_t)f * t->stride;
        if (f) memcpy(x, x - t->stride, bytes);
        paint(m, f ? (int)time[f - 1] : 0, (int)time[f], n, NULL, x);
    }
    return true;
}

static bool inpaint(Model *m, const Draw *d, uint32_t first, int n, const float *x, const float *mask, float *out) {
    memcpy(out, x, sizeof *out * (size_t)(n * m->dim));
    model_binarise(d->seed, first, n, m->dim, out);
    begin(m, d, first, n);
    paint(m, 0, m->dim, n, mask, out);
    return true;
}

// --- Likelihood ------------------------------------------------------------------------------------------------------------------------------

static bool log_prob(Model *m, uint32_t seed, uint32_t first, int n, const float *x, double *out) {
    PixelCnn *c = m->self;
    model_fill(c->seen, x, n);
    model_binarise(seed, first, n, m->dim, c->seen->data);
    program_run(&c->look, 0);
    for (int i = 0; i < n; i++) out[i] = -(double)c->nats->data[i];
    return true;
}

static bool field(Model *m, uint32_t seed, uint32_t first, int pixel, int n, const float *x, float *p, float *slope) {
    PixelCnn *c = m->self;
    const size_t bytes = sizeof(float) * (size_t)(n * m->dim);
    model_fill(c->at, x, n);
    model_binarise(seed, first, n, m->dim, c->at->data);
    memset(c->chosen->data, 0, sizeof(float) * (size_t)m->dim);
    c->chosen->data[pixel] = 1;
    program_run(&c->slope, 0);
    memcpy(p, c->p->data, bytes);
    memcpy(slope, c->slopes->data, bytes);
    return true;
}

const ModelDef model_pixelcnn = {
    .id = "pixelcnn", .title = "PixelCNN", .family = "Autoregressive models", .paper = "arXiv:1606.05328",
    .summary = "One pixel after another, each drawn from a probability that all pixels before it decide.",
    .about =
        "Any distribution is a product of conditional ones: the first pixel's, the second's given the first, and so on. PixelCNN learns all of these with one network, whose convolutions are "
        "masked so that they see only what is above, or to the left in the same row. Pixels are black or white here; grey ones are drawn anew with probability their value.\n\n"
        "## Loss\n\n"
        "$$-\\log p(x) = -\\sum_i \\log p(x_i \\mid x_1, \\ldots, x_{i-1})$$ exactly: no bound, no normaliser, no game. In training all pixels are known, so one pass gives every term.\n\n"
        "## How it is sampled\n\n"
        "Pixels must be drawn in order, each after a look through the network. What the network has made of earlier pixels is kept, so each new one costs its own column only.\n\n"
        "## What to watch\n\n"
        "Move through the painting: the probability of the next pixel is near 0 or 1 almost everywhere, and open only where a stroke begins or ends. The receptive field shows which pixels sway it: "
        "strongly those nearby, faintly the rest. To the right it opens by a limited angle, since each window reaches only so many columns further for every row up: the blind spot of one stack of "
        "masked convolutions.\n\n"
        "## What goes wrong\n\n"
        "The network knows no plan: strokes are sure and digits often are none, most of all when it has seen little. There is no code, so nothing to interpolate.\n\n"
        "## What to try\n\n"
        "Lower the temperature: it soon paints nothing at all, since ground is always likelier. Give the upper half of a digit and let it complete the lower; then the other way round: only what is "
        "above and to the left is taken into account. Take blocks away, or all dilations, and see the receptive field and the likelihood shrink.",
    .knobs = knobs,
    .image = CAN_SAMPLE | CAN_LOG_PROB | CAN_TRACE | CAN_INPAINT | CAN_FIELD,
    .loss = { { "nll", "−log p, nats", "Negative log-likelihood of the batch, binarised; exact." } },
    .views = { "samples", "pixels", "trace" }, .start = "empty",
    .size = sizeof(PixelCnn),
    .build = build, .train = train, .sample = sample, .log_prob = log_prob, .trace_times = trace_times, .trace = trace, .inpaint = inpaint, .field = field,
};
