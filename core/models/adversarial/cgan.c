// cgan.c -- conditional GAN.  Mirza and Osindero 2014, arXiv:1411.1784.
//
// The game of gan.c for every class y at once: G(z, y) makes an example of that class, D(x, y) tells whether x is a real one of it.
//     L_D = -E log D(x, y) - E log(1 - D(G(z, y), y)),  L_G = -E log D(G(z, y), y),  y as often as in the data
// At the end D = p(x|y) / (p(x|y) + p_g(x|y)) = 1/2 for every class.  How the players are told y: game.h.

#include "models/adversarial/gan.h"

#define VERBS (CAN_SAMPLE | CAN_DECODE | CAN_INTERPOLATE | CAN_CRITIC | CAN_LABEL)

const ModelDef model_cgan = {
    .id = "cgan", .title = "Conditional GAN", .family = "Adversarial", .paper = "arXiv:1411.1784",
    .summary = "A GAN whose two networks are told the class, so that one can ask for what one wants.",
    .about =
        "Both networks of the game are told a class $y$: the generator turns noise into an example *of that class*, the critic judges whether an example is a real one *of that class*. "
        "A perfect picture of the wrong digit convinces nobody.\n\n"
        "## Loss\n\n"
        "That of the GAN, given the class: the critic maximises $$V = \\mathbb E_{x,y} \\log D(x,y) + \\mathbb E_{z,y} \\log\\big(1 - D(G(z,y),y)\\big)$$ "
        "and the generator lowers $-\\mathbb E_{z,y} \\log D(G(z,y),y)$. The class enters the generator beside the noise; the critic has one logit for every class, and only that of $y$ counts.\n\n"
        "## What to watch\n\n"
        "Keep the noise and change the class: what stays is style, such as slant and thickness. Nobody asked for that, it is the cheapest way to serve all classes with one network. "
        "On points, choose a class and see its own critic.\n\n"
        "## What goes wrong\n\n"
        "Within a class the samples may be all alike: every label is right, and yet the model has collapsed. So look at the spread inside a class, not only at whether the class is right.\n\n"
        "## What to try\n\n"
        "Sample one class only. Interpolate between two codes within one class. Compare grid25 with the plain GAN: being told the mode, it cannot lose one.",
    .knobs = gan_knobs,
    .points = VERBS, .image = VERBS,
    .loss = GAN_LOSSES,
    .views = { "samples", "grid", "latent" },
    .improves = -1, .two_updates = true,
    .size = sizeof(Gan),
    .build = gan_build, .train = gan_train, .line = gan_line, .sample = game_sample, .decode = game_decode, .critic = gan_critic,
};
