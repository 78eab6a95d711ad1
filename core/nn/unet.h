// unet.h -- a small convolutional network from pictures to pictures, told the time: for diffusion models.
//
// Works on 2x2 patches, so at half and at a quarter of the resolution (after Ho et al. 2020, arXiv:2006.11239, appendix B):
//   [B,H,W,C] -> patches [B,H/2,W/2,4C] -> conv c -> res c ------------------------------------------------------- + -> res c -> conv 4C -> pixels
//                                                    \-> conv 2c, stride 2 -> res 2c -> attention -> res 2c x (n-1) /
// A residual block is x + conv(silu(norm(conv(silu(norm(x))) + time))), norm being group normalisation.
// Attention: every place of the low resolution asks all others (norm.h), x + linear(attention(norm(x))), so that far corners hear of each
// other, which few convolutions of 3x3 cannot do.
// The last layer of every block and of the attention starts at zero, so that each starts as the identity.
#ifndef GENPLAY_UNET_H
#define GENPLAY_UNET_H

#include "nn/norm.h"

enum { UNET_BLOCKS_MAX = 8, NORM_GROUPS = 8, ATTENTION_HEADS = 4 };
typedef struct { GroupNorm before, between; Conv first, second; Linear time; int channels; } ResBlock;
typedef struct { GroupNorm before; Linear ask, answer; int channels; } Attention;   // ask: query, key, value side by side
typedef struct {
    Linear time;                                          // features -> silu -> every block
    Conv in, down, out;
    Linear up;                                            // 1x1: 2c -> 4c, then patches become pixels
    int n;                                                // blocks at the low resolution
    ResBlock high, low[UNET_BLOCKS_MAX], last;
    Attention attention;                                  // after the first of them
    int channels, features;
} UNet;

// channels: c above; blocks: n; features: length of the time features.  Height and width must be multiples of 4.
UNet unet(Params *s, const char *name, int image_channels, int channels, int blocks, int features);
// x [B,H,W,C], t [B,features] -> [B,H,W,C].
Var *v_unet(const UNet *u, Var *x, Var *t);

#endif
