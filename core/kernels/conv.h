// conv.h -- two-dimensional convolution (correlation), channels last, and its two adjoints, as matrix products over patches.
//
// A patch is the k x k x C neighbourhood of one output pixel; pixels outside the picture are 0.  3x3 convolutions with many channels go
// another way (winograd.h).  No picture's result depends on the others in the batch.
#ifndef GENPLAY_CONV_H
#define GENPLAY_CONV_H

#include <stddef.h>

// x [batch,h,w,c], weights [k,k,c,o], y [batch,out_h,out_w,o]; out = (in + 2 pad - k) / stride + 1, rounded down.
typedef struct { int batch, h, w, c, k, o, out_h, out_w, stride, pad; } ConvShape;

size_t conv_temp(const ConvShape *s);                  // floats that each of the next three needs as `temp`

void conv(const ConvShape *s, const float *x, const float *w, float *y, float *temp);
void conv_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp);
void conv_dw(const ConvShape *s, const float *x, const float *dy, float *dw, float *temp);

// The slow twins: loops over everything.
void conv_ref(const ConvShape *s, const float *x, const float *w, float *y);
void conv_dx_ref(const ConvShape *s, const float *dy, const float *w, float *dx);
void conv_dw_ref(const ConvShape *s, const float *x, const float *dy, float *dw);

#endif
