"""Sums of columns of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify column_sums --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("column_sums", one_thread=True)
def mine(case):
    x, sums = case["x"], case["sums"]

    def iteration(number):
        np.sum(x, axis=0, keepdims=True, out=sums)

    return iteration


serve()
