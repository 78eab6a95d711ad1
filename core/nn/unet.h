// unet.h -- a small convolutional network from pictures to pictures, told the time: for diffusion models.
//
// Works on 2x2 patches, so at half and at a quarter of the resolution:
//   [B,H,W,C] -> patches [B,H/2,W/2,4C] -> conv c -> res c ----------------------------- + -> res c -> conv 4C -> pixels
//                                                    \-> conv 2c, stride 2 -> res 2c x n -> whole /
// A residual block is x + conv(silu(conv(silu(x)) + time)); its second convolution starts at zero, so every block starts as
// the identity and no normalisation is needed (Zhang et al. 2019, Fixup, arXiv:1901.09321).
// `whole` adds a fully connected network of one hidden layer over all of the low resolution: far corners hear of each other, which few
// convolutions of 3x3 cannot do, for a sixth of the arithmetic.  It too starts at zero.
#ifndef GENPLAY_UNET_H
#define GENPLAY_UNET_H

#include "nn/nn.h"

enum { UNET_BLOCKS_MAX = 8 };
typedef struct { Conv first, second; Linear time; int channels; } ResBlock;
typedef struct {
    Linear time;                                          // features -> silu -> every block
    Conv in, down, out;
    Linear up;                                            // 1x1: 2c -> 4c, then patches become pixels
    int n;                                                // blocks at the low resolution
    ResBlock high, low[UNET_BLOCKS_MAX], last;
    Linear squeeze, whole_time, spread;                   // whole
    int channels, features;
} UNet;

// channels: c above; blocks: n; features: length of the time features.  Height and width must be multiples of 4.
UNet unet(Params *s, const char *name, int height, int width, int image_channels, int channels, int blocks, int features);
// x [B,H,W,C], t [B,features] -> [B,H,W,C].
Var *v_unet(const UNet *u, Var *x, Var *t);

#endif
