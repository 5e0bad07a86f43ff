/* The syntax tree of a PTX module (PTX ISA 9.0). Everything lives in the module's arena; texts end
 * with NUL. */
#ifndef LOCKSTEP_EMULATOR_PTX_SYNTAX_H
#define LOCKSTEP_EMULATOR_PTX_SYNTAX_H

#include "emulator/ptx/source.h"

#include <stdbool.h>
#include <stdint.h>

enum type_kind { TYPE_BITS, TYPE_UNSIGNED, TYPE_SIGNED, TYPE_FLOAT, TYPE_PREDICATE, TYPE_OTHER };

struct syntax_type {
    const char *name;
    enum type_kind kind;
    unsigned bits; /* 1 for pred */
};

/* NULL when the name is no type. */
const struct syntax_type *syntax_find_type(const char *name, size_t length);

enum state_space {
    SPACE_GENERIC,
    SPACE_GLOBAL,
    SPACE_CONST,
    SPACE_SHARED,
    SPACE_LOCAL,
    SPACE_PARAM
};

struct syntax_scope;

/* One element of an initialiser: a number, or the address of a symbol plus a number. */
struct syntax_value {
    uint64_t bits;
    bool is_float;
    const char *symbol;               /* NULL for a number */
    const struct syntax_scope *scope; /* where the symbol is looked for */
    unsigned mask_byte; /* mask(): which byte of the address, counted by its shift in bits */
    bool masked;
    struct source_place place;
};

/* What stands for an image or for how one is read: a program knows its handle, which lies in it, by
 * name alone. */
enum syntax_opaque { OPAQUE_NONE, OPAQUE_TEXTURE, OPAQUE_SAMPLER, OPAQUE_SURFACE };

struct syntax_variable {
    const char *name;
    enum state_space space;
    const struct syntax_type *type;
    size_t alignment, size; /* bytes; size 0 for an array of unknown size */
    bool is_extern, is_visible, is_weak, is_common;
    bool is_managed; /* .attribute(.managed) */
    struct syntax_value *values;
    size_t value_count;
    struct source_place place;
    uint64_t address; /* an offset in its space; for global and const an address, once placed */
    bool placed;
    enum syntax_opaque opaque;
    unsigned vector;  /* elements of .v2 and .v4; else 1 */
    bool is_register; /* a .reg parameter of a function */
    bool is_on_stack; /* a function's parameter or result whose address is taken, */
    uint64_t stack;   /* and where it lies among the function's local variables */
};

enum operand_kind {
    OPERAND_NAME,
    OPERAND_INTEGER,
    OPERAND_FLOAT32,
    OPERAND_FLOAT64,
    OPERAND_ADDRESS,
    OPERAND_TEXTURE, /* [name, {coordinates}]; also with a sampler between */
    OPERAND_VECTOR,
    OPERAND_LIST,
    OPERAND_SINK
};

struct syntax_operand {
    enum operand_kind kind;
    const char *name;             /* NAME; ADDRESS when it has a base name */
    int64_t integer;              /* INTEGER and floats' bits; NAME and ADDRESS: the offset */
    bool negated;                 /* !p */
    bool is_minus;                /* -r, of video instructions */
    const char *selector;         /* b1 of r.b1, of video instructions; NULL without */
    struct syntax_operand *items; /* VECTOR, LIST, TEXTURE */
    size_t item_count;
    struct syntax_operand *second; /* p|q */
    struct source_place place;
};

/* A place in a source file; where code was inlined, with the call that it stands for. */
struct syntax_site {
    unsigned file, line, column;
    const struct syntax_site *caller;
};

struct syntax_instruction {
    const char *root;
    const char **modifiers;
    size_t modifier_count;
    const char *guard;
    bool guard_negated;
    struct syntax_operand *operands;
    size_t operand_count;
    struct syntax_scope *scope;
    struct source_place place;
    unsigned source_file, source_line; /* of .loc; 0 when unknown */
    const struct syntax_site *caller;  /* where that was inlined; NULL: nowhere */
};

struct syntax_function;

enum symbol_kind {
    SYMBOL_REGISTER,
    SYMBOL_REGISTERS,
    SYMBOL_VECTOR, /* .reg .v4: its elements are registers of the names `v.x` … */
    SYMBOL_VARIABLE,
    SYMBOL_FUNCTION,
    SYMBOL_LABEL,
    SYMBOL_TARGETS,
    SYMBOL_PROTOTYPE
};

struct syntax_symbol {
    const char *name;
    enum symbol_kind kind;
    unsigned index; /* REGISTER, REGISTERS: the first one's number; LABEL: of its instruction */
    unsigned count; /* REGISTERS, TARGETS, VECTOR: how many */
    struct syntax_variable *variable;
    struct syntax_function *function; /* FUNCTION and PROTOTYPE */
    const char **targets;             /* TARGETS */
    struct syntax_symbol *next;       /* in its bucket */
};

struct syntax_scope {
    struct syntax_scope *outer;
    struct syntax_symbol **buckets;
    size_t bucket_count, symbol_count;
};

struct syntax_register {
    const struct syntax_type *type;
};

struct syntax_function {
    const char *name;
    bool is_entry, is_defined, is_extern, is_visible, is_weak;
    unsigned target; /* of its unit, as those of the module */
    char features;
    struct syntax_variable **parameters, **results;
    size_t parameter_count, result_count;
    unsigned max_block[3], required_block[3], min_blocks, max_registers;
    unsigned required_cluster[3], max_cluster_rank; /* 0: not said */
    bool has_explicit_clusters;                     /* a launch has to say how many blocks */
    bool has_grid_of_clusters;                      /* a launch says how many clusters */
    struct syntax_instruction *instructions;
    size_t instruction_count, instruction_capacity;
    struct syntax_register *registers;
    size_t register_count, register_capacity;
    struct syntax_variable **variables; /* declared in the body, in any space */
    size_t variable_count, variable_capacity;
    struct syntax_scope *scope;
    struct source_place place;
    void *decoded; /* struct program_function, once decoded */
};

struct syntax_module {
    unsigned version; /* 90 for 9.0 */
    unsigned target;  /* 80 for sm_80 */
    char features;    /* 'a' of sm_90a, 'f' of sm_100f, NUL for neither */
    struct syntax_scope *scope;
    struct syntax_variable **variables;
    size_t variable_count, variable_capacity;
    struct syntax_function **functions;
    size_t function_count, function_capacity;
    const char **files; /* by number of .file */
    size_t file_count;
};

/* Leaves through source->failure when the text is wrong. */
struct syntax_module *syntax_parse(struct source *source, const char *text, size_t length);

/* Looks in the scope, then outwards. For `%r5` of `.reg .b32 %r<10>`: the symbol, and the
 * register's number in *index. */
struct syntax_symbol *scope_find(const struct syntax_scope *scope, const char *name,
                                 unsigned *index);
/* NULL when the name is already in this very scope. */
struct syntax_symbol *scope_add(struct source *source, struct syntax_scope *scope,
                                const char *name);
struct syntax_scope *scope_open(struct source *source, struct syntax_scope *outer);

#endif
