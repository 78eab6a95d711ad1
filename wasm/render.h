// render.h -- draws any scene with WebGL2.  The only file that knows GL.
//
// Works on whatever context is current (emscripten_webgl_make_context_current) and keeps the GL objects of one context:
//
//     make the context current;  render_init();              once per context
//     render_draw(&scene, width, height, dpr, dark);          once per frame
//     the context is lost:      render_lost();                then render_init() again on the restored or next one
//     going to another context: render_free(); switch; render_init();
//
// Where things stand is layout.h's business: layout_panels() with the same scene and numbers gives what is drawn.
#ifndef GENPLAY_RENDER_H
#define GENPLAY_RENDER_H

#include <stdbool.h>

#include "view/layout.h"
#include "view/scene.h"

// Compiles the programs and makes the buffers.  False: fail(ERROR_UNSUPPORTED) with the log of the graphics driver.  Twice in a row is
// allowed and does nothing.
bool render_init(void);

// Draws the scene over the whole canvas of width x height device pixels; `dpr` of them make one CSS pixel.  Before render_init: nothing.
// scene NULL clears the canvas to the theme's background.
void render_draw(const Scene *scene, int width, int height, float dpr, bool dark);

// The context is gone and took its objects along: forgets their names.
void render_lost(void);

// Deletes the GL objects of the current context, and the scratch memory.
void render_free(void);

#endif
