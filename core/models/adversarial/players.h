// players.h -- the two networks of an adversarial game, in three architectures.
//
//   mlp    fully connected, for points and pictures
//   conv   pictures.  Generator: dense H/4 x W/4 x 2c -> transposed convolutions c, C.  Critic: convolutions c, 2c -> dense.
//          All of size 4 and stride 2, so that every pixel is reached equally often.
//   dcgan  pictures, after Radford et al. 2016 (arXiv:1511.06434) as textbooks give it.  Generator: dense H/4 x W/4 x 8c -> transposed
//          convolutions 4c, 2c of size 4 and stride 2 -> convolution C of size 7, batch normalisation before each activation.
//          Critic: convolutions 2c, 4c of size 4 and stride 2, dropout 0.3 after each -> dense.
// Pictures are H x W x C with H and W multiples of 4; what enters and leaves is flat, [B,D].
#ifndef GENPLAY_PLAYERS_H
#define GENPLAY_PLAYERS_H

#include "nn/nn.h"
#include "nn/norm.h"

typedef enum { ARCH_MLP, ARCH_CONV, ARCH_DCGAN } Arch;
#define ARCH_CHOICES "mlp|conv|dcgan"

typedef struct {
    Arch arch;
    Activation act;
    int hidden, layers;                       // mlp
    int channels;                             // c above
    int dim, height, width, depth;            // of an example; height 0: points
} Design;

typedef struct { Design d; Mlp mlp; Linear first; Conv up[2], last; BatchNorm norm[3]; } Generator;
typedef struct { Design d; Mlp mlp; Conv down[2]; Linear last; } Critic;

// Z: numbers that an example is made from.  K: numbers that the critic says about one.
Generator generator(Params *s, const Design *d, int Z);
Critic critic(Params *s, const Design *d, int K);
Var *v_generator(const Generator *g, Var *z);            // [B,Z] -> [B,D], pixels in (0,1)
Var *v_critic(const Critic *c, Var *x);                  // [B,D] -> [B,K]

#endif
