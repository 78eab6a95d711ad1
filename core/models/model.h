// model.h -- the contract between a model and everything else.  A model is one file in core/models/<family>/ that defines one
// ModelDef, and one row in models.def; menus, links, the command line, saving and the tests follow from the row.
//
// A model sees points standardised (mean 0, variance 1 per axis: Data.mean, Data.std) and pixels in [0,1]; nobody outside sees that.
// Its verbs work on at most `chunk` rows at a time, row i being example first+i of its noise streams; no row may depend on another.  A
// conditional model (CAN_LABEL) finds the rows' classes in Model.labels.
#ifndef GENPLAY_MODEL_H
#define GENPLAY_MODEL_H

#include "base/knob.h"
#include "data/data.h"
#include "graph/graph.h"
#include "graph/optim.h"

typedef struct Model Model;

// What a model can do, by kind of data: CAN(bit, the API's word).  All but the last four are verbs.
#define CAN_LIST(CAN)                                                                                                       \
    CAN(SAMPLE, "sample") CAN(ENCODE, "encode") CAN(DECODE, "decode") CAN(RECONSTRUCT, "reconstruct")                       \
    CAN(INTERPOLATE, "interpolate") CAN(LOG_PROB, "logProb") CAN(BOUND, "bound") CAN(TRACE, "trace") CAN(INPAINT, "inpaint") \
    CAN(TWINS, "twins") CAN(FIELD, "field")                                                                                 \
    CAN(LABEL, "label")     /* conditional: every example has a class */                                                                             \
    CAN(CRITIC, "critic")   /* has one */                                                                                   \
    CAN(STEPS, "steps")     /* samples in steps, of which there may be fewer */                                              \
    CAN(ESTIMATES, "estimates")   /* a trace also gives what it takes for the noise and for the clean example */
enum {
#define CAN(bit, word) CAN_##bit##_PLACE,
    CAN_LIST(CAN)
#undef CAN
    N_CAN
};
typedef enum {
#define CAN(bit, word) CAN_##bit = 1 << CAN_##bit##_PLACE,
    CAN_LIST(CAN)
#undef CAN
} Can;
extern const char *const can_words[N_CAN];             // of bit 1 << i

typedef struct { const char *key, *title, *help; } LossDef;
enum { LOSSES_MAX = 6, VIEWS_MAX = 8, STORES_MAX = 4, BATCH_MAX = 1024 };

// How samples are asked for (options of sample and trace).
typedef struct {
    uint32_t seed;
    double temperature;      // scales the noise of points (and of a flow's code); 0: the mean
    int steps;               // of a sampler in steps; 0: the model's own default
    int sampler;             // SamplerKind, for models with estimates
    int frames;              // trace: 0 for the model's own number
    double truncation;       // codes: every number beyond it is drawn again; 0: none
    int resamples;           // inpaint, models with estimates: how often each step is taken; 0 for the model's own number
} Draw;
typedef enum { SAMPLER_DEFAULT, SAMPLER_ANCESTRAL, SAMPLER_DDIM } SamplerKind;
#define SAMPLER_CHOICES "default|ancestral|ddim"

// Where a trace goes: frame f of row r at data + f * stride + r * dim.  noise, clean: NULL unless wanted.
typedef struct { int frames; size_t stride; float *data, *noise, *clean; } Trace;

typedef struct {
    const char *id, *title, *family, *summary, *paper;
    const char *about;               // for students: paragraphs separated by blank lines, "## " headings, formulas in $...$ (TeX)
    const Knob *knobs;
    unsigned points, image;          // what it can do with either kind; 0: it does not take that kind
    LossDef loss[LOSSES_MAX];        // ends with a NULL key; the k-th store of parameters learns from the k-th loss
    const char *views[VIEWS_MAX];    // ids of views.def
    const char *start;               // what its traces start from, in a word or two; NULL: noise
    int improves;                    // the loss that training lowers, for the tests; -1: a game, judged by MMD instead
    bool normal_codes;               // codes of data should look like N(0, I): the measure of that applies
    bool jumps;                      // its gradient is not that of its loss (draws or choices depend on weights): its own test checks it
    bool two_updates;                // a step updates more than once, so it must be undone as a whole when it fails
    bool dequantises;                // log_prob of pictures is that of uniformly dequantised 8-bit pixels in [0,1]: bits per dimension apply
    size_t size;                     // of its own struct (Model.self)

    bool (*build)(Model *m);         // declares parameters, builds programs
    bool (*train)(Model *m);         // one step into m->loss; false: not finite (model_update said so)
    // The value that theory gives to loss i, or NaN; `text` says which ("2 ln 2").
    double (*line)(const Model *m, int i, const char **text);

    bool (*sample)(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes);      // codes: NULL or [n, code_dim]
    bool (*encode)(Model *m, int n, const float *x, float *codes);
    bool (*decode)(Model *m, int n, const float *codes, float *x);
    bool (*log_prob)(Model *m, uint32_t seed, uint32_t first, int n, const float *x, double *out);   // seed: of what it draws to dequantise or binarise
    bool (*bound)(Model *m, uint32_t seed, uint32_t first, int n, const float *x, int samples, double *out);
    // Models with discrete codes: how many values a number of a code can take, 0 to that less 1.
    int (*n_codes)(const Model *m);
    // Both ends of an estimate of the log of the normaliser that log_prob subtracts; equal where it is exact.
    bool (*partition)(Model *m, double *low, double *high);
    // Fills time[0..frames) and returns how many frames a trace has (<= d->frames when that is set, <= 256).
    int (*trace_times)(const Model *m, const Draw *d, float *time);
    bool (*trace)(Model *m, const Draw *d, uint32_t first, int n, const Trace *t);
    // Completes x [n, dim] where mask is 0, into out; what is given (mask 1) the caller copies.
    bool (*inpaint)(Model *m, const Draw *d, uint32_t first, int n, const float *x, const float *mask, float *out);
    // Diffusion: abar_t, the share of the signal's variance left at time t, for t = 0..*steps.
    const double *(*schedule)(const Model *m, int *steps);
    // What the k-th of the networks trained side by side makes of x, codes [n, code_dim]: its title, or NULL when there are no more.  n may be 0.
    const char *(*twin)(Model *m, int k, int n, const float *x, float *codes);
    // Of pictures that are drawn pixel by pixel, binarised: every pixel's probability of 1 given those before it, p [n,dim], and the slope of the log-odds
    // of one of them in every pixel of x, slope [n,dim].
    bool (*field)(Model *m, uint32_t seed, uint32_t first, int pixel, int n, const float *x, float *p, float *slope);
    bool (*critic)(Model *m, int n, const float *x, float *out);                                 // sigmoid D(x)
} ModelDef;

extern const ModelDef *const model_defs[];
extern const int n_model_defs;
const ModelDef *model_find(const char *id);            // NULL when there is none

struct Model {
    const ModelDef *def;
    const Data *data;
    double knob[KNOBS_MAX];          // in the order of def->knobs; live ones may change between steps
    uint32_t seed;
    uint64_t step;                   // whole steps done
    bool image;
    int dim;                         // numbers per example
    int batch, chunk;                // rows of a training step; rows of a verb's program
    int code_dim;                    // 0: no codes
    const int32_t *labels;           // conditional models: the class of each row of the verb that runs
    Arena *arena;
    Scratch scratch;
    int n_stores;
    Params *store[STORES_MAX];
    double loss[LOSSES_MAX];
    void *self;                      // def->size bytes, zeroed
};

// --- Help for model files -------------------------------------------------------------------------------------------------

// How many classes a conditional model tells apart; 0: it is none.
int model_classes(const Model *m);
// A store of parameters that is saved, compared and counted with the model.
void model_store(Model *m, Params *s, const char *name);
// A program whose random ops are keyed by the run.
void model_program(Model *m, Program *p, const char *name);
// Batch number `index` of the run into an input Var [batch, dim]: standardised points or pixels; labels may be NULL.
void model_batch(Model *m, uint64_t index, Var *x, int32_t *labels);
// Runs p, checks the loss, takes an optimizer step on s.  False: fail(ERROR_DIVERGED) names the first value that was not finite.
bool model_update(Model *m, Program *p, const Var *loss, Params *s, const Optimizer *o, uint64_t tick);
// n classes, one-hot, into an input Var [rows, classes]; rows beyond are 0.
void model_fill_classes(Var *input, const int32_t *labels, int n);
// Codes of samples first..first+n-1: N(0, I), truncated where d says so; codes [n, code_dim].  Temperature is the caller's affair.
void model_codes(const Model *m, const Draw *d, uint32_t first, int n, float *codes);
// Grey pixels of examples first..first+n-1, x [n, dim], become 1 with probability their value, else 0; 0 and 1 stay.
void model_binarise(uint32_t seed, uint32_t first, int n, int dim, float *x);
// Copies n rows of `dim` floats into an input Var [chunk, dim]; rows beyond are 0.
void model_fill(Var *input, const float *rows, int n);

// Knobs that mean the same everywhere.
#define KNOB_BATCH(p, i) { .key = "batch", .title = "Batch", .type = KNOB_INTEGER, .points = p, .image = i, .min = 1, .max = BATCH_MAX, \
    .scale = SCALE_LOG, .group = "Training", .help = "Examples per step. Larger: smoother gradients, slower steps." }
#define KNOB_RATE(p, i) { .key = "rate", .title = "Learning rate", .type = KNOB_NUMBER, .points = p, .image = i, .min = 1e-6, .max = 1, \
    .scale = SCALE_LOG, .live = true, .group = "Training", .help = "Size of a step along the (normalised) gradient." }
#define KNOB_OPTIMIZER { .key = "optimizer", .title = "Optimizer", .type = KNOB_CHOICE, .choices = OPTIM_CHOICES, .live = true, .group = "Training", \
    .help = "Adam (Kingma and Ba 2015), RMSprop (Tieleman and Hinton 2012), momentum, or plain gradient descent." }
#define KNOB_BETA1(p, i) { .key = "beta1", .title = "Momentum β₁", .type = KNOB_NUMBER, .points = p, .image = i, .min = 0, .max = .99, \
    .live = true, .group = "Training", .help = "How long the optimizer remembers past gradients." }
#define KNOB_DECAY(p, i) { .key = "decay", .title = "Rate decay", .type = KNOB_NUMBER, .points = p, .image = i, .min = 100, .max = 1e6, .scale = SCALE_LOG, \
    .live = true, .group = "Training", .help = "Steps after which the learning rate has halved: rate / (1 + step / decay)." }
#define KNOB_AVERAGE(p, i) { .key = "average", .title = "Weight averaging", .type = KNOB_NUMBER, .points = p, .image = i, .min = .5, .max = .9999, \
    .live = true, .group = "Training", .help = "Decay of the moving average of the weights that samples and measures use (Polyak and Juditsky 1992)." }
#define KNOB_HIDDEN(p, i) { .key = "hidden", .title = "Hidden width", .type = KNOB_INTEGER, .points = p, .image = i, .min = 1, .max = 1024, \
    .scale = SCALE_LOG, .group = "Network", .help = "Units in each hidden layer." }
#define KNOB_LAYERS(p, i) { .key = "layers", .title = "Hidden layers", .type = KNOB_INTEGER, .points = p, .image = i, .min = 1, .max = 8, \
    .group = "Network", .help = "How many hidden layers each network has." }
#define KNOB_ACTIVATION(p, i) { .key = "activation", .title = "Activation", .type = KNOB_CHOICE, .choices = ACT_CHOICES, .points = p, .image = i, \
    .group = "Network", .help = "The nonlinearity between layers. Leaky: slope 0.2 below zero." }
#define KNOB_LATENT(p, i) { .key = "latent", .title = "Latent size", .type = KNOB_INTEGER, .points = p, .image = i, .min = 1, .max = 256, \
    .scale = SCALE_LOG, .group = "Network", .help = "Numbers in the code that an example is made from." }

#endif
