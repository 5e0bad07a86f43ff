/*
 * A value for each register, the same everywhere: what all instructions that write it agree on. At
 * first nothing is said of any; then instructions are gone through until nothing changes (a
 * dataflow over a lattice of small height).
 */
#include "emulator/assemble/known.h"

enum { DYNAMIC_BITS = 4 };
enum { UNSAID = UINT8_MAX }; /* the count of a register that no instruction has written yet */

static struct known make(unsigned count, unsigned bits) {
    count = count < KNOWN_LIMIT ? count : KNOWN_LIMIT;
    return (struct known){(uint8_t)count, (uint8_t)(bits & ((1u << count) - 1))};
}

struct known known_constant(uint64_t value) {
    return make(KNOWN_LIMIT, (unsigned)(value & 0xff));
}

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static struct known agree(struct known a, struct known b) {
    if (a.count == UNSAID || b.count == UNSAID)
        return a.count == UNSAID ? b : a;
    unsigned count = least(a.count, b.count);
    while (count && ((a.bits ^ b.bits) & ((1u << count) - 1)))
        count--;
    return make(count, a.bits);
}

/* How many of the lowest bits are known to be zero. */
static unsigned zeros(struct known a) {
    unsigned count = 0;
    while (count < a.count && !(a.bits >> count & 1))
        count++;
    return count;
}

/* x = a + 2^n * …, y = b + 2^m * …: so many bits of x * y follow from a * b. */
static struct known multiply(struct known a, struct known b) {
    return make(least(a.count + zeros(b), b.count + zeros(a)), (unsigned)a.bits * b.bits);
}

static struct known add(struct known a, struct known b) {
    return make(least(a.count, b.count), (unsigned)a.bits + b.bits);
}

/* A bit is known where both are, or where one alone decides: a zero with and, a one with or. */
static struct known combine(struct known a, struct known b, bool is_or) {
    unsigned count = 0;
    for (; count < KNOWN_LIMIT; count++) {
        const bool has_a = count < a.count, has_b = count < b.count;
        const bool decides_a = has_a && (a.bits >> count & 1) == is_or;
        const bool decides_b = has_b && (b.bits >> count & 1) == is_or;
        if (!(has_a && has_b) && !decides_a && !decides_b)
            break;
    }
    const unsigned one = a.bits & ((1u << a.count) - 1), two = b.bits & ((1u << b.count) - 1);
    return make(count, is_or ? one | two : one & two);
}

/* ---- Instructions ---- */

static struct known source_known(const struct body *body, const struct known *registers,
                                 const struct instruction *instruction, size_t k) {
    const struct detail *detail = instruction->detail;
    uint64_t value;
    if (k >= detail->from_count)
        return make(0, 0);
    if (body_constant(body, instruction, k, &value))
        return known_constant(value);
    if (body_is_dynamic_base(instruction, k)) /* launches place it so, whatever lies before it */
        return make(DYNAMIC_BITS, (unsigned)instruction->immediate);
    if (detail->from_register[k] == REGISTER_NONE)
        return make(0, 0);
    return registers[detail->from_register[k]];
}

static struct known shift_left(const struct body *body, const struct instruction *instruction,
                               struct known a) {
    uint64_t by;
    if (!body_constant(body, instruction, 1, &by))
        return make(0, 0);
    if (by >= KNOWN_LIMIT)
        return make(KNOWN_LIMIT, 0);
    return make(a.count + (unsigned)by, (unsigned)a.bits << by);
}

static bool copies(const struct instruction *instruction) {
    const bool is_conversion =
        body_is(instruction, "cvt") && !body_has_modifier(instruction, "sat");
    return (body_is(instruction, "mov") || body_is(instruction, "cvta") || is_conversion) &&
           instruction->detail->from_count == 1;
}

/* What the result's low bits are; UNSAID where a source is. */
struct known known_result(const struct body *body, const struct known *registers,
                          const struct instruction *instruction) {
    struct known from[3];
    for (size_t k = 0; k < 3; k++) {
        from[k] = source_known(body, registers, instruction, k);
        if (from[k].count == UNSAID)
            return from[k];
    }
    const bool is_high = body_has_modifier(instruction, "hi");
    if (!body_is_integer(instruction) || instruction->detail->to_count != 1)
        return make(0, 0);
    if (copies(instruction))
        return from[0];
    if (body_is(instruction, "add"))
        return add(from[0], from[1]);
    if (body_is(instruction, "sub"))
        return make(least(from[0].count, from[1].count), (unsigned)from[0].bits - from[1].bits);
    if (body_is(instruction, "mul") && !is_high)
        return multiply(from[0], from[1]);
    if (body_is(instruction, "mad") && !is_high)
        return add(multiply(from[0], from[1]), from[2]);
    if (body_is(instruction, "shl"))
        return shift_left(body, instruction, from[0]);
    if (body_is(instruction, "and") || body_is(instruction, "or"))
        return combine(from[0], from[1], body_is(instruction, "or"));
    if (body_is(instruction, "selp"))
        return agree(from[0], from[1]);
    return make(0, 0);
}

static bool update(const struct body *body, struct known *registers,
                   const struct instruction *instruction) {
    const struct detail *detail = instruction->detail;
    bool changed = false;
    for (size_t k = 0; k < detail->to_count; k++) {
        if (detail->to_register[k] == REGISTER_NONE)
            continue;
        struct known *to = &registers[detail->to_register[k]];
        const struct known now = agree(*to, known_result(body, registers, instruction));
        changed |= now.count != to->count || now.bits != to->bits;
        *to = now;
    }
    return changed;
}

struct known *known_find(const struct body *body) {
    const uint32_t count = body->function->declared;
    struct known *registers = source_allocate(body->source, (count + 1) * sizeof *registers);
    for (uint32_t k = 0; k < count; k++)
        registers[k].count = body->writes[k] ? UNSAID : 0;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < body->function->count; k++)
            changed |= update(body, registers, &body->code[k]);
    }
    for (uint32_t k = 0; k < count; k++) {
        if (registers[k].count == UNSAID)
            registers[k] = make(0, 0);
    }
    return registers;
}
