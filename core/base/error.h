// error.h -- one sticky message for everything that a caller did wrong.
//
// Nothing in core/ prints, exits or aborts.  A function that can fail returns false (or NULL) after calling fail();
// the first failure is kept until error_clear(), so a chain of consequences reports its cause.  The message names
// the argument, what it was and what is accepted, in words that a user of the page can read.
#ifndef GENPLAY_ERROR_H
#define GENPLAY_ERROR_H

#include <stdbool.h>

typedef enum {
    ERROR_NONE,
    ERROR_BAD_ARGUMENT,   // "bad-argument": a value that is not accepted
    ERROR_UNSUPPORTED,    // "unsupported": this model or build cannot do that
    ERROR_BAD_FILE,       // "bad-file": bytes that are not what they claim to be
    ERROR_OUT_OF_MEMORY,  // "out-of-memory": over the ceiling, with the numbers
    ERROR_DIVERGED,       // "diverged": training left the finite numbers
} ErrorCode;

#if defined(__GNUC__)
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

// Keeps the code and message unless one is kept already.  Always returns false, so that `return fail(...)` reads well.
bool fail(ErrorCode code, const char *format, ...) PRINTF_LIKE(2, 3);

// Forgets the message.  Called on the way into every function of the library's front door.
void error_clear(void);

ErrorCode error_code(void);          // ERROR_NONE when nothing failed since error_clear()
const char *error_name(void);        // the code as the API spells it, "" when nothing failed
const char *error_message(void);     // "" when nothing failed; valid until the next fail() or error_clear()

#endif
