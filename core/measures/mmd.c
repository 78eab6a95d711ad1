// mmd.c -- squared maximum mean discrepancy, and what it is when two samples have the same law.
//
// A kernel k makes a distance between laws: MMD^2 = E k(x,x') + E k(y,y') - 2 E k(x,y).  The unbiased estimate leaves the pairs
// of a row with itself out.  Its null distribution has no table: it is drawn, from fresh data (mmd2_null) or from
// random relabelings of the rows at hand (mmd2_permutation).
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/vec.h"
#include "measures/pairs.h"

// --- The statistic --------------------------------------------------------------------------------------------------

typedef struct { double sum; bool within; } Total;

// The sum of one row of a tile: 16 vectors in single precision, no more, so that rounding stays at 1e-7 whatever n is.
static double row_sum(const float *value) {
    float lane[4];
    F4 sum = f4_load(value);
    for (int j = 4; j < TILE_J; j += 4) sum = f4_add(sum, f4_load(value + j));
    f4_store(lane, sum);
    return ((double)lane[0] + (double)lane[1]) + ((double)lane[2] + (double)lane[3]);
}

static void add_tile(void *self, const Tile *t) {
    Total *total = self;
    double sum = total->sum;
    for (int i = 0; i < t->ni; i++) {
        int from = total->within ? t->i0 + i + 1 - t->j0 : 0;        // pairs i < j only
        if (from <= 0 && t->nj == TILE_J) sum += row_sum(t->value[i]);
        else for (int j = from > 0 ? from : 0; j < t->nj; j++) sum += (double)t->value[i][j];
    }
    total->sum = sum;
}

// Mean kernel value over the pairs x, y, or over the pairs within x when y is NULL.
static double mean_kernel(const float *x, int n, const float *y, int m, int d, Kernel kernel) {
    Total total = { .within = !y };
    for_tiles(x, n, y, m, d, kernel, add_tile, &total);
    return total.sum / (y ? (double)n * m : (double)n * (n - 1) / 2);
}

double mmd2(const float *x, int n, const float *y, int m, int d, Kernel kernel) {
    if (n < 2 || m < 2) return (double)NAN;
    double xx = mean_kernel(x, n, NULL, 0, d, kernel), yy = mean_kernel(y, m, NULL, 0, d, kernel), xy = mean_kernel(x, n, y, m, d, kernel);
    return (xx + yy - 2 * xy) * kernel_factor(kernel, d);
}

double mmd2_imq(const float *x, int n, const float *y, int m, int d, float c) {
    return mmd2(x, n, y, m, d, (Kernel){ KERNEL_IMQ, c });
}

double mmd2_gaussian(const float *x, int n, const float *y, int m, int d, float h) {
    return mmd2(x, n, y, m, d, (Kernel){ KERNEL_GAUSSIAN, h });
}

double energy_distance(const float *x, int n, const float *y, int m, int d) {
    return mmd2(x, n, y, m, d, (Kernel){ KERNEL_DISTANCE, 0 });
}

// --- Its null distribution -------------------------------------------------------------------------------------------

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The smallest value with at least a share q of n + 1 below or at it: never too low.
static double quantile(const double *sorted, int n, double q) {
    int k = (int)ceil(q * (n + 1)) - 1;
    return sorted[k < n ? k : n - 1];
}

static Null summary(double *value, int n) {
    Null null = { 0, 0, 0 };
    for (int i = 0; i < n; i++) null.mean += value[i] / n;
    qsort(value, (size_t)n, sizeof *value, ascending);
    null.q95 = quantile(value, n, 0.95);
    null.q99 = quantile(value, n, 0.99);
    return null;
}

bool mmd2_null(DrawRows *draw, void *self, int n, int m, int d, Kernel kernel, int rounds, Arena *scratch, Null *out) {
    ArenaMark mark = arena_mark(scratch);
    float *x = arena_new(scratch, float, ((size_t)n + (size_t)m) * (size_t)d);
    double *value = arena_new(scratch, double, rounds);
    bool ok = x && value;
    for (int i = 0; ok && i < rounds; i++) {
        draw(self, (uint32_t)i * (uint32_t)(n + m), n + m, x);
        value[i] = mmd2(x, n, x + (size_t)n * (size_t)d, m, d, kernel);
    }
    if (ok) *out = summary(value, rounds);
    arena_release(scratch, mark);
    return ok;
}

// --- Permutation test --------------------------------------------------------------------------------------------------
//
// Each relabeling calls n of the N = n + m pooled rows x.  With a[i] = 1 for those, sums over the pairs i < j of the pool
//     Q = sum k a[i] a[j] (both x),   L = sum k (a[i] + a[j]) = sum_i a[i] r[i],   T = sum k,      r[i] = sum over j != i of k
// give the three kinds of pairs: both x: Q; one of each: L - 2Q; both y: T - L + Q.  So one pass over the pool serves all relabelings.
typedef struct {
    int n, m, lanes;        // lanes: relabelings, rounded up to whole vectors; number 0 is the labeling as given
    float *a;               // [N, lanes]
    float *part;            // [lanes]
    double *q, *r;          // [lanes], [N]
} Pool;

static void add_pool_tile(void *self, const Tile *t) {
    Pool *p = self;
    for (int i = 0; i < t->ni; i++) {
        int row = t->i0 + i, from = row + 1 - t->j0;
        for (int l = 0; l < p->lanes; l++) p->part[l] = 0;
        for (int j = from > 0 ? from : 0; j < t->nj; j++) {
            float k = t->value[i][j];
            const float *restrict a = p->a + (size_t)(t->j0 + j) * (size_t)p->lanes;
            float *restrict part = p->part;
            for (int l = 0; l < p->lanes; l++) part[l] += k * a[l];
            p->r[row] += (double)k;
            p->r[t->j0 + j] += (double)k;
        }
        const float *a = p->a + (size_t)row * (size_t)p->lanes;
        for (int l = 0; l < p->lanes; l++) p->q[l] += (double)(a[l] * p->part[l]);
    }
}

// a[.][0] is the labeling as given; the others choose n rows by the first n steps of a shuffle.
static void relabel(Pool *p, int rounds, uint32_t seed, int32_t *order) {
    int N = p->n + p->m;
    for (int i = 0; i < N; i++) order[i] = i;
    for (int l = 0; l <= rounds; l++) {
        Rng r = rng_at((Key){ seed, STREAM_MEASURE }, (uint32_t)l, 0);
        for (int i = 0; i < p->n; i++) {
            int j = l ? i + rng_below(&r, N - i) : i;
            int32_t chosen = order[j];
            order[j] = order[i];
            order[i] = chosen;
            p->a[(size_t)chosen * (size_t)p->lanes + (size_t)l] = 1;
        }
    }
}

static double relabeled_mmd2(const Pool *p, int l, double total) {
    double L = 0, n = p->n, m = p->m;
    for (int i = 0; i < p->n + p->m; i++) L += (double)p->a[(size_t)i * (size_t)p->lanes + (size_t)l] * p->r[i];
    double xx = p->q[l], xy = L - 2 * xx, yy = total - L + xx;
    return xx / (n * (n - 1) / 2) + yy / (m * (m - 1) / 2) - 2 * xy / (n * m);
}

bool mmd2_permutation(const float *x, int n, const float *y, int m, int d, Kernel kernel, int rounds, uint32_t seed, Arena *scratch,
                      double *value, double *p_value, Null *null) {
    size_t N = (size_t)n + (size_t)m, lanes = ((size_t)rounds + 1 + 3) / 4 * 4;
    ArenaMark mark = arena_mark(scratch);
    Pool p = { .n = n, .m = m, .lanes = (int)lanes };
    p.a = arena_new(scratch, float, N * lanes);
    p.part = arena_new(scratch, float, lanes);
    p.q = arena_new(scratch, double, lanes);
    p.r = arena_new(scratch, double, N);
    int32_t *order = arena_new(scratch, int32_t, N);
    float *pool = arena_new(scratch, float, N * (size_t)d);
    double *score = arena_new(scratch, double, lanes);
    bool ok = p.a && p.part && p.q && p.r && order && pool && score;
    if (ok) {
        for (size_t i = 0; i < (size_t)n * (size_t)d; i++) pool[i] = x[i];
        for (size_t i = 0; i < (size_t)m * (size_t)d; i++) pool[(size_t)n * (size_t)d + i] = y[i];
        relabel(&p, rounds, seed, order);
        for_tiles(pool, n + m, NULL, 0, d, kernel, add_pool_tile, &p);
        double total = 0, factor = kernel_factor(kernel, d);
        for (size_t i = 0; i < N; i++) total += p.r[i] / 2;
        for (int l = 0; l <= rounds; l++) score[l] = factor * relabeled_mmd2(&p, l, total);
        int as_high = 0;
        for (int l = 0; l <= rounds; l++) as_high += score[l] >= score[0];
        *value = score[0];
        *p_value = (double)as_high / (rounds + 1);
        *null = summary(score + 1, rounds);
    }
    arena_release(scratch, mark);
    return ok;
}
