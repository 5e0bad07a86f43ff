"""Makes rows of lockstep out of Python functions.

    from lockstep_peer import peer, serve

    @peer("softmax", variants=["forward"])
    def mine(case):                      # called once for each case: makes ready
        x, y = case["x"], case["y"]      # numpy arrays, as lockstep filled them

        def iteration(number):           # what is verified and timed
            np.exp(x - x.max(axis=1, keepdims=True), out=y)
            np.divide(y, y.sum(axis=1, keepdims=True), out=y)

        return iteration

    serve()

and then `lockstep run softmax --add 'python3 mine.py'`. docs/own-kernel.md says more,
docs/peer-protocol.md what goes over the line. This file needs the standard library alone;
case["x"] needs numpy, case.memory("x") does not.
"""

import ctypes
import gc
import json
import mmap
import os
import sys
import time
import traceback

VERSION = 1
LARGE_BYTES = 16 << 20  # tensors from here on lie in huge pages, as lockstep's own do
HUGE_PAGE = 2 << 20
SHORT_SECONDS = 0.02  # a longer batch is not warmed up for
FORMATS = {"f32": ("f", "float32"), "i32": ("i", "int32"), "f16": ("H", "float16"), "bf16": ("H", "uint16")}

# Standard output is for answers alone. What is printed, here or by a library, is for people.
_answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)


class Unsupported(Exception):
    """Raised by a function that cannot do a case: its row is skipped, with this reason."""


class Case:
    """A case that lockstep has opened: what it is, and its tensors.

    row, name, operation, variant, dtype, threads, sizes and parameters are those of the request.
    timed is False while a result is checked and True while iterations are timed.
    """

    def __init__(self, request):
        self.row = request["row"]
        self.name = request["case"]
        self.operation = request["operation"]
        self.variant = request["variant"]
        self.dtype = request["dtype"]
        self.threads = request["threads"]
        self.sizes = request["sizes"]
        self.parameters = request["parameters"]
        self.timed = False
        self._tensors = {tensor["name"]: tensor for tensor in request["tensors"]}
        self._bytes = request["bytes"]
        file = os.open(request["file"], os.O_RDWR)
        try:
            self._shared = memoryview(mmap.mmap(file, self._bytes))
        finally:
            os.close(file)
        self._own = _memory(self._bytes, request["tensors"])

    def names(self):
        """The names of the tensors."""
        return list(self._tensors)

    def memory(self, name):
        """A tensor's elements, one behind the other, as a memoryview; bf16 and f16 as their bits."""
        tensor = self._tensors[name]
        letter = FORMATS[tensor["element"]][0]
        start = tensor["offset"]
        return self._own[start : start + tensor["elements"] * (4 if letter in "fi" else 2)].cast(letter)

    def __getitem__(self, name):
        """A tensor as a numpy array of its shape, strided where its rows are padded. numpy has no
        bf16: such a tensor is one of uint16, the bits."""
        import numpy

        tensor = self._tensors[name]
        flat = numpy.frombuffer(self.memory(name), dtype=FORMATS[tensor["element"]][1])
        shape = tensor["shape"]
        if len(shape) < 2 or shape[1] == tensor["stride"]:
            return flat.reshape(shape)
        strides = (tensor["stride"] * flat.itemsize, flat.itemsize)
        return numpy.lib.stride_tricks.as_strided(flat, shape, strides)

    def __contains__(self, name):
        return name in self._tensors

    def load(self):
        """Takes over what lockstep has written."""
        self._own[:] = self._shared

    def store(self):
        """Gives lockstep what was computed, guard zones and all."""
        self._shared[:] = self._own


def _memory(size, tensors):
    """Memory of this process in pages like those of lockstep's tensors: shared memory has small ones."""
    memory = mmap.mmap(-1, size + HUGE_PAGE)
    skipped = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % HUGE_PAGE
    for tensor in tensors:
        if 4 * tensor["elements"] >= LARGE_BYTES and hasattr(mmap, "MADV_HUGEPAGE"):
            memory.madvise(mmap.MADV_HUGEPAGE, skipped + tensor["offset"], 4 * tensor["elements"])
    return memoryview(memory)[skipped : skipped + size]


_rows = []


def peer(operation, name=None, variants=None, dtypes=("f32",), summary=None, device="cpu", one_thread=False, finish=None):
    """Makes a row of a function: it takes a Case and returns an iteration, a function of its number.

    An iteration writes its results into the tensors. Where a library gives results in memory of its
    own, it returns them as {name: array}: they are copied while they are checked, not while they
    are timed. It is called once when the case is opened, so that what compiles compiles then.

    name          of the row; without it that of the script
    variants      that it computes; without them all
    finish        called before the clock stops: waits for work that was only begun
    """

    def make(function):
        row = {"operation": operation, "name": name or os.path.splitext(os.path.basename(sys.argv[0]))[0]}
        row["dtypes"] = list(dtypes)
        row["summary"] = summary or function.__name__
        row["device"] = device
        row["one_thread"] = one_thread
        if variants is not None:
            row["variants"] = list(variants)
        _rows.append((row, function, finish))
        return function

    return make


class _Server:
    def __init__(self, set_threads, flush_denormals):
        self.set_threads = set_threads
        self.flush_denormals = flush_denormals
        self.threads = None
        self.cases = {}
        self.seconds = {}  # of the last batch of a launch

    def enter(self, case, timed):
        case.timed = timed
        if self.set_threads and case.threads != self.threads:
            self.set_threads(max(1, case.threads))
            self.threads = case.threads
        if self.flush_denormals:
            self.flush_denormals(timed)

    def once(self, case, iteration, finish, number):
        """One iteration, its results where lockstep looks for them."""
        self.enter(case, False)
        results = iteration(number)
        if finish:
            finish()
        for name, values in (results or {}).items():
            case[name][...] = values

    def open(self, request):
        case = Case(request)
        _, function, finish = _rows[case.row]
        self.enter(case, False)
        case.load()
        iteration = function(case)
        self.once(case, iteration, finish, 0)
        self.cases[request["open"]] = (case, iteration, finish)
        return {"opened": request["open"]}

    def load(self, request):
        self.cases[request["load"]][0].load()
        return {"loaded": request["load"]}

    def run(self, request):
        case, iteration, finish = self.cases[request["run"]]
        self.once(case, iteration, finish, request["iteration"])
        case.store()
        return {"ran": request["run"]}

    def take(self, request):
        first, count = request["first"], request["iterations"]
        launches = [self.cases[request["take"] + i] for i in range(request["launches"])]
        case, iteration, finish = launches[0]
        self.enter(case, True)
        numbers = range(first, first + count)
        if self.seconds.get(request["take"], 0) < SHORT_SECONDS:
            launches[first % len(launches)][1](first)  # caches and clock are as another process left them
            if finish:
                finish()
        if len(launches) > 1:
            steps = [launches[number % len(launches)][1] for number in numbers]
            start = time.perf_counter()
            for step, number in zip(steps, numbers):
                step(number)
        else:
            start = time.perf_counter()
            for number in numbers:
                iteration(number)
        if finish:
            finish()
        seconds = time.perf_counter() - start
        self.seconds[request["take"]] = seconds
        return {"seconds": seconds}

    def close(self, request):
        case, _, _ = self.cases.pop(request["close"])
        self.seconds.pop(request["close"], None)
        large = case._bytes >= LARGE_BYTES
        del case
        if large:
            gc.collect()
        return {"closed": request["close"]}

    def answer(self, request):
        for verb in ("open", "load", "run", "take", "close"):
            if verb in request:
                return getattr(self, verb)(request)
        return {"failed": "this peer knows no such request"}


def _describe(error):
    """What went wrong, and where in the user's own file."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; `{sys.executable} -m pip install {error.name}` installs it"
    return f"{text} ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else text


def serve(patience_seconds=30, set_threads=None, flush_denormals=None):
    """Answers lockstep until it has no more questions. To be called last.

    patience_seconds   how long an answer may take before this process counts as hung
    set_threads        called with the number of threads that the next case may use
    flush_denormals    called with True before what is timed, as lockstep does for its own rows, and
                       with False before what is checked
    """
    server = _Server(set_threads, flush_denormals)

    def say(answer):
        _answers.write(json.dumps(answer) + "\n")
        _answers.flush()

    say({"lockstep_peer": VERSION, "patience_seconds": patience_seconds, "rows": [row for row, _, _ in _rows]})
    gc.disable()  # as timeit does
    shown = set()
    while line := sys.stdin.readline():
        try:
            answer = server.answer(json.loads(line))
        except Unsupported as error:
            answer = {"skipped": str(error)}
        except Exception as error:  # whatever a row's function raises costs that row
            reason = _describe(error)
            if reason not in shown:
                traceback.print_exc()
                shown.add(reason)
            answer = {"failed": reason}
        say(answer)
