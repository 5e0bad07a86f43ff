/*
 * From the syntax tree to a program. decode.c walks the module, decode_operands.c resolves names to
 * slots, decode_special.c knows the instructions whose operands are not plain, layout.c places
 * variables, allocate.c gives registers their slots.
 */
#ifndef LOCKSTEP_EMULATOR_DECODE_DECODER_H
#define LOCKSTEP_EMULATOR_DECODE_DECODER_H

#include "emulator/decode/program.h"

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
    struct instruction *instruction;
    struct detail *detail;
    uint32_t number; /* of the instruction within the function */
    struct register_use *uses;
    size_t use_count, use_capacity;
    uint32_t *widths; /* of virtual registers: 1, 32 or 64 bits of slot */
    size_t register_count, register_capacity;
    uint32_t carry; /* the virtual register that is CC.CF, or UINT32_MAX */
    uint32_t area_bytes;
};

/* Decodes everything. `place_variable` gives each .global and .const variable its address before.
 */
struct program *decode_program(struct source *source, struct syntax_module *syntax,
                               const struct instruction_set *set);

/* decode_operands.c */
enum { REGISTER_NONE = UINT32_MAX };
uint32_t decoder_constant(struct decoder *decoder, uint64_t bits, uint32_t width);
uint32_t decoder_new_register(struct decoder *decoder, uint32_t width);
const struct syntax_instruction *decoder_source(const struct decoder *decoder);
/* Adds a destination / source of the letter's kind (lanes.h) to the current instruction. */
void decoder_add_to(struct decoder *decoder, const struct syntax_operand *operand, char letter);
void decoder_add_from(struct decoder *decoder, const struct syntax_operand *operand, char letter);
void decoder_add_carry(struct decoder *decoder, bool is_definition);
void decoder_set_guard(struct decoder *decoder);
void decoder_reserve_operands(struct decoder *decoder, size_t to, size_t from);
/* Constant slot as source; the width is 1, 32 or 64. */
void decoder_add_constant(struct decoder *decoder, uint64_t bits, uint32_t width);
void decoder_add_special(struct decoder *decoder, enum special_register special);
struct syntax_symbol *decoder_find(struct decoder *decoder, const struct syntax_operand *operand,
                                   unsigned *index);
/* The value of a variable's or function's name: its address within its space. False when it depends
 * on the thread. */
uint64_t decoder_symbol_value(struct decoder *decoder, const struct syntax_symbol *symbol,
                              const struct syntax_operand *operand, bool *is_dynamic_shared);
bool decoder_find_special(struct decoder *decoder, const char *name, unsigned *special);
/* Bits of the register an operand names, 0 when it is no register. */
unsigned decoder_register_bits(struct decoder *decoder, const struct syntax_operand *operand,
                               const struct syntax_type **type);

/* decode_special.c: one for each enum row_decode except plain */
void decode_memory(struct decoder *decoder, const struct instruction_row *row);
void decode_fragment(struct decoder *decoder);
void decode_branch(struct decoder *decoder);
void decode_indexed_branch(struct decoder *decoder);
void decode_call(struct decoder *decoder);
void decode_move(struct decoder *decoder);
void decode_plain(struct decoder *decoder, const char *operands);
_Noreturn void decoder_fail(struct decoder *decoder, const char *what);

/* layout.c */
void layout_areas(struct decoder *decoder, struct program_function *function);
void layout_shared(struct decoder *decoder);
void layout_locals(struct program_function *function);

/* allocate.c: gives every use of the current function its slot, and the frame its size */
void allocate_registers(struct decoder *decoder);

#endif
