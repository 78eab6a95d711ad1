// data.h -- what models learn from: built-in sets of points and images, and the user's own.
//
// A DataDef is one row of data.def and one file: a set as the project defines it.  A Data is a set that a lab holds:
// a DataDef opened, or arrays that the user gave.  Points are in their own units; images are 8-bit until a batch is made,
// then [0,1] (pixel / 255), channels last.  Everything here is a function of (seed, split, position): nothing advances.
#ifndef GENPLAY_DATA_H
#define GENPLAY_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rng.h"

typedef enum { DATA_POINTS, DATA_IMAGE } DataKind;
typedef enum { SPLIT_TRAIN, SPLIT_TEST } Split;
enum { ATTRIBUTES_MAX = 40 };

typedef struct {
    const char *id, *title;
    const char *summary;           // one or two sentences for the page
    const char *source;            // where the definition comes from
    DataKind kind;
    int shape[3];                  // points: { 2, 0, 0 }; images: { height, width, channels }
    int classes;                   // 0: no labels
    double entropy;                // differential entropy, nats; NaN where unknown
    // Points: one draw.  `label` is the mode, arm or half that it came from.
    void (*point)(Rng *r, float x[2], int *label);
    // Points: log density, nats, or NULL.  States its own accuracy; the tests integrate it to 1 and to `entropy`.
    double (*log_prob)(const double x[2]);
    // Points: centres and standard deviation of separated isotropic modes for the mode measures, or NULL.
    int n_modes; double mode_std; void (*mode)(int k, double centre[2]);
    // Images: one draw of that class, height x width x channels bytes, and what is known of it (n_attributes numbers).
    void (*image)(Rng *r, int label, uint8_t *pixels, float *attributes);
    int pool;                      // images: how many training examples are drawn at open (a tenth as many for testing)
    int n_attributes;              // numbers known per example besides its class, such as a sprite's place
    const char *attributes[ATTRIBUTES_MAX];
} DataDef;

typedef struct {
    DataDef def;                   // a copy; strings of the user's own sets live in the arena
    bool endless;                  // `point` or `image` makes new examples for ever
    int dim;                       // product of shape
    int n[2];                      // rows held per split (endless points: 0)
    float *points[2];              // [n, dim] or NULL
    uint8_t *pixels[2];            // [n, dim] or NULL
    uint8_t *labels[2];            // [n] or NULL
    float *attributes[2];          // [n, n_attributes] or NULL
    double mean[2], std[2];        // points: of each axis, for models that standardise (std 1 where it is 0)
    char sha256[65];               // image sets: of all that is held, hex; else ""
    int users;                     // runs that learn from it now
    Arena arena;
} Data;

// The table behind data.def.
extern const DataDef *const data_defs[];
extern const int n_data_defs;

// --- Opening -------------------------------------------------------------------------------------------------------

// Opens a built-in set (draws the pool of an image set).  False: fail() says why; nothing is left behind.
bool data_open(Data *d, const DataDef *def, Budget *budget);

// The user's own rows, copied.  shape as in DataDef; points are two-dimensional.  x: [n, dim] float; points need finite values of
// size <= 1e9, pixels lie in [0,1].  labels: [n] in 0..classes-1, or NULL with classes 0.  test_*: the same for the test split;
// n_test 0 holds a tenth out (fixed permutation) when n >= 100, else tests on the training rows.
typedef struct { const float *x; const int32_t *labels; int n; } DataRows;
bool data_from_rows(Data *d, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, Budget *budget);

// The same rows with what is known of each besides its class: train [n, names], test likewise (NULL where there are no test rows), finite.
// The names are copied.
typedef struct { int n; const char *name[ATTRIBUTES_MAX]; const float *train, *test; } DataAttributes;
bool data_from_known(Data *d, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, const DataAttributes *known,
                     Budget *budget);

// Unpacked IDX files (LeCun's format, big-endian): images 0x00000803 [n, h, w] (or 0x00000804 [n, h, w, c]), labels 0x00000801 [n].
// Labels and test files may be { NULL, 0 }.  known: as above, a row for each image.  Messages name the file's role, what was found and what is accepted.
typedef struct { const uint8_t *bytes; size_t size; } Bytes;
bool data_from_idx(Data *d, const char *id, Bytes images, Bytes labels, Bytes test_images, Bytes test_labels, const DataAttributes *known, Budget *budget);

void data_close(Data *d);

// --- Reading -------------------------------------------------------------------------------------------------------

// Training step `step` of a run: `batch` rows into x [batch, dim] and labels [batch] (may be NULL).  Endless points: fresh draws.
// Held rows: every epoch is a new permutation, and batches run on through its end.
void data_batch(const Data *d, uint32_t seed, uint64_t step, int batch, float *x, int32_t *labels);

// Examples first..first+n-1 of the sequence that `seed` names, x [n, dim], labels [n] or NULL.  Endless sets: fresh draws, of
// training or test streams.  Held rows: a random order of the split without repetition (then again in another order).
void data_draw(const Data *d, Split split, uint32_t seed, uint32_t first, int n, float *x, int32_t *labels);
// The same with what is known of each example, attributes [n, n_attributes] or NULL.
void data_draw_known(const Data *d, Split split, uint32_t seed, uint32_t first, int n, float *x, int32_t *labels, float *attributes);

// Rows of one class only, in that sequence's order: fills at most n, returns how many were found.
int data_draw_class(const Data *d, Split split, uint32_t seed, int label, int n, float *x);

#endif
