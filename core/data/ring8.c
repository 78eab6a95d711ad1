// ring8.c -- eight Gaussians on a circle.
//
// Centre uniform among 8 on a circle of radius 4/sqrt(2), plus (0.5/sqrt(2)) g per axis.  Neighbours are 6.1 std apart.
// The density is a sum of eight Gaussians, exact to rounding.  Code in the literature often divides by 1.414 instead of sqrt(2): that set
// is larger by 1.5e-4, its entropy 2.8319 instead of 2.8316.
#include <math.h>

#include "base/real.h"
#include "data/data.h"
#include "data/density.h"

static const double half = 0.70710678118654752440;       // 1/sqrt(2), also cos and sin of 45 degrees
static const double noise = 0.5 * 0.70710678118654752440;

static void ring8_mode(int k, double centre[2]) {
    static const double unit[8][2] = {
        { 1, 0 }, { 0.70710678118654752440, 0.70710678118654752440 }, { 0, 1 }, { -0.70710678118654752440, 0.70710678118654752440 },
        { -1, 0 }, { -0.70710678118654752440, -0.70710678118654752440 }, { 0, -1 }, { 0.70710678118654752440, -0.70710678118654752440 },
    };
    centre[0] = 4 * half * unit[k][0];
    centre[1] = 4 * half * unit[k][1];
}

static void ring8_point(Rng *r, float x[2], int *label) {
    double c[2];
    *label = rng_below(r, 8);
    ring8_mode(*label, c);
    for (int i = 0; i < 2; i++) x[i] = (float)(c[i] + noise * rng_g(r));
}

static double ring8_log_prob(const double x[2]) {
    double term[8];
    for (int k = 0; k < 8; k++) {
        double c[2];
        ring8_mode(k, c);
        term[k] = log_gauss2(x[0] - c[0], x[1] - c[1], noise);
    }
    return real_logsumexp(term, 8) - real_log(8);
}

const DataDef data_ring8 = {
    .id = "ring8", .title = "Ring of 8",
    .summary = "Eight round clusters on a circle. The classic test of whether a GAN finds every mode or collapses onto a few.",
    .source = "8gaussians of FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 8, .entropy = 2.831578361,
    .point = ring8_point, .log_prob = ring8_log_prob,
    .n_modes = 8, .mode_std = 0.5 * 0.70710678118654752440, .mode = ring8_mode,
};
