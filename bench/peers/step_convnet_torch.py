"""One training step of a convolutional net in PyTorch: `step_convnet_torch.py eager|eager-last|compile|compile-last THREADS`, see peer.py.

last: weights and images channels last. Each takes the fastest of several ways to write the
update, found by a short trial at its first request and named in "how".
"""
import os

import peer

variant, threads = peer.start("eager|eager-last|compile|compile-last")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache"))

import torch
import torch.nn.functional as F

import convnet_torch

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
if variant.startswith("compile"):
    torch._dynamo.config.recompile_limit = 1000
layout = torch.channels_last if variant.endswith("last") else torch.contiguous_format


def make_optimizer(name, params, **kind):
    if name == "adam":
        return torch.optim.Adam(params, lr=peer.RATE, betas=(peer.BETA1, peer.BETA2), eps=peer.EPS, **kind)
    return torch.optim.SGD(params, lr=peer.RATE, momentum=peer.MOMENTUM, **kind)


def way(name, optimizer, x, y, update_compiled=False, **kind):
    """A step: loss, backward, update. kind is torch.optim's: fused, foreach or neither."""
    torch.manual_seed(0)
    model = convnet_torch.make(name).to(memory_format=layout)
    opt = make_optimizer(optimizer, model.parameters(), **kind)
    if variant.startswith("compile"):
        model = torch.compile(model, dynamic=False)
    update = torch.compile(opt.step, dynamic=False) if update_compiled else opt.step

    def run(k):
        for _ in range(k):
            opt.zero_grad(set_to_none=True)
            F.cross_entropy(model(x), y).backward()
            update()
        return k
    return run


def prepare(name, optimizer, batch):
    gen = torch.Generator().manual_seed(1)
    shape = convnet_torch.SHAPES[name.rstrip("0123456789")]
    x = torch.rand((batch, *shape), generator=gen).to(memory_format=layout)
    y = torch.randint(convnet_torch.CLASSES, (batch,), generator=gen)
    if variant.startswith("compile"):
        return peer.fastest([
            ("compiled update", way(name, optimizer, x, y, update_compiled=True)),
            ("fused update", way(name, optimizer, x, y, fused=True))])
    return peer.fastest([(kind or "for-loop", way(name, optimizer, x, y, **({kind: True} if kind else {"foreach": False})))
                         for kind in ("", "foreach", "fused")])


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, str, ("sgdm", "adam"))
