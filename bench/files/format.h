/* Numbers as people read them. */
#ifndef LOCKSTEP_BENCH_FILES_FORMAT_H
#define LOCKSTEP_BENCH_FILES_FORMAT_H

#include <stddef.h>

/* "1.23 ms" and the like, three digits, for seconds >= 0. */
void format_seconds(double seconds, char *text, size_t size);

#endif
