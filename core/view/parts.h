// parts.h -- what several views share: the arrays that most of them need, and their common options.
//
// Every function here adds arrays to the view's Out and fails only for want of memory or when a verb fails.
#ifndef GENPLAY_VIEW_PARTS_H
#define GENPLAY_VIEW_PARTS_H

#include "view/view.h"

// Options that views have in common, for their tables.
#define OPTION_SEED   { "seed", "Seed of the display noise", KNOB_INTEGER, 1, 1, 0, 4294967295.0, .group = "", \
                        .help = "The noise is the same in every frame, so the picture moves only because the model does." }
#define OPTION_COUNT  { "n", "How many (0: as suits)", KNOB_INTEGER, 0, 0, 0, 5000, .group = "", .help = "Samples shown; 0 for as many as are quick to draw." }
#define OPTION_STEPS  { "steps", "Sampling steps", KNOB_INTEGER, 0, 0, 0, 4000, .group = "steps", \
                        .help = "Of a model that samples in steps: fewer are quicker and coarser; 0 for what is quick enough to watch." }
#define OPTION_ASPECT { "aspect", "Width over height", KNOB_NUMBER, 1, 1, 0.1, 10, .live = false, .group = "page", .help = "The canvas's." }
#define OPTION_ASPECT_LIVE { "aspect", "Width over height", KNOB_NUMBER, 1, 1, 0.1, 10, .live = true, .group = "page", .help = "The canvas's." }

// "data" [n, ...] and, if wanted and the set has classes, "labels" [n]: held-out examples of the run's data set.
bool view_data(const Run *r, int n, uint32_t seed, bool labels, Out *out);

// "bounds" [4] = x0 x1 y0 y1: what the plane of a set of points shows.  It depends on the set alone, so pictures do not jump, and has
// room for all but the outermost of 200 points on each side, and, if wanted, for normal noise of the data's mean and spread; widened to
// `aspect` (width over height).
bool view_bounds(const Run *r, bool noise, double aspect, Out *out);

// Bounds widened on one axis, about their middle, to width / height = aspect.
void bounds_widen(float bounds[4], double aspect);

// A copy of an array, as array `name`.
bool array_copy(const Array *a, const char *name, Out *out);

// Calls a verb and takes over arrays of its result: pairs { its name, name in out }, ended by { NULL }.  Missing ones are left out.
bool view_call(Run *r, const char *verb, const Call *call, const char *const names[][2], Out *out);

// The classes of the view's data, for a verb on them by a conditional model.
void call_labels(const Run *r, const Out *out, Call *call);

// How many examples (or sampling steps) to show: as `asked`, or where that is 0 `usual`, and of models whose every sampling step is a large network (diffusion) only
// `slow`, so that pictures keep up with training.
int view_count(const Run *r, double asked, int usual, int slow);

// Options text for a verb: "seed\t<seed>\n", and the label where it is >= 0, the steps and the frames where they are > 0.
enum { VERB_OPTIONS = 128 };
void verb_options(char text[VERB_OPTIONS], double seed, double label, int steps, int frames);

// Codes [n*k, z] decoded as array `name` [n,k,...], k of them from each of n places; classes [n*k]: what a conditional model is told of each, else NULL.
bool view_fan(Run *r, const float *codes, int n, int k, int z, const int32_t *classes, const char *name, Out *out);

// Of a fan of points [n,k,2] the ways from each to the next of its own place: arrays "from" and "to" [n*(k-1),2].
bool view_steps(const Array *fan, Out *out);

// Columns i and j of an array [n, ...] as points of a plane: array `name` [n,2].
bool view_plane(const Array *codes, int i, int j, const char *name, Out *out);

int array_rows(const Array *a);                  // first dimension; 0 for NULL
int array_width(const Array *a);                 // product of the others
const float *array_f32(const Out *out, const char *name);       // NULL when there is none
const int32_t *array_i32(const Out *out, const char *name);
bool is_pictures(const Array *a);                // [n,h,w,c] rather than [n,2]

// Are these pictures drawings on an empty ground (grey, dark at the edges)?  Then they may be shown in the theme's ink and paper.
bool is_ink(const Array *pictures);

// The pictures of an array [n,h,w,c] as tiles; `role` says what they are.
Item *panel_pictures(Panel *p, Role role, const Array *pictures, bool ink);

// Two panels side by side on a wide canvas, one over the other on a tall one; the first gets the share that makes it square, at
// most `most` of the canvas.
void scene_split(Scene *s, double aspect, double most, const char *first, const char *second, Panel *panel[2]);

#endif
