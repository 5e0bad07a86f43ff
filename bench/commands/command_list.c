/* `lockstep list` */
#include "bench/commands/command.h"
#include "bench/commands/options.h"
#include "bench/selection/presets.h"
#include "bench/selection/selection.h"

#include <stdio.h>
#include <string.h>

static const char doc[] = "Lists what there is: operations with their variants, implementations, "
                          "the cases of a preset, or "
                          "presets. Without an argument all but the cases.\v"
                          "Example:\n  lockstep list cases --preset quick";

struct parsed {
    const char *what, *preset;
    struct added_list add;
    struct added *added;
};

static const struct command_option options[] = {
    OPTION_TEXT("preset", "NAME", struct parsed, preset, "Whose cases (default: default)"),
    OPTION_ADD(struct parsed, add),
    OPTIONS_END,
};

static void list_operations(const struct operation_table *table) {
    for (int i = 0; i < table->count; i++) {
        const struct operation *operation = table->list[i];
        printf("%-14s %s\n", operation->name, operation->summary);
        printf("%-14s shape %s%s%s; variants", "", operation->shape_form,
               operation->batches ? " or Bx" : "", operation->batches ? operation->shape_form : "");
        for (int v = 0; v < operation->variant_count; v++)
            printf(" %s", operation->variants[v]);
        putchar('\n');
    }
}

static void implementation_print(const struct operation *operation,
                                 const struct implementation *implementation) {
    char dtypes[40];
    implementation_dtypes(implementation, dtypes, sizeof dtypes);
    bool f32 = strcmp(dtypes, dtype_name(DTYPE_F32)) == 0;
    printf("%-14s %-16s %-4s %s%s%s%s%s%s\n", operation->name, implementation->name,
           implementation->device == DEVICE_GPU ? "gpu" : "cpu", implementation->summary,
           f32 ? "" : " (", f32 ? "" : dtypes, f32 ? "" : ")",
           implementation->kind == KIND_YARDSTICK ? " (yardstick)" : "",
           implementation_is_built(implementation) ? "" : " (not in this build)");
    printf("%-14s %-16s %-4s %s %s\n", "", "", "", implementation->added ? "added from" : "in",
           implementation->file);
    if (implementation->adds)
        printf("%-14s %-16s %-4s adds %s\n", "", "", "", implementation->adds);
}

static void list_implementations(const struct operation_table *table) {
    for (int o = 0; o < table->count; o++)
        for (int i = 0; i < table->list[o]->implementation_count; i++)
            implementation_print(table->list[o], &table->list[o]->implementations[i]);
}

static void list_presets(const struct operation_table *table) {
    (void)table;
    for (int i = 0; i < preset_count; i++)
        printf("%-14s %s\n", presets[i].name, presets[i].summary);
}

static enum status list_cases(const char *preset, struct message *message) {
    const struct selection_options wanted = {.preset = preset, .seed = 1};
    struct selection selection;
    enum status status = selection_open(&wanted, &selection, message);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < selection.count; i++) {
        char name[256];
        case_name(&selection.cases[i], name, sizeof name);
        puts(name);
    }
    selection_close(&selection);
    return STATUS_OK;
}

static enum status list_print(const struct parsed *parsed, struct message *message) {
    if (parsed->what && strcmp(parsed->what, "cases") == 0)
        return list_cases(parsed->preset, message);
    static const struct {
        const char *name;
        void (*print)(const struct operation_table *table);
    } lists[] = {{"operations", list_operations},
                 {"implementations", list_implementations},
                 {"presets", list_presets}};
    bool found = false;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (!parsed->what || strcmp(parsed->what, lists[i].name) == 0) {
            printf("%s%s%s", found ? "\n" : "", parsed->what ? "" : lists[i].name,
                   parsed->what ? "" : "\n");
            lists[i].print(added_table(parsed->added));
            found = true;
        }
    return found ? STATUS_OK
                 : message_set(message, STATUS_INVALID,
                               "cannot list '%s'; the known ones are: operations implementations "
                               "cases presets",
                               parsed->what);
}

static int argument_read(struct option_parse *parse, char *text) {
    struct parsed *parsed = parse->parsed;
    if (parsed->what)
        return option_refuse(parse, "list takes one of operations, implementations, cases and "
                                    "presets at a time");
    parsed->what = text;
    return 0;
}

enum status command_list(int argc, char **argv, const struct command_context *context,
                         struct message *message) {
    (void)context;
    static const struct command_option *const tables[] = {options, NULL};
    struct parsed parsed = {.preset = "default"};
    struct option_parse parse = {.name = "list",
                                 .arguments = "[operations|implementations|cases|presets]",
                                 .doc = doc,
                                 .tables = tables,
                                 .parsed = &parsed,
                                 .argument = argument_read,
                                 .message = message};
    enum status status = options_parse(&parse, argc, argv);
    if (status != STATUS_OK || parse.helped)
        return status;
    status = added_open(&parsed.add, &parsed.added, message);
    if (status != STATUS_OK)
        return status;
    status = list_print(&parsed, message);
    added_close(parsed.added);
    return status;
}
