/*
 * A module decoded for execution: one array of instructions for all its functions, operands
 * resolved to slots.
 *
 * A slot is a byte offset (a multiple of 4) with its bank in the two low bits:
 *   FRAME      the warp's frame of the function that runs: its frame_header, the areas of
 *              parameters, then the registers: predicates, those of 32 bits, those of 64 bits
 *   CONSTANT   immediates of the whole module, each spread over the lanes
 *   SPECIAL    %tid and its kin, a copy for each warp
 */
#ifndef LOCKSTEP_EMULATOR_DECODE_PROGRAM_H
#define LOCKSTEP_EMULATOR_DECODE_PROGRAM_H

#include "emulator/decode/instruction_set.h"
#include "emulator/lanes/lanes.h"
#include "emulator/ptx/pattern.h"
#include "emulator/ptx/syntax.h"

enum bank { BANK_FRAME, BANK_CONSTANT, BANK_SPECIAL, BANK_COUNT };

struct instruction {
    instruction_handler *execute;
    struct detail *detail;
    int64_t immediate;
    uint32_t to, a, b, c;
    uint32_t target; /* of a branch; for memory accesses the number of the site, for its cache */
    uint32_t guard;  /* slot of the predicate; read only when is_guarded */
    uint32_t fma_before; /* multiply-adds before this instruction in the module */
    uint16_t run;        /* instructions from here on that cannot leave the straight line */
    uint16_t variant;    /* what the table row says */
    uint8_t is_guarded, guard_negated, is_control;
    uint32_t tensor_before; /* matrix products before it */
};

/* Of all instructions but wgmma, whose accumulator alone may have 128 registers. */
enum { OPERAND_LIMIT = 64, REGISTER_NONE = UINT32_MAX };

/* An argument or a result of a call: its area in the caller's frame. */
struct param_copy {
    uint32_t caller; /* offset in the frame */
    uint32_t size;   /* bytes a lane */
    uint32_t stride_caller;
};

/* A parameter or a result whose address is taken: its area in the frame, and its place in local
 * memory. */
struct stack_copy {
    uint32_t area, stride, size;
    uint32_t local;
};

struct matrix_fragment;
struct warpgroup_product;
struct tensor_form;

/* What setp does with its comparison and a third predicate. */
enum boolean { BOOLEAN_NONE, BOOLEAN_AND, BOOLEAN_OR, BOOLEAN_XOR };

/* The seldom needed half of an instruction. */
struct detail {
    const struct syntax_instruction *source;
    struct program_function *function;
    const struct instruction_row *row; /* NULL for a lane operation */
    unsigned flags;                    /* of the row, or of the operation's table */
    instruction_handler *guarded;      /* what a guarded instruction runs under its mask */
    lane_function *lanes;
    uint8_t to_count, from_count;
    uint64_t negated;                      /* bit k: from[k] is a negated predicate */
    uint32_t *to, *from;                   /* slots */
    uint32_t *to_register, *from_register; /* as the function declares them; or REGISTER_NONE */
    uint32_t guard_register;
    uint8_t *to_bits, *from_bits; /* width of the slot: 1, 32 or 64 */
    uint8_t *to_extend;   /* how many low bits count, top bit set when signed; 0: no extension */
    uint8_t *from_narrow; /* how many low bits of a wider register count; 0: all */
    signed char choice[PATTERN_GROUPS];
    struct program_function *callee; /* NULL for an indirect call */
    struct param_copy *copies, *results;
    size_t copy_count, result_count;
    uint32_t *targets; /* brx.idx */
    size_t target_count;
    uint32_t access_bytes; /* memory: bytes of an element, */
    uint32_t elements;     /* and elements a lane; */
    uint32_t needed;       /* of a vector load, without those at its end that nobody reads */
    int64_t second_offset, third_offset; /* of the second address */
    uint8_t address_count;
    const struct matrix_fragment *fragment;  /* wmma.load, wmma.store */
    const struct warpgroup_product *product; /* wgmma.mma_async */
    const struct tensor_form *tensor;        /* tcgen05.mma, .ld and .st */
    uint32_t stride;                         /* ld.param and st.param on an area: bytes a lane */
    bool
        is_on_stack; /* ld.param and st.param where its address is taken; stride 0: by an address */
    /* What an assembler makes of the access: bytes a lane of the request that is counted here, and
     * how far from this access they begin. 0: the request of another access has these bytes. */
    uint32_t request_bytes;
    int32_t request_offset;
    uint16_t machine_quarters; /* four times the machine instructions that it becomes, estimated */
    bool is_predicated;        /* a branch over few instructions, which become predicated instead */
    bool spans_rounds; /* of a loop: only where the request's address is a multiple of its bytes */
    enum state_space space;
    bool to_signed;
    bool is_atomic, is_strong, acquires, releases; /* in the words of PTX's memory model */
    bool is_of_cluster;                            /* its scope is a block or a cluster */
    uint8_t to_register_bits;                      /* of the last destination, as declared */
    uint8_t boolean;                               /* enum boolean */
};

enum special_register {
    SPECIAL_TID_X,
    SPECIAL_TID_Y,
    SPECIAL_TID_Z,
    SPECIAL_NTID_X,
    SPECIAL_NTID_Y,
    SPECIAL_NTID_Z,
    SPECIAL_CTAID_X,
    SPECIAL_CTAID_Y,
    SPECIAL_CTAID_Z,
    SPECIAL_NCTAID_X,
    SPECIAL_NCTAID_Y,
    SPECIAL_NCTAID_Z,
    SPECIAL_LANEID,
    SPECIAL_WARPID,
    SPECIAL_NWARPID,
    SPECIAL_SMID,
    SPECIAL_NSMID,
    SPECIAL_GRIDID,
    SPECIAL_LANEMASK_EQ,
    SPECIAL_LANEMASK_LE,
    SPECIAL_LANEMASK_LT,
    SPECIAL_LANEMASK_GE,
    SPECIAL_LANEMASK_GT,
    SPECIAL_DYNAMIC_SMEM_SIZE,
    SPECIAL_TOTAL_SMEM_SIZE,
    SPECIAL_AGGR_SMEM_SIZE,
    SPECIAL_DYNAMIC_SMEM_BASE,
    SPECIAL_RESERVED_SMEM,
    SPECIAL_RESERVED_SMEM_END,
    SPECIAL_RESERVED_SMEM_SIZE,
    SPECIAL_ENVREG1,
    SPECIAL_ENVREG2,
    SPECIAL_ZERO,
    SPECIAL_CLUSTERID_X,
    SPECIAL_CLUSTERID_Y,
    SPECIAL_CLUSTERID_Z,
    SPECIAL_NCLUSTERID_X,
    SPECIAL_NCLUSTERID_Y,
    SPECIAL_NCLUSTERID_Z,
    SPECIAL_CLUSTER_CTAID_X,
    SPECIAL_CLUSTER_CTAID_Y,
    SPECIAL_CLUSTER_CTAID_Z,
    SPECIAL_CLUSTER_NCTAID_X,
    SPECIAL_CLUSTER_NCTAID_Y,
    SPECIAL_CLUSTER_NCTAID_Z,
    SPECIAL_CLUSTER_CTARANK,
    SPECIAL_CLUSTER_NCTARANK,
    SPECIAL_IS_EXPLICIT_CLUSTER, /* a predicate: all bits of each word */
    SPECIAL_COUNT,
    SPECIAL_CLOCK = SPECIAL_COUNT,
    SPECIAL_CLOCK64,
    SPECIAL_CLOCK_HI,
    SPECIAL_GLOBALTIMER,
    SPECIAL_GLOBALTIMER_LO,
    SPECIAL_GLOBALTIMER_HI,
};

/* Shared memory that the system keeps for itself: cooperative groups meet there. */
enum { RESERVED_SHARED_BYTES = 1024 };

enum { SPECIAL_BYTES = SPECIAL_COUNT * sizeof(struct lanes32) };

/* The head of every frame. */
struct frame_header {
    struct lanes32 return_pc, return_base, return_local, return_stack;
};

struct program_function {
    const char *name;
    struct syntax_function *syntax;
    uint32_t first, count; /* its instructions */
    uint32_t first_site, site_count;
    uint32_t frame_bytes;
    uint32_t local_bytes;
    uint32_t shared_bytes;      /* static, own variables and those it may reach */
    uint32_t dynamic_alignment; /* of the dynamic shared memory that it may reach; 0: of none */
    uint32_t index;
    uint32_t registers; /* 32-bit registers live at once */
    uint32_t declared;  /* registers of all kinds that its text names, and those added to them */
    uint32_t matrix_capability; /* ten times what its products of matrices want; 0: it has none */
    bool has_calls, calls_indirectly, uses_module_shared;
    bool takes_stack;  /* by alloca */
    bool communicates; /* blocks may see each other's work through atomics or volatile accesses */
    const char *lacks; /* what it, or what it may call, needs and the emulator lacks; else NULL */
    uint32_t builtin;  /* enum builtin */
    uint32_t *result_areas, *result_strides; /* offsets of the areas of its results in its frame */
    uint32_t *parameter_areas, *parameter_strides;
    struct stack_copy *stack_parameters, *stack_results;
    uint32_t stack_parameter_count, stack_result_count;
};

enum builtin {
    BUILTIN_NONE,
    BUILTIN_VPRINTF,
    BUILTIN_ASSERTFAIL,
    BUILTIN_MALLOC,
    BUILTIN_FREE,
    BUILTIN_SET_CONDITIONAL
};

struct program {
    struct syntax_module *syntax;
    struct instruction *code;
    uint32_t count;
    uint32_t *machine_before; /* by instruction, and one more: quarters of machine instructions */
    struct program_function **functions;
    size_t function_count;
    unsigned char *constants;
    size_t constant_bytes;
    uint32_t site_count;
    size_t const_space_bytes;                  /* of .const variables */
    const struct syntax_variable **references; /* to textures, samplers and surfaces, once placed */
    size_t reference_count;
    bool uses_heap;            /* calls malloc or free */
    bool uses_warpgroups;      /* multiplies with wgmma */
    bool uses_tensor_memory;   /* has tcgen05 */
    bool uses_pairs;           /* of .cta_group::2 */
    bool uses_reserved_shared; /* names a %reserved_smem register */
};

#endif
