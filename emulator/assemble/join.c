/*
 * A basic block is gone through with two lists of accesses that are open: loads, and stores. What
 * orders memory closes both, a store closes that of loads, a load that of stores. Of a closed list,
 * accesses of one aligned piece become one request.
 *
 * The request of loads stands where the first of them does, that of stores where the last does.
 */
#include "emulator/assemble/join.h"

#include "emulator/assemble/loop.h"

#include "emulator/decode/graph.h"

#include <stdlib.h>

enum { WIDEST = 16, NARROWEST = 4 };

struct candidate {
    uint32_t instruction;
    struct place place;
    uint32_t bytes;
};

/* Bytes that may become one request; `filled` has a bit for each that is accessed. */
struct piece {
    int64_t begins;
    uint32_t bytes, filled;
};

struct list {
    struct candidate *items;
    size_t count, capacity;
};

struct joining {
    const struct body *body;
    const struct known *known;
    struct places places;
    struct list loads, stores;
    struct list pieces; /* of loads, in this block: one request each */
    uint32_t begin;     /* of the block */
    bool has_stores;    /* something in the block writes shared memory, or orders it */
};

static uint32_t bytes_of(const struct detail *detail) {
    return detail->access_bytes * detail->elements;
}

/* ---- What instructions do to memory ---- */

static bool accesses_memory(const struct instruction *instruction) {
    const struct instruction_row *row = instruction->detail->row;
    return row && (row->decode == DECODE_MEMORY || row->decode == DECODE_UNTYPED ||
                   row->decode == DECODE_MATRIX || row->decode == DECODE_FRAGMENT);
}

static bool is_plain(const struct instruction *instruction, const char *root) {
    const struct detail *detail = instruction->detail;
    return detail->row && detail->row->decode == DECODE_MEMORY && !detail->is_strong &&
           body_is(instruction, root);
}

/* Plain accesses to other memory than shared memory. */
static bool is_elsewhere(const struct instruction *instruction) {
    const enum state_space space = instruction->detail->space;
    return (is_plain(instruction, "ld") || is_plain(instruction, "st") ||
            is_plain(instruction, "ldu")) &&
           space != SPACE_SHARED && space != SPACE_GENERIC;
}

/* Lanes meet and exchange registers: no memory is ordered by it. */
static bool exchanges(const struct instruction *instruction) {
    return body_is(instruction, "shfl") || body_is(instruction, "vote") ||
           body_is(instruction, "match") || body_is(instruction, "activemask") ||
           body_is(instruction, "redux");
}

/* Barriers, fences, atomics, calls: no access passes them. */
static bool orders_memory(const struct instruction *instruction) {
    if (exchanges(instruction) || is_plain(instruction, "ld") || is_plain(instruction, "st") ||
        is_elsewhere(instruction))
        return false;
    return accesses_memory(instruction) || instruction->is_control ||
           (instruction->detail->flags & ROW_COMMUNICATES) || body_is(instruction, "membar") ||
           body_is(instruction, "fence") || body_is(instruction, "cp");
}

static bool is_candidate(const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    const uint32_t bytes = bytes_of(detail);
    return detail->space == SPACE_SHARED && detail->access_bytes >= NARROWEST && bytes < WIDEST &&
           (is_plain(instruction, "ld") || is_plain(instruction, "st"));
}

/* ---- Closing a list ---- */

static int by_place(const void *one, const void *two) {
    const struct candidate *a = one, *b = two;
    if (a->place.root != b->place.root)
        return a->place.root < b->place.root ? -1 : 1;
    if (a->place.version != b->place.version)
        return a->place.version < b->place.version ? -1 : 1;
    if (a->place.offset != b->place.offset)
        return a->place.offset < b->place.offset ? -1 : 1;
    return a->instruction < b->instruction ? -1 : 1;
}

static bool have_one_guard(const struct body *body, const struct candidate *one,
                           const struct candidate *two) {
    const struct instruction *a = &body->code[one->instruction];
    const struct instruction *b = &body->code[two->instruction];
    if (!a->is_guarded || !b->is_guarded)
        return a->is_guarded == b->is_guarded;
    return a->detail->guard_register == b->detail->guard_register &&
           a->guard_negated == b->guard_negated && body->writes[a->detail->guard_register] == 1;
}

/* Is the sum a multiple of `bytes`, whoever executes it? */
static bool is_multiple(struct known root, int64_t offset, uint32_t bytes) {
    const uint64_t mask = bytes - 1;
    return (mask >> root.count) == 0 && ((root.bits + (uint64_t)offset) & mask) == 0;
}

static struct known root_known(const struct joining *joining, struct place place) {
    if (place.root == ROOT_CONSTANT || place.root == ROOT_DYNAMIC)
        return known_constant(
            0); /* variables and launches place what is shared at multiples of 16 */
    return place.root == ROOT_UNKNOWN ? (struct known){0, 0} : joining->known[place.root];
}

/* Finds the piece of `bytes` that the first candidate lies in: where it begins, and how many
 * candidates from there on lie in it, too. 0: the piece is not aligned for sure. */
static size_t find_piece(const struct joining *joining, const struct candidate *first, size_t left,
                         uint32_t bytes, struct piece *piece) {
    const struct known root = root_known(joining, first->place);
    const int64_t within = (int64_t)((root.bits + (uint64_t)first->place.offset) & (bytes - 1));
    const int64_t begins = first->place.offset - within;
    size_t count = 0;
    *piece = (struct piece){.begins = begins, .bytes = bytes};
    if (!is_multiple(root, begins, bytes))
        return 0;
    while (count < left && places_share_root(first->place, first[count].place) &&
           first[count].place.offset + first[count].bytes <= begins + bytes &&
           have_one_guard(joining->body, first, &first[count])) {
        const unsigned at = (unsigned)(first[count].place.offset - begins);
        piece->filled |= ((UINT32_C(1) << first[count].bytes) - 1) << at;
        count++;
    }
    return count;
}

/* Do accesses to these bytes of the piece become one? */
static bool is_worth_one(const struct piece *piece, size_t count, bool is_store) {
    const uint32_t filled = (uint32_t)__builtin_popcount(piece->filled);
    const uint32_t missing = !is_store && piece->bytes == WIDEST ? NARROWEST : 0;
    return count > 1 && filled + missing >= piece->bytes;
}

static void add(struct joining *joining, struct list *list, struct candidate item) {
    list->items = source_grow(joining->body->source, list->items, list->count, &list->capacity,
                              sizeof *list->items);
    list->items[list->count++] = item;
}

static void make_request(struct joining *joining, const struct candidate *first, size_t count,
                         const struct piece *piece, bool is_store) {
    const struct candidate *stands = first;
    for (size_t k = 1; k < count; k++) {
        const bool is_earlier = first[k].instruction < stands->instruction;
        if (is_earlier != is_store)
            stands = &first[k];
    }
    for (size_t k = 0; k < count; k++)
        joining->body->code[first[k].instruction].detail->request_bytes = 0;
    struct detail *detail = joining->body->code[stands->instruction].detail;
    detail->request_bytes = piece->bytes;
    detail->request_offset = (int32_t)(piece->begins - stands->place.offset);
    struct place place = first->place;
    place.offset = piece->begins;
    if (!is_store)
        add(joining, &joining->pieces,
            (struct candidate){stands->instruction, place, piece->bytes});
}

/* Makes a request of the first candidates of those left, and says of how many. */
static size_t take_request(struct joining *joining, const struct candidate *first, size_t left,
                           bool is_store) {
    struct piece piece;
    for (uint32_t bytes = WIDEST; bytes > NARROWEST; bytes /= 2) {
        const size_t count = find_piece(joining, first, left, bytes, &piece);
        if (!is_worth_one(&piece, count, is_store))
            continue;
        make_request(joining, first, count, &piece, is_store);
        return count;
    }
    piece = (struct piece){.begins = first->place.offset, .bytes = first->bytes};
    make_request(joining, first, 1, &piece, is_store);
    return 1;
}

static void close_list(struct joining *joining, struct list *list, bool is_store) {
    if (list->count > 0)
        qsort(list->items, list->count, sizeof *list->items, by_place);
    for (size_t k = 0; k < list->count;)
        k += take_request(joining, &list->items[k], list->count - k, is_store);
    list->count = 0;
}

static void close_all(struct joining *joining) {
    close_list(joining, &joining->loads, false);
    close_list(joining, &joining->stores, true);
}

/* ---- Going through ---- */

/* A load or store of shared memory, or through a generic address, which may mean it. */
static void visit_access(struct joining *joining, uint32_t k) {
    const struct instruction *instruction = &joining->body->code[k];
    const struct detail *detail = instruction->detail;
    const bool is_store = body_is(instruction, "st");
    close_list(joining, is_store ? &joining->loads : &joining->stores, !is_store);
    if (is_candidate(instruction))
        add(joining, is_store ? &joining->stores : &joining->loads,
            (struct candidate){k, places_address(&joining->places, instruction), bytes_of(detail)});
    joining->has_stores |= is_store;
}

/* Rounds of a loop that the assembler unrolls: where a piece is followed by that of the next round,
 * all that lie in 16 bytes are one request, which the round at their beginning makes. */
static void join_rounds(const struct joining *joining, const struct loop *loop) {
    for (size_t k = 0; k < joining->pieces.count; k++) {
        const struct candidate *piece = &joining->pieces.items[k];
        const uint32_t root = piece->place.root;
        struct detail *detail = joining->body->code[piece->instruction].detail;
        if (root >= ROOT_CONSTANT || piece->place.version != 0 || piece->bytes >= WIDEST ||
            joining->body->code[piece->instruction].is_guarded || !loop->is_linear[root] ||
            loop->step[root] != piece->bytes || loop->rounds == 0 ||
            loop->rounds % (WIDEST / piece->bytes) != 0)
            continue;
        if (is_multiple(loop->first[root], piece->place.offset, WIDEST)) {
            detail->request_bytes = WIDEST;
            detail->spans_rounds = true;
        }
    }
}

static void end_block(struct joining *joining, uint32_t end) {
    struct loop loop;
    close_all(joining);
    if (joining->pieces.count && !joining->has_stores &&
        loop_find(joining->body, joining->known, &joining->places, joining->begin, end, &loop))
        join_rounds(joining, &loop);
    joining->pieces.count = 0;
    joining->has_stores = false;
    joining->begin = end;
    places_begin_block(&joining->places);
}

static void visit(struct joining *joining, uint32_t k) {
    const struct instruction *instruction = &joining->body->code[k];
    if (joining->body->leads[k])
        end_block(joining, k);
    if (orders_memory(instruction)) {
        close_all(joining);
        joining->has_stores |= !graph_target_count(instruction);
    } else if (accesses_memory(instruction) && !is_elsewhere(instruction)) {
        visit_access(joining, k);
    }
    places_step(&joining->places, instruction);
}

void join_accesses(const struct body *body) {
    struct joining joining = {.body = body, .known = known_find(body), .places = places_open(body)};
    for (uint32_t k = 0; k < body->function->count; k++)
        visit(&joining, k);
    end_block(&joining, body->function->count);
}
