// tile.h -- the register tile of matmul.c: a few rows times eight (or four) columns of a product, held in registers over the whole depth.
// The only code that knows how many vector registers there are; another machine's build puts another tile here.
//
// Accumulators are plain variables: arrays of vectors spill in V8, and so does a loop over k that is unrolled by hand.  Every tile is a
// function of its own, so that each has the registers to itself and tiers up early.  4 rows leave room for the products between multiply
// and add; with fused multiply-add 6 rows fit and hide its latency, if the compiler is good (matmul_rows).
#ifndef GENPLAY_TILE_H
#define GENPLAY_TILE_H

#include <stdbool.h>

#include "base/vec.h"

// What tiles read of one operand: element r of step k of the panel number p stands at at[p * next + k * step + r].
typedef struct { const float *at; int step, next; } Panels;

#ifdef GENPLAY_WIDE
#include "kernels/tile_wide.h"
#else

#ifdef __wasm_relaxed_simd__
enum { TILE_ROWS = 6 };
#else
enum { TILE_ROWS = 4 };
#endif
enum { TILE_COLUMNS = 8, TILE_NARROW = 4 };

#define TILE_EACH_1(X) X(0)
#define TILE_EACH_2(X) TILE_EACH_1(X) X(1)
#define TILE_EACH_3(X) TILE_EACH_2(X) X(2)
#define TILE_EACH_4(X) TILE_EACH_3(X) X(3)
#define TILE_EACH_5(X) TILE_EACH_4(X) X(4)
#define TILE_EACH_6(X) TILE_EACH_5(X) X(5)

#define TILE_BEGIN8(r) F4 x##r = add ? f4_load(c + r * ldc) : f4_splat(0), y##r = add ? f4_load(c + r * ldc + 4) : f4_splat(0);
#define TILE_STEP8(r) { F4 s = f4_load_splat(a + r); x##r = f4_madd(s, b0, x##r), y##r = f4_madd(s, b1, y##r); }
#define TILE_END8(r) f4_store(c + r * ldc, x##r), f4_store(c + r * ldc + 4, y##r);

#define TILE_BEGIN4(r) F4 x##r = add ? f4_load(c + r * ldc) : f4_splat(0);
#define TILE_STEP4(r) x##r = f4_madd(f4_load_splat(a + r), b0, x##r);
#define TILE_END4(r) f4_store(c + r * ldc, x##r);

// c [n * rows, 8 or 4] = (add ? c : 0) + pa pb, k = 0, 1, ... in turn: n tiles, one below the other.
#define TILE_FUNCTIONS(rows)                                                                                                          \
    static __attribute__((noinline)) void strip_##rows##x8(int n, int depth, Panels pa, Panels pb, float *c, int ldc, bool add) {     \
        for (int p = 0; p < n; p++, c += rows * ldc) {                                                                                \
            const float *a = pa.at + p * pa.next, *b = pb.at;                                                                         \
            TILE_EACH_##rows(TILE_BEGIN8)                                                                                             \
            for (int k = 0; k < depth; k++, a += pa.step, b += pb.step) {                                                             \
                F4 b0 = f4_load(b), b1 = f4_load(b + 4);                                                                              \
                TILE_EACH_##rows(TILE_STEP8)                                                                                          \
            }                                                                                                                         \
            TILE_EACH_##rows(TILE_END8)                                                                                               \
        }                                                                                                                             \
    }                                                                                                                                 \
    static __attribute__((noinline)) void strip_##rows##x4(int n, int depth, Panels pa, Panels pb, float *c, int ldc, bool add) {     \
        for (int p = 0; p < n; p++, c += rows * ldc) {                                                                                \
            const float *a = pa.at + p * pa.next, *b = pb.at;                                                                         \
            TILE_EACH_##rows(TILE_BEGIN4)                                                                                             \
            for (int k = 0; k < depth; k++, a += pa.step, b += pb.step) {                                                             \
                F4 b0 = f4_load(b);                                                                                                   \
                TILE_EACH_##rows(TILE_STEP4)                                                                                          \
            }                                                                                                                         \
            TILE_EACH_##rows(TILE_END4)                                                                                               \
        }                                                                                                                             \
    }

TILE_FUNCTIONS(1)
TILE_FUNCTIONS(2)
TILE_FUNCTIONS(3)
TILE_FUNCTIONS(4)
#ifdef __wasm_relaxed_simd__
TILE_FUNCTIONS(5)
TILE_FUNCTIONS(6)
#endif

// `rows` 1..TILE_ROWS; columns TILE_NARROW or TILE_COLUMNS.
static inline void tiles(int rows, int columns, int n, int depth, Panels a, Panels b, float *c, int ldc, bool add) {
#define TILE_CASE(r) case r: if (columns == 8) strip_##r##x8(n, depth, a, b, c, ldc, add); else strip_##r##x4(n, depth, a, b, c, ldc, add); break;
    switch (rows) {
    TILE_CASE(1)
    TILE_CASE(2)
    TILE_CASE(3)
    TILE_CASE(4)
#ifdef __wasm_relaxed_simd__
    TILE_CASE(5)
    TILE_CASE(6)
#endif
    }
#undef TILE_CASE
}

#endif      // GENPLAY_WIDE
#endif
