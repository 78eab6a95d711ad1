#include "view/layout.h"

#include <math.h>

enum { TILE_PAD = 8, TILE_GAP = 3, PAIR_GAP = 10 };    // CSS pixels: around a grid, between pictures, between rows of pairs
#define WHOLE_SCALE 0.85f    // whole pixels per picture pixel cost at most 15 % of the size, otherwise the scale stays fractional
#define FULL_GRID 1.2f       // a grid without a broken last row may have pictures that much smaller

static float at_least(float a, float least) { return a > least ? a : least; }

// A panel's rectangle: edges inside the canvas leave half a gap.
static void place_panel(const Panel *p, float width, float height, float dpr, PanelLayout *out) {
    const float edge = 1e-3f, half = 0.5f * LAYOUT_GAP * dpr;
    float left = p->x * width + (p->x > edge ? half : 0), right = (p->x + p->w) * width - (p->x + p->w < 1 - edge ? half : 0);
    float top = p->y * height + (p->y > edge ? half : 0), bottom = (p->y + p->h) * height - (p->y + p->h < 1 - edge ? half : 0);
    out->x = roundf(left);
    out->y = roundf(top);
    out->w = at_least(roundf(right) - out->x, 1);
    out->h = at_least(roundf(bottom) - out->y, 1);
}

// Data coordinates of the rectangle's edges; `square` widens the axis that has room.
static void place_plane(const Panel *p, PanelLayout *out) {
    out->x0 = p->x0; out->x1 = p->x1; out->y0 = p->y0; out->y1 = p->y1;
    if (!p->square) return;
    float per_x = (p->x1 - p->x0) / out->w, per_y = (p->y1 - p->y0) / out->h, unit = at_least(per_x, per_y);
    float mid_x = 0.5f * (p->x0 + p->x1), mid_y = 0.5f * (p->y0 + p->y1);
    if (per_x < unit) { out->x0 = mid_x - 0.5f * unit * out->w; out->x1 = mid_x + 0.5f * unit * out->w; }
    if (per_y < unit) { out->y0 = mid_y - 0.5f * unit * out->h; out->y1 = mid_y + 0.5f * unit * out->h; }
}

// Pixels per picture pixel with that many columns in that much room.
static float tile_scale(const Item *it, int cols, float width, float height, float gap, float row_gap, float pair_gap) {
    int rows = (it->n + cols - 1) / cols, high = it->under ? 2 : 1;
    float w = (width - (float)(cols - 1) * gap) / (float)cols;
    float h = (height - (float)(rows - 1) * row_gap) / (float)rows - pair_gap;
    return fminf(w / (float)it->w, h / (float)(it->h * high));
}

// All pictures of a panel as one item: the first, grown to the grid that they share.
static Item all_tiles(const Panel *p) {
    Item all = { 0 };
    int cols = 0, rows = 0;
    for (int k = 0; k < p->n; k++) {
        const Item *it = &p->item[k];
        if (it->kind != ITEM_TILES || it->n < 1) continue;
        if (!all.n) all = *it;
        if (it->cols < 1) return all;                      // it has the panel to itself
        int right = it->left + it->cols, bottom = it->top + (it->n + it->cols - 1) / it->cols;
        cols = right > cols ? right : cols;
        rows = bottom > rows ? bottom : rows;
    }
    all.cols = cols;
    all.n = cols * rows;
    return all;
}

static TileLayout place_tiles(const Item *it, const PanelLayout *p, float top, float dpr) {
    float pad = roundf(TILE_PAD * dpr);
    float gap = at_least(roundf(TILE_GAP * dpr), 1), pair_gap = it->under ? gap : 0, row_gap = it->under ? roundf(PAIR_GAP * dpr) : gap;
    float width = p->w - 2 * pad, height = p->h - top - pad, best = 0, most = 0;
    int cols = it->cols > 0 ? it->cols : 1;
    if (it->cols > 0) best = tile_scale(it, cols, width, height, gap, row_gap, pair_gap);
    else for (int k = 1; k <= it->n; k++) {
        float scale = tile_scale(it, k, width, height, gap, row_gap, pair_gap), worth = it->n % k ? scale : FULL_GRID * scale;
        if (worth > most) { best = scale; most = worth; cols = k; }
    }
    float whole = floorf(best);
    if (whole >= WHOLE_SCALE * best) best = whole;
    TileLayout t = { .cols = cols, .rows = (it->n + cols - 1) / cols };
    t.w = at_least(floorf(best * (float)it->w), 1);
    t.h = at_least(floorf(best * (float)it->h), 1);
    t.under = it->under ? t.h + pair_gap : 0;
    t.dx = t.w + gap;
    t.dy = t.h + t.under + row_gap;
    t.x = p->x + roundf(pad + 0.5f * (width - (float)cols * t.dx + gap));
    t.y = p->y + roundf(top + 0.5f * (height - (float)t.rows * t.dy + row_gap));
    return t;
}

void layout_panels(const Scene *s, int width, int height, float dpr, PanelLayout out[SCENE_PANELS]) {
    for (int i = 0; i < s->n; i++) {
        const Panel *p = &s->panel[i];
        out[i] = (PanelLayout){ 0 };
        place_panel(p, (float)width, (float)height, dpr, &out[i]);
        place_plane(p, &out[i]);
        const Item tiles = all_tiles(p);
        float top = roundf((panel_title(p)[0] ? LAYOUT_TITLE : TILE_PAD) * dpr) + (p->heads[0] ? roundf(LAYOUT_HEADS * dpr) : 0);
        if (tiles.n) out[i].tiles = place_tiles(&tiles, &out[i], top, dpr);
    }
}

void layout_to_pixel(const PanelLayout *p, const float xy[2], float pixel[2]) {
    pixel[0] = p->x + (xy[0] - p->x0) / (p->x1 - p->x0) * p->w;
    pixel[1] = p->y + (p->y1 - xy[1]) / (p->y1 - p->y0) * p->h;
}

void layout_to_data(const PanelLayout *p, const float pixel[2], float xy[2]) {
    xy[0] = p->x0 + (pixel[0] - p->x) / p->w * (p->x1 - p->x0);
    xy[1] = p->y1 - (pixel[1] - p->y) / p->h * (p->y1 - p->y0);
}

float layout_size(const PanelLayout *p, float dpr, float size) {
    float css = fminf(p->w, p->h) / dpr, grow = sqrtf(css / 500);
    return size * dpr * fminf(fmaxf(grow, 0.6f), 2.5f);
}
