// Measures: each against answers known beforehand, and against what a perfect sampler scores.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"
#include "data/data.h"
#include "measures/measures.h"

// n rows of d independent N(mean, std^2).
static void normal_rows(float *x, int n, int d, double mean, double std, uint32_t seed) {
    for (int i = 0; i < n; i++) {
        Rng r = rng_at((Key){ seed, STREAM_MEASURE }, (uint32_t)i, 0);
        for (int k = 0; k < d; k++) x[i * d + k] = (float)(mean + std * rng_g(&r));
    }
}

// --- Kernel distances ------------------------------------------------------------------------------------------------------

static double kernel_slow(const float *a, const float *b, int d, Kernel k) {
    double r2 = 0, w = (double)k.width;
    for (int i = 0; i < d; i++) r2 += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    switch (k.kind) {
    case KERNEL_IMQ: return w / (w + r2);
    case KERNEL_GAUSSIAN: return exp(-r2 / (4 * w * w)) / pow(4 * REAL_PI * w * w, 0.5 * d);
    default: return -sqrt(r2);
    }
}

static double mmd2_slow(const float *x, int n, const float *y, int m, int d, Kernel k) {
    double xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) if (i != j) xx += kernel_slow(x + i * d, x + j * d, d, k);
    for (int i = 0; i < m; i++) for (int j = 0; j < m; j++) if (i != j) yy += kernel_slow(y + i * d, y + j * d, d, k);
    for (int i = 0; i < n; i++) for (int j = 0; j < m; j++) xy += kernel_slow(x + i * d, y + j * d, d, k);
    return xx / ((double)n * (n - 1)) + yy / ((double)m * (m - 1)) - 2 * xy / ((double)n * m);
}

static const Kernel kernels[] = { { KERNEL_IMQ, 1 }, { KERNEL_IMQ, 7.5f }, { KERNEL_GAUSSIAN, 0.5f }, { KERNEL_DISTANCE, 0 } };

TEST(measures, "the tiled kernel sums equal three loops in double, for all remainders of rows and columns") {
    static const int rows[][2] = { { 2, 2 }, { 3, 5 }, { 15, 17 }, { 16, 64 }, { 65, 63 }, { 64, 2 }, { 70, 130 } };
    static const int columns[] = { 1, 2, 3, 4, 31, 32, 33, 70 };
    static float x[130 * 70], y[130 * 70];
    for (int r = 0; r < 7; r++) {
        for (int c = 0; c < 8; c++) {
            for (int k = 0; k < 4; k++) {
                int n = rows[r][0], m = rows[r][1], d = columns[c];
                check_during("%d and %d rows of %d, kernel %d", n, m, d, k);
                double std = 1 / sqrt(d);
                normal_rows(x, n, d, 0, std, 1);
                normal_rows(y, m, d, 0.3 / sqrt(d), std, 2);
                double slow = mmd2_slow(x, n, y, m, d, kernels[k]);
                // Each kernel value carries a few single-precision roundings of its own size.
                double size = fabs(kernel_slow(x, y, d, kernels[k])) + fabs(kernel_slow(x, x, d, kernels[k]));
                ENSURE_CLOSE(mmd2(x, n, y, m, d, kernels[k]), slow, 2e-6 * size);
            }
        }
    }
}

TEST(measures, "MMD needs two rows on each side") {
    float x[4] = { 0, 0, 1, 1 };
    ENSURE(isnan(mmd2_imq(x, 1, x, 2, 2, 1)) && isnan(mmd2_imq(x, 2, x, 1, 2, 1)) && isfinite(mmd2_imq(x, 2, x, 2, 2, 1)));
}

// Mean over `rounds` pairs of samples of N(0,1) and N(mean, std^2), and its standard error.
static Mean mmd2_of_normals(double mean, double std, Kernel kernel, int n, int rounds) {
    float *x = malloc(sizeof(float) * (size_t)n), *y = malloc(sizeof(float) * (size_t)n);
    double *value = malloc(sizeof(double) * (size_t)rounds);
    for (int i = 0; i < rounds; i++) {
        normal_rows(x, n, 1, 0, 1, 100 + 2 * (uint32_t)i);
        normal_rows(y, n, 1, mean, std, 101 + 2 * (uint32_t)i);
        value[i] = mmd2(x, n, y, n, 1, kernel);
    }
    Mean m = mean_of(value, rounds);
    free(x);
    free(y);
    free(value);
    return m;
}

TEST(measures, "MMD between normal laws on the line has the values of its integral, within 4 standard errors") {
    // Kernel 1/(1+r^2): by quadrature over the law of the difference.  Gaussian kernel of width h = 1/2: closed form, a difference
    // of variance v has E k = 1/sqrt(2 pi (v + 2 h^2)) e^(-mean^2 / 2 (v + 2 h^2)).
    static const struct { double mean, std, imq, gaussian; } law[] = {
        { 0, 0.70710678118654752, .018181, .013859 }, { 0, 0.5, .062330, .048111 }, { 1, 1, .146287, .091473 },
    };
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 2; k++) {
            check_during("N(%g, %g), kernel %d", law[i].mean, law[i].std, k);
            Mean m = mmd2_of_normals(law[i].mean, law[i].std, k ? (Kernel){ KERNEL_GAUSSIAN, 0.5f } : (Kernel){ KERNEL_IMQ, 1 }, 300, 40);
            ENSURE(m.se < 0.005);
            ENSURE_CLOSE(m.mean, k ? law[i].gaussian : law[i].imq, 4 * m.se + 1e-6);
        }
    }
}

TEST(measures, "MMD is unbiased: it averages 0 when the laws agree, where the biased form averages .0091 at n = 100") {
    for (int k = 0; k < 4; k++) {
        check_during("kernel %d", k);
        Mean m = mmd2_of_normals(0, 1, kernels[k], 100, 300);
        ENSURE_CLOSE(m.mean, 0, 4 * m.se);
        if (k == 0) ENSURE(m.se < .0091 / 10);
    }
}

TEST(measures, "the energy distance between N(0,1) and N(1,1) is its integral, 0.5418") {
    // 2 E|z + 1| - 2 E|z| for z of variance 2, in closed form.
    double s = sqrt(2.0), one = s * sqrt(2 / REAL_PI) * exp(-1 / (2 * s * s)) + erf(1 / (s * sqrt(2.0))), zero = s * sqrt(2 / REAL_PI);
    Mean m = mmd2_of_normals(1, 1, (Kernel){ KERNEL_DISTANCE, 0 }, 300, 40);
    ENSURE_CLOSE(m.mean, 2 * one - 2 * zero, 4 * m.se);
    ENSURE(m.se < 0.03);
    float x[3] = { 0, 1, 5 }, y[2] = { 2, 2 };
    ENSURE_CLOSE(energy_distance(x, 3, y, 2, 1), 2 * (2 + 1 + 3) / 3.0 - (1 + 5 + 4) / 3.0 - 0, 1e-12);
}

// --- Null distributions ----------------------------------------------------------------------------------------------------

static void draw_normals(void *self, uint32_t first, int n, float *x) {
    for (int i = 0; i < n; i++) {
        Rng r = rng_at((Key){ *(uint32_t *)self, STREAM_TEST }, first + (uint32_t)i, 0);
        for (int k = 0; k < 2; k++) x[2 * i + k] = (float)rng_g(&r);
    }
}

TEST(measures, "one sample in twenty of the true law lies above the null's 95th percentile, one in a hundred above its 99th") {
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    uint32_t seed = 1;
    Null null;
    enum { N = 50, ROUNDS = 1000, TRIES = 1000 };
    ENSURE(mmd2_null(draw_normals, &seed, N, N, 2, kernels[0], ROUNDS, &scratch, &null));
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(null.q95 > 0 && null.q99 > null.q95 && fabs(null.mean) < null.q95 / 4);
    int above_95 = 0, above_99 = 0;
    float x[4 * N];
    for (int i = 0; i < TRIES; i++) {
        uint32_t other = 2;
        draw_normals(&other, (uint32_t)i * 2 * N, 2 * N, x);
        double v = mmd2(x, N, x + 2 * N, N, 2, kernels[0]);
        above_95 += v > null.q95;
        above_99 += v > null.q99;
    }
    // Two samples of 1000, the one that sets the percentile and the one that is counted: 4 deviations of the difference.
    ENSURE_CLOSE(above_95, 50, 4 * sqrt(2 * 47.5));
    ENSURE_CLOSE(above_99, 10, 4 * sqrt(2 * 9.9));
    // The next value up in a sorted list: with 19 rounds the 95th percentile is the highest of them.
    Null few;
    ENSURE(mmd2_null(draw_normals, &seed, N, N, 2, kernels[0], 19, &scratch, &few));
    for (int i = 0; i < 19; i++) {
        draw_normals(&seed, (uint32_t)i * 2 * N, 2 * N, x);
        ENSURE(mmd2(x, N, x + 2 * N, N, 2, kernels[0]) <= few.q95);
    }
}

TEST(measures, "the permutation test scores the labeling as given, and its relabelings are those of one pass over the pool") {
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    static const int rows[][2] = { { 2, 2 }, { 9, 4 }, { 40, 70 } };
    float x[140], y[140];
    for (int r = 0; r < 3; r++) {
        for (int k = 0; k < 4; k++) {
            int n = rows[r][0], m = rows[r][1];
            check_during("%d and %d rows, kernel %d", n, m, k);
            normal_rows(x, n, 2, 0, 1, 5);
            normal_rows(y, m, 2, 0.2, 1, 6);
            double value, p;
            Null null;
            ENSURE(mmd2_permutation(x, n, y, m, 2, kernels[k], 30, 1, &scratch, &value, &p, &null));
            ENSURE_EQUAL(budget.used, 0);
            ENSURE_CLOSE(value, mmd2(x, n, y, m, 2, kernels[k]), 1e-5);
            ENSURE(p >= 1.0 / 31 && p <= 1 && null.q95 <= null.q99 && null.mean < null.q99);
        }
    }
    // Four rows in two pairs: of the six labelings two score high (the pairs kept together), four low.
    float a[2] = { 0, 0 }, b[2] = { 9, 9 };
    double value, p;
    Null null;
    ENSURE(mmd2_permutation(a, 2, b, 2, 1, kernels[0], 3000, 1, &scratch, &value, &p, &null));
    double high = 2 - 2 / 82.0, low = 2 / 82.0 - (2 + 2 / 82.0 * 2) / 2;
    ENSURE_CLOSE(value, high, 1e-6);
    ENSURE_CLOSE(p, 1.0 / 3, 4 * sqrt(2.0 / 9 / 3000));
    ENSURE_CLOSE(null.mean, high / 3 + low * 2 / 3, 4 * (high - low) * sqrt(2.0 / 9 / 3000));
    ENSURE_CLOSE(null.q95, high, 1e-6);
}

TEST(measures, "the p-value is uniform when the laws agree, and least when they are apart") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 24, TRIES = 300 };
    float x[4 * N];
    int below_10 = 0, below_50 = 0;
    double value, p;
    Null null;
    for (uint32_t i = 0; i < TRIES; i++) {
        uint32_t seed = 3;
        draw_normals(&seed, i * 2 * N, 2 * N, x);
        ENSURE(mmd2_permutation(x, N, x + 2 * N, N, 2, kernels[0], 99, i, &scratch, &value, &p, &null));
        below_10 += p <= 0.1;
        below_50 += p <= 0.5;
    }
    ENSURE_CLOSE(below_10, 0.1 * TRIES, 4 * sqrt(0.09 * TRIES));
    ENSURE_CLOSE(below_50, 0.5 * TRIES, 4 * sqrt(0.25 * TRIES));
    for (int i = 0; i < 2 * N; i++) x[i] += 5;
    ENSURE(mmd2_permutation(x, N, x + 2 * N, N, 2, kernels[0], 99, 1, &scratch, &value, &p, &null));
    ENSURE_CLOSE(p, 0.01, 1e-12);
    ENSURE(value > 3 * null.q99);
}

TEST(measures, "a null without memory fails with the numbers and leaves nothing behind") {
    Budget budget = { .limit = 100000 };
    Arena scratch;
    arena_init(&scratch, "scratch", &budget);
    uint32_t seed = 1;
    Null null;
    static float x[2000];
    double value, p;
    ENSURE_FAILS(mmd2_null(draw_normals, &seed, 10000, 10000, 2, kernels[0], 10, &scratch, &null), ERROR_OUT_OF_MEMORY);
    ENSURE_FAILS(mmd2_permutation(x, 500, x, 500, 2, kernels[0], 200, 1, &scratch, &value, &p, &null), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(budget.used, 0);
}

// --- Eigenvalues -----------------------------------------------------------------------------------------------------------

enum { D = 40 };

// a = sum_k value[k] q_k q_k' for orthonormal q_k: products of Householder reflections of random vectors.
static void symmetric_with(const double *value, int d, double *a, uint32_t seed) {
    for (int i = 0; i < d * d; i++) a[i] = i / d == i % d ? value[i / d] : 0;
    Rng r = rng_at((Key){ seed, STREAM_MEASURE }, 0, 0);
    for (int k = 0; k < 3; k++) {
        double v[D], norm = 0;
        for (int i = 0; i < d; i++) {
            v[i] = rng_g(&r);
            norm += v[i] * v[i];
        }
        for (int side = 0; side < 2; side++) {                        // a (I - 2 v v'/v'v), then the same from the left
            for (int i = 0; i < d; i++) {
                double dot = 0;
                for (int j = 0; j < d; j++) dot += (side ? a[j * d + i] : a[i * d + j]) * v[j];
                for (int j = 0; j < d; j++) *(side ? &a[j * d + i] : &a[i * d + j]) -= 2 * dot / norm * v[j];
            }
        }
    }
    for (int i = 0; i < d; i++) for (int j = 0; j < i; j++) a[i * d + j] = a[j * d + i];
}

TEST(measures, "Jacobi finds the eigenvalues a matrix was made from, with orthonormal vectors, equal and zero ones too") {
    static const int sizes[] = { 1, 2, 3, 7, D };
    static double a[D * D], copy[D * D], vectors[D * D];
    for (int s = 0; s < 5; s++) {
        for (int kind = 0; kind < 4; kind++) {
            int d = sizes[s];
            check_during("d = %d, spectrum %d", d, kind);
            double want[D], got[D];
            for (int i = 0; i < d; i++) {
                double spread = d - i;
                want[i] = kind == 0 ? spread : kind == 1 ? pow(10, -i * 12.0 / d) : kind == 2 ? (i < d / 2 ? 5 : 0) : 3 - i;
            }
            symmetric_with(want, d, a, 11);
            memcpy(copy, a, sizeof a);
            ENSURE(eigen_symmetric(copy, d, got, vectors));
            double size = fabs(want[0]) + fabs(want[d - 1]);
            for (int i = 0; i < d; i++) ENSURE_CLOSE(got[i], want[i], 1e-14 * d * size);
            for (int p = 0; p < d; p++) {
                for (int q = 0; q < d; q++) {
                    double dot = 0, image = 0;
                    for (int k = 0; k < d; k++) {
                        dot += vectors[p * d + k] * vectors[q * d + k];
                        image += a[q * d + k] * vectors[p * d + k];       // element q of a v_p
                    }
                    ENSURE_CLOSE(dot, p == q, 1e-14 * d);
                    ENSURE_CLOSE(image, got[p] * vectors[p * d + q], 1e-14 * d * size);
                }
            }
        }
    }
    double nan[1] = { NAN }, value[1], vector[1];
    ENSURE(!eigen_symmetric(nan, 1, value, vector));
}

// --- Frechet distance --------------------------------------------------------------------------------------------------------

static double frechet_of(const double *mean_a, const double *cov_a, const double *mean_b, const double *cov_b, int d) {
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    double out = -1;
    ENSURE(frechet(mean_a, cov_a, mean_b, cov_b, d, &scratch, &out));
    ENSURE_EQUAL(budget.used, 0);
    return out;
}

TEST(measures, "the Frechet distance of two Gaussians has its closed form on the line, in the plane and for common axes") {
    double m0 = 1, s0 = 4, m1 = -1, s1 = 9, zero[D] = { 0 };
    ENSURE_CLOSE(frechet_of(&m0, &s0, &m1, &s1, 1), 4 + 1, 1e-13);       // (mean)^2 + (std - std')^2

    // In the plane tr (A B)^1/2 = sqrt(tr AB + 2 sqrt(det A det B)), by Cayley-Hamilton.
    double a[4] = { 2, 0.7, 0.7, 1 }, b[4] = { 0.5, -0.4, -0.4, 3 };
    double root = sqrt(a[0] * b[0] + 2 * a[1] * b[1] + a[3] * b[3] + 2 * sqrt((a[0] * a[3] - a[1] * a[1]) * (b[0] * b[3] - b[1] * b[1])));
    ENSURE_CLOSE(frechet_of(zero, a, zero, b, 2), 3 + 3.5 - 2 * root, 1e-13);

    static double p[D * D], q[D * D];
    double vp[D], vq[D], sum = 0;
    for (int i = 0; i < D; i++) {
        vp[i] = 1 + i;
        vq[i] = i % 3 ? 0.01 * i * i : 0;                                  // rank-deficient
        sum += (sqrt(vp[i]) - sqrt(vq[i])) * (sqrt(vp[i]) - sqrt(vq[i]));
    }
    symmetric_with(vp, D, p, 3);
    symmetric_with(vq, D, q, 3);
    ENSURE_CLOSE(frechet_of(zero, p, zero, q, D), sum, 1e-5);              // sqrt of an eigenvalue that rounding made 1e-14
    ENSURE_CLOSE(frechet_of(zero, q, zero, p, D), sum, 1e-5);
    ENSURE_CLOSE(frechet_of(zero, p, zero, p, D), 0, 1e-10);                  // traces of some 800
}

TEST(measures, "a constant shift of every row scores its squared length") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 300 };
    static float x[N * D], y[N * D];
    double want = 0, got;
    normal_rows(x, N, D, 0, 1, 8);
    for (int i = 0; i < N * D; i++) {
        x[i] = floorf(x[i] * 256) / 256;                                    // so that adding the shift is exact
        y[i] = x[i] + (float)(i % D) / 64;
    }
    for (int k = 0; k < D; k++) want += k * k / 4096.0;
    ENSURE(frechet_samples(x, N, y, N, D, &scratch, &got));
    ENSURE_CLOSE(got, want, 1e-10);
    ENSURE_FAILS(frechet_samples(x, 1, y, N, D, &scratch, &got), ERROR_BAD_ARGUMENT);
    y[7] = NAN;
    ENSURE_FAILS(frechet_samples(x, N, y, N, D, &scratch, &got), ERROR_BAD_ARGUMENT);
    Budget budget = { .limit = 1000 };
    arena_init(&scratch, "scratch", &budget);
    ENSURE_FAILS(frechet_samples(x, N, x, N, D, &scratch, &got), ERROR_OUT_OF_MEMORY);
}

TEST(measures, "two samples of one isotropic law score d (d + 5) / 2n, the floor that the header states") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 1000, DIM = 10, ROUNDS = 20 };
    static float x[N * DIM], y[N * DIM];
    double value[ROUNDS];
    for (uint32_t i = 0; i < ROUNDS; i++) {
        normal_rows(x, N, DIM, 0, 1, 50 + 2 * i);
        normal_rows(y, N, DIM, 0, 1, 51 + 2 * i);
        ENSURE(frechet_samples(x, N, y, N, DIM, &scratch, &value[i]));
    }
    Mean m = mean_of(value, ROUNDS);
    ENSURE_CLOSE(m.mean, DIM * (DIM + 5) / (2.0 * N), 4 * m.se + 0.003);     // to first order in 1/n
}

TEST(measures, "the distance of rows to a Gaussian is that of their own, and its standard error is the spread under other draws of them") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 400, DIM = 8, ROUNDS = 150 };
    static float x[N * DIM];
    double mean[DIM] = { 1, 0, 0, .5 }, cov[DIM * DIM] = { 0 }, own[DIM], own_cov[DIM * DIM], value[ROUNDS], se[ROUNDS], want;
    for (int i = 0; i < DIM; i++) cov[i * DIM + i] = i % 3 ? 1 : 4;
    double apart = 1.25 + 3 * 1;                                            // of three axes the standard deviation is 2, not 1
    for (uint32_t i = 0; i < ROUNDS; i++) {
        normal_rows(x, N, DIM, 0, 1, 70 + i);
        ENSURE(frechet_to(x, N, mean, cov, DIM, &scratch, &value[i], &se[i]));
        mean_cov(x, N, DIM, own, own_cov);
        ENSURE(frechet(mean, cov, own, own_cov, DIM, &scratch, &want));
        ENSURE_CLOSE(value[i], want, 1e-12);
    }
    Mean m = mean_of(value, ROUNDS), e = mean_of(se, ROUNDS);
    ENSURE_CLOSE(m.mean, apart, 4 * m.se + DIM * (DIM + 5) / (4. * N));     // the bias of one sample, at most
    double spread = m.se * sqrt(ROUNDS);
    ENSURE_SAYING(fabs(spread / e.mean - 1) < 4 / sqrt(2. * ROUNDS), "they spread by %g, and say %g", spread, e.mean);
    ENSURE_FAILS(frechet_to(x, 1, mean, cov, DIM, &scratch, &want, &want), ERROR_BAD_ARGUMENT);
    x[5] = NAN;
    ENSURE_FAILS(frechet_to(x, N, mean, cov, DIM, &scratch, &want, &want), ERROR_BAD_ARGUMENT);
}

TEST(measures, "a column that never moves adds its distance and nothing to the error") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 100, DIM = 3 };
    float x[N * DIM];
    double mean[DIM] = { 0 }, cov[DIM * DIM] = { [0] = 1, [4] = 1 }, two, se, three, se_3;
    normal_rows(x, N, DIM, 0, 1, 5);
    for (int i = 0; i < N; i++) x[i * DIM + 2] = 7;
    ENSURE(frechet_to(x, N, mean, cov, DIM, &scratch, &three, &se_3));
    for (int i = 0; i < N; i++) for (int a = 0; a < 2; a++) x[2 * i + a] = x[3 * i + a];
    ENSURE(frechet_to(x, N, mean, (double[]){ 1, 0, 0, 1 }, 2, &scratch, &two, &se));
    ENSURE_CLOSE(three, two + 49, 1e-9);
    ENSURE_CLOSE(se_3, se, 1e-9);
}

// --- Spread within a class ---------------------------------------------------------------------------------------------------

TEST(measures, "the spread of a class is the trace of its rows' covariance, of one row there is none") {
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    float x[14] = { 0, 0, 5, 5, 2, 0, 1, 3, 9, 9, 5, 5, 1, 3 };
    int32_t label[7] = { 0, 1, 0, 0, 2, 1, 0 };
    ClassSpread got[4];
    ENSURE(class_traces(x, label, 7, 2, 4, &scratch, got));
    ENSURE_EQUAL(budget.used, 0);
    ENSURE_CLOSE(got[0].trace, (2 + 9) / 3., 1e-12);                            // about (1, 1.5): 1 + 2.25 four times, less 2; by hand 11 / 3
    ENSURE(got[1].trace == 0 && got[1].relative == 0 && isnan(got[2].trace) && isnan(got[3].trace));
    budget.limit = 1;
    ENSURE_FAILS(class_traces(x, label, 7, 2, 4, &scratch, got), ERROR_OUT_OF_MEMORY);
}

TEST(measures, "class spread is the ratio where all classes share it, 0 when one of them collapses, and its error is the spread under other draws") {
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    enum { N = 300, DIM = 5, CLASSES = 3, ROUNDS = 100 };
    static float x[N * DIM];
    int32_t label[N];
    ClassSpread own[CLASSES], reference[CLASSES] = { { DIM, 0 }, { DIM, 0 }, { 2 * DIM, 0 } };
    double value[ROUNDS], se[ROUNDS];
    for (int i = 0; i < N; i++) label[i] = i % CLASSES;
    for (uint32_t r = 0; r < ROUNDS; r++) {
        normal_rows(x, N, DIM, 0, 1, 200 + r);
        for (int i = 0; i < N * DIM; i++) x[i] = x[i] * (label[i / DIM] == 2 ? sqrtf(3.) : sqrtf(1.5f)) + (float)label[i / DIM];
        ENSURE(class_traces(x, label, N, DIM, CLASSES, &scratch, own));
        value[r] = class_spread(own, reference, CLASSES, &se[r]);
    }
    Mean m = mean_of(value, ROUNDS), e = mean_of(se, ROUNDS);
    ENSURE_CLOSE(m.mean, 1.5, 4 * m.se + .01);                                  // the mean of a logarithm is low by its variance / 2
    ENSURE_SAYING(fabs(m.se * sqrt(ROUNDS) / e.mean - 1) < 4 / sqrt(2. * ROUNDS) + .05, "they spread by %g, and say %g", m.se * sqrt(ROUNDS), e.mean);
    for (int i = 0; i < N; i++) for (int j = 0; j < DIM; j++) if (label[i] == 1) x[i * DIM + j] = 4;
    ENSURE(class_traces(x, label, N, DIM, CLASSES, &scratch, own));
    ENSURE(class_spread(own, reference, CLASSES, &se[0]) == 0);
    own[1].trace = NAN;
    ENSURE_CLOSE(class_spread(own, reference, CLASSES, &se[0]), sqrt(own[0].trace / DIM * own[2].trace / (2 * DIM)), 1e-12);
    own[0].trace = own[2].trace = NAN;
    ENSURE(isnan(class_spread(own, reference, CLASSES, &se[0])));
}

// --- Modes -------------------------------------------------------------------------------------------------------------------

static const DataDef *set(const char *id) {
    for (int i = 0; i < n_data_defs; i++) if (!strcmp(data_defs[i]->id, id)) return data_defs[i];
    check_fail(__FILE__, __LINE__, "no data set %s", id);
}

TEST(measures, "a perfect sampler scores its floor: all modes, 98.89 % within 3 std, 39.35 % within 1, KL (K-1)/2n") {
    static const char *const ids[] = { "ring8", "grid25" };
    enum { N = 2500, ROUNDS = 20 };
    static float x[2 * N];
    for (int k = 0; k < 2; k++) {
        check_during("%s", ids[k]);
        const DataDef *def = set(ids[k]);
        Data d;
        ENSURE(data_open(&d, def, NULL));
        ModeScores floor_ = mode_scores_floor(N, def->n_modes);
        double kl[ROUNDS], good[ROUNDS], core[ROUNDS];
        for (uint32_t i = 0; i < ROUNDS; i++) {
            data_draw(&d, SPLIT_TEST, i, 0, N, x, NULL);
            ModeScores s = mode_scores(x, N, def->n_modes, def->mode, def->mode_std);
            ENSURE_EQUAL(s.hit, def->n_modes);
            kl[i] = s.reverse_kl;
            good[i] = s.high_quality;
            core[i] = s.within_1;
        }
        ENSURE_CLOSE(floor_.hit, def->n_modes, 1e-9);
        ENSURE_CLOSE(floor_.high_quality, 0.9889, 5e-5);
        ENSURE_CLOSE(floor_.within_1, 0.3935, 5e-5);
        ENSURE_CLOSE(floor_.reverse_kl, (def->n_modes - 1) / 5000.0, 1e-15);
        ENSURE_CLOSE(mean_of(kl, ROUNDS).mean, floor_.reverse_kl, 4 * mean_of(kl, ROUNDS).se);
        // On ring8 the tails of neighbours count as well: 0.1 % more.
        ENSURE_CLOSE(mean_of(good, ROUNDS).mean, floor_.high_quality, 4 * mean_of(good, ROUNDS).se + 1e-3);
        ENSURE_CLOSE(mean_of(core, ROUNDS).mean, floor_.within_1, 4 * mean_of(core, ROUNDS).se);
        data_close(&d);
    }
    ENSURE_CLOSE(mode_scores_floor(10, 25).hit, 25 * (1 - pow(1 - 0.98889 / 25, 10)), 1e-4);
}

TEST(measures, "collapse onto one mode, a lopsided pair and a miss score as worked out by hand") {
    const DataDef *def = set("ring8");
    float x[40];
    double c[2];
    def->mode(3, c);
    for (int i = 0; i < 20; i++) for (int a = 0; a < 2; a++) x[2 * i + a] = (float)c[a];
    ModeScores s = mode_scores(x, 20, 8, def->mode, def->mode_std);
    ENSURE(s.hit == 1 && s.high_quality == 1 && s.within_1 == 1);
    ENSURE_CLOSE(s.reverse_kl, log(8), 1e-12);
    def->mode(0, c);
    for (int i = 0; i < 5; i++) {                       // a quarter 2 std beside mode 0
        x[2 * i] = (float)(c[0] + 2 * def->mode_std);
        x[2 * i + 1] = (float)c[1];
    }
    s = mode_scores(x, 20, 8, def->mode, def->mode_std);
    ENSURE(s.hit == 2 && s.high_quality == 1 && s.within_1 == 0.75);
    ENSURE_CLOSE(s.reverse_kl, 0.25 * log(2) + 0.75 * log(6), 1e-12);
    for (int i = 0; i < 5; i++) x[2 * i] = (float)(c[0] + 3.1 * def->mode_std);
    s = mode_scores(x, 20, 8, def->mode, def->mode_std);
    ENSURE(s.hit == 1 && s.high_quality == 0.75);
    ENSURE_CLOSE(s.reverse_kl, 0.25 * log(2) + 0.75 * log(6), 1e-12);
}

TEST(measures, "a featureless ring passes the 3-std share on ring8 and fails the 1-std share and the MMD") {
    const DataDef *def = set("ring8");
    enum { N = 1000 };
    static float ring[2 * N], real[2 * N];
    Rng r = rng_at((Key){ 1, STREAM_MEASURE }, 0, 0);
    for (int i = 0; i < N; i++) {
        double t = 2 * REAL_PI * rng_u(&r), radius = 4 / sqrt(2);
        ring[2 * i] = (float)(radius * real_cos(t));
        ring[2 * i + 1] = (float)(radius * real_sin(t));
    }
    ModeScores s = mode_scores(ring, N, 8, def->mode, def->mode_std);
    ENSURE(s.hit == 8 && s.high_quality > 0.9 && s.within_1 < 0.36);
    Data d;
    ENSURE(data_open(&d, def, NULL));
    data_draw(&d, SPLIT_TEST, 1, 0, N, real, NULL);
    double value, p;
    Null null;
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    ENSURE(mmd2_permutation(ring, N, real, N, 2, kernels[0], 99, 1, &scratch, &value, &p, &null));
    ENSURE_CLOSE(p, 0.01, 1e-12);
    ENSURE(value > null.q99);
    data_close(&d);
}

// --- Density estimates and means -----------------------------------------------------------------------------------------------

TEST(measures, "a kernel density estimate integrates to 1, is the mean of its kernels, and stays finite far away") {
    float data[7] = { -2, -1.5f, 0, 0.1f, 0.2f, 1, 3 }, x;
    double mass = 0, log_p;
    for (int i = 0; i < 400; i++) {
        x = (float)(-10 + i * 0.05);
        kde_log_prob(&x, 1, data, 7, 1, 0.4, &log_p);
        mass += exp(log_p) * 0.05;
    }
    ENSURE_CLOSE(mass, 1, 1e-6);                             // single-precision abscissae
    float points[4] = { 0, 0, 1, 2 }, at[2] = { 1, 0 };
    kde_log_prob(at, 1, points, 2, 2, 0.5, &log_p);
    ENSURE_CLOSE(log_p, log((exp(-2) + exp(-8)) / 2 / (2 * REAL_PI * 0.25)), 1e-13);
    at[0] = 1e6f;
    kde_log_prob(at, 1, points, 2, 2, 0.5, &log_p);
    ENSURE_CLOSE(log_p / (-2 * (999999.0 * 999999.0 + 4)), 1, 1e-10);
}

TEST(measures, "a mean comes with its standard error, and one impossible row makes the NLL infinite") {
    double v[4] = { 1, 2, 3, 6 };
    Mean m = mean_of(v, 4);
    ENSURE_CLOSE(m.mean, 3, 1e-15);
    ENSURE_CLOSE(m.se, sqrt((4 + 1 + 0 + 9) / 3.0 / 4), 1e-15);
    ENSURE_EQUAL(m.n, 4);
    ENSURE_CLOSE(mean_nll(v, 4).mean, -3, 1e-15);
    ENSURE(isnan(mean_of(v, 1).se));
    v[2] = -INFINITY;
    m = mean_nll(v, 4);
    ENSURE(isinf(m.mean) && m.mean > 0 && isnan(m.se));
}

// --- Principal components --------------------------------------------------------------------------------------------------------

TEST(measures, "subspace iteration finds the components and variances that the covariance's eigenvectors give") {
    enum { N = 500, K = 5 };
    static float x[N * D];
    normal_rows(x, N, D, 0, 1, 21);
    for (int i = 0; i < N * D; i++) x[i] = x[i] * (float)(2.0 / (1 + i % D)) + 3;
    static double mean[D], cov[D * D], values[D], vectors[D * D], mine[D], components[K * D], variances[K];
    mean_cov(x, N, D, mean, cov);
    double trace = 0;
    for (int i = 0; i < D; i++) trace += cov[i * D + i] * (N - 1) / N;
    ENSURE(eigen_symmetric(cov, D, values, vectors));
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    ENSURE(pca_fit(x, N, D, K, &scratch, mine, components, variances));
    ENSURE_EQUAL(budget.used, 0);
    double rest = trace;
    for (int k = 0; k < K; k++) {
        check_during("component %d", k);
        double dot = 0;
        for (int i = 0; i < D; i++) dot += components[k * D + i] * vectors[k * D + i];
        ENSURE_CLOSE(variances[k] / (values[k] * (N - 1) / N), 1, 1e-6);
        ENSURE_CLOSE(fabs(dot), 1, 1e-3);                    // vectors settle half as far as values
        rest -= variances[k];
    }
    for (int i = 0; i < D; i++) ENSURE_CLOSE(mine[i], mean[i], 1e-12);
    ENSURE_CLOSE(pca_error(x, N, D, mine, components, K), rest, 1e-6 * trace);      // products are single precision
}

TEST(measures, "as many components as the data have directions leave no error; constant rows have none") {
    enum { N = 60, WIDE = 12 };
    float x[N * WIDE], z[N * 3];
    normal_rows(z, N, 3, 0, 1, 31);
    for (int i = 0; i < N; i++) for (int j = 0; j < WIDE; j++)
        x[i * WIDE + j] = z[3 * i] * (float)(j + 1) + z[3 * i + 1] * (float)(j * j % 7) - z[3 * i + 2] * (float)(j & 1) + 5;
    double mean[WIDE], components[WIDE * WIDE], variances[WIDE];
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    ENSURE(pca_fit(x, N, WIDE, 3, &scratch, mean, components, variances));
    ENSURE(variances[2] > 0.01);
    ENSURE_CLOSE(pca_error(x, N, WIDE, mean, components, 3) / variances[0], 0, 1e-12);
    ENSURE(pca_error(x, N, WIDE, mean, components, 2) > 0.01);
    ENSURE(pca_fit(x, N, WIDE, WIDE, &scratch, mean, components, variances));       // more than there are: the rest is empty
    ENSURE_CLOSE(variances[5] / variances[0], 0, 1e-12);
    for (int i = 0; i < N * WIDE; i++) x[i] = (float)(i % WIDE);
    ENSURE(pca_fit(x, N, WIDE, 2, &scratch, mean, components, variances));
    ENSURE_CLOSE(variances[0], 0, 1e-25);                    // the mean is rounded
    ENSURE_CLOSE(pca_error(x, N, WIDE, mean, components, 2), 0, 1e-25);
    ENSURE_FAILS(pca_fit(x, N, WIDE, WIDE + 1, &scratch, mean, components, variances), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(pca_fit(x, 1, WIDE, 1, &scratch, mean, components, variances), ERROR_BAD_ARGUMENT);
    x[3] = NAN;
    ENSURE_FAILS(pca_fit(x, N, WIDE, 2, &scratch, mean, components, variances), ERROR_BAD_ARGUMENT);
}
