"""The formula of predicted times (docs/model.md), published rows as it takes them, and the fit of its constants, for scripts/fit-model.
bench/model/predict.c has the formula a second time.
"""
import collections
import csv
import io
import math
import os
import re

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONSTANTS = ["issue", "request", "line", "wavefront", "l2", "dram", "start", "latency", "load", "barrier", "instruction", "launch"]
BEGIN = [1.1, 0.5, 0.9, 0.9, 1.0, 1.1, 300.0, 500.0, 50.0, 450.0, 1.5, 2.5]
EXPONENT = 2.7
# How strongly constants are held to where they begin, and those of a family to those of all GPUs; as rows count, see `weigh`.
HELD_BEGIN, HELD_FAMILY = 0.3, 0.3
SETS = ["gemm", "streaming", "softmax", "reduction", "transpose", "layernorm"]
# Hardware, and not fitted: bandwidth that is left by error correction in the data's own memory; how long a store keeps a slice
# of the L2 busy, in loads; the power of the path to memory, in that of multiply-adds.
ECC_SHARE, STORE_WEIGHT, PATH_POWER = 8 / 9, 2, 0.5
GPU_FIELDS = ("title multiprocessors clock issue fma alu lsu shared cache tensor memory family warps l1 l2 l2_bytes sustained "
              "capacity watts ecc").split()


def path_of(name):
    return os.path.join(HERE, name)


def read(name):
    with open(path_of(name), encoding="utf-8") as file:
        return file.read()


def gpus():
    found = {}
    for match in re.finditer(r"^GPU\((.*)\)$", read("bench/model/gpus.def"), re.M):
        values = [value.strip().strip('"') for value in match[1].split(",")]
        gpu = dict(zip(GPU_FIELDS, values[1:]))
        found[values[0]] = {k: v if k in ("title", "family") else float(v) for k, v in gpu.items()}
    return found


def counts():
    """Of each kernel, its rows by length: the counts of one block."""
    found = collections.defaultdict(list)
    for row in csv.DictReader(io.StringIO(read("docs/data/model-counts.csv"))):
        found[row["kernel"]].append({k: v if k == "kernel" else float(v) for k, v in row.items()})
    return found


PLAIN = ("kernel", "length", "threads", "occupancy", "warps")


def block_counts(rows, length):
    """Counts grow with the length of the loop, from two lengths that were counted."""
    if len(rows) == 1:
        return dict(rows[0])
    low, high = rows
    part = (length - low["length"]) / (high["length"] - low["length"])
    return {k: high[k] if k in PLAIN else max(0.0, low[k] + part * (high[k] - low[k])) for k in low}


BYTES = {"elementwise<1>": 8, "elementwise<2>": 12, "words<0 double>": 8, "words<1 double>": 16, "words<2 double>": 24,
         "words<2 float>": 12, "stencil<1>": 16, "stencil<2>": 16, "reduce_pairs<float>": 4, "reduce_pairs<double>": 8}


def launch_of(row, table):
    """Counts of a block, blocks, the bytes touched, the flops, and the least bytes of a published row."""
    kernel, a, b, c = row["kernel"], int(row["a"]), int(row["b"] or 0), int(row["c"] or 0)
    if row["set"] == "gemm":
        sizes = [int(size) for size in re.findall(r"\d+", kernel.split("<")[1])]
        wide = sizes[0] if kernel.startswith(("product_naive", "product_tiled")) else sizes[1]
        touched = 4.0 * (a * c + c * b + a * b)
        return block_counts(table[kernel], c), math.ceil(a / sizes[0]) * math.ceil(b / wide), touched, 2.0 * a * b * c
    block = block_counts(table[kernel], b)
    threads = float(row["threads"])
    if row["set"] in ("softmax", "layernorm"):
        block["threads"], block["warps"] = threads, threads / 32
        return block, a // 4 if kernel == "softmax_warp" else a, 8.0 * a * b, 0.0
    if row["set"] == "transpose":
        words = 4 if "four" in kernel else 2 if "two" in kernel else 1
        return block, a * b // int(block["threads"] * words), 8.0 * a * b, 0.0
    scale = threads / block["threads"]
    block.update({k: v * scale for k, v in block.items() if k not in PLAIN or k == "warps"})
    block["threads"] = threads
    each = threads * (4 if kernel.startswith("elementwise") else 2 if kernel.startswith("reduce") else 1)
    return block, math.ceil(a / each), float(BYTES[kernel] * a), 0.0


def gone(size, cache):
    """The part of what is read again that a cache no longer has."""
    ratio = (size / cache) ** 4
    return ratio / (1 + ratio)


MATRIX_FLOPS = 4096  # of a matrix instruction, as the limits have it
COUNTED_WARPS = 64  # of the A100, on which docs/data/model-counts.csv was counted


def traffic(gpu, block, blocks, touched, resident):
    """Bytes that the L2 and DRAM move; stores count by their weight in the L2."""
    loads, stores = 32 * blocks * block["global_load_sectors"], 32 * blocks * block["global_store_sectors"]
    first = min(loads, max(touched - stores, touched / 2))
    shared = max(0.0, blocks * block["block_bytes_touched"] - touched)
    kept = resident * touched / blocks
    lost = gone(kept, 512 * gpu["l1"])
    l2 = 2 ** 20 * gpu["l2"]
    return (STORE_WEIGHT * stores + first + (loads - first) * lost,
            touched * gone(touched, l2) + max(0.0, loads - first - shared) * lost * gone(kept * gpu["multiprocessors"], l2))


def matrix_flops(block):
    fixed = block.get("tensor_warp_instructions", 0) - block.get("wgmma_warp_instructions", 0)
    return MATRIX_FLOPS * fixed + 2 * (block.get("wgmma_multiply_adds", 0) + block.get("tcgen05_multiply_adds", 0))


def demand(gpu, block, blocks, touched, resident=None):
    """What the formula multiplies constants with: clocks and bytes of the fullest multiprocessor, and of one warp."""
    most = math.ceil(blocks / gpu["multiprocessors"])
    if not resident:
        resident = int(min(block["occupancy"] * COUNTED_WARPS, gpu["warps"]) * 32 / block["threads"] + 1e-6)
        resident = max(1, min(resident, 32 if gpu["warps"] > 48 else 16))
    resident = min(resident, most)
    requests = block["global_load_requests"] + block["global_store_requests"]
    sectors = block["global_load_sectors"] + block["global_store_sectors"]
    side_by_side = 4 * (requests + block["global_requests_64"] + 3 * block["global_requests_128"])
    bulk = (block.get("bulk_load_bytes", 0) + block.get("bulk_store_bytes", 0)) / 32
    lines = max(requests, sectors / 4) + 0.75 * max(0.0, sectors - bulk - side_by_side)
    shared = block["shared_load_requests"] + block["shared_store_requests"]
    l2_bytes, dram_bytes = traffic(gpu, block, blocks, touched, resident)
    bandwidth = 1e3 * gpu["memory"] * (ECC_SHARE if gpu["ecc"] else 1)
    return {
        "gpu": gpu,
        "issue": most * block["machine_instructions"] / gpu["issue"],
        "fma": most * block["fma_warp_instructions"] / gpu["fma"],
        "tensor": most * matrix_flops(block) / gpu["tensor"],
        "request": most * (requests + shared) * 32 / gpu["lsu"],
        "line": most * lines * 128 / gpu["cache"],
        "wavefront": most * block["shared_wavefronts"] * 128 / gpu["shared"],
        "l2": l2_bytes / gpu["l2_bytes"],
        "dram": dram_bytes / bandwidth,
        "rounds": most / resident,
        "load": block["global_load_requests"] / block["warps"],
        "barrier": min(block["barriers"], block["global_load_requests"]) / block["warps"],
        "instruction": block["machine_instructions"] / block["warps"],
    }


def terms(need, constants):
    """Clocks of the terms that know no memory, and microseconds of DRAM."""
    issue, request, line, wavefront, l2, dram, start, latency, load, barrier, instruction, _ = constants
    path = request * need["request"] + line * need["line"] + wavefront * need["wavefront"]
    chain = start + (latency if need["load"] else 0) + load * need["load"] + barrier * need["barrier"]
    return [issue * need["issue"], issue * need["fma"], issue * need["tensor"], path, l2 * need["l2"],
            need["rounds"] * (chain + instruction * need["instruction"])], dram * need["dram"]


def predict(need, constants, exponent):
    """Milliseconds."""
    clocks, memory = terms(need, constants)
    work = sum(term ** exponent for term in clocks)
    boost, sustained = need["gpu"]["clock"], need["gpu"]["sustained"]
    whole = (work + (memory * boost) ** exponent) ** (1 / exponent)
    busy = min(1.0, max(*clocks[:3], PATH_POWER * clocks[3]) / whole)
    clock = min(boost, sustained / busy ** (1 / 3))
    whole = (work + (memory * clock) ** exponent) ** (1 / exponent)
    return (constants[-1] + whole / clock) / 1e3


def memory_limits(need, constants):
    clocks, memory = terms(need, constants)
    return memory * need["gpu"]["clock"] >= max(clocks)


def load_rows():
    known, table = gpus(), counts()
    rows = list(csv.DictReader(io.StringIO(read("docs/data/model-times.csv"))))
    for row in rows:
        gpu = known[row["gpu"]]
        block, blocks, touched, flops = launch_of(row, table)
        row["launch"] = block, blocks, touched, int(row["resident"] or 0)
        row["need"] = demand(gpu, block, blocks, touched, row["launch"][3])
        row["ms"], row["family"], row["chip"] = float(row["ms"]), gpu["family"], row["gpu"].split("-")[0]
        peak = gpu["multiprocessors"] * gpu["clock"] * 1e6 * gpu["fma"] * 64
        row["roofline"] = 1e3 * max(flops / peak, touched / (1e9 * gpu["memory"]))
    return known, rows


def weigh(rows):
    """Rows of one set and GPU count as the root of their number."""
    number = collections.Counter((row["set"], row["gpu"]) for row in rows)
    return [(row["need"], row["ms"], 1 / math.sqrt(number[row["set"], row["gpu"]])) for row in rows]


def solve(matrix, right):
    """Gauss, with pivots."""
    count = len(right)
    rows = [row[:] + [value] for row, value in zip(matrix, right)]
    for i in range(count):
        pivot = max(range(i, count), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, count):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [x - factor * y for x, y in zip(rows[k], rows[i])]
    found = [0.0] * count
    for i in reversed(range(count)):
        found[i] = (rows[i][count] - sum(rows[i][k] * found[k] for k in range(i + 1, count))) / rows[i][i]
    return found


WIDE = 0.15  # residuals beyond that count by their size, not by its square


def fit(rows, begin, held, exponent=None, near=None):
    """Levenberg and Marquardt, on logarithms of times and constants. Without an exponent the last of `begin` is that, and is fitted too.
    `near` are constants that a similar fit found, which only save steps."""
    def residuals(logs):
        values = [math.exp(x) for x in logs]
        constants, power = (values, exponent) if exponent else (values[:-1], values[-1])
        return [math.log(predict(need, constants, power) / ms) for need, ms, _ in rows]

    def cost(found, logs):
        spread = sum(2 * WIDE ** 2 * w * (math.sqrt(1 + (x / WIDE) ** 2) - 1) for x, (_, _, w) in zip(found, rows))
        return spread + held * sum((x - y) ** 2 for x, y in zip(logs, origin))

    origin = [math.log(x) for x in begin]
    logs, damping = [math.log(x) for x in near or begin], 1e-2
    found = residuals(logs)
    least = cost(found, logs)
    for _ in range(40):
        slopes = []
        for i in range(len(logs)):
            moved = logs[:]
            moved[i] += 1e-4
            slopes.append([(x - y) * 1e4 for x, y in zip(residuals(moved), found)])
        weights = [w / math.sqrt(1 + (x / WIDE) ** 2) for x, (_, _, w) in zip(found, rows)]
        matrix = [[sum(x * y * w for x, y, w in zip(a, b, weights)) for b in slopes] for a in slopes]
        right = [held * (o - x) - sum(s * r * w for s, r, w in zip(slope, found, weights))
                 for slope, x, o in zip(slopes, logs, origin)]
        better = False
        for _ in range(6):
            damped = [[value + (held + damping * (value + 1e-6) if i == k else 0) for k, value in enumerate(row)]
                      for i, row in enumerate(matrix)]
            tried = [x + max(-0.7, min(0.7, step)) for x, step in zip(logs, solve(damped, right))]
            new = residuals(tried)
            if cost(new, tried) < least:
                better = True
                break
            damping *= 5
        if not better:
            break
        gained = least - cost(new, tried)
        logs, found, least, damping = tried, new, least - gained, max(1e-6, damping / 4)
        if gained < 1e-5 * least:
            break
    return [math.exp(x) for x in logs]


def fit_all(rows, near=None):
    """Constants of all GPUs together, and the exponent; `near` are those of a similar fit."""
    *constants, exponent = fit(weigh(rows), BEGIN + [EXPONENT], HELD_BEGIN, near=near and [*near[0], near[1]])
    return constants, exponent


def fit_family(rows, family, common, near=None):
    """Constants of a family, held to those of all GPUs, whose exponent it takes."""
    constants, exponent = common
    own = weigh([row for row in rows if row["family"] == family])
    return fit(own, constants, HELD_FAMILY, exponent, near) if own else constants
