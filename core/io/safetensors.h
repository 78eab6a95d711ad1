// safetensors.h -- reading and writing files of named arrays.
//
// The format (github.com/huggingface/safetensors, "Format"): a 64-bit little-endian length N, N bytes of JSON, the data.
// The JSON maps each name to { "dtype": "F32", "shape": [..], "data_offsets": [begin, end] }, offsets counted from the start of the data, and
// "__metadata__" to an object of strings.  The arrays fill the data without gaps and do not overlap; row-major, little-endian.
//
// Known here: F64, F32, F16, I32, U8, up to 4 dimensions, header up to 2 MB.  Anything else is refused.
#ifndef GENPLAY_SAFETENSORS_H
#define GENPLAY_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum { TENSOR_F64, TENSOR_F32, TENSOR_I32, TENSOR_F16, TENSOR_U8, TENSOR_TYPES } TensorType;

enum { TENSOR_RANK = 4 };

typedef struct {
    const char *name;
    TensorType type;
    int rank;
    int64_t shape[TENSOR_RANK];      // slowest dimension first; rank 0: one number
    const void *data;                // reading: inside the file, of any alignment (tensor_copy reads it); writing: of its own type, but
    bool from_f32;                   // writing F16: data are floats, to be rounded to nearest even
} Tensor;

typedef struct { const char *key, *value; } Metadata;

typedef struct {
    int n_tensors, n_metadata;
    Tensor *tensor;                  // in the order of their data
    Metadata *metadata;              // in the order of the header
} Safetensors;

// Trusts nothing: false and ERROR_BAD_FILE unless all of the above holds.  The lists live in the arena, the data in `bytes`,
// which must outlive them.
bool safetensors_parse(const uint8_t *bytes, size_t n, Safetensors *out, Arena *arena);

const Tensor *safetensors_find(const Safetensors *s, const char *name);      // NULL: none
const char *safetensors_metadata(const Safetensors *s, const char *key);     // NULL: none

int64_t tensor_count(const Tensor *t);                                       // of its numbers

// Copies all numbers of t.  False and ERROR_BAD_FILE, naming the tensor, where t is NULL (then `name` is missing), is not of this
// type, or has not `count` numbers.  F16 may be read as F32.
bool tensor_copy(const Tensor *t, const char *name, TensorType type, int64_t count, void *out);

// The whole file, in the arena; NULL and ERROR_OUT_OF_MEMORY.  Same input, same bytes.  Metadata and tensors keep their order, but for larger
// types coming before smaller ones, which leaves each array aligned where the file itself is at a multiple of 8.
uint8_t *safetensors_write(const Metadata *metadata, int n_metadata, const Tensor *tensor, int n_tensors, Arena *arena, size_t *size);

// IEEE 754 binary16, exact one way, rounded to nearest even the other; too large becomes infinite, NaN stays NaN.
float half_to_float(uint16_t half);
uint16_t half_from_float(float x);

#endif
