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

// With R'R = S (root) and M = R S' R', of eigenvalues value[k]: slope[k] = R' w_k, w_k the eigenvectors of M.  All [d,d] but value [d].
typedef struct { double *root, *slope, *vectors, *work, *value; } Root;

static bool root_new(Root *r, int d, Arena *scratch) {
    size_t dd = (size_t)d * (size_t)d;
    double *at = arena_new(scratch, double, 4 * dd + (size_t)d);
    *r = (Root){ .root = at, .slope = at + dd, .vectors = at + 2 * dd, .work = at + 3 * dd, .value = at + 4 * dd };
    return at;
}

static bool root_of(Root *r, const double *cov_a, const double *cov_b, int d) {
    double *a = r->work;
    for (int i = 0; i < d * d; i++) a[i] = cov_a[i];
    bool good = eigen_symmetric(a, d, r->value, r->root);
    for (int i = 0; good && i < d; i++) for (int k = 0; k < d; k++) r->root[i * d + k] *= sqrt(r->value[i] > 0 ? r->value[i] : 0);
    if (good) {
        product(r->root, cov_b, false, d, r->slope);
        product(r->slope, r->root, true, d, a);
        for (int i = 0; i < d; i++) for (int j = 0; j < i; j++) a[i * d + j] = a[j * d + i] = (a[i * d + j] + a[j * d + i]) / 2;
        good = eigen_symmetric(a, d, r->value, r->vectors);
    }
    if (!good) return fail(ERROR_BAD_ARGUMENT, "frechet: a covariance is not finite");
    product(r->vectors, r->root, false, d, r->slope);
    return true;
}

static double distance(const Root *r, const double *mean_a, const double *cov_a, const double *mean_b, const double *cov_b, int d) {
    double trace = 0, sum = 0;
    for (int i = 0; i < d; i++) trace += sqrt(r->value[i] > 0 ? r->value[i] : 0);
    for (int i = 0; i < d; i++) {
        double e = mean_a[i] - mean_b[i];
        sum += e * e + cov_a[i * d + i] + cov_b[i * d + i];
    }
    return sum - 2 * trace;
}

bool frechet(const double *mean_a, const double *cov_a, const double *mean_b, const double *cov_b, int d, Arena *scratch, double *out) {
    ArenaMark mark = arena_mark(scratch);
    Root r;
    bool ok = root_new(&r, d, scratch) && root_of(&r, cov_a, cov_b, d);
    if (ok) *out = distance(&r, mean_a, cov_a, mean_b, cov_b, d);
    arena_release(scratch, mark);
    return ok;
}

// What one row adds to the distance, to first order and up to a constant: the distance's derivative at the Gaussian b of the rows is 2 (mu_b - mu_a) in
// its mean and I - sum_k slope_k slope_k' / sqrt(value_k) in its covariance.  Directions without variance have nothing to add.
static double influence(const Root *r, const float *row, const double *mean_a, const double *mean_b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) {
        double c = (double)row[i] - mean_b[i];
        sum += c * (2 * (mean_b[i] - mean_a[i]) + c);
    }
    for (int k = 0; k < d && r->value[k] > 1e-10 * r->value[0]; k++) {
        double dot = 0;
        for (int i = 0; i < d; i++) dot += r->slope[k * d + i] * ((double)row[i] - mean_b[i]);
        sum -= dot * dot / sqrt(r->value[k]);
    }
    return sum;
}

bool frechet_to(const float *x, int n, const double *mean, const double *cov, int d, Arena *scratch, double *out, double *se) {
    if (n < 2) return fail(ERROR_BAD_ARGUMENT, "frechet: %d rows; at least 2 are needed", n);
    ArenaMark mark = arena_mark(scratch);
    Root r;
    double *own = arena_new(scratch, double, (size_t)d + (size_t)d * (size_t)d), *share = arena_new(scratch, double, n);
    bool ok = own && share && root_new(&r, d, scratch);
    if (ok) mean_cov(x, n, d, own, own + d);
    if (ok && (ok = root_of(&r, cov, own + d, d))) {
        *out = distance(&r, mean, cov, own, own + d, d);
        for (int i = 0; i < n; i++) share[i] = influence(&r, x + (size_t)i * (size_t)d, mean, own, d);
        *se = mean_of(share, n).se;
    }
    arena_release(scratch, mark);
    return ok;
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
