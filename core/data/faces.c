// faces.c -- cartoon faces with known expressions: for arithmetic with attributes (sad face + [mean of smiling - mean of sad]).
//
// A face is a stack of soft-edged shapes, painted from back to front: hair behind, head, fringe, eyes with pupils, brows, nose, mouth, glasses.
// Each is given by a signed distance in pixels (negative inside), exact for segments and to first order for ellipses and the mouth's parabola; a
// pixel's cover is 1/2 - distance, cut to [0,1].
// Attributes, independent of each other: smile in [-1, 1] (its sign is the class: 0 sad, 1 smiling; never within .2 of 0), glasses 0 or 1, hair in
// [0, 1] from bald to long, eyes in [0, 1] from closed to open, width in [0, 1], gaze in [-1, 1] from the picture's left to its right.  What is not
// among them (tone of skin and hair, a pixel's shift of the whole) is chance.
#include <math.h>

#include "data/data.h"

enum { SIDE = 32, SMILE = 0, GLASSES, HAIR, EYES, WIDTH, GAZE, ATTRIBUTES };

typedef struct { double cx, cy, a, skin, hair_tone; const float *known; } Face;

static double cover(double distance) { return distance < -.5 ? 1 : distance > .5 ? 0 : .5 - distance; }

// Signed distance to an ellipse with half axes a and b, to first order: with k = |(x/a, y/b)| it is (k - 1) / |grad k|.
static double ellipse(double x, double y, double a, double b) {
    double u = x / a, v = y / b, k = sqrt(u * u + v * v), slope = sqrt(u / a * u / a + v / b * v / b);
    return k < 1e-9 ? -(a < b ? a : b) : (k - 1) * k / slope;
}

// To the segment from (x0, y0) to (x1, y1), drawn `thick` pixels wide.
static double segment(double x, double y, double x0, double y0, double x1, double y1, double thick) {
    double dx = x1 - x0, dy = y1 - y0, t = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    double ex = x - x0 - t * dx, ey = y - y0 - t * dy;
    return sqrt(ex * ex + ey * ey) - .5 * thick;
}

// To the parabola with ends (-w, y of the corners) and (w, ...), bent by `bend`: corners up for bend > 0, as in a smile.
static double mouth(double x, double y, double w, double bend, double thick) {
    double t = x < -w ? -w : x > w ? w : x, slope = -2 * bend * t / (w * w), rise = y - bend * (.5 - t * t / (w * w)), side = x - t;
    return sqrt(rise * rise / (1 + slope * slope) + side * side) - .5 * thick;
}

static double deepest(double a, double b) { return a > b ? a : b; }       // of two distances: where both shapes are

// Hair falls from the crown: the part above a line that sinks as it grows longer.
static double hair_behind(const Face *f, double x, double y) {
    double length = (double)f->known[HAIR];
    return deepest(ellipse(x, y + .6, f->a + .5 + 2.8 * length, 12.5 + .8 * length), y + 13 - 27 * length);
}
static double fringe(const Face *f, double x, double y) {
    double length = (double)f->known[HAIR];
    return deepest(ellipse(x, y, f->a + .6, 12.2), y + 12.2 - 6.2 * (length < .5 ? 2 * length : 1));
}

static void lay(double *tone, double distance, double shade) {
    double c = cover(distance);
    *tone += c * (shade - *tone);
}

static void eye(const Face *f, double *tone, double x, double y, double side) {
    double open = (double)f->known[EYES], ex = x - side * .44 * f->a, ey = y + 1.5;
    double white = ellipse(ex, ey, 2.1, .35 + 1.6 * open), smile = (double)f->known[SMILE];
    lay(tone, white - .45, .25);                                                    // the lids' rim
    lay(tone, white, .98);
    lay(tone, deepest(white, ellipse(ex - .9 * (double)f->known[GAZE], ey, 1.05, 1.05)), .04);
    lay(tone, segment(ex * side, ey, -1.9, -3.6 - .5 * (smile < 0 ? -smile : 0), 2, -3.6 + .5 * (smile < 0 ? -smile : 0), .8), .25);
    if (f->known[GLASSES] > 0) lay(tone, fabs(ellipse(ex, ey, 3.3, 3)) - .45, .08);
}

static double shade_at(const Face *f, double x, double y) {
    double tone = 0, smile = (double)f->known[SMILE];
    lay(&tone, hair_behind(f, x, y), f->hair_tone);
    lay(&tone, ellipse(x, y, f->a, 12), f->skin);
    lay(&tone, fringe(f, x, y), f->hair_tone);
    if (y < 4) lay(&tone, segment(x, y, 0, .6, .5, 2.9, .8), f->skin - .25);
    if (y > 3) lay(&tone, mouth(x, y - 6.6, 3.1 + .5 * fabs(smile), 2.2 * smile, 1.1), .12);
    if (y < -7 || y > 3) return tone;                                               // only eyes and glasses are left
    eye(f, &tone, x, y, x < 0 ? -1 : 1);
    if (f->known[GLASSES] > 0) lay(&tone, segment(x, y + 1.7, -.44 * f->a + 3.2, 0, .44 * f->a - 3.2, 0, .8), .08);
    return tone;
}

static double between(Rng *r, double least, double most) { return least + (most - least) * rng_u(r); }

static void faces_image(Rng *r, int label, uint8_t *pixels, float *known) {
    known[SMILE] = (float)(between(r, .2, 1) * (label ? 1 : -1));
    known[GLASSES] = (float)(rng_u(r) < .35);
    known[HAIR] = (float)rng_u(r);
    known[EYES] = (float)rng_u(r);
    known[WIDTH] = (float)rng_u(r);
    known[GAZE] = (float)between(r, -1, 1);
    Face f = { .cx = SIDE / 2 + between(r, -.7, .7), .cy = SIDE / 2 + .8 + between(r, -.7, .7), .a = 8.2 + 2.6 * (double)known[WIDTH],
               .skin = between(r, .68, .88), .hair_tone = between(r, .28, .45), .known = known };
    for (int i = 0; i < SIDE * SIDE; i++) pixels[i] = (uint8_t)(255 * shade_at(&f, i % SIDE + .5 - f.cx, i / SIDE + .5 - f.cy) + .5);
}

const DataDef data_faces = {
    .id = "faces", .title = "Cartoon faces",
    .summary = "Faces that smile or are sad, with or without glasses, drawn by the program, so that everything about them is known.",
    .source = "drawn by Genplay: no pixel comes from another data set",
    .kind = DATA_IMAGE, .shape = { SIDE, SIDE, 1 }, .classes = 2, .entropy = (double)NAN,
    .image = faces_image, .pool = 10000,
    .n_attributes = ATTRIBUTES, .attributes = { "smile", "glasses", "hair", "eyes", "width", "gaze" },
};
