"""One convolution in PyTorch, one direction: `conv_torch.py eager THREADS`, see peer.py.

A model is HxWxIN-OUT-kK-sS-pP-gG, an optimizer forward, input or weights. Channels-last and
channels-first operands are tried, the faster is named in "how".
"""
import re

import peer

variant, threads = peer.start("eager")

import torch

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


def way(sizes, direction, batch, layout):
    h, w, cin, cout, k, s, p, g = sizes
    gen = torch.Generator().manual_seed(1)
    make = lambda *shape: (torch.rand(shape, generator=gen) - 0.5).contiguous(memory_format=layout)
    x, weight = make(batch, cin, h, w), make(cout, cin // g, k, k)
    y = torch.nn.functional.conv2d(x, weight, None, s, p, 1, g)
    dy = torch.empty_like(y, memory_format=layout).uniform_(-0.5, 0.5)
    wanted = [direction == "input", direction == "weights", False]

    def run(n):
        with torch.no_grad():
            for _ in range(n):
                if direction == "forward":
                    torch.nn.functional.conv2d(x, weight, None, s, p, 1, g)
                else:
                    torch.ops.aten.convolution_backward(dy, x, weight, None, [s, s], [p, p], [1, 1], False, [0, 0], g, wanted)
        return n
    return run


def prepare(sizes, direction, batch):
    layouts = {"channels-last": torch.channels_last, "channels-first": torch.contiguous_format}
    return peer.fastest([(name, way(sizes, direction, batch, layout)) for name, layout in layouts.items()])


def sizes(model):
    """Height, width, channels in and out, kernel, stride, padding and groups."""
    return tuple(int(n) for n in re.fullmatch(r"(\d+)x(\d+)x(\d+)-(\d+)-k(\d+)-s(\d+)-p(\d+)-g(\d+)", model).groups())


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, sizes, ("forward", "input", "weights"))
