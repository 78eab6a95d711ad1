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
// To add a way of writing a digit: write its knots (section 1 says how) and add a row to `shapes`.
//
// The ways of writing were found by looking at handwriting.  Knots, weights and ranges were then adjusted, each digit on its
// own, until the energy distance between drawn digits and MNIST's training images was small.
//
// Only + - * /, sqrt, floor and real.h are used, so that native and wasm builds give the same bytes.
#include "data/digits.h"

#include <math.h>
#include <string.h>

#include "base/real.h"
#include "base/vec.h"

// ---- 1. The shapes -------------------------------------------------------------------------------------------------
//
// A knot is a point that the pen passes, in hundredths of the digit's height: x to the right, y down, (0,0) the top left.
// It is given at two extremes, A and B, of one way of writing; a digit is drawn somewhere between them (or a bit beyond),
// and then each knot moves on its own by normal draws of `wobble` thousandths in x and y.  The knots stand in the order in
// which the pen meets them.
enum {
    SMOOTH,   // the pen runs through
    CORNER,   // it stops and turns, more or less sharply
    UP,       // it leaves the paper: the end of a stroke
};
typedef struct { int8_t ax, ay, bx, by; uint8_t wobble, turn; } Knot;
enum { MAX_KNOTS = 12 };   // in one digit

// 0: from the top, anticlockwise, back to the top.  A wide and round, B narrow and pointed.
static const Knot zero_ring[] = {
    {54, 2, 55, 4, 43, SMOOTH}, {26, 9, 42, 22, 21, SMOOTH}, {6, 47, 24, 54, 25, SMOOTH}, {13, 88, 24, 91, 37, SMOOTH},
    {50, 98, 46, 97, 19, SMOOTH}, {87, 83, 71, 77, 28, SMOOTH}, {101, 44, 84, 43, 26, SMOOTH}, {78, 10, 77, 11, 28, SMOOTH},
    {47, 2, 56, 1, 49, UP},
};
// 0 with a tail: the pen arrives from the upper right and leaves across its start.
static const Knot zero_tail[] = {
    {73, -5, 68, 6, 56, SMOOTH}, {39, 13, 49, 14, 38, SMOOTH}, {11, 53, 17, 46, 30, SMOOTH}, {23, 91, 25, 90, 36, SMOOTH},
    {55, 92, 54, 97, 34, SMOOTH}, {93, 73, 83, 70, 26, SMOOTH}, {91, 29, 85, 25, 35, SMOOTH}, {56, 10, 58, 1, 64, SMOOTH},
    {33, 18, 22, 5, 112, UP},
};
// 1: one stroke, straight or slightly bent.
static const Knot one_stroke[] = {
    {49, -3, 48, 0, 17, SMOOTH}, {49, 54, 51, 49, 15, SMOOTH}, {51, 102, 47, 98, 18, UP},
};
// 1 that bends at its foot.
static const Knot one_foot[] = {
    {44, 0, 43, 0, 17, SMOOTH}, {44, 40, 45, 36, 24, SMOOTH}, {42, 79, 48, 84, 16, SMOOTH}, {57, 101, 55, 100, 31, UP},
};
// 1 with a flag.
static const Knot one_flag[] = {
    {22, 23, 37, 19, 53, SMOOTH}, {55, 0, 51, -2, 33, CORNER}, {50, 51, 48, 50, 15, SMOOTH}, {47, 103, 51, 99, 20, UP},
};
// 1 with a flag and a base.
static const Knot one_base[] = {
    {26, 23, 34, 15, 42, SMOOTH}, {47, -3, 48, 3, 32, CORNER}, {49, 101, 49, 94, 23, UP},
    {19, 99, 28, 99, 43, SMOOTH}, {82, 97, 72, 98, 34, UP},
};
// 2: arch, then a corner at the lower left, then the base.
static const Knot two_corner[] = {
    {7, 24, 13, 10, 68, SMOOTH}, {42, 1, 44, 4, 38, SMOOTH}, {70, 16, 63, 17, 48, SMOOTH}, {53, 49, 58, 50, 62, SMOOTH},
    {3, 99, 14, 92, 55, CORNER}, {48, 94, 44, 90, 65, SMOOTH}, {97, 92, 95, 81, 103, UP},
};
// 2 with a loop at the lower left; A a small one, B a large one with a swinging base.
static const Knot two_loop[] = {
    {13, 21, 22, 22, 76, SMOOTH}, {45, 1, 48, 0, 59, SMOOTH}, {69, 18, 64, 21, 46, SMOOTH}, {59, 58, 60, 55, 56, SMOOTH},
    {17, 92, 27, 98, 42, SMOOTH}, {3, 95, -5, 99, 45, SMOOTH}, {13, 81, 11, 70, 46, SMOOTH}, {53, 80, 50, 71, 60, SMOOTH},
    {99, 90, 97, 81, 81, UP},
};
// 2 whose arch runs into a large loop, like an a; the base falls away to the right.
static const Knot two_big[] = {
    {20, 24, 13, 9, 73, SMOOTH}, {44, 3, 49, -1, 53, SMOOTH}, {68, 14, 75, 24, 51, SMOOTH}, {72, 56, 59, 66, 42, SMOOTH},
    {40, 85, 27, 82, 54, SMOOTH}, {7, 95, 0, 85, 41, SMOOTH}, {2, 75, 7, 71, 52, SMOOTH}, {36, 63, 37, 64, 58, SMOOTH},
    {67, 76, 62, 79, 63, SMOOTH}, {94, 89, 88, 86, 100, UP},
};
// 2 like a Z with a round shoulder.
static const Knot two_zed[] = {
    {9, 11, 11, 6, 63, SMOOTH}, {45, 8, 44, 2, 37, SMOOTH}, {81, 6, 71, 15, 50, SMOOTH}, {48, 49, 51, 51, 40, SMOOTH},
    {8, 97, 15, 93, 47, CORNER}, {48, 94, 49, 101, 38, SMOOTH}, {95, 96, 82, 95, 79, UP},
};
// 3: two bowls that meet in a corner.
static const Knot three_bowls[] = {
    {11, 15, 17, 9, 53, SMOOTH}, {43, 6, 50, 1, 31, SMOOTH}, {69, 13, 76, 12, 55, SMOOTH}, {62, 39, 59, 36, 31, SMOOTH},
    {23, 52, 48, 51, 68, CORNER}, {73, 48, 65, 62, 45, SMOOTH}, {87, 76, 78, 76, 50, SMOOTH}, {51, 100, 50, 95, 41, SMOOTH},
    {6, 89, 20, 95, 70, UP},
};
// 3 with a little loop between the bowls.
static const Knot three_loop[] = {
    {17, 10, 19, 11, 51, SMOOTH}, {48, 3, 47, 4, 31, SMOOTH}, {72, 11, 72, 22, 44, SMOOTH}, {55, 38, 51, 41, 43, SMOOTH},
    {28, 48, 23, 54, 47, SMOOTH}, {36, 43, 31, 44, 39, SMOOTH}, {73, 50, 73, 59, 43, SMOOTH}, {80, 78, 86, 85, 32, SMOOTH},
    {46, 100, 45, 99, 35, SMOOTH}, {9, 86, 17, 98, 85, UP},
};
// 3 with a flat top: across, back to the middle, bowl.
static const Knot three_flat[] = {
    {10, 7, 18, 0, 45, SMOOTH}, {79, 1, 74, 1, 37, CORNER}, {38, 42, 38, 41, 55, CORNER}, {78, 45, 74, 46, 46, SMOOTH},
    {85, 74, 82, 72, 39, SMOOTH}, {50, 100, 43, 101, 19, SMOOTH}, {9, 87, 1, 93, 73, UP},
};
// 4, open: an angle, then a stem on its own.
static const Knot four_open[] = {
    {22, 2, 23, 21, 53, SMOOTH}, {16, 31, 19, 40, 31, SMOOTH}, {2, 62, 6, 54, 51, CORNER}, {50, 61, 46, 55, 35, SMOOTH},
    {91, 56, 90, 54, 89, UP},
    {78, 5, 90, -6, 53, SMOOTH}, {73, 49, 71, 43, 34, SMOOTH}, {71, 99, 47, 104, 72, UP},
};
// 4, open, its body small and high above a long stem.
static const Knot four_small[] = {
    {29, 2, 19, 4, 66, SMOOTH}, {21, 23, 12, 26, 29, SMOOTH}, {8, 45, 5, 43, 57, CORNER}, {44, 47, 44, 43, 30, SMOOTH},
    {86, 44, 85, 33, 89, UP},
    {83, 1, 79, -2, 51, SMOOTH}, {73, 49, 65, 48, 27, SMOOTH}, {65, 103, 67, 101, 47, UP},
};
// 4, open and round: a bowl that climbs to the top of the stem, all in one go.
static const Knot four_bowl[] = {
    {16, 3, 13, -1, 62, SMOOTH}, {2, 33, 10, 35, 46, SMOOTH}, {24, 54, 29, 46, 36, SMOOTH}, {59, 50, 60, 46, 25, SMOOTH},
    {78, 10, 79, 8, 48, CORNER}, {70, 50, 69, 52, 30, SMOOTH}, {74, 101, 60, 98, 56, UP},
};
// 4, closed: down to the left, across, then the stem from the same top.
static const Knot four_closed[] = {
    {63, 2, 61, 7, 40, SMOOTH}, {33, 34, 32, 25, 34, SMOOTH}, {4, 68, 11, 50, 47, CORNER}, {52, 65, 41, 47, 40, SMOOTH},
    {98, 59, 81, 44, 76, UP},
    {64, 4, 70, 1, 48, SMOOTH}, {66, 51, 65, 51, 22, SMOOTH}, {60, 101, 63, 98, 47, UP},
};
// 4, small and closed above a long stem, near to a 9.
static const Knot four_high[] = {
    {66, 1, 58, 12, 67, SMOOTH}, {33, 31, 30, 24, 47, SMOOTH}, {6, 51, 8, 41, 48, CORNER}, {36, 56, 39, 40, 49, SMOOTH},
    {78, 42, 92, 39, 68, UP},
    {85, 2, 78, 5, 52, SMOOTH}, {72, 51, 75, 53, 33, SMOOTH}, {61, 102, 66, 97, 55, UP},
};
// 5 in one stroke: hat, back, belly.
static const Knot five_stroke[] = {
    {98, 0, 80, 3, 66, SMOOTH}, {63, 4, 57, 9, 28, SMOOTH}, {41, 5, 32, 6, 51, CORNER}, {29, 28, 23, 25, 31, SMOOTH},
    {27, 45, 23, 41, 59, CORNER}, {47, 51, 52, 39, 47, SMOOTH}, {60, 67, 76, 65, 45, SMOOTH}, {46, 93, 42, 101, 44, SMOOTH},
    {9, 92, 5, 84, 81, UP},
};
// 5 with a long hat and a belly that reaches far.
static const Knot five_belly[] = {
    {108, -2, 77, 4, 62, SMOOTH}, {65, 9, 55, 3, 23, SMOOTH}, {40, 8, 31, 7, 43, CORNER}, {29, 28, 18, 27, 34, SMOOTH},
    {26, 44, 9, 51, 62, CORNER}, {47, 54, 51, 38, 57, SMOOTH}, {65, 75, 83, 64, 56, SMOOTH}, {40, 95, 56, 97, 38, SMOOTH},
    {20, 90, 5, 84, 82, UP},
};
// 5 in two: back and belly, then the hat, which may not touch.
static const Knot five_hat[] = {
    {28, 8, 30, 5, 31, SMOOTH}, {25, 24, 21, 21, 27, SMOOTH}, {18, 46, 22, 42, 40, CORNER}, {53, 46, 50, 38, 46, SMOOTH},
    {78, 67, 80, 67, 48, SMOOTH}, {51, 98, 53, 96, 43, SMOOTH}, {11, 88, 5, 90, 57, UP},
    {32, 5, 27, 2, 59, SMOOTH}, {65, 5, 63, 4, 21, SMOOTH}, {102, 1, 92, -4, 56, UP},
};
// 5 without corners, like an S.
static const Knot five_snake[] = {
    {87, 6, 90, 8, 52, SMOOTH}, {49, 6, 51, 4, 43, SMOOTH}, {24, 26, 23, 22, 28, SMOOTH}, {50, 47, 44, 51, 27, SMOOTH},
    {76, 69, 72, 68, 46, SMOOTH}, {48, 95, 45, 98, 39, SMOOTH}, {8, 90, 9, 83, 50, UP},
};
// 6: stem, belly, loop.
static const Knot six_loop[] = {
    {56, -4, 69, -3, 52, SMOOTH}, {29, 33, 34, 28, 40, SMOOTH}, {12, 72, 17, 67, 34, SMOOTH}, {20, 92, 19, 95, 28, SMOOTH},
    {53, 94, 53, 98, 24, SMOOTH}, {65, 82, 75, 80, 39, SMOOTH}, {51, 71, 61, 64, 36, SMOOTH}, {29, 80, 30, 78, 75, UP},
};
// 6 with a small closed loop that ends inside.
static const Knot six_curl[] = {
    {49, 0, 59, 1, 61, SMOOTH}, {26, 39, 27, 34, 28, SMOOTH}, {16, 79, 14, 64, 32, SMOOTH}, {39, 99, 36, 98, 39, SMOOTH},
    {69, 83, 74, 83, 48, SMOOTH}, {65, 61, 66, 55, 22, SMOOTH}, {34, 63, 35, 57, 46, SMOOTH}, {21, 81, 22, 82, 64, UP},
};
// 6 with an upright stem; the loop ends on it or crosses it.
static const Knot six_stem[] = {
    {25, 6, 45, 3, 68, SMOOTH}, {12, 36, 21, 38, 25, SMOOTH}, {11, 78, 8, 75, 29, SMOOTH}, {30, 93, 29, 96, 29, SMOOTH},
    {67, 94, 74, 90, 40, SMOOTH}, {75, 67, 85, 64, 55, SMOOTH}, {46, 66, 52, 53, 52, SMOOTH}, {18, 87, 19, 80, 72, UP},
};
// 6 that lies wide, its bowl open or barely closed.
static const Knot six_wide[] = {
    {45, 1, 59, 4, 64, SMOOTH}, {21, 33, 25, 31, 50, SMOOTH}, {10, 70, 1, 70, 36, SMOOTH}, {17, 95, 19, 94, 34, SMOOTH},
    {61, 94, 67, 94, 31, SMOOTH}, {77, 76, 83, 71, 58, SMOOTH}, {71, 57, 70, 59, 47, SMOOTH}, {43, 73, 44, 62, 42, SMOOTH},
    {32, 86, 29, 86, 87, UP},
};
// 6 whose bowl leans up to the right.
static const Knot six_lean[] = {
    {59, -5, 40, 7, 59, SMOOTH}, {29, 43, 11, 33, 46, SMOOTH}, {6, 85, 12, 78, 37, SMOOTH}, {23, 100, 22, 93, 35, SMOOTH},
    {57, 83, 73, 92, 33, SMOOTH}, {82, 61, 90, 70, 46, SMOOTH}, {68, 58, 77, 55, 47, SMOOTH}, {45, 75, 49, 74, 58, SMOOTH},
    {27, 91, 32, 92, 68, UP},
};
// 7: across, corner, down.
static const Knot seven_plain[] = {
    {4, 9, 6, 7, 50, SMOOTH}, {47, 6, 49, 9, 29, SMOOTH}, {85, 4, 78, 10, 32, CORNER}, {67, 46, 74, 46, 40, SMOOTH},
    {35, 100, 61, 97, 68, UP},
};
// 7 with a serif at its start.
static const Knot seven_serif[] = {
    {3, 37, 10, 19, 67, SMOOTH}, {8, 12, 12, 4, 42, CORNER}, {46, 14, 49, 3, 30, SMOOTH}, {90, 1, 81, 8, 51, CORNER},
    {63, 44, 73, 49, 36, SMOOTH}, {39, 98, 56, 98, 51, UP},
};
// 7 whose top is a wave.
static const Knot seven_wave[] = {
    {7, 35, 9, 29, 61, SMOOTH}, {17, 14, 23, 11, 53, SMOOTH}, {41, 8, 52, 6, 50, SMOOTH}, {86, -2, 81, -1, 57, CORNER},
    {64, 47, 68, 47, 32, SMOOTH}, {39, 101, 55, 100, 49, UP},
};
// 7 with a round shoulder.
static const Knot seven_round[] = {
    {7, 23, 5, 10, 64, SMOOTH}, {21, 5, 17, 8, 27, SMOOTH}, {61, -2, 55, 3, 38, SMOOTH}, {81, 15, 86, 10, 38, SMOOTH},
    {69, 47, 76, 47, 51, SMOOTH}, {42, 105, 61, 101, 75, UP},
};
// 7 with a bar.
static const Knot seven_bar[] = {
    {4, 10, 5, 9, 59, SMOOTH}, {48, 5, 48, 4, 32, SMOOTH}, {83, 6, 78, 6, 36, CORNER}, {67, 45, 69, 47, 35, SMOOTH},
    {41, 96, 54, 98, 61, UP},
    {22, 56, 38, 47, 65, SMOOTH}, {94, 51, 87, 52, 82, UP},
};
// 8: an S, closed on the way back up.
static const Knot eight_cross[] = {
    {81, 10, 76, 9, 67, SMOOTH}, {49, 0, 52, 3, 30, SMOOTH}, {10, 25, 25, 16, 44, SMOOTH}, {47, 52, 48, 40, 36, SMOOTH},
    {80, 80, 62, 70, 43, SMOOTH}, {47, 90, 48, 94, 31, SMOOTH}, {26, 79, 23, 84, 40, SMOOTH}, {45, 47, 41, 55, 26, SMOOTH},
    {78, 25, 79, 29, 43, SMOOTH}, {72, 7, 68, 5, 69, UP},
};
// 8 whose ends stay apart at the upper right.
static const Knot eight_open[] = {
    {78, 0, 97, 6, 57, SMOOTH}, {47, 1, 59, -4, 40, SMOOTH}, {29, 17, 27, 21, 53, SMOOTH}, {47, 44, 41, 48, 31, SMOOTH},
    {67, 75, 53, 71, 51, SMOOTH}, {48, 96, 37, 92, 36, SMOOTH}, {21, 87, 25, 85, 30, SMOOTH}, {38, 55, 40, 60, 32, SMOOTH},
    {80, 23, 97, 7, 79, UP},
};
// 8 as two rings.
static const Knot eight_rings[] = {
    {52, 45, 47, 48, 42, SMOOTH}, {18, 27, 26, 26, 38, SMOOTH}, {51, 8, 56, 2, 34, SMOOTH}, {74, 20, 71, 22, 31, SMOOTH},
    {48, 45, 51, 46, 43, SMOOTH}, {20, 73, 21, 78, 45, SMOOTH}, {46, 97, 44, 100, 22, SMOOTH}, {82, 80, 74, 75, 35, SMOOTH},
    {55, 46, 52, 47, 45, UP},
};
// 9: ring, then a straight stem.
static const Knot nine_stem[] = {
    {74, 7, 67, 9, 38, SMOOTH}, {50, 3, 46, 6, 20, SMOOTH}, {13, 28, 20, 33, 40, SMOOTH}, {28, 61, 33, 45, 47, SMOOTH},
    {67, 49, 61, 38, 44, SMOOTH}, {75, 19, 74, 23, 31, CORNER}, {77, 50, 68, 56, 24, SMOOTH}, {71, 96, 66, 103, 74, UP},
};
// 9 with a tail that swings to the left.
static const Knot nine_hook[] = {
    {78, 17, 76, 9, 36, SMOOTH}, {52, 0, 42, 3, 26, SMOOTH}, {16, 28, 18, 28, 50, SMOOTH}, {41, 44, 44, 43, 28, SMOOTH},
    {72, 34, 69, 35, 42, SMOOTH}, {77, 15, 76, 15, 36, CORNER}, {70, 50, 72, 58, 31, SMOOTH}, {58, 91, 60, 93, 54, SMOOTH},
    {16, 95, 24, 97, 72, UP},
};
// 9 as a curl: from inside, over the top, down.
static const Knot nine_curl[] = {
    {70, 32, 68, 38, 60, SMOOTH}, {40, 48, 35, 49, 64, SMOOTH}, {9, 37, 14, 39, 44, SMOOTH}, {40, 5, 50, 7, 30, SMOOTH},
    {73, 15, 71, 18, 39, SMOOTH}, {71, 55, 68, 57, 51, SMOOTH}, {63, 101, 78, 101, 96, UP},
};
// 9 with a ring of its own and an upright stem beside it.
static const Knot nine_ring[] = {
    {75, 19, 66, 11, 68, SMOOTH}, {44, 0, 41, 3, 40, SMOOTH}, {10, 29, 16, 25, 34, SMOOTH}, {31, 54, 35, 43, 62, SMOOTH},
    {68, 40, 69, 33, 56, UP},
    {77, 6, 68, 5, 60, SMOOTH}, {75, 49, 76, 48, 26, SMOOTH}, {73, 94, 77, 104, 59, UP},
};
// 9, slim: a small slanted ring, closed on a straight stem.
static const Knot nine_slim[] = {
    {64, 10, 73, 2, 42, SMOOTH}, {48, 5, 50, 3, 22, SMOOTH}, {25, 25, 20, 29, 33, SMOOTH}, {24, 43, 21, 47, 48, SMOOTH},
    {56, 39, 57, 44, 42, SMOOTH}, {71, 15, 75, 15, 31, CORNER}, {66, 52, 71, 52, 23, SMOOTH}, {54, 105, 48, 101, 53, UP},
};

// The ways of writing each digit, and how often each is chosen: `weight` times in about a hundred digits of its class.
typedef struct { uint8_t label, weight, count; const Knot *knots; } Shape;
#define SHAPE(label, weight, knots) {label, weight, sizeof knots / sizeof *(knots), knots}
static const Shape shapes[] = {
    SHAPE(0, 67, zero_ring), SHAPE(0, 33, zero_tail),
    SHAPE(1, 74, one_stroke), SHAPE(1, 19, one_foot), SHAPE(1, 5, one_flag), SHAPE(1, 3, one_base),
    SHAPE(2, 24, two_corner), SHAPE(2, 21, two_loop), SHAPE(2, 11, two_zed), SHAPE(2, 44, two_big),
    SHAPE(3, 47, three_bowls), SHAPE(3, 35, three_loop), SHAPE(3, 19, three_flat),
    SHAPE(4, 56, four_open), SHAPE(4, 18, four_small), SHAPE(4, 16, four_bowl), SHAPE(4, 8, four_closed), SHAPE(4, 3, four_high),
    SHAPE(5, 22, five_stroke), SHAPE(5, 9, five_hat), SHAPE(5, 7, five_snake), SHAPE(5, 62, five_belly),
    SHAPE(6, 25, six_loop), SHAPE(6, 13, six_curl), SHAPE(6, 21, six_stem), SHAPE(6, 3, six_wide), SHAPE(6, 38, six_lean),
    SHAPE(7, 45, seven_plain), SHAPE(7, 3, seven_serif), SHAPE(7, 17, seven_wave), SHAPE(7, 21, seven_round), SHAPE(7, 15, seven_bar),
    SHAPE(8, 36, eight_cross), SHAPE(8, 49, eight_open), SHAPE(8, 15, eight_rings),
    SHAPE(9, 32, nine_stem), SHAPE(9, 9, nine_hook), SHAPE(9, 29, nine_curl), SHAPE(9, 3, nine_ring), SHAPE(9, 27, nine_slim),
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

// ---- 2. and 3. The hand --------------------------------------------------------------------------------------------

// How much hands differ.  A `mean` and an `sd` belong to a normal draw.
typedef struct { double mean, sd; } Spread;
typedef struct { double least, most; } Range;
static const struct {
    Spread turn;          // rotation clockwise, radians
    double warp[2][7];    // sd of the coefficients of the warp, for x and for y, in the order of apply_hand
    double beyond;        // the blend of a shape's extremes is uniform in [-beyond, 1 + beyond]
    double corner;        // sd of how far a corner is rounded off or looped, 0 sharp, 1 as if the knot were smooth
    double pressure;      // sd of ln of the pen's radius from knot to knot
    double nib;           // sd of how much thicker (thinner) level strokes are, and plumb ones thinner (thicker)
    double shake;         // how far a point of the path strays, in pixels, at most
    Range soft;           // width of the ink's edge in pixels
    Range rough;          // how far the edge strays at a pixel, in pixels, at most
} hand = {
    .turn = {0, .10}, .warp = {{.05, .12, .06, .04, .04, .04, .04}, {.05, .06, .10, .04, .04, .04, .04}}, .beyond = .2,
    .corner = .25, .pressure = .10, .nib = .08, .shake = .18, .soft = {.9, 1.35}, .rough = {0, .2},
};

// What differs from digit to digit as well: the slant (shift to the right per unit of height), the stretch (ln of width over
// height, beyond what the knots say), the pen (ln of its radius in pixels of the finished image).
static const struct { Spread slant, stretch, pen; } usual[DIGITS_CLASSES] = {
    {{.13, .25}, {-.01, .22}, {.33, .27}},
    {{.28, .27}, {-.18, .16}, {.35, .27}},
    {{.06, .27}, {-.13, .24}, {.23, .27}},
    {{.10, .25}, {-.12, .23}, {.20, .25}},
    {{.14, .26}, {-.18, .20}, {.17, .25}},
    {{.06, .31}, {-.04, .19}, {.16, .23}},
    {{.09, .13}, {-.13, .20}, {.19, .26}},
    {{.15, .21}, {-.13, .22}, {.26, .27}},
    {{.07, .24}, {-.10, .23}, {.14, .27}},
    {{.20, .26}, {-.15, .20}, {.13, .25}},
};

enum { STEPS = 7, MAX_POINTS = MAX_KNOTS * STEPS };   // STEPS pieces of a polygon from knot to knot

typedef struct { double x, y; } Vec2;
typedef struct {
    int knots, points;
    Vec2 knot[MAX_KNOTS], in[MAX_KNOTS], out[MAX_KNOTS];   // unit-speed tangents on arrival and on leaving
    uint8_t turn[MAX_KNOTS];
    double press[MAX_KNOTS];                               // pen radius at the knots, relative
    double x[MAX_POINTS], y[MAX_POINTS], r[MAX_POINTS];    // the path as points; r the pen's radius there
    uint8_t up[MAX_POINTS];                                // the pen lifts after this point
} Path;

static double normal(Rng *r, Spread s) { return s.mean + s.sd * rng_g(r); }
static double between(Rng *r, double least, double most) { return least + (most - least) * rng_u(r); }

static const Shape *pick_shape(Rng *r, int label) {
    int sum = 0, i = 0;
    for (int k = 0; k < SHAPES; k++) if (shapes[k].label == label) sum += shapes[k].weight;
    for (int left = rng_below(r, sum); ; i++)
        if (shapes[i].label == label && (left -= shapes[i].weight) < 0) return &shapes[i];
}

static void place_knots(Rng *r, const Shape *shape, Path *p) {
    double t = between(r, -hand.beyond, 1 + hand.beyond);
    p->knots = shape->count;
    for (int i = 0; i < p->knots; i++) {
        const Knot *k = &shape->knots[i];
        p->knot[i].x = .01 * (k->ax + t * (k->bx - k->ax)) + .001 * k->wobble * rng_g(r);
        p->knot[i].y = .01 * (k->ay + t * (k->by - k->ay)) + .001 * k->wobble * rng_g(r);
        p->turn[i] = k->turn;
    }
}

static void apply_hand(Rng *r, int label, Path *p) {
    double slant = normal(r, usual[label].slant);
    double stretch = real_exp(normal(r, usual[label].stretch));
    double turn = normal(r, hand.turn);
    double c = real_cos(turn), s = real_sin(turn), w[2][7];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 7; j++) w[i][j] = hand.warp[i][j] * rng_g(r);
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

static int begins(const Path *p, int i) { return i == 0 || p->turn[i - 1] == UP; }
static int breaks(const Path *p, int i) { return begins(p, i) || p->turn[i] != SMOOTH; }

// The tangent at one end of a piece that makes it a parabola, given its chord and the tangent at the other end, if known.
static Vec2 parabola(Vec2 chord, int known, Vec2 other) { return known ? mix(other, 1.5, chord) : chord; }

// Tangents: where the pen runs through, that of the parabola through three neighbours; where it starts or ends, that which
// makes a parabola of the piece; at a corner something between the two, which leaves it sharp, rounds it off or loops it.
static void make_tangents(Rng *r, Path *p) {
    for (int i = 0; i < p->knots; i++) {
        if (begins(p, i) || p->turn[i] == UP) continue;
        double before = gap(p->knot[i - 1], p->knot[i]), after = gap(p->knot[i], p->knot[i + 1]);
        p->in[i] = p->out[i] = mix(toward(p->knot[i - 1], p->knot[i]), before / (before + after), toward(p->knot[i], p->knot[i + 1]));
    }
    for (int i = 0; i < p->knots; i++) {
        if (!breaks(p, i)) continue;
        Vec2 through = p->turn[i] == CORNER ? p->in[i] : (Vec2){0, 0};
        double keep = p->turn[i] == CORNER ? hand.corner * rng_g(r) : 0;
        if (keep < 0) keep = 0;
        if (!begins(p, i)) p->in[i] = mix(parabola(toward(p->knot[i - 1], p->knot[i]), !breaks(p, i - 1), p->out[i - 1]), keep, through);
        if (p->turn[i] != UP) p->out[i] = mix(parabola(toward(p->knot[i], p->knot[i + 1]), !breaks(p, i + 1), p->in[i + 1]), keep, through);
    }
}

static void add_point(Path *p, Vec2 v, double r) {
    p->x[p->points] = v.x, p->y[p->points] = v.y, p->r[p->points] = r;
    p->up[p->points++] = 0;
}

static void trace_path(Rng *r, Path *p) {
    for (int i = 0; i < p->knots; i++) p->press[i] = real_exp(hand.pressure * rng_g(r));
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
    double nib = hand.nib * rng_g(r);
    for (int i = 0; i + 1 < p->points; i++) {
        double dx = p->x[i + 1] - p->x[i], dy = p->y[i + 1] - p->y[i], level = dx * dx / (dx * dx + dy * dy + 1e-9);
        p->r[i] *= 1 + nib * (2 * level - 1);
    }
}

// ---- 5. The box ----------------------------------------------------------------------------------------------------

enum { BOX = 20 };   // a multiple of 4: ink_segment takes four pixels at a time

// Moves and scales the path so that its ink, edge to edge, just fills the box, starting at its top left.
static void fit_box(Rng *r, int label, Path *p) {
    double pen = real_exp(normal(r, usual[label].pen));
    double scale = 1, left = 0, top = 0;
    for (int pass = 0; pass < 2; pass++) {   // first the bare path, to know the pen's size in path units; then the ink
        double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
        for (int i = 0; i < p->points; i++) {
            double x = p->x[i], y = p->y[i], e = pass ? p->r[i] : 0;
            if (x - e < x0) x0 = x - e;
            if (x + e > x1) x1 = x + e;
            if (y - e < y0) y0 = y - e;
            if (y + e > y1) y1 = y + e;
        }
        double size = x1 - x0 > y1 - y0 ? x1 - x0 : y1 - y0;
        if (pass) scale = BOX / size, left = x0, top = y0;
        else for (int i = 0; i < p->points; i++) p->r[i] *= pen * size / (BOX - 2 * pen);
    }
    for (int i = 0; i < p->points; i++) {
        uint32_t bits = rng_u32(r);   // two draws of 16 bits
        p->x[i] = (p->x[i] - left) * scale + hand.shake * ((bits & 65535) / 32767.5 - 1);
        p->y[i] = (p->y[i] - top) * scale + hand.shake * ((bits >> 16) / 32767.5 - 1);
        p->r[i] *= scale;
    }
}

// ---- 6. The ink ----------------------------------------------------------------------------------------------------

// field[y][x] = the largest of (pen radius - distance) over the path: positive inside the ink.  Four pixels of a row at a time,
// over all of the box that the segment from a to b may darken.
static void ink_segment(float *field, float ax, float ay, float ar, float bx, float by, float br) {
    float reach = (ar > br ? ar : br) + 1;
    int x0 = (int)((ax < bx ? ax : bx) - reach), x1 = (int)((ax > bx ? ax : bx) + reach);
    int y0 = (int)((ay < by ? ay : by) - reach), y1 = (int)((ay > by ? ay : by) + reach);
    x0 = x0 < 0 ? 0 : x0 & ~3;
    if (y0 < 0) y0 = 0;
    if (x1 > BOX - 1) x1 = BOX - 1;
    if (y1 > BOX - 1) y1 = BOX - 1;
    float dx = bx - ax, dy = by - ay, inverse = 1 / (dx * dx + dy * dy + 1e-12f);
    const F4 zero = f4_splat(0), one = f4_splat(1), dx4 = f4_splat(dx), dy4 = f4_splat(dy);
    for (int y = y0; y <= y1; y++) {
        F4 py = f4_splat((float)y + .5f - ay);
        for (int x = x0; x <= x1; x += 4) {
            F4 px = f4_add(f4_splat((float)x + .5f - ax), f4_make(0, 1, 2, 3));
            F4 t = f4_mul(f4_add(f4_mul(px, dx4), f4_mul(py, dy4)), f4_splat(inverse));   // where along the segment the nearest point is
            t = f4_min(f4_max(t, zero), one);
            F4 ex = f4_sub(px, f4_mul(t, dx4)), ey = f4_sub(py, f4_mul(t, dy4));
            F4 distance = f4_sqrt(f4_add(f4_mul(ex, ex), f4_mul(ey, ey)));
            F4 radius = f4_add(f4_splat(ar), f4_mul(t, f4_splat(br - ar)));
            float *f = &field[y * BOX + x];
            f4_store(f, f4_max(f4_load(f), f4_sub(radius, distance)));
        }
    }
}

static void ink_path(const Path *p, float *field) {
    for (int i = 0; i < BOX * BOX; i++) field[i] = -4;
    for (int i = 0; i + 1 < p->points; i++)
        if (!p->up[i])
            ink_segment(field, (float)p->x[i], (float)p->y[i], (float)p->r[i], (float)p->x[i + 1], (float)p->y[i + 1], (float)p->r[i + 1]);
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
        v *= .85f + .15f * v;
        field[i] = v;
        if (v > most) most = v;
    }
    for (int i = 0; i < BOX * BOX; i++) field[i] /= most;
}

// ---- 7. The picture ------------------------------------------------------------------------------------------------

// Where the box begins along one axis, so that the centre of mass comes to the middle pixel; but no ink goes over the edge.
static int place(double centre, int last_inked) {
    int at = DIGITS_SIDE / 2 - (int)floor(centre + .5), most = DIGITS_SIDE - 1 - last_inked;
    return at < 0 ? 0 : at > most ? most : at;
}

static void centre(const float *field, uint8_t *pixels) {
    int right = 0, bottom = 0;   // a narrow digit leaves part of its box empty
    double sum = 0, sx = 0, sy = 0;
    for (int y = 0; y < BOX; y++)
        for (int x = 0; x < BOX; x++) {
            double v = (double)field[y * BOX + x];
            if (v <= 0) continue;
            sum += v, sx += v * x, sy += v * y;
            bottom = y;
            if (x > right) right = x;
        }
    uint8_t *corner = pixels + place(sy / sum, bottom) * DIGITS_SIDE + place(sx / sum, right);
    memset(pixels, 0, DIGITS_PIXELS);
    for (int y = 0; y <= bottom; y++)
        for (int x = 0; x <= right; x++) corner[y * DIGITS_SIDE + x] = (uint8_t)(field[y * BOX + x] * 255 + .5f);
}

void digits_draw(Rng *r, int label, uint8_t pixels[DIGITS_PIXELS]) {
    Path path;
    float field[BOX * BOX];
    if (label < 0 || label >= DIGITS_CLASSES) label = 0;
    place_knots(r, pick_shape(r, label), &path);
    apply_hand(r, label, &path);
    make_tangents(r, &path);
    trace_path(r, &path);
    fit_box(r, label, &path);
    ink_path(&path, field);
    develop(r, field);
    centre(field, pixels);
}
