// digits.c -- drawn digits: see digits.h for what they are.
//
// From tables to pixels, in the order of a hand at work:
//   1. pick one of the class's shapes (people write a 7 with or without a bar, a 4 open or closed, ...);
//   2. blend the shape's two extremes and move every knot a little;
//   3. apply the writer's hand: slant, stretch, turn, and a gentle cubic warp of the paper;
//   4. run a spline through the knots and give it a pen width at every point;
//   5. scale so that the ink just fills a 20x20 box, as MNIST does;
//   6. ink = distance to the path, with an edge about one pixel soft and a little rough;
//   7. put the centre of mass at pixel (14,14).
//
// To add a way of writing a digit: write its knots (step 1 below shows how) and add a row to `shapes`.
//
// Only + - * /, sqrt, floor and real.h are used, so that native and wasm builds give the same bytes.
#include "digits.h"

#include <math.h>
#include <string.h>

#include "../base/real.h"

// ---- 1. The shapes -------------------------------------------------------------------------------------------------
//
// A knot is a point that the pen passes, in a frame whose height is 1: x to the right, y down, (0,0) the top left.  It is
// given at two extremes, A and B, of one way of writing; a digit is drawn somewhere between them (or a bit beyond), and
// then each knot moves by about `wobble` in x and y on its own.  The knots stand in the order in which the pen meets them.
typedef enum {
    SMOOTH,   // the pen runs through
    CORNER,   // it stops and turns, more or less sharply
    UP,       // it leaves the paper: the end of a stroke
} Turn;
typedef struct { float ax, ay, bx, by, wobble; Turn turn; } Knot;

// 0: from the top, anticlockwise, back to the top.  A wide and round, B narrow and pointed.
static const Knot zero_ring[] = {
    {.58f, .02f, .60f, .06f, .05f, SMOOTH}, {.24f, .10f, .40f, .20f, .03f, SMOOTH}, {.03f, .46f, .22f, .55f, .03f, SMOOTH},
    {.16f, .86f, .26f, .90f, .03f, SMOOTH}, {.50f, .99f, .46f, .98f, .03f, SMOOTH}, {.86f, .82f, .70f, .75f, .03f, SMOOTH},
    {.97f, .45f, .82f, .40f, .03f, SMOOTH}, {.82f, .10f, .76f, .12f, .03f, SMOOTH}, {.48f, .03f, .56f, .04f, .06f, UP},
};
// 0 with a tail: the pen arrives from the upper right and leaves across its start.
static const Knot zero_tail[] = {
    {.78f, .00f, .70f, .10f, .06f, SMOOTH}, {.34f, .12f, .45f, .10f, .04f, SMOOTH}, {.08f, .50f, .18f, .45f, .03f, SMOOTH},
    {.22f, .90f, .24f, .88f, .03f, SMOOTH}, {.55f, .98f, .52f, .99f, .03f, SMOOTH}, {.90f, .70f, .80f, .70f, .03f, SMOOTH},
    {.90f, .28f, .80f, .25f, .04f, SMOOTH}, {.60f, .10f, .60f, .03f, .06f, SMOOTH}, {.36f, .14f, .28f, .02f, .09f, UP},
};
// 1: one stroke, straight or slightly bent.
static const Knot one_stroke[] = {
    {.50f, .00f, .47f, .00f, .015f, SMOOTH}, {.50f, .50f, .52f, .50f, .02f, SMOOTH}, {.50f, 1.0f, .48f, 1.0f, .015f, UP},
};
// 1 with a flag.
static const Knot one_flag[] = {
    {.22f, .24f, .36f, .16f, .05f, SMOOTH}, {.50f, .00f, .50f, .00f, .02f, CORNER}, {.50f, .50f, .50f, .50f, .02f, SMOOTH},
    {.50f, 1.0f, .50f, 1.0f, .02f, UP},
};
// 1 with a flag and a base.
static const Knot one_base[] = {
    {.22f, .22f, .34f, .16f, .04f, SMOOTH}, {.50f, .00f, .50f, .00f, .02f, CORNER}, {.50f, 1.0f, .50f, .97f, .02f, UP},
    {.18f, 1.0f, .30f, .98f, .04f, SMOOTH}, {.84f, .98f, .72f, .98f, .04f, UP},
};
// 2: arch, then a corner at the lower left, then the base.
static const Knot two_corner[] = {
    {.06f, .24f, .08f, .12f, .06f, SMOOTH}, {.38f, .02f, .42f, .02f, .04f, SMOOTH}, {.76f, .16f, .80f, .18f, .04f, SMOOTH},
    {.58f, .54f, .62f, .52f, .04f, SMOOTH}, {.06f, .95f, .12f, .94f, .05f, CORNER}, {.50f, .94f, .52f, .98f, .04f, SMOOTH},
    {.96f, .92f, .90f, .98f, .06f, UP},
};
// 2 with a loop at the lower left; A a small one, B a large one with a swinging base.
static const Knot two_loop[] = {
    {.12f, .20f, .14f, .14f, .06f, SMOOTH}, {.42f, .01f, .46f, .00f, .04f, SMOOTH}, {.76f, .18f, .74f, .16f, .04f, SMOOTH},
    {.58f, .56f, .60f, .50f, .04f, SMOOTH}, {.22f, .92f, .32f, .86f, .04f, SMOOTH}, {.04f, .92f, .06f, .94f, .04f, SMOOTH},
    {.16f, .79f, .04f, .74f, .04f, SMOOTH}, {.52f, .88f, .32f, .66f, .04f, SMOOTH}, {.92f, .94f, .64f, .82f, .06f, SMOOTH},
    {1.0f, .92f, .94f, .98f, .07f, UP},
};
// 2 like a Z with a round shoulder.
static const Knot two_zed[] = {
    {.06f, .14f, .08f, .08f, .05f, SMOOTH}, {.42f, .06f, .44f, .02f, .04f, SMOOTH}, {.80f, .08f, .76f, .14f, .04f, SMOOTH},
    {.48f, .50f, .48f, .52f, .04f, SMOOTH}, {.06f, .96f, .16f, .92f, .05f, CORNER}, {.46f, .95f, .48f, 1.0f, .04f, SMOOTH},
    {.96f, .96f, .78f, .96f, .08f, UP},
};
// 3: two bowls that meet in a corner.
static const Knot three_bowls[] = {
    {.08f, .14f, .16f, .06f, .06f, SMOOTH}, {.44f, .00f, .46f, .00f, .03f, SMOOTH}, {.78f, .16f, .74f, .18f, .04f, SMOOTH},
    {.60f, .38f, .60f, .40f, .03f, SMOOTH}, {.30f, .45f, .44f, .48f, .06f, CORNER}, {.68f, .52f, .66f, .54f, .03f, SMOOTH},
    {.88f, .74f, .78f, .72f, .04f, SMOOTH}, {.54f, .99f, .50f, .94f, .04f, SMOOTH}, {.04f, .88f, .08f, .98f, .07f, UP},
};
// 3 with a little loop between the bowls.
static const Knot three_loop[] = {
    {.12f, .12f, .10f, .10f, .05f, SMOOTH}, {.46f, .00f, .46f, .00f, .03f, SMOOTH}, {.76f, .16f, .80f, .20f, .04f, SMOOTH},
    {.56f, .42f, .56f, .44f, .03f, SMOOTH}, {.36f, .50f, .34f, .52f, .03f, SMOOTH}, {.38f, .43f, .36f, .42f, .03f, SMOOTH},
    {.72f, .54f, .70f, .56f, .03f, SMOOTH}, {.82f, .80f, .84f, .78f, .04f, SMOOTH}, {.46f, .99f, .50f, 1.0f, .04f, SMOOTH},
    {.04f, .86f, .08f, .94f, .06f, UP},
};
// 3 with a flat top: across, back to the middle, bowl.
static const Knot three_flat[] = {
    {.12f, .06f, .14f, .02f, .04f, SMOOTH}, {.82f, .04f, .76f, .04f, .04f, CORNER}, {.42f, .40f, .40f, .42f, .04f, CORNER},
    {.74f, .48f, .72f, .50f, .04f, SMOOTH}, {.84f, .76f, .82f, .74f, .04f, SMOOTH}, {.48f, .99f, .46f, .99f, .03f, SMOOTH},
    {.04f, .88f, .02f, .92f, .06f, UP},
};
// 4, open: an angle, then a stem on its own.
static const Knot four_open[] = {
    {.26f, .02f, .16f, .04f, .06f, SMOOTH}, {.14f, .32f, .10f, .22f, .03f, SMOOTH}, {.04f, .62f, .06f, .42f, .04f, CORNER},
    {.50f, .60f, .46f, .42f, .03f, SMOOTH}, {.98f, .56f, .88f, .36f, .08f, UP},
    {.78f, .08f, .76f, .00f, .07f, SMOOTH}, {.72f, .50f, .70f, .46f, .03f, SMOOTH}, {.68f, 1.0f, .62f, 1.0f, .06f, UP},
};
// 4, open and round: a bowl that climbs to the top of the stem, all in one go.
static const Knot four_bowl[] = {
    {.16f, .02f, .12f, .02f, .06f, SMOOTH}, {.06f, .32f, .10f, .30f, .04f, SMOOTH}, {.24f, .54f, .30f, .50f, .04f, SMOOTH},
    {.56f, .46f, .60f, .42f, .04f, SMOOTH}, {.80f, .06f, .82f, .04f, .05f, CORNER}, {.74f, .50f, .70f, .50f, .03f, SMOOTH},
    {.70f, 1.0f, .60f, 1.0f, .05f, UP},
};
// 4, closed: down to the left, across, then the stem from the same top.
static const Knot four_closed[] = {
    {.66f, .02f, .62f, .04f, .05f, SMOOTH}, {.34f, .36f, .34f, .26f, .03f, SMOOTH}, {.04f, .68f, .10f, .48f, .05f, CORNER},
    {.50f, .66f, .46f, .46f, .03f, SMOOTH}, {.98f, .62f, .84f, .42f, .08f, UP},
    {.68f, .02f, .70f, .04f, .05f, SMOOTH}, {.67f, .50f, .68f, .50f, .02f, SMOOTH}, {.64f, 1.0f, .64f, 1.0f, .05f, UP},
};
// 4, small and closed above a long stem, near to a 9.
static const Knot four_high[] = {
    {.72f, .06f, .66f, .10f, .06f, SMOOTH}, {.32f, .22f, .34f, .18f, .04f, SMOOTH}, {.08f, .46f, .08f, .36f, .04f, SMOOTH},
    {.36f, .50f, .34f, .44f, .05f, SMOOTH}, {.74f, .36f, .80f, .36f, .06f, UP},
    {.80f, .02f, .76f, .04f, .05f, SMOOTH}, {.72f, .50f, .72f, .50f, .03f, SMOOTH}, {.60f, 1.0f, .66f, 1.0f, .06f, UP},
};
// 5 in one stroke: hat, back, belly.
static const Knot five_stroke[] = {
    {.92f, .04f, .80f, .02f, .06f, SMOOTH}, {.60f, .04f, .56f, .05f, .03f, SMOOTH}, {.34f, .05f, .30f, .06f, .04f, CORNER},
    {.26f, .26f, .24f, .24f, .03f, SMOOTH}, {.20f, .46f, .22f, .42f, .04f, CORNER}, {.54f, .40f, .56f, .40f, .03f, SMOOTH},
    {.80f, .64f, .82f, .68f, .04f, SMOOTH}, {.58f, .94f, .50f, .98f, .04f, SMOOTH}, {.04f, .94f, .06f, .90f, .06f, UP},
};
// 5 with a long hat and a belly that reaches far.
static const Knot five_belly[] = {
    {1.0f, .00f, .86f, .00f, .06f, SMOOTH}, {.66f, .06f, .56f, .04f, .03f, SMOOTH}, {.38f, .08f, .32f, .06f, .04f, CORNER},
    {.30f, .26f, .20f, .24f, .03f, SMOOTH}, {.24f, .40f, .08f, .46f, .05f, CORNER}, {.66f, .38f, .52f, .38f, .04f, SMOOTH},
    {.86f, .62f, .90f, .62f, .05f, SMOOTH}, {.56f, .96f, .62f, .96f, .04f, SMOOTH}, {.04f, .92f, .04f, .92f, .07f, UP},
};
// 5 in two: back and belly, then the hat, which may not touch.
static const Knot five_hat[] = {
    {.30f, .08f, .30f, .06f, .04f, SMOOTH}, {.26f, .26f, .24f, .24f, .03f, SMOOTH}, {.20f, .44f, .22f, .42f, .04f, CORNER},
    {.54f, .42f, .50f, .38f, .03f, SMOOTH}, {.78f, .66f, .80f, .66f, .04f, SMOOTH}, {.52f, .96f, .48f, .98f, .04f, SMOOTH},
    {.06f, .92f, .04f, .88f, .06f, UP},
    {.32f, .07f, .28f, .04f, .05f, SMOOTH}, {.66f, .05f, .62f, .03f, .03f, SMOOTH}, {1.0f, .02f, .90f, .00f, .06f, UP},
};
// 5 without corners, like an S.
static const Knot five_snake[] = {
    {.86f, .04f, .90f, .10f, .05f, SMOOTH}, {.48f, .08f, .50f, .04f, .04f, SMOOTH}, {.24f, .26f, .22f, .24f, .03f, SMOOTH},
    {.48f, .46f, .46f, .46f, .03f, SMOOTH}, {.74f, .70f, .72f, .68f, .04f, SMOOTH}, {.48f, .97f, .46f, .98f, .04f, SMOOTH},
    {.06f, .92f, .06f, .84f, .06f, UP},
};
// 6: stem, belly, loop.
static const Knot six_loop[] = {
    {.62f, .00f, .74f, .04f, .06f, SMOOTH}, {.30f, .30f, .34f, .20f, .03f, SMOOTH}, {.10f, .68f, .08f, .56f, .03f, SMOOTH},
    {.24f, .95f, .22f, .94f, .03f, SMOOTH}, {.56f, .96f, .62f, .98f, .03f, SMOOTH}, {.74f, .76f, .88f, .74f, .04f, SMOOTH},
    {.54f, .58f, .64f, .46f, .04f, SMOOTH}, {.20f, .74f, .18f, .68f, .06f, UP},
};
// 6 with a small closed loop that ends inside.
static const Knot six_curl[] = {
    {.50f, .00f, .60f, .02f, .06f, SMOOTH}, {.24f, .36f, .26f, .30f, .03f, SMOOTH}, {.12f, .76f, .10f, .66f, .03f, SMOOTH},
    {.36f, .98f, .36f, .98f, .03f, SMOOTH}, {.70f, .84f, .74f, .82f, .04f, SMOOTH}, {.62f, .58f, .64f, .56f, .03f, SMOOTH},
    {.34f, .60f, .36f, .58f, .04f, SMOOTH}, {.18f, .84f, .22f, .84f, .06f, UP},
};
// 6 with an upright stem; the loop ends on it or crosses it.
static const Knot six_stem[] = {
    {.24f, .00f, .30f, .00f, .05f, SMOOTH}, {.16f, .38f, .12f, .36f, .03f, SMOOTH}, {.12f, .74f, .08f, .70f, .03f, SMOOTH},
    {.34f, .98f, .32f, .96f, .03f, SMOOTH}, {.72f, .90f, .86f, .88f, .04f, SMOOTH}, {.76f, .62f, .88f, .56f, .05f, SMOOTH},
    {.46f, .56f, .46f, .50f, .04f, SMOOTH}, {.14f, .80f, .04f, .72f, .07f, UP},
};
// 7: across, corner, down.
static const Knot seven_plain[] = {
    {.04f, .08f, .10f, .06f, .06f, SMOOTH}, {.44f, .08f, .46f, .04f, .03f, SMOOTH}, {.88f, .04f, .80f, .08f, .04f, CORNER},
    {.60f, .46f, .72f, .46f, .04f, SMOOTH}, {.36f, 1.0f, .62f, 1.0f, .06f, UP},
};
// 7 with a serif at its start.
static const Knot seven_serif[] = {
    {.06f, .26f, .10f, .20f, .05f, SMOOTH}, {.10f, .08f, .12f, .04f, .04f, CORNER}, {.46f, .08f, .50f, .02f, .03f, SMOOTH},
    {.86f, .06f, .84f, .08f, .04f, CORNER}, {.62f, .46f, .66f, .46f, .04f, SMOOTH}, {.46f, 1.0f, .52f, 1.0f, .06f, UP},
};
// 7 with a round shoulder.
static const Knot seven_round[] = {
    {.08f, .24f, .06f, .14f, .06f, SMOOTH}, {.20f, .06f, .20f, .04f, .04f, SMOOTH}, {.56f, .05f, .56f, .02f, .03f, SMOOTH},
    {.82f, .12f, .84f, .12f, .04f, SMOOTH}, {.72f, .46f, .78f, .46f, .04f, SMOOTH}, {.46f, 1.0f, .62f, 1.0f, .07f, UP},
};
// 7 with a bar.
static const Knot seven_bar[] = {
    {.06f, .10f, .06f, .06f, .05f, SMOOTH}, {.46f, .08f, .46f, .04f, .03f, SMOOTH}, {.86f, .04f, .84f, .06f, .04f, CORNER},
    {.60f, .46f, .62f, .46f, .03f, SMOOTH}, {.42f, 1.0f, .44f, 1.0f, .06f, UP},
    {.32f, .52f, .36f, .50f, .05f, SMOOTH}, {.88f, .48f, .82f, .50f, .06f, UP},
};
// 8: an S, closed on the way back up.
static const Knot eight_cross[] = {
    {.78f, .12f, .72f, .08f, .05f, SMOOTH}, {.46f, .00f, .44f, .01f, .03f, SMOOTH}, {.18f, .20f, .20f, .22f, .03f, SMOOTH},
    {.50f, .48f, .50f, .46f, .03f, SMOOTH}, {.80f, .76f, .78f, .76f, .04f, SMOOTH}, {.46f, .99f, .48f, .99f, .03f, SMOOTH},
    {.16f, .80f, .20f, .78f, .04f, SMOOTH}, {.46f, .50f, .50f, .48f, .03f, SMOOTH}, {.76f, .22f, .76f, .22f, .04f, SMOOTH},
    {.74f, .08f, .66f, .04f, .06f, UP},
};
// 8 whose ends stay apart at the upper right.
static const Knot eight_open[] = {
    {.80f, .04f, .92f, .10f, .06f, SMOOTH}, {.46f, .02f, .54f, .03f, .04f, SMOOTH}, {.22f, .20f, .24f, .20f, .04f, SMOOTH},
    {.48f, .44f, .46f, .44f, .03f, SMOOTH}, {.76f, .74f, .66f, .72f, .04f, SMOOTH}, {.42f, .99f, .38f, .99f, .03f, SMOOTH},
    {.14f, .80f, .14f, .80f, .04f, SMOOTH}, {.40f, .54f, .38f, .54f, .04f, SMOOTH}, {.88f, .10f, .96f, .04f, .07f, UP},
};
// 8 as two rings.
static const Knot eight_rings[] = {
    {.50f, .47f, .48f, .46f, .04f, SMOOTH}, {.22f, .28f, .24f, .28f, .03f, SMOOTH}, {.48f, .01f, .50f, .01f, .03f, SMOOTH},
    {.76f, .24f, .72f, .22f, .03f, SMOOTH}, {.50f, .46f, .48f, .46f, .04f, SMOOTH}, {.16f, .76f, .20f, .74f, .03f, SMOOTH},
    {.48f, .99f, .50f, .99f, .03f, SMOOTH}, {.82f, .76f, .76f, .74f, .03f, SMOOTH}, {.52f, .48f, .52f, .48f, .05f, UP},
};
// 9: ring, then a straight stem.
static const Knot nine_stem[] = {
    {.78f, .14f, .74f, .10f, .05f, SMOOTH}, {.46f, .01f, .46f, .01f, .03f, SMOOTH}, {.14f, .26f, .18f, .24f, .04f, SMOOTH},
    {.36f, .48f, .38f, .46f, .04f, SMOOTH}, {.68f, .34f, .68f, .32f, .04f, SMOOTH}, {.80f, .10f, .76f, .10f, .04f, CORNER},
    {.74f, .50f, .70f, .50f, .03f, SMOOTH}, {.68f, 1.0f, .56f, 1.0f, .06f, UP},
};
// 9 with a tail that swings to the left.
static const Knot nine_hook[] = {
    {.76f, .16f, .74f, .12f, .05f, SMOOTH}, {.46f, .01f, .44f, .01f, .03f, SMOOTH}, {.14f, .26f, .16f, .26f, .04f, SMOOTH},
    {.38f, .48f, .40f, .48f, .04f, SMOOTH}, {.70f, .32f, .70f, .34f, .04f, SMOOTH}, {.80f, .12f, .78f, .12f, .04f, CORNER},
    {.76f, .54f, .78f, .56f, .03f, SMOOTH}, {.56f, .90f, .62f, .92f, .04f, SMOOTH}, {.12f, .94f, .20f, .98f, .07f, UP},
};
// 9 as a curl: from inside, over the top, down.
static const Knot nine_curl[] = {
    {.70f, .30f, .66f, .36f, .06f, SMOOTH}, {.40f, .46f, .36f, .50f, .04f, SMOOTH}, {.12f, .28f, .14f, .30f, .04f, SMOOTH},
    {.38f, .02f, .46f, .02f, .03f, SMOOTH}, {.74f, .16f, .80f, .18f, .04f, SMOOTH}, {.72f, .52f, .76f, .56f, .04f, SMOOTH},
    {.52f, 1.0f, .64f, 1.0f, .07f, UP},
};
// 9 with a ring of its own and an upright stem beside it.
static const Knot nine_ring[] = {
    {.76f, .20f, .72f, .16f, .06f, SMOOTH}, {.44f, .02f, .42f, .03f, .03f, SMOOTH}, {.10f, .24f, .14f, .22f, .04f, SMOOTH},
    {.34f, .46f, .34f, .42f, .03f, SMOOTH}, {.68f, .32f, .66f, .30f, .05f, UP},
    {.78f, .06f, .72f, .02f, .06f, SMOOTH}, {.76f, .50f, .72f, .46f, .03f, SMOOTH}, {.74f, 1.0f, .72f, 1.0f, .05f, UP},
};

// The ways of writing each digit, and how often each is chosen within its class (weights need not sum to 1).
typedef struct { int label; float weight; int count; const Knot *knots; } Shape;
#define SHAPE(label, weight, knots) {label, weight, sizeof knots / sizeof *knots, knots}
static const Shape shapes[] = {
    SHAPE(0, .75f, zero_ring),   SHAPE(0, .25f, zero_tail),
    SHAPE(1, .88f, one_stroke),  SHAPE(1, .09f, one_flag),   SHAPE(1, .03f, one_base),
    SHAPE(2, .35f, two_corner),  SHAPE(2, .45f, two_loop),   SHAPE(2, .20f, two_zed),
    SHAPE(3, .65f, three_bowls), SHAPE(3, .17f, three_loop), SHAPE(3, .18f, three_flat),
    SHAPE(4, .40f, four_open),   SHAPE(4, .25f, four_bowl),  SHAPE(4, .20f, four_closed), SHAPE(4, .15f, four_high),
    SHAPE(5, .25f, five_stroke), SHAPE(5, .25f, five_hat),   SHAPE(5, .15f, five_snake),  SHAPE(5, .35f, five_belly),
    SHAPE(6, .35f, six_loop),    SHAPE(6, .25f, six_curl),   SHAPE(6, .40f, six_stem),
    SHAPE(7, .48f, seven_plain), SHAPE(7, .20f, seven_serif), SHAPE(7, .18f, seven_round), SHAPE(7, .14f, seven_bar),
    SHAPE(8, .45f, eight_cross), SHAPE(8, .35f, eight_open), SHAPE(8, .20f, eight_rings),
    SHAPE(9, .30f, nine_stem),   SHAPE(9, .20f, nine_hook),  SHAPE(9, .25f, nine_curl),   SHAPE(9, .25f, nine_ring),
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

// ---- 2. and 3. The hand --------------------------------------------------------------------------------------------

// How much hands differ.  `mean` and `sd` of normal draws; `ln` marks the logarithm of what is drawn.
static const struct {
    struct { float mean, sd; } slant;      // shift to the right per unit of height
    struct { float mean, sd; } stretch;    // ln of width over height, beyond what the knots say
    struct { float mean, sd; } turn;       // rotation clockwise, radians
    float warp[2][7];                      // sd of the coefficients of the warp, in x and in y, in the order of apply_hand
    float beyond;                          // the blend of the extremes is uniform in [-beyond, 1 + beyond]
    float corner;                          // sd of how far a corner is rounded off or looped
    struct { float mean, sd; } pen;        // ln of the pen's radius in pixels
    float pressure;                        // sd of ln of the radius from knot to knot
    float nib;                             // sd of how much wider (+) or narrower (-) level strokes are
    struct { float least, most; } soft;    // width of the ink's edge in pixels
    struct { float least, most; } rough;   // how far the edge is off at a pixel, in pixels
} hand = {
    .slant = {.14f, .25f}, .stretch = {-.12f, .20f}, .turn = {0, .10f},
    .warp = {{.05f, .12f, .06f, .04f, .04f, .04f, .04f}, {.05f, .06f, .12f, .04f, .04f, .04f, .04f}}, .beyond = .2f,
    .corner = .25f, .pen = {.22f, .26f}, .pressure = .10f, .nib = .08f, .soft = {.8f, 1.2f}, .rough = {.0f, .2f},
};

enum { MAX_KNOTS = 16, STEPS = 7, MAX_POINTS = MAX_KNOTS * STEPS };

typedef struct { double x, y; } Vec2;
typedef struct {
    int knots, points;
    Vec2 knot[MAX_KNOTS], in[MAX_KNOTS], out[MAX_KNOTS];   // unit-speed tangents on arrival and on leaving
    Turn turn[MAX_KNOTS];
    double press[MAX_KNOTS];                               // pen radius at the knots, relative
    float x[MAX_POINTS], y[MAX_POINTS], r[MAX_POINTS];     // the path as points; r the pen's radius there
    uint8_t up[MAX_POINTS];                                // the pen lifts after this point
} Path;

static double normal(Rng *r, double mean, double sd) { return mean + sd * rng_g(r); }
static double between(Rng *r, double least, double most) { return least + (most - least) * rng_u(r); }

static const Shape *pick_shape(Rng *r, int label) {
    double sum = 0;
    for (int i = 0; i < SHAPES; i++) if (shapes[i].label == label) sum += shapes[i].weight;
    double u = sum * rng_u(r);
    const Shape *last = shapes;
    for (int i = 0; i < SHAPES; i++) {
        if (shapes[i].label != label) continue;
        last = &shapes[i];
        if ((u -= shapes[i].weight) < 0) break;
    }
    return last;
}

static void place_knots(Rng *r, const Shape *shape, Path *p) {
    double t = between(r, -hand.beyond, 1 + hand.beyond);
    p->knots = shape->count;
    for (int i = 0; i < p->knots; i++) {
        const Knot *k = &shape->knots[i];
        p->knot[i].x = k->ax + t * (k->bx - k->ax) + k->wobble * rng_g(r);
        p->knot[i].y = k->ay + t * (k->by - k->ay) + k->wobble * rng_g(r);
        p->turn[i] = k->turn;
    }
}

static void apply_hand(Rng *r, Path *p) {
    double slant = normal(r, hand.slant.mean, hand.slant.sd);
    double stretch = real_exp(normal(r, hand.stretch.mean, hand.stretch.sd));
    double turn = normal(r, hand.turn.mean, hand.turn.sd);
    double c = real_cos(turn), s = real_sin(turn), w[2][7];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 7; j++) w[i][j] = normal(r, 0, hand.warp[i][j]);
    for (int i = 0; i < p->knots; i++) {
        double x = 2 * p->knot[i].x - 1, y = 2 * p->knot[i].y - 1;
        // All quadratic and cubic terms; the cubic ones less their linear part, which slant and stretch already vary.
        double q[7] = {x * x, x * y, y * y, x * (x * x - .6), y * (x * x - .3), x * (y * y - .3), y * (y * y - .6)};
        double dx = 0, dy = 0;
        for (int j = 0; j < 7; j++) dx += w[0][j] * q[j], dy += w[1][j] * q[j];
        x += dx, y += dy;
        x = stretch * x - slant * y;
        p->knot[i] = (Vec2){c * x - s * y, s * x + c * y};
    }
}

// ---- 4. The path ---------------------------------------------------------------------------------------------------

static double gap(Vec2 a, Vec2 b) {
    double dx = b.x - a.x, dy = b.y - a.y;
    return sqrt(dx * dx + dy * dy) + 1e-6;
}

// The direction from a to b, per unit of length.
static Vec2 toward(Vec2 a, Vec2 b) {
    double d = gap(a, b);
    return (Vec2){(b.x - a.x) / d, (b.y - a.y) / d};
}

static Vec2 mix(Vec2 a, double t, Vec2 b) { return (Vec2){a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)}; }

// Tangents: at smooth knots that of the parabola through three neighbours; at ends that which makes a parabola of the last
// piece; at corners a blend of the two, where the blend's weight decides between sharp, rounded and looped.
static void make_tangents(Rng *r, Path *p) {
    int first = 0;
    for (int i = 0; i < p->knots; i++) {
        int end = p->turn[i] == UP;
        if (i > first && !end) {
            double before = gap(p->knot[i - 1], p->knot[i]), after = gap(p->knot[i], p->knot[i + 1]);
            p->in[i] = p->out[i] = mix(toward(p->knot[i - 1], p->knot[i]), before / (before + after), toward(p->knot[i], p->knot[i + 1]));
        }
        if (!end) continue;
        // The stroke first..i is complete: now its ends and corners.
        for (int k = first; k <= i; k++) {
            int starts = k == first, ends = k == i, corner = p->turn[k] == CORNER;
            if (!starts && !ends && !corner) continue;
            double keep = corner ? normal(r, 0, hand.corner) : 0;
            if (keep < 0) keep = 0;
            Vec2 through = p->in[k];
            if (!starts) {
                Vec2 chord = toward(p->knot[k - 1], p->knot[k]);
                int open = k - 1 == first || p->turn[k - 1] == CORNER;
                Vec2 own = open ? chord : mix(p->out[k - 1], 1.5, chord);
                p->in[k] = corner ? mix(own, keep, through) : own;
            }
            if (!ends) {
                Vec2 chord = toward(p->knot[k], p->knot[k + 1]);
                int open = k + 1 == i || p->turn[k + 1] == CORNER;
                Vec2 own = open ? chord : mix(p->in[k + 1], 1.5, chord);
                p->out[k] = corner ? mix(own, keep, through) : own;
            }
        }
        first = i + 1;
    }
}

static void add_point(Path *p, Vec2 v, double r) {
    p->x[p->points] = (float)v.x, p->y[p->points] = (float)v.y, p->r[p->points] = (float)r;
    p->up[p->points++] = 0;
}

static void trace_path(Rng *r, Path *p) {
    for (int i = 0; i < p->knots; i++) p->press[i] = real_exp(normal(r, 0, hand.pressure));
    p->points = 0;
    for (int i = 0; i < p->knots; i++) {
        if (i == 0 || p->turn[i - 1] == UP) add_point(p, p->knot[i], p->press[i]);
        if (p->turn[i] == UP) { p->up[p->points - 1] = 1; continue; }
        Vec2 a = p->knot[i], b = p->knot[i + 1];
        double d = gap(a, b);
        for (int k = 1; k <= STEPS; k++) {   // cubic Hermite
            double t = (double)k / STEPS, u = 1 - t, h0 = u * u * (1 + 2 * t), h1 = t * t * (1 + 2 * u), g0 = d * t * u * u, g1 = -d * t * t * u;
            Vec2 v = {h0 * a.x + h1 * b.x + g0 * p->out[i].x + g1 * p->in[i + 1].x, h0 * a.y + h1 * b.y + g0 * p->out[i].y + g1 * p->in[i + 1].y};
            add_point(p, v, p->press[i] + t * (p->press[i + 1] - p->press[i]));
        }
    }
    // A flat nib: the radius depends on the direction of the stroke.
    double nib = normal(r, 0, hand.nib);
    for (int i = 0; i + 1 < p->points; i++) {
        double dx = p->x[i + 1] - p->x[i], dy = p->y[i + 1] - p->y[i], level = dx * dx / (dx * dx + dy * dy + 1e-9);
        p->r[i] *= (float)(1 + nib * (2 * level - 1));
    }
}

// ---- 5. The box ----------------------------------------------------------------------------------------------------

enum { BOX = 20 };

// Moves and scales the path so that its ink, edge to edge, just fills the box, starting at its top left.
static void fit_box(Rng *r, Path *p) {
    double pen = real_exp(normal(r, hand.pen.mean, hand.pen.sd));
    double scale = 1, left = 0, top = 0;
    for (int pass = 0; pass < 2; pass++) {   // first the bare path, to know the pen's size in path units; then the ink
        double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
        for (int i = 0; i < p->points; i++) {
            double e = pass ? p->r[i] : 0;
            if (p->x[i] - e < x0) x0 = p->x[i] - e;
            if (p->x[i] + e > x1) x1 = p->x[i] + e;
            if (p->y[i] - e < y0) y0 = p->y[i] - e;
            if (p->y[i] + e > y1) y1 = p->y[i] + e;
        }
        double size = x1 - x0 > y1 - y0 ? x1 - x0 : y1 - y0;
        if (pass) scale = BOX / size, left = x0, top = y0;
        else for (int i = 0; i < p->points; i++) p->r[i] *= (float)(pen * size / (BOX - 2 * pen));
    }
    for (int i = 0; i < p->points; i++) {
        p->x[i] = (float)((p->x[i] - left) * scale);
        p->y[i] = (float)((p->y[i] - top) * scale);
        p->r[i] *= (float)scale;
    }
}

// ---- 6. The ink ----------------------------------------------------------------------------------------------------

// field[y][x] = the largest of (pen radius - distance) over the path: positive inside the ink.
static void ink_segment(float *field, float ax, float ay, float ar, float bx, float by, float br) {
    float reach = (ar > br ? ar : br) + 1;
    int x0 = (int)((ax < bx ? ax : bx) - reach), x1 = (int)((ax > bx ? ax : bx) + reach);
    int y0 = (int)((ay < by ? ay : by) - reach), y1 = (int)((ay > by ? ay : by) + reach);
    if (x0 < 0) x0 = 0;
    if (y0 < 0) y0 = 0;
    if (x1 > BOX - 1) x1 = BOX - 1;
    if (y1 > BOX - 1) y1 = BOX - 1;
    float dx = bx - ax, dy = by - ay, inverse = 1 / (dx * dx + dy * dy + 1e-12f);
    for (int y = y0; y <= y1; y++) {
        float py = (float)y + .5f - ay;
        for (int x = x0; x <= x1; x++) {
            float px = (float)x + .5f - ax, t = (px * dx + py * dy) * inverse;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            float ex = px - t * dx, ey = py - t * dy, s = ar + t * (br - ar) - sqrtf(ex * ex + ey * ey);
            float *f = &field[y * BOX + x];
            if (s > *f) *f = s;
        }
    }
}

static void ink_path(const Path *p, float *field) {
    for (int i = 0; i < BOX * BOX; i++) field[i] = -4;
    for (int i = 0; i + 1 < p->points; i++)
        if (!p->up[i]) ink_segment(field, p->x[i], p->y[i], p->r[i], p->x[i + 1], p->y[i + 1], p->r[i + 1]);
}

// Signed distances become grey values 0..1, the darkest pixel 1 (MNIST's images all reach full ink).
static void develop(Rng *r, float *field) {
    float soft = (float)between(r, hand.soft.least, hand.soft.most), rough = (float)between(r, hand.rough.least, hand.rough.most);
    float most = 0;
    uint32_t bits = 0;
    for (int i = 0; i < BOX * BOX; i++, bits >>= 8) {
        if (i % 4 == 0) bits = rng_u32(r);
        float v = (field[i] + rough * ((float)(bits & 255) / 127.5f - 1)) / soft + .5f;
        v = v < 0 ? 0 : v > 1 ? 1 : v;
        field[i] = v;
        if (v > most) most = v;
    }
    for (int i = 0; i < BOX * BOX; i++) field[i] /= most;
}

// ---- 7. The picture ------------------------------------------------------------------------------------------------

static void centre(const float *field, uint8_t *pixels) {
    double sum = 0, sx = 0, sy = 0;
    for (int y = 0; y < BOX; y++)
        for (int x = 0; x < BOX; x++) {
            double v = field[y * BOX + x];
            sum += v, sx += v * x, sy += v * y;
        }
    int mx = DIGITS_SIDE / 2 - (int)floor(sx / sum + .5), my = DIGITS_SIDE / 2 - (int)floor(sy / sum + .5);
    memset(pixels, 0, DIGITS_PIXELS);
    for (int y = 0; y < BOX; y++)
        for (int x = 0; x < BOX; x++) {
            int px = x + mx, py = y + my;
            if (px < 0 || py < 0 || px >= DIGITS_SIDE || py >= DIGITS_SIDE) continue;
            pixels[py * DIGITS_SIDE + px] = (uint8_t)(field[y * BOX + x] * 255 + .5f);
        }
}

void digits_draw(Rng *r, int label, uint8_t pixels[DIGITS_PIXELS]) {
    Path path;
    float field[BOX * BOX];
    if (label < 0 || label >= DIGITS_CLASSES) label = 0;
    place_knots(r, pick_shape(r, label), &path);
    apply_hand(r, &path);
    make_tangents(r, &path);
    trace_path(r, &path);
    fit_box(r, &path);
    ink_path(&path, field);
    develop(r, field);
    centre(field, pixels);
}
