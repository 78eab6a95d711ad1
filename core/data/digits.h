// digits.h -- drawn digits: an endless set of handwritten-looking digits, made by the core itself.
//
// The images have MNIST's format and normalisation -- 28x28, grey, white ink on black, the ink's bounding box scaled into
// 20x20 with its aspect kept, its centre of mass at pixel (14,14) -- but no pixel comes from MNIST: a digit is a pen's path
// along a spline, and digits.c holds the tables from which that path is drawn.  How close the two sets are is measured by
// tests/digits.test.mjs.
#ifndef GENPLAY_DIGITS_H
#define GENPLAY_DIGITS_H

#include "base/rng.h"

enum { DIGITS_CLASSES = 10, DIGITS_SIDE = 28, DIGITS_PIXELS = DIGITS_SIDE * DIGITS_SIDE };

// Draws one digit: pixels row by row from the top left, 0 = paper, 255 = full ink; each of the 784 bytes is written.
// label: 0..9, anything else is taken as label 0.  All chance comes from r, so one state of r is one image, in every build.
void digits_draw(Rng *r, int label, uint8_t pixels[DIGITS_PIXELS]);

#endif
