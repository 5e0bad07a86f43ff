/* Libraries that a build may lack. */
#include "bench/operations/libraries.h"
#include "reference/libraries.h"

#include <stddef.h>

static const char not_built[] = "its library was not there when this was built";

const char *blis_availability(const struct bench_case *bench_case) {
    (void)bench_case;
    return blis_absent() ? not_built : NULL;
}

const char *onednn_availability(const struct bench_case *bench_case) {
    (void)bench_case;
    return onednn_absent() ? not_built : NULL;
}
