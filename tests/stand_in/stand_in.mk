# Builds the stand-ins that the tests of the GPU side load. Included by the Makefile.

# --- stand-ins for NVIDIA's libraries, see tests/stand_in/stand_in.h -------------------------------------------------
stand_in      := $(BUILD)/tests/stand_in
stand_ins     := $(stand_in)/libcuda.so.1 $(stand_in)/old/libcuda.so.1 $(stand_in)/libcublas.so.13 \
                 $(stand_in)/libnvidia-ml.so.1 $(stand_in)/old/libnvidia-ml.so.1 $(if $(NVTX_INCLUDE),$(stand_in)/libnvtx-injection.so)
$(stand_in)/libcuda.so.1: stand_in_source := cuda kernels
$(stand_in)/old/libcuda.so.1: stand_in_source := cuda kernels
$(stand_in)/old/libcuda.so.1: CPPFLAGS += -DSTAND_IN_OLD
$(stand_in)/libcublas.so.13: stand_in_source := cublas
$(stand_in)/libcublas.so.13: LDLIBS := -lopenblas -lm
$(stand_in)/libnvidia-ml.so.1: stand_in_source := nvml
$(stand_in)/old/libnvidia-ml.so.1: stand_in_source := nvml
$(stand_in)/old/libnvidia-ml.so.1: CPPFLAGS += -DSTAND_IN_OLD
$(stand_in)/libnvtx-injection.so: stand_in_source := nvtx
$(stand_in)/libnvtx-injection.so: CPPFLAGS += $(call isystem,$(NVTX_INCLUDE))

$(stand_ins): $(wildcard tests/stand_in/*.[ch]) gpu/cuda_api.h gpu/cublas_api.h gpu/nvml_api.h kernels/arguments.h
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared $(stand_in_source:%=tests/stand_in/%.c) tests/stand_in/record.c $(LDLIBS) -o $@

$(BUILD)/tests/%.o: CPPFLAGS += -DSTAND_IN_FOLDER='"$(stand_in)"'
$(tests:%=$(BUILD)/tests/%): | $(stand_ins)
