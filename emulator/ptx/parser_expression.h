/* Constant expressions of integers. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_EXPRESSION_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_EXPRESSION_H

#include "emulator/ptx/parser_tokens.h"

int64_t parser_expression(struct parser *parser);

#endif
