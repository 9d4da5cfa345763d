"""Golden values from PyTorch for recommendation models and their losses.

    .venv/bin/python golden_recommend.py ../../internal/numtest/golden

Writes recommend.json and ranking.json, in float64 on one thread. The models are written as in their papers and
reference implementations, with our names of parameters; internal/numtest/golden/README.md describes the files.
"""
import copy
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from golden import GEN, arr, grid, worst, write


class MF(nn.Module):
    """Koren et al. 2009, equation 4, as in Surprise; without the parts that are equal for all items: BPR-MF."""

    def __init__(self, users, items, dim, mean=None):
        super().__init__()
        self.user, self.item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.item_bias = nn.Embedding(items, 1)
        if mean is not None:
            self.user_bias = nn.Embedding(users, 1)
            self.register_buffer("mean", torch.tensor([mean]))

    def forward(self, user, item):
        s = dot(self.user(user), self.item(item)) + self.item_bias(item).squeeze(-1)
        if hasattr(self, "mean"):
            s = s + each(self.user_bias(user).squeeze(-1), s) + self.mean
        return s


def each(x, like):
    """x of a user beside each of the items of like, which may have one more axis."""
    return x.unsqueeze(1).expand(-1, like.shape[1], *x.shape[1:]) if like.dim() > x.dim() else x


def dot(user, item):
    return (each(user, item) * item).sum(-1)


# Cases.

def differentiate(module, inputs, dy, dtype):
    module = copy.deepcopy(module).to(dtype)
    inputs = {n: t.to(dtype).requires_grad_() if t.is_floating_point() else t for n, t in inputs.items()}
    y = module(**inputs)
    y.backward(dy.to(dtype))
    grads = {n: t.grad for n, t in inputs.items() if t.is_floating_point()}
    return y.detach(), grads | {n: p.grad for n, p in module.named_parameters()}


def model(name, op, config, module, inputs):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(grid(*p.shape, scale=0.5))
    dy = grid(*module(**inputs).shape)
    y, grads = differentiate(module, inputs, dy, torch.float64)
    y32, grads32 = differentiate(module, inputs, dy, torch.float32)
    state = {n: t for n, t in module.state_dict().items()}
    return {"name": name, "op": op, "config": config, "params": {n: arr(t) for n, t in state.items()},
            "inputs": {n: arr(t) for n, t in inputs.items()}, "output": arr(y), "dy": arr(dy),
            "grads": {n: arr(g) for n, g in grads.items()},
            "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads])}


def index(n, *shape):
    return torch.randint(n, shape, generator=GEN)


def pairs(batch, users, items, n=0):
    """An interaction for each example, or n items for its user; rows of the tables repeat."""
    return {"user": index(users, batch), "item": index(items, batch, n) if n else index(items, batch)}


def models():
    size = {"users": 5, "items": 7, "dim": 4}
    out = []
    for tag, n in (("", 0), ("_items", 3)):
        data = lambda: pairs(9, 5, 7, n)
        out += [
            model("mf" + tag, "mf", size | {"mean": 3.5}, MF(5, 7, 4, 3.5), data()),
            model("bpr" + tag, "bpr", size, MF(5, 7, 4), data()),
        ]
    return out


# Losses.

def bpr(pred):
    return -F.logsigmoid(pred[:, :1] - pred[:, 1:]).mean(1)


def loss(name, op, f, more={}, **inputs):
    """f gives the loss of each example; more is what it knows besides its differentiable inputs."""
    def run(dtype):
        x = {n: t.detach().to(dtype).requires_grad_() for n, t in inputs.items()}
        per = f(**x, **{n: t.to(dtype) if t.is_floating_point() else t for n, t in more.items()})
        per.mean().backward()
        return per.detach(), {n: t.grad for n, t in x.items()}

    (per, grads), (per32, grads32) = run(torch.float64), run(torch.float32)
    return {"name": name, "op": op, "inputs": {n: arr(t) for n, t in (inputs | more).items()}, "per_example": arr(per),
            "grads": {n: arr(g) for n, g in grads.items()},
            "float32_error": worst([(per32, per)] + [(grads32[n], grads[n]) for n in grads])}


def losses():
    return [
        loss("bpr", "bpr", bpr, pred=grid(8, 2, scale=2.0)),
        loss("bpr_negatives", "bpr", bpr, pred=grid(8, 5, scale=2.0)),
        loss("bpr_sure", "bpr", bpr, pred=grid(6, 3, scale=60.0)),
    ]


def main(out):
    write(os.path.join(out, "recommend.json"), "", models())
    write(os.path.join(out, "ranking.json"), "", losses())


main(sys.argv[1])
