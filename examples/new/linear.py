"""A dense layer of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify linear --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("linear")
def mine(case):
    x, weights, bias, y = case["x"], case["weights"], case["bias"], case["y"]

    def iteration(number):
        np.matmul(x, weights.T, out=y)
        np.add(y, bias, out=y)
        if case.variant == "bias_relu":
            np.maximum(y, 0, out=y)

    return iteration


serve()
