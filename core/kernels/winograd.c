#include "kernels/winograd.h"

#include <string.h>

#include "base/vec.h"
#include "kernels/matmul.h"

enum { CHANNELS_MIN = 16, ROWS_WANTED = 64 };

bool winograd_fits(const ConvShape *s) {
    bool plain = s->stride == 1 && s->pad == 1 && s->dilation <= 1 && (!s->taps || s->taps == 9);
    return plain && s->k == 3 && s->c % 4 == 0 && s->o % 4 == 0 && s->c >= CHANNELS_MIN && s->o >= CHANNELS_MIN;
}

// Tiles of one picture, and how many pictures are taken at once: enough rows for the matrix products to be worth their packing.
static int tiles_of(const ConvShape *s) { return ((s->h + 1) / 2) * ((s->w + 1) / 2); }

static int group_of(const ConvShape *s) {
    int n = (ROWS_WANTED + tiles_of(s) - 1) / tiles_of(s);
    return n < s->batch ? n : s->batch;
}

size_t winograd_temp(const ConvShape *s) {
    return 16 * ((size_t)group_of(s) * (size_t)tiles_of(s) * (size_t)(s->c + s->o) + (size_t)s->c * (size_t)s->o);
}

// --- One line of four: the small matrices of the method ------------------------------------------------------------------------

// B' d: [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1].
INLINE void to_patch(F4 *d, int step) {
    F4 a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
    d[0] = f4_sub(a, c), d[step] = f4_add(b, c), d[2 * step] = f4_sub(c, b), d[3 * step] = f4_sub(b, e);
}

// A' m: [1 1 1 0; 0 1 -1 -1], into the first two.
INLINE void to_result(F4 *m, int step) {
    F4 a = m[0], b = m[step], c = m[2 * step], e = m[3 * step];
    m[0] = f4_add(f4_add(a, b), c), m[step] = f4_sub(f4_sub(b, c), e);
}

// A d, its transpose: two become four.
INLINE void from_result(F4 *d, int step) {
    F4 a = d[0], b = d[step];
    d[step] = f4_add(a, b), d[2 * step] = f4_sub(a, b), d[3 * step] = f4_neg(b);
}

// G g: [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1]: three become four.
INLINE void to_weights(float *g, int step) {
    float a = g[0], b = g[step], c = g[2 * step];
    g[step] = .5f * ((a + c) + b), g[2 * step] = .5f * ((a + c) - b), g[3 * step] = c;
}

// G' u, its transpose: four become three.
INLINE void from_weights(float *u, int step) {
    float a = u[0], b = u[step], c = u[2 * step], e = u[3 * step];
    u[0] = a + .5f * (b + c), u[step] = .5f * (b - c), u[2 * step] = .5f * (b + c) + e;
}

// --- Whole pictures --------------------------------------------------------------------------------------------------------------
//
// Transformed values stand as [16][tiles][channels], tiles of n pictures one after another.

// v = B' d B for the patches of n pictures [n,h,w,c]; outside is 0.
static void patches(const ConvShape *s, const float *x, int n, int all, int c, float *v) {
    int th = (s->h + 1) / 2, tw = (s->w + 1) / 2;
    size_t plane = (size_t)n * (size_t)(th * tw) * (size_t)c;
    for (int t = 0; t < n * th * tw; t++) {
        const float *picture = x + (long)(t / (th * tw)) * s->h * s->w * all;
        int top = 2 * (t % (th * tw) / tw) - 1, left = 2 * (t % tw) - 1;
        for (int k = 0; k < c; k += 4) {
            F4 d[16];
            for (int i = 0; i < 16; i++) {
                int row = top + i / 4, column = left + i % 4;
                bool inside = row >= 0 && row < s->h && column >= 0 && column < s->w;
                d[i] = inside ? f4_load(picture + ((long)row * s->w + column) * all + k) : f4_splat(0);
            }
            for (int j = 0; j < 4; j++) to_patch(d + j, 4);
            for (int j = 0; j < 4; j++) to_patch(d + 4 * j, 1);
            float *to = v + (long)t * c + k;
            for (int i = 0; i < 16; i++) f4_store(to + (size_t)i * plane, d[i]);
        }
    }
}

// y = A' m A into n pictures [n,h,w,o]; what a tile has beyond the picture is dropped.
static void results(const ConvShape *s, const float *m, int n, int o, float *y) {
    int th = (s->h + 1) / 2, tw = (s->w + 1) / 2;
    size_t plane = (size_t)n * (size_t)(th * tw) * (size_t)o;
    for (int t = 0; t < n * th * tw; t++) {
        float *picture = y + (long)(t / (th * tw)) * s->h * s->w * o;
        int top = 2 * (t % (th * tw) / tw), left = 2 * (t % tw);
        for (int k = 0; k < o; k += 4) {
            F4 d[16];
            for (int i = 0; i < 16; i++) d[i] = f4_load(m + (size_t)i * plane + (long)t * o + k);
            for (int j = 0; j < 4; j++) to_result(d + j, 4);
            for (int j = 0; j < 2; j++) to_result(d + 4 * j, 1);
            for (int i = 0; i < 4; i++) {
                int row = top + i / 2, column = left + i % 2;
                if (row < s->h && column < s->w) f4_store(picture + ((long)row * s->w + column) * o + k, d[i / 2 * 4 + i % 2]);
            }
        }
    }
}

// m = A dy A' from n pictures [n,h,w,o].
static void spread(const ConvShape *s, const float *dy, int n, int o, float *m) {
    int th = (s->h + 1) / 2, tw = (s->w + 1) / 2;
    size_t plane = (size_t)n * (size_t)(th * tw) * (size_t)o;
    for (int t = 0; t < n * th * tw; t++) {
        const float *picture = dy + (long)(t / (th * tw)) * s->h * s->w * o;
        int top = 2 * (t % (th * tw) / tw), left = 2 * (t % tw);
        for (int k = 0; k < o; k += 4) {
            F4 d[16];
            for (int i = 0; i < 4; i++) {
                int row = top + i / 2, column = left + i % 2;
                d[i / 2 * 4 + i % 2] = row < s->h && column < s->w ? f4_load(picture + ((long)row * s->w + column) * o + k) : f4_splat(0);
            }
            for (int j = 0; j < 2; j++) from_result(d + 4 * j, 1);
            for (int j = 0; j < 4; j++) from_result(d + j, 4);
            for (int i = 0; i < 16; i++) f4_store(m + (size_t)i * plane + (long)t * o + k, d[i]);
        }
    }
}

// u [16][c][o] = G g G' of w [3,3,c,o]; turned: of the weights of the adjoint, [3,3,o,c] rotated by half a turn, as [16][o][c].
static void weights(const ConvShape *s, const float *w, bool turned, float *u) {
    size_t plane = (size_t)s->c * (size_t)s->o;
    for (int c = 0; c < s->c; c++)
        for (int o = 0; o < s->o; o++) {
            float g[16];
            for (int i = 0; i < 9; i++) g[i / 3 * 4 + i % 3] = w[(size_t)(turned ? 8 - i : i) * plane + (size_t)c * (size_t)s->o + (size_t)o];
            for (int j = 0; j < 3; j++) to_weights(g + j, 4);
            for (int j = 0; j < 4; j++) to_weights(g + 4 * j, 1);
            float *to = u + (turned ? (size_t)o * (size_t)s->c + (size_t)c : (size_t)c * (size_t)s->o + (size_t)o);
            for (int i = 0; i < 16; i++) to[(size_t)i * plane] = g[i];
        }
}

// The convolution with c input and o output channels, weights already transformed.
static void convolve(const ConvShape *s, const float *x, int c, int o, const float *u, float *y, float *v) {
    int group = group_of(s), tiles = tiles_of(s);
    for (int b = 0; b < s->batch; b += group) {
        int n = s->batch - b < group ? s->batch - b : group, rows = n * tiles;
        float *m = v + 16L * rows * c;
        patches(s, x + (long)b * s->h * s->w * c, n, c, c, v);
        for (int i = 0; i < 16; i++) matmul(rows, o, c, v + (long)i * rows * c, c, false, u + (long)i * c * o, o, false, m + (long)i * rows * o, o, false);
        results(s, m, n, o, y + (long)b * s->h * s->w * o);
    }
}

void winograd(const ConvShape *s, const float *x, const float *w, float *y, float *temp) {
    weights(s, w, false, temp);
    convolve(s, x, s->c, s->o, temp, y, temp + 16L * s->c * s->o);
}

void winograd_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp) {
    weights(s, w, true, temp);
    convolve(s, dy, s->o, s->c, temp, dx, temp + 16L * s->c * s->o);
}

void winograd_dw(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp) {
    int group = group_of(s), tiles = tiles_of(s), c = end - begin;
    long plane = (long)c * s->o;
    float *u = temp, *v = temp + 16 * plane;
    for (int b = 0; b < s->batch; b += group) {
        int n = s->batch - b < group ? s->batch - b : group, rows = n * tiles;
        float *m = v + 16L * rows * c;
        patches(s, x + (long)b * s->h * s->w * s->c + begin, n, s->c, c, v);
        spread(s, dy + (long)b * s->h * s->w * s->o, n, s->o, m);
        for (int i = 0; i < 16; i++)
            matmul(c, s->o, rows, v + (long)i * rows * c, c, true, m + (long)i * rows * s->o, s->o, false, u + i * plane, s->o, b > 0);
    }
    for (long k = 0; k < plane; k++) {
        float g[16];
        for (int i = 0; i < 16; i++) g[i] = u[i * plane + k];
        for (int j = 0; j < 4; j++) from_weights(g + j, 4);
        for (int j = 0; j < 3; j++) from_weights(g + 4 * j, 1);
        for (int i = 0; i < 9; i++) dw[((long)i * s->c + begin) * s->o + k] = g[i / 3 * 4 + i % 3];
    }
}
