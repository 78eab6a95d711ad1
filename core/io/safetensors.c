#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "io/json.h"
#include "io/json_read.h"

enum { HEADER_MAX = 2 << 20 };

static const struct { const char *name; int bytes; } TYPE[TENSOR_TYPES] = {
    [TENSOR_F64] = { "F64", 8 }, [TENSOR_F32] = { "F32", 4 }, [TENSOR_I32] = { "I32", 4 }, [TENSOR_F16] = { "F16", 2 }, [TENSOR_U8] = { "U8", 1 },
};

int64_t tensor_count(const Tensor *t) {
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++) count *= t->shape[i];
    return count;
}

static int64_t tensor_bytes(const Tensor *t) { return tensor_count(t) * TYPE[t->type].bytes; }

// ------------------------------------------------------------------------------------------------------------------ half floats

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static float from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// The 15 lower bits at the place where a float keeps its exponent and fraction are the number times 2^-112, subnormal or not.
float half_to_float(uint16_t half) {
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = (uint32_t)(half & 0x7FFF) << 13;
    if (rest >= 0x7C00 << 13) return from_bits(sign | rest | 0x7F800000);        // infinity and NaN
    return from_bits(sign | bits_of(from_bits(rest) * 0x1p112f));
}

uint16_t half_from_float(float x) {
    uint32_t sign = bits_of(x) >> 16 & 0x8000, rest = bits_of(x) & 0x7FFFFFFF;
    if (rest > 0x7F800000) return (uint16_t)(sign | 0x7E00);
    if (rest >= 0x477FF000) return (uint16_t)(sign | 0x7C00);                    // 65520, half way to the number after the last
    if (rest < 0x38800000) {                                                     // 2^-14: the result is subnormal
        // Adding 1/2 leaves 2^-24, the unit of subnormal halves, as the last bit of the sum.
        return (uint16_t)(sign | (bits_of(from_bits(rest) + 0.5f) - 0x3F000000));
    }
    rest += 0xFFF + (rest >> 13 & 1);                                            // the 13 bits that go: to even
    return (uint16_t)(sign | ((rest - 0x38000000) >> 13));
}

// -------------------------------------------------------------------------------------------------------------------- reading

// A whole number in 0..most, or -1.
static int64_t whole(const JsonValue *v, int64_t most) {
    if (!v || v->type != JSON_NUMBER || !(v->number >= 0 && v->number <= (double)most)) return -1;
    int64_t n = (int64_t)v->number;
    return (double)n == v->number ? n : -1;
}

static bool parse_type(const JsonValue *entry, Tensor *t) {
    const char *name = json_get_string(entry, "dtype", "missing");
    for (int i = 0; i < TENSOR_TYPES; i++) {
        if (strcmp(name, TYPE[i].name)) continue;
        t->type = (TensorType)i;
        return true;
    }
    return fail(ERROR_BAD_FILE, "safetensors: the type of '%.60s' is %.20s, not F64, F32, I32, F16 or U8", t->name, name);
}

// Dimensions whose product with the size of a number cannot pass `most` bytes, unless one of them is 0.
static bool parse_shape(const JsonValue *entry, Tensor *t, int64_t most) {
    const JsonValue *shape = json_get(entry, "shape");
    if (!shape || shape->type != JSON_ARRAY || shape->count > TENSOR_RANK) {
        return fail(ERROR_BAD_FILE, "safetensors: '%.60s' has no shape of at most %d dimensions", t->name, TENSOR_RANK);
    }
    int64_t room = most;
    for (const JsonValue *v = shape->child; v; v = v->next) {
        int64_t size = whole(v, room);
        if (size < 0) return fail(ERROR_BAD_FILE, "safetensors: '%.60s' has a dimension that is no size, or larger than the file", t->name);
        t->shape[t->rank++] = size;
        if (size > 0) room /= size;
    }
    return true;
}

static bool parse_tensor(const JsonValue *entry, Tensor *t, const uint8_t *data, int64_t n) {
    *t = (Tensor){ .name = entry->key };
    if (!parse_type(entry, t) || !parse_shape(entry, t, n)) return false;
    const JsonValue *offsets = json_get(entry, "data_offsets");
    const JsonValue *first = offsets && offsets->type == JSON_ARRAY && offsets->count == 2 ? offsets->child : NULL;
    int64_t begin = whole(first, n), end = first ? whole(first->next, n) : -1;
    if (begin < 0 || end - begin != tensor_bytes(t)) {
        return fail(ERROR_BAD_FILE, "safetensors: the data_offsets of '%.60s' do not fit its shape or the file", t->name);
    }
    t->data = data + begin;
    return true;
}

static bool parse_metadata(const JsonValue *entry, Safetensors *out, Arena *arena) {
    if (out->metadata || entry->type != JSON_OBJECT) return fail(ERROR_BAD_FILE, "safetensors: __metadata__ is not one object");
    out->metadata = arena_new(arena, Metadata, entry->count);
    if (!out->metadata) return false;
    for (const JsonValue *v = entry->child; v; v = v->next) {
        if (v->type != JSON_STRING) return fail(ERROR_BAD_FILE, "safetensors: '%.60s' in __metadata__ is not a string", v->key);
        out->metadata[out->n_metadata++] = (Metadata){ v->key, v->string };
    }
    return true;
}

static bool parse_header(const JsonValue *header, Safetensors *out, const uint8_t *data, int64_t n, Arena *arena) {
    if (header->type != JSON_OBJECT) return fail(ERROR_BAD_FILE, "safetensors: the header is not an object");
    out->tensor = arena_new(arena, Tensor, header->count);
    if (!out->tensor) return false;
    for (const JsonValue *v = header->child; v; v = v->next) {
        if (strcmp(v->key, "__metadata__") == 0 ? !parse_metadata(v, out, arena) : !parse_tensor(v, &out->tensor[out->n_tensors++], data, n)) return false;
    }
    return true;
}

static int by_name(const void *a, const void *b) { return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name); }

// By place; empty arrays before the one that begins where they are; else by name.
static int by_data(const void *a, const void *b) {
    const Tensor *s = a, *t = b;
    if (s->data != t->data) return (const uint8_t *)s->data < (const uint8_t *)t->data ? -1 : 1;
    int64_t d = tensor_bytes(s) - tensor_bytes(t);
    return d ? (d < 0 ? -1 : 1) : by_name(a, b);
}

// One name each, and the data filled from end to end; sorts by data.
static bool check_layout(Safetensors *s, const uint8_t *data, int64_t n) {
    qsort(s->tensor, (size_t)s->n_tensors, sizeof *s->tensor, by_name);
    for (int i = 1; i < s->n_tensors; i++) {
        if (!strcmp(s->tensor[i - 1].name, s->tensor[i].name)) return fail(ERROR_BAD_FILE, "safetensors: two arrays are named '%.60s'", s->tensor[i].name);
    }
    qsort(s->tensor, (size_t)s->n_tensors, sizeof *s->tensor, by_data);
    const uint8_t *end = data;
    for (int i = 0; i < s->n_tensors; i++) {
        const Tensor *t = &s->tensor[i];
        if (t->data != end) return fail(ERROR_BAD_FILE, "safetensors: there is a gap or an overlap before '%.60s'", t->name);
        end += tensor_bytes(t);
    }
    if (end != data + n) return fail(ERROR_BAD_FILE, "safetensors: %lld bytes follow the last array", (long long)(data + n - end));
    return true;
}

bool safetensors_parse(const uint8_t *bytes, size_t n, Safetensors *out, Arena *arena) {
    *out = (Safetensors){ 0 };
    if (n < 8) return fail(ERROR_BAD_FILE, "safetensors: %zu bytes are no file", n);
    uint64_t length = 0;
    for (int i = 7; i >= 0; i--) length = length << 8 | bytes[i];
    if (length > HEADER_MAX) return fail(ERROR_BAD_FILE, "safetensors: a header of %llu bytes, more than %d", (unsigned long long)length, HEADER_MAX);
    if (length > n - 8) return fail(ERROR_BAD_FILE, "safetensors: the file ends inside its header");
    const uint8_t *data = bytes + 8 + length;
    int64_t size = (int64_t)(n - 8 - (size_t)length);
    const JsonValue *header = json_parse((const char *)bytes + 8, (size_t)length, arena);
    return header && parse_header(header, out, data, size, arena) && check_layout(out, data, size);
}

const Tensor *safetensors_find(const Safetensors *s, const char *name) {
    for (int i = 0; i < s->n_tensors; i++) {
        if (!strcmp(s->tensor[i].name, name)) return &s->tensor[i];
    }
    return NULL;
}

const char *safetensors_metadata(const Safetensors *s, const char *key) {
    for (int i = 0; i < s->n_metadata; i++) {
        if (!strcmp(s->metadata[i].key, key)) return s->metadata[i].value;
    }
    return NULL;
}

bool tensor_copy(const Tensor *t, const char *name, TensorType type, int64_t count, void *out) {
    if (!t) return fail(ERROR_BAD_FILE, "safetensors: '%.60s' is missing", name);
    bool widen = t->type == TENSOR_F16 && type == TENSOR_F32;
    if ((t->type != type && !widen) || tensor_count(t) != count) {
        return fail(ERROR_BAD_FILE, "safetensors: '%.60s' holds %lld numbers of type %s, not %lld of type %s", name,
                    (long long)tensor_count(t), TYPE[t->type].name, (long long)count, TYPE[type].name);
    }
    if (!widen) {
        if (count > 0) memcpy(out, t->data, (size_t)tensor_bytes(t));
        return true;
    }
    for (int64_t i = 0; i < count; i++) {
        uint16_t half;
        memcpy(&half, (const uint8_t *)t->data + 2 * i, sizeof half);
        ((float *)out)[i] = half_to_float(half);
    }
    return true;
}

// -------------------------------------------------------------------------------------------------------------------- writing

static void write_entry(Json *j, const Tensor *t, int64_t begin) {
    json_open(j, t->name, '{');
    json_string(j, "dtype", TYPE[t->type].name);
    json_open(j, "shape", '[');
    for (int i = 0; i < t->rank; i++) json_number(j, NULL, (double)t->shape[i]);
    json_close(j);
    json_open(j, "data_offsets", '[');
    json_number(j, NULL, (double)begin);
    json_number(j, NULL, (double)(begin + tensor_bytes(t)));
    json_close(j);
    json_close(j);
}

// The header and the size of the data behind it.
static const char *write_header(const Metadata *metadata, int n_metadata, const Tensor *tensor, int n_tensors, Arena *arena, int64_t *data) {
    Json j = json_begin(arena);
    json_open(&j, NULL, '{');
    if (n_metadata > 0) {
        json_open(&j, "__metadata__", '{');
        for (int i = 0; i < n_metadata; i++) json_string(&j, metadata[i].key, metadata[i].value);
        json_close(&j);
    }
    *data = 0;
    for (int type = 0; type < TENSOR_TYPES; type++) {                  // TensorType is in order of size
        for (int i = 0; i < n_tensors; i++) {
            if ((int)tensor[i].type != type) continue;
            write_entry(&j, &tensor[i], *data);
            *data += tensor_bytes(&tensor[i]);
        }
    }
    json_close(&j);
    return json_end(&j);
}

static uint8_t *write_numbers(uint8_t *to, const Tensor *t) {
    size_t bytes = (size_t)tensor_bytes(t);
    if (t->type == TENSOR_F16 && t->from_f32) {
        for (int64_t i = 0; i < tensor_count(t); i++) {
            uint16_t half = half_from_float(((const float *)t->data)[i]);
            memcpy(to + 2 * i, &half, sizeof half);
        }
    } else if (bytes > 0) {
        memcpy(to, t->data, bytes);
    }
    return to + bytes;
}

uint8_t *safetensors_write(const Metadata *metadata, int n_metadata, const Tensor *tensor, int n_tensors, Arena *arena, size_t *size) {
    int64_t data;
    const char *header = write_header(metadata, n_metadata, tensor, n_tensors, arena, &data);
    if (!header) return NULL;
    size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    uint8_t *file = arena_alloc(arena, 8 + padded + (size_t)data), *to = file;
    if (!file) return NULL;
    for (int i = 0; i < 8; i++) *to++ = (uint8_t)((uint64_t)padded >> (8 * i));
    memset(to, ' ', padded);
    memcpy(to, header, length);
    to += padded;
    for (int type = 0; type < TENSOR_TYPES; type++) {
        for (int i = 0; i < n_tensors; i++) {
            if ((int)tensor[i].type == type) to = write_numbers(to, &tensor[i]);
        }
    }
    *size = (size_t)(to - file);
    return file;
}
