// kernels.c -- two samples on a line, their kernel density estimates, and the squared MMD between them beside its exact value.
//
// A bump phi of width h around every number makes the estimates F = mean phi(. - x_i) and G = mean phi(. - y_j).  The squares of sums are sums over pairs,
//     |F - G|^2 = int (F - G)^2 = mean phi2(x_i - x_i') + mean phi2(y_j - y_j') - 2 mean phi2(x_i - y_j),   phi2 = phi * phi,
// so with the kernel k = c phi2 it is MMD^2 / c, in the biased form, which counts the pairs of a number with itself (Gretton et al. 2012, eq. 5); the
// unbiased form (eq. 3) leaves them out.  Two bumps:
//     Gaussian   phi = N(0, h^2)           k = phi2 = N(x - y; 0, 2 h^2), c = 1
//     imq        phi = h / pi (h^2 + u^2)  k = 2 pi h phi2 = 4 h^2 / (4 h^2 + (x - y)^2), c = 2 pi h; at h = 1/2 it is 1 / (1 + (x - y)^2)
// The laws are P = N(0,1) and Q.  x - x', y - y', x - y are Gaussian too, which makes the exact value a sum of three means of k under Gaussians:
// of a Gaussian kernel a Gaussian's value, of the other an integral, by the trapezoidal rule, whose error falls exponentially with the step for functions
// that are analytic near the line (Trefethen & Weideman 2014): below 1e-12 for h >= .1.
//
// Arrays: x [n], y [n]: the samples.  estimates [2,GRID,2]: points of F and G; densities [2,DOTS,2]: of the laws'; difference [GRID,2]: of F - G;
// expected [DOTS,2]: of its mean.  rugs [2,2,n,2]: where the samples stand, as ticks.  bounds [6]: x0 x1, y0 y1 of both panels.  table [3,3].
#include <math.h>
#include <stdlib.h>

#include "base/real.h"
#include "base/rng.h"
#include "lessons/lesson.h"

enum { SECOND, N, KERNEL, H, SEED };
enum { GAUSSIAN, IMQ };

static const Knob options[] = {
    { "second", "Second law", KNOB_CHOICE, 1, 1, .choices = "N(0,1)|N(0,1/2)|N(1,1)", .help = "The law of y, as N(mean, variance); x is from N(0,1)." },
    { "n", "Sample size", KNOB_INTEGER, 100, 100, 10, 200, .scale = SCALE_LOG, .help = "So many numbers from each law." },
    { "kernel", "Kernel", KNOB_CHOICE, 1, 1, .choices = "gaussian|imq",
      .help = "The bump around every number: a Gaussian, or a Cauchy density, whose kernel is the inverse multiquadric 1/(1 + (x−y)²) at width 1/2." },
    { "h", "Width h", KNOB_NUMBER, .5, .5, .1, 3, .scale = SCALE_LOG, .help = "How wide the bump is: narrow shows every number, wide blurs both laws into one." },
    { "seed", "Seed", KNOB_INTEGER, 1, 1, 0, 4294967295.0, .help = "Same seed, same samples." },
    KNOBS_END,
};

typedef struct { double mean, variance; } Law;
static const Law first = { 0, 1 }, second[] = { { 0, 1 }, { 0, .5 }, { 1, 1 } };

// --- Kernels -----------------------------------------------------------------------------------------------------------

// k = a exp(-b u^2), or a / (a + u^2).  weight: of the trapezoidal rule for means under N(0,1), from -REACH to REACH, beyond which lies 1e-16.
enum { STEPS = 1200, REACH = 9 };
typedef struct { int kind; double h, a, b, weight[STEPS + 1]; } Bump;

static double density(Law p, double x) { return real_exp(-(x - p.mean) * (x - p.mean) / (2 * p.variance)) / sqrt(2 * REAL_PI * p.variance); }
static double node(int i) { return (i - STEPS / 2) * (2. * REACH / STEPS); }

static void bump_init(Bump *k, int kind, double h) {
    *k = kind == GAUSSIAN ? (Bump){ .kind = kind, .h = h, .a = 1 / sqrt(4 * REAL_PI * h * h), .b = 1 / (4 * h * h) } : (Bump){ .kind = kind, .h = h, .a = 4 * h * h };
    for (int i = 0; i <= STEPS; i++) k->weight[i] = density((Law){ 0, 1 }, node(i)) * (2. * REACH / STEPS);
}

static double phi(const Bump *k, double u) { return k->kind == GAUSSIAN ? density((Law){ 0, k->h * k->h }, u) : k->h / (REAL_PI * (k->h * k->h + u * u)); }
static double kernel(const Bump *k, double u) { return k->kind == GAUSSIAN ? k->a * real_exp(-k->b * u * u) : k->a / (k->a + u * u); }

// The mean of f(at - u) over u from p.
static double mean_under(Law p, const Bump *k, double (*f)(const Bump *k, double u), double at) {
    double sum = 0, sd = sqrt(p.variance);
    for (int i = 0; i <= STEPS; i++) sum += k->weight[i] * f(k, at - p.mean - sd * node(i));
    return sum;
}

static double mean_kernel(Law p, const Bump *k) {
    return k->kind == GAUSSIAN ? density((Law){ p.mean, p.variance + 2 * k->h * k->h }, 0) : mean_under(p, k, kernel, 0);
}

// The law blurred by the bump, at a place.
static double blurred(Law p, const Bump *k, double at) {
    return k->kind == GAUSSIAN ? density((Law){ p.mean, p.variance + k->h * k->h }, at) : mean_under(p, k, phi, at);
}

static double exact(Law p, Law q, const Bump *k) {
    return mean_kernel((Law){ 0, 2 * p.variance }, k) + mean_kernel((Law){ 0, 2 * q.variance }, k)
         - 2 * mean_kernel((Law){ p.mean - q.mean, p.variance + q.variance }, k);
}

// --- Estimates -----------------------------------------------------------------------------------------------------------

static void draw(Law p, Key key, uint32_t example, int n, double *x) {
    Rng r = rng_at(key, example, 0);
    for (int i = 0; i < n; i++) x[i] = p.mean + sqrt(p.variance) * rng_g(&r);
}

typedef struct { double biased, unbiased; } Estimates;

static Estimates estimate(const double *x, const double *y, int n, const Bump *k) {
    double within = 0, across = 0;                         // over i < j of both samples; over all i, j
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < i; j++) within += kernel(k, x[i] - x[j]) + kernel(k, y[i] - y[j]);
        for (int j = 0; j < n; j++) across += kernel(k, x[i] - y[j]);
    }
    double pairs = (double)n * n;
    return (Estimates){ 2 * (within + n * kernel(k, 0) - across) / pairs, 2 * (within / (pairs - n) - across / pairs) };
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// 95 % of the estimates lie below when both samples are from the first law: from ROUNDS fresh pairs of samples, the same for every seed.
enum { ROUNDS = 99 };
static Estimates below(const Bump *k, int n, double *x, double *y) {
    double biased[ROUNDS], unbiased[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        draw(first, (Key){ 0, STREAM_MEASURE }, 2 * (uint32_t)i, n, x);
        draw(first, (Key){ 0, STREAM_MEASURE }, 2 * (uint32_t)i + 1, n, y);
        Estimates e = estimate(x, y, n, k);
        biased[i] = e.biased, unbiased[i] = e.unbiased;
    }
    qsort(biased, ROUNDS, sizeof *biased, ascending);
    qsort(unbiased, ROUNDS, sizeof *unbiased, ascending);
    int at = (ROUNDS + 1) * 95 / 100 - 1;
    return (Estimates){ biased[at], unbiased[at] };
}

// --- Arrays ----------------------------------------------------------------------------------------------------------------

enum { GRID = 301, DOTS = 91 };
static const float left = -4.5f, right = 5.5f;

static double place(int i, int n) { return (double)left + i * ((double)right - (double)left) / (n - 1); }

static double estimated(const double *x, int n, const Bump *k, double at) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += phi(k, at - x[i]);
    return sum / n;
}

static void point(float *xy, int i, double x, double y) { xy[2 * i] = (float)x, xy[2 * i + 1] = (float)y; }

static bool curves(const double *x, const double *y, int n, Law q, const Bump *k, Out *out) {
    float *estimates = out_f32(out, "estimates", 3, (int[]){ 2, GRID, 2 }), *difference = out_f32(out, "difference", 2, (int[]){ GRID, 2 });
    float *densities = out_f32(out, "densities", 3, (int[]){ 2, DOTS, 2 }), *expected = out_f32(out, "expected", 2, (int[]){ DOTS, 2 });
    float *bounds = out_f32(out, "bounds", 1, (int[]){ 6 });
    if (!estimates || !difference || !densities || !expected || !bounds) return false;
    double top = .6, most = .1;                            // room for the laws, and for a difference worth speaking of
    for (int i = 0; i < GRID; i++) {
        double at = place(i, GRID), f = estimated(x, n, k, at), g = estimated(y, n, k, at);
        point(estimates, i, at, f), point(estimates + 2 * GRID, i, at, g), point(difference, i, at, f - g);
        top = fmax(top, fmax(f, g)), most = fmax(most, fabs(f - g));
    }
    for (int i = 0; i < DOTS; i++) {
        double at = place(i, DOTS), f = blurred(first, k, at), g = blurred(q, k, at);
        point(densities, i, at, density(first, at)), point(densities + 2 * DOTS, i, at, density(q, at)), point(expected, i, at, f - g);
        most = fmax(most, fabs(f - g));
    }
    const float all[] = { left, right, (float)(-.14 * top), (float)(1.1 * top), (float)(-2 * most), (float)(1.25 * most) };        // the key stands at the bottom
    for (int i = 0; i < 6; i++) bounds[i] = all[i];
    return true;
}

// Two rows of ticks between the axis and the lower edge.
static bool rugs(const double *const sample[2], int n, Out *out) {
    float *xy = out_f32(out, "rugs", 4, (int[]){ 2, 2, n, 2 });
    double edge = xy ? (double)((const float *)out_find(out, "bounds")->data)[2] : 0;
    for (int s = 0; xy && s < 2; s++)
        for (int end = 0; end < 2; end++)
            for (int i = 0; i < n; i++) point(xy + 2 * n * (2 * s + end), i, sample[s][i], edge * (.15 + .42 * s + .34 * end));
    return xy;
}

static bool compute(Run *r, const double *o, Out *out) {
    (void)r;
    int n = (int)o[N];
    Law q = second[(int)o[SECOND]];
    Bump bump, *k = &bump;
    bump_init(k, (int)o[KERNEL], o[H]);
    double *table = out_f64(out, "table", 2, (int[]){ 3, 3 }), *x = out_f64(out, "x", 1, &n), *y = out_f64(out, "y", 1, &n);
    double *a = arena_new(&out->arena, double, n), *b = arena_new(&out->arena, double, n);
    if (!table || !x || !y || !a || !b) return false;
    draw(first, (Key){ (uint32_t)o[SEED], STREAM_SAMPLE }, 0, n, x);
    draw(q, (Key){ (uint32_t)o[SEED], STREAM_SAMPLE }, 1, n, y);
    Estimates e = estimate(x, y, n, k), most = below(k, n, a, b);
    // Of n pairs the biased form counts n with a distance of 0 in each sample.
    double floor_biased = 2 * (kernel(k, 0) - mean_kernel((Law){ 0, 2 * first.variance }, k)) / n;
    const double rows[] = { e.biased, floor_biased, most.biased, e.unbiased, 0, most.unbiased, exact(first, q, k), 0, (double)NAN };
    for (int i = 0; i < 9; i++) table[i] = rows[i];
    return curves(x, y, n, q, k, out) && rugs((const double *const[]){ x, y }, n, out);
}

// --- Picture -----------------------------------------------------------------------------------------------------------------

static const float *floats(const Out *a, const char *name) { return out_find(a, name)->data; }

static Panel *panel(Scene *s, const char *title, float y, float h, const float x[2], const float range[2]) {
    Panel *p = scene_panel(s, title, 0, y, 1, h);
    p->x0 = x[0], p->x1 = x[1], p->y0 = range[0], p->y1 = range[1];
    p->axes = true;
    return p;
}

static void arrange(const Run *r, const double *o, const Out *a, Scene *s) {
    (void)r;
    static const Role role[] = { ROLE_DATA, ROLE_SAMPLE };
    int n = (int)o[N];
    const float *bounds = floats(a, "bounds"), *ticks = floats(a, "rugs");
    Panel *p = panel(s, "Density estimates F and G", 0, .64f, bounds, bounds + 2);
    for (int k = 0; k < 2; k++) {
        panel_lines(p, role[k], 1.2f, ticks + 4 * n * k, ticks + 4 * n * k + 2 * n, n)->alpha = .6f;
        panel_points(p, role[k], MARK_DISC, 1.5f, floats(a, "densities") + 2 * DOTS * k, DOTS);
        panel_path(p, role[k], 2.4f, floats(a, "estimates") + 2 * GRID * k, GRID);
    }
    p = panel(s, "F − G", .64f, .36f, bounds, bounds + 4);
    panel_points(p, ROLE_TEXT, MARK_DISC, 1.5f, floats(a, "expected"), DOTS);
    panel_path(p, ROLE_GRADIENT, 2.4f, floats(a, "difference"), GRID);
}

const Lesson lesson_kernels = {
    .view = {
        .id = "kernels", .kind = "lesson", .title = "MMD of two samples",
        .help = "Ticks are the samples, lines their kernel density estimates, dots what they estimate: above the laws, below the mean of F − G.",
        .options = options, .compute = compute, .arrange = arrange,
    },
    .summary = "How far apart are two samples? Blur both, subtract, square: that is the maximum mean discrepancy.",
    .about =
        "Two samples of $n$ numbers each: $x$ from $P = \\mathcal N(0,1)$, $y$ from a second law $Q$. Do they come from the same law? No model here, and nothing to train: "
        "this is the measure that judges samples of all models of this page, where everything about it can be seen.\n\n"
        "## From samples to densities\n\n"
        "Put a bump $\\varphi$ of width $h$ around every number. The means of the bumps are the kernel density estimates "
        "$$F(u) = \\frac1n \\sum_i \\varphi(u - x_i), \\qquad G(u) = \\frac1n \\sum_j \\varphi(u - y_j)$$ "
        "On average they are the laws blurred by the bump, not the laws themselves.\n\n"
        "## From densities to a distance\n\n"
        "The squared distance of the estimates is a sum over pairs, since $\\int \\varphi(u-x)\\,\\varphi(u-y)\\,du$ depends on $x - y$ alone. Up to a constant factor that is the kernel $k$, and $\\int (F-G)^2$ is "
        "$$\\mathrm{MMD}^2 = \\frac1{n^2} \\sum_{i,i'} k(x_i,x_{i'}) - \\frac2{n^2} \\sum_{i,j} k(x_i,y_j) + \\frac1{n^2} \\sum_{j,j'} k(y_j,y_{j'})$$ "
        "A Gaussian bump gives $k = \\mathcal N(x-y;\\,0,\\,2h^2)$. A Cauchy bump gives, up to the factor $2\\pi h$, the inverse multiquadric $k = 4h^2/(4h^2 + (x-y)^2)$: "
        "with $h = 1/2$ it is $1/(1+(x-y)^2)$.\n\n"
        "## Biased and unbiased\n\n"
        "That sum counts the pairs of a number with itself, which say nothing of the laws. So it is never negative, and when the laws agree it is still "
        "$\\frac2n\\,(k(0) - \\mathrm E\\,k(x,x'))$ on average: a floor that falls like $1/n$. Without those pairs the estimate is unbiased: $0$ on average when the laws agree, and sometimes below.\n\n"
        "## Closed form\n\n"
        "Differences of Gaussian numbers are Gaussian, so the value for endless samples is known, $$\\mathrm E\\,k(x,x') + \\mathrm E\\,k(y,y') - 2\\,\\mathrm E\\,k(x,y)$$ "
        "For the Gaussian bump each mean is $$\\mathrm E\\,k(x,y) = \\mathcal N(\\mu_x - \\mu_y;\\,0,\\,\\sigma_x^2 + \\sigma_y^2 + 2h^2)$$\n\n"
        "## What to try\n\n"
        "Take the same law twice and try ten seeds: how often does an estimate pass what 95 % stay below? Then $\\mathcal N(0,1/2)$: how large must $n$ be before one sample tells the laws apart? "
        "Make $h$ small, then large: both hide the difference. Which width shows a shift best, and which a change of variance?",
    .rows = { "MMD², biased", "MMD², unbiased", "MMD², closed form" },
    .columns = { "value", "mean where laws agree", "95 % stay below" },
    .key = { { ROLE_DATA, "x, from N(0,1)" }, { ROLE_SAMPLE, "y, from the second law" } },
};
