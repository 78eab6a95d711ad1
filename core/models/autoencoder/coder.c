#include "models/autoencoder/coder.h"

#include <stdio.h>
#include <string.h>

void coder_declare(Model *m, Coder *c, const char *store, const CoderShape *s) {
    char encoder[32], decoder[32];
    snprintf(encoder, sizeof encoder, "%sencoder", s->prefix);
    snprintf(decoder, sizeof decoder, "%sdecoder", s->prefix);
    model_store(m, &c->weights, store);
    c->encoder = mlp(&c->weights, encoder, m->dim + c->classes, s->hidden, s->layers, s->out, s->act, s->gain);
    c->decoder = mlp(&c->weights, decoder, m->code_dim + c->classes, s->hidden, s->layers, m->dim, s->act, 1);
}

Var *coder_class(const Coder *c, Program *p, int rows) { return c->classes ? v_input(p, "class", rows, c->classes) : NULL; }

Var *v_encoder(const Coder *c, Var *x, Var *y) { return v_mlp(&c->encoder, y ? v_concat(x, y, 1) : x); }
Var *v_decoder(const Coder *c, Var *z, Var *y) { return v_mlp(&c->decoder, y ? v_concat(z, y, 1) : z); }

Var *coder_encode_begin(Model *m, Coder *c) {
    model_program(m, &c->encode, "encode");
    c->encode.average = true;
    c->ex = v_input(&c->encode, "x", m->chunk, m->dim);
    c->ey = coder_class(c, &c->encode, m->chunk);
    return v_encoder(c, c->ex, c->ey);
}

Var *coder_decode_begin(Model *m, Coder *c) {
    model_program(m, &c->decode, "decode");
    c->decode.average = true;
    c->code = v_input(&c->decode, "z", m->chunk, m->code_dim);
    c->cy = coder_class(c, &c->decode, m->chunk);
    return v_decoder(c, c->code, c->cy);
}

void coder_fill(Var *y, const int32_t *labels, int n) {
    if (y) model_fill_classes(y, labels, n);
}

bool coder_rows(Model *m, int n, const float *x, float *codes) {
    Coder *c = m->self;
    model_fill(c->ex, x, n);
    coder_fill(c->ey, m->labels, n);
    program_run(&c->encode, 0);
    memcpy(codes, c->codes->data, sizeof *codes * (size_t)(n * m->code_dim));
    return true;
}

bool decoder_rows(Model *m, int n, const float *codes, float *x) {
    Coder *c = m->self;
    model_fill(c->code, codes, n);
    coder_fill(c->cy, m->labels, n);
    program_run(&c->decode, 0);
    memcpy(x, c->mean->data, sizeof *x * (size_t)(n * m->dim));
    return true;
}

bool coder_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes) {
    model_codes(m, d, first, n, codes);
    for (int i = 0; i < n * m->code_dim; i++) codes[i] *= (float)d->temperature;
    return decoder_rows(m, n, codes, x);
}

Var *v_squared_error(Var *x, Var *y) { return v_scale(v_sum(v_square(v_sub(x, y))), 1 / (float)x->dim[0]); }
