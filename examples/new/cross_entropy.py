"""Softmax with cross-entropy of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify cross_entropy --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("cross_entropy", one_thread=True)
def mine(case):
    logits, labels = case["logits"], case["labels"].reshape(-1)
    rows = np.arange(logits.shape[0])

    def iteration(number):
        shifted = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        total = exponentials.sum(axis=1, keepdims=True)
        if "loss" in case:
            case["loss"][...] = np.log(total) - shifted[rows, labels, None]
        if "dlogits" in case:
            gradient = exponentials / total
            gradient[rows, labels] -= 1
            case["dlogits"][...] = gradient / np.float32(len(rows))

    return iteration


serve()
