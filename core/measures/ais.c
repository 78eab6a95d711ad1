#include "measures/ais.h"

#include <math.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "kernels/matmul.h"
#include "kernels/vmath.h"

// Running log of a sum of exponentials.
typedef struct { double top, sum; } LogSum;

static void log_add(LogSum *s, double x) {
    if (x <= s->top) { s->sum += real_exp(x - s->top); return; }
    s->sum = s->sum * real_exp(s->top - x) + 1;
    s->top = x;
}
static double log_sum(const LogSum *s) { return s->top + real_log(s->sum); }

// sum_i softplus(x_i), summed in double.
static double softplus_sum(const float *x, int n) {
    double sum = 0;
    float part[64];
    for (int at = 0; at < n; at += 64) {
        int k = n - at < 64 ? n - at : 64;
        vsoftplus(x + at, part, k);
        for (int i = 0; i < k; i++) sum += (double)part[i];
    }
    return sum;
}

static double dot(const float *a, const float *b, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

// y [n,H] = v W, without c.
static void hidden_input(const RbmWeights *m, const float *v, int n, float *y) {
    matmul(n, m->H, m->D, v, m->D, false, m->w, m->H, false, y, m->H, false);
}

bool rbm_free_energy(const RbmWeights *m, const float *v, int n, Arena *scratch, double *out) {
    ArenaMark mark = arena_mark(scratch);
    float *y = arena_new(scratch, float, n * m->H);
    if (!y) return false;
    hidden_input(m, v, n, y);
    for (int i = 0; i < n; i++) {
        float *row = y + (size_t)i * (size_t)m->H;
        for (int j = 0; j < m->H; j++) row[j] += m->c[j];
        out[i] = -dot(m->b, v + (size_t)i * (size_t)m->D, m->D) - softplus_sum(row, m->H);
    }
    arena_release(scratch, mark);
    return true;
}

// Every state differs from the one before in a single unit (Gray code), so its input to the visible units is one column away; that sum is made
// anew now and then, before rounding adds up.
double rbm_log_z(const RbmWeights *m) {
    enum { FRESH = 256 };
    LogSum z = { -HUGE_VAL, 0 };
    float x[4096];
    bool on[RBM_EXACT] = { false };
    if (m->D > (int)(sizeof x / sizeof *x)) return (double)NAN;
    for (uint32_t k = 0; k < 1u << m->H; k++) {
        int flip = k ? __builtin_ctz(k) : 0;
        if (k) on[flip] = !on[flip];
        double bias = 0;
        for (int j = 0; j < m->H; j++) if (on[j]) bias += (double)m->c[j];
        for (int i = 0; k % FRESH && i < m->D; i++) x[i] += on[flip] ? m->w[i * m->H + flip] : -m->w[i * m->H + flip];
        for (int i = 0; k % FRESH == 0 && i < m->D; i++) {
            x[i] = m->b[i];
            for (int j = 0; j < m->H; j++) if (on[j]) x[i] += m->w[i * m->H + j];
        }
        log_add(&z, bias + softplus_sum(x, m->D));
    }
    return log_sum(&z);
}

// --- Annealing -----------------------------------------------------------------------------------------------------------------------
//
// p_t(v) with t in [0,1]: visible bias (1 - t) base + t b, input to the hidden units t (c + v'W).

typedef struct { const RbmWeights *m; const float *base; int n; uint32_t seed; float *v, *h, *y, *u; double *weight; } Walk;

// log p*_t(v) of chain i, up to its constant; y holds v'W.
static double log_p(const Walk *w, int i, double t) {
    const RbmWeights *m = w->m;
    const float *v = w->v + (size_t)i * (size_t)m->D, *y = w->y + (size_t)i * (size_t)m->H;
    float *x = w->u;
    for (int j = 0; j < m->H; j++) x[j] = (float)t * (m->c[j] + y[j]);
    return (1 - t) * dot(w->base, v, m->D) + t * dot(m->b, v, m->D) + softplus_sum(x, m->H);
}

// to = 1 with probability sigmoid(x), by draws of its own for every unit and step.
static void fire(const Walk *w, uint32_t layer, uint64_t step, float *x, int width, float *to) {
    vsigmoid(x, x, w->n * width);
    rng_uniform_rows((Key){ w->seed, STREAM_MEASURE + layer }, 0, step, w->u, w->n, width);
    for (int i = 0; i < w->n * width; i++) to[i] = x[i] > w->u[i] ? 1 : 0;
}

// One sweep at t, which leaves p_t as it is.  y must hold v'W, and does so afterwards.
static void sweep(const Walk *w, double t, uint64_t step) {
    const RbmWeights *m = w->m;
    for (int i = 0; i < w->n * m->H; i++) w->y[i] = (float)t * (m->c[i % m->H] + w->y[i]);
    fire(w, 0, step, w->y, m->H, w->h);
    matmul(w->n, m->D, m->H, w->h, m->H, false, m->w, m->H, true, w->v, m->D, false);
    for (int i = 0; i < w->n * m->D; i++) w->v[i] = (float)(1 - t) * w->base[i % m->D] + (float)t * (m->b[i % m->D] + w->v[i]);
    fire(w, 1, step, w->v, m->D, w->v);
    hidden_input(m, w->v, w->n, w->y);
}

// From t = 0 to 1 or back; the chains stand at the first of them.  Gives log of the mean weight.
static double walk(const Walk *w, int steps, bool back) {
    hidden_input(w->m, w->v, w->n, w->y);
    memset(w->weight, 0, sizeof *w->weight * (size_t)w->n);
    for (int k = 1; k <= steps; k++) {
        double before = (double)(k - 1) / steps, t = (double)k / steps;
        if (back) before = 1 - before, t = 1 - t;
        for (int i = 0; i < w->n; i++) w->weight[i] += log_p(w, i, t) - log_p(w, i, before);
        if (k < steps) sweep(w, t, (uint64_t)k + (back ? 1u << 30 : 0));
    }
    LogSum mean = { -HUGE_VAL, 0 };
    for (int i = 0; i < w->n; i++) log_add(&mean, w->weight[i]);
    return log_sum(&mean) - real_log(w->n);
}

// log Z of the independent pixels, whose hidden units are all free: H ln 2 + sum softplus(base).
static double log_z_base(const Walk *w) { return w->m->H * REAL_LN2 + softplus_sum(w->base, w->m->D); }

bool rbm_ais(const RbmWeights *m, const float *base, const float *samples, int chains, int steps, uint32_t seed, Arena *scratch, LogZ *out) {
    ArenaMark mark = arena_mark(scratch);
    int widest = m->D > m->H ? m->D : m->H;
    Walk w = { .m = m, .base = base, .n = chains, .seed = seed,
               .v = arena_new(scratch, float, chains * m->D), .h = arena_new(scratch, float, chains * m->H), .y = arena_new(scratch, float, chains * m->H),
               .u = arena_new(scratch, float, chains * widest), .weight = arena_new(scratch, double, chains) };
    if (!w.v || !w.h || !w.y || !w.u || !w.weight) return false;
    for (int i = 0; i < chains * m->D; i++) w.v[i] = base[i % m->D];
    fire(&w, 2, 0, w.v, m->D, w.v);
    out->low = log_z_base(&w) + walk(&w, steps, false);
    memcpy(w.v, samples, sizeof(float) * (size_t)(chains * m->D));
    out->high = log_z_base(&w) - walk(&w, steps, true);
    arena_release(scratch, mark);
    return true;
}
