/* The executor's hot files are compiled once for each instruction set; EXECUTOR_SUFFIX names the
 * build. */
#ifndef LOCKSTEP_EMULATOR_EXECUTE_ISA_H
#define LOCKSTEP_EMULATOR_EXECUTE_ISA_H

#include "emulator/decode/instruction_set.h"

#ifndef EXECUTOR_SUFFIX
#    define EXECUTOR_SUFFIX baseline
#endif
#define EXECUTOR_JOIN(name, suffix) name##_##suffix
#define EXECUTOR_JOIN_EXPANDED(name, suffix) EXECUTOR_JOIN(name, suffix)
#define EXECUTOR_BUILD(name) EXECUTOR_JOIN_EXPANDED(name, EXECUTOR_SUFFIX)

#define EXECUTOR_TABLE(name)                                                                       \
    extern const struct instruction_table EXECUTOR_BUILD(name);                                    \
    const struct instruction_table EXECUTOR_BUILD(name) = {rows, sizeof rows / sizeof rows[0]}

#endif
