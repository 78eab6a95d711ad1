// optim.h -- optimizers: one loop over a store's spans.
//
// Every hyper-parameter is read when a step is taken, so knobs that point here are live.
#ifndef GENPLAY_OPTIM_H
#define GENPLAY_OPTIM_H

#include "graph/params.h"

typedef enum { OPTIM_ADAM, OPTIM_RMSPROP, OPTIM_MOMENTUM, OPTIM_SGD } OptimKind;
#define OPTIM_CHOICES "adam|rmsprop|momentum|sgd"

typedef struct {
    OptimKind kind;
    double rate;          // learning rate
    double beta1;         // Adam's first decay; momentum's decay
    double beta2;         // Adam's second decay; RMSprop's decay
    double epsilon;
    double decay;         // decoupled weight decay (AdamW, Loshchilov and Hutter 2019, arXiv:1711.05101), per unit of rate
    double clip;          // greatest Euclidean norm of the whole gradient; 0: no clipping
    double average;       // EMA decay of the weights; 0: none.  Warmed up as min(average, (1+t)/(10+t))
} Optimizer;

// The gradient's Euclidean norm, in double.  Not finite when any entry is not.
double params_grad_norm(const Params *s);

// One step from s->grad.  False, nothing changed: the gradient is not finite.
//   Adam      Kingma and Ba 2015, arXiv:1412.6980, algorithm 1 (epsilon outside the root, both moments corrected for bias)
//   RMSprop   Tieleman and Hinton 2012, lecture 6e
//   momentum  v <- beta1 v + g; x <- x - rate v
bool optimizer_step(const Optimizer *o, Params *s);

#endif
