/* cuBLAS, found at run time; see gpu/cublas.h. */
#include "gpu/cublas.h"

#include "gpu/library.h"
#include "gpu/state.h"

#include <stdlib.h>

/* What NVIDIA recommends for Hopper, and more than enough elsewhere ("cublasSetWorkspace()" in the
 * cuBLAS manual). */
enum { WORKSPACE_BYTES = 32 << 20 };

static const struct {
    cublas_status status;
    const char *name;
} status_names[] = {
#define CUBLAS_NAME(name, value) {name, #name},
    CUBLAS_STATUSES(CUBLAS_NAME)
#undef CUBLAS_NAME
};

/* cuBLAS does not tell of a sticky error behind its own. Unasked, the driver would tell the next
 * caller, who has no part in it. */
static enum status cause_ask(struct gpu *gpu, enum status status, struct message *message) {
    struct message cause, failure = *message;
    if (gpu->capturing || gpu_synchronize(gpu, &cause) == STATUS_OK)
        return status;
    return message_set(message, status, "%.400s; behind it: %.500s", failure.text, cause.text);
}

enum status gpu_cublas_check(struct gpu *gpu, cublas_status result, const char *what,
                             struct message *message) {
    if (result == CUBLAS_STATUS_SUCCESS)
        return STATUS_OK;
    const char *name = "an unknown status";
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0]; i++)
        if (status_names[i].status == result)
            name = status_names[i].name;
    const char *advice = "see the cuBLAS manual";
    enum status status = STATUS_FAILED;
    if (result == CUBLAS_STATUS_ALLOC_FAILED) {
        status = STATUS_NO_MEMORY;
        advice = "cuBLAS found no memory for itself: choose a smaller shape";
    } else if (result == CUBLAS_STATUS_NOT_SUPPORTED || result == CUBLAS_STATUS_ARCH_MISMATCH) {
        status = STATUS_UNSUPPORTED;
        advice = "this GPU or this cuBLAS cannot do it";
    } else if (result == CUBLAS_STATUS_NOT_INITIALIZED) {
        advice = "cuBLAS and the driver may not fit each other: install a cuBLAS that is no newer "
                 "than the driver's CUDA";
    }
    status =
        message_set(message, status, "%s failed: %s (%d); %s", what, name, (int)result, advice);
    return status == STATUS_FAILED ? cause_ask(gpu, status, message) : status;
}

static const struct library_symbol cublas_symbols[] = {
#define CUBLAS_SYMBOL(member, name, parameters) {#name, offsetof(struct gpu_cublas, member)},
    CUBLAS_FUNCTIONS(CUBLAS_SYMBOL)
#undef CUBLAS_SYMBOL
};

/* The newest cuBLAS that the driver runs: cuBLAS 13 asks for a driver of CUDA 13. The toolkit's own
 * folder is not always known to the loader. */
static const struct {
    int cuda; /* the least major version of the driver's CUDA */
    const char *name;
} libraries[] = {{13, "libcublas.so.13"},
                 {12, "libcublas.so.12"},
                 {11, "libcublas.so.11"},
                 {13, "/usr/local/cuda/lib64/libcublas.so.13"},
                 {12, "/usr/local/cuda/lib64/libcublas.so.12"},
                 {11, "/usr/local/cuda/lib64/libcublas.so.11"}};

static enum status cublas_load(struct gpu_cublas *cublas, const char *path, int driver_version,
                               struct message *message) {
    const char *names[sizeof libraries / sizeof libraries[0] + 1] = {path};
    size_t count = 0;
    for (size_t i = 0; path == NULL && i < sizeof libraries / sizeof libraries[0]; i++)
        if (libraries[i].cuda <= driver_version / 1000)
            names[count++] = libraries[i].name;
    struct message reason;
    if (library_open(names, &cublas->library, &reason) != STATUS_OK)
        return message_set(
            message, STATUS_UNSUPPORTED,
            "cuBLAS could not be loaded (%s); install cuBLAS of CUDA 11 or newer and "
            "no newer than the driver's CUDA %d, and name its folder in "
            "LD_LIBRARY_PATH",
            reason.text, driver_version / 1000);
    if (library_bind(cublas->library, cublas_symbols,
                     sizeof cublas_symbols / sizeof cublas_symbols[0], cublas,
                     &reason) != STATUS_OK)
        return message_set(message, STATUS_UNSUPPORTED,
                           "cuBLAS cannot be used, %s; install cuBLAS 11, 12 or 13", reason.text);
    return STATUS_OK;
}

static enum status cublas_start(struct gpu *gpu, struct gpu_cublas *cublas,
                                struct message *message) {
    enum status status =
        gpu_cublas_check(gpu, cublas->cublasCreate(&cublas->handle), "cublasCreate", message);
    /* Setting the stream also sets the workspace back to cuBLAS's own, so it comes first. */
    if (status == STATUS_OK)
        status = gpu_cublas_check(gpu, cublas->cublasSetStream(cublas->handle, gpu->stream),
                                  "cublasSetStream", message);
    if (status == STATUS_OK)
        status = gpu_allocate(gpu, WORKSPACE_BYTES, &cublas->workspace, message);
    if (status == STATUS_OK)
        status = gpu_cublas_check(
            gpu, cublas->cublasSetWorkspace(cublas->handle, cublas->workspace, WORKSPACE_BYTES),
            "cublasSetWorkspace", message);
    return status;
}

enum status gpu_cublas_open(struct gpu *gpu, const struct gpu_cublas **cublas,
                            struct message *message) {
    *cublas = gpu->cublas;
    if (gpu->cublas != NULL)
        return STATUS_OK;
    enum status status = gpu_usable(gpu, message);
    if (status != STATUS_OK)
        return status;
    const char *chosen = getenv("LOCKSTEP_CUBLAS");
    if (chosen && !*chosen)
        chosen = NULL;
    if (gpu->properties.emulated && !chosen)
        return message_set(message, STATUS_UNSUPPORTED,
                           "cuBLAS needs a real GPU: it ships machine code, and the emulated GPU "
                           "runs PTX; a stand-in may be named in LOCKSTEP_CUBLAS");
    if (gpu->capturing)
        return message_set(message, STATUS_INVALID,
                           "cuBLAS cannot be set up inside a capture: run the work once before "
                           "capturing it");
    struct gpu_cublas *opened = calloc(1, sizeof *opened);
    if (opened == NULL)
        return message_set(message, STATUS_NO_MEMORY, "no host memory for cuBLAS's table");
    gpu->cublas = opened;
    const char *path = gpu->cublas_path ? gpu->cublas_path : chosen;
    status = cublas_load(opened, path, gpu->driver.version, message);
    if (status == STATUS_OK)
        status = cublas_start(gpu, opened, message);
    if (status != STATUS_OK) {
        gpu_cublas_release(gpu);
        return status;
    }
    *cublas = opened;
    return STATUS_OK;
}

void gpu_cublas_release(struct gpu *gpu) {
    struct gpu_cublas *cublas = gpu->cublas;
    gpu->cublas = NULL;
    if (cublas == NULL)
        return;
    /* In a broken context this fails, and frees the handle's host memory all the same. */
    const bool was_broken = gpu->broken;
    struct message message;
    if (cublas->handle != NULL &&
        gpu_cublas_check(gpu, cublas->cublasDestroy(cublas->handle), "cublasDestroy", &message) !=
            STATUS_OK &&
        !was_broken && *gpu->unreturned.text == '\0')
        gpu->unreturned = message;
    gpu_release(gpu, cublas->workspace);
    free(cublas);
}
