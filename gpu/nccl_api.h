/* The part of NCCL (2.11 and newer) that lockstep calls; as gpu/cuda_api.h, with the names, values
 * and prototypes of NVIDIA's "NCCL API" manual, compared with nccl.h by tests/gpu/test_cuda_api.c.
 * A translation unit that has nccl.h defines LOCKSTEP_NCCL_TYPES and maps the type names below to
 * NVIDIA's.
 */
#ifndef LOCKSTEP_GPU_NCCL_API_H
#define LOCKSTEP_GPU_NCCL_API_H

#include <stddef.h>

#define NCCL_RESULTS(X)                                                                            \
    X(ncclSuccess, 0)                                                                              \
    X(ncclUnhandledCudaError, 1)                                                                   \
    X(ncclSystemError, 2)                                                                          \
    X(ncclInternalError, 3)                                                                        \
    X(ncclInvalidArgument, 4)                                                                      \
    X(ncclInvalidUsage, 5)                                                                         \
    X(ncclRemoteError, 6)                                                                          \
    X(ncclInProgress, 7)

#define NCCL_DATA_TYPES(X)                                                                         \
    X(ncclInt8, 0)                                                                                 \
    X(ncclFloat16, 6)                                                                              \
    X(ncclFloat32, 7)                                                                              \
    X(ncclBfloat16, 9)

#define NCCL_OPERATIONS(X) X(ncclSum, 0)

/* Where a factor lies: in host memory, and read before the call returns. */
#define NCCL_RESIDENCES(X) X(ncclScalarHostImmediate, 1)

#ifndef LOCKSTEP_NCCL_TYPES
#    define NCCL_ENUMERATOR(name, value) name = (value),
typedef enum { NCCL_RESULTS(NCCL_ENUMERATOR) } nccl_result;
typedef enum { NCCL_DATA_TYPES(NCCL_ENUMERATOR) } nccl_data_type;
/* Operations are made at run time too. */
typedef enum { NCCL_OPERATIONS(NCCL_ENUMERATOR) ncclMaxRedOp = 0x7fffffff } nccl_operation;
typedef enum { NCCL_RESIDENCES(NCCL_ENUMERATOR) } nccl_residence;
#    undef NCCL_ENUMERATOR
typedef struct {
    char internal[128];
} nccl_unique_id;
#endif
struct nccl_communicator;
struct cuda_stream;

/* Member of struct gpu_nccl, exported name, arguments. All return nccl_result. */
#define NCCL_FUNCTIONS(X)                                                                          \
    X(ncclGetVersion, ncclGetVersion, (int *version))                                              \
    X(ncclGetUniqueId, ncclGetUniqueId, (nccl_unique_id * id))                                     \
    X(ncclCommInitRank, ncclCommInitRank,                                                          \
      (struct nccl_communicator * *communicator, int ranks, nccl_unique_id id, int rank))          \
    X(ncclCommDestroy, ncclCommDestroy, (struct nccl_communicator * communicator))                 \
    X(ncclCommAbort, ncclCommAbort, (struct nccl_communicator * communicator))                     \
    X(ncclCommGetAsyncError, ncclCommGetAsyncError,                                                \
      (struct nccl_communicator * communicator, nccl_result * result))                             \
    X(ncclRedOpCreatePreMulSum, ncclRedOpCreatePreMulSum,                                          \
      (nccl_operation * operation, void *factor, nccl_data_type type, nccl_residence residence,    \
       struct nccl_communicator *communicator))                                                    \
    X(ncclRedOpDestroy, ncclRedOpDestroy,                                                          \
      (nccl_operation operation, struct nccl_communicator * communicator))                         \
    X(ncclAllReduce, ncclAllReduce,                                                                \
      (const void *in, void *out, size_t count, nccl_data_type type, nccl_operation operation,     \
       struct nccl_communicator *communicator, struct cuda_stream *stream))                        \
    X(ncclGroupStart, ncclGroupStart, (void))                                                      \
    X(ncclGroupEnd, ncclGroupEnd, (void))                                                          \
    X(ncclSend, ncclSend,                                                                          \
      (const void *data, size_t count, nccl_data_type type, int peer,                              \
       struct nccl_communicator *communicator, struct cuda_stream *stream))                        \
    X(ncclRecv, ncclRecv,                                                                          \
      (void *data, size_t count, nccl_data_type type, int peer,                                    \
       struct nccl_communicator *communicator, struct cuda_stream *stream))

#endif
