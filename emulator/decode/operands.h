/* Resolves operands to slots of registers, constants and special registers. */
#ifndef LOCKSTEP_EMULATOR_DECODE_OPERANDS_H
#define LOCKSTEP_EMULATOR_DECODE_OPERANDS_H

#include "emulator/decode/decoder.h"

/* The letter (lanes.h) of a type. */
char decoder_type_letter(const struct syntax_type *type);
uint32_t decoder_new_register(struct decoder *decoder, uint32_t width);
/* Adds a destination / source of the letter's kind (lanes.h) to the current instruction. */
void decoder_add_to(struct decoder *decoder, const struct syntax_operand *operand, char letter);
void decoder_add_from(struct decoder *decoder, const struct syntax_operand *operand, char letter);
/* A register by its number, of 64 bits. */
void decoder_add_register(struct decoder *decoder, uint32_t number, bool is_definition);
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
/* Bits of the register an operand names, 0 when it is no register. */
unsigned decoder_register_bits(struct decoder *decoder, const struct syntax_operand *operand,
                               const struct syntax_type **type);

#endif
