"""The mean squared error of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify mse --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("mse", one_thread=True)
def mine(case):
    prediction, target = case["prediction"], case["target"]
    factor = np.float32(2 / prediction.size)

    def iteration(number):
        difference = prediction - target
        if "loss" in case:
            case["loss"][...] = (difference * difference).mean(axis=1, keepdims=True)
        if "dprediction" in case:
            case["dprediction"][...] = factor * difference

    return iteration


serve()
