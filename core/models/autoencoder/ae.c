// ae.c -- autoencoder, plain and denoising.  Hinton and Salakhutdinov 2006; denoising: Vincent et al. 2008, "Extracting and composing robust features
// with denoising autoencoders".
//
// Lowers  mean |x - D(E(x + noise))|^2  with Gaussian noise of standard deviation `noise` (0: the plain one).  Nothing says where codes should lie, so
// drawing them from N(0, I) mostly misses: it is no generator, and shows what the others add.

#include <math.h>

#include "models/autoencoder/coder.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, LATENT, HIDDEN, LAYERS, ACTIVATION, NOISE };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(128, 100),
    [RATE] = KNOB_RATE(2e-3, 1e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(10000, 10000),
    [AVERAGE] = KNOB_AVERAGE(.995, .998),
    [LATENT] = KNOB_LATENT(1, 20),
    [HIDDEN] = KNOB_HIDDEN(64, 400),
    [LAYERS] = KNOB_LAYERS(2, 1),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_TANH, ACT_RELU),
    [NOISE] = { .key = "noise", .title = "Input noise", .type = KNOB_NUMBER, .points = 0, .image = 0, .min = 0, .max = 2, .live = true, .group = "Model",
                .help = "Standard deviation of the noise added to what the encoder sees (Vincent et al. 2008); the original must come back. 0: a plain autoencoder." },
    KNOBS_END,
};

typedef struct { Coder coder; Program learn; Var *x, *loss; } Ae;

// Pictures lie in [0,1], so that is where the decoder ends.
static Var *rebuilt(const Model *m, Var *out) { return m->image ? v_sigmoid(out) : out; }

static bool build(Model *m) {
    Ae *a = m->self;
    Coder *c = &a->coder;
    m->code_dim = (int)m->knob[LATENT];
    coder_declare(m, c, "ae", &(CoderShape){ "", (int)m->knob[HIDDEN], (int)m->knob[LAYERS], m->code_dim, (Activation)m->knob[ACTIVATION], 1 });
    if (!params_alloc(&c->weights, m->seed)) return false;

    model_program(m, &a->learn, "learn");
    a->x = v_input(&a->learn, "x", m->batch, m->dim);
    Var *seen = v_add(a->x, v_mul(v_randn(&a->learn, m->batch, m->dim), v_knob(&a->learn, &m->knob[NOISE])));
    a->loss = program_keep(v_squared_error(a->x, rebuilt(m, v_decoder(c, v_encoder(c, seen, NULL), NULL))));
    program_gradient(a->loss, &c->weights);
    if (!program_end(&a->learn)) return false;

    c->codes = program_keep(coder_encode_begin(m, c));
    if (!program_end(&c->encode)) return false;
    c->mean = program_keep(rebuilt(m, coder_decode_begin(m, c)));
    return program_end(&c->decode);
}

static bool train(Model *m) {
    Ae *a = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    model_batch(m, m->step, a->x, NULL);
    if (!model_update(m, &a->learn, a->loss, &a->coder.weights, &o, m->step)) return false;
    m->loss[0] = (double)a->loss->data[0];
    return true;
}

#define VERBS (CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE)

const ModelDef model_ae = {
    .id = "ae", .title = "Autoencoder", .family = "Autoencoders", .paper = "Hinton and Salakhutdinov 2006",
    .summary = "Two networks that squeeze an example through a small code and back: the baseline, and no generator.",
    .about =
        "An encoder $E$ turns an example into a few numbers, a decoder $D$ turns them back. Trained to lose as little as possible, they find the few directions that matter.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = \\mathbb E_x\\, \\big\\|x - D(E(x + \\sigma\\varepsilon))\\big\\|^2$$ With $\\sigma = 0$ this is the plain autoencoder; with noise it must undo it (denoising).\n\n"
        "## What to watch\n\n"
        "The squared error falls below that of as many principal components: the codes are a curved version of them. In the latent plane, codes lie wherever they like, with holes between them.\n\n"
        "## What goes wrong\n\n"
        "Draw a code from $\\mathcal N(0,I)$ and it decodes to nothing in particular, since no code was ever there. A Gaussian fitted to the codes does better, and still falls into the holes. "
        "That is what the VAE and the WAE are for.\n\n"
        "## What to try\n\n"
        "Compare both ways to draw codes. Add input noise and see reconstructions get smoother. Give points a code of two numbers: nothing is lost, and nothing learned.",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "loss", "Squared error", "Summed over an example's numbers, mean over the batch (points: in standardised units)." } },
    .views = { "samples", "latent", "reconstruct", "attributes", "priors", "filters" },
    .normal_codes = true,
    .size = sizeof(Ae),
    .build = build, .train = train, .sample = coder_sample, .encode = coder_rows, .decode = decoder_rows,
};
