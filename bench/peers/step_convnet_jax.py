"""One training step of a convolutional net in JAX: `step_convnet_jax.py jit THREADS`, see peer.py.

The nets are convnet_torch.py's without dropout, images and weights channels last.
"""
import os

import peer

variant, threads = peer.start("jit")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = (f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} "
                           f"intra_op_parallelism_threads={threads}")

import jax
import jax.numpy as jnp

CLASSES = 10
SHAPES = {"resnet": (32, 32, 3), "lenet": (28, 28, 1), "mobilenet": (96, 96, 3)}

# As in convnet_torch.py: kernel, expanded channels, channels out, squeeze and excite, activation, stride.
RELU, HARDSWISH = jax.nn.relu, jax.nn.hard_swish
MOBILENET = [(3, 16, 16, True, RELU, 2), (3, 72, 24, False, RELU, 2), (3, 88, 24, False, RELU, 1),
             (5, 96, 40, True, HARDSWISH, 2), (5, 240, 40, True, HARDSWISH, 1), (5, 240, 40, True, HARDSWISH, 1),
             (5, 120, 48, True, HARDSWISH, 1), (5, 144, 48, True, HARDSWISH, 1), (5, 288, 96, True, HARDSWISH, 2),
             (5, 576, 96, True, HARDSWISH, 1), (5, 576, 96, True, HARDSWISH, 1)]


class Net:
    """Hands out parameters in the order in which a net asks: new ones where there are none yet.

    stats are the running means and variances of the batch norms, which a step updates.
    """

    def __init__(self, params=None, stats=None, momentum=0.1):
        self.made, self.params = params is None, params or []
        self.next, self.key, self.momentum = iter(self.params), jax.random.key(0), momentum
        self.old, self.stats = iter(stats or []), []

    def param(self, *shape, fan=0):
        if not self.made:
            return next(self.next)
        self.key, k = jax.random.split(self.key)
        p = jax.random.normal(k, shape) * (2 / fan) ** 0.5 if fan else jnp.zeros(shape)
        self.params.append(p)
        return p

    def dense(self, x, o):
        return x @ self.param(x.shape[-1], o, fan=x.shape[-1]) + self.param(o)

    def conv(self, x, o, k, stride=1, pad=0, groups=1, bias=False):
        i = x.shape[-1] // groups
        y = jax.lax.conv_general_dilated(x, self.param(k, k, i, o, fan=k * k * i), (stride, stride), [(pad, pad)] * 2,
                                         dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups)
        return y + self.param(o) if bias else y

    def norm(self, x, eps=1e-5):
        c, n = x.shape[-1], x.size // x.shape[-1]
        scale, shift = self.param(c) + 1, self.param(c)
        mean = x.mean((0, 1, 2))
        var = ((x - mean) ** 2).mean((0, 1, 2))
        m, v = (jnp.zeros(c), jnp.ones(c)) if self.made else next(self.old)
        keep = 1 - self.momentum
        self.stats.append((keep * m + self.momentum * mean, keep * v + self.momentum * var * (n / (n - 1))))
        return (x - mean) * (jax.lax.rsqrt(var + eps) * scale) + shift


def max_pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def resnet(net, x, depth):
    x = RELU(net.norm(net.conv(x, 16, 3, pad=1)))
    for o in (16, 32, 64):
        for k in range((depth - 2) // 6):
            stride, more = (2 if k == 0 and o > 16 else 1), o - x.shape[-1]
            y = RELU(net.norm(net.conv(x, o, 3, stride, 1)))
            y = net.norm(net.conv(y, o, 3, 1, 1))
            x = RELU(y + jnp.pad(x[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (more // 2, more - more // 2))))
    return net.dense(x.mean((1, 2)), CLASSES)


def lenet(net, x):
    for o in (32, 64):
        x = max_pool(RELU(net.conv(x, o, 3, bias=True)))
    return net.dense(RELU(net.dense(x.reshape(len(x), -1), 128)), CLASSES)


def multiple_of_8(n):
    m = max(8, int(n + 4) // 8 * 8)
    return m + 8 if m < 0.9 * n else m


def mobilenet(net, x):
    unit = lambda x, o, k, stride=1, groups=1, act=lambda x: x: act(net.norm(net.conv(x, o, k, stride, k // 2, groups), 0.001))
    x = unit(x, 16, 3, 2, act=HARDSWISH)
    for k, expanded, o, squeeze, act, stride in MOBILENET:
        i, y = x.shape[-1], x
        if expanded != i:
            y = unit(y, expanded, 1, act=act)
        y = unit(y, expanded, k, stride, expanded, act)
        if squeeze:
            s = net.dense(RELU(net.dense(y.mean((1, 2)), multiple_of_8(expanded // 4))), expanded)
            y = y * jax.nn.hard_sigmoid(s)[:, None, None]
        y = unit(y, o, 1)
        x = x + y if stride == 1 and i == o else y
    x = unit(x, 576, 1, act=HARDSWISH).mean((1, 2))
    return net.dense(HARDSWISH(net.dense(x, 1024)), CLASSES)


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


def prepare(name, optimizer, batch):
    kind = name.rstrip("0123456789")
    forward = {"resnet": lambda net, x: resnet(net, x, int(name.removeprefix("resnet"))), "lenet": lenet, "mobilenet": mobilenet}[kind]
    momentum = 0.01 if kind == "mobilenet" else 0.1
    x = jax.random.uniform(jax.random.key(1), (batch, *SHAPES[kind]))
    y = jax.random.randint(jax.random.key(2), (batch,), 0, CLASSES)
    first = Net(momentum=momentum)
    forward(first, x)
    update = {"sgdm": sgdm, "adam": adam}[optimizer]
    zeros = lambda: [jnp.zeros_like(p) for p in first.params]
    state = {"sgdm": zeros, "adam": lambda: (zeros(), zeros(), jnp.zeros(()))}[optimizer]()

    def loss(params, stats, x, y):
        net = Net(params, stats, momentum)
        logp = jax.nn.log_softmax(forward(net, x))
        return -jnp.take_along_axis(logp, y[:, None], axis=1).mean(), net.stats

    def step(carry, x, y):
        params, state, stats = carry
        grads, stats = jax.grad(loss, has_aux=True)(params, stats, x, y)
        return *update(params, state, grads), stats

    call = jax.jit(step, donate_argnums=0)
    box = [(first.params, state, first.stats)]

    def run(k):
        for _ in range(k):
            box[0] = call(box[0], x, y)
        jax.block_until_ready(box[0])
        return k
    return "jit", run


peer.serve(f"jax {jax.__version__} {variant}", threads, prepare, str, ("sgdm", "adam"))
