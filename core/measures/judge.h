// judge.h -- the judge: one frozen network that reads 28 x 28 grey digits, so that samples can be asked what they show.
//
// Convolutions 16-32-64, a layer of 64 rectified units -- the features that Frechet distances compare -- and ten classes; 61,130 weights:
//     x [B,28,28,1] -> conv 5x5, 16 -> mean over 2x2 -> conv 3x3, 32 -> mean over 2x2 -> conv 3x3 stride 2, 64 [B,3,3,64] -> 64 -> 10
// Its weights ship with the project (pretrained/judge.safetensors, float16) and are the same for everyone, or scores would not compare.
// Made by judge_train from one half of a training set; the other half is left for reference statistics, which must not be computed from
// images that the judge has learned.
#ifndef GENPLAY_JUDGE_H
#define GENPLAY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "data/data.h"

enum { JUDGE_SIDE = 28, JUDGE_PIXELS = JUDGE_SIDE * JUDGE_SIDE, JUDGE_CLASSES = 10, JUDGE_FEATURES = 64 };

typedef struct Judge Judge;

// Is this a set of what the judge can read: 28 x 28 x 1, ten classes?
bool judge_reads(const Data *d);

// The judge from the bytes of its file; it lives in the arena, the bytes may go.  NULL: not the judge's weights, or no memory; fail() says which.
Judge *judge_load(const uint8_t *bytes, size_t size, Arena *arena);

// What it makes of x [n,784], pixels in [0,1]: probabilities [n,10] and features [n,64], each NULL unless wanted.  A row's answer does not depend
// on the others.  About 6 million floating-point operations a row; no memory.
void judge_read(Judge *j, const float *x, int n, float *probabilities, float *features);

// --- Making it ----------------------------------------------------------------------------------------------------------------

// A judge with random weights that can learn; NULL: no memory.  The data must outlive it.
Judge *judge_new(const Data *d, uint32_t seed, Arena *arena);

// One step of `steps` in all: 64 images of the training half, each turned, scaled, sheared and shifted a little; cross-entropy, Adam with a rate that
// falls to 0 in a straight line.  *loss: the batch's mean cross-entropy, nats.  False: not finite.
bool judge_train(Judge *j, uint64_t step, uint64_t steps, double *loss);

// Row i of the half that the judge learns from (0 <= i < n / 2); i + n / 2 gives the other half.
uint32_t judge_half(const Data *d, uint32_t i);

// Its file: float16 weights (their moving average) under `metadata`, which tells the recipe.  In the arena; NULL: no memory.
uint8_t *judge_save(const Judge *j, uint64_t steps, Arena *arena, size_t *size);

#endif
