#include "kernels/winograd.h"

#include <string.h>

#include "base/vec.h"
#include "kernels/matmul.h"

// TILES: so many at once, whatever pictures they belong to; what they become stays in L2.  LINE: planes stand that much further apart than
// their size, or stores to all sixteen, a power of two apart, would meet in one set of L1.
enum { CHANNELS_MIN = 16, TILES = 128, LINE = 16 };

bool winograd_fits(const ConvShape *s) {
    bool plain = s->stride == 1 && s->pad == 1 && s->dilation <= 1 && (!s->taps || s->taps == 9);
    return plain && s->k == 3 && s->c % 4 == 0 && s->o % 4 == 0 && s->c >= CHANNELS_MIN && s->o >= CHANNELS_MIN;
}

static int least(int a, int b) { return a < b ? a : b; }
static int tiles_of(const ConvShape *s) { return s->batch * ((s->h + 1) / 2) * ((s->w + 1) / 2); }
static long plane_of(int rows, int channels) { return (long)rows * channels + LINE; }

// Transformed weights; input and output of a chunk of tiles; a window.
size_t winograd_temp(const ConvShape *s) {
    int tiles = least(TILES, tiles_of(s)), most = s->c > s->o ? s->c : s->o;
    return 16 * (size_t)(plane_of(s->c, s->o) + plane_of(tiles, s->c) + plane_of(tiles, s->o) + most);
}

// --- Windows ---------------------------------------------------------------------------------------------------------------------
//
// A tile's window on pictures: 4x4 pixels of the input or 2x2 of the result, where they are; if it reaches over the picture, in a room
// of its own.

typedef struct { int picture, top, left, side; } Place;
typedef struct { float *at; long down, right; } Window;

static Place place_of(const ConvShape *s, int tile, int side) {
    int tw = (s->w + 1) / 2, th = (s->h + 1) / 2, margin = side / 2 - 1;
    return (Place){ tile / (th * tw), 2 * (tile % (th * tw) / tw) - margin, 2 * (tile % tw) - margin, side };
}

// Pixel i of the window, counted by rows; NULL outside.
static float *pixel(const ConvShape *s, const float *x, int channels, Place p, int i) {
    int row = p.top + i / p.side, column = p.left + i % p.side;
    bool inside = row >= 0 && row < s->h && column >= 0 && column < s->w;
    return inside ? (float *)x + (((long)p.picture * s->h + row) * s->w + column) * channels : NULL;
}

static bool whole(const ConvShape *s, Place p) { return p.top >= 0 && p.left >= 0 && p.top + p.side <= s->h && p.left + p.side <= s->w; }

static Window window(const ConvShape *s, const float *x, int channels, int c, Place p, float *room) {
    if (whole(s, p)) return (Window){ pixel(s, x, channels, p, 0), (long)s->w * channels, channels };
    return (Window){ room, (long)p.side * c, c };
}

// The window, filled: c of the channels, zeros outside.
static Window window_of(const ConvShape *s, const float *x, int channels, int c, Place p, float *room) {
    for (int i = 0; !whole(s, p) && i < p.side * p.side; i++) {
        const float *from = pixel(s, x, channels, p, i);
        for (int k = 0; k < c; k += 4) f4_store(room + (long)i * c + k, from ? f4_load(from + k) : f4_splat(0));
    }
    return window(s, x, channels, c, p, room);
}

// --- Transforms ------------------------------------------------------------------------------------------------------------------
//
// Each makes a 4x4 (3x3, 2x2) of numbers into another, four channels at a time, one row of the result after the other, so that no more
// than eight vectors live at once.  Transformed numbers stand as [16][tiles][channels].

enum Combine { MINUS, PLUS };

INLINE F4 combine(const float *a, const float *b, enum Combine how) {
    return how == PLUS ? f4_add(f4_load(a), f4_load(b)) : f4_sub(f4_load(a), f4_load(b));
}

// Row of B' d B, B' = [1 0 -1 0; 0 1 1 0; 0 -1 1 0; 0 1 0 -1], from the two rows of d that it is made of.
INLINE void patch_row(const float *a, const float *b, enum Combine how, long right, float *v, long plane) {
    F4 e0 = combine(a, b, how), e1 = combine(a + right, b + right, how);
    F4 e2 = combine(a + 2 * right, b + 2 * right, how), e3 = combine(a + 3 * right, b + 3 * right, how);
    f4_store(v, f4_sub(e0, e2)), f4_store(v + plane, f4_add(e1, e2));
    f4_store(v + 2 * plane, f4_sub(e2, e1)), f4_store(v + 3 * plane, f4_sub(e1, e3));
}

static void patch(Window d, int c, float *v, long plane) {
    for (int k = 0; k < c; k += 4, d.at += 4, v += 4) {
        const float *d1 = d.at + d.down, *d2 = d1 + d.down, *d3 = d2 + d.down;
        patch_row(d.at, d2, MINUS, d.right, v, plane);
        patch_row(d1, d2, PLUS, d.right, v + 4 * plane, plane);
        patch_row(d2, d1, MINUS, d.right, v + 8 * plane, plane);
        patch_row(d1, d3, MINUS, d.right, v + 12 * plane, plane);
    }
}

// A' m A, A' = [1 1 1 0; 0 1 -1 -1].
INLINE F4 result_high(const float *m, long step) { return f4_add(f4_add(f4_load(m), f4_load(m + step)), f4_load(m + 2 * step)); }
INLINE F4 result_low(const float *m, long step) { return f4_sub(f4_sub(f4_load(m + step), f4_load(m + 2 * step)), f4_load(m + 3 * step)); }
INLINE void result_row(F4 t0, F4 t1, F4 t2, F4 t3, float *y, long right) {
    f4_store(y, f4_add(f4_add(t0, t1), t2)), f4_store(y + right, f4_sub(f4_sub(t1, t2), t3));
}

static void result(const float *m, long plane, int o, Window y) {
    const long row = 4 * plane;
    for (int k = 0; k < o; k += 4, m += 4, y.at += 4) {
        const float *m1 = m + plane, *m2 = m1 + plane, *m3 = m2 + plane;
        result_row(result_high(m, row), result_high(m1, row), result_high(m2, row), result_high(m3, row), y.at, y.right);
        result_row(result_low(m, row), result_low(m1, row), result_low(m2, row), result_low(m3, row), y.at + y.down, y.right);
    }
}

// A d A', its transpose.
INLINE void spread_row(F4 a, F4 b, float *m, long plane) {
    f4_store(m, a), f4_store(m + plane, f4_add(a, b)), f4_store(m + 2 * plane, f4_sub(a, b)), f4_store(m + 3 * plane, f4_neg(b));
}

static void spread(Window d, int o, float *m, long plane) {
    for (int k = 0; k < o; k += 4, d.at += 4, m += 4) {
        F4 a = f4_load(d.at), b = f4_load(d.at + d.right), e = f4_load(d.at + d.down), f = f4_load(d.at + d.down + d.right);
        spread_row(a, b, m, plane);
        spread_row(f4_add(a, e), f4_add(b, f), m + 4 * plane, plane);
        spread_row(f4_sub(a, e), f4_sub(b, f), m + 8 * plane, plane);
        spread_row(f4_neg(e), f4_neg(f), m + 12 * plane, plane);
    }
}

// G g G', G = [1 0 0; .5 .5 .5; .5 -.5 .5; 0 0 1]: u [16][c][o] of w [3,3,c,o].
INLINE void weights_row(F4 a, F4 b, F4 c, float *u, long plane) {
    const F4 half = f4_splat(.5f);
    f4_store(u, a), f4_store(u + plane, f4_mul(half, f4_add(f4_add(a, c), b)));
    f4_store(u + 2 * plane, f4_mul(half, f4_sub(f4_add(a, c), b))), f4_store(u + 3 * plane, c);
}

static void weights(const ConvShape *s, const float *w, float *u) {
    const long size = (long)s->c * s->o, plane = plane_of(s->c, s->o);
    const F4 half = f4_splat(.5f);
    for (long k = 0; k < size; k += 4, w += 4, u += 4) {
        F4 even[3], odd[3];
        for (int j = 0; j < 3; j++) {
            even[j] = f4_add(f4_load(w + j * size), f4_load(w + (6 + j) * size));
            odd[j] = f4_load(w + (3 + j) * size);
        }
        weights_row(f4_load(w), f4_load(w + size), f4_load(w + 2 * size), u, plane);
        weights_row(f4_mul(half, f4_add(even[0], odd[0])), f4_mul(half, f4_add(even[1], odd[1])), f4_mul(half, f4_add(even[2], odd[2])), u + 4 * plane, plane);
        weights_row(f4_mul(half, f4_sub(even[0], odd[0])), f4_mul(half, f4_sub(even[1], odd[1])), f4_mul(half, f4_sub(even[2], odd[2])), u + 8 * plane, plane);
        weights_row(f4_load(w + 6 * size), f4_load(w + 7 * size), f4_load(w + 8 * size), u + 12 * plane, plane);
    }
}

// G' u G, its transpose: input channels begin..end-1 of dw [3,3,c,o] from u [16][end-begin][o].
INLINE F4 weight_high(const float *u, long step) { return f4_add(f4_load(u), f4_mul(f4_splat(.5f), f4_add(f4_load(u + step), f4_load(u + 2 * step)))); }
INLINE F4 weight_middle(const float *u, long step) { return f4_mul(f4_splat(.5f), f4_sub(f4_load(u + step), f4_load(u + 2 * step))); }
INLINE F4 weight_low(const float *u, long step) { return f4_add(f4_mul(f4_splat(.5f), f4_add(f4_load(u + step), f4_load(u + 2 * step))), f4_load(u + 3 * step)); }
INLINE void back_row(F4 a, F4 b, F4 c, F4 e, float *w, long size) {
    const F4 half = f4_splat(.5f), both = f4_mul(half, f4_add(b, c));
    f4_store(w, f4_add(a, both)), f4_store(w + size, f4_mul(half, f4_sub(b, c))), f4_store(w + 2 * size, f4_add(both, e));
}

static void weights_back(const ConvShape *s, int begin, int end, const float *u, float *dw) {
    const long size = (long)s->c * s->o, plane = plane_of(end - begin, s->o), row = 4 * plane;
    dw += (long)begin * s->o;
    for (long k = 0; k < (long)(end - begin) * s->o; k += 4, u += 4, dw += 4) {
        const float *u1 = u + plane, *u2 = u1 + plane, *u3 = u2 + plane;
        back_row(weight_high(u, row), weight_high(u1, row), weight_high(u2, row), weight_high(u3, row), dw, size);
        back_row(weight_middle(u, row), weight_middle(u1, row), weight_middle(u2, row), weight_middle(u3, row), dw + 3 * size, size);
        back_row(weight_low(u, row), weight_low(u1, row), weight_low(u2, row), weight_low(u3, row), dw + 6 * size, size);
    }
}

// --- The convolution and its adjoints ----------------------------------------------------------------------------------------------

// y [h,w,o] from x [h,w,c] and transformed weights u: plane i is the one for the products of plane i, or, for the adjoint, that of a window
// turned by half, where rows and columns 0 and 3 change places, and transposed.
static void convolve(const ConvShape *s, const float *x, int c, int o, const float *u, bool adjoint, float *y, float *temp) {
    static const int turned[] = { 3, 1, 2, 0 };
    const int all = tiles_of(s), chunk = least(TILES, all);
    float *v = temp, *m = v + 16 * plane_of(chunk, c), *room = m + 16 * plane_of(chunk, o);
    for (int t = 0; t < all; t += chunk) {
        int n = least(chunk, all - t);
        long from = plane_of(n, c), to = plane_of(n, o);
        for (int i = 0; i < n; i++) patch(window_of(s, x, c, c, place_of(s, t + i, 4), room), c, v + (long)i * c, from);
        for (int i = 0; i < 16; i++) {
            const float *ui = u + (adjoint ? turned[i / 4] * 4 + turned[i % 4] : i) * plane_of(c, o);
            matmul(n, o, c, v + i * from, c, false, ui, adjoint ? c : o, adjoint, m + i * to, o, false);
        }
        for (int i = 0; i < n; i++) {
            Place p = place_of(s, t + i, 2);
            result(m + (long)i * o, to, o, window(s, y, o, o, p, room));
            for (int q = 0; !whole(s, p) && q < 4; q++) {
                float *into = pixel(s, y, o, p, q);
                if (into) memcpy(into, room + (long)q * o, sizeof *room * (size_t)o);
            }
        }
    }
}

void winograd(const ConvShape *s, const float *x, const float *w, float *y, float *temp) {
    weights(s, w, temp);
    convolve(s, x, s->c, s->o, temp, false, y, temp + 16 * plane_of(s->c, s->o));
}

void winograd_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp) {
    weights(s, w, temp);
    convolve(s, dy, s->o, s->c, temp, true, dx, temp + 16 * plane_of(s->c, s->o));
}

void winograd_dw(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp) {
    const int c = end - begin, all = tiles_of(s), chunk = least(TILES, all);
    const long size = plane_of(c, s->o);
    float *u = temp, *v = u + 16 * size, *m = v + 16 * plane_of(chunk, c), *room = m + 16 * plane_of(chunk, s->o);
    for (int t = 0; t < all; t += chunk) {
        int n = least(chunk, all - t);
        long of_x = plane_of(n, c), of_dy = plane_of(n, s->o);
        for (int i = 0; i < n; i++) {
            patch(window_of(s, x + begin, s->c, c, place_of(s, t + i, 4), room), c, v + (long)i * c, of_x);
            spread(window_of(s, dy, s->o, s->o, place_of(s, t + i, 2), room), s->o, m + (long)i * s->o, of_dy);
        }
        for (int i = 0; i < 16; i++) matmul(c, s->o, n, v + i * of_x, c, true, m + i * of_dy, s->o, false, u + i * size, s->o, t > 0);
    }
    weights_back(s, begin, end, u, dw);
}
