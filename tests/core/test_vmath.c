// vmath.h: the errors that vmath_inline.h states, special values, and the ends of arrays.
//
// The sweep here takes every 2003rd float, and the floats around the breakpoints.  All 2^32 floats of each function (ten minutes):
//
//     cc -O2 -Icore -ffp-contract=off -DVMATH_STRIDE=1 tests/core/main.c tests/core/test_vmath.c core/kernels/vmath.c core/base/error.c -lm
//     ./a.out vmath: error
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "kernels/vmath.h"

#ifndef VMATH_STRIDE
#define VMATH_STRIDE 2003
#endif

typedef struct {
    const char *name;
    void (*array)(const float *x, float *y, int n);
    double (*exact)(double x);
    double ulp;             // as vmath_inline.h states it
    float limit;            // for |x| up to here
} Function;

static double sigmoid(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double softplus(double x) { return fmax(x, 0) + log1p(exp(-fabs(x))); }

static const Function function[] = {
    { "exp", vexp, exp, 0.99, INFINITY },             { "log", vlog, log, 0.96, INFINITY },
    { "tanh", vtanh, tanh, 2.00, INFINITY },          { "sigmoid", vsigmoid, sigmoid, 1.92, INFINITY },
    { "softplus", vsoftplus, softplus, 2.05, INFINITY },
    { "sin", vsin, sin, 2.34, 8192 },                 { "cos", vcos, cos, 2.34, 8192 },
};
enum { FUNCTIONS = sizeof function / sizeof *function };

static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// The distance of neighbouring floats around y.
static double spacing(double y) {
    int exponent;
    if (fabs(y) < 0x1p-126) return 0x1p-149;
    frexp(y, &exponent);
    return ldexp(1, exponent - 24);
}

// The error in ulp; 0 where both are NaN or round to the same infinity, infinite where only one is.
static double error_of(float y, double exact) {
    if (isnan(exact) || isnan(y)) return isnan(exact) && isnan(y) ? 0 : INFINITY;
    if (y == (float)exact) return isinf(y) ? 0 : fabs((double)y - exact) / spacing(exact);
    // Overflow may come one float early or late.
    if (isinf(y)) return fabs(exact) > 0x1.fffffep127 * (1 - 0x1p-23) ? 0 : INFINITY;
    return fabs((double)y - exact) / spacing(exact);
}

static void ensure_accurate(const Function *f, const float *x, int n) {
    float y[256];
    f->array(x, y, n);
    for (int i = 0; i < n; i++) {
        double exact = f->exact((double)x[i]), error = error_of(y[i], exact);
        ENSURE_SAYING(error <= f->ulp, "%s(%a) = %a, exactly %a: %.3f ulp, more than %.2f", f->name, (double)x[i], (double)y[i],
                      exact, error, f->ulp);
    }
}

TEST(vmath, "the error stays within the stated ulp over all floats") {
    for (const Function *f = function; f < function + FUNCTIONS; f++) {
        float x[256];
        int n = 0;
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += VMATH_STRIDE) {
            float a = from_bits((uint32_t)bits);
            if (fabsf(a) > f->limit || (isnan(a) && f->limit < INFINITY)) continue;
            x[n++] = a;
            if (n < 256) continue;
            ensure_accurate(f, x, n);
            n = 0;
        }
        ensure_accurate(f, x, n);
    }
}

TEST(vmath, "the error stays within the stated ulp around every breakpoint") {
    static const float at[] = { 0, 0x1p-149f, 0x1p-126f, 0x1p-24f, 0x1p-12f, 0.125f, 0.1732868f, 0.25f, 0.26f, 0.34657359f, 0.5f, 0.70710678f, 0.78539816f,
        1, 1.41421356f, 1.57079633f, 2.35619449f, 3.14159265f, 6.28318531f, 9.0109f, 9.02f, 16.6355f, 17.3287f, 87.33654f,
        88.722839f, 89, 103.27893f, 103.97208f, 104, 8191.99f, 355, 710, 5419.2471f };
    for (const Function *f = function; f < function + FUNCTIONS; f++) {
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                float x[256];
                for (int j = 0; j < 256; j++) {
                    uint32_t bits;
                    memcpy(&bits, &at[i], 4);
                    x[j] = (float)sign * fminf(from_bits(bits < 128 ? (uint32_t)j : bits - 128 + (uint32_t)j), f->limit);
                }
                ensure_accurate(f, x, 256);
            }
        }
    }
}

TEST(vmath, "sin and cos from 8192 to 2^22 err by at most |x| 2^-24, and give NaN beyond") {
    for (int i = 0; i < 20000; i++) {
        float x = 8192 + (float)i * 209.3f;
        if (x > 0x1p22f) break;
        ENSURE_CLOSE(sin1(x), sin((double)x), (double)x * 0x1p-24);
        ENSURE_CLOSE(cos1(-x), cos((double)x), (double)x * 0x1p-24);
    }
    ENSURE(isnan(sin1(4194305.0f)) && isnan(cos1(-4194305.0f)) && isnan(sin1(INFINITY)) && isnan(cos1(NAN)));
}

TEST(vmath, "special values are those of math.h") {
    ENSURE(exp1(-INFINITY) == 0 && exp1(INFINITY) == INFINITY && exp1(0) == 1 && exp1(88.73f) == INFINITY && exp1(-104) == 0);
    ENSURE(log1(0) == -INFINITY && log1(-0.0f) == -INFINITY && log1(INFINITY) == INFINITY && log1(1) == 0);
    ENSURE(isnan(log1(-1)) && isnan(log1(-0x1p-149f)) && isnan(log1(-INFINITY)));
    ENSURE(tanh1(INFINITY) == 1 && tanh1(-INFINITY) == -1 && tanh1(0x1p-149f) == 0x1p-149f);
    ENSURE(sigmoid1(INFINITY) == 1 && sigmoid1(-INFINITY) == 0 && sigmoid1(0) == 0.5f);
    ENSURE(softplus1(INFINITY) == INFINITY && softplus1(-INFINITY) == 0 && softplus1(100) == 100);
    ENSURE(sin1(0) == 0 && cos1(0) == 1);
    ENSURE(signbit(tanh1(-0.0f)) && !signbit(tanh1(0)));
    ENSURE(isnan(exp1(NAN)) && isnan(log1(NAN)) && isnan(tanh1(NAN)) && isnan(sigmoid1(NAN)) && isnan(softplus1(NAN)));
}

TEST(vmath, "tanh and sin are odd, cos is even, bit for bit") {
    for (uint32_t bits = 0; bits < 0x46000000; bits += 99991) {
        float x = from_bits(bits);
        ENSURE(tanh1(-x) == -tanh1(x) && sin1(-x) == -sin1(x) && cos1(-x) == cos1(x));
    }
}

TEST(vmath, "tanh stays within [-1, 1], sigmoid within [0, 1]") {
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += VMATH_STRIDE) {
        float x = from_bits((uint32_t)bits);
        if (isnan(x)) continue;
        ENSURE_SAYING(fabsf(tanh1(x)) <= 1 && sigmoid1(x) >= 0 && sigmoid1(x) <= 1, "at %a", (double)x);
    }
}

TEST(vmath, "an array of any length gives each element the bits that it has alone, and nothing behind its end") {
    static const int length[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9 };
    for (const Function *f = function; f < function + FUNCTIONS; f++) {
        for (int k = 0; k < 9; k++) {
            int n = length[k];
            float x[12], y[12], one;
            for (int i = 0; i < 12; i++) x[i] = 0.3f + 0.7f * (float)i, y[i] = -99;
            f->array(x, y, n);
            for (int i = 0; i < 12; i++) {
                f->array(x + i, &one, 1);
                ENSURE_SAYING(y[i] == (i < n ? one : -99.0f), "v%s, n = %d, element %d", f->name, n, i);
            }
            f->array(x, x, n);      // in place
            ENSURE_SAYING(memcmp(x, y, sizeof(float) * (size_t)n) == 0, "v%s in place, n = %d", f->name, n);
        }
    }
}

TEST(vmath, "sine and cosine of turns are those of 2 pi u") {
    for (int i = 0; i < (1 << 24); i += 1009) {
        float u = (float)i * 0x1p-24f;
        F4 s, c;
        f4_sincos_turns(f4_splat(u), &s, &c);
        // 2 pi and the product with it are rounded: 2^-24 |r|, |r| <= 0.79; the polynomials add up to 1.5 * 2^-24.
        ENSURE_CLOSE(f4_lane0(s), sin(2 * 3.14159265358979323846 * (double)u), 2 * 0x1p-24);
        ENSURE_CLOSE(f4_lane0(c), cos(2 * 3.14159265358979323846 * (double)u), 2 * 0x1p-24);
    }
}
