// swissroll.c -- one spiral that starts away from its centre, with noise.
//
// t = 1.5 pi (1 + 2u); (t cos t, t sin t), plus 1.0 g per axis; divided by 5.  No labels.
// The density is an integral along the spiral: 384 quadrature nodes.  Error of log p: 1e-8 where log p > -12, 3e-4 where it is > -48.
#include <math.h>

#include "base/real.h"
#include "data/data.h"
#include "data/density.h"

static CurvePoint roll(double t) { return (CurvePoint){ t * real_cos(t), t * real_sin(t), 1 / (3 * REAL_PI) }; }

static void swissroll_point(Rng *r, float x[2], int *label) {
    CurvePoint c = roll(1.5 * REAL_PI * (1 + 2 * rng_u(r)));
    c.x += rng_g(r);
    c.y += rng_g(r);
    x[0] = (float)(c.x / 5);
    x[1] = (float)(c.y / 5);
    *label = 0;
}

static double swissroll_log_prob(const double x[2]) {
    static Curve curve;                       // constant once filled
    if (!curve.n) curve_fill(&curve, roll, 1.5 * REAL_PI, 4.5 * REAL_PI, 48);
    return curve_log_prob(&curve, 5 * x[0], 5 * x[1], 1) + 2 * real_log(5);
}

const DataDef data_swissroll = {
    .id = "swissroll", .title = "Swiss roll",
    .summary = "A broad spiral. Its two ends are far apart along the roll but its turns lie close, so straight distances mislead.",
    .source = "make_swiss_roll of scikit-learn, two of its axes, scaled as in FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 0, .entropy = 2.669646174,
    .point = swissroll_point, .log_prob = swissroll_log_prob,
};
