/* Whole files: read at once, or replaced in one step. What lockstep reads whole or replaces goes
 * through here. */
#ifndef LOCKSTEP_COMMON_FILES_H
#define LOCKSTEP_COMMON_FILES_H

#include "common/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads all of a regular file of at most `most` bytes. The caller frees *bytes; a NUL follows them
 * that *size does not count.
 *
 * STATUS_INVALID: it is a device, a FIFO, a socket or a folder, or it is larger.
 * STATUS_IO: it cannot be opened or read. *bytes is NULL wherever the status is not STATUS_OK. */
enum status file_read(const char *path, size_t most, char **bytes, size_t *size,
                      struct message *message);

/* For a file that a library opens: STATUS_INVALID where something else than a regular file is
 * there. */
enum status file_check_regular(const char *path, struct message *message);

/* As file_read, of a file that the user named: that it cannot be read is a mistake of the call.
 * STATUS_INVALID stands for STATUS_IO. */
enum status file_read_named(const char *path, size_t most, char **bytes, size_t *size,
                            struct message *message);

/* Replaces what the file holds by `size` bytes, or makes the file.
 *
 * - The bytes are written beside the file, flushed to the disk and renamed; then the folder is
 *   flushed. Whatever goes wrong, there is the old file or the new one, never half of one.
 * - A symbolic link is followed, also one to a file that is not there yet.
 * - A device or a FIFO is written through, and a socket is an error. None of them is ever replaced.
 * - A file that is there keeps its mode and its owner. A new one gets what umask leaves of 0666.
 * - What a killed process left of its own beside the file is removed.
 * - Processes that replace one file at the same time wait for each other.
 *
 * STATUS_IO: it cannot be written; STATUS_OK else. */
enum status file_replace(const char *path, const void *bytes, size_t size, struct message *message);

/* Whether file_replace could do so, tried without a change: a wrong path is better known before an
 * hour's work than after it. STATUS_INVALID: it could not. */
enum status file_check_replaceable(const char *path, struct message *message);

/* Waits until what was written is on the disk; false with errno where it cannot get there. What
 * cannot be flushed (a pipe, a terminal, a file system without it) has no such step. */
bool file_flush(int descriptor);

/* Whether a file of that name is what a killed process left of one that it was replacing. */
bool file_is_leftover(const char *name);

#endif
