"""Convolutions in PyTorch by layer and direction: `conv_torch.py THREADS [BATCH]`, one JSON line a layer.

A line has GFLOP/s of the forward product, the input gradient and the weight gradient, channels last
and contiguous, counting taps that meet the image alone; the second of seven samples counts, in
order of time. Wall time, and processor time for one thread, so that other jobs do not count.
"""
import json
import os
import sys
import time

threads = int(sys.argv[1])
batch = int(sys.argv[2]) if len(sys.argv) > 2 else 32
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)

import torch

torch.set_num_threads(threads)
clock = time.process_time if threads == 1 else time.perf_counter

# Channels in, channels out, height and width in, kernel, stride, padding, groups.
LAYERS = [
    (3, 16, 32, 3, 1, 1, 1), (16, 16, 32, 3, 1, 1, 1), (32, 32, 16, 3, 1, 1, 1), (64, 64, 8, 3, 1, 1, 1),  # ResNet, CIFAR form
    (16, 32, 32, 3, 2, 1, 1), (32, 64, 16, 3, 2, 1, 1),
    (1, 32, 28, 3, 1, 0, 1), (32, 64, 13, 3, 1, 0, 1),  # LeNet-like
    (64, 64, 56, 3, 1, 1, 1), (3, 64, 224, 7, 2, 3, 1),  # ResNet-18
    (16, 16, 48, 3, 2, 1, 16), (96, 96, 12, 5, 2, 2, 96), (240, 240, 6, 5, 1, 2, 240),  # MobileNetV3-Small at 96x96
    (64, 64, 32, 3, 1, 1, 64), (128, 128, 16, 3, 1, 1, 128), (16, 72, 24, 1, 1, 0, 1), (96, 576, 3, 1, 1, 0, 1)]


def useful(size, kernel, stride, pad):
    """Pairs of an output and a tap on one axis that meet the image."""
    out = (size + 2 * pad - kernel) // stride + 1
    return sum(0 <= o * stride - pad + k < size for o in range(out) for k in range(kernel))


def seconds(f):
    """Of one call: samples are of about 10 ms."""
    f()
    start = clock()
    f()
    times = max(1, int(0.01 / max(clock() - start, 1e-6)))
    samples = []
    for _ in range(7):
        start = clock()
        for _ in range(times):
            f()
        samples.append((clock() - start) / times)
    return sorted(samples)[1]


def rates(layout, ci, co, size, kernel, stride, pad, groups):
    x = torch.randn(batch, ci, size, size).to(memory_format=layout)
    w = torch.randn(co, ci // groups, kernel, kernel).to(memory_format=layout)
    forward = lambda: torch.ops.aten.convolution(x, w, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], groups)
    dy = torch.randn_like(forward())
    backward = lambda *mask: torch.ops.aten.convolution_backward(
        dy, x, w, None, [stride] * 2, [pad] * 2, [1, 1], False, [0, 0], groups, [*mask, False])
    flops = 2 * batch * co * ci // groups * useful(size, kernel, stride, pad) ** 2
    return [round(flops / seconds(f) * 1e-9, 1) for f in (forward, lambda: backward(True, False), lambda: backward(False, True))]


with torch.no_grad():
    for layer in LAYERS:
        ci, co, size, kernel, stride, pad, groups = layer
        line = {"in": ci, "out": co, "size": size, "kernel": kernel, "stride": stride, "pad": pad, "groups": groups, "batch": batch, "threads": threads}
        print(json.dumps(line | {"last": rates(torch.channels_last, *layer), "contiguous": rates(torch.contiguous_format, *layer)}), flush=True)
