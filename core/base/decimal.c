#include "base/decimal.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

// --- Natural numbers -----------------------------------------------------------------------------------------------------

// What lies half-way between two doubles has at most 767 digits; what follows READ_DIGITS can only break a tie.
enum { READ_DIGITS = 770, SMALLEST = -330, LARGEST = 310, LIMBS = (READ_DIGITS - SMALLEST) * 10 / 3 / 32 + 4 };

// The least significant limb first, the last one not 0.
typedef struct { int n; uint32_t limb[LIMBS]; } Natural;

// a = a * factor + term
static void multiply(Natural *a, uint32_t factor, uint32_t term) {
    uint64_t sum = term;
    for (int i = 0; i < a->n; i++) {
        sum += (uint64_t)a->limb[i] * factor;
        a->limb[i] = (uint32_t)sum;
        sum >>= 32;
    }
    if (sum) a->limb[a->n++] = (uint32_t)sum;
}

// a = a * base^exponent, base <= 10; an exponent below 0 counts as 0
static void scale(Natural *a, uint32_t base, int exponent) {
    for (uint32_t four = base * base * base * base; exponent >= 8; exponent -= 8) multiply(a, four * four, 0);
    for (; exponent > 0; exponent--) multiply(a, base, 0);
}

static Natural natural(uint64_t x) {
    return (Natural){ .n = x >> 32 ? 2 : x != 0, .limb = { (uint32_t)x, (uint32_t)(x >> 32) } };
}

// The sign of a - b.
static int compare(const Natural *a, const Natural *b) {
    int sign = (a->n > b->n) - (a->n < b->n);
    for (int i = a->n; !sign && i-- > 0;) sign = (a->limb[i] > b->limb[i]) - (a->limb[i] < b->limb[i]);
    return sign;
}

// a = a - b, for a >= b
static void subtract(Natural *a, const Natural *b) {
    int64_t sum = 0;
    for (int i = 0; i < a->n; i++) {
        sum += (int64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0);
        a->limb[i] = (uint32_t)sum;
        sum >>= 32;
    }
    while (a->n && !a->limb[a->n - 1]) a->n--;
}

// The next digit of top / bottom < 1 in that base; top becomes what is left.
static unsigned next_digit(Natural *top, const Natural *bottom, uint32_t base) {
    unsigned digit = 0;
    multiply(top, base, 0);
    for (; compare(top, bottom) >= 0; digit++) subtract(top, bottom);
    return digit;
}

// Whether a number whose last digit that is goes up for the sake of the rest, top / bottom < 1.
static bool rounds_up(Natural *top, const Natural *bottom, unsigned last) {
    multiply(top, 2, 0);
    int half = compare(top, bottom);
    return half > 0 || (half == 0 && last % 2);
}

// --- To text ---------------------------------------------------------------------------------------------------------------

// |x| = top / bottom
static void fraction(double x, Natural *top, Natural *bottom) {
    uint64_t bits, hidden = (uint64_t)1 << 52;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7FF);
    *top = natural((bits & (hidden - 1)) | (exponent ? hidden : 0));
    *bottom = natural(1);
    if (!exponent) exponent = 1;
    scale(top, 2, exponent - 1075), scale(bottom, 2, 1075 - exponent);
}

// Scales top / bottom > 0 into [0.1, 1) and returns the power of ten that is taken out.
static int take_power(Natural *top, Natural *bottom) {
    int point = 0;
    for (; compare(top, bottom) >= 0; point++) multiply(bottom, 10, 0);
    for (Natural next = *top; multiply(&next, 10, 0), compare(&next, bottom) < 0; point--) *top = next;
    return point;
}

// One more in the last of n places.
static void count_up(Decimal *d) {
    while (d->n && d->digit[d->n - 1] == '9') d->n--;
    if (d->n) d->digit[d->n - 1]++;
    else d->digit[d->n++] = '1', d->point++;
}

Decimal decimal_of(double x, int digits, int places) {
    Decimal d = { .negative = signbit(x) };
    Natural top, bottom;
    if (x == 0) return d;
    fraction(x, &top, &bottom);
    d.point = take_power(&top, &bottom);
    int n = d.point + places < digits ? d.point + places : digits;
    unsigned last = 0;
    while (d.n < n) last = next_digit(&top, &bottom, 10), d.digit[d.n++] = (char)('0' + last);
    if (n >= 0 && rounds_up(&top, &bottom, last)) count_up(&d);
    while (d.n && d.digit[d.n - 1] == '0') d.n--;
    return d;
}

char *decimal_plain(char *to, const Decimal *d, int places) {
    int point = d->n ? d->point : 0;
    if (d->negative) *to++ = '-';
    for (int i = point > 0 ? 0 : point - 1; i < point + places; i++) {
        if (i == point) *to++ = '.';
        *to++ = i >= 0 && i < d->n ? d->digit[i] : '0';
    }
    return to;
}

char *decimal_exponential(char *to, const Decimal *d) {
    Decimal mantissa = *d;
    int exponent = d->point - 1, size = exponent < 0 ? -exponent : exponent;
    mantissa.point = 1;
    to = decimal_plain(to, &mantissa, d->n - 1);
    *to++ = 'e', *to++ = exponent < 0 ? '-' : '+';
    if (size >= 100) *to++ = (char)('0' + size / 100);
    *to++ = (char)('0' + size / 10 % 10), *to++ = (char)('0' + size % 10);
    return to;
}

// Enough places that only the number of digits counts.
enum { ALL_PLACES = 400 };

void number_text(double value, char text[32]) {
    double back = NAN;
    for (int digits = 1; back != value; digits++) {
        Decimal d = decimal_of(value, digits, ALL_PLACES);
        bool plain = d.point > -4 && d.point <= 15;
        char *end = plain ? decimal_plain(text, &d, d.n > d.point ? d.n - d.point : 0) : decimal_exponential(text, &d);
        *end = 0;
        number_read(text, &back);
    }
}

// --- From text -------------------------------------------------------------------------------------------------------------

// The double nearest to digits * 10^exponent, where digits < 10^n.
static double nearest(Natural *top, int n, int exponent) {
    if (top->n == 0 || n + exponent < SMALLEST) return 0;
    if (n + exponent > LARGEST) return HUGE_VAL;
    Natural bottom = natural(1);
    scale(top, 10, exponent), scale(&bottom, 10, -exponent);
    int power = 0;                                                      // of two, taken out of top / bottom, which comes into [0.5, 1)
    for (; compare(top, &bottom) >= 0; power++) multiply(&bottom, 2, 0);
    for (Natural next = *top; multiply(&next, 2, 0), compare(&next, &bottom) < 0; power--) *top = next;
    int bits = power < -1021 ? power + 1074 : 53;                       // subnormal numbers have fewer
    if (bits < 0) return 0;
    uint64_t mantissa = 0;
    for (int i = 0; i < bits; i++) mantissa = 2 * mantissa + next_digit(top, &bottom, 2);
    mantissa += rounds_up(top, &bottom, (unsigned)(mantissa & 1));
    return scalbn((double)mantissa, power - bits);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "e-12" at p: its value, and p behind it; 0 where there is none.
static int read_exponent(const char **p) {
    const char *at = *p;
    int value = 0;
    if (*at != 'e' && *at != 'E') return 0;
    bool negative = *++at == '-';
    if (*at == '-' || *at == '+') at++;
    if (!is_digit(*at)) return 0;
    for (; is_digit(*at); at++) value = value < 100000 ? 10 * value + (*at - '0') : value;
    *p = at;
    return negative ? -value : value;
}

const char *number_read(const char *text, double *value) {
    const char *p = text + (*text == '-' || *text == '+');
    Natural digits = { .n = 0 };
    int n = 0, exponent = 0;
    bool any = false, point = false, more = false;
    for (; is_digit(*p) || (*p == '.' && !point); p++) {
        if (*p == '.') { point = true; continue; }
        any = true;
        if (n < READ_DIGITS) multiply(&digits, 10, (uint32_t)(*p - '0')), n += digits.n > 0, exponent -= point;
        else more |= *p != '0', exponent += !point;
    }
    if (!any) return NULL;
    if (more) multiply(&digits, 10, 1), n++, exponent--;
    exponent += read_exponent(&p);
    double size = nearest(&digits, n, exponent);
    *value = *text == '-' ? -size : size;
    return p;
}
