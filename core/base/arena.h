// arena.h -- memory that is taken piece by piece and given back all at once.
//
// A lab owns one Budget (the ceiling that its user set); every arena of the lab counts against it.  An arena is a chain
// of blocks: it grows while a run is being built and never afterwards, and it is freed as a whole, in any order with
// other arenas.  Pieces are zeroed and 64-byte aligned.
#ifndef GENPLAY_ARENA_H
#define GENPLAY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

typedef struct { size_t limit, used; } Budget;      // bytes; limit 0 means no ceiling

typedef struct ArenaBlock ArenaBlock;
typedef struct {
    const char *name;        // for messages: "model", "data", ...
    Budget *budget;          // NULL: none
    ArenaBlock *last;        // newest block, the one that serves
    size_t used, peak;       // bytes handed out now, and the most there ever were
} Arena;

void arena_init(Arena *a, const char *name, Budget *budget);

// `bytes` of zeroed memory that lives until arena_free (or the arena_release that undoes it).  Over the budget: NULL, and
// fail(ERROR_OUT_OF_MEMORY) with both numbers.
void *arena_alloc(Arena *a, size_t bytes);
#define arena_new(a, type, count) ((type *)arena_alloc((a), sizeof(type) * (size_t)(count)))

// A copy of a string that lives as long as the arena.
char *arena_string(Arena *a, const char *text);

// Gives back everything that was taken since the mark.
typedef struct { ArenaBlock *last; size_t fill, used; } ArenaMark;
ArenaMark arena_mark(const Arena *a);
void arena_release(Arena *a, ArenaMark mark);

void arena_free(Arena *a);   // everything back to the system; the arena may be used again

#endif
