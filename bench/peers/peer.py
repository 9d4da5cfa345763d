"""The line protocol that every peer speaks; README.md describes it.

A peer is started as `python step_X.py VARIANT THREADS`. It answers each request line
`MODEL OPTIMIZER BATCH THREADS SECONDS` with one JSON line.
"""
import json
import os
import statistics
import sys
import time

MODELS = {"mlp784": (784, 512, 256, 10), "mlp64": (64, 32, 10)}
OPTIMIZERS = ("sgd", "sgdm", "adam")

# Language models are named gpt-LAYERS-HEADS-CHANNELS-CONTEXT; their characters are tiny Shakespeare's.
VOCAB = 65

# So small that weights hardly move: a batch repeated for thousands of steps must neither
# saturate the softmax nor let momentum decay into denormals, which cost time.
RATE = 1e-9
MOMENTUM = 0.9
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
DECAY, CLIP = 0.1, 1.0  # AdamW's on matrices; of the gradient's norm

CHUNK = 2e-3  # seconds between two looks at the clock, at least one step
TRIAL = 0.15  # seconds of a trial of one way to write the step


def start(usage):
    """Reads VARIANT and THREADS and sets the thread count of every library, before they are imported."""
    variants = usage.split("|")
    if len(sys.argv) != 3 or sys.argv[1] not in variants:
        sys.exit(f"usage: {sys.argv[0]} {usage} THREADS")
    threads = int(sys.argv[2])
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ[name] = str(threads)
    return sys.argv[1], threads


def memory(field):
    """VmRSS or VmHWM of this process in MiB."""
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(field)


def reset_peak():
    with open("/proc/self/clear_refs", "w") as f:
        f.write("5")


def measure(run, seconds):
    """run(k) does about k steps, waits for them and returns how many.

    Returns step times in ms, steps, the CPU time of a step in ms and CPU over wall.
    """
    warm = time.perf_counter() + min(0.1, seconds / 3)
    k = run(1)
    while time.perf_counter() < warm:
        t = time.perf_counter()
        done = run(k)
        k = max(1, int(CHUNK * done / (time.perf_counter() - t)))
    times, steps = [], 0
    wall, cpu = time.perf_counter(), time.process_time()
    end = wall + seconds
    while not times or time.perf_counter() < end:
        t = time.perf_counter()
        done = run(k)
        times.append((time.perf_counter() - t) / done * 1e3)
        steps += done
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return times, steps, cpu / steps * 1e3, cpu / wall


def fastest(candidates):
    """candidates: (name, run) pairs. Runs each for a short while, three times in turn, and keeps the best.

    Without a TRIAL it is the last.
    """
    if not TRIAL:
        return candidates[-1]
    best = {}
    for _ in range(3):
        for name, run in candidates:
            ms = min(measure(run, TRIAL)[0])
            best[name] = min(ms, best.get(name, ms))
    name = min(best, key=best.get)
    return name, dict(candidates)[name]


def mlp(model):
    """The widths of a perceptron's layers."""
    if model not in MODELS:
        raise ValueError(f"model {model} (want one of {', '.join(MODELS)})")
    return MODELS[model]


def gpt(model):
    """Layers, heads, channels and context of a language model."""
    kind, *sizes = model.split("-")
    if kind != "gpt" or len(sizes) != 4:
        raise ValueError(f"model {model} (want gpt-LAYERS-HEADS-CHANNELS-CONTEXT)")
    return tuple(int(s) for s in sizes)


def parse(line, threads, optimizers):
    model, optimizer, batch, want, seconds = line.split()
    if optimizer not in optimizers:
        raise ValueError(f"optimizer {optimizer} (want one of {', '.join(optimizers)})")
    if int(want) != threads:
        raise ValueError(f"{want} threads (this process was started for {threads})")
    return model, optimizer, int(batch), float(seconds)


def answer(name, threads, base, ready, prepare, sizes, optimizers, line):
    model, optimizer, batch, seconds = parse(line, threads, optimizers)
    key = (model, optimizer, batch)
    if not seconds:
        global TRIAL
        TRIAL = 0
    if key not in ready:
        ready[key] = prepare(sizes(model), optimizer, batch)
    how, run = ready[key]
    times, steps, cpu, ratio = measure(run, seconds)
    return {
        "peer": name, "how": how, "model": model, "optimizer": optimizer, "batch": batch, "threads": threads,
        "ms": statistics.median(times), "ms_min": min(times), "steps": steps, "cpu_ms": cpu,
        "cpu_over_wall": round(ratio, 3), "cpu_ok": ratio <= 1.05 * threads,
        "rss_import_mb": round(base, 1), "rss_mb": round(memory("VmRSS"), 1), "rss_peak_mb": round(memory("VmHWM"), 1),
    }


def serve(name, threads, prepare, sizes=mlp, optimizers=OPTIMIZERS):
    """Answers requests until standard input ends. prepare(sizes(model), optimizer, batch) returns (how, run)."""
    base = memory("VmRSS")
    reset_peak()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    say = lambda value: print(json.dumps(value), file=out, flush=True)
    say({"peer": name, "threads": threads, "rss_import_mb": round(base, 1), "cpus": len(os.sched_getaffinity(0))})
    ready = {}
    for line in sys.stdin:
        try:
            say(answer(name, threads, base, ready, prepare, sizes, optimizers, line))
        except Exception as e:  # a request that fails must not end the peer
            say({"peer": name, "request": line.strip(), "error": f"{type(e).__name__}: {e}"})
