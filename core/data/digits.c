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
enum { MAX_KNOTS = 12 };

// 0: from the top, anticlockwise, back to the top.  A wide and round, B narrow and pointed.
static const Knot zero_ring[] = {
    {51, 1, 56, 6, 47, SMOOTH}, {25, 12, 42, 23, 41, SMOOTH}, {11, 46, 24, 55, 33, SMOOTH}, {14, 87, 25, 92, 41, SMOOTH},
    {49, 95, 45, 96, 33, SMOOTH}, {86, 82, 70, 74, 26, SMOOTH}, {100, 47, 84, 40, 35, SMOOTH}, {79, 12, 77, 10, 33, SMOOTH},
    {52, 1, 56, 2, 66, UP},
};
// 0 with a tail: the pen arrives from the upper right and leaves across its start.
static const Knot zero_tail[] = {
    {75, -4, 69, 9, 59, SMOOTH}, {36, 13, 47, 15, 37, SMOOTH}, {9, 50, 17, 45, 32, SMOOTH}, {25, 90, 24, 89, 36, SMOOTH},
    {54, 95, 53, 98, 33, SMOOTH}, {91, 72, 83, 70, 30, SMOOTH}, {91, 28, 81, 26, 34, SMOOTH}, {57, 10, 58, 1, 64, SMOOTH},
    {36, 17, 25, 3, 101, UP},
};
// 1: one stroke, straight or slightly bent.
static const Knot one_stroke[] = {
    {49, 0, 48, -1, 15, SMOOTH}, {49, 53, 51, 50, 17, SMOOTH}, {49, 102, 48, 100, 16, UP},
};
// 1 that bends at its foot.
static const Knot one_foot[] = {
    {44, 1, 42, 0, 19, SMOOTH}, {43, 38, 45, 37, 21, SMOOTH}, {44, 79, 44, 85, 18, SMOOTH}, {57, 101, 55, 99, 28, UP},
};
// 1 with a flag.
static const Knot one_flag[] = {
    {22, 22, 38, 18, 49, SMOOTH}, {52, 0, 50, -1, 27, CORNER}, {50, 51, 48, 50, 15, SMOOTH}, {48, 103, 51, 101, 20, UP},
};
// 1 with a flag and a base.
static const Knot one_base[] = {
    {24, 23, 34, 14, 39, SMOOTH}, {49, -2, 48, 3, 23, CORNER}, {49, 101, 48, 95, 17, UP},
    {17, 99, 29, 100, 45, SMOOTH}, {82, 98, 72, 99, 35, UP},
};
// 2: arch, then a corner at the lower left, then the base.
static const Knot two_corner[] = {
    {8, 23, 12, 12, 65, SMOOTH}, {40, -1, 45, 5, 38, SMOOTH}, {70, 15, 65, 18, 39, SMOOTH}, {53, 53, 57, 51, 49, SMOOTH},
    {3, 97, 14, 93, 51, CORNER}, {48, 94, 45, 88, 55, SMOOTH}, {96, 88, 96, 83, 100, UP},
};
// 2 with a loop at the lower left; A a small one, B a large one with a swinging base.
static const Knot two_loop[] = {
    {13, 20, 21, 20, 67, SMOOTH}, {43, 0, 45, 1, 52, SMOOTH}, {68, 20, 67, 21, 41, SMOOTH}, {57, 58, 61, 56, 48, SMOOTH},
    {18, 94, 26, 98, 39, SMOOTH}, {2, 94, -4, 97, 49, SMOOTH}, {15, 81, 12, 71, 47, SMOOTH}, {52, 81, 48, 71, 57, SMOOTH},
    {97, 88, 98, 82, 84, UP},
};
// 2 whose arch runs into a large loop, like an a; the base falls away to the right.
static const Knot two_big[] = {
    {20, 23, 16, 11, 67, SMOOTH}, {43, 3, 47, -1, 52, SMOOTH}, {67, 16, 74, 24, 38, SMOOTH}, {71, 56, 60, 66, 46, SMOOTH},
    {37, 86, 25, 83, 51, SMOOTH}, {6, 94, -1, 85, 42, SMOOTH}, {5, 74, 7, 69, 56, SMOOTH}, {38, 64, 36, 62, 55, SMOOTH},
    {67, 78, 60, 76, 58, SMOOTH}, {95, 91, 90, 86, 93, UP},
};
// 2 like a Z with a round shoulder.
static const Knot two_zed[] = {
    {7, 13, 11, 7, 53, SMOOTH}, {43, 7, 45, 2, 39, SMOOTH}, {81, 6, 73, 14, 49, SMOOTH}, {50, 50, 48, 52, 41, SMOOTH},
    {9, 98, 16, 92, 49, CORNER}, {48, 96, 47, 100, 41, SMOOTH}, {96, 97, 80, 95, 78, UP},
};
// 3: two bowls that meet in a corner.
static const Knot three_bowls[] = {
    {9, 13, 20, 10, 57, SMOOTH}, {41, 5, 49, 2, 34, SMOOTH}, {71, 12, 73, 15, 54, SMOOTH}, {60, 38, 59, 37, 28, SMOOTH},
    {24, 50, 47, 51, 68, CORNER}, {73, 51, 65, 62, 37, SMOOTH}, {90, 77, 78, 75, 42, SMOOTH}, {51, 100, 46, 97, 41, SMOOTH},
    {4, 89, 19, 95, 67, UP},
};
// 3 with a little loop between the bowls.
static const Knot three_loop[] = {
    {16, 13, 18, 11, 56, SMOOTH}, {47, 3, 48, 3, 30, SMOOTH}, {72, 13, 72, 20, 40, SMOOTH}, {56, 38, 53, 44, 39, SMOOTH},
    {29, 49, 26, 54, 50, SMOOTH}, {39, 42, 31, 43, 36, SMOOTH}, {72, 52, 69, 58, 37, SMOOTH}, {81, 79, 82, 82, 40, SMOOTH},
    {48, 98, 48, 99, 45, SMOOTH}, {7, 84, 17, 96, 84, UP},
};
// 3 with a flat top: across, back to the middle, bowl.
static const Knot three_flat[] = {
    {11, 6, 15, 4, 46, SMOOTH}, {82, 2, 74, 3, 36, CORNER}, {38, 42, 38, 42, 45, CORNER}, {75, 45, 74, 46, 42, SMOOTH},
    {85, 76, 82, 73, 44, SMOOTH}, {48, 100, 45, 101, 21, SMOOTH}, {4, 87, 2, 92, 70, UP},
};
// 4, open: an angle, then a stem on its own.
static const Knot four_open[] = {
    {23, 5, 24, 19, 57, SMOOTH}, {18, 33, 18, 38, 35, SMOOTH}, {3, 61, 5, 54, 45, CORNER}, {51, 61, 46, 53, 30, SMOOTH},
    {94, 55, 87, 52, 87, UP},
    {78, 6, 88, -5, 61, SMOOTH}, {74, 49, 70, 44, 33, SMOOTH}, {69, 98, 50, 101, 63, UP},
};
// 4, open, its body small and high above a long stem.
static const Knot four_small[] = {
    {29, 1, 18, 5, 59, SMOOTH}, {20, 24, 10, 23, 22, SMOOTH}, {7, 47, 5, 43, 57, CORNER}, {43, 45, 45, 44, 26, SMOOTH},
    {88, 42, 85, 32, 86, UP},
    {82, 1, 77, -1, 60, SMOOTH}, {73, 50, 68, 48, 26, SMOOTH}, {61, 102, 65, 100, 51, UP},
};
// 4, open and round: a bowl that climbs to the top of the stem, all in one go.
static const Knot four_bowl[] = {
    {15, 1, 11, 1, 63, SMOOTH}, {3, 32, 10, 33, 41, SMOOTH}, {24, 54, 28, 47, 38, SMOOTH}, {57, 49, 62, 43, 28, SMOOTH},
    {79, 8, 78, 6, 51, CORNER}, {72, 51, 68, 51, 26, SMOOTH}, {73, 99, 60, 100, 55, UP},
};
// 4, closed: down to the left, across, then the stem from the same top.
static const Knot four_closed[] = {
    {65, 1, 62, 7, 47, SMOOTH}, {34, 35, 34, 26, 33, SMOOTH}, {5, 67, 9, 49, 51, CORNER}, {49, 67, 44, 46, 33, SMOOTH},
    {97, 60, 82, 43, 77, UP},
    {66, 2, 70, 3, 53, SMOOTH}, {66, 50, 67, 51, 30, SMOOTH}, {63, 99, 64, 99, 51, UP},
};
// 4, small and closed above a long stem, near to a 9.
static const Knot four_high[] = {
    {65, 2, 58, 12, 67, SMOOTH}, {31, 30, 31, 25, 48, SMOOTH}, {6, 51, 8, 40, 45, CORNER}, {35, 54, 39, 41, 45, SMOOTH},
    {78, 43, 90, 36, 73, UP},
    {86, 1, 80, 3, 51, SMOOTH}, {72, 49, 75, 53, 28, SMOOTH}, {59, 102, 64, 99, 55, UP},
};
// 5 in one stroke: hat, back, belly.
static const Knot five_stroke[] = {
    {99, -2, 78, 2, 66, SMOOTH}, {64, 5, 55, 5, 31, SMOOTH}, {41, 7, 32, 6, 50, CORNER}, {31, 26, 25, 25, 30, SMOOTH},
    {27, 46, 22, 43, 53, CORNER}, {49, 50, 50, 41, 44, SMOOTH}, {64, 69, 75, 65, 45, SMOOTH}, {44, 92, 44, 99, 44, SMOOTH},
    {7, 92, 4, 84, 82, UP},
};
// 5 with a long hat and a belly that reaches far.
static const Knot five_belly[] = {
    {107, -3, 80, 4, 72, SMOOTH}, {67, 8, 54, 6, 29, SMOOTH}, {39, 8, 30, 8, 52, CORNER}, {30, 27, 19, 28, 35, SMOOTH},
    {26, 45, 10, 50, 57, CORNER}, {49, 55, 49, 39, 50, SMOOTH}, {65, 71, 84, 63, 56, SMOOTH}, {41, 94, 56, 97, 44, SMOOTH},
    {16, 89, 6, 83, 78, UP},
};
// 5 in two: back and belly, then the hat, which may not touch.
static const Knot five_hat[] = {
    {29, 8, 31, 5, 35, SMOOTH}, {25, 24, 23, 22, 30, SMOOTH}, {17, 45, 22, 43, 34, CORNER}, {53, 45, 50, 38, 36, SMOOTH},
    {78, 67, 80, 67, 49, SMOOTH}, {53, 96, 51, 98, 42, SMOOTH}, {10, 87, 6, 88, 62, UP},
    {32, 6, 28, 1, 54, SMOOTH}, {66, 5, 64, 3, 25, SMOOTH}, {102, 1, 92, -2, 57, UP},
};
// 5 without corners, like an S.
static const Knot five_snake[] = {
    {87, 3, 91, 9, 50, SMOOTH}, {48, 7, 50, 4, 45, SMOOTH}, {25, 24, 21, 22, 32, SMOOTH}, {49, 47, 45, 49, 29, SMOOTH},
    {75, 69, 71, 70, 41, SMOOTH}, {49, 98, 44, 97, 46, SMOOTH}, {8, 91, 7, 83, 57, UP},
};
// 6: stem, belly, loop.
static const Knot six_loop[] = {
    {56, -5, 69, -3, 57, SMOOTH}, {28, 34, 33, 28, 36, SMOOTH}, {12, 72, 14, 65, 37, SMOOTH}, {22, 93, 21, 96, 28, SMOOTH},
    {53, 94, 53, 98, 31, SMOOTH}, {66, 83, 75, 80, 43, SMOOTH}, {52, 69, 58, 64, 37, SMOOTH}, {28, 81, 28, 79, 74, UP},
};
// 6 with a small closed loop that ends inside.
static const Knot six_curl[] = {
    {50, 0, 60, 1, 61, SMOOTH}, {24, 38, 27, 32, 33, SMOOTH}, {14, 77, 12, 65, 35, SMOOTH}, {36, 99, 39, 99, 32, SMOOTH},
    {71, 82, 74, 83, 45, SMOOTH}, {65, 61, 64, 55, 27, SMOOTH}, {33, 60, 35, 57, 46, SMOOTH}, {18, 83, 22, 84, 61, UP},
};
// 6 with an upright stem; the loop ends on it or crosses it.
static const Knot six_stem[] = {
    {27, 3, 45, 4, 58, SMOOTH}, {15, 35, 22, 37, 24, SMOOTH}, {13, 77, 6, 75, 34, SMOOTH}, {29, 96, 30, 96, 26, SMOOTH},
    {69, 92, 73, 92, 41, SMOOTH}, {75, 68, 83, 66, 59, SMOOTH}, {46, 65, 50, 55, 49, SMOOTH}, {17, 86, 20, 79, 75, UP},
};
// 6 that lies wide, its bowl open or barely closed.
static const Knot six_wide[] = {
    {44, 0, 59, 3, 63, SMOOTH}, {20, 34, 24, 31, 45, SMOOTH}, {10, 71, -1, 68, 32, SMOOTH}, {19, 96, 18, 94, 32, SMOOTH},
    {61, 94, 66, 94, 39, SMOOTH}, {80, 76, 83, 73, 54, SMOOTH}, {69, 58, 70, 57, 48, SMOOTH}, {42, 72, 45, 65, 46, SMOOTH},
    {31, 87, 29, 85, 85, UP},
};
// 6 whose bowl leans up to the right.
static const Knot six_lean[] = {
    {57, -5, 43, 4, 57, SMOOTH}, {27, 43, 12, 36, 44, SMOOTH}, {7, 83, 11, 77, 31, SMOOTH}, {21, 100, 23, 94, 33, SMOOTH},
    {59, 84, 72, 91, 39, SMOOTH}, {82, 62, 90, 69, 41, SMOOTH}, {68, 59, 76, 57, 49, SMOOTH}, {44, 75, 49, 73, 56, SMOOTH},
    {26, 90, 32, 90, 68, UP},
};
// 7: across, corner, down.
static const Knot seven_plain[] = {
    {4, 8, 8, 6, 57, SMOOTH}, {47, 7, 48, 6, 27, SMOOTH}, {86, 4, 80, 7, 39, CORNER}, {65, 47, 75, 47, 44, SMOOTH},
    {37, 98, 61, 97, 63, UP},
};
// 7 with a serif at its start.
static const Knot seven_serif[] = {
    {3, 35, 8, 22, 65, SMOOTH}, {8, 12, 13, 4, 44, CORNER}, {44, 12, 50, 2, 40, SMOOTH}, {88, 1, 81, 7, 52, CORNER},
    {63, 46, 71, 48, 44, SMOOTH}, {40, 99, 57, 98, 59, UP},
};
// 7 whose top is a wave.
static const Knot seven_wave[] = {
    {6, 36, 7, 29, 64, SMOOTH}, {16, 13, 22, 9, 43, SMOOTH}, {42, 12, 51, 9, 46, SMOOTH}, {87, 0, 84, 0, 51, CORNER},
    {64, 47, 69, 48, 37, SMOOTH}, {40, 100, 54, 100, 51, UP},
};
// 7 with a round shoulder.
static const Knot seven_round[] = {
    {8, 23, 6, 12, 64, SMOOTH}, {21, 7, 17, 7, 34, SMOOTH}, {60, -1, 55, 2, 33, SMOOTH}, {82, 14, 86, 11, 40, SMOOTH},
    {71, 46, 77, 48, 46, SMOOTH}, {42, 103, 60, 99, 70, UP},
};
// 7 with a bar.
static const Knot seven_bar[] = {
    {3, 12, 7, 6, 62, SMOOTH}, {49, 6, 49, 3, 34, SMOOTH}, {83, 5, 79, 8, 41, CORNER}, {64, 46, 68, 48, 38, SMOOTH},
    {39, 100, 55, 100, 63, UP},
    {22, 55, 37, 46, 61, SMOOTH}, {94, 53, 88, 52, 82, UP},
};
// 8: an S, closed on the way back up.
static const Knot eight_cross[] = {
    {79, 11, 74, 8, 67, SMOOTH}, {49, 0, 52, 1, 28, SMOOTH}, {12, 25, 23, 19, 36, SMOOTH}, {48, 51, 49, 41, 42, SMOOTH},
    {80, 79, 61, 71, 43, SMOOTH}, {47, 90, 46, 97, 33, SMOOTH}, {23, 79, 22, 82, 46, SMOOTH}, {44, 49, 44, 53, 33, SMOOTH},
    {77, 25, 76, 28, 43, SMOOTH}, {70, 5, 69, 6, 60, UP},
};
// 8 whose ends stay apart at the upper right.
static const Knot eight_open[] = {
    {77, 1, 96, 6, 63, SMOOTH}, {49, 3, 58, -4, 40, SMOOTH}, {27, 18, 29, 18, 44, SMOOTH}, {45, 44, 40, 48, 37, SMOOTH},
    {66, 73, 54, 70, 49, SMOOTH}, {45, 96, 37, 93, 37, SMOOTH}, {20, 85, 22, 83, 35, SMOOTH}, {40, 53, 40, 58, 38, SMOOTH},
    {80, 20, 98, 5, 78, UP},
};
// 8 as two rings.
static const Knot eight_rings[] = {
    {52, 47, 47, 46, 38, SMOOTH}, {23, 27, 26, 25, 36, SMOOTH}, {48, 6, 53, 2, 33, SMOOTH}, {75, 21, 72, 21, 31, SMOOTH},
    {48, 45, 48, 46, 37, SMOOTH}, {19, 75, 23, 77, 32, SMOOTH}, {45, 99, 45, 99, 27, SMOOTH}, {81, 79, 73, 75, 33, SMOOTH},
    {53, 47, 53, 48, 53, UP},
};
// 9: ring, then a straight stem.
static const Knot nine_stem[] = {
    {76, 9, 69, 12, 41, SMOOTH}, {49, 2, 47, 4, 28, SMOOTH}, {13, 29, 19, 34, 48, SMOOTH}, {27, 59, 33, 47, 49, SMOOTH},
    {66, 45, 61, 40, 43, SMOOTH}, {77, 16, 72, 19, 35, CORNER}, {75, 51, 68, 57, 35, SMOOTH}, {69, 98, 65, 102, 71, UP},
};
// 9 with a tail that swings to the left.
static const Knot nine_hook[] = {
    {77, 16, 75, 11, 43, SMOOTH}, {49, 0, 44, 3, 32, SMOOTH}, {13, 28, 16, 27, 49, SMOOTH}, {39, 45, 41, 43, 33, SMOOTH},
    {70, 33, 70, 34, 39, SMOOTH}, {77, 14, 77, 14, 40, CORNER}, {72, 51, 74, 58, 28, SMOOTH}, {55, 91, 62, 94, 42, SMOOTH},
    {12, 94, 22, 96, 75, UP},
};
// 9 as a curl: from inside, over the top, down.
static const Knot nine_curl[] = {
    {70, 33, 66, 40, 61, SMOOTH}, {39, 48, 35, 48, 56, SMOOTH}, {10, 36, 15, 37, 45, SMOOTH}, {41, 5, 49, 6, 30, SMOOTH},
    {72, 15, 70, 18, 40, SMOOTH}, {71, 52, 70, 57, 44, SMOOTH}, {60, 103, 73, 101, 84, UP},
};
// 9 with a ring of its own and an upright stem beside it.
static const Knot nine_ring[] = {
    {75, 21, 65, 11, 64, SMOOTH}, {44, 2, 41, 6, 42, SMOOTH}, {8, 28, 15, 27, 36, SMOOTH}, {30, 55, 34, 44, 55, SMOOTH},
    {68, 38, 69, 34, 54, UP},
    {76, 7, 67, 5, 62, SMOOTH}, {76, 48, 74, 47, 28, SMOOTH}, {75, 97, 77, 102, 53, UP},
};
// 9, slim: a small slanted ring, closed on a straight stem.
static const Knot nine_slim[] = {
    {66, 11, 74, 3, 46, SMOOTH}, {47, 4, 51, 2, 22, SMOOTH}, {26, 25, 20, 30, 38, SMOOTH}, {26, 45, 21, 48, 50, SMOOTH},
    {55, 40, 57, 44, 43, SMOOTH}, {70, 12, 74, 9, 40, CORNER}, {68, 51, 69, 52, 25, SMOOTH}, {54, 104, 49, 101, 54, UP},
};

// The ways of writing each digit, and how often each is chosen: `weight` times in about a hundred digits of its class.
typedef struct { uint8_t label, weight, count; const Knot *knots; } Shape;
#define SHAPE(label, weight, knots) {label, weight, sizeof knots / sizeof *(knots), knots}
static const Shape shapes[] = {
    SHAPE(0, 71, zero_ring), SHAPE(0, 29, zero_tail),
    SHAPE(1, 84, one_stroke), SHAPE(1, 12, one_foot), SHAPE(1, 2, one_flag), SHAPE(1, 2, one_base),
    SHAPE(2, 22, two_corner), SHAPE(2, 24, two_loop), SHAPE(2, 11, two_zed), SHAPE(2, 44, two_big),
    SHAPE(3, 48, three_bowls), SHAPE(3, 32, three_loop), SHAPE(3, 20, three_flat),
    SHAPE(4, 62, four_open), SHAPE(4, 15, four_small), SHAPE(4, 18, four_bowl), SHAPE(4, 2, four_closed), SHAPE(4, 2, four_high),
    SHAPE(5, 21, five_stroke), SHAPE(5, 6, five_hat), SHAPE(5, 7, five_snake), SHAPE(5, 67, five_belly),
    SHAPE(6, 24, six_loop), SHAPE(6, 12, six_curl), SHAPE(6, 21, six_stem), SHAPE(6, 3, six_wide), SHAPE(6, 40, six_lean),
    SHAPE(7, 38, seven_plain), SHAPE(7, 6, seven_serif), SHAPE(7, 15, seven_wave), SHAPE(7, 24, seven_round), SHAPE(7, 16, seven_bar),
    SHAPE(8, 38, eight_cross), SHAPE(8, 49, eight_open), SHAPE(8, 13, eight_rings),
    SHAPE(9, 26, nine_stem), SHAPE(9, 11, nine_hook), SHAPE(9, 34, nine_curl), SHAPE(9, 6, nine_ring), SHAPE(9, 23, nine_slim),
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
    {{.13, .22}, {-.01, .20}, {.34, .26}},
    {{.28, .28}, {-.12, .20}, {.36, .26}},
    {{.10, .29}, {-.14, .20}, {.22, .26}},
    {{.12, .25}, {-.12, .20}, {.19, .26}},
    {{.15, .26}, {-.19, .20}, {.17, .26}},
    {{.12, .32}, {-.02, .20}, {.14, .26}},
    {{.11, .13}, {-.15, .20}, {.18, .26}},
    {{.16, .20}, {-.16, .20}, {.26, .26}},
    {{.08, .25}, {-.08, .20}, {.13, .26}},
    {{.22, .26}, {-.16, .20}, {.13, .26}},
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

enum { BOX = 20 };

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

static void centre(const float *field, uint8_t *pixels) {
    double sum = 0, sx = 0, sy = 0;
    for (int y = 0; y < BOX; y++)
        for (int x = 0; x < BOX; x++) {
            double v = (double)field[y * BOX + x];
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
    apply_hand(r, label, &path);
    make_tangents(r, &path);
    trace_path(r, &path);
    fit_box(r, label, &path);
    ink_path(&path, field);
    develop(r, field);
    centre(field, pixels);
}
