#include "view/view.h"

#include <string.h>

#define VIEW(name) extern const ViewDef view_##name;
#include "view/views.def"
#undef VIEW

const ViewDef *const view_defs[] = {
#define VIEW(name) &view_##name,
#include "view/views.def"
#undef VIEW
};
const int n_view_defs = sizeof view_defs / sizeof *view_defs;

const ViewDef *view_find(const char *id) {
    for (int i = 0; i < n_view_defs; i++)
        if (!strcmp(view_defs[i]->id, id)) return view_defs[i];
    return NULL;
}
