// rng.h -- random numbers that are a function of where they are used, not of what was drawn before.
//
// Counter-based: Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11).  The number
// number i of example e at step t of stream s of seed k is one fixed value, so training, display and measuring never
// disturb each other, `sample(10)` is the beginning of `sample(200)`, and no state has to be saved.
#ifndef GENPLAY_RNG_H
#define GENPLAY_RNG_H

#include <stdint.h>

// What a draw is for.  The low 16 bits of a stream are free for its user (the number of a noise node in a graph, say).
typedef enum {
    STREAM_INIT    = 1 << 16,   // first weights
    STREAM_BATCH   = 2 << 16,   // which examples a training step sees
    STREAM_TRAIN   = 3 << 16,   // noise inside a training step
    STREAM_SAMPLE  = 4 << 16,   // codes and noise of samples
    STREAM_MEASURE = 5 << 16,   // everything that measures draw
    STREAM_DATA    = 6 << 16,   // drawing training examples from an endless set
    STREAM_TEST    = 7 << 16,   // drawing its test examples
    STREAM_BINARY  = 8 << 16,   // binarisation of grey pixels
    STREAM_BOUND   = 9 << 16,   // posterior draws of a bound
    STREAM_DEQUANTISE = 10 << 16,   // what lies below the last bit of 8-bit pixels
} Stream;

typedef struct { uint32_t seed, stream; } Key;

// The raw block: out[0..3] = Philox-4x32-10 of counter { block, example, step low, step high } under key { seed, stream }.
void rng_block(Key key, uint32_t example, uint64_t step, uint32_t block, uint32_t out[4]);

// n numbers of one example, from the example's number `first` on (any first; cheapest when first and n are multiples of 4).
// uniform: [0,1), multiples of 2^-24.  normal: N(0,1) by Box-Muller with the core's own log, sin and cos (|x| < 5.9).
void rng_uniform(Key key, uint32_t example, uint64_t step, int first, float *out, int n);
void rng_normal(Key key, uint32_t example, uint64_t step, int first, float *out, int n);

// Rows first..first+rows-1 of a matrix [rows, n]: row r is example first+r.
void rng_uniform_rows(Key key, uint32_t first, uint64_t step, float *out, int rows, int n);
void rng_normal_rows(Key key, uint32_t first, uint64_t step, float *out, int rows, int n);

// A reader for code that takes draws one after another (data sets, samplers): double precision, own position.
typedef struct { Key key; uint32_t example; uint64_t step; uint32_t block, word[4]; int left; double spare; int has_spare; } Rng;
Rng rng_at(Key key, uint32_t example, uint64_t step);
uint32_t rng_u32(Rng *r);
double rng_u(Rng *r);                          // [0,1), 53 bits
double rng_g(Rng *r);                          // N(0,1)
int rng_below(Rng *r, int n);                  // uniform in 0..n-1, unbiased; n >= 1

// A random permutation of 0..n-1 as a function: the image of i under the permutation number `step` (a Feistel network with
// cycle walking, so nothing is stored).  0 <= i < n.
uint32_t rng_permute(Key key, uint64_t step, uint32_t n, uint32_t i);

#endif
