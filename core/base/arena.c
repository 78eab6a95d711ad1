#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { ALIGN = 64, BLOCK_MIN = 64 * 1024 };

struct ArenaBlock {
    ArenaBlock *before;
    size_t size, fill;       // bytes behind `bytes`, and how many of them are taken
    char *bytes;             // ALIGN-aligned, inside this allocation
};

static size_t round_up(size_t n) { return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

void arena_init(Arena *a, const char *name, Budget *budget) { *a = (Arena){ .name = name, .budget = budget }; }

static bool over_budget(const Arena *a, size_t bytes) {
    const Budget *b = a->budget;
    if (!b || !b->limit || bytes <= b->limit - b->used) return false;
    return !fail(ERROR_OUT_OF_MEMORY, "memory: the %s needs %.1f MB, %.1f MB of %.0f MB are left", a->name,
                 (double)bytes / 1e6, (double)(b->limit - b->used) / 1e6, (double)b->limit / 1e6);
}

static ArenaBlock *block_new(Arena *a, size_t bytes) {
    size_t size = bytes < BLOCK_MIN ? BLOCK_MIN : bytes;
    if (over_budget(a, size)) return NULL;
    char *raw = size > SIZE_MAX - sizeof(ArenaBlock) - ALIGN ? NULL : malloc(sizeof(ArenaBlock) + ALIGN + size);
    if (!raw) {
        fail(ERROR_OUT_OF_MEMORY, "memory: the %s needs %.1f MB, which the system does not give", a->name, (double)size / 1e6);
        return NULL;
    }
    ArenaBlock *block = (ArenaBlock *)(void *)raw;
    *block = (ArenaBlock){ .before = a->last, .size = size };
    block->bytes = (char *)round_up((uintptr_t)(raw + sizeof *block));
    if (a->budget) a->budget->used += size;
    return a->last = block;
}

void *arena_alloc(Arena *a, size_t bytes) {
    if (bytes > SIZE_MAX / 2) { fail(ERROR_OUT_OF_MEMORY, "memory: the %s asks for more than the machine can address", a->name); return NULL; }
    bytes = round_up(bytes ? bytes : 1);
    ArenaBlock *block = a->last;
    if (!block || block->size - block->fill < bytes) block = block_new(a, bytes);
    if (!block) return NULL;
    void *piece = block->bytes + block->fill;
    block->fill += bytes;
    a->used += bytes;
    if (a->used > a->peak) a->peak = a->used;
    return memset(piece, 0, bytes);
}

char *arena_string(Arena *a, const char *text) {
    size_t bytes = strlen(text) + 1;
    char *copy = arena_alloc(a, bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

ArenaMark arena_mark(const Arena *a) { return (ArenaMark){ a->last, a->last ? a->last->fill : 0, a->used }; }

void arena_release(Arena *a, ArenaMark mark) {
    while (a->last != mark.last) {
        ArenaBlock *block = a->last;
        a->last = block->before;
        if (a->budget) a->budget->used -= block->size;
        free(block);
    }
    if (a->last) a->last->fill = mark.fill;
    a->used = mark.used;
}

void arena_free(Arena *a) {
    arena_release(a, (ArenaMark){ 0 });
    a->used = 0;
}
