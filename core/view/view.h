// view.h -- what a run can show: numbers first, then a picture of exactly those numbers.
//
// A view is one file in core/view/ and one row in views.def; it knows verbs (sample, encode, logProb, trace ...), never a
// model's name.  A ModelDef lists the ids it offers.  `run.view(id)` hands out the arrays; `run.draw(id)` draws the scene made of them.
#ifndef GENPLAY_VIEW_H
#define GENPLAY_VIEW_H

#include "base/knob.h"
#include "lab.h"
#include "view/scene.h"

// What the page needs to know of a view beyond its options.  Kinds and the controls that go with them:
//   "picture"      none: marks in a plane, or a grid of pictures, as the data are
//   "graph"        none: curves, with nothing that a model made
//   "latent"       a plane of codes; a press picks code a, a second one code b: options ax, ay, bx, by (data coordinates of panel 0)
//   "trace"        sampling time: option `time` in 0..1, its ends are labelled with `start` and `end`
// An option's group says who needs it: "" everyone, "points" and "image" those with such data, a verb's name runs that can do it, "attributes" those whose
// data have some: a number, from 0, of one of them, which the page shows by name;
// "page" options have no control, the page sets them itself (`aspect`, picked places, time).  A change of a `live` option only arranges
// the arrays anew.
typedef struct {
    const char *id, *kind, *title;
    const char *help;                                  // one sentence under the picture
    const char *start, *end;                           // trace: what stands at both ends of its slider; start NULL: what the model's samples start from
    const Knob *options;
    bool (*fits)(const Run *r);                        // can this run show it (beyond the model's listing it)?
    bool (*compute)(Run *r, const double *option, Out *out);   // fills named arrays
    // For arrays that take long: compute() leaves them coarse, and refine(), called for slice 0, 1, ... in turn, makes them what they
    // stay, some ms at a time.  Both NULL: compute() does it all.
    int (*slices)(const double *option, const Out *arrays);
    bool (*refine)(Run *r, const double *option, int slice, Out *arrays);
    void (*arrange)(const Run *r, const double *option, const Out *arrays, Scene *scene);   // r may be NULL: the arrays say all
} ViewDef;

extern const ViewDef *const view_defs[];
extern const int n_view_defs;
const ViewDef *view_find(const char *id);              // NULL when there is none

#endif
