// measures.h -- how far samples are from data: plain functions on plain arrays.
//
// x is [n,d], y is [m,d], row-major floats.  Sums are kept in double; every function gives the same bits in every build.  What needs
// memory takes it from `scratch` and gives it back before it returns; those functions return false when there is none.
// Each measure comes with what a perfect sampler scores: no finite sample scores perfectly.
#ifndef GENPLAY_MEASURES_H
#define GENPLAY_MEASURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

// --- Kernel distances between samples (mmd.c) ----------------------------------------------------------------------

typedef enum {
    KERNEL_IMQ,          // c / (c + |x-y|^2), width = c > 0 in squared data units
    KERNEL_GAUSSIAN,     // N(x - y; 0, 2 h^2 I), width = h > 0 in data units
    KERNEL_DISTANCE,     // -|x-y|, no width
} KernelKind;
typedef struct { KernelKind kind; float width; } Kernel;

// Squared maximum mean discrepancy, unbiased: mean over pairs within x + mean over pairs within y - 2 mean over pairs x, y.
// Can be negative; its expectation is 0 when the laws agree.  n, m >= 2, else NaN.  O((n+m)^2 d) time, no memory.  A kernel value
// has single precision: relative error 1e-6 up to d = 1000.  Gretton et al. 2012, "A kernel two-sample test", eq. 3.
double mmd2(const float *x, int n, const float *y, int m, int d, Kernel kernel);

// The three by name.  With the Gaussian kernel MMD^2 is the squared L2 distance between kernel density estimates of width h; with
// minus the distance it is the energy distance 2 E|x-y| - E|x-x'| - E|y-y'| (Szekely & Rizzo 2013).
double mmd2_imq(const float *x, int n, const float *y, int m, int d, float c);
double mmd2_gaussian(const float *x, int n, const float *y, int m, int d, float h);
double energy_distance(const float *x, int n, const float *y, int m, int d);

// What mmd2 gives when nothing is wrong: the 95th and 99th percentile and the mean of its values under the null hypothesis.
typedef struct { double mean, q95, q99; } Null;

// Real against real: `rounds` pairs of fresh samples, one after another from a sequence; draw fills rows first..first+n-1 of it.
typedef void DrawRows(void *self, uint32_t first, int n, float *x);
bool mmd2_null(DrawRows *draw, void *self, int n, int m, int d, Kernel kernel, int rounds, Arena *scratch, Null *out);

// One x and one y that may differ: *value = mmd2(x, y), *null from `rounds` random relabelings of the pooled rows, *p = share of
// relabelings (the given one counted) that score as high.  O((n+m)^2 (d + rounds)) time, 4 (n+m) rounds bytes.  Gretton et al., section 5.
bool mmd2_permutation(const float *x, int n, const float *y, int m, int d, Kernel kernel, int rounds, uint32_t seed, Arena *scratch,
                      double *value, double *p, Null *null);

// --- Frechet distance (frechet.c) ----------------------------------------------------------------------------------

// Mean [d] and covariance [d,d] of the rows, with divisor n - 1; n >= 2.
void mean_cov(const float *x, int n, int d, double *mean, double *cov);

// |mu - mu'|^2 + tr(S + S' - 2 (S^1/2 S' S^1/2)^1/2), eigenvalues clipped at 0: the squared Wasserstein-2 distance between two Gaussians
// (Dowson & Landau 1982).  Call it FID only when the rows are features of Inception.  O(d^3): meant for d up to some hundreds.
// Samples never score 0: n rows against their own law score about tr S (d + 5) / 4n when S is isotropic, less when it is not, and two
// samples the sum of both.  Compare at equal n.
bool frechet(const double *mean_a, const double *cov_a, const double *mean_b, const double *cov_b, int d, Arena *scratch, double *out);
bool frechet_samples(const float *x, int n, const float *y, int m, int d, Arena *scratch, double *out);
// Of rows x [n,d] from a Gaussian that is known, with its standard error under another draw of the rows, to first order (the delta method).
bool frechet_to(const float *x, int n, const double *mean, const double *cov, int d, Arena *scratch, double *out, double *se);

// Eigenvalues, largest first, and eigenvectors (row k of vectors [d,d] belongs to values[k]) of the symmetric a [d,d], which is
// destroyed.  Cyclic Jacobi: relative to the largest eigenvalue, errors are below 1e-14 d.  False: a is not finite.
bool eigen_symmetric(double *a, int d, double *values, double *vectors);

// --- How far the rows of a class lie from each other (spread.c) -----------------------------------------------------

// tr S of the rows of a class, NaN of fewer than two; and the relative standard error of that.
typedef struct { double trace, relative; } ClassSpread;
// label: [n] in 0..classes-1; out [classes].
bool class_traces(const float *x, const int32_t *label, int n, int d, int classes, Arena *scratch, ClassSpread *out);

// The geometric mean over the classes of tr S / tr S_reference, without classes that either side has too few rows of: 1 where classes spread as widely
// as the reference's, 0 where one has collapsed, which in an arithmetic mean another could make good.  NaN: no class is left.  *se: under another
// draw of the rows of x.
double class_spread(const ClassSpread *x, const ClassSpread *reference, int classes, double *se);

// --- Modes of a mixture (modes.c) ----------------------------------------------------------------------------------

enum { MODES_MAX = 256 };
typedef struct {
    double hit;              // modes with at least one sample within 3 std
    double high_quality;     // share of samples within 3 std of their nearest mode
    double within_1;         // share within 1 std: a featureless ring through ring8 scores 90 % above, but not here
    double reverse_kl;       // KL(share of samples nearest to each mode || uniform), nats
} ModeScores;

// x: [n,2], n >= 1; mode: centre of mode k < n_modes <= MODES_MAX.  Definitions of Lin et al. 2018 (PacGAN, arXiv:1712.04086), section 4.1.
ModeScores mode_scores(const float *x, int n, int n_modes, void (*mode)(int k, double centre[2]), double std);

// What n draws of the mixture itself score on average: 1 - e^-9/2 = 98.89 %, 1 - e^-1/2 = 39.35 %, KL (K-1)/2n.
ModeScores mode_scores_floor(int n, int n_modes);

// --- Densities (kde.c, mean.c) -------------------------------------------------------------------------------------

// log of the Gaussian kernel density estimate of width h from data [n,d], at each row of x [m,d].  Exact sum in double, O(n m d).
void kde_log_prob(const float *x, int m, const float *data, int n, int d, double h, double *log_prob);

typedef struct { double mean, se; int n; } Mean;      // se: standard error; NaN for n < 2

Mean mean_of(const double *value, int n);

// -mean log p.  One impossible row (log p = -inf) makes it infinite, with se NaN.
Mean mean_nll(const double *log_prob, int n);

// --- Principal components (pca.c) ----------------------------------------------------------------------------------

// The k leading principal components of x [n,d], n >= 2, 1 <= k <= d: mean [d], components [k,d] (orthonormal rows), variances [k]
// (divisor n).  Subspace iteration with Rayleigh-Ritz until the captured variance settles to 1e-7.  O(n d k) per iteration.  Directions
// without variance may come out as zero rows.
bool pca_fit(const float *x, int n, int d, int k, Arena *scratch, double *mean, double *components, double *variances);

// Mean over the rows of x of the squared error after projection on the components: sum over columns, mean over rows.
double pca_error(const float *x, int n, int d, const double *mean, const double *components, int k);

#endif
