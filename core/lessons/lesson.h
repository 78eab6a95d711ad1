// lesson.h -- exercises: exact numbers and their picture, with no model and no training.
//
// A lesson is one file in core/lessons/ and one row in lessons.def: a view (view.h) that is computed without a run, and what a student reads.
// The run that its functions get is NULL.  Its arrays must have `table` [rows,columns], f64, NaN where a cell is empty.
#ifndef GENPLAY_LESSON_H
#define GENPLAY_LESSON_H

#include "view/view.h"

enum { LESSON_ROWS = 8, LESSON_KEY = 6 };

typedef struct {
    ViewDef view;                                      // its id, title, options and functions are the lesson's
    const char *summary;                               // one sentence
    const char *about;                                 // as a model's: paragraphs, `## ` headings, formulas in $...$
    const char *rows[LESSON_ROWS + 1], *columns[LESSON_ROWS + 1];      // titles of the table's, ended by NULL
    struct { Role role; const char *text; } key[LESSON_KEY];           // what the colours mean, ended by a text NULL
} Lesson;

extern const Lesson *const lesson_defs[];
extern const int n_lesson_defs;
const Lesson *lesson_find(const char *id);             // NULL when there is none

#endif
