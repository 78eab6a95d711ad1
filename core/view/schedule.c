// schedule.c -- how fast an example drowns in noise: what a diffusion model's schedule leaves of it at every time, and how that looks.
//
// Two charts over the time t = 1..T: the factor of the signal and that of the noise in x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, and the
// ratio of their squares in decibels; beside them held-out examples with their noise, each with the same noise at every time.  Lines mark those times.
//
// Sampling starts from pure noise, so x_T must be such: where more than a tenth of the example is left in it, the picture's note says so.  (Lin et al.
// 2024, arXiv:2305.08891, on schedules that end too early.)
//
// Arrays: time, signal, noise [T] (f64), snr [T] (f64, abar / (1 - abar)); curves [3,T,2]: signal, noise and decibels / 80 + 1/2 over t / T;
//         marks_from, marks_to [k,2]; data [n,...], noised [k,n,...] (points) or [n k,...] (pictures, an example's times side by side); bounds [4] (points).
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "view/parts.h"

enum { SEED, ASPECT };
enum { POINT_TIMES = 4, PICTURE_TIMES = 6, N_POINTS = 400, N_PICTURES = 4 };
static const double LEFT_MOST = .1, DECIBELS = 80;               // shown: -40 to 40 dB

static const Knob options[] = { OPTION_SEED, OPTION_ASPECT_LIVE, KNOBS_END };

static bool fits(const Run *r) { int T; return run_schedule(r, &T); }

static double decibels(double snr) { return 10 * real_log(snr) / real_log(10); }

static bool compute_curves(const double *bar, int T, Out *out) {
    double *time = out_f64(out, "time", 1, &T), *signal = out_f64(out, "signal", 1, &T), *noise = out_f64(out, "noise", 1, &T), *snr = out_f64(out, "snr", 1, &T);
    float *curves = out_f32(out, "curves", 3, (int[]){ 3, T, 2 });
    if (!time || !signal || !noise || !snr || !curves) return false;
    for (int t = 1; t <= T; t++) {
        int i = t - 1;
        time[i] = t, signal[i] = sqrt(bar[t]), noise[i] = sqrt(1 - bar[t]), snr[i] = bar[t] / (1 - bar[t]);
        const double height[3] = { signal[i], noise[i], decibels(snr[i]) / DECIBELS + .5 };
        for (int k = 0; k < 3; k++) {
            curves[2 * (k * T + i)] = (float)t / (float)T;
            curves[2 * (k * T + i) + 1] = (float)(height[k] < 0 ? 0 : height[k] > 1 ? 1 : height[k]);
        }
    }
    return true;
}

// x [dim] in the data's own units, with the noise of that time in the model's.
static void noised(const Data *d, const float *x, double bar, const float *eps, float *out) {
    double signal = sqrt(bar), noise = sqrt(1 - bar);
    for (int i = 0; i < d->dim; i++) {
        bool points = d->def.kind == DATA_POINTS;
        double mean = points ? d->mean[i & 1] : .5, scale = points ? d->std[i & 1] : .5;
        out[i] = (float)(mean + signal * ((double)x[i] - mean) + scale * noise * (double)eps[i]);
    }
}

static bool compute_noised(const Run *r, const double *bar, int T, uint32_t seed, Out *out) {
    const Data *d = run_data(r);
    bool points = d->def.kind == DATA_POINTS;
    int times = points ? POINT_TIMES : PICTURE_TIMES, n = points ? N_POINTS : N_PICTURES;
    const int *s = d->def.shape;
    float *from = out_f32(out, "marks_from", 2, (int[]){ times, 2 }), *to = out_f32(out, "marks_to", 2, (int[]){ times, 2 });
    float *made = points ? out_f32(out, "noised", 3, (int[]){ times, n, 2 }) : out_f32(out, "noised", 4, (int[]){ n * times, s[0], s[1], s[2] });
    float *eps = arena_new(&out->arena, float, d->dim);
    if (!from || !to || !made || !eps) return false;
    const float *x = array_f32(out, "data");
    for (int k = 0; k < times; k++) {
        int t = (int)((long)T * k / (times - 1));
        from[2 * k] = to[2 * k] = (float)t / (float)T, to[2 * k + 1] = 1;
        for (int i = 0; i < n; i++) {
            rng_normal((Key){ seed, STREAM_SAMPLE + 0xFFFE }, (uint32_t)i, 0, 0, eps, d->dim);
            noised(d, x + i * d->dim, bar[t], eps, made + (size_t)(points ? k * n + i : i * times + k) * (size_t)d->dim);
        }
    }
    return true;
}

static bool compute(Run *r, const double *o, Out *out) {
    int T;
    const double *bar = run_schedule(r, &T);
    bool points = run_data(r)->def.kind == DATA_POINTS;
    return compute_curves(bar, T, out)
        && view_data(r, points ? N_POINTS : N_PICTURES, 0, false, out)
        && compute_noised(r, bar, T, (uint32_t)o[SEED], out)
        && (!points || view_bounds(r, true, 1, out));
}

// Curves of an array [3,T,2], over lines at the marked times and at the chart's `level`.
static void chart(Panel *p, const Out *a, const int *curve, const Role *role, int n) {
    static const float left[] = { 0, 0, 0, .5f, 0, 1 }, right[] = { 1, 0, 1, .5f, 1, 1 };
    const Array *curves = out_find(a, "curves");
    int T = curves->shape[1];
    p->x0 = -.03f, p->x1 = 1.03f, p->y0 = -.08f, p->y1 = 1.4f;                      // room for the title
    panel_lines(p, ROLE_AXIS, 1, left, right, 3);
    panel_lines(p, ROLE_AXIS, 1, array_f32(a, "marks_from"), array_f32(a, "marks_to"), array_rows(out_find(a, "marks_to")));
    for (int k = 0; k < n; k++) panel_path(p, role[k], 2.6f, (float *)curves->data + (size_t)curve[k] * (size_t)T * 2, T);
}

static void arrange_noised(const double *o, const Out *a, Scene *s, float x, float y, float w, float h) {
    static const char *const titles[POINT_TIMES] = { "t = 0: the data", "t = T / 3", "t = 2 T / 3", "t = T" };
    const Array *made = out_find(a, "noised");
    if (is_pictures(made)) {
        Item *tiles = panel_pictures(scene_panel(s, "From t = 0 to t = T", x, y, w, h), ROLE_DATA, made, is_ink(out_find(a, "data")));
        tiles->cols = PICTURE_TIMES;
        return;
    }
    float bounds[4];
    memcpy(bounds, array_f32(a, "bounds"), sizeof bounds);
    bounds_widen(bounds, o[ASPECT] * (double)w / (double)h);
    for (int k = 0; k < POINT_TIMES; k++) {
        Panel *p = scene_panel(s, titles[k], x + (float)(k % 2) * w / 2, y + (float)(k / 2) * h / 2, w / 2, h / 2);
        panel_plane(p, bounds);
        panel_points(p, ROLE_DATA, MARK_DISC, 2.6f, (float *)made->data + (size_t)k * (size_t)made->shape[1] * 2, made->shape[1])->alpha = .6f;
    }
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    const Array *signal = out_find(a, "signal");
    const double left = ((const double *)signal->data)[signal->shape[0] - 1];
    bool wide = o[ASPECT] > 1;
    const float w = wide ? .5f : 1, h = wide ? .5f : .27f;
    chart(scene_panel(s, "Signal √ᾱ falls, noise √(1−ᾱ) rises: 0 to 1, over t", 0, 0, w, h), a, (int[]){ 0, 1 }, (Role[]){ ROLE_DATA, ROLE_LATENT }, 2);
    chart(scene_panel(s, "Signal-to-noise ratio: 40 to −40 dB, over t", 0, h, w, h), a, (int[]){ 2 }, (Role[]){ ROLE_SAMPLE }, 1);
    if (wide) arrange_noised(o, a, s, w, 0, 1 - w, 1);
    else arrange_noised(o, a, s, 0, 2 * h, 1, 1 - 2 * h);
    if (left > LEFT_MOST)
        snprintf(s->note, sizeof s->note, "x_T is not noise: it still holds %.0f %% of the example (√ᾱ = %.2f), so samples that start from pure noise come out washed out. "
                 "More steps, a larger last β, or a schedule scaled to T would end in noise.", 100 * left, left);
}

const ViewDef view_schedule = {
    .id = "schedule", .kind = "graph", .title = "Schedule",
    .help = "How much of an example is left at each time: the signal falls as the noise rises, and at the last time nothing but noise should be left.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
