"""Validation loss of nanoGPT's CPU setting trained by PyTorch, one JSON line a seed.

    quality_gpt_torch.py --data DIR [--seeds 3] [--threads 1]

DIR holds tiny Shakespeare's input.txt; the last tenth of it is the validation text. The setting is
nanoGPT's: 4 layers, 4 heads, 128 channels, context 64, batch 12, 2000 updates, AdamW with decay 0.1 on
matrices and betas (0.9, 0.99), warm-up 100, cosine from 1e-3 to 1e-4, clipping at 1. "loss" is the mean
over every character of the validation text but its first, in windows of 64 side by side; nanoGPT's own
figure is an estimate from 20 batches.
"""
import argparse
import json
import math
import os
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True)
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(args.threads)

import torch
import torch.nn.functional as F

import gpt_torch

LAYERS, HEADS, CHANNELS, CONTEXT, BATCH = 4, 4, 128, 64, 12
UPDATES, WARMUP, RATE, LEAST = 2000, 100, 1e-3, 1e-4
torch.set_num_threads(args.threads)


def load(path):
    """The text as numbers of its characters in the order of their codes, and how many there are."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    number = {c: i for i, c in enumerate(sorted(set(text)))}
    return torch.tensor([number[c] for c in text]), len(number)


def rate(update):
    if update < WARMUP:
        return RATE * (update + 1) / (WARMUP + 1)
    return LEAST + 0.5 * (RATE - LEAST) * (1 + math.cos(math.pi * (update - WARMUP) / (UPDATES - WARMUP)))


def train(tokens, vocab):
    model = gpt_torch.GPT(LAYERS, HEADS, CHANNELS, CONTEXT, vocab)
    opt = gpt_torch.adamw(model, RATE, 0.1, (0.9, 0.99), fused=True)
    for update in range(UPDATES):
        for group in opt.param_groups:
            group["lr"] = rate(update)
        windows = torch.stack([tokens[i:i + CONTEXT + 1] for i in torch.randint(len(tokens) - CONTEXT, (BATCH,))])
        opt.zero_grad(set_to_none=True)
        model.loss(windows[:, :-1], windows[:, 1:]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
    return model


@torch.no_grad()
def whole_loss(model, tokens):
    """Sum over every target; the last window may be shorter. Returns the mean and how many."""
    x, y = tokens[:-1], tokens[1:]
    total = 0.0
    for start in range(0, len(x), 256 * CONTEXT):
        for xs, ys in whole_windows(x[start:start + 256 * CONTEXT], y[start:start + 256 * CONTEXT]):
            total += F.cross_entropy(model(xs).flatten(0, 1), ys.flatten(), reduction="sum").item()
    return total / len(x), len(x)


def whole_windows(x, y):
    full = len(x) // CONTEXT * CONTEXT
    for part in (slice(0, full), slice(full, len(x))):
        if part.start < part.stop:
            width = min(CONTEXT, part.stop - part.start)
            yield x[part].view(-1, width), y[part].view(-1, width)


tokens, vocab = load(os.path.join(args.data, "input.txt"))
cut = int(0.9 * len(tokens))
for seed in range(1, args.seeds + 1):
    torch.manual_seed(seed)
    wall, cpu = time.perf_counter(), time.process_time()
    model = train(tokens[:cut], vocab)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    loss, targets = whole_loss(model, tokens[cut:])
    print(json.dumps({"peer": f"torch {torch.__version__}", "seed": seed, "threads": args.threads, "loss": round(loss, 5), "targets": targets,
                      "seconds": round(wall, 1), "cpu_seconds": round(cpu, 1)}), flush=True)
