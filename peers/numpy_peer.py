"""numpy's rows on the CPU, one for each operation that is not a whole network.

    lockstep run --add 'python3 peers/numpy_peer.py'

Everything is written into lockstep's tensors by out=, in as few passes as numpy needs. Its products
are its BLAS's; all else runs on one thread. (A file named numpy.py would be taken for numpy.)
"""

import ctypes
import glob
import os

import numpy as np
from lockstep_peer import peer, serve


def blas_threads():
    """Sets the threads of the OpenBLAS that numpy's wheels carry; None where it is another one."""
    folder = os.path.dirname(np.__file__) + ".libs"
    for path in glob.glob(os.path.join(folder, "*openblas*")):
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads"):
            if hasattr(library, name):
                return getattr(library, name)
    return None


def tensors(case, names):
    return [case[name] if name in case else None for name in names.split()]


@peer("gemm", name="numpy", summary="numpy.matmul", dtypes=["f32", "tf32"])
def gemm(case):
    a, b, c = tensors(case, "a b c")
    a = a.T if case.variant == "tn" else a
    b = b.T if case.variant == "nt" else b
    alpha, beta = np.float32(case.parameters["alpha"]), np.float32(case.parameters["beta"])

    def product(number):
        np.matmul(a, b, out=c)

    def whole(number):
        scaled = beta * c if beta else 0
        c[...] = scaled
        if alpha:
            np.add(c, alpha * np.matmul(a, b), out=c)

    return product if (alpha, beta) == (1, 0) else whole


@peer("linear", name="numpy", summary="numpy.matmul, then the bias and the function")
def linear(case):
    x, weights, bias, y = tensors(case, "x weights bias y")

    def iteration(number):
        np.matmul(x, weights.T, out=y)
        np.add(y, bias, out=y)
        if case.variant == "bias_relu":
            np.maximum(y, 0, out=y)

    return iteration


def sigmoid(z, y):
    np.negative(z, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.reciprocal(y, out=y)


def silu(z, y):
    gate = np.empty_like(y)
    sigmoid(z, gate)
    np.multiply(z, gate, out=y)


ROOT = np.float32(0.7978845608028654)  # sqrt(2 / pi)
CUBIC = np.float32(0.044715)


def gelu_tanh(z, y):
    inner = np.multiply(z, z)
    np.multiply(inner, CUBIC, out=inner)
    np.add(inner, 1, out=inner)
    np.multiply(inner, z, out=inner)
    np.multiply(inner, ROOT, out=inner)
    np.tanh(inner, out=inner)
    np.add(inner, 1, out=inner)
    np.multiply(inner, z, out=inner)
    np.multiply(inner, np.float32(0.5), out=y)


FORWARD = {
    "relu": lambda z, y: np.maximum(z, 0, out=y),
    "sigmoid": sigmoid,
    "tanh": lambda z, y: np.tanh(z, out=y),
    "silu": silu,
    "gelu_tanh": gelu_tanh,
    "identity": lambda z, y: y,
}


def relu_backward(y, dy, dx):
    np.copyto(dx, 0)
    np.copyto(dx, dy, where=y > 0)


BACKWARD = {  # of functions whose derivative is one of their output
    "relu": relu_backward,
    "sigmoid": lambda y, dy, dx: np.multiply(dy, y * (1 - y), out=dx),
    "tanh": lambda y, dy, dx: np.multiply(dy, 1 - y * y, out=dx),
}
VARIANTS = [f"{name}.forward_bias" for name in FORWARD]
VARIANTS += [f"{name}.forward" for name in FORWARD if name != "identity"]
VARIANTS += [f"{name}.{direction}" for name in BACKWARD for direction in ("backward", "backward_bias")]


@peer("activation", name="numpy", summary="ufuncs", variants=VARIANTS, one_thread=True)
def activation(case):
    x, y, dy, bias, dbias = tensors(case, "x y dy bias dbias")
    name, direction = case.variant.split(".")

    def forward(number):
        if bias is not None:
            np.add(x, bias, out=y)
        FORWARD[name](x if bias is None else y, y)

    def backward(number):
        BACKWARD[name](x, dy, y)
        if dbias is not None:
            np.sum(y, axis=0, keepdims=True, out=dbias)

    return backward if direction.startswith("backward") else forward


@peer("softmax", name="numpy", summary="three passes", one_thread=True)
def softmax(case):
    x, y, dy, dx = tensors(case, "x y dy dx")

    def forward(number):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.exp(y, out=y)
        np.divide(y, y.sum(axis=1, keepdims=True), out=y)

    def log_forward(number):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        np.subtract(y, np.log(np.exp(y).sum(axis=1, keepdims=True)), out=y)

    def backward(number):
        np.subtract(dy, (dy * y).sum(axis=1, keepdims=True), out=dx)
        np.multiply(dx, y, out=dx)

    def log_backward(number):
        np.exp(y, out=dx)
        np.multiply(dx, dy.sum(axis=1, keepdims=True), out=dx)
        np.subtract(dy, dx, out=dx)

    return locals()[case.variant]


@peer("layernorm", name="numpy", summary="means and ufuncs", one_thread=True)
def layernorm(case):
    x, gamma, beta, mean, rstd, y = tensors(case, "x gamma beta mean rstd y")
    dy, dx, dgamma, dbeta = tensors(case, "dy dx dgamma dbeta")
    epsilon = np.float32(case.parameters["epsilon"])

    def forward(number):
        centred = x
        if mean is not None:
            np.mean(x, axis=1, keepdims=True, out=mean)
            centred = x - mean
        square = np.mean(centred * centred, axis=1, keepdims=True)
        np.divide(1, np.sqrt(square + epsilon), out=rstd)
        np.multiply(centred, rstd, out=y)
        np.multiply(y, gamma, out=y)
        if beta is not None:
            np.add(y, beta, out=y)

    def backward(number):
        scaled = (x if mean is None else x - mean) * rstd
        g = dy * gamma
        np.multiply(scaled, np.mean(g * scaled, axis=1, keepdims=True), out=dx)
        np.subtract(g, dx, out=dx)
        if dbeta is not None:
            np.subtract(dx, g.mean(axis=1, keepdims=True), out=dx)
            np.sum(dy, axis=0, keepdims=True, out=dbeta)
        np.multiply(dx, rstd, out=dx)
        np.sum(dy * scaled, axis=0, keepdims=True, out=dgamma)

    return backward if case.variant.endswith("backward") else forward


@peer("attention", name="numpy", summary="matmul, ufuncs and matmul")
def attention(case):
    batch, heads, sequence, dimension = case.sizes
    q, k, v, o = (x.reshape(batch * heads, sequence, dimension) for x in tensors(case, "q k v o"))
    scale = np.float32(case.parameters["scale"])
    unmet = np.triu(np.full((sequence, sequence), case.variant == "causal"), 1)
    scores = np.empty((batch * heads, sequence, sequence), np.float32)

    def iteration(number):
        np.matmul(q * scale, k.transpose(0, 2, 1), out=scores)
        if case.variant == "causal":
            np.copyto(scores, -np.inf, where=unmet)
        np.subtract(scores, scores.max(axis=2, keepdims=True), out=scores)
        np.exp(scores, out=scores)
        np.divide(scores, scores.sum(axis=2, keepdims=True), out=scores)
        np.matmul(scores, v, out=o)

    return iteration


@peer("cross_entropy", name="numpy", summary="a softmax and a look-up", one_thread=True)
def cross_entropy(case):
    logits, labels, loss, dlogits = tensors(case, "logits labels loss dlogits")
    labels, each = labels.reshape(-1), np.arange(logits.shape[0])
    rows = np.float32(logits.shape[0])

    def iteration(number):
        shifted = logits - logits.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        total = exponentials.sum(axis=1, keepdims=True)
        if loss is not None:
            np.subtract(np.log(total), shifted[each, labels, None], out=loss)
        if dlogits is not None:
            np.divide(exponentials, total, out=dlogits)
            dlogits[each, labels] -= 1
            np.divide(dlogits, rows, out=dlogits)

    return iteration


@peer("mse", name="numpy", summary="ufuncs and sums", one_thread=True)
def mse(case):
    prediction, target, loss, dprediction = tensors(case, "prediction target loss dprediction")
    factor = np.float32(2 / prediction.size)

    def iteration(number):
        difference = prediction - target
        if loss is not None:
            np.mean(difference * difference, axis=1, keepdims=True, out=loss)
        if dprediction is not None:
            np.multiply(difference, factor, out=dprediction)

    return iteration


@peer("column_sums", name="numpy", summary="numpy.sum", one_thread=True)
def column_sums(case):
    x, sums = tensors(case, "x sums")

    def iteration(number):
        np.sum(x, axis=0, keepdims=True, out=sums)

    return iteration


@peer("optimizer", name="numpy", summary="ufuncs", one_thread=True)
def optimizer(case):
    p, g, m, v = tensors(case, "parameters gradients first_moment second_moment")
    s = {name: np.float32(value) for name, value in case.parameters.items()}
    step, rate = case.parameters["step"], s["learning_rate"]
    size = np.float32(rate / (1 - case.parameters["beta1"] ** step))
    root = np.float32((1 - case.parameters["beta2"] ** step) ** 0.5)

    def sgd(number):
        np.subtract(p, rate * g, out=p)

    def sgd_momentum(number):
        np.multiply(m, s["momentum"], out=m)
        np.add(m, g, out=m)
        np.subtract(p, rate * m, out=p)

    def adam(number):
        np.multiply(m, s["beta1"], out=m)
        np.add(m, (1 - s["beta1"]) * g, out=m)
        np.multiply(v, s["beta2"], out=v)
        np.add(v, (1 - s["beta2"]) * (g * g), out=v)
        np.subtract(p, size * (m / (np.sqrt(v) / root + s["epsilon"])), out=p)

    return locals()[case.variant]


@peer("transfer", name="numpy", summary="numpy.copyto", one_thread=True)
def transfer(case):
    a, b, out = tensors(case, "a b out")
    scale = np.float32(case.parameters["scale"])

    def copy(number):
        np.copyto(out, a)

    def triad(number):
        np.multiply(b, scale, out=out)
        np.add(out, a, out=out)

    return copy if b is None else triad


np.seterr(all="ignore")  # special values are what they are
serve(set_threads=blas_threads())
