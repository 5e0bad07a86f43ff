#include "bench/model/requirements.h"

#include "bench/model/architecture.h"
#include "bench/model/residence.h"

#include <string.h>

enum { AMPERE = 80, HOPPER = 90, BLACKWELL = 100, BLACKWELL_ULTRA = 103 };

static enum status instructions_check(const struct counters_row *row, int capability,
                                      struct message *message) {
    const char *dtype = row->key.dtype;
    const bool is_ampere_dtype = strcmp(dtype, "bf16") == 0 || strcmp(dtype, "tf32") == 0;
    if (row->wgmma_warp_instructions > 0 && capability != HOPPER)
        return message_set(message, STATUS_UNSUPPORTED, "wgmma is of compute capability 9.0 alone");
    if (row->tcgen05_mma_instructions > 0 && capability != BLACKWELL &&
        capability != BLACKWELL_ULTRA)
        return message_set(message, STATUS_UNSUPPORTED,
                           "tcgen05 is of compute capability 10.0 and 10.3 alone");
    if ((row->bulk_load_requests > 0 || row->bulk_store_requests > 0) && capability < HOPPER)
        return message_set(message, STATUS_UNSUPPORTED, "bulk copies want compute capability 9.0");
    if (row->matrix_capability > capability)
        return message_set(message, STATUS_UNSUPPORTED,
                           "its matrix instructions in %s want compute capability %lld.%lld", dtype,
                           (long long)row->matrix_capability / 10,
                           (long long)row->matrix_capability % 10);
    if (row->tensor_warp_instructions > 0 && is_ampere_dtype && capability < AMPERE)
        return message_set(message, STATUS_UNSUPPORTED,
                           "matrix instructions in %s want compute capability 8.0", dtype);
    return STATUS_OK;
}

enum status requirements_check(const struct counters_row *row, const struct model_gpu *gpu,
                               struct message *message) {
    const struct architecture *architecture = architecture_find(gpu->family);
    const int64_t shared = residence_shared_most(gpu);
    const int warps = residence_warps(row);
    const enum status status =
        architecture ? instructions_check(row, architecture->capability, message) : STATUS_OK;
    if (status != STATUS_OK)
        return status;
    if (row->shared_bytes > shared)
        return message_set(message, STATUS_UNSUPPORTED,
                           "a block wants %lld bytes of shared memory and it has at most %lld",
                           (long long)row->shared_bytes, (long long)shared);
    if (warps > gpu->warps)
        return message_set(message, STATUS_UNSUPPORTED,
                           "a block has %d warps and a multiprocessor holds at most %.0f", warps,
                           gpu->warps);
    return STATUS_OK;
}
