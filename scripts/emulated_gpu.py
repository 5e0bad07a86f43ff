"""The emulated GPU for scripts: its driver API by ctypes, and the counters of a launch."""
import ctypes
import os
import re

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HEADER = os.path.join(HERE, "emulator/driver/lockstep_emulator.h")
LIBRARY = os.path.join(HERE, "build/emulator/libcuda.so.1")
MAX_DYNAMIC_SHARED = 8  # CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES


def row_type():
    """struct lockstep_emulator_counters, as its header declares it."""
    text = open(HEADER, encoding="utf-8").read()
    begin = text.index("uint64_t launches;")
    body = re.sub(r"/\*.*?\*/", "", text[begin:text.index("};", begin)], flags=re.S)
    fields = [("size", ctypes.c_size_t), ("kernel", ctypes.c_char * 256), ("grid", ctypes.c_uint32 * 3),
              ("block", ctypes.c_uint32 * 3), ("dynamic_shared", ctypes.c_uint64)]
    kinds = {"uint64_t": ctypes.c_uint64, "double": ctypes.c_double}
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        kind, names = declaration.split(None, 1)
        fields += [(name.strip(), kinds[kind]) for name in names.split(",")]
    return type("Row", (ctypes.Structure,), {"_fields_": fields})


class Gpu:
    def __init__(self, library=LIBRARY, configuration="device=a100"):
        os.environ["LOCKSTEP_EMULATOR"] = "check=none;memory=8G;budget=0;" + configuration
        self.cuda = ctypes.CDLL(library)
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDeviceGet", ctypes.byref(device), 0)
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)

    def call(self, name, *arguments):
        status = getattr(self.cuda, name)(*arguments)
        if status != 0:
            raise RuntimeError(f"{name} returned CUDA error {status}")

    def allocate(self, elements):
        memory = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(4 * elements))
        self.call("cuMemsetD32_v2", memory, ctypes.c_uint(0x3F000000), ctypes.c_size_t(elements))
        return memory

    def launch(self, ptx, entry, grid, block, shared, values):
        """Counters of one launch; `values` are the kernel's arguments as ctypes have them."""
        module, function = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cuModuleLoadData", ctypes.byref(module), ptx.encode() + b"\0")
        self.call("cuModuleGetFunction", ctypes.byref(function), module, entry.encode())
        if shared > 48 << 10:
            self.call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, ctypes.c_int(shared))
        pointers = (ctypes.c_void_p * len(values))(*[ctypes.cast(ctypes.byref(v), ctypes.c_void_p) for v in values])
        shape = [ctypes.c_uint(n) for n in (*grid, 1, 1)[:3] + (*block, 1, 1)[:3]]
        self.cuda.lockstepEmulatorCountersReset()
        self.call("cuLaunchKernel", function, *shape, ctypes.c_uint(shared), None, pointers, None)
        self.call("cuCtxSynchronize")
        row = row_type()()
        row.size = ctypes.sizeof(row)
        self.call("lockstepEmulatorCountersRead", ctypes.c_size_t(0), ctypes.byref(row))
        for value in values:
            if isinstance(value, ctypes.c_uint64):
                self.call("cuMemFree_v2", value)
        self.call("cuModuleUnload", module)
        return {name: getattr(row, name) for name, kind in row._fields_ if kind in (ctypes.c_uint64, ctypes.c_double)}
