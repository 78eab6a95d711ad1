// The bound of the VAE family: from below, with many samples up to the exact log-likelihood, which on points with a code of one number is an integral.
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "check.h"
#include "run.h"

enum { N = 40, GRID = 2001 };

// log p(x|y) of each row, by Simpson's rule over a code from -7 to 7: p(x|z,y) is normal around what the code decodes to, of standard deviation `sigma`
// in units of the data's own.
static void integrate(Run *run, double sigma, const float *x, const int32_t *labels, double *out) {
    float z[GRID];
    int32_t label[GRID];
    Out made;
    out_init(&made, NULL);
    for (int g = 0; g < GRID; g++) z[g] = (float)(-7 + 14. * g / (GRID - 1));
    for (int i = 0; i < N; i++) {
        for (int g = 0; g < GRID; g++) label[g] = labels[i];
        Call c = { .x = z, .n_x = GRID, .options = "" };
        if (run_can(run, "label")) c.labels = label, c.n_labels = GRID;
        ENSURE_SAYING(run_call(run, "decode", &c, &made), "%s", error_message());
        const float *mean = out_find(&made, "data")->data;
        double sum = 0;
        for (int g = 0; g < GRID; g++) {
            double square = (double)z[g] * (double)z[g], norm = 3 * REAL_LN_2PI / 2;
            for (int a = 0; a < 2; a++) {
                double s = sigma * run->data->std[a], e = ((double)x[2 * i + a] - (double)mean[2 * g + a]) / s;
                square += e * e, norm += log(s);
            }
            sum += (g == 0 || g == GRID - 1 ? 1 : g % 2 ? 4 : 2) * exp(-square / 2 - norm);
        }
        out[i] = log(sum * 14 / (GRID - 1) / 3);
    }
    out_clear(&made);
}

TEST(variational, "a bound stays below the log-likelihood, rises with its samples, and with many of them is what an integral over the code gives") {
    static const char *const ids[] = { "vae", "cvae" };
    Lab *lab = lab_new(0);
    for (int k = 0; k < 2; k++) {
        check_during("%s", ids[k]);
        Run *run = run_new(lab, ids[k], "moons", 3, "latent\t1\nhidden\t16\nlayers\t1\nbatch\t64\nsigma\t0.3\n");
        double mean[LOSSES_MAX], exact[N], gap[3];
        ENSURE(run && run_train(run, 300, mean));
        Out data, out;
        out_init(&data, NULL), out_init(&out, NULL);
        ENSURE(lab_draw(lab, "moons", N, 3, "test", &data));
        const float *x = out_find(&data, "data")->data;
        const int32_t *labels = out_find(&data, "labels")->data;
        integrate(run, .3, x, labels, exact);
        static const char *const options[] = { "", "samples\t20\n", "samples\t5000\n" };
        for (int s = 0; s < 3; s++) {
            Call c = { .x = x, .n_x = 2 * N, .options = options[s] };
            if (run_can(run, "label")) c.labels = labels, c.n_labels = N;
            ENSURE_SAYING(run_call(run, "bound", &c, &out), "%s", error_message());
            const double *bound = out_find(&out, "data")->data;
            gap[s] = 0;
            for (int i = 0; i < N; i++) gap[s] += (exact[i] - bound[i]) / N;
            // 5000 weights whose spread is not more than ten times their mean leave .14 of a nat of one example, .02 of the mean.
            for (int i = 0; s == 2 && i < N; i++) ENSURE_CLOSE(bound[i], exact[i], .3);
        }
        ENSURE_SAYING(gap[0] > gap[1] && gap[1] > gap[2] - .02, "%g, %g and %g below", gap[0], gap[1], gap[2]);
        ENSURE_CLOSE(gap[2], 0, .05);
        out_clear(&data), out_clear(&out);
        run_free(run);
    }
    lab_free(lab);
}
