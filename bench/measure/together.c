/* Rows over ranks on GPUs; see bench/measure/together.h. */
#include "bench/measure/together.h"
#include "kernels/collectives/collectives.h"

static bool shares_gpus(const struct implementation *implementation, const struct device *device) {
    return implementation->over_ranks && device->gpu && device->ranks;
}

enum status together_enter(const struct implementation *implementation, struct device *device,
                           struct message *message) {
    return shares_gpus(implementation, device)
               ? collectives_enter(device->gpu, device->ranks, message)
               : STATUS_OK;
}

enum status together_leave(const struct implementation *implementation, struct device *device,
                           enum status status, struct message *message) {
    return shares_gpus(implementation, device)
               ? collectives_leave(device->gpu, device->ranks, status, message)
               : status;
}
