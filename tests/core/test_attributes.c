// What is known of an example is what its picture shows: sprites and faces, and the user's own numbers beside their rows.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "data/data.h"

extern const DataDef data_sprites, data_faces;
enum { SIDE = 32, PIXELS = SIDE * SIDE };

typedef struct { uint8_t pixels[PIXELS]; float known[ATTRIBUTES_MAX]; } Example;

static void draw(const DataDef *def, int i, int label, Example *e) {
    Rng r = rng_at((Key){ 7, STREAM_DATA }, (uint32_t)i, 0);
    def->image(&r, label, e->pixels, e->known);
}

TEST(attributes, "a sprite lies where its attributes say, as large as they say") {
    // Areas of the three shapes in units of (8 scale)^2: 1.36^2; pi / 2; the heart's by a sum over a fine grid.
    double heart = 0, shift = 0;
    for (double x = -1; x < 1; x += .002)
        for (double y = -1; y < 1; y += .002) {
            double u = x * 1.27, v = .12 - y * 1.27, r = u * u + v * v - 1;
            if (r * r * r <= u * u * v * v * v) heart += .002 * .002, shift += y * .002 * .002;
        }
    double area[3] = { 1.36 * 1.36, acos(-1) / 2, heart };
    for (int i = 0; i < 300; i++) {
        check_during("sprite %d", i);
        Example e;
        draw(&data_sprites, i, i % 3, &e);
        double sum = 0, sx = 0, sy = 0, size = 8 * (double)e.known[1];
        for (int j = 0; j < PIXELS; j++) sum += e.pixels[j], sx += e.pixels[j] * (j % SIDE + .5), sy += e.pixels[j] * (j / SIDE + .5);
        ENSURE_EQUAL((int)e.known[0], i % 3);
        // 16 points a pixel, bytes rounded down; the least shape covers 25 pixels.
        ENSURE_CLOSE(sum / 255 / (area[i % 3] * size * size), 1, .06);
        double away = i % 3 == 2 ? fabs(shift / heart) * size : 0;                       // a heart's weight is not in its centre
        double dx = sx / sum - (8 + 16 * (double)e.known[3]), dy = sy / sum - (8 + 16 * (double)e.known[4]);
        ENSURE_CLOSE(sqrt(dx * dx + dy * dy), away, .12);
    }
}

TEST(attributes, "a sprite's long axis points where its turn says") {
    for (int i = 0; i < 100; i++) {
        Example e;
        draw(&data_sprites, i, 1, &e);                                                  // ellipses
        double cx = 8 + 16 * (double)e.known[3], cy = 8 + 16 * (double)e.known[4], xx = 0, xy = 0, yy = 0;
        for (int j = 0; j < PIXELS; j++) {
            double x = j % SIDE + .5 - cx, y = j / SIDE + .5 - cy;
            xx += e.pixels[j] * x * x, xy += e.pixels[j] * x * y, yy += e.pixels[j] * y * y;
        }
        double turn = atan2(2 * xy, xx - yy) - 4 * acos(-1) * (double)e.known[2];       // twice the angle: half a turn changes nothing
        ENSURE_CLOSE(cos(turn), 1, .02);
    }
}

// Mean over faces of the tone at row, column relative to the face's centre, among those for which attribute `which` lies in [low, high].
static double tone(int which, double low, double high, int column, int row) {
    double sum = 0;
    int n = 0;
    for (int i = 0; i < 1500; i++) {
        Example e;
        draw(&data_faces, i, i & 1, &e);
        if ((double)e.known[which] < low || (double)e.known[which] > high) continue;
        sum += e.pixels[(16 + row) * SIDE + 16 + column] / 255.0, n++;
    }
    ENSURE_SAYING(n > 100, "only %d faces", n);
    return sum / n;
}

TEST(attributes, "a face shows its smile, glasses, hair, eyes, width and gaze") {
    // Ink is dark, skin light; differences of single pixels' means, their standard error below .02.
    ENSURE(tone(0, .5, 1, 0, 8) < tone(0, -1, -.5, 0, 8) - .1);                         // the middle of a smiling mouth hangs low
    ENSURE(tone(0, .5, 1, 0, 6) > tone(0, -1, -.5, 0, 6) + .1);
    ENSURE(tone(1, 1, 1, 0, -1) < tone(1, 0, 0, 0, -1) - .2);                           // the bridge between the glasses
    ENSURE(tone(2, .7, 1, 0, -9) < tone(2, 0, .1, 0, -9) - .2);                         // forehead
    ENSURE(tone(3, .8, 1, -5, 1) < tone(3, 0, .2, -5, 1) - .06);                        // the lower lid of an open eye
    ENSURE(tone(4, .8, 1, 10, 3) > tone(4, 0, .2, 10, 3) + .1);                         // a wide face's cheek
    ENSURE(tone(5, .6, 1, 5, -1) < tone(5, -1, -.6, 5, -1) - .1);                       // pupils on their right
    for (int i = 0; i < 100; i++) {
        Example e;
        draw(&data_faces, i, i & 1, &e);
        ENSURE_EQUAL(e.known[0] > 0, i & 1);                                            // the class is the smile's sign
    }
}

TEST(attributes, "drawing with attributes gives the same examples, fresh ones of the set") {
    enum { N = 20 };
    static float x[N * PIXELS], again[N * PIXELS], known[N * 5];
    int32_t label[N];
    Data d;
    ENSURE(data_open(&d, &data_sprites, NULL));
    ENSURE(d.attributes[SPLIT_TRAIN] && d.attributes[SPLIT_TEST]);
    data_draw(&d, SPLIT_TEST, 5, 0, N, x, NULL);
    data_draw_known(&d, SPLIT_TEST, 5, 0, N, again, label, known);
    data_close(&d);
    ENSURE(!memcmp(x, again, sizeof x));
    for (int i = 0; i < N; i++) ENSURE_EQUAL((int)known[5 * i], label[i]);
}

TEST(attributes, "the user's numbers stay with their rows and pictures when a tenth is held out") {
    enum { N = 200, K = 3 };
    static float x[2 * N], known[K * N], out[2 * N], numbers[K * N];
    for (int i = 0; i < N; i++) {
        x[2 * i] = x[2 * i + 1] = (float)i;
        for (int k = 0; k < K; k++) known[K * i + k] = (float)(10 * i + k);
    }
    DataAttributes all = { .n = K, .name = { "a", "b", "c" }, .train = known };
    Data d;
    ENSURE(data_from_known(&d, "mine", DATA_POINTS, (int[]){ 2, 0, 0 }, 0, (DataRows){ x, NULL, N }, (DataRows){ 0 }, &all, NULL));
    ENSURE_EQUAL(d.n[SPLIT_TEST], N / 10);
    ENSURE_SAME(d.def.attributes[2], "c");
    for (int s = 0; s < 2; s++) {
        data_draw_known(&d, (Split)s, 1, 0, d.n[s], out, NULL, numbers);
        for (int i = 0; i < d.n[s]; i++)
            for (int k = 0; k < K; k++) ENSURE(numbers[K * i + k] == 10 * out[2 * i] + (float)k);
    }
    data_close(&d);
    known[7] = NAN;
    ENSURE_FAILS(data_from_known(&d, "mine", DATA_POINTS, (int[]){ 2, 0, 0 }, 0, (DataRows){ x, NULL, N }, (DataRows){ 0 }, &all, NULL), ERROR_BAD_ARGUMENT);
    // The same of pictures that come as a file: picture i is of grey i.
    uint8_t file[16 + N] = { 0, 0, 8, 3, 0, 0, 0, N, 0, 0, 0, 1, 0, 0, 0, 1 };
    for (int i = 0; i < N; i++) file[16 + i] = (uint8_t)i;
    ENSURE_FAILS(data_from_idx(&d, "mine", (Bytes){ file, sizeof file }, (Bytes){ 0 }, (Bytes){ 0 }, (Bytes){ 0 }, &all, NULL), ERROR_BAD_ARGUMENT);
    known[7] = 21;
    ENSURE(data_from_idx(&d, "mine", (Bytes){ file, sizeof file }, (Bytes){ 0 }, (Bytes){ 0 }, (Bytes){ 0 }, &all, NULL));
    ENSURE_EQUAL(d.n[SPLIT_TEST], N / 10);
    for (int s = 0; s < 2; s++)
        for (int i = 0; i < d.n[s]; i++) ENSURE_EQUAL((int)d.attributes[s][K * i + 1], 10 * d.pixels[s][i] + 1);
    data_close(&d);
    all.n = ATTRIBUTES_MAX + 1;
    ENSURE_FAILS(data_from_known(&d, "mine", DATA_POINTS, (int[]){ 2, 0, 0 }, 0, (DataRows){ x, NULL, N }, (DataRows){ 0 }, &all, NULL), ERROR_BAD_ARGUMENT);
}
