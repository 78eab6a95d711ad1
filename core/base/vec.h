// vec.h -- the one SIMD header: four floats or four 32-bit integers at a time.
//
// wasm_simd128.h in the browser, the same names from SIMDe natively.  Only functions that are bit-equal in both are let
// through: SIMDe's min/max (of +-0), nearest and saturating truncation are not, so f4_min and f4_max are the pseudo-minimum
// and -maximum (one instruction each), and f4_round and f4_to_i4 are built here from exact pieces.  f4_madd is a multiply and an add in every build but `relaxed` and `wide`.
#ifndef GENPLAY_VEC_H
#define GENPLAY_VEC_H

#include <stdint.h>
#ifdef __wasm_simd128__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#endif

typedef v128_t F4;    // four floats
typedef v128_t I4;    // four 32-bit integers, or masks (0 or ~0 per lane)

#define INLINE static inline __attribute__((always_inline))

INLINE F4 f4_load(const float *p) { return wasm_v128_load(p); }            // any alignment
INLINE void f4_store(float *p, F4 a) { wasm_v128_store(p, a); }
INLINE F4 f4_splat(float a) { return wasm_f32x4_splat(a); }
INLINE F4 f4_load_splat(const float *p) { return wasm_v128_load32_splat(p); }
INLINE F4 f4_make(float a, float b, float c, float d) { return wasm_f32x4_make(a, b, c, d); }
INLINE float f4_lane0(F4 a) { return wasm_f32x4_extract_lane(a, 0); }

// The first n of four lanes, the others 0.  n in 1..3: for the ends of rows; never reads past them.
INLINE F4 f4_load_part(const float *p, int n) { return f4_make(p[0], n > 1 ? p[1] : 0, n > 2 ? p[2] : 0, 0); }
INLINE void f4_store_part(float *p, F4 a, int n) {
    p[0] = wasm_f32x4_extract_lane(a, 0);
    if (n > 1) p[1] = wasm_f32x4_extract_lane(a, 1);
    if (n > 2) p[2] = wasm_f32x4_extract_lane(a, 2);
}

INLINE F4 f4_add(F4 a, F4 b) { return wasm_f32x4_add(a, b); }
INLINE F4 f4_sub(F4 a, F4 b) { return wasm_f32x4_sub(a, b); }
INLINE F4 f4_mul(F4 a, F4 b) { return wasm_f32x4_mul(a, b); }
INLINE F4 f4_div(F4 a, F4 b) { return wasm_f32x4_div(a, b); }
INLINE F4 f4_sqrt(F4 a) { return wasm_f32x4_sqrt(a); }
INLINE F4 f4_neg(F4 a) { return wasm_f32x4_neg(a); }
INLINE F4 f4_abs(F4 a) { return wasm_f32x4_abs(a); }
#ifdef __wasm_relaxed_simd__
INLINE F4 f4_madd(F4 a, F4 b, F4 c) { return wasm_f32x4_relaxed_madd(a, b, c); }   // a b + c
#else
INLINE F4 f4_madd(F4 a, F4 b, F4 c) { return f4_add(f4_mul(a, b), c); }
#endif

// Lane masks and choice.
INLINE I4 f4_lt(F4 a, F4 b) { return wasm_f32x4_lt(a, b); }
INLINE I4 f4_le(F4 a, F4 b) { return wasm_f32x4_le(a, b); }
INLINE I4 f4_gt(F4 a, F4 b) { return wasm_f32x4_gt(a, b); }
INLINE I4 f4_ge(F4 a, F4 b) { return wasm_f32x4_ge(a, b); }
INLINE I4 f4_eq(F4 a, F4 b) { return wasm_f32x4_eq(a, b); }
INLINE F4 f4_select(I4 mask, F4 yes, F4 no) { return wasm_v128_bitselect(yes, no, mask); }
INLINE F4 f4_and(I4 mask, F4 a) { return wasm_v128_and(mask, a); }
INLINE F4 f4_or(F4 a, F4 b) { return wasm_v128_or(a, b); }
INLINE F4 f4_andnot(F4 a, I4 mask) { return wasm_v128_andnot(a, mask); }           // a where the mask is 0
// b < a ? b : a and a < b ? b : a -- the second argument wins only when it is strictly smaller (larger); NaN in a stays.
INLINE F4 f4_min(F4 a, F4 b) { return wasm_f32x4_pmin(a, b); }
INLINE F4 f4_max(F4 a, F4 b) { return wasm_f32x4_pmax(a, b); }

// Integers.
INLINE I4 i4_load(const void *p) { return wasm_v128_load(p); }                     // any alignment
INLINE I4 i4_splat(int32_t a) { return wasm_i32x4_splat(a); }
INLINE I4 i4_add(I4 a, I4 b) { return wasm_i32x4_add(a, b); }
INLINE I4 i4_sub(I4 a, I4 b) { return wasm_i32x4_sub(a, b); }
INLINE I4 i4_and(I4 a, I4 b) { return wasm_v128_and(a, b); }
INLINE I4 i4_xor(I4 a, I4 b) { return wasm_v128_xor(a, b); }
INLINE I4 i4_eq(I4 a, I4 b) { return wasm_i32x4_eq(a, b); }
#define i4_shl(a, k) wasm_i32x4_shl((a), (k))
#define i4_shr(a, k) wasm_i32x4_shr((a), (k))          // arithmetic
#define i4_shr_u(a, k) wasm_u32x4_shr((a), (k))        // logical

// The 4 x 4 matrix with rows a[0..3], transposed in place.
INLINE void f4_transpose(F4 a[4]) {
    F4 t0 = wasm_i32x4_shuffle(a[0], a[1], 0, 4, 1, 5), t1 = wasm_i32x4_shuffle(a[0], a[1], 2, 6, 3, 7);
    F4 t2 = wasm_i32x4_shuffle(a[2], a[3], 0, 4, 1, 5), t3 = wasm_i32x4_shuffle(a[2], a[3], 2, 6, 3, 7);
    a[0] = wasm_i32x4_shuffle(t0, t2, 0, 1, 4, 5);
    a[1] = wasm_i32x4_shuffle(t0, t2, 2, 3, 6, 7);
    a[2] = wasm_i32x4_shuffle(t1, t3, 0, 1, 4, 5);
    a[3] = wasm_i32x4_shuffle(t1, t3, 2, 3, 6, 7);
}

// Rounding to nearest even for |a| < 2^22, through the bits of a + 1.5 * 2^23: as float, and as integer.
#define F4_MAGIC 12582912.0f
INLINE F4 f4_round(F4 a) { return f4_sub(f4_add(a, f4_splat(F4_MAGIC)), f4_splat(F4_MAGIC)); }
INLINE I4 f4_to_i4(F4 a) { return i4_sub(f4_add(a, f4_splat(F4_MAGIC)), i4_splat(0x4B400000)); }
// Exact for |a| <= 2^24, to nearest even beyond.
INLINE F4 i4_to_f4(I4 a) { return wasm_f32x4_convert_i32x4(a); }

#endif
