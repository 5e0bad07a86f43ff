/* A stand-in for libnccl: processes that sum, and pass data on, through memory they share. A sum is
 * enqueued by the driver that the process has loaded, as a copy from the GPU, a host function that
 * meets those of the other ranks, and a copy to the GPU; so it can be captured, and runs on the
 * emulated GPU.
 *
 * As with NCCL, ncclCommInitRank waits for ranks that never come. A rank that fails or aborts lets
 * the sums of the others end, which then know a ncclRemoteError.
 *
 * The environment's LOCKSTEP_STAND_IN_NCCL orders failures, with commas between:
 *   <function>=<result>@<rank>   it returns the result there; of ncclCommGetAsyncError: tells it
 *   version=<number>             what the library claims to be
 *   patience=<seconds>           a sum ends when it has waited so long for the other ranks
 *   stuck                        ncclCommAbort does not return, as while a graph of its sums is kept
 *   wrong@<rank>, noisy@<rank>   spoils an element of each sum there, or its last bit; the first
 *                                spoils what is received too
 */
#include "tests/stand_in/nccl.h"
#include "common/narrow.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

const char *ncclGetLastError(struct nccl_communicator *communicator);

enum { FIRST_OWN_OPERATION = 5 };

struct nccl_communicator *communicator_last;

struct piece {
    struct piece *next;
    struct nccl_communicator *communicator;
    nccl_data_type type;
    size_t count;
    bool weighted; /* by this rank's factor */
    float factor;
    unsigned char result[];
};

/* --- orders ----------------------------------------------------------------------------------- */

int ordered(const char *word, int rank) {
    const char *order = getenv("LOCKSTEP_STAND_IN_NCCL");
    const size_t length = strlen(word);
    while (order && (strncmp(order, word, length) != 0 || !strchr("=@,", order[length]))) {
        order = strchr(order, ',');
        order = order ? order + 1 : NULL;
    }
    if (!order)
        return 0;
    const char *at = order + strcspn(order, "@,");
    if (*at == '@' && (int)strtol(at + 1, NULL, 10) != rank)
        return 0;
    return order[length] == '=' ? (int)strtol(order + length + 1, NULL, 10) : 1;
}

nccl_result ncclGetVersion(int *version) {
    const int claimed = ordered("version", 0);
    *version = claimed ? claimed : 22809;
    return ncclSuccess;
}

const char *ncclGetLastError(struct nccl_communicator *communicator) {
    (void)communicator;
    return "the stand-in was ordered to";
}

/* --- meeting ---------------------------------------------------------------------------------- */

/* Of an identity that this process has drawn and not all have used: to be removed. */
static char drawn[sizeof(nccl_unique_id)];

__attribute__((destructor)) static void drawn_remove(void) {
    if (*drawn)
        (void)shm_unlink(drawn);
    *drawn = '\0';
}

static void rest(void) {
    const struct timespec pause = {.tv_nsec = 20000};
    (void)nanosleep(&pause, NULL);
}

nccl_result ncclGetUniqueId(nccl_unique_id *id) {
    static int count;
    const int failure = ordered("ncclGetUniqueId", 0);
    if (failure)
        return (nccl_result)failure;
    drawn_remove(); /* that of ranks which never all came */
    memset(id, 0, sizeof *id);
    snprintf(id->internal, sizeof id->internal, "/lockstep-nccl-%ld-%d", (long)getpid(), count++);
    const int file = shm_open(id->internal, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file < 0)
        return ncclSystemError;
    memcpy(drawn, id->internal, sizeof drawn);
    const int sized = ftruncate(file, sizeof(struct meeting));
    (void)close(file);
    return sized == 0 ? ncclSuccess : ncclSystemError;
}

static struct meeting *meeting_open(const nccl_unique_id *id) {
    const int file = shm_open(id->internal, O_RDWR, 0600);
    if (file < 0)
        return NULL;
    void *memory = mmap(NULL, sizeof(struct meeting), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    return memory == MAP_FAILED ? NULL : memory;
}

/* The one behind, where a driver stands in front that has not all calls
 * (tests/stand_in/faulty_cuda.c). */
static bool driver_find(struct driver_calls *driver) {
    const char *behind = getenv("LOCKSTEP_FAULT_DRIVER");
    void *library = dlopen(behind ? behind : "libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (!library)
        return false;
    void *found[] = {dlsym(library, "cuMemcpyDtoHAsync_v2"), dlsym(library, "cuMemcpyHtoDAsync_v2"),
                     dlsym(library, "cuLaunchHostFunc")};
    memcpy(&driver->from_gpu, &found[0], sizeof found[0]);
    memcpy(&driver->to_gpu, &found[1], sizeof found[1]);
    memcpy(&driver->call, &found[2], sizeof found[2]);
    return found[0] && found[1] && found[2];
}

nccl_result ncclCommInitRank(struct nccl_communicator **communicator, int ranks, nccl_unique_id id,
                             int rank) {
    const int failure = ordered("ncclCommInitRank", rank);
    struct nccl_communicator *made = calloc(1, sizeof *made);
    if (failure || !made || ranks > RANKS_MAX || !driver_find(&made->driver)) {
        free(made);
        return failure ? (nccl_result)failure : ncclSystemError;
    }
    made->rank = rank;
    made->ranks = ranks;
    made->meeting = meeting_open(&id);
    if (!made->meeting) {
        free(made);
        return ncclSystemError;
    }
    atomic_fetch_add(&made->meeting->joined, 1);
    while (atomic_load(&made->meeting->joined) < ranks)
        rest();
    if (rank == 0)
        drawn_remove();
    communicator_last = *communicator = made;
    return ncclSuccess;
}

static nccl_result communicator_free(struct nccl_communicator *communicator) {
    while (communicator->pieces) {
        struct piece *next = communicator->pieces->next;
        free(communicator->pieces);
        communicator->pieces = next;
    }
    (void)munmap(communicator->meeting, sizeof *communicator->meeting);
    free(communicator);
    return ncclSuccess;
}

nccl_result ncclCommDestroy(struct nccl_communicator *communicator) {
    return communicator_free(communicator);
}

nccl_result ncclCommAbort(struct nccl_communicator *communicator) {
    atomic_store(&communicator->meeting->failed, 1);
    while (ordered("stuck", communicator->rank))
        rest();
    return communicator_free(communicator);
}

nccl_result ncclCommGetAsyncError(struct nccl_communicator *communicator, nccl_result *result) {
    const int failure = ordered("ncclCommGetAsyncError", communicator->rank);
    *result = failure                                            ? (nccl_result)failure
              : atomic_load(&communicator->meeting->failed) != 0 ? ncclRemoteError
                                                                 : ncclSuccess;
    return ncclSuccess;
}

/* The emulated GPU sums while its host launches, and a host that launches hears
 * of no failure: it gives up after as many seconds as were ordered. */
bool all_meet(struct nccl_communicator *communicator) {
    struct meeting *meeting = communicator->meeting;
    const int patience = ordered("patience", communicator->rank);
    const time_t start = time(NULL);
    const unsigned generation = atomic_load(&meeting->generation);
    if (atomic_fetch_add(&meeting->here, 1) + 1 == communicator->ranks) {
        atomic_store(&meeting->here, 0);
        atomic_fetch_add(&meeting->generation, 1);
    }
    while (atomic_load(&meeting->generation) == generation) {
        if (patience > 0 && time(NULL) - start > patience)
            atomic_store(&meeting->failed, 1);
        if (atomic_load(&meeting->failed))
            return false;
        rest();
    }
    return true;
}

nccl_result call_ordered(const char *name, struct nccl_communicator *communicator) {
    const int failure = ordered(name, communicator->rank);
    if (failure)
        atomic_store(&communicator->meeting->failed, 1);
    return (nccl_result)failure;
}

/* --- sums ------------------------------------------------------------------------------------- */

static float element(const void *data, nccl_data_type type, size_t i) {
    return type == ncclFloat32    ? ((const float *)data)[i]
           : type == ncclBfloat16 ? bf16_widen(((const uint16_t *)data)[i])
                                  : f16_widen(((const uint16_t *)data)[i]);
}

static void element_set(void *data, nccl_data_type type, size_t i, float value) {
    if (type == ncclFloat32)
        ((float *)data)[i] = value;
    else
        ((uint16_t *)data)[i] = type == ncclBfloat16 ? bf16_round(value) : f16_round(value);
}

/* On every rank in the order of ranks: all have the same bits. */
static void piece_sum(void *argument) {
    struct piece *piece = argument;
    struct nccl_communicator *communicator = piece->communicator;
    unsigned char *mine = communicator->meeting->pieces[communicator->rank];
    for (size_t i = 0; piece->weighted && i < piece->count; i++)
        element_set(mine, piece->type, i, piece->factor * element(mine, piece->type, i));
    if (!all_meet(communicator))
        return;
    for (size_t i = 0; i < piece->count; i++) {
        float sum = 0.0F;
        for (int rank = 0; rank < communicator->ranks; rank++) {
            const float value = element(communicator->meeting->pieces[rank], piece->type, i);
            sum = rank == 0 ? value : sum + value;
        }
        element_set(piece->result, piece->type, i, sum);
    }
    if (ordered("wrong", communicator->rank))
        element_set(piece->result, piece->type, 0, 3.0F);
    if (ordered("noisy", communicator->rank))
        piece->result[0] ^= 1;
    (void)all_meet(communicator);
}

static nccl_result piece_enqueue(struct nccl_communicator *communicator, const void *in, void *out,
                                 const struct piece *like, struct cuda_stream *stream) {
    const size_t bytes = like->count * (like->type == ncclFloat32 ? 4 : 2);
    struct piece *piece = calloc(1, sizeof *piece + bytes);
    if (!piece)
        return ncclSystemError;
    *piece = *like;
    piece->communicator = communicator;
    piece->next = communicator->pieces;
    communicator->pieces = piece;
    const struct driver_calls *driver = &communicator->driver;
    void *mine = communicator->meeting->pieces[communicator->rank];
    const bool enqueued =
        driver->from_gpu(mine, (cuda_address)(uintptr_t)in, bytes, stream) == CUDA_SUCCESS &&
        driver->call(stream, piece_sum, piece) == CUDA_SUCCESS &&
        driver->to_gpu((cuda_address)(uintptr_t)out, piece->result, bytes, stream) == CUDA_SUCCESS;
    return enqueued ? ncclSuccess : ncclUnhandledCudaError;
}

nccl_result ncclRedOpCreatePreMulSum(nccl_operation *operation, void *factor, nccl_data_type type,
                                     nccl_residence residence,
                                     struct nccl_communicator *communicator) {
    (void)residence;
    if (type != ncclFloat32)
        return ncclInvalidArgument;
    for (int i = 0; i < FACTORS_MAX; i++) {
        if (communicator->factors[i] != 0.0F)
            continue;
        memcpy(&communicator->factors[i], factor, sizeof(float));
        *operation = (nccl_operation)(FIRST_OWN_OPERATION + i);
        return ncclSuccess;
    }
    return ncclInvalidUsage; /* nobody has given them back */
}

nccl_result ncclRedOpDestroy(nccl_operation operation, struct nccl_communicator *communicator) {
    communicator->factors[operation - FIRST_OWN_OPERATION] = 0.0F;
    return ncclSuccess;
}

nccl_result ncclAllReduce(const void *in, void *out, size_t count, nccl_data_type type,
                          nccl_operation operation, struct nccl_communicator *communicator,
                          struct cuda_stream *stream) {
    const nccl_result failure = call_ordered("ncclAllReduce", communicator);
    if (failure != ncclSuccess)
        return failure;
    const size_t width = type == ncclFloat32 ? 4 : 2, most = PIECE_BYTES / width;
    struct piece like = {.type = type, .weighted = operation != ncclSum};
    if (like.weighted)
        like.factor = communicator->factors[operation - FIRST_OWN_OPERATION];
    nccl_result result = ncclSuccess;
    for (size_t first = 0; first < count && result == ncclSuccess; first += like.count) {
        like.count = count - first < most ? count - first : most;
        result = piece_enqueue(communicator, (const char *)in + first * width,
                               (char *)out + first * width, &like, stream);
    }
    return result;
}
