/* Compiling, or finding what was compiled. */
#include "bench/added/compile/image.h"
#include "bench/added/compile/cache.h"
#include "bench/added/compile/compiler.h"
#include "bench/added/compile/nvrtc.h"
#include "common/files.h"
#include "common/hash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOURCE_BYTES_MAX = 1 << 28 };

/* Whether the path ends with one of them, of which the last is NULL. */
static bool ends_with(const char *path, const char *const *ends) {
    const char *dot = strrchr(path, '.');
    while (dot && *ends && strcmp(dot, *ends) != 0)
        ends++;
    return dot && *ends;
}

/* Kernels of published ladders often stand in headers. */
static bool is_code(const char *path) {
    return ends_with(path, (const char *const[]){".cu", ".cuh", ".h", ".hpp", NULL});
}

bool image_is_source(const char *path) {
    return is_code(path) ||
           ends_with(path, (const char *const[]){".ptx", ".fatbin", ".cubin", NULL});
}

static bool is_template(const char *kernel) {
    return strchr(kernel, '<') != NULL;
}

/* Everything that decides what the compiler makes but the files that it includes. */
static uint64_t key_of(const struct compiler *compiler, const struct image_request *request,
                       const char *path, const char *text, size_t size) {
    char numbers[64];
    uint64_t hash = hash_text(hash_start, compiler->identity);
    snprintf(numbers, sizeof numbers, " %d %d ", request->capability, request->ptx);
    hash = hash_text(hash_text(hash, numbers), request->flags);
    hash = hash_text(hash_text(hash, " "), path);
    for (int i = 0; i < request->kernel_count; i++)
        if (is_template(request->kernels[i]))
            hash = hash_text(hash_text(hash, " "), request->kernels[i]);
    return hash_bytes(hash, text, size);
}

/* Nothing instantiates a template that nobody launches: an address of it does. */
static enum status wrapper_write(const struct cache_entry *entry,
                                 const struct image_request *request, const char *path,
                                 struct message *message) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory to instantiate templates");
    fprintf(file, "#include \"%s\"\n", path);
    for (int i = 0; i < request->kernel_count; i++)
        if (is_template(request->kernels[i]))
            fprintf(file,
                    "__attribute__((used)) static const void *lockstep_kernel_%d = "
                    "reinterpret_cast<const void *>(&%s);\n",
                    i, request->kernels[i]);
    enum status status = fclose(file) == 0
                             ? file_replace(entry->source, text, size, message)
                             : message_set(message, STATUS_NO_MEMORY, "no memory for a wrapper");
    free(text);
    return status;
}

static enum status compile_kept(const struct compiler *compiler,
                                const struct image_request *request, const char *path,
                                const char *text, size_t text_size, char **bytes, size_t *size,
                                struct message *message) {
    struct cache_entry *entry = malloc(sizeof *entry);
    if (!entry)
        return message_set(message, STATUS_NO_MEMORY, "no memory to compile %.300s", path);
    bool wrapped = false;
    for (int i = 0; i < request->kernel_count; i++)
        wrapped |= is_template(request->kernels[i]);
    enum status status =
        cache_entry_name(key_of(compiler, request, path, text, text_size), entry, message);
    const bool found = status == STATUS_OK && cache_read(entry, bytes, size);
    if (status == STATUS_OK && !found) {
        if (wrapped)
            status = wrapper_write(entry, request, path, message);
        if (status == STATUS_OK)
            status = compiler_run(compiler, request, wrapped ? entry->source : request->source,
                                  entry->made, entry->read, entry->log, message);
        if (status == STATUS_OK)
            status = cache_write(entry, bytes, size, message);
        cache_entry_clean(entry);
    }
    free(entry);
    return status;
}

static enum status compile(const struct image_request *request, char **bytes, size_t *size,
                           struct message *message) {
    struct compiler *compiler = malloc(sizeof *compiler);
    char path[PATH_MAX], *text = NULL;
    size_t text_size = 0;
    if (!compiler)
        return message_set(message, STATUS_NO_MEMORY, "no memory to compile");
    enum status status =
        realpath(request->source, path)
            ? file_read_named(path, SOURCE_BYTES_MAX, &text, &text_size, message)
            : message_set(message, STATUS_INVALID, "cannot read it: %s", strerror(errno));
    if (status == STATUS_OK)
        status = compiler_find(compiler, message);
    if (status == STATUS_OK && compiler->kind == COMPILER_NVRTC)
        status = nvrtc_compile(compiler->path, request, text, bytes, size, message);
    else if (status == STATUS_OK)
        status = compile_kept(compiler, request, path, text, text_size, bytes, size, message);
    free(text);
    free(compiler);
    return status;
}

enum status image_make(const struct image_request *request, char **bytes, size_t *size,
                       struct message *message) {
    *bytes = NULL;
    if (!is_code(request->source))
        return file_read_named(request->source, SOURCE_BYTES_MAX, bytes, size, message);
    return compile(request, bytes, size, message);
}
