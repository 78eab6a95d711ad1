// print.c -- snprintf for the engine, in place of the C library's, which brings long doubles, wide characters and locales along.
//
// It knows what the core's messages use: %s %d %u %x %g %f and %%, with a 0 and a width, a precision (also as *), and the lengths ll and z; anything
// else stops the program.  It writes what the C library would, and tests/core/test_print.c compares the two.
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

typedef struct { char *text; size_t room, n; } Sink;      // n: what would be written if there were room

static void put(Sink *s, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++, s->n++)
        if (s->n + 1 < s->room) s->text[s->n] = text[i];
}

static void put_natural(Sink *s, uint64_t value, unsigned base, int width) {
    char digits[20], *p = digits + sizeof digits;
    do *--p = "0123456789abcdef"[value % base];
    while (value /= base);
    for (int n = (int)(digits + sizeof digits - p); n < width; n++) put(s, "0", 1);
    put(s, p, (size_t)(digits + sizeof digits - p));
}

// %.Pf and %.Pg.
static void put_real(Sink *s, double x, int precision, char form) {
    char text[360], *end;
    if (x - x != 0) { put(s, x != x ? "nan" : x > 0 ? "inf" : "-inf", x < 0 ? 4 : 3); return; }
    Decimal d = decimal_of(x, form == 'f' || precision > DECIMAL_DIGITS ? DECIMAL_DIGITS : precision, form == 'f' ? precision : 400);
    if (form == 'f') end = decimal_plain(text, &d, precision);
    else if (d.n && (d.point <= -4 || d.point > precision)) end = decimal_exponential(text, &d);
    else end = decimal_plain(text, &d, d.n > d.point ? d.n - d.point : 0);
    put(s, text, (size_t)(end - text));
}

// A whole number of the argument's type, as its size and its sign.
static uint64_t whole_of(va_list *args, int longs, bool z, bool is_signed, bool *negative) {
    int64_t value = z ? (int64_t)va_arg(*args, size_t) : longs == 2 ? va_arg(*args, long long) : is_signed ? va_arg(*args, int) : (int64_t)va_arg(*args, unsigned);
    *negative = is_signed && value < 0;
    return *negative ? 0 - (uint64_t)value : (uint64_t)value;
}

static int read_count(const char **format, va_list *args) {
    int count = 0;
    if (**format == '*') return ++*format, va_arg(*args, int);
    for (; **format >= '0' && **format <= '9'; ++*format) count = 10 * count + (**format - '0');
    return count;
}

// One conversion, `format` behind its %; returns what follows it.
static const char *convert(Sink *s, const char *format, va_list *args) {
    int width = *format == '0' ? read_count(&format, args) : 0, longs = 0;
    int precision = *format == '.' ? (format++, read_count(&format, args)) : -1;
    bool z = false, negative = false;
    for (; *format == 'l' || *format == 'z'; format++) longs += *format == 'l', z |= *format == 'z';
    switch (*format) {
    case '%': put(s, "%", 1); break;
    case 's': {
        const char *text = va_arg(*args, const char *);
        int n = 0;
        while (n != precision && text[n]) n++;
        put(s, text, (size_t)n);
        break;
    }
    case 'd': case 'u': case 'x': {
        uint64_t value = whole_of(args, longs, z, *format == 'd', &negative);
        if (negative) put(s, "-", 1);
        put_natural(s, value, *format == 'x' ? 16 : 10, width - negative);
        break;
    }
    case 'f': case 'g': put_real(s, va_arg(*args, double), precision < 0 ? 6 : precision, *format); break;
    default: __builtin_trap();
    }
    return format + 1;
}

int vsnprintf(char *text, size_t room, const char *format, va_list arguments) {
    Sink s = { text, room, 0 };
    va_list args;
    va_copy(args, arguments);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put(&s, format, plain);
        format += plain;
        if (*format) format = convert(&s, format + 1, &args);
    }
    va_end(args);
    if (room) text[s.n < room ? s.n : room - 1] = 0;
    return (int)s.n;
}

int snprintf(char *text, size_t room, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, room, format, args);
    va_end(args);
    return n;
}
