/* What an oracle of a network knows once it is open. For mlp.c and mlp_answers.c only. */
#ifndef LOCKSTEP_REFERENCE_ORACLE_MLP_STATE_H
#define LOCKSTEP_REFERENCE_ORACLE_MLP_STATE_H

#include "reference/oracle/mlp.h"

#include <stdbool.h>

struct oracle_mlp {
    struct oracle_mlp_input input;
    bool inference; /* no gradients were computed */
    struct mlp_model model;
    double *values; /* activation layout */
    float *errors;  /* likewise */
    double *losses; /* [batch] */
    double *loss_errors;
    /* In bf16 and f16 what the products take, in the layout of rounded numbers; gradients without
     * their scale. NULL in f32. */
    float *rounded;
};

struct piece {
    int64_t begin, end;
};

/* What of the piece [begin, end) of a layout lies in [first, first + count). */
static inline struct piece piece_overlap(int64_t begin, int64_t end, int64_t first, int64_t count) {
    int64_t last = first + count;
    begin = begin < first ? first : begin > last ? last : begin;
    end = end > last ? last : end;
    return (struct piece){begin, end > begin ? end : begin};
}

#endif
