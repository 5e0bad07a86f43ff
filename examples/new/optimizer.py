"""An update of parameters of your own, in Python. Make it better, and ask whether it is right:

    lockstep verify optimizer --add 'python3 mine.py'

It is called once for each case and returns one iteration. case.variant, case.sizes and
case.parameters say what is wanted; case["x"] is a numpy array that lockstep has filled.
"""

import numpy as np
from lockstep_peer import peer, serve

np.seterr(all="ignore")  # verify tries infinities and NaN too


@peer("optimizer", one_thread=True)
def mine(case):
    p, g = case["parameters"], case["gradients"]
    m = case["first_moment"] if "first_moment" in case else None
    v = case["second_moment"] if "second_moment" in case else None
    step = case.parameters["step"]
    rate, momentum, beta1, beta2, epsilon = (
        np.float32(case.parameters[name]) for name in ("learning_rate", "momentum", "beta1", "beta2", "epsilon")
    )
    size = np.float32(rate / (1 - float(beta1) ** step))
    root = np.float32((1 - float(beta2) ** step) ** 0.5)

    def sgd(number):
        p[...] -= rate * g

    def sgd_momentum(number):
        m[...] = momentum * m + g
        p[...] -= rate * m

    def adam(number):
        m[...] = beta1 * m + (1 - beta1) * g
        v[...] = beta2 * v + (1 - beta2) * (g * g)
        p[...] -= size * (m / (np.sqrt(v) / root + epsilon))

    return {"sgd": sgd, "sgd_momentum": sgd_momentum, "adam": adam}[case.variant]


serve()
