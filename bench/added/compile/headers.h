/* Where this program's headers are. */
#ifndef LOCKSTEP_BENCH_ADDED_COMPILE_HEADERS_H
#define LOCKSTEP_BENCH_ADDED_COMPILE_HEADERS_H

#include <limits.h>

/* The folders that <lockstep/implementation.h> and "common/problem.h" are found in, of the build or
 * of the installed program. How many there are: 0 where the headers are not installed. */
enum { HEADER_FOLDERS_MAX = 2 };
int headers_find(char folders[HEADER_FOLDERS_MAX][PATH_MAX]);

#endif
