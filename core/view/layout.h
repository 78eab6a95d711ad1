// layout.h -- where a scene's panels and pictures stand on a canvas, in pixels.
//
// The only place where data coordinates meet pixels: the renderer draws by it, and the page maps pointers by it.
// Pixels here are the canvas's own (device pixels), x to the right, y down; `dpr` of them make one CSS pixel.
#ifndef GENPLAY_LAYOUT_H
#define GENPLAY_LAYOUT_H

#include "view/scene.h"

// A grid of pictures: number i stands in column i % cols, row i / cols, and covers (x + col * dx, y + row * dy), w x h.
// Where pictures come in pairs, the second of a pair stands `under` below the first.
typedef struct { int cols, rows; float x, y, w, h, dx, dy, under; } TileLayout;

typedef struct {
    float x, y, w, h;            // its rectangle, whole pixels
    float x0, x1, y0, y1;        // data coordinates at its left, right, bottom, top edges
    TileLayout tiles;            // of its ITEM_TILES; cols 0: it shows none
} PanelLayout;

// CSS pixels: between panels; above the pictures of a panel that has a title; for words over the columns of pictures
enum { LAYOUT_GAP = 8, LAYOUT_TITLE = 30, LAYOUT_HEADS = 18 };

// Fills out[s->n] for a canvas of width x height pixels.
void layout_panels(const Scene *s, int width, int height, float dpr, PanelLayout out[SCENE_PANELS]);

// Data coordinates to pixels, and back.
void layout_to_pixel(const PanelLayout *p, const float xy[2], float pixel[2]);
void layout_to_data(const PanelLayout *p, const float pixel[2], float xy[2]);

// What one of Item's sizes is in pixels on that panel.
float layout_size(const PanelLayout *p, float dpr, float size);

#endif
