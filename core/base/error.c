#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

static struct { ErrorCode code; char message[512]; } sticky;

bool fail(ErrorCode code, const char *format, ...) {
    if (sticky.code != ERROR_NONE) return false;
    sticky.code = code;
    va_list args;
    va_start(args, format);
    vsnprintf(sticky.message, sizeof sticky.message, format, args);
    va_end(args);
    return false;
}

void error_clear(void) { sticky.code = ERROR_NONE; sticky.message[0] = 0; }

ErrorCode error_code(void) { return sticky.code; }

const char *error_name(void) {
    static const char *const name[] = { "", "bad-argument", "unsupported", "bad-file", "out-of-memory", "diverged" };
    return name[sticky.code];
}

const char *error_message(void) { return sticky.message; }
