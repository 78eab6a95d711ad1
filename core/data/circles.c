// circles.c -- two circles, one inside the other, with noise.
//
// Radius 1 or 1/2 and a uniform angle, plus 0.08 g per axis; times 3.  The density of a blurred circle has a closed form (density.h).
#include <math.h>

#include "base/real.h"
#include "data/data.h"
#include "data/density.h"

static const double radius[2] = { 3, 1.5 }, noise = 0.24;      // both times 3

static void circles_point(Rng *r, float x[2], int *label) {
    *label = rng_below(r, 2);
    double angle = 2 * REAL_PI * rng_u(r), R = radius[*label];
    double gx = rng_g(r), gy = rng_g(r);
    x[0] = (float)(R * real_cos(angle) + noise * gx);
    x[1] = (float)(R * real_sin(angle) + noise * gy);
}

static double circles_log_prob(const double x[2]) {
    double r = sqrt(x[0] * x[0] + x[1] * x[1]);
    double term[2] = { log_circle(r, radius[0], noise), log_circle(r, radius[1], noise) };
    return real_logsumexp(term, 2) - REAL_LN2;
}

const DataDef data_circles = {
    .id = "circles", .title = "Circles",
    .summary = "A circle inside a circle. No continuous one-to-one map can tear them apart, so flows leave a thin bridge between them.",
    .source = "make_circles of scikit-learn, scaled as in FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 2, .entropy = 3.268135712,
    .point = circles_point, .log_prob = circles_log_prob,
};
