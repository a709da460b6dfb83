"""Losses on distances between vectors: pull what belongs together, push apart what does not.

After this module a reader knows that a margin tells how far is far enough.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, reduction_of, takes_tensors
from autodiff.api.distance import pairwise_distance
from autodiff.api.losses import reduced
from autodiff.ops.comparison import minimum, where

_EPSILON = 1e-12  # PyTorch's, added to the squared lengths


@takes_tensors
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(input1, input2) where the target is 1, and max(0, cos(input1, input2) - margin) where it is -1.

    The inputs are (N, D), the target (N,); or (D,) and one number. RuntimeError for other shapes.

    >>> import autodiff as torch
    >>> a, b = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[3.0, 4.0], [3.0, 4.0]])
    >>> torch.nn.functional.cosine_embedding_loss(a, b, torch.tensor([1, -1]), reduction="none")
    tensor([0.4000, 0.6000])
    """
    reduction = reduction_of(reduction, size_average, reduce)
    n = target._array.ndim
    if n > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1._array.ndim == input2._array.ndim == n + 1:
        raise RuntimeError(
            f"{n}D target tensor expects {n + 1}D input tensors, but found inputs with sizes {list(input1.shape)} and "
            f"{list(input2.shape)}."
        )
    lengths = ((input1 * input1).sum(n) + _EPSILON) * ((input2 * input2).sum(n) + _EPSILON)
    cosine = (input1 * input2).sum(n) / lengths.sqrt()
    zeros = wrap(np.zeros((), cosine._array.dtype))
    near = where(target == 1, 1 - cosine, zeros)
    far = where(target == -1, (cosine - number("cosine_embedding_loss", "margin", margin)).clamp_min(0), zeros)
    return reduced(near + far, reduction)


def _check_triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> None:
    if number("triplet_margin_loss", "margin", margin) <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    a, p, n = anchor._array.ndim, positive._array.ndim, negative._array.ndim
    if not a == p == n:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
            f"{a}D, positive {p}D, and negative {n}D inputs"
        )


@takes_tensors
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, |anchor - positive| - |anchor - negative| + margin), in the p-norm over the last dimension.

    With `swap` the negative's distance is that to the positive, where it is the smaller one (Balntas et al. 2016). ValueError
    for a margin that is not positive, RuntimeError for different numbers of dimensions.

    >>> import autodiff as torch
    >>> a, p, n = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 4.0]])
    >>> torch.nn.functional.triplet_margin_loss(a, p, n)
    tensor(2.0000)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    _check_triplet(anchor, positive, negative, margin)
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced((margin + near - far).clamp_min(0), reduction)


@takes_tensors
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of your own; `pairwise_distance` for None.

    >>> import autodiff as torch
    >>> def distance(a, b):
    ...     return (a - b).abs().sum(-1)
    >>> a, p, n = torch.zeros(1, 2), torch.ones(1, 2), torch.zeros(1, 2)
    >>> torch.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=distance)
    tensor(3.)
    """
    reduction = reduction_of(reduction)
    _check_triplet(anchor, positive, negative, margin)
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced((margin + near - far).clamp_min(0), reduction)
