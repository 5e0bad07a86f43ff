/* A case with its inputs, expectation and buffers, on which implementations are verified as a
 * contest verifies them, and the ways to break one on purpose. Everything that fails here ends
 * the cmocka test. */
#ifndef LOCKSTEP_TESTS_SUPPORT_BOUT_H
#define LOCKSTEP_TESTS_SUPPORT_BOUT_H

#include "bench/devices/device.h"
#include "bench/measure/verify.h"

struct bout {
    struct bench_case c;
    struct device device;
    struct inputs inputs;
    struct expectation *expectation;
    struct buffer_set set;
};

static const struct settings bout_plain = {.alpha = 1.0F, .seed = 1};

/* `c` with the sizes of `shape`, on the CPU or on the emulated GPU. `oracle_flops` 0: the usual. */
struct bout *bout_open_on(enum device_kind kind, const struct bench_case *c, const char *shape,
                          double oracle_flops);
struct bout *bout_open(const struct operation *operation, int variant, const char *shape,
                       const struct settings *settings, double oracle_flops);
void bout_close(struct bout *bout);

/* Whether an implementation that is no yardstick can do the case, on the CPU or on a device of
 * that kind. */
bool bout_takes(const struct bench_case *c, const struct implementation *implementation);
bool bout_takes_on(enum device_kind kind, const struct bench_case *c,
                   const struct implementation *implementation);

enum status bout_verify(struct bout *bout, const struct implementation *implementation,
                        struct message *message);
void bout_pass(struct bout *bout, const struct implementation *implementation);
/* STATUS_WRONG, with a message that holds `words`. */
void bout_catch(struct bout *bout, const struct implementation *broken, const char *what,
                const char *words);

/* What a broken implementation does after the original has run; one at a time. */
extern struct breakage {
    const struct implementation *original;
    void (*damage)(void *argument);
    void *argument;
} breakage;

/* The original, which has to live as long, and the damage after each launch. What the operation
 * keeps between launches, such as a graph, it does without. */
struct implementation breakage_of(const struct operation *operation,
                                  const struct implementation *original);

/* One element, or a stretch of elements, of one buffer: the argument of a damage. */
struct place {
    struct bout *bout;
    int buffer;
    int64_t first, count;
    float value;
};

/* Moves `count` floats of the place between its device and `host`. */
void place_move(const struct place *place, float *host, int64_t count, bool up);

/* 1% and a hundredth away: far more than any tolerance, far less than a wild number. */
void damage_wrong(void *place);
/* The place's value. */
void damage_write(void *place);
/* As if the stretch had never been written. */
void damage_unwritten(void *place);
/* The lowest bit of one element. */
void damage_byte(void *place);

void bout_catch_damage(struct bout *bout, const struct implementation *broken,
                       void (*damage)(void *), struct place *place, const char *what,
                       const char *words);

#endif
