/* One GPU, real or emulated, behind the CUDA driver API that is found at run time.
 *
 * A `struct gpu` holds the device's primary context (which cuBLAS needs), one stream in which all
 * work is ordered, and the kernels' modules. It is used from one host thread at a time, the one
 * that opened it. Device memory is a `void *` that the host never follows.
 *
 * Errors. Every call is checked; a message names the call, the driver's error name and what to do.
 * Some errors are sticky (an illegal address, a failed launch …): the driver then refuses every
 * further call in this context. From that moment on
 *   - gpu_broken() is true;
 *   - every call fails at once, with the first reason;
 *   - only gpu_reset() and gpu_close() help.
 * Kernels run asynchronously, so a kernel's own fault shows at the next call that waits.
 * STATUS_NO_GPU comes from gpu_open() alone: a GPU that goes away later is STATUS_FAILED.
 * STATUS_NO_MEMORY comes from calls that need memory alone: an allocation, a module, a launch, a
 * graph. Out of memory from any other is STATUS_FAILED, for no smaller shape would help.
 *
 * Graphs. What lies between gpu_capture_begin() and gpu_capture_end() is recorded instead of run,
 * and gpu_graph_launch() replays it with one call. A graph keeps addresses and arguments as they
 * were when captured. What changes from one replay to the next must therefore lie in device memory:
 *   - a batch: enqueue its upload into the buffer that the graph reads before each launch;
 *   - a number, such as what Adam computes from its step: kernels read it from gpu_words(), and
 *     gpu_word_set() changes it before each launch. The value travels with the call and takes
 *     effect in stream order, so replays may be queued without waiting for each other.
 * Anything that allocates or loads must have happened before: run the work once, then capture it.
 */
#ifndef LOCKSTEP_GPU_GPU_H
#define LOCKSTEP_GPU_GPU_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpu;
struct gpu_graph;

/* A fatbin or NUL-terminated PTX text, as nvcc or clang made it from one source file. */
struct gpu_image {
    const char *name; /* of the source file, without folder and extension */
    const void *data;
    const void *end; /* behind the last byte */
};

/* Which GPU, and where its libraries are. NULL means the system's, searched as the dynamic loader
 * does. */
struct gpu_selection {
    const char *driver; /* libcuda.so.1 */
    const char *cublas; /* libcublas.so.13, .12 or .11: the first no newer than the driver's CUDA */
    const char *nvml;   /* libnvidia-ml.so.1; gpu_open() leaves it to its caller: gpu/nvml.h */
    int index;
    const struct gpu_image *images; /* live as long as the GPU */
    size_t image_count;
};

enum { GPU_NAME_BYTES = 256, GPU_BUS_BYTES = 32 };

struct gpu_properties {
    char name[GPU_NAME_BYTES];
    char bus[GPU_BUS_BYTES]; /* PCI address, for NVML */
    bool emulated;           /* results and counters, no time */
    int driver_version;      /* the CUDA version that the driver offers: 12040 is 12.4 */
    int capability;          /* 90 is compute capability 9.0 */
    int multiprocessors;
    int threads_per_multiprocessor;
    int threads_per_block;
    int block[3], grid[3]; /* the largest */
    size_t shared_per_block;
    size_t shared_per_block_optin;
    size_t l2_bytes;
    size_t memory_bytes;
};

/* --- opening -------------------------------------------------------------------------------- */

/* The emulator's libcuda.so.1, the first that is there; STATUS_NO_GPU when there is none:
 *   - what the environment's LOCKSTEP_EMULATOR_LIBRARY names, and then no other;
 *   - emulator/libcuda.so.1 in the running program's folder, or in the one above it;
 *   - lib/lockstep/libcuda.so.1 beside an installed bin/. */
enum status gpu_emulator_path(char *path, size_t bytes, struct message *message);

/* What ends the reason where there is no GPU: for all but those who want times. */
#define GPU_ADVICE_EMULATED ", or use --gpu emulated"

/* STATUS_NO_GPU when there is no driver, no device, or no device of that index; STATUS_UNSUPPORTED
 * when the driver is too old; STATUS_FAILED with the call and the error's name when the driver
 * fails at any question about the device. On success *gpu is the caller's to gpu_close(). */
enum status gpu_open(const struct gpu_selection *selection, struct gpu **gpu,
                     struct message *message);

/* Frees everything, what the caller forgot included. NULL is allowed. STATUS_FAILED with the first
 * failure of a call that gave something back, now or earlier: the functions that release have no
 * status, and a kernel's fault may show in them. */
enum status gpu_close(struct gpu *gpu, struct message *message);

const struct gpu_properties *gpu_properties(const struct gpu *gpu);

/* True after a sticky error. */
bool gpu_broken(const struct gpu *gpu);

/* Lets an emulated GPU, whose launches may take minutes, be left in the middle of one: `asked` is
 * called from any thread while one runs, and once it is true the launch stops. That breaks the GPU,
 * and its calls end with STATUS_INTERRUPTED. A real GPU is not asked. */
void gpu_stop_when(struct gpu *gpu, bool (*asked)(void *), void *argument);

/* The bytes keep what they hold, and an emulated GPU that checks for it tells of a kernel that uses
 * them before it writes them. A real GPU does nothing. */
void gpu_forget(const struct gpu *gpu, const void *pointer, size_t bytes);

/* Destroys the context and makes a new one, after a sticky error or at any time. All device memory,
 * pinned memory and graphs are gone: release them before, or never touch them again. */
enum status gpu_reset(struct gpu *gpu, struct message *message);

/* --- memory --------------------------------------------------------------------------------- */

/* Bytes of device memory free and in all. */
enum status gpu_memory(struct gpu *gpu, size_t *available, size_t *total, struct message *message);

/* Aligned to 256 bytes. STATUS_NO_MEMORY names the bytes wanted and the bytes there are. */
enum status gpu_allocate(struct gpu *gpu, size_t bytes, void **pointer, struct message *message);
void gpu_release(struct gpu *gpu, void *pointer); /* NULL is allowed */

/* Page-locked host memory, for transfers at the bus's full rate. */
enum status gpu_host_allocate(struct gpu *gpu, size_t bytes, void **pointer,
                              struct message *message);
void gpu_host_release(struct gpu *gpu, void *pointer); /* NULL is allowed */

/* Complete when they return. */
enum status gpu_upload(struct gpu *gpu, void *to, const void *from, size_t bytes,
                       struct message *message);
enum status gpu_download(struct gpu *gpu, void *to, const void *from, size_t bytes,
                         struct message *message);

/* Enqueued in stream order. The host side must be pinned and left alone until gpu_synchronize(). */
enum status gpu_upload_enqueue(struct gpu *gpu, void *to, const void *from, size_t bytes,
                               struct message *message);
enum status gpu_download_enqueue(struct gpu *gpu, void *to, const void *from, size_t bytes,
                                 struct message *message);

/* Sets `words` 32-bit words from `to` (aligned to 4) on; enqueued. */
enum status gpu_fill(struct gpu *gpu, void *to, uint32_t word, size_t words,
                     struct message *message);

/* --- running -------------------------------------------------------------------------------- */

/* Makes one more image known; it and its name live as long as the GPU. To add it again changes
 * nothing. STATUS_INVALID: another image has that name. */
enum status gpu_image_add(struct gpu *gpu, const struct gpu_image *image, struct message *message);

/* The CUstream that all work is ordered in. */
void *gpu_stream(const struct gpu *gpu);

enum { GPU_PARAMETERS_MAX = 64 };

/* The names of the kernels that an image holds, which is loaded: `*names` is to be freed, the names
 * live until the GPU is reset or closed. STATUS_UNSUPPORTED: the driver does not tell. */
enum status gpu_image_kernels(struct gpu *gpu, const char *image, const char ***names,
                              size_t *count, struct message *message);

/* A kernel's name, and the name of the image that holds it; both live as long as the GPU. */
struct gpu_kernel {
    const char *image;
    const char *name;
};

struct gpu_launch {
    struct gpu_kernel kernel;
    int64_t grid[3];   /* blocks; checked against the device's limits */
    int block[3];      /* threads */
    int shared_bytes;  /* dynamic shared memory */
    void *arguments;   /* the kernel's one parameter, a struct that host and device code share */
    void **parameters; /* a pointer to each, where it has more; NULL: it has the one */
};

/* Enqueues the kernel. Its image is loaded at the first launch. STATUS_UNSUPPORTED when the
 * geometry exceeds the device, or no image holds the kernel; STATUS_FAILED when the driver refuses
 * it. */
enum status gpu_launch(struct gpu *gpu, const struct gpu_launch *launch, struct message *message);

/* A matrix of rows in device memory, as TMA moves boxes of it to and from shared memory. Address
 * and `stride` are multiples of 16 bytes. */
enum gpu_element { GPU_F16, GPU_BF16, GPU_F32 };
struct gpu_matrix {
    const void *data;
    enum gpu_element element;
    int64_t rows, columns, stride; /* elements; the stride is from row to row */
    int box_rows, box_columns;     /* 128 bytes of columns, which are swizzled in shared memory */
};

enum { GPU_TENSOR_MAP_BYTES = 128 }; /* and its alignment */

/* Writes the tensor map that a kernel takes as a parameter. STATUS_UNSUPPORTED: the driver, which
 * is older than CUDA 12.0, or this device has none. */
enum status gpu_tensor_map(struct gpu *gpu, const struct gpu_matrix *matrix, void *map,
                           struct message *message);

/* How many bytes each parameter of the kernel has. STATUS_UNSUPPORTED: the driver does not tell. */
enum status gpu_kernel_parameters(struct gpu *gpu, struct gpu_kernel kernel,
                                  size_t bytes[GPU_PARAMETERS_MAX], int *count,
                                  struct message *message);

/* Waits for all work enqueued; where a kernel's fault shows. */
enum status gpu_synchronize(struct gpu *gpu, struct message *message);

/* Whether work that was enqueued is still under way. */
enum status gpu_pending(struct gpu *gpu, bool *pending, struct message *message);

/* A second stream, beside the one of all other work: what it is given next waits for all that the
 * first was given so far; and the other way round. The second call of either lies in a capture as
 * well as the first one's, as long as the second stream was used once before. */
enum status gpu_beside_follow(struct gpu *gpu, struct message *message);
enum status gpu_beside_wait(struct gpu *gpu, struct message *message);

/* Events around the work between the two calls. gpu_timer_mark() between them ends it earlier, and
 * waits for nothing. gpu_timer_stop() waits for it and gives seconds, or
 * STATUS_UNSUPPORTED on the emulated GPU, when the work is done too. */
enum status gpu_timer_start(struct gpu *gpu, struct message *message);
enum status gpu_timer_mark(struct gpu *gpu, struct message *message);
enum status gpu_timer_stop(struct gpu *gpu, double *seconds, struct message *message);

/* --- graphs, see above ---------------------------------------------------------------------- */

enum { GPU_WORDS = 64 };

/* Device memory of GPU_WORDS 32-bit words, all zero after opening. */
const void *gpu_words(const struct gpu *gpu);
enum status gpu_word_set(struct gpu *gpu, int index, float value, struct message *message);

enum status gpu_capture_begin(struct gpu *gpu, struct message *message);
bool gpu_capturing(const struct gpu *gpu);

/* On success *graph is the caller's to gpu_graph_destroy(). After a failure nothing is captured and
 * the stream works again. */
enum status gpu_capture_end(struct gpu *gpu, struct gpu_graph **graph, struct message *message);

/* Ends a capture that is not wanted, such as one in which a call failed. */
void gpu_capture_abandon(struct gpu *gpu);

enum status gpu_graph_launch(struct gpu *gpu, struct gpu_graph *graph, struct message *message);
void gpu_graph_destroy(struct gpu *gpu, struct gpu_graph *graph); /* NULL is allowed */

#endif
