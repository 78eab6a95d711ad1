// Data sets: the nine sets of points, drawn digits, the user's own rows, and who sees which of them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "check.h"
#include "data/data.h"
#include "data/density.h"

// --- The nine sets: density, entropy, generator ------------------------------------------------------------------------

// The plane from -6 to 6 in cells of 0.4; a density is summed over `fine` x `fine` midpoints per cell, which for a set blurred by s
// is exact to e^(-2 pi^2 s^2 / h^2) with h = 0.4 / fine.
enum { CELLS = 30 };
static const double EDGE = 6, CELL = 0.4;

// Entropies as published for these definitions, four digits; tolerance: half a unit of the last, or a whole one where the
// published number was rounded the other way.  ring8 is often published as 2.8319, for a set scaled by 1/1.414 (see ring8.c).
typedef struct { const char *id; int fine; double entropy, tolerance; } Known;
static const Known known[] = {
    { "moons", 4, 2.3939, 5e-5 },    { "ring8", 4, 2.8316, 5e-5 },  { "grid25", 13, 0.0653, 5e-5 },
    { "checkerboard", 4, 3.4657, 5e-5 }, { "circles", 4, 3.2681, 5e-5 }, { "rings", 7, 2.6232, 5e-5 },
    { "spirals", 5, 2.6455, 5e-5 },  { "swissroll", 4, 2.6697, 1e-4 }, { "pinwheel", 6, 2.3178, 5e-5 },
};
enum { KNOWN = sizeof known / sizeof known[0] };

static const DataDef *def_of(const char *id) {
    for (int i = 0; i < n_data_defs; i++) if (!strcmp(data_defs[i]->id, id)) return data_defs[i];
    check_fail(__FILE__, __LINE__, "no data set %s", id);
}

static void draw_point(const DataDef *def, uint32_t seed, uint32_t i, double x[2], int *label) {
    Rng r = rng_at((Key){ seed, STREAM_MEASURE }, i, 0);
    float f[2];
    def->point(&r, f, label);
    x[0] = (double)f[0];
    x[1] = (double)f[1];
}

// Probability of each cell; returns the whole, and -sum p log p.
static double grid_sum(const DataDef *def, int fine, double cell[CELLS][CELLS], double *entropy) {
    double h = CELL / fine, mass = 0;
    *entropy = 0;
    memset(cell, 0, sizeof(double) * CELLS * CELLS);
    for (int i = 0; i < CELLS * fine; i++) {
        for (int j = 0; j < CELLS * fine; j++) {
            double x[2] = { -EDGE + (j + 0.5) * h, -EDGE + (i + 0.5) * h }, log_p = def->log_prob(x);
            if (log_p < -700) continue;
            double p = real_exp(log_p) * h * h;
            cell[i / fine][j / fine] += p;
            mass += p;
            *entropy -= p * log_p;
        }
    }
    return mass;
}

TEST(data, "every density integrates to 1, to its published entropy and to the entropy that its row states") {
    static double cell[CELLS][CELLS];
    for (int k = 0; k < KNOWN; k++) {
        check_during("%s", known[k].id);
        const DataDef *def = def_of(known[k].id);
        double entropy, mass = grid_sum(def, known[k].fine, cell, &entropy);
        ENSURE_CLOSE(mass, 1, 1e-6);               // pinwheel, whose folds are poles: 1e-7; the others 1e-9
        ENSURE_CLOSE(entropy, known[k].entropy, known[k].tolerance);
        ENSURE_CLOSE(entropy, def->entropy, 2e-6);
    }
}

// Pearson's chi^2 of the draws in cells against the density's, cells with fewer than ten expected draws taken together.
static double chi_square(double cell[CELLS][CELLS], int count[CELLS][CELLS], int n, int *freedom) {
    double chi2 = 0, rare = 0, rare_count = n;
    *freedom = 0;
    for (int i = 0; i < CELLS; i++) {
        for (int j = 0; j < CELLS; j++) {
            double expected = n * cell[i][j], off = count[i][j] - expected;
            if (expected < 10) { rare += expected; continue; }
            chi2 += off * off / expected;
            rare_count -= count[i][j];
            ++*freedom;
        }
    }
    if (rare > 1) chi2 += (rare_count - rare) * (rare_count - rare) / rare; else --*freedom;
    return chi2;
}

TEST(data, "every generator draws from its density: mean of -log p within 4 standard errors, chi^2 of cells within 4.5 deviations") {
    static double cell[CELLS][CELLS];
    static int count[CELLS][CELLS];
    enum { FEW = 20000, MANY = 200000 };        // log p costs, counting does not
    for (int k = 0; k < KNOWN; k++) {
        check_during("%s", known[k].id);
        const DataDef *def = def_of(known[k].id);
        double entropy, sum = 0, square = 0, x[2];
        grid_sum(def, known[k].fine, cell, &entropy);
        memset(count, 0, sizeof count);
        for (int i = 0; i < MANY; i++) {
            int label;
            draw_point(def, 1, (uint32_t)i, x, &label);
            int row = (int)floor((x[1] + EDGE) / CELL), column = (int)floor((x[0] + EDGE) / CELL);
            if (row >= 0 && row < CELLS && column >= 0 && column < CELLS) count[row][column]++;
            if (i >= FEW) continue;
            double nll = -def->log_prob(x);
            sum += nll;
            square += nll * nll;
        }
        double mean = sum / FEW, se = sqrt(fmax(square / FEW - mean * mean, 0) / FEW);
        ENSURE_CLOSE(mean, entropy, 4 * se + 1e-9);      // checkerboard: no spread at all
        int freedom;
        double chi2 = chi_square(cell, count, MANY, &freedom);
        ENSURE(freedom > 20);
        ENSURE_CLOSE(chi2, freedom, 4.5 * sqrt(2.0 * freedom));
    }
}

// '#': more than the mean number of draws per cell, '.': less than a twentieth, ' ': either.  Cells of 0.4 from the top left (-4.4, 4.4);
// grid25: of 10/22 from (-5, 5).
enum { PICTURE = 22 };
static const char *const pictures[][PICTURE] = {
    { // moons
        "......................", "......................", "......................", "......................", "......................",
        ".....  ###  ..........",
        ".... ####### .........",
        "... ######### ........",
        ".. ###  #  ### .. # ..",
        ".. ## .###. ## ..###..",
        "..###..###  ###. ###..",
        "..###.. ### ### ### ..",
        "..   ...####   ####...",
        "........ ######### ...",
        ".........  #####  ....",
        "...........     ......",
        "......................", "......................", "......................", "......................", "......................",
        "......................",
    }, { // ring8
        "......................",
        ".........    .........",
        "........ ###  ........",
        "....     ####     ....",
        "...  ##  ####  ##  ...",
        "... ####  ##  #### ...",
        "... ####      #### ...",
        "...  ##  ....  ##  ...",
        "..      .......     ..",
        ".  ##  ........  ##  .",
        ". #### ........ #### .",
        ". #### ........ #### .",
        ".  ##  ........  ### .",
        "..      ......      ..",
        "...  ##  ....  ##  ...",
        "... ####      #### ...",
        "... ####  ##  #### ...",
        "...  ##  ####  ##  ...",
        "....     ####     ....",
        "........  ##  ........",
        ".........    .........",
        "......................",
    }, { // grid25
        "......................",
        ".. ... ...  ... ... ..",
        ". #...#...##...#...# .",
        "......................", "......................", "......................",
        ". #...#...##...#...# .",
        "......................", "......................", "......................",
        ". #...#...##...#...# .",
        ". #...#...##...#...# .",
        "......................", "......................", "......................",
        ". #...#...##...#...# .",
        "......................", "......................", "......................",
        ". #...#...##...#...# .",
        ".. ... ...  ... ... ..",
        "......................",
    }, { // checkerboard
        "......................",
        "......#####.....#####.", "......#####.....#####.", "......#####.....#####.", "......#####.....#####.", "......#####.....#####.",
        ".#####.....#####......", ".#####.....#####......", ".#####.....#####......", ".#####.....#####......", ".#####.....#####......",
        "......#####.....#####.", "......#####.....#####.", "......#####.....#####.", "......#####.....#####.", "......#####.....#####.",
        ".#####.....#####......", ".#####.....#####......", ".#####.....#####......", ".#####.....#####......", ".#####.....#####......",
        "......................",
    }, { // circles
        "......................", "......................",
        ".......        .......",
        ".....  ########  .....",
        "....  ##########  ....",
        "...  ###      ###  ...",
        "... ##   ####   ## ...",
        ".. ### #######  ### ..",
        ".. ##  ########  ## ..",
        ".. ## ### .. ### ## ..",
        ".. ## ###....### ## ..",
        ".. ## ###....### ## ..",
        ".. ## ### .. ### ## ..",
        ".. ##  ########  ## ..",
        ".. ### #######  ### ..",
        "... ##   ####   ## ...",
        ".... ###      ###  ...",
        "....  ##########  ....",
        ".....  ########  .....",
        ".......        .......",
        "......................", "......................",
    }, { // rings
        "......................", "......................", "......................",
        "....... ###### .......",
        "......###    ###......",
        ".....## ###### ##.....",
        "....## ##    ## ##....",
        "... # # ###### # # ...",
        "...###### ## ######...",
        "...# # # #### # # #...",
        "...# # ###..### # #...",
        "...# # ###..### # #...",
        "...# # # #### # # #...",
        "...###### ## ######...",
        "... # # ###### # # ...",
        "....## ##    ## ##....",
        ".....## ###### ##.....",
        "......###    ###......",
        "....... ###### .......",
        "......................", "......................", "......................",
    }, { // spirals
        "......................", "......................", "......................",
        ".........  ##  .......",
        "....... ######## .....",
        "...... ### .. ### ....",
        "......##   #  . ## ...",
        "..... #  ######. ##...",
        ".....## ##   ###. # ..",
        ".....#### ###### .##..",
        "..  .####.#  ####.##..",
        "..##.####  #.####.  ..",
        "..##. ###### ####.....",
        ".. # .###   ## ##.....",
        "...## .######  # .....",
        "... ## .  # . ##......",
        ".... ### .. ### ......",
        "..... ########........",
        ".......  ##  .........",
        "......................", "......................", "......................",
    }, { // swissroll
        "......................", "......................",
        "........... ..........",
        ".......... ### .......",
        ".......... #### ......",
        ".........    ### .....",
        "....... ##### ### ....",
        "...... ####### ###....",
        "..... ###   ### ## ...",
        ".....### ... ## ## ...",
        ".....###.... ## ## ...",
        ".....## ....### ## ...",
        ".....###.. #### ## ...",
        ".....###  #### ###....",
        "..... ###  ## ### ....",
        "...... ######### .....",
        "....... ####### ......",
        "........  ###  .......",
        "......................", "......................", "......................", "......................",
    }, { // pinwheel
        "......................", "......................",
        "...... ...............",
        "..... .... ###   .....",
        "....  ... ## ..... ...",
        "....  .. ## ..........",
        "....#...###...........",
        "... # ..###. ####.....",
        "... ##..### ###### ...",
        "....## . ## ### ###...",
        "....####      ... # ..",
        ".....#####  ###...  ..",
        ". .... ## #  ## ... ..",
        ".. ...... ## ###... ..",
        "..  .... ###. ## .. ..",
        "... ####### ..##... ..",
        ".... ##### .. ##......",
        ".......  .... # ......",
        "............ # .......",
        "...........   ........",
        ".........   ..........",
        "......................",
    },
};

TEST(data, "every set looks like its picture") {
    enum { N = 40000 };
    for (int k = 0; k < KNOWN; k++) {
        check_during("%s", known[k].id);
        const DataDef *def = def_of(known[k].id);
        double edge = strcmp(def->id, "grid25") ? 4.4 : 5, mean = (double)N / (PICTURE * PICTURE);
        static int count[PICTURE][PICTURE];
        memset(count, 0, sizeof count);
        for (int i = 0; i < N; i++) {
            double x[2];
            int label;
            draw_point(def, 2, (uint32_t)i, x, &label);
            int row = (int)floor((edge - x[1]) / (2 * edge) * PICTURE), column = (int)floor((x[0] + edge) / (2 * edge) * PICTURE);
            if (row >= 0 && row < PICTURE && column >= 0 && column < PICTURE) count[row][column]++;
        }
        for (int i = 0; i < PICTURE; i++) {
            for (int j = 0; j < PICTURE; j++) {
                if (pictures[k][i][j] == '#') ENSURE_SAYING(count[i][j] > 0.6 * mean, "cell %d, %d holds %d draws", i, j, count[i][j]);
                if (pictures[k][i][j] == '.') ENSURE_SAYING(count[i][j] < 0.2 * mean, "cell %d, %d holds %d draws", i, j, count[i][j]);
            }
        }
    }
}

// --- Labels --------------------------------------------------------------------------------------------------------------

// The label that a point should have, worked out from where it lies; -1 where it lies too close to another part to tell.
static int part_of(const DataDef *def, const double x[2]) {
    double r = sqrt(x[0] * x[0] + x[1] * x[1]);
    if (def->mode) {
        for (int k = 0; k < def->n_modes; k++) {
            double c[2];
            def->mode(k, c);
            if (hypot(x[0] - c[0], x[1] - c[1]) < 3 * def->mode_std) return k;
        }
        return -1;
    }
    if (!strcmp(def->id, "checkerboard")) return 2 * (int)floor((x[0] + 4) / 2) + (x[1] >= 0);
    if (!strcmp(def->id, "circles")) return r > 2.5 ? 0 : r < 2 ? 1 : -1;
    if (!strcmp(def->id, "rings")) return fabs(r / 0.75 - floor(r / 0.75 + 0.5)) > 0.3 ? -1 : 4 - (int)floor(r / 0.75 + 0.5);
    if (!strcmp(def->id, "moons")) {        // the upper half circle has its centre at (-1, -0.2), the lower one at (1, 0.8); radius 2
        double upper = fabs(hypot(x[0] + 1, x[1] + 0.2) - 2), lower = fabs(hypot(x[0] - 1, x[1] - 0.8) - 2);
        if (upper < 0.5 && x[1] > 0.8) return lower < 0.6 && x[0] > 0 ? -1 : 0;
        if (lower < 0.5 && x[1] < -0.2) return upper < 0.6 && x[0] < 0 ? -1 : 1;
        return -1;
    }
    if (!strcmp(def->id, "pinwheel")) {     // undo the rotation, as if the blade had no width
        if (r < 1 || r > 3) return -1;
        double k = (0.25 * exp(r / 2) + atan2(x[1], x[0])) / (2 * REAL_PI / 5), nearest = floor(k + 0.5);
        return fabs(k - nearest) > 0.25 ? -1 : (int)(5 - nearest + 10) % 5;
    }
    return -1;                              // spirals: below
}

TEST(data, "the label of a point is the part it came from, and parts are equally likely") {
    enum { N = 10000 };
    for (int k = 0; k < KNOWN; k++) {
        const DataDef *def = def_of(known[k].id);
        check_during("%s", def->id);
        int count[64] = { 0 }, told = 0, wrong = 0;
        for (int i = 0; i < N; i++) {
            double x[2];
            int label;
            draw_point(def, 3, (uint32_t)i, x, &label);
            ENSURE(label >= 0 && label < (def->classes ? def->classes : 1));
            int part = part_of(def, x);
            told += part >= 0;
            wrong += part >= 0 && part != label;
            count[label]++;
        }
        for (int c = 0; c < def->classes; c++) {
            double p = 1.0 / def->classes;
            ENSURE_CLOSE(count[c], N * p, 4.5 * sqrt(N * p * (1 - p)));
        }
        bool spiral = !strcmp(def->id, "spirals") || !strcmp(def->id, "swissroll");
        ENSURE_SAYING(spiral || told > N / 3, "%d of %d could be told", told, N);
        ENSURE_SAYING(wrong <= told / 200, "%d of %d are wrong", wrong, told);
    }
}

TEST(data, "the two spirals are each other's mirror image, label by label") {
    const DataDef *def = def_of("spirals");
    double mean[2][2] = { { 0 } }, n[2] = { 0, 0 }, x[2];
    for (uint32_t i = 0; i < 10000; i++) {
        int label;
        draw_point(def, 4, i, x, &label);
        // The + arm has its outer turn above the centre from left to right: n in (2 pi, 3 pi) has n sin n > 0.
        if (hypot(x[0], x[1]) < 2.2) continue;
        n[label]++;
        for (int a = 0; a < 2; a++) mean[label][a] += x[a];
    }
    ENSURE(n[0] > 1000 && n[1] > 1000);
    ENSURE(mean[0][1] / n[0] > 1 && mean[1][1] / n[1] < -1);
}

// --- Densities where they are hard ---------------------------------------------------------------------------------------

TEST(data, "the Bessel function of the circles equals its integral, on both sides of the change of method") {
    for (double k = 0; k < 200; k = k * 1.3 + 0.2) {
        // (1/pi) integral of e^(k (cos t - 1)): trapezoid on a periodic function, exact to rounding.
        double sum = 0;
        enum { NODES = 200 };
        for (int i = 0; i < NODES; i++) sum += exp(k * (cos(2 * REAL_PI * i / NODES) - 1)) / NODES;
        ENSURE_CLOSE(log_bessel_i0e(k), log(sum), 1e-13);
    }
    ENSURE_CLOSE(log_bessel_i0e(25 - 1e-12), log_bessel_i0e(25), 1e-13);
}

TEST(data, "densities stay numbers far out, and fall") {
    static const double far_away[] = { 7, 8.5, 12, 30, 1000, 1e9 };
    for (int k = 0; k < KNOWN; k++) {
        const DataDef *def = def_of(known[k].id);
        double before = 0;
        for (int i = 0; i < 6; i++) {
            check_during("%s at %g", def->id, far_away[i]);
            double x[2] = { far_away[i], far_away[i] / 3 }, log_p = def->log_prob(x);
            ENSURE(!isnan(log_p) && (log_p < before || (isinf(log_p) && log_p < 0)));
            before = log_p;
        }
        double zero[2] = { 0, 0 };
        ENSURE(!isnan(def->log_prob(zero)));
    }
}

TEST(data, "log densities match values worked out by hand") {
    double centre[2] = { 4 / sqrt(2), 0 }, cross[2] = { 0, 2 }, on[2] = { -3.9, 0.1 }, off[2] = { -3.9, -0.1 };
    // One mode's peak; its neighbours, 6.12 std away, add 2 e^-18.7.
    ENSURE_CLOSE(def_of("ring8")->log_prob(centre), -log(8) - log(2 * REAL_PI * 0.125), 2 * exp(-18.7));
    ENSURE_CLOSE(def_of("grid25")->log_prob(cross), -log(25) - log(2 * REAL_PI * 0.0025), 1e-12);
    ENSURE_CLOSE(def_of("checkerboard")->log_prob(on), -log(32), 1e-12);
    ENSURE(isinf(def_of("checkerboard")->log_prob(off)));
    // On its outer circle, far from both ends of the other: (1/2) / (2 pi R) / (sqrt(2 pi) s) (1 + s^2 / 8 R^2 + ...) at R = 3, s = 0.24.
    double rim[2] = { 0, 3 };
    ENSURE_CLOSE(def_of("circles")->log_prob(rim), log(0.5 / (2 * REAL_PI * 3) / (sqrt(2 * REAL_PI) * 0.24)), 1e-3);
}

// --- Registry and opening ------------------------------------------------------------------------------------------------

TEST(data, "every row of the table is complete and its id is its own") {
    ENSURE_EQUAL(n_data_defs, KNOWN + 3);
    for (int i = 0; i < n_data_defs; i++) {
        const DataDef *def = data_defs[i];
        check_during("%s", def->id);
        ENSURE(def->title[0] && def->summary[0] && def->source[0]);
        if (def->kind == DATA_POINTS) ENSURE(def->point && def->log_prob && def->shape[0] == 2 && def->shape[1] == 0 && !isnan(def->entropy));
        else ENSURE(def->image && def->pool > 0 && def->shape[2] > 0);
        ENSURE(!def->n_modes == !def->mode && def->n_modes <= def->classes);
        for (int j = 0; j < i; j++) ENSURE(strcmp(def->id, data_defs[j]->id));
    }
}

TEST(data, "an endless set of points knows its mean and spread, and holds no memory") {
    Budget budget = { .limit = 1 };
    Data d;
    ENSURE(data_open(&d, def_of("moons"), &budget));
    ENSURE(d.endless && d.dim == 2 && d.n[0] == 0 && !d.points[0] && d.sha256[0] == 0);
    // Moons span (-3, 3) and (-1.2, 2.2) before the noise of 0.2; the middle of the two half circles is (0, 0.3).
    ENSURE_CLOSE(d.mean[0], 0, 0.1);
    ENSURE_CLOSE(d.mean[1], 0.3, 0.1);
    ENSURE(d.std[0] > 1.5 && d.std[0] < 2 && d.std[1] > 0.8 && d.std[1] < 1.2);
    ENSURE_EQUAL(budget.used, 0);
    data_close(&d);
}

// --- Sequences -------------------------------------------------------------------------------------------------------------

// Rows with values that tell them apart: (i, -i), label i % classes.
static void numbered(float *x, int32_t *labels, int n, int from, int classes) {
    for (int i = 0; i < n; i++) {
        x[2 * i] = (float)(from + i);
        x[2 * i + 1] = (float)-(from + i);
        if (labels) labels[i] = classes ? (from + i) % classes : 0;
    }
}

static const int plane[3] = { 2, 0, 0 };

static void open_numbered(Data *d, int n, int classes) {
    float *x = malloc(sizeof(float) * 2 * (size_t)n);
    int32_t *labels = malloc(sizeof(int32_t) * (size_t)n);
    numbered(x, labels, n, 0, classes);
    DataRows rows = { x, classes ? labels : NULL, n }, none = { 0 };
    bool ok = data_from_rows(d, "mine", DATA_POINTS, plane, classes, rows, none, NULL);
    free(x);
    free(labels);
    ENSURE(ok);
}

static void ensure_prefix(const Data *d) {
    enum { MANY = 60 };
    int dim = d->dim;
    float *all = malloc(sizeof(float) * (size_t)dim * MANY), *part = malloc(sizeof(float) * (size_t)dim * MANY);
    int32_t label[MANY], few[MANY];
    bool same = true;
    int differ = 0;
    for (int s = 0; s < 2; s++) {
        data_draw(d, (Split)s, 9, 0, MANY, all, label);
        data_draw(d, (Split)s, 9, 0, 10, part, few);
        same = same && !memcmp(all, part, sizeof(float) * (size_t)dim * 10) && !memcmp(label, few, sizeof(int32_t) * 10);
        data_draw(d, (Split)s, 9, 37, 20, part, NULL);
        same = same && !memcmp(all + 37 * dim, part, sizeof(float) * (size_t)dim * 20);
        data_draw(d, (Split)s, 10, 0, MANY, part, few);
        differ += !!memcmp(all, part, sizeof(float) * (size_t)dim * MANY);
    }
    data_draw(d, SPLIT_TRAIN, 9, 0, MANY, part, few);
    differ += !!memcmp(all, part, sizeof(float) * (size_t)dim * MANY);
    free(all);
    free(part);
    ENSURE_SAYING(same, "the beginning differs");
    ENSURE_SAYING(differ == 3, "other seeds or splits give the same rows");
}

TEST(data, "ten draws are the beginning of sixty, rows 37 to 56 their middle; seeds and splits differ") {
    Data d;
    for (int i = 0; i < n_data_defs; i++) {
        check_during("%s", data_defs[i]->id);
        ENSURE(data_open(&d, data_defs[i], NULL));
        ensure_prefix(&d);
        data_close(&d);
    }
    open_numbered(&d, 700, 3);
    check_during("held rows");
    ensure_prefix(&d);
    data_close(&d);
}

TEST(data, "a training step is a function of seed and step; its first rows do not depend on the batch, nor meet those of draws") {
    Data d;
    ENSURE(data_open(&d, def_of("pinwheel"), NULL));
    float a[16], b[32], c[16];
    int32_t label[16];
    data_batch(&d, 1, 5, 8, a, label);
    data_batch(&d, 1, 5, 16, b, label);
    ENSURE(!memcmp(a, b, sizeof a));
    data_batch(&d, 1, 6, 8, c, NULL);
    ENSURE(memcmp(a, c, sizeof a));
    data_batch(&d, 2, 5, 8, c, NULL);
    ENSURE(memcmp(a, c, sizeof a));
    data_batch(&d, 1, 0, 8, a, NULL);
    data_draw(&d, SPLIT_TRAIN, 1, 0, 8, c, NULL);
    ENSURE(memcmp(a, c, sizeof a));
    data_close(&d);
}

TEST(data, "a million batches on, an endless set still gives fresh points") {
    Data d;
    ENSURE(data_open(&d, def_of("rings"), NULL));
    float a[2], b[2];
    data_batch(&d, 1, UINT64_C(1) << 40, 1, a, NULL);
    data_batch(&d, 1, 0, 1, b, NULL);
    ENSURE(memcmp(a, b, sizeof a) && isfinite(a[0]));
    data_close(&d);
}

TEST(data, "every epoch of held rows is a new permutation, and batches run on through its end") {
    static const int sizes[] = { 1, 2, 3, 5, 64, 89, 90, 99 };
    for (int k = 0; k < 8; k++) {
        int n = sizes[k], batch = 7, steps = 3 * n;              // 21 epochs, in steps that divide none of them
        check_during("%d rows", n);
        Data d;
        open_numbered(&d, n, 4);
        ENSURE_EQUAL(d.n[SPLIT_TRAIN], n);
        int *seen = calloc((size_t)n, sizeof *seen), differ = 0, before[100] = { 0 };
        for (int step = 0, at = 0; step < steps; step++) {
            float x[14];
            int32_t label[7];
            data_batch(&d, 3, (uint64_t)step, batch, x, label);
            for (int i = 0; i < batch; i++, at++) {
                int row = (int)x[2 * i];
                ENSURE(row >= 0 && row < n && x[2 * i + 1] == (float)-row);
                ENSURE_EQUAL(label[i], row % 4);
                ENSURE_SAYING(seen[row] == at / n, "row %d comes twice in epoch %d", row, at / n);
                seen[row]++;
                differ += at >= n && before[at % n] != row;
                before[at % n] = row;
            }
        }
        ENSURE(n < 3 || differ > 10 * n);
        free(seen);
        data_close(&d);
    }
}

TEST(data, "drawing held rows gives each of them once before it repeats, then in another order") {
    Data d;
    open_numbered(&d, 60, 0);
    float x[240];
    int32_t label[120];
    data_draw(&d, SPLIT_TRAIN, 4, 0, 120, x, label);
    int seen[60] = { 0 }, differ = 0;
    for (int i = 0; i < 120; i++) {
        seen[(int)x[2 * i]]++;
        ENSURE_EQUAL(label[i], -1);                             // no labels
        if (i == 59) for (int j = 0; j < 60; j++) ENSURE_EQUAL(seen[j], 1);
        differ += i >= 60 && x[2 * i] != x[2 * (i - 60)];
    }
    ENSURE(differ > 40);
    data_close(&d);
}

TEST(data, "drawing one class gives the rows of that class in the sequence's order") {
    Data d;
    open_numbered(&d, 80, 4);
    float x[160], all[160];
    int32_t label[80];
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TRAIN, 5, 2, 80, x), 20);
    data_draw(&d, SPLIT_TRAIN, 5, 0, 80, all, label);
    for (int i = 0, found = 0; i < 80; i++) if (label[i] == 2) ENSURE(x[2 * found++] == all[2 * i]);
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TRAIN, 5, 2, 3, x), 3);
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TRAIN, 5, 4, 3, x), 0);
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TRAIN, 5, -1, 3, x), 0);
    data_close(&d);

    ENSURE(data_open(&d, def_of("grid25"), NULL));
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TEST, 5, 24, 40, x), 40);
    for (int i = 0; i < 40; i++) ENSURE(hypot((double)x[2 * i] - 4, (double)x[2 * i + 1] - 4) < 0.4);
    data_close(&d);
}

// --- Drawn digits ----------------------------------------------------------------------------------------------------------

TEST(data, "drawn digits: the pool has every class equally often, draws are fresh, of any class, and the same each time") {
    Data d, again;
    ENSURE(data_open(&d, def_of("digits"), NULL));
    ENSURE(data_open(&again, def_of("digits"), NULL));
    ENSURE_EQUAL(d.n[SPLIT_TEST] * 10, d.n[SPLIT_TRAIN]);
    ENSURE_EQUAL(strlen(d.sha256), 64);
    ENSURE_SAME(d.sha256, again.sha256);
    int count[2][10] = { { 0 } };
    for (int s = 0; s < 2; s++) for (int i = 0; i < d.n[s]; i++) count[s][d.labels[s][i]]++;
    for (int c = 0; c < 10; c++) ENSURE(count[0][c] == d.n[0] / 10 && count[1][c] == d.n[1] / 10);
    enum { N = 300 };
    float *x = malloc(sizeof(float) * 784 * N), ink = 0;
    int32_t label[N];
    int drawn[10] = { 0 };
    data_draw(&d, SPLIT_TEST, 1, 0, N, x, label);
    for (int i = 0; i < 784 * N; i++) {
        ENSURE(x[i] >= 0 && x[i] <= 1 && x[i] == (float)(int)(x[i] * 255 + 0.5f) / 255.0f);
        ink += x[i] / (784 * N);
    }
    for (int i = 0; i < N; i++) drawn[label[i]]++;
    ENSURE(ink > 0.05f && ink < 0.25f);
    for (int c = 0; c < 10; c++) ENSURE_CLOSE(drawn[c], N / 10, 4.5 * sqrt(N * 0.09));

    // Those of one class are those of that class in the sequence.
    float *sevens = malloc(sizeof(float) * 784 * 5);
    ENSURE_EQUAL(data_draw_class(&d, SPLIT_TEST, 1, 7, 5, sevens), 5);
    for (int i = 0, found = 0; found < 5; i++) if (label[i] == 7) ENSURE(!memcmp(sevens + 784 * found++, x + 784 * i, 784 * sizeof(float)));
    free(x);
    free(sevens);
    data_close(&d);
    data_close(&again);
}

// --- The user's rows ---------------------------------------------------------------------------------------------------------

TEST(data, "a tenth is held out, disjoint from the rest, labels attached, the same tenth each time") {
    Data d, again;
    open_numbered(&d, 1007, 5);
    open_numbered(&again, 1007, 5);
    ENSURE_EQUAL(d.n[SPLIT_TEST], 100);
    ENSURE_EQUAL(d.n[SPLIT_TRAIN], 907);
    int seen[1007] = { 0 }, early = 0;
    for (int s = 0; s < 2; s++) {
        for (int i = 0; i < d.n[s]; i++) {
            int row = (int)d.points[s][2 * i];
            seen[row]++;
            ENSURE_EQUAL(d.labels[s][i], row % 5);
            ENSURE(d.points[s][2 * i] == again.points[s][2 * i]);
            early += s == SPLIT_TEST && row < 503;
        }
    }
    for (int i = 0; i < 1007; i++) ENSURE_EQUAL(seen[i], 1);
    ENSURE_CLOSE(early, 50, 4.5 * 5);                             // from everywhere, not from the end
    data_close(&d);
    data_close(&again);
}

TEST(data, "fewer than a hundred rows are tested on themselves") {
    Data d;
    open_numbered(&d, 99, 3);
    ENSURE(d.n[SPLIT_TEST] == 99 && d.points[SPLIT_TEST] == d.points[SPLIT_TRAIN] && d.labels[SPLIT_TEST] == d.labels[SPLIT_TRAIN]);
    data_close(&d);
}

TEST(data, "test rows that are given are kept, in order, and nothing is held out") {
    float x[400], t[6];
    numbered(x, NULL, 200, 0, 1);
    numbered(t, NULL, 3, 1000, 1);
    Data d;
    ENSURE(data_from_rows(&d, "mine", DATA_POINTS, plane, 0, (DataRows){ x, NULL, 200 }, (DataRows){ t, NULL, 3 }, NULL));
    ENSURE(d.n[SPLIT_TRAIN] == 200 && d.n[SPLIT_TEST] == 3 && !d.labels[0] && !d.labels[1] && !d.endless);
    ENSURE(!memcmp(d.points[SPLIT_TEST], t, sizeof t) && !memcmp(d.points[SPLIT_TRAIN], x, sizeof x));
    ENSURE_SAME(d.def.id, "mine");
    data_close(&d);
}

TEST(data, "one point is a set: any batch is full of it, and its spread counts as 1") {
    float x[2] = { 3, -4 }, batch[20];
    Data d;
    ENSURE(data_from_rows(&d, "dot", DATA_POINTS, plane, 0, (DataRows){ x, NULL, 1 }, (DataRows){ 0 }, NULL));
    data_batch(&d, 1, 77, 10, batch, NULL);
    for (int i = 0; i < 10; i++) ENSURE(batch[2 * i] == 3 && batch[2 * i + 1] == -4);
    ENSURE(d.mean[0] == 3 && d.mean[1] == -4 && d.std[0] == 1 && d.std[1] == 1);
    data_close(&d);
}

TEST(data, "a million points are held, with the right mean and spread, far from the origin too") {
    enum { N = 1000000 };
    float *x = malloc(sizeof(float) * 2 * N);
    for (int i = 0; i < N; i++) {
        x[2 * i] = 1e6f + (float)(i % 4);                        // mean 1.5, variance 1.25
        x[2 * i + 1] = (float)(i & 1) * 2e-6f - 1e-6f;           // tiny: +-1e-6
    }
    Data d;
    bool ok = data_from_rows(&d, "many", DATA_POINTS, plane, 0, (DataRows){ x, NULL, N }, (DataRows){ 0 }, NULL);
    free(x);
    ENSURE(ok);
    ENSURE_EQUAL(d.n[SPLIT_TEST], N / 10);
    ENSURE_CLOSE(d.mean[0], 1e6 + 1.5, 5e-3);                    // the held-out tenth: 4 standard errors
    ENSURE_CLOSE(d.std[0], sqrt(1.25), 5e-3);
    ENSURE_CLOSE(d.std[1], 1e-6, 1e-9);
    data_close(&d);
}

TEST(data, "pixels become bytes by rounding, and bytes become pixels as k / 255") {
    const int shape[3] = { 1, 4, 1 };
    float x[4] = { 0, 1, 0.5f, 77 / 255.0f }, out[4];
    Data d;
    ENSURE(data_from_rows(&d, "strip", DATA_IMAGE, shape, 0, (DataRows){ x, NULL, 1 }, (DataRows){ 0 }, NULL));
    ENSURE(d.pixels[0][0] == 0 && d.pixels[0][1] == 255 && d.pixels[0][2] == 128 && d.pixels[0][3] == 77);
    data_batch(&d, 1, 0, 1, out, NULL);
    ENSURE(out[0] == 0 && out[1] == 1 && out[2] == 128 / 255.0f && out[3] == 77 / 255.0f);
    ENSURE_EQUAL(strlen(d.sha256), 64);
    data_close(&d);
}

// --- What is refused -----------------------------------------------------------------------------------------------------------

static void ensure_refused(DataKind kind, const int shape[3], int classes, DataRows train, DataRows test, const char *word, const char *other) {
    Budget budget = { 0 };
    Data d;
    memset(&d, 1, sizeof d);
    bool ok = data_from_rows(&d, "mine", kind, shape, classes, train, test, &budget);
    ENSURE_SAYING(!ok, "accepted, instead of naming %s", word);
    ENSURE_SAYING(strstr(error_message(), word) && strstr(error_message(), other), "\"%s\" lacks %s or %s", error_message(), word, other);
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(!d.points[0] && !d.pixels[0]);
    ENSURE_FAILS(ok, ERROR_BAD_ARGUMENT);
}

TEST(data, "rows that cannot be learnt from are refused in words that name row, value and what is accepted") {
    float x[200];
    int32_t labels[100];
    numbered(x, labels, 100, 0, 10);
    DataRows good = { x, NULL, 100 }, none = { 0 }, marked = { x, labels, 100 };
    static const float bad[] = { NAN, INFINITY, -INFINITY, 1e30f, -1.1e9f };
    static const char *const shown[] = { "nan", "inf", "-inf", "1e+30", "-1.1e+09" };
    for (int i = 0; i < 5; i++) {
        x[2 * 17 + 1] = bad[i];
        ensure_refused(DATA_POINTS, plane, 0, good, none, shown[i], "row 17");
        ensure_refused(DATA_POINTS, plane, 0, (DataRows){ x, NULL, 3 }, good, shown[i], "test");
    }
    numbered(x, labels, 100, 0, 10);
    ensure_refused(DATA_POINTS, plane, 0, none, none, "empty", "data");
    ensure_refused(DATA_POINTS, plane, 0, (DataRows){ x, NULL, -3 }, none, "empty", "data");
    ensure_refused(DATA_POINTS, plane, 0, (DataRows){ NULL, NULL, 5 }, none, "empty", "data");
    ensure_refused(DATA_POINTS, plane, 0, good, (DataRows){ NULL, NULL, 5 }, "test", "5");
    ensure_refused(DATA_POINTS, (const int[]){ 3, 0, 0 }, 0, good, none, "shape", "3");
    ensure_refused(DATA_IMAGE, (const int[]){ 1, 2, 1 }, 0, good, none, "row 1", "from 0 to 1");       // (1, -1)
    ensure_refused(DATA_IMAGE, (const int[]){ 1, 257, 1 }, 0, good, none, "257", "256");
    ensure_refused(DATA_IMAGE, (const int[]){ 1, 2, 2 }, 0, good, none, "2 channels", "1 or 3");
    ensure_refused(DATA_IMAGE, (const int[]){ 0, 2, 1 }, 0, good, none, "0 x 2", "shape");
    ensure_refused(DATA_IMAGE, (const int[]){ -1, -2, 1 }, 0, good, none, "-1", "shape");
    ensure_refused(DATA_POINTS, plane, 9, marked, none, "label 9", "0 to 8");
    ensure_refused(DATA_POINTS, plane, 257, marked, none, "257", "256");
    ensure_refused(DATA_POINTS, plane, -1, marked, none, "-1", "classes");
    ensure_refused(DATA_POINTS, plane, 0, marked, none, "classes", "labels");
    ensure_refused(DATA_POINTS, plane, 10, good, none, "labels", "10");
    ensure_refused(DATA_POINTS, plane, 10, marked, good, "labels", "test");
    labels[99] = -1;
    ensure_refused(DATA_POINTS, plane, 10, marked, none, "label -1", "row 99");
    Data d;
    ENSURE_FAILS(data_from_rows(&d, "", DATA_POINTS, plane, 0, good, none, NULL), ERROR_BAD_ARGUMENT);
}

TEST(data, "a set that does not fit is refused with the numbers, and leaves nothing behind") {
    Budget budget = { .limit = 1000000 };
    float *x = calloc(400000, sizeof *x);
    Data d;
    bool ok = data_from_rows(&d, "big", DATA_POINTS, plane, 0, (DataRows){ x, NULL, 200000 }, (DataRows){ 0 }, &budget);
    free(x);
    ENSURE(!ok && strstr(error_message(), "1.6 MB") && strstr(error_message(), "1 MB"));
    ENSURE_FAILS(ok, ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(budget.used, 0);
    ENSURE_FAILS(data_open(&d, def_of("digits"), &budget), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(!d.pixels[0]);
    budget.limit = 100;                                           // not even the name fits
    float one[2] = { 0, 0 };
    ENSURE_FAILS(data_from_rows(&d, "big", DATA_POINTS, plane, 0, (DataRows){ one, NULL, 1 }, (DataRows){ 0 }, &budget), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(budget.used, 0);
}
