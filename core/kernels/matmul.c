// matmul.c -- register tiles over packed panels (after Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
//
// A block of A, MC rows by KC steps of the sum, is packed into panels of TILE_ROWS rows and stays in L2.  Then one panel of columns
// of B at a time is brought into L1 and meets every panel of that block.  An operand that already lies as a tile reads it is used where it
// is when it would not be read often enough to pay for a copy.

#include "kernels/matmul.h"

#include <stddef.h>

#include "kernels/tile.h"
#include "kernels/vmath_inline.h"

enum { MC = 192 / TILE_ROWS * TILE_ROWS, KC = MATMUL_DEPTH, NR = TILE_COLUMNS };

static _Thread_local float packed_a[MC * KC];
static _Thread_local float packed_b[KC * NR];

static inline int least(int a, int b) { return a < b ? a : b; }

// --- Packing --------------------------------------------------------------------------------------------------------------------------

// The first n lanes, n > 0; all when there are at least four.
static inline F4 load_some(const float *p, int n) { return n >= 4 ? f4_load(p) : n > 0 ? f4_load_part(p, n) : f4_splat(0); }
static inline void store_some(float *p, F4 a, int n) {
    if (n >= 4) f4_store(p, a);
    else f4_store_part(p, a, n);
}

// Up to four lines, four steps at a time.
static void four_lines(const float *const line[4], int depth, int width, int wanted, float *to) {
    int k = 0;
    for (; k + 4 <= depth; k += 4) {
        F4 a[4] = { f4_load(line[0] + k), f4_load(line[1] + k), f4_load(line[2] + k), f4_load(line[3] + k) };
        f4_transpose(a);
        for (int i = 0; i < 4; i++) store_some(to + (k + i) * width, a[i], wanted);
    }
    for (; k < depth; k++) store_some(to + k * width, f4_make(line[0][k], line[1][k], line[2][k], line[3][k]), wanted);
}

void panel_from_lines(const float *const line[], int n, int depth, int width, float *to) {
    static const float zeros[MATMUL_DEPTH];
    for (int r = 0; r < width; r += 4) {
        const float *four[4];
        for (int i = 0; i < 4; i++) four[i] = r + i < n && line[r + i] ? line[r + i] : zeros;
        four_lines(four, depth, width, width - r, to + r);
    }
}

void panel_from_rows(const float *from, int step, int n, int depth, int width, float *to) {
    for (int r = 0; r < width; r += 4) {
        const float *at = from + r;
        for (int k = 0; k < depth; k++, at += step) store_some(to + k * width + r, load_some(at, n - r), width - r);
    }
}

static void pack(const Operand *x, int first, int n, int k, int depth, int width, float *to) {
    if (x->pack) {
        x->pack(x->from, first, n, k, depth, width, to);
    } else if (x->across) {
        panel_from_rows(x->data + (long)k * x->step + first, x->step, n, depth, width, to);
    } else {
        const float *line[MATMUL_WIDTH];
        for (int r = 0; r < n; r++) line[r] = x->data + (long)(first + r) * x->step + k;
        panel_from_lines(line, n, depth, width, to);
    }
}

// Whether a tile can read the operand where it is.
static inline bool in_place(const Operand *x) { return !x->pack && x->across; }

// --- On the way out ---------------------------------------------------------------------------------------------------------------------

static inline F4 finished(const Finish *f, F4 x) {
    switch (f->act) {
    case FINISH_NONE: return x;
    case FINISH_RELU: return f4_select(f4_lt(x, f4_splat(0)), f4_splat(0), x);
    case FINISH_LRELU: return f4_select(f4_gt(x, f4_splat(0)), x, f4_mul(f4_splat(f->slope), x));
    case FINISH_TANH: return f4_tanh(x);
    case FINISH_SIGMOID: return f4_sigmoid(x);
    case FINISH_SILU: return f4_mul(x, f4_sigmoid(x));
    case FINISH_SOFTPLUS: return f4_softplus(x);
    }
    return x;
}

// Columns j .. j+n of a block, fresh in L1.
static void finish_strip(const Finish *f, int j, int rows, int n, float *c, int ldc) {
    for (int q = 0; q < n; q += 4) {
        F4 bias = f->bias ? load_some(f->bias + j + q, n - q) : f4_splat(0);
        for (int i = 0; i < rows; i++) {
            float *at = c + (long)i * ldc + q;
            F4 x = load_some(at, n - q);
            store_some(at, finished(f, f->bias ? f4_add(x, bias) : x), n - q);
        }
    }
}

// --- The product --------------------------------------------------------------------------------------------------------------------------

// A tile that sticks out over the last column: through a buffer.
static void ragged(int m, int n, int depth, Panel a, Panel b, float *c, int ldc, bool add) {
    float whole[TILE_ROWS * NR];
    for (int i = 0; i < m && add; i++)
        for (int j = 0; j < n; j++) whole[i * NR + j] = c[(long)i * ldc + j];
    tile(m, n > TILE_NARROW ? NR : TILE_NARROW, depth, a, b, whole, NR, add);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) c[(long)i * ldc + j] = whole[i * NR + j];
}

typedef struct { const Operand *a; int first, rows, k, depth; bool packed; } Block;

static Panel rows_of(const Block *s, int i, int m) {
    if (s->packed) return (Panel){ packed_a + (long)i * s->depth, m };
    return (Panel){ s->a->data + (long)s->k * s->a->step + s->first + i, s->a->step };
}

static void strip(const Block *s, Panel b, int n, float *c, int ldc, bool add) {
    for (int i = 0; i < s->rows; i += TILE_ROWS) {
        int m = least(TILE_ROWS, s->rows - i);
        float *to = c + (long)i * ldc;
        if (n == NR) tile(m, NR, s->depth, rows_of(s, i, m), b, to, ldc, add);
        else ragged(m, n, s->depth, rows_of(s, i, m), b, to, ldc, add);
    }
}

static Panel columns_of(const Operand *b, int j, int n, int k, int depth, bool packed) {
    if (!packed && n == NR) return (Panel){ b->data + (long)k * b->step + j, b->step };
    int width = n > TILE_NARROW ? NR : TILE_NARROW;
    pack(b, j, n, k, depth, width, packed_b);
    return (Panel){ packed_b, width };
}

#ifndef A_USES
enum { A_USES = 3, B_USES = 3 };
#endif

void matmul_of(int M, int N, int K, const Operand *a, const Operand *b, float *c, int ldc, bool add, const Finish *finish) {
    for (int k = 0; k < K || k == 0; k += KC)
        for (int i = 0; i < M; i += MC) {
            Block s = { a, i, least(MC, M - i), k, least(KC, K - k), !in_place(a) || N > A_USES * NR };
            for (int p = 0; p < s.rows && s.packed; p += TILE_ROWS) {
                int m = least(TILE_ROWS, s.rows - p);
                pack(a, i + p, m, k, s.depth, m, packed_a + (long)p * s.depth);
            }
            bool pack_b = !in_place(b) || s.rows > B_USES * TILE_ROWS;
            for (int j = 0; j < N; j += NR) {
                int n = least(NR, N - j);
                float *to = c + (long)i * ldc + j;
                strip(&s, columns_of(b, j, n, k, s.depth, pack_b), n, to, ldc, add || k > 0);
                if (finish && k + KC >= K) finish_strip(finish, j, s.rows, n, to, ldc);
            }
        }
}

void matmul(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add) {
    matmul_of(M, N, K, &(Operand){ .data = a, .step = lda, .across = ta }, &(Operand){ .data = b, .step = ldb, .across = !tb }, c, ldc, add, NULL);
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
