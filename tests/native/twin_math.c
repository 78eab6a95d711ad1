// twin_math.c -- the hash of what each function of vec.h, vmath.h, rng.h and real.h gives over a sweep of its arguments.
//
// Built natively and to WebAssembly by tests/twin-math.test.mjs, which compares the lines "name sha256".  Arguments are drawn with
// integer arithmetic only, so both builds ask the same questions: every pair of special values, and random bit patterns, among which
// are subnormals, infinities and NaN.  Which NaN a function gives is not defined, so all are hashed as one.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "base/vec.h"
#include "io/sha256.h"
#include "kernels/vmath.h"

static Sha256 hash;

static void report(const char *name) {
    char hex[65];
    sha256_end(&hash, hex);
    printf("%s %s\n", name, hex);
    hash = sha256_begin();
}

static void add_bits(I4 x) {
    float lanes[4];
    f4_store(lanes, x);
    sha256_add(&hash, lanes, sizeof lanes);
}
static void add_floats(const float *x, int n) {
    for (int i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &x[i], sizeof bits);
        if (isnan(x[i])) bits = 0x7FC00000;
        sha256_add(&hash, &bits, sizeof bits);
    }
}
static void add_f4(F4 x) {
    float lanes[4];
    f4_store(lanes, x);
    add_floats(lanes, 4);
}
static void add_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    if (isnan(x)) bits = 0x7FF8000000000000;
    sha256_add(&hash, &bits, sizeof bits);
}

// ------------------------------------------------------------------------------------------------------------------ arguments

static const float SPECIAL[] = { 0.0f, -0.0f, 0.5f, -0.5f, 1, -1, 1.5f, -1.5f, 2, 2.5f, -2.5f, 3.5f, 0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1.fffffcp-127f, -0x1p-126f,
    0x1p-24f, 0.49999997f, -0.49999997f, 2097151.5f, -2097151.5f, 4194303.5f, 0x1p22f, -0x1p22f, 0x1p23f, 0x1p24f, 0x1.fffffep127f, -0x1.fffffep127f, INFINITY, -INFINITY, NAN };
enum { SPECIALS = sizeof SPECIAL / sizeof *SPECIAL, RANDOMS = 20000 };

static uint32_t word(uint32_t stream, uint32_t i) {
    uint32_t out[4];
    rng_block((Key){ 1, stream }, 0, 0, i, out);
    return out[0];
}

// Argument number `which` of question i: first all pairs of special values, then any bits; half of those are moved to 2^-16 .. 2^15.
static F4 question(uint32_t which, int i) {
    float lanes[4];
    for (int l = 0; l < 4; l++) {
        int k = 4 * i + l;
        uint32_t bits = word(which, (uint32_t)k);
        if (k % 2) bits = (bits & 0x87FFFFFF) | (bits & 0x08000000 ? 0x38000000 : 0x40000000);
        memcpy(&lanes[l], &bits, sizeof bits);
        if (k < SPECIALS * SPECIALS) lanes[l] = SPECIAL[which == 0 ? k / SPECIALS : which == 1 ? k % SPECIALS : (k / 7) % SPECIALS];
    }
    return i % 2 ? f4_load(lanes) : i4_load(lanes);
}

// The statement sees a, b and c.
#define SWEEP(name, ...)                                                      \
    do {                                                                      \
        for (int i = 0; i < (SPECIALS * SPECIALS + RANDOMS) / 4; i++) {       \
            F4 a = question(0, i), b = question(1, i), c = question(2, i);    \
            (void)a, (void)b, (void)c;                                        \
            __VA_ARGS__;                                                      \
        }                                                                     \
        report(name);                                                         \
    } while (0)

static void add_transposed(F4 a, F4 b, F4 c) {
    F4 m[4] = { a, b, c, a };
    f4_transpose(m);
    for (int k = 0; k < 4; k++) add_bits(m[k]);
}
static void add_parts(F4 a, F4 b) {
    float x[4];
    f4_store(x, a);
    for (int n = 1; n < 4; n++) {
        add_f4(f4_load_part(x, n));
        f4_store_part(x, b, n);
        add_floats(x, 4);
    }
}

static void sweep_vec(void) {
    SWEEP("f4_add", add_f4(f4_add(a, b)));
    SWEEP("f4_sub", add_f4(f4_sub(a, b)));
    SWEEP("f4_mul", add_f4(f4_mul(a, b)));
    SWEEP("f4_div", add_f4(f4_div(a, b)));
    SWEEP("f4_sqrt", add_f4(f4_sqrt(a)));
    SWEEP("f4_neg", add_f4(f4_neg(a)));
    SWEEP("f4_abs", add_f4(f4_abs(a)));
    SWEEP("f4_madd", add_f4(f4_madd(a, b, c)));
    SWEEP("f4_lt", add_bits(f4_lt(a, b)));
    SWEEP("f4_le", add_bits(f4_le(a, b)));
    SWEEP("f4_gt", add_bits(f4_gt(a, b)));
    SWEEP("f4_ge", add_bits(f4_ge(a, b)));
    SWEEP("f4_eq", add_bits(f4_eq(a, b)));
    SWEEP("f4_select", add_bits(f4_select(f4_lt(c, f4_splat(1)), a, b)));
    SWEEP("f4_and", add_bits(f4_and(a, b)));
    SWEEP("f4_or", add_bits(f4_or(a, b)));
    SWEEP("f4_andnot", add_bits(f4_andnot(a, b)));
    SWEEP("f4_min", add_f4(f4_min(a, b)));
    SWEEP("f4_max", add_f4(f4_max(a, b)));
    SWEEP("f4_round", add_f4(f4_round(a)));
    SWEEP("f4_to_i4", if (i) add_bits(f4_to_i4(f4_min(f4_max(a, f4_splat(-0x1p22f)), f4_splat(0x1p22f)))));
    SWEEP("f4_splat", add_f4(f4_splat(f4_lane0(a))));
    SWEEP("f4_make", add_f4(f4_make(f4_lane0(a), f4_lane0(b), f4_lane0(c), 0)));
    SWEEP("f4_load_splat", float x = f4_lane0(b); add_f4(f4_load_splat(&x)));
    SWEEP("f4_transpose", add_transposed(a, b, c));
    SWEEP("i4_to_f4", add_f4(i4_to_f4(a)));
    SWEEP("i4_add", add_bits(i4_add(a, b)));
    SWEEP("i4_sub", add_bits(i4_sub(a, b)));
    SWEEP("i4_and", add_bits(i4_and(a, c)));
    SWEEP("i4_xor", add_bits(i4_xor(a, b)));
    SWEEP("i4_eq", add_bits(i4_eq(a, i4_splat(0x3F800000))));
    SWEEP("i4_shl", add_bits(i4_shl(a, 9)));
    SWEEP("i4_shr", add_bits(i4_shr(a, 9)));
    SWEEP("i4_shr_u", add_bits(i4_shr_u(a, 9)));
    SWEEP("f4_load_part", add_parts(a, b));
}

// ------------------------------------------------------------------------------------------------------------------ functions

// Every 4099th of all floats.
static void sweep_array(const char *name, void (*f)(const float *, float *, int)) {
    enum { PIECE = 1021 };                 // a prime, so that arrays end everywhere
    static float x[PIECE];
    int n = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4099) {
        uint32_t low = (uint32_t)bits;
        memcpy(&x[n++], &low, sizeof low);
        if (n < PIECE) continue;
        f(x, x, n);
        add_floats(x, n);
        n = 0;
    }
    f(x, x, n);
    add_floats(x, n);
    report(name);
}

static void add_single(float x) {
    float y[] = { exp1(x), log1(x), tanh1(x), sigmoid1(x), softplus1(x), sin1(x), cos1(x) };
    add_floats(y, 7);
}
static void add_turns(I4 part) {
    F4 sine, cosine;
    f4_sincos_turns(f4_mul(i4_to_f4(part), f4_splat(0x1p-24f)), &sine, &cosine);
    add_f4(sine);
    add_f4(cosine);
}

static void sweep_vmath(void) {
    sweep_array("vexp", vexp);
    sweep_array("vlog", vlog);
    sweep_array("vtanh", vtanh);
    sweep_array("vsigmoid", vsigmoid);
    sweep_array("vsoftplus", vsoftplus);
    sweep_array("vsin", vsin);
    sweep_array("vcos", vcos);
    SWEEP("exp1 and its kin", add_single(f4_lane0(a)));
    SWEEP("f4_sincos_turns", add_turns(i4_shr_u(a, 8)));
}

static void sweep_rng(void) {
    static float x[40000];
    const Key key = { 99, STREAM_SAMPLE + 1 };
    for (int n = 1; n <= 9; n++) {
        rng_uniform_rows(key, 3, 5, x, 1000, n);
        add_floats(x, 1000 * n);
    }
    report("rng_uniform_rows");
    for (int n = 1; n <= 40; n++) {
        rng_normal_rows(key, 3, (uint64_t)n << 30, x, 1000, n);
        add_floats(x, 1000 * n);
    }
    report("rng_normal_rows");
    for (int first = 0; first < 9; first++) rng_normal(key, 7, 1, first, x, 33), add_floats(x, 33), rng_uniform(key, 7, 1, first, x, 33), add_floats(x, 33);
    report("rng_normal, rng_uniform");
    Rng r = rng_at(key, 1, 2);
    for (int i = 0; i < 50000; i++) add_double(rng_u(&r)), add_double(rng_g(&r)), add_double(rng_below(&r, i + 1));
    report("rng_u, rng_g, rng_below");
    for (uint32_t n = 1; n < 300; n++) {
        for (uint32_t i = 0; i < n; i++) add_double(rng_permute(key, n, n, i));
    }
    report("rng_permute");
}

// Any bits, or a number of moderate size, or a special value.
static double any_double(uint32_t stream, uint32_t i) {
    static const double special[] = { 0.0, -0.0, 0.5, 1, -1, 2, 0x1p-1074, 0x1p-1022, 709.79, -745.13, -745.14, 0x1p30, 0x1.fffffffffffffp1023, -0x1p-1022 };
    if (i < 14 * 14) return special[stream ? i % 14 : i / 14];
    uint64_t bits = (uint64_t)word(stream, 2 * i) << 32 | word(stream, 2 * i + 1);
    double x;
    memcpy(&x, &bits, sizeof x);
    return i % 3 == 0 ? x : ((double)(int64_t)bits) * (i % 3 == 1 ? 0x1p-63 : 0x1p-56);
}

static void sweep_real(void) {
    static const struct { const char *name; double (*f)(double); } one[] = {
        { "real_exp", real_exp }, { "real_expm1", real_expm1 }, { "real_log", real_log }, { "real_log1p", real_log1p }, { "real_sin", real_sin },
        { "real_cos", real_cos }, { "real_tanh", real_tanh }, { "real_sigmoid", real_sigmoid }, { "real_softplus", real_softplus },
        { "real_acos", real_acos }, { "real_lgamma", real_lgamma },
    };
    for (size_t k = 0; k < sizeof one / sizeof *one; k++) {
        for (uint32_t i = 0; i < 30000; i++) add_double(one[k].f(any_double(0, i))), add_double(one[k].f(fabs(any_double(0, i))));
        report(one[k].name);
    }
    for (uint32_t i = 0; i < 30000; i++) add_double(real_pow(fabs(any_double(0, i)), any_double(1, i)));
    report("real_pow");
    for (uint32_t i = 0; i < 30000; i++) add_double(real_atan2(any_double(0, i), any_double(1, i)));
    report("real_atan2");
    double x[64];
    for (uint32_t i = 0; i < 64; i++) x[i] = any_double(0, 3 * i + 2000);
    for (int n = 0; n <= 64; n++) add_double(real_logsumexp(x, n));
    report("real_logsumexp");
}

int main(void) {
    hash = sha256_begin();
    sweep_vec();
    sweep_vmath();
    sweep_rng();
    sweep_real();
    return 0;
}
