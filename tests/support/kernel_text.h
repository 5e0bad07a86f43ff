/* The text of a kernel that a test writes piece by piece. */
#ifndef LOCKSTEP_TESTS_SUPPORT_KERNEL_TEXT_H
#define LOCKSTEP_TESTS_SUPPORT_KERNEL_TEXT_H

#include <stddef.h>

enum { TEXT_BYTES = 1 << 15 };

struct text {
    char at[TEXT_BYTES];
    size_t length;
};

/* Fails the test where there is no room. */
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
