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

// What the arithmetic units can give: twelve independent chains of x <- x m + a, nothing but registers.  Twelve, because a multiply and
// an add take 6 to 8 cycles and two can start in each, and because V8 has 15 vector registers to give.
BENCH double bench_ceiling(int times) {
    enum { ROUNDS = 1024 };
    const F4 m = f4_splat(noise[0] * 1e-3f), a = f4_splat(noise[1]);
    F4 x0 = a, x1 = m, x2 = a, x3 = m, x4 = a, x5 = m, x6 = a, x7 = m, x8 = a, x9 = m, x10 = a, x11 = m;
    for (int i = 0; i < times * ROUNDS; i++) {
        x0 = f4_madd(x0, m, a), x1 = f4_madd(x1, m, a), x2 = f4_madd(x2, m, a), x3 = f4_madd(x3, m, a);
        x4 = f4_madd(x4, m, a), x5 = f4_madd(x5, m, a), x6 = f4_madd(x6, m, a), x7 = f4_madd(x7, m, a);
        x8 = f4_madd(x8, m, a), x9 = f4_madd(x9, m, a), x10 = f4_madd(x10, m, a), x11 = f4_madd(x11, m, a);
    }
    f4_store(result, f4_add(f4_add(f4_add(x0, x1), f4_add(x2, x3)), f4_add(f4_add(x4, x5), f4_add(x6, x7))));
    f4_store(result + 4, f4_add(f4_add(x8, x9), f4_add(x10, x11)));
    return 12 * 4 * 2.0 * ROUNDS;
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
