// pool.c -- fork and join by two counters.
//
// The caller writes the job down and raises `round`; every helper sees that, computes its range and counts itself off; the last one
// sets `finished` to the round, for which the caller waits after its own range.  Whoever waits looks at the counter for some
// microseconds, which is the time between two ops of a training step, and only then goes to sleep: waking a thread costs ten times a look.
#include "base/pool.h"

#ifdef GENPLAY_THREADS

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { THREADS_MAX = 32 };
static const double WORTH = 1 << 16;         // multiply-adds that take a few times as long as a fork and a join

static struct {
    int threads;                             // the caller's among them; 0 while there is no pool
    bool busy, stopping;
    PoolWork *work;                          // the job
    void *context;
    int n, parts;
    atomic_uint round, left, finished;       // jobs so far; helpers that are still at this one; the last job that is done
    atomic_uint asleep;
    pthread_mutex_t lock;                    // of `changed` only: what a sleeper waits for
    pthread_cond_t changed;
    pthread_t helper[THREADS_MAX];           // from 1 on, as their places
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

// --- Waiting ----------------------------------------------------------------------------------------------------------

#if defined(__x86_64__)
enum { LOOKS = 1000 };
static void breathe(void) { __builtin_ia32_pause(); }
#else
enum { LOOKS = 20000 };
static void breathe(void) {}
#endif

static unsigned await_change(atomic_uint *counter, unsigned old) {
    unsigned now;
    for (int i = 0; i < LOOKS; i++, breathe())
        if ((now = atomic_load(counter)) != old) return now;
    pthread_mutex_lock(&pool.lock);
    atomic_fetch_add(&pool.asleep, 1);       // before the last look: change() looks the other way round, so one of the two sees the other
    while ((now = atomic_load(counter)) == old) pthread_cond_wait(&pool.changed, &pool.lock);
    atomic_fetch_sub(&pool.asleep, 1);
    pthread_mutex_unlock(&pool.lock);
    return now;
}

static void change(atomic_uint *counter, unsigned value) {
    atomic_store(counter, value);
    if (!atomic_load(&pool.asleep)) return;
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.changed);
    pthread_mutex_unlock(&pool.lock);
}

// --- Jobs -------------------------------------------------------------------------------------------------------------

static int bound_of(int part) { return (int)((int64_t)pool.n * part / pool.parts); }

static void run_part(int part) {
    if (part < pool.parts) pool.work(pool.context, bound_of(part), bound_of(part + 1));
}

static _Thread_local int place;

static void *help(void *mine) {
    place = (int)(intptr_t)mine;
    for (unsigned round = 0;;) {
        round = await_change(&pool.round, round);
        if (pool.stopping) return NULL;
        run_part(place);
        if (atomic_fetch_sub(&pool.left, 1) == 1) change(&pool.finished, round);
    }
}

// How many threads a job is worth, at least one.
static int parts_of(int n, double cost) {
    double most = n * cost / WORTH;
    int parts = n < pool.threads ? n : pool.threads;
    return most < parts ? (int)most : parts;
}

void pool_run(int n, double cost, PoolWork *work, void *context) {
    if (n <= 0) return;
    int parts = pool.busy ? 1 : parts_of(n, cost);
    if (parts < 2) { work(context, 0, n); return; }
    pool.busy = true;
    pool.work = work, pool.context = context, pool.n = n, pool.parts = parts;
    unsigned round = atomic_load(&pool.round);
    atomic_store(&pool.left, (unsigned)pool.threads - 1);
    change(&pool.round, round + 1);
    run_part(0);
    await_change(&pool.finished, round);
    pool.busy = false;
}

int pool_threads(void) { return pool.threads > 1 ? pool.threads : 1; }
int pool_place(void) { return place; }

// --- Start and stop -----------------------------------------------------------------------------------------------------

int pool_start(int threads) {
    pool_stop();
    pool.stopping = false;
    atomic_store(&pool.round, 0);
    atomic_store(&pool.finished, 0);
    if (threads > THREADS_MAX) threads = THREADS_MAX;
    for (pool.threads = 1; pool.threads < threads; pool.threads++)
        if (pthread_create(&pool.helper[pool.threads], NULL, help, (void *)(intptr_t)pool.threads)) break;
    return pool.threads;
}

void pool_stop(void) {
    pool.stopping = true;
    change(&pool.round, atomic_load(&pool.round) + 1);
    for (int i = 1; i < pool.threads; i++) pthread_join(pool.helper[i], NULL);
    pool.threads = 0;
}

#else

int pool_start(int threads) { (void)threads; return 1; }
void pool_stop(void) {}

#endif
