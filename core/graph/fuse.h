// fuse.h -- the planner's second half: which ops run, in which order, and which of them together.  For graph.c alone.
#ifndef GENPLAY_FUSE_H
#define GENPLAY_FUSE_H

#include "graph/graph.h"

// False: every op is a step of its own and equal values are computed twice.  For the tests, which compare both, byte for byte.
extern bool fuse_chains;

static inline Var *root_of(Var *v) {                             // whose memory it has
    while (op_defs[v->op].flags & ALIAS) v = v->src[0];
    return v;
}
static inline bool is_each(const Var *v) { return op_defs[v->op].block; }

// Lets values that are computed alike be computed once.  Needs and updates Var.needed.  False: out of memory.
bool fuse_equals(Program *p);
// Lets products add their bias and bend the sum on the way out (matmul.h), where nobody reads the bare product.
void fuse_products(Program *p);
// Fills Program.step, and of each Var: step, next, last_use, last_reader, from, slot.  False: out of memory.
bool fuse_steps(Program *p);
// Numbers [begin, end) of every result of a chain.  Keeps nothing between calls, so several threads may each run a part.
// check: looks at every number; the member with the lowest id that has one that is not finite, or NULL.
const Var *chain_run(const Step *s, int begin, int end, bool check);

#endif
