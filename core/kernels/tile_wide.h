// tile_wide.h -- the register tile of the wide build (tile.h says what a tile is): vectors as long as the machine has them, as GCC and clang
// offer them, and whatever contraction into fused multiply-adds the compiler finds.
//
// ROWS times two vectors are the sums, two more registers hold a step of B.  On one core of a Zen 5 (512-bit vectors) products then run at
// 180 to 255 GFLOP/s, where OpenBLAS 0.3.21 has 121, or told the processor 200 to 245, and the tile of the other builds 30.
#ifndef GENPLAY_TILE_WIDE_H
#define GENPLAY_TILE_WIDE_H

#if defined __AVX512F__
enum { TILE_LANES = 16, TILE_ROWS = 14 };      // of 32 registers
#elif defined __AVX__
enum { TILE_LANES = 8, TILE_ROWS = 6 };        // of 16
#else
enum { TILE_LANES = 4, TILE_ROWS = 6 };
#endif
enum { TILE_COLUMNS = 2 * TILE_LANES, TILE_NARROW = TILE_LANES };

typedef float TileVector __attribute__((vector_size(4 * TILE_LANES), aligned(4), may_alias));      // anywhere in memory

#define TILE_UNROLL _Pragma("GCC unroll 16")

// Everything but the depth is a constant where this is inlined, and the arrays become registers.
INLINE void tile_sums(int rows, int vectors, int depth, Panels pa, Panels pb, float *c, long ldc, bool add) {
    const float *a = pa.at, *b = pb.at;
    TileVector sum[TILE_ROWS][2];
    TILE_UNROLL for (int i = 0; i < rows; i++)
        TILE_UNROLL for (int h = 0; h < vectors; h++) sum[i][h] = add ? *(const TileVector *)(c + i * ldc + h * TILE_LANES) : (TileVector){ 0 };
    for (int k = 0; k < depth; k++, a += pa.step, b += pb.step) {
        TileVector step[2];
        TILE_UNROLL for (int h = 0; h < vectors; h++) step[h] = *(const TileVector *)(b + h * TILE_LANES);
        TILE_UNROLL for (int i = 0; i < rows; i++)
            TILE_UNROLL for (int h = 0; h < vectors; h++) sum[i][h] += a[i] * step[h];
    }
    TILE_UNROLL for (int i = 0; i < rows; i++)
        TILE_UNROLL for (int h = 0; h < vectors; h++) *(TileVector *)(c + i * ldc + h * TILE_LANES) = sum[i][h];
}

static void tile(int rows, int columns, int depth, Panels a, Panels b, float *c, int ldc, bool add) {
    switch (columns > TILE_NARROW ? rows : -rows) {
#define TILE_CASES(n)                                             \
    case n: tile_sums(n, 2, depth, a, b, c, ldc, add); break;     \
    case -n: tile_sums(n, 1, depth, a, b, c, ldc, add); break;
    TILE_CASES(1) TILE_CASES(2) TILE_CASES(3) TILE_CASES(4) TILE_CASES(5) TILE_CASES(6)
#ifdef __AVX512F__
    TILE_CASES(7) TILE_CASES(8) TILE_CASES(9) TILE_CASES(10) TILE_CASES(11) TILE_CASES(12) TILE_CASES(13) TILE_CASES(14)
#endif
#undef TILE_CASES
    }
}

static void tiles(int rows, int columns, int n, int depth, Panels a, Panels b, float *c, int ldc, bool add) {
    for (int p = 0; p < n; p++, a.at += a.next, c += (long)rows * ldc) tile(rows, columns, depth, a, b, c, ldc, add);
}

#endif
