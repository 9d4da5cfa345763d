"""One training step of a recommender in PyTorch: `step_recommend_torch.py eager|sparse|compile THREADS`, see peer.py.

Models are mf-DIM-USERS-ITEMS, the dot product of two embeddings, and gmf-DIM-USERS-ITEMS, a linear
layer on their product by elements; binary cross-entropy on the score. Indices follow a power law
(`power_law`), and steps go round several batches, as rows in the caches are part of what is timed.

eager and compile are dense Adam, sparse is SparseAdam on nn.Embedding(sparse=True) (with dense Adam
for GMF's linear layer). The fastest of several ways to write the step is named in "how".
"""
import itertools
import os

import peer

variant, threads = peer.start("eager|sparse|compile")
os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache"))

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)
if variant == "compile":
    torch._dynamo.config.recompile_limit = 1000

BATCHES = 16  # that steps go round
STRIDE = 2654435761  # a prime: number i of the power law is row i·STRIDE mod n, so frequent rows are not neighbours
ADAM = {"lr": peer.RATE, "betas": (peer.BETA1, peer.BETA2), "eps": peer.EPS}


def power_law(n, size, gen):
    """Indices of which the i-th most frequent has a probability proportional to about i^(-1/2)."""
    number = (n * torch.rand(size, generator=gen, dtype=torch.float64) ** 2).long()
    return number * STRIDE % n


class Model(nn.Module):
    def __init__(self, kind, dim, users, items, sparse):
        super().__init__()
        self.user = nn.Embedding(users, dim, sparse=sparse)
        self.item = nn.Embedding(items, dim, sparse=sparse)
        self.head = nn.Linear(dim, 1) if kind == "gmf" else None

    def loss(self, user, item, y):
        product = self.user(user) * self.item(item)
        score = product.sum(-1) if self.head is None else self.head(product).squeeze(-1)
        return F.binary_cross_entropy_with_logits(score, y)


def optimizers(model, sparse, kind):
    if not sparse:
        return [torch.optim.Adam(model.parameters(), **ADAM, **kind)]
    all = [torch.optim.SparseAdam([model.user.weight, model.item.weight], **ADAM)]
    if model.head is not None:
        all.append(torch.optim.Adam(model.head.parameters(), **ADAM))
    return all


def way(sizes, batches, kind, sparse=False, compile_it=False):
    """compile_it: the loss through torch.compile, and the update too unless it is fused."""
    torch.manual_seed(0)
    model = Model(*sizes, sparse)
    opts = optimizers(model, sparse, kind)
    loss, updates = model.loss, [o.step for o in opts]
    if compile_it:
        loss = torch.compile(loss, dynamic=False)
        if not kind.get("fused"):
            updates = [torch.compile(u, dynamic=False) for u in updates]
    turn = itertools.cycle(batches)

    def run(k):
        for _ in range(k):
            for o in opts:
                o.zero_grad(set_to_none=True)
            loss(*next(turn)).backward()
            for update in updates:
                update()
        return k
    return run


def prepare(sizes, optimizer, batch):
    gen = torch.Generator().manual_seed(1)
    _, _, users, items = sizes
    batches = [(power_law(users, batch, gen), power_law(items, batch, gen), torch.randint(2, (batch,), generator=gen).float())
               for _ in range(BATCHES)]
    if variant == "sparse":
        return "SparseAdam", way(sizes, batches, {}, sparse=True)
    if variant == "compile":
        return peer.fastest([("compiled loss, fused update", way(sizes, batches, {"fused": True}, compile_it=True)),
                             ("compiled loss, compiled update", way(sizes, batches, {}, compile_it=True))])
    kinds = {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    return peer.fastest([(name, way(sizes, batches, kind)) for name, kind in kinds.items()])


def sizes(model):
    """Kind, dim, users and items of mf-DIM-USERS-ITEMS or gmf-DIM-USERS-ITEMS."""
    kind, *numbers = model.split("-")
    if kind not in ("mf", "gmf") or len(numbers) != 3:
        raise ValueError(f"model {model} (want mf-DIM-USERS-ITEMS or gmf-DIM-USERS-ITEMS)")
    return kind, *(int(n) for n in numbers)


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, sizes, ("adam",))
