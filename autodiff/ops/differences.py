"""How far numbers are from numbers: squares, absolute differences, and the two mixtures of them.

After this module a reader knows that the slope of a loss on x - t is what limits the influence of one bad example: squares
have none, absolute differences always the same, and Huber's loss is the square whose slope is clipped.
"""

from __future__ import annotations

import warnings

import numpy as np

from autodiff._core.errors import misfit
from autodiff._core.graph import primitive
from autodiff._core.promotion import to_common
from autodiff._core.tensor import Tensor
from autodiff.api.rearrange import expand
from autodiff.ops.activation import hard_tanh
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.reduce import sum_all
from autodiff.ops.reduction import chosen, reduced, reduced_array, share

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def _same_size(input: Tensor, target: Tensor, name: str) -> tuple[Tensor, Tensor]:
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        wrong = input if not isinstance(input, Tensor) else target
        raise TypeError(f"{name}(): input and target must be Tensors, not {type(wrong).__name__}")
    a, b = input._array.shape, target._array.shape
    if a == b:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely lead "
        "to incorrect results due to broadcasting. Please ensure they have the same size.",
        UserWarning,
        stacklevel=3,
    )
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError as error:
        raise misfit(name, (a, b), " of the input and the target") or error from None
    return expand(input, *shape), expand(target, *shape)


def _weighted(loss: Tensor, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    total = loss * weight
    if reduction == "none":
        return total
    return sum_all(total) if reduction == "sum" else sum_all(total) / sum_all(weight)


@primitive(
    lambda g, x, t, reduction: (x - t) * (share(g, x, reduction) * 2.0),
    lambda g, x, t, reduction: (t - x) * (share(g, x, reduction) * 2.0),
    name="MseLoss",
    promote=to_common,
)
def squares(x, t, *, reduction):
    """(x - t)**2, reduced."""
    d = np.subtract(x, t)
    return reduced_array(d * d, reduction)


def mse_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
             reduction: str = "mean", weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """The mean (or sum) of (input - target)**2; with `weight` the weighted mean.

    A target of another shape is broadcast, with a warning. RuntimeError for shapes that do not fit and for integers.

    >>> import autodiff as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(5.)
    """
    x, t = _same_size(input, target, "mse_loss")
    reduction = chosen(reduction, size_average, reduce)
    if x._array.dtype.kind != "f" and t._array.dtype.kind != "f":
        raise NotImplementedError(f'"mse_loss" not implemented for {x.dtype} and {t.dtype}; use .float()')
    if weight is not None:
        return _weighted(squares(x, t, reduction="none"), weight, input, reduction)
    return squares(x, t, reduction=reduction)


def l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
            reduction: str = "mean", weight: Tensor | None = None) -> Tensor:  # fmt: skip
    """The mean (or sum) of |input - target|; with `weight` the weighted mean.

    >>> import autodiff as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(2.)
    """
    x, t = _same_size(input, target, "l1_loss")
    reduction = chosen(reduction, size_average, reduce)
    loss = abs_(x - t)
    return reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction)


@primitive(
    lambda g, x, t, reduction, beta: hard_tanh((x - t) * (1.0 / beta), low=-1.0, high=1.0) * share(g, x, reduction),
    lambda g, x, t, reduction, beta: hard_tanh((t - x) * (1.0 / beta), low=-1.0, high=1.0) * share(g, x, reduction),
    name="SmoothL1Loss",
    promote=to_common,
)
def smooth(x, t, *, reduction, beta):
    """d**2 / (2 beta) where d = |x - t| < beta, else d - beta / 2, reduced."""
    d = np.abs(np.subtract(x, t))
    return reduced_array(np.where(d < beta, d * d * (0.5 / beta), d - 0.5 * beta).astype(d.dtype), reduction)


def smooth_l1_loss(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
                   reduction: str = "mean", beta: float = 1.0) -> Tensor:  # fmt: skip
    """d**2 / (2 beta) where d = |input - target| < beta, else d - beta / 2 (Girshick 2015).

    >>> import autodiff as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    x, t = _same_size(input, target, "smooth_l1_loss")
    reduction = chosen(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced(abs_(x - t), reduction)
    return smooth(x, t, reduction=reduction, beta=float(beta))


@primitive(
    lambda g, x, t, reduction, delta: hard_tanh(x - t, low=-delta, high=delta) * share(g, x, reduction),
    lambda g, x, t, reduction, delta: hard_tanh(t - x, low=-delta, high=delta) * share(g, x, reduction),
    name="HuberLoss",
    promote=to_common,
)
def huber(x, t, *, reduction, delta):
    """d**2 / 2 where d = |x - t| <= delta, else delta * (d - delta / 2), reduced."""
    d = np.abs(np.subtract(x, t))
    return reduced_array(np.where(d <= delta, d * d * 0.5, (d - 0.5 * delta) * delta).astype(d.dtype), reduction)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d**2 / 2 where d = |input - target| <= delta, else delta * (d - delta / 2) (Huber 1964).

    With `weight`, "mean" is the mean of the weighted losses, as in PyTorch.

    >>> import autodiff as torch
    >>> torch.nn.functional.huber_loss(torch.tensor([0.5, 3.0]), torch.tensor([0.0, 0.0]))
    tensor(1.3125)
    """
    x, t = _same_size(input, target, "huber_loss")
    chosen(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is not None:
        if weight._array.shape != input._array.shape:
            raise ValueError("Weights and input must have the same size.")
        return reduced(huber(x, t, reduction="none", delta=float(delta)) * weight, reduction)
    return huber(x, t, reduction=reduction, delta=float(delta))
