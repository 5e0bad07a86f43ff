# lockstep: matched CPU and GPU kernels, timed and verified. `make help` lists the targets.

BUILD     ?= build
CC        ?= gcc
ifeq ($(origin CC),default)
CC        := gcc
endif
OPTIMISE  ?= -O3
SANITIZE  ?=
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion
WERROR    ?=
CPPFLAGS  += -I. -D_GNU_SOURCE
# -fno-math-errno lets sqrtf become one instruction; -ffast-math is out of the question: it lets NaN pass a comparison.
CFLAGS    += -std=c11 $(OPTIMISE) -g -fopenmp -fno-math-errno -ffp-contract=off $(WARNINGS) $(WERROR) $(SANITIZE)
LDFLAGS   += -fopenmp $(SANITIZE)
LDLIBS    += -lopenblas -lz -lcjson -lsqlite3 -lm -ldl -lpthread

# OpenBLAS's openmp build, whatever the system's default is: its pthread build beside OpenMP code is a second pool of
# threads that spins against the first.
openblas_library := $(firstword $(wildcard /usr/lib/*/openblas-openmp))
openblas_include := $(firstword $(wildcard /usr/include/*/openblas-openmp))
ifneq ($(openblas_library),)
CPPFLAGS  += -isystem $(openblas_include)
LDFLAGS   += -L$(openblas_library) -Wl,-rpath,$(openblas_library)
endif

# BLIS is an optional peer, in its openmp build for the same reason: BLIS= leaves it out. Behind OpenBLAS, so that the
# names which both have are OpenBLAS's.
blis_library := $(firstword $(wildcard /usr/lib/*/blis-openmp))
blis_include := $(firstword $(wildcard /usr/include/*/blis-openmp))
BLIS ?= $(if $(wildcard $(blis_include)/blis.h),yes)
ifneq ($(BLIS),)
CPPFLAGS  += -DHAVE_BLIS -idirafter $(blis_include)
LDFLAGS   += -L$(blis_library) -Wl,-rpath,$(blis_library)
LDLIBS    += -lblis
endif

# oneDNN is an optional peer: ONEDNN= leaves it out.
ONEDNN ?= $(shell printf '\043include <dnnl.h>\n\043if DNNL_VERSION_MAJOR != 2 || DNNL_VERSION_MINOR < 6\n\043error\n\043endif\n' \
             | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)
ifneq ($(ONEDNN),)
CPPFLAGS  += -DHAVE_ONEDNN
LDLIBS    += -ldnnl
endif

# --- sources, a room each -------------------------------------------------------------------------------------------
common_sources    := $(addprefix common/,status.c random.c narrow.c problem.c mlp_model.c floating.c)
reference_sources := $(addprefix reference/,oracle_gemm.c oracle_linear.c linear.c oracle_activation.c oracle_softmax.c oracle_elementwise.c \
                     naive_gemm.c gemm_2_ordered.c gemm_3_blocked.c naive_activation.c naive_softmax.c \
                     naive_elementwise.c openblas.c blis.c onednn.c \
                     cpu.c parallel.c peak.c simd_dispatch.c \
                     bounded_product.c bounded_functions.c bounded_training.c oracle_mlp.c)
# Compiled once an instruction set, see reference/simd.h.
simd_sources      := $(addprefix reference/,simd_level.c simd_activation.c simd_softmax.c simd_loss.c simd_optimizer.c \
                     simd_column_sums.c simd_transfer.c simd_gemm.c simd_peak.c simd_bounded_tile.c)
gpu_sources       := $(addprefix gpu/,counters.c cublas.c driver.c gpu.c graph.c launch.c library.c memory.c nvml.c nvtx.c)
kernels_sources   := $(addprefix kernels/,activation.c column_sums.c gemm.c gemm_choice.c gemm_cublas.c gemm_tensor.c geometry.c images.c linear.c loss.c \
                     optimizer.c softmax.c transfer.c)
operation_sources := $(addprefix bench/operations/,gemm.c linear.c activation.c softmax.c cross_entropy.c mse.c \
                     column_sums.c optimizer.c transfer.c mlp.c yardstick.c)
bench_sources     := $(addprefix bench/,operation.c presets.c selection.c buffers.c verify.c suite.c statistics.c \
                     measure.c prediction.c ceilings.c ceilings_gpu.c contest.c contest_rows.c device_cpu.c device_gpu.c devices.c tuning.c trial.c tune.c \
                     csv.c results.c results_json.c environment.c build_info.c folder.c progress.c table.c crossover.c run.c mlp.c mlp_graph.c \
                     ranks.c ratio.c verdict.c powercap.c energy.c environment_gpu.c \
                     report.c report_data.c report_series.c report_script.c report_rates.c report_curves.c \
                     report_dots.c report_parts.c report_training.c report_roofline.c report_speedup.c report_work.c report_ladder.c report_gnuplot.c report_plots.c \
                     page.c page_html.c page_about.c page_plots.c page_matrix.c page_tables.c \
                     dataset.c weights.c train.c train_memory.c train_csv.c train_progress.c command_train.c train_setup.c \
                     command.c run_arguments.c command_run.c sampler.c command_sample.c child.c ab_match.c ab.c ab_print.c \
                     command_ab.c command_list.c command_verify.c command_tune.c command_info.c command_report.c)
sources := $(common_sources) $(reference_sources) $(gpu_sources) $(kernels_sources) $(operation_sources) $(bench_sources)
# Runs side by side, and over time.
sources += $(addprefix bench/,run_files.c compare.c compare_steadiness.c compare_counters.c compare_environment.c \
           compare_print.c compare_data.c command_compare.c \
           history.c history_record.c history_read.c history_print.c steps.c command_history.c)

# One program a subject; the support is linked into each.
tests        := test_oracle test_oracle_catches test_gemm test_activation test_softmax test_loss test_elementwise \
                test_cpu test_streams test_mlp test_bounded test_oracle_mlp test_dataset test_train test_command_train \
                test_statistics test_verdict test_random test_csv test_operation test_selection test_results test_folder \
                test_buffers test_cuda_api test_gpu test_cublas test_nvml test_nvtx test_kernels_launch \
                test_kernels_gemm test_kernels_rows test_kernels_elementwise test_kernels_linear test_kernels_tensor test_profile test_verify \
                test_suite test_ceilings test_readme_table test_measure test_prediction test_command test_report test_report_ladder test_mlp_graph test_dtypes \
                test_training_agrees test_contest test_crossover test_kernels_counted \
                test_kernels_bits test_energy test_ab test_sampler test_program_gpu test_tune
test_support := tests/support.c tests/staging.c tests/temporary.c tests/calling.c tests/broken_kernels.c tests/networks.c

# Instruction sets of the vectorised kernels, with their compiler flags. 512-bit vectors are asked for because gcc's
# default of 256 bits costs a factor of about two on transcendental loops.
simd_levels   := baseline avx2 avx512
simd_baseline :=
simd_avx2     := -mavx2 -mfma
simd_avx512   := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512
# gcc leaves formulas that stand side by side one behind the other unless it may schedule before it has given out
# registers, which is worth 10 to 15% in the transcendental loops; clang does so anyway and knows no such option.
simd_avx512   += $(shell $(CC) -Werror -fschedule-insns -fsched-pressure -E -x c /dev/null >/dev/null 2>&1 && \
                   echo -fschedule-insns -fsched-pressure)

tests += test_table test_compare test_history test_steps test_page test_command_compare

objects := $(sources:%.c=$(BUILD)/%.o) $(BUILD)/reports/templates.o \
           $(foreach level,$(simd_levels),$(simd_sources:%.c=$(BUILD)/%.$(level).o))

# --- building ---------------------------------------------------------------------------------------------------------
# What is built is built by a make of its own: it looks at the machine after `deps` has changed it, and it uses all cores
# while `make deps test` itself keeps to its order.
ifeq ($(MAKELEVEL),0)
.NOTPARALLEL:
endif
jobs       ?= $(shell nproc)
# Looked up when a recipe runs: only then does make tell whether it was called with -j.
build_with  = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(jobs))

.PHONY: all programs
all: ## build everything
	+@$(build_with) programs
programs: $(BUILD)/lockstep $(BUILD)/emulator/libcuda.so.1

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

define simd_rule
$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(CPPFLAGS) $$(CFLAGS) $$(simd_$(1)) -DSIMD_LEVEL=$(1) -MMD -MP -c $$< -o $$@
endef
$(foreach level,$(simd_levels),$(eval $(call simd_rule,$(level))))

include kernels/kernels.mk
include emulator/emulator.mk

# What was built, for `lockstep info`: compiled anew when commit or flags change.
# Sources without a repository have no commit; what git has to say of a repository is shown.
commit      := $(or $(if $(wildcard .git),$(shell git describe --always --dirty --abbrev=12)),unknown)
build_stamp := $(BUILD)/stamp-$(shell printf '%s' '$(commit) $(CC) $(CFLAGS)' | cksum | cut -d' ' -f1)
$(build_stamp):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/stamp-* && touch $@
$(BUILD)/bench/build_info.o: $(build_stamp)
$(BUILD)/bench/build_info.o: CPPFLAGS += -DLOCKSTEP_COMMIT='"$(commit)"' -DLOCKSTEP_FLAGS='"$(strip $(CFLAGS))"'

# --- using ------------------------------------------------------------------------------------------------------------
.PHONY: deps bench bench-yardsticks regress profile install
deps: ## install what is needed (Debian, Ubuntu); PEERS=1 peer libraries too, CHECK=1 linters too
	@scripts/deps

bench: all ## time and verify everything, draw the plots; QUICK=1 takes under a minute
	$(BUILD)/lockstep run $(if $(QUICK),--quick) $(ARGUMENTS)

bench-yardsticks: all ## the ratios of docs/method.md: kernels beside copies and bare library calls
	$(BUILD)/lockstep run --preset yardsticks --yardsticks $(ARGUMENTS)

regress: all ## BASE=revision: whether this build is slower than that one, the two run in turn; ARGUMENTS for `lockstep ab`
	+@scripts/regress $(BUILD) '$(BASE)' $(ARGUMENTS)

profile: all ## CASE=… IMPLEMENTATION=… in Nsight Systems and Nsight Compute, see docs/profiling.md
	@scripts/profile '$(CASE)' '$(IMPLEMENTATION)' $(BUILD)/lockstep

prefix ?= /usr/local
install: all ## install the program below prefix (/usr/local)
	install -D $(BUILD)/lockstep $(DESTDIR)$(prefix)/bin/lockstep
	install -D -m 644 $(BUILD)/emulator/libcuda.so.1 $(DESTDIR)$(prefix)/lib/lockstep/libcuda.so.1

include tests/stand_in/stand_in.mk

# --- checking ---------------------------------------------------------------------------------------------------------
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(test_support:%.c=$(BUILD)/%.o) $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@

# Behind the includes: the emulator's lists must be there when the rule is read.
emulator_tests := $(CORE_TESTS) $(ARITHMETIC_TESTS) $(EMULATOR_TESTS) $(EMULATOR_PROGRAM_TESTS)
.PHONY: test-programs test test-every-float check lint tidy format
test-programs: programs $(tests:%=$(BUILD)/tests/%) $(emulator_tests)

test: ## run the tests
	+@$(build_with) test-programs
	scripts/test $(BUILD) $(tests) $(notdir $(emulator_tests))

# 77: made by another compiler than the recorded counts. A skip, said aloud, unless CI asks for the gate with REQUIRE=1.
.PHONY: counters-gate counters-baseline ladder readme-table
counters-gate: all ## fail when a kernel's counts are not those of reports/baseline; REQUIRE=1 never skips
	@scripts/counters-gate $(BUILD) || { status=$$?; [ $$status -eq 77 ] && [ -z "$(REQUIRE)" ]; }

ladder: all ## count the GEMM ladder at 1024x1024x1024 and write the table of docs/ladder.md
	@scripts/ladder $(BUILD)

readme-table: ## RUN=FOLDER: write the table of results in README.md from a run's files
	@scripts/readme-table $(or $(RUN),reports/latest)/results.csv README.md

counters-baseline: all ## show how the kernels' counts differ from reports/baseline, and record them
	@scripts/counters-gate $(BUILD) update

# One program under three names: the number says by how many percent cross-entropy waits, see tests/slowed.c.
slowed := $(addprefix $(BUILD)/tests/lockstep-slowed-,0 5 10)
$(BUILD)/tests/lockstep-slowed: $(BUILD)/bench/main.o $(BUILD)/tests/slowed.o $(BUILD)/liblockstep.a
	$(CC) $(LDFLAGS) -Wl,--wrap=cross_entropy_simd $^ $(LDLIBS) -o $@
$(slowed): $(BUILD)/tests/lockstep-slowed
	ln -sf $(<F) $@

COMPARISONS ?= 4
VERDICTS    ?= $(BUILD)/verdicts
.PHONY: test-verdicts
test-verdicts: programs $(slowed) ## whether verdicts are right, with a build that was slowed; COMPARISONS=200 for the figures of docs/method.md
	scripts/verdicts $(BUILD) $(VERDICTS) $(COMPARISONS)
test-every-float: $(BUILD)/tests/every_float ## the vectorised functions on all 2^32 inputs: some hours; STRIDE=61 every 61st
	$(BUILD)/tests/every_float $(STRIDE)

# -O3 under UBSan takes minutes a file; machine code for GPUs is none of the sanitizers' business.
check: lint tidy ## lint, clang-tidy, and the tests under AddressSanitizer and UBSan
	$(MAKE) test BUILD=build-sanitize CC=gcc WERROR=-Werror ARCHITECTURES= EMULATOR_OPTIMISE=-O1 \
	    OPTIMISE="-O1 -fno-omit-frame-pointer" SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined"

tracked_c = $(shell git ls-files '*.c' '*.h' '*.cu' '*.cuh')
# What is built for the warnings of the host's compilers alone.
for_warnings := test-programs WERROR=-Werror OPTIMISE=-O1 EMULATOR_OPTIMISE=-O1 NVCC= KERNEL_CLANG=
lint: ## formatting, shell scripts, and both compilers with warnings as errors
	clang-format --dry-run --Werror $(tracked_c)
	shellcheck $(shell git grep -lE '^#!/bin/(ba)?sh')
	+$(build_with) $(for_warnings) BUILD=build-gcc CC=gcc
	+$(build_with) $(for_warnings) BUILD=build-clang CC=clang

# A file that was found clean is looked at again when it, a header of its, the checks or the flags have changed.
tidy_flags = $(CPPFLAGS) -Iemulator -I$(kernel_build) -I$(EMULATOR_API_DIRECTORY) $(call isystem,$(TOOLKIT_INCLUDE)) $(simd_avx2) \
             -DSIMD_LEVEL=avx2 -DLOCKSTEP_COMMIT='""' -DLOCKSTEP_FLAGS='""' -DSTAND_IN_FOLDER='""' -DPROGRAM_PTX='""' \
             -std=c11 -fopenmp
tidy_made  = $(kernel_build)/kernels_built.h $(kernel_build)/kernels_list.h $(addprefix $(EMULATOR_API_DIRECTORY)/emulator_api_,list.inc functions.inc)
tidy_clean = $(patsubst %.c,$(BUILD)/tidy/%.clean,$(filter %.c,$(tracked_c)))
tidy: ## clang-tidy over every C file
	+@$(build_with) --keep-going --output-sync tidy-files
.PHONY: tidy-files
ifneq ($(filter tidy-files,$(MAKECMDGOALS)),)
tidy-files: $(tidy_clean)
tidy_stamp := $(BUILD)/tidy/stamp-$(shell printf '%s' '$(tidy_flags)' | cksum | cut -d' ' -f1)
$(tidy_stamp):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/tidy/stamp-* && touch $@
# One file a call: given several, its va_list checker reports what is not there.
$(tidy_clean): $(BUILD)/tidy/%.clean: %.c $(wildcard .clang-tidy */.clang-tidy) $(tidy_stamp) | $(tidy_made)
	@mkdir -p $(@D)
	@clang $(tidy_flags) -MM -MP -MT $@ -MF $(@:.clean=.d) $<
	@echo "clang-tidy $<"
	@clang-tidy --quiet $< -- $(tidy_flags) >$(@:.clean=.log) 2>&1 || { cat $(@:.clean=.log); exit 1; }
	@touch $@
endif

format: ## format every source file
	clang-format -i $(tracked_c)

.PHONY: help clean
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

clean: ## remove what was built
	rm -rf build build-*

# Another revision's build may lie in base, see scripts/regress.
-include $(shell find $(BUILD) -path $(BUILD)/base -prune -o -name '*.d' -print 2>/dev/null)
