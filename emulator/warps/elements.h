/* Moves the elements of an access between registers and memory. */
#ifndef LOCKSTEP_EMULATOR_WARPS_ELEMENTS_H
#define LOCKSTEP_EMULATOR_WARPS_ELEMENTS_H

#include "emulator/lanes/space.h"
#include "emulator/warps/access.h"
#include "emulator/warps/values.h"

static inline void put_element(const struct warp *warp, const struct detail *detail, unsigned k,
                               unsigned lane, const unsigned char *at, uint32_t bytes) {
    uint64_t value = 0;
    memcpy(&value, at, bytes);
    if (detail->to_signed && bytes < 8 && (value >> (bytes * 8 - 1) & 1))
        value |= ~((UINT64_C(1) << (bytes * 8)) - 1);
    void *to = warp_slot(warp, detail->to[k]);
    if (detail->to_bits[k] == 64)
        ((struct lanes64 *)to)->at[lane] = value;
    else
        ((struct lanes32 *)to)->at[lane] =
            detail->to_register_bits < 32 ? (uint32_t)value & ((1u << detail->to_register_bits) - 1)
                                          : (uint32_t)value;
}

static inline void load_any(const struct warp *warp, const struct detail *detail, unsigned lane,
                            const unsigned char *at) {
    for (unsigned k = 0; k < detail->elements; k++)
        put_element(warp, detail, k, lane, at + (size_t)k * detail->access_bytes,
                    detail->access_bytes);
}

static inline void store_any(const struct warp *warp, const struct detail *detail, unsigned lane,
                             unsigned char *at) {
    for (unsigned k = 0; k < detail->elements; k++) {
        const uint64_t value = value_read(warp, detail, k + 1, lane);
        memcpy(at + (size_t)k * detail->access_bytes, &value, detail->access_bytes);
    }
}

static inline unsigned char *bytes_at(uint64_t address) {
    return space_host(address);
}

static inline uint32_t read_word(const unsigned char *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* 32-bit elements, `elements` a lane, all lanes active: from `origin` plus each lane's offset. */
INLINE void load_words(const struct warp *warp, const struct detail *detail, uint64_t origin,
                       const uint64_t *offset, unsigned elements, uint32_t kind) {
    for (unsigned k = 0; k < elements; k++) {
        struct lanes32 *to = warp_slot(warp, detail->to[k]);
        if (kind == PATTERN_CONTIGUOUS && elements == 1) {
            memcpy(to, bytes_at(origin + offset[0]), sizeof *to);
        } else if (kind == PATTERN_UNIFORM) {
            const uint32_t value = read_word(bytes_at(origin + offset[0] + (uint64_t)k * 4));
            FOR_LANES(lane) {
                to->at[lane] = value;
            }
        } else {
            for (unsigned lane = 0; lane < LANES; lane++)
                to->at[lane] = read_word(bytes_at(origin + offset[lane] + (uint64_t)k * 4));
        }
    }
}

INLINE void store_words(const struct warp *warp, const struct detail *detail, uint64_t origin,
                        const uint64_t *offset, unsigned elements, uint32_t kind) {
    for (unsigned k = 0; k < elements; k++) {
        const struct lanes32 *from = warp_slot(warp, detail->from[k + 1]);
        if (kind == PATTERN_CONTIGUOUS && elements == 1) {
            memcpy(bytes_at(origin + offset[0]), from, sizeof *from);
        } else {
            for (unsigned lane = 0; lane < LANES; lane++)
                memcpy(bytes_at(origin + offset[lane] + (uint64_t)k * 4), &from->at[lane], 4);
        }
    }
}

INLINE void load_lanes(const struct warp *warp, const struct instruction *instruction,
                       uint64_t origin, const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    const uint64_t *offset = access->address.at;
    if (access->mask == LANES_ALL && detail->access_bytes == 4 && detail->to_bits[0] == 32) {
        if (detail->elements == 1)
            load_words(warp, detail, origin, offset, 1, kind);
        else
            load_words(warp, detail, origin, offset, detail->elements, kind);
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (access->mask >> lane & 1)
            load_any(warp, detail, lane, bytes_at(origin + offset[lane]));
    }
}

INLINE void store_lanes(const struct warp *warp, const struct instruction *instruction,
                        uint64_t origin, const struct access *access, uint32_t kind) {
    const struct detail *detail = instruction->detail;
    const uint64_t *offset = access->address.at;
    if (access->mask == LANES_ALL && detail->access_bytes == 4 && detail->from_bits[1] == 32) {
        if (detail->elements == 1)
            store_words(warp, detail, origin, offset, 1, kind);
        else
            store_words(warp, detail, origin, offset, detail->elements, kind);
        return;
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        if (access->mask >> lane & 1)
            store_any(warp, detail, lane, bytes_at(origin + offset[lane]));
    }
}

#endif
