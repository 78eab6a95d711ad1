#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"

Json json_begin(Arena *arena) { return (Json){ .arena = arena, .first = { true } }; }

static void put(Json *j, const char *bytes, size_t n) {
    if (j->failed) return;
    if (j->size + n + 1 > j->room) {
        size_t room = 2 * (j->room + n) + 256;
        char *text = arena_new(j->arena, char, room);
        if (!text) { j->failed = true; return; }
        if (j->size) memcpy(text, j->text, j->size);
        j->text = text, j->room = room;
    }
    memcpy(j->text + j->size, bytes, n);
    j->size += n;
    j->text[j->size] = 0;
}

static void put_quoted(Json *j, const char *s) {
    put(j, "\"", 1);
    for (; *s; s++) {
        char escape[8];
        if (*s == '"' || *s == '\\') put(j, "\\", 1), put(j, s, 1);
        else if ((unsigned char)*s < 32) put(j, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", *s));
        else put(j, s, 1);
    }
    put(j, "\"", 1);
}

static void begin_value(Json *j, const char *key) {
    if (!j->first[j->depth]) put(j, ",", 1);
    j->first[j->depth] = false;
    if (!key) return;
    put_quoted(j, key);
    put(j, ":", 1);
}

void json_open(Json *j, const char *key, char bracket) {
    begin_value(j, key);
    put(j, &bracket, 1);
    j->closer[j->depth++] = bracket == '{' ? '}' : ']';
    j->first[j->depth] = true;
}

void json_close(Json *j) { put(j, &j->closer[--j->depth], 1); }

void json_string(Json *j, const char *key, const char *value) {
    begin_value(j, key);
    if (value) put_quoted(j, value);
    else put(j, "null", 4);
}

void json_number(Json *j, const char *key, double value) {
    char text[32] = "null";
    if (isfinite(value)) number_text(value, text);
    begin_value(j, key);
    put(j, text, strlen(text));
}

void json_bool(Json *j, const char *key, bool value) {
    begin_value(j, key);
    put(j, value ? "true" : "false", value ? 4 : 5);
}

const char *json_end(Json *j) { return j->failed ? NULL : j->text; }
