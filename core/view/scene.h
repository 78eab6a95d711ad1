// scene.h -- a picture as data: what stands where, in data coordinates, with no word of pixels or of GL.
//
// A view (view.h) computes named arrays from a run and arranges them into a Scene; layout.h says where its panels stand on a canvas;
// the renderer (wasm/render.c) draws any Scene.  Items of a panel are drawn in order, first at the bottom.  A Scene borrows every
// array that it shows: they live in the Out of the call that made it.
#ifndef GENPLAY_SCENE_H
#define GENPLAY_SCENE_H

#include <stdbool.h>
#include <stdint.h>

// One semantic palette for every family (palette.def: role, light-theme colour, dark-theme colour); shape repeats the meaning.
typedef enum {
#define ROLE(name, light, dark) ROLE_##name,
#include "view/palette.def"
#undef ROLE
    N_ROLES
} Role;
enum { N_CLASS_ROLES = 10 };                   // ROLE_CLASS0 ... ROLE_CLASS9
extern const uint32_t palette[2][N_ROLES];     // [dark][role], 0xRRGGBB
extern const char *const palette_name[N_ROLES];

typedef enum { MARK_DISC, MARK_CROSS, MARK_SQUARE, MARK_RING } Mark;

typedef enum {
    ITEM_POINTS,    // xy [n,2]: marks of radius `size`
    ITEM_LINES,     // xy [n,2] to `to` [n,2]: n segments, `size` wide
    ITEM_PATH,      // xy [n,2]: one connected line, `size` wide
    ITEM_HEAT,      // value [h,w], row 0 at the top: cells that share the panel's bounds; a cell's value belongs to its centre
    ITEM_TILES,     // value [n,h,w,c], c 1 or 3: pictures in a grid over the whole panel, row by row
} ItemKind;

// How a heat map's numbers become colours.  NaN stays empty.
typedef enum {
    HEAT_DENSITY,   // value >= 0, 0 is background: towards ROLE_SAMPLE, full from `high` on
    HEAT_SIGNED,    // orange - grey - blue around `mid`, +-(high - mid)
} HeatKind;

typedef struct {
    ItemKind kind;
    Role role;
    Mark mark;
    HeatKind heat;
    int n, w, h, c;
    int cols;                    // tiles: how many in a row; 0: as many as make the pictures largest
    int left, top;               // tiles: column and row of the panel's grid where the first stands.  Items of one size share the grid, and say their cols
    bool ink;                    // grey tiles: 0 is paper and 1 is ink, in the theme's own colours; otherwise 0 is black and 1 is white
    float size;                  // CSS pixels on a panel 500 CSS pixels across; grows and shrinks with the panel, but slower
    float alpha;
    float mid, high;             // heat: see HeatKind.  Tiles: numbers shown as black (paper) and white (ink)
    const float *xy, *to;
    const float *value;
    const float *under;          // tiles: as `value`, a second picture right under each (its reconstruction, say); NULL: none
    Role under_role;
    const int32_t *label;        // points, lines: [n], >= 0 picks ROLE_CLASS0 + label % 10 instead of `role`; NULL: one colour
} Item;

enum { PANEL_ITEMS = 16, SCENE_PANELS = 6 };

typedef struct {
    const char *title;           // for the label that the page lays over its top left corner, "" for none
    char said[80];               // what stands there instead when it is not the same for every picture, such as a number; "": the title
    char heads[240];             // a word over each column of its tiles, each ended by a tab; "": none
    float x, y, w, h;            // where on the canvas, 0..1, y down
    float x0, x1, y0, y1;        // data coordinates at its left, right, bottom, top
    bool square;                 // keep one data unit equally long on both axes (bounds then show a little more)
    bool axes;                   // thin lines through 0
    int n;
    Item item[PANEL_ITEMS];
} Panel;

typedef struct {
    int n;
    Panel panel[SCENE_PANELS];
    char note[320];              // a warning for whoever looks, which the page shows under the picture; "" for none
} Scene;

// --- Building ------------------------------------------------------------------------------------------------------

// A new panel (title "" for none) and new items of it, with everything that is not an argument at its default.  More panels or items
// than fit is a mistake of the view, not of its user: asserted.
Panel *scene_panel(Scene *s, const char *title, float x, float y, float w, float h);
const char *panel_title(const Panel *p);                       // what to lay over it, "" for nothing
void panel_head(Panel *p, const char *word);                   // over its next column; "": none over that one
void panel_plane(Panel *p, const float bounds[4]);             // x0 x1 y0 y1; square
Item *panel_points(Panel *p, Role role, Mark mark, float size, const float *xy, int n);
Item *panel_lines(Panel *p, Role role, float size, const float *from, const float *to, int n);
Item *panel_path(Panel *p, Role role, float size, const float *xy, int n);
Item *panel_heat(Panel *p, HeatKind kind, const float *value, int w, int h, float mid, float high);
Item *panel_tiles(Panel *p, Role role, const float *value, int n, const int shape[3]);   // shape: height, width, channels

#endif
