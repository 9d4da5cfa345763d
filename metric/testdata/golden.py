"""Writes golden.json: small sets of predictions and their scores by scikit-learn.

    pip install scikit-learn==1.9.1
    python golden.py

Probabilities are float32 values; scikit-learn is given them as float64, clipped
for the log loss as it clips float32, so that its own arithmetic is not float32.
"""
import json
import os
import warnings

import numpy as np
import sklearn
import sklearn.metrics as sk

warnings.filterwarnings("ignore")
rng = np.random.default_rng(1)
EPS = np.finfo(np.float32).eps


def null(x):
    x = float(x)
    return None if np.isnan(x) else x


def exact(w):
    """Weights that are the same number in float32."""
    return np.round(w * 64) / 64


def kept(w, *arrays):
    """scikit-learn counts classes whose examples all weigh nothing; drop them."""
    return (w[w > 0],) + tuple(a[w > 0] for a in arrays)


def area(f, y, p, w, only_positive=False):
    if not y.any() or (y.all() and not only_positive):
        return np.nan
    return f(y, p, sample_weight=w)


def calibration_error(p, y, w):
    confidence, right = p.max(1), p.argmax(1) == y
    edges, total = np.arange(16) / 15, 0.0
    for k in range(15):
        low = confidence > edges[k] if k else confidence >= 0
        inside = low & (confidence <= edges[k + 1])
        total += abs(np.sum((w * (right - confidence))[inside]))
    return total / w.sum()


def classification(name, p, y, w=None):
    p = p.astype(np.float32)
    case = {"name": name, "classes": p.shape[1], "prob": p.ravel().tolist(), "labels": y.tolist(),
            "weight": None if w is None else w.tolist()}
    k = p.shape[1]
    w = np.ones(len(y)) if w is None else w
    w, p, y = kept(w, p.astype(np.float64), y)
    said = p.argmax(1)
    every = list(range(k))
    kind = {"pos_label": 1, "average": "binary"} if k == 2 else {"average": "macro"}
    kind |= {"zero_division": 0, "sample_weight": w}
    if k == 2:
        kind["labels"] = [0, 1]
    clipped = np.clip(p, EPS, 1 - EPS)
    roc = [area(sk.roc_auc_score, y == c, p[:, c], w) for c in every]
    pr = [area(sk.average_precision_score, y == c, p[:, c], w, True) for c in every]
    case["scores"] = {
        "accuracy": sk.accuracy_score(y, said, sample_weight=w),
        "balanced_accuracy": sk.balanced_accuracy_score(y, said, sample_weight=w),
        "log_loss": sk.log_loss(y, clipped, sample_weight=w, labels=every),
        "roc_auc": null(roc[1] if k == 2 else np.nanmean(roc)),
        "pr_auc": null(pr[1] if k == 2 else np.nanmean(pr)),
        "precision": sk.precision_score(y, said, **kind),
        "recall": sk.recall_score(y, said, **kind),
        "f1": sk.f1_score(y, said, **kind),
        "weighted_f1": sk.f1_score(y, said, average="weighted", zero_division=0, sample_weight=w),
        "mcc": sk.matthews_corrcoef(y, said, sample_weight=w),
        "brier": sk.brier_score_loss(y, p, sample_weight=w, labels=every),
        "ece": calibration_error(p, y, w),
    }
    rows = sk.precision_recall_fscore_support(y, said, labels=every, zero_division=0, sample_weight=w)
    case["rows"] = [[float(s), float(a), float(b), float(c), null(d)] for a, b, c, s, d in zip(*rows, roc)]
    case["confusion"] = sk.confusion_matrix(y, said, labels=every, sample_weight=w).tolist()
    if k == 2 and (y == 1).any():
        a, b, _ = sk.precision_recall_curve(y, p[:, 1], sample_weight=w)
        case["best_f1"] = float(np.nanmax(2 * a * b / (a + b)))
    return case


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def good(y, k, noise=1.5):
    return softmax(noise * rng.normal(size=(len(y), k)) + 1.5 * np.eye(k)[y])


def pair(p1):
    p1 = np.asarray(p1, np.float32)
    return np.stack([1 - p1, p1], 1)


def classifications():
    y2, y4 = rng.integers(0, 2, 60), rng.integers(0, 4, 80)
    w2, w4 = exact(rng.exponential(size=60)), exact(rng.exponential(size=80))
    w2[::9] = 0
    skip = np.where(y4 == 2, 1, y4)
    yield classification("binary", good(y2, 2), y2)
    yield classification("binary weights", good(y2, 2), y2, w2)
    yield classification("binary ties", pair(np.round(good(y2, 2)[:, 1] * 4) / 4), y2)
    yield classification("binary ties weights", pair(np.round(good(y2, 2)[:, 1] * 4) / 4), y2, w2)
    yield classification("binary constant", pair(np.full(60, 0.25)), y2)
    yield classification("binary half", pair(np.full(60, 0.5)), y2)
    yield classification("binary perfect", pair(y2), y2)
    yield classification("binary opposite", pair(1 - y2), y2)
    yield classification("binary no positives", good(0 * y2, 2), 0 * y2)
    yield classification("binary no negatives", good(0 * y2 + 1, 2), 0 * y2 + 1)
    yield classification("binary one example", pair([0.75]), np.array([1]))
    yield classification("four", good(y4, 4), y4)
    yield classification("four weights", good(y4, 4), y4, w4)
    yield classification("four ties", np.eye(4)[good(y4, 4, 2).argmax(1)] / 2 + 0.125, y4)
    yield classification("four absent class", good(skip, 4), skip)
    p = good(skip, 4)
    p[:, 2] = 0
    yield classification("four absent and not predicted", p / p.sum(1, keepdims=True), skip, w4)
    yield classification("four class without weight", good(y4, 4), y4, np.where(y4 == 3, 0, w4))
    yield classification("four constant", np.tile([0.125, 0.5, 0.25, 0.125], (80, 1)), y4)
    yield classification("four perfect", np.eye(4)[y4], y4)
    yield classification("four one class", good(0 * y4 + 2, 4), 0 * y4 + 2)


def regression(name, p, y, w=None):
    p, y = np.atleast_2d(p.T).T, np.atleast_2d(y.T).T
    case = {"name": name, "outputs": p.shape[1], "pred": p.ravel().tolist(), "target": y.ravel().tolist(),
            "weight": None if w is None else w.tolist()}

    target, weighed = y, slice(None) if w is None else w > 0

    def all_scores(y, p):
        ww, p, y = (None, p, y) if w is None else kept(w, p, y)
        s = {
            "mae": sk.mean_absolute_error(y, p, sample_weight=ww),
            "rmse": sk.root_mean_squared_error(y, p, sample_weight=ww),
            "r2": null(sk.r2_score(y, p, sample_weight=ww)),
            "median_ae": sk.median_absolute_error(y, p, sample_weight=ww),
            "max_error": float(np.mean([sk.max_error(a, b) for a, b in zip(y.T, p.T)])),
        }
        if (target[weighed] != 0).all():
            s["mape"] = sk.mean_absolute_percentage_error(y, p, sample_weight=ww)
        return s

    case["scores"] = all_scores(y, p)
    case["rows"] = [all_scores(y[:, k:k + 1], p[:, k:k + 1]) for k in range(y.shape[1])]
    return case


def regressions():
    y = rng.normal(size=50) * 10 + 100
    y3 = rng.normal(size=(41, 3)) * [1, 10, 100] + 3
    w, w3 = exact(rng.exponential(size=50)), rng.integers(0, 4, 41).astype(float)
    yield regression("one", y + rng.normal(size=50), y)
    yield regression("one weights", y + rng.normal(size=50), y, w)
    yield regression("odd", (y + rng.normal(size=50))[:49], y[:49])
    yield regression("ties", np.round(y) + rng.integers(-2, 3, 50), np.round(y), np.round(w))
    yield regression("equal weights", y + rng.normal(size=50), y, np.full(50, 0.5))
    yield regression("a target of zero", y - 1, np.where(np.arange(50) == 7, 0, y))
    yield regression("a target of zero without weight", y - 1, np.where(np.arange(50) == 7, 0, y), 1.0 * (np.arange(50) != 7))
    yield regression("one example with weight", y - 1, y, 1.0 * (np.arange(50) == 7))
    yield regression("constant prediction", np.full(50, y.mean()), y)
    yield regression("constant target", y, np.full(50, 2.0))
    yield regression("constant and right", np.full(50, 2.0), np.full(50, 2.0))
    yield regression("perfect", y, y)
    yield regression("one example", y[:1] + 1, y[:1])
    yield regression("far from zero", 1e6 + y + rng.normal(size=50), 1e6 + y, w)
    yield regression("three", y3 + rng.normal(size=(41, 3)), y3)
    yield regression("three weights", y3 + rng.normal(size=(41, 3)), y3, w3)


def multilabel(name, p, y, w=None):
    p = p.astype(np.float32)
    case = {"name": name, "labels": p.shape[1], "prob": p.ravel().tolist(), "target": y.ravel().tolist(),
            "weight": None if w is None else w.tolist()}
    w = np.ones(len(y)) if w is None else w
    w, p, y = kept(w, p.astype(np.float64), y)
    said = (p > 0.5).astype(int)
    every = range(p.shape[1])
    clipped = np.clip(p, EPS, 1 - EPS)
    roc = [area(sk.roc_auc_score, y[:, c] == 1, p[:, c], w) for c in every]
    # A single column is a binary problem to scikit-learn: only its positive class is ours.
    f1 = (lambda average: sk.f1_score(y[:, 0], said[:, 0], zero_division=0, sample_weight=w)) if len(every) == 1 else \
        (lambda average: sk.f1_score(y, said, average=average, zero_division=0, sample_weight=w))
    case["scores"] = {
        "subset_accuracy": sk.accuracy_score(y, said, sample_weight=w),
        "hamming_loss": sk.hamming_loss(y, said, sample_weight=w),
        "micro_f1": f1("micro"),
        "macro_f1": f1("macro"),
        "roc_auc": null(np.nanmean(roc)),
        "log_loss": np.mean([sk.log_loss(y[:, c], clipped[:, c], sample_weight=w, labels=[0, 1]) for c in every]),
    }
    rows = [sk.precision_recall_fscore_support(y[:, c], said[:, c], labels=[1], zero_division=0, sample_weight=w)
            for c in every]
    case["rows"] = [[float(s[0]), float(a[0]), float(b[0]), float(c[0]), null(d)] for (a, b, c, s), d in zip(rows, roc)]
    return case


def multilabels():
    y = (rng.random((50, 5)) < [0.5, 0.1, 0.9, 0.3, 0.5]).astype(int)
    p = np.clip(0.5 * y + 0.7 * rng.random((50, 5)) - 0.1, 0, 1)
    w = exact(rng.exponential(size=50))
    w[3] = 0
    absent = y.copy()
    absent[:, 1], absent[:, 2] = 0, 1
    yield multilabel("five", p, y)
    yield multilabel("five weights", p, y, w)
    yield multilabel("five ties", np.round(p * 4) / 4, y)
    yield multilabel("absent and constant labels", p, absent)
    yield multilabel("never predicted", p / 4, absent, w)
    yield multilabel("perfect", y, y)
    yield multilabel("one label", p[:, :1], y[:, :1])
    yield multilabel("constant", np.full((50, 5), 0.5), y)


def ranking(name, score, relevant, at):
    """Users' scores by rows, with the places that they give to relevant items."""
    case = {"name": name, "at": at, "users": []}
    for s, y in zip(score, relevant):
        user = {"candidates": len(s), "places": [[int((s > x).sum()), int((s == x).sum())] for x in s[y]]}
        user["ndcg"] = [sk.ndcg_score([y], [s], k=k) for k in at]
        user["auc"] = null(area(sk.roc_auc_score, y, s, None))
        if len(np.unique(s)) == len(s):  # without ties: all ranks, and the first one
            user["map"] = sk.label_ranking_average_precision_score([y], [s])
            user["mrr"] = 1 / (1 + int((s > s[y].max()).sum()))
        case["users"].append(user)
    return case


def rankings():
    n = 40
    one = np.eye(n, dtype=bool)[rng.integers(0, n, 20)]
    some = rng.random((20, n)) < 0.15
    some[:, 3] = True
    for name, y in ("one", one), ("some", some):
        s = rng.normal(size=y.shape) + y
        yield ranking(name, s, y, [1, 5, 10, n])
        yield ranking(name + " ties", np.round(s), y, [1, 5, 10, n])
        yield ranking(name + " constant", 0 * s, y, [1, 5, 10, n])
    yield ranking("all", rng.normal(size=(3, n)), np.ones((3, n), bool), [10])


golden = {"made_by": "scikit-learn " + sklearn.__version__,
          "classification": list(classifications()), "regression": list(regressions()),
          "multilabel": list(multilabels()), "ranking": list(rankings())}
here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "golden.json"), "w") as f:
    json.dump(golden, f, separators=(",", ":"), allow_nan=False)
    f.write("\n")
