// knob.h -- named, ranged values: a model's hyper-parameters, a verb's options, a view's options.
//
// One row says everything that a menu, a slider, a link, the command line and an error message need.  Values are doubles; a
// choice is the index into `choices`, a boolean 0 or 1.  Text form, one line each: "key\tvalue\n" (choices by name).
#ifndef GENPLAY_KNOB_H
#define GENPLAY_KNOB_H

#include <stdbool.h>

typedef enum { KNOB_NUMBER, KNOB_INTEGER, KNOB_CHOICE, KNOB_BOOLEAN } KnobType;
typedef enum { SCALE_LINEAR, SCALE_LOG } KnobScale;

typedef struct {
    const char *key, *title;       // as the API spells it; as a menu shows it
    KnobType type;
    double points, image;          // default, by the kind of data (the same number twice where it does not depend on it)
    double min, max;               // accepted, ends included (choice, boolean: ignored)
    const char *choices;           // choice: "adam|rmsprop|sgd"
    KnobScale scale;
    bool live;                     // may change while training; otherwise a change starts the run anew
    const char *group;             // heading in menus: "network", "training", ...
    const char *help;              // one sentence, with the paper where it matters
} Knob;

#define KNOBS_END { .key = NULL }  // every table ends with it
enum { KNOBS_MAX = 32 };           // rows in one table at most

int knob_count(const Knob *table);
int knob_find(const Knob *table, const char *key);              // index, or -1
int knob_n_choices(const Knob *k);
// Copies choice number i into text[32].
void knob_choice(const Knob *k, int i, char text[32]);

// Sets value[] to the defaults for points (image = false) or images.
void knobs_default(const Knob *table, bool image, double *value);

// Reads one value from its text.  False: fail(ERROR_BAD_ARGUMENT) with `what` (a model's or verb's name), the key, the text and
// what is accepted; *value keeps what it had.
bool knob_read(const Knob *k, const char *what, const char *text, double *value);

// Reads lines "key\tvalue\n" over what value[] holds.  An unknown key fails and names the keys there are.  All or nothing.
bool knobs_read(const Knob *table, const char *what, const char *lines, double *value);

// Writes a value as knob_read takes it, shortest form, into text[32].
void knob_write(const Knob *k, double value, char text[32]);

#endif
