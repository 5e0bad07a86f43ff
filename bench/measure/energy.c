/* Joules an iteration; see bench/measure/energy.h. */
#include "bench/measure/energy.h"

#include "common/clock.h"
#include "common/floating.h"

#include <math.h>

/* One look at a device between two batches. */
struct look {
    double now;    /* of the clock */
    double energy; /* of the counter */
    double power;
    double iterations; /* done so far */
};

static struct look look_at(struct contender *c, double iterations) {
    struct device *device = c->device;
    struct look look = {.now = clock_seconds(), .power = (double)NAN, .iterations = iterations};
    look.energy = device->energy ? device->energy(device) : (double)NAN;
    if (isnan(look.energy) && device->power)
        look.power = device->power(device);
    return look;
}

/* The pass so far. */
struct pass {
    struct look start;  /* of the counter's first step, or of the pass */
    struct look before; /* the look before */
    bool started;
    double integral; /* of power over time since the start */
    double joules;   /* the result */
};

/* Takes in the look after one more batch; true when the pass is over. */
static bool pass_look(struct pass *pass, const struct look *look, double seconds) {
    bool counts = !isnan(look->energy);
    bool step = counts ? look->energy != pass->before.energy : true;
    pass->integral += 0.5 * (look->power + pass->before.power) * (look->now - pass->before.now);
    pass->before = *look;
    if (!step)
        return false;
    if (!pass->started) {
        pass->started = true;
        pass->start = *look;
        pass->integral = 0.0;
        return false;
    }
    if (look->now - pass->start.now < seconds)
        return false;
    double used = counts ? look->energy - pass->start.energy : pass->integral;
    pass->joules = used / (look->iterations - pass->start.iterations);
    return true;
}

enum status energy_measure(struct contender *c, double seconds, double patience, double *joules,
                           struct message *message) {
    *joules = (double)NAN;
    struct pass pass = {.before = look_at(c, 0.0), .joules = (double)NAN};
    if (isnan(pass.before.energy) && isnan(pass.before.power))
        return STATUS_OK;
    contender_enter(c, true);
    enum status status = contender_restore(c, message);
    double start = clock_seconds(), done = 0.0;
    bool over = false;
    while (status == STATUS_OK && !over && clock_seconds() - start < patience) {
        double batch;
        status = contender_batch(c, c->iterations, &batch, message);
        done += (double)c->iterations;
        const struct look look = look_at(c, done);
        over = status == STATUS_OK && pass_look(&pass, &look, seconds);
    }
    floating_flush_denormals(false);
    if (over && isfinite(pass.joules))
        *joules = pass.joules;
    return status;
}
