/* Columns that count as zeros. The table of the PTX ISA exchanges what the two spans mean; this is
 * as its examples have them. */
#include "emulator/tensor/mask.h"

const char *mask_find_wrong(uint64_t mask, const struct tensor_description *it) {
    const unsigned shift = mask_shift(mask),
                   most = it->rows == TENSOR_LANES / 4 ? 16 : TENSOR_SHIFT;
    if (mask >> 36 & 7 || mask >> 62)
        return "reserved bits are set";
    if (shift > it->most_shift)
        return "it shifts columns farther than the instruction descriptor says";
    return shift > most ? "it shifts columns by more than 32, or 16 with 32 rows" : NULL;
}

bool mask_hides(uint64_t mask, const struct tensor_description *it, unsigned column) {
    const unsigned parts = TENSOR_LANES / it->rows, width = it->columns / parts;
    const unsigned part = column / width;
    const bool begins_hidden = mask >> (32 + part) & 1, is_used = mask >> 39 & 1;
    const unsigned hidden = (unsigned)(mask >> 40 & 0xff) + 1;
    const unsigned shown = (unsigned)(mask >> 48 & 0xff) + 1;
    const unsigned at = (column % width + (unsigned)(mask >> 8 * part & 0xff)) % (hidden + shown);
    return is_used && (begins_hidden ? at < hidden : at >= shown);
}
