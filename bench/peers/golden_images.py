"""Golden values from PyTorch for layers of images and whole convolutional nets.

    .venv/bin/python golden_images.py ../../internal/numtest/golden

Writes images.json (layers: values and gradients), imagenets.json (torchvision's nets and a
residual net for small images: names, shapes, outputs and gradients) and imagetraining.json
(updates of a small net), in float64 on one thread. internal/numtest/golden/README.md
describes the files.
"""
import copy
import math
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

from golden import arr, grid, worst, write


def run(module, x, dy, dtype):
    """The output of a module, and its gradients by name for the cotangent dy."""
    module = copy.deepcopy(module).to(dtype)
    x = x.detach().to(dtype).requires_grad_()
    y = module(x)
    y.backward(dy.to(dtype))
    return y.detach(), {"x": x.grad} | {n: p.grad for n, p in module.named_parameters()}


def filled(module):
    """The module with parameters that are multiples of 1/64."""
    with torch.no_grad():
        for n, p in module.named_parameters():
            p.copy_(grid(*p.shape, scale=0.5) + (1 if n.endswith("weight") and p.dim() == 1 else 0))
    return module


def case(name, module, *shape, ties=False):
    module, x = filled(module), grid(*shape)
    if ties:
        x = torch.round(x)
    dy = grid(*module(x).shape)
    y, grads = run(module, x, dy, torch.float64)
    y32, grads32 = run(module, x, dy, torch.float32)
    return {"name": name, "params": {n: arr(p) for n, p in module.named_parameters()}, "x": arr(x), "output": arr(y), "dy": arr(dy),
            "grads": {n: arr(g) for n, g in grads.items()},
            "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads])}


# Layers that PyTorch has no module for.

class Standardized(nn.Conv2d):
    """Weight standardization (Qiao et al. 2019) with the biased variance."""

    def forward(self, x):
        var, mean = torch.var_mean(self.weight, dim=(1, 2, 3), keepdim=True, correction=0)
        w = (self.weight - mean) / torch.sqrt(var + 1e-5)
        return F.conv2d(x, w, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Block(nn.Module):
    """A residual block without normalization: relu(shortcut(x) + conv2(relu(conv1(x))))."""

    def __init__(self):
        super().__init__()
        self.shortcut = nn.Conv2d(3, 4, 1, stride=2)
        self.add_module("0", nn.Conv2d(3, 4, 3, stride=2, padding=1))
        self.add_module("2", nn.Conv2d(4, 4, 3, padding=1))

    def forward(self, x):
        inner = getattr(self, "2")(F.relu(getattr(self, "0")(x)))
        return self.shortcut(x) + inner


def layers():
    return [
        case("conv", nn.Conv2d(3, 4, 3, padding=1), 2, 3, 5, 4),
        case("conv stride", nn.Conv2d(3, 5, 3, stride=2, padding=1, bias=False), 2, 3, 6, 5),
        case("conv dilation", nn.Conv2d(2, 3, 3, dilation=2, padding=2), 2, 2, 5, 6),
        case("conv groups", nn.Conv2d(4, 6, 3, groups=2), 2, 4, 4, 5),
        case("conv depthwise", nn.Conv2d(4, 4, 3, stride=2, padding=1, groups=4), 2, 4, 5, 5),
        case("conv multiplier", nn.Conv2d(3, 6, 3, padding=1, groups=3), 2, 3, 4, 4),
        case("conv 1x1", nn.Conv2d(3, 5, 1), 2, 3, 3, 4),
        case("conv 1x1 stride", nn.Conv2d(3, 5, 1, stride=2), 2, 3, 5, 4),
        case("conv oblong", nn.Conv2d(2, 3, (1, 5), padding=(0, 2)), 2, 2, 3, 6),
        case("conv same", nn.Conv2d(2, 3, 4, padding="same"), 2, 2, 5, 5),
        case("conv standardized", Standardized(3, 4, 3, padding=1), 2, 3, 4, 4),
        case("conv1d", nn.Conv1d(3, 4, 3, stride=2, padding=1), 2, 3, 7),
        case("conv1d groups", nn.Conv1d(4, 4, 3, groups=2, dilation=2), 2, 4, 8),
        case("transposed", nn.ConvTranspose2d(3, 4, 4, stride=2, padding=1), 2, 3, 3, 4),
        case("transposed groups", nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), 2, 4, 3, 3),
        case("transposed dilation", nn.ConvTranspose2d(2, 3, 3, dilation=2, bias=False), 2, 2, 3, 2),
        case("max", nn.MaxPool2d(2), 2, 3, 5, 4),
        case("max overlapping", nn.MaxPool2d(3, stride=2, padding=1), 2, 3, 6, 5, ties=True),
        case("avg", nn.AvgPool2d(2), 2, 3, 4, 6),
        case("avg overlapping", nn.AvgPool2d(3, stride=2, padding=1), 2, 3, 6, 5),
        case("avg inside", nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False), 2, 3, 3, 4),
        case("adaptive avg", nn.AdaptiveAvgPool2d((3, 2)), 2, 3, 7, 5),
        case("adaptive max", nn.AdaptiveMaxPool2d((2, 3)), 2, 3, 5, 4),
        case("global avg", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), 2, 3, 4, 5),
        case("global max", nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten()), 2, 3, 4, 5),
        case("group norm", nn.GroupNorm(2, 4), 2, 4, 3, 4),
        case("group norm all", nn.GroupNorm(1, 4), 2, 4, 3, 3),
        case("group norm each", nn.GroupNorm(4, 4, eps=1e-3), 2, 4, 3, 3),
        case("squeeze excite", torchvision.ops.SqueezeExcitation(8, 2), 2, 8, 3, 3),
        case("hard swish", nn.Hardswish(), 2, 3, 4, 4),
        case("shortcut", Block(), 2, 3, 5, 5),
        case("flatten", nn.Sequential(nn.Flatten(), nn.ReLU(), nn.Linear(36, 3)), 2, 3, 4, 3),
    ]


# Whole nets. Their parameters are functions of the number of the tensor and of the
# element, which the test computes too.

MIX, STEP = 2654435761, 40503


def values(tensor, shape, scale, shift):
    """shift + scale·(u - 1/2) with u from the upper 16 bits of a product modulo 2^32."""
    i = torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.int64)
    u = (i * MIX + (tensor + 1) * STEP * 65537) % 2**32 // 65536
    return (shift + scale * (u.double() / 65536 - 0.5)).reshape(shape)


def spread(name, shape):
    """Scale and shift, multiples of powers of two: near He's deviation for weights."""
    if name.endswith("running_var"):
        return 0.5, 1.0
    if len(shape) < 2:
        return 0.5, 1.0 if name.endswith("weight") else 0.0
    fan = torch.Size(shape[1:]).numel()
    return 2.0 ** round(math.log2((24 / fan) ** 0.5)), 0.0


class SmallResNet(nn.Module):
    """He et al. 2016, section 4.2, in torchvision's names, with shortcuts of zeros."""

    class Block(nn.Module):
        def __init__(self, cin, cout, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
            self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
            self.stride, self.more = stride, cout - cin

        def forward(self, x):
            y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
            if self.more:
                x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
            return F.relu(x + y)

    def __init__(self, depth, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        cin = 16
        for i, cout in enumerate([16, 32, 64]):
            blocks = []
            for j in range((depth - 2) // 6):
                blocks.append(self.Block(cin, cout, 2 if i > 0 and j == 0 else 1))
                cin = cout
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def probe(name, shape):
    """What a gradient is multiplied by, so that one number tells of all of it."""
    return values(sum(name.encode()), shape, 2.0, 0.0)


def net(name, module, classes, train, *shape):
    tensors = {}
    with torch.no_grad():
        for i, (n, t) in enumerate(module.state_dict().items()):
            if n.endswith("num_batches_tracked"):
                continue
            scale, shift = spread(n, t.shape)
            t.copy_(values(i, t.shape, scale, shift))
            tensors[n] = {"number": i, "shape": list(t.shape), "scale": scale, "shift": shift}
    module.train(train)
    x = values(1000, shape, 2.0, 0.0)
    dy = values(1001, (shape[0], classes), 2.0, 0.0)
    y, grads = run(module, x, dy, torch.float64)
    y32, grads32 = run(module, x, dy, torch.float32)
    for n, g in grads.items():
        if n in tensors:
            tensors[n] |= {"probe": (g * probe(n, g.shape)).sum().item(), "largest": g.abs().max().item(), "norm": g.norm().item()}
    return {"name": name, "train": train, "x": list(shape), "tensors": tensors, "output": arr(y),
            "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads])}


def nets():
    return [
        net("resnet20", SmallResNet(20, 10), 10, False, 2, 3, 16, 12),
        net("resnet20 train", SmallResNet(20, 10), 10, True, 4, 3, 16, 16),
        net("resnet18", torchvision.models.resnet18(num_classes=5), 5, False, 1, 3, 33, 40),
        net("mobilenet", torchvision.models.mobilenet_v3_small(num_classes=5, dropout=0.0), 5, False, 2, 3, 40, 33),
    ]


# Training.

def training(name, updates=24):
    """A small net of convolution and batch normalization, by SGD with momentum."""
    model = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2),
                          nn.Conv2d(6, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                          nn.Flatten(), nn.Linear(32, 3))
    init = {n: t for n, t in filled(model).state_dict().items() if not n.endswith("num_batches_tracked")}
    init = {n: t.clone() for n, t in init.items()}
    x, y = grid(40, 2, 8, 8), torch.arange(40) * 7 % 3
    result = {}
    for dtype in [torch.float32, torch.float64]:
        m = copy.deepcopy(model).to(dtype)
        m.load_state_dict({n: t.to(dtype) for n, t in init.items()}, strict=False)
        opt = torch.optim.SGD(m.parameters(), lr=0.05, momentum=0.9)
        losses = []
        for i in range(updates):
            at = 8 * i % 40
            opt.zero_grad()
            loss = F.cross_entropy(m(x[at:at + 8].to(dtype)), y[at:at + 8])
            loss.backward()
            opt.step()
            losses.append(loss.item())
        result[dtype] = losses, {n: t.clone() for n, t in m.state_dict().items() if n in init}
    losses, after = result[torch.float64]
    return {"name": name, "init": {n: arr(t) for n, t in init.items()}, "x": arr(x), "y": y.tolist(), "loss": losses,
            "after": {n: arr(t) for n, t in after.items()},
            "float32_error": worst([(result[torch.float32][1][n], after[n]) for n in after])}


def main(out):
    write(os.path.join(out, "images.json"), "", layers())
    write(os.path.join(out, "imagenets.json"), '"torchvision":"%s",' % torchvision.__version__.split("+")[0], nets())
    write(os.path.join(out, "imagetraining.json"), "", [training("net")])


if __name__ == "__main__":
    main(sys.argv[1])
