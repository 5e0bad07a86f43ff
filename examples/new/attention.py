"""Attention of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify attention --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["q"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("attention")
def mine(case):
    batch, heads, sequence, dimension = case.sizes
    q, k, v, o = (case[name].reshape(batch * heads, sequence, dimension) for name in "qkvo")
    scale = np.float32(case.parameters["scale"])
    unmet = np.triu(np.full((sequence, sequence), case.variant == "causal"), 1)

    def iteration(number):
        scores = np.matmul(q * scale, k.transpose(0, 2, 1))
        scores[:, unmet] = -np.inf
        weights = np.exp(scores - scores.max(axis=2, keepdims=True))
        np.matmul(weights / weights.sum(axis=2, keepdims=True), v, out=o)

    return iteration


serve()
