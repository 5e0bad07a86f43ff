/* What of a run's environment makes the machine that it is kept under. */
#include "bench/regression/history_store.h"
#include "common/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void item_append(const cJSON *item, const char *name, char *text, size_t size) {
    char *printed = item ? cJSON_PrintUnformatted(item) : NULL;
    size_t used = strlen(text);
    if (printed)
        snprintf(text + used, size - used, "%s%s %s", used ? "; " : "", name, printed);
    cJSON_free(printed);
}

/* What of environment.json makes a machine; memory in GiB, for kernels differ in what they keep.
 * Machines alike are told apart by their ids, unless a name says that they are not to be. */
void history_machine_describe(const cJSON *environment, const char *name,
                              struct history_machine *machine) {
    char *const text = machine->description;
    const size_t size = sizeof machine->description;
    static const char *const cpu[] = {"model",     "processors", "threads_per_core",
                                      "l1d_bytes", "l2_bytes",   "l3_bytes"};
    static const char *const gpu[] = {"name", "multiprocessors", "memory_bytes"};
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(environment, "cpu");
    const cJSON *memory = cJSON_GetObjectItemCaseSensitive(environment, "memory_bytes");
    text[0] = '\0';
    for (size_t i = 0; i < sizeof cpu / sizeof cpu[0]; i++)
        item_append(cJSON_GetObjectItemCaseSensitive(object, cpu[i]), cpu[i], text, size);
    object = cJSON_GetObjectItemCaseSensitive(environment, "gpu");
    for (size_t i = 0; i < sizeof gpu / sizeof gpu[0]; i++)
        item_append(cJSON_GetObjectItemCaseSensitive(object, gpu[i]), gpu[i], text, size);
    size_t used = strlen(text);
    if (cJSON_IsNumber(memory))
        snprintf(text + used, size - used, "; memory %.0f GiB", memory->valuedouble / 0x1p30);
    const char *id =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(environment, "machine_id"));
    used = strlen(text);
    if (name)
        snprintf(text + used, size - used, HISTORY_NAMED "%s", name);
    else if (id)
        snprintf(text + used, size - used, "; id %.16s", id);
    snprintf(machine->fingerprint, sizeof machine->fingerprint, "%016" PRIx64,
             hash_text(hash_start, text));
}
