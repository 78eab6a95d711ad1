#include "base/knob.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/error.h"

int knob_count(const Knob *table) {
    int n = 0;
    while (table && table[n].key) n++;
    return n;
}

int knob_find(const Knob *table, const char *key) {
    for (int i = 0; table && table[i].key; i++)
        if (!strcmp(table[i].key, key)) return i;
    return -1;
}

int knob_n_choices(const Knob *k) {
    int n = 1;
    for (const char *c = k->choices; *c; c++) n += *c == '|';
    return n;
}

void knob_choice(const Knob *k, int i, char text[32]) {
    const char *from = k->choices;
    for (; i > 0; i--) from = strchr(from, '|') + 1;
    snprintf(text, 32, "%.*s", (int)strcspn(from, "|"), from);
}

void knobs_default(const Knob *table, bool image, double *value) {
    for (int i = 0; table && table[i].key; i++) value[i] = image ? table[i].image : table[i].points;
}

static bool read_choice(const Knob *k, const char *what, const char *text, double *value) {
    char name[32];
    for (int i = 0; i < knob_n_choices(k); i++) {
        knob_choice(k, i, name);
        if (!strcmp(name, text)) { *value = i; return true; }
    }
    return fail(ERROR_BAD_ARGUMENT, "%s: %s was '%.40s'; accepted: %s", what, k->key, text, k->choices);
}

static bool read_boolean(const Knob *k, const char *what, const char *text, double *value) {
    bool yes = !strcmp(text, "true") || !strcmp(text, "1"), no = !strcmp(text, "false") || !strcmp(text, "0");
    if (!yes && !no) return fail(ERROR_BAD_ARGUMENT, "%s: %s was '%.40s'; accepted: true, false", what, k->key, text);
    *value = yes;
    return true;
}

bool knob_read(const Knob *k, const char *what, const char *text, double *value) {
    if (k->type == KNOB_CHOICE) return read_choice(k, what, text, value);
    if (k->type == KNOB_BOOLEAN) return read_boolean(k, what, text, value);
    double x;
    const char *end = number_read(text, &x);
    bool number = end && !*end && isfinite(x), whole = k->type == KNOB_INTEGER;
    if (!number || x < k->min || x > k->max || (whole && x != floor(x)))
        return fail(ERROR_BAD_ARGUMENT, "%s: %s was %.40s; accepted: a%s number from %.15g to %.15g", what, k->key, *text ? text : "''",
                    whole ? " whole" : "", k->min, k->max);
    *value = x;
    return true;
}

static bool fail_unknown(const Knob *table, const char *what, const char *key) {
    char keys[300] = "";
    size_t n = 0;
    for (int i = 0; table && table[i].key && n < sizeof keys - 40; i++)
        n += (size_t)snprintf(keys + n, sizeof keys - n, i ? ", %s" : "%s", table[i].key);
    return fail(ERROR_BAD_ARGUMENT, "%s: there is no '%.40s'; accepted: %s", what, key, n ? keys : "nothing");
}

bool knobs_read(const Knob *table, const char *what, const char *lines, double *value) {
    double fresh[KNOBS_MAX];
    int n = knob_count(table);
    memcpy(fresh, value, sizeof *fresh * (size_t)n);
    while (lines && *lines) {
        char key[64], text[64];
        size_t k = strcspn(lines, "\t\n"), line = strcspn(lines, "\n");
        size_t t = lines[k] == '\t' ? line - k - 1 : 0;
        snprintf(key, sizeof key, "%.*s", (int)k, lines);
        snprintf(text, sizeof text, "%.*s", (int)t, lines + k + (t ? 1 : 0));
        int i = knob_find(table, key);
        if (i < 0) return fail_unknown(table, what, key);
        if (!knob_read(&table[i], what, text, &fresh[i])) return false;
        lines += line + (lines[line] == '\n');
    }
    memcpy(value, fresh, sizeof *fresh * (size_t)n);
    return true;
}

void knob_write(const Knob *k, double value, char text[32]) {
    if (k->type == KNOB_CHOICE) { knob_choice(k, (int)value, text); return; }
    if (k->type == KNOB_BOOLEAN) { snprintf(text, 32, "%s", value != 0 ? "true" : "false"); return; }
    number_text(value, text);
}
