#include "bench/commands/explain_run.h"

#include "bench/files/run_files.h"
#include "bench/operations/operations.h"
#include "common/words.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The run ---- */

static enum status folder_make(char folder[EXPLAIN_FOLDER_SIZE], struct message *message) {
    const char *temporary = getenv("TMPDIR");
    if (!temporary || !*temporary || strlen(temporary) > EXPLAIN_FOLDER_SIZE / 2)
        temporary = "/tmp";
    snprintf(folder, EXPLAIN_FOLDER_SIZE, "%s/lockstep-explain-XXXXXX", temporary);
    return mkdtemp(folder) ? STATUS_OK
                           : message_set(message, STATUS_IO, "cannot make a folder in %s: %s",
                                         temporary, strerror(errno));
}

static int entry_remove(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void explain_forget(const char *folder) {
    enum { OPEN_FOLDERS = 8 };
    (void)nftw(folder, entry_remove, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

static bool is_rung(const struct implementation *implementation) {
    return implementation->device == DEVICE_GPU && implementation->kind == KIND_RUNG;
}

/* The implementation, and the rungs that are compared with it: those behind it, or all with one
 * that was added, which stands behind all. */
static void implementations_list(const struct run_arguments *arguments, const char *name,
                                 char *list, size_t size) {
    size_t used = (size_t)snprintf(list, size, "%s", name);
    for (size_t i = 0; i < arguments->run.selection.operation_count; i++) {
        const struct operation *operation = operation_find(arguments->operations[i]);
        const int own = operation ? operation_implementation_find(operation, name) : -1;
        for (int k = own + 1; operation && k < operation->implementation_count; k++) {
            const char *rung = operation->implementations[k].name;
            if (is_rung(&operation->implementations[k]) && used + strlen(rung) + 2 < size)
                used += (size_t)snprintf(list + used, size - used, ",%s", rung);
        }
    }
}

/* Where none was named, the operations of the rows that were added. */
static void operations_default(struct run_arguments *arguments) {
    size_t *count = &arguments->run.selection.operation_count;
    for (int i = 0; *count == 0 && i < added_count(arguments->run.added); i++) {
        const struct operation *operation;
        (void)added_row(arguments->run.added, i, &operation);
        arguments->operations[(*count)++] = operation->name;
    }
}

/* The added rows' names, of the operations that are asked for. */
static void added_list_names(const struct run_arguments *arguments, char *names, size_t size) {
    const struct added *added = arguments->run.added;
    size_t used = 0;
    names[0] = '\0';
    for (int i = 0; i < added_count(added); i++) {
        const struct operation *operation;
        const char *name = added_row(added, i, &operation)->name;
        for (size_t k = 0; k < arguments->run.selection.operation_count; k++)
            if (strcmp(arguments->operations[k], operation->name) == 0 &&
                used + strlen(name) + 2 < size)
                used += (size_t)snprintf(names + used, size - used, "%s%s", used ? "," : "", name);
    }
}

static enum status arguments_run(const struct explain_request *request,
                                 struct run_arguments *arguments, struct message *message) {
    char list[1024], names[512];
    struct run_options *run = &arguments->run;
    enum status status = run_arguments_finish(arguments, message);
    if (status != STATUS_OK)
        return status;
    operations_default(arguments);
    if (request->implementation || added_count(run->added) > 0) {
        added_list_names(arguments, names, sizeof names);
        implementations_list(arguments, request->implementation ? request->implementation : names,
                             list, sizeof list);
        run->implementations = list;
    }
    return run_execute(run, message);
}

enum status explain_run(const struct explain_request *request,
                        const struct command_context *context, char folder[EXPLAIN_FOLDER_SIZE],
                        struct message *message) {
    struct run_arguments arguments;
    enum status status = folder_make(folder, message);
    if (status != STATUS_OK)
        return status;
    run_arguments_begin(&arguments, context);
    struct run_options *run = &arguments.run;
    arguments.add = request->add;
    if (request->operation)
        arguments.operations[run->selection.operation_count++] = request->operation;
    run->gpu = "emulated";
    run->out = folder;
    run->quick = run->quiet = true;
    run->selection.shapes = request->shapes;
    run->selection.dtypes = request->dtypes;
    run->selection.case_glob = request->case_glob;
    status = arguments_run(request, &arguments, message);
    run_arguments_close(&arguments);
    if (status == STATUS_INVALID || status == STATUS_UNSUPPORTED)
        explain_forget(folder); /* nothing was counted */
    else if (status == STATUS_WRONG)
        return status; /* rows failed, and others may have been counted */
    else if (status != STATUS_OK)
        (void)rmdir(folder); /* if nothing is in it */
    return status;
}

enum status explain_failures_tell(FILE *file, const char *folder, struct message *message) {
    struct run_files files;
    size_t failed = 0;
    const enum status status = run_files_read(folder, &files, message);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < files.result_count; i++) {
        const struct result *row = &files.results[i];
        if (strcmp(row->status, "failed") != 0)
            continue;
        failed++;
        fprintf(file, "%s/%s/%s/%s: %s failed: %s\n", row->key.operation, row->key.variant,
                row->key.dtype, row->key.shape, row->key.implementation, row->reason);
    }
    (void)message_set(message, STATUS_WRONG, "%zu of %s failed, for the reasons above", failed,
                      COUNTED(files.result_count, "row"));
    run_files_release(&files);
    return STATUS_WRONG;
}

/* ---- The ladder ---- */

/* Of all kernels of an implementation of the row's case; infinite where the GPU cannot run them. */
static double clocks_of(const struct counters_row *rows, size_t count,
                        const struct counters_row *row, const char *implementation,
                        const struct model_gpu *gpu, enum limit_unit unit) {
    struct message none;
    double clocks = 0;
    for (size_t i = 0; i < count; i++) {
        struct limits limits;
        if (row_key_same_case(&rows[i].key, &row->key) &&
            strcmp(rows[i].key.implementation, implementation) == 0)
            clocks += limits_find(&rows[i], gpu, &limits, &none) == STATUS_OK ? limits.clocks[unit]
                                                                              : (double)INFINITY;
    }
    return clocks;
}

static bool is_counted(const struct counters_row *rows, size_t count,
                       const struct counters_row *row, const char *implementation) {
    for (size_t i = 0; i < count; i++)
        if (row_key_same_case(&rows[i].key, &row->key) &&
            strcmp(rows[i].key.implementation, implementation) == 0)
            return true;
    return false;
}

void explain_rung_print(FILE *file, const struct counters_row *rows, size_t count,
                        const struct counters_row *row, const struct model_gpu *gpu,
                        enum limit_unit limited_by) {
    static const double less = 0.9; /* a tenth at least, or it lifts nothing */
    const struct operation *operation = operation_find(row->key.operation);
    const double own = clocks_of(rows, count, row, row->key.implementation, gpu, limited_by);
    bool is_last = true;
    const int first =
        operation ? operation_implementation_find(operation, row->key.implementation) + 1 : 0;
    for (int k = first; operation && k < operation->implementation_count; k++) {
        const struct implementation *rung = &operation->implementations[k];
        if (!is_rung(rung) || !is_counted(rows, count, row, rung->name))
            continue;
        is_last = false;
        const double clocks = clocks_of(rows, count, row, rung->name, gpu, limited_by);
        if (clocks > less * own)
            continue;
        fprintf(file, "    The rung that lifts that limit is %s, with %.0f%% of its clocks: %s.\n",
                rung->name, 100 * clocks / own, rung->adds ? rung->adds : rung->summary);
        return;
    }
    fputs(is_last ? "    No rung behind it in the ladder was counted.\n"
                  : "    No rung behind it in the ladder takes a tenth less of that.\n",
          file);
}
