"""Golden values from PyTorch for layers, losses, optimizers, schedules and batch normalization.

    .venv/bin/python golden.py ../../internal/numtest/golden

Everything is computed in float64 on one thread and written with all its digits. Every
input is a multiple of 1/64 of moderate size or is exact in float32 otherwise, so a float32
engine starts from the same numbers. "float32_error" says how far PyTorch's own float32
run of the same case is from the float64 one. internal/numtest/golden/README.md describes
the files.
"""
import copy
import json
import math
import os
import sys
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import lr_scheduler as S

warnings.filterwarnings("ignore", message=".*lr_scheduler.step.*")
warnings.filterwarnings("ignore", message=".*epoch parameter.*")
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
GEN = torch.Generator().manual_seed(20240229)


def grid(*shape, scale=1.0):
    """Normal values rounded to multiples of 1/64."""
    return torch.round(torch.randn(*shape, generator=GEN) * scale * 64) / 64


def arr(t):
    t = t.detach()
    flat = t.reshape(-1).tolist()
    if not t.dtype.is_floating_point:
        flat = [int(v) for v in flat]
    return {"shape": list(t.shape), "data": flat}


def worst(pairs):
    """Largest error of float32 results, relative to max(1, the largest value) of each array."""
    err = 0.0
    for got, want in pairs:
        scale = max(1.0, want.abs().max().item())
        err = max(err, (got.double() - want).abs().max().item() / scale)
    return float(f"{err:.2g}")


def write(path, head, cases):
    """One case a line, so that a changed value is a changed line."""
    with open(path, "w") as f:
        f.write('{"torch":%s,%s"cases":[\n' % (json.dumps(torch.__version__), head))
        f.write(",\n".join(json.dumps(c, separators=(",", ":"), allow_nan=False) for c in cases))
        f.write("\n]}\n")
    print(f"{path}: {len(cases)} cases, {os.path.getsize(path)} bytes")


# Layers.

def run_layer(module, x, dy, dtype):
    module = copy.deepcopy(module).to(dtype)
    floating = x.dtype.is_floating_point
    x = x.detach().clone().to(dtype).requires_grad_() if floating else x
    y = module(x)
    y.backward(dy.to(dtype))
    grads = {"x": x.grad} if floating else {}
    grads.update({n: p.grad for n, p in module.named_parameters()})
    return y.detach(), grads


def layer(name, op, config, module, x):
    with torch.no_grad():
        for n, p in module.named_parameters():
            p.copy_(grid(*p.shape, scale=0.5) + (1.0 if norm_scale(module, n) else 0.0))
    dy = grid(*module(x).shape)
    y, grads = run_layer(module, x, dy, torch.float64)
    y32, grads32 = run_layer(module, x, dy, torch.float32)
    return {
        "name": name, "op": op, "config": config,
        "params": {n: arr(p) for n, p in module.named_parameters()},
        "inputs": {"x": arr(x)}, "output": arr(y), "dy": arr(dy),
        "grads": {n: arr(g) for n, g in grads.items()},
        "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads]),
    }


def norm_scale(module, name):
    owner = module.get_submodule(name.rpartition(".")[0])
    return isinstance(owner, (nn.LayerNorm, nn.RMSNorm)) and name.endswith("weight")


class Residual(nn.Module):
    def __init__(self, *body):
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x):
        return x + self.body(x)


def elementwise():
    ops = [
        ("relu", {}, nn.ReLU()),
        ("leaky_relu", {"slope": 0.01}, nn.LeakyReLU(0.01)),
        ("elu", {"alpha": 1.0}, nn.ELU(1.0)),
        ("gelu", {"approximate": "none"}, nn.GELU()),
        ("gelu", {"approximate": "tanh"}, nn.GELU(approximate="tanh")),
        ("silu", {}, nn.SiLU()),
        ("tanh", {}, nn.Tanh()),
        ("sigmoid", {}, nn.Sigmoid()),
        ("softplus", {"beta": 1.0}, nn.Softplus()),
    ]
    # Softplus avoids (20, 36): PyTorch returns x itself above 20, off by up to 2e-9.
    extreme = torch.tensor([
        -1e4, -104.0, -100.0, -88.75, -87.0, -40.0, -20.0, -12.0, -9.0, -6.0, -4.0, -1.5,
        -0.75, -0.5, -2.0**-10, -2.0**-30, 2.0**-30, 2.0**-10, 0.5, 0.75, 1.5, 4.0,
        6.0, 9.0, 12.0, 20.0, 40.0, 87.0, 88.75, 100.0, 104.0, 1e4]).reshape(4, 8)
    zeros = torch.tensor([[0.0, -0.0]])
    cases = []
    for op, config, m in ops:
        name = op + ("_tanh" if config.get("approximate") == "tanh" else "")
        x = grid(5, 7, scale=2.0)
        x[x == 0] = 0.25
        cases.append(layer(name, op, config, m, x))
        cases.append(layer(name + "_extreme", op, config, m, extreme))
        cases.append(layer(name + "_zero", op, config, m, zeros))
    return cases


def rows():
    """Softmax and the norms: everything that sums along the last axis."""
    soft = torch.tensor([
        [1e4, 0.0, -1e4, 5.0, 1e4, 3.0], [100.0, 88.75, 90.0, -100.0, 0.0, 99.5],
        [-500.0] * 6, [0.0] * 6, [-1e4, -1e4 + 1, -1e4 + 2, -1e4, -1e4 + 0.5, -1e4]])
    flat = grid(5, 6)
    flat[2] = 0.75  # no variance at all
    offset = 1000.0 + grid(5, 8)
    cases = []
    for op, m in (("softmax", nn.Softmax(-1)), ("log_softmax", nn.LogSoftmax(-1))):
        cases.append(layer(op, op, {"axis": -1}, m, grid(5, 6, scale=2.0)))
        cases.append(layer(op + "_extreme", op, {"axis": -1}, m, soft))
        cases.append(layer(op + "_3d", op, {"axis": -1}, m, grid(5, 2, 3)))
    for affine in (True, False):
        suffix = "" if affine else "_plain"
        ln = {"eps": 1e-5, "affine": affine}
        rms = {"eps": 1e-6, "affine": affine}
        for tag, x in (("", grid(5, 6)), ("_3d", grid(5, 2, 4)), ("_constant_row", flat), ("_offset", offset)):
            width = x.shape[-1]
            cases.append(layer(f"layer_norm{suffix}{tag}", "layer_norm", ln,
                               nn.LayerNorm(width, eps=1e-5, elementwise_affine=affine), x))
            cases.append(layer(f"rms_norm{suffix}{tag}", "rms_norm", rms,
                               nn.RMSNorm(width, eps=1e-6, elementwise_affine=affine), x))
    return cases


def layers():
    cases = []
    for bias in (True, False):
        name = "linear" if bias else "linear_no_bias"
        cases.append(layer(name, "linear", {"in": 7, "out": 4, "bias": bias}, nn.Linear(7, 4, bias), grid(5, 7)))
        cases.append(layer(name + "_3d", "linear", {"in": 3, "out": 8, "bias": bias}, nn.Linear(3, 8, bias), grid(5, 2, 3)))
    cases.append(layer("linear_extreme", "linear", {"in": 6, "out": 3, "bias": True}, nn.Linear(6, 3), grid(5, 6, scale=1e4)))
    cases += elementwise() + rows()
    once = torch.tensor([3, 0, 3, 6, 3])
    twice = torch.tensor([[1, 1, 4], [0, 6, 1], [5, 5, 5], [2, 0, 1], [6, 1, 0]])
    for name, idx in (("embedding", once), ("embedding_2d", twice)):
        cases.append(layer(name, "embedding", {"rows": 7, "width": 4}, nn.Embedding(7, 4), idx))
    cases.append(layer("residual", "residual", {"body": ["linear", "tanh"], "in": 5, "out": 5},
                       Residual(nn.Linear(5, 5), nn.Tanh()), grid(5, 5)))
    cases.append(layer("sequential", "sequential",
                       {"layers": ["linear 6 8", "layer_norm", "gelu", "linear 8 3", "log_softmax"]},
                       nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3), nn.LogSoftmax(-1)),
                       grid(5, 6)))
    return cases


# Losses.

def per_example(kind, cfg, pred, target):
    """The loss of each example before example and class weights: the mean over its outputs."""
    if kind == "cross_entropy":
        return F.cross_entropy(pred, target, label_smoothing=cfg.get("label_smoothing", 0.0), reduction="none")
    if kind == "bce_with_logits":
        pw = cfg.get("pos_weight")
        pw = None if pw is None else torch.tensor(pw, dtype=pred.dtype)
        each = F.binary_cross_entropy_with_logits(pred, target, pos_weight=pw, reduction="none")
    elif kind == "mse":
        each = F.mse_loss(pred, target, reduction="none")
    elif kind == "mae":
        each = F.l1_loss(pred, target, reduction="none")
    else:
        each = F.huber_loss(pred, target, delta=cfg["delta"], reduction="none")
    return each.reshape(len(each), -1).mean(1)


def torch_loss(kind, cfg, pred, target, w):
    """What PyTorch computes from the same arguments, or None where it has no such weight."""
    if kind == "cross_entropy":
        if w is not None:
            return None
        cw = cfg.get("class_weights")
        cw = None if cw is None else torch.tensor(cw, dtype=pred.dtype)
        return F.cross_entropy(pred, target, weight=cw, label_smoothing=cfg.get("label_smoothing", 0.0))
    if kind == "bce_with_logits":
        pw = cfg.get("pos_weight")
        pw = None if pw is None else torch.tensor(pw, dtype=pred.dtype)
        if w is not None:
            w = w.to(pred.dtype).reshape([-1] + [1] * (pred.dim() - 1)).expand_as(pred)
        return F.binary_cross_entropy_with_logits(pred, target, weight=w, pos_weight=pw)
    if w is not None:
        return None
    return per_example(kind, cfg, pred, target).mean()


def descent_loss(kind, cfg, pred, target, w):
    """Sum of w*l over sum of w, where w is the example's weight times its class's."""
    total = torch.ones(len(pred), dtype=pred.dtype) if w is None else w.to(pred.dtype)
    if "class_weights" in cfg:
        total = total * torch.tensor(cfg["class_weights"], dtype=pred.dtype)[target]
    each = per_example(kind, cfg, pred, target)
    return (total * each).sum() / total.sum(), total


def value_and_grad(f, pred):
    p = pred.clone().requires_grad_()
    value = f(p)
    if value is None:
        return None, None
    value.backward()
    return value.detach(), p.grad


def loss(name, kind, cfg, pred, target, w=None):
    ours, grad = value_and_grad(lambda p: descent_loss(kind, cfg, p, target, w)[0], pred)
    theirs, tgrad = value_and_grad(lambda p: torch_loss(kind, cfg, p, target, w), pred)
    target32 = target.float() if target.dtype.is_floating_point else target
    w32 = None if w is None else w.float()
    ours32, grad32 = value_and_grad(lambda p: descent_loss(kind, cfg, p, target32, w32)[0], pred.float())
    case = {
        "name": name, "loss": kind, "config": cfg, "inputs": {"pred": arr(pred), "target": arr(target)},
        "example_weights": None if w is None else w.tolist(),
        "weights": descent_loss(kind, cfg, pred, target, w)[1].tolist(),
        "per_example": per_example(kind, cfg, pred, target).tolist(),
        "descent_loss": ours.item(), "descent_grad": arr(grad),
        "float32_error": worst([(ours32, ours), (grad32, grad)]),
    }
    if theirs is not None:
        case["torch_loss"] = theirs.item()
        case["differs"] = abs(theirs - ours).item() > 1e-9
        if case["differs"]:
            case["torch_grad"] = arr(tgrad)
        else:
            assert torch.allclose(tgrad, grad, rtol=1e-12, atol=1e-14), name
    return case


def losses():
    cw = [0.5, 2.0, 1.0, 0.25, 3.0]
    w = torch.tensor([1.0, 0.5, 0.0, 2.0, 0.25, 1.5])
    logits = grid(6, 5, scale=2.0)
    y = torch.tensor([4, 0, 2, 2, 1, 3])
    extreme = torch.tensor([[1e4, -1e4, 0.0, 3.0, 1e4], [-1e4, 1e4, 0.0, 0.0, 0.0], [88.75, 100.0, -100.0, 0.0, 90.0],
                            [0.0] * 5, [-500.0] * 5, [30.0, 0.0, 0.0, 0.0, -30.0]])
    cases = []
    for smooth in (0.0, 0.1):
        for weights in (None, cw):
            cfg = {}
            if smooth:
                cfg["label_smoothing"] = smooth
            if weights:
                cfg["class_weights"] = weights
            name = "cross_entropy" + ("_smooth" if smooth else "") + ("_classes" if weights else "")
            cases.append(loss(name, "cross_entropy", cfg, logits, y))
            cases.append(loss(name + "_extreme", "cross_entropy", cfg, extreme, y))
            cases.append(loss(name + "_weights", "cross_entropy", cfg, logits, y, w))
    for tag, pred, pw in (("", grid(6, scale=2.0), 2.5), ("_multi", grid(6, 3, scale=2.0), [0.5, 1.0, 4.0]),
                          ("_extreme", torch.tensor([1e4, -1e4, 100.0, -100.0, 0.0, 40.0]), 2.5)):
        target = (grid(*pred.shape) > 0).to(torch.float64)
        for pos in (False, True):
            cfg = {"pos_weight": pw} if pos else {}
            name = "bce" + tag + ("_pos" if pos else "")
            cases.append(loss(name, "bce_with_logits", cfg, pred, target))
            cases.append(loss(name + "_weights", "bce_with_logits", cfg, pred, target, w))
    soft = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0, 0.125])
    cases.append(loss("bce_soft_targets", "bce_with_logits", {}, grid(6), soft))
    for tag, shape, scale in (("", (6, 1), 2.0), ("_multi", (6, 3), 2.0), ("_large", (6, 2), 1e4)):
        pred, target = grid(*shape, scale=scale), grid(*shape)
        pred[0, 0], target[0, 0] = 0.5, 0.5    # residual 0: the kink of MAE
        pred[1, 0], target[1, 0] = 1.25, 0.25  # residual 1: the kink of Huber(1)
        pred[2, 0], target[2, 0] = 0.25, 0.75  # residual -1/2: the kink of Huber(1/2)
        for name, kind, cfg in (("mse", "mse", {}), ("mae", "mae", {}), ("huber_1", "huber", {"delta": 1.0}),
                                ("huber_half", "huber", {"delta": 0.5})):
            cases.append(loss(name + tag, kind, cfg, pred, target))
            cases.append(loss(name + tag + "_weights", kind, cfg, pred, target, w))
    return cases


# Optimizers: 100 updates of a small net.

UPDATES, BATCH, EXAMPLES = 100, 8, 40
SNAPSHOTS = (1, 10, 100)


def net():
    return nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 5))


def train(init, data, make, schedule, clip, dtype):
    """Runs the updates and returns parameters at SNAPSHOTS, the loss before each update and the rates."""
    model = net().to(dtype)
    model.load_state_dict({k: v.to(dtype) for k, v in init.items()})
    opt = make(model)
    sched = schedule(opt) if schedule else None
    x, y = data[0].to(dtype), data[1]
    snaps, curve, rates = {}, [], []
    for i in range(UPDATES):
        at = (i * BATCH) % EXAMPLES
        opt.zero_grad()
        value = F.cross_entropy(model(x[at:at + BATCH]), y[at:at + BATCH])
        value.backward()
        if clip:
            clip(model.parameters())
        rates.append(opt.param_groups[0]["lr"])
        opt.step()
        if sched:
            sched.step()
        curve.append(value.item())
        if i + 1 in SNAPSHOTS:
            snaps[str(i + 1)] = {n: p.detach().clone() for n, p in model.named_parameters()}
    return snaps, curve, rates


def groups(decay):
    def make(model):
        weights = [p for n, p in model.named_parameters() if n.endswith("weight")]
        biases = [p for n, p in model.named_parameters() if n.endswith("bias")]
        return torch.optim.AdamW([{"params": weights, "weight_decay": decay},
                                  {"params": biases, "weight_decay": 0.0}], lr=0.01)
    return make


def optimizer(init, data, name, kind, config, make, schedule=None, clip=None):
    snaps, curve, rates = train(init, data, make, schedule, clip, torch.float64)
    snaps32, _, _ = train(init, data, make, schedule, clip, torch.float32)
    case = {"name": name, "optimizer": kind, "config": config,
            "after": {k: {n: arr(p) for n, p in s.items()} for k, s in snaps.items()},
            "loss": {str(k): curve[k - 1] for k in SNAPSHOTS},
            "float32_error": {k: worst([(snaps32[k][n], s[n]) for n in s]) for k, s in snaps.items()}}
    if schedule:
        case["lr"] = rates
    return case


def optimizers():
    init = {n: grid(*p.shape, scale=0.3) for n, p in net().named_parameters()}
    data = grid(EXAMPLES, 12), torch.randint(5, (EXAMPLES,), generator=GEN)
    O = torch.optim

    def case(name, kind, config, schedule=None, clip=None):
        ctor = {"sgd": O.SGD, "adagrad": O.Adagrad, "rmsprop": O.RMSprop, "adam": O.Adam, "adamw": O.AdamW,
                "adadelta": O.Adadelta, "nadam": O.NAdam, "radam": O.RAdam}[kind]
        settings = {k: tuple(v) if k == "betas" else v for k, v in config.items()
                    if k not in ("schedule", "clip_norm", "clip_value", "no_decay")}
        make = groups(config["weight_decay"]) if "no_decay" in config else lambda m: ctor(m.parameters(), **settings)
        return optimizer(init, data, name, kind, config, make, schedule, clip)

    sgd = {"lr": 0.1}
    adam = {"lr": 0.01}
    out = [
        case("sgd", "sgd", sgd),
        case("sgd_momentum", "sgd", {"lr": 0.05, "momentum": 0.9}),
        case("sgd_dampening", "sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01}),
        case("sgd_nesterov", "sgd", {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        case("adagrad", "adagrad", {"lr": 0.05, "lr_decay": 0.01, "weight_decay": 0.01}),
        case("rmsprop", "rmsprop", {"lr": 0.005}),
        case("rmsprop_centered", "rmsprop", {"lr": 0.002, "centered": True, "momentum": 0.9, "weight_decay": 0.01}),
        case("adam", "adam", adam),
        case("adam_l2", "adam", {"lr": 0.01, "weight_decay": 0.1}),
        case("adamw", "adamw", {"lr": 0.01, "weight_decay": 0.1, "betas": [0.8, 0.98], "eps": 1e-6}),
        case("adamw_groups", "adamw", {"lr": 0.01, "weight_decay": 0.1, "no_decay": "bias"}),
        case("adamw_clip_norm", "adamw", {"lr": 0.01, "weight_decay": 0.01, "clip_norm": 0.5},
             clip=lambda p: nn.utils.clip_grad_norm_(p, 0.5)),
        case("adamw_clip_value", "adamw", {"lr": 0.01, "weight_decay": 0.01, "clip_value": 0.02},
             clip=lambda p: nn.utils.clip_grad_value_(p, 0.02)),
        case("sgd_step", "sgd", sgd | {"schedule": {"step": {"every": 30, "factor": 0.5}}},
             lambda o: S.StepLR(o, 30, 0.5)),
        case("sgd_cosine", "sgd", sgd | {"schedule": {"cosine": {"updates": 100, "final": 0.001}}},
             lambda o: S.CosineAnnealingLR(o, 100, 0.001)),
        case("sgd_warmup_cosine", "sgd", sgd | {"schedule": {"cosine": {"updates": 100, "final": 0.0, "warmup": 10}}},
             lambda o: warmup_cosine(o, 100, 10, 0.0)),
        case("sgd_one_cycle", "sgd", sgd | {"schedule": {"one_cycle": {"updates": 100, "max": 0.5}}},
             lambda o: S.OneCycleLR(o, 0.5, total_steps=100, cycle_momentum=False)),
        case("adadelta", "adadelta", {"lr": 1.0, "weight_decay": 0.01}),
        case("adam_amsgrad", "adam", {"lr": 0.01, "betas": [0.9, 0.9], "eps": 1e-8, "amsgrad": True}),
        case("adamw_amsgrad", "adamw", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
        case("nadam", "nadam", {"lr": 0.01, "weight_decay": 0.1}),
        case("nadam_decoupled", "nadam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
        case("radam", "radam", {"lr": 0.01, "weight_decay": 0.1}),
        case("radam_decoupled", "radam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ]
    head = json.dumps({"net": ["linear 12 16", "tanh", "linear 16 5"], "batch": BATCH, "updates": UPDATES,
                       "init": {n: arr(p) for n, p in init.items()},
                       "x": arr(data[0]), "y": arr(data[1])}, separators=(",", ":"))
    return head[1:-1] + ",\n", out


# Schedules.

def warmup_cosine(opt, total, warm, final):
    """Rates (i+1)/warm of the peak, then half a cosine over the rest."""
    up = S.LinearLR(opt, start_factor=1 / warm, end_factor=1.0, total_iters=warm - 1)
    down = S.CosineAnnealingLR(opt, total - warm, final)
    return S.SequentialLR(opt, [up, down], milestones=[warm])


def rates(lr, make, count):
    opt = torch.optim.SGD([torch.zeros(1)], lr=lr)
    sched = make(opt)
    out = []
    for i in range(count):
        out.append(opt.param_groups[0]["lr"])
        if i + 1 < count:
            opt.step()
            sched.step()
    return out


def cosine(lr, final, p):
    return final + (lr - final) * (1 + math.cos(math.pi * p)) / 2


def schedules():
    out = []

    def case(name, kind, lr, config, make, count, closed):
        got = rates(lr, make, count)
        want = [closed(i) for i in range(count)]
        gap = max(abs(a - b) for a, b in zip(got, want))
        assert gap < 1e-13, (name, gap)
        out.append({"name": name, "schedule": kind, "lr": lr, "config": config, "rates": got})

    case("constant", "constant", 0.1, {}, lambda o: S.ConstantLR(o, 1.0), 21, lambda i: 0.1)
    case("step", "step", 0.1, {"every": 7, "factor": 0.1}, lambda o: S.StepLR(o, 7, 0.1), 31, lambda i: 0.1 * 0.1 ** (i // 7))
    case("multistep", "multistep", 0.1, {"milestones": [5, 8, 20], "factor": 0.5},
         lambda o: S.MultiStepLR(o, [5, 8, 20], 0.5), 31, lambda i: 0.1 * 0.5 ** sum(m <= i for m in (5, 8, 20)))
    case("exponential", "exponential", 0.1, {"factor": 0.9}, lambda o: S.ExponentialLR(o, 0.9), 31, lambda i: 0.1 * 0.9 ** i)
    for p in (1.0, 2.0):
        case(f"polynomial_{p:.0f}", "polynomial", 0.1, {"updates": 20, "power": p},
             lambda o: S.PolynomialLR(o, 20, p), 26, lambda i: 0.1 * (1 - min(i, 20) / 20) ** p)
    case("linear", "linear", 0.1, {"updates": 20, "final": 0.0}, lambda o: S.LinearLR(o, 1.0, 0.0, 20), 26,
         lambda i: 0.1 * (1 - min(i, 20) / 20))
    case("linear_to", "linear", 0.1, {"updates": 20, "final": 0.01}, lambda o: S.LinearLR(o, 1.0, 0.1, 20), 26,
         lambda i: 0.1 - 0.09 * min(i, 20) / 20)
    case("cosine", "cosine", 0.1, {"updates": 40, "final": 0.0}, lambda o: S.CosineAnnealingLR(o, 40), 41,
         lambda i: cosine(0.1, 0.0, i / 40))
    case("cosine_to", "cosine", 0.1, {"updates": 40, "final": 0.01}, lambda o: S.CosineAnnealingLR(o, 40, 0.01), 41,
         lambda i: cosine(0.1, 0.01, i / 40))
    case("cosine_warmup", "cosine", 0.1, {"updates": 40, "final": 0.001, "warmup": 8},
         lambda o: warmup_cosine(o, 40, 8, 0.001), 41,
         lambda i: 0.1 * (i + 1) / 8 if i < 8 else cosine(0.1, 0.001, (i - 8) / 32))
    for total in (10, 40):
        for three in (False, True):
            def closed(i, total=total, three=three):
                up = 0.3 * total - 1
                ends = [(0.04, 1.0, up), (1.0, 0.04, 2 * up)] if three else [(0.04, 1.0, up)]
                ends.append((ends[-1][1], 0.04 / 1e4, total - 1))
                start = 0.0
                for a, b, end in ends:
                    if i <= end or end == total - 1:
                        return cosine(a, b, (i - start) / (end - start))
                    start = end
            case(f"one_cycle_{total}" + ("_three_phase" if three else ""), "one_cycle", 1.0,
                 {"updates": total, "max": 1.0, "up": 0.3, "div": 25.0, "final_div": 1e4, "three_phase": three},
                 lambda o: S.OneCycleLR(o, 1.0, total_steps=total, cycle_momentum=False, three_phase=three), total, closed)
    for first, times in ((5, 1), (3, 2)):
        def restarts(i, first=first, times=times):
            length = first
            while i >= length:
                i, length = i - length, length * times
            return cosine(0.1, 0.001, i / length)
        case(f"warm_restarts_{times}", "warm_restarts", 0.1, {"updates": 40, "first": first, "times": times, "final": 0.001},
             lambda o: S.CosineAnnealingWarmRestarts(o, first, times, 0.001), 41, restarts)
    for mode, gamma in (("triangular", 1.0), ("triangular2", 1.0), ("exp_range", 0.97)):
        def cyclic(i, mode=mode, gamma=gamma):
            cycle, x = divmod(i, 9)
            height = x / 4 if x <= 4 else (9 - x) / 5
            return 0.01 + 0.09 * height * {"triangular": 1, "triangular2": 0.5 ** cycle, "exp_range": gamma ** i}[mode]
        case(f"cyclic_{mode}", "cyclic", 0.1, {"updates": 40, "up_updates": 4, "down_updates": 5, "low": 0.01, "mode": mode, "gamma": gamma},
             lambda o: S.CyclicLR(o, 0.01, 0.1, 4, 5, mode, gamma, cycle_momentum=False), 41, cyclic)
    return out

# Batch normalization.

class BatchNorm(nn.BatchNorm1d):
    """Channels last, as (N, C) or (N, .., C); over groups of consecutive examples if group is set."""

    def __init__(self, channels, group=0, **config):
        super().__init__(channels, **config)
        self.group = group

    def forward(self, x):
        if not (self.group and self.training):
            return self.whole(x)
        sizes = [len(part) * part[0].numel() // x.shape[-1] for part in x.split(self.group)]
        y = torch.cat([F.batch_norm(part.reshape(-1, x.shape[-1]), None, None, self.weight, self.bias, True, eps=self.eps)
                       for part in x.split(self.group)]).reshape(x.shape)
        with torch.no_grad():
            var = [n * part.reshape(-1, x.shape[-1]).var(0) if n > 1 else 0 for n, part in zip(sizes, x.split(self.group))]
            self.running_mean.lerp_(x.reshape(-1, x.shape[-1]).mean(0), self.momentum)
            self.running_var.lerp_(sum(var) / sum(sizes), self.momentum)
        return y

    def whole(self, x):
        return super().forward(x.reshape(-1, x.shape[-1])).reshape(x.shape)


def norm_state(module):
    return {n: b.clone() for n, b in module.named_buffers() if not n.endswith("num_batches_tracked")}


def run_norm(module, x, dy, dtype, training):
    module = copy.deepcopy(module).to(dtype).train(training)
    x = x.detach().clone().to(dtype).requires_grad_()
    y = module(x)
    y.backward(dy.to(dtype))
    return y.detach(), {"x": x.grad} | {n: p.grad for n, p in module.named_parameters()}, norm_state(module)


def norm_case(name, layers, module, x):
    with torch.no_grad():
        for n, p in module.named_parameters():
            p.copy_(grid(*p.shape, scale=0.5) + (1.0 if n.endswith("weight") and p.dim() == 1 else 0.0))
        for n, b in module.named_buffers():
            if n.endswith("running_mean"):
                b.copy_(grid(*b.shape))
            elif n.endswith("running_var"):
                b.copy_(grid(*b.shape).abs() + 0.25)
    params = {n: arr(p) for n, p in module.named_parameters()} | {n: arr(b) for n, b in norm_state(module).items()}
    dy = grid(*module.eval()(x).shape)
    case = {"name": name, "layers": layers, "params": params, "inputs": {"x": arr(x)}, "dy": arr(dy)}
    for mode, training in (("train", True), ("eval", False)):
        y, grads, after = run_norm(module, x, dy, torch.float64, training)
        y32, grads32, after32 = run_norm(module, x, dy, torch.float32, training)
        case[mode] = {"output": arr(y), "grads": {n: arr(g) for n, g in grads.items()},
                      "float32_error": worst([(y32, y)] + [(grads32[n], grads[n]) for n in grads] +
                                             [(after32[n], after[n]) for n in after])}
        if training:
            case[mode]["after"] = {n: arr(b) for n, b in after.items()}
    return case


def norms():
    def make(config):
        config = dict(config)
        return BatchNorm(config.pop("channels"), **config)

    def single(name, x, **config):
        config = {"channels": x.shape[-1]} | config
        return norm_case(name, [{"batch_norm": config}], make(config), x)

    flat = grid(6, 3)
    flat[:, 1] = 0.75  # a channel without variance
    offset = 1000.0 + grid(9, 4)
    out = [
        single("batch", grid(8, 5)),
        single("two_examples", grid(2, 3)),
        single("plain", grid(7, 4), affine=False),
        single("eps", grid(6, 4, scale=0.1), eps=0.01),
        single("momentum_0", grid(6, 4), momentum=0.0),
        single("momentum_1", grid(6, 4), momentum=1.0),
        single("momentum_0.3", grid(6, 4), momentum=0.3),
        single("constant_channel", flat),
        single("offset", offset),
        single("sequence", grid(4, 6, 3)),
        single("sequence_plain", grid(3, 5, 2), affine=False, momentum=0.25),
        single("image", grid(3, 2, 4, 5)),
        single("one_image", grid(1, 3, 3, 2)),
        single("group", grid(12, 4), group=4),
        single("group_ragged", grid(11, 3), group=4, momentum=0.3),
        single("group_sequence", grid(5, 3, 2), group=2, affine=False),
    ]
    wide = {"channels": 7, "momentum": 0.2}
    out.append(norm_case("two_layers", ["linear 7", {"batch_norm": wide}, "relu", "linear 3", {"batch_norm": {"channels": 3}}],
                         nn.Sequential(nn.Linear(5, 7), make(wide), nn.ReLU(), nn.Linear(7, 3), BatchNorm(3)), grid(10, 5)))
    out.append(norm_case("three_layers",
                         [{"batch_norm": {"channels": 4, "affine": False}}, "linear 6", {"batch_norm": {"channels": 6}}, "tanh", "linear 6",
                          {"batch_norm": {"channels": 6}}, "tanh", "linear 2"],
                         nn.Sequential(BatchNorm(4, affine=False), nn.Linear(4, 6), BatchNorm(6), nn.Tanh(), nn.Linear(6, 6),
                                       BatchNorm(6), nn.Tanh(), nn.Linear(6, 2)), grid(9, 4)))
    return out


def main(out):
    write(os.path.join(out, "layers.json"), "", layers())
    write(os.path.join(out, "losses.json"), "", losses())
    write(os.path.join(out, "optimizers.json"), *optimizers())
    write(os.path.join(out, "schedules.json"), "", schedules())
    write(os.path.join(out, "batchnorm.json"), "", norms())


if __name__ == "__main__":
    main(sys.argv[1])
