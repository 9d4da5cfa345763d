"""Golden values from PyTorch for recommendation models and their losses.

    .venv/bin/python golden_recommend.py ../../internal/numtest/golden

Writes recommend.json and ranking.json, in float64 on one thread. The models are written as in their papers and
reference implementations, with our names of parameters; internal/numtest/golden/README.md describes the files.
"""
import copy
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from golden import GEN, arr, grid, worst, write


class MF(nn.Module):
    """Koren et al. 2009, equation 4, as in Surprise; without the parts that are equal for all items: BPR-MF."""

    def __init__(self, users, items, dim, mean=None):
        super().__init__()
        self.user, self.item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.item_bias = nn.Embedding(items, 1)
        if mean is not None:
            self.user_bias = nn.Embedding(users, 1)
            self.register_buffer("mean", torch.tensor([mean]))

    def forward(self, user, item):
        s = dot(self.user(user), self.item(item)) + self.item_bias(item).squeeze(-1)
        if hasattr(self, "mean"):
            s = s + each(self.user_bias(user).squeeze(-1), s) + self.mean
        return s


class GMF(nn.Module):
    """He et al. 2017, equation 9, without the final sigmoid."""

    def __init__(self, users, items, dim):
        super().__init__()
        self.user, self.item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.out = nn.Linear(dim, 1)

    def forward(self, user, item):
        q = self.item(item)
        return self.out(each(self.user(user), q) * q).squeeze(-1)


def tower(width, hidden):
    layers = []
    for n in hidden:
        layers += [nn.Linear(width, n), nn.ReLU()]
        width = n
    return nn.Sequential(*layers)


class NeuMF(nn.Module):
    """He et al. 2017, equation 12, without the final sigmoid."""

    def __init__(self, users, items, dim, hidden):
        super().__init__()
        self.gmf_user, self.gmf_item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.mlp_user, self.mlp_item = nn.Embedding(users, hidden[0]), nn.Embedding(items, hidden[0])
        self.mlp = tower(2 * hidden[0], hidden)
        self.out = nn.Linear(dim + hidden[-1], 1)

    def forward(self, user, item):
        q, b = self.gmf_item(item), self.mlp_item(item)
        h = self.mlp(torch.cat([each(self.mlp_user(user), b), b], -1))
        return self.out(torch.cat([each(self.gmf_user(user), q) * q, h], -1)).squeeze(-1)


class Tables(nn.Module):
    """Vectors of the user, the item and the categories that are there."""

    def __init__(self, dim, users=0, items=0, categories=(), tail=""):
        super().__init__()
        self.names = [n for n, rows in (("user" + tail, users), ("item" + tail, items)) if rows]
        for n, rows in (("user" + tail, users), ("item" + tail, items)):
            if rows:
                self.add_module(n, nn.Embedding(rows, dim))
        if categories:
            self.add_module("cat" + tail, nn.ModuleList(nn.Embedding(rows, dim) for rows in categories))
        self.tail = tail

    def look(self, user=None, item=None, cat=None):
        """Each (B, dim), or (B, n, dim) for n items: user, item, then the categories."""
        like = item if item is not None else user if user is not None else cat[:, 0]
        out = []
        if user is not None:
            out.append(each(getattr(self, "user" + self.tail)(user), like.unsqueeze(-1)))
        if item is not None:
            out.append(getattr(self, "item" + self.tail)(item))
        if cat is not None:
            out += [each(t(cat[:, j]), like.unsqueeze(-1)) for j, t in enumerate(getattr(self, "cat" + self.tail))]
        return out


class FM(nn.Module):
    """Rendle 2010, equation 1, pair by pair."""

    def __init__(self, dim, numbers=0, **features):
        super().__init__()
        self.v, self.w = Tables(dim, **features), Tables(1, **features, tail="_linear")
        self.bias = nn.Parameter(torch.zeros(1))
        if numbers:
            self.x, self.x_linear = nn.Linear(dim, numbers, bias=False), nn.Linear(1, numbers, bias=False)

    def parts(self, x=None, **ids):
        """Each feature's v·x, and what is linear."""
        v, w = self.v.look(**ids), self.w.look(**ids)
        if x is not None:
            v = v + [each(x[:, i, None] * self.x.weight[i], v[0]) for i in range(x.shape[1])]
            w = w + [each(x[:, i, None] * self.x_linear.weight[i], w[0]) for i in range(x.shape[1])]
        return v, self.bias + sum(w)

    def forward(self, **inputs):
        v, linear = self.parts(**inputs)
        return linear.squeeze(-1) + sum((v[i] * v[j]).sum(-1) for i in range(len(v)) for j in range(i))


class DeepFM(nn.Module):
    """Guo et al. 2017, equation 1, without the final sigmoid."""

    def __init__(self, dim, hidden, **features):
        super().__init__()
        self.fm = FM(dim, **features)
        fields = features.get("numbers", 0) + len(features.get("categories", ())) + ("users" in features) + ("items" in features)
        self.mlp, self.out = tower(fields * dim, hidden), nn.Linear(hidden[-1], 1)

    def forward(self, **inputs):
        v, _ = self.fm.parts(**inputs)
        user, item = "user" in inputs, "item" in inputs
        cats = inputs["cat"].shape[1] if "cat" in inputs else 0
        # our order: user, categories, numbers, item
        order = list(range(user)) + list(range(user + item, len(v))) + [user] * item
        h = self.mlp(torch.cat([v[i] for i in order], -1))
        return self.fm(**inputs) + self.out(h).squeeze(-1)


class DLRM(nn.Module):
    """interact_features of facebookresearch/dlrm, which are bmm and the lower triangle, between its two networks."""

    def __init__(self, dim, bottom, top, numbers, out=1, **features):
        super().__init__()
        self.tables = Tables(dim, **features)
        f = len(features.get("categories", ())) + ("users" in features) + ("items" in features) + (numbers > 0)
        if numbers:
            self.bottom = tower(numbers, bottom + [dim])
        width = f * (f - 1) // 2 + (dim if numbers else 0)
        self.top = tower(width, top)
        self.out = nn.Linear(top[-1], out)

    def forward(self, x=None, **ids):
        v = self.tables.look(**ids)
        z = [] if x is None else [each(self.bottom(x), v[0])]
        t = torch.stack(z + v, -2)
        pairs = t @ t.transpose(-1, -2)
        i, j = torch.tril_indices(t.shape[-2], t.shape[-2], -1)
        y = self.out(self.top(torch.cat(z + [pairs[..., i, j]], -1)))
        return y.squeeze(-1) if y.shape[-1] == 1 else y


class TwoTower(nn.Module):
    """Yi et al. 2019, section 3.1, with Linear and ReLU in turn."""

    def __init__(self, users, items, dim, user_hidden=(), item_hidden=(), numbers=0, normalize=False, temperature=1.0):
        super().__init__()
        self.user, self.item = nn.Embedding(users, dim), nn.Embedding(items, dim)
        self.user_tower, self.item_tower = tower(dim + numbers, user_hidden)[:-1], tower(dim, item_hidden)[:-1]
        self.normalize, self.temperature = normalize, temperature

    def forward(self, user, item, x=None):
        u = self.user(user)
        u = self.user_tower(u if x is None else torch.cat([u, x], -1))
        v = self.item_tower(self.item(item))
        if self.normalize:
            u, v = F.normalize(u, dim=-1), F.normalize(v, dim=-1)
        return dot(u / self.temperature, v)


def each(x, like):
    """x of a user beside each of the items of like, which may have one more axis."""
    return x.unsqueeze(1).expand(-1, like.shape[1], *x.shape[1:]) if like.dim() > x.dim() else x


def dot(user, item):
    return (each(user, item) * item).sum(-1)


# Cases.

def differentiate(module, inputs, dy, dtype):
    module = copy.deepcopy(module).to(dtype)
    inputs = {n: t.detach().to(dtype).requires_grad_() if t.is_floating_point() else t for n, t in inputs.items()}
    y = module(**inputs)
    y.backward(dy.to(dtype))
    grads = {n: t.grad for n, t in inputs.items() if t.is_floating_point()}
    return y.detach(), grads | {n: p.grad for n, p in module.named_parameters()}


def model(name, op, config, module, inputs):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(grid(*p.shape, scale=0.5))
    dy = grid(*module(**inputs).shape)
    y, grads = differentiate(module, inputs, dy, torch.float64)
    y32, grads32 = differentiate(module, inputs, dy, torch.float32)
    return {"name": name, "op": op, "config": config, "params": {ours(n): arr(t) for n, t in module.state_dict().items()},
            "inputs": {n: arr(t) for n, t in inputs.items()}, "output": arr(y), "dy": arr(dy),
            "grads": {ours(n): arr(g) for n, g in grads.items()},
            "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads])}


def ours(name):
    """Our name of a parameter: those of the tables and of the machine belong to the model."""
    for part in ("fm.", "v.", "w.", "tables."):
        name = name.removeprefix(part)
    return name


def index(n, *shape):
    return torch.randint(n, shape, generator=GEN)


def pairs(batch, users, items, n=0):
    """An interaction for each example, or n items for its user; rows of the tables repeat."""
    return {"user": index(users, batch), "item": index(items, batch, n) if n else index(items, batch)}


def models():
    size = {"users": 5, "items": 7, "dim": 4}
    out = []
    for tag, n in (("", 0), ("_items", 3)):
        data = lambda: pairs(9, 5, 7, n)
        out += [
            model("mf" + tag, "mf", size | {"mean": 3.5}, MF(5, 7, 4, 3.5), data()),
            model("bpr" + tag, "bpr", size, MF(5, 7, 4), data()),
            model("gmf" + tag, "gmf", size, GMF(5, 7, 4), data()),
            model("neumf" + tag, "neumf", size | {"hidden": [6, 3]}, NeuMF(5, 7, 4, [6, 3]), data()),
        ]
        side = lambda: {"cat": torch.stack([index(3, 9), index(4, 9)], 1), "x": grid(9, 2)}
        all = {"users": 5, "items": 7, "categories": [3, 4], "numbers": 2}
        ids = {"users": 5, "items": 7}
        deep, net = {"dim": 3, "hidden": [6, 4]}, {"dim": 3, "bottom": [4], "top": [5]}
        out += [
            model("fm" + tag, "fm", ids | {"dim": 4}, FM(4, **ids), data()),
            model("fm_features" + tag, "fm", all | {"dim": 4}, FM(4, **all), data() | side()),
            model("deepfm" + tag, "deepfm", ids | deep, DeepFM(**deep, **ids), data()),
            model("deepfm_features" + tag, "deepfm", all | deep, DeepFM(**deep, **all), data() | side()),
            model("dlrm" + tag, "dlrm", ids | net, DLRM(**net, numbers=0, **ids), data()),
            model("dlrm_features" + tag, "dlrm", all | net, DLRM(**net, **all), data() | side()),
            model("two_tower" + tag, "two_tower", size, TwoTower(5, 7, 4), data()),
        ]
        for more in ({"user_hidden": [6, 3], "item_hidden": [3]}, {"normalize": True, "temperature": 0.125}):
            out.append(model(f"two_tower_{next(iter(more))}{tag}", "two_tower", size | more, TwoTower(5, 7, 4, **more), data()))
        more = {"user_hidden": [4], "numbers": 2}
        for hidden in ([4], [5, 4]):
            more["user_hidden"] = hidden
            out.append(model(f"two_tower_features_{len(hidden)}{tag}", "two_tower", size | more, TwoTower(5, 7, 4, **more), data() | {"x": grid(9, 2)}))
    table = {"categories": [3, 4], "numbers": 2}
    rows = {"cat": torch.stack([index(3, 9), index(4, 9)], 1), "x": grid(9, 2)}
    out += [
        model("fm_table", "fm", table | {"dim": 4}, FM(4, **table), rows),
        model("fm_categories", "fm", {"categories": [3, 4], "dim": 4}, FM(4, categories=[3, 4]), {"cat": rows["cat"]}),
        model("deepfm_table", "deepfm", table | deep, DeepFM(**deep, **table), rows),
        model("dlrm_table", "dlrm", table | net | {"out": 3}, DLRM(**net, **table, out=3), rows),
    ]
    return out


# Losses.

def bpr(pred):
    return -F.logsigmoid(pred[:, :1] - pred[:, 1:]).mean(1)


def sampled_softmax(pred, target, logq=None):
    return F.cross_entropy(pred if logq is None else pred - logq, target, reduction="none")


def in_batch(group):
    """Each example against the items of its group: Yi et al. 2019, equation 3 with the correction of section 3.2."""
    def f(u, v, item, logq=None, weight=None):
        out = []
        for i in range(0, len(u), group):
            at = slice(i, i + group)
            s = u[at] @ v[at].T
            if logq is not None:
                s = s - logq[at]
            same = item[at][:, None] == item[at][None, :]
            if weight is not None:
                same = same | (weight[at] == 0)[None, :]
            s = s.masked_fill(same & ~torch.eye(len(s), dtype=torch.bool), -torch.inf)
            out.append(F.cross_entropy(s, torch.arange(len(s)), reduction="none"))
        out = torch.cat(out)
        return out if weight is None else out * weight
    return f


def loss(name, op, f, more={}, **inputs):
    """f gives the loss of each example; more is what it knows besides its differentiable inputs."""
    def run(dtype):
        x = {n: t.detach().to(dtype).requires_grad_() for n, t in inputs.items()}
        per = f(**x, **{n: t.to(dtype) if t.is_floating_point() else t for n, t in more.items()})
        per.sum().backward()
        return per.detach(), {n: t.grad for n, t in x.items()}

    (per, grads), (per32, grads32) = run(torch.float64), run(torch.float32)
    return {"name": name, "op": op, "inputs": {n: arr(t) for n, t in (inputs | more).items()}, "per_example": arr(per),
            "grads": {n: arr(g) for n, g in grads.items()},
            "float32_error": worst([(per32, per)] + [(grads32[n], grads[n]) for n in grads])}


def losses():
    return [
        loss("bpr", "bpr", bpr, pred=grid(8, 2, scale=2.0)),
        loss("bpr_negatives", "bpr", bpr, pred=grid(8, 5, scale=2.0)),
        loss("bpr_sure", "bpr", bpr, pred=grid(6, 3, scale=60.0)),
        loss("sampled_softmax", "sampled_softmax", sampled_softmax, {"target": index(5, 8)}, pred=grid(8, 5, scale=2.0)),
        loss("sampled_softmax_corrected", "sampled_softmax", sampled_softmax,
             {"target": torch.zeros(8, dtype=torch.int64), "logq": -grid(8, 6).abs()}, pred=grid(8, 6, scale=2.0)),
        loss("in_batch", "in_batch 4", in_batch(4), {"item": torch.arange(8)}, u=grid(8, 3), v=grid(8, 3)),
        loss("in_batch_hits", "in_batch 5", in_batch(5), {"item": index(3, 12)}, u=grid(12, 3), v=grid(12, 3)),
        loss("in_batch_corrected", "in_batch 4", in_batch(4), {"item": index(4, 11), "logq": -grid(11).abs()}, u=grid(11, 6), v=grid(11, 6)),
        loss("in_batch_weighted", "in_batch 4", in_batch(4), {"item": index(4, 11), "weight": grid(11).clamp(min=0)}, u=grid(11, 2), v=grid(11, 2)),
    ]


def main(out):
    write(os.path.join(out, "recommend.json"), "", models())
    write(os.path.join(out, "ranking.json"), "", losses())


main(sys.argv[1])
