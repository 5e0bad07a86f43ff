/* A case that implementations are verified on, and what breaks one of them on purpose. */
#include "tests/support/bout.h"
#include "bench/devices/gpu.h"
#include "bench/measure/measure.h"
#include "bench/operations/operations.h"
#include "tests/support/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a case with its inputs, expectation and buffers --- */

/* A ground of the operation, see the table below, on the CPU or on the emulated GPU.
 * `oracle_flops` 0: the usual. */
struct bout *bout_open_on(enum device_kind kind, const struct bench_case *c, const char *shape,
                          double oracle_flops) {
    struct bout *bout = calloc(1, sizeof *bout);
    struct message message = {""};
    assert_non_null(bout);
    bout->c = *c;
    if (case_shape_parse(shape, &bout->c, &message) != STATUS_OK)
        fail_msg("%s", message.text);
    if ((kind == DEVICE_GPU ? device_gpu_open("emulated", &bout->device, &message)
                            : device_cpu_open(&bout->device, &message)) != STATUS_OK)
        fail_msg("%s", message.text);
    assert_int_equal(inputs_open(&bout->c, &bout->inputs, &message), STATUS_OK);
    enum status status =
        oracle_flops > 0.0
            ? expectation_open_within(&bout->c, &bout->inputs, oracle_flops, &bout->expectation,
                                      &message)
            : expectation_open(&bout->c, &bout->inputs, &bout->expectation, &message);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(buffer_set_open(&bout->set, &bout->device, &bout->inputs, &message),
                     STATUS_OK);
    return bout;
}

struct bout *bout_open(const struct operation *operation, int variant, const char *shape,
                       const struct settings *settings, double oracle_flops) {
    const struct bench_case c = {.operation = operation, .variant = variant, .settings = *settings};
    return bout_open_on(DEVICE_CPU, &c, shape, oracle_flops);
}

void bout_close(struct bout *bout) {
    buffer_set_close(&bout->set);
    expectation_close(bout->expectation);
    inputs_close(&bout->inputs);
    struct message message;
    assert_int_equal(bout->device.close(&bout->device, &message), STATUS_OK);
    free(bout);
}

/* The libraries' threads wait for each other in loops that never give up the processor: beside
 * other programs such a test takes minutes. What it shows is no matter of threads, and our own
 * rungs wait asleep. */
static int bout_threads(const struct implementation *implementation) {
    return implementation->kind == KIND_LIBRARY ? 1 : 2;
}

enum status bout_verify(struct bout *bout, const struct implementation *implementation,
                        struct message *message) {
    struct contender contender;
    message->text[0] = '\0';
    assert_int_equal(contender_open(&contender, &bout->c, implementation, &bout->device,
                                    bout_threads(implementation), &bout->set, 1, message),
                     STATUS_OK);
    struct execution execution = contender_execution(&contender);
    struct check check;
    execution.message = message;
    contender_enter(&contender, false);
    enum status status = verify_launch(bout->expectation, implementation, &contender.launches[0], 0,
                                       &bout->set, &execution, &check, message);
    contender_close(&contender);
    if (status == STATUS_OK)
        assert_true(check.error <= check.tolerance);
    return status;
}

void bout_pass(struct bout *bout, const struct implementation *implementation) {
    struct message message;
    char name[256];
    case_name(&bout->c, name, sizeof name);
    if (bout_verify(bout, implementation, &message) != STATUS_OK)
        fail_msg("%s %s: %s", name, implementation->name, message.text);
}

/* STATUS_WRONG, with a message that holds `words`. */
void bout_catch(struct bout *bout, const struct implementation *broken, const char *what,
                const char *words) {
    struct message message;
    char name[256];
    case_name(&bout->c, name, sizeof name);
    enum status status = bout_verify(bout, broken, &message);
    if (status != STATUS_WRONG)
        fail_msg("%s %s: %s was not caught: status %d %s", name, broken->name, what, (int)status,
                 message.text);
    if (!strstr(message.text, words))
        fail_msg("%s %s: %s: '%s' should hold \"%s\"", name, broken->name, what, message.text,
                 words);
}

/* --- breaking an implementation: the original runs, then the buffers are damaged --- */

struct breakage breakage;

static enum status launch_broken(const struct implementation *implementation,
                                 const struct launch *launch, int64_t iteration,
                                 struct execution *execution) {
    const struct operation *operation = implementation->own;
    enum status status = operation->launch(breakage.original, launch, iteration, execution);
    breakage.damage(breakage.argument);
    return status;
}

struct implementation breakage_of(const struct operation *operation,
                                  const struct implementation *original) {
    static const struct implementation_methods methods = {.launch = launch_broken};
    struct implementation broken = *original;
    breakage.original = original;
    broken.methods = &methods;
    broken.own = operation;
    return broken;
}

/* --- the damages --- */

/* Moves `count` floats of the place between its device and `host`. */
void place_move(const struct place *place, float *host, int64_t count, bool up) {
    struct device *device = &place->bout->device;
    float *there = (float *)place->bout->set.data[place->buffer] + place->first;
    const size_t bytes = (size_t)count * sizeof *host;
    struct message message;
    enum status status = up ? device->upload(device, there, host, bytes, &message)
                            : device->download(device, host, there, bytes, &message);
    if (status != STATUS_OK)
        fail_msg("%s", message.text);
}

/* 1% and a hundredth away: far more than any tolerance, far less than a wild number. */
void damage_wrong(void *argument) {
    float element;
    place_move(argument, &element, 1, false);
    element += copysignf(0.01F * (1.0F + fabsf(element)), element);
    place_move(argument, &element, 1, true);
}

void damage_write(void *argument) {
    const struct place *place = argument;
    float value = place->value;
    place_move(place, &value, 1, true);
}

/* As if the stretch had never been written. */
void damage_unwritten(void *argument) {
    const struct place *place = argument;
    const float *before = place->bout->inputs.data[place->buffer];
    float *stretch = calloc((size_t)place->count, sizeof *stretch);
    assert_non_null(stretch);
    for (int64_t i = 0; i < place->count; i++)
        stretch[i] = before ? before[place->first + i] : NAN;
    place_move(place, stretch, place->count, true);
    free(stretch);
}

void damage_byte(void *argument) {
    float element;
    place_move(argument, &element, 1, false);
    *(unsigned char *)&element ^= 1;
    place_move(argument, &element, 1, true);
}

void bout_catch_damage(struct bout *bout, const struct implementation *broken,
                       void (*damage)(void *), struct place *place, const char *what,
                       const char *words) {
    breakage.damage = damage;
    breakage.argument = place;
    bout_catch(bout, broken, what, words);
}

/* --- who takes part --- */

bool bout_takes_on(enum device_kind kind, const struct bench_case *c,
                   const struct implementation *implementation) {
    char reason[200];
    return implementation->device == kind && implementation->kind != KIND_YARDSTICK &&
           implementation_can_run(implementation, c, reason, sizeof reason);
}

bool bout_takes(const struct bench_case *c, const struct implementation *implementation) {
    return bout_takes_on(DEVICE_CPU, c, implementation);
}
