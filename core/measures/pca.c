// pca.c -- principal components of many columns, without their covariance matrix.
//
// Subspace iteration: L = k + 8 random directions are multiplied by X'X and made orthonormal again, until the variance that
// they capture no longer grows.  The extra eight make the error fall by (variance k+9 / variance k)^2 per round.  At the end the L x L
// eigenproblem inside the subspace (Rayleigh-Ritz) gives the components in order.
#include <math.h>

#include "base/error.h"
#include "base/rng.h"
#include "kernels/matmul.h"
#include "measures/measures.h"

enum { EXTRA = 8, ROUNDS = 100, CHUNK = 64 };

// A subspace of L directions in d dimensions; v [d,L] has a direction per column.  The two products run on single precision, a chunk of
// rows at a time (float buffers: rows [CHUNK,d], coordinates [CHUNK,L], v and its product [d,L]); sums over chunks are double.
typedef struct {
    const float *x; const double *mean; int n, d, L;
    double *v, *w, *small;
    float *rows, *c, *fv, *fw;
} Space;

static void load_chunk(const Space *s, int first, int n) {
    for (int r = 0; r < n; r++) for (int i = 0; i < s->d; i++) {
        size_t at = (size_t)r * (size_t)s->d + (size_t)i;
        s->rows[at] = (float)((double)s->x[(size_t)first * (size_t)s->d + at] - s->mean[i]);
    }
}

// w = X'X v / n; returns the captured variance, the trace of v' X'X v / n.
static double multiply(const Space *s) {
    size_t many = (size_t)s->d * (size_t)s->L;
    double captured = 0;
    for (size_t i = 0; i < many; i++) {
        s->fv[i] = (float)s->v[i];
        s->w[i] = 0;
    }
    for (int first = 0; first < s->n; first += CHUNK) {
        int n = s->n - first < CHUNK ? s->n - first : CHUNK;
        load_chunk(s, first, n);
        matmul(n, s->L, s->d, s->rows, s->d, false, s->fv, s->L, false, s->c, s->L, false);
        matmul(s->d, s->L, n, s->rows, s->d, true, s->c, s->L, false, s->fw, s->L, false);
        for (int i = 0; i < n * s->L; i++) captured += (double)s->c[i] * (double)s->c[i];
        for (size_t i = 0; i < many; i++) s->w[i] += (double)s->fw[i];
    }
    for (size_t i = 0; i < many; i++) s->w[i] /= s->n;
    return captured / s->n;
}

static double column_dot(const Space *s, const double *a, int p, int q) {
    double sum = 0;
    for (int i = 0; i < s->d; i++) sum += a[(size_t)i * (size_t)s->L + (size_t)p] * a[(size_t)i * (size_t)s->L + (size_t)q];
    return sum;
}

// Gram-Schmidt, twice: once is not enough when columns are nearly parallel.  A column that vanishes becomes zero.
static void orthonormalise(Space *s, double *a) {
    size_t L = (size_t)s->L;
    for (int q = 0; q < s->L; q++) {
        double before = column_dot(s, a, q, q);
        for (int pass = 0; pass < 2; pass++) {
            for (int p = 0; p < q; p++) {
                double dot = column_dot(s, a, p, q);
                for (int i = 0; i < s->d; i++) a[(size_t)i * L + (size_t)q] -= dot * a[(size_t)i * L + (size_t)p];
            }
        }
        double after = column_dot(s, a, q, q), scale = after > 1e-26 * before ? 1 / sqrt(after) : 0;
        for (int i = 0; i < s->d; i++) a[(size_t)i * L + (size_t)q] *= scale;
    }
}

// v' w [L,L] is the covariance inside the subspace; its eigenvectors turn v into the components.
static bool finish(const Space *s, int k, double *components, double *variances) {
    int L = s->L;
    double *cov = s->small, *vectors = cov + L * L, *values = vectors + L * L;
    for (int p = 0; p < L * L; p++) cov[p] = 0;
    for (int i = 0; i < s->d; i++) for (int p = 0; p < L; p++) for (int q = 0; q < L; q++)
        cov[p * L + q] += s->v[(size_t)i * (size_t)L + (size_t)p] * s->w[(size_t)i * (size_t)L + (size_t)q];
    for (int p = 0; p < L; p++) for (int q = 0; q < p; q++) cov[p * L + q] = cov[q * L + p] = (cov[p * L + q] + cov[q * L + p]) / 2;
    if (!eigen_symmetric(cov, L, values, vectors)) return fail(ERROR_BAD_ARGUMENT, "pca: the rows are not finite");
    for (int j = 0; j < k; j++) {
        variances[j] = values[j] > 0 ? values[j] : 0;
        for (int i = 0; i < s->d; i++) {
            double sum = 0;
            for (int l = 0; l < L; l++) sum += vectors[j * L + l] * s->v[(size_t)i * (size_t)L + (size_t)l];
            components[(size_t)j * (size_t)s->d + (size_t)i] = sum;
        }
    }
    return true;
}

static void start(Space *s, double *mean) {
    for (int i = 0; i < s->d; i++) mean[i] = 0;
    for (int r = 0; r < s->n; r++) for (int i = 0; i < s->d; i++) mean[i] += (double)s->x[(size_t)r * (size_t)s->d + (size_t)i] / s->n;
    Rng rng = rng_at((Key){ 0, STREAM_MEASURE }, 0, 0);
    for (size_t i = 0; i < (size_t)s->d * (size_t)s->L; i++) s->v[i] = rng_g(&rng);
    orthonormalise(s, s->v);
}

bool pca_fit(const float *x, int n, int d, int k, Arena *scratch, double *mean, double *components, double *variances) {
    if (n < 2 || k < 1 || k > d) return fail(ERROR_BAD_ARGUMENT, "pca: %d components of %d rows with %d columns", k, n, d);
    size_t L = (size_t)(k + EXTRA < d ? k + EXTRA : d), many = (size_t)d * L;
    ArenaMark mark = arena_mark(scratch);
    Space s = { .x = x, .mean = mean, .n = n, .d = d, .L = (int)L };
    s.v = arena_new(scratch, double, many);
    s.w = arena_new(scratch, double, many);
    s.small = arena_new(scratch, double, 2 * L * L + L);
    s.rows = arena_new(scratch, float, CHUNK * (size_t)d);
    s.c = arena_new(scratch, float, CHUNK * L);
    s.fv = arena_new(scratch, float, many);
    s.fw = arena_new(scratch, float, many);
    bool ok = s.v && s.w && s.small && s.rows && s.c && s.fv && s.fw;
    if (ok) {
        start(&s, mean);
        double captured = multiply(&s), before = -1;
        for (int i = 0; i < ROUNDS && captured - before > 1e-7 * captured; i++) {
            before = captured;
            for (size_t j = 0; j < many; j++) s.v[j] = s.w[j];
            orthonormalise(&s, s.v);
            captured = multiply(&s);
        }
        ok = finish(&s, k, components, variances);
    }
    arena_release(scratch, mark);
    return ok;
}

double pca_error(const float *x, int n, int d, const double *mean, const double *components, int k) {
    double error = 0;
    for (int r = 0; r < n; r++) {
        const float *row = x + (size_t)r * (size_t)d;
        double rest = 0;
        for (int i = 0; i < d; i++) rest += ((double)row[i] - mean[i]) * ((double)row[i] - mean[i]);
        for (int j = 0; j < k; j++) {
            const double *v = components + (size_t)j * (size_t)d;
            double dot = 0;
            for (int i = 0; i < d; i++) dot += ((double)row[i] - mean[i]) * v[i];
            rest -= dot * dot;
        }
        error += rest / n;
    }
    return error;
}
