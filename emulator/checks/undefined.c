/* Follows values that nothing has written; the header has what a use is. */
#include "emulator/checks/undefined.h"

#include "emulator/warps/warp.h"

#include <string.h>

static uint32_t *word_of(const struct warp *warp, uint32_t slot) {
    return (uint32_t *)(void *)(warp->undefined + warp->base + (slot & ~UINT32_C(3)));
}

static void set_lanes(const struct warp *warp, uint32_t slot, uint32_t mask, uint32_t lanes) {
    uint32_t *word = word_of(warp, slot);
    *word = (*word & ~mask) | (lanes & mask);
}

void undefined_put(const struct warp *warp, uint32_t slot, uint32_t mask, uint32_t lanes) {
    if (warp->propagate)
        set_lanes(warp, slot, mask, lanes);
}

/* What a fault says at its end of the value, if it is the block's first. */
static void say_load(struct warp *warp, bool is_first) {
    if (!is_first)
        return;
    warp->block->fault.kind = FAULT_UNWRITTEN;
    warp_fault_other(warp, warp->undefined_load, "such a value was last loaded");
}

bool undefined_use(struct warp *warp, const struct instruction *instruction, unsigned k,
                   uint32_t lanes, const char *how) {
    const uint32_t used = undefined_lanes(warp, instruction->detail->from[k]) & lanes;
    if (!used)
        return true;
    const bool is_first = warp->block->fault.status == MACHINE_OK;
    warp_fault(warp, instruction, MACHINE_CHECK_FAILED, lane_first(used), 0,
               "uninitialised value: '%s' %s what nothing has written,",
               instruction->detail->source->root, how);
    say_load(warp, is_first);
    return false;
}

/* The nearest instruction before a store that brought its first element; NULL: none is near. */
static const struct instruction *origin_of(const struct warp *warp,
                                           const struct instruction *store) {
    enum { NEAR = 256 };
    const uint32_t slot = store->detail->from[1];
    for (const struct instruction *at = store; at-- > warp->code && store - at < NEAR;) {
        for (unsigned k = 0; k < at->detail->to_count; k++) {
            if (at->detail->to[k] == slot)
                return at;
        }
    }
    return NULL;
}

static bool is_same_vector(const struct detail *load, const struct detail *store) {
    if (strcmp(load->source->root, "ld") != 0 || load->elements != store->elements)
        return false;
    for (unsigned k = 0; k < store->elements; k++) {
        if (load->to[k] != store->from[k + 1])
            return false;
    }
    return true;
}

bool undefined_is_copy(const struct warp *warp, const struct instruction *store, uint32_t lanes) {
    const struct detail *detail = store->detail;
    unsigned gaps = 0;
    for (unsigned k = 0; k < detail->elements; k++) {
        const uint32_t unwritten = undefined_lanes(warp, detail->from[k + 1]) & lanes;
        if (unwritten != 0 && unwritten != lanes)
            return false;
        gaps += unwritten != 0;
    }
    const struct instruction *load = gaps < detail->elements ? origin_of(warp, store) : NULL;
    return load && is_same_vector(load->detail, detail);
}

/* ---- What an instruction makes of its sources ---- */

static uint32_t lanes_equal(const struct warp *warp, const struct detail *detail, unsigned k,
                            uint64_t value) {
    const void *from = warp_slot(warp, detail->from[k]);
    uint32_t lanes = 0;
    if (detail->from_bits[k] == 1) {
        const uint32_t predicate = *(const uint32_t *)from;
        return (value ? predicate : ~predicate) ^ (detail->negated >> k & 1 ? LANES_ALL : 0);
    }
    for (unsigned lane = 0; lane < LANES; lane++) {
        const bool is_equal = detail->from_bits[k] == 64
                                  ? ((const struct lanes64 *)from)->at[lane] == value
                                  : ((const struct lanes32 *)from)->at[lane] == (uint32_t)value;
        lanes |= (uint32_t)is_equal << lane;
    }
    return lanes;
}

/* One source decides alone where it is defined and all zeros (`and`), or all ones (`or`). */
static uint32_t combine(const struct warp *warp, const struct detail *detail, unsigned first,
                        uint32_t first_lanes, unsigned second, uint64_t decides) {
    const uint32_t second_lanes = undefined_lanes(warp, detail->from[second]);
    uint32_t decided = ~second_lanes & lanes_equal(warp, detail, second, decides);
    if (first != second)
        decided |= ~first_lanes & lanes_equal(warp, detail, first, decides);
    return (first_lanes | second_lanes) & ~decided;
}

static uint32_t all_sources(const struct warp *warp, const struct detail *detail, unsigned count) {
    uint32_t lanes = 0;
    for (unsigned k = 0; k < count; k++)
        lanes |= undefined_lanes(warp, detail->from[k]);
    return lanes;
}

static uint32_t select_lanes(const struct warp *warp, const struct detail *detail) {
    const uint32_t chosen = *(const uint32_t *)warp_slot(warp, detail->from[2]) ^
                            (detail->negated >> 2 & 1 ? LANES_ALL : 0);
    return undefined_lanes(warp, detail->from[2]) |
           (undefined_lanes(warp, detail->from[0]) & chosen) |
           (undefined_lanes(warp, detail->from[1]) & ~chosen);
}

/* What a computing instruction gives, the same for all its results. */
static uint32_t result_lanes(const struct warp *warp, const struct detail *detail) {
    const char *root = detail->source->root;
    if (strcmp(root, "selp") == 0)
        return select_lanes(warp, detail);
    if (strcmp(root, "and") == 0 || strcmp(root, "or") == 0)
        return combine(warp, detail, 0, undefined_lanes(warp, detail->from[0]), 1,
                       root[0] == 'o' ? UINT64_MAX : 0);
    if (detail->boolean == BOOLEAN_AND || detail->boolean == BOOLEAN_OR)
        return combine(warp, detail, 2, all_sources(warp, detail, 2), 2,
                       detail->boolean == BOOLEAN_OR ? UINT64_MAX : 0);
    return all_sources(warp, detail, detail->from_count);
}

/* ---- Products of matrices: a row of A spoils a row of the result, a column of B a column ---- */

static unsigned register_count(const struct syntax_operand *operand) {
    return operand->kind == OPERAND_VECTOR ? (unsigned)operand->item_count : 1;
}

/* A bit for each four lanes, which share a row of A or a column of B. */
static uint32_t groups_of(uint32_t lanes) {
    uint32_t groups = 0;
    for (unsigned lane = 0; lane < LANES; lane++)
        groups |= (lanes >> lane & 1) << lane / 4;
    return groups;
}

/* Scale factors behind the sums: of a in a pair of lanes of each four, of b in one lane
 * (matrix_scaled.c). */
static void spoil_by_factors(const struct warp *warp, const struct detail *detail, unsigned first,
                             uint32_t rows[2], uint32_t *columns) {
    enum { SELECTOR = 2, OF_B = 3, FIRST_OF_FOUR = 0x11111111 };
    const uint32_t *const a_selector = warp_slot(warp, detail->from[first + SELECTOR]);
    const uint32_t *const b_selector = warp_slot(warp, detail->from[first + OF_B + SELECTOR]);
    const uint32_t a = undefined_lanes(warp, detail->from[first]) >> *a_selector % 2 * 2;
    const uint32_t b = undefined_lanes(warp, detail->from[first + OF_B]) >> *b_selector % 4;
    rows[0] |= groups_of(a & FIRST_OF_FOUR);
    rows[1] |= groups_of(a >> 1 & FIRST_OF_FOUR);
    *columns |= groups_of(b & FIRST_OF_FOUR);
}

/* mma of any shape with 8 columns: registers of A take turns between the upper and the lower rows
 * (PTX ISA 9.7.14.5). */
static void propagate_product(const struct warp *warp, const struct detail *detail) {
    enum { SCALED_OPERANDS = 8 };
    const unsigned a = register_count(&detail->source->operands[1]),
                   b = register_count(&detail->source->operands[2]);
    const bool has_halves = a > 1, is_packed = has_halves && detail->to_count == 2;
    uint32_t rows[2] = {0, 0}, columns = 0, results[4] = {0};
    for (unsigned k = 0; k < a; k++)
        rows[has_halves ? k & 1 : 0] |= groups_of(undefined_lanes(warp, detail->from[k]));
    for (unsigned k = a; k < a + b; k++)
        columns |= groups_of(undefined_lanes(warp, detail->from[k]));
    if (detail->source->operand_count == SCALED_OPERANDS)
        spoil_by_factors(warp, detail, a + b + detail->to_count, rows, &columns);
    for (unsigned k = 0; k < detail->to_count; k++) {
        const uint32_t spoiled = rows[has_halves ? (is_packed ? k : k >> 1) : 0];
        results[k] = undefined_lanes(warp, detail->from[a + b + k]);
        for (unsigned lane = 0; lane < LANES; lane++) {
            const uint32_t own =
                is_packed ? UINT32_C(3) << lane % 4 * 2 : UINT32_C(1) << (lane % 4 * 2 + (k & 1));
            const bool is_spoiled = (spoiled >> lane / 4 & 1) || (columns & own);
            results[k] |= (uint32_t)is_spoiled << lane;
        }
    }
    for (unsigned k = 0; k < detail->to_count; k++)
        set_lanes(warp, detail->to[k], LANES_ALL, results[k]);
}

/* mov of vectors. */
static void propagate_elements(const struct warp *warp, const struct detail *detail) {
    enum { ELEMENTS = 4 };
    uint32_t lanes[ELEMENTS] = {0};
    for (unsigned k = 0; k < detail->from_count; k++)
        lanes[k] = undefined_lanes(warp, detail->from[k]);
    for (unsigned k = 0; k < detail->to_count; k++)
        set_lanes(warp, detail->to[k], warp->mask, lanes[k]);
}

/* mma.m8n8k4 of f16, whose lanes share rows and columns in another way. */
static bool is_quads(const struct detail *detail) {
    const struct syntax_instruction *source = detail->source;
    for (size_t k = 0; k < source->modifier_count; k++) {
        if (strcmp(source->modifiers[k], "m8n8k4") == 0)
            return detail->to_count > 2;
    }
    return false;
}

static bool is_small_product(const struct detail *detail) {
    return strcmp(detail->source->root, "mma") == 0 && !is_quads(detail);
}

/* wmma.mma, mma.m8n8k4 of f16 and wgmma: their results count as written. */
static bool is_large_product(const struct detail *detail) {
    return detail->product || (detail->flags & OPERATION_TENSOR);
}

/* ---- Any instruction, before it is executed ---- */

static void clear_results(const struct warp *warp, const struct detail *detail, uint32_t lanes) {
    for (unsigned k = 0; k < detail->to_count; k++)
        set_lanes(warp, detail->to[k], lanes, 0);
}

static void use_all(struct warp *warp, const struct instruction *instruction, unsigned first,
                    uint32_t lanes, const char *how) {
    for (unsigned k = first; k < instruction->detail->from_count && !warp->is_faulted; k++)
        (void)undefined_use(warp, instruction, k, lanes, how);
}

/* What lanes do together, and what decides where they go on. A shuffle hands its value over with
 * its own flags. */
static void watch_control(struct warp *warp, const struct instruction *instruction,
                          uint32_t lanes) {
    const bool is_shuffle = strcmp(instruction->detail->source->root, "shfl") == 0;
    use_all(warp, instruction, is_shuffle ? 1 : 0, lanes, "depends on");
    if (!is_shuffle)
        clear_results(warp, instruction->detail, lanes);
}

/* Loads and stores look after what they move themselves. */
static void watch_memory(struct warp *warp, const struct instruction *instruction, uint32_t lanes) {
    const struct detail *detail = instruction->detail;
    const char *root = detail->source->root;
    const uint8_t decode = detail->row->decode;
    const bool is_matrix = decode == DECODE_MATRIX, is_fragment = decode == DECODE_FRAGMENT;
    const bool moves = strcmp(root, "ld") == 0 || strcmp(root, "st") == 0 ||
                       strcmp(root, "ldu") == 0 || is_matrix || is_fragment;
    enum { ROWS_OF_A_MATRIX = 8 };
    const unsigned rows = is_matrix ? ROWS_OF_A_MATRIX * detail->elements : LANES;
    if (detail->from_count > 0)
        (void)undefined_use(warp, instruction, 0,
                            lanes & (rows < LANES ? (UINT32_C(1) << rows) - 1 : LANES_ALL),
                            "takes for an address");
    if (!moves)
        use_all(warp, instruction, 1, lanes, "takes");
    clear_results(warp, detail, lanes);
}

static void watch_instruction(struct warp *warp, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const unsigned decode = detail->row ? detail->row->decode : (unsigned)DECODE_PLAIN;
    const uint32_t guard =
        instruction->is_guarded ? undefined_lanes(warp, instruction->guard) & warp->mask : 0;
    const uint32_t lanes = warp_guard(warp, instruction);
    if (guard) {
        const bool is_first = warp->block->fault.status == MACHINE_OK;
        warp_fault(
            warp, instruction, MACHINE_CHECK_FAILED, lane_first(guard), 0,
            "uninitialised value: whether '%s' is executed depends on what nothing has written,",
            detail->source->root);
        say_load(warp, is_first);
    } else if (!lanes || decode == DECODE_PREFETCH) {
        return;
    } else if (detail->row && (detail->row->flags & ROW_CONTROL)) {
        watch_control(warp, instruction, lanes);
    } else if (decode == DECODE_MEMORY || decode == DECODE_UNTYPED || decode == DECODE_MATRIX ||
               decode == DECODE_FRAGMENT) {
        watch_memory(warp, instruction, lanes);
    } else if (is_small_product(detail)) {
        propagate_product(warp, detail);
    } else if (decode == DECODE_MOVE && detail->to_count > 1 && detail->from_count > 1) {
        propagate_elements(warp, detail);
    } else {
        const uint32_t results = is_large_product(detail) ? 0 : result_lanes(warp, detail);
        for (unsigned k = 0; k < detail->to_count; k++)
            set_lanes(warp, detail->to[k], lanes, results);
    }
}

/* ---- Loads ---- */

static void begin(struct warp *warp, const struct instruction *instruction) {
    warp->propagate = watch_instruction;
    warp->undefined_load = instruction;
}

void undefined_load(struct warp *warp, const struct instruction *instruction, unsigned k,
                    uint32_t mask, uint32_t lanes) {
    if (lanes)
        begin(warp, instruction);
    if (warp->propagate)
        set_lanes(warp, instruction->detail->to[k], mask, lanes);
}

void undefined_store_flags(const struct warp *warp, const struct instruction *instruction,
                           unsigned lane, unsigned char *flags, unsigned char written) {
    const struct detail *detail = instruction->detail;
    for (unsigned k = 0; k < detail->elements; k++) {
        const bool is_undefined = undefined_source(warp, detail, k + 1, lane);
        memset(flags + (size_t)k * detail->access_bytes, is_undefined ? !written : written,
               detail->access_bytes);
    }
}

void undefined_load_flags(struct warp *warp, const struct instruction *instruction, unsigned lane,
                          const unsigned char *flags, unsigned char written) {
    const struct detail *detail = instruction->detail;
    for (unsigned k = 0; k < detail->elements; k++) {
        const unsigned char *of_element = flags + (size_t)k * detail->access_bytes;
        const bool is_undefined = !memchr(of_element, written, detail->access_bytes);
        undefined_load(warp, instruction, k, UINT32_C(1) << lane,
                       is_undefined ? UINT32_C(1) << lane : 0);
    }
}

/* ---- Frames ---- */

void undefined_start(struct warp *warp) {
    const struct launch *launch = warp->block->launch;
    warp->propagate = NULL;
    warp->undefined_top = 0;
    undefined_enter(warp, 0, launch->function->frame_bytes);
    memset(warp->undefined_local, 1, launch->local_bytes * LANES);
}

/* Registers count as written until an unwritten value comes; memory that earlier launches used is
 * cleared before its first use. */
void undefined_enter(struct warp *warp, uint32_t base, uint32_t bytes) {
    if (!warp->undefined || base + bytes <= warp->undefined_top)
        return;
    memset(warp->undefined + warp->undefined_top, 0, base + bytes - warp->undefined_top);
    warp->undefined_top = base + bytes;
}

unsigned char *undefined_area(const struct warp *warp, const unsigned char *area) {
    return warp->undefined ? warp->undefined + (area - warp->stack) : NULL;
}
