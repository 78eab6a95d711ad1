// matmul.c -- register tiles over packed panels (after Goto and van de Geijn 2008, "Anatomy of high-performance matrix multiplication").
//
// A block of A, MC rows by KC steps of the sum, is packed into panels of a tile's rows and stays in L2.  Then one panel of columns of B at
// a time is brought into L1 and meets every panel of that block.  An operand that already lies as a tile reads it is used where it is
// when it is read too seldom to pay for a copy, or its steps are few: beyond, they fall on too many pages, or on the same lines of L1.

#include "kernels/matmul.h"

#include <stddef.h>

#include "base/pool.h"
#include "kernels/tile.h"
#include "kernels/vmath_inline.h"

enum { MC = 192 / TILE_ROWS * TILE_ROWS, KC = MATMUL_DEPTH, NR = TILE_COLUMNS, FEW_STEPS = 64, FEW_TILES = 3 };

static _Thread_local float packed_a[MC * KC];
static _Thread_local float packed_b[KC * NR];

#ifdef __wasm_relaxed_simd__
static int tile_rows = TILE_ROWS;
void matmul_rows(int rows) { tile_rows = rows; }
#else
enum { tile_rows = TILE_ROWS };
void matmul_rows(int rows) { (void)rows; }
#endif

static inline int least(int a, int b) { return a < b ? a : b; }

// --- Packing --------------------------------------------------------------------------------------------------------------------------

// The first n lanes, n > 0; all when there are at least four.
static inline F4 load_some(const float *p, int n) { return n >= 4 ? f4_load(p) : n > 0 ? f4_load_part(p, n) : f4_splat(0); }
static inline void store_some(float *p, F4 a, int n) {
    if (n >= 4) f4_store(p, a);
    else f4_store_part(p, a, n);
}

// Up to four lines, four steps at a time.  wanted: how many of a group of four have a place in the panel.
INLINE void four_lines(const float *const line[4], int depth, int width, int wanted, float *to) {
    const float *a = line[0], *b = line[1], *c = line[2], *d = line[3];
    int k = 0;
    for (; k + 4 <= depth; k += 4, to += 4 * width) {
        F4 x[4] = { f4_load(a + k), f4_load(b + k), f4_load(c + k), f4_load(d + k) };
        f4_transpose(x);
        for (int i = 0; i < 4; i++) store_some(to + i * width, x[i], wanted);
    }
    for (; k < depth; k++, to += width) store_some(to, f4_make(a[k], b[k], c[k], d[k]), wanted);
}

void panel_from_lines(const float *const line[], int n, int depth, int width, float *to) {
    static const float zeros[MATMUL_DEPTH];
    for (int r = 0; r < width; r += 4) {
        const float *four[4];
        for (int i = 0; i < 4; i++) four[i] = r + i < n && line[r + i] ? line[r + i] : zeros;
        if (width - r >= 4) four_lines(four, depth, width, 4, to + r);         // a constant: no choice inside the loop
        else four_lines(four, depth, width, width - r, to + r);
    }
}

void panel_from_rows(const float *from, int step, int n, int depth, int width, float *to) {
    if (n == 8 && width == 8) {
        for (int k = 0; k < depth; k++, from += step, to += 8) f4_store(to, f4_load(from)), f4_store(to + 4, f4_load(from + 4));
    } else if (n == 4 && width == 4) {
        for (int k = 0; k < depth; k++, from += step, to += 4) f4_store(to, f4_load(from));
    } else {
        for (int k = 0; k < depth; k++, from += step, to += width)
            for (int r = 0; r < width; r += 4) store_some(to + r, load_some(from + r, n - r), width - r);
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

// Whether tiles read the operand where it is; each element is met by `tiles` of them.
static bool in_place(const Operand *x, int tiles, int depth) { return !x->pack && x->across && (tiles <= FEW_TILES || depth <= FEW_STEPS); }

// --- On the way out ---------------------------------------------------------------------------------------------------------------------

INLINE F4 finished(FinishKind act, float slope, F4 x) {
    switch (act) {
    case FINISH_NONE: return x;
    case FINISH_RELU: return f4_select(f4_lt(x, f4_splat(0)), f4_splat(0), x);
    case FINISH_LRELU: return f4_select(f4_gt(x, f4_splat(0)), x, f4_mul(f4_splat(slope), x));
    case FINISH_TANH: return f4_tanh(x);
    case FINISH_SIGMOID: return f4_sigmoid(x);
    case FINISH_SILU: return f4_mul(x, f4_sigmoid(x));
    case FINISH_SOFTPLUS: return f4_softplus(x);
    }
    return x;
}

INLINE void finish_with(FinishKind act, const Finish *f, int j, int rows, int n, float *c, int ldc) {
    for (int q = 0; q < n; q += 4, c += 4) {
        F4 bias = f->bias ? load_some(f->bias + j + q, n - q) : f4_splat(-0.0f);       // adding -0 changes nothing
        float *at = c;
        for (int i = 0; i < rows; i++, at += ldc) store_some(at, finished(act, f->slope, f4_add(load_some(at, n - q), bias)), n - q);
    }
}

// Columns j .. j+n of a block, fresh in L1.  A loop for each kind, without a choice inside.
static void finish_strip(const Finish *f, int j, int rows, int n, float *c, int ldc) {
    switch (f->act) {
    case FINISH_NONE: finish_with(FINISH_NONE, f, j, rows, n, c, ldc); break;
    case FINISH_RELU: finish_with(FINISH_RELU, f, j, rows, n, c, ldc); break;
    case FINISH_LRELU: finish_with(FINISH_LRELU, f, j, rows, n, c, ldc); break;
    case FINISH_TANH: finish_with(FINISH_TANH, f, j, rows, n, c, ldc); break;
    case FINISH_SIGMOID: finish_with(FINISH_SIGMOID, f, j, rows, n, c, ldc); break;
    case FINISH_SILU: finish_with(FINISH_SILU, f, j, rows, n, c, ldc); break;
    case FINISH_SOFTPLUS: finish_with(FINISH_SOFTPLUS, f, j, rows, n, c, ldc); break;
    }
}

// --- The product --------------------------------------------------------------------------------------------------------------------------

typedef struct { const Operand *a, *b; int i, rows, k, depth; } Block;

// The block's panels of A, packed unless they are read where they are.
static Panels rows_of(const Block *s, int tiles) {
    if (in_place(s->a, tiles, s->depth)) return (Panels){ s->a->data + (long)s->k * s->a->step + s->i, s->a->step, tile_rows };
    for (int r = 0; r < s->rows; r += tile_rows) {
        int m = least(tile_rows, s->rows - r);
        pack(s->a, s->i + r, m, s->k, s->depth, m, packed_a + (long)r * s->depth);
    }
    return (Panels){ packed_a, 0, tile_rows * s->depth };               // step: the panel's own number of rows
}

// Columns j .. j+n of B; a narrow panel will do for few.
static Panels columns_of(const Block *s, int j, int n) {
    if (n == NR && in_place(s->b, s->rows / tile_rows, s->depth)) return (Panels){ s->b->data + (long)s->k * s->b->step + j, s->b->step, 0 };
    int width = n > TILE_NARROW ? NR : TILE_NARROW;
    pack(s->b, j, n, s->k, s->depth, width, packed_b);
    return (Panels){ packed_b, width, 0 };
}

// All rows of a block times one panel of B.
static void strip(const Block *s, int columns, Panels a, Panels b, float *c, int ldc, bool add) {
    int whole = s->rows / tile_rows, left = s->rows % tile_rows, step = a.step;
    if (!step) a.step = tile_rows;
    if (whole) tiles(tile_rows, columns, whole, s->depth, a, b, c, ldc, add);
    a.at += (long)whole * a.next;
    if (!step) a.step = left;
    if (left) tiles(left, columns, 1, s->depth, a, b, c + (long)whole * tile_rows * ldc, ldc, add);
}

// The same for fewer columns than the panel has: through a buffer, so that nothing is written beyond the last one.
static void ragged_strip(const Block *s, int n, Panels a, Panels b, float *c, int ldc, bool add) {
    static _Thread_local float whole[MC * NR];
    int width = b.step;
    for (int i = 0; i < s->rows && add; i++)
        for (int j = 0; j < n; j += 4) f4_store(whole + i * width + j, load_some(c + (long)i * ldc + j, n - j));
    strip(s, width, a, b, whole, width, add);
    for (int i = 0; i < s->rows; i++)
        for (int j = 0; j < n; j += 4) store_some(c + (long)i * ldc + j, f4_load(whole + i * width + j), n - j);
}

// Columns j..end-1 of a block of rows, which begins at c.
static void block(const Block *s, int j, int end, float *c, int ldc, bool add, const Finish *finish) {
    Panels a = rows_of(s, (end - j + NR - 1) / NR);
    for (; j < end; j += NR) {
        int n = least(NR, end - j);
        Panels b = columns_of(s, j, n);
        if (n == NR) strip(s, NR, a, b, c + j, ldc, add);
        else ragged_strip(s, n, a, b, c + j, ldc, add);
        if (finish) finish_strip(finish, j, s->rows, n, c + j, ldc);
    }
}

typedef struct { int M, N, K; const Operand *a, *b; float *c; int ldc; bool add; const Finish *finish; } Product;

static void part_of(const Product *p, int i_begin, int i_end, int j_begin, int j_end) {
    for (int k = 0; k < p->K || k == 0; k += KC)
        for (int i = i_begin; i < i_end; i += MC) {
            Block s = { p->a, p->b, i, least(MC, i_end - i), k, least(KC, p->K - k) };
            block(&s, j_begin, j_end, p->c + (long)i * p->ldc, p->ldc, p->add || k > 0, k + KC >= p->K ? p->finish : NULL);
        }
}

// Threads share the larger operand, and each packs the whole smaller one.
static void rows_part(void *context, int begin, int end) {
    const Product *p = context;
    part_of(p, begin * tile_rows, least(end * tile_rows, p->M), 0, p->N);
}
static void columns_part(void *context, int begin, int end) {
    const Product *p = context;
    part_of(p, 0, p->M, begin * NR, least(end * NR, p->N));
}

void matmul_of(int M, int N, int K, const Operand *a, const Operand *b, float *c, int ldc, bool add, const Finish *finish) {
    Product p = { M, N, K, a, b, c, ldc, add, finish };
    if (M > N) pool_run((M + tile_rows - 1) / tile_rows, (double)tile_rows * N * K, rows_part, &p);
    else pool_run((N + NR - 1) / NR, (double)NR * M * K, columns_part, &p);
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
