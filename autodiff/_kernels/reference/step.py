"""Twin of `loops/step.pxi`: after reading it you know how stochastic gradient descent moves the parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autodiff._kernels.reference.checks import Array, check_sgd


def sgd(
    params: Sequence[Array],
    grads: Sequence[Array],
    buffers: Sequence[Array | None],
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> list[Array | None]:
    """One step p -= lr * d for every parameter, in place; returns the momentum buffers.

    d = g + weight_decay * p; with momentum b = momentum * b + (1 - dampening) * d, and p moves by b
    (nesterov: by d + momentum * b). A buffer that is None starts as a copy of d.
    """
    check_sgd(params, grads, buffers)
    after: list[Array | None] = []
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for p, g, buffer in zip(params, grads, buffers):
            d = -g if maximize else g
            if weight_decay:
                d = d + p * p.dtype.type(weight_decay)
            if momentum:
                if buffer is None:
                    buffer = np.array(d, order="C")
                else:
                    buffer *= p.dtype.type(momentum)
                    buffer += d * p.dtype.type(1 - dampening)
                d = d + buffer * p.dtype.type(momentum) if nesterov else buffer
            after.append(buffer)
            p -= d * p.dtype.type(lr)
    return after
