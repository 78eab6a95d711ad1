// The engine's snprintf against the C library's.
#include <math.h>
#include <stdio.h>

#include "check.h"

#define snprintf print_snprintf
#define vsnprintf print_vsnprintf
#include "../../wasm/print.c"
#undef snprintf
#undef vsnprintf

#define BOTH(...)                                                                            \
    do {                                                                                     \
        for (size_t room = 0; room < 100; room += room < 4 ? 1 : 48) {                       \
            char mine[100] = "before", its[100] = "before";                                  \
            ENSURE_EQUAL(print_snprintf(mine, room, __VA_ARGS__), snprintf(its, room, __VA_ARGS__)); \
            ENSURE_SAME(mine, its);                                                          \
        }                                                                                    \
    } while (0)

#pragma GCC diagnostic ignored "-Wformat-truncation"
TEST(print, "writes what the C library writes, cut where the room ends") {
    BOTH("nothing but text, 100%%");
    BOTH("%s and %.3s and %.*s and %.0s.", "one", "three", 2, "xyz", "gone");
    BOTH("%d %d %d %u %x %04x %08x %03d", 0, -5, -2147483647 - 1, 4294967295u, 48879u, 31u, 0xABCDEFu, -7);
    BOTH("%zu %lld %llu %lld", (size_t)123, -9223372036854775807LL - 1, 18446744073709551615ULL, 42LL);
}

TEST(print, "writes real numbers as the C library does") {
    static const double some[] = { 0, -0.0, 1, -1.5, 0.05, 0.25, 2.5, 999999.5, 1e6, 1234567, 1e-4, 1e-5, 1.0 / 3, 123.456, 1e15, 2e-300, 1e300, 5e-324, NAN, INFINITY, -INFINITY };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        check_during("%.17g", some[i]);
        BOTH("%g %.15g %.3g %.1g", some[i], some[i], some[i], some[i]);
        if (!(some[i] > 1e16)) BOTH("%.0f %.1f %f", some[i], some[i], some[i]);
    }
}
