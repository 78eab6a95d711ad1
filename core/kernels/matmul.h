// matmul.h -- C = op(A) op(B), the kernel that training time is made of.
//
// Every element is the sum of its K products in the order k = 0, 1, ..., whatever the shapes, blocks and edges: the fast kernel, the
// reference twin, the native and the wasm build agree bit for bit, and a row's result does not depend on how many rows there are, nor a
// column's on how many columns.  Several threads may multiply at once, also into parts of one result.
#ifndef GENPLAY_MATMUL_H
#define GENPLAY_MATMUL_H

#include <stdbool.h>

// c [M,N] (+)= op(a) op(b); op(a) is a [M,K], or a' for a [K,M] when ta; op(b) likewise.  lda, ldb, ldc: floats from one stored row to
// the next.  add: c's old values are the sums' first term; otherwise they are not read.  c overlaps neither a nor b.
void matmul(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add);

// How many rows a register tile has where the build leaves a choice: 6 or 4 in `relaxed`, where 6 is the default and best (Chromium 156:
// 96 % of the ceiling against 88), but V8 of Node 20 cannot keep them in registers (44 % against 84).  Changes no result.
void matmul_rows(int rows);

// The slow twin: three loops.
void matmul_ref(int M, int N, int K, const float *a, int lda, bool ta, const float *b, int ldb, bool tb, float *c, int ldc, bool add);

// --- What is done to a sum on its way out -------------------------------------------------------------------------------------------

typedef enum { FINISH_NONE, FINISH_RELU, FINISH_LRELU, FINISH_TANH, FINISH_SIGMOID, FINISH_SILU, FINISH_SOFTPLUS } FinishKind;

// y = act(sum + bias), the same bits as in passes of their own (ops_elementwise.c).  Only y is left: a gradient that needs the sum as well
// (silu, softplus) must be computed without this.  Those of the others need y alone: relu and lrelu have the sign of the sum (slope > 0).
typedef struct {
    const float *bias;          // [N], or NULL
    FinishKind act;
    float slope;                // of lrelu
} Finish;

// --- Operands that are not matrices in memory ---------------------------------------------------------------------------------------
//
// A product reads its operands as panels: `lines` are rows of op(A), or columns of op(B).

// Fills to [depth, width]: to[k * width + r] is element from_k + k of line first + r; 0 for r in n..width-1.
typedef void PackPanel(const void *from, int first, int n, int from_k, int depth, int width, float *to);

typedef struct {
    const float *data;          // a matrix: element k of line i is data[k * step + i] when `across`, else data[i * step + k]
    int step;
    bool across;
    PackPanel *pack;            // or, where this is not NULL: whatever it packs out of `from`, one call per panel
    const void *from;
} Operand;

// c [M,N] (+)= A B, A having M lines of K and B having N, then finished (NULL: left as it is).
void matmul_of(int M, int N, int K, const Operand *a, const Operand *b, float *c, int ldc, bool add, const Finish *finish);

// The two ways to fill a panel (or a part of it that begins at `to`) from memory, for a PackPanel to be made of.
//   lines that run along k: to[k * width + r] = line[r][k]; n <= width <= MATMUL_WIDTH, depth <= MATMUL_DEPTH; a NULL line is zeros
//   lines side by side:     to[k * width + r] = from[k * step + r]
enum { MATMUL_WIDTH = 32, MATMUL_DEPTH = 392 };      // of the widest panel of any build
void panel_from_lines(const float *const line[], int n, int depth, int width, float *to);
void panel_from_rows(const float *from, int step, int n, int depth, int width, float *to);

#endif
