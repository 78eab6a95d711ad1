#include "nn/causal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// --- Parameters ------------------------------------------------------------------------------------------------------------------------

static Masked masked(Params *s, const char *name, int k, int dilation, int taps, int in, int out) {
    Linear l = linear(s, name, taps * in, out, 1);
    return (Masked){ .w = l.w, .b = l.b, .k = k, .dilation = dilation, .taps = taps, .in = in, .out = out };
}

Causal causal(Params *s, const char *name, int in, int out, int channels, int blocks, int window, int octaves) {
    Causal c = { .in = in, .out = out, .channels = channels, .n = blocks + 1 };
    char full[64];
    snprintf(full, sizeof full, "%.30s.first", name);
    c.window[0] = masked(s, full, window, 1, window * window / 2, in, channels);
    for (int i = 1; i < c.n; i++) {
        snprintf(full, sizeof full, "%.30s.%d.window", name, i);
        c.window[i] = masked(s, full, 3, 1 << (i - 1) % octaves, 5, channels, 2 * channels);
        snprintf(full, sizeof full, "%.30s.%d.back", name, i);
        c.back[i] = linear(s, full, channels, channels, 1);
    }
    for (int i = 0; i < 2; i++) {
        snprintf(full, sizeof full, "%.30s.head.%d", name, i);
        c.head[i] = linear(s, full, channels, i ? out : channels, i ? 0 : activation_gain(ACT_SILU));
    }
    return c;
}

// --- Where the network is laid: over whole pictures, or over one pixel's column ----------------------------------------------------------

typedef struct { int batch, h, w; Painter *painter; } Place;      // painter: NULL over pictures

// Weights as a convolution wants them: those that no tap reads are zeros.
static Var *full_window(const Masked *m, Program *p) {
    Var *w = v_pad(v_param(p, m->w), 0, 0, (m->k * m->k - m->taps) * m->in);
    return v_reshape4(w, m->k, m->k, m->in, m->out);
}

static Var *over_pictures(const Masked *m, Var *x, const Place *at) {
    ConvRule rule = { .stride = 1, .pad = m->dilation * (m->k - 1) / 2, .dilation = m->dilation, .taps = m->taps };
    Var *y = v_conv_rule(v_reshape4(x, at->batch, at->h, at->w, m->in), full_window(m, x->p), rule);
    return v_reshape2(y, x->dim[0], m->out);
}

// The taps before the pixel come from memory; after them, with mask B, its own.
static Var *over_column(const Masked *m, int i, Var *x, Painter *at) {
    int before = m->k * m->k / 2;
    Var *patch = at->around[i] = v_input(x->p, "around", x->dim[0], before * m->in);
    at->here[i] = program_keep(x);
    if (m->taps > before) patch = v_concat(patch, x, 1);
    return v_matmul(patch, v_param(x->p, m->w), false, false);
}

static Var *v_window(const Causal *c, int i, Var *x, const Place *at) {
    const Masked *m = &c->window[i];
    Var *y = at->painter ? over_column(m, i, x, at->painter) : over_pictures(m, x, at);
    return v_add(y, v_param(x->p, m->b));
}

// x [pixels,in] -> [pixels,out].
static Var *v_network(const Causal *c, Var *x, const Place *at) {
    Var *h = v_window(c, 0, x, at);
    for (int i = 1; i < c->n; i++) {
        Var *y = v_window(c, i, h, at);
        Var *gated = v_mul(v_tanh(v_slice(y, 1, 0, c->channels)), v_sigmoid(v_slice(y, 1, c->channels, c->channels)));
        h = v_add(h, v_linear(&c->back[i], gated));
    }
    return v_linear(&c->head[1], v_silu(v_linear(&c->head[0], v_silu(h))));
}

Var *v_causal(const Causal *c, Var *x) {
    Place at = { x->dim[0], x->dim[1], x->dim[2], NULL };
    Var *y = v_network(c, v_reshape2(x, at.batch * at.h * at.w, c->in), &at);
    return v_reshape4(y, at.batch, at.h, at.w, c->out);
}

// --- Pixel by pixel ------------------------------------------------------------------------------------------------------------------------

bool painter_build(Painter *p, const Causal *net, int rows, int h, int w) {
    p->net = net, p->rows = rows, p->h = h, p->w = w;
    for (int i = 0; i < net->n; i++)
        if (!(p->seen[i] = arena_new(p->program.arena, float, (size_t)(h * w * rows) * (size_t)net->window[i].in))) return false;
    Place at = { .painter = p };
    // The first convolution does not read the pixel itself: this input says only how many rows there are.
    p->out = program_keep(v_network(net, v_input(&p->program, "here", rows, net->in), &at));
    return program_end(&p->program);
}

// What convolution i sees before the pixel, tap by tap; 0 outside the picture.
static void gather(Painter *p, int i, int pixel) {
    const Masked *m = &p->net->window[i];
    const int before = m->k * m->k / 2, row = pixel / p->w, col = pixel % p->w, half = m->k / 2;
    const size_t bytes = sizeof(float) * (size_t)m->in;
    for (int t = 0; t < before; t++) {
        int y = row + (t / m->k - half) * m->dilation, x = col + (t % m->k - half) * m->dilation;
        const float *from = y >= 0 && x >= 0 && x < p->w ? p->seen[i] + (size_t)((y * p->w + x) * p->rows * m->in) : NULL;
        float *to = p->around[i]->data + t * m->in;
        for (int r = 0; r < p->rows; r++, to += before * m->in)
            if (from) memcpy(to, from + r * m->in, bytes);
            else memset(to, 0, bytes);
    }
}

static void keep(Painter *p, int i, int pixel, const float *x) {
    size_t size = (size_t)(p->rows * p->net->window[i].in);
    memcpy(p->seen[i] + (size_t)pixel * size, x, sizeof *x * size);
}

const float *painter_look(Painter *p, int pixel) {
    for (int i = 0; i < p->net->n; i++) gather(p, i, pixel);
    program_run(&p->program, 0);
    for (int i = 1; i < p->net->n; i++) keep(p, i, pixel, p->here[i]->data);
    return p->out->data;
}

void painter_put(Painter *p, int pixel, const float *x) { keep(p, 0, pixel, x); }
