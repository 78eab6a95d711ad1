// game.h -- what adversarial models share: two players, the programs in which they learn, draw and judge, and the verbs made of them.
//
// A model's own struct begins with a Game, whatever loss it plays for.  Where its ModelDef says CAN_LABEL both players are told the class y:
//   G  gets it one-hot beside the code                                (Mirza and Osindero 2014, arXiv:1411.1784)
//   D  has a logit for every class and y picks its own: <w_y, features> + b_y, which is the projection of Miyato and Koyama 2018
//      (arXiv:1802.05637, eq. 3) with its term that all classes share folded in
#ifndef GENPLAY_GAME_H
#define GENPLAY_GAME_H

#include "models/adversarial/players.h"
#include "models/model.h"

typedef struct {
    Params generator, critic;                 // stores 1 and 0 of the model: losses are in the order critic, generator
    Generator g;
    Critic d;
    int classes;                              // 0: the players are not told
    Program draw, judge;
    Var *code, *class, *made;                 // draw: codes [chunk,Z], one-hot classes [chunk,K] or NULL; examples [chunk,D]
    Var *judged, *judged_class, *verdict;     // judge: examples [chunk,D], their classes or NULL; what the critic says [chunk,1]
} Game;

// Declares the players.  False: they do not fit the data, or memory is over.
bool game_players(Model *m, Design design, int latent);
// The programs that draw and judge.
bool game_use(Model *m);

// The critic's program as far as every loss needs it: data (x, and their classes y) against as many fresh samples of those classes, which
// do not lead back to the generator.
typedef struct { Program p; Var *x, *y, *fake, *on_data, *on_fake; } Bout;         // [B,D], [B,K] or NULL, [B,D], [B,1], [B,1]
void game_bout(Model *m, Bout *b);
// What the critic says of x [B,D] in class y (NULL where there are none) -> [B,1].
Var *game_says(const Game *v, Var *x, Var *y);
// The generator's program: what the critic says [B,1] of samples from noise of their own, not that of the critic's finished program.
// *y: one-hot classes to be given, or NULL.
Var *game_attempt(Model *m, Program *p, const Program *critics, Var **y);

// Fills a bout with batch number `index`, and the generator's classes (or NULL) with those of the same examples.
void game_batch(Model *m, uint64_t index, const Bout *b, Var *y);

// The verbs.  The critic's: sigmoid of what it says less `centre`.
bool game_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes);
bool game_decode(Model *m, int n, const float *codes, float *x);
bool game_judge(Model *m, int n, const float *x, double centre, float *out);

#define KNOB_ARCH { .key = "arch", .title = "Networks", .type = KNOB_CHOICE, .choices = ARCH_CHOICES, .points = ARCH_MLP, .image = ARCH_CONV, .group = "Network", \
    .help = "Fully connected; or (pictures) a few convolutions; or the larger DCGAN of the textbooks (Radford et al. 2016)." }
#define KNOB_CHANNELS { .key = "channels", .title = "Channels", .type = KNOB_INTEGER, .points = 32, .image = 32, .min = 4, .max = 64, .scale = SCALE_LOG, \
    .group = "Network", .help = "Width of the convolutions next to the picture; twice that further in, and DCGAN's are twice as wide." }

#endif
