/* The numbers of a training: on the device from the first step to the last, in host memory when
 * they come or go. */
#include "bench/training/state.h"

#include <inttypes.h>
#include <stdlib.h>

static enum status allocate(const struct training *training, int64_t count, bool shared,
                            float **pointer) {
    struct device *device = training->options->device;
    void *memory = NULL;
    enum status status = (shared ? device_allocate_shared : device->allocate)(
        device, (size_t)count * sizeof(float), &memory, training->message);
    *pointer = memory;
    return status;
}

static enum status device_open(struct training *training) {
    const struct mlp_model *model = &training->options->model;
    struct mlp_model largest = *model;
    largest.batch = training->most;
    int64_t parameters = mlp_parameter_count(model), outputs = model->sizes[model->layers];
    bool has_first = model->optimizer != OPTIMIZER_SGD;
    bool has_second = model->optimizer == OPTIMIZER_ADAM;
    bool has_target = model->loss == MLP_MSE;
    struct mlp_buffers *buffers = &training->device;
    const int64_t narrow_words = mlp_narrow_count(&largest) / 2;
    float *x = NULL, *labels = NULL, *target = NULL, *narrow = NULL;
    const struct {
        bool wanted, shared; /* by ranks */
        int64_t count;
        float **pointer;
    } wanted[] = {
        {true, true, parameters, &buffers->parameters},
        {true, true, parameters, &buffers->gradients},
        {has_first, true, parameters, &buffers->first_moment},
        {has_second, true, parameters, &buffers->second_moment},
        {true, false, mlp_activation_count(&largest), &buffers->activations},
        {true, false, model->batch, &buffers->loss},
        {true, false, training->most * model->sizes[0], &x},
        {!has_target, false, training->most, &labels}, /* int32_t, of a float's size */
        {has_target, false, training->most * outputs, &target},
        {narrow_words > 0, false, narrow_words, &narrow}, /* uint16_t, two in a float's place */
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && status == STATUS_OK; i++)
        if (wanted[i].wanted)
            status = allocate(training, wanted[i].count, wanted[i].shared, wanted[i].pointer);
    buffers->narrow = (uint16_t *)(void *)narrow;
    buffers->x = x;
    buffers->labels = (const int32_t *)labels;
    buffers->target = target;
    return status;
}

static void device_close(struct training *training) {
    struct device *device = training->options->device;
    const struct mlp_buffers *buffers = &training->device;
    const void *const all[] = {buffers->parameters,    buffers->gradients,   buffers->first_moment,
                               buffers->second_moment, buffers->activations, buffers->narrow,
                               buffers->loss,          buffers->x,           buffers->labels,
                               buffers->target};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        device->release(device, (void *)all[i]);
}

static enum status host_open(struct training *training) {
    const struct mlp_model *model = &training->options->model;
    size_t parameters = (size_t)mlp_parameter_count(model), most = (size_t)training->most;
    size_t features = (size_t)model->sizes[0], outputs = (size_t)model->sizes[model->layers];
    training->host.parameters = calloc(parameters, sizeof(float));
    training->host.first_moment = calloc(parameters, sizeof(float));
    training->host.second_moment = calloc(parameters, sizeof(float));
    training->staging = (struct staging){
        .x = calloc(most * features, sizeof(float)),
        .labels = calloc(most, sizeof(int32_t)),
        .target = calloc(most * outputs, sizeof(float)),
        .loss = calloc((size_t)model->batch, sizeof(float)),
        .output = calloc(most * outputs, sizeof(float)),
    };
    training->order = calloc((size_t)training->dataset.train.count, sizeof(uint32_t));
    const void *const all[] = {
        training->host.parameters, training->host.first_moment, training->host.second_moment,
        training->staging.x,       training->staging.labels,    training->staging.target,
        training->staging.loss,    training->staging.output,    training->order};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!all[i])
            return message_set(training->message, STATUS_NO_MEMORY,
                               "no memory for a network of %zu parameters and batches of %zu",
                               parameters, most);
    return STATUS_OK;
}

static void host_close(struct training *training) {
    free(training->host.parameters);
    free(training->host.first_moment);
    free(training->host.second_moment);
    free(training->staging.x);
    free(training->staging.labels);
    free(training->staging.target);
    free(training->staging.loss);
    free(training->staging.output);
    free(training->order);
}

enum status train_memory_open(struct training *training) {
    enum status status = host_open(training);
    return status == STATUS_OK ? device_open(training) : status;
}

void train_memory_close(struct training *training) {
    device_close(training);
    host_close(training);
}

/* --- weights ---------------------------------------------------------------------------------- */

/* The tensors of the parameter layout on the device and in host memory; moments only where the
 * optimizer has them. */
struct twins {
    float *device, *host;
};

static void twins_of(const struct training *training, struct twins twins[3]) {
    twins[0] = (struct twins){training->device.parameters, training->host.parameters};
    twins[1] = (struct twins){training->device.first_moment, training->host.first_moment};
    twins[2] = (struct twins){training->device.second_moment, training->host.second_moment};
}

static enum status weights_upload(struct training *training) {
    const struct train_options *options = training->options;
    size_t bytes = (size_t)mlp_parameter_count(&options->model) * sizeof(float);
    struct device *device = options->device;
    struct twins twins[3];
    twins_of(training, twins);
    /* The gaps of the gradients must be zero, and the host's second moments are before training. */
    float *zeros = calloc(1, bytes);
    if (!zeros)
        return message_set(training->message, STATUS_NO_MEMORY, "no memory for %zu bytes", bytes);
    enum status status =
        device->upload(device, training->device.gradients, zeros, bytes, training->message);
    free(zeros);
    for (int i = 0; i < 3 && status == STATUS_OK; i++)
        if (twins[i].device)
            status =
                device->upload(device, twins[i].device, twins[i].host, bytes, training->message);
    return status;
}

enum status train_weights_open(struct training *training) {
    const struct train_options *options = training->options;
    training->host.seed = options->seed;
    if (!options->load) {
        mlp_parameters_initialise(&options->model, options->seed, training->host.parameters);
        return weights_upload(training);
    }
    bool moments_lost = false;
    enum status status = weights_load(options->load, &options->model, &training->host,
                                      &moments_lost, training->message);
    if (status != STATUS_OK)
        return status;
    if (moments_lost)
        fprintf(options->report,
                "%s was saved by another optimizer or program: its moments start at zero\n",
                options->load);
    if (training->host.seed != options->seed)
        fprintf(options->report,
                "%s was trained with seed %" PRIu64
                ": samples now come in the order of seed %" PRIu64 "\n",
                options->load, training->host.seed, options->seed);
    training->host.seed = options->seed;
    return weights_upload(training);
}

enum status train_weights_keep(struct training *training) {
    const struct train_options *options = training->options;
    if (!options->save)
        return STATUS_OK;
    size_t bytes = (size_t)mlp_parameter_count(&options->model) * sizeof(float);
    struct twins twins[3];
    twins_of(training, twins);
    enum status status = STATUS_OK;
    for (int i = 0; i < 3 && status == STATUS_OK; i++)
        if (twins[i].device)
            status = options->device->download(options->device, twins[i].host, twins[i].device,
                                               bytes, training->message);
    if (status == STATUS_OK)
        status = weights_save(options->save, &options->model, &training->host, training->message);
    return status;
}
