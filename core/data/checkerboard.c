// checkerboard.c -- the eight dark squares of a 4 x 4 board, uniform.
//
// x1 = 4u - 2; x2 = u - 2b + (floor(x1) mod 2), b uniform in {0,1}; all times 2.  The density is 1/32 on the squares and 0 elsewhere.
#include <math.h>

#include "base/real.h"
#include "data/data.h"

// Is column floor(x1) odd?  -2 and 0 are not.
static int odd(double column) { return column == -1 || column == 1; }

// u in steps of 2^-22: every sum below is then exact in single precision, so that no point is rounded out of its square.
static double coarse_u(Rng *r) { return (rng_u32(r) >> 10) * (1.0 / (1 << 22)); }

static void checkerboard_point(Rng *r, float x[2], int *label) {
    double x1 = 4 * coarse_u(r) - 2, column = floor(x1);
    int b = rng_below(r, 2);
    double x2 = coarse_u(r) - 2 * b + odd(column);
    x[0] = (float)(2 * x1);
    x[1] = (float)(2 * x2);
    *label = 2 * ((int)column + 2) + 1 - b;
}

static double checkerboard_log_prob(const double x[2]) {
    double column = floor(x[0] / 2), row = floor(x[1] / 2);
    bool on_board = column >= -2 && column <= 1 && row >= -2 && row <= 1;
    return on_board && odd(column) == odd(row) ? -real_log(32) : -(double)INFINITY;
}

const DataDef data_checkerboard = {
    .id = "checkerboard", .title = "Checkerboard",
    .summary = "Eight squares with sharp edges that touch at their corners. Smooth models blur the edges; how little they do is the test.",
    .source = "checkerboard of FFJORD (Grathwohl et al. 2019, arXiv:1810.01367)",
    .kind = DATA_POINTS, .shape = { 2 }, .classes = 8, .entropy = 3.465735903,
    .point = checkerboard_point, .log_prob = checkerboard_log_prob,
};
