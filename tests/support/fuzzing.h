/* The fuzzer's targets: each takes any bytes, and nothing may crash, hang or leak. libFuzzer drives
 * them (make fuzz); a test replays the kept corpus of each with any compiler.
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_FUZZING_H
#define LOCKSTEP_TESTS_SUPPORT_FUZZING_H

#include <stddef.h>
#include <stdint.h>

typedef int fuzz_target(const uint8_t *data, size_t size);

/* What lockstep reads: bytes as a file of that kind. */
fuzz_target fuzz_csv;         /* results.csv, and any CSV by its header */
fuzz_target fuzz_environment; /* environment.json of a run's folder */
fuzz_target fuzz_history;     /* the SQLite file */
fuzz_target fuzz_tuning;      /* tuning.csv */
fuzz_target fuzz_weights;     /* safetensors, and the format of earlier versions */
fuzz_target fuzz_idx;         /* one of the four files of a data set */
/* Words, one a line: the command and its arguments. Nothing is measured. */
fuzz_target fuzz_command_line;

/* What the emulated GPU reads. */
fuzz_target fuzz_ptx;       /* PTX; what loads is launched for a short while */
fuzz_target fuzz_fatbin;    /* a fat binary */
fuzz_target fuzz_execution; /* edits of a kept kernel, which is launched on buffers */

/* Calls the target with each file of tests/data/corpus/NAME, from as much memory as it has bytes. A
 * folder without files fails the cmocka test. */
void corpus_replay(const char *name, fuzz_target *target);

#endif
