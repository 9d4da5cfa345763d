"""One token of nanoGPT's model in PyTorch: `generate_torch.py recompute|cache THREADS`, see peer.py.

recompute: nanoGPT's generate (model.py): each token runs the whole window, and the output layer on its last
position. cache: keys and values are kept; a full context begins anew with its last half, as in descent. Texts begin
with one token and are as long as TOKENS; BATCH of them are written at once. The "optimizer" of a request is how
tokens are drawn: greedy, or sample (temperature 0.8, top-k 40).
"""
import peer

variant, threads = peer.start("recompute|cache")

import torch
import torch.nn.functional as F

import gpt_torch

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)

TOKENS = 500  # nanoGPT's sample.py
TEMPERATURE, TOP_K = 0.8, 40


def draw(logits, how):
    """The next token of each row, (B, V) to (B, 1)."""
    if how == "greedy":
        return logits.argmax(-1, keepdim=True)
    logits = logits / TEMPERATURE
    least = torch.topk(logits, min(TOP_K, logits.shape[-1])).values[:, [-1]]
    logits[logits < least] = -float("inf")
    return torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)


def last(model, x):
    """The logits behind the last position."""
    h = model.wte(x) + model.wpe.weight[:x.shape[1]]
    for block in model.h:
        h = block(h)
    return F.linear(model.ln_f(h[:, -1]), model.wte.weight)


def recompute(model, context, batch, how):
    """A token each time it is called."""
    text = torch.zeros(batch, 1, dtype=torch.long)

    def token():
        nonlocal text
        if text.shape[1] > TOKENS:
            text = text[:, :1]
        text = torch.cat((text, draw(last(model, text[:, -context:]), how)), dim=1)
    return token


class Cached:
    """A model with its keys and values, each (B, H, T, D)."""

    def __init__(self, model, context, batch):
        self.model, self.context, self.past = model, context, 0
        heads, channels = model.h[0].attn.heads, model.wte.weight.shape[1]
        new = lambda: torch.zeros(batch, heads, context, channels // heads)
        self.keys, self.values = [new() for _ in model.h], [new() for _ in model.h]

    def attend(self, attention, layer, x):
        b, n, c = x.shape
        q, k, v = (a.view(b, n, attention.heads, -1).transpose(1, 2) for a in attention.c_attn(x).split(c, dim=2))
        end = self.past + n
        keys, values = self.keys[layer], self.values[layer]
        keys[:, :, self.past:end], values[:, :, self.past:end] = k, v
        o = F.scaled_dot_product_attention(q, keys[:, :, :end], values[:, :, :end], is_causal=n > 1)
        return attention.c_proj(o.transpose(1, 2).reshape(b, n, c))

    def run(self, x):
        """The logits behind n new tokens (B, n); more than one begin anew."""
        model, n = self.model, x.shape[1]
        if n > 1:
            self.past = 0
        h = model.wte(x) + model.wpe.weight[self.past:self.past + n]
        for layer, block in enumerate(model.h):
            h = h + self.attend(block.attn, layer, block.ln_1(h))
            h = h + block.c_proj(F.gelu(block.c_fc(block.ln_2(h))))
        self.past += n
        return F.linear(model.ln_f(h[:, -1]), model.wte.weight)


def cache(model, context, batch, how):
    cached = Cached(model, context, batch)
    text = torch.zeros(batch, 1, dtype=torch.long)

    def token():
        nonlocal text
        if text.shape[1] > TOKENS:
            text, cached.past = text[:, :1], 0
        new = 1 if cached.past < context else context // 2
        text = torch.cat((text, draw(cached.run(text[:, -new:]), how)), dim=1)
    return token


def prepare(sizes, how, batch):
    torch.manual_seed(0)
    model = gpt_torch.GPT(*sizes, peer.VOCAB).eval()
    token = {"recompute": recompute, "cache": cache}[variant](model, sizes[-1], batch, how)

    def run(k):
        with torch.inference_mode():
            for _ in range(k):
                token()
        return k
    return variant, run


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, peer.gpt, ("greedy", "sample"))
