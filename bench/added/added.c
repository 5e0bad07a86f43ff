/* Which way each text of --add comes in, and the operations' longer tables. */
#include "bench/added/added.h"
#include "bench/added/kernel_file.h"
#include "bench/added/library.h"
#include "bench/added/peers.h"
#include "bench/devices/gpu.h"
#include "bench/operations/operations.h"
#include "bench/selection/selection.h"
#include "common/files.h"
#include "common/hash.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const struct added_way *const ways[] = {&added_way_kernels, &added_way_library,
                                               &added_way_peer};
enum { FILE_BYTES_MAX = 1 << 30 };

/* What one --add brought in. */
struct item {
    const struct added_way *way; /* NULL: it was not opened */
    void *state;
    const char *what; /* the text without its NAME= */
    uint64_t hash;    /* of the file */
};

struct added {
    struct item items[ADDED_MAX];
    int item_count;
    struct added_rows rows;
    char *names;
    /* A copy of each built-in operation, with a longer table where it has rows. */
    struct operation *operations;
    struct implementation **tables;
    const struct operation **list;
    struct operation_table table;
};

/* --- files ------------------------------------------------------------------------------------ */

static enum status file_hash(const char *path, uint64_t *hash, struct message *message) {
    char *bytes = NULL;
    size_t size = 0;
    enum status status = file_read_named(path, FILE_BYTES_MAX, &bytes, &size, message);
    if (status == STATUS_OK)
        *hash = hash_bytes(hash_start, bytes, size);
    free(bytes);
    return status;
}

/* A command, and what is in the files that it names: a script is another one once it is edited. */
static uint64_t command_hash(const char *command) {
    enum { SCRIPT_BYTES_MAX = 1 << 20 };
    uint64_t hash = hash_text(hash_start, command);
    char word[PATH_MAX];
    for (const char *c = command; *c;) {
        const size_t length = strcspn(c, " \t");
        char *bytes = NULL;
        size_t size = 0;
        struct message ignored; /* most words name no file */
        snprintf(word, sizeof word, "%.*s", (int)length, c);
        if (file_read(word, SCRIPT_BYTES_MAX, &bytes, &size, &ignored) == STATUS_OK)
            hash = hash_bytes(hash, bytes, size);
        free(bytes);
        c += length + strspn(c + length, " \t");
    }
    return hash;
}

enum status added_check_unchanged(const struct added *added, struct message *message) {
    for (int i = 0; added && i < added->item_count; i++) {
        const struct item *item = &added->items[i];
        uint64_t hash = 0;
        struct message ignored;
        if (!item->way->is_file)
            continue;
        if (file_hash(item->what, &hash, &ignored) != STATUS_OK || hash != item->hash)
            return message_set(message, STATUS_FAILED,
                               "%.300s changed while it was in use: its rows are of no version of "
                               "it; run again",
                               item->what);
    }
    return STATUS_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Cuts NAME= off the text: the name, or NULL where it has none. */
static const char *name_cut(const char *text, char name[ADDED_NAME_BYTES], const char **what) {
    const char *equals = strchr(text, '=');
    *what = text;
    if (!equals || equals == text || equals - text >= ADDED_NAME_BYTES ||
        strcspn(text, "/ \t") < (size_t)(equals - text))
        return NULL;
    snprintf(name, ADDED_NAME_BYTES, "%.*s", (int)(equals - text), text);
    *what = equals + 1;
    return name;
}

static const struct added_way *way_find(const char *what) {
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (ways[i]->takes(what))
            return ways[i];
    return NULL;
}

bool added_is_file(const char *text) {
    const struct added_way *way = way_find(text);
    return way && way->is_file;
}

static enum status item_open(struct added *added, const char *text, struct message *message) {
    struct item *item = &added->items[added->item_count];
    char own[ADDED_NAME_BYTES];
    const char *name = name_cut(text, own, &item->what);
    const struct added_way *way = way_find(item->what);
    if (!way)
        return message_set(message, STATUS_INVALID,
                           "cannot add '%.300s': it is no file of kernels (.cu, .ptx, .fatbin, "
                           ".cubin, .launch), no shared library (.so) and no command",
                           text);
    enum status status = STATUS_OK;
    if (way->is_file)
        status = file_hash(item->what, &item->hash, message);
    else
        item->hash = command_hash(item->what);
    if (status != STATUS_OK)
        return status;
    item->way = way;
    added->item_count++;
    return way->open(item->what, name, &added->rows, &item->state, message);
}

/* --- the operations' tables ------------------------------------------------------------------- */

/* The operation's rows and the added ones behind them; NULL: no memory. */
static struct implementation *table_extend(const struct added_rows *rows,
                                           struct operation *operation,
                                           const struct operation *built_in) {
    int count = built_in->implementation_count;
    struct implementation *table = malloc(((size_t)count + (size_t)rows->count) * sizeof *table);
    if (!table)
        return NULL;
    memcpy(table, built_in->implementations, (size_t)count * sizeof *table);
    for (int i = 0; i < rows->count; i++)
        if (rows->list[i]->operation == built_in)
            table[count++] = rows->list[i]->implementation;
    *operation = *built_in;
    operation->implementations = table;
    operation->implementation_count = count;
    return table;
}

static enum status tables_make(struct added *added, struct message *message) {
    const size_t count = (size_t)operations_built_in.count;
    added->operations = calloc(count, sizeof *added->operations);
    added->tables = calloc(count, sizeof(void *));
    added->list = calloc(count, sizeof(void *));
    bool made = added->operations && added->tables && added->list;
    for (size_t i = 0; i < count && made; i++) {
        added->tables[i] =
            table_extend(&added->rows, &added->operations[i], operations_built_in.list[i]);
        added->list[i] = &added->operations[i];
        made = added->tables[i] != NULL;
    }
    added->table = (struct operation_table){added->list, (int)count};
    return made ? STATUS_OK
                : message_set(message, STATUS_NO_MEMORY, "no memory for the operations' tables");
}

static enum status names_join(struct added *added, struct message *message) {
    size_t size = 1;
    for (int i = 0; i < added->rows.count; i++)
        size += ADDED_NAME_BYTES;
    added->names = calloc(size, 1);
    if (!added->names)
        return message_set(message, STATUS_NO_MEMORY, "no memory for the names of rows");
    for (int i = 0; i < added->rows.count; i++) {
        const char *name = added->rows.list[i]->name;
        if (*added->names && list_contains(added->names, name))
            continue;
        size_t used = strlen(added->names);
        snprintf(added->names + used, size - used, "%s%s", used ? "," : "", name);
    }
    return STATUS_OK;
}

enum status added_open(const struct added_list *list, struct added **added,
                       struct message *message) {
    *added = NULL;
    struct added *opened = calloc(1, sizeof *opened);
    if (!opened)
        return message_set(message, STATUS_NO_MEMORY, "no memory for what is added");
    enum status status = STATUS_OK;
    for (int i = 0; i < list->count && status == STATUS_OK; i++)
        status = item_open(opened, list->texts[i], message);
    if (status == STATUS_OK)
        status = tables_make(opened, message);
    if (status == STATUS_OK)
        status = names_join(opened, message);
    if (status == STATUS_OK)
        *added = opened;
    else
        added_close(opened);
    return status;
}

void added_close(struct added *added) {
    if (!added)
        return;
    for (int i = 0; i < added->item_count; i++)
        if (added->items[i].way->close)
            added->items[i].way->close(added->items[i].state);
    for (int i = 0; added->tables && i < operations_built_in.count; i++)
        free(added->tables[i]);
    free(added->tables);
    free(added->operations);
    free(added->list);
    free(added->names);
    added_rows_close(&added->rows);
    free(added);
}

/* --- what there is ---------------------------------------------------------------------------- */

const struct operation_table *added_table(const struct added *added) {
    return added ? &added->table : &operations_built_in;
}

int added_count(const struct added *added) {
    return added ? added->rows.count : 0;
}

const struct implementation *added_row(const struct added *added, int index,
                                       const struct operation **operation) {
    *operation = added->rows.list[index]->operation;
    return &added->rows.list[index]->implementation;
}

const char *added_names(const struct added *added) {
    return added ? added->names : "";
}

static bool has_rows_of(const struct added *added, const char *operation) {
    for (int i = 0; i < added->rows.count; i++)
        if (strcmp(added->rows.list[i]->operation->name, operation) == 0)
            return true;
    return false;
}

/* As far as there is room. */
static void name_join(char *text, size_t size, const char *name) {
    const size_t used = strlen(text);
    if (used + strlen(name) + 3 < size)
        snprintf(text + used, size - used, "%s%s", used ? ", " : "", name);
}

enum status added_check_asked(const struct added *added, const char *const *names, size_t count,
                              struct message *message) {
    char own[256] = "", asked[256] = "";
    if (added_count(added) == 0 || count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < count; i++) {
        if (has_rows_of(added, names[i]))
            return STATUS_OK;
        name_join(asked, sizeof asked, names[i]);
    }
    for (int i = 0; i < operations_built_in.count; i++)
        if (has_rows_of(added, operations_built_in.list[i]->name))
            name_join(own, sizeof own, operations_built_in.list[i]->name);
    return message_set(message, STATUS_INVALID, "%.300s has rows of %s only, and %s was asked for",
                       added->item_count == 1 ? added->items[0].what : "--add", own, asked);
}

/* Of two equal keys the later one counts, so what the environment says goes behind. */
static void emulator_default(const char *settings) {
    static const char name[] = "LOCKSTEP_EMULATOR";
    const char *said = getenv(name);
    char *both = NULL;
    if (asprintf(&both, "%s;%s", settings, said ? said : "") < 0)
        both = NULL; /* without memory the checks are made still */
    (void)setenv(name, both ? both : settings, 1);
    free(both);
}

const char *added_gpu(const struct added *added, const char *gpu, bool small) {
    struct device device;
    struct message ignored;
    bool wanted = false;
    for (int i = 0; i < added_count(added); i++)
        wanted |= added->rows.list[i]->implementation.device == DEVICE_GPU;
    if (wanted && strcmp(gpu, "auto") == 0) {
        if (device_gpu_open(gpu, &device, &ignored) == STATUS_OK)
            (void)device.close(&device, &ignored); /* opened again for the work, which tells */
        else
            gpu = "emulated";
    }
    if (wanted && strcmp(gpu, "emulated") == 0)
        emulator_default(small ? "check=all,race=global;budget=200M"
                               : "check=all,race=global;budget=2G");
    return gpu;
}

enum status added_load(struct added *added, struct devices *devices, struct message *message) {
    struct device *gpu = devices_gpu(devices);
    enum status status = STATUS_OK;
    for (int i = 0; gpu && added && i < added->item_count && status == STATUS_OK; i++)
        if (added->items[i].way->load)
            status = added->items[i].way->load(added->items[i].state, gpu, message);
    return status == STATUS_OK ? added_check_unchanged(added, message) : status;
}

/* --- what is recorded ------------------------------------------------------------------------- */

/* The item whose text is a row's file; a row that says more of itself has none. */
static uint64_t row_hash(const struct added *added, const struct added_row *row) {
    for (int i = 0; i < added->item_count; i++)
        if (added->items[i].what == row->implementation.file)
            return added->items[i].hash;
    return 0;
}

void added_settings_write(const struct added *added, FILE *file) {
    for (int i = 0; i < added_count(added); i++) {
        const struct added_row *row = added->rows.list[i];
        fprintf(file, " add=%s/%s:%016" PRIx64, row->operation->name, row->name,
                row_hash(added, row));
    }
}

cJSON *added_to_json(const struct added *added) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < added_count(added); i++) {
        const struct added_row *row = added->rows.list[i];
        cJSON *object = cJSON_CreateObject();
        char hash[24];
        snprintf(hash, sizeof hash, "%016" PRIx64, row_hash(added, row));
        cJSON_AddStringToObject(object, "operation", row->operation->name);
        cJSON_AddStringToObject(object, "implementation", row->name);
        cJSON_AddStringToObject(object, "file", row->implementation.file);
        cJSON_AddStringToObject(object, "hash", hash);
        cJSON_AddItemToArray(list, object);
    }
    return list;
}
