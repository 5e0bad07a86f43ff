/* What a launch line may begin with, and how each is read. */
#include "bench/added/line.h"
#include "bench/operations/operations.h"
#include "bench/selection/selection.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static enum status refuse(struct block *block, const char *what) {
    return line_refuse(&block->reader, block->message, "%s", what);
}

static enum status refuse_at(struct block *block, struct line_reader place, const char *what) {
    block->reader = place;
    return refuse(block, what);
}

static struct names names_of(const struct block *block) {
    return (struct names){.operation = block->lines->operation,
                          .constants = block->lines->constants,
                          .constant_count = block->lines->constant_count};
}

/* What is left of the line, without blanks at its ends. */
static enum status rest_copy(struct block *block, char *text, size_t size) {
    (void)line_has_more(&block->reader);
    size_t length = strlen(block->reader.at);
    while (length > 0 && isspace((unsigned char)block->reader.at[length - 1]))
        length--;
    if (length == 0)
        return refuse(block, "something is wanted here, and the line ends");
    if (length >= size)
        return refuse(block, "this is too long");
    snprintf(text, size, "%.*s", (int)length, block->reader.at);
    block->reader.at += strlen(block->reader.at);
    return STATUS_OK;
}

static void comma_pass(struct line_reader *reader) {
    if (line_has_more(reader) && *reader->at == ',')
        reader->at++;
}

static enum status expression_take(struct block *block, struct expression **expression) {
    const struct names names = names_of(block);
    if (*expression)
        return refuse(block, "this was said before");
    const enum status status = expression_parse(&block->reader, &names, expression, block->message);
    if (status == STATUS_OK && expression_reads(*expression, "batch"))
        block->lines->batches = true;
    return status;
}

/* --- what a line begins with ------------------------------------------------------------------ */

static enum status operation_line(struct block *block) {
    char name[64];
    const char *list[] = {name};
    struct message why;
    const struct line_reader before = block->reader;
    if (!line_word(&block->reader, name, sizeof name))
        return refuse(block, "the name of an operation is wanted here");
    block->lines->operation = operation_find(name);
    if (block->lines->operation && block->lines->operation->argument_count > 0)
        return STATUS_OK;
    block->reader = before;
    (void)line_has_more(&block->reader);
    if (operations_check(list, 1, &why) != STATUS_OK)
        return refuse(block, why.text);
    return refuse(block, operation_find(name)->between_ranks
                             ? "this operation between ranks takes no kernels; write one of another"
                             : "this operation is made of other operations' kernels: write one of "
                               "those");
}

/* Words with points, as in relu.forward. */
static bool variant_word(struct block *block, char *word, size_t size) {
    (void)line_has_more(&block->reader);
    const size_t length = strcspn(block->reader.at, " \t,");
    if (length == 0 || length >= size)
        return false;
    snprintf(word, size, "%.*s", (int)length, block->reader.at);
    block->reader.at += length;
    block->reader.at += *block->reader.at == ',';
    return true;
}

static enum status variant_line(struct block *block) {
    const struct operation *operation = block->lines->operation;
    char word[64];
    block->variants = 0;
    while (line_has_more(&block->reader)) {
        const struct line_reader before = block->reader;
        struct message why;
        if (!variant_word(block, word, sizeof word))
            return refuse(block, "the name of a variant is wanted here");
        const int variant = operation_variant_find(operation, word);
        if (variant < 0) {
            (void)variants_check(word, operation, &why);
            return refuse_at(block, before, why.text);
        }
        block->variants |= (variant_set)1 << variant;
    }
    return block->variants ? STATUS_OK : refuse(block, "the name of a variant is wanted here");
}

static enum status dtype_line(struct block *block) {
    char word[16];
    while (line_has_more(&block->reader)) {
        const struct line_reader before = block->reader;
        struct message why;
        if (!line_word(&block->reader, word, sizeof word) || dtypes_check(word, &why) != STATUS_OK)
            return refuse_at(block, before, "a dtype is wanted here: f32, tf32, bf16 or f16");
        for (enum dtype d = DTYPE_F32; d <= DTYPE_F16; d++)
            if (strcmp(dtype_name(d), word) == 0)
                block->lines->dtypes |= DTYPE_BIT(d);
    }
    return STATUS_OK;
}

static enum status values_line(struct block *block) {
    char word[32], known[160] = "";
    while (line_has_more(&block->reader)) {
        const struct line_reader before = block->reader;
        const unsigned others = block->lines->values;
        const bool is_word = line_word(&block->reader, word, sizeof word);
        for (int v = 0; is_word && v < VALUES_COUNT; v++)
            if (strcmp(values_name((enum values)v), word) == 0)
                block->lines->values |= 1U << v;
        comma_pass(&block->reader);
        if (block->lines->values != others)
            continue;
        size_t used = 0;
        for (int v = 0; v < VALUES_COUNT; v++)
            used += (size_t)snprintf(known + used, sizeof known - used, " %s",
                                     values_name((enum values)v));
        block->reader = before;
        return line_refuse(&block->reader, block->message,
                           "a kind of values is wanted here that was not named yet:%s", known);
    }
    return block->lines->values ? STATUS_OK : refuse(block, "the line names no kind of values");
}

static enum status name_line(struct block *block) {
    return rest_copy(block, block->lines->name, sizeof block->lines->name);
}

static enum status summary_line(struct block *block) {
    return rest_copy(block, block->lines->summary, sizeof block->lines->summary);
}

static enum status source_line(struct block *block) {
    return rest_copy(block, block->lines->source, sizeof block->lines->source);
}

static enum status flags_line(struct block *block) {
    return rest_copy(block, block->lines->flags, sizeof block->lines->flags);
}

static enum status capability_line(struct block *block) {
    int major, minor, used = 0;
    if (sscanf(block->reader.at, " %2d.%1d%n", &major, &minor, &used) != 2 || major < 1)
        return refuse(block, "a compute capability is wanted here, as in 8.0");
    block->reader.at += used;
    block->lines->capability = 10 * major + minor;
    return STATUS_OK;
}

/* The one word that a line of two words has. */
static enum status word_take(struct block *block, const char *wanted, bool *said) {
    const struct line_reader before = block->reader;
    char word[32];
    *said = line_word(&block->reader, word, sizeof word) && strcmp(word, wanted) == 0;
    if (*said)
        return STATUS_OK;
    block->reader = before;
    (void)line_has_more(&block->reader);
    return line_refuse(&block->reader, block->message, "what can stand here is `%s`", wanted);
}

static enum status reads_line(struct block *block) {
    return word_take(block, "outputs", &block->lines->reads_outputs);
}

static enum status finite_line(struct block *block) {
    return word_take(block, "inputs", &block->lines->finite_inputs);
}

static enum status const_line(struct block *block) {
    struct lines *lines = block->lines;
    struct named_expression *constant = &lines->constants[lines->constant_count];
    const struct line_reader before = block->reader;
    if (lines->constant_count == LINES_CONSTANTS_MAX)
        return refuse(block, "there are too many constants");
    if (!line_word(&block->reader, constant->name, sizeof constant->name))
        return refuse(block, "a name is wanted here, and behind it its value");
    for (int i = 0; i < lines->constant_count; i++)
        if (strcmp(lines->constants[i].name, constant->name) == 0)
            return refuse_at(block, before, "a constant has this name already");
    for (int i = 0; i < lines->operation->argument_count; i++)
        if (strcasecmp(lines->operation->arguments[i].name, constant->name) == 0)
            return line_refuse(&before, block->message,
                               "'%s' is a member of %s's problem: give the constant another name",
                               constant->name, lines->operation->name);
    enum status status = expression_take(block, &constant->value);
    lines->constant_count += status == STATUS_OK;
    return status;
}

static enum status when_line(struct block *block) {
    struct lines *lines = block->lines;
    struct line_condition *condition = &lines->conditions[lines->condition_count];
    if (lines->condition_count == LINES_CONDITIONS_MAX)
        return refuse(block, "there are too many conditions");
    (void)line_has_more(&block->reader);
    const char *begin = block->reader.at;
    enum status status = expression_take(block, &condition->value);
    if (status != STATUS_OK)
        return status;
    condition->variants = block->variants;
    condition->line = block->reader.line;
    snprintf(condition->text, sizeof condition->text, "%.*s", (int)(block->reader.at - begin),
             begin);
    lines->condition_count++;
    return STATUS_OK;
}

static enum status workspace_line(struct block *block) {
    return expression_take(block, &block->lines->workspace);
}

static enum status kernel_line(struct block *block) {
    struct lines *lines = block->lines;
    struct line_kernel *kernel = &lines->kernels[lines->kernel_count];
    if (lines->kernel_count == LINES_KERNELS_MAX)
        return refuse(block, "there are too many kernels");
    (void)line_has_more(&block->reader);
    kernel->line = block->reader.line;
    kernel->column = (int)(block->reader.at - block->reader.text) + 1;
    kernel->variants = block->variants;
    enum status status = rest_copy(block, kernel->name, sizeof kernel->name);
    lines->kernel_count += status == STATUS_OK;
    return status;
}

static struct line_kernel *kernel_of(struct block *block) {
    return &block->lines->kernels[block->lines->kernel_count - 1];
}

/* Up to three expressions. */
static enum status axes_take(struct block *block, struct expression *axes[3]) {
    enum status status = STATUS_OK;
    int count = 0;
    for (; status == STATUS_OK && line_has_more(&block->reader); count++) {
        if (count == 3)
            return refuse(block, "there are three axes, and this is one more");
        status = expression_take(block, &axes[count]);
        comma_pass(&block->reader);
    }
    return status == STATUS_OK && count == 0 ? refuse(block, "a size is wanted here") : status;
}

static enum status grid_line(struct block *block) {
    return axes_take(block, kernel_of(block)->grid);
}

static enum status block_line(struct block *block) {
    return axes_take(block, kernel_of(block)->block);
}

static enum status shared_line(struct block *block) {
    return expression_take(block, &kernel_of(block)->shared);
}

/* What may follow the word: `+ BYTES`. */
static enum status workspace_take(struct block *block, struct line_argument *argument) {
    if (!line_has_more(&block->reader) || *block->reader.at != '+')
        return STATUS_OK;
    block->reader.at++;
    return expression_take(block, &argument->value);
}

/* `problem` and `workspace` are words of their own; all else is an expression. */
static enum status argument_take(struct block *block, struct line_argument *argument) {
    const struct line_reader before = block->reader;
    char word[32];
    argument->line = before.line;
    argument->column = (int)(before.at - before.text) + 1;
    if (line_word(&block->reader, word, sizeof word)) {
        argument->kind = strcmp(word, "problem") == 0 ? LINE_PROBLEM : LINE_WORKSPACE;
        if (argument->kind == LINE_PROBLEM)
            return STATUS_OK;
        if (strcmp(word, "workspace") == 0)
            return workspace_take(block, argument);
    }
    block->reader = before;
    argument->kind = LINE_VALUE;
    enum status status = expression_take(block, &argument->value);
    if (status != STATUS_OK)
        return status;
    argument->member = expression_argument(argument->value);
    if (argument->member && argument->member->kind == ARGUMENT_POINTER)
        argument->kind = LINE_POINTER;
    return STATUS_OK;
}

static enum status args_line(struct block *block) {
    struct line_kernel *kernel = kernel_of(block);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && line_has_more(&block->reader)) {
        if (kernel->argument_count == LINES_ARGUMENTS_MAX)
            return refuse(block, "there are too many arguments");
        /* Counted before it is read: what a mistake leaves is freed with the rest. */
        status = argument_take(block, &kernel->arguments[kernel->argument_count++]);
        comma_pass(&block->reader);
    }
    return status;
}

static enum status zero_line(struct block *block) {
    struct line_kernel *kernel = kernel_of(block);
    enum status status = STATUS_OK;
    while (status == STATUS_OK && line_has_more(&block->reader)) {
        const struct line_reader before = block->reader;
        if (kernel->zeroed_count == LINES_ZEROED_MAX)
            return refuse(block, "there are too many buffers to set to zero");
        struct line_argument *zeroed = &kernel->zeroed[kernel->zeroed_count++];
        status = argument_take(block, zeroed);
        if (status == STATUS_OK && zeroed->kind != LINE_POINTER &&
            (zeroed->kind != LINE_WORKSPACE || zeroed->value))
            status =
                refuse_at(block, before, "the name of a buffer that is written is wanted here");
        comma_pass(&block->reader);
    }
    return status;
}

/* Whether lines of this kind stand anywhere, anywhere but once, after the operation, or below a
 * kernel.
 */
enum need { NEED_NOTHING, NEED_TO_BE_ONE, NEED_OPERATION, NEED_KERNEL };

static const struct {
    const char *word;
    enum need need;
    enum status (*read)(struct block *block);
} kinds[] = {
    {"operation", NEED_TO_BE_ONE, operation_line},
    {"name", NEED_TO_BE_ONE, name_line},
    {"summary", NEED_TO_BE_ONE, summary_line},
    {"source", NEED_TO_BE_ONE, source_line},
    {"flags", NEED_TO_BE_ONE, flags_line},
    {"dtype", NEED_NOTHING, dtype_line},
    {"capability", NEED_TO_BE_ONE, capability_line},
    {"reads", NEED_TO_BE_ONE, reads_line},
    {"finite", NEED_TO_BE_ONE, finite_line},
    {"values", NEED_NOTHING, values_line},
    {"const", NEED_OPERATION, const_line},
    {"when", NEED_OPERATION, when_line},
    {"workspace", NEED_OPERATION, workspace_line},
    {"variant", NEED_OPERATION, variant_line},
    {"kernel", NEED_OPERATION, kernel_line},
    {"grid", NEED_KERNEL, grid_line},
    {"block", NEED_KERNEL, block_line},
    {"shared", NEED_KERNEL, shared_line},
    {"args", NEED_KERNEL, args_line},
    {"zero", NEED_KERNEL, zero_line},
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static enum status word_unknown(struct block *block) {
    char known[300] = "";
    size_t used = 0;
    for (int i = 0; i < KIND_COUNT; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, " %s", kinds[i].word);
    return line_refuse(&block->reader, block->message,
                       "a launch line does not begin so; it begins with one of:%s", known);
}

enum status launch_line_read(struct block *block) {
    const struct line_reader before = block->reader;
    char word[32];
    int kind = KIND_COUNT;
    if (line_word(&block->reader, word, sizeof word))
        for (kind = 0; kind < KIND_COUNT && strcmp(kinds[kind].word, word) != 0;)
            kind++;
    if (kind == KIND_COUNT) {
        block->reader = before;
        return word_unknown(block);
    }
    if (kinds[kind].need >= NEED_OPERATION && !block->lines->operation)
        return refuse_at(block, before, "an `operation` line has to stand before this one");
    if (kinds[kind].need == NEED_KERNEL && block->lines->kernel_count == 0)
        return refuse_at(block, before, "a `kernel` line has to stand before this one");
    if (kinds[kind].need == NEED_TO_BE_ONE && block->kinds_read & 1U << kind) {
        block->reader = before;
        return line_refuse(&block->reader, block->message, "this block has a `%s` line already",
                           word);
    }
    block->kinds_read |= 1U << kind;
    enum status status = kinds[kind].read(block);
    if (status == STATUS_OK && line_has_more(&block->reader))
        status = refuse(block, "the line should have ended here");
    return status;
}
