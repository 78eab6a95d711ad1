// moons.c -- two interleaved half circles with noise.
//
// (cos t, sin t) or (1 - cos t, 1/2 - sin t), t uniform in [0, pi], plus 0.1 g per axis; times 2, minus (1, 0.2).
// The density is an integral along each half circle: 128 quadrature nodes per half.  Error of log p: 1e-10 where log p > -12,
// 1e-5 where it is > -48.
#include <math.h>

#include "base/real.h"
#include "data/data.h"
#include "data/density.h"

static const double noise = 0.1, scale = 2, shift[2] = { 1, 0.2 };

static CurvePoint upper(double t) { return (CurvePoint){ real_cos(t), real_sin(t), 0.5 / REAL_PI }; }
static CurvePoint lower(double t) { return (CurvePoint){ 1 - real_cos(t), 0.5 - real_sin(t), 0.5 / REAL_PI }; }

static void moons_point(Rng *r, float x[2], int *label) {
    *label = rng_below(r, 2);
    CurvePoint c = (*label ? lower : upper)(REAL_PI * rng_u(r));
    c.x += noise * rng_g(r);
    c.y += noise * rng_g(r);
    x[0] = (float)(scale * c.x - shift[0]);
    x[1] = (float)(scale * c.y - shift[1]);
}

static double moons_log_prob(const double x[2]) {
    static Curve half[2];                     // constant once filled
    if (!half[1].n) {
        curve_fill(&half[0], upper, 0, REAL_PI, 16);
        curve_fill(&half[1], lower, 0, REAL_PI, 16);
    }
    double u = (x[0] + shift[0]) / scale, v = (x[1] + shift[1]) / scale;
    double term[2] = { curve_log_prob(&half[0], u, v, noise), curve_log_prob(&half[1], u, v, noise) };
    return real_logsumexp(term, 2) - 2 * real_log(scale);
}

const DataDef data_moons = {
    .id = "moons", .title = "Moons",
    .summary = "Two half circles that reach into each other. A model has to bend its space to follow them and keep the gap empty.",
    .source = "make_moons of scikit-learn, scaled as in FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 2, .entropy = 2.393879196,
    .point = moons_point, .log_prob = moons_log_prob,
};
