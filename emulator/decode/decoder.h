/* The state of decoding, which all files here share. */
#ifndef LOCKSTEP_EMULATOR_DECODE_DECODER_H
#define LOCKSTEP_EMULATOR_DECODE_DECODER_H

#include "emulator/decode/program.h"

#include <setjmp.h>

/* A slot field that waits for the place of a virtual register. */
struct register_use {
    uint32_t *slot;
    uint32_t number;
    uint32_t instruction; /* within the function */
    bool is_definition, is_guarded;
};

struct constant_entry {
    uint64_t bits;
    uint32_t width; /* 1, 32 or 64; 0 for an integer seen by an operation as int64_t */
    uint32_t slot;
};

struct call_edge {
    struct program_function *from, *to; /* to: NULL for an indirect call */
};

struct decoder {
    struct source *source;
    struct syntax_module *syntax;
    struct program *program;
    const struct instruction_set *set;

    struct constant_entry *constants;
    size_t constant_count, constant_capacity;
    uint32_t *constant_index; /* open addressing over constants, 0: empty, else 1 + number */
    size_t constant_index_size;
    uint32_t constant_bytes;
    struct call_edge *edges;
    size_t edge_count, edge_capacity;

    struct program_function *function; /* the one being decoded */
    jmp_buf lacking;                   /* decoding goes on here behind what the emulator lacks */
    struct instruction *instruction;
    struct detail *detail;
    size_t to_limit, from_limit; /* operands that the detail has room for */
    uint32_t number;             /* of the instruction within the function */
    struct register_use *uses;
    size_t use_count, use_capacity;
    uint32_t *widths; /* of virtual registers: 1, 32 or 64 bits of slot */
    size_t register_count, register_capacity;
    uint32_t carry; /* the virtual register that is CC.CF, or UINT32_MAX */
    uint32_t area_bytes;
};

#endif
