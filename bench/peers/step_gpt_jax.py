"""One training step of nanoGPT's model in JAX: `step_gpt_jax.py jit THREADS`, see peer.py.

The faster of jax.nn.dot_product_attention and attention written out, found by a short trial.
"""
import os

import peer

variant, threads = peer.start("jit")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = (f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} "
                           f"intra_op_parallelism_threads={threads}")

import jax
import jax.numpy as jnp


def init(layers, channels, context):
    """Matrices are normal(0.02) as (in, out); norms have a scale alone."""
    keys = iter(jax.random.split(jax.random.key(0), 2 + 4 * layers))
    matrix = lambda *shape: 0.02 * jax.random.normal(next(keys), shape)
    c, one = channels, lambda: jnp.ones(channels)
    block = lambda: {"ln_1": one(), "attn": matrix(c, 3 * c), "proj": matrix(c, c), "ln_2": one(), "fc": matrix(c, 4 * c), "out": matrix(4 * c, c)}
    return {"wte": matrix(peer.VOCAB, c), "wpe": matrix(context, c), "h": [block() for _ in range(layers)], "ln_f": one()}


def norm(x, weight):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight


def attend(q, k, v):  # (B, T, H, D)
    return jax.nn.dot_product_attention(q, k, v, is_causal=True)


def attend_written(q, k, v):
    scores = jnp.einsum("bihd,bjhd->bhij", q, k) * q.shape[-1] ** -0.5
    seen = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    return jnp.einsum("bhij,bjhd->bihd", jax.nn.softmax(jnp.where(seen, scores, -jnp.inf)), v)


def loss(params, x, y, heads, attend):
    h = params["wte"][x] + params["wpe"]
    b, t, c = h.shape
    for p in params["h"]:
        q, k, v = (a.reshape(b, t, heads, c // heads) for a in jnp.split(norm(h, p["ln_1"]) @ p["attn"], 3, axis=-1))
        h = h + attend(q, k, v).reshape(b, t, c) @ p["proj"]
        h = h + jax.nn.gelu(norm(h, p["ln_2"]) @ p["fc"], approximate=False) @ p["out"]
    logp = jax.nn.log_softmax(norm(h, params["ln_f"]) @ params["wte"].T)
    return -jnp.take_along_axis(logp, y[..., None], axis=-1).mean()


def adamw(params, state, grads):
    """Clipping, then AdamW with decay on matrices."""
    m, v, t = state
    t = t + 1
    length = jnp.sqrt(sum(jnp.vdot(g, g) for g in jax.tree.leaves(grads)))
    scale = jnp.minimum(1.0, peer.CLIP / (length + 1e-6))
    grads = jax.tree.map(lambda g: g * scale, grads)
    beta2 = 0.99
    m = jax.tree.map(lambda m, g: peer.BETA1 * m + (1 - peer.BETA1) * g, m, grads)
    v = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, v, grads)
    rate, root = peer.RATE / (1 - peer.BETA1 ** t), jnp.sqrt(1 - beta2 ** t)
    decay = lambda p: 1 - peer.RATE * peer.DECAY if p.ndim > 1 else 1.0
    params = jax.tree.map(lambda p, m, v: p * decay(p) - rate * m / (jnp.sqrt(v) / root + peer.EPS), params, m, v)
    return params, (m, v, t)


def way(sizes, x, y, attend):
    layers, heads, channels, context = sizes

    def step(carry, x, y):
        params, state = carry
        return adamw(params, state, jax.grad(loss)(params, x, y, heads, attend))

    call = jax.jit(step, donate_argnums=0)
    params = init(layers, channels, context)
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)
    box = [(params, (zeros(), zeros(), jnp.zeros(())))]

    def run(k):
        for _ in range(k):
            box[0] = call(box[0], x, y)
        jax.block_until_ready(box[0])
        return k
    return run


def prepare(sizes, optimizer, batch):
    x, y = (jax.random.randint(jax.random.key(i), (batch, sizes[-1]), 0, peer.VOCAB) for i in (1, 2))
    return peer.fastest([("dot_product_attention", way(sizes, x, y, attend)), ("written out", way(sizes, x, y, attend_written))])


peer.serve(f"jax {jax.__version__} {variant}", threads, prepare, peer.gpt, ("adamw",))
