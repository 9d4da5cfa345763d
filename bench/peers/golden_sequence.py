"""Golden values from PyTorch for what runs along the positions of an example.

    .venv/bin/python golden_sequence.py ../../internal/numtest/golden

Writes attention.json, rotary.json and recurrent.json, in float64 on one thread.
internal/numtest/golden/README.md describes the files.
"""
import copy
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from golden import arr, grid, worst, write


def differentiate(f, inputs, dy, dtype):
    """f of the inputs, and the gradients for the cotangent dy."""
    inputs = {n: t.detach().to(dtype).requires_grad_() for n, t in inputs.items()}
    y = f(**inputs)
    y.backward(dy.to(dtype))
    return y.detach(), {n: t.grad for n, t in inputs.items()}


def case(name, op, config, f, inputs, more={}):
    """f maps the named inputs to the output; more is what it knows besides."""
    dy = grid(*f(**inputs).shape)
    y, grads = differentiate(f, inputs, dy, torch.float64)
    y32, grads32 = differentiate(f, inputs, dy, torch.float32)
    return {"name": name, "op": op, "config": config, "inputs": {n: arr(t) for n, t in (inputs | more).items()},
            "output": arr(y), "dy": arr(dy), "grads": {n: arr(g) for n, g in grads.items()},
            "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads])}


# Attention.

def seen(batch, t, causal, lengths, segment):
    """Which keys a query sees: (B, 1, T, T)."""
    i, j = torch.arange(t)[:, None], torch.arange(t)[None, :]
    mask = torch.ones(batch, 1, t, t, dtype=torch.bool)
    if causal:
        mask &= j <= i
    if segment:
        mask &= i // segment == j // segment
    if lengths is not None:
        mask &= j < lengths[:, None, None, None]
    return mask


def attention(name, batch, t, heads, kv_heads, dim, causal, lengths=None, segment=0, scale=1.0):
    lengths = None if lengths is None else torch.tensor(lengths)
    mask = seen(batch, t, causal, lengths, segment)

    def f(qkv):
        q, k, v = qkv.view(batch, t, -1, dim).transpose(1, 2).split([heads, kv_heads, kv_heads], dim=1)
        o = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        return o.transpose(1, 2).reshape(batch, t, heads * dim)

    config = {"heads": heads, "kv_heads": kv_heads, "dim": dim, "causal": causal, "segment": segment}
    qkv = grid(batch, t, (heads + 2 * kv_heads) * dim, scale=scale)
    return case(name, "attention", config, f, {"qkv": qkv}, {} if lengths is None else {"lengths": lengths})


def attentions():
    return [
        attention("full", 3, 5, 2, 2, 4, False),
        attention("causal", 3, 7, 2, 2, 4, True),
        attention("one_position", 2, 1, 2, 2, 3, True),
        attention("odd_dim", 2, 6, 3, 3, 5, True),
        attention("grouped", 2, 6, 4, 2, 4, True),
        attention("multi_query", 2, 6, 4, 1, 4, True),
        attention("padded", 4, 6, 2, 2, 4, False, lengths=[6, 1, 3, 5]),
        attention("causal_padded", 3, 6, 2, 1, 4, True, lengths=[2, 6, 4]),
        attention("no_key", 2, 4, 2, 2, 3, False, lengths=[0, 4]),
        attention("segments", 2, 10, 2, 2, 4, True, segment=4),
        attention("segments_full", 2, 8, 2, 1, 4, False, segment=4),
        attention("segments_padded", 3, 8, 2, 2, 4, True, lengths=[5, 8, 4], segment=4),
        attention("long", 1, 37, 2, 1, 8, True),
        attention("peaked", 2, 9, 2, 2, 4, True, scale=12.0),
    ]


# Rotary positions.

def turns(positions, dim, base):
    """cos and sin as LlamaRotaryEmbedding makes them, in float64: (1, T, D)."""
    angle = positions[:, None].double() * base ** (-torch.arange(0, dim, 2).double() / dim)
    angle = torch.cat([angle, angle], dim=-1)[None]
    return angle.cos(), angle.sin()


def rotary(name, batch, t, heads, dim, base, past=None, segment=0, rest=0):
    past = torch.zeros(batch, dtype=torch.int64) if past is None else torch.tensor(past)

    def f(x):
        rows = []
        for i in range(batch):
            positions = past[i] + torch.arange(t)
            cos, sin = (a.to(x.dtype) for a in turns(positions % segment if segment else positions, dim, base))
            q = x[i:i + 1, :, :heads * dim].view(1, t, heads, dim).transpose(1, 2)
            turned, _ = apply_rotary_pos_emb(q, q, cos, sin)
            rows.append(torch.cat([turned.transpose(1, 2).reshape(1, t, heads * dim), x[i:i + 1, :, heads * dim:]], dim=2))
        return torch.cat(rows)

    config = {"heads": heads, "dim": dim, "base": base, "segment": segment}
    return case(name, "rotary", config, f, {"x": grid(batch, t, heads * dim + rest)}, {"past": past})


def rotaries():
    return [
        rotary("plain", 2, 6, 2, 4, 10000.0),
        rotary("rest", 2, 5, 3, 4, 10000.0, rest=8),
        rotary("past", 3, 4, 2, 6, 10000.0, past=[0, 7, 1000]),
        rotary("base", 1, 9, 1, 8, 500000.0),
        rotary("segments", 2, 10, 2, 4, 10000.0, segment=4),
    ]


# Recurrent layers.

class Recurrent(nn.Module):
    """The outputs of nn.LSTM or nn.GRU at every position; 0 from an example's length on."""

    def __init__(self, kind, inputs, hidden, both, lengths):
        super().__init__()
        self.net = kind(inputs, hidden, batch_first=True, bidirectional=both)
        self.lengths = lengths

    def forward(self, x):
        if self.lengths is None:
            return self.net(x)[0]
        packed = pack_padded_sequence(x, self.lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.net(packed)[0], batch_first=True, total_length=x.shape[1])[0]


def recurrent(name, kind, batch, t, inputs, hidden, both=False, lengths=None, scale=1.0):
    lengths = None if lengths is None else torch.tensor(lengths)
    module = Recurrent(kind, inputs, hidden, both, lengths)
    params = {n.removeprefix("net."): grid(*p.shape, scale=0.5) for n, p in module.named_parameters()}

    def f(x, **params):
        run = copy.deepcopy(module).to(x.dtype)
        return torch.func.functional_call(run, {"net." + n: p for n, p in params.items()}, (x,))

    config = {"in": inputs, "hidden": hidden, "bidirectional": both}
    return case(name, kind.__name__.lower(), config, f, {"x": grid(batch, t, inputs, scale=scale)} | params,
                {} if lengths is None else {"lengths": lengths})


def recurrents():
    out = []
    for kind in (nn.LSTM, nn.GRU):
        name = kind.__name__.lower()
        out += [
            recurrent(name, kind, 3, 5, 4, 3),
            recurrent(name + "_one_position", kind, 2, 1, 3, 2),
            recurrent(name + "_long", kind, 2, 20, 3, 5),
            recurrent(name + "_saturated", kind, 2, 6, 3, 4, scale=12.0),
            recurrent(name + "_both_ways", kind, 3, 5, 3, 4, both=True),
            recurrent(name + "_both_ways_padded", kind, 4, 6, 3, 2, both=True, lengths=[6, 1, 4, 2]),
        ]
    return out


def main(out):
    write(os.path.join(out, "attention.json"), "", attentions())
    write(os.path.join(out, "rotary.json"), "", rotaries())
    write(os.path.join(out, "recurrent.json"), "", recurrents())


main(sys.argv[1])
