// variational.c -- the machinery of the VAE and of its conditional form, in which encoder and decoder also see the class y.
//
// Encoder q(z|x,y) = N(mu, sigma^2), decoder p(x|z,y), prior N(0, I).  For one example
//     log p(x|y) >= E_q log p(x|z,y) - KL(q(z|x,y) || N(0,I)),   KL = 1/2 sum (mu^2 + sigma^2 - 1 - log sigma^2)     (arXiv:1312.6114, appendix B)
// and training lowers  -E_q log p(x|z,y) + beta KL,  with z = mu + sigma eps (section 2.4), eps ~ N(0,I), one draw an example.
// Likelihoods: bernoulli (pixels; grey ones are binarised anew each time with probability their value), gaussian with standard deviation
// `sigma`, or gaussian with one standard deviation learned for all (at least 1e-3).
// The bound with S samples is that of Burda et al. 2016, arXiv:1509.00519: log mean_s p(x,z_s)/q(z_s|x).

#include "models/autoencoder/variational.h"

#include <math.h>

#include "base/error.h"
#include "base/real.h"
#include "models/autoencoder/coder.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, AVERAGE, LATENT, HIDDEN, LAYERS, ACTIVATION, LIKELIHOOD, SIGMA, BETA };
enum { BERNOULLI, GAUSSIAN, LEARNED };

const Knob variational_knobs[] = {
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

static Var *log_sigma(Model *m, Program *p) {
    Variational *v = m->self;
    if (v->kind == LEARNED) return v_clamp(v_param(p, v->log_sigma), -6.9f, 3);
    return v_knob(p, &v->log_fixed);
}

// Row sums of -log p(x|z) for decoder output `out` [B,D] -> [B,1].
static Var *distortion(Model *m, Var *out, Var *x) {
    const Variational *v = m->self;
    if (v->kind == BERNOULLI) return v_sum_rows(v_bce(out, x));
    Var *ls = log_sigma(m, x->p), *unit = v_mul(v_sub(x, out), v_exp(v_neg(ls)));
    return v_add(v_offset(v_scale(v_sum_rows(v_square(unit)), .5f), (float)(.5 * m->dim * REAL_LN_2PI)), v_scale(ls, (float)m->dim));
}

// The posterior in the encoder's answer [B,2Z]: mean and half the log-variance (log sigma), bounded so that nothing overflows.
static void posterior(Var *h, int latent, Var **mu, Var **ls) {
    *mu = v_slice(h, 1, 0, latent);
    *ls = v_clamp(v_slice(h, 1, latent, latent), -8, 4);
}

static Var *binarise(const Variational *v, Var *x) {
    return v->kind == BERNOULLI ? v_step(v_sub(x, v_rand(x->p, x->dim[0], x->dim[1]))) : x;
}

static bool build_learn(Model *m, int latent) {
    Variational *v = m->self;
    model_program(m, &v->learn, "learn");
    const Coder *c = &v->coder;
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    v->y = coder_class(c, &v->learn, m->batch);
    Var *x = binarise(v, v->x), *mu, *ls;                                          // [B,D]
    posterior(v_encoder(c, x, v->y), latent, &mu, &ls);                            // [B,Z]
    Var *z = v_add(mu, v_mul(v_exp(ls), v_randn(&v->learn, m->batch, latent)));
    Var *out = v_decoder(c, z, v->y);
    Var *kl = v_scale(v_offset(v_sub(v_add(v_square(mu), v_exp(v_scale(ls, 2))), v_scale(ls, 2)), -1), .5f);
    v->rebuilt = program_keep(v_mean(distortion(m, out, x)));
    v->kl = program_keep(v_scale(v_sum(kl), 1 / (float)m->batch));
    v->loss = program_keep(v_add(v->rebuilt, v_mul(v->kl, v_knob(&v->learn, &m->knob[BETA]))));
    program_gradient(v->loss, &v->coder.weights);
    return program_end(&v->learn);
}

static bool build_use(Model *m, int latent) {
    Variational *v = m->self;
    Coder *c = &v->coder;
    posterior(coder_encode_begin(m, c), latent, &c->codes, &v->log_sd);
    program_keep(c->codes);
    program_keep(v->log_sd);
    if (!program_end(&c->encode)) return false;

    Var *out = coder_decode_begin(m, c);
    c->mean = program_keep(v->kind == BERNOULLI ? v_sigmoid(out) : out);
    v->spread = v->kind == BERNOULLI ? NULL : program_keep(v_exp(log_sigma(m, &c->decode)));
    if (!program_end(&c->decode)) return false;

    model_program(m, &v->weigh, "weigh");
    v->weigh.average = true;
    v->wx = v_input(&v->weigh, "x", m->chunk, m->dim);
    v->wy = coder_class(c, &v->weigh, m->chunk);
    v->wmu = v_input(&v->weigh, "mu", m->chunk, latent);
    v->wlog_sd = v_input(&v->weigh, "log_sd", m->chunk, latent);
    v->weps = v_input(&v->weigh, "eps", m->chunk, latent);
    Var *z = v_add(v->wmu, v_mul(v_exp(v->wlog_sd), v->weps));
    // log p(z) - log q(z|x): the constants cancel.
    Var *gap = v_sum_rows(v_add(v_scale(v_sub(v_square(v->weps), v_square(z)), .5f), v->wlog_sd));
    v->weight = program_keep(v_sub(gap, distortion(m, v_decoder(c, z, v->wy), v->wx)));
    return program_end(&v->weigh);
}

bool variational_build(Model *m) {
    Variational *v = m->self;
    Coder *c = &v->coder;
    int latent = m->code_dim = (int)m->knob[LATENT];
    v->kind = (int)m->knob[LIKELIHOOD];
    v->log_fixed = real_log(m->knob[SIGMA]);
    if (v->kind == BERNOULLI && !m->image) return fail(ERROR_BAD_ARGUMENT, "%s: likelihood was bernoulli; points accept: gaussian, learned", m->def->id);
    c->classes = model_classes(m);
    coder_declare(m, c, m->def->id, &(CoderShape){ "", (int)m->knob[HIDDEN], (int)m->knob[LAYERS], 2 * latent, (Activation)m->knob[ACTIVATION], .5 });
    v->log_sigma = params_add(&c->weights, "log_sigma", INIT_ZERO, 0, 2, (int[]){ 1, 1 });
    return params_alloc(&c->weights, m->seed) && build_learn(m, latent) && build_use(m, latent);
}

bool variational_train(Model *m) {
    Variational *v = m->self;
    v->log_fixed = real_log(m->knob[SIGMA]);
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE], .beta1 = m->knob[BETA1], .beta2 = .999, .epsilon = 1e-8,
                    .average = m->knob[AVERAGE] };
    int32_t label[BATCH_MAX];
    model_batch(m, m->step, v->x, label);
    coder_fill(v->y, label, m->batch);
    if (!model_update(m, &v->learn, v->loss, &v->coder.weights, &o, m->step)) return false;
    double unit = 0;                                                              // to nats in the data's own units
    for (int i = 0; !m->image && i < 2; i++) unit += real_log(m->data->std[i]);
    m->loss[0] = (double)v->loss->data[0] + unit;
    m->loss[1] = (double)v->rebuilt->data[0] + unit;
    m->loss[2] = (double)v->kl->data[0];
    return true;
}

// -ELBO is at least the entropy of the data: a line to stay above, for beta 1 on points.
double variational_line(const Model *m, int i, const char **text) {
    *text = "entropy of the data";
    return i == 0 && m->knob[BETA] == 1 && !model_classes(m) ? m->data->def.entropy : (double)NAN;
}

bool variational_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    Variational *v = m->self;
    model_codes(m, d, first, n, codes);
    decoder_rows(m, n, codes, x);
    if (m->image) return true;                                                    // pictures are the decoder's mean
    for (int i = 0; i < n; i++) {
        float noise[2];
        rng_normal((Key){ d->seed, STREAM_SAMPLE + 1 }, first + (uint32_t)i, 0, 0, noise, 2);
        for (int j = 0; j < 2; j++) x[2 * i + j] += noise[j] * v->spread->data[0] * (float)d->temperature;
    }
    return true;
}

// The posterior of n rows that stand in v->wx: the encoder runs once, however many codes are drawn.
static void fill_posterior(Model *m, int n) {
    Variational *v = m->self;
    Coder *c = &v->coder;
    model_fill(c->ex, v->wx->data, n);
    coder_fill(c->ey, m->labels, n);
    program_run(&c->encode, 0);
    model_fill(v->wmu, c->codes->data, n);
    model_fill(v->wlog_sd, v->log_sd->data, n);
}

bool variational_bound(Model *m, uint32_t seed, uint32_t first, int n, const float *x, int samples, double *out) {
    Variational *v = m->self;
    model_fill(v->wx, x, n);
    coder_fill(v->wy, m->labels, n);
    if (v->kind == BERNOULLI) model_binarise(seed, first, n, m->dim, v->wx->data);
    fill_posterior(m, n);
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
