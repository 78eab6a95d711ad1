// lab.c -- data sets, and the life of a run: made, trained, undone when a step fails, freed.

#include "lab.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run.h"

// --- Lab ----------------------------------------------------------------------------------------------------------------

Lab *lab_new(size_t memory) {
    error_clear();
    Lab *lab = calloc(1, sizeof *lab);
    if (!lab) { fail(ERROR_OUT_OF_MEMORY, "memory: the system gives none"); return NULL; }
    lab->budget.limit = memory;
    out_init(&lab->catalogue, &lab->budget);
    out_init(&lab->lesson.arrays, &lab->budget);
    arena_init(&lab->judge_arena, "judge", &lab->budget);
    return lab;
}

Budget *lab_budget(Lab *lab) { return &lab->budget; }

void lab_free(Lab *lab) {
    if (!lab) return;
    while (lab->runs) run_free(lab->runs);
    for (int i = 0; i < lab->n_data; i++) {
        data_close(lab->data[i]);
        free(lab->data[i]);
    }
    out_clear(&lab->catalogue);
    out_clear(&lab->lesson.arrays);
    arena_free(&lab->judge_arena);
    free(lab);
}

static int data_index(const Lab *lab, const char *id) {
    for (int i = 0; i < lab->n_data; i++)
        if (!strcmp(lab->data[i]->def.id, id)) return i;
    return -1;
}

static const DataDef *def_find(const char *id) {
    for (int i = 0; i < n_data_defs; i++)
        if (!strcmp(data_defs[i]->id, id)) return data_defs[i];
    return NULL;
}

static bool fail_no_data(const Lab *lab, const char *id) {
    char ids[400] = "";
    size_t n = 0;
    for (int i = 0; i < n_data_defs && n < sizeof ids - 40; i++) n += (size_t)snprintf(ids + n, sizeof ids - n, i ? ", %s" : "%s", data_defs[i]->id);
    for (int i = 0; i < lab->n_data && n < sizeof ids - 70; i++)
        if (!def_find(lab->data[i]->def.id)) n += (size_t)snprintf(ids + n, sizeof ids - n, ", %.60s", lab->data[i]->def.id);
    return fail(ERROR_BAD_ARGUMENT, "data: there is no data set '%.60s' here; accepted: %s", id, ids);
}

// Puts an opened set into the lab; replaces one of the same id that no run uses.
static Data *keep_data(Lab *lab, Data *d) {
    int at = data_index(lab, d->def.id);
    if (at < 0 && lab->n_data == LAB_DATA) {
        fail(ERROR_OUT_OF_MEMORY, "data: a lab holds at most %d data sets", LAB_DATA);
        data_close(d);
        free(d);
        return NULL;
    }
    if (at >= 0) {
        data_close(lab->data[at]);
        free(lab->data[at]);
    }
    return lab->data[at < 0 ? lab->n_data++ : at] = d;
}

Data *lab_data(Lab *lab, const char *id) {
    int at = data_index(lab, id);
    if (at >= 0) return lab->data[at];
    const DataDef *def = def_find(id);
    if (!def) { fail_no_data(lab, id); return NULL; }
    Data *d = calloc(1, sizeof *d);
    if (!d || !data_open(d, def, &lab->budget)) { free(d); return NULL; }
    return keep_data(lab, d);
}

// An id for the user's own set: may replace an added one, never a built-in one or one that is in use.
static bool id_is_free(const Lab *lab, const char *id) {
    size_t n = strlen(id);
    if (!n || n > 60 || strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != n)
        return fail(ERROR_BAD_ARGUMENT, "id: was '%.80s'; accepted: 1 to 60 letters, digits, '-', '_', '.'", id);
    if (def_find(id)) return fail(ERROR_BAD_ARGUMENT, "id: '%s' is a built-in data set; accepted: another name", id);
    int at = data_index(lab, id);
    if (at >= 0 && lab->data[at]->users) return fail(ERROR_BAD_ARGUMENT, "id: '%s' is in use by a run; free the run or take another name", id);
    return true;
}

bool lab_add_rows(Lab *lab, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test) {
    return lab_add_known(lab, id, kind, shape, classes, train, test, &(DataAttributes){ 0 });
}

bool lab_add_known(Lab *lab, const char *id, DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, const DataAttributes *known) {
    error_clear();
    if (!id_is_free(lab, id)) return false;
    Data *d = calloc(1, sizeof *d);
    if (!d || !data_from_known(d, id, kind, shape, classes, train, test, known, &lab->budget)) { free(d); return false; }
    return keep_data(lab, d) != NULL;
}

bool lab_add_idx(Lab *lab, const char *id, Bytes images, Bytes labels, Bytes test_images, Bytes test_labels, const DataAttributes *known) {
    error_clear();
    if (!id_is_free(lab, id)) return false;
    Data *d = calloc(1, sizeof *d);
    if (!d || !data_from_idx(d, id, images, labels, test_images, test_labels, known, &lab->budget)) { free(d); return false; }
    return keep_data(lab, d) != NULL;
}

bool lab_draw(Lab *lab, const char *id, int n, uint32_t seed, const char *split, Out *out) {
    error_clear();
    bool test = !strcmp(split, "test");
    if (!test && strcmp(split, "train")) return fail(ERROR_BAD_ARGUMENT, "split: was '%.20s'; accepted: train, test", split);
    if (n < 1 || n > 10000000) return fail(ERROR_BAD_ARGUMENT, "n: was %d; accepted: 1 to 10000000", n);
    Data *d = lab_data(lab, id);
    if (!d) return false;
    out_clear(out);
    int shape[4] = { n, d->def.shape[0], d->def.shape[1], d->def.shape[2] };
    float *x = out_f32(out, "data", d->def.kind == DATA_IMAGE ? 4 : 2, shape);
    int32_t *labels = d->def.classes ? out_i32(out, "labels", 1, &n) : NULL;
    int k = d->def.n_attributes;
    float *attributes = k ? out_f32(out, "attributes", 2, (int[]){ n, k }) : NULL;
    if (!x || (d->def.classes && !labels) || (k && !attributes)) return false;
    data_draw_known(d, test ? SPLIT_TEST : SPLIT_TRAIN, seed, 0, n, x, labels, attributes);
    return true;
}

bool lab_mode_scores(Lab *lab, const char *id, const float *x, int n, double out[8]) {
    error_clear();
    const Data *d = lab_data(lab, id);
    if (!d) return false;
    if (!d->def.n_modes) return fail(ERROR_BAD_ARGUMENT, "data: '%.60s' has no separate modes; accepted: ring8, grid25", id);
    ModeScores got = mode_scores(x, n, d->def.n_modes, d->def.mode, d->def.mode_std), floor = mode_scores_floor(n, d->def.n_modes);
    const double all[8] = { got.hit, got.high_quality, got.within_1, got.reverse_kl, floor.hit, floor.high_quality, floor.within_1, floor.reverse_kl };
    memcpy(out, all, sizeof all);
    return true;
}

// --- A run's life -----------------------------------------------------------------------------------------------------------

int lab_losses(const ModelDef *def) {
    int n = 0;
    while (n < LOSSES_MAX && def->loss[n].key) n++;
    return n;
}

bool lab_takes(const ModelDef *def, const Data *data) { return (data->def.kind == DATA_IMAGE ? def->image : def->points) != 0; }
unsigned run_verbs(const Run *run) { return run->model.image ? run->model.def->image : run->model.def->points; }

static bool backup_alloc(Run *run) {
    if (!run->model.def->two_updates) return true;
    for (int k = 0; k < run->model.n_stores; k++) {
        Backup *b = &run->backup[k];
        float **span[] = { &b->value, &b->m, &b->v, &b->average };
        for (int i = 0; i < 4; i++)
            if (!(*span[i] = arena_new(&run->arena, float, run->model.store[k]->n_floats))) return false;
    }
    return true;
}

static void backup_copy(Run *run, bool restore) {
    if (!run->model.def->two_updates) return;
    for (int k = 0; k < run->model.n_stores; k++) {
        Params *s = run->model.store[k];
        Backup *b = &run->backup[k];
        float *here[] = { s->value, s->m, s->v, s->average }, *there[] = { b->value, b->m, b->v, b->average };
        size_t bytes = sizeof(float) * (size_t)s->n_floats;
        for (int i = 0; i < 4; i++) memcpy(restore ? here[i] : there[i], restore ? there[i] : here[i], bytes);
        if (restore) s->updates = b->updates;
        else b->updates = s->updates;
    }
}

static bool model_build(Run *run) {
    Model *m = &run->model;
    m->arena = &run->arena;
    m->self = arena_alloc(&run->arena, m->def->size);
    run->history = arena_new(&run->arena, History, 1);
    if (!m->self || !run->history) return false;
    run->history->every = 1;
    return m->def->build(m) && scratch_bind(&m->scratch, &run->arena) && backup_alloc(run);
}

static bool fail_no_model(const char *id) {
    char ids[200] = "";
    size_t n = 0;
    for (int i = 0; i < n_model_defs && n < sizeof ids - 20; i++) n += (size_t)snprintf(ids + n, sizeof ids - n, i ? ", %s" : "%s", model_defs[i]->id);
    return fail(ERROR_BAD_ARGUMENT, "model: there is no model '%.40s'; accepted: %s", id, ids);
}

enum { RUN_MEMORY = 256 * 1000 * 1000 };

Run *run_new(Lab *lab, const char *model, const char *data, uint32_t seed, const char *knobs) {
    error_clear();
    const ModelDef *def = model_find(model);
    if (!def) { fail_no_model(model); return NULL; }
    Data *d = lab_data(lab, data);
    if (!d) return NULL;
    if (!lab_takes(def, d)) {
        fail(ERROR_BAD_ARGUMENT, "data: %s learns from %s, and '%s' holds %s", def->id, def->points ? "points" : "images", d->def.id,
             d->def.kind == DATA_IMAGE ? "images" : "points");
        return NULL;
    }
    if ((d->def.kind == DATA_IMAGE ? def->image : def->points) & CAN_LABEL && !d->def.classes) {
        fail(ERROR_BAD_ARGUMENT, "data: %s is told the class of every example, and '%s' has no classes", def->id, d->def.id);
        return NULL;
    }
    Run *run = calloc(1, sizeof *run);
    if (!run) { fail(ERROR_OUT_OF_MEMORY, "memory: the system gives none"); return NULL; }
    bool image = d->def.kind == DATA_IMAGE;
    run->lab = lab, run->data = d, run->n_losses = lab_losses(def);
    run->model = (Model){ .def = def, .data = d, .seed = seed, .image = image, .dim = d->dim };
    arena_init(&run->arena, "model", &lab->budget);
    out_init(&run->described, &lab->budget);
    out_init(&run->shown.arrays, &lab->budget);
    knobs_default(def->knobs, image, run->model.knob);
    int batch = knob_find(def->knobs, "batch");
    bool ok = knobs_read(def->knobs, def->id, knobs, run->model.knob);
    run->model.batch = batch < 0 ? 1 : (int)run->model.knob[batch];
    run->model.chunk = image ? 64 : 256;
    run->next = lab->runs, lab->runs = run, d->users++;
    ok = ok && model_build(run);
    if (ok && run->arena.used > RUN_MEMORY)
        ok = fail(ERROR_OUT_OF_MEMORY, "params: this model needs %.0f MB with batch %d; a run may take %.0f MB. Make it narrower or the batch smaller",
                  (double)run->arena.used / 1e6, run->model.batch, RUN_MEMORY / 1e6);
    if (ok) return run;
    run_free(run);
    return NULL;
}

void run_free(Run *run) {
    if (!run) return;
    for (Run **at = &run->lab->runs; *at; at = &(*at)->next)
        if (*at == run) { *at = run->next; break; }
    run->data->users--;
    out_clear(&run->described);
    out_clear(&run->shown.arrays);
    arena_free(&run->arena);
    free(run);
}

uint64_t run_step(const Run *run) { return run->model.step; }
const Data *run_data(const Run *run) { return run->data; }
uint32_t run_seed(const Run *run) { return run->model.seed; }
int run_code_dim(const Run *run) { return run->model.code_dim; }

int run_n_codes(const Run *run) { return run->model.def->n_codes ? run->model.def->n_codes(&run->model) : 0; }

const float *run_filters(const Run *run, int *units) {
    const Model *m = &run->model;
    for (int k = 0; k < m->n_stores; k++)
        for (int i = 0; i < m->store[k]->n; i++) {
            const Param *p = m->store[k]->param[i];
            if (p->running || p->rank != 2 || p->dim[0] != m->dim) continue;
            *units = p->dim[1];
            return (m->store[k]->averaged ? m->store[k]->average : m->store[k]->value) + p->at;
        }
    return NULL;
}

const double *run_schedule(const Run *run, int *steps) {
    const ModelDef *def = run->model.def;
    return def->schedule ? def->schedule(&run->model, steps) : NULL;
}

double run_epoch(const Run *run) {
    double size = run->data->endless ? 60000 : run->data->n[SPLIT_TRAIN];
    return (double)run->model.step * run->model.batch / size;
}

bool run_set(Run *run, const char *key, const char *value) {
    error_clear();
    const ModelDef *def = run->model.def;
    int i = knob_find(def->knobs, key);
    if (i < 0) {
        char line[80];
        snprintf(line, sizeof line, "%.60s\t", key);
        double none[KNOBS_MAX] = { 0 };
        return knobs_read(def->knobs, def->id, line, none);          // says which keys there are
    }
    if (!def->knobs[i].live)
        return fail(ERROR_BAD_ARGUMENT, "%s: %s shapes the model and cannot change while it trains; create a new run with it", def->id, key);
    double x;
    if (!knob_read(&def->knobs[i], def->id, value, &x)) return false;
    if (x != run->model.knob[i]) run->version++;
    run->model.knob[i] = x;
    return true;
}

// --- Training ------------------------------------------------------------------------------------------------------------------

// Halves the resolution: neighbours become one row.
static void history_thin(History *h, int n_losses) {
    for (int r = 0; r < HISTORY_ROWS / 2; r++) {
        h->step[r] = h->step[2 * r + 1];
        for (int i = 0; i < n_losses; i++) h->loss[i][r] = (h->loss[i][2 * r] + h->loss[i][2 * r + 1]) / 2;
    }
    h->rows = HISTORY_ROWS / 2;
    h->every *= 2;
}

static void history_add(Run *run) {
    History *h = run->history;
    for (int i = 0; i < run->n_losses; i++) h->sum[i] += run->model.loss[i];
    if (++h->filled < h->every) return;
    if (h->rows == HISTORY_ROWS) {
        history_thin(h, run->n_losses);
        if (h->filled < h->every) return;                            // the sums go on into the wider row
    }
    h->step[h->rows] = (double)run->model.step;
    for (int i = 0; i < run->n_losses; i++) {
        h->loss[i][h->rows] = (float)(h->sum[i] / h->filled);
        h->sum[i] = 0;
    }
    h->rows++;
    h->filled = 0;
}

bool run_train(Run *run, int steps, double *mean) {
    error_clear();
    if (steps < 1) return fail(ERROR_BAD_ARGUMENT, "steps: was %d; accepted: a whole number from 1", steps);
    double sum[LOSSES_MAX] = { 0 };
    for (int s = 0; s < steps; s++) {
        backup_copy(run, false);
        if (!run->model.def->train(&run->model)) {
            backup_copy(run, true);
            return false;
        }
        run->model.step++;
        run->version++;
        history_add(run);
        for (int i = 0; i < run->n_losses; i++) sum[i] += run->model.loss[i];
    }
    for (int i = 0; i < run->n_losses; i++) mean[i] = sum[i] / steps;
    return true;
}

bool run_history(Run *run, Out *out) {
    error_clear();
    const History *h = run->history;
    out_clear(out);
    double *step = out_f64(out, "step", 1, &h->rows);
    if (!step) return false;
    memcpy(step, h->step, sizeof *step * (size_t)h->rows);
    for (int i = 0; i < run->n_losses; i++) {
        float *loss = out_f32(out, run->model.def->loss[i].key, 1, &h->rows);
        if (!loss) return false;
        memcpy(loss, h->loss[i], sizeof *loss * (size_t)h->rows);
    }
    return true;
}
