"""Golden values for couplings of the learning rate to the batch size: PyTorch's optimizers with settings that
change, and the gains of FairScale's AdaScale.

    .venv/bin/pip install --no-deps fairscale==0.4.13
    .venv/bin/python golden_coupling.py ../../internal/numtest/golden

As golden.py: float64, one thread. internal/numtest/golden/README.md describes coupling.json.
"""
import json
import math
import sys

import torch
from fairscale.optim import AdaScale

from golden import GEN, arr, write

SCALES = [1.0] * 6 + [4.0] * 5 + [0.5] * 4 + [20.0] * 3 + [1.0] * 4
START = [1.0, -2.0, 0.5]


def gradient(step):
    return torch.tensor([math.sin(step * (i + 1)) + 0.1 * i for i in range(3)])


def adam(cls, lr, betas, eps, decay=0.0):
    """Weights after each update. PyTorch corrects with powers of the β of the moment, so the rate and ε that it is
    given make up for the difference to the products of all β so far (Malladi et al. 2022, definition 5.2)."""
    w = torch.nn.Parameter(torch.tensor(START))
    opt = cls([w], lr=lr, betas=betas, eps=eps, weight_decay=0.0)
    group, after = opt.param_groups[0], []
    one, two = 1.0, 1.0
    for t, k in enumerate(SCALES, 1):
        b1, b2 = (max(0.0, 1 - k * (1 - b)) for b in betas)
        one, two = one * b1, two * b2
        root = math.sqrt((1 - b2**t) / (1 - two))
        rate = math.sqrt(k) * lr
        group["betas"] = (b1, b2)
        group["lr"] = rate * (1 - b1**t) / (1 - one) / root
        group["eps"] = eps / math.sqrt(k) / root
        group["weight_decay"] = decay * k * lr / group["lr"] if cls is torch.optim.AdamW else decay
        w.grad = gradient(t)
        opt.step()
        after.append(arr(w)["data"])
    return after


def rmsprop(lr, alpha, eps):
    """Weights after each update, as definition 5.1 has it."""
    w = torch.nn.Parameter(torch.tensor(START))
    opt = torch.optim.RMSprop([w], lr=lr, alpha=alpha, eps=eps)
    group, after = opt.param_groups[0], []
    for t, k in enumerate(SCALES, 1):
        group["lr"], group["alpha"], group["eps"] = math.sqrt(k) * lr, max(0.0, 1 - k * (1 - alpha)), eps / math.sqrt(k)
        w.grad = gradient(t)
        opt.step()
        after.append(arr(w)["data"])
    return after


def gain(pieces):
    """FairScale's gain of one update whose batch are these gradients, each of a batch of the base size."""
    w = torch.nn.Parameter(torch.zeros(pieces.shape[1]))
    opt = AdaScale(torch.optim.SGD([w], lr=0.1), num_gradients_to_accumulate=len(pieces), smoothing=0.0)
    for g in pieces:
        (w * g / len(pieces)).sum().backward()
    return float(opt.gain())


def main(folder):
    cases = []

    def case(name, config, after):
        cases.append({"name": name, "config": config, "after": after})

    case("adam", {"lr": 0.01}, adam(torch.optim.Adam, 0.01, (0.9, 0.999), 1e-8))
    case("adam", {"lr": 0.01, "betas": [0.8, 0.98], "eps": 0.05, "weight_decay": 0.1},
         adam(torch.optim.Adam, 0.01, (0.8, 0.98), 0.05, 0.1))
    case("adamw", {"lr": 0.01, "weight_decay": 0.5}, adam(torch.optim.AdamW, 0.01, (0.9, 0.999), 1e-8, 0.5))
    case("rmsprop", {"lr": 0.01}, rmsprop(0.01, 0.99, 1e-8))
    gains = []
    for pieces, noise in ((2, 0.3), (4, 1.0), (8, 3.0), (16, 0.05)):
        g = torch.randn(5, generator=GEN) + noise * torch.randn(pieces, 5, generator=GEN)
        gains.append({"pieces": g.tolist(), "gain": gain(g)})
    head = json.dumps({"scales": SCALES, "start": START, "gains": gains}, separators=(",", ":"))
    write(f"{folder}/coupling.json", head[1:-1] + ",\n", cases)


if __name__ == "__main__":
    main(sys.argv[1])
