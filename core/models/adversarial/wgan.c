// wgan.c -- Wasserstein GAN.  Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875; Gulrajani et al. 2017, arXiv:1704.00028.
//
// The critic is a function f without a sigmoid that changes at most as fast as its argument moves (1-Lipschitz).  Among those the best has
//     E f(x) - E f(G(z)) = W(p, p_g),   the least distance that mass must travel from one distribution to the other  (2017a, eq. 2)
// so  L_D = E f(G(z)) - E f(x) + what keeps f that slow,   L_G = -E f(G(z)).   One step is `critic` updates of f, then one of G.
//     clip      every weight of f is cut to [-c, c] after each update (2017a, algorithm 1): f is K-Lipschitz for a K that nobody knows.
//               RMSprop, because momentum makes this game unstable.
//     gradient  lambda E (|grad f(x^)| - 1)^2 at x^ = u x + (1 - u) G(z), u ~ U[0,1] (2017b, algorithm 1): |grad| of a best f is 1 there.
//               Differentiated twice.  Adam with beta2 .9; no batch norm in the critic, or the penalty would not be of one example.
// f is known up to a constant only, so its map shows sigmoid(f - c), c half-way between its means on data and on samples.

#include <math.h>

#include "models/adversarial/game.h"

enum { BATCH, RATE, BETA1, DECAY, AVERAGE, LATENT, ARCH, HIDDEN, LAYERS, ACTIVATION, CHANNELS, CRITIC, PENALTY, LAMBDA, CLIP };
enum { BY_CLIP, BY_GRADIENT };

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(256, 32),
    [RATE] = KNOB_RATE(1e-3, 1e-3),
    [BETA1] = KNOB_BETA1(0, 0),
    [DECAY] = KNOB_DECAY(3000, 100000),
    [AVERAGE] = KNOB_AVERAGE(.998, .998),
    [LATENT] = KNOB_LATENT(2, 64),
    [ARCH] = KNOB_ARCH,
    [HIDDEN] = KNOB_HIDDEN(64, 256),
    [LAYERS] = KNOB_LAYERS(3, 2),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_SILU, ACT_LRELU),
    [CHANNELS] = KNOB_CHANNELS,
    [CRITIC] = { .key = "critic", .title = "Critic steps", .type = KNOB_INTEGER, .points = 5, .image = 5, .min = 1, .max = 10, .group = "Model",
                 .help = "Updates of the critic per update of the generator. Its distance is worth following only if it is nearly the best critic." },
    [PENALTY] = { .key = "penalty", .title = "Slowed by", .type = KNOB_CHOICE, .choices = "clip|gradient", .points = BY_GRADIENT, .image = BY_GRADIENT, .group = "Model",
                  .help = "What keeps the critic slow: cutting its weights (Arjovsky et al. 2017; RMSprop), or a penalty on its gradient (Gulrajani et al. 2017; Adam)." },
    [LAMBDA] = { .key = "lambda", .title = "Penalty's weight λ", .type = KNOB_NUMBER, .points = .1, .image = 10, .min = 0, .max = 100, .live = true, .group = "Model",
                 .help = "Weight of (|∇f| − 1)²: 10 in the paper; 0.1 in its authors' own experiments in the plane, where so much slope at the end, when there is none to find, disturbs." },
    [CLIP] = { .key = "clip", .title = "Weights cut at c", .type = KNOB_NUMBER, .points = .5, .image = .01, .min = .001, .max = 1, .scale = SCALE_LOG, .live = true,
               .group = "Model", .help = "With clip, every weight of the critic stays within ±c." },
    KNOBS_END,
};

typedef struct {
    Game game;
    Bout bout, meter;                         // meter: the critic's means, nothing learned
    Program learn;
    Var *loss_d, *loss_g, *middle, *no_class;
    uint64_t metered;                         // 1 + the step at which `middle` was taken; 0: never
} Wgan;

// E (|grad f| - 1)^2 at random mixtures of data and samples.  The root is kept away from 0, where it has no derivative.
static Var *steepness(const Wgan *v, const Bout *b) {
    Var *u = v_rand(b->x->p, b->x->dim[0], 1), *mixed = v_add(b->fake, v_mul(v_sub(b->x, b->fake), u));       // [B,D]
    Var *slope = v_grad(v_sum(game_says(&v->game, mixed, NULL)), mixed);
    return v_mean(v_square(v_offset(v_sqrt(v_offset(v_sum_rows(v_square(slope)), 1e-12f)), -1)));
}

static bool build_critic(Model *m) {
    Wgan *v = m->self;
    Bout *b = &v->bout;
    game_bout(m, b);
    v->loss_d = program_keep(v_sub(v_mean(b->on_fake), v_mean(b->on_data)));
    Var *whole = m->knob[PENALTY] == BY_CLIP ? v->loss_d : v_add(v->loss_d, v_mul(steepness(v, b), v_knob(&b->p, &m->knob[LAMBDA])));
    program_gradient(whole, &v->game.critic);
    return program_end(&b->p);
}

static bool build_generator(Model *m) {
    Wgan *v = m->self;
    v->loss_g = program_keep(v_neg(v_mean(game_attempt(m, &v->learn, &v->bout.p, &v->no_class))));
    program_gradient(v->loss_g, &v->game.generator);
    return program_end(&v->learn);
}

static bool build_meter(Model *m) {
    Wgan *v = m->self;
    game_bout(m, &v->meter);
    v->middle = program_keep(v_scale(v_add(v_mean(v->meter.on_data), v_mean(v->meter.on_fake)), .5f));
    return program_end(&v->meter.p);
}

static bool build(Model *m) {
    const double *k = m->knob;
    Design design = { .arch = (Arch)k[ARCH], .act = (Activation)k[ACTIVATION], .hidden = (int)k[HIDDEN], .layers = (int)k[LAYERS], .channels = (int)k[CHANNELS] };
    return game_players(m, design, (int)k[LATENT]) && build_meter(m) && build_critic(m) && build_generator(m) && game_use(m);
}

static void clip(Params *s, float c) {
    for (int i = 0; i < s->n_floats; i++) s->value[i] = s->value[i] > c ? c : s->value[i] < -c ? -c : s->value[i];
}

static bool train(Model *m) {
    Wgan *v = m->self;
    int k = (int)m->knob[CRITIC];
    bool cut = m->knob[PENALTY] == BY_CLIP;
    Optimizer o = { .kind = cut ? OPTIM_RMSPROP : OPTIM_ADAM, .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .9, .epsilon = 1e-8, .average = m->knob[AVERAGE] };
    for (int i = 0; i < k; i++) {
        uint64_t tick = m->step * (uint64_t)k + (uint64_t)i;
        game_batch(m, tick, &v->bout, NULL);
        if (!model_update(m, &v->bout.p, v->loss_d, &v->game.critic, &o, tick)) return false;
        if (cut) clip(&v->game.critic, (float)m->knob[CLIP]);
    }
    if (!model_update(m, &v->learn, v->loss_g, &v->game.generator, &o, m->step)) return false;
    m->loss[0] = (double)v->loss_d->data[0];
    m->loss[1] = (double)v->loss_g->data[0];
    m->loss[2] = -m->loss[0];
    return true;
}

static double line(const Model *m, int i, const char **text) {
    (void)m;
    *text = "0: the same distribution";
    return i == 2 ? 0 : (double)NAN;
}

static bool critic_verb(Model *m, int n, const float *x, float *out) {
    Wgan *v = m->self;
    if (v->metered != m->step + 1) {
        game_batch(m, 0, &v->meter, NULL);
        program_run(&v->meter.p, 0);
        v->metered = m->step + 1;
    }
    return game_judge(m, n, x, (double)v->middle->data[0], out);
}

#define VERBS (CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC)

const ModelDef model_wgan = {
    .id = "wgan", .title = "Wasserstein GAN", .family = "Adversarial", .paper = "arXiv:1701.07875",
    .summary = "A GAN whose critic measures how far the samples are from the data, instead of guessing which is which.",
    .about =
        "How much earth must be moved, and how far, to turn one pile into another? That cost is the Wasserstein distance $W$. Here the critic estimates it, and the generator lowers it. "
        "Unlike the classifier of the plain GAN, it says something useful even when samples and data do not overlap at all: which way to go.\n\n"
        "## Loss\n\n"
        "$$W(p,p_g) = \\max_{|f(a)-f(b)|\\,\\le\\,|a-b|} \\mathbb E_x f(x) - \\mathbb E_z f(G(z))$$ The critic $f$ raises that difference, the generator raises $\\mathbb E_z f(G(z))$. "
        "The slope of $f$ must stay below 1. Either every weight is cut to $\\pm c$ after each step, or a penalty $\\lambda\\,\\mathbb E(|\\nabla f(\\hat x)|-1)^2$ is paid at points $\\hat x$ "
        "between data and samples; its gradient is the derivative of a derivative.\n\n"
        "## What to watch\n\n"
        "The distance: unlike the loss of other GANs it falls as the samples get better. The map behind the points is a hillside, not a cliff: it leads the samples uphill from everywhere.\n\n"
        "## What goes wrong\n\n"
        "Clipped weights make a critic that is too simple: with a small $c$ its gradients fade layer by layer, with a large one they explode. With too few critic steps the distance "
        "is not one, and the generator follows a rumour.\n\n"
        "## What to try\n\n"
        "Switch to clip and compare the maps. Take 1 critic step instead of 5. On points, set $\\lambda$ to 10: a slope of 1 is demanded even where samples and data agree, and the game gets restless.",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "critic", "Critic L_D", "E f(G(z)) − E f(x), without the penalty: minus the distance." },
              { "generator", "Generator L_G", "−E f(G(z)). f is known up to a constant only, so its level says nothing." },
              { "distance", "Estimated distance", "E f(x) − E f(G(z)): the Wasserstein distance if the critic is the best (clip: times an unknown factor)." } },
    .views = { "samples", "latent" },
    .improves = -1, .two_updates = true,
    .size = sizeof(Wgan),
    .build = build, .train = train, .line = line, .sample = game_sample, .decode = game_decode, .critic = critic_verb,
};
