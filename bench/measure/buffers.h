/* The buffers of a case: filled once on the host, kept there as they were, and copied to each
 * device that runs the case, between guard zones.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_BUFFERS_H
#define LOCKSTEP_BENCH_MEASURE_BUFFERS_H

#include "bench/devices/device.h"
#include "bench/operations/operation.h"

enum { GUARD_BYTES = 4096 };

/* The inputs in host memory, never written by an implementation. */
struct inputs {
    struct buffer_spec specs[BUFFERS_MAX];
    void *data[BUFFERS_MAX]; /* NULL where the case has no such buffer */
};

/* Allocates and fills the inputs of a case: pattern, special values, then the operation's
 * `prepare`. */
enum status inputs_open(const struct bench_case *bench_case, struct inputs *inputs,
                        struct message *message);
void inputs_close(struct inputs *inputs);

/* One set of device buffers, each with GUARD_BYTES on both sides; the upper guard starts right
 * behind the last element. A kernel on the emulated GPU that uses what it read there is at fault
 * where check=init looks for that. */
struct buffer_set {
    struct device *device;
    const struct inputs *inputs;
    void *blocks[BUFFERS_MAX];
    void *data[BUFFERS_MAX]; /* what implementations get */
};

/* Allocates a set and uploads all inputs. On failure nothing stays allocated. */
enum status buffer_set_open(struct buffer_set *set, struct device *device,
                            const struct inputs *inputs, struct message *message);
void buffer_set_close(struct buffer_set *set);

/* Bytes of one set that an implementation may touch; and all that it takes, with guard zones. */
size_t buffer_set_data_bytes(const struct inputs *inputs);
size_t buffer_set_bytes(const struct inputs *inputs);

/* What one iteration takes and gives when nothing stays on the device; the number of transfers. */
int buffer_set_transfers(const struct buffer_set *set,
                         struct device_transfer transfers[BUFFERS_MAX]);

/* Uploads inputs and in-out buffers again and fills outputs and guard zones with poison: NaN, or
 * with `finite_poison` a number that no result has, for inputs whose results may be NaN. */
enum status buffer_set_poison(struct buffer_set *set, bool finite_poison, struct message *message);
/* Uploads the in-out buffers again. */
enum status buffer_set_restore(struct buffer_set *set, struct message *message);

/* Host copies of a set's buffers after a launch, with their guard zones. */
struct observed {
    void *blocks[BUFFERS_MAX]; /* owned; NULL on the CPU, where nothing is copied */
    void *data[BUFFERS_MAX];
};
enum status observed_open(struct observed *observed, const struct buffer_set *set,
                          struct message *message);
void observed_close(struct observed *observed);

/* STATUS_WRONG when a guard zone, an input or the space between rows was written: names the buffer
 * and the place. */
enum status observed_check_untouched(const struct observed *observed, const struct buffer_set *set,
                                     struct message *message);

#endif
