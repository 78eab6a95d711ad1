// invertible.h -- layers of a flow on pictures: they can be undone, and say by how much they stretch volume.  Channels last.
//
// Every layer has two directions: from data to code, where log|det| of its Jacobian is added to *log_det ([1,1] or [B,1], nats), and
// back.  Kingma and Dhariwal 2018, "Glow", arXiv:1807.03039, table 1.
#ifndef GENPLAY_INVERTIBLE_H
#define GENPLAY_INVERTIBLE_H

#include "nn/nn.h"

// Space into depth: every 2 x 2 pixels become one with their channels side by side, (row, column, channel): [B,H,W,C] -> [B,H/2,W/2,4C]; H
// and W even.  Moves numbers only, so log|det| = 0.
Var *v_squeeze(Var *x), *v_unsqueeze(Var *y);

// Activation normalisation (section 3.1): y = exp(log_scale) x + bias for every channel; log|det| = h w sum log_scale.
// It starts from data: in a program with Program.training set it normalises its batch -- mean 0, variance 1 -- and actnorm_start, after a
// run of that program, makes those the first values of its parameters, moving averages included.  One such program starts any number of
// layers on top of each other.
typedef struct { Param *log_scale, *bias; Var *first_scale, *first_bias; int channels; } Actnorm;
Actnorm actnorm(Params *s, const char *name, int channels);
Var *v_actnorm(Actnorm *n, Var *x, Var **log_det), *v_actnorm_back(const Actnorm *n, Var *y);
void actnorm_start(const Actnorm *n);

// Invertible 1 x 1 convolution (section 3.2): y = x W for every pixel's channels x, W = R L (U + diag(s)), log|det| = h w sum log s.
// L has ones on its diagonal and U zeros; both start as identities, so that W starts as R, an orthogonal matrix drawn by `seed` that stays
// as it is.  (The paper's eq. 10 fixes the permutation P of R's own PLU instead; this reaches the same W, nearly all of them, and keeps s > 0.)
// What is learned stands in one matrix: L below the diagonal, log s on it, U above.
enum { MIX_MAX = 64 };
typedef struct { Param *lu; float *rotation; int channels; } Mix;
Mix mix(Params *s, const char *name, int channels, uint32_t seed);
Var *v_mix(const Mix *m, Var *x, Var **log_det), *v_mix_back(const Mix *m, Var *y);

// Affine coupling (section 3.3): the first c channels a of x stay, the rest b becomes exp(s(a)) b + t(a); log|det| = sum s.
// (s, t) come from convolutions 3x3 - 1x1 - 3x3 with `hidden` channels and relu between, or, hidden 0, from one 3x3; the last starts at
// zero and with it the layer as the identity.  s = bound tanh(r / bound), so no layer stretches by more than e^bound.
typedef struct { int n, kept, rest; Conv conv[3]; double bound; } Coupling;
Coupling coupling(Params *s, const char *name, int kept, int rest, int hidden, double bound);
Var *v_couple(const Coupling *c, Var *x, Var **log_det), *v_couple_back(const Coupling *c, Var *y);

#endif
