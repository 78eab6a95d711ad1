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
#include "models/model.h"
#include "view/view.h"

enum { LAB_DATA = 64, HISTORY_ROWS = 8192 };

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
    struct {                         // what the judge said last, of n samples of that version and of as many real examples
        const Judge *by;             // NULL: nothing yet
        uint64_t version;
        int n;
        uint32_t seed;
        struct { double sure, rarest; } samples, real;
    } judged;
    Shown shown;
};

unsigned run_verbs(const Run *run);               // bits of Can
int lab_losses(const ModelDef *def);
bool lab_takes(const ModelDef *def, const Data *data);
bool out_json(Out *out, const char *json);        // keeps a copy

// measure.c
bool run_measure(Run *run, const char *names, int n, uint32_t seed, Out *out);

#endif
