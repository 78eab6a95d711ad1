// json.h -- writing JSON: a string that grows in an arena, with commas and escapes looked after.
//
//     Json j = json_begin(&arena);
//     json_open(&j, NULL, '{');  json_string(&j, "id", "vae");  json_open(&j, "data", '[');  json_string(&j, NULL, "points");  json_close(&j);  json_close(&j);
//     const char *text = json_end(&j);
//
// Inside an object every value takes a key, inside an array key is NULL.  Text is UTF-8 as it came, control characters escaped.  Once
// memory is over everything is ignored and json_end() gives NULL.
#ifndef GENPLAY_JSON_H
#define GENPLAY_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct {
    Arena *arena;
    char *text;
    size_t size, room;
    int depth;
    char closer[16];            // of every open object or array
    bool first[17], failed;
} Json;

Json json_begin(Arena *arena);
void json_open(Json *j, const char *key, char bracket);          // '{' or '['
void json_close(Json *j);
void json_string(Json *j, const char *key, const char *value);   // NULL becomes null
void json_number(Json *j, const char *key, double value);        // the shortest form that reads back as the same double; not finite: null
void json_bool(Json *j, const char *key, bool value);
const char *json_end(Json *j);                                   // NULL: memory is over

#endif
