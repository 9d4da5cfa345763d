"""Test accuracy of two MLPs trained by PyTorch, one JSON line a seed.

    quality_torch.py dropout --data DIR [--seeds 5]   784-512-512-10, ReLU, dropout 0.2; Adam 1e-3, cosine to 0, batch 128, 20 epochs
    quality_torch.py sklearn --data DIR [--seeds 5]   784-100-100-10 as in scikit-learn's bench_mnist.py (MLP_adam)
"""
import time

import mnist

args = mnist.arguments(__doc__.splitlines()[0], ["dropout", "sklearn"])

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(args.threads)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        return (model(x).argmax(1) == y).double().mean().item()


def dropout(x, y):
    """Returns the model and the epochs it took."""
    epochs, batch = args.epochs or 20, 128
    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2),
                          nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 10))
    opt = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs * -(-len(x) // batch))
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
            sched.step()
    return model, epochs


def sklearn(x, y):
    """MLPClassifier(hidden_layer_sizes=(100, 100), solver="adam", alpha=1e-4, max_iter=400, tol=1e-4) in PyTorch.

    Glorot weights and biases; an L2 term alpha/2 |W|^2 / batch on weights; stops after more than 10 epochs in a row
    whose training loss was not tol below the best so far.
    """
    batch, alpha, tol = 200, 1e-4, 1e-4
    model = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 10))
    weights, biases = [], []
    for m in model:
        if isinstance(m, nn.Linear):
            bound = (6 / (m.in_features + m.out_features)) ** 0.5
            nn.init.uniform_(m.weight, -bound, bound)
            nn.init.uniform_(m.bias, -bound, bound)
            weights.append(m.weight)
            biases.append(m.bias)
    opt = torch.optim.Adam([{"params": weights, "weight_decay": alpha / batch}, {"params": biases}], lr=1e-3, fused=True)
    best, stale = float("inf"), 0
    for epoch in range(1, (args.epochs or 400) + 1):
        total = 0.0
        for rows in torch.randperm(len(x)).split(batch):
            opt.zero_grad()
            loss = F.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            with torch.no_grad():
                penalty = sum(w.square().sum() for w in weights) * (alpha / 2 / len(rows))
                total += (loss + penalty).item() * len(rows)
            opt.step()
        mean = total / len(x)
        stale = stale + 1 if mean > best - tol else 0
        best = min(best, mean)
        if stale > 10:
            break
    return model, epoch


(x, y), (xt, yt) = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in mnist.load(args.data)]
for seed in range(1, args.seeds + 1):
    torch.manual_seed(seed)
    start = time.perf_counter()
    model, epochs = {"dropout": dropout, "sklearn": sklearn}[args.config](x, y)
    seconds = time.perf_counter() - start
    mnist.report(f"torch {torch.__version__}", args, seed, accuracy(model, xt, yt), epochs, seconds)
