/* The lines and the bar of `lockstep train`. */
#include "bench/training/progress.h"

#include "bench/operations/operation.h"
#include "common/clock.h"
#include "common/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const char *optimizer_text(enum optimizer_variant optimizer) {
    switch (optimizer) {
    case OPTIMIZER_SGD:
        return "sgd";
    case OPTIMIZER_SGD_MOMENTUM:
        return "sgd with momentum";
    case OPTIMIZER_ADAM:
        break;
    }
    return "adam";
}

void train_progress_start(struct train_progress *progress, const struct train_options *options,
                          const struct dataset *dataset, int64_t first_epoch) {
    const struct mlp_model *model = &options->model;
    char layers[256];
    mlp_layers_format(model, layers, sizeof layers);
    *progress = (struct train_progress){.report = options->report,
                                        .live = options->live,
                                        .last_epoch = first_epoch + options->epochs - 1};
    fprintf(progress->report,
            "data     %s: %" PRId64 " training and %" PRId64 " test images of %" PRId64
            " pixels in %" PRId64 " classes, normalised by mean %.4f and deviation %.4f\n",
            options->data, dataset->train.count, dataset->test.count, dataset->features,
            dataset->classes, (double)dataset->mean, (double)dataset->deviation);
    if (options->ignored_label >= 0)
        fprintf(progress->report,
                "ignored  label %d: %" PRId64 " training and %" PRId64 " test images\n",
                options->ignored_label, dataset->train.ignored, dataset->test.ignored);
    if (dataset->first_label > 0)
        fprintf(progress->report, "labels   %d to %" PRId64 "\n", dataset->first_label,
                dataset->first_label + dataset->classes - 1);
    fprintf(progress->report,
            "network  %s, %s, %s, %s, learning rate %g, batch %" PRId64 ", seed %" PRIu64 "\n",
            layers, activation_function_name(model->hidden),
            model->loss == MLP_MSE ? "mean squared error" : "cross-entropy",
            optimizer_text(model->optimizer), (double)model->learning_rate, model->batch,
            options->seed);
    fprintf(progress->report, "running  %s on %s, %s%s%s\n", options->implementation,
            options->device->name, COUNTED(options->threads, "thread"),
            model->dtype == DTYPE_F32 ? "" : ", products in ",
            model->dtype == DTYPE_F32 ? "" : dtype_name(model->dtype));
    if (first_epoch > 1)
        fprintf(progress->report, "going on from %s after epoch %" PRId64 "\n", options->load,
                first_epoch - 1);
    if (options->epochs > 0)
        fprintf(progress->report, "\n  epoch      loss  accuracy  seconds  samples/s\n");
    fflush(progress->report);
}

void train_progress_step(struct train_progress *progress, int64_t epoch, int64_t step,
                         int64_t steps, double loss) {
    enum { WIDTH = 30 };
    double now = clock_seconds();
    if (!progress->live || now - progress->shown < 0.1)
        return;
    progress->shown = now;
    char bar[WIDTH + 1];
    int64_t filled = step * WIDTH / steps;
    memset(bar, '.', WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[WIDTH] = '\0';
    fprintf(progress->report, "\r%3" PRId64 "/%-3" PRId64 "  %8.4f  [%s] %3" PRId64 "%%", epoch,
            progress->last_epoch, loss, bar, step * 100 / steps);
    fflush(progress->report);
}

void train_progress_clear(struct train_progress *progress) {
    if (progress->live && progress->shown > 0.0)
        fprintf(progress->report, "\r\033[K");
    progress->shown = 0.0;
}

void train_progress_epoch(struct train_progress *progress, const struct train_row *row) {
    train_progress_clear(progress);
    fprintf(progress->report, "%3" PRId64 "/%-3" PRId64 "  %8.4f  %7.2f%%", row->epoch,
            progress->last_epoch, row->loss, 100.0 * row->accuracy);
    if (isnan(row->seconds))
        fprintf(progress->report, "        -          -\n");
    else
        fprintf(progress->report, "  %7.2f  %9.0f\n", row->seconds, row->samples_per_s);
    fflush(progress->report);
}
