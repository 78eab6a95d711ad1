// judging.c -- the lab's judge: loaded once, asked by the measures of digits and by whoever has digits to be read.

#include "base/error.h"
#include "measures/judge.h"
#include "run.h"

// What runs were told by an earlier judge no longer counts.
static void forget(Lab *lab) {
    for (Run *run = lab->runs; run; run = run->next) run->judged.by = NULL;
}

bool lab_load_judge(Lab *lab, const uint8_t *bytes, size_t size) {
    error_clear();
    Arena arena;
    arena_init(&arena, "judge", &lab->budget);
    Judge *judge = judge_load(bytes, size, &arena);
    if (!judge) {
        arena_free(&arena);
        return false;
    }
    arena_free(&lab->judge_arena);
    lab->judge_arena = arena, lab->judge = judge;
    forget(lab);
    return true;
}

bool lab_judge(Lab *lab, const float *x, size_t floats, Out *out) {
    error_clear();
    size_t n = floats / JUDGE_PIXELS;
    if (!lab->judge) return fail(ERROR_UNSUPPORTED, "judge: none is loaded; accepted: the weights of pretrained/judge.safetensors, loaded first");
    if (n < 1 || n > 1000000 || n * JUDGE_PIXELS != floats)
        return fail(ERROR_BAD_ARGUMENT, "x: has %zu numbers; accepted: rows of %d numbers, at least one", floats, JUDGE_PIXELS);
    out_clear(out);
    float *p = out_f32(out, "data", 2, (int[]){ (int)n, JUDGE_CLASSES }), *features = out_f32(out, "features", 2, (int[]){ (int)n, JUDGE_FEATURES });
    if (!p || !features) return false;
    judge_read(lab->judge, x, (int)n, p, features);
    return true;
}

static Judge *learned(const Data *d, uint32_t seed, int steps, Arena *arena) {
    double loss;
    Judge *judge = judge_new(d, seed, arena);
    for (int i = 0; judge && i < steps; i++)
        if (!judge_train(judge, (uint64_t)i, (uint64_t)steps, &loss)) return NULL;
    return judge;
}

bool lab_train_judge(Lab *lab, const char *data, uint32_t seed, int steps, Out *out, const uint8_t **bytes, size_t *size) {
    error_clear();
    if (steps < 1) return fail(ERROR_BAD_ARGUMENT, "steps: was %d; accepted: a whole number from 1", steps);
    Data *d = lab_data(lab, data);
    if (!d) return false;
    if (!judge_reads(d)) return fail(ERROR_BAD_ARGUMENT, "data: '%s' is not what a judge can read; accepted: %d x %d grey images in %d classes", data, JUDGE_SIDE, JUDGE_SIDE, JUDGE_CLASSES);
    out_clear(out);
    Arena arena;
    arena_init(&arena, "judge", &lab->budget);
    Judge *judge = learned(d, seed, steps, &arena);
    *bytes = judge ? judge_save(judge, (uint64_t)steps, &out->arena, size) : NULL;
    arena_free(&arena);
    return *bytes != NULL;
}
