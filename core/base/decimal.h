// decimal.h -- doubles to decimal text and back, both exact: every result is the nearest there is, ties to even.
//
// With natural numbers as long as it takes, a step at a time: the plain form of Steele and White, "How to Print Floating-Point
// Numbers Accurately" (1990), and Clinger, "How to Read Floating Point Numbers Accurately" (1990).  A number takes microseconds, which is
// enough for settings and file headers.  The C library's own would print and read the same; in WebAssembly they weigh 18 kB.
#ifndef GENPLAY_DECIMAL_H
#define GENPLAY_DECIMAL_H

#include <stdbool.h>

enum { DECIMAL_DIGITS = 17 };    // no double needs more

// 0.d1d2...dn * 10^point, without zeros at the end; zero has n = 0.
typedef struct {
    bool negative;
    int point, n;
    char digit[DECIMAL_DIGITS];
} Decimal;

// x (finite) rounded to that many digits, or to that many places after the point, whichever are fewer.
Decimal decimal_of(double x, int digits, int places);

// Write it as 12.5 with `places` after the point, or as 1.25e+01; they return the end, where no zero is put.
char *decimal_plain(char *to, const Decimal *d, int places);
char *decimal_exponential(char *to, const Decimal *d);

// The shortest text that reads back as the same double (finite); whole numbers below 1e15 are written out.
void number_text(double value, char text[32]);

// Reads a decimal number, such as -12.5e3, into *value (infinite when too large) and returns its end; NULL where none begins.
const char *number_read(const char *text, double *value);

#endif
