#include "nn/unet.h"

#include <math.h>
#include <stdio.h>

static ResBlock res_block(Params *s, const char *name, int channels, int features) {
    char part[48];
    ResBlock r = { .channels = channels };
    snprintf(part, sizeof part, "%.32s.first", name);
    r.first = conv_layer(s, part, 3, channels, channels, 1, 1.6);
    snprintf(part, sizeof part, "%.32s.time", name);
    r.time = linear(s, part, features, channels, 1);
    snprintf(part, sizeof part, "%.32s.second", name);
    r.second = conv_layer(s, part, 3, channels, channels, 1, 0);
    return r;
}

static Var *v_res_block(const ResBlock *r, Var *x, Var *t) {
    Var *h = v_conv_layer(&r->first, v_silu(x));
    h = v_add(h, v_reshape4(v_linear(&r->time, t), x->dim[0], 1, 1, r->channels));
    return v_add(x, v_conv_layer(&r->second, v_silu(h)));
}

// x [B,h,w,C] + a network of one hidden layer over all of it.
static Var *v_whole(const UNet *u, Var *x, Var *time) {
    Var *code = v_linear(&u->squeeze, v_reshape2(v_silu(x), x->dim[0], x->size / x->dim[0]));
    code = v_silu(v_add(code, v_linear(&u->whole_time, time)));                    // [B,code]
    return v_add(x, v_reshape(v_linear(&u->spread, code), 4, x->dim));
}

// Its hidden layer: at most a million weights each way, so that large pictures stay within memory.
static int whole_code(int all) {
    int code = (1 << 20) / all;
    return code < 1 ? 1 : code > 256 ? 256 : code;
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

UNet unet(Params *s, const char *name, int height, int width, int image_channels, int channels, int blocks, int features) {
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
    int all = height / 4 * (width / 4) * 2 * channels, code = whole_code(all);
    snprintf(part, sizeof part, "%.32s.squeeze", name);
    u.squeeze = linear(s, part, all, code, 1);
    snprintf(part, sizeof part, "%.32s.whole_time", name);
    u.whole_time = linear(s, part, features, code, 1);
    snprintf(part, sizeof part, "%.32s.spread", name);
    u.spread = linear(s, part, code, all, 0);
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
    for (int i = 0; i < u->n; i++) low = v_res_block(&u->low[i], low, time);
    low = v_whole(u, low, time);
    int B = low->dim[0], h = low->dim[1], w = low->dim[2];
    Var *up = v_linear(&u->up, v_reshape2(low, B * h * w, 2 * u->channels));
    Var *both = v_add(high, to_pixels(v_reshape4(up, B, h, w, 4 * u->channels)));
    return to_pixels(v_conv_layer(&u->out, v_silu(v_res_block(&u->last, both, time))));
}
