// reconstruct.c -- held-out examples, and what is left of them after encoding and decoding.
//
// Points: data as green discs, reconstructions as purple crosses, a thin line from each to its own.  Pictures: pairs, the original above
// its reconstruction.
//
// Arrays: data [n,...], labels [n] (sets with classes), reconstruction [n,...]; points: bounds [4].
#include "view/parts.h"

enum { N, SEED, ASPECT };

static const Knob options[] = {
    { "n", "How many", KNOB_INTEGER, 200, 30, 1, 2000, .group = "", .help = "Examples shown." },
    { "seed", "Which examples", KNOB_INTEGER, 0, 0, 0, 4294967295.0, .group = "", .help = "Another number takes other held-out examples." },
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "reconstruct"); }

static bool compute(Run *r, const double *o, Out *out) {
    static const char *const names[][2] = { { "data", "reconstruction" }, { NULL } };
    if (!view_data(r, (int)o[N], (uint32_t)o[SEED], true, out)) return false;
    const Array *data = out_find(out, "data");
    size_t n_x = (size_t)array_rows(data) * (size_t)array_width(data);
    Call call = { .n = (int)o[N], .x = data->data, .n_x = n_x, .name = "", .options = "" };
    call_labels(r, out, &call);
    return view_call(r, "reconstruct", &call, names, out)
        && (is_pictures(data) || view_bounds(r, false, o[ASPECT], out));
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r; (void)o;
    const Array *data = out_find(a, "data"), *made = out_find(a, "reconstruction");
    int n = array_rows(data);
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    if (is_pictures(data)) {
        Item *tiles = panel_pictures(p, ROLE_DATA, data, is_ink(data));
        tiles->under = made->data;
        tiles->under_role = ROLE_SAMPLE;
        p->title = "Original above, reconstruction below";
        return;
    }
    panel_plane(p, array_f32(a, "bounds"));
    p->axes = true;
    panel_lines(p, ROLE_TEXT, 1, data->data, made->data, n)->alpha = 0.35f;
    panel_points(p, ROLE_DATA, MARK_DISC, 3, data->data, n);
    panel_points(p, ROLE_SAMPLE, MARK_CROSS, 3.2f, made->data, n);
}

const ViewDef view_reconstruct = {
    .id = "reconstruct", .kind = "picture", .title = "Reconstructions",
    .help = "Green goes in, purple comes out: what the code did not keep is lost.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
