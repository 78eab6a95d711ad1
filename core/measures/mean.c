// mean.c -- a mean and how far it may be from the truth.
#include <math.h>

#include "measures/measures.h"

Mean mean_of(const double *value, int n) {
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += value[i];
    double mean = sum / n;
    for (int i = 0; i < n; i++) square += (value[i] - mean) * (value[i] - mean);
    return (Mean){ .mean = mean, .se = n > 1 ? sqrt(square / (n - 1) / n) : (double)NAN, .n = n };
}

Mean mean_nll(const double *log_prob, int n) {
    Mean m = mean_of(log_prob, n);
    m.mean = -m.mean;
    return m;
}
