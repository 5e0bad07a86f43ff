"""Memory traffic of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify transfer --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("transfer", one_thread=True)
def mine(case):
    a, out = case["a"], case["out"]
    scale = np.float32(case.parameters["scale"])

    def copy(number):
        np.copyto(out, a)

    def triad(number):
        np.multiply(case["b"], scale, out=out)
        np.add(out, a, out=out)

    return copy if case.variant == "copy" else triad


serve()
