#include "bench/model/predict_file.h"

#include "bench/model/limits_file.h"
#include "common/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void prediction_csv_header_print(FILE *file) {
    fputs(
        "operation,variant,dtype,shape,implementation,kernel,grid,gpu,predicted_s,predicted_low_s,"
        "predicted_high_s,predicted_gflops,predicted_gbps,longest_term,blocks_most,idle\n",
        file);
}

static void prediction_csv_print(FILE *file, const struct counters_row *row,
                                 const struct model_gpu *gpu, const struct prediction *prediction) {
    fprintf(file, "%s,%s,%s,%s,%s,%s,%s,%s,%.6g,%.4g,%.4g,%.4g,%.4g,%s,%lld,%d\n",
            row->key.operation, row->key.variant, row->key.dtype, row->key.shape,
            row->key.implementation, row->kernel, row->grid, gpu->name, prediction->seconds,
            prediction->low, prediction->high, prediction->gflops, prediction->gbps,
            prediction->limited_by, (long long)prediction->limits.blocks_most,
            prediction->limits.idle);
}

static void prediction_heading_print(FILE *file) {
    fputs(
        "predicted, not measured: what each kernel would take. In brackets the interval that holds "
        "80% of published times; machines of one name differ by up to 30% (docs/model.md)\n",
        file);
}

/* ---- Sentences ---- */

static void seconds_print(FILE *file, double seconds) {
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1, "s"}, {1e-3, "ms"}, {0, "us"}};
    int i = 0;
    while (seconds < units[i].unit)
        i++;
    fprintf(file, "%.3g %s", seconds / (units[i].unit > 0 ? units[i].unit : 1e-6), units[i].name);
}

static void one_print(FILE *file, const struct model_gpu *gpu,
                      const struct prediction *prediction) {
    fprintf(file, "%s ", gpu->name);
    seconds_print(file, prediction->seconds);
    fputs(" (", file);
    seconds_print(file, prediction->low);
    fputs(" to ", file);
    seconds_print(file, prediction->high);
    if (prediction->gflops >= prediction->gbps)
        fprintf(file, "), %.0f Gflop/s executed, %s", prediction->gflops, prediction->limited_by);
    else
        fprintf(file, "), %.0f GB/s, %s", prediction->gbps, prediction->limited_by);
    if (prediction->limits.idle > 0)
        fprintf(file, ", %d of %d multiprocessors idle", prediction->limits.idle,
                gpu->multiprocessors);
}

/* What a kernel would take on the GPUs of a choice; `why` is empty where one can run it. */
struct forecast {
    const struct gpu_choice *choice;
    struct prediction predictions[GPU_CHOICE_MAX];
    struct message why[GPU_CHOICE_MAX];
};

static bool is_able(const struct forecast *forecast, int gpu) {
    return !*forecast->why[gpu].text;
}

/* The GPU that is next by time; -1 where there is none. */
static int next_find(const struct forecast *forecast, const bool *said) {
    const struct prediction *predictions = forecast->predictions;
    int next = -1;
    for (int i = 0; i < forecast->choice->count; i++)
        if (!said[i] && is_able(forecast, i) &&
            (next < 0 || predictions[i].seconds < predictions[next].seconds))
            next = i;
    return next;
}

enum { SAID_ALL = 6, SAID_FASTEST = 3 };

/* "; cannot run on t4, v100: wgmma is …", once a reason. */
static void unable_print(FILE *file, const struct forecast *forecast, const char *separator) {
    const struct gpu_choice *choice = forecast->choice;
    bool said[GPU_CHOICE_MAX] = {false};
    for (int i = 0; i < choice->count; i++) {
        if (said[i] || is_able(forecast, i))
            continue;
        fprintf(file, "%scannot run on ", separator);
        separator = "; ";
        for (int k = i; k < choice->count; k++) {
            if (strcmp(forecast->why[k].text, forecast->why[i].text) != 0)
                continue;
            fprintf(file, "%s%s", k == i ? "" : ", ", choice->gpus[k]->name);
            said[k] = true;
        }
        fprintf(file, ": %s", forecast->why[i].text);
    }
}

static void prediction_sentence_print(FILE *file, const struct counters_row *row,
                                      const struct forecast *forecast) {
    bool said[GPU_CHOICE_MAX] = {false};
    int able = 0;
    for (int i = 0; i < forecast->choice->count; i++)
        able += is_able(forecast, i);
    const bool is_long = able > SAID_ALL;
    fprintf(file, "  %-16s %s: ", row->key.implementation, row->kernel);
    for (int rank = 0; rank < able; rank++) {
        const int next = next_find(forecast, said);
        said[next] = true;
        const bool is_last = rank == able - 1;
        if (is_long && rank >= SAID_FASTEST && !is_last)
            continue;
        if (rank > 0)
            fputs(is_long && is_last ? "; … " : "; ", file);
        one_print(file, forecast->choice->gpus[next], &forecast->predictions[next]);
    }
    if (able > 0 && prediction_has_matrices(row))
        fputs("; no published time of matrix instructions was fitted", file);
    unable_print(file, forecast, able > 0 ? "; " : "");
    fputc('\n', file);
}

/* ---- The file ---- */

static void case_print(FILE *log, const struct row_key *key) {
    fprintf(log, "%s/%s/%s/%s\n", key->operation, key->variant, key->dtype, key->shape);
}

/* Of one kernel; the GPUs that cannot run it have no line on `csv`. */
static enum status forecast_make(const struct counters_row *row, const struct model_gpu *counted,
                                 struct forecast *forecast, FILE *csv, struct message *message) {
    const struct gpu_choice *choice = forecast->choice;
    for (int k = 0; k < choice->count; k++) {
        struct prediction *prediction = &forecast->predictions[k];
        forecast->why[k].text[0] = '\0';
        const enum status status = predict(row, counted, choice->gpus[k], prediction, message);
        if (status == STATUS_UNSUPPORTED)
            forecast->why[k] = *message;
        else if (status != STATUS_OK)
            return status;
        else if (csv)
            prediction_csv_print(csv, row, choice->gpus[k], prediction);
    }
    return STATUS_OK;
}

enum status predictions_print(const struct counters_row *rows, size_t count,
                              const struct model_gpu *counted, const struct gpu_choice *choice,
                              FILE *csv, FILE *log, struct message *message) {
    struct forecast forecast = {.choice = choice};
    if (csv)
        prediction_csv_header_print(csv);
    if (log)
        prediction_heading_print(log);
    for (size_t i = 0; i < count; i++) {
        const enum status status = forecast_make(&rows[i], counted, &forecast, csv, message);
        if (status != STATUS_OK)
            return status;
        if (log && (i == 0 || !row_key_same_case(&rows[i].key, &rows[i - 1].key)))
            case_print(log, &rows[i].key);
        if (log)
            prediction_sentence_print(log, &rows[i], &forecast);
    }
    return STATUS_OK;
}

static enum status text_write(const struct counters_row *rows, size_t count, const char *folder,
                              const struct gpu_choice *choice, FILE *log, struct message *message) {
    char *text = NULL, path[2300];
    size_t size = 0;
    if (snprintf(path, sizeof path, "%s/predictions.csv", folder) >= (int)sizeof path)
        return message_set(message, STATUS_INVALID, "the name of the folder %s is too long",
                           folder);
    FILE *file = open_memstream(&text, &size);
    if (!file)
        return message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    limits_sampling_print(log, folder);
    enum status status =
        predictions_print(rows, count, limits_gpu_of_run(folder), choice, file, log, message);
    if (fclose(file) != 0 && status == STATUS_OK)
        status = message_set(message, STATUS_NO_MEMORY, "no memory for %s", path);
    if (status == STATUS_OK)
        status = file_replace(path, text, size, message);
    free(text);
    return status;
}

enum status predictions_write(const char *folder, const struct gpu_choice *choice, FILE *log,
                              struct message *message) {
    char counters[2300];
    void *rows = NULL;
    size_t count = 0;
    if (snprintf(counters, sizeof counters, "%s/counters.csv", folder) >= (int)sizeof counters)
        return message_set(message, STATUS_INVALID, "the name of the folder %s is too long",
                           folder);
    enum status status = STATUS_OK;
    if (access(counters, F_OK) == 0)
        status = csv_read(counters, &counters_format, &rows, &count, NULL, message);
    if (status == STATUS_OK)
        status = count > 0 ? text_write(rows, count, folder, choice, log, message)
                           : message_set(message, STATUS_INVALID,
                                         "there is nothing to predict from: no kernel ran on the "
                                         "emulated GPU; --gpu emulated runs them there");
    free(rows);
    return status;
}
