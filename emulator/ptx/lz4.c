/*
 * LZ4 blocks: sequences of {token, literals, match}. The token's high half is the number of
 * literals, its low half the match length less four; 15 in either means that bytes follow which add
 * to it until one is below 255. A match copies from `offset` bytes back in the output and may
 * overlap itself. The last sequence has literals only.
 */
#include "emulator/ptx/lz4.h"

#include <stdint.h>
#include <string.h>

struct lz4_input {
    const unsigned char *at, *end;
};

/* A length with its continuation bytes; false when the input ends within or the sum leaves all
 * reason. */
static bool lz4_length(struct lz4_input *input, size_t start, size_t *length) {
    *length = start;
    if (start != 15)
        return true;
    for (;;) {
        if (input->at == input->end || *length > SIZE_MAX / 2)
            return false;
        unsigned char more = *input->at++;
        *length += more;
        if (more != 255)
            return true;
    }
}

bool lz4_decode(const unsigned char *from, size_t from_size, unsigned char *to, size_t to_size) {
    struct lz4_input input = {from, from + from_size};
    size_t done = 0;
    while (input.at < input.end) {
        unsigned token = *input.at++;
        size_t literals, match;
        if (!lz4_length(&input, token >> 4, &literals) ||
            literals > (size_t)(input.end - input.at) || literals > to_size - done)
            return false;
        memcpy(to + done, input.at, literals);
        done += literals;
        input.at += literals;
        if (input.at == input.end)
            break;
        if (input.end - input.at < 2)
            return false;
        size_t offset = input.at[0] | (size_t)input.at[1] << 8;
        input.at += 2;
        if (!lz4_length(&input, token & 15, &match) || offset == 0 || offset > done ||
            match + 4 > to_size - done)
            return false;
        for (size_t end = done + match + 4; done < end; done++)
            to[done] = to[done - offset];
    }
    return done == to_size;
}
