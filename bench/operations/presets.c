/* The presets. `default` is what `make bench` runs and `quick` what `make bench QUICK=1` runs: on
 * two cores the first stays below six minutes and the second below one. */
#include "bench/operations/presets.h"

#include <string.h>

static const struct preset_line lines_default[] = {
    {"gemm", "nn", "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048"},
    {"gemm", "nt,tn", "64x64x64 512x512x512"},
    {"gemm", "nn", "1760x16x1760"},
    {"gemm", "nt", "100x128x784 100x10x128 512x3072x768"},
    {"gemm", "tn", "128x784x100"},
    {"gemm", "nt", "2048x512x13"},
    {"gemm", "nn", "1x1024x1024 4096x4x4096"},
    {"activation", "relu.forward,gelu_tanh.forward", "65536 1048576 16777216"},
    {"activation", "relu.backward,gelu_tanh.backward", "1048576 16777216"},
    {"activation", "sigmoid.forward", "1048576 16777216"},
    {"activation", "tanh.forward,gelu_erf.forward,silu.forward,sigmoid.backward,gelu_erf.backward",
     "1048576"},
    {"activation", "relu.forward_bias,relu.backward_bias", "512x3072"},
    {"softmax", "forward", "100x10 64x1000 1024x1024 32x50257 4096x4096"},
    {"softmax", "backward,log_forward", "1024x1024"},
    {"layernorm", "forward,backward", "512x768 4096x768 8192x4096"},
    {"layernorm", "rms_forward", "4096x768"},
    {"cross_entropy", "forward_backward", "100x10 64x1000 32x50257"},
    {"mse", "forward_backward", "1024x1024"},
    {"column_sums", "forward", "100x128 4096x4096"},
    {"optimizer", "sgd", "1048576"},
    {"optimizer", "adam", "101770 25000000"},
    {"transfer", "copy,triad", "65536 16777216"},
    {"mlp", "train_step", "784-128-10@100 784-512-256-10@128 1024-4096-4096-1024@256"},
    {"mlp", "train_step_mse", "3-4-2@100"},
    {"mlp", "inference", "784-128-10@100"},
};

static const struct preset_line lines_quick[] = {
    {"gemm", "nn", "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024"},
    {"gemm", "nt,tn", "256x256x256"},
    {"gemm", "nt", "100x128x784 512x3072x768 2048x512x13"},
    {"activation", "relu.forward,gelu_tanh.forward", "4096 65536 1048576 16777216"},
    {"activation", "sigmoid.forward,tanh.forward,relu.backward,gelu_tanh.backward", "1048576"},
    {"activation", "relu.forward_bias,relu.backward_bias", "100x128"},
    {"softmax", "forward", "100x10 64x1000 1024x1024"},
    {"softmax", "backward", "64x1000"},
    {"layernorm", "forward,backward", "512x768"},
    {"cross_entropy", "forward_backward", "100x10 64x1000"},
    {"column_sums", "forward", "100x128"},
    {"optimizer", "adam", "101770"},
    {"transfer", "copy,triad", "65536 1048576 16777216"},
    {"mlp", "train_step", "784-128-10@100 784-512-256-10@128"},
    {"mlp", "train_step_mse", "3-4-2@100"},
    {"mlp", "inference", "784-128-10@100"},
};

static const struct preset_line lines_squares[] = {
    {"gemm", "nn,nt,tn",
     "64x64x64 128x128x128 256x256x256 512x512x512 768x768x768 1024x1024x1024 1536x1536x1536 "
     "2048x2048x2048 3072x3072x3072 4096x4096x4096"},
};

/* Shapes of the kind that the DeepBench collection measures for recurrent and speech networks. */
static const struct preset_line lines_deepbench[] = {
    {"gemm", "nn",
     "1760x16x1760 1760x32x1760 1760x64x1760 1760x128x1760 2048x16x2048 2048x128x2048 "
     "2560x64x2560 4096x16x4096 4096x128x4096 5124x700x2048"},
    {"gemm", "nt", "1760x1760x1760 2048x2048x2048"},
    {"gemm", "tn", "1760x16x1760 2048x128x2048 5124x700x2048"},
};

static const struct preset_line lines_mnist[] = {
    {"gemm", "nt", "100x128x784 100x10x128"},
    {"gemm", "tn", "10x128x100 128x784x100"},
    {"gemm", "nn", "100x128x10"},
    {"activation", "relu.forward_bias,relu.backward_bias", "100x128"},
    {"activation", "identity.forward_bias", "100x10"},
    {"cross_entropy", "forward,backward,forward_backward", "100x10"},
    {"column_sums", "forward", "100x128 100x10"},
    {"optimizer", "sgd,sgd_momentum,adam", "101770"},
    {"mlp", "train_step,inference", "784-128-10@100 784-512-256-10@100"},
    {"linear", "bias_relu", "100x128x784"},
    {"linear", "bias", "100x10x128"},
};

static const struct preset_line lines_transformer[] = {
    {"gemm", "nt", "512x768x768 512x2304x768 512x3072x768 512x768x3072"},
    {"gemm", "nn", "512x512x64 512x64x512"},
    {"activation", "gelu_tanh.forward_bias,gelu_tanh.backward_bias,gelu_erf.forward_bias",
     "512x3072"},
    {"softmax", "forward,backward", "6144x512"},
    {"layernorm", "forward,backward,rms_forward,rms_backward", "512x768"},
    {"cross_entropy", "forward_backward", "32x50257 512x50257"},
};

static const struct preset_line lines_recommender[] = {
    {"gemm", "nt", "2048x1x256 2048x512x13 2048x256x512 2048x64x256 2048x512x512"},
    {"activation", "relu.forward_bias", "2048x512"},
    {"activation", "sigmoid.forward", "2048"},
    {"mlp", "train_step_mse", "13-512-256-64-1@2048"},
};

static const struct preset_line lines_skinny[] = {
    {"gemm", "nn",
     "1x1024x1024 1024x1x1024 1024x1024x1 16x1024x1024 1024x16x1024 1024x1024x16 1x4096x4096 "
     "4096x1x4096 4096x4x4096 16x16x65536"},
    {"gemm", "nt", "1x4096x4096 4096x1x4096 16x16x65536"},
    {"gemm", "tn", "1x4096x4096 4096x1x4096 16x16x65536"},
};

/* In the formats of tensor cores beside f32. */
static const struct preset_line lines_tensor[] = {
    {"gemm", "nn",
     "64x64x64 127x129x63 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048 4096x4096x4096"},
    {"gemm", "nt,tn", "127x129x63 256x256x256 1024x1024x1024"},
    {"gemm", "nt", "512x768x768 512x3072x768"},
    {"mlp", "train_step", "784-128-10@100 784-512-256-10@128 1024-4096-4096-1024@256"},
};

/* The cases that docs/measurements.md gives ratios to yardsticks for: run it with --yardsticks. */
static const struct preset_line lines_yardsticks[] = {
    {"gemm", "nn",
     "64x64x64 128x128x128 256x256x256 512x512x512 1024x1024x1024 2048x2048x2048 4096x4096x4096"},
    {"gemm", "nt", "100x128x784 100x10x128 512x3072x768 2048x512x13"},
    {"activation",
     "relu.forward,sigmoid.forward,tanh.forward,gelu_tanh.forward,gelu_erf.forward,silu.forward,"
     "relu.backward,sigmoid.backward,tanh.backward,gelu_tanh.backward,gelu_erf.backward",
     "1048576 16777216"},
    {"softmax", "forward", "64x1000 1024x1024 32x50257 4096x4096"},
    {"layernorm", "forward,backward", "4096x768 8192x4096"},
    {"optimizer", "adam", "25000000"},
    {"mlp", "train_step", "784-128-10@100 1024-4096-4096-1024@256"},
};

/* What `make bench-pytorch` sets beside PyTorch: few, for each is compiled there. */
static const struct preset_line lines_pytorch[] = {
    {"gemm", "nn", "512x512x512 1024x1024x1024"},
    {"gemm", "nt", "100x128x784 512x3072x768"},
    {"linear", "bias_relu", "512x3072x768"},
    {"activation", "relu.forward,gelu_tanh.forward", "1048576 16777216"},
    {"activation", "gelu_tanh.backward", "16777216"},
    {"softmax", "forward", "1024x1024 32x50257 4096x4096"},
    {"cross_entropy", "forward_backward", "64x1000 32x50257"},
    {"optimizer", "adam", "101770 25000000"},
    {"mlp", "train_step", "784-128-10@100 784-512-256-10@128"},
    {"mlp", "inference", "784-128-10@100"},
};

/* Small: an emulated GPU runs some 10^8 warp instructions a second. Shapes with and without tails.
 */
static const struct preset_line lines_emulated[] = {
    {"gemm", "nn", "64x64x64 127x129x63 256x256x256"},
    {"gemm", "nt,tn", "127x129x63"},
    {"activation",
     "relu.forward,relu.backward,sigmoid.forward,tanh.forward,gelu_tanh.forward,"
     "gelu_erf.forward,silu.forward",
     "65536"},
    {"activation", "relu.forward_bias,relu.backward_bias,gelu_tanh.backward_bias", "100x128"},
    {"softmax", "forward,backward,log_forward,log_backward", "64x1000"},
    {"layernorm", "forward,backward,rms_forward,rms_backward", "64x768"},
    {"cross_entropy", "forward,backward,forward_backward", "100x10 64x1000"},
    {"mse", "forward_backward", "100x10"},
    {"column_sums", "forward", "100x128"},
    {"optimizer", "sgd,sgd_momentum,adam", "65536"},
    {"transfer", "copy,triad", "65536"},
    {"mlp", "train_step", "784-128-10@100"},
    {"mlp", "train_step_mse", "3-4-2@100"},
    {"mlp", "inference", "784-128-10@100"},
    {"linear", "bias_relu", "100x128x64"},
};

/* What the counters gate counts: every kernel, each with one shape that fits its tiles and vectors
 * and one that leaves tails, small enough that all of it takes seconds. */
static const struct preset_line lines_counters[] = {
    {"gemm", "nn,nt,tn", "64x64x64 67x35x37 128x128x256"},
    {"activation",
     "relu.forward,relu.backward,sigmoid.forward,sigmoid.backward,tanh.forward,tanh.backward,"
     "gelu_tanh.forward,gelu_tanh.backward,gelu_erf.forward,gelu_erf.backward,silu.forward,"
     "silu.backward",
     "1003 4096"},
    {"activation",
     "relu.forward_bias,relu.backward_bias,sigmoid.forward_bias,sigmoid.backward_bias,"
     "tanh.forward_bias,tanh.backward_bias,gelu_tanh.forward_bias,gelu_tanh.backward_bias,"
     "gelu_erf.forward_bias,gelu_erf.backward_bias,silu.forward_bias,silu.backward_bias,"
     "identity.forward_bias",
     "13x35 32x64"},
    {"linear", "bias,bias_relu", "13x35x67 64x64x64"},
    {"softmax", "forward,backward,log_forward,log_backward", "13x67 32x256"},
    {"layernorm", "forward,backward,rms_forward,rms_backward", "13x67 32x256"},
    {"cross_entropy", "forward,backward,forward_backward", "13x67 32x256"},
    {"mse", "forward,backward,forward_backward", "13x35 32x64"},
    {"column_sums", "forward", "13x35 64x64"},
    {"optimizer", "sgd,sgd_momentum,adam", "1003 4096"},
    {"transfer", "copy,triad", "1003 4096"},
    {"mlp", "train_step,inference", "35-19-11@13"},
    {"mlp", "train_step_mse", "3-4-2@13"},
};

/* Ten quick cases on which `make test-verdicts` tries whether verdicts are right. */
static const struct preset_line lines_verdicts[] = {
    {"activation", "relu.forward,gelu_tanh.forward,tanh.backward", "4096"},
    {"softmax", "forward,backward", "16x256"},
    {"cross_entropy", "forward_backward", "80x256"},
    {"mse", "forward_backward", "16x256"},
    {"column_sums", "forward", "64x64"},
    {"optimizer", "adam", "4096"},
    {"transfer", "triad", "4096"},
};

#define PRESET(id, text, ...)                                                                      \
    {                                                                                              \
        .name = #id, .summary = text, .lines = lines_##id,                                         \
        .line_count = sizeof lines_##id / sizeof lines_##id[0], __VA_ARGS__                        \
    }
const struct preset presets[] = {
    PRESET(default, "every operation, small to large: what `make bench` runs"),
    PRESET(quick, "a smaller default: what `make bench QUICK=1` runs"),
    PRESET(squares, "square GEMMs from 64 to 4096, nn nt tn"),
    PRESET(deepbench, "GEMMs of recurrent and speech networks"),
    PRESET(mnist, "all parts of the 784-128-10 network at batch 100"),
    PRESET(transformer, "a transformer block: 768 wide, 512 tokens"),
    PRESET(recommender, "the dense layers of a recommender: tall batches, narrow inputs"),
    PRESET(skinny, "GEMMs with one or two small dimensions"),
    PRESET(tensor, "GEMMs and training steps in tf32, bf16 and f16 beside f32",
           .dtypes = "f32,tf32,bf16,f16"),
    PRESET(emulated, "small shapes of every operation, for --gpu emulated"),
    PRESET(counters, "smaller still: what `make counters-gate` counts, with --gpu emulated",
           .dtypes = "f32,tf32,bf16,f16"),
    PRESET(verdicts, "ten quick cases, for `make test-verdicts`"),
    PRESET(yardsticks, "what the yardsticks are for; use with --yardsticks"),
    PRESET(pytorch, "what PyTorch is compared at: `make bench-pytorch`"),
};
#undef PRESET
const int preset_count = sizeof presets / sizeof presets[0];

const struct preset *preset_find(const char *name) {
    for (int i = 0; i < preset_count; i++)
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    return NULL;
}
