"""A matrix product of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify gemm --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("gemm")
def mine(case):
    a, b, c = case["a"], case["b"], case["c"]
    a = a.T if case.variant == "tn" else a
    b = b.T if case.variant == "nt" else b
    alpha, beta = np.float32(case.parameters["alpha"]), np.float32(case.parameters["beta"])

    def iteration(number):
        kept = beta * c if beta else 0  # where beta is 0 C is not read
        np.add(kept, alpha * np.matmul(a, b) if alpha else 0, out=c)

    return iteration


serve()
