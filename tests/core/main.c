// main.c -- runs the tests that registered themselves; see check.h.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"

static Test *first, **last = &first;
static jmp_buf end_of_test;
static char busy_with[256];

void check_add(Test *test) {
    *last = test;
    last = &test->next;
}

void check_during(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(busy_with, sizeof busy_with, format, args);
    va_end(args);
}

_Noreturn void check_fail(const char *file, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("# %s:%d: ", file, line);
    vprintf(format, args);
    va_end(args);
    if (busy_with[0]) printf("\n# during: %s", busy_with);
    if (error_code() != ERROR_NONE) printf("\n# %s: %s", error_name(), error_message());
    printf("\n");
    longjmp(end_of_test, 1);
}

void check_close(const char *file, int line, const char *a, double va, const char *b, double vb, double tolerance) {
    if (fabs(va - vb) <= tolerance || va == vb) return;      // equal infinities have no difference
    check_fail(file, line, "%s = %.9g and %s = %.9g differ by %.3g, more than %.3g", a, va, b, vb, fabs(va - vb), tolerance);
}

void check_equal(const char *file, int line, const char *a, long long va, const char *b, long long vb) {
    if (va != vb) check_fail(file, line, "%s = %lld, but %s = %lld", a, va, b, vb);
}

void check_same(const char *file, int line, const char *a, const char *va, const char *b, const char *vb) {
    if (!va || !vb || strcmp(va, vb)) {
        check_fail(file, line, "%s = \"%s\", but %s = \"%s\"", a, va ? va : "(null)", b, vb ? vb : "(null)");
    }
}

void check_fails(const char *file, int line, const char *call, bool failed, ErrorCode code) {
    if (!failed) check_fail(file, line, "%s succeeds", call);
    if (error_code() != code) check_fail(file, line, "%s fails with code %d, not %d", call, error_code(), code);
    error_clear();
}

static bool wanted(const Test *test, int words, char **word) {
    char name[512];
    snprintf(name, sizeof name, "%s: %s", test->module, test->claim);
    for (int i = 0; i < words; i++) {
        if (strstr(name, word[i])) return true;
    }
    return words == 0;
}

static bool passes(const Test *test) {
    error_clear();
    busy_with[0] = 0;
    if (setjmp(end_of_test)) return false;
    test->run();
    return true;
}

int main(int argc, char **argv) {
    int ran = 0, failed = 0;
    for (Test *test = first; test; test = test->next) {
        if (!wanted(test, argc - 1, argv + 1)) continue;
        clock_t start = clock();
        bool ok = passes(test);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > 2) printf("# slow: %.1f s\n", seconds);
        printf("%s - %s: %s\n", ok ? "ok" : "not ok", test->module, test->claim);
        fflush(stdout);
        ran++;
        failed += !ok;
    }
    printf("# %d run, %d failed\n", ran, failed);
    return ran == 0 || failed > 0;
}
