/* Valid kernels with a few edits, launched on buffers with all checks: most still load, which bytes
 * made up from nothing hardly ever do.
 *
 * The first byte of an input is which kernel of tests/data/corpus/ptx is edited, in the order of
 * their names. The second is the launch: threads and blocks. Each four bytes behind them are an
 * edit: what is done, two lines, and which word of a line. */
#include "tests/emulator/fuzz/machine.h"
#include "tests/support/fuzzing.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 512, LINE_BYTES = 256, TEXT_BYTES = 1 << 16, EDITS_MAX = 16, BUDGET = 20000 };
enum { BUFFER_BYTES = 16384, PARAMETER_BYTES = 512 };
#define KERNELS "tests/data/corpus/ptx"

/* A kernel by lines. */
struct source {
    char lines[LINES_MAX][LINE_BYTES];
    int count;
};

/* --- the kernel ------------------------------------------------------------------------------- */

static int is_ptx(const struct dirent *entry) {
    return strstr(entry->d_name, ".ptx") != NULL;
}

static void source_read(int which, struct source *source) {
    struct dirent **entries;
    char path[512];
    const int count = scandir(KERNELS, &entries, is_ptx, alphasort);
    if (count <= 0) {
        perror(KERNELS);
        abort();
    }
    snprintf(path, sizeof path, "%s/%s", KERNELS, entries[which % count]->d_name);
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        abort();
    source->count = 0;
    while (source->count < LINES_MAX && fgets(source->lines[source->count], LINE_BYTES, file))
        source->count++;
    fclose(file);
}

/* --- edits ------------------------------------------------------------------------------------ */

static int is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '%' || c == '$' || c == '.';
}

/* The first word from there on; NULL: there is none. */
static const char *word_next(const char *at, size_t *length) {
    while (*at && !is_word(*at))
        at++;
    *length = 0;
    while (at[*length] && is_word(at[*length]))
        ++*length;
    return *length > 0 ? at : NULL;
}

/* The word of that number in the line, counted round; NULL where it has none. */
static const char *word_find(const char *line, int number, size_t *length) {
    int count = 0;
    for (const char *word = line; (word = word_next(word, length)) != NULL; word += *length)
        count++;
    if (count == 0)
        return NULL;
    const char *word = word_next(line, length);
    for (int i = 0; i < number % count; i++)
        word = word_next(word + *length, length);
    return word;
}

/* Puts a word of the line `from` where a word of the line `to` stands. */
static void word_copy(char *to, const char *from, int number) {
    size_t target_length, origin_length;
    char edited[2 * LINE_BYTES];
    const char *target = word_find(to, number, &target_length);
    const char *origin = word_find(from, number, &origin_length);
    if (target == NULL || origin == NULL)
        return;
    snprintf(edited, sizeof edited, "%.*s%.*s%s", (int)(target - to), to, (int)origin_length,
             origin, target + target_length);
    if (strlen(edited) < LINE_BYTES)
        memcpy(to, edited, strlen(edited) + 1);
}

static void source_edit(struct source *source, const uint8_t edit[4]) {
    char *to = source->lines[edit[1] % source->count], kept[LINE_BYTES];
    char *from = source->lines[edit[2] % source->count];
    switch (edit[0] % 4) {
    case 0: /* a word of another line, often of another instruction with the same operands */
        word_copy(to, from, edit[3]);
        break;
    case 1:
        memcpy(kept, to, sizeof kept);
        memcpy(to, from, LINE_BYTES);
        memcpy(from, kept, sizeof kept);
        break;
    case 2:
        memmove(to, from, LINE_BYTES);
        break;
    default:
        memcpy(to, "\n", 2);
        break;
    }
}

/* --- the launch ------------------------------------------------------------------------------- */

/* Pointers to the buffers, sizes that fit them. */
static void parameters_fill(const struct machine_function_info *info, const uint64_t buffers[2],
                            unsigned char *parameters) {
    const uint32_t number = 16;
    for (size_t i = 0; i < info->parameter_count; i++) {
        const struct machine_parameter *parameter = &info->parameters[i];
        if (parameter->offset + parameter->size > PARAMETER_BYTES)
            return;
        if (parameter->size == sizeof buffers[0])
            memcpy(parameters + parameter->offset, &buffers[i % 2], sizeof buffers[0]);
        else if (parameter->size >= sizeof number)
            memcpy(parameters + parameter->offset, &number, sizeof number);
    }
}

static void functions_launch(struct machine *machine, struct machine_module *module,
                             unsigned size) {
    uint64_t buffers[2] = {0};
    if (machine_allocate(machine, BUFFER_BYTES, &buffers[0]) != MACHINE_OK ||
        machine_allocate(machine, BUFFER_BYTES, &buffers[1]) != MACHINE_OK)
        return;
    for (size_t k = 0; k < machine_function_count(module) && k < 2; k++) {
        struct machine_function *function = machine_function_at(module, k);
        const struct machine_function_info *info = machine_function_info(function);
        unsigned char parameters[PARAMETER_BYTES] = {0};
        parameters_fill(info, buffers, parameters);
        const struct machine_launch one = {.function = function,
                                           .grid = {1 + size % 3, 1 + size % 2, 1},
                                           .block = {1 + size / 2 % 80, 1, 1},
                                           .dynamic_shared = 1024,
                                           .parameters = parameters,
                                           .parameter_bytes = sizeof parameters};
        if (info->parameter_bytes <= sizeof parameters && info->local_bytes < 65536)
            (void)machine_launch(machine, &one, NULL, NULL);
    }
}

static void source_run(const struct source *source, unsigned size) {
    struct machine_module *module;
    char *text = malloc(TEXT_BYTES);
    struct machine *machine = fuzz_machine(BUDGET, true);
    if (text == NULL || machine == NULL)
        abort();
    size_t used = 0;
    for (int i = 0; i < source->count && used + LINE_BYTES < TEXT_BYTES; i++)
        used += (size_t)snprintf(text + used, TEXT_BYTES - used, "%s", source->lines[i]);
    if (machine_load(machine, "fuzz", text, used, &module, NULL) == MACHINE_OK)
        functions_launch(machine, module, size);
    machine_destroy(machine);
    free(text);
}

int fuzz_execution(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    struct source *source = malloc(sizeof *source);
    if (source == NULL)
        abort();
    source_read(data[0], source);
    const size_t edits = (size - 2) / 4;
    for (size_t i = 0; i < edits && i < EDITS_MAX; i++)
        source_edit(source, data + 2 + 4 * i);
    source_run(source, data[1]);
    free(source);
    return 0;
}
