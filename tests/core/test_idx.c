// IDX files: what is read, and what is refused with which words.
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "data/data.h"

// A file in memory of exactly its own size, so that a sanitizer sees a read past its end.
typedef struct { uint8_t *bytes; size_t size; } File;

static void put(uint8_t *p, uint32_t v) { for (int i = 0; i < 4; i++) p[i] = (uint8_t)(v >> (24 - 8 * i)); }

// Header words, then `rows` bytes of body: byte i is 7 i + 1.
static File file_of(int words, const uint32_t *word, size_t body) {
    File f = { malloc((size_t)words * 4 + body), (size_t)words * 4 + body };
    for (int i = 0; i < words; i++) put(f.bytes + 4 * i, word[i]);
    for (size_t i = 0; i < body; i++) f.bytes[(size_t)words * 4 + i] = (uint8_t)(7 * i + 1);
    return f;
}

static File images_of(uint32_t n, uint32_t h, uint32_t w) { return file_of(4, (const uint32_t[]){ 0x803, n, h, w }, (size_t)n * h * w); }
static File labels_of(uint32_t n, int classes) {
    File f = file_of(2, (const uint32_t[]){ 0x801, n }, n);
    for (uint32_t i = 0; i < n; i++) f.bytes[8 + i] = (uint8_t)(i % (uint32_t)classes);
    return f;
}

static Bytes whole(File f) { return (Bytes){ f.bytes, f.size }; }
static const Bytes NOTHING = { NULL, 0 };

static const DataAttributes UNKNOWN = { 0 };

// Frees the files.
static bool open_idx(Data *d, File images, File labels, File test_images, File test_labels, Budget *budget) {
    bool ok = data_from_idx(d, "mine", whole(images), whole(labels), whole(test_images), whole(test_labels), &UNKNOWN, budget);
    free(images.bytes);
    free(labels.bytes);
    free(test_images.bytes);
    free(test_labels.bytes);
    return ok;
}

static const File NO_FILE = { NULL, 0 };

TEST(idx, "images, labels and both test files are read as they stand") {
    Data d;
    ENSURE(open_idx(&d, images_of(5, 3, 2), labels_of(5, 4), images_of(2, 3, 2), labels_of(2, 2), NULL));
    ENSURE(d.def.kind == DATA_IMAGE && d.def.shape[0] == 3 && d.def.shape[1] == 2 && d.def.shape[2] == 1 && d.dim == 6);
    ENSURE(d.n[SPLIT_TRAIN] == 5 && d.n[SPLIT_TEST] == 2 && d.def.classes == 4 && !d.endless);
    for (int i = 0; i < 30; i++) ENSURE_EQUAL(d.pixels[SPLIT_TRAIN][i], (uint8_t)(7 * i + 1));
    for (int i = 0; i < 12; i++) ENSURE_EQUAL(d.pixels[SPLIT_TEST][i], (uint8_t)(7 * i + 1));
    for (int i = 0; i < 5; i++) ENSURE_EQUAL(d.labels[SPLIT_TRAIN][i], i % 4);
    ENSURE_EQUAL(d.labels[SPLIT_TEST][1], 1);
    float x[6];
    int32_t label;
    data_draw(&d, SPLIT_TEST, 1, 0, 1, x, &label);
    ENSURE(label == 0 || label == 1);
    ENSURE(x[1] == d.pixels[SPLIT_TEST][6 * label + 1] / 255.0f);
    data_close(&d);
}

TEST(idx, "labels and test files may be missing; a tenth of a hundred images is held out with its labels") {
    Data d;
    ENSURE(open_idx(&d, images_of(7, 2, 2), NO_FILE, NO_FILE, NO_FILE, NULL));
    ENSURE(d.def.classes == 0 && !d.labels[0] && d.n[SPLIT_TEST] == 7 && d.pixels[0] == d.pixels[1]);
    data_close(&d);
    ENSURE(open_idx(&d, images_of(100, 1, 1), labels_of(100, 100), NO_FILE, NO_FILE, NULL));
    ENSURE(d.n[SPLIT_TRAIN] == 90 && d.n[SPLIT_TEST] == 10);
    for (int s = 0; s < 2; s++) for (int i = 0; i < d.n[s]; i++) ENSURE_EQUAL(d.pixels[s][i], (uint8_t)(7 * d.labels[s][i] + 1));
    data_close(&d);
}

TEST(idx, "colour images have four dimensions, and sides go up to 256") {
    Data d;
    ENSURE(open_idx(&d, file_of(5, (const uint32_t[]){ 0x804, 2, 256, 256, 3 }, 2 * 256 * 256 * 3), NO_FILE, NO_FILE, NO_FILE, NULL));
    ENSURE(d.def.shape[2] == 3 && d.dim == 256 * 256 * 3);
    data_close(&d);
    ENSURE(open_idx(&d, file_of(5, (const uint32_t[]){ 0x804, 3, 4, 5, 1 }, 60), NO_FILE, NO_FILE, NO_FILE, NULL));
    ENSURE(d.def.shape[2] == 1 && d.n[0] == 3);
    data_close(&d);
}

TEST(idx, "the hash changes with a pixel, a label or the test split, and with nothing else") {
    char seen[4][65];
    for (int change = 0; change < 4; change++) {
        File x = images_of(3, 2, 2), y = labels_of(3, 3), tx = images_of(1, 2, 2), ty = labels_of(1, 1);
        if (change == 1) x.bytes[20]++;
        if (change == 2) y.bytes[9] = 2;
        if (change == 3) tx.bytes[16]++;
        Data d;
        ENSURE(open_idx(&d, x, y, tx, ty, NULL));
        memcpy(seen[change], d.sha256, 65);
        data_close(&d);
        for (int other = 0; other < change; other++) ENSURE(strcmp(seen[change], seen[other]));
    }
    Data d;
    ENSURE(open_idx(&d, images_of(3, 2, 2), labels_of(3, 3), images_of(1, 2, 2), labels_of(1, 1), NULL));
    ENSURE_SAME(d.sha256, seen[0]);
    data_close(&d);
}

static void ensure_refused(File x, File y, File tx, File ty, const char *word, const char *other) {
    Budget budget = { 0 };
    Data d;
    memset(&d, 1, sizeof d);
    bool ok = open_idx(&d, x, y, tx, ty, &budget);
    ENSURE_SAYING(!ok, "accepted, instead of naming %s", word);
    ENSURE_SAYING(strstr(error_message(), word) && strstr(error_message(), other), "\"%s\" lacks %s or %s", error_message(), word, other);
    ENSURE_EQUAL(budget.used, 0);
    ENSURE(!d.pixels[0]);
    ENSURE_FAILS(ok, ERROR_BAD_FILE);
}

static File cut(File f, size_t size) {
    f.size = size;
    f.bytes = realloc(f.bytes, size);
    return f;
}

static File images_with(uint32_t magic, uint32_t n, uint32_t h, uint32_t w, size_t body) {
    return file_of(4, (const uint32_t[]){ magic, n, h, w }, body);
}

TEST(idx, "a file that is not what it should be is refused, by its role, with what was found and what is accepted") {
    File none = NO_FILE;
    ensure_refused(none, none, none, none, "images", "0 bytes");
    ensure_refused(cut(images_of(5, 3, 2), 3), none, none, none, "images", "3 bytes");
    ensure_refused(cut(images_of(5, 3, 2), 15), none, none, none, "ends after 15 bytes", "header");
    ensure_refused(cut(images_of(5, 3, 2), 45), none, none, none, "45 bytes", "need 46");
    ensure_refused(images_with(0x803, 5, 3, 2, 31), none, none, none, "47 bytes", "need 46");
    ensure_refused(images_with(0x801, 5, 3, 2, 30), none, none, none, "0x00000801", "0x00000803");
    ensure_refused(images_with(0xd03, 5, 3, 2, 30), none, none, none, "0x00000d03", "0x00000803");
    ensure_refused(images_with(0x1f8b0800, 5, 3, 2, 30), none, none, none, "gzip", "images");
    ensure_refused(images_with(0x1000803, 5, 3, 2, 30), none, none, none, "0x01000803", "IDX");
    ensure_refused(images_with(0x803, 0, 3, 2, 0), none, none, none, "images", "empty");
    ensure_refused(images_with(0x803, 5, 0, 2, 0), none, none, none, "0 x 2", "256");
    ensure_refused(images_with(0x803, 1, 257, 2, 514), none, none, none, "257 x 2", "256");
    ensure_refused(images_with(0x803, 1, 0xffffffff, 2, 9), none, none, none, "4294967295 x 2", "256");
    ensure_refused(file_of(5, (const uint32_t[]){ 0x804, 1, 2, 2, 2 }, 8), none, none, none, "2 channels", "1 or 3");
    ensure_refused(images_with(0x803, 0xffffffff, 1, 1, 9), none, none, none, "4294967295", "too many");
    ensure_refused(images_with(0x803, 0x7fffffff, 256, 256, 9), none, none, none, "25 bytes", "need 140737488289808");

    ensure_refused(images_of(5, 3, 2), labels_of(4, 2), none, none, "labels", "5 images");
    ensure_refused(images_of(5, 3, 2), labels_of(6, 2), none, none, "6 labels", "5 images");
    ensure_refused(images_of(5, 3, 2), cut(labels_of(5, 2), 12), none, none, "labels", "need 13");
    ensure_refused(images_of(5, 3, 2), images_of(5, 3, 2), none, none, "labels", "0x00000801");
    ensure_refused(images_of(5, 3, 2), labels_of(0, 2), none, none, "labels", "empty");
    ensure_refused(images_of(5, 3, 2), (File){ malloc(1), 0 }, none, none, "labels", "0 bytes");
    ensure_refused(images_of(5, 3, 2), none, (File){ malloc(1), 0 }, none, "test images", "0 bytes");
    ensure_refused(images_of(5, 3, 2), none, none, labels_of(2, 2), "test labels", "test images");
    ensure_refused(images_of(5, 3, 2), none, images_of(2, 2, 3), none, "test images", "2 x 3 x 1");
    ensure_refused(images_of(5, 3, 2), none, cut(images_of(2, 3, 2), 20), none, "test images", "need 28");
    ensure_refused(images_of(5, 3, 2), labels_of(5, 2), images_of(2, 3, 2), none, "test labels", "missing");
    ensure_refused(images_of(5, 3, 2), none, images_of(2, 3, 2), labels_of(2, 2), "test labels", "have none");
    Data d;
    ENSURE_FAILS(data_from_idx(&d, NULL, NOTHING, NOTHING, NOTHING, NOTHING, &UNKNOWN, NULL), ERROR_BAD_ARGUMENT);
}

TEST(idx, "a set over the budget is refused with the numbers and leaves nothing behind") {
    Budget budget = { .limit = 1000000 };
    Data d;
    ENSURE_FAILS(open_idx(&d, images_of(2000, 28, 28), NO_FILE, NO_FILE, NO_FILE, &budget), ERROR_OUT_OF_MEMORY);
    ENSURE_EQUAL(budget.used, 0);
}

TEST(idx, "random damage is refused as a bad file, or gives a set that holds what its header says") {
    Rng r = rng_at((Key){ 1, STREAM_MEASURE }, 0, 0);
    int opened = 0;
    for (int round = 0; round < 20000; round++) {
        File file[4] = { images_of(6, 3, 2), labels_of(6, 3), images_of(2, 3, 2), labels_of(2, 3) };
        for (int k = rng_below(&r, 4); k >= 0; k--) {
            File *f = &file[rng_below(&r, 4)];
            if (!f->size) continue;
            int at = rng_below(&r, (int)(f->size < 20 ? f->size : 20)), kind = rng_below(&r, 4);
            if (kind == 0) *f = cut(*f, f->size - (size_t)rng_below(&r, (int)f->size));
            else if (kind == 1) f->bytes[at] = (uint8_t)rng_u32(&r);
            else if (kind == 2) f->bytes[at] ^= (uint8_t)(1 << rng_below(&r, 8));
            else f->bytes[at] = "\0\1\xff\x80"[rng_below(&r, 4)];
        }
        Data d;
        bool ok = open_idx(&d, file[0], file[1], file[2], file[3], NULL);
        opened += ok;
        if (!ok) {
            ENSURE_FAILS(ok, ERROR_BAD_FILE);
            continue;
        }
        ENSURE(d.n[0] > 0 && d.n[0] <= 6 && d.n[1] > 0 && d.dim >= 1 && d.dim * d.n[0] <= 36 && d.def.classes <= 256);
        for (int s = 0; s < 2; s++) for (int i = 0; d.labels[s] && i < d.n[s]; i++) ENSURE(d.labels[s][i] < d.def.classes);
        data_close(&d);
    }
    ENSURE(opened > 1000 && opened < 19000);        // both ways are taken
}
