/* Reading an IDX file strictly. */
#include "bench/training/idx.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    IDX_UNSIGNED_BYTE = 8,
    ITEMS_MAX = 100000000, /* MNIST has 60,000: a larger number is a damaged header */
    SIDE_MAX = 4096        /* pixels */
};

/* A file that is being read; `bytes` is how far. */
struct idx {
    gzFile file;
    const char *path;
    int64_t bytes;
    int64_t sizes[IDX_DIMENSIONS_MAX];
};

/* A damaged file is a wrong file, as a truncated one is. The system's own errors are others. */
static enum status idx_failed(const struct idx *idx, struct message *message) {
    int code;
    const char *error = gzerror(idx->file, &code); /* begins with the path */
    if (code == Z_ERRNO)
        return message_set(message, STATUS_IO, "cannot read %s: %s", idx->path, strerror(errno));
    return message_set(message, STATUS_INVALID,
                       "cannot read %s after %lld bytes; the file is damaged, fetch it again",
                       error, (long long)idx->bytes);
}

/* zlib reads at most INT_MAX at once; a piece of 64 MiB also keeps a damaged count from asking for
 * more than there is. */
static enum status idx_read(struct idx *idx, uint8_t *to, int64_t count, int64_t expected,
                            struct message *message) {
    const int64_t piece = INT64_C(1) << 26;
    for (int64_t done = 0; done < count;) {
        int64_t wanted = count - done < piece ? count - done : piece;
        int got = gzread(idx->file, to + done, (unsigned)wanted);
        if (got > 0) {
            done += got;
            idx->bytes += got;
        }
        if (got == wanted)
            continue;
        int code;
        (void)gzerror(idx->file, &code);
        if (got < 0 && code != Z_BUF_ERROR)
            return idx_failed(idx, message);
        return message_set(message, STATUS_INVALID,
                           "%s is truncated: %lld bytes of data, its header asks for %lld; fetch "
                           "it again",
                           idx->path, (long long)idx->bytes, (long long)expected);
    }
    return STATUS_OK;
}

static int64_t big_endian(const uint8_t bytes[4]) {
    return (int64_t)bytes[0] << 24 | (int64_t)bytes[1] << 16 | (int64_t)bytes[2] << 8 |
           (int64_t)bytes[3];
}

/* Reads the header and checks that it has `dimensions` of a size that makes sense. */
static enum status idx_header(struct idx *idx, int dimensions, struct message *message) {
    uint8_t header[4 + 4 * IDX_DIMENSIONS_MAX];
    int64_t length = 4 + 4 * dimensions;
    enum status status = idx_read(idx, header, 4, length, message);
    if (status != STATUS_OK)
        return status;
    if (header[0] != 0 || header[1] != 0)
        return message_set(message, STATUS_INVALID,
                           "%s is not an IDX file: it starts with %02x %02x %02x %02x, expected 00 "
                           "00 08 %02x",
                           idx->path, header[0], header[1], header[2], header[3], dimensions);
    if (header[2] != IDX_UNSIGNED_BYTE || header[3] != dimensions)
        return message_set(message, STATUS_INVALID,
                           "%s holds elements of type 0x%02x in %d dimensions, expected 0x08 "
                           "(unsigned bytes) in %d",
                           idx->path, header[2], header[3], dimensions);
    status = idx_read(idx, header + 4, length - 4, length, message);
    if (status != STATUS_OK)
        return status;
    for (int d = 0; d < IDX_DIMENSIONS_MAX; d++) {
        idx->sizes[d] = d < dimensions ? big_endian(header + 4 + 4 * (size_t)d) : 1;
        int64_t most = d == 0 ? ITEMS_MAX : SIDE_MAX;
        if (idx->sizes[d] > most)
            return message_set(message, STATUS_INVALID,
                               "%s has %lld as size of dimension %d, expected at most %lld",
                               idx->path, (long long)idx->sizes[d], d + 1, (long long)most);
    }
    return STATUS_OK;
}

/* Nothing may follow; a gzipped file's checksum is read and compared on the way. */
static enum status idx_end(struct idx *idx, struct message *message) {
    uint8_t extra;
    int got = gzread(idx->file, &extra, 1);
    if (got > 0)
        return message_set(message, STATUS_INVALID,
                           "%s goes on after the %lld bytes that its header describes; it is "
                           "damaged or of another kind",
                           idx->path, (long long)idx->bytes);
    int code;
    (void)gzerror(idx->file, &code);
    return got < 0 || code != Z_OK ? idx_failed(idx, message) : STATUS_OK;
}

/* Everything after the header, and nothing after that. */
static enum status idx_elements(struct idx *idx, size_t *memory, uint8_t **elements,
                                struct message *message) {
    int64_t count = idx->sizes[0] * idx->sizes[1] * idx->sizes[2];
    if (count < 1)
        return message_set(message, STATUS_INVALID,
                           "%s holds nothing: its header gives the sizes %lldx%lldx%lld", idx->path,
                           (long long)idx->sizes[0], (long long)idx->sizes[1],
                           (long long)idx->sizes[2]);
    uint8_t *bytes = (size_t)count <= *memory ? calloc((size_t)count, 1) : NULL;
    if (!bytes)
        return message_set(message, STATUS_NO_MEMORY,
                           "%s needs %lld bytes of memory and %zu are available", idx->path,
                           (long long)count, *memory);
    *memory -= (size_t)count;
    enum status status = idx_read(idx, bytes, count, idx->bytes + count, message);
    if (status == STATUS_OK)
        status = idx_end(idx, message);
    if (status != STATUS_OK) {
        free(bytes);
        return status;
    }
    *elements = bytes;
    return STATUS_OK;
}

enum status idx_file_read(const char *path, int dimensions, size_t *memory,
                          int64_t sizes[IDX_DIMENSIONS_MAX], uint8_t **elements,
                          struct message *message) {
    struct idx idx = {.path = path, .file = gzopen(path, "rb")};
    if (!idx.file)
        return message_set(message, STATUS_INVALID, "cannot open %s: %s", path, strerror(errno));
    enum status status = idx_header(&idx, dimensions, message);
    if (status == STATUS_OK)
        status = idx_elements(&idx, memory, elements, message);
    gzclose_r(idx.file);
    memcpy(sizes, idx.sizes, sizeof idx.sizes);
    return status;
}
