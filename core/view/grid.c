// grid.c -- a conditional model's codes, each decoded as every class: what the code keeps, whatever the class, is style.
//
// Pictures: a row for each code, a column for each class.  The first rows belong to held-out examples, where the model can encode: the example at the
// left, encoded with its own class and decoded with every one, its own too.  The other rows' codes are those of samples.  Points: every code as a
// mark for each class, in the class's colour, joined in the order of the classes, over held-out data.
//
// Arrays: data [d,...] and labels [d]: held-out examples; examples [1]: so many rows, the first, have the codes of the first of these; codes [n,z];
// classes [k]; decoded [n,k,...]; points: decoded_classes [n,k], from [n*(k-1),2], to [n*(k-1),2], bounds [4].
#include <stdio.h>
#include <string.h>

#include "view/parts.h"

enum { ROWS, FROM, FIRST, SEED, ASPECT };
enum { FROM_BOTH, FROM_NOISE };
enum { COLUMNS_MOST = 16, N_DATA = 400, N_PICTURES = 16 };

static const Knob options[] = {
    { "rows", "Codes", KNOB_INTEGER, 16, 8, 1, 60, .group = "", .help = "Codes shown: in pictures one a row." },
    { "from", "Codes of", KNOB_CHOICE, FROM_NOISE, FROM_BOTH, .choices = "both|noise|examples", .group = "encode",
      .help = "Noise, held-out examples encoded with their own class, or half of each." },
    { "first", "First class", KNOB_INTEGER, 0, 0, 0, 255, .group = "image", .help = "Of a set with more than 16 classes: where the columns begin." },
    { "seed", "Seed of codes and examples", KNOB_INTEGER, 1, 1, 0, 4294967295.0, .group = "", .help = "Another number takes other noise and other held-out examples." },
    OPTION_ASPECT,
    KNOBS_END,
};

static bool fits(const Run *r) { return run_can(r, "label") && run_can(r, "decode") && run_can(r, "sample") && !run_n_codes(r); }

// ----------------------------------------------------------------------------------------------------------------- compute

static int examples_of(const Run *r, const double *o) {
    int n = (int)o[ROWS], from = (int)o[FROM];
    return !run_can(r, "encode") || from == FROM_NOISE ? 0 : from == FROM_BOTH ? (n + 1) / 2 : n;
}

// Codes of the first m held-out examples, then of samples: the array `codes` [n,z].
static bool compute_codes(Run *r, const double *o, int m, Out *out) {
    static const char *const encoded[][2] = { { "data", "examples" }, { NULL } }, *const sampled[][2] = { { "codes", "samples" }, { NULL } };
    int n = (int)o[ROWS], z = run_code_dim(r);
    const Array *data = out_find(out, "data");
    char text[VERB_OPTIONS];
    verb_options(text, o[SEED], -1, 0, 0);
    Out some;
    out_init(&some, out->arena.budget);
    Call given = { .x = data->data, .n_x = (size_t)m * (size_t)array_width(data), .name = "", .options = "" };
    call_labels(r, out, &given);
    given.n_labels = (size_t)m;
    bool ok = (!m || view_call(r, "encode", &given, encoded, &some))
           && (m == n || view_call(r, "sample", &(Call){ .n = n - m, .name = "", .options = text }, sampled, &some));
    float *codes = ok ? out_f32(out, "codes", 2, (int[]){ n, z }) : NULL;
    if (codes && m) memcpy(codes, array_f32(&some, "examples"), sizeof *codes * (size_t)(m * z));
    if (codes && m < n) memcpy(codes + m * z, array_f32(&some, "samples"), sizeof *codes * (size_t)((n - m) * z));
    out_clear(&some);
    return codes;
}

// Every code for every class.
static bool compute_grid(Run *r, const double *o, Out *out) {
    int classes = run_data(r)->def.classes, first = (int)o[FIRST] < classes ? (int)o[FIRST] : classes - 1;
    bool fit = run_data(r)->def.kind == DATA_POINTS || classes - first < COLUMNS_MOST;
    int n = (int)o[ROWS], z = run_code_dim(r), k = fit ? classes - first : COLUMNS_MOST;
    const float *code = array_f32(out, "codes");
    float *codes = arena_new(&out->arena, float, n * k * z);
    int32_t *class = out_i32(out, "classes", 1, &k), *told = out_i32(out, "decoded_classes", 2, (int[]){ n, k });
    if (!codes || !class || !told) return false;
    for (int j = 0; j < k; j++) class[j] = first + j;
    for (int i = 0; i < n * k; i++) {
        told[i] = class[i % k];
        memcpy(codes + (size_t)i * (size_t)z, code + (size_t)(i / k) * (size_t)z, sizeof *code * (size_t)z);
    }
    return view_fan(r, codes, n, k, z, told, "decoded", out);
}

static bool compute(Run *r, const double *o, Out *out) {
    bool points = run_data(r)->def.kind == DATA_POINTS;
    int m = examples_of(r, o), least = points ? N_DATA : N_PICTURES;
    int32_t *examples = out_i32(out, "examples", 1, (int[]){ 1 });
    if (examples) *examples = m;
    return examples && view_data(r, m > least ? m : least, (uint32_t)o[SEED], true, out) && compute_codes(r, o, m, out) && compute_grid(r, o, out)
        && (!points || (view_steps(out_find(out, "decoded"), out) && view_bounds(r, false, o[ASPECT], out)));
}

// ----------------------------------------------------------------------------------------------------------------- arrange

static void arrange_points(const Out *a, const Array *data, Scene *s) {
    const Array *decoded = out_find(a, "decoded"), *from = out_find(a, "from");
    Panel *p = scene_panel(s, "", 0, 0, 1, 1);
    panel_plane(p, array_f32(a, "bounds"));
    p->axes = true;
    Item *real = panel_points(p, ROLE_DATA, MARK_DISC, 2.6f, data->data, array_rows(data));
    real->label = array_i32(a, "labels");
    real->alpha = 0.3f;
    panel_lines(p, ROLE_TEXT, 1, from->data, array_f32(a, "to"), array_rows(from))->alpha = 0.2f;
    panel_points(p, ROLE_SAMPLE, MARK_CROSS, 4, decoded->data, decoded->shape[0] * decoded->shape[1])->label = array_i32(a, "decoded_classes");
}

static void arrange_pictures(const Out *a, const Array *data, Scene *s) {
    const Array *decoded = out_find(a, "decoded");
    const int32_t *class = array_i32(a, "classes");
    int n = decoded->shape[0], k = decoded->shape[1], m = *array_i32(a, "examples");
    bool ink = is_ink(data);
    Panel *p = scene_panel(s, "A row is one code, a column one class", 0, 0, 1, 1);
    if (m) {
        Item *real = panel_tiles(p, ROLE_DATA, data->data, m, data->shape + 1);
        real->ink = ink;
        real->cols = 1;
        panel_head(p, "real");
    }
    Item *made = panel_tiles(p, ROLE_SAMPLE, decoded->data, n * k, decoded->shape + 2);
    made->ink = ink;
    made->cols = k;
    made->left = m > 0;
    for (int j = 0; j < k; j++) {
        char word[16];
        snprintf(word, sizeof word, "%d", (int)class[j]);
        panel_head(p, word);
    }
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r; (void)o;
    const Array *data = out_find(a, "data");
    if (is_pictures(data)) arrange_pictures(a, data, s); else arrange_points(a, data, s);
}

const ViewDef view_grid = {
    .id = "grid", .kind = "picture", .title = "Class by style",
    .help = "The same code decoded as every class: what stays is style. A green picture is real, encoded with its own class; marks that are joined share their code.",
    .options = options, .fits = fits, .compute = compute, .arrange = arrange,
};
