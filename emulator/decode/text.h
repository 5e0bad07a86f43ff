/* What the text of the current instruction says. */
#ifndef LOCKSTEP_EMULATOR_DECODE_TEXT_H
#define LOCKSTEP_EMULATOR_DECODE_TEXT_H

#include "emulator/decode/decoder.h"

const struct syntax_instruction *decoder_source(const struct decoder *decoder);
/* Its root and modifiers, as the row has them. */
void decoder_spell(const struct decoder *decoder, char *text, size_t size);
/* Refuses the instruction: `what` is wrong in it. */
_Noreturn void decoder_fail(struct decoder *decoder, const char *what);
/* Gives the instruction up: it is right, but the emulator lacks it. Kernels that may come to it are
 * refused when they are launched; `what` says what is lacking. */
_Noreturn void decoder_lack(struct decoder *decoder, const char *what);
/* Operand number `index`; fails where there are fewer. */
const struct syntax_operand *decoder_operand(struct decoder *decoder, size_t index);
void decoder_expect_operands(struct decoder *decoder, size_t count);
bool decoder_has_modifier(const struct decoder *decoder, const char *modifier);
/* The last type among the modifiers; fails where there is none. */
const struct syntax_type *decoder_type(struct decoder *decoder);
/* The state space among the modifiers; generic where there is none. */
enum state_space decoder_space(const struct decoder *decoder);

#endif
