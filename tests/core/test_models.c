// The battery that every model passes without a line of test code of its own: loops over models.def.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"
#include "measures/measures.h"
#include "run.h"

// --- Set-up ---------------------------------------------------------------------------------------------------------------

enum { SIDE = 8, PICTURES = 64 };

// A lab with small pictures of its own, `pictures`: bright bars on noise, so that there is something to learn.
static Lab *new_lab(void) {
    Lab *lab = lab_new(0);
    float *x = malloc(sizeof *x * PICTURES * SIDE * SIDE);
    rng_uniform_rows((Key){ 1, 1 }, 0, 0, x, PICTURES, SIDE * SIDE);
    for (int i = 0; i < PICTURES * SIDE * SIDE; i++) x[i] = (i / SIDE) % 4 == (i / SIDE / SIDE) % 4 ? .8f + .2f * x[i] : .2f * x[i];
    int32_t labels[PICTURES];
    for (int i = 0; i < PICTURES; i++) labels[i] = i % 2;
    ENSURE(lab_add_rows(lab, "pictures", DATA_IMAGE, (int[]){ SIDE, SIDE, 1 }, 2, (DataRows){ x, labels, PICTURES }, (DataRows){ 0 }));
    free(x);
    return lab;
}

// Knobs that make a model small: sanitizers are slow.
static const char *small(const ModelDef *def, bool image) {
    static char lines[300];
    static const struct { const char *key; int value; } wish[] = {
        { "hidden", 16 }, { "batch", 16 }, { "channels", 4 }, { "blocks", 1 }, { "couplings", 4 }, { "steps", 20 },
    };
    size_t n = 0;
    lines[0] = 0;
    (void)image;
    for (size_t i = 0; i < sizeof wish / sizeof *wish; i++)
        if (knob_find(def->knobs, wish[i].key) >= 0) n += (size_t)snprintf(lines + n, sizeof lines - n, "%s\t%d\n", wish[i].key, wish[i].value);
    return lines;
}

static Run *new_run(Lab *lab, const ModelDef *def, bool image, uint32_t seed) {
    Run *run = run_new(lab, def->id, image ? "pictures" : "moons", seed, small(def, image));
    ENSURE_SAYING(run, "%s", error_message());
    check_during("%s on %s, seed %u", def->id, image ? "pictures" : "moons", seed);
    return run;
}

// Calls body(lab, def, image) for every model and every kind of data that it takes.
static void each(void (*body)(Lab *lab, const ModelDef *def, bool image)) {
    Lab *lab = new_lab();
    for (int i = 0; i < n_model_defs; i++)
        for (int image = 0; image < 2; image++)
            if (image ? model_defs[i]->image : model_defs[i]->points) body(lab, model_defs[i], image);
    lab_free(lab);
}

static void train(Run *run, int steps) {
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run_train(run, steps, mean), "%s", error_message());
    for (int i = 0; i < run->n_losses; i++) ENSURE(isfinite(mean[i]));
}

static float *call(Run *run, const char *verb, Call c, Out *out) {
    if (!c.options) c.options = run_can(run, "label") && strcmp(verb, "measure") ? "label\t1\n" : "";
    ENSURE_SAYING(run_call(run, verb, &c, out), "%s: %s", verb, error_message());
    return out_find(out, "data")->data;
}

static bool same_weights(const Run *a, const Run *b) {
    for (int k = 0; k < a->model.n_stores; k++) {
        const Params *p = a->model.store[k], *q = b->model.store[k];
        size_t bytes = sizeof(float) * (size_t)p->n_floats;
        if (memcmp(p->value, q->value, bytes) || memcmp(p->m, q->m, bytes) || memcmp(p->v, q->v, bytes)) return false;
    }
    return true;
}

// --- Building ---------------------------------------------------------------------------------------------------------------

static void builds_on_every_set(Lab *lab, const ModelDef *def, bool image) {
    for (int i = 0; i < n_data_defs; i++) {
        if (image != (data_defs[i]->kind == DATA_IMAGE)) continue;
        check_during("%s on %s", def->id, data_defs[i]->id);
        Run *run = run_new(lab, def->id, data_defs[i]->id, 1, small(def, image));
        if (!data_defs[i]->classes && (image ? def->image : def->points) & CAN_LABEL) {
            ENSURE(!run && error_code() == ERROR_BAD_ARGUMENT);
            continue;
        }
        ENSURE_SAYING(run, "%s", error_message());
        train(run, 2);
        run_free(run);
    }
}
TEST(models, "each builds and trains on every data set that it takes") { each(builds_on_every_set); }

// A build that is refused must say why: too large, or a choice that this kind of data does not accept.
static void try_knob(Lab *lab, const ModelDef *def, bool image, const Knob *k, double value) {
    char lines[400], text[32];
    knob_write(k, value, text);
    snprintf(lines, sizeof lines, "%s%s\t%s\n", small(def, image), k->key, text);
    check_during("%s on %s with %s = %s", def->id, image ? "pictures" : "moons", k->key, text);
    Run *run = run_new(lab, def->id, image ? "pictures" : "moons", 1, lines);
    if (!run) {
        ENSURE_SAYING(error_code() == ERROR_OUT_OF_MEMORY || (k->type == KNOB_CHOICE && strstr(error_message(), k->key)), "%s", error_message());
        return;
    }
    double mean[LOSSES_MAX];
    bool ok = run_train(run, 2, mean);
    ENSURE_SAYING(ok || error_code() == ERROR_DIVERGED, "%s", error_message());
    run_free(run);
}

static void builds_at_every_knob(Lab *lab, const ModelDef *def, bool image) {
    for (const Knob *k = def->knobs; k->key; k++) {
        if (k->type == KNOB_CHOICE)
            for (int i = 0; i < knob_n_choices(k); i++) try_knob(lab, def, image, k, i);
        else if (k->type == KNOB_BOOLEAN) try_knob(lab, def, image, k, 0), try_knob(lab, def, image, k, 1);
        else try_knob(lab, def, image, k, k->min), try_knob(lab, def, image, k, k->max);
        ENSURE_SAYING(k->type > KNOB_INTEGER || (k->points >= k->min && k->points <= k->max && k->image >= k->min && k->image <= k->max),
                      "%s: the default of %s is outside its range", def->id, k->key);
        ENSURE_SAYING(k->help && *k->help && k->title && k->group, "%s: %s needs a title, a group and help", def->id, k->key);
    }
}
TEST(models, "each builds at both ends of every knob, or says why not") { each(builds_at_every_knob); }

// --- Gradients ------------------------------------------------------------------------------------------------------------------

// Knobs of a model whose losses are all that its gradients lower: penalties are added to a loss, but not shown with it.
static void bare(const ModelDef *def, bool image, const char *arch, char lines[400]) {
    size_t n = (size_t)snprintf(lines, 400, "%srate\t1e-6\n", small(def, image));
    static const char *const penalties[] = { "penalty", "lambda" };
    for (int i = 0; i < 2; i++) {
        int k = knob_find(def->knobs, penalties[i]);
        if (k >= 0 && def->knobs[k].type == KNOB_NUMBER) n += (size_t)snprintf(lines + n, 400 - n, "%s\t0\n", penalties[i]);
    }
    if (*arch) snprintf(lines + n, 400 - n, "arch\t%s\n", arch);
}

// Loss k of the second step -- the first may set weights from its batch -- which store k lowers, with one weight moved by `by`; steps so small that
// no earlier update in it matters.
static double second_loss(Lab *lab, const ModelDef *def, bool image, const char *lines, int k, int at, float by, float *grad) {
    Run *run = run_new(lab, def->id, image ? "pictures" : "moons", 3, lines);
    ENSURE_SAYING(run, "%s", error_message());
    train(run, 1);
    // Away from the start, where last layers may be zero and half of the gradient with them.
    for (int s = 0; s < run->model.n_stores; s++) {
        Params *p = run->model.store[s];
        for (int t = 0; t < p->n; t++) {
            float noise;
            for (int i = 0; i < p->param[t]->size; i++) {
                rng_normal((Key){ 5, (uint32_t)s }, (uint32_t)t, 0, i, &noise, 1);
                p->value[p->param[t]->at + i] += .03f * noise;
            }
        }
    }
    run->model.store[k]->value[at] += by;
    train(run, 1);
    double loss = run->model.loss[k];
    if (grad) *grad = run->model.store[k]->grad[at];
    run_free(run);
    return loss;
}

static void gradients_with(Lab *lab, const ModelDef *def, bool image, const char *arch) {
    char lines[400];
    bare(def, image, arch, lines);
    Run *shape = run_new(lab, def->id, image ? "pictures" : "moons", 3, lines);
    if (!shape) return;                                              // an architecture that this kind of data does not accept
    int skipped = 0, checked = 0;
    for (int k = 0; k < shape->model.n_stores; k++) {
        const Params *p = shape->model.store[k];
        for (int i = 0; i < 20; i++) {
            const Param *q = p->param[(i * 7) % p->n];
            if (q->running) continue;
            int at = q->at + (i * 31) % q->size;
            const float h = 1.f / 1024;
            float grad;
            check_during("%s %s on %s, %s[%d]", def->id, arch, image ? "pictures" : "moons", q->name, at - q->at);
            double here = second_loss(lab, def, image, lines, k, at, 0, &grad);
            double up = second_loss(lab, def, image, lines, k, at, h, NULL), down = second_loss(lab, def, image, lines, k, at, -h, NULL);
            double slope = (up - down) / (2 * (double)h), left = (here - down) / (double)h, right = (up - here) / (double)h;
            checked++;
            // At a kink both sides differ by more than curvature and rounding explain.
            if (fabs(left - right) > .05 * (1 + fabs(slope))) { skipped++; continue; }
            // The loss is a float: its last bit, on both sides.
            ENSURE_CLOSE((double)grad, slope, 1e-2 * (1 + fabs(slope)) + 0x1p-23 * fabs(here) / (double)h);
        }
    }
    ENSURE_SAYING(skipped * 20 <= checked, "%d of %d weights stand at kinks", skipped, checked);
    run_free(shape);
}

static void gradients_are_right(Lab *lab, const ModelDef *def, bool image) {
    if (def->jumps) return;
    int k = knob_find(def->knobs, "arch");
    char arch[32] = "";
    for (int i = 0; k >= 0 && i < knob_n_choices(&def->knobs[k]); i++) {
        knob_choice(&def->knobs[k], i, arch);
        gradients_with(lab, def, image, arch);
    }
    if (k < 0) gradients_with(lab, def, image, arch);
}
TEST(models, "the gradient of each loss agrees with central differences") { each(gradients_are_right); }

// --- Training --------------------------------------------------------------------------------------------------------------------

static double points_mmd(Lab *lab, Run *run) {
    enum { N = 500 };
    Out made, real;
    out_init(&made, NULL), out_init(&real, NULL);
    ENSURE(lab_draw(lab, "moons", N, 9, "test", &real));
    float *x = call(run, "sample", (Call){ .n = N, .options = "seed\t1\n" }, &made);        // of any class
    double gap = mmd2_imq(x, N, out_find(&real, "data")->data, N, 2, 1);
    out_clear(&made), out_clear(&real);
    return gap;
}

static void training_improves(Lab *lab, const ModelDef *def, bool image) {
    if (def->improves < 0 && image) return;                          // a game on pictures has no cheap measure
    Run *run = new_run(lab, def, image, 1);
    double first[LOSSES_MAX], last[LOSSES_MAX];
    double before = def->improves < 0 ? points_mmd(lab, run) : 0;
    ENSURE(run_train(run, 10, first));
    train(run, image ? 60 : 600);
    ENSURE(run_train(run, 10, last));
    if (def->improves >= 0) ENSURE_SAYING(last[def->improves] < first[def->improves], "%g, then %g", first[def->improves], last[def->improves]);
    else {
        double after = points_mmd(lab, run);
        ENSURE_SAYING(after < before / 2, "MMD2 %g, then %g", before, after);
    }
    run_free(run);
}
TEST(models, "training improves what each declares") { each(training_improves); }

static void same_seed_same_bytes(Lab *lab, const ModelDef *def, bool image) {
    Run *a = new_run(lab, def, image, 1), *b = new_run(lab, def, image, 1), *c = new_run(lab, def, image, 2);
    train(a, 5);
    train(b, 2);
    Out out;
    out_init(&out, NULL);
    call(b, "sample", (Call){ .n = 3 }, &out);                       // looking must not disturb
    train(b, 3);
    train(c, 5);
    ENSURE(same_weights(a, b));
    ENSURE(!same_weights(a, c));
    out_clear(&out);
    run_free(b), run_free(a), run_free(c);
}
TEST(models, "the same seed gives the same bytes however training is cut, another seed others") { each(same_seed_same_bytes); }

static void memory_stays(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1);
    Out out;
    out_init(&out, NULL);
    train(run, 1);
    call(run, "sample", (Call){ .n = 3 }, &out);
    size_t used = run->arena.used, peak = run->arena.peak;
    train(run, 200);
    call(run, "sample", (Call){ .n = 300 }, &out);
    ENSURE_EQUAL(run->arena.used, used);
    ENSURE_EQUAL(run->arena.peak, peak);
    out_clear(&out);
    run_free(run);
}
TEST(models, "training and sampling take no memory after the first step") { each(memory_stays); }

static void diverging_is_undone(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1), *twin = new_run(lab, def, image, 1);
    double mean[LOSSES_MAX];
    train(run, 3);
    train(twin, 3);
    const Params *last = run->model.store[run->model.n_stores - 1];
    float *w = last->value + last->param[0]->at, before = *w;
    *w = NAN;
    ENSURE(!run_train(run, 1, mean));
    ENSURE_SAYING(error_code() == ERROR_DIVERGED && strstr(error_message(), "step 4"), "%s", error_message());
    ENSURE_EQUAL(run_step(run), 3);
    ENSURE(isnan(*w));
    *w = before;
    ENSURE(same_weights(run, twin));
    train(run, 2), train(twin, 2);
    ENSURE(same_weights(run, twin));
    run_free(run), run_free(twin);
}
TEST(models, "a step that leaves the finite numbers is undone as a whole, named, and training can go on") { each(diverging_is_undone); }

// --- What a model claims ----------------------------------------------------------------------------------------------------------

static void samples_are_sane(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1);
    train(run, 300);
    Out few, many;
    out_init(&few, NULL), out_init(&many, NULL);
    float *x = call(run, "sample", (Call){ .n = 10, .options = "seed\t4\n" }, &few), *y = call(run, "sample", (Call){ .n = 300, .options = "seed\t4\n" }, &many);
    int dim = run->data->dim;
    for (int i = 0; i < 300 * dim; i++) ENSURE(isfinite(y[i]) && fabsf(y[i]) < (image ? 1.001f : 30));
    ENSURE(!memcmp(x, y, sizeof *x * (size_t)(10 * dim)));
    call(run, "sample", (Call){ .n = 10, .options = "seed\t5\n" }, &many);
    ENSURE(memcmp(x, out_find(&many, "data")->data, sizeof *x * (size_t)(10 * dim)));
    out_clear(&few), out_clear(&many);
    run_free(run);
}
TEST(models, "samples are finite and near the data; ten are the beginning of three hundred") { each(samples_are_sane); }

static void verbs_do_what_is_claimed(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1);
    train(run, 2);
    Out out, data;
    out_init(&out, NULL), out_init(&data, NULL);
    int dim = run->data->dim, width = run->model.code_dim;
    ENSURE(lab_draw(lab, run->data->def.id, 5, 1, "test", &data));
    float codes[2 * 256] = { 1 }, mask[SIDE * SIDE] = { 1, 1, 1 };
    ENSURE(width <= 256);
    const float *x = out_find(&data, "data")->data;
    const struct { const char *verb; Call c; size_t gives; } all[] = {
        { "sample", { .n = 4 }, 4 * (size_t)dim },
        { "encode", { .x = x, .n_x = 5 * (size_t)dim }, 5 * (size_t)width },
        { "decode", { .x = codes, .n_x = 2 * (size_t)width }, 2 * (size_t)dim },
        { "reconstruct", { .x = x, .n_x = 5 * (size_t)dim }, 5 * (size_t)dim },
        { "interpolate", { .n = 3, .x = codes, .n_x = (size_t)width, .y = codes + width, .n_y = (size_t)width }, 3 * (size_t)dim },
        { "logProb", { .x = x, .n_x = 5 * (size_t)dim }, 5 },
        { "bound", { .x = x, .n_x = 5 * (size_t)dim }, 5 },
        { "trace", { .n = 3 }, 0 },
        { "critic", { .x = x, .n_x = 5 * (size_t)dim }, 5 },
        { "field", { .x = x, .n_x = 5 * (size_t)dim }, 5 * (size_t)dim },
        { "twins", { .x = x, .n_x = 5 * (size_t)dim }, 0 },
        { "inpaint", { .x = x, .n_x = (size_t)dim, .y = mask, .n_y = (size_t)dim }, (size_t)dim },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check_during("%s of %s on %s", all[i].verb, def->id, image ? "pictures" : "moons");
        Call c = all[i].c;
        c.options = run_can(run, "label") ? "label\t1\n" : "";
        if (!run_can(run, all[i].verb)) {
            ENSURE_FAILS(run_call(run, all[i].verb, &c, &out), ERROR_UNSUPPORTED);
            continue;
        }
        ENSURE_SAYING(run_call(run, all[i].verb, &c, &out), "%s", error_message());
        const Array *a = &out.array[0];
        size_t size = 1;
        for (int k = 0; k < a->rank; k++) size *= (size_t)a->shape[k];
        if (all[i].gives) ENSURE_EQUAL(size, all[i].gives);
        for (size_t k = 0; k < size; k++) ENSURE(isfinite(a->type == TYPE_F64 ? ((double *)a->data)[k] : (double)((float *)a->data)[k]));
    }
    check_during("measures of %s on %s", def->id, image ? "pictures" : "moons");
    ENSURE_SAYING(run_call(run, "measure", &(Call){ .name = "", .options = "n\t50\n" }, &out), "%s", error_message());
    ENSURE(image || strstr(out.json, "value"));
    out_clear(&out), out_clear(&data);
    run_free(run);
}
// MMD2 between n examples x and as many held-out ones of a class.
static double class_gap(const Run *run, const float *x, int n, int label) {
    int dim = run->data->dim;
    float *real = malloc(sizeof *real * (size_t)(n * dim));
    n = data_draw_class(run->data, SPLIT_TEST, 5, label, n, real);
    double gap = mmd2_imq(x, n, real, n, dim, 1);
    free(real);
    return gap;
}

static void classes_are_followed(Lab *lab, const ModelDef *def, bool image) {
    enum { N = 200 };
    if (image || !(def->points & CAN_LABEL)) return;
    Run *run = new_run(lab, def, image, 1);
    train(run, 600);
    Out any, one;
    out_init(&any, NULL), out_init(&one, NULL);
    float *x = call(run, "sample", (Call){ .n = N, .options = "seed\t4\n" }, &any);
    const int32_t *labels = out_find(&any, "labels")->data;
    for (int k = 0; k < run->data->def.classes; k++) {
        char text[40];
        snprintf(text, sizeof text, "seed\t4\nlabel\t%d\n", k);
        float *y = call(run, "sample", (Call){ .n = N, .options = text }, &one);
        for (int i = 0; i < N; i++) {
            ENSURE_EQUAL(((int32_t *)out_find(&one, "labels")->data)[i], k);
            ENSURE(labels[i] >= 0 && labels[i] < run->data->def.classes && (labels[i] != k || !memcmp(x + 2 * i, y + 2 * i, sizeof *x * 2)));
        }
        double own = class_gap(run, y, N, k), other = class_gap(run, y, N, !k);
        ENSURE_SAYING(own < other / 2, "MMD2 of class %d: %g from its own, %g from another", k, own, other);
    }
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 1, .options = "label\t2\n" }, &one), ERROR_BAD_ARGUMENT);
    out_clear(&any), out_clear(&one);
    run_free(run);
}
TEST(models, "a conditional model makes examples of the class that is asked for, and of any where none is") { each(classes_are_followed); }

TEST(models, "what each claims to do it does, and the rest it refuses") { each(verbs_do_what_is_claimed); }

static void views_compute(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1);
    train(run, 2);
    Out out;
    out_init(&out, NULL);
    int shown = 0;
    for (int i = 0; i < VIEWS_MAX && def->views[i]; i++) {
        const ViewDef *v = view_find(def->views[i]);
        ENSURE_SAYING(v, "%s lists a view '%s' that there is not", def->id, def->views[i]);
        if (v->fits && !v->fits(run)) continue;
        check_during("view %s of %s on %s", v->id, def->id, image ? "pictures" : "moons");
        Scene scene;
        ENSURE_SAYING(run_call(run, "view", &(Call){ .name = v->id, .options = "" }, &out) && out.n > 0, "%s", error_message());
        ENSURE_SAYING(run_scene(run, v->id, "", &scene) && scene.n > 0 && scene.panel[0].n > 0, "%s", error_message());
        shown++;
    }
    ENSURE(shown > 0);
    out_clear(&out);
    run_free(run);
}
TEST(models, "every view of each computes its numbers and a scene") { each(views_compute); }

static void saving_continues(Lab *lab, const ModelDef *def, bool image) {
    Run *run = new_run(lab, def, image, 1);
    train(run, 7);
    Out file, a, b;
    out_init(&file, NULL), out_init(&a, NULL), out_init(&b, NULL);
    const uint8_t *bytes;
    size_t size;
    for (int half = 0; half < 2; half++) {
        ENSURE_SAYING(run_save(run, half, &file, &bytes, &size), "%s", error_message());
        Run *back = run_load(lab, bytes, size);
        ENSURE_SAYING(back, "%s", error_message());
        ENSURE_EQUAL(run_step(back), run_step(run));
        ENSURE(!strcmp(back->data->def.id, run->data->def.id) && back->model.seed == run->model.seed);
        int n = 20 * run->data->dim;
        const float *x = call(run, "sample", (Call){ .n = 20 }, &a), *y = call(back, "sample", (Call){ .n = 20 }, &b);
        double gap = 0;
        for (int i = 0; i < n; i++) gap += fabs((double)x[i] - (double)y[i]) / n;
        ENSURE(half ? gap < .05 : gap == 0);                         // float16 keeps three digits
        if (!half) {
            train(run, 3), train(back, 3);
            ENSURE(same_weights(run, back));
        }
        for (size_t cut = 0; cut < size; cut += 1 + size / 50) ENSURE_FAILS(run_load(lab, bytes, cut), ERROR_BAD_FILE);
        run_free(back);
    }
    out_clear(&file), out_clear(&a), out_clear(&b);
    run_free(run);
}
TEST(models, "a saved run has the same samples and the same next steps; a half one the same samples, nearly") { each(saving_continues); }

// --- By family -----------------------------------------------------------------------------------------------------------------------

static void density_is_one(Lab *lab, const ModelDef *def, bool image) {
    enum { SIDE_CELLS = 160 };
    if (image || !(def->points & CAN_LOG_PROB)) return;
    Run *run = new_run(lab, def, image, 1);
    train(run, 100);
    const double half = 10, cell = 2 * half / SIDE_CELLS;
    float *grid = malloc(sizeof *grid * 2 * SIDE_CELLS * SIDE_CELLS);
    for (int i = 0; i < SIDE_CELLS * SIDE_CELLS; i++) {
        grid[2 * i] = (float)(-half + (i % SIDE_CELLS + .5) * cell);
        grid[2 * i + 1] = (float)(-half + (double)(i / SIDE_CELLS) * cell + .5 * cell);
    }
    Out out;
    out_init(&out, NULL);
    call(run, "logProb", (Call){ .x = grid, .n_x = 2 * SIDE_CELLS * SIDE_CELLS }, &out);
    const double *log_p = out_find(&out, "data")->data;
    double mass = 0;
    for (int i = 0; i < SIDE_CELLS * SIDE_CELLS; i++) mass += real_exp(log_p[i]) * cell * cell;
    ENSURE_CLOSE(mass, 1, .02);                                      // cells of 1/8 against features of a few tenths
    free(grid);
    out_clear(&out);
    run_free(run);
}
TEST(models, "a density integrates to one on a grid, in the data's own units") { each(density_is_one); }

// log p(x) = log N(z) + log |det dz/dx|, the determinant by central differences of `encode`.
static void jacobian_is_right(Lab *lab, const ModelDef *def, bool image) {
    enum { N = 20 };
    if (image || !(def->points & CAN_LOG_PROB) || !(def->points & CAN_ENCODE)) return;
    Run *run = new_run(lab, def, image, 1);
    train(run, 100);
    Out data, out, back;
    out_init(&data, NULL), out_init(&out, NULL), out_init(&back, NULL);
    ENSURE(lab_draw(lab, "moons", N, 3, "test", &data));
    const float *x = out_find(&data, "data")->data, h = 1.f / 512;
    float moved[N * 4 * 2];
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 4; k++)
            for (int j = 0; j < 2; j++) moved[(i * 4 + k) * 2 + j] = x[2 * i + j] + (k / 2 == j ? (k % 2 ? h : -h) : 0);
    const float *z = call(run, "encode", (Call){ .x = moved, .n_x = N * 8 }, &out);
    double det[N];
    for (int i = 0; i < N; i++) {
        double d[2][2];
        for (int a = 0; a < 2; a++)
            for (int j = 0; j < 2; j++) {
                int up = (i * 4 + 2 * a + 1) * 2 + j, down = (i * 4 + 2 * a) * 2 + j;
                d[a][j] = ((double)z[up] - (double)z[down]) / ((double)moved[(i * 4 + 2 * a + 1) * 2 + a] - (double)moved[(i * 4 + 2 * a) * 2 + a]);
            }
        det[i] = real_log(fabs(d[0][0] * d[1][1] - d[0][1] * d[1][0]));
    }
    z = call(run, "encode", (Call){ .x = x, .n_x = 2 * N }, &out);
    const float *again = call(run, "decode", (Call){ .x = z, .n_x = 2 * N }, &back);
    for (int i = 0; i < 2 * N; i++) ENSURE_CLOSE((double)again[i], (double)x[i], 1e-3);
    double normal[N];
    for (int i = 0; i < N; i++) normal[i] = -.5 * ((double)z[2 * i] * (double)z[2 * i] + (double)z[2 * i + 1] * (double)z[2 * i + 1]) - REAL_LN_2PI;
    call(run, "logProb", (Call){ .x = x, .n_x = 2 * N }, &back);
    int kinks = 0;
    for (int i = 0; i < N; i++) {
        double gap = fabs(((double *)out_find(&back, "data")->data)[i] - normal[i] - det[i]);
        if (gap > 2e-2) kinks++;                                     // a relu that turns within the step
    }
    ENSURE_SAYING(kinks <= N / 10, "%d of %d log-determinants differ from the numeric Jacobian", kinks, N);
    out_clear(&data), out_clear(&out), out_clear(&back);
    run_free(run);
}
TEST(models, "a flow's inverse is its inverse and its log-determinant equals the numeric Jacobian") { each(jacobian_is_right); }

// The more samples, the tighter (Burda et al. 2016, theorem 1), up to the exact value.
static void bounds_tighten(Lab *lab, const ModelDef *def, bool image) {
    enum { N = 200 };
    if (!((image ? def->image : def->points) & CAN_BOUND)) return;
    Run *run = new_run(lab, def, image, 1);
    train(run, 50);
    Out data, out;
    out_init(&data, NULL), out_init(&out, NULL);
    ENSURE(lab_draw(lab, run->data->def.id, N, 3, "test", &data));
    const char *const options[] = { "", "samples\t10\n", "samples\t100\n" };
    double mean[3] = { 0 };
    for (int k = 0; k < 3; k++) {
        Call c = { .x = out_find(&data, "data")->data, .n_x = (size_t)(N * run->data->dim), .options = options[k] };
        if (run_can(run, "label")) c.labels = out_find(&data, "labels")->data, c.n_labels = N;
        call(run, "bound", c, &out);
        for (int i = 0; i < N; i++) mean[k] += ((double *)out_find(&out, "data")->data)[i] / N;
    }
    ENSURE_SAYING(mean[0] < mean[1] && mean[1] < mean[2] + .01, "%g, %g, %g with 1, 10, 100 samples", mean[0], mean[1], mean[2]);
    out_clear(&data), out_clear(&out);
    run_free(run);
}
TEST(models, "a bound rises with the number of its samples") { each(bounds_tighten); }

// --- The table ------------------------------------------------------------------------------------------------------------------------

TEST(models, "every model has its texts, and ids are unique") {
    for (int i = 0; i < n_model_defs; i++) {
        const ModelDef *d = model_defs[i];
        check_during("%s", d->id);
        ENSURE(d->title && d->family && d->summary && d->paper && *d->paper);
        ENSURE(strstr(d->about, "## Loss") && strstr(d->about, "## What to watch") && strstr(d->about, "## What goes wrong") && strstr(d->about, "## What to try"));
        ENSURE(lab_losses(d) > 0 && d->views[0]);
        for (int k = 0; k < i; k++) ENSURE(strcmp(d->id, model_defs[k]->id));
    }
}
