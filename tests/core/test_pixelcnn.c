// PixelCNN on pictures so small that every one can be looked at: masks, the law, and painting pixel by pixel against whole passes.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/real.h"
#include "base/rng.h"
#include "check.h"
#include "nn/causal.h"
#include "run.h"

// --- The network ------------------------------------------------------------------------------------------------------------------------

enum { ROWS = 3, H = 9, W = 11, IN = 2, OUT = 3, PLACES = H * W };

typedef struct { Arena arena; Scratch scratch; Params params; Causal net; Program whole; Var *x, *y; Painter painter; } Bench;

static void bench(Bench *b, int window, int octaves) {
    *b = (Bench){ 0 };
    arena_init(&b->arena, "test", NULL);
    params_begin(&b->params, "test", &b->arena);
    b->net = causal(&b->params, "net", IN, OUT, 6, 3, window, octaves);
    ENSURE(params_alloc(&b->params, 1));
    rng_normal((Key){ 4, 1 }, 0, 0, 0, b->params.value, b->params.n_floats);
    for (int i = 0; i < b->params.n_floats; i++) b->params.value[i] *= .4f;
    program_begin(&b->whole, "whole", &b->arena, &b->scratch, 1);
    b->x = v_input4(&b->whole, "x", ROWS, H, W, IN);
    b->y = program_keep(v_causal(&b->net, b->x));
    ENSURE(program_end(&b->whole));
    program_begin(&b->painter.program, "paint", &b->arena, &b->scratch, 1);
    ENSURE(painter_build(&b->painter, &b->net, ROWS, H, W) && scratch_bind(&b->scratch, &b->arena));
    rng_normal((Key){ 4, 2 }, 0, 0, 0, b->x->data, b->x->size);
}

// Does the output at pixel i change when pixel j does, in the same picture or in another?
static void mask_holds(Bench *b) {
    static float before[ROWS * PLACES * OUT];
    program_run(&b->whole, 0);
    memcpy(before, b->y->data, sizeof before);
    int reached = 0;
    for (int j = 0; j < PLACES; j++) {
        float *x = b->x->data + (PLACES + j) * IN + 1, was = *x;
        *x += 3;
        program_run(&b->whole, 0);
        for (int i = 0; i < ROWS * PLACES; i++) {
            bool same = !memcmp(before + i * OUT, b->y->data + i * OUT, sizeof(float) * OUT);
            ENSURE_SAYING(same || (i / PLACES == 1 && i % PLACES > j), "pixel %d changes with pixel %d", i, j);
            reached += !same;
        }
        *x = was;
    }
    ENSURE(reached > PLACES * 8);                                    // it does look at something
}

TEST(pixelcnn, "no output depends on its own pixel or a later one, nor on another picture") {
    Bench b;
    for (int window = 3; window <= 7; window += 2) {
        bench(&b, window, window / 2);
        mask_holds(&b);
        arena_free(&b.arena);
    }
}

static void paints_the_same(Bench *b) {
    program_run(&b->whole, 0);
    for (int i = 0; i < PLACES; i++) {
        const float *out = painter_look(&b->painter, i);
        float column[ROWS * IN];
        for (int r = 0; r < ROWS; r++) {
            ENSURE_SAYING(!memcmp(out + r * OUT, b->y->data + (r * PLACES + i) * OUT, sizeof(float) * OUT), "pixel %d of picture %d", i, r);
            memcpy(column + r * IN, b->x->data + (r * PLACES + i) * IN, sizeof(float) * IN);
        }
        painter_put(&b->painter, i, column);
    }
}

TEST(pixelcnn, "painting pixel by pixel gives the bits of a whole pass, also the second time") {
    Bench b;
    for (int window = 3; window <= 7; window += 2) {
        bench(&b, window, window / 2);
        paints_the_same(&b);
        for (int i = 0; i < b.x->size; i++) b.x->data[i] = -2 * b.x->data[i];
        paints_the_same(&b);
        arena_free(&b.arena);
    }
}

// --- The model ------------------------------------------------------------------------------------------------------------------------------

enum { SIDE = 3, PIXELS = SIDE * SIDE, PICTURES = 1 << PIXELS, EXAMPLES = 120 };

static float all[PICTURES * PIXELS];

// A run on bars and a few strays, black and white, trained for a while.
static Run *bars(Lab *lab) {
    static float x[EXAMPLES * PIXELS];
    for (int i = 0; i < EXAMPLES; i++)
        for (int k = 0; k < PIXELS; k++) x[i * PIXELS + k] = (k / SIDE == i % 3) != (i % 10 == 0 && k == i % PIXELS);
    for (int v = 0; v < PICTURES; v++)
        for (int k = 0; k < PIXELS; k++) all[v * PIXELS + k] = (float)(v >> k & 1);
    ENSURE(lab_add_rows(lab, "bars", DATA_IMAGE, (int[]){ SIDE, SIDE, 1 }, 0, (DataRows){ x, NULL, EXAMPLES }, (DataRows){ x, NULL, EXAMPLES }));
    Run *run = run_new(lab, "pixelcnn", "bars", 1, "channels\t6\nblocks\t2\nrate\t0.01\naverage\t0.9\n");
    ENSURE_SAYING(run, "%s", error_message());
    double mean[LOSSES_MAX];
    ENSURE_SAYING(run_train(run, 150, mean), "%s", error_message());
    return run;
}

static const Array *ask(Run *run, const char *verb, Call c, Out *out) {
    if (!c.options) c.options = "";
    ENSURE_SAYING(run_call(run, verb, &c, out), "%s: %s", verb, error_message());
    return out_find(out, "data");
}

TEST(pixelcnn, "the probabilities of all pictures sum to one, and training raises those of the data") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    Out out;
    out_init(&out, NULL);
    const double *log_p = ask(run, "logProb", (Call){ .x = all, .n_x = PICTURES * PIXELS }, &out)->data;
    double total = 0, of_bars = 0;
    for (int v = 0; v < PICTURES; v++) total += real_exp(log_p[v]);
    for (int row = 0; row < SIDE; row++) of_bars += real_exp(log_p[7 << row * SIDE]);
    ENSURE_CLOSE(total, 1, 1e-5);
    ENSURE_SAYING(of_bars > .5, "the three bars have %g of it", of_bars);        // 90 % of the examples; 3/512 at the start
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "samples have the model's exact law") {
    enum { N = 20000 };
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    static double count[PICTURES];
    memset(count, 0, sizeof count);
    Out out;
    out_init(&out, NULL);
    const float *x = ask(run, "sample", (Call){ .n = N }, &out)->data;
    for (int i = 0; i < N; i++) {
        int v = 0;
        for (int k = 0; k < PIXELS; k++) v |= (x[i * PIXELS + k] > .5f) << k;
        count[v]++;
    }
    const double *log_p = ask(run, "logProb", (Call){ .x = all, .n_x = PICTURES * PIXELS }, &out)->data;
    double off = 0;
    for (int v = 0; v < PICTURES; v++) off += .5 * fabs(count[v] / N - real_exp(log_p[v]));
    ENSURE_SAYING(off < .06, "total variation %g", off);             // 512 cells of 20000 draws: at most .064 sqrt(2/pi) on average
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "painting with whole passes and the same draws gives the same samples") {
    enum { N = 40 };
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    float u[N * PIXELS], x[N * PIXELS] = { 0 };
    rng_uniform_rows((Key){ 5, STREAM_SAMPLE }, 0, 0, u, N, PIXELS);
    Out out;
    out_init(&out, NULL);
    for (int i = 0; i < PIXELS; i++) {
        ask(run, "field", (Call){ .x = x, .n_x = N * PIXELS }, &out);
        const float *p = out_find(&out, "p")->data;
        for (int r = i; r < N * PIXELS; r += PIXELS) x[r] = p[r] > u[r] ? 1 : 0;
    }
    ENSURE(!memcmp(x, ask(run, "sample", (Call){ .n = N, .options = "seed\t5\n" }, &out)->data, sizeof x));
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "the field lies before its pixel, and only there") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    Out out;
    out_init(&out, NULL);
    for (int i = 0; i < PIXELS; i++) {
        char options[24];
        snprintf(options, sizeof options, "pixel\t%d\n", i);
        const float *slope = ask(run, "field", (Call){ .x = all, .n_x = 20 * PIXELS, .options = options }, &out)->data;
        double sum = 0;
        for (int k = 0; k < 20 * PIXELS; k++) {
            if (k % PIXELS >= i) ENSURE(slope[k] == 0);
            sum += fabs((double)slope[k]);
        }
        ENSURE((sum > 0) == (i > 0));
    }
    ENSURE_FAILS(run_call(run, "field", &(Call){ .x = all, .n_x = PIXELS, .options = "pixel\t9\n" }, &out), ERROR_BAD_ARGUMENT);
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "completing keeps what is given, and draws the rest from the pixels before it") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    enum { N = 200 };
    static float x[N * PIXELS], mask[PIXELS] = { 1, 1, 1, 1, 1, 1 };
    Out out;
    out_init(&out, NULL);
    for (int r = 0; r < N; r++) for (int k = 0; k < PIXELS; k++) x[r * PIXELS + k] = k == 7 ? .25f : 0;      // two empty rows: the bar must be the third
    const float *y = ask(run, "inpaint", (Call){ .x = x, .n_x = N * PIXELS, .y = mask, .n_y = PIXELS }, &out)->data;
    int ink = 0;
    for (int i = 0; i < N * PIXELS; i++) {
        if (mask[i % PIXELS] > 0) ENSURE(y[i] == x[i]);
        else ENSURE(y[i] == 0 || y[i] == 1), ink += y[i] > 0;
    }
    ENSURE_SAYING(ink > N * SIDE / 2, "%d of %d pixels", ink, N * SIDE);
    mask[0] = .5f;
    ENSURE_FAILS(run_call(run, "inpaint", &(Call){ .x = x, .n_x = PIXELS, .y = mask, .n_y = PIXELS, .options = "" }, &out), ERROR_BAD_ARGUMENT);
    mask[0] = 1;
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "a trace paints the sample; temperature 0 takes the likelier pixel each time") {
    Lab *lab = lab_new(0);
    Run *run = bars(lab);
    Out trace, out;
    out_init(&trace, NULL), out_init(&out, NULL);
    const float *frame = ask(run, "trace", (Call){ .n = 20, .options = "seed\t3\nframes\t4\n" }, &trace)->data, *time = out_find(&trace, "time")->data;
    const float *x = ask(run, "sample", (Call){ .n = 20, .options = "seed\t3\n" }, &out)->data;
    for (int f = 0; f < 4; f++) {
        ENSURE(time[f] == (float)(f * SIDE));
        for (int i = 0; i < 20 * PIXELS; i++) ENSURE(frame[f * 20 * PIXELS + i] == ((float)(i % PIXELS) < time[f] ? x[i] : 0));
    }
    x = ask(run, "sample", (Call){ .n = 2, .options = "seed\t3\ntemperature\t0\n" }, &out)->data;
    ENSURE(!memcmp(x, x + PIXELS, sizeof *x * PIXELS));
    ENSURE_FAILS(run_call(run, "sample", &(Call){ .n = 1, .options = "truncation\t1\n" }, &out), ERROR_UNSUPPORTED);
    out_clear(&trace), out_clear(&out);
    run_free(run);
    lab_free(lab);
}

TEST(pixelcnn, "colours are drawn red, green, blue: each given those before it in its own pixel too") {
    enum { COLOURS = 2 * 2 * 3, EACH = 64 };
    Lab *lab = lab_new(0);
    static float x[EACH * COLOURS];
    for (int i = 0; i < EACH * COLOURS; i++) x[i] = i % 3 ? x[i - 1] : (float)(i / 3 * 7 % 5 < 2);          // grey pixels: green and blue repeat red
    ENSURE(lab_add_rows(lab, "greys", DATA_IMAGE, (int[]){ 2, 2, 3 }, 0, (DataRows){ x, NULL, EACH }, (DataRows){ x, NULL, EACH }));
    Run *run = run_new(lab, "pixelcnn", "greys", 1, "channels\t6\nblocks\t1\nrate\t0.02\naverage\t0.9\n");
    ENSURE_SAYING(run, "%s", error_message());
    double mean[LOSSES_MAX];
    ENSURE(run_train(run, 300, mean));
    Out out;
    out_init(&out, NULL);
    const float *y = ask(run, "sample", (Call){ .n = EACH }, &out)->data;
    int off = 0;
    for (int i = 0; i < EACH * COLOURS; i += 3) off += y[i] != y[i + 1] || y[i] != y[i + 2];
    ENSURE_SAYING(off < EACH / 4, "%d of %d pixels are not grey", off, EACH * 4);
    out_clear(&out);
    run_free(run);
    lab_free(lab);
}
