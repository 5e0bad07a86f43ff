/* From names, globs, shapes and presets to cases. */
#include "bench/selection/selection.h"
#include "bench/operations/operations.h"
#include "bench/selection/presets.h"
#include "common/list.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 256 };

struct builder {
    const struct selection_options *options;
    const struct operation_table *table;
    struct selection *selection;
    size_t capacity;
    struct message *message;
};

/* One process has no use for what goes on between several, unless it is named. */
static bool operation_wanted(const struct selection_options *options,
                             const struct operation *operation) {
    for (size_t i = 0; i < options->operation_count; i++)
        if (strcmp(options->operations[i], operation->name) == 0)
            return true;
    return options->operation_count == 0 && (!operation->between_ranks || options->ranks > 1);
}

static bool already_selected(const struct selection *selection, const char *name) {
    char other[NAME_MAX_LENGTH];
    for (size_t i = 0; i < selection->count; i++) {
        case_name(&selection->cases[i], other, sizeof other);
        if (strcmp(other, name) == 0)
            return true;
    }
    return false;
}

static bool glob_matches(const char *glob, const struct bench_case *bench_case) {
    char name[NAME_MAX_LENGTH];
    case_name(bench_case, name, sizeof name);
    return !glob || fnmatch(glob, name, 0) == 0;
}

/* Adds a case unless it is there already. */
static enum status builder_add(struct builder *builder, const struct bench_case *bench_case) {
    char name[NAME_MAX_LENGTH];
    case_name(bench_case, name, sizeof name);
    if (already_selected(builder->selection, name))
        return STATUS_OK;
    const size_t needed = builder->selection->count + 1;
    struct bench_case *larger =
        list_reserve(builder->selection->cases, needed, &builder->capacity, sizeof *larger);
    if (!larger)
        return message_set(builder->message, STATUS_NO_MEMORY, "no memory for %zu cases", needed);
    builder->selection->cases = larger;
    builder->selection->cases[builder->selection->count++] = *bench_case;
    return STATUS_OK;
}

static struct bench_case case_of(const struct selection_options *options,
                                 const struct operation *operation, int variant, enum dtype dtype) {
    return (struct bench_case){.operation = operation,
                               .variant = variant,
                               .dtype = dtype,
                               .settings = {.alpha = 1.0f,
                                            .beta = 0.0f,
                                            .values = VALUES_UNIFORM,
                                            .seed = options->seed,
                                            .rank = options->rank,
                                            .ranks = options->ranks}};
}

static enum status shape_read(const struct selection_options *options, const char *shape,
                              struct bench_case *bench_case, struct message *message) {
    enum status status = case_shape_parse(shape, bench_case, message);
    if (status == STATUS_OK && options->weak && options->ranks > 1 && bench_case->operation->scale)
        bench_case->operation->scale(bench_case, options->ranks);
    return status;
}

/* Every dtype that is asked for, else of `usual` (NULL: f32), and that the operation has, over
 * every shape in `shapes`. */
static enum status add_shapes(struct builder *builder, const struct operation *operation,
                              int variant, const char *shapes, const char *usual) {
    const char *dtypes = builder->options->dtypes ? builder->options->dtypes : usual;
    char shape[NAME_MAX_LENGTH];
    enum status status = STATUS_OK;
    while (status == STATUS_OK && shape_next(&shapes, shape, sizeof shape)) {
        for (enum dtype d = DTYPE_F32; d <= DTYPE_F16 && status == STATUS_OK; d++) {
            if (!operation_has_dtype(operation, d) ||
                !list_contains(dtypes ? dtypes : "f32", dtype_name(d)))
                continue;
            struct bench_case bench_case = case_of(builder->options, operation, variant, d);
            status = shape_read(builder->options, shape, &bench_case, builder->message);
            if (status == STATUS_OK && glob_matches(builder->options->case_glob, &bench_case))
                status = builder_add(builder, &bench_case);
        }
    }
    return status;
}

static enum status add_line(struct builder *builder, const struct preset *preset,
                            const struct operation *operation, const struct preset_line *line) {
    enum status status = STATUS_OK;
    for (int v = 0; v < operation->variant_count && status == STATUS_OK; v++)
        if (list_contains(line->variants, operation->variants[v]))
            status = add_shapes(builder, operation, v, line->shapes, preset->dtypes);
    return status;
}

static enum status add_preset(struct builder *builder, const struct preset *preset) {
    enum status status = STATUS_OK;
    for (int o = 0; o < builder->table->count; o++) {
        const struct operation *operation = builder->table->list[o];
        const struct preset_line *line = operation->preset_lines;
        if (!operation_wanted(builder->options, operation))
            continue;
        for (; line && line->preset && status == STATUS_OK; line++)
            if (strcmp(line->preset, preset->name) == 0)
                status = add_line(builder, preset, operation, line);
    }
    return status;
}

/* One shape of `--shape`, for every variant of the chosen operations that can read it; at least one
 * must. */
static enum status add_given_shape(struct builder *builder, const char *shape) {
    struct message *message = builder->message;
    struct message why;
    enum status failure = STATUS_OK;
    bool readable = false;
    builder->message = &why;
    for (int o = 0; o < builder->table->count; o++) {
        const struct operation *operation = builder->table->list[o];
        if (!operation_wanted(builder->options, operation))
            continue;
        for (int v = 0; v < operation->variant_count; v++) {
            enum status status = add_shapes(builder, operation, v, shape, NULL);
            readable |= status == STATUS_OK;
            if (status != STATUS_OK) {
                failure = status;
                *message = why;
            }
        }
    }
    builder->message = message;
    return readable ? STATUS_OK : failure;
}

static enum status add_given_shapes(struct builder *builder) {
    char shape[NAME_MAX_LENGTH];
    const char *shapes = builder->options->shapes;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && shape_next(&shapes, shape, sizeof shape))
        status = add_given_shape(builder, shape);
    return status;
}

/* A --case without wildcards names one case, in a preset or not. */
static enum status add_named_case(struct builder *builder) {
    char name[NAME_MAX_LENGTH];
    snprintf(name, sizeof name, "%s", builder->options->case_glob);
    char *save = NULL;
    const char *operation_name = strtok_r(name, "/", &save);
    const char *variant_name = strtok_r(NULL, "/", &save);
    const char *dtype_text = strtok_r(NULL, "/", &save);
    const char *shape = strtok_r(NULL, "", &save);
    const struct operation *operation =
        operation_name ? operation_table_find(builder->table, operation_name) : NULL;
    enum dtype dtype;
    int variant = operation && variant_name ? operation_variant_find(operation, variant_name) : -1;
    if (variant < 0 || !dtype_text || !dtype_find(dtype_text, &dtype) ||
        !operation_has_dtype(operation, dtype) || !shape)
        return message_set(
            builder->message, STATUS_INVALID,
            "there is no case '%s'; a case is written OPERATION/VARIANT/DTYPE/SHAPE, "
            "as in gemm/nn/f32/512x512x512; `lockstep list cases` lists the preset's",
            builder->options->case_glob);
    struct bench_case bench_case = case_of(builder->options, operation, variant, dtype);
    enum status status = case_shape_parse(shape, &bench_case, builder->message);
    if (status != STATUS_OK ||
        (builder->options->operation_count > 0 && !operation_wanted(builder->options, operation)) ||
        !list_contains(builder->options->dtypes, dtype_text))
        return status;
    return builder_add(builder, &bench_case);
}

/* Of several operations each takes the dtypes that it has; one alone is to have them all. */
static enum status names_check(const struct selection_options *options,
                               const struct operation_table *table, struct message *message) {
    const struct operation *only =
        options->operation_count == 1 ? operation_table_find(table, options->operations[0]) : NULL;
    enum status status = operations_check(options->operations, options->operation_count, message);
    if (status == STATUS_OK)
        status = preset_check(options->preset, message);
    if (status == STATUS_OK)
        status = only ? operation_dtypes_check(only, options->dtypes, message)
                      : dtypes_check(options->dtypes, message);
    return status;
}

enum status selection_open(const struct selection_options *options, struct selection *selection,
                           struct message *message) {
    *selection = (struct selection){0};
    struct builder builder = {.options = options,
                              .table = options->table ? options->table : &operations_built_in,
                              .selection = selection,
                              .message = message};
    enum status status = names_check(options, builder.table, message);
    if (status == STATUS_OK) {
        if (options->shapes)
            status = add_given_shapes(&builder);
        else if (options->case_glob && !strpbrk(options->case_glob, "*?["))
            status = add_named_case(&builder);
        else
            status = add_preset(&builder, preset_find(options->preset));
    }
    if (status == STATUS_OK && selection->count == 0)
        status =
            message_set(message, STATUS_INVALID,
                        "no case is left: nothing in preset '%s' matches%s%s; `lockstep list "
                        "cases` lists what there is",
                        options->preset, options->case_glob ? " --case " : " what was asked for",
                        options->case_glob ? options->case_glob : "");
    if (status != STATUS_OK)
        selection_close(selection);
    return status;
}

void selection_close(struct selection *selection) {
    free(selection->cases);
    *selection = (struct selection){0};
}
