// coder.h -- what the autoencoders share: an encoder, a decoder, the class that both may be told, and the verbs that need no more than these.
//
// A model's own struct begins with its Coder, so that coder_rows and decoder_rows can be its `encode` and `decode`.
#ifndef GENPLAY_CODER_H
#define GENPLAY_CODER_H

#include "models/model.h"
#include "nn/nn.h"

typedef struct {
    Params weights;
    Mlp encoder, decoder;
    int classes;                          // conditional: the class stands beside x and beside z, one-hot; else 0
    Program encode, decode;
    Var *ex, *ey, *codes;                 // encode: data and class in [chunk,...], codes out [chunk,Z]
    Var *code, *cy, *mean;                // decode: code and class in, data out
} Coder;

// prefix: of the tensors' names; out: numbers that the encoder gives; gain: of its last layer.
typedef struct { const char *prefix; int hidden, layers, out; Activation act; double gain; } CoderShape;

// Both networks in a store of that name; more tensors may follow before params_alloc.
void coder_declare(Model *m, Coder *c, const char *store, const CoderShape *shape);
// A class input of a program, [rows, classes] one-hot, or NULL for a model without.
Var *coder_class(const Coder *c, Program *p, int rows);
// The networks: x [B,D], y from coder_class -> [B,out]; z [B,Z] -> [B,D], before any sigmoid.
Var *v_encoder(const Coder *c, Var *x, Var *y);
Var *v_decoder(const Coder *c, Var *z, Var *y);

// Begin c->encode and c->decode with their inputs and give what the networks make of them; the caller says which part is c->codes (c->mean),
// keeps it and ends the program.
Var *coder_encode_begin(Model *m, Coder *c);
Var *coder_decode_begin(Model *m, Coder *c);

// One-hot rows of `labels` [n] into y, rows beyond 0.  No-op for y NULL.
void coder_fill(Var *y, const int32_t *labels, int n);

bool coder_rows(Model *m, int n, const float *x, float *codes);
bool decoder_rows(Model *m, int n, const float *codes, float *x);
// The decoder's mean at codes from N(0, I), scaled by the temperature.
bool coder_sample(Model *m, const Draw *d, uint32_t first, int n, float *x, float *codes);

// Mean over the batch of the squared error summed over an example, [1,1].
Var *v_squared_error(Var *x, Var *y);

#endif
