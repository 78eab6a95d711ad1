// pool.h -- a fixed pool of threads that share the work of one op, and nothing else.
//
// pool_run() cuts items 0..n-1 into one range per thread, always in the same way, and returns when all are done.  An item must not read
// what another writes, and must be computed alike in whatever range it falls: items are results, never terms of a sum.  Then the bytes do
// not depend on the number of threads.  Items allocate nothing and do not fail().
//
// Threads exist in builds with GENPLAY_THREADS, from pool_start() on; everywhere else pool_run() is a plain call.  One thread, always
// the same, may call these functions; a pool_run() within an item is a plain call.
#ifndef GENPLAY_POOL_H
#define GENPLAY_POOL_H

// Computes items begin..end-1.
typedef void PoolWork(void *context, int begin, int end);

// cost: of one item, in multiply-adds of vector code, roughly.  What is not worth a second thread stays on this one.
#define PASS 4.0                     // the cost of a number that is read, changed a little and written
#ifdef GENPLAY_THREADS
void pool_run(int n, double cost, PoolWork *work, void *context);
int pool_threads(void);              // how many there are
int pool_place(void);                // which of them calls: 0 for the one outside an item.  Workspaces of items are told apart by it.
#else
static inline int pool_threads(void) { return 1; }
static inline int pool_place(void) { return 0; }
static inline void pool_run(int n, double cost, PoolWork *work, void *context) {
    (void)cost;
    if (n > 0) work(context, 0, n);
}
#endif

// Runs on that many threads from now on, this one among them; a pool that was there is stopped first.  Returns how many it became: fewer
// where the system gives no more, 1 in builds without threads.  Before anything plans workspaces for them.
int pool_start(int threads);
void pool_stop(void);

#endif
