/*
 * One tcgen05.mma, run and compared with a model in C that was written from the PTX ISA (9.7.16):
 * where a descriptor's elements lie, what they are worth, in which lanes and columns of tensor
 * memory the results lie, and in which order they are summed (emulator/arithmetic/tensor.h).
 */
#ifndef LOCKSTEP_TESTS_SUPPORT_TENSOR_PRODUCT_H
#define LOCKSTEP_TESTS_SUPPORT_TENSOR_PRODUCT_H

#include "tests/support/emulator_core.h"
#include "tests/support/matrix_elements.h"

enum {
    PRODUCT_THREADS = 128, /* one for each lane of tensor memory */
    PRODUCT_COLUMNS = 256, /* of d, at most */
    PRODUCT_DEPTH = 128,   /* elements along k, at most: of b, when a is sparse */
    PRODUCT_STEP_BYTES = 32,
    PRODUCT_A_START = 1024, /* in shared memory, as the next; multiples of every pattern */
    PRODUCT_B_START = 20480,
    PRODUCT_SHARED_BYTES = 56 << 10,
    PRODUCT_BLOCKS = 2,
    /* In tensor memory behind d: a, its scale factors and metadata, and the scale factors of b. */
    PRODUCT_A_COLUMNS = 8,
    PRODUCT_A_SCALES = 8,
    PRODUCT_METADATA = 12,
    PRODUCT_B_SCALES = 16,
    PRODUCT_MORE_COLUMNS = 24
};

/* One instruction, and where its operands lie. */
struct product_form {
    enum element_type d, a, b;
    unsigned m, n;
    bool is_pair; /* .cta_group::2 */
    bool is_a_in_memory, negates_a, negates_b, is_a_across, is_b_across, saturates, overwrites;
    unsigned width;   /* chunks of 16 bytes that are swizzled: 1, 2, 4, 8 */
    unsigned shifted; /* lines of 128 bytes by which the patterns begin later */
    unsigned scale;   /* scale-input-d */
    unsigned lane;    /* where d begins */
    bool is_sparse;   /* .sp */
    unsigned selector;
    bool has_lanes; /* some lanes are left as they are */
    bool shifts_a;  /* .ashift, and behind it the same product without, which is added */
    /* Of scaled blocks: the modifiers from .kind on, factors a row, the bytes where they begin, and
     * whether these are UE8M0. */
    const char *scaled;
    unsigned factors, a_begins, b_begins;
    bool has_powers;
    bool lacks_factors; /* nothing writes them */
    /* Of .ws: a modifier behind the kind, the mask of columns, and bits 30 and 31 of the
     * descriptor. */
    bool keeps_b;
    const char *collector;
    uint64_t mask;
    unsigned shift_code;
};

struct product_data {
    uint8_t shared[PRODUCT_BLOCKS][PRODUCT_SHARED_BYTES];
    uint32_t more[PRODUCT_BLOCKS][PRODUCT_MORE_COLUMNS][PRODUCT_THREADS]; /* in tensor memory */
    uint32_t d[PRODUCT_BLOCKS][PRODUCT_COLUMNS][PRODUCT_THREADS],
        result[PRODUCT_BLOCKS][PRODUCT_COLUMNS][PRODUCT_THREADS];
};

/* Drawn operands, around 1 or of any bits. */
void product_fill(struct product_data *data, const struct product_form *form, bool is_wild,
                  uint32_t seed);
enum machine_status product_run(struct bench *bench, const struct product_form *form,
                                struct product_data *data);
/* Fails where a bit of tensor memory differs from the model's. */
void product_compare(const struct product_form *form, const struct product_data *data);
/* All three. */
void product_expect(struct bench *bench, const struct product_form *form, bool is_wild);
/* Fails where the launch ends well, or does not say the message. */
void product_expect_fault(struct bench *bench, const struct product_form *form,
                          const char *message);

/* ---- Between the files of this ---- */

unsigned product_blocks(const struct product_form *form);
unsigned product_depth(const struct product_form *form); /* of what a has */
/* Columns of d that a block has. */
unsigned product_columns(const struct product_form *form);
/* Parts of d's columns that lie one above the other. */
unsigned product_parts_of(const struct product_form *form);
/* Whether a mask of columns makes zeros of one. */
bool product_hides(const struct product_form *form, unsigned column);
/* Bytes that an element has room for; a pair has one. */
unsigned product_room(enum element_type type);
struct product_strides {
    unsigned leading, stride;
};
struct product_strides product_strides_of(const struct product_form *form, bool is_a);
/* Lanes that has_lanes leaves as they are, by block. */
extern const uint32_t product_blocked_lanes[8];

#endif
