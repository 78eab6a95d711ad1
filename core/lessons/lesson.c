#include "lessons/lesson.h"

#include <string.h>

#define LESSON(name) extern const Lesson lesson_##name;
#include "lessons/lessons.def"
#undef LESSON

const Lesson *const lesson_defs[] = {
#define LESSON(name) &lesson_##name,
#include "lessons/lessons.def"
#undef LESSON
};
const int n_lesson_defs = sizeof lesson_defs / sizeof *lesson_defs;

const Lesson *lesson_find(const char *id) {
    for (int i = 0; i < n_lesson_defs; i++)
        if (!strcmp(lesson_defs[i]->view.id, id)) return lesson_defs[i];
    return NULL;
}
