"""The training step that is compared: the same network in autodiff, in PyTorch, and derived by hand in NumPy."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

# The learning rate is 0, so that every step does the same work. A network that converges, or in which a unit dies, leaves
# its momentum in subnormal numbers, which are slow in every library, and at another moment in each.
RATE, MOMENTUM = 0.0, 0.9


def step_of(library: Any, widths: list[int], batch: int) -> Any:
    """zero_grad, forward, cross entropy, backward, SGD with momentum."""
    library.manual_seed(0)
    layers = []
    for i, (a, b) in enumerate(pairwise(widths)):
        layers += [library.nn.Linear(a, b)] + ([library.nn.ReLU()] if i < len(widths) - 2 else [])
    model = library.nn.Sequential(*layers)
    optimizer = library.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    criterion = library.nn.CrossEntropyLoss()
    x, t = library.randn(batch, widths[0]), library.randint(0, widths[-1], (batch,))

    def step() -> Any:
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return step


def by_hand(widths: list[int], batch: int) -> Any:
    """The same step in NumPy, the derivatives written out."""
    rng = np.random.default_rng(0)
    w = [(rng.normal(size=(b, a)) / np.sqrt(a)).astype(np.float32) for a, b in pairwise(widths)]
    bias = [np.zeros(b, np.float32) for b in widths[1:]]
    velocity = [np.zeros_like(p) for p in w + bias]
    x = rng.normal(size=(batch, widths[0])).astype(np.float32)
    t = rng.integers(0, widths[-1], batch)
    rows, lr, momentum = np.arange(batch), np.float32(RATE), np.float32(MOMENTUM)

    def step() -> Any:
        inputs = [x]
        for i, (weight, b) in enumerate(zip(w, bias, strict=True)):
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
        for parameter, gradient, v in zip(w + bias, gw + gb, velocity, strict=True):
            v *= momentum
            v += gradient
            parameter -= lr * v
        return loss

    return step
