/* The constants of a program: each once, spread over the lanes. */
#include "emulator/decode/constants.h"

#include <string.h>

static size_t constant_hash(uint64_t bits, uint32_t width) {
    return (size_t)((bits * 0x9e3779b97f4a7c15u) >> 20) ^ width;
}

static void constant_rehash(struct decoder *decoder) {
    decoder->constant_index_size =
        decoder->constant_index_size ? decoder->constant_index_size * 2 : 256;
    decoder->constant_index = source_allocate(decoder->source, decoder->constant_index_size *
                                                                   sizeof *decoder->constant_index);
    for (size_t k = 0; k < decoder->constant_count; k++) {
        size_t at = constant_hash(decoder->constants[k].bits, decoder->constants[k].width);
        while (decoder->constant_index[at & (decoder->constant_index_size - 1)])
            at++;
        decoder->constant_index[at & (decoder->constant_index_size - 1)] = (uint32_t)k + 1;
    }
}

uint32_t constants_slot(struct decoder *decoder, uint64_t bits, uint32_t width) {
    if (decoder->constant_count * 2 >= decoder->constant_index_size)
        constant_rehash(decoder);
    size_t at = constant_hash(bits, width) & (decoder->constant_index_size - 1);
    for (; decoder->constant_index[at]; at = (at + 1) & (decoder->constant_index_size - 1)) {
        const struct constant_entry *entry = &decoder->constants[decoder->constant_index[at] - 1];
        if (entry->bits == bits && entry->width == width)
            return entry->slot;
    }
    decoder->constants = source_grow(decoder->source, decoder->constants, decoder->constant_count,
                                     &decoder->constant_capacity, sizeof *decoder->constants);
    struct constant_entry *entry = &decoder->constants[decoder->constant_count++];
    decoder->constant_index[at] = (uint32_t)decoder->constant_count;
    *entry = (struct constant_entry){bits, width, decoder->constant_bytes | BANK_CONSTANT};
    size_t bytes = width == 64 || width == 0 ? sizeof(struct lanes64)
                   : width == 32             ? sizeof(struct lanes32)
                                             : 64;
    decoder->constant_bytes += (uint32_t)bytes;
    return entry->slot;
}

void constants_fill(struct decoder *decoder) {
    struct program *program = decoder->program;
    program->constant_bytes = decoder->constant_bytes;
    program->constants = source_allocate(decoder->source, decoder->constant_bytes + 64);
    for (size_t k = 0; k < decoder->constant_count; k++) {
        const struct constant_entry *entry = &decoder->constants[k];
        unsigned char *at = program->constants + (entry->slot & ~3u);
        const size_t width =
            entry->width == 64 || entry->width == 0 ? sizeof(uint64_t) : sizeof(uint32_t);
        const size_t count = entry->width == 1 ? 1 : LANES;
        for (size_t lane = 0; lane < count; lane++)
            memcpy(at + lane * width, &entry->bits, width);
    }
}
