// grid25.c -- twenty-five small Gaussians on a square grid.
//
// Centre uniform in {-4,-2,0,2,4}^2, plus 0.05 g per axis: modes are 40 std apart, so the entropy is that of 25 separate
// Gaussians, ln 25 + 1 + ln 2 pi + 2 ln 0.05.  The axes are independent: the density is a product of two sums of five.
#include <math.h>

#include "base/real.h"
#include "data/data.h"

static const double noise = 0.05;

static void grid25_mode(int k, double centre[2]) {
    centre[0] = 2 * (k % 5) - 4;
    centre[1] = 2 * (k / 5) - 4;
}

static void grid25_point(Rng *r, float x[2], int *label) {
    double c[2];
    *label = rng_below(r, 25);
    grid25_mode(*label, c);
    for (int i = 0; i < 2; i++) x[i] = (float)(c[i] + noise * rng_g(r));
}

static double axis_log_prob(double x) {
    double term[5];
    for (int k = 0; k < 5; k++) {
        double z = (x - (2 * k - 4)) / noise;
        term[k] = -0.5 * z * z;
    }
    return real_logsumexp(term, 5) - real_log(5 * noise) - 0.5 * REAL_LN_2PI;
}

static double grid25_log_prob(const double x[2]) { return axis_log_prob(x[0]) + axis_log_prob(x[1]); }

const DataDef data_grid25 = {
    .id = "grid25", .title = "Grid of 25",
    .summary = "Twenty-five tiny clusters far apart. Plain GANs lose some of them, and the empty space between is hard to keep clean.",
    .source = "2D-grid of PacGAN (Lin et al. 2018, arXiv:1712.04086)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 25, .entropy = 0.065288344,
    .point = grid25_point, .log_prob = grid25_log_prob,
    .n_modes = 25, .mode_std = 0.05, .mode = grid25_mode,
};
