/* How values come to functions and back. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_CALL_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_CALL_H

#include "emulator/ptx/parser_tokens.h"

/* Adds an instruction to the function. */
void parser_append(struct parser *parser, const struct syntax_instruction *instruction);
/* Adds a call, whose operands are rewritten so that all that is passed are .param variables. */
void parser_call(struct parser *parser, struct syntax_instruction *call);
/* Adds a return, behind stores of the results that are registers. */
void parser_return(struct parser *parser, const struct syntax_instruction *instruction);
/* Declares the parameters of the function in its scope, and loads those that are registers. */
void parser_begin_function(struct parser *parser);
/* What stands behind the last instruction of a function. */
void parser_end_function(struct parser *parser);

#endif
