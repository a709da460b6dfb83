"""How wrong probabilities are: binary cross entropy, from probabilities or from scores, and the Kullback-Leibler divergence.

After this module a reader knows why a loss should take scores and not probabilities: log(1 + e**-|x|) never overflows, and
the slope is sigmoid(x) - t without a division.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.inplace import _type_name
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor
from autodiff.api._calls import takes_tensors
from autodiff.api.rearrange import expand
from autodiff.ops.activation import log_sigmoid
from autodiff.ops.arithmetic import clamp_min, where
from autodiff.ops.elementwise import log, sigmoid
from autodiff.ops.reduction import chosen, reduced, reduced_array, share

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]


def _times(x: Any, weight: Any) -> Any:
    return x if weight is None else x * weight


def _at_least(x: Any, low: float) -> Any:
    return clamp_min(x, low) if isinstance(x, Tensor) else np.maximum(x, x.dtype.type(low))


@primitive(
    lambda g, x, t, weight, reduction: _times((x - t) / _at_least(x * (1.0 - x), 1e-12) * share(g, x, reduction), weight),
    lambda g, x, weight, reduction: _times((log(1.0 - x) - log(x)) * share(g, x, reduction), weight),
    name="BinaryCrossEntropy",
)
def from_probabilities(x, t, weight, *, reduction):
    """-(t log x + (1 - t) log(1 - x)), the logarithms not below -100, reduced."""
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = -(t * np.maximum(np.log(x), -100.0) + (1 - t) * np.maximum(np.log1p(-x), -100.0)).astype(x.dtype)
    return reduced_array(_times(loss, weight), reduction)


def _spread(weight: Tensor | None, input: Tensor) -> Tensor | None:
    """A weight of the input's shape and dtype."""
    if weight is None:
        return None
    if weight._array.dtype != input._array.dtype:
        weight = cast(weight, dtype=input._array.dtype)
    return weight if weight._array.shape == input._array.shape else expand(weight, *input._array.shape)


@takes_tensors
def binary_cross_entropy(input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: bool | None = None,
                         reduce: bool | None = None, reduction: str = "mean") -> Tensor:  # fmt: skip
    """-(t log x + (1 - t) log(1 - x)) of probabilities x in [0, 1], the logarithms not below -100.

    `weight` is broadcast to the input. ValueError for a target of another shape, RuntimeError for one of another dtype and
    for numbers outside [0, 1].

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = chosen(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is deprecated. Please "
            "ensure they have the same size."
        )
    if input._array.dtype != target._array.dtype:
        raise RuntimeError(
            f"Found dtype {_type_name(target._array)} but expected {_type_name(input._array)}: the target must have the "
            f"input's dtype, as in target.to({input.dtype})"
        )
    x = input._array
    if x.size and not (x.min() >= 0 and x.max() <= 1):
        raise RuntimeError("all elements of input should be between 0 and 1; use binary_cross_entropy_with_logits for scores")
    t = target._array
    if t.size and not (t.min() >= 0 and t.max() <= 1):
        raise RuntimeError(
            f"all elements of target should be between 0 and 1, and these are between {t.min()} and {t.max()}: class 0 is "
            "0.0, class 1 is 1.0"
        )
    return from_probabilities(input, target, _spread(weight, input), reduction=reduction)


def _positives(t: Any, pos_weight: Any) -> Any:
    """What multiplies the loss of the positive class."""
    return 1.0 if pos_weight is None else (pos_weight - 1.0) * t + 1.0


@primitive(
    lambda g, x, t, weight, pos_weight, reduction: _times(
        ((1.0 - t) - sigmoid(-x) * _positives(t, pos_weight)) * share(g, x, reduction), weight
    ),
    lambda g, x, weight, pos_weight, reduction: _times(
        (-x if pos_weight is None else -x - (pos_weight - 1.0) * log_sigmoid(x)) * share(g, x, reduction), weight
    ),
    name="BinaryCrossEntropyWithLogits",
)
def from_scores(x, t, weight, pos_weight, *, reduction):
    """(1 - t) x - (1 + (pos_weight - 1) t) log sigmoid(x), reduced."""
    loss = (1 - t) * x - log_sigmoid.operation.forward(x) * _positives(t, pos_weight)
    return reduced_array(_times(loss, weight), reduction)


@takes_tensors
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Binary cross entropy of sigmoid(input), computed from the scores without overflow.

    (1 - t) x - (1 + (pos_weight - 1) t) log sigmoid(x); `weight` and `pos_weight` are broadcast to the input. ValueError for
    a target of another shape, RuntimeError for a target of integers.

    >>> import autodiff as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = chosen(reduction, size_average, reduce)
    if input._array.shape != target._array.shape:
        raise ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
    if target._array.dtype.kind != "f" or input._array.dtype.kind != "f":
        raise RuntimeError(
            f"result type {_type_name(input._array)} can't be cast to the desired output type {_type_name(target._array)}: "
            "input and target must be floating, as in target.float()"
        )
    if input._array.dtype != target._array.dtype:
        wider = np.promote_types(input._array.dtype, target._array.dtype)
        input, target = (x if x._array.dtype == wider else cast(x, dtype=wider) for x in (input, target))
    weight, pos_weight = _spread(weight, input), _spread(pos_weight, input)
    return from_scores(input, target, weight, pos_weight, reduction=reduction)


@takes_tensors
def kl_div(input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None,
           reduction: str = "mean", log_target: bool = False) -> Tensor:  # fmt: skip
    """target * (log target - input) for log-probabilities `input`; "batchmean" divides the sum by the batch size.

    "mean", the default, is not the divergence, and warns; with `log_target` the target is given as logarithms, too.

    >>> import autodiff as torch
    >>> p = torch.tensor([[0.5, 0.5]])
    >>> torch.nn.functional.kl_div(torch.log(p), p, reduction="batchmean")
    tensor(0.)
    """
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.",
            UserWarning,
            stacklevel=2,
        )
    batch = reduction == "batchmean"
    reduction = "sum" if batch else chosen(reduction, size_average, reduce)
    if input._array.dtype.kind != "f" or target._array.dtype.kind != "f":
        raise RuntimeError(f"kl_div: Integral inputs not supported; got {input.dtype} and {target.dtype}, use .float()")
    if log_target:
        loss = target.exp() * (target - input)
    else:
        positive = target > 0
        loss = where(positive, target * (log(where(positive, target, 1.0)) - input), 0.0)
    total = reduced(loss, reduction)
    return total / input.shape[0] if batch and input.ndim else total
