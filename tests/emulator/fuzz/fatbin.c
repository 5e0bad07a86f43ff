/* Fat binaries. An image comes without its size, as cuModuleLoadData has it: what its header says
 * is trusted, so the target makes that no more than there is. */
#include "emulator/ptx/fatbin.h"
#include "tests/support/fuzzing.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC = (int)0xBA55ED50, HEADER_BYTES = 16 };

/* Writes magic, header and size so that the container ends where the bytes do. */
static void header_mend(uint8_t *image, size_t size) {
    const uint32_t magic = (uint32_t)MAGIC;
    const uint16_t header = HEADER_BYTES;
    const uint64_t rest = size - HEADER_BYTES;
    memcpy(image, &magic, sizeof magic);
    memcpy(image + 6, &header, sizeof header);
    memcpy(image + 8, &rest, sizeof rest);
}

int fuzz_fatbin(const uint8_t *data, size_t size) {
    struct fatbin_ptx ptx = {.text = NULL};
    char message[512];
    uint8_t *image = malloc(size + !size);
    if (image == NULL)
        abort();
    memcpy(image, data, size);
    if (size >= HEADER_BYTES) {
        header_mend(image, size);
        if (!fatbin_is(image))
            abort();
        if (fatbin_find_ptx(image, 90, &ptx, message, sizeof message) == FATBIN_OK &&
            strlen(ptx.text) > ptx.length)
            abort(); /* no NUL behind it */
        free(ptx.text);
    }
    free(image);
    return 0;
}
