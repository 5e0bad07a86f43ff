/* Launch geometry of gemm's Hopper rung; the kernels stand in kernels/gemm/gemm_hopper.cuh. */
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"

#include <limits.h>

enum { CAPABILITY = 90, LINE_BYTES = 16, TILE_MOST = 512, BOX = 64, C_COLUMNS = 32 };

#define KERNEL(type, variant, rows, columns, slots, blocks)                                        \
    {                                                                                              \
        "gemm_10_hopper_" #rows "x" #columns,                                                      \
            "gemm_hopper_" type "_" variant "_" #rows "x" #columns "s" #slots "c" #blocks          \
    }
#define KERNELS(type, rows, columns, slots, blocks)                                                \
    {                                                                                              \
        [GEMM_NN] = KERNEL(type, "nn", rows, columns, slots, blocks),                              \
        [GEMM_NT] = KERNEL(type, "nt", rows, columns, slots, blocks),                              \
        [GEMM_TN] = KERNEL(type, "tn", rows, columns, slots, blocks),                              \
    }
#define FORM(rows, columns, slots, blocks)                                                         \
    [GEMM_TILE_HOPPER_##rows##x##columns##s##slots##c##blocks] = {                                 \
        [DTYPE_BF16] = KERNELS("bf16", rows, columns, slots, blocks),                              \
        [DTYPE_F16] = KERNELS("f16", rows, columns, slots, blocks),                                \
    },

/* By form, type and variant. */
static const struct gpu_kernel hopper_kernels[GEMM_TILES][DTYPES][GEMM_TN + 1] = {
    HOPPER_FORM_LIST(FORM)};

static enum status precondition_device(const struct gemm_problem *problem,
                                       struct execution *execution) {
    struct message *message = execution->message;
    if (!dtype_is_narrow(problem->dtype))
        return message_set(message, STATUS_UNSUPPORTED, "gemm cuda-hopper takes bf16 and f16");
    if (execution->gpu == NULL)
        return message_set(message, STATUS_INVALID, "gemm cuda-hopper was called without a GPU");
    const struct gpu_properties *properties = gpu_properties(execution->gpu);
    if (properties->capability != CAPABILITY)
        return message_set(message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper needs compute capability 9.0, whose instructions no "
                           "other has, and %s has %d.%d",
                           properties->name, properties->capability / 10,
                           properties->capability % 10);
    return STATUS_OK;
}

static bool in_lines(const void *matrix, int64_t leading, size_t element_bytes) {
    return (uintptr_t)matrix % LINE_BYTES == 0 && (size_t)leading * element_bytes % LINE_BYTES == 0;
}

static enum status precondition(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition_device(problem, execution);
    if (status != STATUS_OK)
        return status;
    if (!in_lines(problem->a, problem->lda, sizeof(uint16_t)) ||
        !in_lines(problem->b, problem->ldb, sizeof(uint16_t)) ||
        !in_lines(problem->c, problem->ldc, sizeof(float)))
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper copies by TMA, which wants the rows of A, B and C at "
                           "multiples of 16 bytes");
    if (problem->m > INT_MAX - TILE_MOST || problem->n > INT_MAX - TILE_MOST ||
        problem->k > INT_MAX - TILE_MOST)
        return message_set(execution->message, STATUS_UNSUPPORTED,
                           "gemm cuda-hopper takes sizes below 2^31");
    return STATUS_OK;
}

/* The three matrices as they are stored. */
static enum status describe(const struct gemm_problem *problem,
                            struct gemm_hopper_arguments *arguments, struct execution *execution) {
    const enum gpu_element element = problem->dtype == DTYPE_BF16 ? GPU_BF16 : GPU_F16;
    const bool is_a_turned = problem->variant == GEMM_TN, is_b_turned = problem->variant == GEMM_NT;
    const struct gpu_matrix a = {.data = problem->a,
                                 .element = element,
                                 .rows = is_a_turned ? problem->k : problem->m,
                                 .columns = is_a_turned ? problem->m : problem->k,
                                 .stride = problem->lda,
                                 .box_rows = BOX,
                                 .box_columns = BOX};
    const struct gpu_matrix b = {.data = problem->b,
                                 .element = element,
                                 .rows = is_b_turned ? problem->n : problem->k,
                                 .columns = is_b_turned ? problem->k : problem->n,
                                 .stride = problem->ldb,
                                 .box_rows = BOX,
                                 .box_columns = BOX};
    const struct gpu_matrix c = {.data = problem->c,
                                 .element = GPU_F32,
                                 .rows = problem->m,
                                 .columns = problem->n,
                                 .stride = problem->ldc,
                                 .box_rows = BOX,
                                 .box_columns = C_COLUMNS};
    enum status status = gpu_tensor_map(execution->gpu, &a, &arguments->a, execution->message);
    if (status == STATUS_OK)
        status = gpu_tensor_map(execution->gpu, &b, &arguments->b, execution->message);
    if (status == STATUS_OK)
        status = gpu_tensor_map(execution->gpu, &c, &arguments->c, execution->message);
    return status;
}

enum status gemm_cuda_hopper_chosen(const struct gemm_problem *problem, enum gemm_tile_size tile,
                                    struct execution *execution) {
    enum status status = precondition(problem, execution);
    if (status != STATUS_OK)
        return status;
    struct gemm_hopper_arguments arguments = {
        .gemm = {.c = problem->c,
                 .m = problem->m,
                 .n = problem->n,
                 .k = problem->alpha != 0.0f ? problem->k : 0, /* A and B are not read */
                 .ldc = problem->ldc,
                 .alpha = problem->alpha,
                 .beta = problem->beta}};
    status = describe(problem, &arguments, execution);
    if (status != STATUS_OK)
        return status;
    const struct gemm_hopper_form *form = gemm_hopper_form(tile);
    const int64_t clusters = gpu_properties(execution->gpu)->multiprocessors / form->blocks;
    const int64_t stacks = gemm_hopper_stacks(problem, form);
    const struct gpu_launch launch = {
        .kernel = hopper_kernels[tile][problem->dtype][problem->variant],
        .grid = {(stacks < clusters ? stacks : clusters) * form->blocks, 1, 1},
        .block = {HOPPER_THREADS, 1, 1},
        .shared_bytes = HOPPER_SHARED(form->rows, form->columns, form->slots),
        .arguments = &arguments};
    return gpu_launch(execution->gpu, &launch, execution->message);
}

enum status gemm_cuda_hopper(const struct gemm_problem *problem, struct execution *execution) {
    enum status status = precondition(problem, execution);
    if (status != STATUS_OK)
        return status;
    const struct gemm_choice choice =
        gemm_choose(problem, gpu_properties(execution->gpu)->multiprocessors, execution->tuning);
    return gemm_cuda_hopper_chosen(problem, choice.tile, execution);
}
