# lockstep: matched CPU and GPU kernels, timed and verified. `make help` lists the targets.

BUILD     ?= build
CC        ?= gcc
OPTIMISE  ?= -O3
SANITIZE  ?=
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion
WERROR    ?=
CPPFLAGS  += -I. -D_GNU_SOURCE
# -fno-math-errno lets sqrtf become one instruction; -ffast-math is out of the question: it lets NaN pass a comparison.
CFLAGS    += -std=c11 $(OPTIMISE) -g -fopenmp -fno-math-errno -ffp-contract=off $(WARNINGS) $(WERROR) $(SANITIZE)
LDFLAGS   += -fopenmp $(SANITIZE)
LDLIBS    += -lopenblas -lz -lcjson -lm -ldl -lpthread

# --- sources, a room each -------------------------------------------------------------------------------------------
common_sources    := $(addprefix common/,status.c random.c problem.c mlp_model.c floating.c)
reference_sources := $(addprefix reference/,oracle_gemm.c oracle_activation.c oracle_softmax.c oracle_elementwise.c \
                     naive_gemm.c naive_activation.c naive_softmax.c naive_elementwise.c openblas.c \
                     onednn.c cpu.c parallel.c peak.c simd_dispatch.c)
# The network's oracle: products, functions and the whole with running bounds.
reference_sources += $(addprefix reference/,bounded_product.c bounded_functions.c oracle_mlp.c)
# Compiled once an instruction set, see reference/simd.h.
simd_sources      := $(addprefix reference/,simd_level.c simd_activation.c simd_softmax.c simd_loss.c simd_optimizer.c \
                     simd_column_sums.c simd_transfer.c simd_peak.c)
operation_sources := $(addprefix bench/operations/,gemm.c activation.c softmax.c cross_entropy.c mse.c \
                     column_sums.c optimizer.c transfer.c mlp.c yardstick.c)
bench_sources     := $(addprefix bench/,operation.c presets.c selection.c buffers.c verify.c suite.c statistics.c \
                     measure.c prediction.c ceilings.c contest.c device_cpu.c devices.c csv.c results.c results_json.c \
                     environment.c build_info.c folder.c progress.c table.c run.c mlp.c \
                     report.c report_data.c report_series.c report_script.c report_rates.c report_curves.c \
                     report_dots.c report_parts.c report_training.c report_roofline.c report_gnuplot.c report_plots.c \
                     page.c page_html.c page_about.c page_plots.c page_matrix.c page_tables.c \
                     command.c command_run.c command_list.c command_verify.c command_info.c command_report.c)
tests             := test_mlp test_bounded test_oracle_mlp test_report

sources := $(common_sources) $(reference_sources) $(operation_sources) $(bench_sources)

# Instruction sets of the vectorised kernels, with their compiler flags. 512-bit vectors are asked for because gcc's
# default of 256 bits costs a factor of about two on transcendental loops.
simd_levels   := baseline avx2 avx512
simd_baseline :=
simd_avx2     := -mavx2 -mfma
simd_avx512   := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512

objects := $(sources:%.c=$(BUILD)/%.o) $(BUILD)/reports/templates.o \
           $(foreach level,$(simd_levels),$(simd_sources:%.c=$(BUILD)/%.$(level).o))

.PHONY: all
all: $(BUILD)/lockstep ## build everything

$(BUILD)/lockstep: $(BUILD)/bench/main.o $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

$(BUILD)/liblockstep.a: $(objects)
	@mkdir -p $(@D)
	rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The templates of a report, embedded.
$(BUILD)/reports/templates.o: reports/templates.S reports/style.gp reports/page.html
	@mkdir -p $(@D)
	$(CC) -c $< -o $@

# What was built, for `lockstep info`: made anew when commit or flags change.
commit := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
build_stamp := $(BUILD)/build-$(shell printf '%s' '$(commit) $(CC) $(CFLAGS)' | cksum | cut -d' ' -f1)
$(build_stamp):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/build-* && touch $@
$(BUILD)/bench/build_info.o: $(build_stamp)
$(BUILD)/bench/build_info.o: CPPFLAGS += -DLOCKSTEP_COMMIT='"$(commit)"' -DLOCKSTEP_FLAGS='"$(strip $(CFLAGS))"'

define simd_rule
$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(simd_$(1)) -DSIMD_LEVEL=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach level,$(simd_levels),$(eval $(call simd_rule,$(level))))

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

.PHONY: test
test: $(tests:%=$(BUILD)/tests/%) ## run the tests
	@set -e; for test in $^; do ./$$test; done

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
