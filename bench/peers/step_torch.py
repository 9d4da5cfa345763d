"""One training step in PyTorch: `step_torch.py eager|compile THREADS`, see peer.py.

Each configuration takes the fastest of several ways to write the step, found by a short
trial at its first request and named in "how".
"""
import os
import types

import peer

variant, threads = peer.start("eager|compile")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache"))

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
if variant == "compile":
    torch._dynamo.config.recompile_limit = 1000  # the optimizers' step methods are compiled once per configuration


def mlp(sizes):
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def make_optimizer(name, params, **kind):
    if name == "adam":
        return torch.optim.Adam(params, lr=peer.RATE, betas=(peer.BETA1, peer.BETA2), eps=peer.EPS, **kind)
    return torch.optim.SGD(params, lr=peer.RATE, momentum=peer.MOMENTUM if name == "sgdm" else 0.0, **kind)


def compiled(f, **options):
    """torch.compile on a fresh code object: its cache hangs there, and a search through it would be timed."""
    if isinstance(f, types.FunctionType):
        f = types.FunctionType(f.__code__.replace(), f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    return torch.compile(f, dynamic=False, **options)


def repeat(step):
    def run(k):
        for _ in range(k):
            step()
        return k
    return run


def module_step(sizes, optimizer, x, y, kind, compile_it):
    """The step everybody writes; compile_it: model and loss through torch.compile, and the update unless fused."""
    torch.manual_seed(0)
    model = mlp(sizes)
    opt = make_optimizer(optimizer, model.parameters(), **kind)

    def loss(x, y):
        return F.cross_entropy(model(x), y)

    update = opt.step
    if compile_it:
        loss = compiled(loss)
        if not kind.get("fused"):
            update = compiled(opt.step)

    def step():
        opt.zero_grad(set_to_none=True)
        loss(x, y).backward()
        update()
    return repeat(step)


def functional_step(sizes, optimizer, x, y):
    """Forward, backward and update compiled as one graph."""
    torch.manual_seed(0)
    params = [p.detach().clone() for p in mlp(sizes).parameters()]
    first = [torch.zeros_like(p) for p in params]
    second = [torch.zeros_like(p) for p in params]
    count = torch.zeros(())

    def loss(params):
        h = x
        for i in range(0, len(params), 2):
            h = F.linear(h, params[i], params[i + 1])
            if i + 2 < len(params):
                h = F.relu(h)
        return F.cross_entropy(h, y)

    def sgd(grads):
        for p, m, g in zip(params, first, grads):
            if optimizer == "sgdm":
                g = m.mul_(peer.MOMENTUM).add_(g)
            p.sub_(g, alpha=peer.RATE)

    def adam(grads):
        t = count.add_(1)
        rate = peer.RATE / (1 - peer.BETA1 ** t)
        root = torch.sqrt(1 - peer.BETA2 ** t)
        for p, m, v, g in zip(params, first, second, grads):
            m.lerp_(g, 1 - peer.BETA1)
            v.mul_(peer.BETA2).addcmul_(g, g, value=1 - peer.BETA2)
            p.sub_(rate * m / (v.sqrt() / root + peer.EPS))

    def step():
        (adam if optimizer == "adam" else sgd)(torch.func.grad(loss)(params))
    return repeat(compiled(step, fullgraph=True))


def prepare(sizes, optimizer, batch):
    gen = torch.Generator().manual_seed(1)
    x = torch.randn(batch, sizes[0], generator=gen)
    y = torch.randint(sizes[-1], (batch,), generator=gen)
    if variant == "eager":
        kinds = {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
        return peer.fastest([(k, module_step(sizes, optimizer, x, y, v, False)) for k, v in kinds.items()])
    candidates = [("compiled loss, fused update", module_step(sizes, optimizer, x, y, {"fused": True}, True)),
                  ("compiled loss, compiled update", module_step(sizes, optimizer, x, y, {}, True)),
                  ("one compiled step", functional_step(sizes, optimizer, x, y))]
    return peer.fastest(candidates)


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare)
