#include "models/adversarial/players.h"

enum { UP = 4, OUT = 7 };                     // sizes of the kernels that change the resolution, and of dcgan's last
static const double dropped = .3;

// Channels after the generator's dense layer and after each transposed convolution.
static void generator_widths(const Design *d, int width[3]) {
    int c = d->channels;
    if (d->arch == ARCH_CONV) width[0] = 2 * c, width[1] = c, width[2] = d->depth;
    else width[0] = 8 * c, width[1] = 4 * c, width[2] = 2 * c;
}

static Generator generator_of_pictures(Params *s, const Design *d, int Z) {
    static const char *const names[] = { "generator.norm0", "generator.norm1", "generator.norm2" };
    Generator g = { .d = *d };
    bool conv = d->arch == ARCH_CONV;
    double gain = activation_gain(d->act);
    int w[3];
    generator_widths(d, w);
    g.first = linear(s, "generator.first", Z, d->height / 4 * (d->width / 4) * w[0], gain);
    g.up[0] = conv_up_layer(s, "generator.up0", UP, w[0], w[1], 2, gain);
    g.up[1] = conv_up_layer(s, "generator.up1", UP, w[1], w[2], 2, conv ? 1 : gain);
    if (conv) return g;
    g.last = conv_layer(s, "generator.last", OUT, w[2], d->depth, 1, 1);
    for (int i = 0; i < 3; i++) g.norm[i] = batch_norm(s, names[i], w[i]);
    return g;
}

Generator generator(Params *s, const Design *d, int Z) {
    if (d->arch != ARCH_MLP) return generator_of_pictures(s, d, Z);
    return (Generator){ .d = *d, .mlp = mlp(s, "generator", Z, d->hidden, d->layers, d->dim, d->act, 1) };
}

Critic critic(Params *s, const Design *d, int K) {
    Critic c = { .d = *d };
    double gain = activation_gain(d->act);
    if (d->arch == ARCH_MLP) {
        c.mlp = mlp(s, "critic", d->dim, d->hidden, d->layers, K, d->act, 1);
        return c;
    }
    int w = d->arch == ARCH_DCGAN ? 2 * d->channels : d->channels;
    c.down[0] = conv_layer(s, "critic.down0", UP, d->depth, w, 2, gain);
    c.down[1] = conv_layer(s, "critic.down1", UP, w, 2 * w, 2, gain);
    c.last = linear(s, "critic.last", d->height / 4 * (d->width / 4) * 2 * w, K, 1);
    return c;
}

// What comes after the generator's layer i.
static Var *norm_activate(const Generator *g, int i, Var *x) {
    return v_activate(g->d.arch == ARCH_DCGAN ? v_batch_norm(&g->norm[i], x) : x, g->d.act);
}

// [B,Z] -> [B,H,W,C] logits of pixels.
static Var *picture(const Generator *g, Var *z) {
    int h = g->d.height / 4, w = g->d.width / 4;
    Var *x = v_linear(&g->first, z);
    x = norm_activate(g, 0, v_reshape4(x, z->dim[0], h, w, x->dim[1] / (h * w)));
    x = norm_activate(g, 1, v_conv_up_layer(&g->up[0], x));
    x = v_conv_up_layer(&g->up[1], x);
    return g->d.arch == ARCH_CONV ? x : v_conv_layer(&g->last, norm_activate(g, 2, x));
}

Var *v_generator(const Generator *g, Var *z) {
    Var *x = g->d.arch == ARCH_MLP ? v_mlp(&g->mlp, z) : v_reshape2(picture(g, z), z->dim[0], g->d.dim);
    return g->d.height ? v_sigmoid(x) : x;
}

Var *v_critic(const Critic *c, Var *x) {
    const Design *d = &c->d;
    if (d->arch == ARCH_MLP) return v_mlp(&c->mlp, x);
    Var *h = v_reshape4(x, x->dim[0], d->height, d->width, d->depth);
    for (int i = 0; i < 2; i++) {
        h = v_activate(v_conv_layer(&c->down[i], h), d->act);
        if (d->arch == ARCH_DCGAN) h = v_dropout(h, dropped);
    }
    return v_linear(&c->last, v_reshape2(h, x->dim[0], h->size / x->dim[0]));
}
