// Decimal text and back, against the C library, whose conversions are exact too.
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "base/rng.h"
#include "check.h"

// Any finite double, all exponents alike.
static double any_double(Rng *r) {
    double value = INFINITY;
    while (!isfinite(value)) {
        uint64_t bits = (uint64_t)rng_u32(r) << 32 | rng_u32(r);
        memcpy(&value, &bits, sizeof value);
    }
    return value;
}

static bool same(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

TEST(decimal, "numbers are written in the shortest form that reads back") {
    static const struct { double value; const char *text; } known[] = { { 0, "0" }, { -0.0, "-0" }, { 0.1, "0.1" }, { 1, "1" }, { 1000000, "1000000" },
        { -0.5, "-0.5" }, { 0.0001, "0.0001" }, { 1e-7, "1e-07" }, { 1e300, "1e+300" }, { 1.0 / 3, "0.3333333333333333" }, { 5e-324, "5e-324" },
        { 123456789012, "123456789012" }, { 999999999999999, "999999999999999" }, { DBL_MAX, "1.7976931348623157e+308" }, { 9.5, "9.5" } };
    char text[32];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        number_text(known[i].value, text);
        ENSURE_SAME(text, known[i].text);
    }
    Rng r = rng_at((Key){ 5, STREAM_SAMPLE }, 0, 0);
    for (int i = 0; i < 500; i++) {
        double value = any_double(&r);
        number_text(value, text);
        ENSURE_SAYING(same(strtod(text, NULL), value), "%.17g became %s", value, text);
    }
}

TEST(decimal, "digits are rounded as the C library rounds them, ties to even") {
    static const double ties[] = { 0.5, 1.5, 2.5, 0.25, 0.125, 0.375, 9.5, 0.05, 0.04, 0.96, 99.95, 1e-320, 0 };
    Rng r = rng_at((Key){ 6, STREAM_SAMPLE }, 0, 0);
    char text[400], wanted[400];
    for (int i = 0; i < 500; i++) {
        double value = i < 13 ? ties[i] : any_double(&r), modest = i < 13 ? value : fmod(value, 1e6);
        int digits = 1 + i % DECIMAL_DIGITS, places = i % 4;
        Decimal d = decimal_of(value, digits, 400);
        *decimal_exponential(text, &d) = 0;
        snprintf(wanted, sizeof wanted, "%.*e", d.n ? d.n - 1 : 0, strtod(text, NULL));
        if (d.n) ENSURE_SAME(text, wanted);
        snprintf(wanted, sizeof wanted, "%.*e", digits - 1, value);
        ENSURE(same(strtod(text, NULL), strtod(wanted, NULL)) || !d.n);
        d = decimal_of(modest, DECIMAL_DIGITS, places);
        *decimal_plain(text, &d, places) = 0;
        snprintf(wanted, sizeof wanted, "%.*f", places, modest);
        ENSURE_SAME(text, wanted);
    }
}

TEST(decimal, "text reads as the nearest double, whatever its length") {
    static const char *const hard[] = { "0", "-0", "1e400", "-1e400", "1e-400", "4.9e-324", "2.47e-324", "2.48e-324", "2.2250738585072011e-308", "9007199254740993",
        "9007199254740993.00000000000000000000000000000000001", "1.7976931348623158e308", "1.7976931348623159e308", "000.0001", ".5", "5.", "+3", "1e", "12e+", "7x",
        "100000000000000000000000000000000e-32", "0.000000000000000000000000000000000000000001e42", "179769313486231580793e289", "1e-99999999999", "1e99999999999" };
    double value;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        char *end;
        double wanted = strtod(hard[i], &end);
        const char *mine = number_read(hard[i], &value);
        ENSURE_SAYING(mine == end && same(value, wanted), "%s read as %.17g", hard[i], value);
    }
    Rng r = rng_at((Key){ 7, STREAM_SAMPLE }, 0, 0);
    for (int i = 0; i < 500; i++) {
        char text[900];
        double one = fabs(any_double(&r)), next = nextafter(one, INFINITY);
        if (i % 2) snprintf(text, sizeof text, "%.*e", i % 30, one);
        else if (isfinite(next)) snprintf(text, sizeof text, "%.800Le", ((long double)one + (long double)next) / 2);      // half-way, where that is exact
        ENSURE(number_read(text, &value) && same(value, strtod(text, NULL)));
    }
    ENSURE(!number_read("", &value) && !number_read("-", &value) && !number_read(".", &value) && !number_read("inf", &value) && !number_read("e5", &value));
}
