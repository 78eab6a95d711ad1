// Arenas and the sticky error.
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "check.h"

static bool all_zero(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (p[i]) return false;
    }
    return true;
}

TEST(arena, "pieces are zeroed, aligned to 64 bytes and do not overlap") {
    Arena a;
    arena_init(&a, "test", NULL);
    static const size_t bytes[] = { 1, 63, 64, 65, 0, 4096, 70000, 3, 200000 };
    char *piece[9];
    for (int i = 0; i < 9; i++) {
        piece[i] = arena_alloc(&a, bytes[i]);
        ENSURE(piece[i]);
        ENSURE_EQUAL((uintptr_t)piece[i] % 64, 0);
        ENSURE(all_zero(piece[i], bytes[i]));
        memset(piece[i], i + 1, bytes[i]);
    }
    for (int i = 0; i < 9; i++) {
        for (size_t j = 0; j < bytes[i]; j++) ENSURE(piece[i][j] == i + 1);
    }
    arena_free(&a);
}

TEST(arena, "a release gives back what was taken since the mark, and zeroes it again") {
    Arena a;
    Budget budget = { 0 };
    arena_init(&a, "test", &budget);
    arena_alloc(&a, 1000);
    ArenaMark mark = arena_mark(&a);
    size_t used = a.used, held = budget.used;
    for (int round = 0; round < 3; round++) {
        char *p = arena_alloc(&a, 500);
        ENSURE(all_zero(p, 500));
        memset(p, 7, 500);
        ENSURE(arena_alloc(&a, 1000000));        // a block of its own
        arena_release(&a, mark);
        ENSURE_EQUAL(a.used, used);
        ENSURE_EQUAL(budget.used, held);
    }
    ENSURE(a.peak >= used + 1000500);
    arena_free(&a);
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(arena_alloc(&a, 8));                  // free, but not dead
    arena_free(&a);
}

TEST(arena, "a mark of an empty arena releases everything") {
    Arena a;
    Budget budget = { 0 };
    arena_init(&a, "test", &budget);
    ArenaMark mark = arena_mark(&a);
    arena_alloc(&a, 100);
    arena_alloc(&a, 100000);
    arena_release(&a, mark);
    ENSURE_EQUAL(a.used, 0);
    ENSURE_EQUAL(budget.used, 0);
}

TEST(arena, "two arenas of one budget stop at its limit, and the message holds the numbers") {
    Arena a, b;
    Budget budget = { .limit = 1000000 };
    arena_init(&a, "model", &budget);
    arena_init(&b, "data", &budget);
    ENSURE(arena_alloc(&a, 600000));
    ENSURE(!arena_alloc(&b, 500000));
    ENSURE_EQUAL(error_code(), ERROR_OUT_OF_MEMORY);
    ENSURE(strstr(error_message(), "data") && strstr(error_message(), "0.5 MB") && strstr(error_message(), "0.4 MB"));
    arena_free(&a);
    ENSURE(arena_alloc(&b, 500000));
    arena_free(&b);
    ENSURE_EQUAL(budget.used, 0);
}

TEST(arena, "an absurd size fails instead of wrapping around") {
    Arena a;
    arena_init(&a, "test", NULL);
    ENSURE_FAILS(arena_alloc(&a, SIZE_MAX), ERROR_OUT_OF_MEMORY);
    ENSURE_FAILS(arena_alloc(&a, SIZE_MAX - 63), ERROR_OUT_OF_MEMORY);
    ENSURE_FAILS(arena_new(&a, double, SIZE_MAX / 8), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(a.used, 0);
    arena_free(&a);
}

TEST(arena, "a copied string is the string") {
    Arena a;
    arena_init(&a, "test", NULL);
    ENSURE_SAME(arena_string(&a, "moons"), "moons");
    ENSURE_SAME(arena_string(&a, ""), "");
    arena_free(&a);
}

TEST(error, "the first failure is kept until it is cleared") {
    ENSURE_SAME(error_name(), "");
    ENSURE_SAME(error_message(), "");
    ENSURE(!fail(ERROR_BAD_ARGUMENT, "steps: %d is not positive", -3));
    ENSURE(!fail(ERROR_BAD_FILE, "a consequence"));
    ENSURE_EQUAL(error_code(), ERROR_BAD_ARGUMENT);
    ENSURE_SAME(error_name(), "bad-argument");
    ENSURE_SAME(error_message(), "steps: -3 is not positive");
    error_clear();
    ENSURE_EQUAL(error_code(), ERROR_NONE);
    ENSURE_SAME(error_message(), "");
    fail(ERROR_DIVERGED, "later");
    ENSURE_SAME(error_name(), "diverged");
}

TEST(error, "a long message is cut, not written past its end") {
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    fail(ERROR_BAD_ARGUMENT, "%s", text);
    size_t length = strlen(error_message());
    ENSURE(length > 100 && length < sizeof text - 1);
}
