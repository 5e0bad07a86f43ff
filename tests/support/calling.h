/* Calling the program as its users do, each call in a folder of the test's own, with what it
 * printed and how it ended.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_CALLING_H
#define LOCKSTEP_TESTS_SUPPORT_CALLING_H

#include "tests/support/temporary.h"

#include <limits.h>
#include <sys/resource.h>
#include <sys/types.h>

struct calling {
    char program[PATH_MAX];
    struct temporary place; /* the working directory of every call */
};

/* LOCKSTEP names the program; without it, it lies one folder above the test. */
void calling_open(struct calling *calling);
void calling_close(struct calling *calling);

/* A test's own place, and a test in it: TEST_IN_PLACE(name) opens it before the test and closes it
 * behind it. */
extern struct calling here;
int place_enter(void **state);
int place_leave(void **state);
#define TEST_IN_PLACE(test) TEST_BETWEEN(test, place_enter, place_leave)

struct call {
    pid_t process;
    int status;      /* exit status, or 256 + the signal that ended it */
    char *out, *err; /* what it printed */
};

/* What is out of the ordinary in a call. */
struct call_limits {
    rlim_t file_bytes; /* no file may be larger, and writing beyond is an error; 0: any size */
    int output;        /* a descriptor that its standard output goes to; 0: a file, for `out` */
    unsigned seconds;  /* a signal ends it when it takes longer; 0: it may take any time */
    const char *const *variables; /* "NAME=VALUE" each, ended by NULL, set for it; may be NULL */
    void (*prepare)(void); /* called in the new process, last before the program; may be NULL */
};

/* Runs the program with `arguments`, which end with NULL. No GPU and no terminal are there. */
struct call call_of(const struct calling *calling, const char *const *arguments);
#define CALL(...) call_of(&here, (const char *const[]){__VA_ARGS__, NULL})

/* The same in two steps. */
struct call call_start(const struct calling *calling, const char *const *arguments,
                       const struct call_limits *limits);
void call_wait(const struct calling *calling, struct call *call);

void call_free(struct call *call);

/* Each fails the test when it is otherwise. */
void check_status(const struct call *call, int status);
void check_holds(const char *text, const char *words);

/* The same of a call that is over, with words of its output and of its errors, NULL for any. Frees
 * it. */
void check_call(struct call call, int status, const char *out, const char *err);

/* How often `words`, which are some, stand in `text`. */
int text_count(const char *text, const char *words);

#endif
