#include "view/scene.h"

#include <assert.h>
#include <string.h>

const uint32_t palette[2][N_ROLES] = {
    {
#define ROLE(name, light, dark) light,
#include "view/palette.def"
#undef ROLE
    },
    {
#define ROLE(name, light, dark) dark,
#include "view/palette.def"
#undef ROLE
    },
};

const char *const palette_name[N_ROLES] = {
#define ROLE(name, light, dark) #name,
#include "view/palette.def"
#undef ROLE
};

Panel *scene_panel(Scene *s, const char *title, float x, float y, float w, float h) {
    assert(s->n < SCENE_PANELS);
    Panel *p = &s->panel[s->n++];
    *p = (Panel){ .title = title, .x = x, .y = y, .w = w, .h = h, .x0 = -1, .x1 = 1, .y0 = -1, .y1 = 1 };
    return p;
}

const char *panel_title(const Panel *p) { return p->said[0] ? p->said : p->title ? p->title : ""; }

void panel_head(Panel *p, const char *word) {
    size_t at = strlen(p->heads), n = strlen(word);
    if (at + n + 2 > sizeof p->heads) return;
    memcpy(p->heads + at, word, n);
    p->heads[at + n] = '\t';
}

void panel_plane(Panel *p, const float bounds[4]) {
    p->x0 = bounds[0]; p->x1 = bounds[1]; p->y0 = bounds[2]; p->y1 = bounds[3];
    p->square = true;
}

static Item *panel_item(Panel *p, Item item) {
    assert(p->n < PANEL_ITEMS);
    p->item[p->n] = item;
    return &p->item[p->n++];
}

Item *panel_points(Panel *p, Role role, Mark mark, float size, const float *xy, int n) {
    return panel_item(p, (Item){ .kind = ITEM_POINTS, .role = role, .mark = mark, .size = size, .alpha = 1, .xy = xy, .n = n });
}

Item *panel_lines(Panel *p, Role role, float size, const float *from, const float *to, int n) {
    return panel_item(p, (Item){ .kind = ITEM_LINES, .role = role, .size = size, .alpha = 1, .xy = from, .to = to, .n = n });
}

Item *panel_path(Panel *p, Role role, float size, const float *xy, int n) {
    return panel_item(p, (Item){ .kind = ITEM_PATH, .role = role, .size = size, .alpha = 1, .xy = xy, .n = n });
}

Item *panel_heat(Panel *p, HeatKind kind, const float *value, int w, int h, float mid, float high) {
    return panel_item(p, (Item){ .kind = ITEM_HEAT, .heat = kind, .alpha = 1, .value = value, .w = w, .h = h, .mid = mid, .high = high });
}

Item *panel_tiles(Panel *p, Role role, const float *value, int n, const int shape[3]) {
    return panel_item(p, (Item){ .kind = ITEM_TILES, .role = role, .alpha = 1, .value = value, .n = n,
                                 .h = shape[0], .w = shape[1], .c = shape[2], .mid = 0, .high = 1 });
}
