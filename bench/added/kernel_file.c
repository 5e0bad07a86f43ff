/* Reading a file's blocks of launch lines, and compiling it for a GPU. */
#include "bench/added/kernel_file.h"
#include "bench/added/compile/image.h"
#include "bench/added/kernel_row.h"
#include "common/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 32, TEXT_BYTES_MAX = 1 << 26, PATH_BYTES = 4096 };

/* One row, and what it is compiled from. Rows of one source and one set of flags share an image. */
struct part {
    struct kernel_row row;
    char source[PATH_BYTES], image_name[PATH_BYTES + 64];
    struct part *shares; /* the first part of the same image; itself where it is that */
    char *image;         /* owned by that one */
    size_t image_bytes;
};

struct kernel_file {
    const char *path;
    int part_count;
    struct part *parts[ROWS_MAX];
};

static bool is_launch_file(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".launch") == 0;
}

static bool kernels_take(const char *what) {
    return image_is_source(what) || is_launch_file(what);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* A `source` line is beside the file that it stands in. */
static void source_choose(struct part *part, const char *path) {
    const char *source = part->row.lines->source;
    const char *slash = strrchr(path, '/');
    const int folder = slash && *source != '/' ? (int)(slash - path) + 1 : 0;
    if (*source)
        snprintf(part->source, sizeof part->source, "%.*s%s", folder, path, source);
    else
        snprintf(part->source, sizeof part->source, "%s", path);
}

static void image_share(struct kernel_file *file, struct part *part) {
    part->shares = part;
    for (int i = 0; i < file->part_count && part->shares == part; i++) {
        struct part *other = file->parts[i];
        if (strcmp(other->source, part->source) == 0 &&
            strcmp(other->row.lines->flags, part->row.lines->flags) == 0 &&
            other->row.lines->capability == part->row.lines->capability)
            part->shares = other->shares;
    }
}

/* Those that a kernel is launched for. */
static uint64_t variants_of(const struct lines *lines) {
    variant_set variants = 0;
    for (int i = 0; i < lines->kernel_count; i++)
        variants |= lines->kernels[i].variants;
    return lines->operation->variant_count < LINES_VARIANTS_MAX
               ? variants & (((variant_set)1 << lines->operation->variant_count) - 1)
               : variants;
}

static enum status row_append(struct kernel_file *file, struct part *part, const char *name,
                              struct added_rows *rows, struct message *message) {
    const struct lines *lines = part->row.lines;
    char own[ADDED_NAME_BYTES];
    enum status status = STATUS_OK;
    if (!name && !*lines->name)
        status = added_name_of_file(file->path, own, message);
    if (!name)
        name = *lines->name ? lines->name : own;
    /* With the row's name, for a file may be added twice under two names. */
    snprintf(part->image_name, sizeof part->image_name, "%s#%d#%.31s", file->path,
             file->part_count - 1, status == STATUS_OK ? name : "");
    const struct implementation implementation = {
        .file = file->path,
        .summary = *lines->summary ? lines->summary : "kernels of one's own",
        .device = DEVICE_GPU,
        .dtypes = lines->dtypes,
        .variants = variants_of(lines),
        .reads_outputs = lines->reads_outputs,
        .batches = lines->batches,
        .batches_advice = "its launch lines name none; add batch to the grid, and stride_a, "
                          "stride_b and stride_c to args",
        .methods = &kernel_row_methods,
        .own = &part->row};
    return status == STATUS_OK
               ? added_rows_append(rows, lines->operation->name, name, &implementation, message)
               : status;
}

static enum status part_add(struct kernel_file *file, struct lines *lines, const char *name,
                            struct added_rows *rows, struct message *message) {
    struct part *part = file->part_count < ROWS_MAX ? calloc(1, sizeof *part) : NULL;
    if (!part) {
        lines_free(lines);
        return message_set(message, STATUS_INVALID, "%.300s has more than %d blocks of lines",
                           file->path, ROWS_MAX);
    }
    part->row.lines = lines;
    source_choose(part, file->path);
    image_share(file, part);
    file->parts[file->part_count++] = part;
    if (!image_is_source(part->source))
        return message_set(message, STATUS_INVALID,
                           "%.300s: its kernels are in no file that can be loaded: a `source` line "
                           "names the .cu, .cuh, .ptx, .fatbin or .cubin",
                           file->path);
    return row_append(file, part, name, rows, message);
}

static enum status none_explain(const char *path, struct message *message) {
    return message_set(message, STATUS_INVALID,
                       "%.300s has no launch lines: a comment that begins with `/* lockstep` says "
                       "how its kernels are launched, or a .launch file with `source %.200s` does; "
                       "`lockstep new OPERATION FILE.cu` writes one to start from",
                       path, path);
}

static enum status blocks_read(struct kernel_file *file, const char *text, const char *name,
                               struct added_rows *rows, struct message *message) {
    struct lines *lines = NULL;
    int line = 1;
    const char *at = text;
    enum status status;
    do {
        status = lines_read(file->path, is_launch_file(file->path), &at, &line, &lines, message);
        if (status == STATUS_OK && lines && name && file->part_count > 0) {
            lines_free(lines);
            return message_set(message, STATUS_INVALID,
                               "%.300s has several rows, and a name can be given to one alone",
                               file->path);
        }
        if (status == STATUS_OK && lines)
            status = part_add(file, lines, name, rows, message);
    } while (status == STATUS_OK && lines);
    return status == STATUS_OK && file->part_count == 0 ? none_explain(file->path, message)
                                                        : status;
}

static enum status kernels_open(const char *what, const char *name, struct added_rows *rows,
                                void **state, struct message *message) {
    char *text = NULL;
    size_t size;
    struct kernel_file *file = calloc(1, sizeof *file);
    *state = file;
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %.300s", what);
    file->path = what;
    enum status status = file_read_named(what, TEXT_BYTES_MAX, &text, &size, message);
    if (status == STATUS_OK)
        status = blocks_read(file, text, name, rows, message);
    free(text);
    return status;
}

static void kernels_close(void *state) {
    struct kernel_file *file = state;
    for (int i = 0; file && i < file->part_count; i++) {
        kernel_row_close(&file->parts[i]->row);
        free(file->parts[i]->image);
        free(file->parts[i]);
    }
    free(file);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* The sentence behind the file's name. */
static enum status say_file(const char *path, enum status status, struct message *message) {
    const struct message why = *message;
    return message_set(message, status, "%.250s: %.750s", path, why.text);
}

static enum status image_compile(struct kernel_file *file, struct part *part, struct gpu *gpu,
                                 struct message *message) {
    const struct gpu_properties *properties = gpu_properties(gpu);
    struct image_request request = {.source = part->source,
                                    .flags = part->row.lines->flags,
                                    .capability = properties->capability,
                                    .ptx = properties->emulated};
    for (int i = 0; i < file->part_count; i++) {
        const struct lines *lines = file->parts[i]->row.lines;
        for (int k = 0; file->parts[i]->shares == part && k < lines->kernel_count; k++)
            if (request.kernel_count < IMAGE_KERNELS_MAX)
                request.kernels[request.kernel_count++] = lines->kernels[k].name;
    }
    enum status status = image_make(&request, &part->image, &part->image_bytes, message);
    return status == STATUS_OK ? status : say_file(part->source, status, message);
}

/* Machine code is for one kind of GPU. */
static enum status image_refused(const struct part *part, struct gpu *gpu,
                                 struct message *message) {
    const struct gpu_properties *properties = gpu_properties(gpu);
    const struct message why = *message;
    return message_set(
        message, STATUS_INVALID,
        "%.250s cannot be loaded on %.60s, of compute capability %d.%d%s: %.500s", part->source,
        properties->name, properties->capability / 10, properties->capability % 10,
        properties->emulated ? ", which runs PTX and no machine code" : "", why.text);
}

static enum status part_load(struct kernel_file *file, struct part *part, struct gpu *gpu,
                             struct message *message) {
    const int capability = gpu_properties(gpu)->capability, wanted = part->row.lines->capability;
    struct part *shared = part->shares;
    enum status status = STATUS_OK;
    if (wanted > capability) {
        snprintf(part->row.unavailable, sizeof part->row.unavailable,
                 "wants compute capability %d.%d, and this GPU has %d.%d", wanted / 10, wanted % 10,
                 capability / 10, capability % 10);
        return STATUS_OK;
    }
    if (!shared->image)
        status = image_compile(file, shared, gpu, message);
    if (status != STATUS_OK)
        return status;
    const struct gpu_image image = {shared->image_name, shared->image,
                                    shared->image + shared->image_bytes};
    status = gpu_image_add(gpu, &image, message);
    if (status == STATUS_OK)
        status = kernel_row_load(&part->row, gpu, shared->image_name, message);
    return status == STATUS_FAILED ? image_refused(shared, gpu, message) : status;
}

static enum status kernels_load(void *state, struct device *gpu, struct message *message) {
    struct kernel_file *file = state;
    enum status status = STATUS_OK;
    for (int i = 0; i < file->part_count && status == STATUS_OK; i++)
        status = part_load(file, file->parts[i], gpu->gpu, message);
    return status;
}

const struct added_way added_way_kernels = {.takes = kernels_take,
                                            .is_file = true,
                                            .open = kernels_open,
                                            .load = kernels_load,
                                            .close = kernels_close};
