/* Images that were compiled before, in $XDG_CACHE_HOME/lockstep or ~/.cache/lockstep.
 *
 * An entry is three files: `KEY.image`, what was compiled; `KEY.made_of`, the hash of the image and
 * of every file that it was made of; `KEY.log`, what the compiler said. Each is replaced in one
 * step, and an entry counts only when all hashes are right: what a crash left is compiled again.
 */
#ifndef LOCKSTEP_BENCH_ADDED_COMPILE_CACHE_H
#define LOCKSTEP_BENCH_ADDED_COMPILE_CACHE_H

#include "common/status.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache_entry {
    char image[PATH_MAX], made_of[PATH_MAX], log[PATH_MAX];
    char source[PATH_MAX];               /* for what is to be compiled instead of the file itself */
    char made[PATH_MAX], read[PATH_MAX]; /* where the compiler writes; of this process alone */
};

/* Fills the paths of the entry, and makes the folder. STATUS_IO: that cannot be done. */
enum status cache_entry_name(uint64_t key, struct cache_entry *entry, struct message *message);

/* Whether the entry is there and all is as it was; then the image, ended by a NUL, to be freed. */
bool cache_read(const struct cache_entry *entry, char **bytes, size_t *size);

/* Keeps what the compiler made in entry->made of what entry->read lists, and gives it. */
enum status cache_write(const struct cache_entry *entry, char **bytes, size_t *size,
                        struct message *message);

/* Removes what the compiler may have left. */
void cache_entry_clean(const struct cache_entry *entry);

#endif
