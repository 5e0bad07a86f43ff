/* Gives the virtual registers of a function their slots in its frame. */
#include "decoder.h"

static uint32_t place(uint32_t *bytes, uint32_t width) {
    uint32_t at = *bytes;
    *bytes += width == 64   ? (uint32_t)sizeof(struct lanes64)
              : width == 32 ? (uint32_t)sizeof(struct lanes32)
                            : 4;
    return at;
}

void allocate_registers(struct decoder *decoder) {
    static const uint32_t order[] = {1, 32, 64};
    uint32_t bytes = decoder->function->frame_bytes;
    uint32_t *slots =
        source_allocate(decoder->source, (decoder->register_count + 1) * sizeof *slots);
    for (size_t n = 0; n < sizeof order / sizeof order[0]; n++) {
        for (size_t k = 0; k < decoder->register_count; k++) {
            if (decoder->widths[k] == order[n])
                slots[k] = place(&bytes, order[n]);
        }
        bytes = (bytes + 63) / 64 * 64;
    }
    for (size_t k = 0; k < decoder->use_count; k++)
        *decoder->uses[k].slot = slots[decoder->uses[k].number] | BANK_FRAME;
    decoder->function->frame_bytes = bytes;
    decoder->function->registers = 32;
}
