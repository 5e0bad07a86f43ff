/* C++ names of kernels, as compilers write them into an image (Itanium C++ ABI, "Mangling"). */
#ifndef LOCKSTEP_BENCH_ADDED_MANGLED_H
#define LOCKSTEP_BENCH_ADDED_MANGLED_H

#include <stdbool.h>

/* Whether `symbol` of an image is what the source calls `name`: `mine`, `ns::mine` or
 * `mine<128, 8, float>`. Of template arguments the whole numbers and booleans are compared, in
 * their order; types are not. */
bool mangled_is(const char *symbol, const char *name);

#endif
