/* Puts all tables of instructions together, for each build those that were compiled for it. */
#include "emulator/tensor/instruction_set.h"

#include "emulator/arithmetic/arithmetic.h"
#include "emulator/async/async.h"
#include "emulator/execute/execute.h"
#include "emulator/matrix/matrix.h"
#include "emulator/tensor/tensor.h"

#define DECLARE_BUILD(suffix)                                                                      \
    extern const struct instruction_table executor_arithmetic_##suffix, executor_memory_##suffix

DECLARE_BUILD(baseline);
#ifdef EMULATOR_HAS_X86_BUILDS
DECLARE_BUILD(avx2);
DECLARE_BUILD(avx512);
#endif

enum { TABLES = 29 };

/* The tables of a build, those that programs use most first. */
#define BUILD(suffix)                                                                              \
    {                                                                                              \
        &executor_arithmetic_##suffix, &executor_memory_##suffix, &executor_control,               \
            &executor_warp, &executor_barrier, &executor_atomic, &executor_fence, &async_copy,     \
            &async_mbarrier, &async_bulk, &async_tensor, &async_tensor_edit, &async_remote,        \
            &executor_barrier_cluster, &matrix_products, &matrix_fragments, &executor_texture,     \
            &matrix_warpgroups, &tensor_allocations, &tensor_moves, &tensor_copies,                \
            &tensor_shifts, &tensor_products, &async_cancel, &executor_multimem, &executor_fill,   \
            &executor_stack, &executor_texture_query, &executor_surface, NULL                      \
    }

static const struct instruction_table *const builds[ARITHMETIC_ISAS][TABLES + 1] = {
    [ARITHMETIC_BASELINE] = BUILD(baseline),
#ifdef EMULATOR_HAS_X86_BUILDS
    [ARITHMETIC_AVX2] = BUILD(avx2),
    [ARITHMETIC_AVX512] = BUILD(avx512),
#endif
};

struct instruction_set tensor_instruction_set(void) {
    const enum arithmetic_isa isa = arithmetic_best_isa();
    return (struct instruction_set){.tables = builds[isa],
                                    .lane_tables = arithmetic_tables(isa),
                                    .handlers = &executor_generic};
}
