#include "nn/unet.h"

#include <stdio.h>

// The largest number up to `most` that divides the channels.
static int share_of(int channels, int most) {
    while (channels % most) most--;
    return most;
}

static GroupNorm norm_of(Params *s, const char *name, const char *what, int channels) {
    char part[48];
    snprintf(part, sizeof part, "%.32s.%s", name, what);
    return group_norm(s, part, channels, share_of(channels, NORM_GROUPS));
}

static ResBlock res_block(Params *s, const char *name, int channels, int features) {
    char part[48];
    ResBlock r = { .channels = channels };
    r.before = norm_of(s, name, "before", channels);
    snprintf(part, sizeof part, "%.32s.first", name);
    r.first = conv_layer(s, part, 3, channels, channels, 1, 1.6);
    snprintf(part, sizeof part, "%.32s.time", name);
    r.time = linear(s, part, features, channels, 1);
    r.between = norm_of(s, name, "between", channels);
    snprintf(part, sizeof part, "%.32s.second", name);
    r.second = conv_layer(s, part, 3, channels, channels, 1, 0);
    return r;
}

static Var *v_res_block(const ResBlock *r, Var *x, Var *t) {
    Var *h = v_conv_layer(&r->first, v_silu(v_group_norm(&r->before, x)));
    h = v_add(h, v_reshape4(v_linear(&r->time, t), x->dim[0], 1, 1, r->channels));
    return v_add(x, v_conv_layer(&r->second, v_silu(v_group_norm(&r->between, h))));
}

static Attention attention(Params *s, const char *name, int channels) {
    char part[48];
    Attention a = { .before = norm_of(s, name, "before", channels), .channels = channels };
    snprintf(part, sizeof part, "%.32s.ask", name);
    a.ask = linear(s, part, channels, 3 * channels, 1);
    snprintf(part, sizeof part, "%.32s.answer", name);
    a.answer = linear(s, part, channels, channels, 0);
    return a;
}

// x [B,h,w,C] + what every place hears from all others.
static Var *v_attend(const Attention *a, Var *x) {
    const int B = x->dim[0], C = a->channels, places = x->size / (B * C);
    Var *all = v_linear(&a->ask, v_reshape2(v_group_norm(&a->before, x), B * places, C));
    all = v_reshape(all, 3, (int[]){ B, places, 3 * C });
    Var *query = v_slice(all, 2, 0, C), *key = v_slice(all, 2, C, C), *value = v_slice(all, 2, 2 * C, C);
    Var *heard = v_reshape2(v_attention_heads(query, key, value, share_of(C, ATTENTION_HEADS)), B * places, C);
    return v_add(x, v_reshape(v_linear(&a->answer, heard), x->rank, x->dim));
}

// [B,H,W,C] -> [B,H/2,W/2,4C] and back.
static Var *to_patches(Var *x) {
    int B = x->dim[0], h = x->dim[1] / 2, w = x->dim[2] / 2, c = x->dim[3];
    Var *rows = v_permute(v_reshape4(x, B * h, 2, w, 2 * c), 4, (int[]){ 0, 2, 1, 3 });
    return v_reshape4(rows, B, h, w, 4 * c);
}

static Var *to_pixels(Var *x) {
    int B = x->dim[0], h = x->dim[1], w = x->dim[2], c = x->dim[3] / 4;
    Var *rows = v_permute(v_reshape4(x, B * h, w, 2, 2 * c), 4, (int[]){ 0, 2, 1, 3 });
    return v_reshape4(rows, B, 2 * h, 2 * w, c);
}

UNet unet(Params *s, const char *name, int image_channels, int channels, int blocks, int features) {
    char part[48];
    UNet u = { .channels = channels, .features = features, .n = blocks };
    snprintf(part, sizeof part, "%.32s.time", name);
    u.time = linear(s, part, features, features, 1.6);
    snprintf(part, sizeof part, "%.32s.in", name);
    u.in = conv_layer(s, part, 3, 4 * image_channels, channels, 1, 1);
    snprintf(part, sizeof part, "%.32s.high", name);
    u.high = res_block(s, part, channels, features);
    snprintf(part, sizeof part, "%.32s.down", name);
    u.down = conv_layer(s, part, 3, channels, 2 * channels, 2, 1);
    for (int i = 0; i < blocks; i++) {
        snprintf(part, sizeof part, "%.32s.low%d", name, i);
        u.low[i] = res_block(s, part, 2 * channels, features);
    }
    snprintf(part, sizeof part, "%.32s.attention", name);
    u.attention = attention(s, part, 2 * channels);
    snprintf(part, sizeof part, "%.32s.up", name);
    u.up = linear(s, part, 2 * channels, 4 * channels, 1);
    snprintf(part, sizeof part, "%.32s.last", name);
    u.last = res_block(s, part, channels, features);
    snprintf(part, sizeof part, "%.32s.out", name);
    u.out = conv_layer(s, part, 3, channels, 4 * image_channels, 1, 0);
    return u;
}

Var *v_unet(const UNet *u, Var *x, Var *t) {
    Var *time = v_silu(v_linear(&u->time, t));                                     // [B,F]
    Var *high = v_res_block(&u->high, v_conv_layer(&u->in, to_patches(x)), time);  // [B,H/2,W/2,c]
    Var *low = v_conv_layer(&u->down, high);                                       // [B,H/4,W/4,2c]
    for (int i = 0; i < u->n; i++) {
        low = v_res_block(&u->low[i], low, time);
        if (i == 0) low = v_attend(&u->attention, low);
    }
    int B = low->dim[0], h = low->dim[1], w = low->dim[2];
    Var *up = v_linear(&u->up, v_reshape2(low, B * h * w, 2 * u->channels));
    Var *both = v_add(high, to_pixels(v_reshape4(up, B, h, w, 4 * u->channels)));
    return to_pixels(v_conv_layer(&u->out, v_silu(v_res_block(&u->last, both, time))));
}
