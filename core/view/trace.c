// trace.c -- how a sample comes about, from the start to the end: denoising steps, layers of a flow, sweeps of a chain, pixels painted.
//
// Points: the moment's points over faint data, coloured by the direction in which they started, with the trails of the last few moments;
// so one sees where each part of the noise goes.  Pictures: a grid of the moment's.  A diffusion model also says what it takes for the
// noise in them, and for the clean example.
//
// Arrays: frames [f,n,...], time [f], noise [f,n,...] and clean [f,n,...] (diffusion), codes [n,z] (models that have them);
//         data [m,...], sectors [n]: which eighth of the circle a point started in; bounds [4] (points).
#include <math.h>

#include "base/real.h"
#include "view/parts.h"

enum { TIME, SHOW, N, FRAMES, STEPS, SEED, ASPECT };
enum { SHOW_STATE, SHOW_CLEAN, SHOW_NOISE };
enum { TRAIL = 3, SECTORS = 8, N_DATA = 600, N_PICTURES = 16 };

static const Knob options[] = {
    { "time", "Sampling time", KNOB_NUMBER, 1, 1, 0, 1, .live = true, .group = "page", .help = "0 is where sampling starts, 1 the finished sample." },
    { "show", "Show", KNOB_CHOICE, SHOW_STATE, SHOW_STATE, .choices = "state|clean|noise", .live = true, .group = "estimates",
      .help = "The state itself, or what a diffusion model takes for the clean example in it, or for the noise." },
    OPTION_COUNT,
    { "frames", "Moments", KNOB_INTEGER, 50, 40, 2, 200, .group = "", .help = "Moments kept of the way, both ends included." },
    OPTION_STEPS,
    OPTION_SEED,
    OPTION_ASPECT_LIVE,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "trace"); }

static bool compute_sectors(const Array *frames, Out *out) {
    int n = frames->shape[1];
    const float *xy = frames->data;
    int32_t *sector = out_i32(out, "sectors", 1, &n);
    for (int i = 0; sector && i < n; i++) {
        double turn = real_atan2((double)xy[2 * i + 1], (double)xy[2 * i]) / (2 * REAL_PI) + 0.5;
        sector[i] = (int32_t)(turn * SECTORS) % SECTORS;
    }
    return sector;
}

static bool compute(Run *r, const double *o, Out *out) {
    static const char *const names[][2] = { { "data", "frames" }, { "time", "time" }, { "noise", "noise" }, { "clean", "clean" }, { "codes", "codes" }, { NULL } };
    bool points = run_data(r)->def.kind == DATA_POINTS;
    int n = points ? view_count(r, o[N], 300, 200) : view_count(r, o[N], 36, 16);
    char text[VERB_OPTIONS];
    verb_options(text, o[SEED], -1, view_count(r, o[STEPS], 0, points ? 0 : 20), (int)o[FRAMES]);
    return view_data(r, points ? N_DATA : N_PICTURES, 0, false, out)
        && view_call(r, "trace", &(Call){ .n = n, .name = "", .options = text }, names, out)
        && (!points || (compute_sectors(out_find(out, "frames"), out) && view_bounds(r, true, 1, out)));
}

// The frame whose time is nearest to where the slider stands between the first and the last.
static int frame_at(const Array *time, int frames, double slider) {
    if (!time || array_rows(time) < 2) return (int)(slider * (frames - 1) + 0.5);
    int nearest = 0;
    double least = HUGE_VAL;
    for (int f = 0; f < frames; f++) {
        double first, last, t;
        if (time->type == TYPE_F64) { const double *x = time->data; first = x[0]; last = x[frames - 1]; t = x[f]; }
        else { const float *x = time->data; first = (double)x[0]; last = (double)x[frames - 1]; t = (double)x[f]; }
        double off = fabs(t - (first + slider * (last - first)));
        if (off < least) { least = off; nearest = f; }
    }
    return nearest;
}

static void arrange_points(const Array *shown, const Out *a, int f, bool trails, bool noise, Scene *s) {
    static const float normal[4] = { -3.5f, 3.5f, -3.5f, 3.5f };      // the noise's own plane
    const Array *data = out_find(a, "data");
    const float *xy = shown->data;
    const int32_t *sector = array_i32(a, "sectors");
    int n = shown->shape[1];
    size_t step = (size_t)n * 2;
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    panel_plane(p, noise ? normal : array_f32(a, "bounds"));
    p->axes = true;
    if (!noise) panel_points(p, ROLE_DATA, MARK_DISC, 2.6f, data->data, array_rows(data))->alpha = 0.3f;
    for (int back = trails ? TRAIL : 0; back >= 1; back--) {
        if (f - back < 0) continue;
        const float *from = xy + (size_t)(f - back) * step;
        Item *line = panel_lines(p, ROLE_SAMPLE, 1.3f, from, from + step, n);
        line->label = sector;
        line->alpha = 0.4f * (float)(TRAIL + 1 - back) / TRAIL;
    }
    panel_points(p, ROLE_SAMPLE, MARK_DISC, 3.2f, xy + (size_t)f * step, n)->label = sector;
}

static void arrange_pictures(const Array *shown, const Out *a, int f, bool noise, Scene *s) {
    Array frame = { .rank = 4, .shape = { shown->shape[1], shown->shape[2], shown->shape[3], shown->shape[4] } };
    frame.data = (float *)shown->data + (size_t)f * (size_t)frame.shape[0] * (size_t)array_width(&frame);
    Item *tiles = panel_pictures(scene_panel(s, "", 0, 0, 1, 1), ROLE_SAMPLE, &frame, !noise && is_ink(out_find(a, "data")));
    if (noise) { tiles->mid = -3; tiles->high = 3; }     // a normal number's three standard deviations, around grey
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    int show = (int)o[SHOW];
    const Array *frames = out_find(a, "frames"), *other = show == SHOW_CLEAN ? out_find(a, "clean") : show == SHOW_NOISE ? out_find(a, "noise") : NULL;
    const Array *shown = other ? other : frames;
    bool noise = other && show == SHOW_NOISE;
    int f = frame_at(out_find(a, "time"), frames->shape[0], o[TIME]);
    if (frames->rank == 5) arrange_pictures(shown, a, f, noise, s);
    else arrange_points(shown, a, f, !other, noise, s);
    s->panel[0].title = noise ? "Taken for the noise" : other ? "Taken for the clean example"
                      : show != SHOW_STATE ? "The state (this model makes no such estimate)" : "";
}

const ViewDef view_trace = {
    .id = "trace", .kind = "trace", .title = "Step by step", .end = "sample",
    .help = "How samples come about: move the slider from where they start to the finished samples.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
