// json_read.h -- reading JSON (RFC 8259) that nobody vouches for, into a tree.
//
// Strict: nothing but white space may surround the value, strings must be UTF-8 without the character U+0000, nesting ends at 32.
// Memory: the text once more, and at most 56 bytes for each comma, bracket and brace in it.
#ifndef GENPLAY_JSON_READ_H
#define GENPLAY_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonType;

typedef struct JsonValue {
    JsonType type;
    const char *key;                     // inside an object, else NULL
    const char *string;                  // of JSON_STRING
    double number;                       // of JSON_NUMBER; 0 or 1 for JSON_BOOL
    int count;                           // of children
    struct JsonValue *child, *next;      // the first of them; the next of the same parent
} JsonValue;

// NULL and ERROR_BAD_FILE, with the place and the reason, or ERROR_OUT_OF_MEMORY.  Everything lives in the arena; `text` may go.
const JsonValue *json_parse(const char *text, size_t n, Arena *arena);

// The value under a key: the first one, or NULL where there is none (or v is NULL or no object).
const JsonValue *json_get(const JsonValue *v, const char *key);
// Its string or number, or the given one where it is missing or of another type.
const char *json_get_string(const JsonValue *v, const char *key, const char *otherwise);
double json_get_number(const JsonValue *v, const char *key, double otherwise);

#endif
