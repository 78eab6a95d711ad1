// SHA-256, JSON and safetensors: known answers, round trips, and bytes that lie.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/rng.h"
#include "check.h"
#include "io/json.h"
#include "io/json_read.h"
#include "io/safetensors.h"
#include "io/sha256.h"

// ------------------------------------------------------------------------------------------------------------------- sha256

static const char *digest(const char *text, size_t repeat, size_t piece) {
    static char hex[65];
    size_t n = strlen(text);
    Sha256 s = sha256_begin();
    for (size_t i = 0; i < repeat; i++) {
        for (size_t at = 0; at < n; at += piece) sha256_add(&s, text + at, piece < n - at ? piece : n - at);
    }
    sha256_end(&s, hex);
    return hex;
}

// The first three and the last: FIPS 180-2, appendix B; the one of 112 bytes: NIST's examples.
TEST(sha256, "digests are the published ones") {
    ENSURE_SAME(digest("", 1, 1), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ENSURE_SAME(digest("abc", 1, 3), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ENSURE_SAME(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, 56),
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ENSURE_SAME(digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", 1, 7),
                "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    ENSURE_SAME(digest("aaaaaaaaaa", 100000, 10), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, "the pieces in which bytes come do not matter, for every length around a block") {
    char text[200], whole[65];
    for (size_t n = 0; n < 200; n++) {
        memset(text, 0, sizeof text);
        for (size_t i = 0; i < n; i++) text[i] = (char)('a' + i % 23);
        strcpy(whole, digest(text, 1, 200));
        ENSURE_SAME(digest(text, 1, 1), whole);
        ENSURE_SAME(digest(text, 1, 63), whole);
    }
}

// --------------------------------------------------------------------------------------------------------------------- json

static Arena arena;

static const JsonValue *parse(const char *text) {
    arena_free(&arena);
    arena_init(&arena, "test", NULL);
    return json_parse(text, strlen(text), &arena);
}

TEST(json, "a value of every kind reads back") {
    const JsonValue *v = parse(" { \"a\" : [ 1 , -2.5e-3, true, false, null ] , \"b\":{\"c\":\"d\"},\"e\":[],\"f\":{} }\n");
    ENSURE(v && v->type == JSON_OBJECT && v->count == 4);
    const JsonValue *a = json_get(v, "a"), *x = a->child;
    ENSURE(a->type == JSON_ARRAY && a->count == 5);
    ENSURE(x->type == JSON_NUMBER && x->number == 1);
    ENSURE((x = x->next)->number == -2.5e-3);
    ENSURE((x = x->next)->type == JSON_BOOL && x->number == 1);
    ENSURE((x = x->next)->type == JSON_BOOL && x->number == 0);
    ENSURE((x = x->next)->type == JSON_NULL && !x->next);
    ENSURE_SAME(json_get_string(json_get(v, "b"), "c", "?"), "d");
    ENSURE_SAME(json_get_string(v, "nothing", "?"), "?");
    ENSURE(json_get_number(v, "b", 7) == 7);
    ENSURE(json_get(v, "e")->count == 0 && json_get(v, "f")->count == 0);
    arena_free(&arena);
}

TEST(json, "escapes become UTF-8") {
    const JsonValue *v = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\\uD83D\\uDE00 \xC3\xA9\xF0\x9F\x98\x80\"");
    ENSURE(v);
    ENSURE_SAME(v->string, "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 \xC3\xA9\xF0\x9F\x98\x80");
    arena_free(&arena);
}

TEST(json, "what is not JSON is refused") {
    static const char *const text[] = { "", " ", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{1:2}", "1 2", "[1]]", "01",
        "+1", ".5", "1.", "1e", "1e+", "-", "0x10", "[0x10]", "1e999", "nan", "inf", "tru", "nul", "\"", "\"a", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"",
        "\"\\uD800\"", "\"\\uD800\\u0041\"", "\"\\uDC00\"", "\"\n\"", "\"\x80\"", "\"\xC0\x80\"", "\"\xE0\x80\x80\"", "\"\xED\xA0\x80\"", "\"\xF5\x80\x80\x80\"",
        "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\"", "'a'", "[1}", "{\"a\":1]", "//\n1" };
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        check_during("%s", text[i]);
        ENSURE_FAILS(parse(text[i]), ERROR_BAD_FILE);
    }
    arena_free(&arena);
}

TEST(json, "nesting ends at 32 levels, and a zero inside the text ends nothing") {
    char text[80] = { 0 };
    memset(text, '[', 32), memset(text + 32, ']', 32);
    ENSURE(parse(text));
    memset(text, '[', 33), memset(text + 33, ']', 33);
    ENSURE_FAILS(parse(text), ERROR_BAD_FILE);
    arena_free(&arena);
    ENSURE_FAILS(json_parse("1\0002", 3, &arena), ERROR_BAD_FILE);
    ENSURE_FAILS(json_parse("\"a\000b\"", 5, &arena), ERROR_BAD_FILE);
    arena_free(&arena);
}

TEST(json, "what is written reads back: commas, nesting, escapes") {
    static const char *const hostile = "quote \" slash \\ / tab \t bell \a end \x1F \xE2\x82\xAC";
    Arena a;
    arena_init(&a, "test", NULL);
    Json j = json_begin(&a);
    json_open(&j, NULL, '{');
    json_string(&j, hostile, hostile);
    json_string(&j, "none", NULL);
    json_open(&j, "list", '[');
    for (int i = 0; i < 1000; i++) json_number(&j, NULL, i / 8.0);
    json_number(&j, NULL, HUGE_VAL);
    json_bool(&j, NULL, true);
    json_open(&j, NULL, '{'), json_close(&j);
    json_close(&j);
    json_close(&j);
    const char *text = json_end(&j);
    const JsonValue *v = json_parse(text, strlen(text), &a);
    ENSURE(v && v->count == 3);
    ENSURE_SAME(v->child->key, hostile);
    ENSURE_SAME(json_get_string(v, hostile, "?"), hostile);
    ENSURE_EQUAL(json_get(v, "none")->type, JSON_NULL);
    const JsonValue *list = json_get(v, "list"), *x = list->child;
    ENSURE_EQUAL(list->count, 1003);
    for (int i = 0; i < 1000; i++, x = x->next) ENSURE(x->number == i / 8.0);
    ENSURE(x->type == JSON_NULL && x->next->number == 1 && x->next->next->type == JSON_OBJECT);
    arena_free(&a);
}

// -------------------------------------------------------------------------------------------------------------- half floats

TEST(half, "every half survives the way to float and back") {
    for (int h = 0; h < 65536; h++) {
        float x = half_to_float((uint16_t)h);
        if ((h & 0x7FFF) > 0x7C00) ENSURE(isnan(x) && (half_from_float(x) & 0x7FFF) > 0x7C00);
        else ENSURE_EQUAL(half_from_float(x), h);
    }
    ENSURE(half_to_float(0x3C00) == 1 && half_to_float(0x7BFF) == 65504 && half_to_float(1) == 0x1p-24f && half_to_float(0xFC00) == -INFINITY);
}

TEST(half, "between two halves the nearer one is taken, half way the even one") {
    for (int h = 0; h < 0x7C00; h++) {
        float a = half_to_float((uint16_t)h), b = h < 0x7BFF ? half_to_float((uint16_t)(h + 1)) : 65536, middle = (a + b) / 2;
        int even = h & 1 ? h + 1 : h;
        ENSURE_EQUAL(half_from_float(middle), even);
        ENSURE_EQUAL(half_from_float(nextafterf(middle, 0)), h);
        ENSURE_EQUAL(half_from_float(nextafterf(middle, INFINITY)), h + 1);
        ENSURE_EQUAL(half_from_float(-middle), even | 0x8000);
    }
    ENSURE(half_from_float(1e30f) == 0x7C00 && half_from_float(0x1p-149f) == 0 && half_from_float(-0.0f) == 0x8000);
}

// --------------------------------------------------------------------------------------------------------------- safetensors

static const float WEIGHTS[6] = { 1, -2.5f, 3e-8f, 4, 5, 65504 };
static const double TIMES[2] = { 0.1, -1e300 };
static const int32_t LABELS[3] = { 1, -2, 3 };
static const uint8_t PIXELS[5] = { 0, 1, 2, 254, 255 };
static const uint16_t HALVES[3] = { 0x3C00, 0xC000, 0x0001 };

static const Tensor TENSORS[] = {
    { "pixels", TENSOR_U8, 1, { 5 }, PIXELS, false },
    { "decoder.0.weight", TENSOR_F32, 2, { 2, 3 }, WEIGHTS, false },
    { "half", TENSOR_F16, 1, { 3 }, HALVES, false },
    { "rounded", TENSOR_F16, 3, { 1, 2, 3 }, WEIGHTS, true },
    { "times", TENSOR_F64, 1, { 2 }, TIMES, false },
    { "labels", TENSOR_I32, 1, { 3 }, LABELS, false },
    { "empty \"\xE2\x82\xAC\"", TENSOR_F32, 2, { 0, 7 }, NULL, false },
    { "one", TENSOR_F32, 0, { 0 }, WEIGHTS, false },
};
enum { N_TENSORS = sizeof TENSORS / sizeof *TENSORS };
static const Metadata METADATA[] = { { "format", "genplay-1" }, { "experiment", "{\"model\":\"vae\",\n\"seed\":7}" } };

static uint8_t *write_file(Arena *a, size_t *n) {
    arena_init(a, "test", NULL);
    uint8_t *file = safetensors_write(METADATA, 2, TENSORS, N_TENSORS, a, n);
    ENSURE(file);
    return file;
}

TEST(safetensors, "what is written reads back") {
    Arena a;
    size_t n;
    Safetensors s;
    uint8_t *file = write_file(&a, &n);
    ENSURE(safetensors_parse(file, n, &s, &a));
    ENSURE_EQUAL(s.n_tensors, N_TENSORS);
    ENSURE_EQUAL(s.n_metadata, 2);
    ENSURE_SAME(safetensors_metadata(&s, "format"), METADATA[0].value);
    ENSURE_SAME(safetensors_metadata(&s, "experiment"), METADATA[1].value);
    ENSURE(!safetensors_metadata(&s, "nothing") && !safetensors_find(&s, "nothing"));
    for (int i = 0; i < N_TENSORS; i++) {
        const Tensor *t = safetensors_find(&s, TENSORS[i].name);
        ENSURE(t && t->type == TENSORS[i].type && t->rank == TENSORS[i].rank);
        for (int k = 0; k < t->rank; k++) ENSURE(t->shape[k] == TENSORS[i].shape[k]);
    }
    float weights[6], rounded[6], halves[3], one;
    double times[2];
    ENSURE(tensor_copy(safetensors_find(&s, "decoder.0.weight"), "", TENSOR_F32, 6, weights) && !memcmp(weights, WEIGHTS, sizeof weights));
    ENSURE(tensor_copy(safetensors_find(&s, "times"), "", TENSOR_F64, 2, times) && !memcmp(times, TIMES, sizeof times));
    ENSURE(tensor_copy(safetensors_find(&s, "half"), "", TENSOR_F32, 3, halves));
    ENSURE(halves[0] == 1 && halves[1] == -2 && halves[2] == 0x1p-24f);
    ENSURE(tensor_copy(safetensors_find(&s, "rounded"), "", TENSOR_F32, 6, rounded));
    for (int i = 0; i < 6; i++) ENSURE(rounded[i] == half_to_float(half_from_float(WEIGHTS[i])));
    ENSURE(tensor_copy(safetensors_find(&s, "one"), "", TENSOR_F32, 1, &one) && one == 1);
    ENSURE(tensor_copy(safetensors_find(&s, TENSORS[6].name), "", TENSOR_F32, 0, NULL));
    arena_free(&a);
}

TEST(safetensors, "the same content gives the same bytes, and every array is aligned") {
    Arena a, b;
    size_t n, m;
    Safetensors s;
    uint8_t *file = write_file(&a, &n), *again = write_file(&b, &m);
    ENSURE(n == m && !memcmp(file, again, n));
    ENSURE(safetensors_parse(file, n, &s, &a));
    static const int alignment[] = { 8, 4, 4, 2, 1 };
    for (int i = 0; i < s.n_tensors; i++) ENSURE_EQUAL((uintptr_t)s.tensor[i].data % (unsigned)alignment[s.tensor[i].type], 0);
    arena_free(&a), arena_free(&b);
}

TEST(safetensors, "a copy of the wrong type or length fails and names the array") {
    Arena a;
    size_t n;
    Safetensors s;
    float out[6];
    uint8_t *file = write_file(&a, &n);
    ENSURE(safetensors_parse(file, n, &s, &a));
    ENSURE_FAILS(tensor_copy(safetensors_find(&s, "labels"), "labels", TENSOR_F32, 3, out), ERROR_BAD_FILE);
    ENSURE_FAILS(tensor_copy(safetensors_find(&s, "decoder.0.weight"), "decoder.0.weight", TENSOR_F32, 5, out), ERROR_BAD_FILE);
    ENSURE(!tensor_copy(safetensors_find(&s, "bias"), "bias", TENSOR_F32, 5, out) && strstr(error_message(), "'bias'"));
    arena_free(&a);
}

// Parses n bytes that end where their allocation ends, at an odd address, so that reading a byte too many is seen.
static bool survives(const uint8_t *file, size_t n) {
    Arena a;
    Safetensors s;
    uint8_t *copy = malloc(n + 1);
    memcpy(copy + 1, file, n);
    arena_init(&a, "test", NULL);
    bool fine = safetensors_parse(copy + 1, n, &s, &a);
    ENSURE(fine || error_code() == ERROR_BAD_FILE);
    error_clear();
    static float out[4096];
    for (int i = 0; fine && i < s.n_tensors; i++) {
        const Tensor *t = &s.tensor[i];
        if (tensor_count(t) < 512) ENSURE(tensor_copy(t, t->name, t->type, tensor_count(t), out));
    }
    arena_free(&a);
    free(copy);
    return fine;
}

TEST(safetensors, "a file cut anywhere is refused") {
    Arena a;
    size_t n;
    uint8_t *file = write_file(&a, &n);
    ENSURE(survives(file, n));
    for (size_t length = 0; length < n; length++) ENSURE_SAYING(!survives(file, length), "cut to %zu of %zu bytes", length, n);
    arena_free(&a);
}

TEST(safetensors, "bytes that lie are survived") {
    Arena a;
    size_t n;
    uint8_t *file = write_file(&a, &n), *copy = arena_alloc(&a, n);
    static const char token[] = "{}[]:,\"\\0123456789eE+-.untF nulltrue";
    Rng r = rng_at((Key){ 6, STREAM_SAMPLE }, 0, 0);
    int fine = 0;
    for (int round = 0; round < 20000; round++) {
        memcpy(copy, file, n);
        for (int changes = 1 + rng_below(&r, 4); changes > 0; changes--) {
            size_t at = (size_t)rng_below(&r, (int)n);
            copy[at] = rng_below(&r, 2) ? (uint8_t)rng_u32(&r) : (uint8_t)token[rng_below(&r, (int)sizeof token - 1)];
        }
        fine += survives(copy, n);
    }
    ENSURE(fine > 0 && fine < 10000);      // some hit only the data
    arena_free(&a);
}

static bool accepts(const char *header, size_t data) {
    uint8_t file[1024] = { 0 };
    size_t n = strlen(header);
    for (int i = 0; i < 8; i++) file[i] = (uint8_t)((uint64_t)n >> (8 * i));
    memcpy(file + 8, header, n);
    return survives(file, 8 + n + data);
}

TEST(safetensors, "headers that break a rule are refused") {
    ENSURE(accepts("{}", 0));
    ENSURE(accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[8,9]}}  ", 9));
    ENSURE(accepts("{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[8,9]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 9));
    ENSURE(!accepts("{}", 1));                                                                                               // bytes left over
    ENSURE(!accepts("[]", 0));
    ENSURE(!accepts("{\"a\":1}", 0));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7));                                 // past the end
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4));                                 // shape and size disagree
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[0.5,4],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0));             // 2^64 wraps to 0
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[1e300],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,2],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8));
    ENSURE(!accepts("{\"__metadata__\":{\"a\":1}}", 0));
    ENSURE(!accepts("{\"__metadata__\":[]}", 0));
    ENSURE(!accepts("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3));  // overlap
    ENSURE(!accepts("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3));  // gap
    ENSURE(!accepts("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2));  // twice
}

TEST(safetensors, "a header that claims to be huge is refused before anything is allocated") {
    uint8_t file[16] = { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, '{', '}' };
    ENSURE(!survives(file, 16));
    file[7] = 0x7F;
    ENSURE(!survives(file, 16));
    memset(file, 0, 8), file[0] = 9;
    ENSURE(!survives(file, 16));
}
