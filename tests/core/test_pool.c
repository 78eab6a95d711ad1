// The pool: every item once, whatever the threads, and nothing left over.  `make races` runs these under ThreadSanitizer too.
#include <string.h>
#include <time.h>

#include "base/pool.h"
#include "check.h"

enum { ITEMS = 1000, PLENTY = 1 << 20 };       // PLENTY of multiply-adds an item: every thread gets a part

typedef struct { int times[ITEMS]; } Tally;

static void count(void *context, int begin, int end) {
    Tally *tally = context;
    for (int i = begin; i < end; i++) tally->times[i]++;
}

static void ensure_each_once(const Tally *tally, int n) {
    for (int i = 0; i < ITEMS; i++) ENSURE_EQUAL(tally->times[i], i < n);
}

TEST(pool, "every item is computed once, for any number of items and threads") {
    static const int counts[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33, ITEMS };
    for (int threads = 1; threads <= 5; threads++) {
        ENSURE_EQUAL(pool_start(threads), threads);
        for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
            Tally tally = { 0 };
            pool_run(counts[k], PLENTY, count, &tally);
            ensure_each_once(&tally, counts[k]);
        }
    }
    pool_stop();
}

static void note_range(void *context, int begin, int end) {
    if (begin == 0) *(int *)context = end;
}

TEST(pool, "little work stays on one thread, much is split evenly") {
    int first = 0;
    pool_start(3);
    pool_run(30, 10, note_range, &first);
    ENSURE_EQUAL(first, 30);
    pool_run(30, PLENTY, note_range, &first);
    ENSURE_EQUAL(first, 10);
    pool_stop();
}

TEST(pool, "without a start, and after a stop, work is a plain call") {
    int first = 0;
    pool_run(30, PLENTY, note_range, &first);
    ENSURE_EQUAL(first, 30);
    pool_start(2);
    pool_stop();
    first = 0;
    pool_run(30, PLENTY, note_range, &first);
    ENSURE_EQUAL(first, 30);
}

static void count_rows(void *context, int begin, int end) {
    Tally *tally = context;
    for (int i = begin; i < end; i++) pool_run(10, PLENTY, count, tally + i);
}

TEST(pool, "work within work is a plain call on the thread that does it") {
    static Tally tally[8];
    memset(tally, 0, sizeof tally);
    pool_start(3);
    pool_run(8, PLENTY, count_rows, tally);
    pool_stop();
    for (int i = 0; i < 8; i++) ensure_each_once(tally + i, 10);
}

// Long enough for the pool's threads to fall asleep.
static void rest(void) {
    for (clock_t start = clock(); clock() - start < CLOCKS_PER_SEC / 500;) {}
}

TEST(pool, "thousands of jobs in a row, some after a rest, all get done") {
    static Tally tally;
    memset(&tally, 0, sizeof tally);
    pool_start(3);
    for (int job = 0; job < 5000; job++) {
        pool_run(ITEMS, PLENTY, count, &tally);
        if (job % 1000 == 0) rest();
    }
    pool_stop();
    for (int i = 0; i < ITEMS; i++) ENSURE_EQUAL(tally.times[i], 5000);
}
