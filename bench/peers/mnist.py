"""MNIST-like data sets from IDX files, and the arguments shared by the quality scripts."""
import argparse
import gzip
import json
import os
import struct


def idx(path):
    """Reads an unsigned byte IDX file, plain or .gz."""
    import numpy as np  # late: BLAS reads the thread counts that arguments sets
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as f:
        zero, kind, rank = struct.unpack(">HBB", f.read(4))
        if zero != 0 or kind != 8:
            raise ValueError(f"{path}: not an unsigned byte IDX file")
        shape = struct.unpack(f">{rank}I", f.read(4 * rank))
        return np.frombuffer(f.read(), np.uint8).reshape(shape)


def load(directory):
    """Returns train and test as (images (n, 784) float32 in [0, 1], labels (n) int64)."""
    import numpy as np
    out = []
    for part in ("train", "t10k"):
        images = idx(os.path.join(directory, part + "-images-idx3-ubyte.gz"))
        labels = idx(os.path.join(directory, part + "-labels-idx1-ubyte.gz"))
        out.append((images.reshape(len(images), -1).astype(np.float32) / 255, labels.astype(np.int64)))
    return out


def arguments(doc, configs):
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("config", choices=configs)
    p.add_argument("--data", required=True, help="directory with the four .gz files")
    p.add_argument("--seeds", type=int, default=1, help="runs seeds 1 to this")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--epochs", type=int, help="instead of the config's (dropout 20, sklearn at most 400)")
    args = p.parse_args()
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    return args


def report(peer, args, seed, acc, epochs, seconds, **more):
    """One JSON line a seed."""
    print(json.dumps({"peer": peer, "config": args.config, "data": os.path.basename(os.path.normpath(args.data)),
                      "seed": seed, "accuracy": round(acc, 6), "error": round(1 - acc, 6), "epochs": epochs,
                      "seconds": round(seconds, 1), "threads": args.threads} | more), flush=True)
