/* The table of ranks/mpi_api.h over the MPI that mpicc compiles for. */
#include "ranks/mpi_api.h"

#include <mpi.h>
#include <stdlib.h>

enum { REQUESTS_MAX = 32 };

/* MPI's own state is the process's, and so is this. */
static struct {
    MPI_Comm all, local;
    MPI_Op add_bf16, add_f16;
    mpi_add *add;
    MPI_Request requests[REQUESTS_MAX];
    int begun;
    int *counts, *firsts; /* of each rank's part */
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
} job;

static void sum_bf16(void *from, void *to, int *count, MPI_Datatype *type) {
    (void)type;
    job.add(MPI_ELEMENT_BF16, to, from, *count);
}

static void sum_f16(void *from, void *to, int *count, MPI_Datatype *type) {
    (void)type;
    job.add(MPI_ELEMENT_F16, to, from, *count);
}

static int rank_in(MPI_Comm ranks) {
    int rank;
    MPI_Comm_rank(ranks, &rank);
    return rank;
}

static int size_of(MPI_Comm ranks) {
    int size;
    MPI_Comm_size(ranks, &size);
    return size;
}

static void api_open(mpi_add *add) {
    int provided, length;
    job.add = add;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_dup(MPI_COMM_WORLD, &job.all);
    MPI_Comm_split_type(job.all, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &job.local);
    job.counts = calloc((size_t)size_of(job.all), sizeof *job.counts);
    job.firsts = calloc((size_t)size_of(job.all), sizeof *job.firsts);
    if (!job.counts || !job.firsts)
        MPI_Abort(job.all, EXIT_FAILURE);
    MPI_Op_create(sum_bf16, 1, &job.add_bf16);
    MPI_Op_create(sum_f16, 1, &job.add_f16);
    MPI_Get_library_version(job.library, &length);
}

static void api_close(void) {
    free(job.counts);
    free(job.firsts);
    MPI_Op_free(&job.add_bf16);
    MPI_Op_free(&job.add_f16);
    MPI_Comm_free(&job.local);
    MPI_Comm_free(&job.all);
    MPI_Finalize();
}

static int api_rank(void) {
    return rank_in(job.all);
}

static int api_size(void) {
    return size_of(job.all);
}

static int api_local_rank(void) {
    return rank_in(job.local);
}

static int api_local_size(void) {
    return size_of(job.local);
}

static const char *api_library(void) {
    return job.library;
}

static void api_maximum(double *values, int count) {
    MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX, job.all);
}

static void api_sum(double *values, int count) {
    MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, job.all);
}

static void api_broadcast(void *data, size_t bytes, int root) {
    MPI_Bcast(data, (int)bytes, MPI_BYTE, root, job.all);
}

static void api_gather(const void *mine, void *all, size_t bytes) {
    MPI_Allgather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, job.all);
}

static MPI_Datatype type_of(enum mpi_element element) {
    return element == MPI_ELEMENT_F32 ? MPI_FLOAT : MPI_UINT16_T;
}

static MPI_Op sum_of(enum mpi_element element) {
    switch (element) {
    case MPI_ELEMENT_BF16:
        return job.add_bf16;
    case MPI_ELEMENT_F16:
        return job.add_f16;
    case MPI_ELEMENT_F32:
        break;
    }
    return MPI_SUM;
}

static void api_allreduce(enum mpi_element element, const void *in, void *out, int64_t count) {
    MPI_Allreduce(in ? in : MPI_IN_PLACE, out, (int)count, type_of(element), sum_of(element),
                  job.all);
}

static void parts_fill(int64_t count) {
    const int ranks = size_of(job.all);
    for (int i = 0; i < ranks; i++) {
        job.firsts[i] = (int)(count * i / ranks);
        job.counts[i] = (int)(count * (i + 1) / ranks) - job.firsts[i];
    }
}

static void api_allgather(enum mpi_element element, const void *in, void *out, int64_t count) {
    const MPI_Datatype type = type_of(element);
    const int ranks = size_of(job.all), part = (int)(count / ranks);
    if (count % ranks == 0) {
        MPI_Allgather(in, part, type, out, part, type, job.all);
        return;
    }
    parts_fill(count);
    MPI_Allgatherv(in, job.counts[api_rank()], type, out, job.counts, job.firsts, type, job.all);
}

static void api_reduce_scatter(enum mpi_element element, const void *in, void *out, int64_t count) {
    const MPI_Datatype type = type_of(element);
    const int ranks = size_of(job.all);
    if (count % ranks == 0) {
        MPI_Reduce_scatter_block(in, out, (int)(count / ranks), type, sum_of(element), job.all);
        return;
    }
    parts_fill(count);
    MPI_Reduce_scatter(in, out, job.counts, type, sum_of(element), job.all);
}

/* One that there is no room for is done at once. */
static void api_allreduce_begin(enum mpi_element element, void *data, int64_t count) {
    if (job.begun == REQUESTS_MAX) {
        api_allreduce(element, NULL, data, count);
        return;
    }
    MPI_Iallreduce(MPI_IN_PLACE, data, (int)count, type_of(element), sum_of(element), job.all,
                   &job.requests[job.begun++]);
    /* Most MPIs move data only while they are called. */
    int all;
    MPI_Status statuses[REQUESTS_MAX];
    MPI_Testall(job.begun, job.requests, &all, statuses);
}

static void api_allreduce_finish(void) {
    MPI_Status statuses[REQUESTS_MAX];
    /* NOLINTNEXTLINE(clang-analyzer-optin.mpi.MPI-Checker): api_allreduce_begin began them */
    MPI_Waitall(job.begun, job.requests, statuses);
    job.begun = 0;
}

static void api_exchange(const void *sent, size_t sent_bytes, int to, void *received,
                         size_t received_bytes, int from) {
    MPI_Sendrecv(sent, (int)sent_bytes, MPI_BYTE, to, 0, received, (int)received_bytes, MPI_BYTE,
                 from, 0, job.all, MPI_STATUS_IGNORE);
}

const struct mpi_api lockstep_mpi_api = {.version = MPI_API_VERSION,
                                         .open = api_open,
                                         .close = api_close,
                                         .rank = api_rank,
                                         .size = api_size,
                                         .local_rank = api_local_rank,
                                         .local_size = api_local_size,
                                         .library = api_library,
                                         .maximum = api_maximum,
                                         .sum = api_sum,
                                         .broadcast = api_broadcast,
                                         .gather = api_gather,
                                         .allreduce = api_allreduce,
                                         .allreduce_begin = api_allreduce_begin,
                                         .allreduce_finish = api_allreduce_finish,
                                         .allgather = api_allgather,
                                         .reduce_scatter = api_reduce_scatter,
                                         .exchange = api_exchange};
