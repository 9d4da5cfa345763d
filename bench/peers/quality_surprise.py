"""Surprise's SVD on the five folds of MovieLens 100K, one JSON line a fold.

    quality_surprise.py --data DIR [--seeds 1]

DIR holds u.data or u.data.gz; movielens.py has the folds. SVD has its defaults: 100 factors, 20 epochs of
stochastic gradient descent, rate 0.005, penalty 0.02. "seconds" is the time of fit alone, on one thread;
predictions are clipped to [1, 5].
"""
import argparse
import json
import time

import surprise

import movielens


def run(data, rows, held, seed):
    train = data.construct_trainset([(*r, None) for r, h in zip(rows, held) if not h])
    test = data.construct_testset([(*r, None) for r, h in zip(rows, held) if h])
    model = surprise.SVD(random_state=seed)
    wall, cpu = time.perf_counter(), time.process_time()
    model.fit(train)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    got = model.test(test)
    return {"rmse": surprise.accuracy.rmse(got, verbose=False), "mae": surprise.accuracy.mae(got, verbose=False),
            "seconds": wall, "cpu_seconds": cpu}


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", required=True)
parser.add_argument("--seeds", type=int, default=1)
args = parser.parse_args()
rows = movielens.ratings(args.data)
folds = movielens.folds(len(rows))
data = surprise.Dataset(surprise.Reader(rating_scale=(1, 5)))
for seed in range(1, args.seeds + 1):
    for fold in range(movielens.FOLDS):
        print(json.dumps({"peer": f"surprise {surprise.__version__} SVD", "fold": fold, "seed": seed} | run(data, rows, folds == fold, seed)), flush=True)
