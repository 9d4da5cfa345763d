"""Convolutional nets trained by PyTorch: a JSON line a seed, and for cifar one for each tenth of an epoch.

    quality_convnet_torch.py mnist --data DIR [--seeds 3]    Keras's published convnet: 32 and 64 channels of 3x3, each with a maximum over
                                                             2x2, dropout 0.5; Adam 1e-3, batch 128, 15 epochs on all training images
    quality_convnet_torch.py cifar --data DIR [--epochs 1]   ResNet-20 as in He et al. 2016: SGD 0.1, momentum 0.9, decay 1e-4 on all
                                                             parameters, batch 128, flips and crops of 4 pixels; the rate does not fall yet
                                                             in the first epochs. DIR is what bench/cifar writes
"""
import json
import os
import time

import mnist

args = mnist.arguments(__doc__.splitlines()[0], ["mnist", "cifar"])

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

import convnet_torch

torch.set_num_threads(args.threads)
POINT = 39  # updates that a point of the curve is the mean of
PEER = f"torch {torch.__version__}"


def evaluate(model, x, y):
    """Mean cross-entropy and accuracy."""
    model.eval()
    with torch.no_grad():
        scores = torch.cat([model(part) for part in x.split(500)])
    model.train()
    return F.cross_entropy(scores, y).item(), (scores.argmax(1) == y).double().mean().item()


def keras():
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Flatten(), nn.Dropout(0.5), nn.Linear(1600, 10))
    for m in model:
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(m.weight)  # Keras's defaults
            nn.init.zeros_(m.bias)
    return model.to(memory_format=torch.channels_last)


def train_mnist(seed, data):
    (x, y), (xt, yt) = data
    model, epochs = keras(), args.epochs or 15
    opt = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    start = time.perf_counter()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            opt.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
    mnist.report(PEER, args, seed, evaluate(model, xt, yt)[1], epochs, time.perf_counter() - start)


def augment(x, pad=4):
    """A crop of (N, H, W, C) with pad pixels of zeros around it, and a flip, at random for each image."""
    n, h, w, _ = x.shape
    rows = torch.arange(h) + torch.randint(2 * pad + 1, (n, 1))
    columns = torch.arange(w) + torch.randint(2 * pad + 1, (n, 1))
    columns = torch.where(torch.rand(n, 1) < 0.5, columns, columns.flip(1))
    return F.pad(x, (0, 0, pad, pad, pad, pad))[torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]]


def train_cifar(seed, data):
    (x, y), (xt, yt) = data
    mean, std = x.double().div(255).mean((0, 1, 2)).float(), x.double().div(255).std((0, 1, 2)).float()
    images = lambda u8: ((u8.float() / 255 - mean) / std).permute(0, 3, 1, 2)  # channels last in memory
    model = convnet_torch.ResNet(20).to(memory_format=torch.channels_last)
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, fused=True)
    cpu, losses, updates = time.process_time(), [], 0
    for epoch in range(1, (args.epochs or 1) + 1):
        for rows in torch.randperm(len(x)).split(128):
            opt.zero_grad()
            loss = F.cross_entropy(model(images(augment(x[rows]))), y[rows])
            loss.backward()
            opt.step()
            losses.append(loss.item())
            updates += 1
            if updates % POINT == 0:
                print(json.dumps({"peer": PEER, "seed": seed, "update": updates, "train_loss": round(sum(losses) / POINT, 4)}), flush=True)
                losses = []
        used = time.process_time() - cpu
        loss, accuracy = evaluate(model, images(xt), yt)
        print(json.dumps({"peer": PEER, "seed": seed, "update": updates, "epoch": epoch, "loss": round(loss, 4),
                          "accuracy": round(accuracy, 4), "cpu_seconds": round(used, 1)}), flush=True)


def cifar(directory):
    """Training and test data as (images (N, H, W, C) u8, labels)."""
    parts = []
    for names in ([f"data_batch_{i}.bin" for i in range(1, 6)], ["test_batch.bin"]):
        records = np.concatenate([np.fromfile(os.path.join(directory, n), np.uint8).reshape(-1, 3073) for n in names])
        images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        parts.append((torch.from_numpy(images.copy()), torch.from_numpy(records[:, 0].astype(np.int64))))
    return parts


if args.config == "mnist":
    data = [(torch.from_numpy(x).view(-1, 1, 28, 28), torch.from_numpy(y)) for x, y in mnist.load(args.data)]
else:
    data = cifar(args.data)
for seed in range(1, args.seeds + 1):
    torch.manual_seed(seed)
    (train_mnist if args.config == "mnist" else train_cifar)(seed, data)
