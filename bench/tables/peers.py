"""The peers of bench/tables: trains a library's models on train.csv with val.csv and predicts test.csv.

    peers.py sklearn|xgboost|torch --dir DIR --target COLUMN --task classification|regression --seed 1 --threads 1

Prints one JSON line a model: model, version, wall and CPU seconds of preparation, training and prediction (not of
imports and reading), threads, and the file of its predictions. A library that is missing is one line: {"missing": ...}.
"""
import argparse
import copy
import csv
import datetime
import importlib
import json
import os
import sys
import time

PATIENCE = 16  # epochs without a better validation loss


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("library", choices=["sklearn", "xgboost", "torch"])
    p.add_argument("--dir", required=True)
    p.add_argument("--target", required=True)
    p.add_argument("--task", choices=["classification", "regression"], required=True)
    p.add_argument("--seed", type=int, required=True)
    p.add_argument("--threads", type=int, required=True)
    p.add_argument("--categories", default="", help="columns of codes to treat as categories by the perceptrons")
    return p.parse_args()


args = arguments()
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
    os.environ[name] = str(args.threads)
for needed in ["numpy", "sklearn", args.library]:
    try:
        importlib.import_module(needed)
    except ImportError as e:
        print(json.dumps({"missing": f"{needed} cannot be imported: {e}"}))
        sys.exit(0)

import numpy as np
import sklearn
import threadpoolctl
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, QuantileTransformer, StandardScaler

CLASSES = args.task == "classification"


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return np.nan if cell == "" else None


def day(cell):
    try:
        return datetime.date.fromisoformat(cell)
    except ValueError:
        return None


class Table:
    """The three files as columns of numbers and columns of categories; a date becomes its day number and day of month."""

    def __init__(self):
        parts = [list(csv.reader(open(os.path.join(args.dir, n + ".csv"), newline=""))) for n in ("train", "val", "test")]
        header = parts[0][0]
        self.sizes = [len(p) - 1 for p in parts]
        rows = [r for p in parts for r in p[1:]]
        self.codes = [c for c in args.categories.split(",") if c]
        self.numbers, self.names = {}, {}
        for i, name in enumerate(header):
            cells = [r[i] for r in rows]
            if name == args.target:
                y = cells
            elif all(number(c) is not None for c in cells):
                self.numbers[name] = [number(c) for c in cells]
            elif all(day(c) for c in cells):
                self.numbers[name + " number"] = [day(c).toordinal() for c in cells]
                self.numbers[name + " day"] = [day(c).day for c in cells]
            else:
                self.names[name] = cells
        train = self.sizes[0]
        if CLASSES:
            self.classes = sorted(set(y[:train]))
            place = {c: k for k, c in enumerate(self.classes)}
            self.y = self.cut(np.array([place[c] for c in y]))
        else:
            y = np.array([float(c) for c in y])
            self.mean, self.scale = y[:train].mean(), y[:train].std()
            self.y = self.cut((y - self.mean) / self.scale)

    def cut(self, values):
        return np.split(values, np.cumsum(self.sizes)[:-1])

    def columns(self, lists):
        return np.array(list(lists), dtype=object if lists and isinstance(next(iter(lists))[0], str) else float).T

    def trees(self):
        """Numbers as they are, categories as integers: three parts and the mask of categories."""
        blocks, mask = [], [False] * len(self.numbers) + [True] * len(self.names)
        if self.numbers:
            blocks.append(self.columns(self.numbers.values()))
        if self.names:
            cells = self.columns(self.names.values())
            coder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan).fit(cells[:self.sizes[0]])
            blocks.append(coder.transform(cells))
        return self.cut(np.hstack(blocks)), mask

    def dense(self, scaler):
        """Scaled numbers and one-hot categories, fitted on the training rows: three parts."""
        blocks, train = [], self.sizes[0]
        plain = [v for n, v in self.numbers.items() if n not in self.codes]
        coded = [[str(c) for c in v] for n, v in self.numbers.items() if n in self.codes] + list(self.names.values())
        if plain:
            x = self.columns(plain)
            blocks.append(scaler.fit(x[:train]).transform(x))
        if coded:
            x = self.columns(coded)
            blocks.append(OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(x[:train]).transform(x))
        return self.cut(np.hstack(blocks).astype(np.float32))


def scalers():
    return {"standard": StandardScaler(),
            "quantile": QuantileTransformer(output_distribution="normal", n_quantiles=min(1000, table.sizes[0]), random_state=args.seed)}


def loss(predicted, y):
    """Log loss of probabilities, or mean squared error."""
    if CLASSES:
        return float(-np.log(np.clip(predicted[np.arange(len(y)), y], 1e-15, 1)).mean())
    return float(((predicted - y) ** 2).mean())


def answer(model, version, work):
    """Times work(), which returns the predictions of the test rows, and writes them down."""
    wall, cpu = time.perf_counter(), time.process_time()
    predicted = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    path = os.path.join(args.dir, model.replace(" ", "-") + ".jsonl")
    with open(path, "w") as f:
        for p in predicted:
            if CLASSES:
                line = {args.target: table.classes[int(np.argmax(p))]} | {f"p({c})": float(v) for c, v in zip(table.classes, p)}
            else:
                line = {args.target: float(p) * table.scale + table.mean}
            f.write(json.dumps(line) + "\n")
    pools = max([p["num_threads"] for p in threadpoolctl.threadpool_info()], default=1)
    if pools > args.threads or cpu > 1.05 * args.threads * wall + 0.1:
        sys.exit(f"{model}: {pools} threads, {cpu:.1f} s of CPU in {wall:.1f} s (want {args.threads} threads)")
    print(json.dumps({"model": model, "version": version, "file": path, "wall": wall, "cpu": cpu, "threads": str(pools)}), flush=True)


def perceptron(scaler):
    """MLPClassifier or MLPRegressor with its defaults, stopped by the validation file and set back to its best epoch."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    x, y = table.dense(scaler), table.y
    model = (MLPClassifier if CLASSES else MLPRegressor)(random_state=args.seed)
    predict = lambda part: model.predict_proba(part) if CLASSES else model.predict(part)
    best, since = np.inf, 0
    for _ in range(200):
        if CLASSES:
            model.partial_fit(x[0], y[0], classes=np.arange(len(table.classes)))
        else:
            model.partial_fit(x[0], y[0])
        now, since = loss(predict(x[1]), y[1]), since + 1
        if now < best:
            best, since, kept = now, 0, copy.deepcopy((model.coefs_, model.intercepts_))
        if since == PATIENCE:
            break
    model.coefs_, model.intercepts_ = kept
    return predict(x[2])


def forest(**settings):
    """HistGradientBoosting with categories as such."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    (train, val, test), mask = table.trees()
    model = (HistGradientBoostingClassifier if CLASSES else HistGradientBoostingRegressor)(categorical_features=mask, random_state=args.seed, **settings)
    if "early_stopping" in settings:
        model.fit(train, table.y[0], X_val=val, y_val=table.y[1])
    else:
        model.fit(train, table.y[0])
    return model.predict_proba(test) if CLASSES else model.predict(test)


def linear():
    """Logistic or ridge regression with their defaults."""
    from sklearn.linear_model import LogisticRegression, Ridge

    x = table.dense(StandardScaler())
    model = (LogisticRegression(max_iter=1000) if CLASSES else Ridge()).fit(x[0], table.y[0])
    return model.predict_proba(x[2]) if CLASSES else model.predict(x[2])


def run_sklearn():
    version = "scikit-learn " + sklearn.__version__
    for name, scaler in scalers().items():
        answer("sklearn MLP " + name, version, lambda: perceptron(scaler))
    answer("sklearn HGB", version, forest)
    answer("sklearn HGB stopped", version, lambda: forest(early_stopping=True, max_iter=2000, n_iter_no_change=PATIENCE))
    answer("sklearn linear", version, linear)


def run_xgboost():
    import xgboost

    def work():
        (train, val, test), mask = table.trees()
        kind = xgboost.XGBClassifier if CLASSES else xgboost.XGBRegressor
        model = kind(n_estimators=4000, learning_rate=0.1, early_stopping_rounds=50, enable_categorical=True, tree_method="hist",
                     feature_types=["c" if m else "q" for m in mask], n_jobs=args.threads, random_state=args.seed)
        model.fit(train, table.y[0], eval_set=[(val, table.y[1])], verbose=False)
        return model.predict_proba(test) if CLASSES else model.predict(test)

    answer("XGBoost stopped", "xgboost " + xgboost.__version__, work)


def torch_perceptron(scaler):
    """Three layers of 256, ReLU, dropout 0.1, AdamW 1e-3, batch 256, at most 100 epochs, the best epoch by validation."""
    import torch
    from torch import nn

    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    x = [torch.from_numpy(part) for part in table.dense(scaler)]
    y = [torch.from_numpy(part if CLASSES else part.astype(np.float32)) for part in table.y]
    sizes = [x[0].shape[1], 256, 256, 256]
    layers = [m for i, o in zip(sizes, sizes[1:]) for m in (nn.Linear(i, o), nn.ReLU(), nn.Dropout(0.1))]
    net = nn.Sequential(*layers, nn.Linear(256, len(table.classes) if CLASSES else 1))
    out = lambda part: net(part) if CLASSES else net(part)[:, 0]
    criterion = nn.CrossEntropyLoss() if CLASSES else nn.MSELoss()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=1e-4)
    best, since = np.inf, 0
    for _ in range(100):
        net.train()
        for rows in torch.randperm(len(x[0])).split(256):
            optimizer.zero_grad(set_to_none=True)
            criterion(out(x[0][rows]), y[0][rows]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            now, since = criterion(out(x[1]), y[1]).item(), since + 1
        if now < best:
            best, since, kept = now, 0, copy.deepcopy(net.state_dict())
        if since == PATIENCE:
            break
    net.load_state_dict(kept)
    with torch.no_grad():
        return (out(x[2]).softmax(1) if CLASSES else out(x[2])).numpy()


def run_torch():
    import torch

    torch.set_num_threads(args.threads)
    for name, scaler in scalers().items():
        answer("PyTorch MLP " + name, "torch " + torch.__version__, lambda: torch_perceptron(scaler))


table = Table()
{"sklearn": run_sklearn, "xgboost": run_xgboost, "torch": run_torch}[args.library]()
