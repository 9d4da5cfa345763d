"""MovieLens as the scripts here read it: the five folds of 100K, and the protocol of He et al. (WWW 2017) on 1M.

The folds are a hash of a position in the file, so that others can make the same.
"""
import gzip
import math
import os

import numpy as np

FOLDS = 5
USERS, ITEMS = 6040, 3706  # of 1M
CANDIDATES = 100  # the item that is asked for, then the negatives given with it


def splitmix64(i):
    """Of i, one step of the generator of Steele, Lea, Flood (OOPSLA 2014)."""
    mask = (1 << 64) - 1
    z = (i + 1) * 0x9E3779B97F4A7C15 & mask
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
    return z ^ z >> 31


def lines(folder, name):
    """The lines of a file or of its copy with .gz, split at white space."""
    path = os.path.join(folder, name)
    with open(path) if os.path.exists(path) else gzip.open(path + ".gz", "rt") as f:
        return [line.split() for line in f]


def ratings(folder):
    """User, item and rating of each line of 100K's u.data, as text, text and number."""
    return [(u, i, float(r)) for u, i, r, _ in lines(folder, "u.data")]


def folds(n):
    """The fold of each of n ratings, in the order of the file: splitmix64(position) mod 5."""
    return np.array([splitmix64(i) % FOLDS for i in range(n)])


class NCF:
    """1M for implicit feedback: user, item of the training pairs; val and test, (users, 100): an item, then 99 negatives.

    The test is the files'. The last of each user's training items is held out for validation, with negatives
    drawn from what he has in neither.
    """

    def __init__(self, folder):
        seen = [[int(i) for i in line[1:]] for line in lines(folder, "ml-1m.train.lists")]
        self.test = np.empty((USERS, CANDIDATES), np.int64)
        for user, line in enumerate(lines(folder, "ml-1m.test.negative")):
            self.test[user] = [int(line[0].strip("()").split(",")[1])] + [int(i) for i in line[1:]]
        self.known = np.zeros((USERS, ITEMS), bool)
        for user, items in enumerate(seen):
            self.known[user, items] = True
        self.val = np.stack([self.held(user, items) for user, items in enumerate(seen)])
        pairs = [(u, i) for u, items in enumerate(seen) for i in items if i != self.val[u, 0]]
        self.user, self.item = np.array(pairs).T

    def held(self, user, items):
        free = np.flatnonzero(~self.known[user])
        draws = np.random.default_rng(user).choice(free, CANDIDATES - 1, replace=False)
        return np.concatenate([[items[-1]], draws])

    def negatives(self, rng, users):
        """An item for each user, uniform among those that he has not in training or validation."""
        items = rng.integers(ITEMS, size=len(users))
        while True:
            again = np.flatnonzero(self.known[users, items])
            if len(again) == 0:
                return items
            items[again] = rng.integers(ITEMS, size=len(again))


def ranking(scores):
    """HR@10 and NDCG@10 of scores (users, 100); an item that ties with the first is before it."""
    rank = (scores[:, 1:] >= scores[:, :1]).sum(1)
    return float((rank < 10).mean()), float(np.where(rank < 10, math.log(2) / np.log(rank + 2), 0).mean())


class Best:
    """Keeps the test scores of the epoch whose validation scores have the greatest sum."""

    def __init__(self):
        self.val = (0, 0)

    def see(self, epoch, val, test):
        if sum(val) > sum(self.val):
            self.val, self.test, self.epoch = val, test, epoch

    def report(self):
        return {"hr": self.test[0], "ndcg": self.test[1], "val_hr": self.val[0], "val_ndcg": self.val[1], "epoch": self.epoch}
