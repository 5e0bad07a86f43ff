/* The figures of rates: curves, dots and speedups. */
#include "bench/report/rate_figures.h"
#include "bench/report/curves.h"
#include "bench/report/dots.h"
#include "bench/report/speedup.h"

static enum status group_write(struct script *script, const struct row_key *key,
                               struct message *message) {
    struct rates rates;
    enum status status = rates_open(script, key, &rates, message);
    if (status != STATUS_OK)
        return status;
    report_curves_write(script, &rates);
    report_dots_write(script, &rates);
    report_speedup_write(script, &rates);
    rates_close(&rates);
    return STATUS_OK;
}

enum status report_rates_write(struct script *script, struct message *message) {
    const struct report_data *data = script->data;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < data->result_count && status == STATUS_OK; i++) {
        size_t before = 0;
        while (!rates_same(&data->results[before].key, &data->results[i].key))
            before++;
        if (before == i)
            status = group_write(script, &data->results[i].key, message);
    }
    return status;
}
