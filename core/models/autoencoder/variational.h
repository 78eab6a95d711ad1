// variational.h -- what vae.c and cvae.c are made of: everything but their texts.  A model that can LABEL is conditional.
#ifndef GENPLAY_VARIATIONAL_H
#define GENPLAY_VARIATIONAL_H

#include "models/autoencoder/coder.h"

typedef struct {
    Coder coder;                              // codes: the posterior's mean; mean: the likelihood's
    Param *log_sigma;                         // [1,1], learned likelihood only
    int kind;
    double log_fixed;                         // log of knob sigma, as a live scalar
    Program learn, weigh;
    Var *x, *y, *loss, *rebuilt, *kl;         // learn
    Var *spread;                              // decode: the likelihood's standard deviation
    Var *log_sd;                              // encode: the posterior's log sigma
    Var *wx, *wy, *wmu, *wlog_sd, *weps, *weight;   // weigh: data, class, posterior and its noise in, log p(x,z|y)/q(z|x,y) [chunk,1] out
} Variational;

extern const Knob variational_knobs[];
bool variational_build(Model *m);
bool variational_train(Model *m);
double variational_line(const Model *m, int i, const char **text);
bool variational_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes);
bool variational_bound(Model *m, uint32_t seed, uint32_t first, int n, const float *x, int samples, double *out);

#define VARIATIONAL_VERBS (CAN_SAMPLE | CAN_ENCODE | CAN_DECODE | CAN_RECONSTRUCT | CAN_INTERPOLATE | CAN_BOUND)

// The rows of a ModelDef that both share.
#define VARIATIONAL                                                                                                                          \
    .knobs = variational_knobs, .size = sizeof(Variational), .build = variational_build, .train = variational_train, .line = variational_line,                   \
    .sample = variational_sample, .encode = coder_rows, .decode = decoder_rows, .bound = variational_bound,                                   \
    .loss = { { "loss", "−ELBO, nats", "Reconstruction + β · KL, the mean over the batch, in nats." },                                        \
              { "reconstruction", "Reconstruction, nats", "−log p(x|z) at a code drawn from the posterior." },                                \
              { "kl", "KL, nats", "From the posterior to N(0, I), summed over the code." } }

#endif
