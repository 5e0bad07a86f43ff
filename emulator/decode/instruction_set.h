/*
 * What a program is decoded to: the rows of the executor, which the decoder searches first, the lane
 * operations behind them, and the handlers that it picks by itself.
 */
#ifndef LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_SET_H
#define LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_SET_H

#include "emulator/lanes/lanes.h"

#include <stddef.h>
#include <stdint.h>

struct warp;
struct instruction;

typedef void instruction_handler(struct warp *warp, const struct instruction *instruction);

enum row_flag {
    ROW_CONTROL = 1, /* may change the program counter or the mask, or has to wait */
    ROW_FMA = 2,
    ROW_TENSOR = 4,
    ROW_COMMUNICATES = 8, /* the order of blocks can show in what it gives */
    ROW_NEGATES = 32,     /* takes negated predicates */
    ROW_COMMUTES = 16,    /* … unless its result is not used */
};

enum row_decode {
    DECODE_PLAIN,
    DECODE_MEMORY,
    DECODE_MATRIX,
    DECODE_FRAGMENT,
    DECODE_PREFETCH,
    DECODE_BRANCH,
    DECODE_INDEXED_BRANCH,
    DECODE_CALL,
    DECODE_MOVE,
};

struct instruction_row {
    const char *pattern;
    const char *operands;
    instruction_handler *execute;
    uint16_t variant;
    uint8_t flags;
    uint8_t decode;
};

struct instruction_table {
    const struct instruction_row *rows;
    size_t count;
};

struct generic_handlers {
    instruction_handler *guarded;        /* any instruction, for the lanes of its guard */
    instruction_handler *lanes;          /* a lane operation */
    instruction_handler *lanes_in_place; /* the same where no destination is a source */
    instruction_handler *convert;        /* the same with registers wider than its types */
    instruction_handler *setp_combined;  /* setp with a boolean operator or a second result */
    instruction_handler *move_pack, *move_unpack; /* mov from and to a vector */
    instruction_handler *move_clock;              /* mov of a register that counts */
    instruction_handler *move_local; /* mov of an address that differs from frame to frame */
};

struct instruction_set {
    const struct instruction_table *const *tables; /* ends with NULL, as does the next */
    const struct lane_table *const *lane_tables;
    const struct generic_handlers *handlers;
};

#endif
