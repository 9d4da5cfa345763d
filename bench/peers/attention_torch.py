"""Causal attention in PyTorch: `attention_torch.py`, one thread, CPU time for each example.

The shapes are those of `go test ./internal/kernel -run '^$' -bench Attention`: positions, heads,
dims; scaled_dot_product_attention on packed projections, forward, and forward with backward. The second of
twelve samples counts, in order of time.
"""
import resource

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def cpu():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime


def low(f, times):
    f()
    samples = []
    for _ in range(12):
        start = cpu()
        for _ in range(times):
            f()
        samples.append((cpu() - start) / times)
    return sorted(samples)[1]


for batch, t, heads, dim in [(12, 64, 4, 32), (8, 256, 6, 64), (1, 1024, 12, 64), (1, 4096, 4, 64)]:
    packed = torch.randn(batch, t, 3 * heads * dim)
    q, k, v = [x.view(batch, t, heads, dim).transpose(1, 2).requires_grad_() for x in packed.split(heads * dim, dim=2)]
    do = torch.randn(batch, t, heads, dim).transpose(1, 2)

    def forward():
        with torch.no_grad():
            F.scaled_dot_product_attention(q, k, v, is_causal=True)

    def both():
        torch.autograd.grad(F.scaled_dot_product_attention(q, k, v, is_causal=True), (q, k, v), do)

    for name, f in (("forward", forward), ("forward and backward", both)):
        print(f"{t}x{heads}x{dim} {name}: {low(f, 5 if t >= 1024 else 20) * 1e6 / batch:.0f} us")
