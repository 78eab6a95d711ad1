// matmul and convolution against their slow twins.

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "kernels/conv.h"
#include "kernels/matmul.h"
#include "kernels/pooling.h"
#include "kernels/vmath_inline.h"
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
    static const int sizes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 17 };
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < 10; j++)
            for (int k = 0; k < 10; k++)
                for (int form = 0; form < 8; form++) compare(sizes[i], sizes[j], sizes[k], form & 1, form & 2, form & 4);
}

TEST(matmul, "blocks larger than the cache's give the bytes of the three loops") {
    for (int form = 0; form < 8; form++) compare(197, 40, 401, form & 1, form & 2, form & 4);
    for (int form = 0; form < 8; form++)                                     // on both sides of a block's borders
        for (int more = -1; more <= 1; more++) compare(192 + more, 9, 392 + more, form & 1, form & 2, form & 4);
    for (int form = 0; form < 4; form++) compare(33, 70, 64 + form, form & 1, form & 2, true);
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

// y = act(x + bias) as passes of their own: the formulas of ops_elementwise.c.
static float activated(FinishKind act, float slope, float x) {
    switch (act) {
    case FINISH_NONE: return x;
    case FINISH_RELU: return x < 0 ? 0 : x;
    case FINISH_LRELU: return x > 0 ? x : slope * x;
    case FINISH_TANH: return tanh1(x);
    case FINISH_SIGMOID: return sigmoid1(x);
    case FINISH_SILU: return x * sigmoid1(x);
    case FINISH_SOFTPLUS: return softplus1(x);
    }
    return 0;
}

static void compare_finished(int M, int N, int K, bool add, bool biased, FinishKind act) {
    int ldc = N + 3;
    float *a = noise(1, M * K + 1), *b = noise(2, K * N + 1), *c = noise(3, M * ldc), *r = noise(3, M * ldc), *bias = noise(4, N);
    check_during("M %d N %d K %d add %d bias %d act %d", M, N, K, add, biased, (int)act);
    matmul_of(M, N, K, &(Operand){ .data = a, .step = K }, &(Operand){ .data = b, .step = N, .across = true }, c, ldc, add,
              &(Finish){ .bias = biased ? bias : NULL, .act = act, .slope = .2f });
    matmul_ref(M, N, K, a, K, false, b, N, false, r, ldc, add);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float *y = r + i * ldc + j;
            *y = activated(act, .2f, biased ? *y + bias[j] : *y);
        }
    ENSURE(!memcmp(c, r, sizeof *c * (size_t)(M * ldc)));
    free(a), free(b), free(c), free(r), free(bias);
}

TEST(matmul, "bias and activation on the way out give the bytes of passes of their own") {
    static const int shapes[][3] = { { 1, 1, 1 }, { 5, 3, 7 }, { 4, 8, 0 }, { 17, 21, 401 }, { 197, 10, 2 } };
    for (int s = 0; s < 5; s++)
        for (int form = 0; form < 4; form++)
            for (int act = FINISH_NONE; act <= FINISH_SOFTPLUS; act++)
                compare_finished(shapes[s][0], shapes[s][1], shapes[s][2], form & 1, form & 2, (FinishKind)act);
}

TEST(matmul, "a sum of -0 stays -0 where nothing is added to it") {
    float a = -1, b = 0, c = -0.0f;
    matmul_of(1, 1, 1, &(Operand){ .data = &a }, &(Operand){ .data = &b }, &c, 1, true, &(Finish){ .act = FINISH_RELU });
    ENSURE(c == 0 && signbit(c));
}

// Lines of a matrix whose every third line is zero and not stored: NULL, or skipped.
typedef struct { const float *data; int step, lines, K; } Gappy;

static void pack_lines(const void *from, int first, int n, int from_k, int depth, int width, float *to) {
    const Gappy *g = from;
    const float *line[MATMUL_WIDTH];
    ENSURE(first >= 0 && n >= 1 && n <= width && width <= MATMUL_WIDTH && first + n <= g->lines);
    ENSURE(from_k >= 0 && depth <= MATMUL_DEPTH && from_k + depth <= g->K);
    for (int r = 0; r < n; r++) line[r] = (first + r) % 3 == 2 ? NULL : g->data + (first + r) * g->step + from_k;
    int half = depth / 2;                                                    // in two parts, as a convolution does
    panel_from_lines(line, n, half, width, to);
    for (int r = 0; r < n; r++) line[r] = line[r] ? line[r] + half : NULL;
    panel_from_lines(line, n, depth - half, width, to + half * width);
}
static void pack_rows(const void *from, int first, int n, int from_k, int depth, int width, float *to) {
    const Gappy *g = from;
    panel_from_rows(g->data + from_k * g->step + first, g->step, n, depth, width, to);
}

TEST(matmul, "operands that a function packs give the bytes of the three loops") {
    static const int shapes[][3] = { { 1, 1, 1 }, { 7, 5, 3 }, { 64, 32, 36 }, { 197, 20, 401 } };
    for (int s = 0; s < 4; s++) {
        int M = shapes[s][0], N = shapes[s][1], K = shapes[s][2];
        float *a = noise(1, M * K), *b = noise(2, K * N), *c = noise(3, M * N), *r = noise(4, M * N);
        Gappy lines = { a, K, M, K }, rows = { b, N, N, K };
        check_during("M %d N %d K %d", M, N, K);
        matmul_of(M, N, K, &(Operand){ .pack = pack_lines, .from = &lines }, &(Operand){ .pack = pack_rows, .from = &rows }, c, N, false, NULL);
        for (int i = 2; i < M; i += 3) memset(a + i * K, 0, sizeof *a * (size_t)K);
        matmul_ref(M, N, K, a, K, false, b, N, false, r, N, false);
        ENSURE(!memcmp(c, r, sizeof *c * (size_t)(M * N)));
        free(a), free(b), free(c), free(r);
    }
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
