"""One training step of llm.c's CPU code (train_gpt2.c): `step_llmc.py openmp THREADS`, see peer.py.

The library cache/libllmc.so is built by llmc.sh. Its model is GPT-2 with biases; it does not clip
the gradient, and its vocabulary is padded to a multiple of 128, as in its own checkpoints.
"""
import ctypes
import os
import tempfile

import peer

variant, threads = peer.start("openmp")

import numpy as np

HEADER, MAGIC, VERSION = 256, 20240326, 3  # of its checkpoints
STRUCT = 1 << 16  # bytes, more than its struct GPT2 has
PADDED = 128


def checkpoint(path, layers, heads, channels, context):
    """Writes random weights in its format: a header, then every parameter in its order."""
    header = np.zeros(HEADER, np.int32)
    header[:8] = MAGIC, VERSION, context, peer.VOCAB, layers, heads, channels, PADDED
    c, n = channels, layers
    sizes = [PADDED * c, context * c, n * c, n * c, n * 3 * c * c, n * 3 * c, n * c * c, n * c,
             n * c, n * c, n * 4 * c * c, n * 4 * c, n * 4 * c * c, n * c, c, c]
    with open(path, "wb") as f:
        header.tofile(f)
        np.random.default_rng(0).normal(0, 0.02, sum(sizes)).astype(np.float32).tofile(f)


def load(lib, sizes):
    model = ctypes.create_string_buffer(STRUCT)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.bin")
        checkpoint(path, *sizes)
        lib.gpt2_build_from_checkpoint(model, path.encode())
    return model


def prepare(sizes, optimizer, batch):
    context = sizes[-1]
    rng = np.random.default_rng(1)
    x, y = (rng.integers(peer.VOCAB, size=batch * context, dtype=np.int32) for _ in range(2))
    tokens = [a.ctypes.data_as(ctypes.c_void_p) for a in (x, y)]
    shape = [ctypes.c_size_t(batch), ctypes.c_size_t(context)]
    rates = [ctypes.c_float(v) for v in (peer.RATE, peer.BETA1, 0.99, peer.EPS, peer.DECAY)]
    model, count = load(lib, sizes), 0

    def run(k):
        nonlocal count
        for _ in range(k):
            count += 1
            lib.gpt2_forward(model, *tokens, *shape)
            lib.gpt2_zero_grad(model)
            lib.gpt2_backward(model)
            lib.gpt2_update(model, *rates, ctypes.c_int(count))
        return k
    return "train_gpt2.c", run


lib = ctypes.CDLL(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache", "libllmc.so"))
peer.serve("llm.c", threads, prepare, peer.gpt, ("adamw",))
