/* Sectors and wavefronts of one request. */
#include "emulator/memory/request.h"

enum { BANKS = 32, BANK_BYTES = 4, PARTS = 8 };

void request_touch(struct request_sectors *set, struct memory_range *range, uint64_t address) {
    const uint64_t sector = address / SECTOR_BYTES, bit = sector - range->base / SECTOR_BYTES;
    __atomic_store_n(&range->is_touched, true, __ATOMIC_RELAXED);
    __atomic_fetch_or(&range->touched[bit / 64], UINT64_C(1) << (bit % 64), __ATOMIC_RELAXED);
    for (uint32_t k = 0; k < set->count; k++) {
        if (set->sectors[k] == sector)
            return;
    }
    set->sectors[set->count++] = sector;
}

/* The words that fall into each bank. */
struct bank_words {
    uint64_t words[BANKS][LANES * PARTS];
    uint32_t used[BANKS], most;
};

/* Lanes from `first` on, before `end`. */
struct lane_span {
    unsigned first, end;
};

static void add_word(struct bank_words *banks, uint64_t word, bool shares) {
    const unsigned bank = (unsigned)(word % BANKS);
    for (uint32_t k = 0; shares && k < banks->used[bank]; k++) {
        if (banks->words[bank][k] == word)
            return;
    }
    banks->words[bank][banks->used[bank]++] = word;
    banks->most = banks->used[bank] > banks->most ? banks->used[bank] : banks->most;
}

/* Do all lanes whose numbers differ in the bit `apart` alone access one place? */
static bool pairs_agree(const struct lanes64 *offsets, uint32_t mask, struct lane_span span,
                        unsigned apart) {
    for (unsigned lane = span.first; lane < span.end; lane++) {
        const unsigned other = lane ^ apart;
        if ((mask >> lane & 1) && (mask >> other & 1) && offsets->at[lane] != offsets->at[other])
            return false;
    }
    return true;
}

static bool fits_one(const struct lanes64 *offsets, uint32_t mask, struct lane_span span) {
    return pairs_agree(offsets, mask, span, 1) || pairs_agree(offsets, mask, span, 2);
}

static struct request_wavefronts count_span(const struct lanes64 *offsets, uint32_t mask,
                                            struct lane_span span, uint32_t bytes, bool shares) {
    struct bank_words banks;
    memset(banks.used, 0, sizeof banks.used);
    banks.most = 0;
    for (unsigned lane = span.first; lane < span.end; lane++) {
        for (uint32_t part = 0; (mask >> lane & 1) && part < bytes; part += BANK_BYTES)
            add_word(&banks, (offsets->at[lane] + part) / BANK_BYTES, shares);
    }
    return (struct request_wavefronts){banks.most, banks.most > 0};
}

/* Lanes go together as far as 128 bytes last: all of them for words, half of them for 8 bytes, a
 * quarter for 16. Two such groups go together where neighbours, or neighbours but one, all access
 * one place. Ideally each group that has lanes takes one wavefront. */
static struct request_wavefronts count(const struct lanes64 *offsets, uint32_t mask, uint32_t bytes,
                                       bool shares) {
    const unsigned groups = bytes <= 4 ? 1 : bytes <= 8 ? 2 : 4, lanes = LANES / groups;
    const unsigned step = groups == 1 ? LANES : 2 * lanes;
    struct request_wavefronts total = {0, 0};
    for (unsigned first = 0; first < LANES; first += step) {
        const struct lane_span whole = {first, first + step};
        const bool is_one = groups == 1 || (shares && fits_one(offsets, mask, whole));
        for (unsigned begin = first; begin < whole.end; begin += is_one ? step : lanes) {
            const struct lane_span span = {begin, begin + (is_one ? step : lanes)};
            const struct request_wavefronts part = count_span(offsets, mask, span, bytes, shares);
            total.actual += part.actual;
            total.ideal += part.ideal;
        }
    }
    return total;
}

struct request_wavefronts request_wavefronts(const struct lanes64 *offsets, uint32_t mask,
                                             uint32_t bytes) {
    return count(offsets, mask, bytes, true);
}

struct request_wavefronts request_atomic_wavefronts(const struct lanes64 *offsets, uint32_t mask,
                                                    uint32_t bytes) {
    return count(offsets, mask, bytes, false);
}
