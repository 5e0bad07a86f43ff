/* Directives that may stand in a module and in a body alike. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_DIRECTIVES_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_DIRECTIVES_H

#include "emulator/ptx/parser_tokens.h"

/* .pragma .loc .file .section; false when it is none of them. */
bool parser_common_directive(struct parser *parser);

#endif
