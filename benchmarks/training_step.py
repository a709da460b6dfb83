"""How long a training step takes, against PyTorch eager and against the same step derived by hand in NumPy.

    python benchmarks/training_step.py

Needs an installed autodiff and PyTorch. One thread each. Every figure is a ratio, ours over theirs, of medians over interleaved
blocks of one run: on a machine that is shared, single times mean nothing. Smaller is better, below 1 is faster.
"""

import statistics
import time
from itertools import pairwise

import numpy as np
import torch

import autodiff

SIZES = [([64, 128, 10], 32), ([2, 16, 16, 2], 100), ([784, 128, 10], 64), ([784, 512, 256, 10], 128)]
BLOCKS, SECONDS = 15, 0.03


def step_of(library, widths, batch):
    """zero_grad, forward, cross entropy, backward, SGD with momentum."""
    library.manual_seed(0)
    layers = []
    for i, (a, b) in enumerate(pairwise(widths)):
        layers += [library.nn.Linear(a, b)] + ([library.nn.ReLU()] if i < len(widths) - 2 else [])
    model = library.nn.Sequential(*layers)
    optimizer = library.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)
    criterion = library.nn.CrossEntropyLoss()
    x, t = library.randn(batch, widths[0]), library.randint(0, widths[-1], (batch,))

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def by_hand(widths, batch):
    """The same step in NumPy, the derivatives written out."""
    rng = np.random.default_rng(0)
    w = [(rng.normal(size=(b, a)) / np.sqrt(a)).astype(np.float32) for a, b in pairwise(widths)]
    bias = [np.zeros(b, np.float32) for b in widths[1:]]
    velocity = [np.zeros_like(p) for p in w + bias]
    x = rng.normal(size=(batch, widths[0])).astype(np.float32)
    t = rng.integers(0, widths[-1], batch)
    rows, lr, momentum = np.arange(batch), np.float32(0.0), np.float32(0.9)

    def step():
        inputs = [x]
        for i, (weight, b) in enumerate(zip(w, bias)):
            z = inputs[-1] @ weight.T + b
            inputs.append(np.maximum(z, 0) if i < len(w) - 1 else z)
        z = inputs.pop()
        z = z - z.max(1, keepdims=True)
        e = np.exp(z)
        p = e / e.sum(1, keepdims=True)
        loss = -np.log(p[rows, t]).mean()
        p[rows, t] -= 1
        g = p / np.float32(batch)
        gw, gb = [], []
        for i in reversed(range(len(w))):
            gw.insert(0, g.T @ inputs[i])
            gb.insert(0, g.sum(0))
            if i:
                g = (g @ w[i]) * (inputs[i] > 0)
        for parameter, gradient, v in zip(w + bias, gw + gb, velocity):
            v *= momentum
            v += gradient
            parameter -= lr * v
        return loss

    return step


def medians(steps):
    """Seconds per call of each, in interleaved blocks."""
    counts = []
    for step in steps:
        step()
        begin = time.perf_counter()
        step()
        counts.append(max(1, int(SECONDS / (time.perf_counter() - begin))))
    times = [[] for _ in steps]
    for _ in range(BLOCKS):
        for step, count, found in zip(steps, counts, times):
            begin = time.perf_counter()
            for _ in range(count):
                step()
            found.append((time.perf_counter() - begin) / count)
    return [statistics.median(found) for found in times]


def main():
    """Print a line per network."""
    torch.set_num_threads(1)
    autodiff.set_num_threads(1)
    print(f"{'network':<22}{'batch':>6}{'ours, us':>10}{'/ PyTorch':>11}{'/ by hand':>11}")
    for widths, batch in SIZES:
        ours, theirs, hand = medians([step_of(autodiff, widths, batch), step_of(torch, widths, batch), by_hand(widths, batch)])
        name = "-".join(map(str, widths))
        print(f"{name:<22}{batch:>6}{ours * 1e6:>10.0f}{ours / theirs:>11.2f}{ours / hand:>11.2f}")


if __name__ == "__main__":
    main()
