#include "emulator/assemble/places.h"

#include <string.h>

enum { CHAIN = 64 }; /* additions that are followed back */

struct places places_open(const struct body *body) {
    const size_t registers = (size_t)body->function->declared + 1;
    struct places places = {.body = body, .current = 0};
    places.now = source_allocate(body->source, registers * sizeof *places.now);
    places.block = source_allocate(body->source, registers * sizeof *places.block);
    return places;
}

void places_begin_block(struct places *places) {
    places->current++;
}

/* A copy, or a sum with a constant: which register, and how much is added. */
static bool is_step(const struct body *body, const struct instruction *instruction, uint32_t *from,
                    int64_t *by) {
    const struct detail *detail = instruction->detail;
    uint64_t value = 0;
    if (instruction->is_guarded || detail->to_count != 1 || !body_is_integer(instruction) ||
        !detail->from_count || detail->from_register[0] == REGISTER_NONE)
        return false;
    const bool is_copy = body_is(instruction, "mov") && detail->from_count == 1;
    const bool is_sum = (body_is(instruction, "add") || body_is(instruction, "sub")) &&
                        detail->from_count == 2 && body_constant(body, instruction, 1, &value);
    if (!is_copy && !is_sum)
        return false;
    *from = detail->from_register[0];
    *by = detail->from_bits[0] == 64 ? (int64_t)value : (int32_t)value;
    if (body_is(instruction, "sub"))
        *by = -*by;
    return true;
}

/* A register that one instruction alone writes is the sum of one root and constants everywhere: its
 * writer comes before every reader, and the root's before that. */
static struct place find_lasting(const struct body *body, uint32_t number) {
    struct place place = {.root = number};
    for (int n = 0; n < CHAIN; n++) {
        uint32_t from;
        int64_t by;
        if (body->writes[place.root] != 1 ||
            !is_step(body, &body->code[body->writer[place.root]], &from, &by) ||
            body->writes[from] != 1)
            break;
        place.root = from;
        place.offset += by;
    }
    return place;
}

struct place places_register(const struct places *places, uint32_t number) {
    if (places->block[number] == places->current)
        return places->now[number];
    return find_lasting(places->body, number);
}

static void set(struct places *places, uint32_t number, struct place place) {
    places->now[number] = place;
    places->block[number] = places->current;
}

void places_step(struct places *places, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint32_t from;
    int64_t by;
    if (detail->to_count == 1 && is_step(places->body, instruction, &from, &by)) {
        struct place place = places_register(places, from);
        place.offset += by;
        set(places, detail->to_register[0], place);
        return;
    }
    for (size_t k = 0; k < detail->to_count; k++) {
        const uint32_t number = detail->to_register[k];
        if (number != REGISTER_NONE && places->body->writes[number] > 1)
            set(places, number, (struct place){.root = number, .version = ++places->versions});
    }
}

struct place places_address(const struct places *places, const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    uint64_t value;
    if (body_constant(places->body, instruction, 0, &value))
        return (struct place){.root = ROOT_CONSTANT,
                              .offset = (int64_t)value + instruction->immediate};
    if (body_is_dynamic_base(instruction, 0))
        return (struct place){.root = ROOT_DYNAMIC, .offset = instruction->immediate};
    if (!detail->from_count || detail->from_register[0] == REGISTER_NONE)
        return (struct place){.root = ROOT_UNKNOWN};
    struct place place = places_register(places, detail->from_register[0]);
    place.offset += instruction->immediate;
    return place;
}

bool places_share_root(struct place a, struct place b) {
    return a.root == b.root && a.version == b.version && a.root != ROOT_UNKNOWN;
}
