// api.c -- the boundary: what JavaScript may call, one function each, and nothing that decides anything.
//
// Every function unpacks numbers and pointers, calls core/ and hands back what it says; rules, ranges and messages live in core/,
// types and shapes in genplay.mjs.  Conventions, the same everywhere:
//   - Strings and arrays that come in were allocated by JavaScript (malloc) and are freed by it after the call.
//   - A call that can fail returns false or NULL, and gp_error_name() / gp_error_message() say why.  The message is forgotten on
//     the way into the next call that can fail.
//   - Results come as an Out, read by the gp_out_* functions; JavaScript copies them and calls gp_out_clear.
//   - 64-bit numbers cross as doubles, since JavaScript's numbers are doubles.
#include <emscripten.h>
#include <emscripten/html5_webgl.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/pool.h"
#include "kernels/matmul.h"
#include "lab.h"
#include "measures/measures.h"
#include "render.h"

#define GENPLAY_API EMSCRIPTEN_KEEPALIVE

// --- Errors ----------------------------------------------------------------------------------------------------------

GENPLAY_API const char *gp_error_name(void) { return error_name(); }
GENPLAY_API const char *gp_error_message(void) { return error_message(); }

// --- Threads -----------------------------------------------------------------------------------------------------------

GENPLAY_API int gp_pool_start(int threads) { return pool_start(threads); }
GENPLAY_API void gp_pool_stop(void) { pool_stop(); }

// --- Results ---------------------------------------------------------------------------------------------------------

GENPLAY_API Out *gp_out_new(Lab *lab) {
    Out *out = malloc(sizeof *out);
    if (out) out_init(out, lab_budget(lab));
    return out;
}
GENPLAY_API void gp_out_clear(Out *out) { out_clear(out); }
GENPLAY_API void gp_out_free(Out *out) { out_clear(out); free(out); }

GENPLAY_API int gp_out_count(const Out *out) { return out->n; }
GENPLAY_API const char *gp_out_name(const Out *out, int i) { return out->array[i].name; }
GENPLAY_API int gp_out_type(const Out *out, int i) { return (int)out->array[i].type; }
GENPLAY_API int gp_out_rank(const Out *out, int i) { return out->array[i].rank; }
GENPLAY_API const int *gp_out_shape(const Out *out, int i) { return out->array[i].shape; }
GENPLAY_API const void *gp_out_data(const Out *out, int i) { return out->array[i].data; }
GENPLAY_API const char *gp_out_json(const Out *out) { return out->json; }

// --- Lab and data ----------------------------------------------------------------------------------------------------

GENPLAY_API void gp_matmul_rows(int rows) { matmul_rows(rows); }

GENPLAY_API Lab *gp_lab_new(double memory) { error_clear(); return lab_new((size_t)memory); }
GENPLAY_API void gp_lab_free(Lab *lab) { lab_free(lab); }
GENPLAY_API const char *gp_catalogue(Lab *lab) { return lab_catalogue(lab); }
GENPLAY_API const char *gp_knobs(Lab *lab, const char *model) { return lab_knobs(lab, model); }

static DataAttributes known_of(int n, const char *const *names, const float *train, const float *test) {
    DataAttributes known = { .n = n, .train = train, .test = test };
    for (int i = 0; i < n && i < ATTRIBUTES_MAX; i++) known.name[i] = names[i];
    return known;
}

// shape: 3 numbers.  labels, the test rows and the attributes may be NULL; names: of n_names attributes, each a string.
GENPLAY_API bool gp_add_rows(Lab *lab, const char *id, int kind, const int *shape, int classes, const float *x, const int32_t *labels,
                             int n, const float *test_x, const int32_t *test_labels, int test_n, int n_names, const char *const *names,
                             const float *attributes, const float *test_attributes) {
    DataAttributes known = known_of(n_names, names, attributes, test_attributes);
    return lab_add_known(lab, id, (DataKind)kind, shape, classes, (DataRows){ x, labels, n }, (DataRows){ test_x, test_labels, test_n }, &known);
}

// bytes, size: of images, labels, test images, test labels; NULL and 0 where there are none.  Attributes as above.
GENPLAY_API bool gp_add_idx(Lab *lab, const char *id, const uint8_t *const bytes[4], const size_t size[4], int n_names, const char *const *names,
                            const float *attributes, const float *test_attributes) {
    DataAttributes known = known_of(n_names, names, attributes, test_attributes);
    return lab_add_idx(lab, id, (Bytes){ bytes[0], size[0] }, (Bytes){ bytes[1], size[1] }, (Bytes){ bytes[2], size[2] },
                       (Bytes){ bytes[3], size[3] }, &known);
}

GENPLAY_API bool gp_lab_draw(Lab *lab, const char *id, int n, uint32_t seed, const char *split, Out *out) {
    return lab_draw(lab, id, n, seed, split, out);
}

GENPLAY_API bool gp_lesson(Lab *lab, const char *id, const char *options, Out *out) { return lab_lesson(lab, id, options, out); }

// --- Runs ------------------------------------------------------------------------------------------------------------

GENPLAY_API Run *gp_run_new(Lab *lab, const char *model, const char *data, uint32_t seed, const char *knobs) {
    return run_new(lab, model, data, seed, knobs);
}
GENPLAY_API void gp_run_free(Run *run) { run_free(run); }

// mean: as many as run_describe lists losses.
GENPLAY_API bool gp_train(Run *run, int steps, double *mean) { return run_train(run, steps, mean); }
GENPLAY_API double gp_step(const Run *run) { return (double)run_step(run); }
GENPLAY_API double gp_epoch(const Run *run) { return run_epoch(run); }
GENPLAY_API bool gp_set(Run *run, const char *key, const char *value) { return run_set(run, key, value); }
GENPLAY_API const char *gp_describe(Run *run) { return run_describe(run); }
GENPLAY_API const char *gp_outline(Run *run) { return run_outline(run); }
GENPLAY_API int gp_code_dim(const Run *run) { return run_code_dim(run); }
GENPLAY_API bool gp_history(Run *run, Out *out) { return run_history(run, out); }

// The verbs.  x, y, labels: n_x, n_y and n_labels numbers, or NULL and 0; name, options: "" for none.
GENPLAY_API bool gp_call(Run *run, const char *verb, int n, const float *x, size_t n_x, const float *y, size_t n_y, const int32_t *labels, size_t n_labels,
                         const char *name, const char *options, Out *out) {
    Call c = { .n = n, .x = x, .y = y, .n_x = n_x, .n_y = n_y, .labels = labels, .n_labels = n_labels, .name = name, .options = options };
    return run_call(run, verb, &c, out);
}

// Where the bytes are and how many; they live in `out`.
typedef struct { const uint8_t *bytes; size_t size; } Place;
GENPLAY_API bool gp_save(Run *run, bool half, Place *place, Out *out) { return run_save(run, half, out, &place->bytes, &place->size); }
GENPLAY_API Run *gp_load(Lab *lab, const uint8_t *bytes, size_t size) { return run_load(lab, bytes, size); }

// --- Measures on the caller's own rows: x [n,d], y [m,d] -----------------------------------------------------------------

GENPLAY_API double gp_mmd2(const float *x, int n, const float *y, int m, int d, int kernel, float width) {
    return mmd2(x, n, y, m, d, (Kernel){ (KernelKind)kernel, width });
}

// out[5]: value, p, and the null hypothesis' mean, 95th and 99th percentile.
GENPLAY_API bool gp_mmd2_test(Lab *lab, const float *x, int n, const float *y, int m, int d, int kernel, float width, int rounds, uint32_t seed,
                              double out[5]) {
    error_clear();
    Arena scratch;
    Null null = { 0 };
    arena_init(&scratch, "measure", lab_budget(lab));
    bool good = mmd2_permutation(x, n, y, m, d, (Kernel){ (KernelKind)kernel, width }, rounds, seed, &scratch, &out[0], &out[1], &null);
    arena_free(&scratch);
    out[2] = null.mean, out[3] = null.q95, out[4] = null.q99;
    return good;
}

GENPLAY_API bool gp_frechet(Lab *lab, const float *x, int n, const float *y, int m, int d, double *out) {
    error_clear();
    Arena scratch;
    arena_init(&scratch, "measure", lab_budget(lab));
    bool good = frechet_samples(x, n, y, m, d, &scratch, out);
    arena_free(&scratch);
    return good;
}

GENPLAY_API void gp_kde_log_prob(const float *x, int n, const float *data, int m, int d, double h, double *out) {
    kde_log_prob(x, n, data, m, d, h, out);
}

GENPLAY_API bool gp_mode_scores(Lab *lab, const char *data, const float *x, int n, double out[8]) { return lab_mode_scores(lab, data, x, n, out); }

// --- The judge of digits ---------------------------------------------------------------------------------------------

GENPLAY_API bool gp_load_judge(Lab *lab, const uint8_t *bytes, size_t size) { return lab_load_judge(lab, bytes, size); }
GENPLAY_API bool gp_judge(Lab *lab, const float *x, size_t floats, Out *out) { return lab_judge(lab, x, floats, out); }
GENPLAY_API bool gp_train_judge(Lab *lab, const char *data, uint32_t seed, int steps, Place *place, Out *out) {
    return lab_train_judge(lab, data, seed, steps, out, &place->bytes, &place->size);
}

// --- Pictures --------------------------------------------------------------------------------------------------------

// context: Emscripten's handle of a WebGL2 context that JavaScript registered.
GENPLAY_API bool gp_attach(int context) {
    error_clear();
    if (emscripten_webgl_make_context_current(context) != EMSCRIPTEN_RESULT_SUCCESS) return fail(ERROR_UNSUPPORTED, "the WebGL2 context cannot be used");
    return render_init();
}
GENPLAY_API void gp_detach(void) { render_free(); }   // the context is still there
GENPLAY_API void gp_lost(void) { render_lost(); }     // the context took everything along

// What gp_draw drew last; its titles are the run's or the lab's, and live until the next call on it.
static struct { Scene scene; bool whole; PanelLayout layout[SCENE_PANELS]; } shown;

// width, height in device pixels, `dpr` of them to a CSS pixel.  slices: see run_draft.
static bool show(bool good, int width, int height, float dpr, bool dark) {
    if (!good) return false;
    layout_panels(&shown.scene, width, height, dpr, shown.layout);
    render_draw(&shown.scene, width, height, dpr, dark);
    return true;
}

GENPLAY_API bool gp_draw(Run *run, const char *view, const char *options, int slices, int width, int height, float dpr, bool dark) {
    shown.scene.n = 0;
    return show(run_draft(run, view, options, slices, &shown.scene, &shown.whole), width, height, dpr, dark);
}
GENPLAY_API bool gp_draw_lesson(Lab *lab, const char *id, const char *options, int slices, int width, int height, float dpr, bool dark) {
    shown.scene.n = 0;
    return show(lab_draft(lab, id, options, slices, &shown.scene, &shown.whole), width, height, dpr, dark);
}

GENPLAY_API bool gp_drawn_whole(void) { return shown.whole; }
GENPLAY_API const char *gp_drawn_note(void) { return shown.scene.note; }
GENPLAY_API int gp_panel_count(void) { return shown.scene.n; }
GENPLAY_API const char *gp_panel_title(int i) { return panel_title(&shown.scene.panel[i]); }
GENPLAY_API const char *gp_panel_heads(int i) { return shown.scene.panel[i].heads; }

// Fills place[17]: x y w h, x0 x1 y0 y1, and its tiles' cols rows x y w h dx dy under.
GENPLAY_API void gp_panel(int i, float *place) {
    const PanelLayout p = shown.layout[i];
    const TileLayout t = p.tiles;
    const float all[] = { p.x, p.y, p.w, p.h, p.x0, p.x1, p.y0, p.y1, (float)t.cols, (float)t.rows, t.x, t.y, t.w, t.h, t.dx, t.dy, t.under };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) place[k] = all[k];
}
