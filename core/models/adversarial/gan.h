// gan.h -- the game of Goodfellow et al. 2014 (gan.c), which cgan.c plays with classes.
#ifndef GENPLAY_GAN_H
#define GENPLAY_GAN_H

#include "models/adversarial/game.h"

// The critic's step, with the gradient penalty or, while that is 0, without its cost.
typedef struct { Bout bout; Var *loss, *truth; } Lesson;                          // truth: share of the critic's right guesses
typedef struct {
    Game game;
    Lesson plain, smooth;
    Program learn;                                                                 // the generator's step
    Var *y, *loss;
} Gan;

extern const Knob gan_knobs[];
bool gan_build(Model *m);
bool gan_train(Model *m);
double gan_line(const Model *m, int i, const char **text);
bool gan_critic(Model *m, int n, const float *x, float *out);

#define GAN_LOSSES { { "critic", "Critic L_D", "−E log D(x) − E log(1 − D(G(z))); 2 ln 2 when it cannot tell." }, \
    { "generator", "Generator L_G", "ln 2 (minimax: −ln 2) when the critic cannot tell." }, \
    { "accuracy", "Critic's accuracy", "Share of examples that the critic classifies rightly; ½ is guessing." } }

#endif
