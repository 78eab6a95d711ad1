#include "data/density.h"

#include <math.h>

#include "base/real.h"

const double gauss_x[4] = { 0.1834346424956498, 0.5255324099163290, 0.7966664774136267, 0.9602898564975362 };
const double gauss_w[4] = { 0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763 };

double log_gauss2(double dx, double dy, double s) {
    return -(dx * dx + dy * dy) / (2 * s * s) - REAL_LN_2PI - 2 * real_log(s);
}

// I0(k) = sum (k/2)^2j / j!^2: all terms positive, so nothing cancels.
static double i0_series(double k) {
    double term = 1, sum = 1;
    for (int j = 1; term > 1e-17 * sum; j++) {
        term *= k * k / (4.0 * j * j);
        sum += term;
    }
    return sum;
}

// e^-k I0(k) sqrt(2 pi k) = 1 + 1/(8k) + 9/(2! (8k)^2) + 225/(3! (8k)^3) + ...; above k = 25 the terms pass 1e-17 before they grow.
static double i0_asymptotic(double k) {
    double term = 1, sum = 1;
    for (int j = 1; term > 1e-17 && j < 40; j++) {
        term *= (2.0 * j - 1) * (2.0 * j - 1) / (8 * k * j);
        sum += term;
    }
    return sum;
}

double log_bessel_i0e(double k) {
    if (k < 25) return real_log(i0_series(k)) - k;
    return real_log(i0_asymptotic(k)) - 0.5 * (REAL_LN_2PI + real_log(k));
}

double log_circle(double r, double R, double s) {
    double z = (r - R) / s;
    return -0.5 * z * z - REAL_LN_2PI - 2 * real_log(s) + log_bessel_i0e(r * R / (s * s));
}

void curve_fill(Curve *c, CurvePoint (*at)(double t), double a, double b, int panels) {
    double half = (b - a) / panels / 2;
    int n = 0;
    for (int p = 0; p < panels; p++) {
        double middle = a + half * (2 * p + 1);
        for (int side = -1; side <= 1; side += 2) {
            for (int i = 0; i < 4; i++, n++) {
                CurvePoint q = at(middle + side * half * gauss_x[i]);
                c->x[n] = q.x;
                c->y[n] = q.y;
                c->w[n] = q.weight * half * gauss_w[i];
            }
        }
    }
    c->n = n;
}

double curve_log_prob(const Curve *c, double x, double y, double s) {
    double d2[CURVE_NODES], nearest = (double)INFINITY;
    for (int i = 0; i < c->n; i++) {
        double dx = x - c->x[i], dy = y - c->y[i];
        d2[i] = dx * dx + dy * dy;
        if (d2[i] < nearest) nearest = d2[i];
    }
    double scale = 1 / (2 * s * s), sum = 0;
    for (int i = 0; i < c->n; i++) {
        double e = (d2[i] - nearest) * scale;
        if (e < 40) sum += c->w[i] * real_exp(-e);      // what is left out is below 1e-17 of the sum
    }
    return real_log(sum) - nearest * scale - REAL_LN_2PI - 2 * real_log(s);
}
