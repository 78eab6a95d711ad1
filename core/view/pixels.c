// pixels.c -- one pixel of a picture that is drawn pixel by pixel: what is painted so far, what the model expects next, and on what that hangs.
//
// Panels: the picture up to the chosen pixel, which is ringed; every pixel's probability of ink as it was when its turn came; how strongly the chosen
// pixel's log-odds hang on each earlier pixel; its two probabilities.  Colours of a pixel count together, and its last one is the chosen.
//
// Arrays: painting [h,w], chance [h,w] (both 0 after the chosen pixel), field [h,w] mean over some samples of |d log-odds / d pixel|, place [2] of the
// chosen pixel, bars [2,2] and bases [2,2]: ends of the bars, paper then ink, scaled to the picture.
#include <math.h>
#include <stdio.h>

#include "view/parts.h"

enum { TIME, N, SEED, ASPECT };

static const Knob options[] = {
    { "time", "Pixels painted", KNOB_NUMBER, .5, .5, 0, 1, .group = "page", .help = "0 is the first pixel, 1 the last." },
    { "n", "Samples for the field", KNOB_INTEGER, 8, 8, 1, 64, .group = "", .help = "The receptive field is a mean over so many samples, of which the first is shown." },
    OPTION_SEED,
    OPTION_ASPECT_LIVE,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "field"); }

// Means over the channels of the pixels up to `last` in the picture's raster order.
static void flatten(const float *x, int channels, int last, float *to) {
    for (int i = 0; i <= last; i++)
        for (int k = 0; k < channels; k++) to[i] += x[i * channels + k] / (float)channels;
}

// Sums of |slope| over channels and samples, as a mean over the samples.
static void strength(const Array *slopes, float *to) {
    const float *s = slopes->data;
    int n = array_rows(slopes), channels = slopes->shape[3], pixels = array_width(slopes) / channels;
    for (int i = 0; i < n * pixels * channels; i++) to[i / channels % pixels] += fabsf(s[i]) / (float)n;
}

static void add_bars(float ink, int h, int w, float *bars, float *bases) {
    for (int k = 0; k < 2; k++) {
        bars[2 * k] = bases[2 * k] = (float)w * (k ? .7f : .3f);
        bars[2 * k + 1] = (float)h * (k ? ink : 1 - ink);
    }
}

static bool compute(Run *r, const double *o, Out *out) {
    static const char *const drawn[][2] = { { "data", "samples" }, { NULL } }, *const told[][2] = { { "data", "slopes" }, { "p", "p" }, { NULL } };
    const Data *d = run_data(r);
    int h = d->def.shape[0], w = d->def.shape[1], c = d->def.shape[2], last = (int)(o[TIME] * (h * w - 1) + .5);
    char text[VERB_OPTIONS];
    verb_options(text, o[SEED], -1, 0, 0);
    Out made;
    out_init(&made, out->arena.budget);
    bool ok = view_call(r, "sample", &(Call){ .n = (int)o[N], .name = "", .options = text }, drawn, &made);
    snprintf(text, sizeof text, "pixel\t%d\n", last * c + c - 1);
    ok = ok && view_call(r, "field", &(Call){ .x = out_find(&made, "samples")->data, .n_x = (size_t)((int)o[N] * d->dim), .name = "", .options = text }, told, &made);
    float *painting = out_f32(out, "painting", 2, (int[]){ h, w }), *chance = out_f32(out, "chance", 2, (int[]){ h, w }), *reach = out_f32(out, "field", 2, (int[]){ h, w });
    float *place = out_f32(out, "place", 1, (int[]){ 2 }), *bars = out_f32(out, "bars", 2, (int[]){ 2, 2 }), *bases = out_f32(out, "bases", 2, (int[]){ 2, 2 });
    if (ok && painting && chance && reach && place && bars && bases) {
        const float *p = out_find(&made, "p")->data;
        flatten(out_find(&made, "samples")->data, c, last, painting);
        flatten(p, c, last, chance);
        strength(out_find(&made, "slopes"), reach);
        place[0] = (float)(last % w) + .5f, place[1] = (float)(h - last / w) - .5f;
        add_bars(p[last * c + c - 1], h, w, bars, bases);
    }
    out_clear(&made);
    return ok && painting && chance && reach && place && bars && bases;
}

static float most_of(const Array *a) {
    const float *x = a->data;
    float most = 1e-6f;
    for (int i = 0; i < a->shape[0] * a->shape[1]; i++) most = x[i] > most ? x[i] : most;
    return most;
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    static const char *const titles[] = { "Painted so far", "Probability of ink", "Receptive field", "This pixel: paper, ink" }, *const shown[] = { "painting", "chance", "field" };
    int cols = o[ASPECT] > 2 ? 4 : o[ASPECT] < .5 ? 1 : 2, rows = 4 / cols;
    int h = out_find(a, "field")->shape[0], w = out_find(a, "field")->shape[1];
    for (int k = 0; k < 4; k++) {
        Panel *p = scene_panel(s, titles[k], (float)(k % cols) / (float)cols, (float)(k / cols) / (float)rows, 1 / (float)cols, 1 / (float)rows);
        panel_plane(p, (float[]){ 0, (float)w, 0, (float)h });
        if (k == 3) { panel_lines(p, ROLE_SAMPLE, 40, array_f32(a, "bases"), array_f32(a, "bars"), 2); continue; }
        const Array *map = out_find(a, shown[k]);
        // Far pixels matter little, and shall be seen: full colour from a tenth of the strongest on.
        panel_heat(p, HEAT_DENSITY, map->data, w, h, 0, k == 2 ? most_of(map) / 10 : 1);
        panel_points(p, ROLE_LATENT, MARK_RING, 6, array_f32(a, "place"), 1);
    }
}

const ViewDef view_pixels = {
    .id = "pixels", .kind = "trace", .title = "Pixel by pixel", .start = "first pixel", .end = "last pixel",
    .help = "The chosen pixel is ringed: what the model expects there, and which of the pixels before it that hangs on.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
