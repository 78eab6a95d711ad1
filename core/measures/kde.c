// kde.c -- kernel density estimate: the mean of a Gaussian of width h around every row of data (Parzen 1962).
#include <math.h>

#include "base/real.h"
#include "measures/measures.h"

static double distance2(const float *a, const float *b, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

// Log-sum-exp on the way: the sum is kept relative to the nearest row so far.
static double log_mean_kernel(const float *x, const float *data, int n, int d, double h) {
    double nearest = (double)INFINITY, sum = 0, scale = 1 / (2 * h * h);
    for (int i = 0; i < n; i++) {
        double d2 = distance2(x, data + (size_t)i * (size_t)d, d);
        if (d2 < nearest) {
            sum = sum * real_exp((d2 - nearest) * scale) + 1;
            nearest = d2;
        } else sum += real_exp((nearest - d2) * scale);
    }
    return real_log(sum / n) - nearest * scale;
}

void kde_log_prob(const float *x, int m, const float *data, int n, int d, double h, double *log_prob) {
    double norm = d * (0.5 * REAL_LN_2PI + real_log(h));
    for (int i = 0; i < m; i++) log_prob[i] = log_mean_kernel(x + (size_t)i * (size_t)d, data, n, d, h) - norm;
}
