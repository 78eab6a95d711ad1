// real.h against the C library's long double functions (64 bits of precision on x86-64; where long double is no wider than
// double, they only bound the error to one ulp more), and its special values.
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"

#ifndef REAL_DRAWS
#define REAL_DRAWS 20000     // per range; the bounds are what 10^7 draws per range (-DREAL_DRAWS=10000000) found, rounded up
#endif

static const double SLACK = LDBL_MANT_DIG > DBL_MANT_DIG ? 0 : 1;

static long double sigmoid(long double x) { return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x)); }
static long double softplus(long double x) { return fmaxl(x, 0) + log1pl(expl(-fabsl(x))); }

static double spacing(double y) {
    int exponent;
    if (fabs(y) < DBL_MIN) return 0x1p-1074;
    frexp(y, &exponent);
    return ldexp(1, exponent - 53);
}

static double error_of(double y, long double exact) {
    if (isinf(y) && isinf((double)exact)) return 0;
    return (double)(fabsl((long double)y - exact) / (long double)spacing((double)exact));
}

// A number in [low, high], or e to such a power, or minus that.
typedef enum { EVENLY, LOGARITHMIC, NEGATIVE } Spread;
typedef struct { double low, high; Spread spread; } Range;

static double draw(Rng *r, Range range) {
    double x = range.low + (range.high - range.low) * rng_u(r);
    return range.spread == EVENLY ? x : range.spread == LOGARITHMIC ? exp(x) : -exp(x);
}

static const struct {
    const char *name;
    double (*f)(double);
    long double (*exact)(long double);
    double ulp;
    Range range;
} one[] = {
    { "exp", real_exp, expl, 0.85, { -1, 1, EVENLY } },              { "exp", real_exp, expl, 0.85, { -746, 710, EVENLY } },
    { "exp", real_exp, expl, 0.85, { -746, -700, EVENLY } },         { "exp", real_exp, expl, 0.85, { -40, 0, LOGARITHMIC } },
    { "expm1", real_expm1, expm1l, 0.65, { -1, 1, EVENLY } },        { "expm1", real_expm1, expm1l, 0.85, { -60, 710, EVENLY } },
    { "expm1", real_expm1, expm1l, 0.65, { -700, 0, LOGARITHMIC } }, { "expm1", real_expm1, expm1l, 0.65, { -700, 0, NEGATIVE } },
    { "log", real_log, logl, 0.54, { 0, 2, EVENLY } },               { "log", real_log, logl, 0.54, { -744, 709, LOGARITHMIC } },
    { "log", real_log, logl, 0.54, { 0.99999, 1.00001, EVENLY } },   { "log", real_log, logl, 0.54, { -744, -708, LOGARITHMIC } },
    { "log1p", real_log1p, log1pl, 0.51, { -1, 1, EVENLY } },        { "log1p", real_log1p, log1pl, 0.51, { -700, 700, LOGARITHMIC } },
    { "log1p", real_log1p, log1pl, 0.51, { -700, 0, NEGATIVE } },
    { "sin", real_sin, sinl, 0.81, { -4, 4, EVENLY } },              { "sin", real_sin, sinl, 0.81, { -0x1p30, 0x1p30, EVENLY } },
    { "sin", real_sin, sinl, 0.81, { -700, 0, LOGARITHMIC } },
    { "cos", real_cos, cosl, 0.81, { -4, 4, EVENLY } },              { "cos", real_cos, cosl, 0.81, { -0x1p30, 0x1p30, EVENLY } },
    { "tanh", real_tanh, tanhl, 0.60, { -1, 1, EVENLY } },           { "tanh", real_tanh, tanhl, 0.60, { -25, 25, EVENLY } },
    { "tanh", real_tanh, tanhl, 0.60, { -700, 0, LOGARITHMIC } },
    { "sigmoid", real_sigmoid, sigmoid, 0.85, { -1, 1, EVENLY } },   { "sigmoid", real_sigmoid, sigmoid, 0.85, { -746, 50, EVENLY } },
    { "softplus", real_softplus, softplus, 0.85, { -1, 1, EVENLY } }, { "softplus", real_softplus, softplus, 0.85, { -746, 50, EVENLY } },
    { "softplus", real_softplus, softplus, 0.85, { -42, -30, EVENLY } },
    { "acos", real_acos, acosl, 0.51, { -1, 1, EVENLY } },           { "acos", real_acos, acosl, 0.51, { -40, 0, NEGATIVE } },
    { "acos", real_acos, acosl, 0.51, { 0.99, 1, EVENLY } },         { "acos", real_acos, acosl, 0.51, { -1, -0.99, EVENLY } },
    // 1e-14 is promised, 45 ulp or more.
    { "lgamma", real_lgamma, lgammal, 8, { 0, 3, EVENLY } },         { "lgamma", real_lgamma, lgammal, 8, { 0, 30, EVENLY } },
    { "lgamma", real_lgamma, lgammal, 8, { -700, 700, LOGARITHMIC } }, { "lgamma", real_lgamma, lgammal, 8, { 0.999, 1.001, EVENLY } },
    { "lgamma", real_lgamma, lgammal, 8, { 1.999, 2.001, EVENLY } },
};

TEST(real, "every function of one number stays within its error") {
    Rng r = rng_at((Key){ 1, STREAM_MEASURE }, 0, 0);
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        for (int i = 0; i < REAL_DRAWS; i++) {
            double x = draw(&r, one[k].range), y = one[k].f(x), error = error_of(y, one[k].exact((long double)x));
            ENSURE_SAYING(error <= one[k].ulp + SLACK, "%s(%a) = %a: %.3f ulp, more than %.2f", one[k].name, x, y, error, one[k].ulp);
        }
    }
}

static const struct {
    const char *name;
    double (*f)(double, double);
    long double (*exact)(long double, long double);
    double ulp;
    Range x, y;
} two[] = {
    // Subnormal powers are rounded twice, which may cost another quarter of an ulp.
    { "pow", real_pow, powl, 0.80, { 0, 10, EVENLY }, { -100, 100, EVENLY } },
    { "pow", real_pow, powl, 0.57, { -700, 700, LOGARITHMIC }, { -1, 1, EVENLY } },
    { "pow", real_pow, powl, 0.57, { 0.9999995, 1.0000005, EVENLY }, { -1e9, 1e9, EVENLY } },
    { "atan2", real_atan2, atan2l, 0.54, { -1, 1, EVENLY }, { -1, 1, EVENLY } },
    { "atan2", real_atan2, atan2l, 0.54, { -700, 700, LOGARITHMIC }, { -700, 700, LOGARITHMIC } },
    { "atan2", real_atan2, atan2l, 0.54, { -700, 0, LOGARITHMIC }, { -5, 5, NEGATIVE } },
    { "atan2", real_atan2, atan2l, 0.54, { -20, 20, NEGATIVE }, { -20, 20, NEGATIVE } },
};

TEST(real, "every function of two numbers stays within its error") {
    Rng r = rng_at((Key){ 2, STREAM_MEASURE }, 0, 0);
    for (size_t k = 0; k < sizeof two / sizeof *two; k++) {
        for (int i = 0; i < REAL_DRAWS; i++) {
            double x = draw(&r, two[k].x), y = draw(&r, two[k].y), z = two[k].f(x, y);
            double error = error_of(z, two[k].exact((long double)x, (long double)y));
            ENSURE_SAYING(error <= two[k].ulp + SLACK, "%s(%a, %a) = %a: %.3f ulp, more than %.2f", two[k].name, x, y, z, error, two[k].ulp);
        }
    }
}

TEST(real, "sin and cos are right where they nearly vanish") {
    Rng r = rng_at((Key){ 3, STREAM_MEASURE }, 0, 0);
    for (int i = 0; i < 20000; i++) {
        double x = rng_below(&r, 1 << 29) * (REAL_PI / 2);
        ENSURE(error_of(real_sin(x), sinl((long double)x)) <= 0.81 + SLACK);
        ENSURE(error_of(real_cos(x), cosl((long double)x)) <= 0.81 + SLACK);
    }
    // The double next below pi, whose distance to pi is the next 53 bits of pi.
    ENSURE(real_sin(REAL_PI) == 0x1.1a62633145c07p-53 && real_cos(REAL_PI / 2) == 0x1.1a62633145c07p-54);
}

TEST(real, "special values are those of math.h") {
    double inf = HUGE_VAL, nan = (double)NAN;
    ENSURE(real_exp(inf) == inf && real_exp(-inf) == 0 && real_exp(0) == 1 && real_exp(709.79) == inf && real_exp(-745.14) == 0);
    ENSURE(real_exp(-745.13) == 0x1p-1074 && isnan(real_exp(nan)));
    ENSURE(real_expm1(inf) == inf && real_expm1(-inf) == -1 && signbit(real_expm1(-0.0)) && isnan(real_expm1(nan)));
    ENSURE(real_log(0) == -inf && real_log(-0.0) == -inf && real_log(inf) == inf && real_log(1) == 0 && isnan(real_log(-1)) && isnan(real_log(nan)));
    ENSURE(real_log1p(-1) == -inf && real_log1p(inf) == inf && isnan(real_log1p(-1.5)) && isnan(real_log1p(nan)) && signbit(real_log1p(-0.0)));
    ENSURE(isnan(real_sin(inf)) && isnan(real_cos(nan)) && isnan(real_sin(0x1.00001p30)) && signbit(real_sin(-0.0)) && real_cos(0) == 1);
    ENSURE(real_tanh(inf) == 1 && real_tanh(-inf) == -1 && isnan(real_tanh(nan)) && signbit(real_tanh(-0.0)));
    ENSURE(real_sigmoid(inf) == 1 && real_sigmoid(-inf) == 0 && real_sigmoid(0) == 0.5 && isnan(real_sigmoid(nan)));
    ENSURE(real_softplus(inf) == inf && real_softplus(-inf) == 0 && isnan(real_softplus(nan)));
    ENSURE(real_acos(1) == 0 && real_acos(-1) == REAL_PI && real_acos(0) == REAL_PI / 2 && isnan(real_acos(1.1)) && isnan(real_acos(nan)));
    ENSURE(real_lgamma(1) == 0 && real_lgamma(2) == 0 && real_lgamma(inf) == inf && real_lgamma(0) == inf && isnan(real_lgamma(-1)) && isnan(real_lgamma(nan)));
    ENSURE_CLOSE(real_lgamma(0.5), real_log(REAL_PI) / 2, 1e-15);
    ENSURE_CLOSE(real_lgamma(11), real_log(3628800), 1e-14);
}

TEST(real, "powers of 0, 1 and infinity are those of math.h") {
    static const double value[] = { 0, 0x1p-1074, 0.5, 1, 2, 1e300, HUGE_VAL };
    static const double power[] = { -HUGE_VAL, -1e300, -3, -1, -1e-300, 0, 1e-300, 0.5, 1, 2, 1e300, HUGE_VAL };
    for (int i = 0; i < 7; i++) {
        for (int j = 0; j < 12; j++) {
            double y = real_pow(value[i], power[j]), exact = (double)powl((long double)value[i], (long double)power[j]);
            ENSURE_SAYING(y == exact || error_of(y, (long double)exact) <= 1, "pow(%g, %g) = %g, not %g", value[i], power[j], y, exact);
        }
    }
    ENSURE(isnan(real_pow(-1, 2)) && isnan(real_pow((double)NAN, 1)) && isnan(real_pow(2, (double)NAN)) && real_pow(1, (double)NAN) == 1);
}

TEST(real, "atan2 knows the sign of zero and infinity") {
    static const double value[] = { 0, -0.0, 1, -1, 1e-320, -1e-320, 1e308, -1e308, HUGE_VAL, -HUGE_VAL };
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < 10; j++) {
            double a = real_atan2(value[i], value[j]), exact = (double)atan2l((long double)value[i], (long double)value[j]);
            ENSURE_SAYING(error_of(a, (long double)exact) <= 1 && !signbit(a) == !signbit(exact), "atan2(%g, %g) = %a, not %a", value[i], value[j], a, exact);
        }
    }
    ENSURE(isnan(real_atan2((double)NAN, 1)) && isnan(real_atan2(1, (double)NAN)));
}

TEST(real, "logsumexp neither overflows nor loses the small ones") {
    ENSURE(real_logsumexp(NULL, 0) == -HUGE_VAL);
    ENSURE_CLOSE(real_logsumexp((double[]){ 1000, 1000 }, 2), 1000 + REAL_LN2, 2e-13);       // an ulp of 1000
    ENSURE_CLOSE(real_logsumexp((double[]){ -2000, -2000, -2000 }, 3), -2000 + log(3), 3e-13);
    ENSURE(real_logsumexp((double[]){ 3 }, 1) == 3);
    ENSURE(real_logsumexp((double[]){ -HUGE_VAL, -HUGE_VAL }, 2) == -HUGE_VAL);
    ENSURE(real_logsumexp((double[]){ -HUGE_VAL, 5 }, 2) == 5 && real_logsumexp((double[]){ 1, HUGE_VAL }, 2) == HUGE_VAL);
    ENSURE(isnan(real_logsumexp((double[]){ 1, (double)NAN, 2 }, 3)) && isnan(real_logsumexp((double[]){ (double)NAN, HUGE_VAL }, 2)));
    double x[1000];
    for (int i = 0; i < 1000; i++) x[i] = log((i + 1) / 500500.0);
    ENSURE_CLOSE(real_logsumexp(x, 1000), 0, 1e-14);
}
