// Diffusion: the schedules and their view, and inpainting.

#include <math.h>
#include <string.h>

#include "check.h"
#include "lab.h"
#include "models/diffusion/schedule.h"
#include "view/parts.h"

static Run *run_of(Lab *lab, const char *data, const char *knobs) {
    Run *run = run_new(lab, "ddpm", data, 1, knobs);
    ENSURE_SAYING(run, "%s", error_message());
    return run;
}

static const double *view_f64(const Out *out, const char *name) {
    const Array *a = out_find(out, name);
    ENSURE_SAYING(a && a->type == TYPE_F64, "%s", name);
    return a->data;
}

// --- Schedules ------------------------------------------------------------------------------------------------------------------

// abar_t as the papers have it, with one product for each t.
static double closed_form(ScheduleKind kind, int T, int t) {
    double bar = 1;
    if (kind == SCHEDULE_COSINE && t < T) return pow(cos(((double)t / T + .008) / 1.008 * acos(-1) / 2) / cos(.008 / 1.008 * acos(-1) / 2), 2);
    if (kind == SCHEDULE_COSINE) return closed_form(kind, T, T - 1) * .001;                        // the last beta is clipped
    for (int i = 1; i <= t; i++) bar *= 1 - (1e-4 + (.02 - 1e-4) * (i - 1) / (T - 1)) * (kind == SCHEDULE_LINEAR ? 1000. / T : 1);
    return bar;
}

TEST(diffusion, "signal, noise and their ratio in the view are those of the schedule's closed form") {
    static const struct { ScheduleKind kind; int T; const char *knobs; } row[] = {
        { SCHEDULE_LINEAR, 100, "hidden\t4\nschedule\tlinear\n" }, { SCHEDULE_LINEAR, 1000, "hidden\t4\nschedule\tlinear\nsteps\t1000\n" },
        { SCHEDULE_COSINE, 100, "hidden\t4\n" }, { SCHEDULE_UNSCALED, 100, "hidden\t4\nschedule\tunscaled\n" },
    };
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        check_during("%s", row[k].knobs);
        ENSURE_SAYING(run_call(run_of(lab, "moons", row[k].knobs), "view", &(Call){ .name = "schedule", .options = "" }, &out), "%s", error_message());
        const double *time = view_f64(&out, "time"), *signal = view_f64(&out, "signal"), *noise = view_f64(&out, "noise"), *snr = view_f64(&out, "snr");
        ENSURE_EQUAL(array_rows(out_find(&out, "snr")), row[k].T);
        for (int t = 1; t <= row[k].T; t++) {
            double bar = closed_form(row[k].kind, row[k].T, t);
            ENSURE(time[t - 1] == t);
            ENSURE_CLOSE(snr[t - 1] * (1 - bar) / bar, 1, 1e-9);                                   // a thousand roundings of 1e-16, times 1 / (1 - bar)
            ENSURE_CLOSE(signal[t - 1] * signal[t - 1], bar, 1e-12);
            ENSURE_CLOSE(noise[t - 1] * noise[t - 1], 1 - bar, 1e-12);
        }
    }
    out_clear(&out);
    lab_free(lab);
}

TEST(diffusion, "no schedule leaves less than can be divided by") {
    double bar[1001];
    for (int kind = SCHEDULE_LINEAR; kind <= SCHEDULE_UNSCALED; kind++)
        for (int T = 2; T <= 1000; T += 499) {
            schedule_fill((ScheduleKind)kind, .1, .5, T, bar);
            for (int t = 1; t <= T; t++) ENSURE(bar[t] >= 1e-12 && bar[t] <= bar[t - 1]);
        }
}

TEST(diffusion, "the view warns exactly where x_T still holds a tenth of the example, and says how much") {
    static const struct { const char *knobs, *says; } row[] = {
        { "hidden\t4\n", NULL }, { "hidden\t4\nsteps\t2\n", NULL }, { "hidden\t4\nschedule\tlinear\n", NULL }, { "hidden\t4\nschedule\tlinear\nsteps\t2\n", NULL },
        { "hidden\t4\nschedule\tunscaled\nsteps\t1000\n", NULL }, { "hidden\t4\nschedule\tunscaled\nbetaLast\t0.2\n", NULL },
        { "hidden\t4\nschedule\tunscaled\n", "still holds 60 %" }, { "hidden\t4\nschedule\tlinear\nbetaLast\t0.002\n", "still holds 59 %" },
        { "hidden\t4\nschedule\tunscaled\nsteps\t1000\nbetaLast\t0.009\n", "still holds 10 %" }, { "hidden\t4\nschedule\tunscaled\nsteps\t1000\nbetaLast\t0.0093\n", NULL },
    };
    Lab *lab = lab_new(0);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        Scene s;
        check_during("%s", row[k].knobs);
        ENSURE_SAYING(run_scene(run_of(lab, "moons", row[k].knobs), "schedule", "", &s), "%s", error_message());
        ENSURE_SAYING(row[k].says ? strstr(s.note, row[k].says) != NULL : !*s.note, "'%s'", s.note);
    }
    lab_free(lab);
}

TEST(diffusion, "the view's examples are the data at t = 0 and the schedule's noise at t = T, points and pictures") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (int image = 0; image < 2; image++) {
        Run *run = run_of(lab, image ? "digits" : "moons", image ? "arch\tmlp\nhidden\t4\n" : "hidden\t4\n");
        ENSURE_SAYING(run_call(run, "view", &(Call){ .name = "schedule", .options = "" }, &out), "%s", error_message());
        const Array *data = out_find(&out, "data"), *noised = out_find(&out, "noised");
        int n = array_rows(data), dim = array_width(data), times = array_rows(noised) * array_width(noised) / (n * dim);
        const float *x = data->data, *y = noised->data;
        double mean = 0, square = 0, sum = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < dim; j++) {
                size_t first = (size_t)(image ? i * times * dim + j : i * dim + j), last = (size_t)(image ? (i * times + times - 1) * dim + j : ((times - 1) * n + i) * dim + j);
                ENSURE_CLOSE(y[first], x[i * dim + j], 1e-6 * (1 + fabs((double)x[i * dim + j])));
                double unit = image ? 2 * (double)y[last] - 1 : ((double)y[last] - run_data(run)->mean[j & 1]) / run_data(run)->std[j & 1];
                mean += unit, square += unit * unit, sum++;
            }
        ENSURE_CLOSE(mean / sum, 0, 4 / sqrt(sum));                                                // 4 standard errors of a normal number's moments
        ENSURE_CLOSE(square / sum, 1, 4 * sqrt(2 / sum));
    }
    out_clear(&out);
    lab_free(lab);
}

// --- Inpainting -----------------------------------------------------------------------------------------------------------------

enum { N = 9 };

static const float *completed(Run *run, const float *x, const float *mask, int n, const char *options, Out *out) {
    size_t floats = (size_t)(n * run_data(run)->dim);
    ENSURE_SAYING(run_call(run, "inpaint", &(Call){ .x = x, .n_x = floats, .y = mask, .n_y = floats / (size_t)n, .options = options }, out), "%s", error_message());
    return array_f32(out, "data");
}

TEST(diffusion, "what is given stays exactly, the rest depends on it and on every option, and a row not on the others") {
    static const struct { const char *data, *knobs; } row[] = { { "ring8", "hidden\t8\nsteps\t12\n" }, { "digits", "arch\tconv\nchannels\t4\nsteps\t12\n" } };
    static const char *const options[] = { "", "resamples\t1\n", "steps\t4\n", "sampler\tddim\n", "seed\t9\n" };
    enum { OPTIONS = sizeof options / sizeof *options };
    Lab *lab = lab_new(0);
    Out out, few;
    out_init(&out, NULL), out_init(&few, NULL);
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        Run *run = run_of(lab, row[k].data, row[k].knobs);
        const int dim = run_data(run)->dim;
        double mean[16];
        ENSURE(run_train(run, 3, mean));                                                           // a new network sees nothing of its input
        float x[N * 784], mask[784], seen[OPTIONS][784];
        data_draw(run_data(run), SPLIT_TEST, 3, 0, N, x, NULL);
        for (int j = 0; j < dim; j++) mask[j] = (float)(j < dim / 2);
        for (int o = 0; o < OPTIONS; o++) {
            const float *y = completed(run, x, mask, N, options[o], &out);
            for (int i = 0; i < N; i++)
                for (int j = 0; j < dim; j++) ENSURE(j < dim / 2 ? y[i * dim + j] == x[i * dim + j] : isfinite(y[i * dim + j]));
            ENSURE(!memcmp(completed(run, x, mask, 2, options[o], &few), y, sizeof *y * 2 * (size_t)dim));
            memcpy(seen[o], y, sizeof *y * (size_t)dim);
            for (int before = 0; before < o; before++) ENSURE(memcmp(seen[o], seen[before], sizeof *y * (size_t)dim));
        }
        for (int j = 0; j < dim / 2; j++) x[j] = 1 - x[j];                                          // another example to complete
        ENSURE(memcmp(completed(run, x, mask, N, "", &out) + dim / 2, seen[0] + dim / 2, sizeof(float) * (size_t)(dim - dim / 2)));
        for (int j = 0; j < dim; j++) mask[j] = 1;
        ENSURE(!memcmp(completed(run, x, mask, N, "", &out), x, sizeof *x * (size_t)(N * dim)));
        ENSURE_FAILS(run_call(run, "inpaint", &(Call){ .x = x, .n_x = (size_t)dim, .y = mask, .n_y = (size_t)dim, .options = "resamples\t101\n" }, &out), ERROR_BAD_ARGUMENT);
    }
    Run *other = run_new(lab, "rbm", "digits", 1, "hidden\t4\n");
    static const float zero[784], one[784] = { 1 };
    ENSURE_FAILS(run_call(other, "inpaint", &(Call){ .x = zero, .n_x = 784, .y = one, .n_y = 784, .options = "resamples\t2\n" }, &out), ERROR_UNSUPPORTED);
    out_clear(&out), out_clear(&few);
    lab_free(lab);
}
