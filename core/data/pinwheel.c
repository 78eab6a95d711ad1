// pinwheel.c -- five bent blades.
//
// f = (1 + 0.3 g, 0.1 g); angle a = 2 pi k/5 + 0.25 e^f1, k uniform in 0..4; x is f rotated clockwise by a, times 2.
//
// The density.  In polar coordinates x/2 = (r, phi) and f = (r, psi) with phi = psi - a: the rotation depends on f1 = r cos psi
// only, so its determinant is 1 + f2 da/df1 = 1 + r sin psi 0.25 e^(r cos psi), which is also h'(psi) for
//
//   h(psi) = psi - 0.25 e^(r cos psi).         All blades at once:  h(psi) = phi (mod 2 pi/5).
//
//   p(x) = 1/4 1/5 sum over those psi in a full turn  N(r cos psi; 1, 0.3^2) N(r sin psi; 0, 0.1^2) / |h'(psi)|.
//
// h' has no zero for small r and two for large r (the blade folds over itself; the density has a pole on the fold, some 6 std
// out).  Between them h is monotone, so every solution is bracketed and found to rounding.
#include <math.h>

#include "base/real.h"
#include "data/data.h"

static const double radial = 0.3, tangential = 0.1, rate = 0.25;
static const double blade = 2 * REAL_PI / 5;
static const double far_out = 4;             // in r: 10 std; the number of solutions grows like e^r

static void pinwheel_point(Rng *r, float x[2], int *label) {
    *label = rng_below(r, 5);
    double f1 = 1 + radial * rng_g(r), f2 = tangential * rng_g(r);
    double a = blade * *label + rate * real_exp(f1), c = real_cos(a), s = real_sin(a);
    x[0] = (float)(2 * (c * f1 + s * f2));
    x[1] = (float)(2 * (c * f2 - s * f1));
}

static double winding(double r, double psi) { return psi - rate * real_exp(r * real_cos(psi)); }
static double slope(double r, double psi) { return 1 + rate * r * real_sin(psi) * real_exp(r * real_cos(psi)); }

// Where the slope changes sign between psi = a and b, by bisection.
static double fold(double r, double a, double b) {
    bool below = slope(r, a) < 0;
    for (int i = 0; i < 52; i++) {
        double middle = (a + b) / 2;
        if ((slope(r, middle) < 0) == below) a = middle; else b = middle;
    }
    return (a + b) / 2;
}

// Ends of the stretches on which h is monotone: -pi, the folds where there are any, pi.  The slope is least on psi < 0 where
// r sin^2 psi = cos psi.
static int stretches(double r, double end[4]) {
    double least = r > 0 ? -real_acos((sqrt(1 + 4 * r * r) - 1) / (2 * r)) : 0;
    int n = 0;
    end[n++] = -REAL_PI;
    if (slope(r, least) < 0) {
        end[n++] = fold(r, -REAL_PI, least);
        end[n++] = fold(r, least, 0);
    }
    end[n++] = REAL_PI;
    return n - 1;
}

// The solution of h(psi) = target between a and b, where h is monotone and crosses it: Newton, kept inside the bracket.
static double solve(double r, double target, double a, double b) {
    bool rising = winding(r, a) < target;
    double psi = (a + b) / 2;
    for (int i = 0; i < 60; i++) {
        double off = winding(r, psi) - target;
        if ((off < 0) == rising) a = psi; else b = psi;
        double next = psi - off / slope(r, psi);
        if (!(next > a && next < b)) next = (a + b) / 2;
        if (fabs(next - psi) < 1e-15) return next;
        psi = next;
    }
    return psi;
}

static double log_term(double r, double psi) {
    double z1 = (r * real_cos(psi) - 1) / radial, z2 = r * real_sin(psi) / tangential;
    return -0.5 * (z1 * z1 + z2 * z2) - real_log(fabs(slope(r, psi)));
}

// Far out the blades are wound so tightly that only their average over the angle is left: Laplace's method around psi = 0.
static double log_average(double r) {
    double z = (r - 1) / radial;
    double curvature = r * r / (tangential * tangential) - r * (r - 1) / (radial * radial);
    return -0.5 * z * z - 0.5 * REAL_LN_2PI - 0.5 * real_log(curvature);
}

static double pinwheel_log_prob(const double x[2]) {
    enum { MOST = 64 };                      // solutions at r = far_out: 27
    double r = sqrt(x[0] * x[0] + x[1] * x[1]) / 2, phi = real_atan2(x[1], x[0]);
    double norm = -REAL_LN_2PI - real_log(radial * tangential) - 2 * REAL_LN2;
    if (r > far_out) return log_average(r) + norm;
    double end[4], term[MOST];
    int n = 0, n_stretches = stretches(r, end);
    for (int i = 0; i < n_stretches; i++) {
        double ha = winding(r, end[i]), hb = winding(r, end[i + 1]), low = ha < hb ? ha : hb, high = ha < hb ? hb : ha;
        for (double k = ceil((low - phi) / blade); phi + k * blade < high && n < MOST; k++)
            term[n++] = log_term(r, solve(r, phi + k * blade, end[i], end[i + 1]));
    }
    return real_logsumexp(term, n) - real_log(5) + norm;
}

const DataDef data_pinwheel = {
    .id = "pinwheel", .title = "Pinwheel",
    .summary = "Five blades, bent by a rotation that grows with the distance from the centre. Clusters that are far from round.",
    .source = "pinwheel of Johnson et al. 2016 (arXiv:1603.06277), numbers as in FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 5, .entropy = 2.3177880,
    .point = pinwheel_point, .log_prob = pinwheel_log_prob,
};
