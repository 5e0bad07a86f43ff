/* The table of ranks/mpi_api.h over the MPI that mpicc compiles for. */
#include "ranks/mpi_api.h"

#include <mpi.h>
#include <stdlib.h>

enum { REQUESTS_MAX = 32 };

/* MPI's own state is the process's, and so is this. */
static struct {
    MPI_Comm all, local;
    MPI_Comm across; /* local ranks of one number */
    MPI_Win window;  /* MPI_WIN_NULL: no memory is shared */
    int local_least;
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
    job.across = MPI_COMM_NULL;
    job.window = MPI_WIN_NULL;
    MPI_Op_create(sum_bf16, 1, &job.add_bf16);
    MPI_Op_create(sum_f16, 1, &job.add_f16);
    MPI_Get_library_version(job.library, &length);
}

static void api_close(void) {
    free(job.counts);
    free(job.firsts);
    if (job.window != MPI_WIN_NULL) {
        MPI_Win_unlock_all(job.window);
        MPI_Win_free(&job.window);
    }
    if (job.across != MPI_COMM_NULL)
        MPI_Comm_free(&job.across);
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

/* --- shared memory ---------------------------------------------------------------------------- */

/* Each rank's pages are its own, where the machine puts what it touches first. A machine that has
 * no memory to share is no reason to end the job. */
static bool window_open(size_t bytes, void **mine) {
    MPI_Info apart;
    MPI_Info_create(&apart);
    MPI_Info_set(apart, "alloc_shared_noncontig", "true");
    MPI_Comm_set_errhandler(job.local, MPI_ERRORS_RETURN);
    int opened = MPI_Win_allocate_shared((MPI_Aint)bytes, 1, apart, job.local, mine, &job.window) ==
                 MPI_SUCCESS;
    MPI_Comm_set_errhandler(job.local, MPI_ERRORS_ARE_FATAL);
    MPI_Info_free(&apart);
    if (!opened)
        job.window = MPI_WIN_NULL;
    MPI_Allreduce(MPI_IN_PLACE, &opened, 1, MPI_INT, MPI_MIN, job.all);
    return opened;
}

static bool api_share(size_t bytes, void *segments[]) {
    void *mine;
    const int number = rank_in(job.local), count = size_of(job.local);
    MPI_Allreduce(&count, &job.local_least, 1, MPI_INT, MPI_MIN, job.all);
    if (!window_open(bytes, &mine))
        return false;
    MPI_Comm_split(job.all, number < job.local_least ? number : MPI_UNDEFINED, 0, &job.across);
    MPI_Win_lock_all(MPI_MODE_NOCHECK, job.window);
    for (int i = 0; i < count; i++) {
        MPI_Aint size;
        int unit;
        MPI_Win_shared_query(job.window, i, &size, &unit, (void *)&segments[i]);
    }
    return true;
}

static int api_local_least(void) {
    return job.local_least;
}

static void api_local_meet(void) {
    MPI_Win_sync(job.window);
    MPI_Barrier(job.local);
    MPI_Win_sync(job.window);
}

static void api_allreduce_across(enum mpi_element element, void *data, int64_t count) {
    if (size_of(job.across) > 1)
        MPI_Allreduce(MPI_IN_PLACE, data, (int)count, type_of(element), sum_of(element),
                      job.across);
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
                                         .share = api_share,
                                         .local_least = api_local_least,
                                         .local_meet = api_local_meet,
                                         .allreduce_across = api_allreduce_across,
                                         .exchange = api_exchange};
