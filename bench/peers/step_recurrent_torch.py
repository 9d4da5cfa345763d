"""One training step of a recurrent language model in PyTorch: `step_recurrent_torch.py eager THREADS`, see peer.py.

The model is an embedding of 65 characters, nn.LSTM or nn.GRU and a linear layer at every
position. The fastest of three ways to write the update is taken, named in "how".
"""
import peer

variant, threads = peer.start("eager")

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(threads)
torch.set_num_interop_threads(1)


class Model(nn.Module):
    def __init__(self, kind, hidden):
        super().__init__()
        self.embedding = nn.Embedding(peer.VOCAB, hidden)
        self.recurrent = {"lstm": nn.LSTM, "gru": nn.GRU}[kind](hidden, hidden, batch_first=True)
        self.head = nn.Linear(hidden, peer.VOCAB)

    def loss(self, x, y):
        return F.cross_entropy(self.head(self.recurrent(self.embedding(x))[0]).flatten(0, 1), y.flatten())


def way(sizes, x, y, **kind):
    torch.manual_seed(0)
    model = Model(*sizes[:2])
    opt = torch.optim.Adam(model.parameters(), lr=peer.RATE, betas=(peer.BETA1, peer.BETA2), eps=peer.EPS, **kind)

    def run(k):
        for _ in range(k):
            opt.zero_grad(set_to_none=True)
            model.loss(x, y).backward()
            opt.step()
        return k
    return run


def prepare(sizes, optimizer, batch):
    gen = torch.Generator().manual_seed(1)
    x, y = (torch.randint(peer.VOCAB, (batch, sizes[2]), generator=gen) for _ in range(2))
    kinds = {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
    return peer.fastest([(name, way(sizes, x, y, **kind)) for name, kind in kinds.items()])


def sizes(model):
    """Kind, hidden and positions of lstm-HIDDEN-POSITIONS or gru-HIDDEN-POSITIONS."""
    kind, hidden, positions = model.split("-")
    return kind, int(hidden), int(positions)


peer.serve(f"torch {torch.__version__} {variant}", threads, prepare, sizes, ("adam",))
