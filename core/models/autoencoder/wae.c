// wae.c -- Wasserstein autoencoder with an MMD penalty.  Tolstikhin, Bousquet, Gelly and Schoelkopf 2018, arXiv:1711.01558, algorithm 2.
//
//     L = mean |x - D(E(x))|^2 + lambda MMD^2({E(x_i)}, {z_j}),   z_j ~ N(0, I)
// MMD^2 is the unbiased estimate over the whole batch with the sum of the kernels k(a,b) = C / (C + |a - b|^2), C = 2 d s for a code of d numbers and
// s = .1 .2 .5 1 2 5 10 (section 4: a single width has no gradient for codes far away).  Codes are not noisy, unlike the VAE's: only all of them together
// must look like N(0, I).
//
// With `compare` the same networks are trained on the same batches as an AE (lambda = 0) and as a VAE too (Gaussian likelihood), in stores of their own.

#include <math.h>
#include <string.h>

#include "models/autoencoder/coder.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, AVERAGE, LATENT, HIDDEN, LAYERS, ACTIVATION, LAMBDA, COMPARE };
enum { WAE, AE, VAE, TWINS };

static const Knob knobs[] = {
    [BATCH] = { .key = "batch", .title = "Batch", .type = KNOB_INTEGER, .points = 256, .image = 200, .min = 2, .max = BATCH_MAX, .scale = SCALE_LOG, .group = "Training",
                .help = "Examples per step. The penalty compares all pairs of a batch: small ones hardly feel whether codes are normal." },
    [RATE] = KNOB_RATE(2e-3, 1e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(10000, 10000),
    [AVERAGE] = KNOB_AVERAGE(.995, .998),
    [LATENT] = KNOB_LATENT(2, 8),
    [HIDDEN] = KNOB_HIDDEN(64, 400),
    [LAYERS] = KNOB_LAYERS(2, 2),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_TANH, ACT_RELU),
    [LAMBDA] = { .key = "lambda", .title = "λ", .type = KNOB_NUMBER, .points = 10, .image = 100, .min = 0, .max = 10000, .live = true, .group = "Model",
                 .help = "Weight of the penalty on codes that do not look like N(0, I) (Tolstikhin et al. 2018). 0 is an autoencoder." },
    [COMPARE] = { .key = "compare", .title = "Train AE and VAE beside it", .type = KNOB_BOOLEAN, .points = 1, .image = 0, .group = "Model",
                  .help = "The same networks on the same examples as autoencoder and as VAE, so that their codes can be compared. Steps take three times as long." },
    KNOBS_END,
};

// A network with its own way to learn.  `coder` of the first is the model's.
typedef struct { Coder coder; Program learn; Var *x, *loss, *error, *mmd; } Twin;
typedef struct { Twin twin[TWINS]; int n; } Wae;

static Var *rebuilt(const Model *m, Var *out) { return m->image ? v_sigmoid(out) : out; }

// Sum over all pairs of a row of a and one of b of what the kernels lack to 1, |a - b|^2 / (C + |a - b|^2), [1,1]: 0 for a row with itself, and nothing
// large cancels.  One call a statement: see the rule in graph.h.
static Var *pairs(Var *a, Var *b) {
    static const float scale[] = { .1f, .2f, .5f, 1, 2, 5, 10 };
    Var *down = v_sum_rows(v_square(a)), *across = v_sum_rows(v_square(b)), *product = v_matmul(a, b, false, true), *sum = NULL;
    Var *square = v_add(down, v_reshape2(across, 1, b->dim[0]));                                            // |a|^2 + |b|^2
    Var *apart = v_relu(v_sub(square, v_scale(product, 2)));                                               // rounding may leave it below 0
    for (size_t i = 0; i < sizeof scale / sizeof *scale; i++) {
        float c = 2 * (float)a->dim[1] * scale[i];
        Var *beyond = v_offset(apart, c), *lack = v_div(apart, beyond);
        sum = sum ? v_add(sum, lack) : lack;
    }
    return v_sum(sum);
}

// The unbiased estimate (Gretton et al. 2012, eq. 3); its ones cancel.
static Var *mmd2(Var *a, Var *b) {
    float n = (float)a->dim[0];
    Var *between = pairs(a, b), *within_a = pairs(a, a), *within_b = pairs(b, b);
    return v_sub(v_scale(between, 2 / (n * n)), v_scale(v_add(within_a, within_b), 1 / (n * (n - 1))));
}

static Var *loss_of(Model *m, Twin *t, int kind) {
    Program *p = &t->learn;
    Var *h = v_encoder(&t->coder, t->x, NULL), *z = h, *loss;
    if (kind == VAE) {
        Var *mu = v_slice(h, 1, 0, m->code_dim), *ls = v_clamp(v_slice(h, 1, m->code_dim, m->code_dim), -8, 4);
        Var *twice = v_scale(ls, 2), *var = v_exp(twice);
        Var *kl = v_scale(v_offset(v_sub(v_add(v_square(mu), var), twice), -1), .5f);
        const float sigma = m->image ? .3f : .1f;                                  // as the VAE's own default
        z = v_add(mu, v_mul(v_exp(ls), v_randn(p, m->batch, m->code_dim)));
        t->error = program_keep(v_squared_error(t->x, rebuilt(m, v_decoder(&t->coder, z, NULL))));
        return v_add(v_scale(t->error, .5f / (sigma * sigma)), v_scale(v_sum(kl), 1 / (float)m->batch));
    }
    loss = t->error = program_keep(v_squared_error(t->x, rebuilt(m, v_decoder(&t->coder, z, NULL))));
    if (kind == AE) return loss;
    t->mmd = program_keep(mmd2(z, v_randn(p, m->batch, m->code_dim)));
    return v_add(loss, v_mul(t->mmd, v_knob(p, &m->knob[LAMBDA])));
}

static bool build_twin(Model *m, int kind) {
    static const char *const names[TWINS] = { "wae", "ae", "vae" }, *const prefixes[TWINS] = { "", "ae.", "vae." };
    Twin *t = &((Wae *)m->self)->twin[kind];
    Coder *c = &t->coder;
    int out = kind == VAE ? 2 * m->code_dim : m->code_dim;
    coder_declare(m, c, names[kind], &(CoderShape){ prefixes[kind], (int)m->knob[HIDDEN], (int)m->knob[LAYERS], out, (Activation)m->knob[ACTIVATION], 1 });
    if (!params_alloc(&c->weights, m->seed)) return false;
    model_program(m, &t->learn, "learn");
    t->x = v_input(&t->learn, "x", m->batch, m->dim);
    t->loss = program_keep(loss_of(m, t, kind));
    program_gradient(t->loss, &c->weights);
    if (!program_end(&t->learn)) return false;
    c->codes = program_keep(v_slice(coder_encode_begin(m, c), 1, 0, m->code_dim));
    if (!program_end(&c->encode)) return false;
    c->mean = program_keep(rebuilt(m, coder_decode_begin(m, c)));
    return program_end(&c->decode);
}

static bool build(Model *m) {
    Wae *w = m->self;
    m->code_dim = (int)m->knob[LATENT];
    w->n = m->knob[COMPARE] > 0 ? TWINS : 1;
    for (int k = 0; k < w->n; k++) if (!build_twin(m, k)) return false;
    return true;
}

static bool train(Model *m) {
    Wae *w = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    Var *x = w->twin[0].x;
    model_batch(m, m->step, x, NULL);
    for (int k = 0; k < w->n; k++) {
        Twin *t = &w->twin[k];
        if (k) memcpy(t->x->data, x->data, sizeof(float) * (size_t)x->size);
        if (!model_update(m, &t->learn, t->loss, &t->coder.weights, &o, m->step)) return false;
    }
    m->loss[0] = (double)w->twin[0].loss->data[0];
    m->loss[1] = w->n > 1 ? (double)w->twin[AE].loss->data[0] : 0;
    m->loss[2] = w->n > 1 ? (double)w->twin[VAE].loss->data[0] : 0;
    m->loss[3] = (double)w->twin[0].error->data[0];
    m->loss[4] = (double)w->twin[0].mmd->data[0];
    return true;
}

static double line(const Model *m, int i, const char **text) {
    (void)m;
    *text = "codes are normal";
    return i == 4 ? 0 : (double)NAN;
}

static const char *twin(Model *m, int k, int n, const float *x, float *codes) {
    static const char *const names[TWINS] = { "WAE", "AE", "VAE" };
    Wae *w = m->self;
    if (k >= w->n) return NULL;
    if (n) {
        Coder *c = &w->twin[k].coder;
        model_fill(c->ex, x, n);
        program_run(&c->encode, 0);
        memcpy(codes, c->codes->data, sizeof *codes * (size_t)(n * m->code_dim));
    }
    return names[k];
}

#define VERBS (CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_TWINS)

const ModelDef model_wae = {
    .id = "wae", .title = "WAE-MMD", .family = "Autoencoders", .paper = "arXiv:1711.01558",
    .summary = "An autoencoder whose codes, all together, must look like Gaussian noise: so noise can be decoded, and pictures stay sharp.",
    .about =
        "A Wasserstein autoencoder keeps the autoencoder's sharp codes, one for each example, and asks only that the whole cloud of codes look like noise. Then a code drawn from noise is one "
        "that the decoder knows.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = \\mathbb E_x \\big\\|x - D(E(x))\\big\\|^2 + \\lambda\\,\\mathrm{MMD}^2\\big(\\{E(x_i)\\}, \\{z_j\\}\\big),\\qquad z_j \\sim \\mathcal N(0,I)$$ The maximum mean discrepancy compares two "
        "clouds by kernels over all pairs: within the codes, within the noise, and between them. It is 0 when both come from the same law.\n\n"
        "## What to watch\n\n"
        "Four clouds side by side: noise, and the codes of the same network trained as AE, VAE and WAE. Which of them could you mistake for the noise?\n\n"
        "## What goes wrong\n\n"
        "With a small $\\lambda$ the codes drift apart as in an autoencoder; with a large one they are normal and say little about the example. In many dimensions a batch of pairs hardly feels the "
        "difference.\n\n"
        "## What to try\n\n"
        "Move $\\lambda$ while it trains and watch the cloud. Measure the codes' MMD against its noise floor. Compare samples with the VAE's: sharper, and rarely from nowhere.",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "loss", "Loss", "Squared error + λ · MMD²." },
              { "ae", "AE's loss", "Squared error of the same network without the penalty (0 when it is not trained)." },
              { "vae", "VAE's loss", "−ELBO up to a constant of the same network as a VAE (0 when it is not trained)." },
              { "error", "Squared error", "Summed over an example's numbers, mean over the batch." },
              { "mmd", "MMD² of the codes", "Unbiased, against as much noise; 0 on average when the codes are normal." } },
    .views = { "samples", "twins", "latent", "reconstruct", "attributes", "priors" },
    .two_updates = true, .normal_codes = true,
    .size = sizeof(Wae),
    .build = build, .train = train, .line = line, .sample = coder_sample, .encode = coder_rows, .decode = decoder_rows, .twin = twin,
};
