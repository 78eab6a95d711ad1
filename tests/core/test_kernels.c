// matmul and convolution against their slow twins.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "kernels/conv.h"
#include "kernels/matmul.h"
#include "kernels/pooling.h"
#include "kernels/winograd.h"

static float *noise(uint32_t seed, int n) {
    float *x = malloc(sizeof *x * (size_t)n);
    rng_normal((Key){ seed, 1 }, 0, 0, 0, x, n);
    return x;
}

static void compare(int M, int N, int K, bool ta, bool tb, bool add) {
    int lda = (ta ? M : K) + 3, ldb = (tb ? K : N) + 1, ldc = N + 2;         // rows further apart than they are long
    float *a = noise(1, (ta ? K : M) * lda), *b = noise(2, (tb ? N : K) * ldb), *c = noise(3, M * ldc), *r = noise(3, M * ldc);
    check_during("M %d N %d K %d ta %d tb %d add %d", M, N, K, ta, tb, add);
    matmul(M, N, K, a, lda, ta, b, ldb, tb, c, ldc, add);
    matmul_ref(M, N, K, a, lda, ta, b, ldb, tb, r, ldc, add);
    ENSURE(!memcmp(c, r, sizeof *c * (size_t)(M * ldc)));                    // also what lies between the rows is untouched
    free(a), free(b), free(c), free(r);
}

TEST(matmul, "every shape, transposition and edge gives the bytes of the three loops") {
    static const int sizes[] = { 1, 2, 3, 4, 5, 7, 8, 9, 17 };
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < 9; j++)
            for (int k = 0; k < 9; k++)
                for (int form = 0; form < 8; form++) compare(sizes[i], sizes[j], sizes[k], form & 1, form & 2, form & 4);
}

TEST(matmul, "blocks larger than the cache's give the bytes of the three loops") {
    for (int form = 0; form < 8; form++) compare(197, 40, 401, form & 1, form & 2, form & 4);
    compare(5, 521, 395, false, false, false);
    compare(200, 3, 800, true, true, true);
}

TEST(matmul, "a row's result does not depend on how many rows there are") {
    float *a = noise(1, 300 * 50), *b = noise(2, 50 * 30), *all = noise(3, 300 * 30), *one = noise(4, 30);
    matmul(300, 30, 50, a, 50, false, b, 30, false, all, 30, false);
    for (int i = 0; i < 300; i += 37) {
        matmul(1, 30, 50, a + i * 50, 50, false, b, 30, false, one, 30, false);
        ENSURE(!memcmp(one, all + i * 30, sizeof *one * 30));
    }
    free(a), free(b), free(all), free(one);
}

TEST(matmul, "an empty sum is zero, or what stood there") {
    float c[4] = { 1, 2, 3, 4 };
    matmul(2, 2, 0, c, 1, false, c, 2, false, c, 2, true);
    ENSURE(c[0] == 1 && c[3] == 4);
    matmul(2, 2, 0, c, 1, false, c, 2, false, c, 2, false);
    ENSURE(c[0] == 0 && c[3] == 0);
}

static double worst(const float *a, const float *b, int n) {
    double most = 0;
    for (int i = 0; i < n; i++) {
        double gap = fabs((double)a[i] - (double)b[i]);
        if (gap > most) most = gap;
    }
    return most;
}

static void compare_conv(ConvShape s) {
    int wide = (s.k - 1) * (s.dilation ? s.dilation : 1) + 1;
    s.out_h = (s.h + 2 * s.pad - wide) / s.stride + 1, s.out_w = (s.w + 2 * s.pad - wide) / s.stride + 1;
    int nx = s.batch * s.h * s.w * s.c, nw = s.k * s.k * s.c * s.o, ny = s.batch * s.out_h * s.out_w * s.o;
    check_during("%dx%dx%d -> %d, k %d stride %d pad %d dilation %d taps %d", s.h, s.w, s.c, s.o, s.k, s.stride, s.pad, s.dilation, s.taps);
    float *x = noise(1, nx), *w = noise(2, nw), *y = noise(3, ny), *temp = malloc(sizeof *temp * conv_temp(&s));
    float *fast = malloc(sizeof *fast * (size_t)(nx + nw + ny)), *slow = malloc(sizeof *slow * (size_t)(nx + nw + ny));
    // Sums of n products of N(0,1) are of size sqrt n, and rounded n times.
    const double ulp = 6e-8 * 6;
    conv(&s, x, w, fast, temp), conv_ref(&s, x, w, slow);
    ENSURE_CLOSE(worst(fast, slow, ny), 0, ulp * s.k * s.k * s.c);
    float *one = malloc(sizeof *one * (size_t)ny);
    ConvShape alone = s;
    alone.batch = 1;
    conv(&alone, x + nx / s.batch * (s.batch - 1), w, one, temp);            // the last picture without the others
    ENSURE(!memcmp(one, fast + ny / s.batch * (s.batch - 1), sizeof *one * (size_t)(ny / s.batch)));
    conv_dw(&s, x, y, fast, temp), conv_dw_ref(&s, x, y, slow);
    ENSURE_CLOSE(worst(fast, slow, nw), 0, ulp * (ny / s.o));
    for (int i = 0; i < nw; i++) slow[i] = NAN;
    for (int i = conv_dw_items(&s) - 1; i >= 0; i--) conv_dw_part(&s, i, i + 1, x, y, slow, temp);
    ENSURE(!memcmp(fast, slow, sizeof *fast * (size_t)nw));                  // whatever the ranges
    conv_dx(&s, y, w, fast, temp), conv_dx_ref(&s, y, w, slow);
    ENSURE_CLOSE(worst(fast, slow, nx), 0, ulp * s.k * s.k * s.o);
    free(one);
    free(x), free(w), free(y), free(temp), free(fast), free(slow);
}

TEST(conv, "the convolution and its two adjoints agree with the loops over everything") {
    compare_conv((ConvShape){ .batch = 2, .h = 7, .w = 5, .c = 3, .k = 3, .o = 4, .stride = 1, .pad = 1 });
    compare_conv((ConvShape){ .batch = 3, .h = 8, .w = 8, .c = 1, .k = 3, .o = 9, .stride = 2, .pad = 1 });
    compare_conv((ConvShape){ .batch = 1, .h = 6, .w = 9, .c = 2, .k = 4, .o = 1, .stride = 2, .pad = 1 });
    compare_conv((ConvShape){ .batch = 2, .h = 5, .w = 5, .c = 4, .k = 1, .o = 5, .stride = 1, .pad = 0 });
    compare_conv((ConvShape){ .batch = 1, .h = 4, .w = 4, .c = 2, .k = 4, .o = 3, .stride = 3, .pad = 0 });
    compare_conv((ConvShape){ .batch = 9, .h = 14, .w = 14, .c = 32, .k = 4, .o = 64, .stride = 2, .pad = 1 });
    compare_conv((ConvShape){ .batch = 2, .h = 9, .w = 7, .c = 5, .k = 2, .o = 6, .stride = 2, .pad = 0 });
}

TEST(conv, "so do those with fewer channels on the way out than in, whose patches are made there") {
    compare_conv((ConvShape){ .batch = 2, .h = 9, .w = 9, .c = 8, .k = 7, .o = 1, .stride = 1, .pad = 3 });
    compare_conv((ConvShape){ .batch = 3, .h = 6, .w = 5, .c = 13, .k = 3, .o = 4, .stride = 1, .pad = 0 });
    compare_conv((ConvShape){ .batch = 1, .h = 5, .w = 5, .c = 6, .k = 1, .o = 3, .stride = 1, .pad = 0 });
    compare_conv((ConvShape){ .batch = 1, .h = 5, .w = 5, .c = 6, .k = 2, .o = 3, .stride = 1, .pad = 2 });
}

TEST(conv, "so do windows with wide taps and with masks") {
    compare_conv((ConvShape){ .batch = 2, .h = 9, .w = 8, .c = 3, .k = 3, .o = 5, .stride = 1, .pad = 2, .dilation = 2 });
    compare_conv((ConvShape){ .batch = 2, .h = 9, .w = 8, .c = 5, .k = 3, .o = 2, .stride = 1, .pad = 2, .dilation = 2 });
    compare_conv((ConvShape){ .batch = 2, .h = 7, .w = 11, .c = 2, .k = 2, .o = 3, .stride = 2, .pad = 1, .dilation = 3 });
    compare_conv((ConvShape){ .batch = 2, .h = 9, .w = 9, .c = 1, .k = 7, .o = 16, .stride = 1, .pad = 3, .taps = 24 });
    compare_conv((ConvShape){ .batch = 2, .h = 6, .w = 6, .c = 16, .k = 3, .o = 16, .stride = 1, .pad = 1, .taps = 5 });
    compare_conv((ConvShape){ .batch = 2, .h = 6, .w = 6, .c = 4, .k = 3, .o = 2, .stride = 1, .pad = 2, .dilation = 2, .taps = 4 });
}

TEST(conv, "so do 3x3 ones with many channels, whose sums take another way, odd sizes and single pixels included") {
    compare_conv((ConvShape){ .batch = 3, .h = 14, .w = 14, .c = 16, .k = 3, .o = 20, .stride = 1, .pad = 1 });
    compare_conv((ConvShape){ .batch = 9, .h = 7, .w = 5, .c = 20, .k = 3, .o = 16, .stride = 1, .pad = 1 });
    compare_conv((ConvShape){ .batch = 70, .h = 1, .w = 2, .c = 16, .k = 3, .o = 16, .stride = 1, .pad = 1 });
    compare_conv((ConvShape){ .batch = 1, .h = 28, .w = 28, .c = 16, .k = 3, .o = 16, .stride = 1, .pad = 1 });
}

// The three sums of a 3x3 convolution with margin 1, in double: [0] the convolution, [1] its adjoint in x, [2] in w.
static void exact(const ConvShape *s, const float *x, const float *w, const float *y, double *const sum[3]) {
    for (int i = 0; i < s->batch * s->h * s->w; i++)
        for (int tap = 0; tap < 9; tap++) {
            int row = i / s->w % s->h + tap / 3 - 1, column = i % s->w + tap % 3 - 1;
            if (row < 0 || row >= s->h || column < 0 || column >= s->w) continue;
            for (int c = 0; c < s->c; c++)
                for (int o = 0; o < s->o; o++) {
                    int X = (i + (tap / 3 - 1) * s->w + tap % 3 - 1) * s->c + c, Y = i * s->o + o, W = (tap * s->c + c) * s->o + o;
                    double a = x[X], b = w[W], d = y[Y];
                    sum[0][Y] += a * b, sum[1][X] += d * b, sum[2][W] += a * d;
                }
        }
}

// Root mean square of the error, as a share of the values'.
static double error_of(const float *a, const double *truth, int n) {
    double gap = 0, size = 0;
    for (int i = 0; i < n; i++) {
        double off = (double)a[i] - truth[i];
        gap += off * off, size += truth[i] * truth[i];
    }
    return sqrt(gap / size);
}

static void compare_errors(ConvShape s) {
    int n[3] = { s.batch * s.h * s.w * s.o, s.batch * s.h * s.w * s.c, 9 * s.c * s.o };
    float *x = noise(1, n[1]), *w = noise(2, n[2]), *y = noise(3, n[0]), *temp = malloc(sizeof *temp * conv_temp(&s)), *fast[3], *direct[3];
    double *truth[3];
    for (int i = 0; i < 3; i++)
        fast[i] = malloc(sizeof *x * (size_t)n[i]), direct[i] = malloc(sizeof *x * (size_t)n[i]), truth[i] = calloc((size_t)n[i], sizeof *truth[i]);
    exact(&s, x, w, y, truth);
    conv(&s, x, w, fast[0], temp), conv_dx(&s, y, w, fast[1], temp), conv_dw(&s, x, y, fast[2], temp);
    conv_ref(&s, x, w, direct[0]), conv_dx_ref(&s, y, w, direct[1]), conv_dw_ref(&s, x, y, direct[2]);
    for (int i = 0; i < 3; i++) {
        check_during("%dx%dx%d -> %d, sum %d", s.h, s.w, s.c, s.o, i);
        ENSURE(winograd_fits(&s) && error_of(fast[i], truth[i], n[i]) < 1.2 * error_of(direct[i], truth[i], n[i]));
        free(fast[i]), free(direct[i]), free(truth[i]);
    }
    free(x), free(w), free(y), free(temp);
}

TEST(conv, "Winograd's way is as accurate as the direct sums, beside sums in double") {
    compare_errors((ConvShape){ .batch = 2, .h = 14, .w = 14, .out_h = 14, .out_w = 14, .c = 64, .k = 3, .o = 64, .stride = 1, .pad = 1 });
    compare_errors((ConvShape){ .batch = 3, .h = 7, .w = 7, .out_h = 7, .out_w = 7, .c = 16, .k = 3, .o = 48, .stride = 1, .pad = 1 });
}

TEST(pooling, "every mean is over its block, every pixel is repeated over its own, whatever the number of channels") {
    static float x[2 * 3 * 3 * 3 * 6], y[2 * 3 * 2 * 3 * 6 * 6];
    for (int c = 1; c <= 6; c++)
        for (int by = 1; by <= 3; by++) {
            check_during("c %d by %d", c, by);
            rng_normal((Key){ 1, 1 }, 0, 0, 0, x, 2 * 3 * by * by * c);
            pool(2, 3, c, by, x, y);
            for (int e = 0; e < 2 * 3 * c; e++) {
                double sum = 0;
                for (int i = 0; i < by * by; i++) sum += (double)x[((e / c / 3 * by + i / by) * 3 * by + e / c % 3 * by + i % by) * c + e % c];
                ENSURE_CLOSE(y[e], sum / (by * by), 1e-6);
            }
            unpool(2, 3, c, by, x, y);
            for (int e = 0; e < 2 * 3 * by * by * c; e++) ENSURE(y[e] == x[(e / c / (3 * by) / by * 3 + e / c % (3 * by) / by) * c + e % c]);
        }
}
