// frechet.c -- Frechet distance between Gaussians fitted to two samples.
//
// The trace of (S^1/2 S' S^1/2)^1/2 needs no square root of a matrix: with S = V' diag(l) V it is the sum of the square roots of the
// eigenvalues of diag(l)^1/2 V S' V' diag(l)^1/2.  A covariance of few rows has zero eigenvalues that rounding makes negative: clipped.
#include <math.h>

#include "base/error.h"
#include "measures/measures.h"

void mean_cov(const float *x, int n, int d, double *mean, double *cov) {
    for (int i = 0; i < d; i++) mean[i] = 0;
    for (int i = 0; i < d * d; i++) cov[i] = 0;
    for (int r = 0; r < n; r++) for (int i = 0; i < d; i++) mean[i] += (double)x[(size_t)r * (size_t)d + (size_t)i];
    for (int i = 0; i < d; i++) mean[i] /= n;
    for (int r = 0; r < n; r++) {
        const float *row = x + (size_t)r * (size_t)d;
        for (int i = 0; i < d; i++) {
            double a = (double)row[i] - mean[i];
            for (int j = 0; j <= i; j++) cov[i * d + j] += a * ((double)row[j] - mean[j]);
        }
    }
    for (int i = 0; i < d; i++) for (int j = 0; j <= i; j++) cov[i * d + j] = cov[j * d + i] = cov[i * d + j] / (n - 1);
}

// out = a b, or a b' when turned; all [d,d].
static void product(const double *a, const double *b, bool turned, int d, double *out) {
    for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
            double sum = 0;
            for (int k = 0; k < d; k++) sum += a[i * d + k] * (turned ? b[j * d + k] : b[k * d + j]);
            out[i * d + j] = sum;
        }
    }
}

// Three matrices and a vector of work.  False: not finite.
static bool trace_of_root(const double *cov_a, const double *cov_b, int d, double *work, double *trace) {
    int dd = d * d;
    double *a = work, *v = work + dd, *b = work + 2 * dd, *value = work + 3 * dd;
    for (int i = 0; i < dd; i++) a[i] = cov_a[i];
    if (!eigen_symmetric(a, d, value, v)) return false;
    for (int i = 0; i < d; i++) for (int k = 0; k < d; k++) v[i * d + k] *= sqrt(value[i] > 0 ? value[i] : 0);
    product(v, cov_b, false, d, b);
    product(b, v, true, d, a);
    for (int i = 0; i < d; i++) for (int j = 0; j < i; j++) a[i * d + j] = a[j * d + i] = (a[i * d + j] + a[j * d + i]) / 2;
    if (!eigen_symmetric(a, d, value, v)) return false;
    *trace = 0;
    for (int i = 0; i < d; i++) *trace += sqrt(value[i] > 0 ? value[i] : 0);
    return true;
}

bool frechet(const double *mean_a, const double *cov_a, const double *mean_b, const double *cov_b, int d, Arena *scratch, double *out) {
    ArenaMark mark = arena_mark(scratch);
    double *work = arena_new(scratch, double, 3 * (size_t)d * (size_t)d + (size_t)d), trace = 0;
    bool ok = work && (trace_of_root(cov_a, cov_b, d, work, &trace) || fail(ERROR_BAD_ARGUMENT, "frechet: a covariance is not finite"));
    arena_release(scratch, mark);
    if (!ok) return false;
    double sum = -2 * trace;
    for (int i = 0; i < d; i++) {
        double e = mean_a[i] - mean_b[i];
        sum += e * e + cov_a[i * d + i] + cov_b[i * d + i];
    }
    *out = sum;
    return true;
}

bool frechet_samples(const float *x, int n, const float *y, int m, int d, Arena *scratch, double *out) {
    if (n < 2 || m < 2) return fail(ERROR_BAD_ARGUMENT, "frechet: %d and %d rows; at least 2 and 2 are needed", n, m);
    ArenaMark mark = arena_mark(scratch);
    size_t one = (size_t)d + (size_t)d * (size_t)d;
    double *a = arena_new(scratch, double, 2 * one), *b = a ? a + one : NULL;
    if (a) {
        mean_cov(x, n, d, a, a + d);
        mean_cov(y, m, d, b, b + d);
    }
    bool ok = a && frechet(a, a + d, b, b + d, d, scratch, out);
    arena_release(scratch, mark);
    return ok;
}
