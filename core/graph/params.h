// params.h -- what a model learns: a store of named tensors in contiguous spans.
//
// value, grad, m, v (optimizer moments) and average (EMA of the weights) are five spans of the same length and order, so an
// optimizer is one loop over a span.  Declare every tensor, then params_alloc() once; pointers stay valid until the arena goes.
// Tensors start at multiples of 16 floats; the gaps are zero and stay zero.
//
// Running statistics (batch norm's) stand behind what is learned.  Their `grad` is not a gradient but the value of the last batch, and a
// step moves them a tenth of the way towards it.
#ifndef GENPLAY_PARAMS_H
#define GENPLAY_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum {
    INIT_ZERO,
    INIT_ONE,
    INIT_NORMAL,      // N(0, scale^2)
    INIT_UNIFORM,     // U[-scale, scale)
} InitKind;

typedef struct Params Params;

typedef struct {
    char name[48];               // "encoder.0.weight": the tensor's name in files
    Params *store;
    int rank, dim[4], size, at;  // `at`: offset into every span, floats
    InitKind init;
    float scale;
    bool running;                // not learned: a statistic that follows the batches
} Param;

enum { PARAMS_MAX = 256 };

struct Params {
    const char *name;            // "generator", ...: prefix in files
    Arena *arena;
    int n, n_floats;             // tensors; length of a span
    int n_learned;               // floats of a span that are learned: the first
    Param *param[PARAMS_MAX];
    float *value, *grad, *m, *v, *average;
    uint64_t updates;            // optimizer steps taken (Adam's t)
    bool averaged;               // some program reads the average, so that is what the model is used with
};

void params_begin(Params *s, const char *name, Arena *arena);
// Declares a tensor; its number in the store keys its first values.  Never NULL (a dummy once memory is over).
Param *params_add(Params *s, const char *name, InitKind init, float scale, int rank, const int *dim);
// The same for a running statistic, which v_track feeds.
Param *params_add_running(Params *s, const char *name, InitKind init, int rank, const int *dim);
bool params_alloc(Params *s, uint32_t seed);        // the spans, filled; False: memory
void params_reset(Params *s, uint32_t seed);        // first values again, moments and updates 0
float *param_value(const Param *p);
int params_count(const Params *s);                  // numbers learned: without gaps and running statistics

#endif
