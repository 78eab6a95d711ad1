// train.c -- trains one run natively, as fast as this machine can: what wasm/pretrain.mjs runs for each recipe that wants hours.
//
//   train THREADS MODEL DATA FOLDER SEED STEPS OUT KNOBS
//
// FOLDER holds DATA's four unpacked IDX files under MNIST's names; "" for a set that is built in.  KNOBS: "key\tvalue\n" lines over the
// model's defaults.  OUT gets the run as it ships: float16, no optimizer moments.
//
// What it prints, for the caller to read: a line "step<tab>loss<tab>..." with each loss's mean since the last one, at every tenth of the
// steps and whenever it saves.  It saves every minute into OUT.part, whole, and goes on from there when it is called again.
//
// Of model "judge" it makes the reader of digits (measures/judge.h), which has no knobs and is done in minutes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/pool.h"
#include "lab.h"

enum { SAVE_SECONDS = 60, CALL_STEPS = 20 };

typedef struct { const char *model, *data, *folder; uint32_t seed; int steps; const char *out, *knobs; } Order;

// --- Files ------------------------------------------------------------------------------------------------------------------------

// The whole file, malloc'ed; no bytes where there is none.
static Bytes read_file(const char *folder, const char *name) {
    char path[1024];
    snprintf(path, sizeof path, *folder ? "%s/%s" : "%s%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) return (Bytes){ NULL, 0 };
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size + 1);
    size = bytes ? fread(bytes, 1, size, file) : 0;
    fclose(file);
    return (Bytes){ bytes, size };
}

// Under another name first: who is stopped in the middle leaves the old file whole.
static bool write_file(const char *path, const uint8_t *bytes, size_t size) {
    char fresh[1024];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "wb");
    bool good = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file)) good = false;
    return (good && !rename(fresh, path)) || fail(ERROR_BAD_FILE, "%s cannot be written", path);
}

static bool add_idx(Lab *lab, const Order *o) {
    if (!*o->folder) return true;
    static const char *const name[4] = { "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte" };
    Bytes file[4];
    for (int i = 0; i < 4; i++) file[i] = read_file(o->folder, name[i]);
    bool good = lab_add_idx(lab, o->data, file[0], file[1], file[2], file[3], &(DataAttributes){ 0 });
    for (int i = 0; i < 4; i++) free((void *)file[i].bytes);
    return good;
}

// --- Training -----------------------------------------------------------------------------------------------------------------------

static bool save(Lab *lab, Run *run, bool half, const char *path) {
    Out out;
    const uint8_t *bytes;
    size_t size;
    out_init(&out, lab_budget(lab));
    bool good = run_save(run, half, &out, &bytes, &size) && write_file(path, bytes, size);
    out_clear(&out);
    return good;
}

// From where an earlier call was stopped, or from the start.
static Run *begin(Lab *lab, const Order *o, const char *part) {
    Bytes saved = read_file("", part);
    Run *run = saved.bytes ? run_load(lab, saved.bytes, saved.size) : run_new(lab, o->model, o->data, o->seed, o->knobs);
    free((void *)saved.bytes);
    return run;
}

typedef struct { int n, steps; double sum[16]; } Losses;      // since the last line

// A history is the steps, and as many arrays more.
static int count_losses(Lab *lab, Run *run) {
    Out out;
    out_init(&out, lab_budget(lab));
    int n = run_history(run, &out) ? out.n - 1 : 0;
    out_clear(&out);
    return n;
}

static void tell(const Run *run, Losses *l) {
    printf("%llu", (unsigned long long)run_step(run));
    for (int i = 0; i < l->n; i++) printf("\t%.9g", l->sum[i] / l->steps);
    printf("\n");
    fflush(stdout);
    *l = (Losses){ .n = l->n };
}

static bool train(Lab *lab, Run *run, const Order *o, const char *part) {
    Losses losses = { .n = count_losses(lab, run) };
    time_t saved = time(NULL);
    for (int step = (int)run_step(run), next; step < o->steps; step = next) {
        double mean[16];
        int tenth = (int)((long long)step * 10 / o->steps) + 1, mark = (int)(((long long)o->steps * tenth + 9) / 10);
        next = step + CALL_STEPS < mark ? step + CALL_STEPS : mark;
        if (!run_train(run, next - step, mean)) return false;
        for (int i = 0; i < losses.n; i++) losses.sum[i] += mean[i] * (next - step);
        losses.steps += next - step;
        bool late = time(NULL) - saved >= SAVE_SECONDS;
        if (late && !save(lab, run, false, part)) return false;
        if (late) saved = time(NULL);
        if (late || next == mark) tell(run, &losses);
    }
    return true;
}

static bool make_run(Lab *lab, const Order *o) {
    char part[1024];
    snprintf(part, sizeof part, "%s.part", o->out);
    Run *run = begin(lab, o, part);
    bool good = run && train(lab, run, o, part) && save(lab, run, true, o->out);
    if (good) remove(part);
    return good;
}

static bool make_judge(Lab *lab, const Order *o) {
    Out out;
    const uint8_t *bytes;
    size_t size;
    out_init(&out, lab_budget(lab));
    bool good = lab_train_judge(lab, o->data, o->seed, o->steps, &out, &bytes, &size) && write_file(o->out, bytes, size);
    out_clear(&out);
    return good;
}

int main(int n, char **arg) {
    if (n != 9) {
        fprintf(stderr, "usage: train THREADS MODEL DATA FOLDER SEED STEPS OUT KNOBS\n");
        return 2;
    }
    Order o = { arg[2], arg[3], arg[4], (uint32_t)strtoul(arg[5], NULL, 10), atoi(arg[6]), arg[7], arg[8] };
    pool_start(atoi(arg[1]));
    Lab *lab = lab_new(0);
    bool good = add_idx(lab, &o) && (strcmp(o.model, "judge") ? make_run : make_judge)(lab, &o);
    if (!good) fprintf(stderr, "train: %s: %s\n", error_name(), error_message());
    lab_free(lab);
    pool_stop();
    return good ? 0 : 1;
}
