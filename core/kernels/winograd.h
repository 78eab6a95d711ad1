// winograd.h -- 3x3 convolutions, stride 1, pad 1, with 16 products where the direct way takes 36 (Winograd's F(2x2,3x3); Lavin and Gray
// 2016, arXiv:1509.09308, section 4.1).  Same results as conv.h up to rounding, and no less accurate: the transforms round a few times
// more, but a sum has c terms where the direct one has 9 c (measured: root mean square error 0.6 to 1.1 times that of the direct sums).
//
// A picture is cut into 2x2 tiles of the result, each from a 4x4 patch d of the input.  Per tile, input channel c and output channel o
//     y = A' [ (G g G') . (B' d B) ] A
// and the products over c become 16 matrix products.  The gradient in the weights is the same pipeline transposed.
#ifndef GENPLAY_WINOGRAD_H
#define GENPLAY_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/conv.h"

bool winograd_fits(const ConvShape *s);              // 3x3, stride 1, pad 1, and enough channels for it to win
size_t winograd_temp(const ConvShape *s);            // floats of workspace for each of these
void winograd(const ConvShape *s, const float *x, const float *w, float *y, float *temp);
void winograd_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp);
// For input channels begin..end-1, multiples of 4.
void winograd_dw(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp);

#endif
