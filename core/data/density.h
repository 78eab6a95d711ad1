// density.h -- what the log densities of the 2-D sets are made of.
//
// A set here is a curve or a few centres, blurred by a Gaussian.  Its density is a sum of Gaussians over the centres, a Bessel
// function (circles), or an integral along the curve, which composite Gauss-Legendre quadrature turns into a sum again.
// All logarithms are natural, all accuracies relative to the density unless a line says otherwise.
#ifndef GENPLAY_DENSITY_H
#define GENPLAY_DENSITY_H

// log N((dx, dy); 0, s^2 I).
double log_gauss2(double dx, double dy, double s);

// log(e^-k I0(k)), the modified Bessel function of order 0, scaled; k >= 0.  Error 1e-14: power series below 25, asymptotic above.
double log_bessel_i0e(double k);

// Log density at distance r from the centre of a circle of radius R, uniform in angle, blurred by s per axis:
// N(r - R; 0, s^2) / (sqrt(2 pi) s) * e^-k I0(k) with k = r R / s^2.
double log_circle(double r, double R, double s);

// Gauss-Legendre nodes and weights on [-1, 1], the positive half of eight: exact for polynomials of degree 15.
extern const double gauss_x[4], gauss_w[4];

// A curve as quadrature nodes: w[i] is the probability that node i stands for.
enum { CURVE_NODES = 640 };
typedef struct { int n; double x[CURVE_NODES], y[CURVE_NODES], w[CURVE_NODES]; } Curve;
typedef struct { double x, y, weight; } CurvePoint;      // weight: probability per unit of the parameter

// Fills c from t = a to b in `panels` <= CURVE_NODES / 8 equal panels of eight nodes.
void curve_fill(Curve *c, CurvePoint (*at)(double t), double a, double b, int panels);

// log of sum_i w_i N((x, y) - node_i; 0, s^2 I).  Near the curve the error against the integral is about 1e-8 for panels of 3 s and
// 1e-5 for panels of 5 s; it grows with the distance, where the integrand is a narrower peak (each user states what it measured).
double curve_log_prob(const Curve *c, double x, double y, double s);

#endif
