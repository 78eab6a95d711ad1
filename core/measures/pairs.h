// pairs.h -- inside core/measures/: kernel values of all pairs of rows, tile by tile.
#ifndef GENPLAY_PAIRS_H
#define GENPLAY_PAIRS_H

#include "measures/measures.h"

enum { TILE_I = 16, TILE_J = 64 };

// value[i - i0][j - j0] = kernel(row i of x, row j of y) for i0 <= i < i0 + ni, j0 <= j < j0 + nj; what lies beyond nj is undefined.
typedef struct { int i0, ni, j0, nj; float value[TILE_I][TILE_J]; } Tile;

// Calls use(self, tile) for all pairs, or, when y is NULL, for the tiles of pairs (i, j) within x that hold some i < j.
// The values lack the kernel's constant factor: kernel_factor.
void for_tiles(const float *x, int n, const float *y, int m, int d, Kernel kernel, void (*use)(void *self, const Tile *tile), void *self);

double kernel_factor(Kernel kernel, int d);

#endif
