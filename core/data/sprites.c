// sprites.c -- one white shape on black, its kind, size, turn and place known: for seeing whether codes come apart (disentanglement).
//
// The factors are those of dSprites (Matthey et al. 2017): square, ellipse or heart; scale; rotation; x; y.  Here they are drawn anew for
// every example, uniform and independent, at 32x32 with soft edges: a pixel is the share of its 4x4 points inside the shape.
// Attributes: shape 0 1 2; scale in [0.5, 1]; turn in [0, 1) of a whole turn, clockwise; x, y in [0, 1], the centre's place between the least and
// the greatest that keep every shape inside.  An ellipse looks the same after half a turn, a square after a quarter.
#include <math.h>

#include "base/real.h"
#include "data/data.h"

enum { SIDE = 32, FINE = 4, KINDS = 3 };
static const double reach = 8;                     // pixels from the centre to the farthest point of a shape of scale 1

// In units of `reach`; every shape lies within the unit disc.
static bool in_square(double x, double y) { return fabs(x) <= .68 && fabs(y) <= .68; }
static bool in_ellipse(double x, double y) { return x * x + y * y / .25 <= 1; }
// (x^2 + y^2 - 1)^3 = x^2 y^3, the point at the bottom, shifted and shrunk into the disc.
static bool in_heart(double x, double y) {
    double u = x * 1.27, v = .12 - y * 1.27, r = u * u + v * v - 1;
    return r * r * r <= u * u * v * v * v;
}
static bool (*const inside[KINDS])(double, double) = { in_square, in_ellipse, in_heart };

static void sprites_image(Rng *r, int label, uint8_t *pixels, float *known) {
    double scale = .5 + .5 * rng_u(r), turn = rng_u(r), px = rng_u(r), py = rng_u(r);
    double cx = reach + (SIDE - 2 * reach) * px, cy = reach + (SIDE - 2 * reach) * py;
    double c = real_cos(2 * REAL_PI * turn) / (scale * reach), s = real_sin(2 * REAL_PI * turn) / (scale * reach);
    for (int i = 0; i < SIDE * SIDE; i++) {
        int hits = 0;
        bool near = fabs(i % SIDE + .5 - cx) < reach + 1 && fabs(i / SIDE + .5 - cy) < reach + 1;
        for (int k = 0; near && k < FINE * FINE; k++) {
            double x = i % SIDE + (k % FINE + .5) / FINE - cx, y = i / SIDE + (k / FINE + .5) / FINE - cy;
            hits += inside[label](c * x + s * y, c * y - s * x);
        }
        pixels[i] = (uint8_t)(hits * 255 / (FINE * FINE));
    }
    known[0] = (float)label, known[1] = (float)scale, known[2] = (float)turn, known[3] = (float)px, known[4] = (float)py;
}

const DataDef data_sprites = {
    .id = "sprites", .title = "Sprites",
    .summary = "One white square, ellipse or heart of known size, turn and place. Does a code keep these apart?",
    .source = "drawn by Genplay; factors as in dSprites (Matthey et al. 2017)",
    .kind = DATA_IMAGE, .shape = { SIDE, SIDE, 1 }, .classes = KINDS, .entropy = (double)NAN,
    .image = sprites_image, .pool = 10000,
    .n_attributes = 5, .attributes = { "shape", "scale", "turn", "x", "y" },
};
