/* Device printf: formats with the arguments that the kernel packed (CUDA C programming guide,
 * "Formatted output"). */
#include "emulator/execute/print.h"

#include "emulator/memory/list.h"
#include "emulator/warps/address.h"

#include <stdio.h>
#include <string.h>

static void put(struct warp *warp, const char *text, size_t length) {
    struct output *output = &warp->block->output;
    struct launch *launch = warp->block->launch;
    const size_t limit = launch->options.printf_bytes;
    if (length == 0)
        return;
    if (limit && __atomic_add_fetch(&launch->output_bytes, length, __ATOMIC_RELAXED) > limit) {
        __atomic_store_n(&launch->output_dropped, true, __ATOMIC_RELAXED);
        return;
    }
    char *grown = list_reserve(output->text, output->length + length, &output->capacity, 1);
    if (!grown) {
        __atomic_store_n(&launch->output_dropped, true, __ATOMIC_RELAXED);
        return;
    }
    output->text = grown;
    memcpy(output->text + output->length, text, length);
    output->length += length;
}

struct arguments {
    const unsigned char *at;
    size_t used, size;
};

/* Arguments lie at multiples of their size; what lies beyond the buffer reads as zero. */
static uint64_t next_argument(struct arguments *arguments, size_t size) {
    uint64_t value = 0;
    arguments->used = (arguments->used + size - 1) / size * size;
    if (arguments->at && arguments->used + size <= arguments->size)
        memcpy(&value, arguments->at + arguments->used, size);
    arguments->used += size;
    return value;
}

struct conversion {
    char flags[64];
    bool is_long;
    char letter;
};

/* From behind '%'; gives what is behind the conversion. `*` takes its number from the arguments. */
static const char *parse_conversion(const char *at, const char *end, struct conversion *conversion,
                                    struct arguments *arguments) {
    size_t used = 0;
    conversion->is_long = false;
    for (; at < end && used + 16 < sizeof conversion->flags; at++) {
        if (*at == '*')
            used += (size_t)snprintf(conversion->flags + used, sizeof conversion->flags - used,
                                     "%d", (int)next_argument(arguments, 4));
        else if (strchr("-+ #0123456789.", *at))
            conversion->flags[used++] = *at;
        else if (*at == 'l' || *at == 'j' || *at == 'z' || *at == 't')
            conversion->is_long = true;
        else if (*at != 'h')
            break;
    }
    conversion->flags[used] = '\0';
    conversion->letter = '\0';
    if (at < end)
        conversion->letter = *at++;
    return at;
}

static void print_string(struct warp *warp, unsigned lane, const struct conversion *conversion,
                         uint64_t address) {
    const char *text = (const char *)address_find(warp, lane, address, 1);
    char spelled[600], buffer[600];
    const size_t length = text ? strnlen(text, address_room(warp, address)) : 0;
    snprintf(buffer, sizeof buffer, "%.*s", (int)(length < 511 ? length : 511),
             text ? text : "(null)");
    char format[80];
    snprintf(format, sizeof format, "%%%ss", conversion->flags);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    int written = snprintf(spelled, sizeof spelled, format, buffer);
#pragma GCC diagnostic pop
    if (length >= 511 && conversion->flags[0] == '\0')
        put(warp, text, length);
    else if (written > 0)
        put(warp, spelled, (size_t)written < sizeof spelled ? (size_t)written : sizeof spelled - 1);
}

static void print_number(struct warp *warp, const struct conversion *conversion,
                         struct arguments *arguments) {
    char format[80], buffer[512];
    int written;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (strchr("eEfFgGaA", conversion->letter)) {
        snprintf(format, sizeof format, "%%%s%c", conversion->flags, conversion->letter);
        written = snprintf(buffer, sizeof buffer, format, lane_f64(next_argument(arguments, 8)));
    } else if (conversion->letter == 'p') {
        snprintf(format, sizeof format, "%%%sllx", conversion->flags);
        put(warp, "0x", 2);
        written = snprintf(buffer, sizeof buffer, format,
                           (unsigned long long)next_argument(arguments, 8));
    } else if (conversion->letter == 'c') {
        snprintf(format, sizeof format, "%%%sc", conversion->flags);
        written = snprintf(buffer, sizeof buffer, format, (int)next_argument(arguments, 4));
    } else {
        uint64_t value = next_argument(arguments, conversion->is_long ? 8 : 4);
        bool is_signed = conversion->letter == 'd' || conversion->letter == 'i';
        if (!conversion->is_long && is_signed)
            value = (uint64_t)(int64_t)(int32_t)value;
        snprintf(format, sizeof format, "%%%sll%c", conversion->flags, conversion->letter);
        written = snprintf(buffer, sizeof buffer, format, value);
    }
#pragma GCC diagnostic pop
    if (written > 0)
        put(warp, buffer, (size_t)written < sizeof buffer ? (size_t)written : sizeof buffer - 1);
}

void print_lane(struct warp *warp, unsigned lane, uint64_t format_address,
                uint64_t arguments_address) {
    const char *at = (const char *)address_find(warp, lane, format_address, 1);
    struct arguments arguments = {
        .at = arguments_address ? address_find(warp, lane, arguments_address, 1) : NULL};
    arguments.size = arguments.at ? address_room(warp, arguments_address) : 0;
    const char *end = at + strnlen(at, address_room(warp, format_address));
    while (at < end) {
        size_t plain = 0;
        while (at + plain < end && at[plain] != '%')
            plain++;
        put(warp, at, plain);
        at += plain;
        if (at == end)
            break;
        struct conversion conversion;
        at = parse_conversion(at + 1, end, &conversion, &arguments);
        if (conversion.letter == '%')
            put(warp, "%", 1);
        else if (conversion.letter == 's')
            print_string(warp, lane, &conversion, next_argument(&arguments, 8));
        else if (conversion.letter && strchr("diouxXeEfFgGaAcp", conversion.letter))
            print_number(warp, &conversion, &arguments);
    }
}
