// fuse.c -- equal values once, bias and activation on the way out of a product, and elementwise ops in chains.
//
// An elementwise op on its own reads its sources from memory and writes its result there, which takes longer than its arithmetic.  In a
// chain, blocks of a few hundred numbers pass through all its ops while they are in L1: a value that nobody outside reads never
// reaches memory.  Every number is computed by the same operations as before, so no byte changes.
//
// Who joins whom: walking the list of ops backwards, every op is put where it is needed first -- into the step of its earliest reader, if
// that is a chain of the same length, else into a new step before all others.  Its other readers run later and its sources are
// still to come, so the order stays right whatever the graph looks like.  Running late suits gradients: the slope of an activation
// is made where it is used, not kept from the forward pass.
//
// In a chain a source is one of three things: memory with as many numbers as the result; a value of the same chain, in one of a few
// blocks on the stack (Var.slot); or memory with fewer numbers, repeated by broadcasting: a Spread, which fills a block.

#include "graph/fuse.h"

#include <math.h>
#include <string.h>

#include "graph/ops.h"
#include "kernels/matmul.h"

bool fuse_chains = true;

// 48 kB of blocks, of which most chains use a few.  Blocks of half the length cost 3 % more, of twice the length 10 % (L1 is full).
enum { SLOTS = 12, SPREADS = 6, BLOCK = 1024 };

// How small memory x is repeated: merged axes, last first; step: of x along each, 0 where it is repeated.  Within each `reach` numbers of the
// result, what stands there repeats after `period`.
struct Spread { const Var *x; int dim[RANK_MAX], step[RANK_MAX], period, reach; };

// --- Equal values ------------------------------------------------------------------------------------------------------------

static bool alike(const Var *a, const Var *b) {
    return a->op == b->op && a->rank == b->rank && a->live == b->live && !memcmp(a->src, b->src, sizeof a->src) &&
           (a->op != OP_param || a->param == b->param) &&
           !memcmp(a->dim, b->dim, sizeof a->dim) && !memcmp(a->f, b->f, sizeof a->f) && !memcmp(a->i, b->i, sizeof a->i);
}

static uint32_t hash_of(const Var *v) {
    uint32_t h = (uint32_t)v->op + 1;
    for (int k = 0; k < SRC_MAX; k++) h = h * 0x9E3779B1u + (v->src[k] ? (uint32_t)v->src[k]->id + 1 : 0);
    return h ^ h >> 15;
}

bool fuse_equals(Program *p) {
    if (!fuse_chains) return true;
    uint32_t mask = 1;
    while (mask < 2 * (uint32_t)p->n) mask *= 2;
    Var **first = arena_new(p->arena, Var *, mask--);            // open addressing: of every kind of value, the first
    if (!first) return false;
    for (int i = 0; i < p->n; i++) {
        Var *v = p->var[i];
        if (!v->needed || v->op == OP_input) continue;
        for (int k = 0; k < SRC_MAX; k++)
            if (v->src[k] && v->src[k]->equal) v->src[k] = v->src[k]->equal;
        uint32_t at = hash_of(v) & mask;
        while (first[at] && !alike(first[at], v)) at = (at + 1) & mask;
        if (!first[at]) first[at] = v;
        else if (!v->kept) v->equal = first[at], v->needed = false;
    }
    return true;
}

// --- Products that finish their sums -------------------------------------------------------------------------------------------
//
// act(a b + row) is written once instead of three times.  The last op of the three becomes the product; those before are not needed.

static void count_readers(Program *p) {
    for (int i = 0; i < p->n; i++) p->var[i]->readers = 0;
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < SRC_MAX && p->var[i]->needed; k++)
            if (p->var[i]->src[k]) p->var[i]->src[k]->readers++;
}

// A product that only `readers` ops read and that has no activation yet.
static bool open_product(const Var *x, int readers) {
    return x && x->op == OP_matmul && x->rank == 2 && x->i[2] == FINISH_NONE && x->readers == readers && !x->kept;
}

static void become_product(Var *v, Var *product, Var *row, FinishKind act) {
    v->op = OP_matmul;
    memcpy(v->src, product->src, sizeof v->src);
    memcpy(v->i, product->i, sizeof v->i);
    if (row) v->src[2] = row;
    v->i[2] = act;
    product->needed = false;
}

static bool is_row(const Var *x, const Var *of) { return x->dim[0] == 1 && x->dim[1] == of->dim[1]; }

static void add_row(Var *v) {
    for (int k = 0; k < 2; k++) {
        Var *product = v->src[k], *row = v->src[1 - k];
        if (!open_product(product, 1) || product->src[2] || product->size != v->size || !is_row(row, v)) continue;
        become_product(v, product, row, FINISH_NONE);
        return;
    }
}

// Where nobody else reads x or sigmoid(x).
static void bend_silu(Var *v) {
    Var *x = v->src[0], *s = v->src[1];
    if (!open_product(x, 2) || s->readers != 1 || s->kept) return;
    become_product(v, x, NULL, FINISH_SILU);
    s->needed = false;
}

static void bend(Var *v, FinishKind act) {
    if (open_product(v->src[0], 1)) become_product(v, v->src[0], NULL, act);
}

void fuse_products(Program *p) {
    if (!fuse_chains) return;
    count_readers(p);
    for (int i = 0; i < p->n; i++) {
        Var *v = p->var[i];
        if (!v->needed) continue;
        switch (v->op) {
        case OP_add: add_row(v); break;
        case OP_silu: bend_silu(v); break;
        case OP_relu: bend(v, FINISH_RELU); break;
        case OP_lrelu: bend(v, FINISH_LRELU); break;             // f[0] is its slope
        case OP_tanh: bend(v, FINISH_TANH); break;
        case OP_sigmoid: bend(v, FINISH_SIGMOID); break;
        case OP_softplus: bend(v, FINISH_SOFTPLUS); break;
        default: break;
        }
    }
}

// --- Steps -------------------------------------------------------------------------------------------------------------------

static bool same_spread(const Spread *a, const Spread *b) {
    return a->x == b->x && !memcmp(a->dim, b->dim, sizeof a->dim) && !memcmp(a->step, b->step, sizeof a->step);
}

static Spread spread_of(const Var *v, int source) {
    const Var *x = v->src[source];
    Spread s = { .x = root_of(v->src[source]), .dim = { 1, 1, 1, 1 } };
    int n = 0, step = 1, moves[RANK_MAX] = { 0 };
    for (int i = v->rank - 1; i >= 0; i--) {
        if (v->dim[i] == 1) continue;
        int move = x->dim[i] > 1;
        if (n && moves[n - 1] == move) s.dim[n - 1] *= v->dim[i];
        else s.dim[n] = v->dim[i], moves[n] = move, n++;
    }
    for (int k = 0; k < n; k++)
        if (moves[k]) s.step[k] = step, step *= s.dim[k];
    s.period = moves[0] ? s.dim[0] : 1;
    s.reach = moves[0] ? s.dim[0] * s.dim[1] : s.dim[0];
    return s;
}

// The number of that spread in the chain, added where it is new; -1: the chain has too many.
static int spread_number(Step *s, const Spread *spread) {
    int k = 0;
    while (k < s->n_spreads && !same_spread(&s->spread[k], spread)) k++;
    if (k == SPREADS) return -1;
    if (k == s->n_spreads) s->spread[s->n_spreads++] = *spread;
    return k;
}

static bool is_spread(const Var *v, int source) { return v->src[source] && v->src[source]->size < v->size; }

// Notes which slots v's repeated sources will have.  False: the chain has too many of them, and keeps those that it had.
static bool take_spreads(Program *p, Step *s, Var *v) {
    const int before = s->n_spreads;
    for (int k = 0; k < SRC_MAX; k++) {
        if (!is_spread(v, k)) continue;
        if (!s->spread && !(s->spread = arena_new(p->arena, Spread, SPREADS))) return false;
        Spread spread = spread_of(v, k);
        int number = spread_number(s, &spread);
        if (number < 0) return s->n_spreads = before, false;
        v->from[k] = number + 1;
    }
    return true;
}

static bool joins(Program *p, Step *s, Var *v) {
    return fuse_chains && is_each(v) && is_each(s->first) && s->first->size == v->size && take_spreads(p, s, v);
}

// Puts v, whose readers have their steps, into its own.  Steps are still numbered from the end.
static bool place_in_step(Program *p, Var *v) {
    if (v->last_reader < 0 || !joins(p, &p->step[v->last_reader], v)) {
        v->step = p->n_steps++;
        memset(v->from, 0, sizeof v->from);
        if (is_each(v) && !take_spreads(p, &p->step[v->step], v)) return false;
    } else v->step = v->last_reader;
    Step *s = &p->step[v->step];
    v->next = s->first, s->first = v, s->n_ops++;
    for (int k = 0; k < SRC_MAX; k++) {
        Var *x = v->src[k] ? root_of(v->src[k]) : NULL;
        if (x && x->last_reader < v->step) x->last_reader = v->step;
    }
    return true;
}

static void note_uses(Program *p) {
    for (int i = 0; i < p->n_steps; i++)
        for (Var *v = p->step[i].first; v; v = v->next) {
            v->step = v->last_use = i;
            v->last_reader = v->id;
            for (int k = 0; k < SRC_MAX; k++) {
                Var *x = v->src[k] ? root_of(v->src[k]) : NULL;
                if (x) x->last_use = i, x->last_reader = v->id;
            }
        }
}

// --- Slots of a chain --------------------------------------------------------------------------------------------------------

// As many whole periods as fit, so that what a spread fills is often the same in the next block.
static int block_of(const Step *s) {
    int period = 1;
    for (int k = 0; k < s->n_spreads; k++)
        if (s->spread[k].period <= BLOCK && s->spread[k].period > period) period = s->spread[k].period;
    return BLOCK / period * period;
}

// A value that only this chain reads stays in a slot while one is free; it may be its source's, as that is read before.
static void give_slots(Step *s, int step) {
    unsigned free_slots = ((1u << SLOTS) - 1) & ~((1u << s->n_spreads) - 1);
    for (Var *v = s->first; v; v = v->next) {
        for (int k = 0; k < SRC_MAX; k++) {
            Var *x = v->src[k] ? root_of(v->src[k]) : NULL;
            if (!x || is_spread(v, k) || !x->slot) continue;
            v->from[k] = x->slot;
            if (x->last_reader == v->id) free_slots |= 1u << (x->slot - 1);
        }
        if (v->kept || v->last_use > step || !free_slots) continue;
        v->slot = __builtin_ctz(free_slots) + 1;
        free_slots &= free_slots - 1;
    }
}

bool fuse_steps(Program *p) {
    if (!(p->step = arena_new(p->arena, Step, p->n))) return false;
    for (int i = 0; i < p->n; i++) p->var[i]->last_reader = -1;
    for (int i = p->n - 1; i >= 0; i--) {
        Var *v = p->var[i];
        if (v->needed && !(op_defs[v->op].flags & (LEAF | ALIAS)) && !place_in_step(p, v)) return false;
    }
    for (int i = 0, j = p->n_steps - 1; i < j; i++, j--) {
        Step s = p->step[i];
        p->step[i] = p->step[j], p->step[j] = s;
    }
    note_uses(p);
    for (int i = 0; i < p->n_steps; i++) {
        if (!is_each(p->step[i].first)) continue;
        p->step[i].block = block_of(&p->step[i]);
        give_slots(&p->step[i], i);
    }
    return true;
}

// --- Running a chain ---------------------------------------------------------------------------------------------------------

// Numbers at .. at + n - 1 of the repeated x.
static void spread_fill(const Spread *s, int at, int n, float *restrict out) {
    int i[RANK_MAX];
    for (int k = 0; k < RANK_MAX; k++) i[k] = k < RANK_MAX - 1 ? at % s->dim[k] : at, at /= s->dim[k];
    while (n > 0) {
        const float *restrict x = s->x->data;
        for (int k = 0; k < RANK_MAX; k++) x += (long)i[k] * s->step[k];
        int m = s->dim[0] - i[0] < n ? s->dim[0] - i[0] : n;
        if (s->step[0]) for (int j = 0; j < m; j++) out[j] = x[j];
        else for (int j = 0; j < m; j++) out[j] = *x;
        out += m, n -= m;
        i[0] = 0;
        for (int k = 1; k < RANK_MAX && ++i[k] == s->dim[k]; k++) i[k] = 0;
    }
}

// Does the block at `at` hold what the one before holds?
static bool unchanged(const Spread *s, int at, int n, int block) {
    return block % s->period == 0 && (at - block) / s->reach == (at + n - 1) / s->reach;
}

static bool all_finite(const float *x, int n) {
    for (int i = 0; i < n; i++)
        if (!isfinite(x[i])) return false;
    return true;
}

const Var *chain_run(const Step *s, int begin, int end, bool check) {
    float block[SLOTS][BLOCK];
    const Var *bad = NULL;
    for (int at = begin; at < end; at += s->block) {
        int n = end - at < s->block ? end - at : s->block;
        for (int k = 0; k < s->n_spreads; k++)
            if (at == begin || !unchanged(&s->spread[k], at, n, s->block)) spread_fill(&s->spread[k], at, n, block[k]);
        for (const Var *v = s->first; v; v = v->next) {
            const float *x[SRC_MAX] = { NULL };
            for (int k = 0; k < SRC_MAX && v->src[k]; k++) x[k] = v->from[k] ? block[v->from[k] - 1] : v->src[k]->data + at;
            float *y = v->slot ? block[v->slot - 1] : v->data + at;
            op_defs[v->op].block(v, x[0], x[1], y, n);
            if (check && (!bad || v->id < bad->id) && !all_finite(y, n)) bad = v;
        }
    }
    return bad;
}
