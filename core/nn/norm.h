// norm.h -- layers that normalise, attend and drop out; channels last.
//
// Batch norm and dropout do one thing while a program trains and another when it is used: set Program.training before building the
// programs that make gradients, and leave it false in those that sample, encode or judge.
#ifndef GENPLAY_NORM_H
#define GENPLAY_NORM_H

#include "nn/nn.h"

// Batch normalisation (Ioffe and Szegedy 2015, arXiv:1502.03167) of every channel, the last axis:
//     y = scale (x - mean) / sqrt(var + 1e-5) + shift;  scale starts at 1, shift at 0.
// Training: mean and (biased) variance over all other axes of this batch, and a step of the layer's store (optimizer_step) moves the
// running ones a tenth of the way towards them -- the mean of both, where a program applies the layer twice.  Otherwise: the
// running ones, or with Program.average their moving average, so a row's result does not depend on the others.
// Differentiable to any order.  In training rows depend on each other: a gradient penalty on a critic with batch norm is defined, but is not
// what its authors mean (Gulrajani et al. 2017, arXiv:1704.00028, section 4).
typedef struct { Param *scale, *shift, *mean, *var; int channels; } BatchNorm;
BatchNorm batch_norm(Params *s, const char *name, int channels);
Var *v_batch_norm(const BatchNorm *n, Var *x);                   // x [...,channels], rank 2 or 4

// Group normalisation (Wu and He 2018, arXiv:1803.08494): the same formula, mean and variance of one example over its pixels and over
// channels / groups neighbouring channels.  The same in training and in use.  groups must divide channels.
typedef struct { Param *scale, *shift; int channels, groups; } GroupNorm;
GroupNorm group_norm(Params *s, const char *name, int channels, int groups);
Var *v_group_norm(const GroupNorm *n, Var *x);                   // x [B,H,W,channels]

// Dropout (Srivastava et al. 2014), inverted: in training every number is 0 with probability `rate`, else divided by 1 - rate, by a
// random node of the program; otherwise x itself.  0 <= rate < 1.
Var *v_dropout(Var *x, double rate);

// softmax(q k' / sqrt D) v (Vaswani et al. 2017, arXiv:1706.03762, eq. 1) for each leading index: q [N,T,D], k [N,S,D], v [N,S,E] -> [N,T,E].
Var *v_attention(Var *q, Var *k, Var *v);
// The same in `heads` parts of the last axis: q, k, v [N,T,D] -> [N,T,D]; heads must divide D.
Var *v_attention_heads(Var *q, Var *k, Var *v, int heads);

#endif
