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

#include "base/real.h"
#include "models/adversarial/gan.h"

enum { BATCH, RATE, RATIO, OPTIMIZER, BETA1, DECAY, AVERAGE, LATENT, ARCH, HIDDEN, LAYERS, ACTIVATION, CHANNELS, LOSS, CRITIC, PENALTY };
enum { NON_SATURATING, MINIMAX };

const Knob gan_knobs[] = {
    [BATCH] = KNOB_BATCH(256, 32),
    [RATE] = KNOB_RATE(3e-3, 2e-3),
    [RATIO] = { .key = "ratio", .title = "Generator's share of the rate", .type = KNOB_NUMBER, .points = .25, .image = 1, .min = .01, .max = 10, .scale = SCALE_LOG,
                .live = true, .group = "Training", .help = "The generator learns at this times the critic's rate (Heusel et al. 2017). A slower generator lets the critic keep up."
                " At 1, samples crowd together inside each mode." },
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(0, 0),
    [DECAY] = KNOB_DECAY(1500, 100000),
    [AVERAGE] = KNOB_AVERAGE(.999, .999),
    [LATENT] = KNOB_LATENT(2, 64),
    [ARCH] = KNOB_ARCH,
    [HIDDEN] = KNOB_HIDDEN(64, 256),
    [LAYERS] = KNOB_LAYERS(3, 2),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_SILU, ACT_LRELU),
    [CHANNELS] = KNOB_CHANNELS,
    [LOSS] = { .key = "loss", .title = "Generator's loss", .type = KNOB_CHOICE, .choices = "nonsaturating|minimax", .group = "Model",
               .help = "Non-saturating: −log D(G(z)), strong gradients when the critic wins. Minimax: log(1 − D(G(z))), the game of the theory." },
    [CRITIC] = { .key = "critic", .title = "Critic steps", .type = KNOB_INTEGER, .points = 1, .image = 1, .min = 1, .max = 10, .group = "Model",
                 .help = "Updates of the critic per update of the generator (k in algorithm 1)." },
    [PENALTY] = { .key = "penalty", .title = "Gradient penalty", .type = KNOB_NUMBER, .points = .1, .image = .03, .min = 0, .max = 100, .live = true, .group = "Model",
                  .help = "Weight γ of ½γ|∇d(x)|², on data and on samples (Mescheder et al. 2018): keeps the critic smooth so that the game settles. 0 is the original GAN, and saves the time of a second derivative." },
    KNOBS_END,
};

// Half the squared slopes of d on data and samples, the mean over rows: graphs like any other, differentiable again.
static Var *slopes(const Bout *b) {
    Var *on_data = v_grad(v_sum(b->on_data), b->x), *on_fake = v_grad(v_sum(b->on_fake), b->fake);
    return v_scale(v_add(v_sum(v_square(on_data)), v_sum(v_square(on_fake))), .5f / (float)b->x->dim[0]);
}

// E log(1 - D) = -E softplus(d), E log D = -E softplus(-d).
static bool build_lesson(Model *m, Lesson *l, bool smooth) {
    Gan *v = m->self;
    Bout *b = &l->bout;
    game_bout(m, b);
    l->loss = program_keep(v_add(v_mean(v_softplus(v_neg(b->on_data))), v_mean(v_softplus(b->on_fake))));
    l->truth = program_keep(v_scale(v_add(v_mean(v_step(b->on_data)), v_mean(v_step(v_neg(b->on_fake)))), .5f));
    Var *whole = smooth ? v_add(l->loss, v_mul(slopes(b), v_knob(&b->p, &m->knob[PENALTY]))) : l->loss;
    program_gradient(whole, &v->game.critic);
    return program_end(&b->p);
}

static bool build_attempt(Model *m) {
    Gan *v = m->self;
    Var *d = game_attempt(m, &v->learn, &v->smooth.bout.p, &v->y);
    v->loss = program_keep(m->knob[LOSS] == MINIMAX ? v_neg(v_mean(v_softplus(d))) : v_mean(v_softplus(v_neg(d))));
    program_gradient(v->loss, &v->game.generator);
    return program_end(&v->learn);
}

bool gan_build(Model *m) {
    Gan *v = m->self;
    const double *k = m->knob;
    Design design = { .arch = (Arch)k[ARCH], .act = (Activation)k[ACTIVATION], .hidden = (int)k[HIDDEN], .layers = (int)k[LAYERS], .channels = (int)k[CHANNELS] };
    return game_players(m, design, (int)k[LATENT]) && build_lesson(m, &v->plain, false) && build_lesson(m, &v->smooth, true) && build_attempt(m) && game_use(m);
}

bool gan_train(Model *m) {
    Gan *v = m->self;
    int k = (int)m->knob[CRITIC];
    Lesson *l = m->knob[PENALTY] > 0 ? &v->smooth : &v->plain;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .99, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    for (int i = 0; i < k; i++) {
        uint64_t tick = m->step * (uint64_t)k + (uint64_t)i;
        game_batch(m, tick, &l->bout, v->y);
        if (!model_update(m, &l->bout.p, l->loss, &v->game.critic, &o, tick)) return false;
    }
    o.rate *= m->knob[RATIO];
    if (!model_update(m, &v->learn, v->loss, &v->game.generator, &o, m->step)) return false;
    m->loss[0] = (double)l->loss->data[0];
    m->loss[1] = (double)v->loss->data[0];
    m->loss[2] = (double)l->truth->data[0];
    return true;
}

double gan_line(const Model *m, int i, const char **text) {
    static const char *const texts[] = { "2 ln 2: cannot tell", "ln 2: cannot tell", "½: guessing" };
    bool minimax = m->knob[LOSS] == MINIMAX;
    *text = i == 1 && minimax ? "−ln 2: cannot tell" : texts[i];
    return i == 0 ? 2 * REAL_LN2 : i == 1 ? (minimax ? -REAL_LN2 : REAL_LN2) : .5;
}

bool gan_critic(Model *m, int n, const float *x, float *out) { return game_judge(m, n, x, 0, out); }

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
        "Set the gradient penalty to 0 and see the game circle. Play minimax with 5 critic steps. Count the modes on grid25. "
        "On pictures, compare the fully connected networks with the convolutional ones: a convolution knows that neighbours belong together and that a stroke is a stroke anywhere.",
    .knobs = gan_knobs,
    .points = CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC,
    .image = CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC,
    .loss = GAN_LOSSES,
    .views = { "samples", "latent" },
    .improves = -1, .two_updates = true,
    .size = sizeof(Gan),
    .build = gan_build, .train = gan_train, .line = gan_line, .sample = game_sample, .decode = game_decode, .critic = gan_critic,
};
