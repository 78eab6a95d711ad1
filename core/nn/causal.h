// causal.h -- a network of masked convolutions: what it says of a pixel depends only on the pixels before it, row by row from the top left.
//
// van den Oord et al. 2016, "Pixel Recurrent Neural Networks" (arXiv:1601.06759): mask A (the pixels before the output's own) on the first
// convolution, mask B (its own too) on the rest; and "Conditional Image Generation with PixelCNN Decoders" (arXiv:1606.05328), equation 2:
//     block:  h <- h + V (tanh(W_f * h) . sigmoid(W_g * h)),   W masked convolutions 3x3, V and all after it 1x1
//     out  =  P2 silu(P1 silu(h))
// One stack, so there is a blind spot: a 3x3 window reaches one column to the right for each row up (a dilated one as well), the first window
// its half width at once.  Pixels above right beyond that are not seen.
//
// Weights are kept without what the masks hide: a window is [taps * in, out].
#ifndef GENPLAY_CAUSAL_H
#define GENPLAY_CAUSAL_H

#include "nn/nn.h"

typedef struct { Param *w, *b; int k, dilation, taps, in, out; } Masked;

enum { CAUSAL_BLOCKS_MAX = 16 };
typedef struct {
    int in, out, channels, n;                                    // n masked convolutions: the first, then one in each block
    Masked window[CAUSAL_BLOCKS_MAX + 1];
    Linear back[CAUSAL_BLOCKS_MAX + 1];                          // V of the block; [0] is none
    Linear head[2];
} Causal;

// `window`: width of the first convolution, odd.  The blocks' dilations are 1, 2, ... 2^(octaves-1), and again.
Causal causal(Params *s, const char *name, int in, int out, int channels, int blocks, int window, int octaves);
// [B,H,W,in] -> [B,H,W,out].
Var *v_causal(const Causal *c, Var *x);

// Pixel by pixel: what each convolution has read at the pixels so far is kept, so a new pixel costs its own column of the network only, and
// its numbers have the same bits as in v_causal: every sum has the same terms in the same order.
typedef struct {
    const Causal *net;
    Program program;                                             // the column of one pixel, in `rows` pictures at once
    int rows, h, w;
    Var *here[CAUSAL_BLOCKS_MAX + 1], *around[CAUSAL_BLOCKS_MAX + 1];    // what a convolution reads at the pixel [rows,in]; before it [rows,(taps-1)*in]
    float *seen[CAUSAL_BLOCKS_MAX + 1];                          // [h,w,rows,in]
    Var *out;                                                    // [rows,out]
} Painter;

// `p->program` has begun.  False: memory is over.
bool painter_build(Painter *p, const Causal *net, int rows, int h, int w);
// The output [rows,out] at a pixel (row * w + column); all before it must have been put, in this order, since the painting began.
const float *painter_look(Painter *p, int pixel);
// What the network reads there: x [rows,in].
void painter_put(Painter *p, int pixel, const float *x);

#endif
