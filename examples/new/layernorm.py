"""Layer normalisation of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify layernorm --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("layernorm", one_thread=True)
def mine(case):
    x, gamma, rstd = case["x"], case["gamma"], case["rstd"]
    rms = case.variant.startswith("rms")  # the same with a mean of 0
    epsilon = np.float32(case.parameters["epsilon"])

    def forward(number):
        mean = 0 if rms else x.mean(axis=1, keepdims=True)
        centred = x - mean
        rstd[...] = 1 / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + epsilon)
        case["y"][...] = centred * rstd * gamma + (0 if rms else case["beta"])
        if not rms:
            case["mean"][...] = mean

    def backward(number):
        scaled = (x if rms else x - case["mean"]) * rstd
        dy, g = case["dy"], case["dy"] * gamma
        along = scaled * (g * scaled).mean(axis=1, keepdims=True)
        case["dx"][...] = (g - along - (0 if rms else g.mean(axis=1, keepdims=True))) * rstd
        case["dgamma"][...] = (dy * scaled).sum(axis=0)
        if not rms:
            case["dbeta"][...] = dy.sum(axis=0)

    return backward if case.variant.endswith("backward") else forward


serve()
