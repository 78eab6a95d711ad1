// gan.c -- generative adversarial network.  Goodfellow et al. 2014, arXiv:1406.2661.
//
// A generator G turns noise z ~ N(0, I) into examples; a critic D (its logit is d, D = sigmoid d) learns to tell them from data:
//     L_D = -E log D(x) - E log(1 - D(G(z)))                              algorithm 1; 2 ln 2 when D cannot tell
//     minimax        L_G =  E log(1 - D(G(z)))                            -ln 2 at that point
//     non-saturating L_G = -E log D(G(z))                                  ln 2 at that point (section 3)
// One step is `critic` updates of D, each with fresh data and noise, then one of G with fresh noise; D does not move in G's update.
// Three things make the game settle, and none is needed to play it: the critic pays `penalty`/2 E |grad d|^2 on data and on samples (R1 and
// R2, Mescheder et al. 2018, arXiv:1801.04406, eq. 9 and 10); the generator learns at `ratio` times its rate (two time scales, Heusel et
// al. 2017, arXiv:1706.08500); and both rates fall.
// Samples use the moving average of the generator's weights (Yazici et al. 2019, arXiv:1806.04498).

#include <string.h>

#include "base/real.h"
#include "models/model.h"
#include "nn/nn.h"

enum { BATCH, RATE, RATIO, OPTIMIZER, BETA1, DECAY, AVERAGE, LATENT, HIDDEN, LAYERS, ACTIVATION, LOSS, CRITIC, PENALTY };
enum { NON_SATURATING, MINIMAX };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(256, 64),
    [RATE] = KNOB_RATE(3e-3, 2e-4),
    [RATIO] = { .key = "ratio", .title = "Generator's share of the rate", .type = KNOB_NUMBER, .points = .3, .image = 1, .min = .01, .max = 10, .scale = SCALE_LOG,
                .live = true, .group = "Training", .help = "The generator learns at this times the critic's rate (Heusel et al. 2017). A slower generator lets the critic keep up."
                " At 1, samples crowd together inside each mode." },
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(0, .5),
    [DECAY] = KNOB_DECAY(1500, 100000),
    [AVERAGE] = KNOB_AVERAGE(.999, .999),
    [LATENT] = KNOB_LATENT(2, 64),
    [HIDDEN] = KNOB_HIDDEN(64, 256),
    [LAYERS] = KNOB_LAYERS(3, 2),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_SILU, ACT_LRELU),
    [LOSS] = { .key = "loss", .title = "Generator's loss", .type = KNOB_CHOICE, .choices = "nonsaturating|minimax", .group = "Model",
               .help = "Non-saturating: −log D(G(z)), strong gradients when the critic wins. Minimax: log(1 − D(G(z))), the game of the theory." },
    [CRITIC] = { .key = "critic", .title = "Critic steps", .type = KNOB_INTEGER, .points = 1, .image = 1, .min = 1, .max = 10, .group = "Model",
                 .help = "Updates of the critic per update of the generator (k in algorithm 1)." },
    [PENALTY] = { .key = "penalty", .title = "Gradient penalty", .type = KNOB_NUMBER, .points = .1, .image = .1, .min = 0, .max = 100, .live = true, .group = "Model",
                  .help = "Weight γ of ½γ|∇d(x)|², on data and on samples (Mescheder et al. 2018): keeps the critic smooth so that the game settles. 0 is the original GAN." },
    KNOBS_END,
};

typedef struct {
    Params generator, critic;
    Mlp g, d;
    Program learn_d, learn_g, draw, judge;
    Var *x, *loss_d, *loss_g, *truth;        // truth: share of the critic's right guesses
    Var *code, *made;                        // draw
    Var *jx, *belief;                        // judge
} Gan;

static Var *make(const Gan *v, Var *z, bool image) {
    Var *x = v_mlp(&v->g, z);
    return image ? v_sigmoid(x) : x;
}

// E log(1 - D) = -E softplus(d), E log D = -E softplus(-d).
static bool build_learn(Model *m) {
    Gan *v = m->self;
    int B = m->batch, latent = m->code_dim;
    model_program(m, &v->learn_d, "critic's step");
    v->x = v_input(&v->learn_d, "x", B, m->dim);
    Var *fake = v_detach(make(v, v_randn(&v->learn_d, B, latent), m->image));       // [B,D]
    Var *on_data = v_mlp(&v->d, v->x), *on_fake = v_mlp(&v->d, fake);               // [B,1] logits
    v->loss_d = program_keep(v_add(v_mean(v_softplus(v_neg(on_data))), v_mean(v_softplus(on_fake))));
    v->truth = program_keep(v_scale(v_add(v_mean(v_step(on_data)), v_mean(v_step(v_neg(on_fake)))), .5f));
    // Slopes of d on data and samples: graphs like any other, differentiable again.
    Var *slope = v_add(v_sum(v_square(v_grad(v_sum(on_data), v->x))), v_sum(v_square(v_grad(v_sum(on_fake), fake))));
    Var *penalty = v_scale(v_mul(slope, v_knob(&v->learn_d, &m->knob[PENALTY])), .5f / (float)B);
    program_gradient(v_add(v->loss_d, penalty), &v->critic);
    if (!program_end(&v->learn_d)) return false;

    model_program(m, &v->learn_g, "generator's step");
    v->learn_g.n_random = 1;                                                        // noise of its own, not the critic's
    Var *logit = v_mlp(&v->d, make(v, v_randn(&v->learn_g, B, latent), m->image));
    bool minimax = m->knob[LOSS] == MINIMAX;
    v->loss_g = program_keep(minimax ? v_neg(v_mean(v_softplus(logit))) : v_mean(v_softplus(v_neg(logit))));
    program_gradient(v->loss_g, &v->generator);
    return program_end(&v->learn_g);
}

static bool build(Model *m) {
    Gan *v = m->self;
    int hidden = (int)m->knob[HIDDEN], layers = (int)m->knob[LAYERS];
    Activation act = (Activation)m->knob[ACTIVATION];
    m->code_dim = (int)m->knob[LATENT];
    model_store(m, &v->critic, "critic");
    model_store(m, &v->generator, "generator");
    v->g = mlp(&v->generator, "generator", m->code_dim, hidden, layers, m->dim, act, 1);
    v->d = mlp(&v->critic, "critic", m->dim, hidden, layers, 1, act, 1);
    if (!params_alloc(&v->generator, m->seed) || !params_alloc(&v->critic, m->seed) || !build_learn(m)) return false;

    model_program(m, &v->draw, "draw");
    v->draw.average = true;
    v->code = v_input(&v->draw, "z", m->chunk, m->code_dim);
    v->made = program_keep(make(v, v->code, m->image));
    if (!program_end(&v->draw)) return false;

    model_program(m, &v->judge, "judge");
    v->jx = v_input(&v->judge, "x", m->chunk, m->dim);
    v->belief = program_keep(v_sigmoid(v_mlp(&v->d, v->jx)));
    return program_end(&v->judge);
}

static bool train(Model *m) {
    Gan *v = m->self;
    int k = (int)m->knob[CRITIC];
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .99, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    for (int i = 0; i < k; i++) {
        uint64_t tick = m->step * (uint64_t)k + (uint64_t)i;
        model_batch(m, tick, v->x, NULL);
        if (!model_update(m, &v->learn_d, v->loss_d, &v->critic, &o, tick)) return false;
    }
    o.rate *= m->knob[RATIO];
    if (!model_update(m, &v->learn_g, v->loss_g, &v->generator, &o, m->step)) return false;
    m->loss[0] = (double)v->loss_d->data[0];
    m->loss[1] = (double)v->loss_g->data[0];
    m->loss[2] = (double)v->truth->data[0];
    return true;
}

static double line(const Model *m, int i, const char **text) {
    static const char *const texts[] = { "2 ln 2: cannot tell", "ln 2: cannot tell", "½: guessing" };
    bool minimax = m->knob[LOSS] == MINIMAX;
    *text = i == 1 && minimax ? "−ln 2: cannot tell" : texts[i];
    return i == 0 ? 2 * REAL_LN2 : i == 1 ? (minimax ? -REAL_LN2 : REAL_LN2) : .5;
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    Gan *v = m->self;
    model_fill(v->code, codes, n);
    program_run(&v->draw, 0);
    memcpy(x, v->made->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    model_codes(m, d, first, n, codes);
    for (int i = 0; i < n * m->code_dim; i++) codes[i] *= (float)d->temperature;
    return decode(m, n, codes, x);
}

static bool critic(Model *m, int n, const float *x, float *out) {
    Gan *v = m->self;
    model_fill(v->jx, x, n);
    program_run(&v->judge, 0);
    memcpy(out, v->belief->data, sizeof *out * (size_t)n);
    return true;
}

const ModelDef model_gan = {
    .id = "gan", .title = "GAN", .family = "Adversarial", .paper = "arXiv:1406.2661",
    .summary = "Two networks play: one invents examples, the other tries to tell them from real ones.",
    .about =
        "A generator $G$ turns noise $z$ into examples and never sees the data. A critic $D$ sees both and says how likely an example is real. "
        "The generator learns only from the critic's mistakes.\n\n"
        "## Loss\n\n"
        "The critic maximises $$V = \\mathbb E_x \\log D(x) + \\mathbb E_z \\log\\big(1 - D(G(z))\\big)$$ and the generator lowers $-\\mathbb E_z \\log D(G(z))$ (non-saturating) or $V$ itself (minimax). "
        "For a fixed generator the best critic is $D^*(x) = p(x)/(p(x)+p_g(x))$; when both distributions agree it says ½ everywhere and the losses stand at $2\\ln 2$ and $\\ln 2$.\n\n"
        "## What to watch\n\n"
        "Not a falling loss: a balance. Watch the map behind the points, blue where the critic believes, and how the purple samples drift towards it. Compare the learned field with the optimal one.\n\n"
        "## What goes wrong\n\n"
        "The generator may cover only some modes (mode collapse) or circle around them for ever; a critic that is too strong leaves it without a gradient, above all in the minimax game.\n\n"
        "## What to try\n\n"
        "Set the gradient penalty to 0 and see the game circle. Play minimax with 5 critic steps. Count the modes on grid25.",
    .knobs = knobs,
    .points = CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC,
    .image = CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC,
    .loss = { { "critic", "Critic L_D", "−E log D(x) − E log(1 − D(G(z))); 2 ln 2 when it cannot tell." },
              { "generator", "Generator L_G", "ln 2 (minimax: −ln 2) when the critic cannot tell." },
              { "accuracy", "Critic's accuracy", "Share of examples that the critic classifies rightly; ½ is guessing." } },
    .views = { "samples", "latent" },
    .improves = -1, .two_updates = true,
    .size = sizeof(Gan),
    .build = build, .train = train, .line = line, .sample = sample, .decode = decode, .critic = critic,
};
