// spirals.c -- two spiral arms that wind around each other.
//
// n = sqrt(u) 3 pi; +-(-n cos n + u/2, n sin n + u/2)/3, plus 0.1 g per axis, every u its own.  So a point is a node of the
// spiral, moved by a box of side 1/6 and a Gaussian.  With n as parameter the density of u = (n / 3 pi)^2 is 2n / (3 pi)^2, and
//
//   p(x) = 1/2 sum over +-  integral dn 2n/(3 pi)^2  b(+-x1 - c1(n)) b(+-x2 - c2(n)),    b = box of side 1/6 * N(0, 0.1^2).
//
// b is itself an integral over the box: eight Gauss-Legendre nodes; along the spiral there are 640.  Error of log p: 2e-7 where
// log p > -12, 3e-3 where it is > -48.
#include <math.h>

#include "base/real.h"
#include "base/vec.h"
#include "data/data.h"
#include "data/density.h"
#include "kernels/vmath_inline.h"

static const double noise = 0.1, box = 1.0 / 12;      // std; half the side of the box
static const double n_max = 3 * REAL_PI;

// The middle of the box, for the + arm.
static CurvePoint arm(double n) {
    return (CurvePoint){ -n * real_cos(n) / 3 + box, n * real_sin(n) / 3 + box, 2 * n / (n_max * n_max) };
}

static void spirals_point(Rng *r, float x[2], int *label) {
    double n = sqrt(rng_u(r)) * n_max;
    double ux = 0.5 * rng_u(r), uy = 0.5 * rng_u(r);
    *label = rng_below(r, 2);
    double sign = *label ? -1 : 1;
    double gx = noise * rng_g(r), gy = noise * rng_g(r);
    x[0] = (float)(sign * (-n * real_cos(n) + ux) / 3 + gx);
    x[1] = (float)(sign * (n * real_sin(n) + uy) / 3 + gy);
}

static double outside(double z) { return fabs(z) > box ? fabs(z) - box : 0; }      // distance from the box

// b(z) sqrt(2 pi) noise, times e^(d^2 / 2 noise^2) for d = outside(z), so that it does not underflow.  This is where the time goes: eight
// exponentials at a time in single precision, error 1e-7.
static double blurred_box(double z) {
    double d = outside(z), scale = 1 / (2 * noise * noise), sum = 0;
    float e[8];
    for (int i = 0; i < 4; i++) {
        double a = z - box * gauss_x[i], b = z + box * gauss_x[i];
        e[i] = (float)((d * d - a * a) * scale);
        e[4 + i] = (float)((d * d - b * b) * scale);
    }
    f4_store(e, f4_exp(f4_load(e)));
    f4_store(e + 4, f4_exp(f4_load(e + 4)));
    for (int i = 0; i < 4; i++) sum += gauss_w[i] / 2 * ((double)e[i] + (double)e[4 + i]);
    return sum;
}

static double arm_log_prob(const Curve *c, double x, double y) {
    double d2[CURVE_NODES], nearest = (double)INFINITY;
    for (int i = 0; i < c->n; i++) {
        double dx = outside(x - c->x[i]), dy = outside(y - c->y[i]);
        d2[i] = dx * dx + dy * dy;
        if (d2[i] < nearest) nearest = d2[i];
    }
    double sum = 0;
    for (int i = 0; i < c->n; i++) {
        double e = (d2[i] - nearest) / (2 * noise * noise);
        if (e < 30) sum += c->w[i] * real_exp(-e) * blurred_box(x - c->x[i]) * blurred_box(y - c->y[i]);
    }
    return real_log(sum) - nearest / (2 * noise * noise) - REAL_LN_2PI - 2 * real_log(noise);
}

static double spirals_log_prob(const double x[2]) {
    static Curve curve;                       // constant once filled
    if (!curve.n) curve_fill(&curve, arm, 0, n_max, 80);
    double term[2] = { arm_log_prob(&curve, x[0], x[1]), arm_log_prob(&curve, -x[0], -x[1]) };
    return real_logsumexp(term, 2) - REAL_LN2;
}

const DataDef data_spirals = {
    .id = "spirals", .title = "Spirals",
    .summary = "Two arms wound around each other. Points that are close by are often far apart along the arms: a hard set for every model.",
    .source = "2spirals of FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 2, .entropy = 2.645450284,
    .point = spirals_point, .log_prob = spirals_log_prob,
};
