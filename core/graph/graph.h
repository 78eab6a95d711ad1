// graph.h -- a computation as data: built once, differentiated as more graph, planned, then replayed.
//
// A model writes its forward pass and its loss with the builders below (v_...).  v_grads() walks the graph backwards and
// appends the gradient, written with the same ops, so a gradient can be differentiated again.  program_end() keeps what the outputs
// need, joins ops that run better together (fuse.c), gives every value a place in a shared scratch block by liveness, and program_run()
// replays the list.  Nothing is allocated after that.
//
// Rules: creation order is topological order.  One graph is one program; programs share parameters, scratch memory and nothing
// else.  Values are float32, row-major, 1 to 4 dimensions.  A wrong shape marks the graph failed with a message that names
// the op and both shapes; every later builder then returns a dummy, and program_end() reports it once -- so model code needs no
// error handling.  Kernels sum in an order that does not depend on the number of rows.
// C leaves open which argument of a call is evaluated first, and compilers differ: where a value gets three or more terms of its gradient, the
// calls that read it stand in statements of their own, or builds would add the terms in different orders.
#ifndef GENPLAY_GRAPH_H
#define GENPLAY_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "graph/params.h"

typedef enum {
#define OP(name, n_src, flags) OP_##name,
#define EACH OP
#include "graph/ops.def"
#undef OP
#undef EACH
    N_OPS
} Op;

typedef struct Var Var;
typedef struct Program Program;

enum { RANK_MAX = 4, SRC_MAX = 3, ATTR_MAX = 8 };         // a third source has only what the planner makes (a product with its bias)

struct Var {
    Op op;
    int rank, dim[RANK_MAX], size;
    int id;                      // position in creation order
    Program *p;                  // a Var knows its program, so builders need no context argument
    Var *src[SRC_MAX];
    float f[2];                  // attributes; meaning at the op's builder
    int i[ATTR_MAX];
    const double *live;          // knob: where its value stands
    const Param *param;          // param: which one.  Else the running statistic that this value feeds, or NULL
    float *data;                 // leaf: the caller's memory.  Else set by scratch_bind, valid during program_run; NULL inside a chain
    float *temp;                 // workspace of this op during its run, or NULL
    const char *name;            // for messages and pictures; static, or NULL
    bool wanted;                 // the gradient being built depends on it
    Var *adjoint;                // d y / d this, while that gradient is being built
    bool needed, kept;           // some output needs it; it has memory of its own that outlives the run
    // Set by the planner, for values that are needed:
    Var *equal;                  // an earlier value that is computed alike and stands for this one, or NULL
    int readers;                 // how many needed ops read it
    int step;                    // the step that computes it
    Var *next;                   // the next op of that step, or NULL
    int last_use, last_reader;   // the last step that reads its memory, and the id of the last reader there
    int from[SRC_MAX], slot;     // in a chain: the block of each source and of the result, from 1 on; 0: in memory
    bool inherited;              // its place went to a later value
    size_t place, temp_place;    // offsets into the scratch block
};

// What program_run does one after another: one op, or a chain of elementwise ops of the same size (fuse.h).
typedef struct Spread Spread;
typedef struct { Var *first; int n_ops, block, n_spreads; Spread *spread; } Step;

// Scratch memory that the programs of one run share: as large as the largest of them.
typedef struct { size_t size; float *data; int n; Program *program[16]; } Scratch;

struct Program {
    const char *name;
    Arena *arena;                // owns the Vars and kept buffers
    Scratch *scratch;
    uint32_t seed;               // keys its random ops
    uint64_t tick;               // which draw of them: set by program_run
    bool average;                // parameters are read from their moving average
    bool training;               // dropout drops, batch norm takes the batch's own statistics; set before building, like `average'
    bool failed;
    int n, cap; Var **var;       // every Var made, in order
    int n_steps; Step *step;     // what program_run runs
    int n_random;                // random nodes so far: each has a stream of its own
    Var dummy;                   // what builders return once failed
};

// --- Programs -------------------------------------------------------------------------------------------------------

void program_begin(Program *p, const char *name, Arena *arena, Scratch *scratch, uint32_t seed);
// Marks a Var as an output: its data stay valid until the next run of this program.
Var *program_keep(Var *v);
// Appends the gradient of `loss` (its sum) with respect to every parameter of the store, written into the store's grad span.
void program_gradient(Var *loss, Params *params);
// This value is the batch's statistic: where its program makes the gradient for the store of `running`, a step moves that towards it.
void v_track(Var *statistic, const Param *running);
// Plans.  False: the graph failed or memory is over.  After the last program of a scratch, scratch_bind() gives them memory.
bool program_end(Program *p);
bool scratch_bind(Scratch *s, Arena *arena);
void program_run(Program *p, uint64_t tick);
// The same, checking every value: the first Var that is not finite, or NULL.
const Var *program_run_checked(Program *p, uint64_t tick);
// "matmul 'encoder.1' [64,400]" into text.
void var_describe(const Var *v, char *text, size_t size);

// --- Leaves -----------------------------------------------------------------------------------------------------------

// Memory of its own that the caller fills before a run (v->data, zeroed at start).
Var *v_input(Program *p, const char *name, int d0, int d1);
Var *v_input4(Program *p, const char *name, int d0, int d1, int d2, int d3);
Var *v_param(Program *p, const Param *param);
Var *v_knob(Program *p, const double *live);                     // [1,1]
Var *v_fill(Program *p, float value, int rank, const int *dim);
Var *v_randn(Program *p, int d0, int d1);
Var *v_rand(Program *p, int d0, int d1);

// --- Elementwise, one argument ----------------------------------------------------------------------------------------

Var *v_neg(Var *x), *v_abs(Var *x), *v_sign(Var *x), *v_square(Var *x), *v_sqrt(Var *x), *v_recip(Var *x);
Var *v_exp(Var *x), *v_log(Var *x), *v_tanh(Var *x), *v_sigmoid(Var *x), *v_softplus(Var *x), *v_sin(Var *x), *v_cos(Var *x);
Var *v_relu(Var *x), *v_step(Var *x);                            // step: 1 where x > 0, else 0
Var *v_lrelu(Var *x, float slope), *v_lstep(Var *x, float slope);
Var *v_scale(Var *x, float by), *v_offset(Var *x, float by);
Var *v_clamp(Var *x, float low, float high), *v_inside(Var *x, float low, float high);
Var *v_tanh_slope(Var *y), *v_sigmoid_slope(Var *y);             // 1 - y^2 and y - y^2: slopes in terms of results
Var *v_silu(Var *x);                                             // x sigmoid(x)

// --- Elementwise, two arguments: same rank; a dimension of 1 is repeated to match the other ------------------------------

Var *v_add(Var *a, Var *b), *v_sub(Var *a, Var *b), *v_mul(Var *a, Var *b), *v_div(Var *a, Var *b);
// Binary cross-entropy of target t in [0,1] under logit x: softplus(x) - t x.  Same shapes.
Var *v_bce(Var *x, Var *t);

// --- Reductions ---------------------------------------------------------------------------------------------------------

Var *v_sum_to(Var *x, int rank, const int *dim);                 // sums the axes where dim is 1
Var *v_expand(Var *x, int rank, const int *dim);                 // repeats the axes where x is 1
Var *v_sum(Var *x), *v_mean(Var *x);                             // over everything: every dimension 1
Var *v_sum_rows(Var *x);                                         // [B,D] -> [B,1]: over each row
Var *v_lse(Var *x);                                              // log sum exp over the last axis, which becomes 1
// Sums (x - mean)^2 over the axes where mean's dim is 1.  `mean` must be the mean of what is summed (or of several outputs whose
// gradients are the same): its own gradient is taken as 0, which it then is.
Var *v_spread(Var *x, Var *mean);

Var *v_softmax(Var *x);                                          // over the last axis
// x [B,P,G,E] less its mean over P and E, over the root of its variance there plus 1e-5.  G E <= 2048.
Var *v_standardise(Var *x);
// Which row of e [K,d] is nearest to each row of x [N,d], one-hot [N,K]; the first of several.  No gradient.  K <= NEAREST_MAX.
enum { NEAREST_MAX = 1024 };
Var *v_nearest(Var *x, Var *e);

// --- Shape --------------------------------------------------------------------------------------------------------------

Var *v_reshape(Var *x, int rank, const int *dim);
Var *v_reshape2(Var *x, int d0, int d1), *v_reshape4(Var *x, int d0, int d1, int d2, int d3);
Var *v_detach(Var *x);                                           // same values, no gradient
Var *v_copy(Var *x);                                             // memory of its own
Var *v_slice(Var *x, int axis, int start, int count);
Var *v_pad(Var *x, int axis, int before, int after);             // with zeros
Var *v_concat(Var *a, Var *b, int axis);
Var *v_permute(Var *x, int rank, const int *axis);               // y.dim[k] = x.dim[axis[k]]

// --- Linear -------------------------------------------------------------------------------------------------------------

// op(a) op(b), a [M,K] (ta: [K,M]), b [K,N] (tb: [N,K]) -> [M,N]; or that for each leading index of a [n,M,K] and b [n,K,N].
Var *v_matmul(Var *a, Var *b, bool ta, bool tb);
// Convolution (correlation), channels last: x [B,H,W,C], w [k,k,C,O] -> [B,H',W',O], H' = (H + 2 pad - k) / stride + 1.
Var *v_conv(Var *x, Var *w, int stride, int pad);
// Its adjoint in x, a transposed convolution: dy [B,H',W',O], w [k,k,C,O] -> [B,h,w,C].
Var *v_conv_dx(Var *dy, Var *w, int stride, int pad, int h, int width);
// The same with the other ways to lay a window; and the adjoint in w: x [B,H,W,C], dy [B,H',W',O] -> [k,k,C,O].
//   dilation   the window's taps are that many pixels apart (0: 1), so that it is (k - 1) dilation + 1 wide
//   taps       only the first `taps` of the k*k, row by row, count (0: all).  With k odd and pad (k-1)/2, k*k/2 are the pixels before the
//              output's own and k*k/2 + 1 those up to it: masks A and B of PixelCNN (van den Oord et al. 2016, arXiv:1601.06759)
typedef struct { int stride, pad, dilation, taps; } ConvRule;
Var *v_conv_rule(Var *x, Var *w, ConvRule rule);
Var *v_conv_dx_rule(Var *dy, Var *w, ConvRule rule, int h, int width);
Var *v_conv_dw_rule(Var *x, Var *dy, ConvRule rule, int k);
Var *v_pool(Var *x, int by);                                     // [B,H,W,C] -> mean over by x by blocks
Var *v_unpool(Var *x, int by);                                   // repeats every pixel by x by times

// --- Gradient -------------------------------------------------------------------------------------------------------------

// out[k] = d(sum of y)/d x[k] as graph, with x[k]'s shape (zeros where y does not depend on it).
void v_grads(Var *y, Var **x, int n, Var **out);
Var *v_grad(Var *y, Var *x);

// --- What the op files implement --------------------------------------------------------------------------------------------

enum { LEAF = 1, ALIAS = 2, PLACE = 4, KINK = 8 };
typedef struct {
    const char *name;
    int n_src, flags;
    void (*run)(Var *y);                          // y->data from src data
    // Elementwise ops, instead: n numbers of y from as many of each source.  out may be x or b.
    void (*block)(const Var *y, const float *x, const float *b, float *out, int n);
    void (*grad)(Var *y, Var *dy, Var **dx);      // dx[k] for every src[k]->wanted; NULL: no gradient flows
} OpDef;
extern const OpDef op_defs[N_OPS];

Var *var_new(Program *p, Op op, int rank, const int *dim, Var *a, Var *b);   // NULL-safe: returns the dummy once failed
void step_run(const Step *s);
Var *var_fail(Program *p, Op op, const Var *a, const Var *b, const char *why);

#endif
