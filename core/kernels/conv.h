// conv.h -- two-dimensional convolution (correlation), channels last, and its two adjoints, as matrix products over patches.
//
// A patch is what one output pixel sees: taps x C numbers; pixels outside the picture are 0.  With P the matrix [pixels, taps*C] of
// patches, y = P w, dw = P' dy, and dx is the sum of dy w' at the patches' places.  Patches are never stored as a whole: they are packed
// for the product straight from the picture.  3x3 convolutions with many channels go another way (winograd.h).  The way depends on one
// picture's shape and the channels alone, and no picture's result depends on the others in its batch.
#ifndef GENPLAY_CONV_H
#define GENPLAY_CONV_H

#include <stddef.h>

// x [batch,h,w,c], weights [k,k,c,o], y [batch,out_h,out_w,o]; out = (in + 2 pad - (k - 1) dilation - 1) / stride + 1, rounded down.
// dilation: taps are that many pixels apart (0: 1).  taps: only so many of the k*k count, row by row (0: all); the others' weights are
// not read, and their gradient is 0.
typedef struct { int batch, h, w, c, k, o, out_h, out_w, stride, pad, dilation, taps; } ConvShape;

// Floats of workspace for one call of any of these.
size_t conv_temp(const ConvShape *s);

// To share the work of one among threads: ranges of pictures, each a call of its own with a smaller batch and pointers that start there.
void conv(const ConvShape *s, const float *x, const float *w, float *y, float *temp);
void conv_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp);

// Here: ranges of items, parts of dw that know nothing of each other; the bytes do not depend on the ranges.  Every call has its own temp.
int conv_dw_items(const ConvShape *s);
void conv_dw_part(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp);
void conv_dw(const ConvShape *s, const float *x, const float *dy, float *dw, float *temp);

// The slow twins: loops over everything.
void conv_ref(const ConvShape *s, const float *x, const float *w, float *y);
void conv_dx_ref(const ConvShape *s, const float *dy, const float *w, float *dx);
void conv_dw_ref(const ConvShape *s, const float *x, const float *dy, float *dw);

#endif
