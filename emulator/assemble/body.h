/* A function as the analyses see it: its instructions, and what writes each register. */
#ifndef LOCKSTEP_EMULATOR_ASSEMBLE_BODY_H
#define LOCKSTEP_EMULATOR_ASSEMBLE_BODY_H

#include "emulator/decode/program.h"

struct body {
    struct source *source;
    const struct program *program;
    const struct program_function *function;
    const struct instruction *code; /* function->count of them */
    const bool *leads;              /* which begin a basic block; one more than instructions */
    uint32_t *writes, *writer;      /* by register: how many instructions write it, and the last */
    uint32_t *reader_begin;         /* by register, one more: where its readers begin among */
    uint32_t *readers;              /* the instructions that read registers, guards among them */
};

struct body body_open(struct source *source, const struct program *program,
                      const struct program_function *function);

/* Is the root of the instruction's name `root`? */
bool body_is(const struct instruction *instruction, const char *root);
bool body_has_modifier(const struct instruction *instruction, const char *modifier);
static inline uint32_t body_read_count(const struct body *body, uint32_t number) {
    return body->reader_begin[number + 1] - body->reader_begin[number];
}
/* The value of source `k` where it is a constant. */
bool body_constant(const struct body *body, const struct instruction *instruction, size_t k,
                   uint64_t *value);
/* By register: may it differ from lane to lane? */
bool *body_find_varying(const struct body *body);
/* Is source `k` where dynamic shared memory begins? */
bool body_is_dynamic_base(const struct instruction *instruction, size_t k);
/* Computes with integers alone: no type of it is a float's. */
bool body_is_integer(const struct instruction *instruction);

#endif
