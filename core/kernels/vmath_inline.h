// vmath_inline.h -- the bodies of vmath.h: exp, log, tanh, sigmoid, softplus, sin and cos of four floats.
//
// Each function reduces its argument to a small interval by exact steps, evaluates a polynomial there and puts the pieces
// together so that no rounding error is larger than the last one.  The method is textbook (Muller, "Elementary
// Functions", 3rd ed., ch. 9-11: Cody-Waite reduction; log through atanh); the coefficients are minimax fits of our own (relative error,
// rounded to 24 bits by a lattice search), their error written beside them.
//
// Only exact operations, the five that IEEE 754 rounds correctly, and f4_madd.  Hence the same bits natively and in wasm; in
// the `relaxed` build f4_madd rounds once instead of twice, and no error below grows by more than 0.03 there.
//
// Greatest error in ulp over ALL floats of the range, measured one by one (tests/core/test_vmath.c has the command):
//
//                   error   where              special values
//     f4_exp        0.99    everywhere         exp(-inf) = 0, exp(x >= 88.73) = inf; subnormal results are right
//     f4_log        0.96    everywhere         log(0) = -inf, log(x < 0) = NaN, log(inf) = inf; subnormal arguments too
//     f4_tanh       2.00    everywhere         +-1 from |x| = 9.02 on, never beyond
//     f4_sigmoid    1.92    everywhere         0 and 1 at -inf and inf, never beyond
//     f4_softplus   2.05    everywhere         0 and inf at -inf and inf
//     f4_sin, _cos  2.34    |x| <= 8192        to 2^22 the absolute error stays below |x| 2^-24; beyond NaN.  sin(-0) = +0
//
// NaN gives NaN everywhere; its sign and payload are not defined.
#ifndef GENPLAY_VMATH_INLINE_H
#define GENPLAY_VMATH_INLINE_H

#include "base/vec.h"

#define VM_LOG2E 1.44269504f
#define VM_LN2_HI 0.693145752f         // ln 2 = HI + LO; HI has 15 bits, so n HI is exact for |n| < 512
#define VM_LN2_LO 1.42860677e-6f
#define VM_MAGIC 12582912.0f           // 1.5 * 2^23: adding it rounds to an integer, which stands in the low bits

// e^x.  x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 P(r), P minimax to 2^-28; 2^n in two factors, each a float
// of its own, so that subnormal results are rounded once.
INLINE F4 f4_exp(F4 x) {
    x = f4_min(f4_max(x, f4_splat(-104.0f)), f4_splat(89.0f));        // beyond: 0 and inf anyway
    F4 t = f4_madd(x, f4_splat(VM_LOG2E), f4_splat(VM_MAGIC + 254));  // bits: n + 254
    F4 n = f4_sub(t, f4_splat(VM_MAGIC + 254));
    F4 r = f4_madd(n, f4_splat(-VM_LN2_LO), f4_madd(n, f4_splat(-VM_LN2_HI), x));
    F4 p = f4_madd(r, f4_splat(0.00137825042f), f4_splat(0.00836867467f));
    p = f4_madd(p, r, f4_splat(0.0416689627f));
    p = f4_madd(p, r, f4_splat(0.166665211f));
    p = f4_madd(p, r, f4_splat(0.499999911f));
    p = f4_add(f4_madd(p, f4_mul(r, r), r), f4_splat(1.0f));
    I4 half = i4_shr_u(t, 1);                                         // low bits: floor(n / 2) + 127
    F4 a = i4_shl(half, 23), b = i4_shl(i4_sub(t, half), 23);         // 2^floor(n / 2), 2^ceil(n / 2)
    return f4_mul(f4_mul(p, a), b);
}

// log(1 + f) for f >= -0.5 through 2 atanh(s) = 2 s + s R(s^2), s = f / (2 + f): since 2 s = f - s f, it is f - s (f - R), and
// near f = 0 the first term, which is exact, carries it.  A caller gives R for its own range of s.
INLINE F4 f4_log_reduced(F4 f, F4 s, F4 r, F4 low) { return f4_sub(f, f4_sub(f4_mul(s, f4_sub(f, r)), low)); }

// log x for normal, finite x > 0.  x = 2^k m with m in [sqrt 1/2, sqrt 2); `bias` is subtracted from k.
INLINE F4 f4_log_biased(F4 x, I4 bias) {
    I4 k = i4_shr(i4_sub(x, i4_splat(0x3F3504F3)), 23);               // 0x3F3504F3: sqrt 1/2
    F4 f = f4_sub(i4_sub(x, i4_shl(k, 23)), f4_splat(1.0f));
    F4 n = i4_to_f4(i4_sub(k, bias));
    F4 s = f4_div(f, f4_add(f, f4_splat(2.0f)));
    F4 z = f4_mul(s, s);
    F4 r = f4_madd(z, f4_splat(0.29870829f), f4_splat(0.399775833f)); // R to 2^-30 for |s| <= 0.1716
    r = f4_mul(z, f4_madd(r, z, f4_splat(0.666667759f)));
    return f4_madd(n, f4_splat(VM_LN2_HI), f4_log_reduced(f, s, r, f4_mul(n, f4_splat(VM_LN2_LO))));
}
INLINE F4 f4_log_normal(F4 x) { return f4_log_biased(x, i4_splat(0)); }

INLINE F4 f4_log(F4 x) {
    I4 tiny = f4_lt(x, f4_splat(0x1p-126f));
    F4 scaled = f4_select(tiny, f4_mul(x, f4_splat(0x1p24f)), x);
    F4 y = f4_log_biased(scaled, i4_and(tiny, i4_splat(24)));
    y = f4_select(f4_lt(x, f4_splat(__builtin_inff())), y, x);        // inf and NaN
    F4 pole = f4_select(f4_eq(x, f4_splat(0)), f4_splat(-__builtin_inff()), f4_splat(__builtin_nanf("")));
    return f4_select(f4_le(x, f4_splat(0)), pole, y);
}

// tanh x = (e^2x - 1) / (e^2x + 1) as one ratio, num / den.  With 2 x = n ln 2 + 2 r, E = 2^n / 2 and
// e^2r = (c + r) / (c - r), c = r coth r = 1 + d(r^2):
//
//     num = (E - 1/2) c + (E + 1/2) r         E - 1/2 and E + 1/2 are exact; r for n = 0, so nothing cancels near 0
//     den = num + (c - r)                     in an order that leaves 1 + d for n = 0, and shares the error of num for n > 0
//
// n is rounded from 2 x / ln 2 - 1/4, because n = 1 with the least r is where num cancels most.
INLINE F4 f4_tanh(F4 x) {
    F4 sign = f4_and(x, i4_splat((int32_t)0x80000000));
    F4 a = f4_min(f4_abs(x), f4_splat(9.02f));                        // tanh rounds to 1 from 9.0109 on
    F4 t = f4_add(f4_madd(a, f4_splat(2 * VM_LOG2E), f4_splat(-0.25f)), f4_splat(VM_MAGIC + 126));
    F4 n = f4_sub(t, f4_splat(VM_MAGIC + 126));
    F4 r = f4_madd(n, f4_splat(-VM_LN2_LO / 2), f4_madd(n, f4_splat(-VM_LN2_HI / 2), a));
    F4 z = f4_mul(r, r);                                              // |r| <= 0.26: 1 + d to 2^-25
    F4 d = f4_mul(z, f4_madd(z, f4_splat(-0.0220249128f), f4_splat(0.333329231f)));
    F4 e = i4_shl(t, 23), minus = f4_sub(e, f4_splat(0.5f)), plus = f4_add(e, f4_splat(0.5f));
    F4 num = f4_add(minus, f4_madd(minus, d, f4_mul(plus, r)));
    F4 den = f4_add(f4_splat(1.0f), f4_add(num, f4_sub(d, r)));
    return f4_or(f4_div(num, den), sign);
}

// 1 / (1 + e^-x).  With e = e^-|x|, which never overflows, it is b - e b / (1 + e), where b = 1 for x >= 0 and e for x < 0.
INLINE F4 f4_sigmoid(F4 x) {
    F4 e = f4_exp(f4_or(x, i4_splat((int32_t)0x80000000)));
    F4 b = f4_select(f4_lt(x, f4_splat(0)), e, f4_splat(1.0f));
    return f4_sub(b, f4_div(f4_mul(e, b), f4_add(e, f4_splat(1.0f))));
}

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|).  e in [0, 1], s <= 1/3: R to 2^-27.
INLINE F4 f4_softplus(F4 x) {
    F4 e = f4_exp(f4_or(x, i4_splat((int32_t)0x80000000)));
    F4 s = f4_div(e, f4_add(e, f4_splat(2.0f)));
    F4 z = f4_mul(s, s);
    F4 r = f4_madd(z, f4_splat(0.280075967f), f4_splat(0.280029178f));
    r = f4_madd(r, z, f4_splat(0.400214404f));
    r = f4_mul(z, f4_madd(r, z, f4_splat(0.666664183f)));
    return f4_add(f4_max(x, f4_splat(0)), f4_log_reduced(e, s, r, f4_splat(0)));
}

// sin and cos of r, |r| <= pi / 4, z = r^2: minimax to 2^-27 and 2^-32.
INLINE F4 f4_sin_poly(F4 r, F4 z) {
    F4 p = f4_madd(z, f4_splat(-0.000195182773f), f4_splat(0.00833218917f));
    p = f4_madd(p, z, f4_splat(-0.166666552f));
    return f4_madd(p, f4_mul(r, z), r);
}
INLINE F4 f4_cos_poly(F4 z) {
    F4 p = f4_madd(z, f4_splat(2.44325602e-5f), f4_splat(-0.00138873106f));
    p = f4_madd(p, z, f4_splat(0.0416666456f));
    return f4_madd(p, f4_mul(z, z), f4_madd(z, f4_splat(-0.5f), f4_splat(1.0f)));
}

// sin(r + q pi / 2); only the low two bits of q count.
INLINE F4 f4_sin_quadrant(F4 r, I4 q) {
    F4 z = f4_mul(r, r);
    I4 odd = i4_eq(i4_and(q, i4_splat(1)), i4_splat(1));
    I4 sign = i4_shl(i4_shr_u(q, 1), 31);
    return i4_xor(f4_select(odd, f4_cos_poly(z), f4_sin_poly(r, z)), sign);
}

// x = n pi / 2 + r, n in the low bits of q.  pi / 2 in five parts of 11, 11, 11, 11 and 24 bits: n times one of the first four
// is exact for |n| < 2^13, and each difference is exact whenever the next step could cancel it.
INLINE F4 f4_reduce_quarter_turns(F4 x, I4 *q) {
    F4 t = f4_madd(x, f4_splat(0.636619772f), f4_splat(VM_MAGIC));
    F4 n = f4_sub(t, f4_splat(VM_MAGIC));
    F4 r = f4_madd(n, f4_splat(-0x1.92p0f), x);
    r = f4_madd(n, f4_splat(-0x1.fb4p-12f), r);
    r = f4_madd(n, f4_splat(-0x1.444p-24f), r);
    r = f4_madd(n, f4_splat(-0x1.68cp-39f), r);
    *q = t;
    return f4_madd(n, f4_splat(-0x1.1a6264p-54f), r);
}

// NaN where |x| > 2^22, y elsewhere.
INLINE F4 f4_nan_beyond(F4 x, F4 y) {
    I4 fine = f4_le(f4_abs(x), f4_splat(0x1p22f));
    return f4_select(fine, y, f4_splat(__builtin_nanf("")));
}

INLINE F4 f4_sin(F4 x) {
    I4 q;
    F4 r = f4_reduce_quarter_turns(x, &q);
    return f4_nan_beyond(x, f4_sin_quadrant(r, q));
}
INLINE F4 f4_cos(F4 x) {
    I4 q;
    F4 r = f4_reduce_quarter_turns(x, &q);
    return f4_nan_beyond(x, f4_sin_quadrant(r, i4_add(q, i4_splat(1))));
}

// sin and cos of 2 pi u, |u| <= 2^20: the reduction is exact.
INLINE void f4_sincos_turns(F4 u, F4 *sine, F4 *cosine) {
    F4 t = f4_madd(u, f4_splat(4.0f), f4_splat(VM_MAGIC));
    F4 n = f4_sub(t, f4_splat(VM_MAGIC));
    F4 r = f4_mul(f4_madd(n, f4_splat(-0.25f), u), f4_splat(6.28318531f));
    F4 z = f4_mul(r, r), s = f4_sin_poly(r, z), c = f4_cos_poly(z);
    I4 odd = i4_eq(i4_and(t, i4_splat(1)), i4_splat(1));
    *sine = i4_xor(f4_select(odd, c, s), i4_shl(i4_shr_u(t, 1), 31));
    *cosine = i4_xor(f4_select(odd, s, c), i4_shl(i4_shr_u(i4_add(t, i4_splat(1)), 1), 31));
}

// One number: lane 0 of the same code, hence the same bits.
INLINE float exp1(float x) { return f4_lane0(f4_exp(f4_splat(x))); }
INLINE float log1(float x) { return f4_lane0(f4_log(f4_splat(x))); }
INLINE float tanh1(float x) { return f4_lane0(f4_tanh(f4_splat(x))); }
INLINE float sigmoid1(float x) { return f4_lane0(f4_sigmoid(f4_splat(x))); }
INLINE float softplus1(float x) { return f4_lane0(f4_softplus(f4_splat(x))); }
INLINE float sin1(float x) { return f4_lane0(f4_sin(f4_splat(x))); }
INLINE float cos1(float x) { return f4_lane0(f4_cos(f4_splat(x))); }

#endif
