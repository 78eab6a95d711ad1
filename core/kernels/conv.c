#include "kernels/conv.h"

#include <stdbool.h>
#include <string.h>

#include "base/vec.h"
#include "kernels/matmul.h"
#include "kernels/winograd.h"

static inline int least(int a, int b) { return a < b ? a : b; }

// --- Patches -------------------------------------------------------------------------------------------------------------------
//
// A picture is copied with its margin of zeros, so that every patch lies inside.  A patch is then a few runs of adjacent floats -- its
// rows, or single taps where they are dilated or masked -- at the same distances from its first float in every pixel's patch.

typedef struct {
    ConvShape s;                     // taps and dilation made explicit
    int h, w;                        // of a picture with its margin
    int run, per_row, depth;         // floats in a run but the last; runs in a row of the window; floats in a patch
    int first;                       // row of P' that counts as 0
    const float *x;                  // pictures with margins
} Patches;

static Patches patches_of(const ConvShape *s) {
    Patches p = { .s = *s, .h = s->h + 2 * s->pad, .w = s->w + 2 * s->pad };
    if (!s->taps) p.s.taps = s->k * s->k;
    if (!s->dilation) p.s.dilation = 1;
    p.per_row = p.s.dilation == 1 ? 1 : s->k;
    p.run = p.s.dilation == 1 ? s->k * s->c : s->c;
    p.depth = p.s.taps * s->c;
    return p;
}

static int out_pixels(const ConvShape *s) { return s->out_h * s->out_w; }
static long margined(const Patches *p) { return (long)p->h * p->w * p->s.c; }

// Pictures taken at once, so that a product has about that many rows and is worth its packing.
static int group_of(const ConvShape *s, int rows) { return least((rows + out_pixels(s) - 1) / out_pixels(s), s->batch); }

// Where the patches of a row of output pixels start, rows counted through all pictures; and where run r of a patch starts in it.
static long row_start(const Patches *p, int row) {
    return (long)(row / p->s.out_h * p->h + row % p->s.out_h * p->s.stride) * p->w * p->s.c;
}
static long run_start(const Patches *p, int r) {
    return p->per_row == 1 ? (long)r * p->w * p->s.c : ((long)(r / p->per_row) * p->w + r % p->per_row) * p->s.dilation * p->s.c;
}
static int pixel_step(const Patches *p) { return p->s.stride * p->s.c; }

// n pictures with margins; and their insides back.
static void put_margins(const Patches *p, const float *x, int n, float *to) {
    const size_t row = (size_t)(p->s.w * p->s.c), side = (size_t)(p->s.pad * p->s.c);
    memset(to, 0, sizeof *to * (size_t)(n * margined(p)));
    for (int r = 0; r < n * p->s.h; r++) {
        long at = (long)(r / p->s.h * p->h + r % p->s.h + p->s.pad) * p->w * p->s.c;
        memcpy(to + at + side, x + (size_t)r * row, sizeof *to * row);
    }
}
static void take_insides(const Patches *p, const float *from, int n, float *x) {
    const size_t row = (size_t)(p->s.w * p->s.c), side = (size_t)(p->s.pad * p->s.c);
    for (int r = 0; r < n * p->s.h; r++) {
        long at = (long)(r / p->s.h * p->h + r % p->s.h + p->s.pad) * p->w * p->s.c;
        memcpy(x + (size_t)r * row, from + at + side, sizeof *x * row);
    }
}

// --- Packing -------------------------------------------------------------------------------------------------------------------

static void starts_of(const Patches *p, int pixel, int n, const float **start) {
    int row = pixel / p->s.out_w, j = pixel % p->s.out_w;
    const float *first = p->x + row_start(p, row);
    for (int r = 0; r < n; r++) {
        start[r] = first + (long)j * pixel_step(p);
        if (++j == p->s.out_w) j = 0, first = p->x + row_start(p, ++row);
    }
}

// Rows of P: patches of n pixels.
static void pack_pixels(const void *from, int pixel, int n, int k, int depth, int width, float *to) {
    const Patches *p = from;
    const float *start[MATMUL_WIDTH], *line[MATMUL_WIDTH];
    starts_of(p, pixel, n, start);
    for (int run = k / p->run, skip = k % p->run, part; depth > 0; run++, skip = 0, depth -= part, to += part * width) {
        const long at = run_start(p, run) + skip;
        part = least(p->run - skip, depth);
        for (int r = 0; r < n; r++) line[r] = start[r] + at;
        panel_from_lines(line, n, part, width, to);
    }
}

// Rows of P': n neighbours in the patches of `depth` pixels.
static void pack_taps(const void *from, int row, int n, int pixel, int depth, int width, float *to) {
    const Patches *p = from;
    long at[MATMUL_WIDTH];
    for (int r = 0; r < n; r++) at[r] = run_start(p, (p->first + row + r) / p->run) + (p->first + row + r) % p->run;
    const int step = pixel_step(p);
    for (int i = pixel / p->s.out_w, j = pixel % p->s.out_w, part; depth > 0; i++, j = 0, depth -= part, to += part * width) {
        const float *x = p->x + row_start(p, i) + (long)j * step;
        part = least(p->s.out_w - j, depth);
        if (at[n - 1] - at[0] == n - 1) panel_from_rows(x + at[0], step, n, part, width, to);
        else
            for (int q = 0; q < part; q++)
                for (int r = 0; r < width; r++) to[q * width + r] = r < n ? x[(long)q * step + at[r]] : 0;
    }
}

// --- The three products over patches -------------------------------------------------------------------------------------------

enum { ROWS = 392, SCATTER_ROWS = 128, PRODUCTS = 1 << 16 };

static void gather(const ConvShape *s, const float *x, const float *w, float *y, float *temp) {
    Patches p = patches_of(s);
    p.x = temp;
    for (int b = 0, group = group_of(s, ROWS); b < s->batch; b += group) {
        int n = least(group, s->batch - b);
        put_margins(&p, x + (long)b * s->h * s->w * s->c, n, temp);
        matmul_of(n * out_pixels(s), s->o, p.depth, &(Operand){ .pack = pack_pixels, .from = &p }, &(Operand){ .data = w, .step = s->o, .across = true },
                  y + (long)b * out_pixels(s) * s->o, s->o, false, NULL);
    }
}

// Rows begin..end-1 of dw [taps*C, O].
static void correlate(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp) {
    Patches p = patches_of(s);
    p.x = temp, p.first = begin;
    for (int b = 0, group = group_of(s, ROWS); b < s->batch; b += group) {
        int n = least(group, s->batch - b);
        put_margins(&p, x + (long)b * s->h * s->w * s->c, n, temp);
        Operand there = { .data = dy + (long)b * out_pixels(s) * s->o, .step = s->o, .across = true };
        matmul_of(end - begin, s->o, n * out_pixels(s), &(Operand){ .pack = pack_taps, .from = &p }, &there, dw, s->o, b > 0, NULL);
    }
}

static void add_run(const float *from, int n, float *to) {
    int i = 0;
    for (; i + 4 <= n; i += 4) f4_store(to + i, f4_add(f4_load(to + i), f4_load(from + i)));
    for (; i < n; i++) to[i] += from[i];
}

// Columns of dy w' that are made at once, whole runs, so that they stay near.
static int columns_at_once(const Patches *p, int rows) {
    int n = PRODUCTS / (rows * p->run) * p->run;
    return least(n ? n : p->run, p->depth);
}

// Adds t [rows of pixels, n], columns k.. of the patches, at their places in the pictures.
static void scatter_columns(const Patches *p, const float *t, int rows, int k, int n, float *x) {
    for (int i = 0; i < rows; i++) {
        float *at = x + row_start(p, i);
        for (int j = 0; j < p->s.out_w; j++, at += pixel_step(p), t += n)
            for (int q = 0, r = k / p->run; q < n; q += p->run, r++) add_run(t + q, least(p->run, n - q), at + run_start(p, r));
    }
}

static void scatter(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp) {
    Patches p = patches_of(s);
    for (int b = 0, group = group_of(s, SCATTER_ROWS); b < s->batch; b += group) {
        int n = least(group, s->batch - b), rows = n * out_pixels(s), wide = columns_at_once(&p, group * out_pixels(s));
        float *t = temp + n * margined(&p);
        memset(temp, 0, sizeof *temp * (size_t)(n * margined(&p)));
        for (int k = 0; k < p.depth; k += wide) {
            int now = least(wide, p.depth - k);
            matmul(rows, now, s->o, dy + (long)b * out_pixels(s) * s->o, s->o, false, w + (long)k * s->o, s->o, true, t, now, false);
            scatter_columns(&p, t, n * s->out_h, k, now, temp);
        }
        take_insides(&p, temp, n, dx + (long)b * s->h * s->w * s->c);
    }
}

// --- The convolution and its adjoints --------------------------------------------------------------------------------------------
//
// With stride 1, a convolution is the adjoint of one that exchanges input and output and turns the window by half; so the patches can be
// made on the side that has fewer channels, where they are smaller.

static ConvShape exchanged(const ConvShape *s) {
    ConvShape t = { .batch = s->batch, .h = s->out_h, .w = s->out_w, .c = s->o, .k = s->k, .o = s->c, .out_h = s->h, .out_w = s->w,
                    .stride = 1, .pad = (s->k - 1) * (s->dilation ? s->dilation : 1) - s->pad, .dilation = s->dilation };
    return t;
}
static bool exchange(const ConvShape *s) {
    bool all = !s->taps || s->taps == s->k * s->k;
    return s->o < s->c && s->stride == 1 && all && exchanged(s).pad >= 0;
}
static size_t n_weights(const ConvShape *s) { return (size_t)(s->k * s->k) * (size_t)s->c * (size_t)s->o; }

// to [k,k,o,c] from w [k,k,c,o], turned by half.
static void turn(const ConvShape *s, const float *w, float *to) {
    for (int t = s->k * s->k - 1; t >= 0; t--, w += s->c * s->o)
        for (int o = 0; o < s->o; o++)
            for (int c = 0; c < s->c; c++) to[((long)t * s->o + o) * s->c + c] = w[c * s->o + o];
}

static size_t patches_temp(const ConvShape *s) {
    Patches p = patches_of(s);
    int rows = group_of(s, SCATTER_ROWS) * out_pixels(s);
    size_t gathered = (size_t)group_of(s, ROWS) * (size_t)margined(&p);
    size_t scattered = (size_t)group_of(s, SCATTER_ROWS) * (size_t)margined(&p) + (size_t)rows * (size_t)columns_at_once(&p, rows);
    return gathered > scattered ? gathered : scattered;
}

size_t conv_temp(const ConvShape *s) {
    if (winograd_fits(s)) return winograd_temp(s);
    if (!exchange(s)) return patches_temp(s);
    ConvShape t = exchanged(s);
    return n_weights(s) + patches_temp(&t);
}

void conv(const ConvShape *s, const float *x, const float *w, float *y, float *temp) {
    if (winograd_fits(s)) { winograd(s, x, w, y, temp); return; }
    if (!exchange(s)) { gather(s, x, w, y, temp); return; }
    ConvShape t = exchanged(s);
    turn(s, w, temp);
    scatter(&t, x, temp, y, temp + n_weights(s));
}

void conv_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp) {
    if (winograd_fits(s)) { winograd_dx(s, dy, w, dx, temp); return; }
    if (!exchange(s)) { scatter(s, dy, w, dx, temp); return; }
    ConvShape t = exchanged(s);
    turn(s, w, temp);
    gather(&t, dy, temp, dx, temp + n_weights(s));
}

// An item: four channels for Winograd's way; else four rows of dw as a matrix, on the side of the patches.
enum { ITEM = 4 };

int conv_dw_items(const ConvShape *s) {
    int rows = winograd_fits(s) ? s->c : patches_of(s).s.taps * least(s->c, exchange(s) ? s->o : s->c);
    return (rows + ITEM - 1) / ITEM;
}

// Rows begin..end-1 of dw [k,k,c,o], from those of its exchanged form, turned back.
static void turn_rows(const ConvShape *s, int begin, int end, const float *rows, float *dw) {
    for (int e = begin; e < end; e++, rows += s->c) {
        float *to = dw + (long)(s->k * s->k - 1 - e / s->o) * s->c * s->o + e % s->o;
        for (int c = 0; c < s->c; c++) to[(long)c * s->o] = rows[c];
    }
}

void conv_dw_part(const ConvShape *s, int begin, int end, const float *x, const float *dy, float *dw, float *temp) {
    begin *= ITEM, end *= ITEM;
    if (winograd_fits(s)) { winograd_dw(s, begin, end, x, dy, dw, temp); return; }
    ConvShape t = exchange(s) ? exchanged(s) : *s;
    int rows = patches_of(&t).depth;
    end = least(end, rows);
    if (exchange(s)) {
        correlate(&t, begin, end, dy, x, temp, temp + n_weights(s));
        turn_rows(s, begin, end, temp, dw);
        return;
    }
    correlate(s, begin, end, x, dy, dw + (long)begin * s->o, temp);
    if (begin == 0) memset(dw + (long)rows * s->o, 0, sizeof *dw * (n_weights(s) - (size_t)rows * (size_t)s->o));
}

void conv_dw(const ConvShape *s, const float *x, const float *dy, float *dw, float *temp) {
    conv_dw_part(s, 0, conv_dw_items(s), x, dy, dw, temp);
}

// --- Reference twins ------------------------------------------------------------------------------------------------------

#define EACH(s, ...)                                                                                           \
    for (int b = 0, dilation = s->dilation ? s->dilation : 1; b < s->batch; b++)                               \
        for (int i = 0; i < s->out_h; i++)                                                                     \
            for (int j = 0; j < s->out_w; j++)                                                                 \
                for (int p = 0; p < s->k; p++)                                                                 \
                    for (int q = 0; q < s->k; q++) {                                                           \
                        int row = i * s->stride + p * dilation - s->pad, column = j * s->stride + q * dilation - s->pad; \
                        if (s->taps && p * s->k + q >= s->taps) continue;                                      \
                        if (row < 0 || row >= s->h || column < 0 || column >= s->w) continue;                  \
                        for (int c = 0; c < s->c; c++)                                                         \
                            for (int o = 0; o < s->o; o++) {                                                   \
                                long X = (((long)b * s->h + row) * s->w + column) * s->c + c;                  \
                                long Y = (((long)b * s->out_h + i) * s->out_w + j) * s->o + o;                 \
                                long W = (((long)p * s->k + q) * s->c + c) * s->o + o;                         \
                                __VA_ARGS__;                                                                   \
                            }                                                                                  \
                    }

void conv_ref(const ConvShape *s, const float *x, const float *w, float *y) {
    memset(y, 0, sizeof(float) * (size_t)s->batch * (size_t)(s->out_h * s->out_w * s->o));
    EACH(s, y[Y] += x[X] * w[W])
}
void conv_dx_ref(const ConvShape *s, const float *dy, const float *w, float *dx) {
    memset(dx, 0, sizeof(float) * (size_t)s->batch * (size_t)(s->h * s->w * s->c));
    EACH(s, dx[X] += dy[Y] * w[W])
}
void conv_dw_ref(const ConvShape *s, const float *x, const float *dy, float *dw) {
    memset(dw, 0, sizeof(float) * (size_t)(s->k * s->k * s->c * s->o));
    EACH(s, dw[W] += x[X] * dy[Y])
}
