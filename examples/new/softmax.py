"""Softmax of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify softmax --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("softmax", one_thread=True)
def mine(case):
    x, y = case["x"] if "x" in case else None, case["y"]

    def forward(number):
        np.exp(x - x.max(axis=1, keepdims=True), out=y)
        np.divide(y, y.sum(axis=1, keepdims=True), out=y)

    def log_forward(number):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.subtract(y, np.log(np.exp(y).sum(axis=1, keepdims=True)), out=y)

    def backward(number):  # y is what forward gave
        dy = case["dy"]
        np.multiply(y, dy - (dy * y).sum(axis=1, keepdims=True), out=case["dx"])

    def log_backward(number):
        dy = case["dy"]
        np.subtract(dy, np.exp(y) * dy.sum(axis=1, keepdims=True), out=case["dx"])

    return {"forward": forward, "log_forward": log_forward, "backward": backward, "log_backward": log_backward}[case.variant]


serve()
