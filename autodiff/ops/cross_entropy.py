"""Cross entropy: how surprised a model is at the true class.

After this module a reader knows why softmax and the negative log-likelihood are one operation: the gradient of the pair is
p - t, without a division that could overflow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.graph import primitive
from autodiff._core.together import together
from autodiff.ops.reduce import sum_over
from autodiff.ops.shape import reshape
from autodiff.ops.softmax import softmax, softmax_grad


@primitive(lambda g, n: divided(g, n=n), name="DivBackward1", says="Divided by a number, a change is divided by it too.")
def divided(x, *, n):
    """x / n: by a Python number."""
    return np.divide(x, x.dtype.type(n))


# ---- of scores: (n, c), with one class number a row; the kernels ----


@primitive(
    lambda g, x, target, weight, ignore_index, label_smoothing, reduction: cross_entropy_grad(
        g, x, target, weight, ignore_index=ignore_index, label_smoothing=label_smoothing, reduction=reduction
    ),
    name="NllLoss",
    silent=False,  # nor do the kernels warn
    says="Each score gets its predicted probability, less 1 at the right class: wrong ones are pushed down, the right one up.",
)
def cross_entropy(x, target, weight, *, ignore_index, label_smoothing, reduction):
    """-log softmax(x)[target] per row, reduced."""
    return _kernels.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)


def _kept_gradient(
    g: Any, needs: Any, x: Any, target: Any, weight: Any, y1: Any, ignore_index: Any, label_smoothing: Any, reduction: Any
) -> list[Any]:
    """g times what was kept. A row that is ignored gets 0 whatever g is."""
    d = g[0]
    if np.isfinite(d).all() if d.ndim else math.isfinite(d):
        return [y1 * (d[:, None] if d.ndim else d), None, None]
    return [_kernels.cross_entropy_grad(d, x, target, weight, ignore_index, label_smoothing, reduction), None, None]


@together(
    _kept_gradient,
    lambda x, target, weight, **options: (cross_entropy(x, target, weight, **options),),
    constants=1,
    name="NllLoss",
    public="cross_entropy",
    silent=False,
    says="Each score gets its predicted probability, less 1 at the right class: wrong ones are pushed down, the right one up.",
)
def cross_entropy_kept(x, target, weight, *, ignore_index, label_smoothing, reduction):
    """The same, and its gradient for g = 1, from the same exponentials: it takes as much memory as x until backward."""
    return _kernels.cross_entropy_both(x, target, weight, ignore_index, label_smoothing, reduction)


@primitive(
    lambda g, d, x, target, weight, ignore_index, label_smoothing, reduction: sum_over(
        g
        * cross_entropy_grad(
            d * 0.0 + 1.0,
            x,
            target,
            weight,
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
            reduction=reduction,
        ),
        axes=(1,),
        keepdim=False,
    ),
    lambda g, d, x, target, weight, ignore_index, label_smoothing, reduction: softmax_grad(
        g
        * weighted_rows(
            reshape(d, shape=(-1, 1)),
            target,
            weight,
            classes=x.shape[1],
            ignore_index=ignore_index,
            label_smoothing=label_smoothing,
            reduction=reduction,
        ),
        softmax(x, axis=1),
        axis=1,
    ),
    name="CrossEntropyBackward",
    says="The probabilities move with the scores, so this gradient has a slope of its own.",
)
def cross_entropy_grad(d, x, target, weight, *, ignore_index, label_smoothing, reduction):
    """d * (row_weight * softmax(x) - weighted_target): the target one-hot, smoothed and weighted; 0 where it is ignored.

    - Plainly, where weight is None and reduction == "mean" and np.all(target != ignore_index) and label_smoothing == 0:
      d * (softmax(x) - onehot(target)) / N.
    - Plainly, where weight is None and reduction == "sum" and np.all(target != ignore_index) and label_smoothing == 0:
      d * (softmax(x) - onehot(target)).
    - Plainly, where weight is None and reduction == "mean" and np.all(target != ignore_index):
      d * (softmax(x) - smoothed(target)) / N.
    """
    d = np.asarray(d, x.dtype)
    return _kernels.cross_entropy_grad(d, x, target, weight, ignore_index, label_smoothing, reduction)


@primitive(
    lambda g, target, weight, classes, ignore_index, label_smoothing, reduction: weighted_rows(
        g,
        target,
        weight,
        classes=classes,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction=reduction,
    ),
    says="Each row is multiplied by its own factor, and so is the gradient that comes back.",
)
def weighted_rows(d, target, weight, *, classes, ignore_index, label_smoothing, reduction):
    """d * a: columns, where a is what each row's softmax is multiplied by in the gradient."""
    kept = target != ignore_index
    w = np.ones(classes) if weight is None else weight
    row = np.where(kept, w[np.where(kept, target, 0)], 0.0)
    scale = (1 - label_smoothing) * row + kept * (label_smoothing / classes * w.sum())
    if reduction == "mean":
        scale = np.where(kept, scale / (row.sum() or np.nan), 0.0)
    return d * scale[:, None].astype(d.dtype)


# ---- of log-probabilities ----


@primitive(
    lambda g, x_shape, target, weight, ignore_index, reduction: nll_loss_grad(
        g, target, weight, classes=x_shape[1], ignore_index=ignore_index, reduction=reduction
    ),
    says="Only the true class's log-probability counts, so it alone gets −g, times its weight; all others get 0.",
)
def nll_loss(x, target, weight, *, ignore_index, reduction):
    """-w * x[target]: per row, reduced, where w is the weight of the row's class."""
    row, safe, total = row_weights(x.shape[1], target, weight, ignore_index)
    loss = -x[np.arange(len(x)), safe] * row.astype(x.dtype)
    loss[target == ignore_index] = 0
    if reduction == "none":
        return loss
    value = np.add.reduce(loss, dtype=np.float64)
    return np.asarray(value / total if reduction == "mean" else value).astype(x.dtype)


@primitive(
    lambda g, target, weight, ignore_index, reduction: nll_loss(
        g, target, weight, ignore_index=ignore_index, reduction=reduction
    ),
    name="NllLossBackward",
    says="The gradient is read at the true class, times minus its weight.",
)
def nll_loss_grad(d, target, weight, *, classes, ignore_index, reduction):
    """−w · d at the target, else 0: the gradient of nll_loss, where w is the weight of the row's class."""
    row, safe, total = row_weights(classes, target, weight, ignore_index)
    out = np.zeros((len(target), classes), d.dtype)
    scale = np.where(target == ignore_index, 0.0, row / total) if reduction == "mean" else row
    out[np.arange(len(target)), safe] = -(d * scale.astype(d.dtype))
    return out


def row_weights(classes: int, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, float]:
    """(each row's weight, its class number or 0 where ignored, the sum of the weights); IndexError for a wrong class.

    The sum is nan where there is no weight: 0 divided by 0 is no mean, and where something else is, as with smoothing, neither.
    """
    kept = target != ignore_index
    bad = np.flatnonzero(kept & ((target < 0) | (target >= classes)))
    if len(bad):
        at = int(bad[0])
        raise IndexError(
            f"Target {int(target[at])} is out of bounds: target[{at}] is {int(target[at])}, but there are {classes} classes "
            f"(0 to {classes - 1})"
        )
    safe = np.where(kept, target, 0)
    w = np.ones(classes) if weight is None else weight
    row = np.where(kept, w[safe] if classes else 0.0, 0.0)
    return row, safe, float(row.sum()) or np.nan
