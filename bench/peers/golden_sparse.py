"""Golden values from PyTorch for optimizers of sparse gradients.

    .venv/bin/python golden_sparse.py ../../internal/numtest/golden

As golden.py: float64, one thread, inputs exact in float32. The loss is linear in the table, so gradients do
not depend on its values. internal/numtest/golden/README.md describes sparse.json.
"""
import json
import sys

import torch
import torch.nn as nn

from golden import GEN, arr, grid, write

ROWS, DIM, EXAMPLES, OPERANDS, UPDATES = 9, 3, 5, 2, 30


def sequence(complete):
    """Indices (updates, examples, operands) with repetitions, and what multiplies the rows they name. The last
    update names every row, and where complete is set all do."""
    index = torch.randint(ROWS, (UPDATES, EXAMPLES, OPERANDS), generator=GEN)
    for t in range(UPDATES):
        if complete or t == UPDATES - 1:
            order = torch.cat([torch.randperm(ROWS, generator=GEN), torch.tensor([t % ROWS])])
            index[t] = order.reshape(EXAMPLES, OPERANDS)
    return index, grid(UPDATES, EXAMPLES, OPERANDS, DIM)


def run(init, data, make, sparse):
    table = nn.Embedding(ROWS, DIM, sparse=sparse, _weight=init.clone())
    opt = make([table.weight])
    for index, dy in zip(*data):
        opt.zero_grad()
        ((table(index) * dy).sum() / EXAMPLES).backward()
        opt.step()
    return table.weight, opt.state[table.weight]


def main(folder):
    init = grid(ROWS, DIM)
    data = {"some": sequence(False), "all": sequence(True)}
    makers = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "sparse_adam": torch.optim.SparseAdam,
              "adam": torch.optim.Adam}
    cases = []

    def case(name, kind, rows, config):
        settings = {k: tuple(v) if k == "betas" else v for k, v in config.items()}
        weight, state = run(init, data[rows], lambda p: makers[kind](p, **settings), sparse=kind != "adam")
        names = {"exp_avg": "m", "exp_avg_sq": "v", "sum": "sum"}
        cases.append({"name": name, "optimizer": kind, "rows": rows, "config": config, "weight": arr(weight),
                      "state": {names[k]: arr(v) for k, v in state.items() if k in names}})

    case("sgd", "sgd", "some", {"lr": 0.1})
    case("adagrad", "adagrad", "some", {"lr": 0.1})
    case("adagrad_decay", "adagrad", "some", {"lr": 0.1, "lr_decay": 0.05})
    case("sparse_adam", "sparse_adam", "some", {"lr": 0.05})
    case("sparse_adam_eps", "sparse_adam", "some", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 0.01})
    case("sparse_adam_all", "sparse_adam", "all", {"lr": 0.05, "eps": 0.01})
    case("adam", "adam", "some", {"lr": 0.05, "betas": [0.8, 0.95]})
    case("adam_all", "adam", "all", {"lr": 0.05})
    head = json.dumps({"init": arr(init), "batches": {k: {"index": arr(i), "dy": arr(d)} for k, (i, d) in data.items()}},
                      separators=(",", ":"))
    write(f"{folder}/sparse.json", head[1:-1] + ",\n", cases)


if __name__ == "__main__":
    main(sys.argv[1])
