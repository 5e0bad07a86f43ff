/* Which registers and literals an operand may be, as the assembler has it. */
#ifndef LOCKSTEP_EMULATOR_DECODE_OPERAND_CLASS_H
#define LOCKSTEP_EMULATOR_DECODE_OPERAND_CLASS_H

#include "emulator/decode/decoder.h"

/* Refuses a register that was declared as an integer where the instruction has floats, and the
 * other way round (PTX ISA 9.4.1). One of bits is of any type. Looks at computing instructions and
 * moves. */
void operand_class_check(struct decoder *decoder, const struct syntax_operand *operand,
                         const struct syntax_type *declared, bool is_to);
/* The same for what is loaded or stored. */
void operand_class_check_value(struct decoder *decoder, const struct syntax_operand *operand,
                               const struct syntax_type *declared);
/* What an element of a vector is declared or written as; NULL for one of bits, which goes with all. */
const char *operand_class_name(const struct syntax_operand *operand,
                               const struct syntax_type *declared);
/* A literal of another kind than the instruction's operand, of the letter (lanes.h), is refused. */
void operand_class_check_literal(struct decoder *decoder, enum operand_kind literal, char letter);
/* A variable whose name is the first address is in the instruction's space, and one that a generic
 * access names is not in .const or .param. */
void operand_class_check_space(struct decoder *decoder, enum state_space space);
/* Hints to caches that exclude each other, sizes of copies, and results that have to be `_`. */
void operand_class_check_memory(struct decoder *decoder);
/* Whether the first or the last type that the instruction names is one of floats. */
bool operand_class_has_floats(const struct decoder *decoder);

#endif
