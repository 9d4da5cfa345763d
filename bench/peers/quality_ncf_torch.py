"""GMF in PyTorch on MovieLens 1M by the protocol of He et al. (WWW 2017), one JSON line a seed.

    quality_ncf_torch.py --data DIR [--seeds 1] [--epochs 20] [--dim 32]

DIR holds ml-1m.train.lists and ml-1m.test.negative; movielens.py has the protocol. The settings are those of the
paper's re-run in PyTorch (github.com/guoyang9/NCF): embeddings of N(0, 0.01²), a linear layer on their product,
4 negatives drawn anew each epoch, binary cross-entropy, Adam with rate 0.001, batch 256; fused, the fastest here.
The epoch is chosen on the validation items. "seconds" is the time of training without evaluation.
"""
import argparse
import json
import os
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True)
parser.add_argument("--seeds", type=int, default=1)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--dim", type=int, default=32)
parser.add_argument("--threads", type=int, default=1)
args = parser.parse_args()
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(args.threads)

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import movielens

NEGATIVES, BATCH, RATE, DEVIATION = 4, 256, 0.001, 0.01
torch.set_num_threads(args.threads)


class GMF(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.user, self.item = nn.Embedding(movielens.USERS, dim), nn.Embedding(movielens.ITEMS, dim)
        self.head = nn.Linear(dim, 1)
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=DEVIATION)
        nn.init.kaiming_uniform_(self.head.weight, a=1, nonlinearity="sigmoid")
        nn.init.zeros_(self.head.bias)

    def forward(self, user, item):
        return self.head(self.user(user) * self.item(item)).squeeze(-1)


def epoch(model, opt, data, rng):
    """One pass over the positives and their new negatives, shuffled together."""
    user = np.tile(data.user, 1 + NEGATIVES)
    item = np.concatenate([data.item, data.negatives(rng, user[len(data.user):])])
    y = np.arange(len(user)) < len(data.user)
    order = rng.permutation(len(user))
    user, item, y = (torch.from_numpy(a[order]) for a in (user, item, y.astype(np.float32)))
    for at in range(0, len(order), BATCH):
        opt.zero_grad(set_to_none=True)
        part = slice(at, at + BATCH)
        F.binary_cross_entropy_with_logits(model(user[part], item[part]), y[part]).backward()
        opt.step()


@torch.no_grad()
def ranking(model, candidates):
    users = torch.arange(movielens.USERS)[:, None].expand(candidates.shape)
    return movielens.ranking(model(users, torch.from_numpy(candidates)).numpy())


def run(data, seed):
    torch.manual_seed(seed)
    rng, best, wall, cpu = np.random.default_rng(seed), movielens.Best(), 0.0, 0.0
    model = GMF(args.dim)
    opt = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    for e in range(1, args.epochs + 1):
        w, c = time.perf_counter(), time.process_time()
        epoch(model, opt, data, rng)
        wall, cpu = wall + time.perf_counter() - w, cpu + time.process_time() - c
        best.see(e, ranking(model, data.val), ranking(model, data.test))
    return best.report() | {"seconds": wall, "cpu_seconds": cpu}


data = movielens.NCF(args.data)
for seed in range(1, args.seeds + 1):
    print(json.dumps({"peer": f"torch {torch.__version__} GMF", "seed": seed, "epochs": args.epochs, "dim": args.dim, "threads": args.threads} | run(data, seed)), flush=True)
