/* The bodies of functions. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_BODY_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_BODY_H

#include "emulator/ptx/parser_tokens.h"

/* From `{` to its `}`. */
void parser_body(struct parser *parser, struct syntax_function *function);

#endif
