/* cuBLAS for one GPU: loaded and set up at the first use. */
#ifndef LOCKSTEP_GPU_CUBLAS_H
#define LOCKSTEP_GPU_CUBLAS_H

#include "common/status.h"
#include "gpu/cublas_api.h"

struct gpu;

/* cuBLAS's table, and its handle on the GPU's stream with a workspace of its own, so that calls can
 * be captured. */
struct gpu_cublas {
    void *library;
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declarator takes none */
#define CUBLAS_MEMBER(member, name, parameters) cublas_status(*member) parameters;
    CUBLAS_FUNCTIONS(CUBLAS_MEMBER)
#undef CUBLAS_MEMBER
    struct cublas_context *handle;
    void *workspace;
};

/* The GPU's cuBLAS, owned by the GPU; the first call takes about a second and must not lie inside a
 * capture. The environment's LOCKSTEP_CUBLAS names another one. STATUS_UNSUPPORTED when there is no
 * library, or the GPU is emulated and LOCKSTEP_CUBLAS names no stand-in: cuBLAS ships machine code
 * alone, which only a real GPU runs. */
enum status gpu_cublas_open(struct gpu *gpu, const struct gpu_cublas **cublas,
                            struct message *message);

/* STATUS_OK for CUBLAS_STATUS_SUCCESS, else the message, with the CUDA error that stands behind the
 * failure where the GPU is broken by it. */
enum status gpu_cublas_check(struct gpu *gpu, cublas_status result, const char *what,
                             struct message *message);

#endif
