"""LIBMF's matrix factorization (squared loss, one thread) on the five folds of MovieLens 100K, one JSON line a fold.

    quality_libmf.py --data DIR [--factors 64] [--epochs 20]

DIR holds u.data or u.data.gz; movielens.py has the folds. LIBMF has no biases and no seed. Its rate and
penalty are the best of 0.05, 0.1 and of 0.05, 0.08, 0.1, 0.12, 0.15, chosen on two other folds than these. "seconds" is the
time of its fit; predictions are clipped to [1, 5], and a user or item that has no rating in training gets the mean.
"""
import argparse
import contextlib
import json
import os
import time

import numpy as np

with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # the bindings print their path
    from libmf import mf

import movielens

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True)
parser.add_argument("--factors", type=int, default=64)
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--penalty", type=float, default=0.08)
parser.add_argument("--rate", type=float, default=0.05)
args = parser.parse_args()


def number(names):
    """The names numbered from 0, in the order of their first appearance."""
    known = {}
    return np.array([known.setdefault(n, len(known)) for n in names], np.float32)


def score(model, train, test):
    """RMSE and MAE; the bindings' own predict takes its argument by columns, so the factors are multiplied here."""
    p, q = model.p_factors(), model.q_factors()
    users, items = (test[:, i].astype(int) for i in (0, 1))
    known = (users < len(p)) & (items < len(q))
    predicted = np.full(len(test), np.nan)
    predicted[known] = (p[users[known]] * q[items[known]]).sum(1)
    predicted = np.clip(np.nan_to_num(predicted, nan=train[:, 2].mean()), 1, 5)
    error = predicted - test[:, 2]
    return {"rmse": float(np.sqrt((error ** 2).mean())), "mae": float(np.abs(error).mean())}


def run(train, test):
    model = mf.MF(k=args.factors, nr_threads=1, nr_iters=args.epochs, eta=args.rate, quiet=True,
                  lambda_p1=0.0, lambda_q1=0.0, lambda_p2=args.penalty, lambda_q2=args.penalty)
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(train)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return score(model, train, test) | {"seconds": wall, "cpu_seconds": cpu}


rows = movielens.ratings(args.data)
data = np.stack([number(r[0] for r in rows), number(r[1] for r in rows), np.array([r[2] for r in rows], np.float32)], 1)
folds = movielens.folds(len(rows))
for fold in range(movielens.FOLDS):
    result = run(data[folds != fold], data[folds == fold])
    print(json.dumps({"peer": f"libmf 0.9.2, {args.epochs} epochs", "fold": fold, "seed": 0} | result), flush=True)
