// priors.c -- what becomes of codes drawn from noise, and of codes drawn where the data's codes lie: is a model with codes a generator?
//
// Two panels: samples from codes of the model's own law, mostly N(0, I), and from a Gaussian fitted to the codes of training examples.  Points stand
// over held-out data; pictures are grids.
//
// Arrays: data [n,...], own [n,...], fitted [n,...]; points: bounds [4].
#include "view/parts.h"

enum { N, SEED, ASPECT };

static const Knob options[] = { OPTION_COUNT, OPTION_SEED, OPTION_ASPECT, KNOBS_END };

static bool fits(const Run *r) { return run_can(r, "encode") && run_can(r, "decode") && run_can(r, "sample"); }

static bool compute(Run *r, const double *o, Out *out) {
    static const char *const own[][2] = { { "data", "own" }, { NULL } };
    static const char *const fitted[][2] = { { "data", "fitted" }, { NULL } };
    bool points = run_data(r)->def.kind == DATA_POINTS;
    int n = points ? view_count(r, o[N], 500, 250) : view_count(r, o[N], 36, 16);
    char text[2 * VERB_OPTIONS] = "prior\tfitted\n", *plain = text + 13;
    verb_options(plain, o[SEED], -1, 0, 0);
    return view_data(r, n, 0, false, out)
        && view_call(r, "sample", &(Call){ .n = n, .name = "", .options = plain }, own, out)
        && view_call(r, "sample", &(Call){ .n = n, .name = "", .options = text }, fitted, out)
        && (!points || view_bounds(r, false, o[ASPECT] / 2, out));
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    static const char *const titles[2] = { "Codes from the model's own law", "Codes from a Gaussian fitted to the data's" };
    const Array *data = out_find(a, "data"), *made[2] = { out_find(a, "own"), out_find(a, "fitted") };
    Panel *p[2];
    scene_split(s, o[ASPECT], .5, titles[0], titles[1], p);
    for (int k = 0; k < 2; k++) {
        if (is_pictures(data)) { panel_pictures(p[k], ROLE_SAMPLE, made[k], is_ink(data)); continue; }
        panel_plane(p[k], array_f32(a, "bounds"));
        p[k]->axes = true;
        panel_points(p[k], ROLE_DATA, MARK_DISC, 2.6f, data->data, array_rows(data))->alpha = .3f;
        panel_points(p[k], ROLE_SAMPLE, MARK_CROSS, 3.2f, made[k]->data, array_rows(made[k]));
    }
}

const ViewDef view_priors = {
    .id = "priors", .kind = "picture", .title = "Where codes come from",
    .help = "Codes drawn from noise against codes drawn where the data's codes lie: only a generator needs no such help.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
