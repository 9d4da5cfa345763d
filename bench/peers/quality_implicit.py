"""implicit's BPR on MovieLens 1M by the protocol of He et al. (WWW 2017), one JSON line a seed.

    quality_implicit.py --data DIR [--seeds 3] [--epochs 100] [--factors 64]

DIR holds ml-1m.train.lists, ml-1m.test.negative; movielens.py has the protocol. One thread; the epoch is chosen on
the validation items, every fifth is looked at. implicit draws as many pairs an epoch as there are
interactions. "seconds" is the time of all epochs without evaluation.
"""
import argparse
import json
import os
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import implicit
import numpy as np
import scipy.sparse
from implicit.cpu.bpr import BayesianPersonalizedRanking

import movielens

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True)
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--epochs", type=int, default=100)
parser.add_argument("--factors", type=int, default=64)
parser.add_argument("--rate", type=float, default=0.01)
parser.add_argument("--penalty", type=float, default=0.01)
args = parser.parse_args()


def ranking(model, candidates):
    return movielens.ranking(np.einsum("ud,ucd->uc", model.user_factors, model.item_factors[candidates]))


def run(data, matrix, seed):
    model = BayesianPersonalizedRanking(factors=args.factors, learning_rate=args.rate, regularization=args.penalty,
                                        iterations=args.epochs, num_threads=1, random_state=seed)
    best, aside = movielens.Best(), [0.0, 0.0]

    def look(epoch, *_):
        if (epoch + 1) % 5 == 0:
            wall, cpu = time.perf_counter(), time.process_time()
            best.see(epoch + 1, ranking(model, data.val), ranking(model, data.test))
            aside[0] += time.perf_counter() - wall
            aside[1] += time.process_time() - cpu

    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(matrix, show_progress=False, callback=look)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return best.report() | {"seconds": wall - aside[0], "cpu_seconds": cpu - aside[1]}


data = movielens.NCF(args.data)
matrix = scipy.sparse.csr_matrix((np.ones(len(data.user), np.float32), (data.user, data.item)), (movielens.USERS, movielens.ITEMS))
for seed in range(1, args.seeds + 1):
    print(json.dumps({"peer": f"implicit {implicit.__version__} BPR", "seed": seed, "epochs": args.epochs, "factors": args.factors} | run(data, matrix, seed)), flush=True)
