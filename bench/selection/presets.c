/* The presets. On two cores `default` stays below six minutes, and `quick` below one. */
#include "bench/selection/presets.h"

#include <string.h>

const struct preset presets[] = {
    {"default", "every operation, small to large: what `make bench` runs", NULL},
    {"quick", "a smaller default: what `make bench QUICK=1` runs", NULL},
    {"squares", "square GEMMs from 64 to 4096, nn nt tn", NULL},
    /* Of the kind that the DeepBench collection measures. */
    {"deepbench", "GEMMs of recurrent and speech networks", NULL},
    {"mnist", "all parts of the 784-128-10 network at batch 100", NULL},
    {"transformer", "a transformer block: 768 wide, 512 tokens", NULL},
    {"recommender", "the dense layers of a recommender: tall batches, narrow inputs", NULL},
    {"skinny", "GEMMs with one or two small dimensions", NULL},
    /* In the formats of tensor cores. */
    {"tensor", "GEMMs and training steps in tf32, bf16 and f16 beside f32", "f32,tf32,bf16,f16"},
    /* An emulated GPU runs some 10^8 warp instructions a second. Shapes with and without tails. */
    {"emulated", "small shapes of every operation, for --gpu emulated", NULL},
    /* Every kernel, with one shape that fits its tiles and vectors and one that leaves tails. */
    {"counters", "smaller still: what `make counters-gate` counts, with --gpu emulated",
     "f32,tf32,bf16,f16"},
    {"verdicts", "ten quick cases, for `make test-verdicts`", NULL},
    /* The cases that docs/measurements.md gives ratios to yardsticks for. */
    {"yardsticks", "what the yardsticks are for; use with --yardsticks", NULL},
    /* Few, for each is compiled there. */
    {"pytorch", "what PyTorch is compared at: `make bench-pytorch`", NULL},
};
const int preset_count = sizeof presets / sizeof presets[0];

const struct preset *preset_find(const char *name) {
    for (int i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
