// nn.h -- layers: what a model declares once (parameters) and applies in each of its programs (graph).
#ifndef GENPLAY_NN_H
#define GENPLAY_NN_H

#include "graph/graph.h"

typedef enum { ACT_RELU, ACT_LRELU, ACT_TANH, ACT_SILU, ACT_SOFTPLUS } Activation;
#define ACT_CHOICES "relu|leaky|tanh|silu|softplus"
Var *v_activate(Var *x, Activation act);                         // leaky: slope 0.2
double activation_gain(Activation act);                          // keeps the variance of a signal that was N(0,1) before the activation

// y = x w + b; x [B,in] -> [B,out].
typedef struct { Param *w, *b; int in, out; } Linear;
// Weights N(0, gain^2 / in) -- gain sqrt 2 keeps the variance through relu (He et al. 2015, arXiv:1502.01852), 0 starts at zero.
Linear linear(Params *s, const char *name, int in, int out, double gain);
Var *v_linear(const Linear *l, Var *x);

// `layers` hidden layers of width `hidden`, then a linear one; layers 0: only that.
enum { MLP_LAYERS_MAX = 9 };
typedef struct { int n; Linear layer[MLP_LAYERS_MAX]; Activation act; } Mlp;
Mlp mlp(Params *s, const char *name, int in, int hidden, int layers, int out, Activation act, double last_gain);
Var *v_mlp(const Mlp *m, Var *x);

// Convolution with bias, channels last, k x k, `pad` (k-1)/2 at stride 1.
typedef struct { Param *w, *b; int k, stride, pad; } Conv;
Conv conv_layer(Params *s, const char *name, int k, int in, int out, int stride, double gain);
Var *v_conv_layer(const Conv *c, Var *x);

// Transposed convolution with bias, the adjoint of such a convolution: [B,H,W,in] -> [B,sH,sW,out] for stride s.  A size k that s divides
// reaches every pixel equally often; others leave a chequered pattern (Odena et al. 2016, doi:10.23915/distill.00003).
Conv conv_up_layer(Params *s, const char *name, int k, int in, int out, int stride, double gain);
Var *v_conv_up_layer(const Conv *c, Var *x);

// Sinusoidal features of a position (Vaswani et al. 2017, arXiv:1706.03762, section 3.5), frequencies geometric from 1 to 1/10000 of
// `scale`: out[0..n/2) sines, out[n/2..n) cosines.
void time_features(double position, double scale, int n, float *out);

#endif
