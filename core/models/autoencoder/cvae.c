// cvae.c -- conditional variational autoencoder.  Sohn, Lee and Yan 2015, "Learning structured output representation using deep conditional
// generative models"; in the form of Kingma et al. 2014, arXiv:1406.5298 (M2).  The mathematics is in variational.c.

#include "models/autoencoder/variational.h"

const ModelDef model_cvae = {
    .id = "cvae", .title = "Conditional VAE", .family = "Autoencoders", .paper = "arXiv:1406.5298",
    .summary = "A VAE that is told the class, so that its code keeps only the style.",
    .about =
        "Encoder and decoder both see the class $y$ of an example beside the example or its code. What the class says the code need not, so it keeps what classes share: style.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = -\\mathbb E_{q(z|x,y)} \\log p(x|z,y) + \\beta\\,\\mathrm{KL}\\big(q(z|x,y)\\,\\|\\,\\mathcal N(0,I)\\big)$$ an upper bound of $-\\log p(x|y)$ for $\\beta = 1$. "
        "Codes are drawn from the same $\\mathcal N(0,I)$ whatever the class.\n\n"
        "## What to watch\n\n"
        "In the grid, every column is one class and every row one code: slant and thickness should stay along a row. The rate is lower than the VAE's by about the information in the class.\n\n"
        "## What goes wrong\n\n"
        "If classes look very different, a code may still carry the class; then decoding with another one gives a mixture of both.\n\n"
        "## What to try\n\n"
        "Encode a digit with its own class and decode it with another: the same hand writes a different digit. Compare a latent size of 2 with 20.",
    .points = VARIATIONAL_VERBS | CAN_LABEL, .image = VARIATIONAL_VERBS | CAN_LABEL,
    .views = { "samples", "grid", "latent", "reconstruct", "attributes" },
    VARIATIONAL,
};
