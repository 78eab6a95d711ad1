// vqvae.c -- vector-quantised autoencoder.  van den Oord, Vinyals and Kavukcuoglu 2017, arXiv:1711.00937, with a prior over its codes.
//
// The encoder gives a vector z_e at each place of a small grid; each is replaced by the nearest of K vectors e of a codebook, and the decoder sees
// those:
//     L = |x - D(e)|^2 + |sg[z_e] - e|^2 + beta |z_e - sg[e]|^2                          eq. 3; sums over an example, mean over the batch
// The gradient at the decoder's input goes straight to z_e.  `codebook` loss is the middle term; ema instead of it lets every vector follow the mean
// of what chose it (appendix A.1):
//     N <- g N + (1 - g) n,   m <- g m + (1 - g) sum z_e,   e = m / N^,   N^ = (N + eps) / (sum N + K eps) sum N
// A vector that hardly anything chooses is put where a vector of the batch stands (Dhariwal et al. 2020, arXiv:2005.00341, appendix B.1).
// The prior is a small PixelCNN over the grid (masks A, then B; arXiv:1601.06759), trained in the same step on the codes of the moment.  A point has a grid
// of one place, so there the codebook's cells are those of Voronoi and the prior is the share of each.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/real.h"
#include "models/model.h"
#include "nn/nn.h"

enum { BATCH, RATE, OPTIMIZER, BETA1, DECAY, HIDDEN, LAYERS, ACTIVATION, CHANNELS, CODES, LATENT, CODEBOOK, COMMITMENT, FOLLOW, PRIOR };
enum { BOOK_EMA, BOOK_LOSS };
enum { PRIOR_BLOCKS = 3, DEAD_PER_MILLE = 30 };         // a vector is dead when it is chosen less than 3 % as often as the mean one

static const Knob knobs[] = {
    [BATCH] = KNOB_BATCH(256, 32),
    [RATE] = KNOB_RATE(2e-3, 1e-3),
    [OPTIMIZER] = KNOB_OPTIMIZER,
    [BETA1] = KNOB_BETA1(.9, .9),
    [DECAY] = KNOB_DECAY(10000, 10000),
    [HIDDEN] = KNOB_HIDDEN(64, 64),
    [LAYERS] = KNOB_LAYERS(2, 1),
    [ACTIVATION] = KNOB_ACTIVATION(ACT_TANH, ACT_RELU),
    [CHANNELS] = { .key = "channels", .title = "Channels", .type = KNOB_INTEGER, .points = 32, .image = 32, .min = 4, .max = 128, .scale = SCALE_LOG, .group = "Network",
                   .help = "Width of the convolutions next to the picture; twice that further in (pictures)." },
    [CODES] = { .key = "codes", .title = "Codebook size K", .type = KNOB_INTEGER, .points = 32, .image = 128, .min = 2, .max = 512, .scale = SCALE_LOG, .group = "Model",
                .help = "Vectors to choose from at each place of the code." },
    [LATENT] = { .key = "latent", .title = "Numbers in a vector", .type = KNOB_INTEGER, .points = 2, .image = 16, .min = 1, .max = 64, .scale = SCALE_LOG,
                 .group = "Network", .help = "Length of the codebook's vectors." },
    [CODEBOOK] = { .key = "codebook", .title = "Codebook learns", .type = KNOB_CHOICE, .choices = "ema|loss", .points = BOOK_EMA, .image = BOOK_EMA, .group = "Model",
                   .help = "By following the mean of what chose each vector, or by a term of the loss (van den Oord et al. 2017, eq. 3 and appendix A.1)." },
    [COMMITMENT] = { .key = "commitment", .title = "Commitment β", .type = KNOB_NUMBER, .points = .25, .image = .25, .min = 0, .max = 10, .live = true, .group = "Model",
                     .help = "How strongly the encoder is held to the vector that it chose." },
    [FOLLOW] = { .key = "follow", .title = "Codebook's memory γ", .type = KNOB_NUMBER, .points = .99, .image = .99, .min = 0, .max = .9999, .live = true, .group = "Model",
                 .help = "Share of the old mean that is kept each step. 0 with the whole data as batch is a step of k-means (Lloyd)." },
    [PRIOR] = { .key = "prior", .title = "Prior's width", .type = KNOB_INTEGER, .points = 8, .image = 48, .min = 4, .max = 128, .scale = SCALE_LOG, .group = "Network",
                .help = "Channels of the PixelCNN that learns which codes stand beside which." },
    KNOBS_END,
};

typedef struct { Param *w, *b; int taps; } Masked;
typedef struct {
    Params weights, prior;
    Mlp encoder, decoder;                     // points
    Conv in, down, give, take, up, out;       // pictures
    Param *book, *count, *sum;                // e [K,d]; N [1,K] and m [K,d] running
    Masked first, block[PRIOR_BLOCKS], last;
    int K, d, h, w, places;                   // of the grid; places = h w
    Program learn, guess, encode, decode, next;
    Var *x, *loss, *rebuilt, *vectors, *choice, *chosen;         // learn: z_e [B P,d]; one-hot [B P,K]; how often each [1,K]
    Var *codes, *nats;                        // guess: the prior's step on one-hot codes [B,h,w,K]; nats per example
    Var *ex, *found;                          // encode: data in; one-hot [chunk P,K]
    Var *picked, *made;                       // decode: vectors [chunk P,d] in; data out
    Var *grid, *share;                        // next: codes so far in; probability of each at every place [chunk,h,w,K]
} VqVae;

// --- Networks -----------------------------------------------------------------------------------------------------------------------------

static Var *encoder(const Model *m, Var *x) {                                     // [B,D] -> [B P,d]
    const VqVae *v = m->self;
    if (!m->image) return v_mlp(&v->encoder, x);
    const int *s = m->data->def.shape;
    Var *y = v_relu(v_conv_layer(&v->in, v_reshape4(x, x->dim[0], s[0], s[1], s[2])));
    y = v_conv_layer(&v->give, v_relu(v_conv_layer(&v->down, y)));
    return v_reshape2(y, x->dim[0] * v->places, v->d);
}

static Var *decoder(const Model *m, Var *e) {                                     // [B P,d] -> [B,D]
    const VqVae *v = m->self;
    if (!m->image) return v_mlp(&v->decoder, e);
    int B = e->dim[0] / v->places;
    Var *y = v_relu(v_conv_layer(&v->take, v_reshape4(e, B, v->h, v->w, v->d)));
    y = v_conv_up_layer(&v->out, v_relu(v_conv_up_layer(&v->up, y)));
    return v_sigmoid(v_reshape2(y, B, m->dim));
}

static void declare_networks(Model *m) {
    VqVae *v = m->self;
    Params *s = &v->weights;
    if (!m->image) {
        int hidden = (int)m->knob[HIDDEN], layers = (int)m->knob[LAYERS];
        v->encoder = mlp(s, "encoder", m->dim, hidden, layers, v->d, (Activation)m->knob[ACTIVATION], 1);
        v->decoder = mlp(s, "decoder", v->d, hidden, layers, m->dim, (Activation)m->knob[ACTIVATION], 1);
        return;
    }
    int c = (int)m->knob[CHANNELS], pixels = m->data->def.shape[2];
    double gain = activation_gain(ACT_RELU);
    v->in = conv_layer(s, "encoder.0", 4, pixels, c, 2, gain);
    v->down = conv_layer(s, "encoder.1", 4, c, 2 * c, 2, gain);
    v->give = conv_layer(s, "encoder.2", 3, 2 * c, v->d, 1, 1);
    v->take = conv_layer(s, "decoder.0", 3, v->d, 2 * c, 1, gain);
    v->up = conv_up_layer(s, "decoder.1", 4, 2 * c, c, 2, gain);
    v->out = conv_up_layer(s, "decoder.2", 4, c, pixels, 2, 1);
}

static Masked masked(Params *s, const char *name, int k, int in, int out, int taps, double gain) {
    char part[48];
    Masked m = { .taps = taps };
    snprintf(part, sizeof part, "%s.weight", name);
    m.w = params_add(s, part, gain > 0 ? INIT_NORMAL : INIT_ZERO, (float)(gain / sqrt((double)taps * in)), 4, (int[]){ k, k, in, out });
    snprintf(part, sizeof part, "%s.bias", name);
    m.b = params_add(s, part, INIT_ZERO, 0, 4, (int[]){ 1, 1, 1, out });
    return m;
}

static Var *v_masked(const Masked *m, Var *x) {
    int k = m->w->dim[0];
    return v_add(v_conv_rule(x, v_param(x->p, m->w), (ConvRule){ .stride = 1, .pad = k / 2, .taps = m->taps }), v_param(x->p, m->b));
}

static void declare_prior(Model *m) {
    VqVae *v = m->self;
    int c = (int)m->knob[PRIOR];
    v->first = masked(&v->prior, "first", 3, v->K, c, 4, sqrt(v->K));              // one number in K is 1
    for (int i = 0; i < PRIOR_BLOCKS; i++) {
        char name[24];
        snprintf(name, sizeof name, "block.%d", i);
        v->block[i] = masked(&v->prior, name, 3, c, c, 5, .5 * activation_gain(ACT_RELU));
    }
    v->last = masked(&v->prior, "last", 1, c, v->K, 1, 0);
}

// Log-odds of each code at each place, given those before it: [B,h,w,K] -> [B,h,w,K].
static Var *v_prior(const VqVae *v, Var *codes) {
    Var *y = v_masked(&v->first, codes);
    for (int i = 0; i < PRIOR_BLOCKS; i++) y = v_add(y, v_masked(&v->block[i], v_relu(y)));
    return v_masked(&v->last, v_relu(y));
}

// --- Programs -----------------------------------------------------------------------------------------------------------------------------

static bool build_learn(Model *m) {
    VqVae *v = m->self;
    float each = 1 / (float)m->batch;
    model_program(m, &v->learn, "learn");
    v->x = v_input(&v->learn, "x", m->batch, m->dim);
    Var *z = encoder(m, v->x), *book = v_param(&v->learn, v->book);
    v->vectors = program_keep(v_copy(z));
    v->choice = program_keep(v_nearest(z, book));
    v->chosen = program_keep(v_sum_to(v->choice, 2, (int[]){ 1, v->K }));
    Var *e = v_matmul(v->choice, book, false, false), *held = v_detach(e);                       // [B P,d]
    Var *seen = v_add(z, v_detach(v_sub(e, z)));                                                 // e, and a gradient straight to z
    v->rebuilt = program_keep(v_scale(v_sum(v_square(v_sub(v->x, decoder(m, seen)))), each));
    Var *commit = v_scale(v_sum(v_square(v_sub(z, held))), each);
    Var *loss = v_add(v->rebuilt, v_mul(commit, v_knob(&v->learn, &m->knob[COMMITMENT])));
    if (m->knob[CODEBOOK] == BOOK_LOSS) loss = v_add(loss, v_scale(v_sum(v_square(v_sub(v_detach(z), e))), each));
    v->loss = program_keep(loss);
    program_gradient(v->loss, &v->weights);
    if (!program_end(&v->learn)) return false;

    model_program(m, &v->guess, "prior");
    v->codes = v_input4(&v->guess, "codes", m->batch, v->h, v->w, v->K);
    Var *logits = v_prior(v, v->codes);
    v->nats = program_keep(v_scale(v_sub(v_sum(v_lse(logits)), v_sum(v_mul(logits, v->codes))), each));
    program_gradient(v->nats, &v->prior);
    return program_end(&v->guess);
}

static bool build_use(Model *m) {
    VqVae *v = m->self;
    model_program(m, &v->encode, "encode");
    v->ex = v_input(&v->encode, "x", m->chunk, m->dim);
    v->found = program_keep(v_nearest(encoder(m, v->ex), v_param(&v->encode, v->book)));
    if (!program_end(&v->encode)) return false;
    model_program(m, &v->decode, "decode");
    v->picked = v_input(&v->decode, "e", m->chunk * v->places, v->d);
    v->made = program_keep(decoder(m, v->picked));
    if (!program_end(&v->decode)) return false;
    model_program(m, &v->next, "next");
    v->grid = v_input4(&v->next, "codes", m->chunk, v->h, v->w, v->K);
    v->share = program_keep(v_softmax(v_prior(v, v->grid)));
    return program_end(&v->next);
}

static bool build(Model *m) {
    VqVae *v = m->self;
    const int *s = m->data->def.shape;
    if (m->image && (s[0] % 4 || s[1] % 4))
        return fail(ERROR_BAD_ARGUMENT, "data: vqvae halves a picture twice; pictures of %d x %d are not multiples of 4", s[0], s[1]);
    v->K = (int)m->knob[CODES], v->d = (int)m->knob[LATENT];
    v->h = m->image ? s[0] / 4 : 1, v->w = m->image ? s[1] / 4 : 1;
    m->code_dim = v->places = v->h * v->w;
    model_store(m, &v->weights, "vqvae");
    model_store(m, &v->prior, "prior");
    declare_networks(m);
    bool learned = m->knob[CODEBOOK] == BOOK_LOSS;
    int book[] = { v->K, v->d };
    v->book = learned ? params_add(&v->weights, "codebook", INIT_NORMAL, .5f, 2, book) : params_add_running(&v->weights, "codebook", INIT_ZERO, 2, book);
    v->count = params_add_running(&v->weights, "codebook.count", INIT_ONE, 2, (int[]){ 1, v->K });
    v->sum = params_add_running(&v->weights, "codebook.sum", INIT_ZERO, 2, book);
    declare_prior(m);
    if (!params_alloc(&v->weights, m->seed) || !params_alloc(&v->prior, m->seed)) return false;
    if (!learned) {                                                               // N starts at 1, m at e
        rng_normal((Key){ m->seed, STREAM_INIT + 0xFFFF }, 0, 0, 0, param_value(v->book), v->book->size);
        for (int i = 0; i < v->book->size; i++) param_value(v->book)[i] *= .5f;
        memcpy(param_value(v->sum), param_value(v->book), sizeof(float) * (size_t)v->sum->size);
    }
    return build_learn(m) && build_use(m);
}

// --- The codebook -------------------------------------------------------------------------------------------------------------------------

// N and m move towards the batch; e too where nothing else teaches it.
static void follow(Model *m) {
    VqVae *v = m->self;
    const float keep = (float)m->knob[FOLLOW], eps = 1e-5f;
    float *count = param_value(v->count), *sum = param_value(v->sum), *book = param_value(v->book);
    for (int i = 0; i < v->sum->size; i++) sum[i] *= keep;
    for (int r = 0; r < v->choice->dim[0]; r++) {
        const float *one = v->choice->data + (size_t)r * (size_t)v->K, *z = v->vectors->data + (size_t)r * (size_t)v->d;
        int k = 0;
        while (one[k] == 0) k++;
        for (int j = 0; j < v->d; j++) sum[k * v->d + j] += (1 - keep) * z[j];
    }
    float total = 0;
    for (int k = 0; k < v->K; k++) total += count[k] = keep * count[k] + (1 - keep) * v->chosen->data[k];
    if (v->book->running)
        for (int k = 0; k < v->K; k++)
            for (int j = 0; j < v->d; j++) book[k * v->d + j] = sum[k * v->d + j] / ((count[k] + eps) / (total + (float)v->K * eps) * total);
}

// Dead vectors are put where a vector of the batch stands, and are counted as chosen an average number of times.  So are all of them at a picture's first
// step: far from what the encoder says, a few would draw all of it together before the decoder has learned to tell them apart.  In the plane they start near.
static void revive(Model *m) {
    VqVae *v = m->self;
    float *count = param_value(v->count), mean = (float)v->choice->dim[0] / (float)v->K;
    for (int k = 0; k < v->K; k++) {
        if ((m->step || !m->image) && count[k] * 1000 >= DEAD_PER_MILLE * mean) continue;
        Rng r = rng_at((Key){ m->seed, STREAM_TRAIN + 0xFFFF }, (uint32_t)k, m->step);
        const float *z = v->vectors->data + (size_t)rng_below(&r, v->choice->dim[0]) * (size_t)v->d;
        count[k] = mean;
        for (int j = 0; j < v->d; j++) {
            param_value(v->book)[k * v->d + j] = z[j];
            param_value(v->sum)[k * v->d + j] = mean * z[j];
        }
    }
}

static bool train(Model *m) {
    VqVae *v = m->self;
    Optimizer o = { .kind = (OptimKind)m->knob[OPTIMIZER], .rate = m->knob[RATE] / (1 + (double)m->step / m->knob[DECAY]), .beta1 = m->knob[BETA1],
                    .beta2 = .999, .epsilon = 1e-8 };
    model_batch(m, m->step, v->x, NULL);
    if (!model_update(m, &v->learn, v->loss, &v->weights, &o, m->step)) return false;
    follow(m);
    revive(m);
    memcpy(v->codes->data, v->choice->data, sizeof(float) * (size_t)v->codes->size);
    if (!model_update(m, &v->guess, v->nats, &v->prior, &o, m->step)) return false;
    m->loss[0] = (double)v->loss->data[0];
    m->loss[1] = (double)v->nats->data[0];
    m->loss[2] = (double)v->rebuilt->data[0];
    return true;
}

// --- Verbs: a code is the number of the chosen vector at each place -------------------------------------------------------------------------

static bool encode(Model *m, int n, const float *x, float *codes) {
    VqVae *v = m->self;
    model_fill(v->ex, x, n);
    program_run(&v->encode, 0);
    for (int i = 0; i < n * v->places; i++) {
        const float *one = v->found->data + (size_t)i * (size_t)v->K;
        int k = 0;
        while (one[k] == 0) k++;
        codes[i] = (float)k;
    }
    return true;
}

static bool decode(Model *m, int n, const float *codes, float *x) {
    VqVae *v = m->self;
    memset(v->picked->data, 0, sizeof(float) * (size_t)v->picked->size);
    for (int i = 0; i < n * v->places; i++)
        memcpy(v->picked->data + (size_t)i * (size_t)v->d, param_value(v->book) + (int)codes[i] * v->d, sizeof(float) * (size_t)v->d);
    program_run(&v->decode, 0);
    memcpy(x, v->made->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

// The code at place p of row i, from the probabilities to the temperature's power; at 0 the likeliest.
static int draw_code(const VqVae *v, const float *share, double temperature, double u) {
    double total = 0;
    int best = 0;
    for (int k = 0; k < v->K; k++) best = share[k] > share[best] ? k : best;
    if (temperature < .01) return best;
    double p[512];
    for (int k = 0; k < v->K; k++) total += p[k] = temperature == 1 ? (double)share[k] : real_pow((double)share[k], 1 / temperature);
    u *= total;
    for (int k = 0; k < v->K; k++) if ((u -= p[k]) < 0) return k;
    return best;
}

static bool sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    VqVae *v = m->self;
    memset(v->grid->data, 0, sizeof(float) * (size_t)v->grid->size);
    for (int p = 0; p < v->places; p++) {
        program_run(&v->next, 0);
        for (int i = 0; i < n; i++) {
            size_t at = ((size_t)i * (size_t)v->places + (size_t)p) * (size_t)v->K;
            Rng r = rng_at((Key){ d->seed, STREAM_SAMPLE }, first + (uint32_t)i, (uint64_t)p);
            int k = draw_code(v, v->share->data + at, d->temperature, rng_u(&r));
            v->grid->data[at + (size_t)k] = 1;
            codes[i * v->places + p] = (float)k;
        }
    }
    return decode(m, n, codes, x);
}

static int n_codes(const Model *m) { return ((const VqVae *)m->self)->K; }

#define VERBS (CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT)

const ModelDef model_vqvae = {
    .id = "vqvae", .title = "VQ-VAE", .family = "Autoencoders", .paper = "arXiv:1711.00937",
    .summary = "An autoencoder whose code is a small grid of numbers chosen from a list, and a second model that learns which choices go together.",
    .about =
        "The encoder gives a vector at each place of a coarse grid; each is replaced by the nearest vector of a codebook. So an example becomes a few whole numbers, and the decoder "
        "builds it again from the vectors they stand for. A PixelCNN learns the grid of numbers, and new grids drawn from it decode to new examples.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = \\|x - D(e)\\|^2 + \\|\\mathrm{sg}[z_e] - e\\|^2 + \\beta\\,\\|z_e - \\mathrm{sg}[e]\\|^2$$ where $\\mathrm{sg}$ passes no gradient. Choosing the nearest has no gradient either, so the "
        "decoder's goes straight to the encoder. By default the second term is replaced by a moving mean.\n\n"
        "## What to watch\n\n"
        "On points, the plane falls into cells, one for each vector, as in k-means. The perplexity says how many vectors are really used. The prior's nats fall as it learns which codes are neighbours.\n\n"
        "## What goes wrong\n\n"
        "Without revival most vectors are never chosen and never learn. A commitment that is too weak lets the encoder run away from its codebook.\n\n"
        "## What to try\n\n"
        "Two vectors, then 32, on moons. Change one number of a picture's code and decode it: what does that place stand for? Sample early, when the prior knows nothing.",
    .knobs = knobs,
    .points = VERBS, .image = VERBS,
    .loss = { { "loss", "Loss", "Squared error, commitment and (if it is a loss) the codebook's term." },
              { "prior", "Prior, nats", "−log p of the grid of codes, per example." },
              { "rebuilt", "Squared error", "Summed over an example's numbers (points: in standardised units)." } },
    .views = { "samples", "codes", "reconstruct" },
    .two_updates = true, .jumps = true,
    .size = sizeof(VqVae),
    .build = build, .train = train, .sample = sample, .encode = encode, .decode = decode, .n_codes = n_codes,
};
