// Lessons: what each has, and the numbers of those there are.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "lessons/lesson.h"
#include "measures/measures.h"
#include "models/model.h"
#include "view/parts.h"

static void lesson_of(Lab *lab, const char *id, const char *options, Out *out) {
    check_during("%s %s", id, options);
    ENSURE(lab_lesson(lab, id, options, out));
}

static double cell(const Out *out, int row, int column) {
    const Array *table = out_find(out, "table");
    return ((const double *)table->data)[row * table->shape[1] + column];
}

TEST(lessons, "each has texts, options and a table of its size, computes at both ends of every option, and draws a scene") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (int i = 0; i < n_lesson_defs; i++) {
        const Lesson *l = lesson_defs[i];
        ENSURE(lesson_find(l->view.id) == l && !model_find(l->view.id));
        ENSURE(strlen(l->summary) > 20 && strlen(l->about) > 100 && l->view.help && l->view.title);
        int rows = 0, columns = 0;
        while (l->rows[rows]) rows++;
        while (l->columns[columns]) columns++;
        for (const Knob *k = l->view.options; k->key; k++)
            for (int end = 0; end < 2; end++) {
                char line[80], text[32];
                knob_write(k, k->type == KNOB_CHOICE ? (end ? knob_n_choices(k) - 1 : 0) : end ? k->max : k->min, text);
                snprintf(line, sizeof line, "%s\t%s\n", k->key, text);
                lesson_of(lab, l->view.id, line, &out);
                const Array *table = out_find(&out, "table");
                ENSURE(table && table->rank == 2 && table->shape[0] == rows && table->shape[1] == columns);
                Scene s;
                bool whole;
                ENSURE(lab_draft(lab, l->view.id, line, 0, &s, &whole));
                ENSURE(whole && s.n > 0 && s.panel[0].n > 0);
            }
    }
    ENSURE_FAILS(lab_lesson(lab, "none", "", &out), ERROR_BAD_ARGUMENT);
    ENSURE_FAILS(lab_lesson(lab, lesson_defs[0]->view.id, "none\t1\n", &out), ERROR_BAD_ARGUMENT);
    out_clear(&out);
    lab_free(lab);
}

// ------------------------------------------------------------------------------------------------------------------ kernels

static const char *const laws[] = { "N(0,1)", "N(0,1/2)", "N(1,1)" };
static const char *const kinds[] = { "gaussian", "imq" };
enum { BIASED, UNBIASED, EXACT };
enum { VALUE, FLOOR, BELOW };

static void kernels(Lab *lab, int law, int kind, int n, double h, int seed, Out *out) {
    char options[160];
    snprintf(options, sizeof options, "second\t%s\nkernel\t%s\nn\t%d\nh\t%g\nseed\t%d\n", laws[law], kinds[kind], n, h, seed);
    lesson_of(lab, "kernels", options, out);
}

TEST(lessons, "the closed form of the MMD is the known one, at width 1/2") {
    // Computed elsewhere with 20 digits of precision, rounded to six decimals.
    static const double known[2][3] = { { 0, .013859, .091473 }, { 0, .018181, .146287 } };
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (int kind = 0; kind < 2; kind++)
        for (int law = 0; law < 3; law++) {
            kernels(lab, law, kind, 10, .5, 1, &out);
            ENSURE_CLOSE(cell(&out, EXACT, VALUE), known[kind][law], 6e-7);
        }
    out_clear(&out);
    lab_free(lab);
}

TEST(lessons, "over seeds the unbiased estimate averages the closed form, the biased one lies its floor higher where laws agree") {
    enum { SEEDS = 100 };
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (int kind = 0; kind < 2; kind++)
        for (int law = 0; law < 3; law++) {
            double biased[SEEDS], unbiased[SEEDS];
            for (int s = 0; s < SEEDS; s++) {
                kernels(lab, law, kind, 12, .5, s, &out);
                biased[s] = cell(&out, BIASED, VALUE), unbiased[s] = cell(&out, UNBIASED, VALUE);
            }
            Mean b = mean_of(biased, SEEDS), u = mean_of(unbiased, SEEDS);
            ENSURE_CLOSE(u.mean, cell(&out, EXACT, VALUE), 4 * u.se);
            if (law == 0) ENSURE_CLOSE(b.mean, cell(&out, BIASED, FLOOR), 4 * b.se);
            else ENSURE(b.mean > cell(&out, EXACT, VALUE) + 4 * b.se);
        }
    kernels(lab, 0, 1, 100, .5, 1, &out);
    ENSURE_CLOSE(cell(&out, BIASED, FLOOR), .0091, 5e-5);                    // to the digits that are known
    out_clear(&out);
    lab_free(lab);
}

TEST(lessons, "one sample in twenty of equal laws passes what 95 % stay below") {
    enum { SEEDS = 400 };
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    int over[2] = { 0 };
    for (int s = 0; s < SEEDS; s++) {
        kernels(lab, 0, 1, 10, .5, s, &out);
        for (int row = 0; row < 2; row++) over[row] += cell(&out, row, VALUE) > cell(&out, row, BELOW);
    }
    // Standard errors: .0109 of a share of .05 in 400, .0217 of the share itself that lies over the 95th of 99 draws.
    for (int row = 0; row < 2; row++) ENSURE_CLOSE((double)over[row] / SEEDS, .05, 4 * hypot(.0109, .0217));
    out_clear(&out);
    lab_free(lab);
}

TEST(lessons, "the unbiased estimate is the measure's, and the biased one the squared distance of the density estimates") {
    enum { N = 30, STEPS = 60000 };
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    for (int kind = 0; kind < 2; kind++) {
        double h = .4;
        kernels(lab, 2, kind, N, h, 5, &out);
        const double *x = out_find(&out, "x")->data, *y = out_find(&out, "y")->data;
        float fx[N], fy[N];
        for (int i = 0; i < N; i++) fx[i] = (float)x[i], fy[i] = (float)y[i];
        double measured = kind ? mmd2_imq(fx, N, fy, N, 1, (float)(4 * h * h)) : mmd2_gaussian(fx, N, fy, N, 1, (float)h);
        ENSURE_CLOSE(cell(&out, UNBIASED, VALUE), measured, 2e-6);           // a kernel value has single precision there
        // Midpoints over +-300, beyond which the difference of Cauchy tails, squared, leaves less than 1e-9.
        double sum = 0, step = 600. / STEPS, pi = acos(-1);
        for (int k = 0; k < STEPS; k++) {
            double u = -300 + (k + .5) * step, d = 0;
            for (int i = 0; i < N; i++) {
                double a = u - x[i], b = u - y[i];
                d += kind ? h / pi / (h * h + a * a) - h / pi / (h * h + b * b) : (exp(-a * a / (2 * h * h)) - exp(-b * b / (2 * h * h))) / (h * sqrt(2 * pi));
            }
            sum += d / N * d / N * step;
        }
        ENSURE_CLOSE(cell(&out, BIASED, VALUE), sum * (kind ? 2 * pi * h : 1), 1e-8);
    }
    out_clear(&out);
    lab_free(lab);
}

TEST(lessons, "the expected difference of the estimates has the closed form as its squared integral, and the estimates' own mean") {
    Lab *lab = lab_new(0);
    Out out;
    out_init(&out, NULL);
    kernels(lab, 1, 0, 200, .5, 1, &out);
    const Array *expected = out_find(&out, "expected"), *estimates = out_find(&out, "estimates"), *difference = out_find(&out, "difference");
    const float *e = expected->data, *f = estimates->data, *d = difference->data;
    double sum = 0, step = (double)(e[2] - e[0]);
    for (int i = 0; i < expected->shape[0]; i++) sum += (double)e[2 * i + 1] * (double)e[2 * i + 1] * step;
    ENSURE_CLOSE(sum, cell(&out, EXACT, VALUE), 1e-6);                       // single precision; the tails beyond the picture hold 1e-9
    int grid = estimates->shape[1];
    double area[2] = { 0, 0 };
    for (int i = 0; i < grid; i++) {
        ENSURE_CLOSE(d[2 * i + 1], f[2 * i + 1] - f[2 * grid + 2 * i + 1], 1e-6);
        for (int s = 0; s < 2; s++) area[s] += (double)f[2 * grid * s + 2 * i + 1] * (double)(f[2] - f[0]);
    }
    for (int s = 0; s < 2; s++) ENSURE_CLOSE(area[s], 1, 1e-3);              // single precision, and what lies beyond the picture
    out_clear(&out);
    lab_free(lab);
}
