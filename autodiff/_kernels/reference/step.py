"""Twin of `loops/step.pxi`: after reading it you know how stochastic gradient descent moves the parameters,
and how Adam does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autodiff._kernels.reference.checks import Array, check_arrays, check_counts, check_step


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
    check_step("sgd", params, grads, buffers=buffers)
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


def adam(
    params: Sequence[Array],
    grads: Sequence[Array],
    exp_avgs: Sequence[Array],
    exp_avg_sqs: Sequence[Array],
    max_exp_avg_sqs: Sequence[Array | None],
    steps: Sequence[Array],
    *,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    maximize: bool = False,
) -> None:
    """One step of Adam for every parameter, in place, with t, which counts the steps, and

    d = g + weight_decay * p, m = beta1 * m + (1 - beta1) * d, v = beta2 * v + (1 - beta2) * d * d,
    p = p - lr / (1 - beta1**t) * m / (sqrt(v / (1 - beta2**t)) + eps).

    `decoupled` shrinks p by lr * weight_decay instead of adding to g; where a largest v is kept, it stands in the place of v.
    """
    check_step("adam", params, grads, exp_avgs=exp_avgs, exp_avg_sqs=exp_avg_sqs, max_exp_avg_sqs=max_exp_avg_sqs)
    for i, (m, v) in enumerate(zip(exp_avgs, exp_avg_sqs)):  # these two there must be
        check_arrays("adam", **{f"exp_avgs[{i}]": m, f"exp_avg_sqs[{i}]": v})
    check_counts("adam", params, steps)
    with np.errstate(all="ignore"):
        for p, g, m, v, largest, step in zip(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps):
            step += 1
            t, number = float(step), p.dtype.type
            d = -g if maximize else g
            if weight_decay and decoupled:
                p *= number(1 - lr * weight_decay)
            elif weight_decay:
                d = d + p * number(weight_decay)
            # The shorter way from one to the other, which a weight of 1 (or 0) takes without rounding.
            m[...] = m + (d - m) * number(1 - beta1) if beta1 > 0.5 else d - (d - m) * number(beta1)
            v[...] = v * number(beta2) + d * number(1 - beta2) * d
            if largest is not None:
                np.maximum(largest, v, out=largest)
            size = np.sqrt(v if largest is None else largest) / number((1 - beta2**t) ** 0.5)
            p -= m * number(lr / (1 - beta1**t)) / (size + number(eps))
