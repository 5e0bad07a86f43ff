/* What was built, with what: the Makefile passes it to this file alone. */
#include "bench/devices/build_info.h"

const char build_version[] = "0.1.0";
const char build_commit[] = LOCKSTEP_COMMIT;
const char build_flags[] = LOCKSTEP_FLAGS;
#ifdef __clang__
const char build_compiler[] = "clang " __clang_version__;
#else
const char build_compiler[] = "gcc " __VERSION__;
#endif
