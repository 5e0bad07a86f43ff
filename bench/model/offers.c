#include "bench/model/offers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Prices ---- */

static int place_of(const struct gpu_choice *choice, const char *name, size_t length) {
    for (int i = 0; i < choice->count; i++)
        if (strlen(choice->gpus[i]->name) == length &&
            strncmp(choice->gpus[i]->name, name, length) == 0)
            return i;
    return -1;
}

enum status gpu_prices_read(const char *text, const struct gpu_choice *choice,
                            struct gpu_prices *prices, struct message *message) {
    *prices = (struct gpu_prices){.any = false};
    for (const char *at = text ? text : ""; *at;) {
        const size_t length = strcspn(at, "=,");
        const int place = place_of(choice, at, length);
        char *end = NULL;
        const double price = at[length] == '=' ? strtod(at + length + 1, &end) : 0;
        if (place < 0)
            return message_set(message, STATUS_INVALID,
                               "--price names a GPU '%.*s' that is not among those that are chosen "
                               "from",
                               (int)length, at);
        if (!end || end == at + length + 1 || (*end && *end != ',') || !(price > 0) ||
            !isfinite(price))
            return message_set(message, STATUS_INVALID,
                               "--price wants dollars an hour above 0, as in a100=1.5,l4=0.7; not "
                               "'%s'",
                               text);
        if (prices->an_hour[place] > 0)
            return message_set(message, STATUS_INVALID, "--price gives two prices of %s",
                               choice->gpus[place]->name);
        prices->an_hour[place] = price;
        prices->any = true;
        at = *end == ',' ? end + 1 : end;
    }
    return STATUS_OK;
}

/* ---- Offers ---- */

/* Adds the kernels of the implementation that begins at `first`; gives where the next one begins.
 * Where the GPU cannot run one of them, the time is infinite. */
static enum status implementation_predict(const struct counters_row *rows, size_t count,
                                          size_t *first, const struct model_gpu *counted,
                                          struct offer *offer, struct message *message) {
    const char *name = rows[*first].key.implementation;
    snprintf(offer->implementation, sizeof offer->implementation, "%s", name);
    for (; *first < count && strcmp(rows[*first].key.implementation, name) == 0; ++*first) {
        struct prediction prediction;
        const enum status status =
            predict(&rows[*first], counted, offer->gpu, &prediction, message);
        if (status == STATUS_UNSUPPORTED) {
            offer->why = *message;
            offer->seconds = INFINITY;
            continue;
        }
        if (status != STATUS_OK)
            return status;
        offer->seconds += prediction.seconds;
        offer->low += prediction.low;
        offer->high += prediction.high;
    }
    return STATUS_OK;
}

static enum status offer_find(const struct counters_row *rows, size_t count,
                              const struct model_gpu *counted, struct offer *offer,
                              struct message *message) {
    enum status status = STATUS_OK;
    offer->seconds = INFINITY;
    for (size_t next = 0; next < count && status == STATUS_OK;) {
        struct offer other = {.gpu = offer->gpu, .holds = offer->holds};
        status = implementation_predict(rows, count, &next, counted, &other, message);
        if (status == STATUS_OK && (other.seconds < offer->seconds || isinf(offer->seconds)))
            *offer = other;
    }
    return status;
}

static double rank_of(const struct offer *offer) {
    return isnan(offer->a_dollar) ? offer->seconds : -offer->a_dollar;
}

static bool is_offered(const struct offer *offer) {
    return offer->holds && isfinite(offer->seconds);
}

static int offer_compare(const void *left, const void *right) {
    const struct offer *a = left, *b = right;
    if (is_offered(a) != is_offered(b))
        return is_offered(a) ? -1 : 1;
    if (isnan(a->a_dollar) != isnan(b->a_dollar))
        return isnan(b->a_dollar) ? -1 : 1;
    return (rank_of(a) > rank_of(b)) - (rank_of(a) < rank_of(b));
}

enum status offers_find(const struct counters_row *rows, size_t count,
                        const struct model_gpu *counted, double bytes,
                        const struct gpu_choice *choice, const struct gpu_prices *prices,
                        struct offer offers[GPU_CHOICE_MAX], struct message *message) {
    if (count == 0)
        return message_set(message, STATUS_INVALID,
                           "nothing of the case was counted, so there is nothing to predict");
    for (int i = 0; i < choice->count; i++) {
        const struct model_gpu *gpu = choice->gpus[i];
        offers[i] = (struct offer){.gpu = gpu, .holds = bytes <= 1e9 * gpu->capacity};
        const enum status status = offer_find(rows, count, counted, &offers[i], message);
        if (status != STATUS_OK)
            return status;
        const double price = prices->an_hour[i];
        offers[i].a_dollar = price > 0 ? 3600 / price / offers[i].seconds : (double)NAN;
        offers[i].a_joule = 1 / (gpu->watts * offers[i].seconds);
    }
    qsort(offers, (size_t)choice->count, sizeof *offers, offer_compare);
    return STATUS_OK;
}

static bool any_has_price(const struct offer *offers, int count) {
    for (int i = 0; i < count; i++)
        if (!isnan(offers[i].a_dollar))
            return true;
    return false;
}

static void offer_print(FILE *file, const struct offer *offer, bool has_prices, double measured_s) {
    char interval[48], dollar[24] = "";
    if (!offer->holds) {
        fprintf(file, "  %-16s its %.3g GB of memory do not hold the case\n", offer->gpu->name,
                offer->gpu->capacity);
        return;
    }
    if (!is_offered(offer)) {
        fprintf(file, "  %-16s cannot run it: %s\n", offer->gpu->name, offer->why.text);
        return;
    }
    snprintf(interval, sizeof interval, "%.3g to %.3g", 1e3 * offer->low, 1e3 * offer->high);
    if (!isnan(offer->a_dollar))
        snprintf(dollar, sizeof dollar, "%.3g", offer->a_dollar);
    fprintf(file, "  %-16s %-16s %12.4g  %-22s %10.3g", offer->gpu->name, offer->implementation,
            1e3 * offer->seconds, interval, offer->a_joule);
    if (has_prices)
        fprintf(file, " %12s", *dollar ? dollar : "no price");
    if (!isnan(measured_s))
        fprintf(file, "  predicted %.3gx", measured_s / offer->seconds);
    fputc('\n', file);
}

void offers_print(FILE *file, const struct offer *offers, int count, double measured_s) {
    const bool has_prices = any_has_price(offers, count);
    fprintf(file, "a joule%s: iterations that %s, at the power limit\n",
            has_prices ? " and a dollar" : "", has_prices ? "they buy" : "it buys");
    fprintf(file, "  %-16s %-16s %12s  %-22s %10s", "GPU", "implementation", "predicted ms",
            "interval, ms", "a joule");
    fprintf(file, "%s%s\n", has_prices ? "     a dollar" : "",
            isnan(measured_s) ? "" : "  over the CPU");
    for (int i = 0; i < count; i++)
        offer_print(file, &offers[i], has_prices, measured_s);
}
