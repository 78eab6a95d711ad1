// digits_set.c -- drawn digits as a data set: the drawing is in digits.c.
#include <math.h>

#include "data/data.h"
#include "data/digits.h"

static void digits_image(Rng *r, int label, uint8_t *pixels, float *attributes) { (void)attributes; digits_draw(r, label, pixels); }

const DataDef data_digits = {
    .id = "digits", .title = "Drawn digits",
    .summary = "Handwritten digits that the program draws itself, stroke by stroke, as many as you like. Stands in for MNIST where that is not at hand.",
    .source = "drawn by Genplay: no pixel comes from another data set",
    .kind = DATA_IMAGE, .shape = { DIGITS_SIDE, DIGITS_SIDE, 1 }, .classes = DIGITS_CLASSES, .entropy = (double)NAN,
    .image = digits_image, .pool = 10000,
};
