// matmul.c -- a 4x8 register tile over packed panels (after Goto and van de Geijn 2008, "Anatomy of high-performance matrix
// multiplication").
//
// A block of op(B), KC x NC, is packed into panels of 8 columns; a block of op(A), MC x KC, into panels of 4 rows; a panel of A stays in
// L1 while the tiles of its row run.  Panels are padded with zeros, so edges run through the same tile and only the store is cut.
// The tile is a function of its own with sixteen-lane accumulators as plain variables: arrays of vectors spill in V8.

#include "kernels/matmul.h"

#include "base/vec.h"

enum { MR = 4, NR = 8, MC = 192, KC = 392, NC = 512 };

static float packed_a[MC * KC];
static float packed_b[KC * NC];

static inline int least(int a, int b) { return a < b ? a : b; }

// Four rows of four, as four columns.
static inline void transpose(const float *from, int step, float *to, int to_step) {
    F4 a[4];
    for (int i = 0; i < 4; i++) a[i] = f4_load(from + (long)i * step);
    f4_transpose(a);
    for (int i = 0; i < 4; i++) f4_store(to + i * to_step, a[i]);
}

// Panels of MR rows: out[panel][k][row].
static void pack_a(const float *a, int lda, bool ta, int rows, int depth, float *out) {
    for (int i = 0; i < rows; i += MR, out += MR * depth) {
        int m = least(MR, rows - i);
        if (ta) {
            const float *from = a + i;
            for (int k = 0; k < depth; k++, from += lda)
                f4_store(out + k * MR, m == MR ? f4_load(from) : f4_load_part(from, m));
            continue;
        }
        const float *from = a + (long)i * lda;
        if (m < MR) {
            for (int k = 0; k < depth; k++)
                for (int r = 0; r < MR; r++) out[k * MR + r] = r < m ? from[(long)r * lda + k] : 0;
            continue;
        }
        int k = 0;
        for (; k + 4 <= depth; k += 4)
            transpose(from + k, lda, out + k * MR, MR);
        for (; k < depth; k++)
            for (int r = 0; r < MR; r++) out[k * MR + r] = from[(long)r * lda + k];
    }
}

// Panels of NR columns: out[panel][k][column].
static void pack_b(const float *b, int ldb, bool tb, int depth, int columns, float *out) {
    for (int j = 0; j < columns; j += NR, out += NR * depth) {
        int n = least(NR, columns - j);
        if (n == NR && !tb) {
            const float *from = b + j;
            for (int k = 0; k < depth; k++, from += ldb) {
                f4_store(out + k * NR, f4_load(from));
                f4_store(out + k * NR + 4, f4_load(from + 4));
            }
        } else if (n == NR) {                                    // two row panels side by side
            const float *from = b + (long)j * ldb;
            int k = 0;
            for (; k + 4 <= depth; k += 4)
                for (int half = 0; half < 2; half++)
                    transpose(from + 4L * half * ldb + k, ldb, out + k * NR + 4 * half, NR);
            for (; k < depth; k++)
                for (int c = 0; c < NR; c++) out[k * NR + c] = from[(long)c * ldb + k];
        } else {
            for (int k = 0; k < depth; k++)
                for (int c = 0; c < NR; c++)
                    out[k * NR + c] = c >= n ? 0 : tb ? b[(long)(j + c) * ldb + k] : b[(long)k * ldb + j + c];
        }
    }
}

// c [4,8] = (add ? c : 0) + a panel * b panel.
static __attribute__((noinline)) void tile(int depth, const float *a, const float *b, float *c, int ldc, bool add) {
    F4 c00, c01, c10, c11, c20, c21, c30, c31;
    if (add) {
        c00 = f4_load(c), c01 = f4_load(c + 4);
        c10 = f4_load(c + ldc), c11 = f4_load(c + ldc + 4);
        c20 = f4_load(c + 2 * ldc), c21 = f4_load(c + 2 * ldc + 4);
        c30 = f4_load(c + 3 * ldc), c31 = f4_load(c + 3 * ldc + 4);
    } else {
        c00 = c01 = c10 = c11 = c20 = c21 = c30 = c31 = f4_splat(0);
    }
    for (int k = 0; k < depth; k++, a += MR, b += NR) {
        F4 b0 = f4_load(b), b1 = f4_load(b + 4), r;
        r = f4_load_splat(a);     c00 = f4_madd(r, b0, c00); c01 = f4_madd(r, b1, c01);
        r = f4_load_splat(a + 1); c10 = f4_madd(r, b0, c10); c11 = f4_madd(r, b1, c11);
        r = f4_load_splat(a + 2); c20 = f4_madd(r, b0, c20); c21 = f4_madd(r, b1, c21);
        r = f4_load_splat(a + 3); c30 = f4_madd(r, b0, c30); c31 = f4_madd(r, b1, c31);
    }
    f4_store(c, c00), f4_store(c + 4, c01);
    f4_store(c + ldc, c10), f4_store(c + ldc + 4, c11);
    f4_store(c + 2 * ldc, c20), f4_store(c + 2 * ldc + 4, c21);
    f4_store(c + 3 * ldc, c30), f4_store(c + 3 * ldc + 4, c31);
}

// A tile that sticks out over the matrix: through a buffer.
static void edge(int m, int n, int depth, const float *a, const float *b, float *c, int ldc, bool add) {
    float whole[MR * NR] = { 0 };
    if (add)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) whole[i * NR + j] = c[(long)i * ldc + j];
    tile(depth, a, b, whole, NR, add);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) c[(long)i * ldc + j] = whole[i * NR + j];
}

static void block(int rows, int columns, int depth, float *c, int ldc, bool add) {
    for (int i = 0; i < rows; i += MR)
        for (int j = 0; j < columns; j += NR) {
            const float *a = packed_a + (long)i * depth, *b = packed_b + (long)j * depth;
            float *to = c + (long)i * ldc + j;
            int m = least(MR, rows - i), n = least(NR, columns - j);
            if (m == MR && n == NR) tile(depth, a, b, to, ldc, add);
            else edge(m, n, depth, a, b, to, ldc, add);
        }
}

void matmul(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add) {
    if (K == 0 && !add)
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++) c[(long)i * ldc + j] = 0;
    for (int j = 0; j < N; j += NC)
        for (int k = 0; k < K; k += KC) {
            int columns = least(NC, N - j), depth = least(KC, K - k);
            pack_b(tb ? b + (long)j * ldb + k : b + (long)k * ldb + j, ldb, tb, depth, columns, packed_b);
            for (int i = 0; i < M; i += MC) {
                int rows = least(MC, M - i);
                pack_a(ta ? a + (long)k * lda + i : a + (long)i * lda + k, lda, ta, rows, depth, packed_a);
                block(rows, columns, depth, c + (long)i * ldc + j, ldc, add || k > 0);
            }
        }
}

void matmul_ref(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add) {
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = add ? c[(long)i * ldc + j] : 0;
            for (int k = 0; k < K; k++)
                sum += (ta ? a[(long)k * lda + i] : a[(long)i * lda + k]) * (tb ? b[(long)j * ldb + k] : b[(long)k * ldb + j]);
            c[(long)i * ldc + j] = sum;
        }
}
