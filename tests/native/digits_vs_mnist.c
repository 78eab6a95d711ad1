// digits_vs_mnist.c -- how close drawn digits are to MNIST, in two numbers that need both sets.
//
//   digits_vs_mnist TRAIN-IMAGES TEST-IMAGES TEST-LABELS        unpacked IDX files; prints one JSON object
//
// accuracy      the share of MNIST's test set that a small network reads right after it has seen drawn digits alone: 784-256-10
//               with rectifiers, plain stochastic gradient descent one image at a time, every image new.  No MNIST image is
//               used for training, and there is nothing to choose on a validation set.
// error         what 30 principal components leave of an image: the mean over images of the sum of squared differences, pixels
//               in [0,1].  Fitted on 60,000 images and measured on 10,000 others, for both sets.
//
// Both loops skip a digit's empty pixels, four of five, which is what makes this run in seconds.
#include "data/digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { P = DIGITS_PIXELS, H = 256, C = DIGITS_CLASSES, TRAINED = 200000, FITTED = 60000, TESTED = 10000, K = 30, EXTRA = 10, ROUNDS = 40 };

static uint8_t *read_idx(const char *path, int header, size_t bytes) {
    uint8_t *data = malloc(bytes);
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, header, SEEK_SET) || fread(data, 1, bytes, f) != bytes) {
        fprintf(stderr, "%s: cannot read %zu bytes after a header of %d\n", path, bytes, header);
        exit(1);
    }
    fclose(f);
    return data;
}

// A set of n drawn digits, the labels in turn.
static uint8_t *draw(Stream stream, int n) {
    uint8_t *images = malloc((size_t)n * P);
    for (int i = 0; i < n; i++) {
        Rng r = rng_at((Key){1, stream}, (uint32_t)i, 0);
        digits_draw(&r, i % C, images + (size_t)i * P);
    }
    return images;
}

// The inked pixels of an image, shifted by (dx, dy): their places and their values in [0,1].
static int inked(const uint8_t *image, int dx, int dy, int *at, float *value) {
    int n = 0;
    for (int y = 0; y < DIGITS_SIDE; y++)
        for (int x = 0; x < DIGITS_SIDE; x++) {
            int tx = x + dx, ty = y + dy, v = image[y * DIGITS_SIDE + x];
            if (!v || tx < 0 || ty < 0 || tx >= DIGITS_SIDE || ty >= DIGITS_SIDE) continue;
            at[n] = ty * DIGITS_SIDE + tx;
            value[n++] = (float)v / 255;
        }
    return n;
}

// ---- The reader ----------------------------------------------------------------------------------------------------

static float w1[P][H], b1[H], w2[C][H], b2[C];

// Logits to out, the hidden layer to h.
static void forward(int n, const int *at, const float *value, float *h, float *out) {
    memcpy(h, b1, sizeof b1);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < H; j++) h[j] += value[i] * w1[at[i]][j];
    for (int j = 0; j < H; j++) h[j] = h[j] > 0 ? h[j] : 0;
    for (int c = 0; c < C; c++) {
        out[c] = b2[c];
        for (int j = 0; j < H; j++) out[c] += h[j] * w2[c][j];
    }
}

static void learn(const uint8_t *image, int label, int dx, int dy, float rate) {
    int at[P];
    float value[P], h[H], d[C], dh[H] = {0}, sum = 0, most;
    int n = inked(image, dx, dy, at, value);
    forward(n, at, value, h, d);
    most = d[0];
    for (int c = 1; c < C; c++) most = d[c] > most ? d[c] : most;
    for (int c = 0; c < C; c++) sum += d[c] = expf(d[c] - most);
    for (int c = 0; c < C; c++) d[c] = rate * (d[c] / sum - (c == label));
    for (int c = 0; c < C; c++)
        for (int j = 0; j < H; j++) dh[j] += d[c] * w2[c][j], w2[c][j] -= d[c] * h[j];
    for (int c = 0; c < C; c++) b2[c] -= d[c];
    for (int j = 0; j < H; j++) dh[j] = h[j] > 0 ? dh[j] : 0, b1[j] -= dh[j];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < H; j++) w1[at[i]][j] -= value[i] * dh[j];
}

static int recognise(const uint8_t *image) {
    int at[P], best = 0;
    float value[P], h[H], out[C];
    forward(inked(image, 0, 0, at, value), at, value, h, out);
    for (int c = 1; c < C; c++) if (out[c] > out[best]) best = c;
    return best;
}

static void train(const uint8_t *images) {
    Rng r = rng_at((Key){1, STREAM_INIT}, 0, 0);
    for (int i = 0; i < P; i++) for (int j = 0; j < H; j++) w1[i][j] = (float)(.05 * rng_g(&r));
    for (int c = 0; c < C; c++) for (int j = 0; j < H; j++) w2[c][j] = (float)(.05 * rng_g(&r));
    for (int i = 0; i < TRAINED; i++)   // labels come in turn; shifted by up to a pixel, as MNIST's rounding may
        learn(images + (size_t)i * P, i % C, rng_below(&r, 3) - 1, rng_below(&r, 3) - 1, .02f * (float)(TRAINED - i) / TRAINED);
}

// ---- Principal components ------------------------------------------------------------------------------------------

// Subspace iteration on the covariance matrix: a few vectors more than are asked for, so that it converges in few rounds.
static double pca_error(const uint8_t *fit, const uint8_t *test) {
    static double m[P], s[P][P], q[K + EXTRA][P], z[P];
    memset(m, 0, sizeof m), memset(s, 0, sizeof s);
    for (int i = 0; i < FITTED; i++) {
        int at[P];
        float value[P];
        int n = inked(fit + (size_t)i * P, 0, 0, at, value);
        for (int a = 0; a < n; a++) {
            m[at[a]] += (double)value[a] / FITTED;
            for (int b = a; b < n; b++) s[at[a]][at[b]] += (double)(value[a] * value[b]) / FITTED;
        }
    }
    for (int a = 0; a < P; a++)
        for (int b = a; b < P; b++) s[b][a] = s[a][b] -= m[a] * m[b];
    Rng r = rng_at((Key){1, STREAM_MEASURE}, 0, 0);
    for (int k = 0; k < K + EXTRA; k++) for (int i = 0; i < P; i++) q[k][i] = rng_g(&r);
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < K + EXTRA; k++) {
            memset(z, 0, sizeof z);
            for (int a = 0; a < P; a++) for (int b = 0; b < P; b++) z[b] += q[k][a] * s[a][b];
            for (int l = 0; l < k; l++) {
                double dot = 0;
                for (int i = 0; i < P; i++) dot += z[i] * q[l][i];
                for (int i = 0; i < P; i++) z[i] -= dot * q[l][i];
            }
            double norm = 0;
            for (int i = 0; i < P; i++) norm += z[i] * z[i];
            for (int i = 0; i < P; i++) q[k][i] = z[i] / sqrt(norm);
        }
    double error = 0;
    for (int i = 0; i < TESTED; i++) {
        for (int j = 0; j < P; j++) z[j] = test[(size_t)i * P + j] / 255. - m[j], error += z[j] * z[j];
        for (int k = 0; k < K; k++) {
            double dot = 0;
            for (int j = 0; j < P; j++) dot += z[j] * q[k][j];
            error -= dot * dot;
        }
    }
    return error / TESTED;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: digits_vs_mnist TRAIN-IMAGES TEST-IMAGES TEST-LABELS\n"), 1;
    uint8_t *mnist = read_idx(argv[1], 16, (size_t)FITTED * P);
    uint8_t *mnist_test = read_idx(argv[2], 16, (size_t)TESTED * P);
    uint8_t *labels = read_idx(argv[3], 8, TESTED);
    clock_t start = clock();
    uint8_t *drawn = draw(STREAM_DATA, TRAINED);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    uint8_t *drawn_test = draw(STREAM_TEST, TESTED);

    train(drawn);
    int right[C] = {0}, count[C] = {0}, total = 0;
    for (int i = 0; i < TESTED; i++) {
        int ok = recognise(mnist_test + (size_t)i * P) == labels[i];
        right[labels[i]] += ok, count[labels[i]]++, total += ok;
    }
    printf("{\"accuracy\": %.4f, \"recall\": [", (double)total / TESTED);
    for (int c = 0; c < C; c++) printf("%s%.3f", c ? ", " : "", (double)right[c] / count[c]);
    printf("], \"drawnError\": %.3f, \"mnistError\": %.3f, \"microsecondsPerImage\": %.1f}\n",
        pca_error(drawn, drawn_test), pca_error(mnist, mnist_test), seconds * 1e6 / TRAINED);
    free(mnist), free(mnist_test), free(labels), free(drawn), free(drawn_test);
    return 0;
}
