/* Fat binaries: picking and unpacking the PTX that fits a device. */
#include "emulator/ptx/fatbin.h"

#include "emulator/ptx/lz4.h"
#include "emulator/ptx/target.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTAINER_MAGIC 0xBA55ED50U
#define WRAPPER_MAGIC 0x466243B1U

enum { KIND_PTX = 1 };
enum {
    FLAG_LZ4 = 0x2000,
    FLAG_ZSTD = 0x8000,
    FLAG_ARCHITECTURE = 0x100000,
    FLAG_FAMILY = 0x200000
};

/* PTX is text; a decoded size beyond this is a broken header, not a module. */
#define DECODED_LIMIT ((uint64_t)1 << 30)

struct fatbin_header {
    uint32_t magic;
    uint16_t version, header_size;
    uint64_t size;
};

struct fatbin_entry {
    uint16_t kind, version;
    uint32_t header_size;
    uint64_t size;
    uint32_t compressed_size, options;
    uint16_t minor, major;
    uint32_t architecture, name_offset, name_length;
    uint64_t flags, reserved, decoded_size;
};

struct fatbin_wrapper {
    uint32_t magic, version;
    const void *container;
    const void *more;
};

_Static_assert(sizeof(struct fatbin_header) == 16 && sizeof(struct fatbin_entry) == 64,
               "as nvcc lays them out");

static uint32_t fatbin_magic(const void *image) {
    uint32_t magic;
    memcpy(&magic, image, sizeof magic);
    return magic;
}

/* Byte by byte, for the image may be a shorter text; no byte of the magic numbers is zero. */
bool fatbin_is(const void *image) {
    return !strncmp(image, "\x50\xED\x55\xBA", 4) || !strncmp(image, "\xB1\x43\x62\x46", 4);
}

/* What a walk over the entries has found. */
struct fatbin_search {
    const unsigned char *best; /* the entry with its header */
    struct fatbin_entry entry;
    struct fatbin_entry first; /* PTX, whether it fits or not */
    char architectures[256];   /* "sm_75 PTX, sm_80 machine code" */
};

/* 'a' of sm_90a, 'f' of sm_100f, NUL for neither. */
static char entry_features(const struct fatbin_entry *entry) {
    return (char)(entry->flags & FLAG_ARCHITECTURE ? 'a' : entry->flags & FLAG_FAMILY ? 'f' : 0);
}

/* Of what fits, the highest architecture, and of one architecture what is made for the fewest. */
static bool entry_is_better(const struct fatbin_entry *entry, const struct fatbin_entry *best) {
    const uint64_t features = FLAG_ARCHITECTURE | FLAG_FAMILY;
    if (entry->architecture != best->architecture)
        return entry->architecture > best->architecture;
    return (entry->flags & features) && !(best->flags & FLAG_ARCHITECTURE);
}

static void fatbin_note(struct fatbin_search *search, const struct fatbin_entry *entry) {
    size_t used = strlen(search->architectures);
    snprintf(search->architectures + used, sizeof search->architectures - used,
             "%s%s for sm_%u%.1s", used ? ", " : "",
             entry->kind == KIND_PTX ? "PTX" : "machine code", (unsigned)entry->architecture,
             (const char[]){entry_features(entry), 0});
}

static bool fatbin_walk(const unsigned char *at, const unsigned char *end, unsigned architecture,
                        struct fatbin_search *search) {
    while (at < end) {
        struct fatbin_entry entry;
        if ((size_t)(end - at) < sizeof entry)
            return false;
        memcpy(&entry, at, sizeof entry);
        if (entry.header_size < sizeof entry || entry.header_size > (size_t)(end - at) ||
            entry.size > (size_t)(end - at) - entry.header_size ||
            entry.compressed_size > entry.size)
            return false;
        fatbin_note(search, &entry);
        if (entry.kind == KIND_PTX && search->first.kind != KIND_PTX)
            search->first = entry;
        if (entry.kind == KIND_PTX &&
            target_fits(entry.architecture, entry_features(&entry), architecture) &&
            (!search->best || entry_is_better(&entry, &search->entry))) {
            search->best = at;
            search->entry = entry;
        }
        at += entry.header_size + entry.size;
    }
    return true;
}

/* Zstandard comes with every Debian and Ubuntu (dpkg needs it), so it is loaded where an image asks
 * for it. */
static enum fatbin_status fatbin_zstd(const unsigned char *from, size_t from_size, char *to,
                                      size_t to_size) {
    void *library = dlopen("libzstd.so.1", RTLD_NOW | RTLD_LOCAL);
    size_t (*decompress)(void *, size_t, const void *, size_t) = NULL;
    if (!library)
        return FATBIN_NO_ZSTD;
    void *symbol = dlsym(library, "ZSTD_decompress");
    memcpy(&decompress, &symbol, sizeof decompress);
    size_t done = decompress ? decompress(to, to_size, from, from_size) : 0;
    (void)dlclose(library);
    return done == to_size ? FATBIN_OK : FATBIN_BROKEN;
}

static enum fatbin_status fatbin_unpack(const struct fatbin_search *search,
                                        struct fatbin_ptx *ptx) {
    const struct fatbin_entry *entry = &search->entry;
    const unsigned char *data = search->best + entry->header_size;
    bool packed = entry->flags & (FLAG_LZ4 | FLAG_ZSTD);
    uint64_t length = packed ? entry->decoded_size : entry->size;
    enum fatbin_status status = FATBIN_OK;
    if (length > DECODED_LIMIT)
        return FATBIN_BROKEN;
    char *text = malloc(length + 1);
    if (!text)
        return FATBIN_OUT_OF_MEMORY;
    if (!packed)
        memcpy(text, data, length);
    else if (entry->flags & FLAG_ZSTD)
        status = fatbin_zstd(data, entry->compressed_size, text, length);
    else if (!lz4_decode(data, entry->compressed_size, (unsigned char *)text, length))
        status = FATBIN_BROKEN;
    if (status != FATBIN_OK) {
        free(text);
        return status;
    }
    text[length] = '\0';
    /* Entries are padded with NULs. */
    *ptx = (struct fatbin_ptx){text, strlen(text), entry->architecture, entry_features(entry)};
    return FATBIN_OK;
}

static enum fatbin_status find_in_container(const void *image, unsigned architecture,
                                            struct fatbin_search *search, struct fatbin_ptx *ptx) {
    struct fatbin_header header;
    const unsigned char *bytes = image;
    if (!image || fatbin_magic(image) != CONTAINER_MAGIC)
        return FATBIN_BROKEN;
    memcpy(&header, image, sizeof header);
    search->best = NULL;
    if (header.header_size < sizeof header ||
        !fatbin_walk(bytes + header.header_size, bytes + header.header_size + header.size,
                     architecture, search))
        return FATBIN_BROKEN;
    return search->best ? fatbin_unpack(search, ptx) : FATBIN_NO_PTX;
}

/* Behind each other: the parser takes several units of translation in one text. */
static enum fatbin_status join(struct fatbin_ptx *ptx, struct fatbin_ptx *more) {
    char *text = realloc(ptx->text, ptx->length + more->length + 2);
    if (text) {
        text[ptx->length] = '\n';
        memcpy(text + ptx->length + 1, more->text, more->length + 1);
        ptx->text = text;
        ptx->length += more->length + 1;
    }
    free(more->text);
    return text ? FATBIN_OK : FATBIN_OUT_OF_MEMORY;
}

/* Relocatable device code (nvcc -rdc=true): a container for each unit of translation, which a
 * driver links. One without PTX, such as NVIDIA's library for launches by kernels, is left out:
 * what names its functions finds that nothing defines them. */
static enum fatbin_status find_in_units(const void *const *units, unsigned architecture,
                                        struct fatbin_search *search, struct fatbin_ptx *ptx) {
    enum fatbin_status status = FATBIN_OK;
    *ptx = (struct fatbin_ptx){0};
    for (size_t k = 0; units[k] && (status == FATBIN_OK || status == FATBIN_NO_PTX); k++) {
        struct fatbin_ptx unit = {0};
        status = find_in_container(units[k], architecture, search, &unit);
        if (status == FATBIN_OK && !ptx->text)
            *ptx = unit;
        else if (status == FATBIN_OK)
            status = join(ptx, &unit);
    }
    if (status == FATBIN_OK || status == FATBIN_NO_PTX)
        return ptx->text ? FATBIN_OK : FATBIN_NO_PTX;
    free(ptx->text);
    ptx->text = NULL;
    return status;
}

enum fatbin_status fatbin_find_ptx(const void *image, unsigned architecture, struct fatbin_ptx *ptx,
                                   char *message, size_t message_size) {
    enum { UNITS_VERSION = 2 };
    struct fatbin_search search = {0};
    struct fatbin_wrapper wrapper = {.container = image};
    if (fatbin_magic(image) == WRAPPER_MAGIC)
        memcpy(&wrapper, image, sizeof wrapper);
    enum fatbin_status status = find_in_container(wrapper.container, architecture, &search, ptx);
    if (status == FATBIN_NO_PTX && wrapper.version == UNITS_VERSION && wrapper.more)
        status = find_in_units(wrapper.more, architecture, &search, ptx);
    if (status == FATBIN_NO_PTX)
        *ptx = (struct fatbin_ptx){.architecture = search.first.architecture,
                                   .features = entry_features(&search.first)};
    if (status == FATBIN_NO_PTX)
        snprintf(message, message_size,
                 "the fat binary holds no PTX for sm_%u or older (it holds: %s); compile with "
                 "-gencode arch=compute_%u,code=compute_%u",
                 architecture, *search.architectures ? search.architectures : "nothing",
                 architecture, architecture);
    else if (status == FATBIN_NO_ZSTD)
        snprintf(message, message_size,
                 "the fat binary is compressed with Zstandard and libzstd.so.1 cannot be loaded; "
                 "install libzstd1 or "
                 "compile with --no-compress");
    else if (status != FATBIN_OK)
        snprintf(message, message_size,
                 "the fat binary cannot be read: its headers or its compressed data are broken");
    return status;
}
