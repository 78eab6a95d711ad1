// out.c -- results as named arrays (lab.h).

#include <string.h>

#include "run.h"

void out_init(Out *out, Budget *budget) {
    *out = (Out){ 0 };
    arena_init(&out->arena, "result", budget);
}

void out_clear(Out *out) {
    arena_free(&out->arena);
    out->n = 0;
    out->json = NULL;
}

const Array *out_find(const Out *out, const char *name) {
    for (int i = 0; i < out->n; i++)
        if (!strcmp(out->array[i].name, name)) return &out->array[i];
    return NULL;
}

static void *add(Out *out, const char *name, ArrayType type, size_t item, int rank, const int *shape) {
    size_t size = item;
    for (int i = 0; i < rank; i++) size *= (size_t)shape[i];
    if (out->n == OUT_ARRAYS) return NULL;
    void *data = arena_alloc(&out->arena, size);
    char *label = arena_string(&out->arena, name);
    if (!data || !label) return NULL;
    Array *a = &out->array[out->n++];
    *a = (Array){ .name = label, .type = type, .rank = rank, .data = data };
    memcpy(a->shape, shape, sizeof(int) * (size_t)rank);
    return data;
}

float *out_f32(Out *out, const char *name, int rank, const int *shape) { return add(out, name, TYPE_F32, sizeof(float), rank, shape); }
double *out_f64(Out *out, const char *name, int rank, const int *shape) { return add(out, name, TYPE_F64, sizeof(double), rank, shape); }
int32_t *out_i32(Out *out, const char *name, int rank, const int *shape) { return add(out, name, TYPE_I32, sizeof(int32_t), rank, shape); }

bool out_json(Out *out, const char *json) { return (out->json = arena_string(&out->arena, json)) != NULL; }
