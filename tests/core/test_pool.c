// The pool: every item once, whatever the threads, and nothing left over; and models on top of it.  `make races` runs these under
// ThreadSanitizer too.
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/pool.h"
#include "check.h"
#include "run.h"

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

// --- Models -----------------------------------------------------------------------------------------------------------

// Large enough for most ops to be worth a second thread, small enough for sanitizers.
static const char *middling(const ModelDef *def) {
    static char lines[300];
    static const struct { const char *key; int value; } wish[] = {
        { "batch", 64 }, { "hidden", 96 }, { "channels", 16 }, { "layers", 2 }, { "couplings", 2 }, { "steps", 5 },
    };
    size_t n = 0;
    lines[0] = 0;
    for (size_t i = 0; i < sizeof wish / sizeof *wish; i++)
        if (knob_find(def->knobs, wish[i].key) >= 0) n += (size_t)snprintf(lines + n, sizeof lines - n, "%s\t%d\n", wish[i].key, wish[i].value);
    return lines;
}

typedef struct { Lab *lab; Out file, sample; const uint8_t *bytes; size_t size; } Trained;

static Trained train_on(int threads, const ModelDef *def, const char *data) {
    Trained r;
    double mean[LOSSES_MAX];
    ENSURE_EQUAL(pool_start(threads), threads);
    r.lab = lab_new(0);
    out_init(&r.file, NULL), out_init(&r.sample, NULL);
    Run *run = run_new(r.lab, def->id, data, 1, middling(def));
    ENSURE_SAYING(run && run_train(run, 2, mean), "%s", error_message());
    ENSURE(run_save(run, false, &r.file, &r.bytes, &r.size));
    ENSURE(run_call(run, "sample", &(Call){ .n = 70, .name = "", .options = "" }, &r.sample));
    pool_stop();
    return r;
}

static void give_back(Trained *r) {
    out_clear(&r->file), out_clear(&r->sample);
    lab_free(r->lab);
}

static void ensure_alike(const ModelDef *def, const char *data) {
    Trained one = train_on(1, def, data);
    for (int threads = 2; threads <= 3; threads++) {
        check_during("%s on %s, %d threads", def->id, data, threads);
        Trained more = train_on(threads, def, data);
        ENSURE_EQUAL(one.size, more.size);
        ENSURE(!memcmp(one.bytes, more.bytes, one.size));
        const Array *a = out_find(&one.sample, "data"), *b = out_find(&more.sample, "data");
        ENSURE(!memcmp(a->data, b->data, sizeof(float) * 70 * 2));           // as many numbers as points have; the file holds the rest
        give_back(&more);
    }
    give_back(&one);
}

TEST(pool, "threads change no byte of what a model learns and samples") {
    for (int i = 0; i < n_model_defs; i++) {
        if (model_defs[i]->points) ensure_alike(model_defs[i], "moons");
        if (model_defs[i]->image) ensure_alike(model_defs[i], "digits");
    }
}
