// save.c -- a whole experiment as one safetensors file, and back.
//
// Metadata: format, format_version, version, model, data, data_sha256 (pictures), seed, step, params (JSON), updates.<store>, history_every.
// Tensors: every parameter by its name; whole files add <name>.m, <name>.v and <name>.average, the history, and go on training exactly
// where they stopped.  Half files hold float16 weights only, the averaged ones where there are, and start with fresh moments.
// The user's own points travel inside; sets of pictures are named and their contents compared.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"
#include "io/json.h"
#include "io/json_read.h"
#include "io/safetensors.h"
#include "run.h"

#define FORMAT "genplay"
#define FORMAT_VERSION 1

// --- Writing ---------------------------------------------------------------------------------------------------------------

typedef struct {
    Arena *arena;
    int n_tensors, n_metadata, room;
    Tensor *tensor;
    Metadata metadata[32];
    bool failed;
} File;

static void say(File *f, const char *key, const char *value) {
    const char *k = arena_string(f->arena, key), *v = arena_string(f->arena, value);
    if (!k || !v || f->n_metadata == 32) f->failed = true;
    else f->metadata[f->n_metadata++] = (Metadata){ k, v };
}

static void say_number(File *f, const char *key, double value) {
    char text[32];
    number_text(value, text);
    say(f, key, text);
}

static void put(File *f, const char *name, const char *suffix, TensorType type, int rank, const int *shape, const void *data) {
    char full[80];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    const char *kept = arena_string(f->arena, full);
    if (!kept || f->n_tensors == f->room) { f->failed = true; return; }
    Tensor *t = &f->tensor[f->n_tensors++];
    *t = (Tensor){ .name = kept, .type = type, .rank = rank, .data = data, .from_f32 = type == TENSOR_F16 };
    for (int i = 0; i < rank; i++) t->shape[i] = shape[i];
}

static void put_store(File *f, const Params *s, bool half) {
    char key[64];
    snprintf(key, sizeof key, "updates.%s", s->name);
    if (!half) say_number(f, key, (double)s->updates);
    for (int i = 0; i < s->n; i++) {
        const Param *p = s->param[i];
        put(f, p->name, "", half ? TENSOR_F16 : TENSOR_F32, p->rank, p->dim, (half && s->averaged ? s->average : s->value) + p->at);
        if (half) continue;
        put(f, p->name, ".m", TENSOR_F32, p->rank, p->dim, s->m + p->at);
        put(f, p->name, ".v", TENSOR_F32, p->rank, p->dim, s->v + p->at);
        put(f, p->name, ".average", TENSOR_F32, p->rank, p->dim, s->average + p->at);
    }
}

// Own points: both splits, unless they are the same rows.
static void put_points(File *f, const Data *d) {
    if (d->endless || d->def.kind != DATA_POINTS) return;
    say_number(f, "data_classes", d->def.classes);
    for (int k = 0; k < (d->points[0] == d->points[1] ? 1 : 2); k++) {
        put(f, k ? "data.test" : "data.train", "", TENSOR_F32, 2, (int[]){ d->n[k], 2 }, d->points[k]);
        if (d->labels[k]) put(f, k ? "data.test" : "data.train", ".labels", TENSOR_U8, 1, &d->n[k], d->labels[k]);
    }
}

static void put_history(File *f, const Run *run) {
    const History *h = run->history;
    if (!h->rows) return;
    say_number(f, "history_every", h->every);
    put(f, "history.step", "", TENSOR_F64, 1, &h->rows, h->step);
    for (int i = 0; i < run->n_losses; i++) put(f, "history.", run->model.def->loss[i].key, TENSOR_F32, 1, &h->rows, h->loss[i]);
}

static const char *params_json(const Run *run, Arena *arena) {
    Json j = json_begin(arena);
    json_open(&j, NULL, '{');
    const Knob *knobs = run->model.def->knobs;
    for (int i = 0; knobs[i].key; i++) {
        char text[32];
        knob_write(&knobs[i], run->model.knob[i], text);
        json_string(&j, knobs[i].key, text);
    }
    json_close(&j);
    return json_end(&j);
}

bool run_save(Run *run, bool half, Out *out, const uint8_t **bytes, size_t *size) {
    error_clear();
    out_clear(out);
    const Model *m = &run->model;
    File f = { .arena = &out->arena, .room = 16 };
    for (int k = 0; k < m->n_stores; k++) f.room += 4 * m->store[k]->n;
    f.tensor = arena_new(f.arena, Tensor, f.room);
    const char *params = f.tensor ? params_json(run, f.arena) : NULL;
    if (!params) return false;
    say(&f, "format", FORMAT);
    say_number(&f, "format_version", FORMAT_VERSION);
    say(&f, "version", GENPLAY_VERSION);
    say(&f, "model", m->def->id);
    say(&f, "data", run->data->def.id);
    if (run->data->sha256[0]) say(&f, "data_sha256", run->data->sha256);
    say_number(&f, "seed", m->seed);
    say_number(&f, "step", (double)m->step);
    say(&f, "params", params);
    for (int k = 0; k < m->n_stores; k++) put_store(&f, m->store[k], half);
    if (!half) put_history(&f, run);
    put_points(&f, run->data);
    if (f.failed) return fail(ERROR_OUT_OF_MEMORY, "save: too many tensors or no memory");
    *bytes = safetensors_write(f.metadata, f.n_metadata, f.tensor, f.n_tensors, f.arena, size);
    return *bytes != NULL;
}

// --- Reading ---------------------------------------------------------------------------------------------------------------------

static const char *told(const Safetensors *s, const char *key) {
    const char *value = safetensors_metadata(s, key);
    if (!value) fail(ERROR_BAD_FILE, "weights: the file does not say its '%s'; accepted are files that genplay saved", key);
    return value;
}

static double number_told(const Safetensors *s, const char *key, double otherwise) {
    const char *text = safetensors_metadata(s, key);
    double value;
    return text && number_read(text, &value) ? value : otherwise;
}

// { "latent": "2", ... } as the lines that run_new takes.
static char *knob_lines(const char *json, Arena *arena) {
    const JsonValue *v = json_parse(json, strlen(json), arena);
    if (!v || v->type != JSON_OBJECT) { fail(ERROR_BAD_FILE, "weights: its params are not a JSON object"); return NULL; }
    size_t room = 1;
    for (const JsonValue *c = v->child; c; c = c->next) room += strlen(c->key) + (c->type == JSON_STRING ? strlen(c->string) : 0) + 2;
    char *lines = arena_new(arena, char, room);
    size_t n = 0;
    for (const JsonValue *c = v->child; lines && c; c = c->next)
        if (c->type == JSON_STRING) n += (size_t)snprintf(lines + n, room - n, "%s\t%s\n", c->key, c->string);
    return lines;
}

static bool read_points(const Safetensors *s, const char *name, int classes, Arena *arena, DataRows *rows) {
    const Tensor *t = safetensors_find(s, name);
    if (!t) return true;
    char key[32];
    snprintf(key, sizeof key, "%s.labels", name);
    int64_t n = tensor_count(t) / 2;
    float *x = arena_new(arena, float, 2 * n);
    uint8_t *labels = arena_new(arena, uint8_t, n);
    int32_t *wide = arena_new(arena, int32_t, n);
    if (!x || !labels || !wide || !tensor_copy(t, name, TENSOR_F32, 2 * n, x)) return false;
    if (classes && !tensor_copy(safetensors_find(s, key), key, TENSOR_U8, n, labels)) return false;
    for (int64_t i = 0; i < n; i++) wide[i] = labels[i];
    *rows = (DataRows){ x, classes ? wide : NULL, (int)n };
    return true;
}

static bool same_points(const Data *d, const DataRows *train) {
    return d->def.kind == DATA_POINTS && !d->endless && d->n[0] == train->n && !memcmp(d->points[0], train->x, sizeof(float) * 2 * (size_t)train->n);
}

// The set that the file was trained on: one that the lab holds, or the points in the file, under another name if theirs is taken.
static bool find_data(Lab *lab, const Safetensors *s, const char *id, Arena *arena, char name[64]) {
    snprintf(name, 64, "%s", id);
    DataRows train = { 0 }, test = { 0 };
    int classes = (int)number_told(s, "data_classes", 0);
    if (safetensors_find(s, "data.train")) {
        if (!read_points(s, "data.train", classes, arena, &train) || !read_points(s, "data.test", classes, arena, &test)) return false;
        for (int k = 2; k < 100; k++) {
            const Data *held = NULL;
            for (int i = 0; i < lab->n_data; i++)
                if (!strcmp(lab->data[i]->def.id, name)) held = lab->data[i];
            if (held && same_points(held, &train)) return true;
            if (!held && lab_add_rows(lab, name, DATA_POINTS, (int[]){ 2, 0, 0 }, classes, train, test)) return true;
            if (!held) return false;
            snprintf(name, 64, "%.50s-%d", id, k);
        }
    }
    Data *d = lab_data(lab, id);
    const char *sum = safetensors_metadata(s, "data_sha256");
    return d && (!sum || !strcmp(sum, d->sha256) || fail(ERROR_BAD_FILE, "weights: they were trained on another '%s' than the one here (SHA-256 %.12s..., here %.12s...)", id, sum, d->sha256));
}

static bool read_tensor(const Safetensors *s, const Param *p, const char *suffix, float *to) {
    char name[80];
    snprintf(name, sizeof name, "%s%s", p->name, suffix);
    return tensor_copy(safetensors_find(s, name), name, TENSOR_F32, p->size, to + p->at);
}

static bool read_store(const Safetensors *s, Params *to) {
    char key[64];
    snprintf(key, sizeof key, "updates.%s", to->name);
    bool whole = safetensors_metadata(s, key) != NULL;
    for (int i = 0; i < to->n; i++) {
        const Param *p = to->param[i];
        if (!read_tensor(s, p, "", to->value)) return false;
        if (whole && (!read_tensor(s, p, ".m", to->m) || !read_tensor(s, p, ".v", to->v) || !read_tensor(s, p, ".average", to->average))) return false;
    }
    to->updates = whole ? (uint64_t)number_told(s, key, 0) : 0;
    if (!whole) memcpy(to->average, to->value, sizeof(float) * (size_t)to->n_floats);
    return true;
}

static bool read_history(const Safetensors *s, Run *run) {
    History *h = run->history;
    const Tensor *step = safetensors_find(s, "history.step");
    int64_t rows = step ? tensor_count(step) : 0;
    if (!rows) return true;
    if (rows > HISTORY_ROWS) return fail(ERROR_BAD_FILE, "weights: a history of %lld rows; accepted are up to %d", (long long)rows, HISTORY_ROWS);
    if (!tensor_copy(step, "history.step", TENSOR_F64, rows, h->step)) return false;
    for (int i = 0; i < run->n_losses; i++) {
        char name[64];
        snprintf(name, sizeof name, "history.%s", run->model.def->loss[i].key);
        if (!tensor_copy(safetensors_find(s, name), name, TENSOR_F32, rows, h->loss[i])) return false;
    }
    h->rows = (int)rows;
    double every = number_told(s, "history_every", 1);
    h->every = every >= 1 && every < 1e9 ? (int)every : 1;
    return true;
}

static bool fill_run(const Safetensors *s, Run *run) {
    double step = number_told(s, "step", 0);
    if (!(step >= 0 && step < 9e15 && step == floor(step))) return fail(ERROR_BAD_FILE, "weights: its step is not a whole number");
    run->model.step = (uint64_t)step;
    run->version++;
    for (int k = 0; k < run->model.n_stores; k++)
        if (!read_store(s, run->model.store[k])) return false;
    return read_history(s, run);
}

// A file's mistakes are the file's, whatever the call that found them.
static void blame_file(void) {
    if (error_code() != ERROR_BAD_ARGUMENT) return;
    char text[400];
    snprintf(text, sizeof text, "%s", error_message());
    error_clear();
    fail(ERROR_BAD_FILE, "weights: %s", text);
}

static Run *load(Lab *lab, const Safetensors *s, Arena *arena) {
    const char *format = told(s, "format"), *version = told(s, "format_version"), *model = told(s, "model"), *data = told(s, "data"), *params = told(s, "params");
    if (!format || !version || !model || !data || !params) return NULL;
    if (strcmp(format, FORMAT) || number_told(s, "format_version", 0) != FORMAT_VERSION) {
        fail(ERROR_BAD_FILE, "weights: the file is '%.20s' version %.10s; accepted: %s version %d", format, version, FORMAT, FORMAT_VERSION);
        return NULL;
    }
    double seed = number_told(s, "seed", 1);
    char name[64], *lines = knob_lines(params, arena);
    if (!lines || !find_data(lab, s, data, arena, name)) return NULL;
    Run *run = run_new(lab, model, name, seed >= 0 && seed <= 4294967295.0 ? (uint32_t)seed : 1, lines);
    if (run && !fill_run(s, run)) {
        run_free(run);
        return NULL;
    }
    return run;
}

Run *run_load(Lab *lab, const uint8_t *bytes, size_t size) {
    error_clear();
    Arena arena;
    arena_init(&arena, "file", &lab->budget);
    Safetensors s;
    Run *run = safetensors_parse(bytes, size, &s, &arena) ? load(lab, &s, &arena) : NULL;
    if (!run) blame_file();
    arena_free(&arena);
    return run;
}
