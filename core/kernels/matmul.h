// matmul.h -- C = op(A) op(B), the kernel that training time is made of.
//
// Every element is the sum of its K products in the order k = 0, 1, ..., whatever the shapes, blocks and edges: the fast kernel, the
// reference twin, the native and the wasm build agree bit for bit, and a row's result does not depend on how many rows there are.
#ifndef GENPLAY_MATMUL_H
#define GENPLAY_MATMUL_H

#include <stdbool.h>

// c [M,N] (+)= op(a) op(b); op(a) is a [M,K], or a' for a [K,M] when ta; op(b) likewise.  lda, ldb, ldc: floats from one stored row to
// the next.  add: c's old values are the sums' first term; otherwise they are not read.  c overlaps neither a nor b.
void matmul(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add);

// The slow twin: three loops.
void matmul_ref(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add);

#endif
