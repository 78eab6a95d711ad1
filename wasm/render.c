// render.c -- a scene through WebGL2.
//
// Four programs, one per way of covering pixels: marks (one quad per point, its shape a signed distance in the fragment shader, so edges
// are smooth at any size without multisampling), segments (one quad per line piece), heat (one quad, colours looked up per pixel) and
// tiles (one quad per picture).  Backgrounds, borders and axes are clears inside a scissor rectangle.  The viewport is the panel, so
// shaders know only its size and the map from data units to clip space.  Colours leave the shaders premultiplied.
//
// Nothing is kept from frame to frame but the programs, two vertex buffers, two textures and one scratch block that grows to the largest
// frame: a scene is uploaded anew each time, which costs less than knowing what changed.
#include "render.h"

#include <GLES3/gl3.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

// ------------------------------------------------------------------------------------------------------------- programs

// Every uniform that any program has; a program that lacks one has location -1, which GL ignores.
#define UNIFORMS(U) \
    U(origin) U(unit) U(panel) U(size) U(mark) U(alpha) U(halo) U(cap) U(image) U(cells) U(lower) U(upper) U(kind) U(mid) U(high) \
    U(low_colour) U(mid_colour) U(high_colour) U(line_colour) U(picture) U(across) U(first) U(grid) U(step) U(ink)
enum {
#define U(name) U_##name,
    UNIFORMS(U)
#undef U
    N_UNIFORMS
};
static const char *const uniform_name[N_UNIFORMS] = {
#define U(name) #name,
    UNIFORMS(U)
#undef U
};

typedef struct { GLuint id; GLint at[N_UNIFORMS]; } GlProgram;
enum { ATTRIBUTE_FROM, ATTRIBUTE_TO, ATTRIBUTE_COLOUR };

// Data units to clip space; what is not finite goes out of sight.
#define HEADER "#version 300 es\nprecision highp float;\nprecision highp int;\nprecision highp sampler2D;\n"
#define PLACE \
    "uniform vec2 origin, unit, panel;\n" \
    "vec2 place(vec2 x) { vec2 p = (x - origin) * unit - 1.; return all(lessThan(abs(p), vec2(1e6))) ? p : vec2(9.); }\n" \
    "vec2 corner() { return vec2(gl_VertexID & 1, gl_VertexID >> 1); }\n"

// Marks: `shape` is the pixel's offset from the centre; the halo in the panel's colour sets marks off from each other and from a map.
static const char mark_vertex[] = HEADER PLACE
    "layout(location = 0) in vec2 from; layout(location = 2) in vec4 colour;\n"
    "uniform float size, halo; out vec2 shape; flat out vec4 tint;\n"
    "void main() {\n"
    "  shape = (corner() * 2. - 1.) * (size * 1.35 + halo + 1.);\n"
    "  tint = colour;\n"
    "  gl_Position = vec4(place(from) + shape * 2. / panel, 0., 1.);\n"
    "}\n";
static const char mark_fragment[] = HEADER
    "in vec2 shape; flat in vec4 tint; out vec4 result;\n"
    "uniform float size, halo, alpha; uniform int mark; uniform vec4 mid_colour;\n"
    "float distance_to(vec2 p) {\n"
    "  if (mark == 0) return length(p) - size;\n"
    "  if (mark == 2) { p = abs(p); return max(p.x, p.y) - .9 * size; }\n"
    "  if (mark == 3) return abs(length(p) - .85 * size) - max(.22 * size, .6);\n"
    "  p = abs(vec2(p.x + p.y, p.x - p.y) * .70711);\n"                   // a cross: two bars, turned by 45 degrees
    "  p = vec2(max(p.x, p.y), min(p.x, p.y));\n"
    "  return max(p.x - 1.25 * size, p.y - max(.3 * size, .55));\n"
    "}\n"
    "void main() {\n"
    "  float d = distance_to(shape), fill = clamp(.5 - d, 0., 1.), rim = clamp(.5 - d + halo, 0., 1.) - fill;\n"
    "  result = (tint * fill + mid_colour * rim) * alpha;\n"
    "}\n";

// Segments: `shape` runs along the segment (x, from 0 to `span`) and across it (y).  Round ends join the pieces of a path; faint lines get
// flat ends, since overlapping ends would show as dots.
static const char line_vertex[] = HEADER PLACE
    "layout(location = 0) in vec2 from; layout(location = 1) in vec2 to; layout(location = 2) in vec4 colour;\n"
    "uniform float size, cap; out vec2 shape; flat out vec4 tint; flat out float span;\n"
    "void main() {\n"
    "  vec2 a = place(from) * panel * .5, b = place(to) * panel * .5, along = b - a, at = corner();\n"
    "  span = length(along);\n"
    "  along = span > 1e-4 ? along / span : vec2(1., 0.);\n"
    "  float reach = .5 * size + 1.;\n"
    "  shape = vec2(at.x * span + (at.x * 2. - 1.) * reach * cap, (at.y * 2. - 1.) * reach);\n"
    "  tint = colour;\n"
    "  gl_Position = vec4((a + along * shape.x + vec2(-along.y, along.x) * shape.y) * 2. / panel, 0., 1.);\n"
    "}\n";
static const char line_fragment[] = HEADER
    "in vec2 shape; flat in vec4 tint; flat in float span; out vec4 result;\n"
    "uniform float size, alpha;\n"
    "void main() {\n"
    "  float d = length(vec2(shape.x - clamp(shape.x, 0., span), shape.y));\n"
    // A line thinner than a pixel keeps its weight as fainter colour.
    "  result = tint * clamp(.5 * max(size, 1.) + .5 - d, 0., 1.) * min(size, 1.) * alpha;\n"
    "}\n";

// Heat: the four nearest cells, blended.  Outside the cells by more than one cell there is nothing to show.
static const char heat_vertex[] = HEADER
    "uniform vec2 lower, upper; out vec2 at;\n"
    "void main() { vec2 c = vec2(gl_VertexID & 1, gl_VertexID >> 1); at = mix(lower, upper, c); gl_Position = vec4(c * 2. - 1., 0., 1.); }\n";
static const char heat_fragment[] = HEADER
    "in vec2 at; out vec4 result;\n"
    "uniform sampler2D image; uniform ivec2 cells; uniform int kind; uniform float mid, high, alpha;\n"
    "uniform vec4 low_colour, mid_colour, high_colour, line_colour;\n"
    "float cell(ivec2 i) { i = clamp(i, ivec2(0), cells - 1); return texelFetch(image, ivec2(i.x, cells.y - 1 - i.y), 0).r; }\n"
    "void main() {\n"
    "  vec2 p = at * vec2(cells) - .5, f = fract(p); ivec2 i = ivec2(floor(p));\n"
    "  float v = mix(mix(cell(i), cell(i + ivec2(1, 0)), f.x), mix(cell(i + ivec2(0, 1)), cell(i + 1), f.x), f.y);\n"
    "  float s = (v - mid) / (high - mid), edge = abs(s) / max(fwidth(s), 1e-6);\n"
    "  bool empty = isnan(v) || any(lessThan(p, vec2(-1.5))) || any(greaterThan(p, vec2(cells) + .5));\n"
    "  if (empty) { result = vec4(0.); return; }\n"
    "  if (kind == 0) { result = high_colour * sqrt(clamp(s, 0., 1.)) * alpha; return; }\n"
    "  s = clamp(s, -1., 1.);\n"
    "  vec4 c = s < 0. ? mix(mid_colour, low_colour, -s) : mix(mid_colour, high_colour, s);\n"
    // A thin line where the sign changes, unless the map is flat there.
    "  float line = fwidth(s) > 1e-5 ? clamp(1.2 - edge, 0., 1.) : 0.;\n"
    "  result = mix(c, line_colour, .55 * line) * alpha;\n"
    "}\n";

// Tiles: every picture of an atlas on a quad of its own.  A pixel's colour is the exact mean of the picture over the pixel's square, so
// whole scales are crisp, fractional ones even, and small ones do not flicker.
static const char tile_vertex[] = HEADER
    "uniform vec2 panel, size, step; uniform vec2 lower; uniform int across, grid, first; uniform ivec2 picture;\n"
    "out vec2 at; flat out ivec2 base;\n"
    "void main() {\n"
    "  vec2 c = vec2(gl_VertexID & 1, gl_VertexID >> 1); int i = gl_InstanceID, k = i + first;\n"
    "  at = c * vec2(picture);\n"
    "  base = ivec2(k % across, k / across) * picture;\n"
    "  vec2 p = (lower + vec2(i % grid, i / grid) * step + c * size) * 2. / panel - 1.;\n"
    "  gl_Position = vec4(p.x, -p.y, 0., 1.);\n"
    "}\n";
static const char tile_fragment[] = HEADER
    "in vec2 at; flat in ivec2 base; out vec4 result;\n"
    "uniform sampler2D image; uniform ivec2 picture; uniform vec2 size; uniform vec4 low_colour, high_colour; uniform int ink;\n"
    "void main() {\n"
    "  vec2 whole = vec2(picture), reach = .5 * whole / size, a = max(at - reach, 0.), b = min(at + reach, whole);\n"
    "  ivec2 from = ivec2(floor(a)), to = min(ivec2(ceil(b)), min(picture, from + 16)); vec3 sum = vec3(0.); float weight = 0.;\n"
    "  for (int y = from.y; y < to.y; y++) for (int x = from.x; x < to.x; x++) {\n"
    "    vec2 t = vec2(x, y), w = max(min(b, t + 1.) - max(a, t), 0.);\n"
    "    sum += texelFetch(image, base + ivec2(x, y), 0).rgb * w.x * w.y; weight += w.x * w.y;\n"
    "  }\n"
    "  sum /= max(weight, 1e-9);\n"
    "  result = ink == 0 ? vec4(sum, 1.) : ink == 1 ? vec4(sum.rrr, 1.) : vec4(mix(low_colour.rgb, high_colour.rgb, sum.r), 1.);\n"
    "}\n";
enum { PICTURE_COLOUR, PICTURE_GREY, PICTURE_INK };

enum { PROGRAM_MARKS, PROGRAM_LINES, PROGRAM_HEAT, PROGRAM_TILES, N_PROGRAMS };
static const char *const source[N_PROGRAMS][2] = {
    { mark_vertex, mark_fragment }, { line_vertex, line_fragment }, { heat_vertex, heat_fragment }, { tile_vertex, tile_fragment },
};
static const char *const program_name[N_PROGRAMS] = { "marks", "lines", "heat", "tiles" };

// ---------------------------------------------------------------------------------------------------------------- state

typedef struct { GLuint id; GLenum format; int w, h; } Texture;

static struct {
    bool ready;
    GlProgram program[N_PROGRAMS];
    GLuint places, colours;          // vertex buffers
    Texture heat, tiles;
    GLint widest;                    // largest side of a texture
} gl;
static struct { uint8_t *bytes; size_t size; } scratch;     // survives a lost context

static uint8_t *scratch_take(size_t bytes) {
    if (bytes > scratch.size) {
        uint8_t *more = realloc(scratch.bytes, bytes);
        if (!more) return NULL;
        scratch.bytes = more;
        scratch.size = bytes;
    }
    return scratch.bytes;
}

static GLuint compile(GLenum type, const char *text, const char *name) {
    GLuint shader = glCreateShader(type);
    GLint ok = 0;
    glShaderSource(shader, 1, &text, NULL);
    glCompileShader(shader);
    glGetShaderiv(shader, GL_COMPILE_STATUS, &ok);
    if (ok) return shader;
    char log[300] = "";
    glGetShaderInfoLog(shader, sizeof log, NULL, log);
    glDeleteShader(shader);
    fail(ERROR_UNSUPPORTED, "the graphics driver refuses the %s shader of %s: %s", type == GL_VERTEX_SHADER ? "vertex" : "fragment", name, log);
    return 0;
}

static bool link_program(int k) {
    GLuint vertex = compile(GL_VERTEX_SHADER, source[k][0], program_name[k]);
    GLuint fragment = vertex ? compile(GL_FRAGMENT_SHADER, source[k][1], program_name[k]) : 0;
    GLint ok = 0;
    if (fragment) {
        GLuint id = gl.program[k].id = glCreateProgram();
        glAttachShader(id, vertex);
        glAttachShader(id, fragment);
        glLinkProgram(id);
        glGetProgramiv(id, GL_LINK_STATUS, &ok);
        if (!ok) {
            char log[300] = "";
            glGetProgramInfoLog(id, sizeof log, NULL, log);
            fail(ERROR_UNSUPPORTED, "the graphics driver refuses to link %s: %s", program_name[k], log);
        }
        for (int i = 0; ok && i < N_UNIFORMS; i++) gl.program[k].at[i] = glGetUniformLocation(id, uniform_name[i]);
    }
    if (vertex) glDeleteShader(vertex);
    if (fragment) glDeleteShader(fragment);
    return ok;
}

static void texture_new(Texture *t) {
    *t = (Texture){ 0 };
    glGenTextures(1, &t->id);
    glBindTexture(GL_TEXTURE_2D, t->id);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
}

static void delete_objects(void) {
    for (int k = 0; k < N_PROGRAMS; k++) if (gl.program[k].id) glDeleteProgram(gl.program[k].id);
    GLuint buffer[2] = { gl.places, gl.colours }, texture[2] = { gl.heat.id, gl.tiles.id };
    glDeleteBuffers(2, buffer);
    glDeleteTextures(2, texture);
    render_lost();
}

bool render_init(void) {
    if (gl.ready) return true;
    for (int k = 0; k < N_PROGRAMS; k++)
        if (!link_program(k)) { delete_objects(); return false; }
    glGenBuffers(1, &gl.places);
    glGenBuffers(1, &gl.colours);
    texture_new(&gl.heat);
    texture_new(&gl.tiles);
    glGetIntegerv(GL_MAX_TEXTURE_SIZE, &gl.widest);
    if (gl.widest < 2048) gl.widest = 2048;      // what every WebGL2 context has
    return gl.ready = true;
}

void render_lost(void) { memset(&gl, 0, sizeof gl); }

void render_free(void) {
    if (gl.ready) delete_objects();
    free(scratch.bytes);
    scratch.bytes = NULL;
    scratch.size = 0;
}

// ------------------------------------------------------------------------------------------------------- drawing: common

// What items need to know of where they are drawn.
typedef struct { const Panel *panel; const PanelLayout *at; float dpr; int height; bool dark; } Place;

static float channel(uint32_t rgb, int shift) { return (float)(rgb >> shift & 255) / 255; }

static void set_colour(GLint at, bool dark, Role role, float alpha) {
    uint32_t c = palette[dark][role];
    glUniform4f(at, channel(c, 16) * alpha, channel(c, 8) * alpha, channel(c, 0) * alpha, alpha);
}

// Fills a rectangle of the canvas (pixels, y down) with a colour of the palette.
static void fill_rect(const Place *p, float x, float y, float w, float h, Role role) {
    uint32_t c = palette[p->dark][role];
    glScissor((GLint)x, p->height - (GLint)(y + h), (GLsizei)w, (GLsizei)h);
    glClearColor(channel(c, 16), channel(c, 8), channel(c, 0), 1);
    glClear(GL_COLOR_BUFFER_BIT);
}

static const GlProgram *use_program(int k, const Place *p, const Item *it) {
    const GlProgram *g = &gl.program[k];
    const PanelLayout *at = p->at;
    glUseProgram(g->id);
    glUniform2f(g->at[U_origin], at->x0, at->y0);
    glUniform2f(g->at[U_unit], 2 / (at->x1 - at->x0), 2 / (at->y1 - at->y0));
    glUniform2f(g->at[U_panel], at->w, at->h);
    glUniform1f(g->at[U_alpha], it->alpha);
    glUniform1i(g->at[U_image], 0);
    return g;
}

static void use_places(GLuint attribute, ptrdiff_t offset) {
    glEnableVertexAttribArray(attribute);
    glVertexAttribPointer(attribute, 2, GL_FLOAT, GL_FALSE, 2 * sizeof(float), (const void *)offset);
    glVertexAttribDivisor(attribute, 1);
}

// One colour per mark or segment: by label where there are labels, else the item's role for all.
static void use_colours(const Place *p, const Item *it) {
    uint8_t *rgba = it->label ? scratch_take((size_t)it->n * 4) : NULL;
    if (!rgba) {
        uint32_t c = palette[p->dark][it->role];
        glDisableVertexAttribArray(ATTRIBUTE_COLOUR);
        glVertexAttrib4f(ATTRIBUTE_COLOUR, channel(c, 16), channel(c, 8), channel(c, 0), 1);
        return;
    }
    for (int i = 0; i < it->n; i++) {
        int label = it->label[i];
        uint32_t c = palette[p->dark][label < 0 ? it->role : ROLE_CLASS0 + (Role)(label % N_CLASS_ROLES)];
        rgba[4 * i] = (uint8_t)(c >> 16);
        rgba[4 * i + 1] = (uint8_t)(c >> 8);
        rgba[4 * i + 2] = (uint8_t)c;
        rgba[4 * i + 3] = 255;
    }
    glBindBuffer(GL_ARRAY_BUFFER, gl.colours);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)it->n * 4, rgba, GL_STREAM_DRAW);
    glEnableVertexAttribArray(ATTRIBUTE_COLOUR);
    glVertexAttribPointer(ATTRIBUTE_COLOUR, 4, GL_UNSIGNED_BYTE, GL_TRUE, 4, NULL);
    glVertexAttribDivisor(ATTRIBUTE_COLOUR, 1);
}

static void draw_quads(int n) { glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, n); }

// New contents of a texture; the storage is made anew only when its shape changes.
static void texture_fill(Texture *t, GLenum storage, GLenum format, GLenum type, int w, int h, const void *data) {
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, t->id);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
    if (t->format == storage && t->w == w && t->h == h) {
        glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, w, h, format, type, data);
        return;
    }
    glTexImage2D(GL_TEXTURE_2D, 0, (GLint)storage, w, h, 0, format, type, data);
    t->format = storage; t->w = w; t->h = h;
}

// ------------------------------------------------------------------------------------------------------ drawing: by kind

static void draw_points(const Place *p, const Item *it) {
    const GlProgram *g = use_program(PROGRAM_MARKS, p, it);
    glUniform1f(g->at[U_size], layout_size(p->at, p->dpr, it->size));
    glUniform1i(g->at[U_mark], (GLint)it->mark);
    glUniform1f(g->at[U_halo], it->alpha < 1 ? 0 : 0.75f * p->dpr);
    set_colour(g->at[U_mid_colour], p->dark, ROLE_PANEL, 0.6f);
    use_colours(p, it);
    glBindBuffer(GL_ARRAY_BUFFER, gl.places);
    glBufferData(GL_ARRAY_BUFFER, (GLsizeiptr)it->n * 8, it->xy, GL_STREAM_DRAW);
    use_places(ATTRIBUTE_FROM, 0);
    draw_quads(it->n);
}

// Both ends come from one buffer: a path's segment i goes from point i to point i + 1.
static void draw_lines(const Place *p, const Item *it) {
    bool path = it->kind == ITEM_PATH;
    GLsizeiptr bytes = (GLsizeiptr)it->n * 8;
    const GlProgram *g = use_program(PROGRAM_LINES, p, it);
    glUniform1f(g->at[U_size], layout_size(p->at, p->dpr, it->size));
    glUniform1f(g->at[U_cap], it->alpha < 1 ? 0 : 1);
    use_colours(p, it);
    glBindBuffer(GL_ARRAY_BUFFER, gl.places);
    if (path) glBufferData(GL_ARRAY_BUFFER, bytes, it->xy, GL_STREAM_DRAW);
    else {
        glBufferData(GL_ARRAY_BUFFER, 2 * bytes, NULL, GL_STREAM_DRAW);
        glBufferSubData(GL_ARRAY_BUFFER, 0, bytes, it->xy);
        glBufferSubData(GL_ARRAY_BUFFER, bytes, bytes, it->to);
    }
    use_places(ATTRIBUTE_FROM, 0);
    use_places(ATTRIBUTE_TO, path ? 8 : bytes);
    draw_quads(path ? it->n - 1 : it->n);
    glDisableVertexAttribArray(ATTRIBUTE_TO);
}

static void draw_heat(const Place *p, const Item *it) {
    if (it->w > gl.widest || it->h > gl.widest) return;
    const Panel *c = p->panel;
    const PanelLayout *at = p->at;
    float w = c->x1 - c->x0, h = c->y1 - c->y0;
    bool density = it->heat == HEAT_DENSITY;
    texture_fill(&gl.heat, GL_R32F, GL_RED, GL_FLOAT, it->w, it->h, it->value);
    const GlProgram *g = use_program(PROGRAM_HEAT, p, it);
    glUniform2i(g->at[U_cells], it->w, it->h);
    glUniform2f(g->at[U_lower], (at->x0 - c->x0) / w, (at->y0 - c->y0) / h);
    glUniform2f(g->at[U_upper], (at->x1 - c->x0) / w, (at->y1 - c->y0) / h);
    glUniform1i(g->at[U_kind], (GLint)it->heat);
    glUniform1f(g->at[U_mid], density ? 0 : it->mid);
    glUniform1f(g->at[U_high], it->high);
    set_colour(g->at[U_low_colour], p->dark, ROLE_LOW, 1);
    set_colour(g->at[U_mid_colour], p->dark, ROLE_MIDDLE, 1);
    set_colour(g->at[U_high_colour], p->dark, density ? ROLE_SAMPLE : ROLE_HIGH, 1);
    set_colour(g->at[U_line_colour], p->dark, ROLE_TEXT, 1);
    draw_quads(1);
}

// Pictures as bytes, side by side in an atlas of `across` columns: number k of [n,h,w,c] floats goes to slot first + k.
static void pack_pictures(uint8_t *atlas, const Item *it, const float *value, int first, int across, int channels) {
    float scale = 255 / (it->high - it->mid);
    size_t row = (size_t)across * (size_t)it->w * (size_t)channels;
    for (int k = 0; k < it->n; k++) {
        int slot = first + k;
        uint8_t *to = atlas + (size_t)(slot / across * it->h) * row + (size_t)(slot % across * it->w * channels);
        for (int y = 0; y < it->h; y++)
            for (int x = 0; x < it->w; x++, value += it->c)
                for (int c = 0; c < channels; c++) {
                    float v = (value[c] - it->mid) * scale + 0.5f;
                    to[(size_t)y * row + (size_t)(x * channels + c)] = v >= 255 ? 255 : v > 0 ? (uint8_t)v : 0;
                }
    }
}

static void draw_pictures(const Place *p, const Item *it, const TileLayout *t, int first, float down, Role role) {
    const GlProgram *g = &gl.program[PROGRAM_TILES];
    glUniform1i(g->at[U_first], first);
    glUniform2f(g->at[U_lower], t->x + (float)it->left * t->dx - p->at->x, t->y + (float)it->top * t->dy + down - p->at->y);
    set_colour(g->at[U_high_colour], p->dark, role, 1);
    draw_quads(it->n);
}

static void draw_tiles(const Place *p, const Item *it) {
    const TileLayout *t = &p->at->tiles;
    int sets = it->under ? 2 : 1, n = it->n * sets, channels = it->c >= 3 ? 3 : 1;
    int across = n * it->w <= gl.widest ? n : gl.widest / it->w;
    if (!across || !t->cols) return;
    int down = (n + across - 1) / across;
    size_t bytes = (size_t)across * (size_t)it->w * (size_t)down * (size_t)it->h * (size_t)channels;
    uint8_t *atlas = down * it->h <= gl.widest ? scratch_take(bytes) : NULL;
    if (!atlas) return;
    pack_pictures(atlas, it, it->value, 0, across, channels);
    if (it->under) pack_pictures(atlas, it, it->under, it->n, across, channels);
    texture_fill(&gl.tiles, channels == 3 ? GL_RGB8 : GL_R8, channels == 3 ? GL_RGB : GL_RED, GL_UNSIGNED_BYTE, across * it->w, down * it->h, atlas);
    const GlProgram *g = use_program(PROGRAM_TILES, p, it);
    glUniform2f(g->at[U_size], t->w, t->h);
    glUniform2f(g->at[U_step], t->dx, t->dy);
    glUniform2i(g->at[U_picture], it->w, it->h);
    glUniform1i(g->at[U_across], across);
    glUniform1i(g->at[U_grid], it->cols > 0 ? it->cols : t->cols);
    glUniform1i(g->at[U_ink], channels == 3 ? PICTURE_COLOUR : it->ink ? PICTURE_INK : PICTURE_GREY);
    set_colour(g->at[U_low_colour], p->dark, ROLE_BACKGROUND, 1);
    draw_pictures(p, it, t, 0, 0, it->role);
    if (it->under) draw_pictures(p, it, t, it->n, t->under, it->under_role);
}

static void draw_item(const Place *p, const Item *it) {
    if (it->n < 1 && it->kind != ITEM_HEAT) return;
    switch (it->kind) {
    case ITEM_POINTS: draw_points(p, it); break;
    case ITEM_LINES: draw_lines(p, it); break;
    case ITEM_PATH: if (it->n > 1) draw_lines(p, it); break;
    case ITEM_HEAT: draw_heat(p, it); break;
    case ITEM_TILES: draw_tiles(p, it); break;
    }
}

// Thin lines through 0, where 0 is in sight.
static void draw_axes(const Place *p) {
    const PanelLayout *at = p->at;
    float zero[2], wide = fmaxf(roundf(p->dpr), 1);
    layout_to_pixel(at, (float[2]){ 0, 0 }, zero);
    float x = roundf(zero[0] - 0.5f * wide), y = roundf(zero[1] - 0.5f * wide);
    if (x > at->x && x < at->x + at->w) fill_rect(p, x, at->y, wide, at->h, ROLE_AXIS);
    if (y > at->y && y < at->y + at->h) fill_rect(p, at->x, y, at->w, wide, ROLE_AXIS);
}

static void draw_panel(const Place *p) {
    const PanelLayout *at = p->at;
    fill_rect(p, at->x, at->y, at->w, at->h, ROLE_PANEL);
    if (p->panel->axes) draw_axes(p);
    glViewport((GLint)at->x, p->height - (GLint)(at->y + at->h), (GLsizei)at->w, (GLsizei)at->h);
    glScissor((GLint)at->x, p->height - (GLint)(at->y + at->h), (GLsizei)at->w, (GLsizei)at->h);
    for (int i = 0; i < p->panel->n; i++) draw_item(p, &p->panel->item[i]);
}

void render_draw(const Scene *scene, int width, int height, float dpr, bool dark) {
    if (!gl.ready || width < 1 || height < 1) return;
    PanelLayout at[SCENE_PANELS];
    glDisable(GL_DEPTH_TEST);
    glEnable(GL_SCISSOR_TEST);
    glEnable(GL_BLEND);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    fill_rect(&(Place){ .height = height, .dark = dark }, 0, 0, (float)width, (float)height, ROLE_BACKGROUND);
    if (!scene) return;
    layout_panels(scene, width, height, dpr, at);
    for (int i = 0; i < scene->n; i++)
        draw_panel(&(Place){ .panel = &scene->panel[i], .at = &at[i], .dpr = dpr, .height = height, .dark = dark });
}
