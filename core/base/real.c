// real.c -- the functions of real.h from exact operations: + - * / sqrt, and moving bits.
//
// Each function reduces its argument by exact steps and sums a Taylor series there.  Where one double cannot hold the pieces
// well enough, a number is a Pair, the unevaluated sum of two doubles, which carries about 106 bits (Dekker 1971, "A
// floating-point technique for extending the available precision"; Muller, "Elementary Functions", 3rd ed.).  Only the
// last rounding is then of the size of the result's own ulp.
#include "base/real.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

// ------------------------------------------------------------------------------------------------------------------- pairs

typedef struct { double hi, lo; } Pair;      // hi + lo, |lo| <= half an ulp of hi

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// 2^n, -1022 <= n <= 1023.
static double power_of_two(int n) { return from_bits((uint64_t)(n + 1023) << 52); }
// x 2^n for -1080 <= n <= 1030: two factors that are floats both, so that a subnormal result is rounded once.
static double scale(double x, int n) { return x * power_of_two(n / 2) * power_of_two(n - n / 2); }

static Pair sum(double a, double b) {        // exactly a + b
    double hi = a + b, part = hi - a;
    return (Pair){ hi, (a - (hi - part)) + (b - part) };
}
static Pair quick_sum(double a, double b) {  // exactly a + b, |a| >= |b| or a = 0
    double hi = a + b;
    return (Pair){ hi, b - (hi - a) };
}

// a b, to 2^-106: products of halves of 26 and 27 bits.  Cutting bits off is exact also where a compiler fuses multiply-add.
static double upper_half(double a) { return from_bits(bits_of(a) & ~(uint64_t)0x7FFFFFF); }
static Pair product(double a, double b) {
    double ah = upper_half(a), al = a - ah, bh = upper_half(b), bl = b - bh, hi = a * b;
    return (Pair){ hi, ((ah * bh - hi) + ah * bl + al * bh) + al * bl };
}

static Pair pair_add(Pair a, Pair b) {
    Pair s = sum(a.hi, b.hi);
    return quick_sum(s.hi, s.lo + (a.lo + b.lo));
}
static Pair pair_mul(Pair a, Pair b) {
    Pair p = product(a.hi, b.hi);
    return quick_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}
static Pair pair_div(Pair a, Pair b) {
    double q = a.hi / b.hi;
    Pair p = product(q, b.hi);
    return quick_sum(q, ((a.hi - p.hi) - p.lo + a.lo - q * b.lo) / b.hi);
}
static Pair pair_sqrt(Pair a) {
    if (a.hi <= 0) return (Pair){ 0, 0 };
    double root = sqrt(a.hi);
    Pair p = product(root, root);
    return quick_sum(root, ((a.hi - p.hi) - p.lo + a.lo) / (2 * root));
}
static Pair pair_neg(Pair a) { return (Pair){ -a.hi, -a.lo }; }

// c[0] + c[1] x + ... + c[n-1] x^(n-1).
static double polynomial(double x, const double *c, int n) {
    double y = c[n - 1];
    for (int i = n - 2; i >= 0; i--) y = y * x + c[i];
    return y;
}
#define POLYNOMIAL(x, c) polynomial((x), (c), (int)(sizeof(c) / sizeof *(c)))

// -------------------------------------------------------------------------------------------------------------- exponential

static const double LN2_HI = 0x1.62e42fefa4p-1;            // 40 bits, so that n times it is exact
static const double LN2_LO = -0x1.8432a1b0e2634p-43;
static const double EXP_MAX = 0x1.62e42fefa39efp+9;        // e^x is finite up to here
static const double EXP_MIN = -745.2;                      // and rounds to 0 below

// 1/3!, 1/4!, ...: what follows 1 + r + r^2 / 2, divided by r^3.  The first term left out is r^14 / 14! < 2^-57 for |r| <= 0.35.
static const double EXP_TAIL[] = {
    1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800,
    1.0 / 479001600, 1.0 / 6227020800,
};

// x = n ln 2 + r, |r| <= ln 2 / 2, for |x| < 800.
static Pair exp_reduce(double x, int *n) {
    double k = (x * 1.44269504088896340736 + 0x1.8p52) - 0x1.8p52;
    *n = (int)k;
    return sum(x - k * LN2_HI, -k * LN2_LO);
}

double real_exp(double x) {
    if (x > EXP_MAX) return HUGE_VAL;
    if (x < EXP_MIN) return 0;
    if (isnan(x)) return x;
    int n;
    Pair r = exp_reduce(x, &n);
    double square = r.hi * r.hi;
    return scale(1 + (r.hi + (square * 0.5 + (square * r.hi * POLYNOMIAL(r.hi, EXP_TAIL) + r.lo))), n);
}

// e^r - 1 for |r| <= 0.35, with an error below 2^-58 |r|.
static Pair expm1_small(Pair r) {
    Pair half = product(r.hi, r.hi * 0.5);
    Pair s = quick_sum(r.hi, half.hi);
    double low = r.lo + r.hi * r.lo + half.lo;
    return quick_sum(s.hi, s.lo + (r.hi * r.hi * r.hi * POLYNOMIAL(r.hi, EXP_TAIL) + low));
}

// e^(x.hi + x.lo) = pair 2^n with the pair in [0.7, 1.42]; EXP_MIN <= x <= EXP_MAX.
static Pair exp_scaled(Pair x, int *n) {
    Pair r = exp_reduce(x.hi, n);
    return pair_add((Pair){ 1, 0 }, expm1_small(quick_sum(r.hi, r.lo + x.lo)));
}

// e^x - 1 for -50 <= x <= 50.
static Pair expm1_pair(double x) {
    if (fabs(x) < 0.34) return expm1_small((Pair){ x, 0 });
    int n;
    Pair e = exp_scaled((Pair){ x, 0 }, &n);
    double power = power_of_two(n);
    return pair_add((Pair){ e.hi * power, e.lo * power }, (Pair){ -1, 0 });
}

double real_expm1(double x) {
    if (isnan(x) || fabs(x) < 0x1p-54) return x;
    return x > 50 ? real_exp(x) : x < -50 ? -1 : expm1_pair(x).hi;
}

// ---------------------------------------------------------------------------------------------------------------- logarithm

// 2/5, 2/7, ...: 2 atanh(s) = 2 s + 2/3 s^3 + s^5 (2/5 + 2/7 s^2 + ...).  The first term left out is 2/25 s^25 < 2^-66 for |s| <= 0.1716.
static const double LOG_TAIL[] = { 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23 };

// x = 2^n m, m in [sqrt 1/2, sqrt 2), for finite x > 0: log x = n ln 2 + 2 atanh(s), s = (m - 1) / (m + 1).
static Pair log_reduce(double x, double *n) {
    int k = 0;
    if (x < DBL_MIN) x *= 0x1p54, k = -54;
    int shift = (int)((int64_t)(bits_of(x) - 0x3FE6A09E667F3BCD) >> 52);     // the bits of sqrt 1/2
    double m = from_bits(bits_of(x) - ((uint64_t)(int64_t)shift << 52));
    *n = k + shift;
    return pair_div((Pair){ m - 1, 0 }, sum(m, 1));
}

// log x with a relative error below 2^-64.
static Pair log_pair(double x) {
    double n;
    Pair s = log_reduce(x, &n), square = pair_mul(s, s);
    Pair cube = pair_mul(pair_mul(s, square), (Pair){ 0x1.5555555555555p-1, 0x1.5555555555555p-55 });
    cube.lo += s.hi * square.hi * square.hi * POLYNOMIAL(square.hi, LOG_TAIL);
    Pair mantissa = pair_add((Pair){ 2 * s.hi, 2 * s.lo }, cube);
    return pair_add(sum(n * LN2_HI, n * LN2_LO), mantissa);
}

// The same with s^3 in one double: an error of 0.51 ulp in half the time.
double real_log(double x) {
    if (!(x > 0)) return x == 0 ? -HUGE_VAL : (double)NAN;
    if (x == HUGE_VAL) return x;
    double n;
    Pair s = log_reduce(x, &n), head = sum(n * LN2_HI, 2 * s.hi);
    double square = s.hi * s.hi, tail = s.hi * square * (2.0 / 3 + square * POLYNOMIAL(square, LOG_TAIL));
    return head.hi + (head.lo + (tail + 2 * s.lo + n * LN2_LO));
}

// log(1 + x.hi + x.lo), x.hi > -1: the logarithm of the rounded sum, and what the rounding lost, to first order.
static Pair log1p_pair(Pair x) {
    double a = x.hi;
    if (fabs(a) < 0x1p-20) return quick_sum(a, x.lo + a * a * (a * (1.0 / 3) - 0.5));
    Pair u = sum(1, a);
    return pair_add(log_pair(u.hi), (Pair){ (u.lo + x.lo) / u.hi, 0 });
}

double real_log1p(double x) {
    if (x == 0 || x == HUGE_VAL) return x;
    if (!(x > -1)) return x == -1 ? -HUGE_VAL : (double)NAN;
    return log1p_pair((Pair){ x, 0 }).hi;
}

double real_pow(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (isnan(x) || isnan(y) || x < 0) return NAN;
    if (x == 0 || x == HUGE_VAL) return (x == 0) == (y < 0) ? HUGE_VAL : 0;
    Pair log_x = log_pair(x);
    double rough = y * log_x.hi;
    if (!(rough < 710)) return HUGE_VAL;
    if (!(rough > -746)) return 0;
    if (fabs(rough) < 0x1p-55) return 1;
    int n;
    Pair e = exp_scaled(pair_mul(log_x, (Pair){ y, 0 }), &n);
    return scale(e.hi, n);
}

double real_logsumexp(const double *x, int n) {
    double most = -HUGE_VAL, total = 0;
    for (int i = 0; i < n; i++) {
        if (isnan(x[i])) return x[i];
        if (x[i] > most) most = x[i];
    }
    if (!isfinite(most)) return most;
    for (int i = 0; i < n; i++) total += real_exp(x[i] - most);
    return most + real_log(total);
}

// ----------------------------------------------------------------------------------------------------- tanh and its relatives

double real_tanh(double x) {
    double a = fabs(x);
    if (isnan(x) || a < 0x1p-28) return x;
    if (a > 20) return x < 0 ? -1 : 1;
    Pair e = expm1_pair(2 * a);
    double y = pair_div(e, pair_add(e, (Pair){ 2, 0 })).hi;
    return x < 0 ? -y : y;
}

// e^-|x| for |x| <= 40.
static Pair exp_of_minus_abs(double x) {
    int n;
    Pair e = exp_scaled((Pair){ -fabs(x), 0 }, &n);
    double power = power_of_two(n);
    return (Pair){ e.hi * power, e.lo * power };
}

double real_sigmoid(double x) {
    if (x < -40) return real_exp(x);
    if (!(x < 40)) return isnan(x) ? x : 1;
    Pair e = exp_of_minus_abs(x), one = { 1, 0 };
    return pair_div(x < 0 ? e : one, pair_add(one, e)).hi;
}

double real_softplus(double x) {
    if (x < -40) return real_exp(x);
    if (!(x < 40)) return x;
    return pair_add((Pair){ x > 0 ? x : 0, 0 }, log1p_pair(exp_of_minus_abs(x))).hi;
}

// ------------------------------------------------------------------------------------------------------------- trigonometry

// -1/3!, 1/5!, ... and 1/4!, -1/6!, ...: up to r^17 and r^18, |r| <= pi / 4.
static const double SIN_TAIL[] = {
    -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000, 1.0 / 355687428096000,
};
static const double COS_TAIL[] = {
    1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800, 1.0 / 479001600, -1.0 / 87178291200, 1.0 / 20922789888000, -1.0 / 6402373705728000,
};

// x = n pi / 2 + r, |r| <= pi / 4, for |x| <= 2^30; *q gets n mod 4.  pi / 2 in five parts: n times one of the first four (23 bits each) is exact,
// and so are the first two differences; the others are kept as pairs.
static Pair reduce_quarter_turns(double x, int *q) {
    double n = (x * 0.636619772367581343076 + 0x1.8p52) - 0x1.8p52;
    *q = (int)((int64_t)n & 3);
    Pair r = sum((x - n * 0x1.921fb4p+0) - n * 0x1.4442dp-24, -n * 0x1.846988p-48);
    r = pair_add(r, (Pair){ -n * 0x1.8cc518p-72, 0 });
    return pair_add(r, (Pair){ n * 0x1.fc8f8cbb5bf6cp-97, 0 });
}

static double sin_small(Pair r) {
    double square = r.hi * r.hi;
    return r.hi + (r.lo * (1 - 0.5 * square) + r.hi * square * POLYNOMIAL(square, SIN_TAIL));
}
static double cos_small(Pair r) {
    double square = r.hi * r.hi;
    Pair head = quick_sum(1, -0.5 * square);
    return head.hi + (head.lo + (square * square * POLYNOMIAL(square, COS_TAIL) - r.hi * r.lo));
}

// sin(x + quarters pi / 2).
static double sin_shifted(double x, int quarters) {
    if (!(fabs(x) <= 0x1p30)) return NAN;
    int q;
    Pair r = reduce_quarter_turns(x, &q);
    q += quarters;
    double y = q & 1 ? cos_small(r) : sin_small(r);
    return q & 2 ? -y : y;
}
double real_sin(double x) { return x == 0 ? x : sin_shifted(x, 0); }
double real_cos(double x) { return sin_shifted(x, 1); }

// atan(k / 8), k = 0..8.
static const Pair ATAN_TABLE[] = {
    { 0, 0 },
    { 0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59 },
    { 0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57 },
    { 0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56 },
    { 0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56 },
    { 0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58 },
    { 0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56 },
    { 0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56 },
    { 0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55 },
};
static const Pair HALF_PI = { 0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54 };

// What follows t in atan t, divided by t^3: up to t^15, |t| <= 1/16.
static const double ATAN_TAIL[] = { -1.0 / 3, 1.0 / 5, -1.0 / 7, 1.0 / 9, -1.0 / 11, 1.0 / 13, -1.0 / 15 };

// atan(y / x) for 0 <= y <= x, x in [1, 2): with c = k / 8 near y / x, atan(y / x) = atan c + atan t, t = (y - c x) / (x + c y).
static Pair atan_below_one(Pair y, Pair x) {
    int k = (int)(8 * (y.hi / x.hi) + 0.5);
    Pair c = { k / 8.0, 0 };
    Pair t = pair_div(pair_add(y, pair_neg(pair_mul(c, x))), pair_add(x, pair_mul(c, y)));
    double square = t.hi * t.hi;
    t.lo += t.hi * square * POLYNOMIAL(square, ATAN_TAIL);
    return pair_add(ATAN_TABLE[k], t);
}

// The angle of (x, y), both >= 0 and finite, not both 0.
static Pair angle(Pair y, Pair x) {
    if (y.hi > x.hi) return pair_add(HALF_PI, pair_neg(angle(x, y)));
    double ratio = y.hi / x.hi;
    if (ratio < 0x1p-28) return (Pair){ ratio, 0 };      // atan t = t to 2^-57; the scaled y might be subnormal
    int exponent;
    frexp(x.hi, &exponent);
    return atan_below_one((Pair){ ldexp(y.hi, 1 - exponent), ldexp(y.lo, 1 - exponent) },
                          (Pair){ ldexp(x.hi, 1 - exponent), ldexp(x.lo, 1 - exponent) });
}

double real_atan2(double y, double x) {
    if (isnan(x) || isnan(y)) return NAN;
    double ay = fabs(y), ax = fabs(x);
    if (isinf(ay) || isinf(ax)) ay = isinf(ay), ax = isinf(ax);
    Pair a = ay == 0 ? (Pair){ 0, 0 } : angle((Pair){ ay, 0 }, (Pair){ ax, 0 });
    if (signbit(x)) a = pair_add((Pair){ 2 * HALF_PI.hi, 2 * HALF_PI.lo }, pair_neg(a));
    return signbit(y) ? -a.hi : a.hi;
}

// cos a = x: tan^2(a / 2) = (1 - x) / (1 + x).
double real_acos(double x) {
    if (!(fabs(x) <= 1)) return NAN;
    return 2 * angle(pair_sqrt(sum(1, -x)), pair_sqrt(sum(1, x))).hi;
}

// -------------------------------------------------------------------------------------------------------------- log of gamma

// zeta(k) - 1, k = 2..27.
static const double ZETA_MINUS_1[] = {
    0.6449340668482264365, 0.2020569031595942854, 0.08232323371113819152, 0.03692775514336992633, 0.01734306198444913971,
    0.00834927738192282684, 0.004077356197944339379, 0.002008392826082214418, 0.0009945751278180853371, 0.0004941886041194645587,
    0.0002460865533080482986, 0.0001227133475784891468, 0.00006124813505870482926, 0.00003058823630702049355, 0.00001528225940865187173,
    7.637197637899762274e-6, 3.817293264999839856e-6, 1.908212716553938926e-6, 9.539620338727961132e-7, 4.769329867878064631e-7,
    2.3845050272773299e-7, 1.192199259653110731e-7, 5.960818905125947961e-8, 2.980350351465228019e-8, 1.490155482836504123e-8,
    7.450711789835429492e-9,
};

// log gamma(2 + e) = (1 - euler) e + sum over k >= 2 of (zeta(k) - 1) (-e)^k / k, |e| <= 1/2 (Abramowitz and Stegun 6.1.33).
static double lgamma_near_2(double e) {
    double tail = 0;
    for (int k = (int)(sizeof ZETA_MINUS_1 / sizeof *ZETA_MINUS_1) + 1; k >= 2; k--) tail = ZETA_MINUS_1[k - 2] / k - e * tail;
    return e * (0.42278433509846713939 + e * tail);
}

// Stirling's series (6.1.41), x >= 10: the first term left out is 3e-17.
static double lgamma_stirling(double x) {
    static const double c[] = { 1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188, -691.0 / 360360, 1.0 / 156 };
    double inverse = 1 / x;
    return (x - 0.5) * (real_log(x) - 1) + (0.5 * REAL_LN_2PI - 0.5) + inverse * POLYNOMIAL(inverse * inverse, c);
}

double real_lgamma(double x) {
    if (!(x > 0)) return x == 0 ? HUGE_VAL : (double)NAN;
    if (x == HUGE_VAL) return x;
    if (x >= 10) return lgamma_stirling(x);
    if (x < 0.5) return lgamma_near_2(x) - real_log1p(x) - real_log(x);
    if (x < 1.5) return lgamma_near_2(x - 1) - real_log1p(x - 1);
    double factor = 1;
    for (; x > 2.5; x -= 1) factor *= x - 1;
    return lgamma_near_2(x - 2) + real_log(factor);
}
