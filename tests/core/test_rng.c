// Random numbers: the published values of Philox, independence of how they are asked for, and their laws.
//
// Every statistic below is of one fixed seed, so a test either always passes or always fails; its bound is the one that a
// good generator misses once in 10^5 seeds or less (4.4 standard errors, or the chi-square quantile).
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"

static const Key KEY = { 2024, STREAM_SAMPLE + 3 };

// Random123's kat_vectors, lines "philox4x32 10" (Salmon et al.).
TEST(rng, "Philox-4x32-10 gives the published known answers") {
    static const struct { uint32_t counter[4], key[2], answer[4]; } known[] = {
        { { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8 } },
        { { ~0u, ~0u, ~0u, ~0u }, { ~0u, ~0u }, { 0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD } },
        { { 0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344 }, { 0xA4093822, 0x299F31D0 },
          { 0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1 } },
    };
    for (int i = 0; i < 3; i++) {
        const uint32_t *c = known[i].counter;
        uint32_t out[4];
        rng_block((Key){ known[i].key[0], known[i].key[1] }, c[1], c[2] | (uint64_t)c[3] << 32, c[0], out);
        ENSURE(memcmp(out, known[i].answer, sizeof out) == 0);
    }
}

TEST(rng, "a number depends on its place only: rows, pieces and single draws agree for every length and offset") {
    enum { ROWS = 5, MOST = 23 };
    float row[ROWS][MOST], matrix[ROWS * MOST], piece[MOST];
    for (int law = 0; law < 2; law++) {
        void (*draw)(Key, uint32_t, uint64_t, int, float *, int) = law ? rng_normal : rng_uniform;
        void (*draw_rows)(Key, uint32_t, uint64_t, float *, int, int) = law ? rng_normal_rows : rng_uniform_rows;
        for (int r = 0; r < ROWS; r++) draw(KEY, 7 + (uint32_t)r, 11, 0, row[r], MOST);
        for (int n = 1; n <= MOST; n++) {
            for (int rows = 1; rows <= ROWS; rows++) {
                memset(matrix, 0, sizeof matrix);
                draw_rows(KEY, 7, 11, matrix, rows, n);
                for (int r = 0; r < rows; r++) ENSURE(memcmp(matrix + r * n, row[r], sizeof(float) * (size_t)n) == 0);
                for (int i = rows * n; i < ROWS * MOST; i++) ENSURE(matrix[i] == 0);
            }
            for (int first = 0; first + n <= MOST; first++) {
                draw(KEY, 7, 11, first, piece, n);
                ENSURE(memcmp(piece, row[0] + first, sizeof(float) * (size_t)n) == 0);
            }
        }
        draw_rows(KEY, 7, 11, matrix, 3, 0);
        draw_rows(KEY, 7, 11, matrix, 0, 3);
    }
}

TEST(rng, "a uniform number is the upper 24 bits of its word") {
    uint32_t word[4];
    float x[4];
    rng_block(KEY, 3, 5, 2, word);
    rng_uniform(KEY, 3, 5, 8, x, 4);
    for (int i = 0; i < 4; i++) ENSURE(x[i] == (float)(word[i] >> 8) / 16777216);
}

// Pearson's statistic of counts that should be equal.
static double chi_square(const int *count, int cells, double expected) {
    double total = 0;
    for (int i = 0; i < cells; i++) total += (count[i] - expected) * (count[i] - expected) / expected;
    return total;
}

// The quantile that chi-square with k degrees of freedom exceeds once in 10^5 (Wilson and Hilferty 1931: within 1 % for k >= 5).
static double chi_square_bound(int k) {
    double a = 2.0 / (9 * k), b = 1 - a + 4.265 * sqrt(a);
    return k * b * b * b;
}

enum { DRAWS = 1 << 18 };
static float sample[DRAWS];

TEST(rng, "uniform numbers are uniform, within [0, 1), neighbours independent") {
    rng_uniform_rows(KEY, 0, 1, sample, DRAWS / 64, 64);
    int single[64] = { 0 }, pair[256] = { 0 };
    for (int i = 0; i < DRAWS; i++) {
        ENSURE(sample[i] >= 0 && sample[i] < 1);
        single[(int)(sample[i] * 64)]++;
        if (i % 2) pair[(int)(sample[i - 1] * 16) * 16 + (int)(sample[i] * 16)]++;
    }
    ENSURE(chi_square(single, 64, DRAWS / 64.0) < chi_square_bound(63));
    ENSURE(chi_square(pair, 256, DRAWS / 512.0) < chi_square_bound(255));
}

TEST(rng, "normal numbers have the moments of N(0, 1) and stay below 5.9") {
    rng_normal_rows(KEY, 0, 1, sample, DRAWS / 64, 64);
    double moment[5] = { 0 }, neighbours = 0, diagonal = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)sample[i], power = 1;
        ENSURE(fabs(x) < 5.9);
        for (int k = 0; k < 5; k++, power *= x) moment[k] += power / DRAWS;
        if (i % 4) neighbours += x * (double)sample[i - 1] / DRAWS;
        if (i % 4 > 1) diagonal += x * (double)sample[i - 2] / DRAWS;
    }
    // Standard errors: sqrt(Var x^k / n), Var x = 1, Var x^2 = 2, Var x^3 = 15, Var x^4 = 96.
    double se = 4.4 / sqrt(DRAWS);
    ENSURE_CLOSE(moment[1], 0, se);
    ENSURE_CLOSE(moment[2], 1, se * sqrt(2));
    ENSURE_CLOSE(moment[3], 0, se * sqrt(15));
    ENSURE_CLOSE(moment[4], 3, se * sqrt(96));
    ENSURE_CLOSE(neighbours, 0, se);
    ENSURE_CLOSE(diagonal, 0, se);
}

TEST(rng, "normal numbers fill the cells of the normal distribution equally, alone and in the two pairs of a block") {
    // The 15 inner bounds of 16 equally likely cells.
    static const double bound[] = { -1.534120544, -1.15034938, -0.887146559, -0.674489750, -0.488776411, -0.318639364, -0.157310685, 0,
        0.157310685, 0.318639364, 0.488776411, 0.674489750, 0.887146559, 1.15034938, 1.534120544 };
    rng_normal_rows(KEY, 0, 2, sample, DRAWS / 4, 4);
    int single[16] = { 0 }, pair[2][256] = { { 0 } };
    for (int i = 0; i < DRAWS; i += 4) {
        int cell[4] = { 0 };
        for (int j = 0; j < 4; j++) {
            while (cell[j] < 15 && (double)sample[i + j] > bound[cell[j]]) cell[j]++;
            single[cell[j]]++;
        }
        pair[0][cell[0] * 16 + cell[1]]++;
        pair[1][cell[1] * 16 + cell[2]]++;
    }
    ENSURE(chi_square(single, 16, DRAWS / 16.0) < chi_square_bound(15));
    ENSURE(chi_square(pair[0], 256, DRAWS / 1024.0) < chi_square_bound(255));
    ENSURE(chi_square(pair[1], 256, DRAWS / 1024.0) < chi_square_bound(255));
}

static double correlation(const float *a, const float *b, int n) {
    double total = 0;
    for (int i = 0; i < n; i++) total += (double)a[i] * (double)b[i] / n;
    return total;
}

TEST(rng, "another seed, stream, example or step gives unrelated numbers") {
    enum { N = 1 << 14 };
    static float a[N], b[N];
    const Key other_seed = { KEY.seed + 1, KEY.stream }, other_stream = { KEY.seed, KEY.stream + 1 };
    rng_normal(KEY, 0, 0, 0, a, N);
    for (int change = 0; change < 5; change++) {
        check_during("change %d", change);
        rng_normal(change == 0 ? other_seed : change == 1 ? other_stream : KEY, change == 2, change == 3 ? 1 : change == 4 ? UINT64_C(1) << 32 : 0, 0, b, N);
        ENSURE_CLOSE(correlation(a, b, N), 0, 4.4 / sqrt(N));
    }
}

TEST(rng, "the reader's words are the blocks in order, and a copy of it goes on alike") {
    Rng r = rng_at(KEY, 9, 4);
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t word[4];
        rng_block(KEY, 9, 4, block, word);
        for (int i = 0; i < 4; i++) ENSURE_EQUAL(rng_u32(&r), word[i]);
    }
    rng_g(&r);
    Rng copy = r;
    for (int i = 0; i < 9; i++) ENSURE(rng_g(&r) == rng_g(&copy));
}

TEST(rng, "the reader's numbers have their laws") {
    enum { N = 100000 };
    Rng r = rng_at(KEY, 0, 3);
    double u1 = 0, u2 = 0, g1 = 0, g2 = 0, g4 = 0;
    int face[7] = { 0 };
    for (int i = 0; i < N; i++) {
        double u = rng_u(&r), g = rng_g(&r);
        ENSURE(u >= 0 && u < 1);
        u1 += u / N, u2 += u * u / N, g1 += g / N, g2 += g * g / N, g4 += g * g * g * g / N;
        int f = rng_below(&r, 7);
        ENSURE(f >= 0 && f < 7);
        face[f]++;
    }
    double se = 4.4 / sqrt(N);
    ENSURE_CLOSE(u1, 0.5, se * sqrt(1.0 / 12));
    ENSURE_CLOSE(u2, 1.0 / 3, se * sqrt(4.0 / 45));
    ENSURE_CLOSE(g1, 0, se);
    ENSURE_CLOSE(g2, 1, se * sqrt(2));
    ENSURE_CLOSE(g4, 3, se * sqrt(96));
    ENSURE(chi_square(face, 7, N / 7.0) < chi_square_bound(6));
}

TEST(rng, "a number below n is unbiased where 2^32 is far from a multiple of n") {
    Rng r = rng_at(KEY, 1, 3);
    int third[3] = { 0 }, n = 3 << 29;           // without rejection, remainders 0 and 1 would come 3/2 times as often as 2
    for (int i = 0; i < 30000; i++) third[rng_below(&r, n) % 3]++;
    ENSURE(chi_square(third, 3, 10000) < 23.0);  // 10^-5 quantile of two degrees of freedom: -2 log 10^-5
    for (int i = 0; i < 100; i++) ENSURE_EQUAL(rng_below(&r, 1), 0);
}

TEST(rng, "a permutation meets every index once") {
    static const uint32_t length[] = { 1, 2, 3, 5, 1000, 60000 };
    static unsigned char met[60000];
    for (int k = 0; k < 6; k++) {
        for (uint64_t step = 0; step < 3; step++) {
            uint32_t n = length[k];
            check_during("n = %u, step %d", (unsigned)n, (int)step);
            memset(met, 0, sizeof met);
            for (uint32_t i = 0; i < n; i++) {
                uint32_t image = rng_permute(KEY, step, n, i);
                ENSURE(image < n && !met[image]);
                met[image] = 1;
            }
        }
    }
    ENSURE(rng_permute(KEY, 0, UINT32_MAX, UINT32_MAX - 1) < UINT32_MAX);
}

TEST(rng, "all permutations of four are equally frequent") {
    int count[256] = { 0 }, kinds = 0;
    for (uint64_t step = 0; step < 24000; step++) {
        int code = 0;
        for (uint32_t i = 0; i < 4; i++) code = code * 4 + (int)rng_permute(KEY, step, 4, i);
        count[code]++;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i]) count[kinds++] = count[i];
    }
    ENSURE_EQUAL(kinds, 24);
    ENSURE(chi_square(count, 24, 1000) < chi_square_bound(23));
}

TEST(rng, "a permutation of 1000 leaves no trace of the order") {
    enum { N = 1000, ROUNDS = 50 };
    int cell[100] = { 0 };
    double serial = 0;
    for (uint64_t step = 0; step < ROUNDS; step++) {
        uint32_t before = rng_permute(KEY, step, N, N - 1);
        for (uint32_t i = 0; i < N; i++) {
            uint32_t image = rng_permute(KEY, step, N, i);
            cell[i / 100 * 10 + image / 100]++;
            serial += (image / (N - 1.0) - 0.5) * (before / (N - 1.0) - 0.5) * 12 / (N * ROUNDS);
            before = image;
        }
    }
    ENSURE(chi_square(cell, 100, 10.0 * ROUNDS) < chi_square_bound(99));
    ENSURE_CLOSE(serial, 0, 4.4 / sqrt(N * ROUNDS));
}
