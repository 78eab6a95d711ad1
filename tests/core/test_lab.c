// The front door: what is refused and how, what is left behind, and what a run remembers.

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "run.h"

#define TINY "hidden\t8\nbatch\t8\n"

static void says(const char *part) { ENSURE_SAYING(strstr(error_message(), part), "'%s' does not say '%s'", error_message(), part); }

TEST(lab, "an unknown model, data set or knob is refused with those that there are") {
    Lab *lab = lab_new(0);
    ENSURE(!run_new(lab, "vqgan", "moons", 1, ""));
    says("'vqgan'"), says("realnvp");
    ENSURE(!run_new(lab, "vae", "mars", 1, ""));
    says("'mars'"), says("pinwheel");
    ENSURE(!run_new(lab, "vae", "moons", 1, "size\t3\n"));
    says("'size'"), says("latent");
    ENSURE(!run_new(lab, "realnvp", "digits", 1, ""));
    says("points"), says("digits");
    ENSURE_EQUAL(error_code(), ERROR_BAD_ARGUMENT);
    lab_free(lab);
}

TEST(lab, "a knob outside its range, of the wrong type or empty is refused with what it was and what is accepted") {
    Lab *lab = lab_new(0);
    static const char *const bad[] = { "latent\t0\n", "latent\t2.5\n", "latent\t\n", "latent\tmany\n", "latent\tnan\n", "latent\t3x\n", "rate\t-1\n", "rate\tinf\n", "optimizer\tadagrad\n" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_during("%s", bad[i]);
        ENSURE(!run_new(lab, "vae", "moons", 1, bad[i]));
        ENSURE_EQUAL(error_code(), ERROR_BAD_ARGUMENT);
        says("accepted"), says(i < 6 ? "latent" : i < 8 ? "rate" : "optimizer");
    }
    Run *run = run_new(lab, "vae", "moons", 1, "latent\t3\nrate\t0.5\noptimizer\tsgd\n");
    ENSURE(run && run->model.code_dim == 3);
    lab_free(lab);
}

TEST(lab, "a live knob changes in place, any other is refused with the reason, and a refused one changes nothing") {
    Lab *lab = lab_new(0);
    Run *run = run_new(lab, "vae", "moons", 1, TINY);
    ENSURE(run_set(run, "rate", "0.25"));
    ENSURE(strstr(run_describe(run), "\"rate\":0.25"));
    ENSURE_FAILS(run_set(run, "rate", "-3"), ERROR_BAD_ARGUMENT);
    ENSURE(!run_set(run, "hidden", "16"));
    says("hidden"), says("new run");
    ENSURE(!run_set(run, "colour", "1"));
    says("'colour'"), says("beta");
    ENSURE(strstr(run_describe(run), "\"rate\":0.25"));
    lab_free(lab);
}

TEST(lab, "what does not fit the ceiling is refused with both numbers and leaves nothing behind") {
    Lab *lab = lab_new(3 * 1000 * 1000);
    ENSURE(lab_data(lab, "moons"));
    size_t used = lab_budget(lab)->used;
    ENSURE(!run_new(lab, "vae", "moons", 1, "hidden\t1024\nlayers\t8\n"));
    ENSURE_EQUAL(error_code(), ERROR_OUT_OF_MEMORY);
    says("MB");
    ENSURE_EQUAL(lab_budget(lab)->used, used);
    ENSURE_EQUAL(lab_data(lab, "moons")->users, 0);
    Run *run = run_new(lab, "vae", "moons", 1, TINY);
    ENSURE_SAYING(run, "%s", error_message());
    Out out;
    out_init(&out, lab_budget(lab));
    size_t before = lab_budget(lab)->used;
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 2000000, .options = "" }, &out), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(lab_budget(lab)->used, before);
    ENSURE(run_call(run, "sample", &(Call){ .n = 20, .options = "" }, &out));
    out_clear(&out);
    run_free(run);
    ENSURE_EQUAL(lab_budget(lab)->used, used);
    lab_free(lab);
}

TEST(lab, "no run takes more than 256 MB, and the message says what would help") {
    Lab *lab = lab_new(0);
    ENSURE(!run_new(lab, "gan", "moons", 1, "hidden\t1024\nlayers\t8\nbatch\t1024\n"));
    ENSURE_EQUAL(error_code(), ERROR_OUT_OF_MEMORY);
    says("256 MB"), says("narrower");
    lab_free(lab);
}

TEST(lab, "runs live side by side and are freed in any order") {
    Lab *lab = lab_new(0);
    Run *run[4];
    double mean[LOSSES_MAX];
    static const char *const model[] = { "vae", "gan", "realnvp", "ddpm" };
    for (int i = 0; i < 4; i++) ENSURE((run[i] = run_new(lab, model[i], "ring8", 1, TINY)) && run_train(run[i], 2, mean));
    run_free(run[1]), run_free(run[3]);
    ENSURE(run_train(run[0], 2, mean) && run_train(run[2], 2, mean));
    run_free(run[0]), run_free(run[2]);
    ENSURE_EQUAL(lab_data(lab, "ring8")->users, 0);
    lab_free(lab);
}

TEST(lab, "own points learn, are replaced only while nobody uses them, and never hide a built-in set") {
    Lab *lab = lab_new(0);
    float x[] = { 0, 0, 1, 1, 2, 0, 3, 1 };
    DataRows rows = { x, NULL, 4 }, none = { 0 };
    const int plane[3] = { 2, 0, 0 };
    ENSURE(lab_add_rows(lab, "mine", DATA_POINTS, plane, 0, rows, none));
    Run *run = run_new(lab, "vae", "mine", 1, TINY);
    double mean[LOSSES_MAX];
    ENSURE(run && run_train(run, 3, mean));
    ENSURE_CLOSE(run_epoch(run), 3 * 8 / 4., 1e-12);
    ENSURE_FAILS(lab_add_rows(lab, "mine", DATA_POINTS, plane, 0, rows, none), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_add_rows(lab, "moons", DATA_POINTS, plane, 0, rows, none), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_add_rows(lab, "a b", DATA_POINTS, plane, 0, rows, none), ERROR_BAD_ARGUMENT);
    run_free(run);
    ENSURE(lab_add_rows(lab, "mine", DATA_POINTS, plane, 0, (DataRows){ x, NULL, 1 }, none));
    run = run_new(lab, "realnvp", "mine", 1, TINY);                // one point: a model of it is still a model
    ENSURE(run && run_train(run, 3, mean) && isfinite(mean[0]));
    lab_free(lab);
}

TEST(lab, "a saved run carries its own points into another lab, under another name if theirs is taken") {
    Lab *a = lab_new(0), *b = lab_new(0);
    float x[] = { 0, 0, 1, 1, 2, 0, 3, 1 }, y[] = { 5, 5, 6, 6 };
    const int plane[3] = { 2, 0, 0 };
    int32_t labels[] = { 0, 1, 2, 1 };
    ENSURE(lab_add_rows(a, "mine", DATA_POINTS, plane, 3, (DataRows){ x, labels, 4 }, (DataRows){ 0 }));
    ENSURE(lab_add_rows(b, "mine", DATA_POINTS, plane, 0, (DataRows){ y, NULL, 2 }, (DataRows){ 0 }));
    Run *run = run_new(a, "vae", "mine", 1, TINY);
    double mean[LOSSES_MAX], other[LOSSES_MAX];
    ENSURE(run && run_train(run, 3, mean));
    Out out;
    out_init(&out, NULL);
    const uint8_t *bytes;
    size_t size;
    ENSURE(run_save(run, false, &out, &bytes, &size));
    Run *here = run_load(a, bytes, size), *there = run_load(b, bytes, size);
    ENSURE_SAYING(here && there, "%s", error_message());
    ENSURE_SAME(run_data(here)->def.id, "mine");
    ENSURE_SAME(run_data(there)->def.id, "mine-2");
    ENSURE_EQUAL(run_data(there)->def.classes, 3);
    ENSURE(run_train(run, 2, mean) && run_train(there, 2, other));
    ENSURE(mean[0] == other[0]);
    out_clear(&out);
    lab_free(a), lab_free(b);
}

TEST(lab, "weights of other pictures, other formats or no file at all are refused") {
    Lab *lab = lab_new(0);
    float x[2 * 64] = { 0 };
    const int shape[3] = { 8, 8, 1 };
    x[0] = 1;
    ENSURE(lab_add_rows(lab, "heads", DATA_IMAGE, shape, 0, (DataRows){ x, NULL, 2 }, (DataRows){ 0 }));
    Run *run = run_new(lab, "vae", "heads", 1, TINY);
    Out out;
    out_init(&out, NULL);
    const uint8_t *bytes;
    size_t size;
    ENSURE(run && run_save(run, true, &out, &bytes, &size));
    run_free(run);
    x[1] = 1;
    ENSURE(lab_add_rows(lab, "heads", DATA_IMAGE, shape, 0, (DataRows){ x, NULL, 2 }, (DataRows){ 0 }));
    ENSURE(!run_load(lab, bytes, size));
    ENSURE_EQUAL(error_code(), ERROR_BAD_FILE);
    says("heads"), says("SHA-256");
    ENSURE_FAILS(run_load(lab, (const uint8_t *)"PK\3\4 not weights", 17), ERROR_BAD_FILE);
    ENSURE_FAILS(run_load(lab, bytes, 0), ERROR_BAD_FILE);
    out_clear(&out);
    lab_free(lab);
}

TEST(lab, "the history stays below 10,000 rows and keeps every step in its means") {
    Lab *lab = lab_new(0);
    Run *run = run_new(lab, "vae", "moons", 1, "hidden\t2\nlayers\t1\nbatch\t1\n");
    double sum = 0, mean[LOSSES_MAX];
    const int steps = 20000;
    for (int i = 0; i < steps; i++) {
        ENSURE(run_train(run, 1, mean));
        sum += mean[0];
    }
    Out out;
    out_init(&out, NULL);
    ENSURE(run_history(run, &out));
    const Array *step = out_find(&out, "step"), *loss = out_find(&out, "loss");
    int rows = step->shape[0], every = run->history->every;
    ENSURE(rows < 10000 && rows > 1000 && rows * every <= steps);
    double kept = 0;
    for (int i = 0; i < rows; i++) kept += (double)((float *)loss->data)[i] * every;
    ENSURE_EQUAL((long)((double *)step->data)[rows - 1], (long)rows * every);
    ENSURE_CLOSE(kept / (rows * every), sum / steps, .01);
    out_clear(&out);
    lab_free(lab);
}

TEST(lab, "draws name their split, and refuse another") {
    Lab *lab = lab_new(0);
    Out a, b;
    out_init(&a, NULL), out_init(&b, NULL);
    ENSURE(lab_draw(lab, "ring8", 50, 3, "train", &a) && lab_draw(lab, "ring8", 50, 3, "test", &b));
    ENSURE(memcmp(out_find(&a, "data")->data, out_find(&b, "data")->data, 400));
    ENSURE(out_find(&a, "labels"));
    ENSURE_FAILS(lab_draw(lab, "ring8", 50, 3, "all", &a), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_draw(lab, "ring8", 0, 3, "test", &a), ERROR_BAD_ARGUMENT);
    out_clear(&a), out_clear(&b);
    lab_free(lab);
}

TEST(lab, "truncated codes stay inside, are a prefix too, and differ only where they were cut") {
    Lab *lab = lab_new(0);
    Run *run = run_new(lab, "gan", "moons", 1, TINY);
    Out all, cut, few;
    out_init(&all, NULL), out_init(&cut, NULL), out_init(&few, NULL);
    ENSURE(run_call(run, "sample", &(Call){ .n = 400, .options = "" }, &all));
    ENSURE(run_call(run, "sample", &(Call){ .n = 400, .options = "truncation\t0.7\n" }, &cut));
    ENSURE(run_call(run, "sample", &(Call){ .n = 9, .options = "truncation\t0.7\n" }, &few));
    const float *a = out_find(&all, "codes")->data, *c = out_find(&cut, "codes")->data;
    int kept = 0, n = 400 * run->model.code_dim;
    for (int i = 0; i < n; i++) {
        ENSURE(fabsf(c[i]) <= .7f);
        kept += a[i] == c[i];
        ENSURE((a[i] == c[i]) == (fabsf(a[i]) <= .7f));
    }
    ENSURE_CLOSE((double)kept / n, .516, .1);                        // P(|z| <= .7), four standard errors at two numbers a code
    ENSURE(!memcmp(c, out_find(&few, "codes")->data, sizeof *c * 9 * (size_t)run->model.code_dim));
    out_clear(&all), out_clear(&cut), out_clear(&few);
    lab_free(lab);
}

TEST(lab, "verbs refuse rows that do not fit, codes that are not codes, and options that are not theirs") {
    Lab *lab = lab_new(0);
    Run *run = run_new(lab, "vae", "moons", 1, TINY);
    Out out;
    out_init(&out, NULL);
    float x[] = { 0, 1, 2, NAN };
    ENSURE_FAILS(run_call(run, "encode", &(Call){ .x = x, .n_x = 3, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "encode", &(Call){ .x = x, .n_x = 4, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "decode", &(Call){ .x = x, .n_x = 0, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "interpolate", &(Call){ .x = x, .n_x = 2, .y = x, .n_y = 3, .n = 4, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 0, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "heat\t1\n" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "label\t1\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(run, "encode", &(Call){ .x = x, .n_x = 2, .options = "label\t1\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "steps\t5\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "sampler\tddim\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "frames\t5\n" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 3, .options = "truncation\t0.001\n" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "dream", &(Call){ .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "measure", &(Call){ .name = "fid", .options = "" }, &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(run_call(run, "measure", &(Call){ .name = "modes", .options = "" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(run, "view", &(Call){ .name = "trace", .options = "" }, &out), ERROR_UNSUPPORTED);
    ENSURE(run_call(run, "encode", &(Call){ .x = x, .n_x = 2, .options = "" }, &out));
    out_clear(&out);
    lab_free(lab);
}
