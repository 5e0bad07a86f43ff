/* The names of an executable's symbols. */
#ifndef LOCKSTEP_BENCH_COMMANDS_ELF_SYMBOLS_H
#define LOCKSTEP_BENCH_COMMANDS_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a symbol's name begins so. False for what is no ELF file of 64 bits, has no such table of
 * symbols (strip takes it out), or is malformed. */
bool elf_symbols_begin(const unsigned char *bytes, size_t size, const char *prefix);

#endif
