/* Launching by launch lines: all that depends on the shape is computed once, before the first
 * launch. */
#include "bench/added/kernel_row.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One argument as the kernel takes it. */
union argument_value {
    void *pointer;
    int64_t whole;
    int32_t narrow;
    float real;
    double wide;
};

/* Memory that is set to zero before a kernel. */
struct zeroed {
    void *at;     /* NULL: the workspace */
    size_t words; /* of 4 bytes */
};

/* One kernel, ready to be launched. */
struct planned_kernel {
    struct gpu_launch launch;
    union argument_value values[LINES_ARGUMENTS_MAX];
    void *parameters[LINES_ARGUMENTS_MAX];
    int workspace_count;                       /* values that are in the workspace, … */
    int workspace_places[LINES_ARGUMENTS_MAX]; /* … which, and until it is allocated they are bytes
                                                  into it */
    struct zeroed zeroed[LINES_ZEROED_MAX];
    int zeroed_count;
};

/* A case, and where its buffers are. */
struct case_view {
    const struct bench_case *bench_case;
    void *const *buffers;
};

/* What a launch keeps. */
struct plan {
    struct launch launch; /* the arguments as they were */
    size_t workspace_bytes;
    void *workspace;
    struct gpu *gpu; /* that has the workspace */
    int kernel_count;
    struct planned_kernel kernels[];
};

/* --- what is to be launched ------------------------------------------------------------------- */

static bool is_of(variant_set variants, const struct bench_case *c) {
    return (variants >> c->variant & 1) != 0;
}

/* STATUS_UNSUPPORTED with the first condition that the case does not hold. */
static enum status conditions_check(const struct lines *lines, const struct bench_case *c,
                                    const struct launch *launch, struct message *message) {
    for (int i = 0; i < lines->condition_count; i++) {
        const struct line_condition *condition = &lines->conditions[i];
        double holds = 1.0;
        if (!is_of(condition->variants, c))
            continue;
        enum status status = expression_real(condition->value, launch, &holds, message);
        if (status != STATUS_OK)
            return status;
        if (holds == 0.0)
            return message_set(message, STATUS_UNSUPPORTED, "wants %s (%.250s:%d)", condition->text,
                               lines->file, condition->line);
    }
    return STATUS_OK;
}

/* One size of a grid or a block. No GPU takes more than 31 bits; what each takes is checked
 * later. */
static enum status axis_compute(const struct expression *expression, const char *what, int axis,
                                const struct launch *launch, int64_t *size,
                                struct message *message) {
    double real = 0.0;
    *size = 1;
    if (!expression)
        return STATUS_OK;
    enum status status = expression_real(expression, launch, &real, message);
    if (status == STATUS_OK && real > INT_MAX)
        return expression_fail(expression, message,
                               "the %s is %.10g along %c for this shape, and no GPU takes more "
                               "than %d",
                               what, real, "xyz"[axis], INT_MAX);
    if (status == STATUS_OK)
        status = expression_whole(expression, launch, size, message);
    if (status == STATUS_OK && *size < 1)
        status = expression_fail(expression, message,
                                 "the %s is %lld along %c for this shape, and 1 is the least: "
                                 "ceil() rounds up, and a `when` line keeps shapes away",
                                 what, (long long)*size, "xyz"[axis]);
    return status;
}

static enum status geometry_compute(const struct line_kernel *line, const struct launch *launch,
                                    struct gpu_launch *planned, struct message *message) {
    enum status status = STATUS_OK;
    int64_t size = 0;
    for (int axis = 0; axis < 3 && status == STATUS_OK; axis++) {
        status =
            axis_compute(line->grid[axis], "grid", axis, launch, &planned->grid[axis], message);
        if (status == STATUS_OK)
            status = axis_compute(line->block[axis], "block", axis, launch, &size, message);
        planned->block[axis] = (int)size;
    }
    size = 0;
    if (status == STATUS_OK && line->shared)
        status = expression_whole(line->shared, launch, &size, message);
    if (status == STATUS_OK && (size < 0 || size > INT_MAX))
        status = expression_fail(line->shared, message,
                                 "%lld bytes of shared memory for this shape", (long long)size);
    planned->shared_bytes = (int)size;
    return status;
}

/* A whole number or a real one in as many bytes as the parameter has. */
static enum status number_compute(const struct expression *expression, size_t bytes,
                                  const struct launch *launch, union argument_value *value,
                                  struct message *message) {
    double real = 0.0;
    int64_t whole = 0;
    enum status status = STATUS_OK;
    if (expression_is_real(expression)) {
        status = expression_real(expression, launch, &real, message);
        if (bytes == sizeof value->wide)
            value->wide = real;
        else
            value->real = (float)real;
        return status;
    }
    status = expression_whole(expression, launch, &whole, message);
    if (status == STATUS_OK && bytes != sizeof whole && (whole > INT32_MAX || whole < INT32_MIN))
        return expression_fail(expression, message,
                               "it is %lld for this shape, and the kernel takes 4 bytes",
                               (long long)whole);
    if (bytes == sizeof whole)
        value->whole = whole;
    else
        value->narrow = (int32_t)whole;
    return status;
}

/* Bytes into the workspace. */
static enum status offset_compute(const struct expression *expression, const struct plan *plan,
                                  int64_t *offset, struct message *message) {
    *offset = 0;
    enum status status =
        expression ? expression_whole(expression, &plan->launch, offset, message) : STATUS_OK;
    if (status == STATUS_OK && (*offset < 0 || (size_t)*offset >= plan->workspace_bytes))
        status = expression_fail(expression, message,
                                 "byte %lld of a workspace that has %zu for this shape",
                                 (long long)*offset, plan->workspace_bytes);
    return status;
}

static enum status argument_plan(const struct line_argument *line, size_t bytes, struct plan *plan,
                                 struct planned_kernel *planned, int place,
                                 struct message *message) {
    union argument_value *value = &planned->values[place];
    planned->parameters[place] = value;
    switch (line->kind) {
    case LINE_POINTER:
        memcpy(&value->pointer, (const char *)plan->launch.problem + line->member->offset,
               sizeof value->pointer);
        return STATUS_OK;
    case LINE_PROBLEM:
        planned->parameters[place] = plan->launch.problem;
        return STATUS_OK;
    case LINE_WORKSPACE:
        planned->workspace_places[planned->workspace_count++] = place;
        return offset_compute(line->value, plan, &value->whole, message);
    default:
        return number_compute(line->value, bytes, &plan->launch, value, message);
    }
}

/* An output of the case, all of it; the workspace without what is left of a word. */
static enum status zeroed_plan(const struct line_argument *line, const char *file,
                               const struct case_view *view, struct plan *plan,
                               struct zeroed *zeroed, struct message *message) {
    const struct bench_case *c = view->bench_case;
    struct buffer_spec specs[BUFFERS_MAX];
    int i = 0;
    *zeroed = (struct zeroed){.words = plan->workspace_bytes / sizeof(uint32_t)};
    if (line->kind == LINE_WORKSPACE)
        return STATUS_OK;
    memcpy(&zeroed->at, plan->launch.problem + line->member->offset, sizeof zeroed->at);
    case_buffers(c, specs);
    while (i < BUFFERS_MAX && (specs[i].elements == 0 || view->buffers[i] != zeroed->at))
        i++;
    if (i == BUFFERS_MAX || specs[i].role == BUFFER_INPUT)
        return expression_fail(line->value, message, "%s is no output of %s", line->member->name,
                               c->operation->variants[c->variant]);
    if (specs[i].stride > specs[i].columns || specs[i].matrix_gap > 0)
        return message_set(message, STATUS_UNSUPPORTED,
                           "%s has gaps between its rows, which `zero` does not keep (%.250s:%d)",
                           line->member->name, file, line->line);
    zeroed->words = (size_t)specs[i].elements * element_bytes(specs[i].element) / sizeof(uint32_t);
    return STATUS_OK;
}

/* Without a word of the driver numbers have 4 bytes. */
static enum status kernel_plan(const struct kernel_row *row, int index,
                               const struct case_view *view, struct plan *plan,
                               struct message *message) {
    const struct line_kernel *line = &row->lines->kernels[index];
    const struct loaded_kernel *loaded = &row->kernels[index];
    struct planned_kernel *planned = &plan->kernels[plan->kernel_count++];
    planned->launch.kernel = (struct gpu_kernel){row->image, loaded->name};
    planned->launch.parameters = planned->parameters;
    enum status status = geometry_compute(line, &plan->launch, &planned->launch, message);
    for (int a = 0; a < line->argument_count && status == STATUS_OK; a++)
        status =
            argument_plan(&line->arguments[a], loaded->parameter_count < 0 ? 4 : loaded->bytes[a],
                          plan, planned, a, message);
    for (int z = 0; z < line->zeroed_count && status == STATUS_OK; z++)
        status = zeroed_plan(&line->zeroed[z], row->lines->file, view, plan,
                             &planned->zeroed[planned->zeroed_count++], message);
    return status;
}

static enum status workspace_compute(const struct lines *lines, struct plan *plan,
                                     struct message *message) {
    int64_t bytes = 0;
    if (!lines->workspace)
        return STATUS_OK;
    enum status status = expression_whole(lines->workspace, &plan->launch, &bytes, message);
    if (status == STATUS_OK && bytes < 1)
        status =
            expression_fail(lines->workspace, message, "%lld bytes of workspace", (long long)bytes);
    plan->workspace_bytes = (size_t)bytes;
    return status;
}

static enum status plan_fill(const struct kernel_row *row, const struct case_view *view,
                             struct plan *plan, struct message *message) {
    const struct lines *lines = row->lines;
    const struct bench_case *c = view->bench_case;
    enum status status = workspace_compute(lines, plan, message);
    for (int i = 0; i < lines->kernel_count && status == STATUS_OK; i++)
        if (is_of(lines->kernels[i].variants, c))
            status = kernel_plan(row, i, view, plan, message);
    if (status == STATUS_OK && plan->kernel_count == 0)
        status = message_set(message, STATUS_UNSUPPORTED, "%.250s has no kernel for %s",
                             lines->file, c->operation->variants[c->variant]);
    return status;
}

/* --- the methods ------------------------------------------------------------------------------ */

static void row_release(struct launch *launch) {
    struct plan *plan = launch->kept;
    if (plan && plan->workspace)
        gpu_release(plan->gpu, plan->workspace);
    free(plan);
}

static enum status row_keep(const struct bench_case *c, const struct implementation *implementation,
                            void *const buffers[], struct launch *launch, struct message *message) {
    const struct kernel_row *row = implementation->own;
    if (*row->unavailable || !row->kernels)
        return message_set(message, STATUS_UNSUPPORTED, "%s",
                           *row->unavailable ? row->unavailable : "no GPU has loaded it");
    if (row->lines->finite_inputs && !values_are_finite(c->settings.values))
        return message_set(message, STATUS_UNSUPPORTED,
                           "is for inputs without NaN and infinities, says %.250s",
                           row->lines->file);
    if (row->lines->values && !(row->lines->values >> c->settings.values & 1))
        return message_set(message, STATUS_UNSUPPORTED, "is not for %s values, says %.250s",
                           values_name(c->settings.values), row->lines->file);
    enum status status = conditions_check(row->lines, c, launch, message);
    if (status != STATUS_OK)
        return status;
    struct plan *plan =
        calloc(1, sizeof *plan + (size_t)row->lines->kernel_count * sizeof plan->kernels[0]);
    if (!plan)
        return message_set(message, STATUS_NO_MEMORY, "no memory to plan launches");
    plan->launch = *launch;
    status = plan_fill(row, &(struct case_view){c, buffers}, plan, message);
    if (status != STATUS_OK) {
        free(plan);
        return status;
    }
    launch->kept = plan;
    launch->release = row_release;
    return STATUS_OK;
}

static enum status workspace_allocate(struct plan *plan, struct execution *execution) {
    enum status status =
        gpu_allocate(execution->gpu, plan->workspace_bytes, &plan->workspace, execution->message);
    plan->gpu = execution->gpu;
    for (int k = 0; k < plan->kernel_count && status == STATUS_OK; k++)
        for (int w = 0; w < plan->kernels[k].workspace_count; w++) {
            union argument_value *value =
                &plan->kernels[k].values[plan->kernels[k].workspace_places[w]];
            value->pointer = (char *)plan->workspace + value->whole;
        }
    return status;
}

static enum status kernel_launch(const struct planned_kernel *kernel, const struct plan *plan,
                                 struct execution *execution) {
    enum status status = STATUS_OK;
    for (int z = 0; z < kernel->zeroed_count && status == STATUS_OK; z++) {
        const struct zeroed *zeroed = &kernel->zeroed[z];
        if (zeroed->words > 0)
            status = gpu_fill(execution->gpu, zeroed->at ? zeroed->at : plan->workspace, 0,
                              zeroed->words, execution->message);
    }
    return status == STATUS_OK ? gpu_launch(execution->gpu, &kernel->launch, execution->message)
                               : status;
}

static enum status row_launch(const struct implementation *implementation,
                              const struct launch *launch, int64_t iteration,
                              struct execution *execution) {
    (void)implementation;
    (void)iteration;
    struct plan *plan = launch->kept;
    enum status status = STATUS_OK;
    if (plan->workspace_bytes > 0 && !plan->workspace)
        status = workspace_allocate(plan, execution);
    for (int i = 0; i < plan->kernel_count && status == STATUS_OK; i++)
        status = kernel_launch(&plan->kernels[i], plan, execution);
    return status;
}

const struct implementation_methods kernel_row_methods = {.keep = row_keep, .launch = row_launch};
