"""A row of one's own in a process: softmax as three lines of numpy.

    build/lockstep verify softmax --add 'python3 examples/numpy_softmax.py'
"""

import numpy as np
from lockstep_peer import peer, serve


@peer("softmax", variants=["forward", "log_forward"], summary="three passes of numpy", one_thread=True)
def numpy_softmax(case):
    x, y = case["x"], case["y"]

    def forward(number):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, y.sum(axis=1, keepdims=True), out=y)

    def log_forward(number):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.subtract(y, np.log(np.exp(y).sum(axis=1, keepdims=True)), out=y)

    return forward if case.variant == "forward" else log_forward


serve()
