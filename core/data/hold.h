// hold.h -- inside core/data: rows that a Data holds in memory, wherever they come from.
#ifndef GENPLAY_HOLD_H
#define GENPLAY_HOLD_H

#include "data/data.h"

enum { IMAGE_SIDE_MAX = 256, CLASSES_MAX = 256, HOLD_OUT_MIN = 100, HOLD_OUT = 10 };

// Rows as a caller has them: numbers with 32-bit labels, or bytes as in an IDX file.  Labels NULL: none.
typedef struct {
    const float *x, *attributes; const int32_t *labels;
    const uint8_t *bytes, *label_bytes;
    int n;
} Source;

// Images of 1..IMAGE_SIDE_MAX pixels a side and 1 or 3 channels?
bool image_shape_ok(const int shape[3]);

// Starts *d as a set of that shape without rows.  False: the id does not fit into the budget; nothing is left behind.
bool hold_begin(Data *d, const char *id, DataKind kind, const int shape[3], int classes, Budget *budget);

// Is enough known of every row, and all of it finite?  And keeps the names, before there is room for rows.
bool known_ok(const DataAttributes *known, int train, int test);
bool hold_names(Data *d, const DataAttributes *known);

// Room for n[0] training and n[1] test rows, in one piece so that it can be hashed at once; n[1] = 0: the test split is the training
// split.  Sets n, points or pixels, labels, attributes.  False: over the budget.
bool hold_room(Data *d, int n_train, int n_test);

// Copies the rows.  test->n 0: a tenth of the training rows, chosen by a fixed permutation, becomes the test split when there
// are at least HOLD_OUT_MIN; otherwise the splits are the same rows.  False: over the budget.
bool hold_rows(Data *d, const Source *train, const Source *test);

// Means and standard deviations, or the hash: what follows from the rows.
void hold_end(Data *d);

#endif
