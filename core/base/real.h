// real.h -- double-precision functions that give the same bits everywhere.
//
// glibc, Emscripten's musl and JavaScript engines disagree in the last bits of exp, log, sin, ...; only sqrt, floor, fabs,
// ldexp and the like are exact.  Everything in core/ that may touch a result uses these instead.  Errors are at most 1 ulp
// unless a line says otherwise; the tests measure them.  Special values as in C's <math.h>.
#ifndef GENPLAY_REAL_H
#define GENPLAY_REAL_H

#define REAL_PI 3.14159265358979323846
#define REAL_LN2 0.69314718055994530942
#define REAL_LN_2PI 1.83787706640934548356

double real_exp(double x);
double real_expm1(double x);
double real_log(double x);
double real_log1p(double x);
double real_pow(double x, double y);       // x >= 0; exp(y log x) with the log in extra precision
double real_sin(double x);                 // |x| <= 2^30; NaN beyond
double real_cos(double x);
double real_tanh(double x);
double real_sigmoid(double x);             // 1 / (1 + e^-x)
double real_softplus(double x);            // log(1 + e^x)
double real_atan2(double y, double x);
double real_acos(double x);
double real_lgamma(double x);              // x > 0, relative error 1e-14

// log(e^x[0] + ... + e^x[n-1]) without overflow; -inf for n = 0.
double real_logsumexp(const double *x, int n);

#endif
