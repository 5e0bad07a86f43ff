/* What was built, with what. */
#ifndef LOCKSTEP_BENCH_DEVICES_BUILD_INFO_H
#define LOCKSTEP_BENCH_DEVICES_BUILD_INFO_H

extern const char build_version[];  /* of lockstep */
extern const char build_commit[];   /* git's hash, with "-dirty" where files differ; or "unknown" */
extern const char build_compiler[]; /* name and version */
extern const char build_flags[];

#endif
