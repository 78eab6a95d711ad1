// rings.c -- four thin rings around one centre.
//
// Radius 1, 3/4, 1/2 or 1/4 and a uniform angle; times 3, plus 0.08 g per axis.  The density is in closed form (density.h).
#include <math.h>

#include "base/real.h"
#include "data/data.h"
#include "data/density.h"

static const double radius[4] = { 3, 2.25, 1.5, 0.75 }, noise = 0.08;

static void rings_point(Rng *r, float x[2], int *label) {
    *label = rng_below(r, 4);
    double angle = 2 * REAL_PI * rng_u(r), R = radius[*label];
    double gx = rng_g(r), gy = rng_g(r);
    x[0] = (float)(R * real_cos(angle) + noise * gx);
    x[1] = (float)(R * real_sin(angle) + noise * gy);
}

static double rings_log_prob(const double x[2]) {
    double r = sqrt(x[0] * x[0] + x[1] * x[1]), term[4];
    for (int k = 0; k < 4; k++) term[k] = log_circle(r, radius[k], noise);
    return real_logsumexp(term, 4) - 2 * REAL_LN2;
}

const DataDef data_rings = {
    .id = "rings", .title = "Rings",
    .summary = "Four thin rings, nested. The inner ones are short and dense, the outer ones long and faint: one scale does not fit all.",
    .source = "rings of FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 4, .entropy = 2.623182770,
    .point = rings_point, .log_prob = rings_log_prob,
};
