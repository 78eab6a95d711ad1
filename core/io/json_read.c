// json_read.c -- a recursive descent over a private copy of the text.
//
// Strings are unescaped in place: no escape is shorter than what it stands for, and the closing quote leaves room for the zero.
// All values live in one array, whose length is known beforehand: every value but the first comes after one of , : [ {.
#include "io/json_read.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"

enum { DEPTH = 32 };

typedef struct {
    char *start, *at;            // the copy, which ends with a zero; where we are
    JsonValue *free;             // the next unused value
} Reader;

static bool bad(const Reader *r, const char *reason) {
    return fail(ERROR_BAD_FILE, "JSON: %s at byte %zu", reason, (size_t)(r->at - r->start));
}

static void skip_space(Reader *r) {
    while (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t') r->at++;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool digits(char **p) {
    if (!is_digit(**p)) return false;
    while (is_digit(**p)) ++*p;
    return true;
}

// RFC 8259's grammar, which is narrower than number_read's.
static bool parse_number(Reader *r, JsonValue *v) {
    char *p = r->at;
    if (*p == '-') p++;
    if (*p == '0') p++;
    else if (!digits(&p)) return bad(r, "a value is missing");
    if (*p == '.' && (p++, !digits(&p))) return bad(r, "a number has no digits after its point");
    if (*p == 'e' || *p == 'E') {
        p++;
        if (*p == '+' || *p == '-') p++;
        if (!digits(&p)) return bad(r, "a number has no digits in its exponent");
    }
    v->type = JSON_NUMBER;
    number_read(r->at, &v->number);
    if (!isfinite(v->number)) return bad(r, "a number too large for a double");
    r->at = p;
    return true;
}

// Four hexadecimal digits, or -1.
static int hex4(const char *p) {
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) return -1;      // also at the final zero
        value = value * 16 + digit;
    }
    return value;
}

// A code point as UTF-8; the number of bytes.
static int put_utf8(char *to, int c) {
    if (c < 0x80) return to[0] = (char)c, 1;
    if (c < 0x800) return to[0] = (char)(0xC0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000) return to[0] = (char)(0xE0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 63)), to[2] = (char)(0x80 | (c & 63)), 3;
    to[0] = (char)(0xF0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63)), to[3] = (char)(0x80 | (c & 63));
    return 4;
}

// What follows "\u": one unit of UTF-16, or two that form a pair.  The code point, or -1.
static int parse_unicode(Reader *r) {
    int c = hex4(r->at);
    if (c < 0) return -1;
    r->at += 4;
    if (c < 0xD800 || c > 0xDFFF) return c;
    if (c > 0xDBFF || r->at[0] != '\\' || r->at[1] != 'u') return -1;
    int low = hex4(r->at + 2);
    if (low < 0xDC00 || low > 0xDFFF) return -1;
    r->at += 6;
    return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

// After a backslash: writes what it stands for, 0 bytes when it stands for nothing.
static int unescape(Reader *r, char *to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char c = *r->at++;
    const char *found = c ? strchr(from, c) : NULL;            // strchr finds the final zero too
    if (found) return *to = into[found - from], 1;
    if (c != 'u') return 0;
    int code = parse_unicode(r);
    return code > 0 ? put_utf8(to, code) : 0;
}

// The length of the well-formed UTF-8 sequence at p (RFC 3629: shortest form, no surrogates, up to U+10FFFF), or 0.
static int utf8_length(const char *p) {
    const unsigned char *u = (const unsigned char *)p;
    int n = u[0] < 0x80 ? 1 : u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : u[0] < 0xF5 ? 4 : 0;
    for (int i = 1; i < n; i++) {
        if ((u[i] & 0xC0) != 0x80) return 0;
    }
    if (n >= 3) {
        unsigned lead = u[0], next = u[1];
        if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F)) return 0;
        if ((lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F)) return 0;
    }
    return n;
}

// At the opening quote.  The string with a final zero, or NULL.
static char *parse_string(Reader *r) {
    char *start = ++r->at, *to = start;
    while (*r->at != '"') {
        if ((unsigned char)*r->at < 32) return bad(r, *r->at ? "a control character in a string" : "a string without end"), NULL;
        int n;
        if (*r->at == '\\') {
            r->at++;
            if (!(n = unescape(r, to))) return bad(r, "an escape that stands for nothing"), NULL;
        } else {
            if (!(n = utf8_length(r->at))) return bad(r, "a string that is not UTF-8"), NULL;
            memmove(to, r->at, (size_t)n);
            r->at += n;
        }
        to += n;
    }
    r->at++;
    *to = 0;
    return start;
}

static bool parse_value(Reader *r, JsonValue *v, int depth);

// The key of a child and its colon.
static bool parse_key(Reader *r, JsonValue *child) {
    if (*r->at != '"') return bad(r, "a key is missing");
    child->key = parse_string(r);
    if (!child->key) return false;
    skip_space(r);
    if (*r->at != ':') return bad(r, "a colon is missing");
    r->at++;
    return true;
}

// At the opening bracket.
static bool parse_children(Reader *r, JsonValue *v, char closer, int depth) {
    if (depth == DEPTH) return bad(r, "more than 32 levels");
    JsonValue **link = &v->child;
    r->at++;
    skip_space(r);
    while (*r->at != closer) {
        if (v->count > 0) {
            if (*r->at != ',') return bad(r, "a comma or a closing bracket is missing");
            r->at++;
            skip_space(r);
        }
        JsonValue *child = r->free++;
        if (closer == '}' && !parse_key(r, child)) return false;
        if (!parse_value(r, child, depth + 1)) return false;
        v->count++;
        *link = child;
        link = &child->next;
    }
    r->at++;
    return true;
}

static bool parse_word(Reader *r, JsonValue *v, const char *word, JsonType type, double number) {
    if (strncmp(r->at, word, strlen(word))) return bad(r, "a value is missing");
    r->at += strlen(word);
    v->type = type;
    v->number = number;
    return true;
}

// A value and the space around it.
static bool parse_value(Reader *r, JsonValue *v, int depth) {
    bool fine;
    skip_space(r);
    switch (*r->at) {
    case '{': v->type = JSON_OBJECT, fine = parse_children(r, v, '}', depth); break;
    case '[': v->type = JSON_ARRAY, fine = parse_children(r, v, ']', depth); break;
    case '"': v->type = JSON_STRING, fine = (v->string = parse_string(r)) != NULL; break;
    case 't': fine = parse_word(r, v, "true", JSON_BOOL, 1); break;
    case 'f': fine = parse_word(r, v, "false", JSON_BOOL, 0); break;
    case 'n': fine = parse_word(r, v, "null", JSON_NULL, 0); break;
    default: fine = parse_number(r, v);
    }
    if (fine) skip_space(r);
    return fine;
}

// No fewer than the values in the text.
static size_t count_values(const char *text, size_t n) {
    size_t count = 1;
    for (size_t i = 0; i < n; i++) count += text[i] == ',' || text[i] == '[' || text[i] == '{';
    return count;
}

const JsonValue *json_parse(const char *text, size_t n, Arena *arena) {
    JsonValue *values = arena_new(arena, JsonValue, count_values(text, n));
    char *copy = values ? arena_alloc(arena, n + 1) : NULL;
    if (!copy) return NULL;
    memcpy(copy, text, n);
    Reader r = { copy, copy, values + 1 };
    if (!parse_value(&r, values, 0)) return NULL;
    if (r.at != copy + n) return bad(&r, "something follows the value"), NULL;
    return values;
}

const JsonValue *json_get(const JsonValue *v, const char *key) {
    if (!v || v->type != JSON_OBJECT) return NULL;
    for (v = v->child; v; v = v->next) {
        if (!strcmp(v->key, key)) return v;
    }
    return NULL;
}

const char *json_get_string(const JsonValue *v, const char *key, const char *otherwise) {
    v = json_get(v, key);
    return v && v->type == JSON_STRING ? v->string : otherwise;
}

double json_get_number(const JsonValue *v, const char *key, double otherwise) {
    v = json_get(v, key);
    return v && (v->type == JSON_NUMBER || v->type == JSON_BOOL) ? v->number : otherwise;
}
