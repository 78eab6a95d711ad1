// graph.c -- building, differentiating, planning and replaying a program.  The ops themselves are in ops_*.c, their order and chains in fuse.c.

#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/pool.h"
#include "graph/fuse.h"
#include "graph/ops.h"

const OpDef op_defs[N_OPS] = {
#define OP(name, n_src, flags) [OP_##name] = { #name, n_src, flags, op_run_##name, NULL, op_grad_##name },
#define EACH(name, n_src, flags) [OP_##name] = { #name, n_src, flags, NULL, op_block_##name, op_grad_##name },
#include "graph/ops.def"
#undef OP
#undef EACH
};

static size_t temp_of(const Var *v) {
    return v->op == OP_conv || v->op == OP_conv_dx || v->op == OP_conv_dw ? temp_conv(v) : 0;
}

// --- Building ---------------------------------------------------------------------------------------------------------

void program_begin(Program *p, const char *name, Arena *arena, Scratch *scratch, uint32_t seed) {
    *p = (Program){ .name = name, .arena = arena, .scratch = scratch, .seed = seed };
    p->dummy = (Var){ .p = p, .rank = 2, .dim = { 1, 1, 1, 1 }, .size = 1, .name = "failed" };
}

static Var *fail_program(Program *p) {
    p->failed = true;
    return &p->dummy;
}

static bool append(Program *p, Var *v) {
    if (p->n == p->cap) {
        int cap = p->cap ? 2 * p->cap : 128;
        Var **var = arena_new(p->arena, Var *, cap);
        if (!var) return false;
        if (p->n) memcpy(var, p->var, sizeof *var * (size_t)p->n);
        p->var = var, p->cap = cap;
    }
    v->id = p->n;
    p->var[p->n++] = v;
    return true;
}

Var *var_new(Program *p, Op op, int rank, const int *dim, Var *a, Var *b) {
    if (p->failed) return &p->dummy;
    Var *v = arena_new(p->arena, Var, 1);
    if (!v || !append(p, v)) return fail_program(p);
    v->op = op, v->p = p, v->rank = rank, v->src[0] = a, v->src[1] = b;
    double size = 1;
    for (int i = 0; i < RANK_MAX; i++) {
        v->dim[i] = i < rank ? dim[i] : 1;
        size *= v->dim[i];
    }
    if (size < 1 || size > 1 << 28) {
        fail(ERROR_OUT_OF_MEMORY, "%s: a value of %.0f numbers in '%s'; at most %d", op_defs[op].name, size, p->name, 1 << 28);
        return fail_program(p);
    }
    v->size = (int)size;
    return v;
}

static int shape_text(const Var *v, char *text, size_t size) {
    int n = snprintf(text, size, "[");
    for (int i = 0; i < v->rank; i++) n += snprintf(text + n, size - (size_t)n, i ? ",%d" : "%d", v->dim[i]);
    return n + snprintf(text + n, size - (size_t)n, "]");
}

void var_describe(const Var *v, char *text, size_t size) {
    char shape[64];
    shape_text(v, shape, sizeof shape);
    const char *name = v->name;
    for (int k = 0; k < SRC_MAX && !name; k++)
        if (v->src[k]) name = v->src[k]->name;
    snprintf(text, size, name ? "%s '%s' %s" : "%s%.0s %s", op_defs[v->op].name, name ? name : "", shape);
}

Var *var_fail(Program *p, Op op, const Var *a, const Var *b, const char *why) {
    if (p->failed) return &p->dummy;
    char sa[64], sb[64] = "";
    shape_text(a, sa, sizeof sa);
    if (b) shape_text(b, sb, sizeof sb);
    fail(ERROR_BAD_ARGUMENT, "%s in '%s': %s (%s%s%s)", op_defs[op].name, p->name, why, sa, b ? " and " : "", sb);
    return fail_program(p);
}

Var *program_keep(Var *v) {
    v->kept = true;
    return v;
}

// --- Gradient -----------------------------------------------------------------------------------------------------------

static void mark_wanted(Program *p, Var **x, int n, int upto) {
    for (int i = 0; i <= upto; i++) p->var[i]->wanted = false, p->var[i]->adjoint = NULL;
    for (int k = 0; k < n; k++) x[k]->wanted = true;
    for (int i = 0; i <= upto; i++) {
        Var *v = p->var[i];
        if (v->op == OP_detach) continue;
        for (int k = 0; k < SRC_MAX; k++)
            if (v->src[k] && v->src[k]->wanted) v->wanted = true;
    }
}

static void push_back(Var *v) {
    Var *dx[SRC_MAX] = { NULL };
    op_defs[v->op].grad(v, v->adjoint, dx);
    for (int k = 0; k < SRC_MAX; k++) {
        Var *x = v->src[k];
        if (x && x->wanted && dx[k]) x->adjoint = x->adjoint ? v_add(x->adjoint, dx[k]) : dx[k];
    }
}

void v_grads(Var *y, Var **x, int n, Var **out) {
    Program *p = y->p;
    for (int k = 0; k < n; k++) out[k] = &p->dummy;
    if (p->failed) return;
    int upto = y->id;
    mark_wanted(p, x, n, upto);
    y->adjoint = v_fill(p, 1, y->rank, y->dim);
    for (int i = upto; i >= 0 && !p->failed; i--)
        if (p->var[i]->wanted && p->var[i]->adjoint) push_back(p->var[i]);
    for (int k = 0; k < n && !p->failed; k++) out[k] = x[k]->adjoint ? x[k]->adjoint : v_fill(p, 0, x[k]->rank, x[k]->dim);
}

Var *v_grad(Var *y, Var *x) {
    Var *dx;
    v_grads(y, &x, 1, &dx);
    return dx;
}

void v_track(Var *statistic, const Param *running) { statistic->param = running; }

// The mean of what was reported for q; what it is, where nothing was.
static Var *reported(Program *p, const Param *q) {
    Var *sum = NULL;
    int n = 0;
    for (int i = 0; i < p->n && !p->failed; i++) {
        Var *v = p->var[i];
        if (v->op != OP_param && v->param == q) sum = n++ ? v_add(sum, v) : v;
    }
    return n ? v_scale(sum, 1 / (float)n) : v_param(p, q);
}

// A parameter that several parts of the graph read is one Var in each of them; their gradients add up.
void program_gradient(Var *loss, Params *params) {
    Program *p = loss->p;
    Var *leaf[PARAMS_MAX], *d[PARAMS_MAX], *total[PARAMS_MAX] = { NULL };
    int owner[PARAMS_MAX], n = 0;
    for (int i = 0; i < p->n; i++) {
        Var *v = p->var[i];
        if (v->op != OP_param || v->param->store != params || v->param->running) continue;
        if (n == PARAMS_MAX) { fail(ERROR_BAD_ARGUMENT, "'%s' reads parameters more than %d times", p->name, PARAMS_MAX); p->failed = true; return; }
        for (owner[n] = 0; owner[n] < params->n && params->param[owner[n]] != v->param; owner[n]++) {}
        leaf[n++] = v;
    }
    v_grads(loss, leaf, n, d);
    for (int k = 0; k < n && !p->failed; k++) total[owner[k]] = total[owner[k]] ? v_add(total[owner[k]], d[k]) : d[k];
    for (int k = 0; k < params->n && !p->failed; k++) {
        const Param *q = params->param[k];
        Var *g = q->running ? reported(p, q) : total[k] ? total[k] : v_fill(p, 0, q->rank, q->dim);
        if ((op_defs[g->op].flags & (LEAF | ALIAS)) || g->kept) g = v_copy(g);
        program_keep(g)->data = params->grad + q->at;
        g->name = q->name;
    }
}

// --- Planning -------------------------------------------------------------------------------------------------------------
//
// A value lives from its step to the last step that reads it.  Places in the scratch block are taken best-fit among the gaps between
// the values that live at that moment; an elementwise op takes over the place of a source that dies there.

static bool in_scratch(const Var *v) { return !(op_defs[v->op].flags & (LEAF | ALIAS)) && !v->kept && !v->slot; }

static void mark_needed(Program *p) {
    for (int i = p->n - 1; i >= 0; i--) {
        Var *v = p->var[i];
        if (v->kept) v->needed = root_of(v)->kept = true;
        if (!v->needed) continue;
        for (int k = 0; k < SRC_MAX; k++)
            if (v->src[k]) v->src[k]->needed = true;
    }
}

typedef struct { size_t at, size; } Piece;
typedef struct { int n; Piece live[1024]; size_t top; } Plan;

static size_t rounded(size_t floats) { return (floats + 15) & ~(size_t)15; }

static size_t plan_take(Plan *plan, size_t floats) {
    size_t size = rounded(floats), at = 0, best = 0, best_gap = 0;
    int slot = plan->n;
    for (int i = 0; i <= plan->n; i++) {
        size_t end = i < plan->n ? plan->live[i].at : plan->top;
        size_t gap = end > at ? end - at : 0;
        if (gap >= size && (!best_gap || gap < best_gap)) best = at, best_gap = gap, slot = i;
        if (i < plan->n) at = plan->live[i].at + plan->live[i].size;
    }
    if (!best_gap) best = at, slot = plan->n, plan->top = at + size > plan->top ? at + size : plan->top;
    memmove(&plan->live[slot + 1], &plan->live[slot], sizeof(Piece) * (size_t)(plan->n - slot));
    plan->live[slot] = (Piece){ best, size };
    plan->n++;
    return best;
}

static void plan_drop(Plan *plan, size_t at) {
    for (int i = 0; i < plan->n; i++)
        if (plan->live[i].at == at) {
            memmove(&plan->live[i], &plan->live[i + 1], sizeof(Piece) * (size_t)(plan->n - i - 1));
            plan->n--;
            return;
        }
}

static bool dies(const Var *x, const Var *v) { return in_scratch(x) && x->last_use == v->step && !x->inherited; }

// The source whose place v may take over: it is read for the last time by v or, in a chain, by an op before.
static Var *legacy(const Step *s, const Var *v) {
    if (!is_each(v) && !(op_defs[v->op].flags & PLACE)) return NULL;
    for (const Var *reader = s->first; reader && reader->id <= v->id; reader = reader->next)
        for (int k = 0; k < SRC_MAX; k++) {
            Var *x = reader->src[k] ? root_of(reader->src[k]) : NULL;
            if (x && x != v && x->size == v->size && x->last_reader <= v->id && dies(x, v)) return x;
        }
    return NULL;
}

static void place(Plan *plan, const Step *s, Var *v) {
    size_t temp = temp_of(v);
    Var *x = in_scratch(v) ? legacy(s, v) : NULL;
    if (x) v->place = x->place, x->inherited = true;
    else if (in_scratch(v)) v->place = plan_take(plan, (size_t)v->size);
    if (temp) {
        v->temp_place = plan_take(plan, temp);
        plan_drop(plan, v->temp_place);
    }
}

static void drop_dead(Plan *plan, Var *x, const Var *v) {
    if (!dies(x, v)) return;
    plan_drop(plan, x->place);
    x->inherited = true;
}

// Gives the results of a step their places, and takes back those of what dies there.
static bool place_step(Program *p, Plan *plan, const Step *s) {
    for (Var *v = s->first; v; v = v->next) {
        if (v->kept && !v->data && !(v->data = arena_new(p->arena, float, v->size))) return false;
        if (plan->n + 2 >= (int)(sizeof plan->live / sizeof *plan->live))
            return fail(ERROR_OUT_OF_MEMORY, "'%s' keeps more than %d values alive at once", p->name, plan->n);
        place(plan, s, v);
    }
    for (Var *v = s->first; v; v = v->next) {
        for (int k = 0; k < SRC_MAX; k++)
            if (v->src[k]) drop_dead(plan, root_of(v->src[k]), v);
        drop_dead(plan, v, v);
    }
    return true;
}

static bool plan_program(Program *p) {
    Plan *plan = arena_new(p->arena, Plan, 1);
    if (!plan || !fuse_equals(p)) return false;
    fuse_products(p);
    if (!fuse_steps(p)) return false;
    for (int i = 0; i < p->n_steps; i++)
        if (!place_step(p, plan, &p->step[i])) return false;
    if (plan->top > p->scratch->size) p->scratch->size = plan->top;
    return true;
}

bool program_end(Program *p) {
    if (p->failed) return false;
    Scratch *s = p->scratch;
    mark_needed(p);
    if (s->n == (int)(sizeof s->program / sizeof *s->program))
        return fail(ERROR_OUT_OF_MEMORY, "'%s' is one program too many for one scratch block", p->name);
    s->program[s->n++] = p;
    p->failed = !plan_program(p);
    return !p->failed;
}

static void bind(Program *p, float *scratch) {
    for (int i = 0; i < p->n; i++) {
        Var *v = p->var[i];
        if (!v->needed) continue;
        if (op_defs[v->op].flags & ALIAS) v->data = v->src[0]->data;
        else if (in_scratch(v)) v->data = scratch + v->place;
        if (temp_of(v)) v->temp = scratch + v->temp_place;
    }
}

bool scratch_bind(Scratch *s, Arena *arena) {
    if (!(s->data = arena_new(arena, float, s->size))) return false;
    for (int i = 0; i < s->n; i++) bind(s->program[i], s->data);
    return true;
}

// --- Running ----------------------------------------------------------------------------------------------------------------

// Threads share a chain in units of so many numbers.
enum { UNIT = 64 };
static void chain_units(void *context, int begin, int end) {
    const Step *s = context;
    int size = s->first->size;
    chain_run(s, begin * UNIT, end * UNIT < size ? end * UNIT : size, false);
}

void step_run(const Step *s) {
    if (is_each(s->first)) pool_run((s->first->size + UNIT - 1) / UNIT, UNIT * PASS * s->n_ops, chain_units, (void *)s);
    else op_defs[s->first->op].run(s->first);
}

void program_run(Program *p, uint64_t tick) {
    p->tick = tick;
    for (int i = 0; i < p->n_steps; i++) step_run(&p->step[i]);
}

static bool all_finite(const Var *v) {
    for (int i = 0; i < v->size; i++)
        if (!isfinite(v->data[i])) return false;
    return true;
}

// The first of two in creation order, either of which may be NULL.
static const Var *first_of(const Var *a, const Var *b) { return !a || (b && b->id < a->id) ? b : a; }

const Var *program_run_checked(Program *p, uint64_t tick) {
    const Var *bad = NULL;
    p->tick = tick;
    for (int i = 0; i < p->n; i++) {
        const Var *v = p->var[i];
        if (v->needed && (op_defs[v->op].flags & LEAF) && !all_finite(v)) bad = first_of(bad, v);
    }
    for (int i = 0; i < p->n_steps; i++) {
        const Step *s = &p->step[i];
        Var *v = s->first;
        if (is_each(v)) bad = first_of(bad, chain_run(s, 0, v->size, true));
        else if (op_defs[v->op].run(v), !all_finite(v)) bad = first_of(bad, v);
    }
    return bad;
}
