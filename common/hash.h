/* FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923): tells texts apart. It keeps no secret. */
#ifndef LOCKSTEP_COMMON_HASH_H
#define LOCKSTEP_COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

static const uint64_t hash_start = 0xcbf29ce484222325u;

/* The hash of what `hash` is of already, followed by the text. */
static inline uint64_t hash_text(uint64_t hash, const char *text) {
    for (const char *c = text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
    return hash;
}

static inline uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

#endif
