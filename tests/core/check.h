// check.h -- the test framework of every native C test.
//
//     TEST(arena, "what was taken since a mark comes back") {
//         ENSURE(arena_new(&a, float, 3));
//         ENSURE_CLOSE(mean, 0.5, 4 / sqrt(12.0 * n));      // four standard errors
//     }
//
// A test registers itself: a file tests/core/test_<module>.c needs nothing but this header.  The first claim of a test that does
// not hold ends it, also from inside a helper function (by longjmp, so what it had allocated stays allocated).  Each test starts
// with no error kept by error.h.
//
//     build/asan/tests            runs all; one line each: "ok - module: claim" or "not ok - module: claim", before the latter
//                                 lines that begin with "# "; exit status 1 when one failed or none ran
//     build/asan/tests vmath ulp  only those whose "module: claim" contains one of the words
#ifndef GENPLAY_CHECK_H
#define GENPLAY_CHECK_H

#include <stdbool.h>

#include "base/error.h"

typedef struct Test {
    const char *module, *claim;
    void (*run)(void);
    struct Test *next;
} Test;

void check_add(Test *test);

// Ends the running test as failed.
_Noreturn void check_fail(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);

// What the test is busy with, for tests that loop: printed when it fails.  check_during("model %s", id).
void check_during(const char *format, ...) PRINTF_LIKE(1, 2);

#define TEST(module, claim) TEST_NUMBERED(module, claim, __LINE__)
#define TEST_NUMBERED(module, claim, line) TEST_PASTED(module, claim, line)      // once more, so that __LINE__ becomes a number
#define TEST_PASTED(module, claim, line) TEST_NAMED(module, claim, test_##line, add_##line)
#define TEST_NAMED(module, claim, run, add)                   \
    static void run(void);                                    \
    __attribute__((constructor)) static void add(void) {      \
        static Test test = { #module, claim, run, 0 };        \
        check_add(&test);                                     \
    }                                                         \
    static void run(void)

#define ENSURE(condition) ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, "%s", #condition))

// With a message of one's own, as for printf.
#define ENSURE_SAYING(condition, ...) ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, __VA_ARGS__))

// |a - b| <= tolerance; never for NaN.
#define ENSURE_CLOSE(a, b, tolerance) check_close(__FILE__, __LINE__, #a, (double)(a), #b, (double)(b), (double)(tolerance))
// Integers.
#define ENSURE_EQUAL(a, b) check_equal(__FILE__, __LINE__, #a, (long long)(a), #b, (long long)(b))
// Strings; NULL equals nothing.
#define ENSURE_SAME(a, b) check_same(__FILE__, __LINE__, #a, (a), #b, (b))
// A call that must return false (or NULL) and leave this code, which is forgotten afterwards.
#define ENSURE_FAILS(call, code) check_fails(__FILE__, __LINE__, #call, !(call), (code))

void check_close(const char *file, int line, const char *a, double va, const char *b, double vb, double tolerance);
void check_equal(const char *file, int line, const char *a, long long va, const char *b, long long vb);
void check_same(const char *file, int line, const char *a, const char *va, const char *b, const char *vb);
void check_fails(const char *file, int line, const char *call, bool failed, ErrorCode code);

#endif
