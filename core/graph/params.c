#include "graph/params.h"

#include <string.h>

#include "base/error.h"
#include "base/rng.h"

static Param dummy = { .name = "none", .rank = 1, .dim = { 1 }, .size = 1 };

void params_begin(Params *s, const char *name, Arena *arena) { *s = (Params){ .name = name, .arena = arena }; }

Param *params_add(Params *s, const char *name, InitKind init, float scale, int rank, const int *dim) {
    Param *p = s->n < PARAMS_MAX ? arena_new(s->arena, Param, 1) : NULL;
    if (!p) {
        fail(ERROR_OUT_OF_MEMORY, "%s: more than %d tensors", s->name, PARAMS_MAX);
        return &dummy;
    }
    *p = (Param){ .store = s, .rank = rank, .size = 1, .init = init, .scale = scale };
    strncpy(p->name, name, sizeof p->name - 1);
    for (int i = 0; i < rank; i++) p->size *= p->dim[i] = dim[i];
    return s->param[s->n++] = p;
}

Param *params_add_running(Params *s, const char *name, InitKind init, int rank, const int *dim) {
    Param *p = params_add(s, name, init, 0, rank, dim);
    p->running = true;
    return p;
}

// Gives the learned or the running tensors their places behind what has one.
static void lay_out(Params *s, bool running) {
    for (int k = 0; k < s->n; k++) {
        Param *p = s->param[k];
        if (p->running != running) continue;
        p->at = s->n_floats;
        s->n_floats += (p->size + 15) & ~15;
    }
}

bool params_alloc(Params *s, uint32_t seed) {
    lay_out(s, false);
    s->n_learned = s->n_floats;
    lay_out(s, true);
    float **span[] = { &s->value, &s->grad, &s->m, &s->v, &s->average };
    for (int i = 0; i < 5; i++)
        if (!(*span[i] = arena_new(s->arena, float, s->n_floats))) return false;
    params_reset(s, seed);
    return true;
}

void params_reset(Params *s, uint32_t seed) {
    size_t bytes = sizeof(float) * (size_t)s->n_floats;
    memset(s->value, 0, bytes);
    memset(s->grad, 0, bytes);
    memset(s->m, 0, bytes);
    memset(s->v, 0, bytes);
    s->updates = 0;
    uint32_t salt = 0;                                   // stores of one model start from different numbers
    for (const char *c = s->name; *c; c++) salt = salt * 31 + (uint8_t)*c;
    for (int k = 0; k < s->n; k++) {
        const Param *p = s->param[k];
        float *x = s->value + p->at;
        Key key = { seed, STREAM_INIT + (uint32_t)k };
        if (p->init == INIT_NORMAL) rng_normal(key, salt, 0, 0, x, p->size);
        if (p->init == INIT_UNIFORM) rng_uniform(key, salt, 0, 0, x, p->size);
        for (int i = 0; i < p->size; i++)
            x[i] = p->init == INIT_NORMAL ? x[i] * p->scale : p->init == INIT_UNIFORM ? (2 * x[i] - 1) * p->scale : p->init == INIT_ONE;
    }
    memcpy(s->average, s->value, bytes);
}

float *param_value(const Param *p) { return p->store->value + p->at; }

int params_count(const Params *s) {
    int n = 0;
    for (int k = 0; k < s->n; k++) n += s->param[k]->running ? 0 : s->param[k]->size;
    return n;
}
