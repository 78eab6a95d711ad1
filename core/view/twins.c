// twins.c -- the codes of held-out examples by networks that were trained side by side, next to noise: whose codes could be mistaken for it?
//
// Up to four scatters on one scale: N(0, I), then each network's codes, coloured by class where there are classes.  Of more than two numbers the two
// of largest variance are shown.
//
// Arrays: labels [n] (sets with classes), noise [n,2], and for each network its codes [n,z] by its title and "<title> plane" [n,2].
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "view/parts.h"

enum { N, SEED, ASPECT };
enum { TWINS_MAX = 3 };

static const Knob options[] = {
    { "n", "How many", KNOB_INTEGER, 500, 500, 10, 5000, .group = "", .help = "Codes shown of each." },
    OPTION_SEED,
    OPTION_ASPECT_LIVE,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "twins"); }

// The two columns of largest variance, in their order.
static void widest(const Array *codes, int *i, int *j) {
    int n = array_rows(codes), d = array_width(codes);
    const float *z = codes->data;
    double most[2] = { -1, -1 };
    int at[2] = { 0, d > 1 };
    for (int k = 0; k < d; k++) {
        double sum = 0, square = 0;
        for (int r = 0; r < n; r++) sum += (double)z[r * d + k], square += (double)z[r * d + k] * (double)z[r * d + k];
        double var = square / n - sum / n * (sum / n);
        if (var > most[0]) most[1] = most[0], at[1] = at[0], most[0] = var, at[0] = k;
        else if (var > most[1]) most[1] = var, at[1] = k;
    }
    *i = at[0] < at[1] ? at[0] : at[1], *j = at[0] < at[1] ? at[1] : at[0];
}

static bool add_planes(Out *out, int first) {
    int last = out->n;
    for (int k = first; k < last; k++) {
        int i, j;
        widest(&out->array[k], &i, &j);
        size_t size = strlen(out->array[k].name) + sizeof " plane";
        char *name = arena_alloc(&out->arena, size);
        if (!name) return false;
        snprintf(name, size, "%s plane", out->array[k].name);
        if (!view_plane(&out->array[k], i, j, name, out)) return false;
    }
    return true;
}

static bool compute(Run *r, const double *o, Out *out) {
    int n = (int)o[N];
    if (!view_data(r, n, (uint32_t)o[SEED], true, out)) return false;
    const Array *data = out_find(out, "data");
    Out codes;
    out_init(&codes, out->arena.budget);
    Call call = { .x = data->data, .n_x = (size_t)n * (size_t)array_width(data), .name = "", .options = "" };
    call_labels(r, out, &call);
    bool ok = run_call(r, "twins", &call, &codes);
    float *noise = ok ? out_f32(out, "noise", 2, (int[]){ n, 2 }) : NULL;
    if (noise) rng_normal_rows((Key){ (uint32_t)o[SEED], STREAM_MEASURE }, 0, 0, noise, n, 2);
    int first = out->n;
    for (int k = 0; noise && k < codes.n && k < TWINS_MAX; k++) {
        const Array *from = &codes.array[k];
        float *to = out_f32(out, from->name, from->rank, from->shape);
        if (to) memcpy(to, from->data, sizeof *to * (size_t)n * (size_t)array_width(from));
        noise = to;
    }
    out_clear(&codes);
    return noise && add_planes(out, first);
}

// One scale for all, so that a cloud that is too wide looks too wide.
static float reach_of(const Out *a, int first) {
    double most = 3.5;
    for (int k = first; k < a->n; k++) {
        const float *xy = a->array[k].data;
        int n = array_rows(&a->array[k]);
        double sum = 0;
        for (int i = 0; i < 2 * n; i++) sum += (double)xy[i] * (double)xy[i];
        most = fmax(most, 3 * sqrt(sum / (2 * n)));
    }
    return (float)most;
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    const int32_t *label = array_i32(a, "labels");
    int planes = 0, first = a->n;
    for (int k = 0; k < a->n; k++) if (strstr(a->array[k].name, " plane")) planes++, first = k < first ? k : first;
    int panels = planes + 1, cols = o[ASPECT] > 2 ? panels : o[ASPECT] < .5 ? 1 : panels < 3 ? panels : 2, rows = (panels + cols - 1) / cols;
    float reach = reach_of(a, first), bounds[4] = { -reach, reach, -reach, reach }, w = 1.f / (float)cols, h = 1.f / (float)rows;
    for (int k = 0; k < panels; k++) {
        const Array *shown = k ? &a->array[first + k - 1] : out_find(a, "noise");
        const char *title = k ? a->array[first - planes + k - 1].name : "Noise, N(0, I)";
        Panel *p = scene_panel(s, title, (float)(k % cols) * w, (float)(k / cols) * h, w, h);
        panel_plane(p, bounds);
        p->axes = true;
        Item *marks = panel_points(p, k ? ROLE_SAMPLE : ROLE_LATENT, MARK_DISC, 2.6f, shown->data, array_rows(shown));
        if (k) marks->label = label;
    }
}

const ViewDef view_twins = {
    .id = "twins", .kind = "picture", .title = "Whose codes are normal?",
    .help = "Noise, and the codes of the same network trained in different ways, on one scale.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
