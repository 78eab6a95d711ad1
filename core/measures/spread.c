// spread.c -- do the samples of each class differ from each other as much as real examples of it do?
//
// A conditional sampler that gives one good example per class is read right every time.  What it lacks is tr S, the mean squared distance of a class's
// rows from their mean.  The standard error of log tr S is that of the mean of those squared distances, over the mean.
#include <math.h>

#include "base/real.h"
#include "measures/measures.h"

static double distance2(const float *x, const double *mean, int d) {
    double sum = 0;
    for (int i = 0; i < d; i++) sum += ((double)x[i] - mean[i]) * ((double)x[i] - mean[i]);
    return sum;
}

bool class_traces(const float *x, const int32_t *label, int n, int d, int classes, Arena *scratch, ClassSpread *out) {
    ArenaMark mark = arena_mark(scratch);
    double *mean = arena_new(scratch, double, (size_t)classes * (size_t)d), *square = arena_new(scratch, double, classes);
    int *rows = arena_new(scratch, int, classes);
    bool ok = mean && square && rows;
    for (int k = 0; ok && k < classes; k++) out[k] = (ClassSpread){ 0 };
    for (int i = 0; ok && i < n; i++) {
        rows[label[i]]++;
        for (int j = 0; j < d; j++) mean[label[i] * d + j] += (double)x[(size_t)i * (size_t)d + (size_t)j];
    }
    for (int k = 0; ok && k < classes; k++) for (int j = 0; j < d && rows[k]; j++) mean[k * d + j] /= rows[k];
    for (int i = 0; ok && i < n; i++) {
        double away = distance2(x + (size_t)i * (size_t)d, mean + label[i] * d, d);
        out[label[i]].trace += away, square[label[i]] += away * away;
    }
    for (int k = 0; ok && k < classes; k++) {
        double typical = out[k].trace / rows[k], var = square[k] / rows[k] - typical * typical;
        out[k].relative = typical > 0 ? sqrt((var > 0 ? var : 0) / rows[k]) / typical : 0;
        out[k].trace = rows[k] > 1 ? out[k].trace / (rows[k] - 1) : (double)NAN;
    }
    arena_release(scratch, mark);
    return ok;
}

double class_spread(const ClassSpread *x, const ClassSpread *reference, int classes, double *se) {
    double log_ratio = 0, square = 0, least = 1;
    int used = 0;
    for (int k = 0; k < classes; k++) {
        if (isnan(x[k].trace) || !(reference[k].trace > 0)) continue;
        double ratio = x[k].trace / reference[k].trace;
        least = ratio < least ? ratio : least;
        log_ratio += least > 0 ? real_log(ratio) : 0;
        square += x[k].relative * x[k].relative;
        used++;
    }
    double mean = !used ? (double)NAN : least > 0 ? real_exp(log_ratio / used) : 0;
    *se = mean * sqrt(square) / used;
    return mean;
}
