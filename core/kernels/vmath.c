// vmath.c -- the array functions of vmath.h: the inline bodies in a loop.
#include "kernels/vmath.h"

#define ARRAY_FUNCTION(name, f)                                              \
    void name(const float *x, float *y, int n) {                             \
        int i = 0;                                                           \
        for (; i + 4 <= n; i += 4) f4_store(y + i, f(f4_load(x + i)));       \
        if (i < n) f4_store_part(y + i, f(f4_load_part(x + i, n - i)), n - i); \
    }

ARRAY_FUNCTION(vexp, f4_exp)
ARRAY_FUNCTION(vlog, f4_log)
ARRAY_FUNCTION(vtanh, f4_tanh)
ARRAY_FUNCTION(vsigmoid, f4_sigmoid)
ARRAY_FUNCTION(vsoftplus, f4_softplus)
ARRAY_FUNCTION(vsin, f4_sin)
ARRAY_FUNCTION(vcos, f4_cos)
