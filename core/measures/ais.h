// ais.h -- the normaliser of a restricted Boltzmann machine with binary units: exactly where it is small, else by annealed importance sampling.
//
// p(v) = e^{-F(v)} / Z,  F(v) = -b'v - sum_j softplus(c_j + (v'W)_j).  Without Z there is no likelihood.
#ifndef GENPLAY_AIS_H
#define GENPLAY_AIS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef struct { const float *w, *b, *c; int D, H; } RbmWeights;      // w [D,H], b [D], c [H]

// F of each row of v [n,D], values in {0,1} (or between: then of the mean field) -> out [n], nats.  False: no memory in scratch.
bool rbm_free_energy(const RbmWeights *m, const float *v, int n, Arena *scratch, double *out);

// log Z as the sum over all 2^H hidden states.  H <= RBM_EXACT; 2^H D time.
enum { RBM_EXACT = 20 };
double rbm_log_z(const RbmWeights *m);

// Salakhutdinov and Murray 2008, "On the quantitative analysis of deep belief networks", section 4.1: `chains` (at most 256) walk through `steps`
// temperatures from independent pixels with the log-odds `base` [D] to the machine; the mean of their weights estimates Z without bias.  By
// Jensen's inequality its log is too low on average, `low`.  The reverse walk starts at `samples` [chains, D] of the machine and ends at the
// independent pixels; its log is too high on average, `high`, if the samples are exact (Burda et al. 2015, arXiv:1412.8566).  A small gap says
// that both can be trusted.
typedef struct { double low, high; } LogZ;
bool rbm_ais(const RbmWeights *m, const float *base, const float *samples, int chains, int steps, uint32_t seed, Arena *scratch, LogZ *out);

#endif
