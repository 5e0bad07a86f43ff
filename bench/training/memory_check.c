/* What a training takes, known before anything is allocated: the kernel promises more memory than
 * there is, and ends whoever takes it at its word. */
#include "bench/training/state.h"

/* Bytes of the buffers; memory.c allocates them. */
struct demand {
    double device, host;
};

static struct demand demand_of(const struct training *training) {
    /* What libraries and their threads keep beside them. */
    const double libraries = 64.0 * 0x1p20;
    const struct train_options *options = training->options;
    const struct mlp_model *model = &options->model;
    struct mlp_model largest = *model;
    largest.batch = training->most;
    double parameters = (double)mlp_parameter_count(model), most = (double)training->most;
    double inputs = (double)model->sizes[0], outputs = (double)model->sizes[model->layers];
    double moments = model->optimizer == OPTIMIZER_ADAM  ? 2.0
                     : model->optimizer == OPTIMIZER_SGD ? 0.0
                                                         : 1.0;
    double batch = most * (inputs + outputs + 1.0) + (double)model->batch;
    double device = (2.0 + moments) * parameters + batch + (double)mlp_activation_count(&largest) +
                    (double)mlp_narrow_count(&largest) / 2.0;
    /* The weights as they come and go, and once more, and a half while it grows, as the bytes of a
     * file. Without a file the moments' pages are never touched. */
    double tensors = options->save || options->load ? 2.5 * (1.0 + moments) : 2.0;
    double host =
        tensors * parameters + batch + most * outputs + (double)training->dataset.train.count;
    return (struct demand){sizeof(float) * device, sizeof(float) * host + libraries};
}

static enum status bytes_check(struct device *device, double bytes, struct message *message) {
    size_t available, total;
    enum status status = device->memory(device, &available, &total, message);
    if (status != STATUS_OK || bytes <= (double)available)
        return status;
    return message_set(message, STATUS_NO_MEMORY,
                       "this training needs %.0f bytes of memory on %s and %zu are available; give "
                       "smaller --layers or a smaller --batch",
                       bytes, device->name, available);
}

enum status train_memory_check(const struct training *training) {
    struct device *device = training->options->device, *host = train_host(training->options);
    const struct demand demand = demand_of(training);
    const bool shared = device == host || device->emulated;
    enum status status = STATUS_OK;
    if (device != host)
        status = bytes_check(device, demand.device, training->message);
    if (status == STATUS_OK)
        status = bytes_check(host, demand.host + (shared ? demand.device : 0.0), training->message);
    return status;
}
