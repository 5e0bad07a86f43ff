/* Constant expressions. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_EXPRESSION_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_EXPRESSION_H

#include "emulator/ptx/parser_tokens.h"

struct parser_constant {
    uint64_t bits; /* an integer, or those of a double */
    bool is_float;
};

struct parser_constant parser_constant(struct parser *parser);
/* Of integers alone. */
int64_t parser_expression(struct parser *parser);

#endif
