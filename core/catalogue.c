// catalogue.c -- the tables as JSON: all that JavaScript knows of models, data sets, views and colours.

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"
#include "run.h"

static const char *const kind_names[] = { "points", "image" };

// --- Knobs -------------------------------------------------------------------------------------------------------------

static void knob_value(Json *j, const char *key, const Knob *k, double value) {
    char text[32];
    if (k->type == KNOB_BOOLEAN) json_bool(j, key, value != 0);
    else if (k->type != KNOB_CHOICE) json_number(j, key, value);
    else knob_choice(k, (int)value, text), json_string(j, key, text);
}

// What it accepts.
static void knob_range(Json *j, const Knob *k) {
    static const char *const types[] = { "number", "integer", "choice", "boolean" };
    json_string(j, "key", k->key);
    json_string(j, "type", types[k->type]);
    if (k->type <= KNOB_INTEGER) json_number(j, "min", k->min), json_number(j, "max", k->max);
    json_open(j, "choices", '[');
    for (int i = 0; k->type == KNOB_CHOICE && i < knob_n_choices(k); i++) {
        char text[32];
        knob_choice(k, i, text);
        json_string(j, NULL, text);
    }
    json_close(j);
}

static void knob_row(Json *j, const Knob *k) {
    json_open(j, NULL, '{');
    knob_range(j, k);
    json_string(j, "title", k->title);
    json_open(j, "default", '{');
    knob_value(j, "points", k, k->points);
    knob_value(j, "image", k, k->image);
    json_close(j);
    json_string(j, "scale", k->scale == SCALE_LOG ? "log" : "linear");
    json_bool(j, "live", k->live);
    json_string(j, "help", k->help ? k->help : "");
    json_string(j, "group", k->group ? k->group : "");
    json_close(j);
}

static void knob_rows(Json *j, const char *key, const Knob *table) {
    json_open(j, key, '[');
    for (; table && table->key; table++) knob_row(j, table);
    json_close(j);
}

// --- Models ------------------------------------------------------------------------------------------------------------------

static void can_list(Json *j, const char *key, unsigned can) {
    json_open(j, key, '[');
    for (int i = 0; i < N_CAN; i++)
        if (can & 1u << i) json_string(j, NULL, can_words[i]);
    json_close(j);
}

// m: NULL for a lesson's.
static void view_texts(Json *j, const ViewDef *v, const ModelDef *m) {
    json_string(j, "id", v->id);
    json_string(j, "kind", v->kind);
    json_string(j, "title", v->title);
    json_string(j, "help", v->help ? v->help : "");
    json_string(j, "start", v->start ? v->start : strcmp(v->kind, "trace") ? "" : m && m->start ? m->start : "noise");
    json_string(j, "end", v->end ? v->end : "");
    knob_rows(j, "options", v->options);
}

static void view_row(Json *j, const ViewDef *v, const ModelDef *m) {
    json_open(j, NULL, '{');
    view_texts(j, v, m);
    json_close(j);
}

static void model_row(Json *j, const ModelDef *m) {
    json_open(j, NULL, '{');
    json_string(j, "id", m->id);
    json_string(j, "title", m->title);
    json_string(j, "family", m->family);
    json_string(j, "summary", m->summary);
    json_string(j, "paper", m->paper);
    json_string(j, "about", m->about);
    knob_rows(j, "params", m->knobs);
    json_open(j, "data", '[');
    if (m->points) json_string(j, NULL, kind_names[0]);
    if (m->image) json_string(j, NULL, kind_names[1]);
    json_close(j);
    json_open(j, "can", '{');
    can_list(j, "points", m->points);
    can_list(j, "image", m->image);
    json_close(j);
    json_open(j, "losses", '[');
    for (int i = 0; i < lab_losses(m); i++) {
        json_open(j, NULL, '{');
        json_string(j, "key", m->loss[i].key);
        json_string(j, "title", m->loss[i].title);
        json_string(j, "help", m->loss[i].help);
        json_close(j);
    }
    json_close(j);
    json_open(j, "views", '[');
    for (int i = 0; i < VIEWS_MAX && m->views[i]; i++)
        if (view_find(m->views[i])) view_row(j, view_find(m->views[i]), m);
    json_close(j);
    json_close(j);
}

static void texts(Json *j, const char *key, const char *const *text) {
    json_open(j, key, '[');
    for (; *text; text++) json_string(j, NULL, *text);
    json_close(j);
}

static void lesson_row(Json *j, const Lesson *l) {
    json_open(j, NULL, '{');
    view_texts(j, &l->view, NULL);
    json_string(j, "summary", l->summary);
    json_string(j, "about", l->about);
    texts(j, "rows", l->rows);
    texts(j, "columns", l->columns);
    json_open(j, "key", '[');
    for (int i = 0; i < LESSON_KEY && l->key[i].text; i++) {
        json_open(j, NULL, '{');
        json_string(j, "role", palette_name[l->key[i].role]);
        json_string(j, "text", l->key[i].text);
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

// --- Data sets and colours -----------------------------------------------------------------------------------------------------

static void data_row(Json *j, const DataDef *d, bool endless, int size) {
    json_open(j, NULL, '{');
    json_string(j, "id", d->id);
    json_string(j, "title", d->title);
    json_string(j, "summary", d->summary ? d->summary : "");
    json_string(j, "kind", kind_names[d->kind]);
    json_open(j, "shape", '[');
    for (int i = 0; i < (d->kind == DATA_IMAGE ? 3 : 1); i++) json_number(j, NULL, d->shape[i]);
    json_close(j);
    json_number(j, "classes", d->classes);
    json_open(j, "attributes", '[');
    for (int i = 0; i < d->n_attributes; i++) json_string(j, NULL, d->attributes[i]);
    json_close(j);
    json_number(j, "entropy", d->entropy);
    json_number(j, "size", endless ? (double)NAN : size);
    json_string(j, "source", d->source ? d->source : "");
    json_close(j);
}

static void data_rows(Json *j, const Lab *lab) {
    json_open(j, "datasets", '[');
    for (int i = 0; i < n_data_defs; i++) data_row(j, data_defs[i], true, 0);
    for (int i = 0; i < lab->n_data; i++) {
        const Data *d = lab->data[i];
        if (!d->endless) data_row(j, &d->def, false, d->n[SPLIT_TRAIN]);
    }
    json_close(j);
}

static void palette_rows(Json *j) {
    static const char *const role[] = {
#define ROLE(name, light, dark) #name,
#include "view/palette.def"
#undef ROLE
    };
    json_open(j, "palette", '{');
    for (int dark = 0; dark < 2; dark++) {
        json_open(j, dark ? "dark" : "light", '{');
        for (int i = 0; i < N_ROLES; i++) json_number(j, role[i], palette[dark][i]);
        json_close(j);
    }
    json_close(j);
}

const char *lab_knobs(Lab *lab, const char *model) {
    error_clear();
    out_clear(&lab->catalogue);
    Json j = json_begin(&lab->catalogue.arena);
    json_open(&j, NULL, '[');
    for (int i = 0; i < n_model_defs; i++) {
        if (strcmp(model_defs[i]->id, model)) continue;
        for (const Knob *k = model_defs[i]->knobs; k->key; k++) json_open(&j, NULL, '{'), knob_range(&j, k), json_close(&j);
    }
    json_close(&j);
    return json_end(&j);
}

const char *lab_catalogue(Lab *lab) {
    error_clear();
    out_clear(&lab->catalogue);
    Json j = json_begin(&lab->catalogue.arena);
    json_open(&j, NULL, '{');
    json_string(&j, "version", GENPLAY_VERSION);
    json_open(&j, "models", '[');
    for (int i = 0; i < n_model_defs; i++) model_row(&j, model_defs[i]);
    json_close(&j);
    json_open(&j, "lessons", '[');
    for (int i = 0; i < n_lesson_defs; i++) lesson_row(&j, lesson_defs[i]);
    json_close(&j);
    data_rows(&j, lab);
    palette_rows(&j);
    json_close(&j);
    return json_end(&j);
}

// --- A run ---------------------------------------------------------------------------------------------------------------------------

static void losses_with_lines(Json *j, const Run *run) {
    const ModelDef *def = run->model.def;
    json_open(j, "losses", '[');
    for (int i = 0; i < run->n_losses; i++) {
        const char *text = "";
        double line = def->line ? def->line(&run->model, i, &text) : (double)NAN;
        json_open(j, NULL, '{');
        json_string(j, "key", def->loss[i].key);
        json_string(j, "title", def->loss[i].title);
        json_string(j, "help", def->loss[i].help);
        json_number(j, "line", line);
        json_string(j, "text", isfinite(line) ? text : "");
        json_close(j);
    }
    json_close(j);
}

const char *run_outline(Run *run) {
    error_clear();
    out_clear(&run->described);
    Json j = json_begin(&run->described.arena);
    json_open(&j, NULL, '{');
    json_string(&j, "model", run->model.def->id);
    json_string(&j, "data", run->data->def.id);
    can_list(&j, "can", run_verbs(run));
    json_open(&j, "losses", '[');
    for (int i = 0; i < run->n_losses; i++) json_string(&j, NULL, run->model.def->loss[i].key);
    json_close(&j);
    json_close(&j);
    return json_end(&j);
}

const char *run_describe(Run *run) {
    error_clear();
    const Model *m = &run->model;
    out_clear(&run->described);
    Json j = json_begin(&run->described.arena);
    json_open(&j, NULL, '{');
    json_string(&j, "model", m->def->id);
    json_string(&j, "data", run->data->def.id);
    json_number(&j, "seed", m->seed);
    json_number(&j, "step", (double)m->step);
    json_open(&j, "params", '{');
    for (int i = 0; m->def->knobs[i].key; i++) knob_value(&j, m->def->knobs[i].key, &m->def->knobs[i], m->knob[i]);
    json_close(&j);
    can_list(&j, "can", run_verbs(run));
    json_open(&j, "views", '[');
    for (int i = 0; i < VIEWS_MAX && m->def->views[i]; i++) {
        const ViewDef *v = view_find(m->def->views[i]);
        if (v && (!v->fits || v->fits(run))) json_string(&j, NULL, v->id);
    }
    json_close(&j);
    losses_with_lines(&j, run);
    json_number(&j, "memory", (double)run->arena.used);
    int weights = 0;
    for (int k = 0; k < m->n_stores; k++) weights += params_count(m->store[k]);
    json_number(&j, "weights", weights);
    json_close(&j);
    return json_end(&j);
}
