"""One training step in JAX: `step_jax.py jit|scan THREADS`, see peer.py."""
import os

import peer

variant, threads = peer.start("jit|scan")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = (f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} "
                           f"intra_op_parallelism_threads={threads}")

import jax
import jax.numpy as jnp

SCAN = 32  # steps in one call of the scan


def init(sizes):
    """PyTorch's defaults: uniform within 1/sqrt(in)."""
    params = []
    for n, (i, o) in enumerate(zip(sizes, sizes[1:])):
        kw, kb = jax.random.split(jax.random.key(n))
        bound = i ** -0.5
        params.append((jax.random.uniform(kw, (i, o), minval=-bound, maxval=bound),
                       jax.random.uniform(kb, (o,), minval=-bound, maxval=bound)))
    return params


def loss(params, x, y):
    for w, b in params[:-1]:
        x = jax.nn.relu(x @ w + b)
    w, b = params[-1]
    logp = jax.nn.log_softmax(x @ w + b)
    return -jnp.take_along_axis(logp, y[:, None], axis=1).mean()


def sgd(params, state, grads):
    return jax.tree.map(lambda p, g: p - peer.RATE * g, params, grads), state


def sgdm(params, state, grads):
    state = jax.tree.map(lambda m, g: peer.MOMENTUM * m + g, state, grads)
    return jax.tree.map(lambda p, m: p - peer.RATE * m, params, state), state


def adam(params, state, grads):
    m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda m, g: peer.BETA1 * m + (1 - peer.BETA1) * g, m, grads)
    v = jax.tree.map(lambda v, g: peer.BETA2 * v + (1 - peer.BETA2) * g * g, v, grads)
    rate = peer.RATE / (1 - peer.BETA1 ** t)
    root = jnp.sqrt(1 - peer.BETA2 ** t)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + peer.EPS), params, m, v)
    return params, (m, v, t)


def prepare(sizes, optimizer, batch):
    x = jax.random.normal(jax.random.key(1), (batch, sizes[0]))
    y = jax.random.randint(jax.random.key(2), (batch,), 0, sizes[-1])
    update = {"sgd": sgd, "sgdm": sgdm, "adam": adam}[optimizer]
    params = init(sizes)
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)
    state = {"sgd": lambda: (), "sgdm": zeros, "adam": lambda: (zeros(), zeros(), jnp.zeros(()))}[optimizer]()

    def step(carry, x, y):
        params, state = carry
        return update(params, state, jax.grad(loss)(params, x, y))

    def scan(carry, x, y):
        return jax.lax.scan(lambda c, _: (step(c, x, y), None), carry, None, length=SCAN)[0]

    call = jax.jit(step if variant == "jit" else scan, donate_argnums=0)
    per = 1 if variant == "jit" else SCAN
    box = [(params, state)]

    def run(k):
        calls = max(1, k // per)
        for _ in range(calls):
            box[0] = call(box[0], x, y)
        jax.block_until_ready(box[0])
        return calls * per
    return "jit" if per == 1 else f"scan of {SCAN}", run


peer.serve(f"jax {jax.__version__} {variant}", threads, prepare)
