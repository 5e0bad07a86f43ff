"""PyTorch's rows on the CPU: `pytorch`, as it is called by default, and `pytorch-compiled`, by torch.compile.

    lockstep run --add 'python3 peers/pytorch.py'      (`make bench-pytorch` does so)

Eager rows write into lockstep's tensors by the out= forms wherever PyTorch has one, so that they
allocate nothing, and optimizers are the fused ones: the fastest that a user gets without a compiler.
Where it has none (a gradient by autograd) results lie in memory of PyTorch's own.
"""

import os

os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no pool of idle processes beside what is timed

import torch
import torch.nn.functional as F
from lockstep_peer import Unsupported, peer, serve

aten = torch.ops.aten
# One function is compiled for every case: none of them is one too many.
torch._dynamo.config.recompile_limit = 1 << 20
torch._dynamo.config.accumulated_recompile_limit = 1 << 20


def tensors(case, names):
    return [torch.from_numpy(case[name]) if name in case else None for name in names.split()]


def rows(operation, **settings):
    """Makes both rows of a function that gets a case and returns two: what eager mode runs, and a
    pair of a function to compile and the tensors that it takes."""

    def make(function):
        @peer(operation, name="pytorch", summary="PyTorch, eager", **settings)
        def eager(case):
            step, _ = function(case)

            def iteration(number):
                with torch.no_grad():
                    return step()

            return iteration

        @peer(operation, name="pytorch-compiled", summary="PyTorch, torch.compile", **settings)
        def compiled(case):
            _, (step, arguments) = function(case)
            fast = torch.compile(step, dynamic=False)

            def iteration(number):
                with torch.no_grad():
                    fast(*arguments)

            return iteration

        return function

    return make


# --- products -----------------------------------------------------------------------------------------------------------


@rows("gemm", dtypes=["f32", "tf32"])
def gemm(case):
    a, b, c = tensors(case, "a b c")
    alpha, beta = case.parameters["alpha"], case.parameters["beta"]
    a = a.t() if case.variant == "tn" else a
    b = b.t() if case.variant == "nt" else b

    def eager():
        torch.addmm(c, a, b, beta=beta, alpha=alpha, out=c)

    def product():
        torch.mm(a, b, out=c)

    def pure(a, b, c):
        c.copy_(torch.mm(a, b) if (alpha, beta) == (1, 0) else torch.addmm(c, a, b, beta=beta, alpha=alpha))

    return product if (alpha, beta) == (1, 0) else eager, (pure, (a, b, c))


@rows("linear")
def linear(case):
    x, weights, bias, y = tensors(case, "x weights bias y")
    relu = case.variant == "bias_relu"
    bias, turned = bias.view(-1), weights.t()

    def eager():
        torch.addmm(bias, x, turned, out=y)
        if relu:
            torch.relu_(y)

    def pure(x, weights, bias, y):
        z = F.linear(x, weights, bias)
        y.copy_(F.relu(z) if relu else z)

    return eager, (pure, (x, weights, bias, y))


# --- elementwise --------------------------------------------------------------------------------------------------------

FORWARD = {
    "relu": lambda z, y: torch.clamp_min(z, 0, out=y),  # as relu does; relu.out itself takes a detour
    "sigmoid": lambda z, y: torch.sigmoid(z, out=y),
    "tanh": lambda z, y: torch.tanh(z, out=y),
    "gelu_tanh": lambda z, y: aten.gelu.out(z, approximate="tanh", out=y),
    "gelu_erf": lambda z, y: aten.gelu.out(z, out=y),
    "silu": lambda z, y: aten.silu.out(z, out=y),
    "identity": lambda z, y: y,
}
BACKWARD = {
    "relu": lambda dy, z, dx: aten.threshold_backward.grad_input(dy, z, 0, grad_input=dx),
    "sigmoid": lambda dy, z, dx: aten.sigmoid_backward.grad_input(dy, z, grad_input=dx),
    "tanh": lambda dy, z, dx: aten.tanh_backward.grad_input(dy, z, grad_input=dx),
    "gelu_tanh": lambda dy, z, dx: aten.gelu_backward.grad_input(dy, z, approximate="tanh", grad_input=dx),
    "gelu_erf": lambda dy, z, dx: aten.gelu_backward.grad_input(dy, z, grad_input=dx),
    "silu": lambda dy, z, dx: aten.silu_backward.grad_input(dy, z, grad_input=dx),
}
PURE_FORWARD = {
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "gelu_erf": F.gelu,
    "silu": F.silu,
    "identity": lambda z: z,
}
PURE_BACKWARD = {
    "relu": lambda dy, z: aten.threshold_backward(dy, z, 0),
    "sigmoid": aten.sigmoid_backward,
    "tanh": aten.tanh_backward,
    "gelu_tanh": lambda dy, z: aten.gelu_backward(dy, z, approximate="tanh"),
    "gelu_erf": aten.gelu_backward,
    "silu": aten.silu_backward,
}
FROM_OUTPUT = ("relu", "sigmoid", "tanh")


@rows("activation")
def activation(case):
    x, y, dy, bias, dbias = tensors(case, "x y dy bias dbias")
    name, direction = case.variant.split(".")
    if direction.startswith("backward"):
        return activation_backward(name, x, y, dy, bias, dbias)
    forward, pure_forward = FORWARD[name], PURE_FORWARD[name]

    def eager():
        forward(x, y)

    def eager_bias():
        torch.add(x, bias, out=y)
        forward(y, y)

    def pure(x, y):
        y.copy_(pure_forward(x))

    def pure_bias(x, y, bias):
        y.copy_(pure_forward(x + bias))

    return (eager, (pure, (x, y))) if bias is None else (eager_bias, (pure_bias, (x, y, bias)))


def activation_backward(name, x, dx, dy, bias, dbias):
    backward, pure_backward = BACKWARD[name], PURE_BACKWARD[name]
    shifts = bias is not None and name not in FROM_OUTPUT
    if dbias is not None:
        dbias = dbias.view(-1)

    def eager():
        backward(dy, x + bias if shifts else x, dx)
        if dbias is not None:
            torch.sum(dx, 0, out=dbias)

    def pure(x, dy, dx):
        dx.copy_(pure_backward(dy, x))

    def pure_bias(x, dy, dx, bias, dbias):
        result = pure_backward(dy, x + bias if shifts else x)
        dx.copy_(result)
        dbias.copy_(result.sum(0))

    return eager, ((pure, (x, dy, dx)) if bias is None else (pure_bias, (x, dy, dx, bias, dbias)))


@rows("transfer")
def transfer(case):
    a, b, out = tensors(case, "a b out")
    scale = case.parameters["scale"]

    def copy():
        out.copy_(a)

    def triad():
        torch.add(a, b, alpha=scale, out=out)

    def pure_copy(a, out):
        out.copy_(a)

    def pure_triad(a, b, out):
        out.copy_(a + scale * b)

    return (copy, (pure_copy, (a, out))) if b is None else (triad, (pure_triad, (a, b, out)))


# --- rows of a matrix ---------------------------------------------------------------------------------------------------


@rows("softmax")
def softmax(case):
    x, y, dy, dx = tensors(case, "x y dy dx")
    if dy is None:
        eager = {"forward": aten._softmax.out, "log_forward": aten._log_softmax.out}[case.variant]
        pure = {"forward": F.softmax, "log_forward": F.log_softmax}[case.variant]

        def forward():
            eager(x, 1, False, out=y)

        return forward, (lambda x, y: y.copy_(pure(x, 1)), (x, y))

    def backward():
        aten._softmax_backward_data.out(dy, y, 1, torch.float32, grad_input=dx)

    def log_backward():
        aten._log_softmax_backward_data.out(dy, y, 1, torch.float32, out=dx)

    def pure_backward(y, dy, dx):
        dx.copy_(aten._softmax_backward_data(dy, y, 1, torch.float32))

    def pure_log_backward(y, dy, dx):
        dx.copy_(aten._log_softmax_backward_data(dy, y, 1, torch.float32))

    eager, pure = {"backward": (backward, pure_backward), "log_backward": (log_backward, pure_log_backward)}[case.variant]
    return eager, (pure, (y, dy, dx))


@rows("layernorm")
def layernorm(case):
    x, gamma, beta, mean, rstd, y = tensors(case, "x gamma beta mean rstd y")
    dy, dx, dgamma, dbeta = tensors(case, "dy dx dgamma dbeta")
    epsilon, size = case.parameters["epsilon"], [x.shape[1]]
    gamma, beta, dgamma, dbeta = (None if t is None else t.view(-1) for t in (gamma, beta, dgamma, dbeta))
    shift = 0 if mean is None else mean

    def forward():
        aten.native_layer_norm.out(x, size, gamma, beta, epsilon, out0=y, out1=mean, out2=rstd)

    def rms_forward():  # PyTorch has it with autograd alone: its parts
        torch.rsqrt((x * x).mean(1, keepdim=True) + epsilon, out=rstd)
        torch.mul(x * rstd, gamma, out=y)

    def backward():
        aten.native_layer_norm_backward.out(
            dy, x, size, mean, rstd, gamma, gamma, [True, True, True], out0=dx, out1=dgamma, out2=dbeta
        )

    def rms_backward():
        scaled, g = x * rstd, dy * gamma
        torch.mul(g - scaled * (g * scaled).mean(1, keepdim=True), rstd, out=dx)
        torch.sum(dy * scaled, 0, out=dgamma)

    def pure_forward(x, gamma, beta, mean, rstd, y):
        result, m, r = aten.native_layer_norm(x, size, gamma, beta, epsilon)
        y.copy_(result)
        mean.copy_(m)
        rstd.copy_(r)

    def pure_rms_forward(x, gamma, rstd, y):
        r = torch.rsqrt((x * x).mean(1, keepdim=True) + epsilon)
        rstd.copy_(r)
        y.copy_(x * r * gamma)

    def pure_backward(x, gamma, dy, rstd, dx, dgamma, dbeta):
        scaled, g = (x - shift) * rstd, dy * gamma
        along = scaled * (g * scaled).mean(1, keepdim=True)
        dx.copy_((g - along - (0 if dbeta is None else g.mean(1, keepdim=True))) * rstd)
        dgamma.copy_((dy * scaled).sum(0))
        if dbeta is not None:
            dbeta.copy_(dy.sum(0))

    both = (x, gamma, dy, rstd, dx, dgamma, dbeta)
    return {
        "forward": (forward, (pure_forward, (x, gamma, beta, mean, rstd, y))),
        "rms_forward": (rms_forward, (pure_rms_forward, (x, gamma, rstd, y))),
        "backward": (backward, (pure_backward, both)),
        "rms_backward": (rms_backward, (pure_backward, both)),
    }[case.variant]


@rows("attention")
def attention(case):
    q, k, v, o = (tensor.view(case.sizes) for tensor in tensors(case, "q k v o"))
    causal = case.variant == "causal"
    if not all(tensor.isfinite().all() for tensor in (q, k, v)):
        raise Unsupported("PyTorch makes rows without a finite score 0")

    def eager():
        return {"o": F.scaled_dot_product_attention(q, k, v, is_causal=causal).flatten(0, 2)}

    def pure(q, k, v, o):
        o.copy_(F.scaled_dot_product_attention(q, k, v, is_causal=causal))

    return eager, (pure, (q, k, v, o))


@rows("cross_entropy")
def cross_entropy(case):
    logits, labels, loss, dlogits = tensors(case, "logits labels loss dlogits")
    classes = labels.view(-1).long()  # PyTorch takes no others
    leaf = logits.detach().requires_grad_()

    def eager():
        if dlogits is None:
            return {"loss": F.cross_entropy(logits, classes, reduction="none")[:, None]}
        with torch.enable_grad():
            each = F.cross_entropy(leaf, classes, reduction="none")
            (gradient,) = torch.autograd.grad(each.mean(), leaf)
        return {"dlogits": gradient} | ({} if loss is None else {"loss": each.detach()[:, None]})

    def pure(logits, classes, loss, dlogits):
        logarithm = F.log_softmax(logits, 1)
        if loss is not None:
            loss.copy_(-logarithm.gather(1, classes[:, None]))
        if dlogits is not None:
            hit = torch.arange(logits.shape[1]) == classes[:, None]
            dlogits.copy_((logarithm.exp() - hit.float()) / logits.shape[0])

    return eager, (pure, (logits, classes, loss, dlogits))


@rows("mse")
def mse(case):
    prediction, target, loss, dprediction = tensors(case, "prediction target loss dprediction")
    one = torch.ones(())

    def eager():
        if loss is not None:
            torch.mean(F.mse_loss(prediction, target, reduction="none"), 1, keepdim=True, out=loss)
        if dprediction is not None:
            aten.mse_loss_backward.grad_input(one, prediction, target, 1, grad_input=dprediction)

    def pure(prediction, target, loss, dprediction):
        difference = prediction - target
        if loss is not None:
            loss.copy_((difference * difference).mean(1, keepdim=True))
        if dprediction is not None:
            dprediction.copy_(difference * (2 / difference.numel()))

    return eager, (pure, (prediction, target, loss, dprediction))


@rows("column_sums")
def column_sums(case):
    x, sums = tensors(case, "x sums")
    sums = sums.view(-1)

    def eager():
        torch.sum(x, 0, out=sums)

    return eager, (lambda x, sums: sums.copy_(x.sum(0)), (x, sums))


# --- updates ------------------------------------------------------------------------------------------------------------


def optimizer_make(parameters, variant, settings):
    """PyTorch's optimizer, and a function that gives it its state."""
    rate = settings["learning_rate"]
    if variant == "adam":
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=settings["epsilon"], fused=True)
    momentum = settings["momentum"] if variant == "sgd_momentum" else 0
    return torch.optim.SGD(parameters, lr=rate, momentum=momentum, fused=True)


@rows("optimizer")
def optimizer(case):
    p, g, m, v = tensors(case, "parameters gradients first_moment second_moment")
    s = case.parameters
    made = optimizer_make([p], case.variant, s)
    p.grad = g
    step = torch.tensor(float(s["step"] - 1))
    if case.variant == "adam":
        made.state[p] = {"step": step, "exp_avg": m, "exp_avg_sq": v}
    elif case.variant == "sgd_momentum":
        made.state[p] = {"momentum_buffer": m}

    def eager():
        step.fill_(s["step"] - 1)
        made.step()

    def pure_sgd(p, g):
        p.sub_(g, alpha=s["learning_rate"])

    def pure_momentum(p, g, m):
        m.mul_(s["momentum"]).add_(g)
        p.sub_(m, alpha=s["learning_rate"])

    def pure_adam(p, g, m, v):
        m.mul_(s["beta1"]).add_(g, alpha=1 - s["beta1"])
        v.mul_(s["beta2"]).addcmul_(g, g, value=1 - s["beta2"])
        size = s["learning_rate"] / (1 - s["beta1"] ** s["step"])
        p.sub_(size * m / (v.sqrt() / (1 - s["beta2"] ** s["step"]) ** 0.5 + s["epsilon"]))

    pure = {"sgd": pure_sgd, "sgd_momentum": pure_momentum, "adam": pure_adam}[case.variant]
    return eager, (pure, tuple(tensor for tensor in (p, g, m, v) if tensor is not None))


# --- networks -----------------------------------------------------------------------------------------------------------

BATCHES = 8  # that the inputs hold
# PyTorch's defaults as f32 holds them.
ADAM = {
    name: torch.tensor(value).item()
    for name, value in {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}.items()
}


def cut(flat, shapes):
    """The tensors of a flat layout, each on a multiple of 16 elements (common/mlp_model.h)."""
    result, start = [], 0
    for shape in shapes:
        count = torch.Size(shape).numel()
        result.append(flat[start : start + count].view(shape))
        start += (count + 15) // 16 * 16
    return result


class Network:
    """A multilayer perceptron over lockstep's tensors."""

    def __init__(self, case, compiled):
        self.case = case
        *sizes, self.batch = case.sizes
        self.layers = len(sizes) - 1
        shapes = [shape for i in range(self.layers) for shape in ((sizes[i + 1], sizes[i]), (sizes[i + 1],))]
        kept = [(self.batch, size) for size in sizes[1:-1] for _ in ("output", "gradient")] + [(self.batch, sizes[-1])]
        parameters, activations, x = tensors(case, "parameters activations x")
        self.x = x.view(BATCHES, self.batch, -1)
        self.activations = cut(activations, kept)
        self.parameters = cut(parameters, shapes)
        self.loss = self.loss_mse if case.variant == "train_step_mse" else self.loss_classes
        self.mode = (lambda function: torch.compile(function, dynamic=False)) if compiled else lambda function: function
        if case.variant != "inference":
            self.train_prepare(shapes)
        else:
            self.forward = self.mode(self.logits)

    def train_prepare(self, shapes):
        labels, target, loss, *state = tensors(self.case, "labels target loss gradients first_moment second_moment")
        self.parameters = [p.detach().requires_grad_() for p in self.parameters]
        self.target = target.view(BATCHES, self.batch, -1) if labels is None else labels.view(BATCHES, self.batch).long()
        self.losses = loss
        self.gradients, first, second = (cut(flat, shapes) for flat in state)
        self.optimizer = optimizer_make(self.parameters, "adam", ADAM)
        self.steps = [torch.zeros(()) for _ in self.parameters]
        for p, step, m, v in zip(self.parameters, self.steps, first, second):
            self.optimizer.state[p] = {"step": step, "exp_avg": m, "exp_avg_sq": v}
        self.forward = self.mode(self.loss)
        self.next = -1

    def logits(self, x, *parameters):
        for i in range(self.layers):
            x = F.linear(x, parameters[2 * i], parameters[2 * i + 1])
            x = F.relu(x) if i < self.layers - 1 else x
        return x

    def loss_classes(self, x, target, *parameters):
        return F.cross_entropy(self.logits(x, *parameters), target, reduction="none")

    def loss_mse(self, x, target, *parameters):
        return F.mse_loss(self.logits(x, *parameters), target, reduction="none").mean(1)

    def infer(self, number):
        with torch.inference_mode():
            result = F.softmax(self.forward(self.x[number % BATCHES], *self.parameters), 1)
            if not self.case.timed:
                self.keep_hidden(self.x[number % BATCHES], self.parameters)
                self.activations[-1].copy_(result)

    def train(self, number):
        x, target = self.x[number % BATCHES], self.target[number % BATCHES]
        before = None if self.case.timed else [p.detach().clone() for p in self.parameters]
        if number != self.next:
            for step in self.steps:
                step.fill_(number)
        self.next = number + 1
        losses = self.forward(x, target, *self.parameters)
        gradients = torch.autograd.grad(losses.mean(), self.parameters)
        for p, gradient in zip(self.parameters, gradients):
            p.grad = gradient
        self.optimizer.step()
        if before:
            self.losses.copy_(losses.detach())
            for kept, gradient in zip(self.gradients, gradients):
                kept.copy_(gradient)
            self.keep_all(x, target, before)

    # What a step keeps between its kernels is PyTorch's own: while it is checked it is computed once more from the
    # parameters of before.

    def keep_hidden(self, x, parameters):
        products = []
        for i in range(self.layers - 1):
            products.append(F.linear(x, parameters[2 * i], parameters[2 * i + 1]))
            x = F.relu(products[-1])
            self.activations[2 * i].copy_(x.detach())
        return x, products

    def keep_all(self, x, target, parameters):
        parameters = [p.requires_grad_() for p in parameters]
        x, products = self.keep_hidden(x, parameters)
        products.append(F.linear(x, *parameters[-2:]))
        if target.dtype == torch.int64:
            losses = F.cross_entropy(products[-1], target, reduction="none")
        else:
            losses = F.mse_loss(products[-1], target, reduction="none").mean(1)
        for kept, gradient in zip(self.activations[1::2] + self.activations[-1:], torch.autograd.grad(losses.mean(), products)):
            kept.copy_(gradient)


def network(case, compiled):
    made = Network(case, compiled)
    return made.infer if case.variant == "inference" else made.train


@peer("mlp", name="pytorch", summary="PyTorch, eager: autograd and the fused Adam")
def mlp(case):
    return network(case, False)


@peer("mlp", name="pytorch-compiled", summary="PyTorch, torch.compile: autograd and the fused Adam")
def mlp_compiled(case):
    return network(case, True)


serve(patience_seconds=600, set_threads=torch.set_num_threads, flush_denormals=torch.set_flush_denormal)
