// vmath.h -- exp, log, tanh and friends for four floats at a time, the same bits natively and in wasm.
//
// Polynomials in single precision; the greatest error of each, in ulp over all arguments, stands in vmath_inline.h and
// is measured by the tests against double precision.  Special values: exp(-inf) = 0, exp(large) = inf, log(0) = -inf, log(x < 0) = NaN, NaN stays NaN.
// Every array function handles any n >= 0 and y == x, and gives each element the same bits wherever it stands.
#ifndef GENPLAY_VMATH_H
#define GENPLAY_VMATH_H

#include "base/vec.h"
#include "kernels/vmath_inline.h"   // F4 f4_exp(F4) ... , the bodies

void vexp(const float *x, float *y, int n);
void vlog(const float *x, float *y, int n);
void vtanh(const float *x, float *y, int n);
void vsigmoid(const float *x, float *y, int n);
void vsoftplus(const float *x, float *y, int n);
void vsin(const float *x, float *y, int n);
void vcos(const float *x, float *y, int n);

#endif
