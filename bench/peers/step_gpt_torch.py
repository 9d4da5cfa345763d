"""One training step of nanoGPT's model in PyTorch: `step_gpt_torch.py eager|stored|compile THREADS`, see peer.py.

eager: scaled_dot_product_attention; stored: eager with the matrix of probabilities in memory;
compile: torch.compile. Each takes the fastest of several ways to write the step, found by a
short trial at its first request and named in "how".
"""
import os

import peer

variant, threads = peer.start("eager|stored|compile")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache"))

import torch

import gpt_torch

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
if variant == "compile":
    torch._dynamo.config.recompile_limit = 1000


def way(sizes, x, y, attend, loss_compiled, update_compiled, **kind):
    """A step: loss, backward, clipping, AdamW. kind is torch.optim's: fused, foreach or neither."""
    torch.manual_seed(0)
    model = gpt_torch.GPT(*sizes, peer.VOCAB, attend)
    opt = gpt_torch.adamw(model, peer.RATE, peer.DECAY, (peer.BETA1, 0.99), **kind)
    params = list(model.parameters())

    def clip_and_update():
        torch.nn.utils.clip_grad_norm_(params, peer.CLIP, foreach=kind.get("foreach", True))
        opt.step()

    loss = torch.compile(model.loss, dynamic=False) if loss_compiled else model.loss
    update = torch.compile(clip_and_update, dynamic=False) if update_compiled else clip_and_update

    def run(k):
        for _ in range(k):
            opt.zero_grad(set_to_none=True)
            loss(x, y).backward()
            update()
        return k
    return run


def prepare(sizes, optimizer, batch):
    gen = torch.Generator().manual_seed(1)
    x = torch.randint(peer.VOCAB, (batch, sizes[-1]), generator=gen)
    y = torch.randint(peer.VOCAB, (batch, sizes[-1]), generator=gen)
    fused, stored = gpt_torch.attend, gpt_torch.attend_stored
    if variant == "compile":
        return peer.fastest([
            ("compiled loss, fused update", way(sizes, x, y, fused, True, False, fused=True)),
            ("compiled loss and update", way(sizes, x, y, fused, True, True)),
            ("compiled loss with stored probabilities, fused update", way(sizes, x, y, stored, True, False, fused=True))])
    attend = fused if variant == "eager" else stored
    return peer.fastest([(name, way(sizes, x, y, attend, False, False, **kind)) for name, kind in
                         {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}.items()])


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, peer.gpt, ("adamw",))
