/* What a program is decoded to: the rows of the executor, which the decoder searches first, the
 * lane operations behind them, and the handlers that it picks by itself. */
#ifndef LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_SET_H
#define LOCKSTEP_EMULATOR_DECODE_INSTRUCTION_SET_H

#include "emulator/lanes/lanes.h"

#include <stddef.h>
#include <stdint.h>

struct warp;
struct instruction;

typedef void instruction_handler(struct warp *warp, const struct instruction *instruction);

/* Beside those of enum operation_flag. */
enum row_flag {
    ROW_CONTROL = 16,       /* may change the program counter or the mask, or has to wait */
    ROW_ENDS = 32,          /* what comes behind it does not follow, unless it is guarded */
    ROW_COMMUNICATES = 64,  /* the order of blocks can show in what it gives */
    ROW_COMMUTES = 128,     /* … unless its result is not used */
    ROW_NEGATES = 256,      /* takes negated predicates */
    ROW_BEFORE_70 = 512,    /* for targets before sm_70 alone */
    ROW_TAKES_STACK = 1024, /* takes memory of the stack beside that of frames */
    ROW_TAKES_NAMES = 2048, /* of variables, for their addresses */
    ROW_OF_WORDS = 4096,    /* where the last operand is a register of 32 bits */
};

/* How the operands of a row are decoded. */
enum row_decode {
    DECODE_PLAIN,    /* as their letters say */
    DECODE_MEMORY,   /* ld, st, atom, red: the type is that of the access, registers may be wider */
    DECODE_UNTYPED,  /* cp.async, mbarrier: the instruction itself says how wide its access is */
    DECODE_MATRIX,   /* ldmatrix, stmatrix */
    DECODE_FRAGMENT, /* wmma.load, wmma.store */
    DECODE_WARPGROUP, /* wgmma.mma_async */
    DECODE_TENSOR,    /* tcgen05 */
    DECODE_TEXTURE,   /* tex, tld4 */
    DECODE_SURFACE,   /* suld, sust */
    DECODE_PREFETCH,  /* any, and all ignored */
    DECODE_BRANCH,
    DECODE_INDEXED_BRANCH,
    DECODE_CALL,
    DECODE_MOVE,
};

struct instruction_row {
    const char *pattern;
    const char *operands;
    instruction_handler *execute;
    uint16_t variant; /* what the handler makes of it */
    uint16_t flags;   /* enum operation_flag, enum row_flag */
    uint8_t decode;   /* enum row_decode */
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
    instruction_handler *move_vector;             /* mov of each element of a vector */
    instruction_handler *move_clock;              /* mov of a register that counts */
    instruction_handler *move_local; /* mov of an address that differs from frame to frame */
    instruction_handler *lacking;    /* what the emulator lacks */
};

struct instruction_set {
    const struct instruction_table *const *tables; /* ends with NULL, as does the next */
    const struct lane_table *const *lane_tables;
    const struct generic_handlers *handlers;
};

#endif
