"""Convolutional nets in PyTorch: ResNet in its CIFAR form, a LeNet-like net, MobileNetV3-Small.

Each is made by a name of MODELS, for images of the shape in SHAPES (C, H, W) and ten classes.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

CLASSES = 10
SHAPES = {"resnet": (3, 32, 32), "lenet": (1, 28, 28), "mobilenet": (3, 96, 96)}


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut; where the size changes, every second pixel between channels of zeros (option A)."""

    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.stride, self.more = stride, o - i

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))
        return F.relu(y + x)


class ResNet(nn.Module):
    """K. He et al., arXiv:1512.03385, section 4.2: depth 6n+2, 16, 32 and 64 channels."""

    def __init__(self, depth):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        n, blocks, i = (depth - 2) // 6, [], 16
        for o in (16, 32, 64):
            for k in range(n):
                blocks.append(Block(i, o, 2 if k == 0 and o > 16 else 1))
                i = o
        self.blocks = nn.Sequential(*blocks)
        self.linear = nn.Linear(64, CLASSES)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.linear(x.mean((2, 3)))


def lenet():
    return nn.Sequential(nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, CLASSES))


# A row of MobileNetV3-Small: kernel, expanded channels, channels out, squeeze and excite, activation, stride
# (A. Howard et al., arXiv:1905.02244, table 2).
MOBILENET = [(3, 16, 16, True, nn.ReLU, 2), (3, 72, 24, False, nn.ReLU, 2), (3, 88, 24, False, nn.ReLU, 1),
             (5, 96, 40, True, nn.Hardswish, 2), (5, 240, 40, True, nn.Hardswish, 1), (5, 240, 40, True, nn.Hardswish, 1),
             (5, 120, 48, True, nn.Hardswish, 1), (5, 144, 48, True, nn.Hardswish, 1), (5, 288, 96, True, nn.Hardswish, 2),
             (5, 576, 96, True, nn.Hardswish, 1), (5, 576, 96, True, nn.Hardswish, 1)]


def convolution(i, o, k, stride=1, groups=1, act=None):
    """Convolution, batch norm and activation, as torchvision's Conv2dNormActivation."""
    layers = [nn.Conv2d(i, o, k, stride, k // 2, groups=groups, bias=False), nn.BatchNorm2d(o, eps=0.001, momentum=0.01)]
    return nn.Sequential(*layers, *([act(inplace=True)] if act else []))


def multiple_of_8(n):
    """n to the nearest multiple of 8, at least 9/10 of it."""
    m = max(8, int(n + 4) // 8 * 8)
    return m + 8 if m < 0.9 * n else m


class SqueezeExcitation(nn.Module):
    def __init__(self, channels):
        super().__init__()
        squeezed = multiple_of_8(channels // 4)
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x):
        scale = self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1))))
        return x * F.hardsigmoid(scale)


class InvertedResidual(nn.Module):
    def __init__(self, i, k, expanded, o, squeeze, act, stride):
        super().__init__()
        layers = [] if expanded == i else [convolution(i, expanded, 1, act=act)]
        layers.append(convolution(expanded, expanded, k, stride, expanded, act))
        if squeeze:
            layers.append(SqueezeExcitation(expanded))
        self.block = nn.Sequential(*layers, convolution(expanded, o, 1))
        self.residual = stride == 1 and i == o

    def forward(self, x):
        return x + self.block(x) if self.residual else self.block(x)


class MobileNetV3Small(nn.Module):
    """torchvision's mobilenet_v3_small with its names."""

    def __init__(self):
        super().__init__()
        layers, i = [convolution(3, 16, 3, 2, act=nn.Hardswish)], 16
        for k, expanded, o, squeeze, act, stride in MOBILENET:
            layers.append(InvertedResidual(i, k, expanded, o, squeeze, act, stride))
            i = o
        self.features = nn.Sequential(*layers, convolution(i, 576, 1, act=nn.Hardswish))
        self.classifier = nn.Sequential(nn.Linear(576, 1024), nn.Hardswish(inplace=True), nn.Dropout(0.2), nn.Linear(1024, CLASSES))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


def make(name):
    """resnetDEPTH, lenet or mobilenet."""
    if name.startswith("resnet"):
        return ResNet(int(name.removeprefix("resnet")))
    return {"lenet": lenet, "mobilenet": MobileNetV3Small}[name]()
