"""Test accuracy of scikit-learn's MLPClassifier with the settings of its bench_mnist.py (MLP_adam), one JSON line a seed.

    quality_sklearn.py sklearn --data DIR [--seeds 5]
"""
import time

import mnist

args = mnist.arguments(__doc__.splitlines()[0], ["sklearn"])

import sklearn
from sklearn.neural_network import MLPClassifier

(x, y), (xt, yt) = mnist.load(args.data)
for seed in range(1, args.seeds + 1):
    model = MLPClassifier(hidden_layer_sizes=(100, 100), max_iter=args.epochs or 400, alpha=1e-4, solver="adam",
                          learning_rate_init=0.001, tol=1e-4, random_state=seed)
    start = time.perf_counter()
    model.fit(x, y)
    seconds = time.perf_counter() - start
    mnist.report(f"scikit-learn {sklearn.__version__}", args, seed, model.score(xt, yt), model.n_iter_, seconds)
