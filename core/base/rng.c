// rng.c -- Philox-4x32-10 and what is drawn with it.
//
// Philox (Salmon, Moraes, Dror, Shaw 2011, section 3.3) is ten rounds of a keyed bijection of four words, made of two 32 x 32 -> 64 bit
// products each; it passes BigCrush.  A block of four words gives four numbers, so number i of an example comes from
// word i % 4 of block i / 4 and from nothing else.
//
// Rows are made four blocks at a time, whatever rows the blocks belong to.  The blocks themselves are scalar code: with four in lanes
// (64-bit products by extmul) they were no faster, natively or in wasm.
#include "base/rng.h"

#include <math.h>

#include "base/real.h"
#include "base/vec.h"
#include "kernels/vmath_inline.h"

enum { ROUNDS = 10 };
#define MULTIPLY_0 0xD2511F53u
#define MULTIPLY_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u       // golden ratio
#define WEYL_1 0xBB67AE85u       // sqrt 3 - 1

void rng_block(Key key, uint32_t example, uint64_t step, uint32_t block, uint32_t out[4]) {
    uint32_t c0 = block, c1 = example, c2 = (uint32_t)step, c3 = (uint32_t)(step >> 32);
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t p0 = (uint64_t)MULTIPLY_0 * c0, p1 = (uint64_t)MULTIPLY_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key.seed;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key.stream;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        key.seed += WEYL_0;
        key.stream += WEYL_1;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

// The upper 24 bits as a number in [0, 1).
static F4 unit(I4 word) { return f4_mul(i4_to_f4(i4_shr_u(word, 8)), f4_splat(0x1p-24f)); }

// Box and Muller 1958: sqrt(-2 log u) (cos, sin)(2 pi v) for u in (0, 1], v in [0, 1).  24 bits of u reach out to 5.77.
static void box_muller(I4 *word) {
    F4 sine, cosine, u = f4_add(unit(word[0]), f4_splat(0x1p-24f));
    F4 radius = f4_sqrt(f4_mul(f4_log_normal(u), f4_splat(-2.0f)));
    f4_sincos_turns(unit(word[1]), &sine, &cosine);
    word[0] = f4_mul(radius, cosine);
    word[1] = f4_mul(radius, sine);
}

typedef enum { UNIFORM, NORMAL } Law;

// Four blocks of words, one per row of x, to numbers; the third and fourth of each block only where they are used.
static void numbers(Law law, I4 x[4], int used) {
    if (law == UNIFORM) {
        for (int i = 0; i < 4; i++) x[i] = unit(x[i]);
        return;
    }
    f4_transpose(x);
    box_muller(x);
    if (used > 2) box_muller(x + 2);
    f4_transpose(x);
}

static void store_lanes(float *to, F4 x, int from, int end) {
    float y[4];
    f4_store(y, x);
    for (int i = from; i < end; i++) to[i - from] = y[i];
}

// Numbers first..first+n-1 of `rows` examples from `example` on.
static void fill(Law law, Key key, uint32_t example, uint64_t step, int first, float *out, int rows, int n) {
    if (n <= 0) return;
    int lead = first & 3;                                             // numbers of a row's first block that are not asked for
    int blocks = (int)(((int64_t)lead + n + 3) / 4), b = 0, row = 0;  // blocks of a row; the next block to make
    while (row < rows) {
        uint32_t word[4][4];
        int from[4], end[4];                                          // which of a block's numbers are wanted
        I4 x[4];
        for (int l = 0; l < 4; l++) {
            rng_block(key, example + (uint32_t)row, step, (uint32_t)(first >> 2) + (uint32_t)b, word[l]);
            x[l] = i4_load(word[l]);
            from[l] = b == 0 ? lead : 0;
            end[l] = row >= rows ? 0 : b < blocks - 1 ? 4 : lead + n - 4 * (blocks - 1);
            if (++b == blocks) b = 0, row++;
        }
        numbers(law, x, lead + n);
        for (int l = 0; l < 4; l++) {
            if (end[l] - from[l] == 4) f4_store(out, x[l]);
            else if (from[l] < end[l]) store_lanes(out, x[l], from[l], end[l]);
            else break;                                               // past the last row
            out += end[l] - from[l];
        }
    }
}

void rng_uniform(Key key, uint32_t example, uint64_t step, int first, float *out, int n) {
    fill(UNIFORM, key, example, step, first, out, 1, n);
}
void rng_normal(Key key, uint32_t example, uint64_t step, int first, float *out, int n) {
    fill(NORMAL, key, example, step, first, out, 1, n);
}
void rng_uniform_rows(Key key, uint32_t first, uint64_t step, float *out, int rows, int n) {
    fill(UNIFORM, key, first, step, 0, out, rows, n);
}
void rng_normal_rows(Key key, uint32_t first, uint64_t step, float *out, int rows, int n) {
    fill(NORMAL, key, first, step, 0, out, rows, n);
}

// ------------------------------------------------------------------------------------------------------------------ reader

Rng rng_at(Key key, uint32_t example, uint64_t step) { return (Rng){ .key = key, .example = example, .step = step }; }

uint32_t rng_u32(Rng *r) {
    if (r->left == 0) {
        rng_block(r->key, r->example, r->step, r->block++, r->word);
        r->left = 4;
    }
    return r->word[4 - r->left--];
}

double rng_u(Rng *r) {
    uint32_t high = rng_u32(r) >> 5, low = rng_u32(r) >> 6;           // 27 and 26 bits
    return ((double)high * 0x1p26 + (double)low) * 0x1p-53;
}

double rng_g(Rng *r) {
    if (r->has_spare) {
        r->has_spare = 0;
        return r->spare;
    }
    double radius = sqrt(-2 * real_log(1 - rng_u(r))), angle = 2 * REAL_PI * rng_u(r);
    r->spare = radius * real_sin(angle);
    r->has_spare = 1;
    return radius * real_cos(angle);
}

// Lemire 2019, "Fast random integer generation in an interval": the upper half of word * n, where the 2^32 % n lowest lower
// halves of each interval are drawn again.
int rng_below(Rng *r, int n) {
    uint32_t range = (uint32_t)n;
    uint64_t product = (uint64_t)rng_u32(r) * range;
    if ((uint32_t)product < range) {
        uint32_t reject = (0u - range) % range;
        while ((uint32_t)product < reject) product = (uint64_t)rng_u32(r) * range;
    }
    return (int)(product >> 32);
}

// -------------------------------------------------------------------------------------------------------------- permutation

// MurmurHash3's finalizer (Appleby), which is public domain: every bit of x moves every bit of the result.
static uint32_t mix(uint32_t x) {
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    return x ^ (x >> 16);
}

// Luby and Rackoff 1988: a Feistel network permutes the words of `bits` bits, here with halves of unequal length where `bits` is
// odd.  What lands outside 0..n-1 is sent through again until it lands inside (fewer than two passes on average, as 2^bits < 2 n).
uint32_t rng_permute(Key key, uint64_t step, uint32_t n, uint32_t i) {
    if (n < 2) return 0;
    uint32_t k[4];
    rng_block(key, UINT32_MAX, step, UINT32_MAX, k);                   // a block that no draw of numbers reaches
    int bits = 32 - __builtin_clz(n - 1), right = bits / 2;
    uint32_t mask_left = (uint32_t)((UINT64_C(1) << (bits - right)) - 1), mask_right = (1u << right) - 1;
    do {
        uint32_t l = i >> right, r = i & mask_right;
        for (uint32_t pass = 0; pass < 4; pass++) {
            l ^= mix(r + k[pass]) & mask_left;
            r ^= mix(l + (k[pass] ^ WEYL_0)) & mask_right;
        }
        i = (l << right) | r;
    } while (i >= n);
    return i;
}
