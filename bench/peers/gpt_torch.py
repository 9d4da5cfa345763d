"""nanoGPT's model in PyTorch (A. Karpathy, model.py): pre-norm blocks, learned positions, tied embeddings, no bias, no dropout."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def attend(q, k, v):
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def attend_stored(q, k, v):
    """nanoGPT's attention where PyTorch has no fused one: the matrix of probabilities is stored."""
    t = q.shape[-2]
    scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(q.shape[-1]))
    later = torch.ones(t, t, dtype=torch.bool).triu(1)
    return scores.masked_fill(later, float("-inf")).softmax(-1) @ v


class Attention(nn.Module):
    def __init__(self, heads, channels, attend):
        super().__init__()
        self.heads, self.attend = heads, attend
        self.c_attn = nn.Linear(channels, 3 * channels, bias=False)
        self.c_proj = nn.Linear(channels, channels, bias=False)

    def forward(self, x):  # (B, T, C)
        b, t, c = x.shape
        q, k, v = (a.view(b, t, self.heads, -1).transpose(1, 2) for a in self.c_attn(x).split(c, dim=2))
        return self.c_proj(self.attend(q, k, v).transpose(1, 2).reshape(b, t, c))


class Block(nn.Module):
    def __init__(self, heads, channels, attend):
        super().__init__()
        self.ln_1 = nn.LayerNorm(channels, bias=False)
        self.attn = Attention(heads, channels, attend)
        self.ln_2 = nn.LayerNorm(channels, bias=False)
        self.c_fc = nn.Linear(channels, 4 * channels, bias=False)
        self.c_proj = nn.Linear(4 * channels, channels, bias=False)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.c_proj(F.gelu(self.c_fc(self.ln_2(x))))


class GPT(nn.Module):
    """Tokens (B, T) to logits (B, T, V). Weights are normal(0.02), those into the residual stream over sqrt(2·layers)."""

    def __init__(self, layers, heads, channels, context, vocab, attend=attend):
        super().__init__()
        self.wte = nn.Embedding(vocab, channels)
        self.wpe = nn.Embedding(context, channels)
        self.h = nn.ModuleList(Block(heads, channels, attend) for _ in range(layers))
        self.ln_f = nn.LayerNorm(channels, bias=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * layers) if name.endswith("c_proj.weight") else 0.02)

    def forward(self, x):
        h = self.wte(x) + self.wpe.weight[:x.shape[1]]
        for block in self.h:
            h = block(h)
        return F.linear(self.ln_f(h), self.wte.weight)

    def loss(self, x, y):
        """Mean cross-entropy over all positions."""
        return F.cross_entropy(self(x).flatten(0, 1), y.flatten())


def adamw(model, rate, decay, betas, **kind):
    """AdamW with decay on matrices alone, as nanoGPT's configure_optimizers."""
    params = list(model.parameters())
    groups = [{"params": [p for p in params if p.dim() > 1], "weight_decay": decay},
              {"params": [p for p in params if p.dim() < 2], "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=betas, **kind)
