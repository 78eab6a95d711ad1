#include "kernels/conv.h"

#include <stdbool.h>
#include <string.h>

#include "kernels/matmul.h"
#include "kernels/winograd.h"

static int patch_size(const ConvShape *s) { return s->k * s->k * s->c; }
static int out_pixels(const ConvShape *s) { return s->out_h * s->out_w; }

// One picture at a time: its patches stay in L2, and no sum depends on how many pictures there are.
size_t conv_temp(const ConvShape *s) { return winograd_fits(s) ? winograd_temp(s) : (size_t)out_pixels(s) * (size_t)patch_size(s); }

// Calls for every run of c floats of the patch matrix [out_pixels, k*k*c]: where it stands in the picture, or NULL outside.
static const float *pixel(const ConvShape *s, const float *x, int row, int column) {
    bool inside = row >= 0 && row < s->h && column >= 0 && column < s->w;
    return inside ? x + ((long)row * s->w + column) * s->c : NULL;
}

static void gather(const ConvShape *s, const float *x, float *patch) {
    size_t bytes = sizeof(float) * (size_t)s->c;
    for (int i = 0; i < s->out_h; i++)
        for (int j = 0; j < s->out_w; j++)
            for (int p = 0; p < s->k; p++)
                for (int q = 0; q < s->k; q++, patch += s->c) {
                    const float *from = pixel(s, x, i * s->stride + p - s->pad, j * s->stride + q - s->pad);
                    if (s->c == 1) *patch = from ? *from : 0;
                    else if (from) memcpy(patch, from, bytes);
                    else memset(patch, 0, bytes);
                }
}

static void scatter(const ConvShape *s, const float *patch, float *x) {
    for (int i = 0; i < s->out_h; i++)
        for (int j = 0; j < s->out_w; j++)
            for (int p = 0; p < s->k; p++)
                for (int q = 0; q < s->k; q++, patch += s->c) {
                    float *restrict to = (float *)pixel(s, x, i * s->stride + p - s->pad, j * s->stride + q - s->pad);
                    if (to) for (int c = 0; c < s->c; c++) to[c] += patch[c];
                }
}

void conv(const ConvShape *s, const float *x, const float *w, float *y, float *temp) {
    if (winograd_fits(s)) { winograd(s, x, w, y, temp); return; }
    int n = out_pixels(s), d = patch_size(s);
    for (int b = 0; b < s->batch; b++) {
        gather(s, x + (long)b * s->h * s->w * s->c, temp);
        matmul(n, s->o, d, temp, d, false, w, s->o, false, y + (long)b * n * s->o, s->o, false);
    }
}

void conv_dx(const ConvShape *s, const float *dy, const float *w, float *dx, float *temp) {
    if (winograd_fits(s)) { winograd_dx(s, dy, w, dx, temp); return; }
    int n = out_pixels(s), d = patch_size(s);
    memset(dx, 0, sizeof(float) * (size_t)s->batch * (size_t)(s->h * s->w * s->c));
    for (int b = 0; b < s->batch; b++) {
        matmul(n, d, s->o, dy + (long)b * n * s->o, s->o, false, w, s->o, true, temp, d, false);
        scatter(s, temp, dx + (long)b * s->h * s->w * s->c);
    }
}

void conv_dw(const ConvShape *s, const float *x, const float *dy, float *dw, float *temp) {
    if (winograd_fits(s)) { winograd_dw(s, x, dy, dw, temp); return; }
    int n = out_pixels(s), d = patch_size(s);
    for (int b = 0; b < s->batch; b++) {
        gather(s, x + (long)b * s->h * s->w * s->c, temp);
        matmul(d, s->o, n, temp, d, true, dy + (long)b * n * s->o, s->o, false, dw, s->o, b > 0);
    }
}

// --- Reference twins ------------------------------------------------------------------------------------------------------

#define EACH(s, ...)                                                                                           \
    for (int b = 0; b < s->batch; b++)                                                                         \
        for (int i = 0; i < s->out_h; i++)                                                                     \
            for (int j = 0; j < s->out_w; j++)                                                                 \
                for (int p = 0; p < s->k; p++)                                                                 \
                    for (int q = 0; q < s->k; q++) {                                                           \
                        int row = i * s->stride + p - s->pad, column = j * s->stride + q - s->pad;             \
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
