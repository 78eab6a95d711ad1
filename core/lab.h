// lab.h -- the library's front door: data sets, and runs (one data set + one model + one seed).
//
// Everything that the JavaScript API, the command line and the tests do goes through here.  A call that fails returns false or
// NULL, leaves what it was called on as it was, and error_name() / error_message() say why.  One thread.
#ifndef GENPLAY_LAB_H
#define GENPLAY_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "data/data.h"
#include "view/scene.h"

#define GENPLAY_VERSION "0.1.0"

typedef struct Lab Lab;
typedef struct Run Run;

// --- Results: named arrays ------------------------------------------------------------------------------------------

typedef enum { TYPE_F32, TYPE_F64, TYPE_I32 } ArrayType;
enum { ARRAY_RANK = 6, OUT_ARRAYS = 24 };
typedef struct {
    const char *name;                    // "data", "codes", "labels", "time", ...
    ArrayType type;
    int rank, shape[ARRAY_RANK];         // slowest dimension first
    void *data;
} Array;

// What one call gives back; its memory is its own arena and lives until out_clear or the next call that fills it.
typedef struct {
    int n;
    Array array[OUT_ARRAYS];
    const char *json;                    // for results that are no arrays (measures), else NULL
    Arena arena;
} Out;
void out_init(Out *out, Budget *budget);
void out_clear(Out *out);
const Array *out_find(const Out *out, const char *name);      // NULL when there is none
// A new zeroed array of that shape; NULL when memory is over.
float *out_f32(Out *out, const char *name, int rank, const int *shape);
double *out_f64(Out *out, const char *name, int rank, const int *shape);
int32_t *out_i32(Out *out, const char *name, int rank, const int *shape);

// --- Lab ------------------------------------------------------------------------------------------------------------

Lab *lab_new(size_t memory);             // ceiling in bytes for everything in it; 0: none
void lab_free(Lab *lab);                 // and all its runs
Budget *lab_budget(Lab *lab);

// Everything that JavaScript knows, as JSON: models, lessons, data sets (the added ones too), views, verbs, palette, version.
const char *lab_catalogue(Lab *lab);     // valid until the next call
const char *lab_knobs(Lab *lab, const char *model);   // what a model's knobs accept, of the catalogue's row only that; [] of an unknown one; as long

bool lab_add_rows(Lab *lab, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test);
bool lab_add_known(Lab *lab, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, const DataAttributes *known);
bool lab_add_idx(Lab *lab, const char *id, Bytes images, Bytes labels, Bytes test_images, Bytes test_labels, const DataAttributes *known);
// Fills `data`, `labels` (where there are classes), `attributes` (where some are known).  split "train" or "test".
bool lab_draw(Lab *lab, const char *id, int n, uint32_t seed, const char *split, Out *out);
// How well x [n,2] finds the modes of a set that has some, and what as many of its own points score: hit, high_quality, within_1, reverse_kl, then the same
// four of the floor (measures/measures.h).
bool lab_mode_scores(Lab *lab, const char *id, const float *x, int n, double out[8]);
Data *lab_data(Lab *lab, const char *id);      // opened on first use; NULL: unknown id, with a message that lists those there are

// --- The judge: a frozen reader of 28 x 28 digits (measures/judge.h) ----------------------------------------------------

// From the bytes of pretrained/judge.safetensors; the measures of such pictures apply from then on.  Replaces an earlier one.
bool lab_load_judge(Lab *lab, const uint8_t *bytes, size_t size);
// Fills `data` [n,10], the probability of each class, and `features` [n,64].  x: [n,784], pixels in [0,1].
bool lab_judge(Lab *lab, const float *x, size_t floats, Out *out);
// How those weights are made: a judge that learned from half of a set's training images.  The bytes of its file live in out.
bool lab_train_judge(Lab *lab, const char *data, uint32_t seed, int steps, Out *out, const uint8_t **bytes, size_t *size);

// --- Lessons: exact numbers and their picture, with no model (lessons/lesson.h) -----------------------------------------

// The arrays of a lesson, `table` among them; options as of a view.
bool lab_lesson(Lab *lab, const char *id, const char *options, Out *out);
// Its scene, as run_draft; valid until the next call on a lesson of this lab.
bool lab_draft(Lab *lab, const char *id, const char *options, int slices, Scene *scene, bool *whole);

// --- Runs -----------------------------------------------------------------------------------------------------------

// knobs: "key\tvalue\n" lines over the model's defaults, or "".
Run *run_new(Lab *lab, const char *model, const char *data, uint32_t seed, const char *knobs);
void run_free(Run *run);

// `steps` >= 1 optimizer steps.  mean[i]: mean of loss i over the call.  Non-finite numbers: ERROR_DIVERGED, the run stands at the end of
// its last whole finite step.
bool run_train(Run *run, int steps, double *mean);
uint64_t run_step(const Run *run);
double run_epoch(const Run *run);
bool run_set(Run *run, const char *key, const char *value);    // live knobs only
// JSON of where it stands: model, data, seed, step, params { key: value }, can [verb], views [id], losses [{ key, title, line }], memory.
const char *run_describe(Run *run);
const char *run_outline(Run *run);       // of that only model, data, can, and the keys of losses; valid until the next call of either

// One verb by its API name: sample encode decode reconstruct interpolate logProb bound trace inpaint critic measure view.
typedef struct {
    int n;                               // how many (sample, interpolate's k, trace)
    const float *x, *y;                  // inputs, row-major: x or codes or a; mask or b
    size_t n_x, n_y;                     // their lengths in floats
    const int32_t *labels;               // conditional models: the class of each row, instead of the option `label` for all; or NULL
    size_t n_labels;
    const char *name;                    // view: its id.  measure: names, comma-separated, "" for all
    const char *options;                 // "key\tvalue\n" lines, or ""
} Call;
bool run_call(Run *run, const char *verb, const Call *call, Out *out);

// The scene of a view, for the renderer.  The run keeps the arrays behind it and computes them anew only when its weights or an option
// that is not `live` changed; the scene is valid until the next call on this run.
bool run_scene(Run *run, const char *view, const char *options, Scene *scene);
// The same in instalments, for who has other things to do in between.  Arrays that take long are coarse at first; every call works on
// `slices` more parts of them, of some ms each (0: none), and *whole says whether that was the last.
bool run_draft(Run *run, const char *view, const char *options, int slices, Scene *scene, bool *whole);

const Data *run_data(const Run *run);
// Can its model do that on this kind of data?  The words of CAN_LIST in models/model.h.
bool run_can(const Run *run, const char *verb);
uint32_t run_seed(const Run *run);
int run_code_dim(const Run *run);        // numbers in a code, 0 where there are none
int run_n_codes(const Run *run);         // values that a number of a code can take; 0: any
// The weights that read the data: the first tensor [dim, units] with a row for every number of an example; NULL when there is none.
const float *run_filters(const Run *run, int *units);
// Diffusion models: abar_t, the share of an example's variance left at time t, for t = 0..*steps; NULL where there is none.
const double *run_schedule(const Run *run, int *steps);

// The loss history, thinned below 10,000 rows: arrays `step` (f64) and one per loss.
bool run_history(Run *run, Out *out);

// Safetensors: the whole experiment.  half: weights as float16, without optimizer moments (pretrained weights).
bool run_save(Run *run, bool half, Out *out, const uint8_t **bytes, size_t *size);   // the bytes live in out
Run *run_load(Lab *lab, const uint8_t *bytes, size_t size);

#endif
