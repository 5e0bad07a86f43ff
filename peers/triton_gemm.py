"""A matrix product in Triton on the GPU: a row `triton`, with the tiles of Triton's own tutorial.

    lockstep run gemm --gpu 0 --add 'python3 peers/triton_gemm.py'

It computes in memory of its own on the GPU, and its clock counts that alone. Without a GPU,
TRITON_INTERPRET=1 runs the kernel on the CPU as a row `triton` there: right or wrong, never fast.
"""

import os

import torch
import triton
import triton.language as tl
from lockstep_peer import Unsupported, peer, serve

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
DEVICE = "cpu" if INTERPRETED else "cuda"
TILE_M, TILE_N, TILE_K = (32, 32, 32) if INTERPRETED else (128, 128, 32)
FORMATS = {"f32": torch.float32, "tf32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


@triton.jit
def product(a, b, c, m, n, k, a_row, a_column, b_row, b_column, c_row, alpha, beta,
            TILE_M: tl.constexpr, TILE_N: tl.constexpr, TILE_K: tl.constexpr, TF32: tl.constexpr):
    rows = tl.program_id(0) * TILE_M + tl.arange(0, TILE_M)
    columns = tl.program_id(1) * TILE_N + tl.arange(0, TILE_N)
    inner = tl.arange(0, TILE_K)
    sums = tl.zeros((TILE_M, TILE_N), dtype=tl.float32)
    for start in range(0, k, TILE_K):
        left = (rows[:, None] < m) & (start + inner[None, :] < k)
        right = (start + inner[:, None] < k) & (columns[None, :] < n)
        x = tl.load(a + rows[:, None] * a_row + (start + inner[None, :]) * a_column, mask=left, other=0.0)
        y = tl.load(b + (start + inner[:, None]) * b_row + columns[None, :] * b_column, mask=right, other=0.0)
        sums = tl.dot(x, y, sums, input_precision="tf32" if TF32 else "ieee")
    place = c + rows[:, None] * c_row + columns[None, :]
    inside = (rows[:, None] < m) & (columns[None, :] < n)
    result = alpha * sums
    if beta != 0.0:
        result += beta * tl.load(place, mask=inside, other=0.0)
    tl.store(place, result, mask=inside)


def on_device(case, name):
    values = torch.from_numpy(case[name])
    if case.dtype == "bf16" and name != "c":
        values = values.view(torch.bfloat16)
    return values.to(DEVICE)


def finish():
    if not INTERPRETED:
        torch.cuda.synchronize()


@peer("gemm", name="triton", summary="Triton's tutorial", dtypes=list(FORMATS), device="cpu" if INTERPRETED else "gpu",
      one_thread=True, finish=finish)
def gemm(case):
    if case.parameters["alpha"] == 0:
        raise Unsupported("reads its inputs where alpha is 0")
    size = [case.parameters[name] for name in "mnk"]
    grid = (triton.cdiv(size[0], TILE_M), triton.cdiv(size[1], TILE_N))
    held = {}

    def take_over():
        held.update({name: on_device(case, name) for name in "abc"})

    def iteration(number):
        if not case.timed:  # lockstep has written the tensors anew
            take_over()
        a, b, c = held["a"], held["b"], held["c"]
        a_strides = a.stride() if case.variant != "tn" else a.stride()[::-1]
        b_strides = b.stride() if case.variant != "nt" else b.stride()[::-1]
        product[grid](a, b, c, *size, *a_strides, *b_strides, c.stride(0), case.parameters["alpha"],
                      case.parameters["beta"], TILE_M, TILE_N, TILE_K, case.dtype == "tf32")
        return None if case.timed else {"c": c.cpu().numpy()}

    return iteration


serve(patience_seconds=120)
