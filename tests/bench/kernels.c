// kernels.c -- the core's kernels one at a time, for kernels.mjs, which chooses sizes and repetitions and holds the watch.
//
// Every function repeats one piece of work `times` times on the same memory and returns how much one repetition does: floating-point
// operations, or elements.  Operands come from one pool of noise and results go to another, so that nothing grows from call to call.
#include <emscripten.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/vec.h"
#include "graph/optim.h"
#include "kernels/conv.h"
#include "kernels/matmul.h"
#include "kernels/tile.h"
#include "kernels/vmath.h"

#define BENCH EMSCRIPTEN_KEEPALIVE

enum { POOL = 1 << 23 };                     // floats each
static float *noise, *result;

// False: no memory.
BENCH bool bench_begin(void) {
    noise = malloc(sizeof *noise * POOL), result = calloc(POOL, sizeof *result);
    if (!noise || !result) return false;
    rng_normal((Key){ 1, STREAM_DATA }, 0, 0, 0, noise, POOL);
    return true;
}

// What the arithmetic units can give: thirteen independent chains of x <- x m + m, nothing but registers.  Thirteen, because a multiply and
// an add take 6 to 8 cycles of which each can start one or two, and because V8 has 15 vector registers to give.
BENCH double bench_ceiling(int times) {
    enum { ROUNDS = 1024 };
    const F4 m = f4_splat(noise[0] * 1e-3f);
    const float *p = noise;                      // different first values: else the chains would be one to the compiler
    F4 x0 = f4_load(p), x1 = f4_load(p + 4), x2 = f4_load(p + 8), x3 = f4_load(p + 12), x4 = f4_load(p + 16), x5 = f4_load(p + 20);
    F4 x6 = f4_load(p + 24), x7 = f4_load(p + 28), x8 = f4_load(p + 32), x9 = f4_load(p + 36), x10 = f4_load(p + 40), x11 = f4_load(p + 44);
    F4 x12 = f4_load(p + 48);
    for (int i = 0; i < times * ROUNDS; i++) {
        x0 = f4_madd(x0, m, m), x1 = f4_madd(x1, m, m), x2 = f4_madd(x2, m, m), x3 = f4_madd(x3, m, m), x4 = f4_madd(x4, m, m);
        x5 = f4_madd(x5, m, m), x6 = f4_madd(x6, m, m), x7 = f4_madd(x7, m, m), x8 = f4_madd(x8, m, m), x9 = f4_madd(x9, m, m);
        x10 = f4_madd(x10, m, m), x11 = f4_madd(x11, m, m), x12 = f4_madd(x12, m, m);
    }
    f4_store(result, f4_add(f4_add(f4_add(x0, x1), f4_add(x2, x3)), f4_add(f4_add(x4, x5), f4_add(x6, x7))));
    f4_store(result + 4, f4_add(f4_add(f4_add(x8, x9), f4_add(x10, x11)), x12));
    return 13 * 4 * 2.0 * ROUNDS;
}

// Of the tiles, where the build leaves a choice.
static int rows = TILE_ROWS;
BENCH void bench_rows(int wanted) {
    rows = wanted < TILE_ROWS ? wanted : TILE_ROWS;
    matmul_rows(rows);
}

// The register tile alone, operands and result in L1.
BENCH double bench_tile(int times) {
    enum { DEPTH = 256, BATCH = 64 };
    const Panels a = { noise, rows, 0 }, b = { noise + rows * DEPTH, TILE_COLUMNS, 0 };
    for (int i = 0; i < times * BATCH; i++) tiles(rows, TILE_COLUMNS, 1, DEPTH, a, b, result, TILE_COLUMNS, false);
    return 2.0 * rows * TILE_COLUMNS * DEPTH * BATCH;
}

BENCH double bench_matmul(int times, int M, int N, int K, int ta, int tb) {
    const float *a = noise, *b = noise + (long)M * K;
    for (int i = 0; i < times; i++) matmul(M, N, K, a, ta ? M : K, ta, b, tb ? K : N, tb, result, N, false);
    return 2.0 * M * N * K;
}

// which: 0 the convolution, 1 its adjoint in x, 2 in w.
BENCH double bench_conv(int times, int which, int batch, int h, int w, int c, int k, int o, int stride, int pad) {
    ConvShape s = { .batch = batch, .h = h, .w = w, .c = c, .k = k, .o = o, .stride = stride, .pad = pad,
                    .out_h = (h + 2 * pad - k) / stride + 1, .out_w = (w + 2 * pad - k) / stride + 1 };
    const float *weights = noise, *x = noise + (long)k * k * c * o, *y = x;
    float *temp = result + POOL - conv_temp(&s);
    for (int i = 0; i < times; i++) {
        if (which == 0) conv(&s, x, weights, result, temp);
        if (which == 1) conv_dx(&s, y, weights, result, temp);
        if (which == 2) conv_dw(&s, x, y + (long)batch * h * w * c, result, temp);
    }
    return 2.0 * batch * s.out_h * s.out_w * o * k * k * c;
}

// which: in the order of the table.
BENCH double bench_map(int times, int which, int n) {
    static void (*const map[])(const float *x, float *y, int n) = { vexp, vlog, vtanh, vsigmoid, vsoftplus, vsin, vcos };
    for (int i = 0; i < times; i++) map[which](noise, result, n);
    return n;
}

BENCH double bench_adam(int times, int n) {
    static Params s;
    Optimizer o = { .kind = OPTIM_ADAM, .rate = 1e-3, .beta1 = .9, .beta2 = .999, .epsilon = 1e-8 };
    s.n_floats = n, s.grad = noise, s.value = result, s.m = result + n, s.v = result + 2L * n;
    for (int i = 0; i < n; i++) s.v[i] = 1;                   // others may have left negative numbers here
    for (int i = 0; i < times; i++) optimizer_step(&o, &s);
    return n;
}
