// vae.c -- variational autoencoder.  Kingma and Welling 2014, arXiv:1312.6114; beta: Higgins et al. 2017.  The mathematics is in variational.c.

#include "models/autoencoder/variational.h"

const ModelDef model_vae = {
    .id = "vae", .title = "VAE", .family = "Autoencoders", .paper = "arXiv:1312.6114",
    .summary = "An autoencoder with noisy codes: it learns to compress, and to generate from pure noise.",
    .about =
        "An encoder turns an example $x$ into a small Gaussian cloud of codes $q(z|x)$; a decoder turns a code back into an example. Because all clouds together are "
        "pressed towards one standard normal cloud, a code drawn from pure noise decodes to something new.\n\n"
        "## Loss\n\n"
        "$$\\mathcal L = \\underbrace{-\\mathbb E_{q(z|x)} \\log p(x|z)}_{\\text{reconstruction}} + \\beta\\,\\underbrace{\\mathrm{KL}\\big(q(z|x)\\,\\|\\,\\mathcal N(0,I)\\big)}_{\\text{rate}}$$ "
        "For $\\beta = 1$ this is an upper bound of $-\\log p(x)$. Codes are drawn as $z=\\mu+\\sigma\\odot\\varepsilon$, so the gradient passes through the draw.\n\n"
        "## What to watch\n\n"
        "Both terms pull against each other: reconstruction falls while the rate rises. In the latent view, the codes of all data should fill the ring where noise lives, without holes.\n\n"
        "## What goes wrong\n\n"
        "With a large $\\beta$, or a decoder that ignores its code, the rate falls to 0 and every code decodes to the same thing (posterior collapse). Pictures are blurry, because "
        "the decoder gives the mean of everything that a code could stand for.\n\n"
        "## What to try\n\n"
        "Set $\\beta$ to 0 and look at the holes in the latent plane. Take a latent size of 2 on digits and pick two codes to walk between. Compare the fixed and the learned variance on points.",
    .points = VARIATIONAL_VERBS, .image = VARIATIONAL_VERBS,
    .views = { "samples", "latent", "reconstruct", "attributes", "filters" },
    VARIATIONAL,
};
