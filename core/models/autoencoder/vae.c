// vae.c -- variational autoencoder.  Kingma and Welling 2014, arXiv:1312.6114; beta: Higgins et al. 2017.
//
// Encoder q(z|x) = N(mu(x), sigma(x)^2), decoder p(x|z), prior N(0, I).  For one example
//     log p(x) >= E_q log p(x|z) - KL(q(z|x) || N(0,I)),   KL = 1/2 sum (mu^2 + sigma^2 - 1 - log sigma^2)     (appendix B)
// and training lowers  -E_q log p(x|z) + beta KL,  with z = mu + sigma eps (section 2.4), eps ~ N(0,I), one draw an example.
// Likelihoods: bernoulli (pixels; grey ones are binarised anew each time with probability their value), gaussian with standard deviation
// `sigma`, or gaussian with one standard deviation learned for all (at least 1e-3).
// The bound with S samples is that of Burda et al. 2016, arXiv:1509.00519: log mean_s p(x,z_s)/q(z_s|x).

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "models/model.h"
#include "nn/nn.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, AVERAGE, LATENT, HIDDEN, LAYERS, ACTIVATION, LIKELIHOOD, SIGMA, BETA };
enum { BERNOULLI, GAUSSIAN, LEARNED };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(128, 100),
    [RATE] = KNOB_RATE(2e-3, 1e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [AVERAGE] = KNOB_AVERAGE(.995, .998),
    [LATENT] = KNOB_LATENT(2, 20),
    [HIDDEN] = KNOB_HIDDEN(64, 400),
    [LAYERS] = KNOB_LAYERS(2, 1),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_TANH, ACT_RELU),
    [LIKELIHOOD] = { .key = "likelihood", .title = "Likelihood", .type = KNOB_CHOICE, .choices = "bernoulli|gaussian|learned", .points = GAUSSIAN,
                     .image = BERNOULLI, .group = "Model", .help = "How an example scatters around the decoder's output: black or white pixels, Gaussian with "
                     "a fixed standard deviation, or Gaussian with a learned one." },
    [SIGMA] = { .key = "sigma", .title = "Fixed σ", .type = KNOB_NUMBER, .points = .1, .image = .3, .min = .01, .max = 2, .scale = SCALE_LOG, .live = true,
                .group = "Model", .help = "Standard deviation of the gaussian likelihood (in standardised units on points). Squared error with β = 1 is σ² = ½." },
    [BETA] = { .key = "beta", .title = "β", .type = KNOB_NUMBER, .points = 1, .image = 1, .min = 0, .max = 100, .live = true, .group = "Model",
               .help = "Weight of the KL term (Higgins et al. 2017). 1 is the VAE; more gives smoother codes and blurrier examples; 0 a noisy autoencoder." },
    KNOBS_END,
};

typedef struct {
    Params weights;
    Mlp encoder, decoder;
    Param *log_sigma;                         // [1,1], learned likelihood only
    int kind;
    double log_fixed;                         // log of knob sigma, as a live scalar
    Program learn, encode, decode, weigh;
    Var *x, *loss, *rebuilt, *kl;             // learn
    Var *ex, *mu;                             // encode: data in, posterior mean out
    Var *code, *mean, *spread;                // decode: code in; mean (or probability) and standard deviation out
    Var *wx, *weps, *weight;                  // weigh: data and posterior noise in, log p(x,z)/q(z|x) [chunk,1] out
} Vae;

static Var *log_sigma(Model *m, Program *p) {
    Vae *v = m->self;
    if (v->kind == LEARNED) return v_clamp(v_param(p, v->log_sigma), -6.9f, 3);
    return v_knob(p, &v->log_fixed);
}

// Row sums of -log p(x|z) for decoder output `out` [B,D] -> [B,1].
static Var *distortion(Model *m, Var *out, Var *x) {
    const Vae *v = m->self;
    if (v->kind == BERNOULLI) return v_sum_rows(v_bce(out, x));
    Var *ls = log_sigma(m, x->p), *unit = v_mul(v_sub(x, out), v_exp(v_neg(ls)));
    return v_add(v_offset(v_scale(v_sum_rows(v_square(unit)), .5f), (float)(.5 * m->dim * REAL_LN_2PI)), v_scale(ls, (float)m->dim));
}

// Posterior of x: mean and half the log-variance (log sigma), bounded so that nothing overflows.
static void posterior(const Vae *v, Var *x, int latent, Var **mu, Var **ls) {
    Var *h = v_mlp(&v->encoder, x);
    *mu = v_slice(h, 1, 0, latent);
    *ls = v_clamp(v_slice(h, 1, latent, latent), -8, 4);
}

static Var *binarise(const Vae *v, Var *x) {
    return v->kind == BERNOULLI ? v_step(v_sub(x, v_rand(x->p, x->dim[0], x->dim[1]))) : x;
}

static bool build_learn(Model *m, int latent) {
    Vae *v = m->self;
    model_program(m, &v->learn, "learn");
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    Var *x = binarise(v, v->x), *mu, *ls;                                          // [B,D]
    posterior(v, x, latent, &mu, &ls);                                             // [B,Z]
    Var *z = v_add(mu, v_mul(v_exp(ls), v_randn(&v->learn, m->batch, latent)));
    Var *out = v_mlp(&v->decoder, z);
    Var *kl = v_scale(v_offset(v_sub(v_add(v_square(mu), v_exp(v_scale(ls, 2))), v_scale(ls, 2)), -1), .5f);
    v->rebuilt = program_keep(v_mean(distortion(m, out, x)));
    v->kl = program_keep(v_scale(v_sum(kl), 1 / (float)m->batch));
    v->loss = program_keep(v_add(v->rebuilt, v_mul(v->kl, v_knob(&v->learn, &m->knob[BETA]))));
    program_gradient(v->loss, &v->weights);
    return program_end(&v->learn);
}

static bool build_use(Model *m, int latent) {
    Vae *v = m->self;
    Var *ls;
    model_program(m, &v->encode, "encode");
    v->encode.average = true;
    v->ex = v_input(&v->encode, "x", m->chunk, m->dim);
    posterior(v, v->ex, latent, &v->mu, &ls);
    program_keep(v->mu);
    if (!program_end(&v->encode)) return false;

    model_program(m, &v->decode, "decode");
    v->decode.average = true;
    v->code = v_input(&v->decode, "z", m->chunk, latent);
    Var *out = v_mlp(&v->decoder, v->code);
    v->mean = program_keep(v->kind == BERNOULLI ? v_sigmoid(out) : out);
    v->spread = v->kind == BERNOULLI ? NULL : program_keep(v_exp(log_sigma(m, &v->decode)));
    if (!program_end(&v->decode)) return false;

    model_program(m, &v->weigh, "weigh");
    v->weigh.average = true;
    v->wx = v_input(&v->weigh, "x", m->chunk, m->dim);
    v->weps = v_input(&v->weigh, "eps", m->chunk, latent);
    Var *mu;
    posterior(v, v->wx, latent, &mu, &ls);
    Var *z = v_add(mu, v_mul(v_exp(ls), v->weps));
    // log p(z) - log q(z|x): the constants cancel.
    Var *gap = v_sum_rows(v_add(v_scale(v_sub(v_square(v->weps), v_square(z)), .5f), ls));
    v->weight = program_keep(v_sub(gap, distortion(m, v_mlp(&v->decoder, z), v->wx)));
    return program_end(&v->weigh);
}

static bool build(Model *m) {
    Vae *v = m->self;
    int latent = m->code_dim = (int)m->knob[LATENT], hidden = (int)m->knob[HIDDEN], layers = (int)m->knob[LAYERS];
    Activation act = (Activation)m->knob[ACTIVATION];
    v->kind = (int)m->knob[LIKELIHOOD];
    v->log_fixed = real_log(m->knob[SIGMA]);
    if (v->kind == BERNOULLI && !m->image) return fail(ERROR_BAD_ARGUMENT, "vae: likelihood was bernoulli; points accept: gaussian, learned");
    model_store(m, &v->weights, "vae");
    v->encoder = mlp(&v->weights, "encoder", m->dim, hidden, layers, 2 * latent, act, .5);
    v->decoder = mlp(&v->weights, "decoder", latent, hidden, layers, m->dim, act, 1);
    v->log_sigma = params_add(&v->weights, "log_sigma", INIT_ZERO, 0, 2, (int[]){ 1, 1 });
    return params_alloc(&v->weights, m->seed) && build_learn(m, latent) && build_use(m, latent);
}

static bool train(Model *m) {
    Vae *v = m->self;
    v->log_fixed = real_log(m->knob[SIGMA]);
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE], .beta1 = m->knob[BETA1], .beta2 = .999, .epsilon = 1e-8,
                    .average = m->knob[AVERAGE] };
    model_batch(m, m->step, v->x, NULL);
    if (!model_update(m, &v->learn, v->loss, &v->weights, &o, m->step)) return false;
    double unit = 0;                                                              // to nats in the data's own units
    for (int i = 0; !m->image && i < 2; i++) unit += real_log(m->data->std[i]);
    m->loss[0] = (double)v->loss->data[0] + unit;
    m->loss[1] = (double)v->rebuilt->data[0] + unit;
    m->loss[2] = (double)v->kl->data[0];
    return true;
}

// -ELBO is at least the entropy of the data: a line to stay above, for beta 1 on points.
static double line(const Model *m, int i, const char **text) {
    *text = "entropy of the data";
    return i == 0 && m->knob[BETA] == 1 ? m->data->def.entropy : (double)NAN;
}

static bool encode(Model *m, int n, const float *x, float *codes) {
    Vae *v = m->self;
    model_fill(v->ex, x, n);
    program_run(&v->encode, 0);
    memcpy(codes, v->mu->data, sizeof *codes * (size_t)(n * m->code_dim));
    return true;
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    Vae *v = m->self;
    model_fill(v->code, codes, n);
    program_run(&v->decode, 0);
    memcpy(x, v->mean->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    Vae *v = m->self;
    model_codes(m, d, first, n, codes);
    decode(m, n, codes, x);
    if (m->image) return true;                                                    // pictures are the decoder's mean
    for (int i = 0; i < n; i++) {
        float noise[2];
        rng_normal((Key){ d->seed, STREAM_SAMPLE + 1 }, first + (uint32_t)i, 0, 0, noise, 2);
        for (int j = 0; j < 2; j++) x[2 * i + j] += noise[j] * v->spread->data[0] * (float)d->temperature;
    }
    return true;
}

static bool bound(Model *m, uint32_t seed, uint32_t first, int n, const float *x, int samples, double *out) {
    Vae *v = m->self;
    model_fill(v->wx, x, n);
    if (v->kind == BERNOULLI) model_binarise(seed, first, n, m->dim, v->wx->data);
    double top[1024], sum[1024];                                                  // running log-sum-exp of each row
    for (int i = 0; i < n; i++) top[i] = -INFINITY, sum[i] = 0;
    for (int s = 0; s < samples; s++) {
        rng_normal_rows((Key){ seed, STREAM_BOUND }, first, (uint64_t)s, v->weps->data, n, m->code_dim);
        program_run(&v->weigh, 0);
        for (int i = 0; i < n; i++) {
            double w = (double)v->weight->data[i];
            if (w > top[i]) sum[i] = sum[i] * real_exp(top[i] - w) + 1, top[i] = w;
            else sum[i] += real_exp(w - top[i]);
        }
    }
    for (int i = 0; i < n; i++) out[i] = top[i] + real_log(sum[i] / samples);
    return true;
}

#define VERBS (CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_BOUND)

const ModelDef model_vae = {
    .id = "vae", .title = "VAE", .family = "Autoencoders", .paper = "arXiv:1312.6114",
    .summary = "An autoencoder with noisy codes: it learns to compress, and to generate from pure noise.",
    .about =
        "An encoder turns an example $x$ into a small Gaussian cloud of codes $q(z|x)$; a decoder turns a code back into an example. Because all clouds together are "
        "pressed towards one standard normal cloud, a code drawn from pure noise decodes to something new.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = \\underbrace{-\\mathbb E_{q(z|x)} \\log p(x|z)}_{\\text{reconstruction}} + \\beta\\,\\underbrace{\\mathrm{KL}\\big(q(z|x)\\,\\|\\,\\mathcal N(0,I)\\big)}_{\\text{rate}}$$ "
        "For $\\beta = 1$ this is an upper bound of $-\\log p(x)$. Codes are drawn as $z=\\mu+\\sigma\\odot\\varepsilon$, so the gradient passes through the draw.\n\n"
        "## What to watch\n\n"
        "Both terms pull against each other: reconstruction falls while the rate rises. In the latent view, the codes of all data should fill the ring where noise lives, without holes.\n\n"
        "## What goes wrong\n\n"
        "With a large $\\beta$, or a decoder that ignores its code, the rate falls to 0 and every code decodes to the same thing (posterior collapse). Pictures are blurry, because "
        "the decoder gives the mean of everything that a code could stand for.\n\n"
        "## What to try\n\n"
        "Set $\\beta$ to 0 and look at the holes in the latent plane. Take a latent size of 2 on digits and pick two codes to walk between. Compare the fixed and the learned variance on points.",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "loss", "−ELBO, nats", "Reconstruction + β · KL, the mean over the batch, in nats." },
              { "reconstruction", "Reconstruction, nats", "−log p(x|z) at a code drawn from the posterior." },
              { "kl", "KL, nats", "From the posterior to N(0, I), summed over the code." } },
    .views = { "samples", "latent", "reconstruct", "filters" },
    .size = sizeof(Vae),
    .build = build, .train = train, .line = line, .sample = sample, .encode = encode, .decode = decode, .bound = bound,
};
