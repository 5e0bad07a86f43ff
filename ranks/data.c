/* Moving data between ranks, and adding it. */
#include "common/instruction_set.h"
#include "common/narrow.h"
#include "ranks/elements.h"
#include "ranks/state.h"

#include <string.h>

enum mpi_element mpi_element_of(enum dtype dtype) {
    return dtype == DTYPE_BF16  ? MPI_ELEMENT_BF16
           : dtype == DTYPE_F16 ? MPI_ELEMENT_F16
                                : MPI_ELEMENT_F32;
}

static const struct element_loops *loops(void) {
    static const struct element_loops *const of[INSTRUCTION_SETS] = {
        [INSTRUCTION_SET_BASELINE] = &element_loops_baseline,
        [INSTRUCTION_SET_AVX2] = &element_loops_avx2,
        [INSTRUCTION_SET_AVX512] = &element_loops_avx512,
    };
    return of[instruction_set_best()];
}

void ranks_take(enum dtype dtype, void *to, const void *from, float scale, int64_t count) {
    if (dtype_is_narrow(dtype))
        memmove(to, from, (size_t)count * sizeof(uint16_t));
    else
        loops()->scale(to, from, scale, count);
}

void ranks_add_scaled(enum dtype dtype, void *to, const void *from, float scale, int64_t count) {
    if (dtype_is_narrow(dtype))
        ranks_add(dtype, to, from, count);
    else
        loops()->add_scaled(to, from, scale, count);
}

static void add_bf16(uint16_t *to, const uint16_t *from, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        to[i] = bf16_round(bf16_widen(to[i]) + bf16_widen(from[i]));
}

static void add_f16(uint16_t *to, const uint16_t *from, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        to[i] = f16_round(f16_widen(to[i]) + f16_widen(from[i]));
}

void ranks_add_elements(enum mpi_element element, void *to, const void *from, int64_t count) {
    switch (element) {
    case MPI_ELEMENT_F32:
        loops()->add(to, from, count);
        break;
    case MPI_ELEMENT_BF16:
        add_bf16(to, from, count);
        break;
    case MPI_ELEMENT_F16:
        add_f16(to, from, count);
        break;
    }
}

void ranks_add(enum dtype dtype, void *to, const void *from, int64_t count) {
    ranks_add_elements(mpi_element_of(dtype), to, from, count);
}

void ranks_allreduce(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                     int64_t count) {
    ranks->api->allreduce(mpi_element_of(dtype), in, out, count);
}

void ranks_copy(struct ranks *ranks, void *data, size_t bytes) {
    ranks->api->broadcast(data, bytes, 0);
}

void ranks_allgather(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                     int64_t count) {
    ranks->api->allgather(mpi_element_of(dtype), in, out, count);
}

void ranks_reduce_scatter(struct ranks *ranks, enum dtype dtype, const void *in, void *out,
                          int64_t count) {
    ranks->api->reduce_scatter(mpi_element_of(dtype), in, out, count);
}

void ranks_sum(struct ranks *ranks, double *values, int64_t count) {
    const int64_t most = 1 << 24;
    for (int64_t first = 0; ranks && first < count; first += most)
        ranks->api->sum(values + first, (int)(count - first < most ? count - first : most));
}

void ranks_exchange(struct ranks *ranks, const void *sent, size_t sent_bytes, int to,
                    void *received, size_t received_bytes, int from) {
    ranks->api->exchange(sent, sent_bytes, to, received, received_bytes, from);
}
