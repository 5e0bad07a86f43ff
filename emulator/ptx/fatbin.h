/*
 * Fat binaries: the container into which nvcc puts one kernel's images for several architectures.
 *
 * Layout (little endian), as nvcc 13 writes it. A header, then entries, each with its data behind:
 *   header   u32   magic 0xBA55ED50
 *            u16   version
 *            u16   size of the header
 *            u64   size of what follows
 *   entry    u16   kind: 1 PTX, 2 machine code
 *            u16   version
 *            u32   size of the entry without its data
 *            u64   size of the data
 *            u32   size of the compressed data
 *            u32   options
 *            u16   minor and u16 major number of the PTX version
 *            u32   architecture: 80 for sm_80
 *            u32   offset and u32 length of the name
 *            u64   flags: 0x100000 for sm_90a, 0x200000 for sm_100f
 *            u64   reserved
 *            u64   size of the data when decompressed
 * Objects and `__cudaRegisterFatBinary` hold a wrapper:
 *   wrapper  u32   magic 0x466243B1
 *            u32   version
 *            two pointers, the first to the container; of version 2 the other to a list of
 *            containers that ends with NULL, one a unit of translation with relocatable code
 */
#ifndef LOCKSTEP_EMULATOR_PTX_FATBIN_H
#define LOCKSTEP_EMULATOR_PTX_FATBIN_H

#include <stdbool.h>
#include <stddef.h>

enum fatbin_status {
    FATBIN_OK,
    FATBIN_BROKEN,  /* sizes that do not fit, a compression that does not decode */
    FATBIN_NO_PTX,  /* no PTX at all, or none for this architecture or an older one */
    FATBIN_NO_ZSTD, /* compressed with Zstandard and libzstd.so.1 cannot be loaded */
    FATBIN_OUT_OF_MEMORY,
};

struct fatbin_ptx {
    char *text; /* with a NUL behind it; the caller frees it */
    size_t length;
    unsigned architecture;
    char features; /* 'a' of sm_90a, 'f' of sm_100f, NUL for neither */
};

/* Whether a container or a wrapper begins at `image`. */
bool fatbin_is(const void *image);
/*
 * Finds the PTX of the highest architecture that a device of `architecture` takes. `message`
 * receives one line on what is in the container when nothing fits or something is broken. When
 * nothing fits, `ptx` has no text, and says for what the first PTX there is; 0: there is none.
 */
enum fatbin_status fatbin_find_ptx(const void *image, unsigned architecture, struct fatbin_ptx *ptx,
                                   char *message, size_t message_size);

#endif
