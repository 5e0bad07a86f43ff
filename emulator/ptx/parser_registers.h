/* Declarations of registers. */
#ifndef LOCKSTEP_EMULATOR_PTX_PARSER_REGISTERS_H
#define LOCKSTEP_EMULATOR_PTX_PARSER_REGISTERS_H

#include "emulator/ptx/parser_tokens.h"

/* `name.element` */
const char *parser_join_name(struct parser *parser, const char *name, const char *element);
/* NULL where the name is not that of a vector. */
const struct syntax_symbol *parser_find_vector(const struct parser *parser, const char *name);
/* The name of a vector stands for its elements. */
void parser_expand_vector(struct parser *parser, struct syntax_operand *operand);
/* Gives the symbol registers of its function. One of 128 bits is two: the upper halves stand behind
 * the lower ones. */
void parser_add_registers(struct parser *parser, const struct syntax_type *type,
                          struct syntax_symbol *symbol, unsigned long long count,
                          struct source_place place);
/* The registers of a vector of `size` elements, each with a name of its own. */
void parser_add_vector(struct parser *parser, const struct syntax_type *type,
                       struct syntax_symbol *symbol, unsigned size, struct source_place place);
/* A declaration from behind `.reg` to its semicolon. */
void parser_registers(struct parser *parser);

#endif
