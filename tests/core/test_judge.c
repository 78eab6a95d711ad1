// The judge: its network, its gradient, its file, and the measures that ask it.  How well the shipped weights read is tests/judge.test.mjs's.

#include "measures/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "check.h"
#include "run.h"

enum { N = 103 };       // two chunks and a rest

// Bars: class k is a bright column whose place tells k, on noise.
static void draw_bars(float *x, int32_t *label, int n, uint32_t seed) {
    rng_uniform_rows((Key){ seed, 1 }, 0, 0, x, n, JUDGE_PIXELS);
    for (int i = 0; i < n; i++) {
        label[i] = i % JUDGE_CLASSES;
        for (int p = 0; p < JUDGE_PIXELS; p++) {
            float *v = &x[i * JUDGE_PIXELS + p];
            *v = (p % JUDGE_SIDE - 4) / 2 == label[i] && p % JUDGE_SIDE >= 4 ? .8f + .2f * *v : .2f * *v;
        }
    }
}

static Lab *lab_of_bars(int classes) {
    Lab *lab = lab_new(0);
    float *x = malloc(sizeof *x * N * JUDGE_PIXELS);
    int32_t label[N];
    draw_bars(x, label, N, 1);
    ENSURE(lab_add_rows(lab, "bars", DATA_IMAGE, (int[]){ JUDGE_SIDE, JUDGE_SIDE, 1 }, classes, (DataRows){ x, classes ? label : NULL, N }, (DataRows){ 0 }));
    free(x);
    return lab;
}

static const uint8_t *train(Lab *lab, int steps, Out *out, size_t *size) {
    const uint8_t *bytes;
    ENSURE_SAYING(lab_train_judge(lab, "bars", 3, steps, out, &bytes, size), "%s", error_message());
    return bytes;
}

TEST(judge, "probabilities are positive and add up to 1, features are not negative, and no row's answer depends on the others") {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    Arena arena;
    arena_init(&arena, "judge", NULL);
    Judge *j = judge_new(lab_data(lab, "bars"), 3, &arena);
    ENSURE(j);
    static float x[N * JUDGE_PIXELS], p[N * JUDGE_CLASSES], f[N * JUDGE_FEATURES], one[JUDGE_CLASSES], features[JUDGE_FEATURES];
    int32_t label[N];
    draw_bars(x, label, N, 2);
    judge_read(j, x, N, p, f);
    double most = 0;
    for (int i = 0; i < N; i++) {
        double sum = 0;
        for (int k = 0; k < JUDGE_CLASSES; k++) sum += (double)p[i * JUDGE_CLASSES + k], ENSURE(p[i * JUDGE_CLASSES + k] > 0);
        ENSURE_CLOSE(sum, 1, 2e-6);                            // ten roundings to single precision
        for (int k = 0; k < JUDGE_FEATURES; k++) ENSURE(f[i * JUDGE_FEATURES + k] >= 0), most = fmax(most, (double)f[i * JUDGE_FEATURES + k]);
        judge_read(j, x + i * JUDGE_PIXELS, 1, one, features);
        ENSURE(!memcmp(one, p + i * JUDGE_CLASSES, sizeof one) && !memcmp(features, f + i * JUDGE_FEATURES, sizeof features));
    }
    ENSURE(most > 0);
    arena_free(&arena);
    lab_free(lab);
}

TEST(judge, "its first loss is near ln 10, and a few steps lower it; the same seed gives the same file, another seed another") {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    Arena arena;
    arena_init(&arena, "judge", NULL);
    Judge *j = judge_new(lab_data(lab, "bars"), 3, &arena);
    double first, loss;
    ENSURE(j && judge_train(j, 0, 40, &first));
    ENSURE_CLOSE(first, 2.3026, 1.5);                          // logits of a network that knows nothing have a spread of about 1
    for (uint64_t i = 1; i < 12; i++) ENSURE(judge_train(j, i, 40, &loss));
    ENSURE_SAYING(loss < first - .5, "from %g to %g", first, loss);
    arena_free(&arena);

    Out a, b, c;
    out_init(&a, NULL), out_init(&b, NULL), out_init(&c, NULL);
    size_t n, m;
    const uint8_t *file = train(lab, 2, &a, &n), *again = train(lab, 2, &b, &m);
    ENSURE(n == m && !memcmp(file, again, n));
    const uint8_t *other;
    ENSURE(lab_train_judge(lab, "bars", 4, 2, &c, &other, &m) && (n != m || memcmp(file, other, n)));
    out_clear(&a), out_clear(&b), out_clear(&c);
    lab_free(lab);
}

TEST(judge, "the halves of a training set do not meet, and together they are all of it") {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    const Data *d = lab_data(lab, "bars");
    int n = d->n[SPLIT_TRAIN], seen[N] = { 0 };
    for (int i = 0; i < n; i++) seen[judge_half(d, (uint32_t)i)]++;
    for (int i = 0; i < n; i++) ENSURE_EQUAL(seen[i], 1);
    lab_free(lab);
}

TEST(judge, "its file takes 150 kB at most and is read back by a lab; anything else is refused and leaves the judge that was there") {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    Out out, answer, again;
    out_init(&out, NULL), out_init(&answer, NULL), out_init(&again, NULL);
    static float x[3 * JUDGE_PIXELS];
    int32_t label[3];
    draw_bars(x, label, 3, 5);
    ENSURE_FAILS(lab_judge(lab, x, 3 * JUDGE_PIXELS, &answer), ERROR_UNSUPPORTED);
    size_t size;
    const uint8_t *file = train(lab, 2, &out, &size);
    ENSURE_SAYING(size <= 150000, "%zu bytes", size);
    ENSURE(lab_load_judge(lab, file, size));
    ENSURE(lab_judge(lab, x, 3 * JUDGE_PIXELS, &answer));
    ENSURE_EQUAL(out_find(&answer, "data")->shape[0], 3);
    ENSURE_EQUAL(out_find(&answer, "features")->shape[1], JUDGE_FEATURES);
    ENSURE_FAILS(lab_judge(lab, x, 3 * JUDGE_PIXELS - 1, &again), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_load_judge(lab, file, size - 1), ERROR_BAD_FILE);

    const uint8_t *bytes;
    size_t n;
    Run *run = run_new(lab, "gan", "moons", 1, "hidden\t8\nbatch\t8\n");
    ENSURE(run && run_save(run, true, &again, &bytes, &n));
    ENSURE_FAILS(lab_load_judge(lab, bytes, n), ERROR_BAD_FILE);
    ENSURE(!run_load(lab, file, size));                        // nor is the judge a run
    error_clear();

    ENSURE(lab_judge(lab, x, 3 * JUDGE_PIXELS, &again));
    ENSURE(!memcmp(out_find(&again, "data")->data, out_find(&answer, "data")->data, sizeof(float) * 3 * JUDGE_CLASSES));
    out_clear(&out), out_clear(&answer), out_clear(&again);
    lab_free(lab);
}

static bool measure(Run *run, const char *names, Out *out) {
    return run_call(run, "measure", &(Call){ .name = names, .options = "n\t60\n" }, out);
}

TEST(judge, "sure and rarest apply to pictures that it can read once it is loaded, and say what is missing before") {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    Out file, out;
    out_init(&file, NULL), out_init(&out, NULL);
    size_t size;
    const uint8_t *bytes = train(lab, 2, &file, &size);
    Run *run = run_new(lab, "gan", "bars", 1, "hidden\t8\nbatch\t8\n"), *points = run_new(lab, "gan", "moons", 1, "hidden\t8\nbatch\t8\n");
    ENSURE(run && points);
    ENSURE_FAILS(measure(run, "sure", &out), ERROR_UNSUPPORTED);
    ENSURE(measure(run, "", &out) && !strstr(out.json, "\"sure\""));
    ENSURE(lab_load_judge(lab, bytes, size));
    ENSURE_FAILS(measure(points, "rarest", &out), ERROR_UNSUPPORTED);
    ENSURE(measure(run, "sure,rarest", &out));
    ENSURE(strstr(out.json, "\"sure\"") && strstr(out.json, "\"rarest\""));
    out_clear(&file), out_clear(&out);
    lab_free(lab);
}

static double number_of(const char *json, const char *name, const char *key) {
    char text[60];
    snprintf(text, sizeof text, "\"name\":\"%s\"", name);
    const char *at = strstr(json, text);
    snprintf(text, sizeof text, "\"%s\":", key);
    at = at ? strstr(at, text) : NULL;
    ENSURE_SAYING(at, "%s of %s is not in %s", key, name, json);
    return strncmp(at + strlen(text), "null", 4) ? strtod(at + strlen(text), NULL) : (double)NAN;
}

static Lab *lab_with_judge(Out *file) {
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    size_t size;
    const uint8_t *bytes = train(lab, 2, file, &size);
    ENSURE(lab_load_judge(lab, bytes, size));
    return lab;
}

TEST(judge, "FCD is the Frechet distance to the half that it has not learned in units of its mean variance, of samples and of fresh test rows; both are kept while nothing changes") {
    enum { ROWS = 30 };
    Out file, out, again, made;
    out_init(&file, NULL), out_init(&out, NULL), out_init(&again, NULL), out_init(&made, NULL);
    Lab *lab = lab_with_judge(&file);
    const Data *d = lab_data(lab, "bars");
    Run *run = run_new(lab, "gan", "bars", 1, "hidden\t8\nbatch\t8\n");
    Call c = { .name = "fcd", .options = "n\t30\nseed\t4\n" };
    ENSURE(run && run_call(run, "measure", &c, &out));

    static float x[ROWS * JUDGE_PIXELS], rest[ROWS * JUDGE_FEATURES], own[ROWS * JUDGE_FEATURES];
    static double mean[JUDGE_FEATURES], cov[JUDGE_FEATURES * JUDGE_FEATURES];
    double want, se, unit = 0;
    Arena scratch;
    arena_init(&scratch, "scratch", NULL);
    for (int i = 0; i < ROWS; i++) {
        int row = (int)judge_half(d, (uint32_t)(d->n[SPLIT_TRAIN] / 2 + i));
        for (int p = 0; p < JUDGE_PIXELS; p++) x[i * JUDGE_PIXELS + p] = (float)d->pixels[SPLIT_TRAIN][row * JUDGE_PIXELS + p] / 255;
    }
    judge_read(lab->judge, x, ROWS, NULL, rest);
    mean_cov(rest, ROWS, JUDGE_FEATURES, mean, cov);
    for (int i = 0; i < JUDGE_FEATURES; i++) unit += cov[i * JUDGE_FEATURES + i] / JUDGE_FEATURES;
    ENSURE(run_call(run, "sample", &(Call){ .n = ROWS, .options = "seed\t4\n" }, &made));
    judge_read(lab->judge, out_find(&made, "data")->data, ROWS, NULL, own);
    ENSURE(frechet_to(own, ROWS, mean, cov, JUDGE_FEATURES, &scratch, &want, &se));
    ENSURE_CLOSE(number_of(out.json, "fcd", "value"), want / unit, 1e-9 * want / unit);
    ENSURE_CLOSE(number_of(out.json, "fcd", "se"), se / unit, 1e-9 * se / unit);
    data_draw(d, SPLIT_TEST, 4, 0, ROWS, x, NULL);
    judge_read(lab->judge, x, ROWS, NULL, own);
    ENSURE(frechet_to(own, ROWS, mean, cov, JUDGE_FEATURES, &scratch, &want, &se));
    ENSURE_CLOSE(number_of(out.json, "fcd", "floor"), want / unit, 1e-9 * want / unit);

    ENSURE(run_call(run, "measure", &c, &again) && !strcmp(out.json, again.json));
    double loss[LOSSES_MAX];
    ENSURE(run_train(run, 1, loss) && run_call(run, "measure", &c, &again));
    ENSURE(number_of(out.json, "fcd", "value") < number_of(again.json, "fcd", "value") || number_of(out.json, "fcd", "value") > number_of(again.json, "fcd", "value"));
    ENSURE(number_of(out.json, "fcd", "floor") <= number_of(again.json, "fcd", "floor") && number_of(out.json, "fcd", "floor") >= number_of(again.json, "fcd", "floor"));
    ENSURE(run_call(run, "measure", &(Call){ .name = "fcd,sure", .options = "n\t1\n" }, &again));
    ENSURE(isnan(number_of(again.json, "fcd", "value")) && !isnan(number_of(again.json, "sure", "value")));      // one row has no covariance
    out_clear(&file), out_clear(&out), out_clear(&again), out_clear(&made);
    lab_free(lab);
}

TEST(judge, "agreement is the share that it reads as was asked, and samples that are all alike within a class spread by nothing, however well they agree") {
    Out file;
    out_init(&file, NULL);
    Lab *lab = lab_with_judge(&file);
    const Data *d = lab_data(lab, "bars");
    static float x[N * JUDGE_PIXELS], p[N * JUDGE_CLASSES];
    int32_t meant[N], read[N];
    Reading r;
    Arena scratch;
    Budget budget = { 0 };
    arena_init(&scratch, "scratch", &budget);
    draw_bars(x, meant, N, 9);
    judge_read(lab->judge, x, N, p, NULL);
    for (int i = 0; i < N; i++) {
        read[i] = 0;
        for (int k = 1; k < JUDGE_CLASSES; k++) read[i] = p[i * JUDGE_CLASSES + k] > p[i * JUDGE_CLASSES + read[i]] ? k : read[i];
    }
    ENSURE(lab_reading(lab, d, x, read, N, &scratch, &r));
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(r.agreement.value == 1 && r.agreement.se == 0);
    for (int i = 0; i < N; i += 4) read[i] = (read[i] + 3) % JUDGE_CLASSES;
    ENSURE(lab_reading(lab, d, x, read, N, &scratch, &r));
    ENSURE_CLOSE(r.agreement.value, 77. / N, 1e-12);
    ENSURE_CLOSE(r.agreement.se, sqrt(77. * 26 / N / N / N), 1e-12);

    ENSURE(lab_reading(lab, d, x, meant, N, &scratch, &r));
    ENSURE_CLOSE(log(r.class_spread.value), 0, .7);                          // ten rows or so of every class, on both sides
    double agreement = r.agreement.value;
    for (int i = JUDGE_CLASSES; i < N; i++) memcpy(x + i * JUDGE_PIXELS, x + i % JUDGE_CLASSES * JUDGE_PIXELS, sizeof(float) * JUDGE_PIXELS);
    ENSURE(lab_reading(lab, d, x, meant, N, &scratch, &r));
    ENSURE_CLOSE(r.class_spread.value, 0, 1e-6);
    ENSURE_CLOSE(r.agreement.value, agreement, .3);
    ENSURE(lab_reading(lab, d, x, NULL, N, &scratch, &r) && isnan(r.agreement.value) && isnan(r.class_spread.value) && r.fcd.value > 0);
    out_clear(&file);
    lab_free(lab);
}

TEST(judge, "agreement and spread apply to models that are told the class, and options to models that they mean something to") {
    Out file, out;
    out_init(&file, NULL), out_init(&out, NULL);
    Lab *lab = lab_of_bars(JUDGE_CLASSES);
    Run *told = run_new(lab, "cgan", "bars", 1, "hidden\t8\nbatch\t8\n"), *plain = run_new(lab, "gan", "bars", 1, "hidden\t8\nbatch\t8\n");
    ENSURE(told && plain);
    ENSURE_FAILS(measure(told, "agreement", &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(told, "measure", &(Call){ .options = "samples\t5\n" }, &out), ERROR_UNSUPPORTED);
    ENSURE_FAILS(run_call(told, "measure", &(Call){ .options = "steps\t5\n" }, &out), ERROR_UNSUPPORTED);
    size_t size;
    const uint8_t *bytes = train(lab, 2, &file, &size);
    ENSURE(lab_load_judge(lab, bytes, size));
    ENSURE_FAILS(measure(plain, "class_spread", &out), ERROR_UNSUPPORTED);
    ENSURE(measure(told, "agreement,class_spread", &out));
    double share = number_of(out.json, "agreement", "value");
    ENSURE(share >= 0 && share <= 1 && number_of(out.json, "class_spread", "value") > 0 && strstr(out.json, "\"better\":\"floor\""));
    Run *in_steps = run_new(lab, "ddpm", "bars", 1, "channels\t4\nbatch\t2\n");
    ENSURE(in_steps && run_call(in_steps, "measure", &(Call){ .name = "fcd", .options = "n\t4\nsteps\t2\n" }, &out));
    double two = number_of(out.json, "fcd", "value");
    ENSURE(run_call(in_steps, "measure", &(Call){ .name = "fcd", .options = "n\t4\nsteps\t3\n" }, &out));
    ENSURE_SAYING(fabs(number_of(out.json, "fcd", "value") - two) > 0, "other steps, other samples");
    out_clear(&file), out_clear(&out);
    lab_free(lab);
}

TEST(judge, "a set that it cannot read cannot teach it either") {
    Lab *lab = lab_of_bars(0);
    Out out;
    out_init(&out, NULL);
    const uint8_t *bytes;
    size_t size;
    ENSURE_FAILS(lab_train_judge(lab, "bars", 1, 1, &out, &bytes, &size), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_train_judge(lab, "moons", 1, 1, &out, &bytes, &size), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_train_judge(lab, "nothing", 1, 1, &out, &bytes, &size), ERROR_BAD_ARGUMENT);
    lab_free(lab);
}
