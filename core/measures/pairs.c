// pairs.c -- the inner loop of every kernel distance.
//
// A tile is 16 rows of x against 64 rows of y.  Coordinates are taken CHUNK at a time; those of the 64 rows are turned over (coordinate
// by coordinate, 64 in a row), so that four pairs are computed at once whatever d is, in an order that depends on nothing else.
#include "measures/pairs.h"

#include "base/real.h"
#include "base/vec.h"
#include "kernels/vmath_inline.h"

enum { CHUNK = 32 };

// turned[k][j] = coordinate k0 + k of row j0 + j; past the end, of row j0.
static void turn(const float *y, int d, const Tile *t, int k0, int nk, float turned[CHUNK][TILE_J]) {
    for (int j = 0; j < TILE_J; j++) {
        const float *row = y + (size_t)(t->j0 + (j < t->nj ? j : 0)) * (size_t)d + k0;
        for (int k = 0; k < nk; k++) turned[k][j] = row[k];
    }
}

// distance2[0..63] += squared differences of one row of x to the 64 turned rows, nk coordinates.
static void add_squares(const float *row, int nk, const float turned[CHUNK][TILE_J], float *distance2) {
    for (int j = 0; j < TILE_J; j += 16) {
        F4 s0 = f4_load(distance2 + j), s1 = f4_load(distance2 + j + 4), s2 = f4_load(distance2 + j + 8), s3 = f4_load(distance2 + j + 12);
        for (int k = 0; k < nk; k++) {
            F4 a = f4_load_splat(row + k);
            F4 e0 = f4_sub(a, f4_load(turned[k] + j)), e1 = f4_sub(a, f4_load(turned[k] + j + 4));
            F4 e2 = f4_sub(a, f4_load(turned[k] + j + 8)), e3 = f4_sub(a, f4_load(turned[k] + j + 12));
            s0 = f4_madd(e0, e0, s0);
            s1 = f4_madd(e1, e1, s1);
            s2 = f4_madd(e2, e2, s2);
            s3 = f4_madd(e3, e3, s3);
        }
        f4_store(distance2 + j, s0);
        f4_store(distance2 + j + 4, s1);
        f4_store(distance2 + j + 8, s2);
        f4_store(distance2 + j + 12, s3);
    }
}

static void apply_kernel(Kernel kernel, float *v) {
    F4 c = f4_splat(kernel.width), rate = f4_splat(kernel.kind == KERNEL_GAUSSIAN ? -1 / (4 * kernel.width * kernel.width) : 0);
    for (int j = 0; j < TILE_J; j += 4) {
        F4 r2 = f4_load(v + j), k;
        switch (kernel.kind) {
        case KERNEL_IMQ: k = f4_div(c, f4_add(c, r2)); break;
        case KERNEL_GAUSSIAN: k = f4_exp(f4_mul(rate, r2)); break;
        default: k = f4_neg(f4_sqrt(r2)); break;
        }
        f4_store(v + j, k);
    }
}

double kernel_factor(Kernel kernel, int d) {
    if (kernel.kind != KERNEL_GAUSSIAN) return 1;
    double h = (double)kernel.width;
    return real_exp(-0.5 * d * real_log(4 * REAL_PI * h * h));
}

static void fill(Tile *t, const float *x, const float *y, int d, Kernel kernel) {
    float turned[CHUNK][TILE_J];
    for (int i = 0; i < t->ni; i++) for (int j = 0; j < TILE_J; j++) t->value[i][j] = 0;
    for (int k0 = 0; k0 < d; k0 += CHUNK) {
        int nk = d - k0 < CHUNK ? d - k0 : CHUNK;
        turn(y, d, t, k0, nk, turned);
        for (int i = 0; i < t->ni; i++) add_squares(x + (size_t)(t->i0 + i) * (size_t)d + k0, nk, turned, t->value[i]);
    }
    for (int i = 0; i < t->ni; i++) apply_kernel(kernel, t->value[i]);
}

void for_tiles(const float *x, int n, const float *y, int m, int d, Kernel kernel, void (*use)(void *self, const Tile *tile), void *self) {
    bool within = y == NULL;
    if (within) { y = x; m = n; }
    Tile t;
    for (t.j0 = 0; t.j0 < m; t.j0 += TILE_J) {
        t.nj = m - t.j0 < TILE_J ? m - t.j0 : TILE_J;
        for (t.i0 = 0; t.i0 < n && (!within || t.i0 < t.j0 + t.nj - 1); t.i0 += TILE_I) {
            t.ni = n - t.i0 < TILE_I ? n - t.i0 : TILE_I;
            fill(&t, x, y, d, kernel);
            use(self, &t);
        }
    }
}
