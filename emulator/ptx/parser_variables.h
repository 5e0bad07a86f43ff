/* Declarations of variables and parameters. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_VARIABLES_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_VARIABLES_H

#include "emulator/ptx/parser_tokens.h"

struct linkage {
    bool is_extern, is_visible, is_weak, is_common;
};

/* Enters a name into the current scope, or fails where it is there. */
struct syntax_symbol *parser_declare(struct parser *parser, const char *name,
                                     struct source_place place);
bool parser_take_space(struct parser *parser, enum state_space *space);
/* `.attribute(…)`, of which .managed alone matters here; false when there is none. */
bool parser_take_attribute(struct parser *parser, bool *is_managed);
/* A variable declaration from behind its state space to its semicolon. */
void parser_variables(struct parser *parser, struct linkage linkage, enum state_space space);
/* Gives the current function a variable. */
void parser_add_variable(struct parser *parser, struct syntax_variable *variable);
/* `(.param .b32 a, …)`; nothing when there is no parenthesis. */
void parser_formals(struct parser *parser, struct syntax_variable ***list, size_t *count);

#endif
