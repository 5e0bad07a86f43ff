/* Where the elements of an operand lie, and what they are worth. */
#include "emulator/tensor/operand.h"

#include "emulator/arithmetic/half.h"
#include "emulator/arithmetic/small_float.h"
#include "emulator/async/bulk.h"
#include "emulator/checks/race.h"
#include "emulator/warps/warp.h"

#include <string.h>

enum { CHUNKS = TENSOR_ROW_BYTES / CHUNK_BYTES };

/* Bytes of an element; those of 4 and 6 bits have one once unpacked, and a pair has one. */
static unsigned size_of(uint8_t type) {
    return type == TENSOR_TYPE_E2M1_PAIR ? 1
                                         : TENSOR_ROW_BYTES / tensor_depth((enum tensor_type)type);
}

/* ---- Chunks ---- */

void tensor_visit(const struct tensor_operand *operand, unsigned rows, tensor_visitor *visit) {
    const unsigned size = size_of(operand->type), per_chunk = CHUNK_BYTES / size;
    const unsigned across =
        operand->steps * (operand->is_across ? TENSOR_ROW_BYTES / size : (unsigned)CHUNKS);
    const unsigned lines = operand->is_across ? (rows + per_chunk - 1) / per_chunk : rows;
    for (unsigned line = 0; line < lines; line++) {
        for (unsigned k = 0; k < across; k++)
            visit(operand, operand->is_across ? matrix_chunk_across(&operand->matrix, line, k)
                                              : matrix_chunk_along(&operand->matrix, line, k));
    }
}

const uint8_t *tensor_find_chunk(const struct tensor_operand *operand, uint32_t address) {
    const struct transfer *transfer = operand->transfer;
    const size_t size = operand->block->launch->shared_bytes;
    if (address > size || size - address < CHUNK_BYTES) {
        warp_fault(transfer->warp, transfer->instruction, MACHINE_INVALID_ADDRESS, transfer->lane,
                   address,
                   "the descriptor of %s leads out of shared memory: the block has %zu bytes",
                   operand->name, size);
        return NULL;
    }
    return operand->block->shared + address;
}

/* The same; on request it is a fault, too, that nothing has written one of them. */
static const uint8_t *tensor_chunk(const struct tensor_operand *operand, uint32_t address) {
    const struct transfer *transfer = operand->transfer;
    const struct shared_place place = {operand->block, address};
    const uint8_t *chunk = tensor_find_chunk(operand, address);
    return chunk && bulk_check_source(transfer->warp, transfer->instruction, transfer->lane, &place,
                                      CHUNK_BYTES)
               ? chunk
               : NULL;
}

static bool is_inside(const struct tensor_operand *operand, uint32_t address) {
    const size_t size = operand->block->launch->shared_bytes;
    return address <= size && size - address >= CHUNK_BYTES;
}

void tensor_mark_read(const struct tensor_operand *operand, uint32_t address) {
    const struct transfer *transfer = operand->transfer;
    const struct shared_place place = {operand->block, address};
    if (is_inside(operand, address) && !transfer->warp->is_faulted)
        race_access(transfer->warp, transfer->instruction, transfer->lane, &place, CHUNK_BYTES,
                    RACE_PENDING | RACE_BULK, NULL);
}

void tensor_mark_done(const struct tensor_operand *operand, uint32_t address) {
    const struct shared_place place = {operand->block, address};
    if (is_inside(operand, address))
        race_bulk_read(operand->transfer->warp, &place, CHUNK_BYTES);
}

/* ---- Elements ---- */

/* In shared memory. */
static unsigned bits_of(uint8_t type) {
    return type == TENSOR_TYPE_E2M1                               ? 4
           : type == TENSOR_TYPE_E2M3 || type == TENSOR_TYPE_E3M2 ? 6
                                                                  : 8;
}

/* One element that has bytes of its own. */
static uint32_t widen(const uint8_t *at, uint8_t type) {
    uint16_t half;
    uint32_t word;
    switch ((enum tensor_type)type) {
    case TENSOR_TYPE_F16:
        memcpy(&half, at, sizeof half);
        return f16_widen(half);
    case TENSOR_TYPE_BF16:
        memcpy(&half, at, sizeof half);
        return (uint32_t)half << 16;
    case TENSOR_TYPE_E4M3:
        return e4m3_widen(*at);
    case TENSOR_TYPE_E5M2:
        return e5m2_widen(*at);
    case TENSOR_TYPE_E2M3:
        return e2m3_widen(*at);
    case TENSOR_TYPE_E3M2:
        return e3m2_widen(*at);
    case TENSOR_TYPE_E2M1:
        return e2m1_widen(*at);
    case TENSOR_TYPE_S8:
        return (uint32_t)(int32_t)(int8_t)*at;
    case TENSOR_TYPE_U8:
        return *at;
    case TENSOR_TYPE_TF32:
        memcpy(&word, at, sizeof word);
        return word & ~0x1fffu;
    case TENSOR_TYPE_F32:
    case TENSOR_TYPE_S32:
    default:
        memcpy(&word, at, sizeof word);
        return word;
    }
}

void tensor_widen(const struct tensor_operand *operand, const uint8_t bytes[TENSOR_ROW_BYTES],
                  uint32_t to[TENSOR_DEPTH]) {
    const unsigned size = size_of(operand->type);
    const uint32_t sign = operand->is_negated ? F32_SIGN : 0;
    const bool has_pairs = operand->type == TENSOR_TYPE_E2M1_PAIR;
    for (unsigned k = 0; k < TENSOR_ROW_BYTES * 2 && has_pairs; k++)
        to[k] = e2m1_widen(bytes[k / 2] >> k % 2 * 4 & 15) ^ sign;
    for (unsigned k = 0; k < TENSOR_ROW_BYTES / size && !has_pairs; k++)
        to[k] = widen(bytes + (size_t)k * size, operand->type) ^ sign;
}

/* ---- Operands ---- */

static bool load_along(const struct tensor_operand *operand, unsigned row, unsigned step,
                       uint32_t *to) {
    uint8_t bytes[TENSOR_ROW_BYTES];
    for (unsigned chunk = 0; chunk < CHUNKS; chunk++) {
        const uint8_t *from =
            tensor_chunk(operand, matrix_chunk_along(&operand->matrix, row, step * CHUNKS + chunk));
        if (!from)
            return false;
        small_float_unpack(from, bits_of(operand->type), bytes + (size_t)chunk * CHUNK_BYTES);
    }
    tensor_widen(operand, bytes, to);
    return true;
}

/* As many rows as elements have room in a chunk. */
static bool load_across(const struct tensor_operand *operand, unsigned line, unsigned step,
                        uint32_t (*to)[TENSOR_DEPTH]) {
    const unsigned size = size_of(operand->type), per_chunk = CHUNK_BYTES / size;
    const unsigned depth = TENSOR_ROW_BYTES / size;
    uint8_t rows[CHUNK_BYTES][TENSOR_ROW_BYTES];
    for (unsigned k = 0; k < depth; k++) {
        uint8_t elements[CHUNK_BYTES];
        const uint8_t *from =
            tensor_chunk(operand, matrix_chunk_across(&operand->matrix, line, step * depth + k));
        if (!from)
            return false;
        small_float_unpack(from, bits_of(operand->type), elements);
        for (unsigned row = 0; row < per_chunk; row++)
            memcpy(rows[row] + (size_t)k * size, elements + (size_t)row * size, size);
    }
    for (unsigned row = 0; row < per_chunk; row++)
        tensor_widen(operand, rows[row], to[row] + (size_t)step * depth);
    return true;
}

bool tensor_load(const struct tensor_operand *operand, unsigned rows,
                 uint32_t (*to)[TENSOR_DEPTH]) {
    const unsigned depth = tensor_depth((enum tensor_type)operand->type);
    const unsigned lines = operand->is_across ? CHUNK_BYTES / size_of(operand->type) : 1;
    for (unsigned step = 0; step < operand->steps; step++) {
        for (unsigned row = 0; row < rows; row += lines) {
            if (operand->is_across
                    ? !load_across(operand, row / lines, step, to + row)
                    : !load_along(operand, row, step, to[row] + (size_t)step * depth))
                return false;
        }
    }
    return true;
}
