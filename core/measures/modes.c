// modes.c -- does a sampler find every mode of a mixture, and how cleanly?
#include <math.h>

#include "base/real.h"
#include "measures/measures.h"

static int nearest_mode(const float *x, int n_modes, void (*mode)(int k, double centre[2]), double *distance2) {
    int best = 0;
    *distance2 = (double)INFINITY;
    for (int k = 0; k < n_modes; k++) {
        double c[2];
        mode(k, c);
        double dx = (double)x[0] - c[0], dy = (double)x[1] - c[1], d2 = dx * dx + dy * dy;
        if (d2 < *distance2) {
            *distance2 = d2;
            best = k;
        }
    }
    return best;
}

ModeScores mode_scores(const float *x, int n, int n_modes, void (*mode)(int k, double centre[2]), double std) {
    int near[MODES_MAX] = { 0 }, good[MODES_MAX] = { 0 }, within_3 = 0, within_1 = 0;
    for (int i = 0; i < n; i++) {
        double d2;
        int k = nearest_mode(x + 2 * (size_t)i, n_modes, mode, &d2);
        near[k]++;
        good[k] += d2 <= 9 * std * std;
        within_3 += d2 <= 9 * std * std;
        within_1 += d2 <= std * std;
    }
    ModeScores s = { .high_quality = (double)within_3 / n, .within_1 = (double)within_1 / n };
    for (int k = 0; k < n_modes; k++) {
        double q = (double)near[k] / n;
        if (good[k]) s.hit++;
        if (q > 0) s.reverse_kl += q * real_log(q * n_modes);
    }
    return s;
}

ModeScores mode_scores_floor(int n, int n_modes) {
    double good = -real_expm1(-4.5), K = n_modes;
    return (ModeScores){
        .hit = K * -real_expm1(n * real_log1p(-good / K)),
        .high_quality = good,
        .within_1 = -real_expm1(-0.5),
        .reverse_kl = (K - 1) / (2.0 * n),
    };
}
