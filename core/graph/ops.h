// ops.h -- shared by the op files and the planner only: how kernels and gradient rules of all ops reach the table.
#ifndef GENPLAY_OPS_H
#define GENPLAY_OPS_H

#include "graph/graph.h"

#define OP(name, n_src, flags)                  \
    void op_run_##name(Var *y);                 \
    void op_grad_##name(Var *y, Var *dy, Var **dx);
#define EACH(name, n_src, flags)                \
    void op_block_##name(const Var *y, const float *x, const float *b, float *out, int n); \
    void op_grad_##name(Var *y, Var *dy, Var **dx);
#include "graph/ops.def"
#undef OP
#undef EACH

size_t temp_conv(const Var *y);

// Says to the compiler that no iteration of the next loop depends on another, also where source and result are the same memory.  Four
// vectors at a time: clang would not unroll for wasm, where it takes a tenth off elementwise time.
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety) interleave_count(4)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

// Marks a rule that does not use its arguments: leaves, and ops without a gradient.
#define NO_RUN(name) void op_run_##name(Var *y) { (void)y; }
#define NO_GRAD(name) void op_grad_##name(Var *y, Var *dy, Var **dx) { (void)y; (void)dy; (void)dx; }

#endif
