/* What the blocks of a launch printed, in their order. */
#include "emulator/machine/output.h"

#include "emulator/memory/list.h"

#include <stdio.h>
#include <stdlib.h>

void output_keep(struct launch *launch, struct block *block) {
    if (block->output.length == 0)
        return;
    pthread_mutex_lock(&launch->lock);
    struct output *outputs = list_reserve(launch->outputs, launch->output_count + 1,
                                          &launch->output_capacity, sizeof *outputs);
    if (outputs) {
        launch->outputs = outputs;
        block->output.block = block->index;
        launch->outputs[launch->output_count++] = block->output;
        block->output = (struct output){0};
    } else {
        block->output.length = 0;
        launch->output_dropped = true;
    }
    pthread_mutex_unlock(&launch->lock);
}

static int compare_output(const void *a, const void *b) {
    const struct output *left = a, *right = b;
    return left->block < right->block ? -1 : left->block > right->block;
}

void output_print(struct launch *launch) {
    if (launch->output_count)
        qsort(launch->outputs, launch->output_count, sizeof *launch->outputs, compare_output);
    for (size_t k = 0; k < launch->output_count; k++) {
        const struct output *output = &launch->outputs[k];
        if (launch->options.print)
            launch->options.print(launch->options.context, output->text, output->length);
        else
            (void)fwrite(output->text, 1, output->length, stdout);
        free(output->text);
    }
    if (launch->output_count && !launch->options.print)
        (void)fflush(stdout);
    free(launch->outputs);
    launch->outputs = NULL;
    launch->output_count = 0;
}
