// run.h -- a run and its verbs, inside the library.  lab.h is what everybody else sees.
//
//   lab.c        data sets, creating and freeing runs, training, history
//   verbs.c      sample, encode, ... : options, shapes, units, chunks of rows; views and lessons
//   save.c       a whole experiment as safetensors, and back
//   catalogue.c  the tables as JSON
//   judging.c    the lab's reader of digits
#ifndef GENPLAY_RUN_H
#define GENPLAY_RUN_H

#include "lab.h"
#include "lessons/lesson.h"
#include "measures/judge.h"
#include "measures/measures.h"
#include "models/model.h"
#include "view/view.h"

enum { LAB_DATA = 64, HISTORY_ROWS = 8192 };

// What the judge makes of a lot of pictures.  Without labels (of models that are told no class) the last two are NaN.
typedef struct { double value, se; } Estimate;
typedef struct { Estimate sure, rarest, fcd, agreement, class_spread; } Reading;
enum { REFERENCE_MOST = 10000 };
// What it makes of n examples of a set that it has not learned, to compare with.
typedef struct {
    int n;
    char sha256[65];                 // of the set
    double mean[JUDGE_FEATURES], cov[JUDGE_FEATURES * JUDGE_FEATURES], variance;      // the mean one of a feature
    ClassSpread spread[JUDGE_CLASSES];
} Reference;

// What was shown last: its arrays stay until something that they hang on changes.
typedef struct {
    const ViewDef *view;
    double option[KNOBS_MAX];
    uint64_t version;                // of the weights
    int slice;                       // so many times they were refined
    Out arrays;
} Shown;

struct Lab {
    Budget budget;
    int n_data;
    Data *data[LAB_DATA];            // opened or added, in that order
    Run *runs;                       // linked list
    Out catalogue;
    Shown lesson;
    Judge *judge;                    // NULL: none loaded; lives in judge_arena
    Arena judge_arena;
    Reference reference;             // the judge's, as last asked for; n 0: none
};

// A copy of everything that a step changes, for models whose steps update more than once.
typedef struct { float *value, *m, *v, *average; uint64_t updates; } Backup;

// Rows of the loss history: every `every`-th step's losses averaged; when it is full every second pair is merged.
typedef struct {
    int rows, every, filled;         // whole rows; steps per row; steps in the row being gathered
    double step[HISTORY_ROWS];
    float loss[LOSSES_MAX][HISTORY_ROWS];
    double sum[LOSSES_MAX];
} History;

struct Run {
    Lab *lab;
    Run *next;
    Model model;
    Data *data;
    Arena arena;                     // everything of the run
    int n_losses;
    Backup backup[STORES_MAX];
    History *history;
    uint64_t version;                // changes whenever weights do
    const int32_t *labels;           // classes of the rows of the verb that runs, conditional models only
    Out described;                   // of run_describe
    struct { int n; uint32_t seed; double q95; } null;      // MMD of real against real, as last asked for
    struct {                         // what the judge said last, of samples of that version and of real examples
        const Judge *by;             // NULL: nothing yet
        uint64_t version;
        int n, steps;
        uint32_t seed;
        Reading reading;
    } judged[2];
    Shown shown;
};

unsigned run_verbs(const Run *run);               // bits of Can
int lab_losses(const ModelDef *def);
bool lab_takes(const ModelDef *def, const Data *data);
bool out_json(Out *out, const char *json);        // keeps a copy

// judging.c
// What the lab's judge makes of x [n,784], pictures such as those of d; labels: the class that each was meant to be, or NULL.  False: no memory, or x
// is not finite.
bool lab_reading(Lab *lab, const Data *d, const float *x, const int32_t *labels, int n, Arena *scratch, Reading *out);

// measure.c.  n, samples, steps: 0 for each measure's own.
typedef struct { int n, samples, steps; uint32_t seed; } MeasureOptions;
bool run_measure(Run *run, const char *names, const MeasureOptions *o, Out *out);

#endif
