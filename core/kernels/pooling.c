#include "kernels/pooling.h"

#include "base/vec.h"

// The mean of a block that begins at x, whose rows are `down` floats apart.
static void mean_of(const float *x, long down, int c, int by, float *y) {
    const float share = 1 / (float)(by * by);
    int k = 0;
    for (; k + 4 <= c; k += 4) {
        F4 sum = f4_splat(0);
        for (int i = 0; i < by; i++)
            for (int j = 0; j < by; j++) sum = f4_add(sum, f4_load(x + i * down + j * c + k));
        f4_store(y + k, f4_mul(sum, f4_splat(share)));
    }
    for (; k < c; k++) {
        float sum = 0;
        for (int i = 0; i < by; i++)
            for (int j = 0; j < by; j++) sum += x[i * down + j * c + k];
        y[k] = sum * share;
    }
}

void pool(int rows, int cols, int c, int by, const float *x, float *y) {
    const long down = (long)cols * by * c;
    for (int i = 0; i < rows; i++, x += (by - 1) * down)
        for (int j = 0; j < cols; j++, x += by * c, y += c) mean_of(x, down, c, by, y);
}

static void copy(const float *x, int n, float *y) {
    int k = 0;
    for (; k + 4 <= n; k += 4) f4_store(y + k, f4_load(x + k));
    for (; k < n; k++) y[k] = x[k];
}

void unpool(int rows, int cols, int c, int by, const float *x, float *y) {
    for (int i = 0; i < rows; i++, x += (long)cols * c)
        for (int p = 0; p < by; p++)
            for (int j = 0; j < cols; j++)
                for (int q = 0; q < by; q++, y += c) copy(x + (long)j * c, c, y);
}
