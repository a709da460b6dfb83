"""Losses that are the negative logarithm of a density: Gauss's and Poisson's; and the cross entropy of a linear layer's scores.

After this module a reader knows that a model that tells its own variance pays for being sure and wrong.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autodiff._core.dtypes import int64
from autodiff._core.errors import misfit
from autodiff._core.modes import no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, reduction_of, takes_tensors
from autodiff.api.cross_entropy import cross_entropy
from autodiff.api.likes import full_like
from autodiff.api.losses import reduced
from autodiff.api.matmul import linear
from autodiff.ops.exponential import exp, log
from autodiff.ops.places import blanked


def _variance(input: Tensor, var: Any) -> Tensor:
    """The variance as a tensor that broadcasts to the input; ValueError for one that is negative, or of another size."""
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        return full_like(input, var)
    if not isinstance(var, Tensor):
        raise TypeError(f"gaussian_nll_loss(): argument 'var' must be a Tensor or a float, not {type(var).__name__}")
    if (var._array < 0).any():
        raise ValueError("var has negative entry/entries")
    a, b = input._array.shape, var._array.shape
    if a == b:
        return var
    if a[:-1] == b:
        return var.unsqueeze(-1)
    if len(a) == len(b) and sum(m for n, m in zip(a, b) if n != m) == 1:
        return var
    raise ValueError(f"var is of incorrect size: {list(b)} for an input of {list(a)}")


@takes_tensors
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log(var) + (input - target)**2 / var) / 2, with var not below eps (Nix and Weigend 1994).

    With `full`, log(2 pi) / 2 is added. `var` is a float, or a tensor of the input's shape, or without its last dimension, or
    with size 1 there. A variance below eps has the slope that it would have at eps. ValueError for a negative variance and
    another shape.

    >>> import autodiff as torch
    >>> torch.nn.functional.gaussian_nll_loss(torch.zeros(1), torch.ones(1), torch.ones(1))
    tensor(0.5000)
    """
    variance = _variance(input, var)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid; use 'mean', 'sum' or 'none'")
    variance = variance.clone()
    with no_grad():
        variance.clamp_(min=eps)
    loss = 0.5 * (log(variance) + (input - target) ** 2 / variance)
    return reduced(loss + 0.5 * math.log(2 * math.pi) if full else loss, reduction)


@takes_tensors
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(input) - target * input, for the logarithm of the rate; input - target * log(input + eps) for the rate itself.

    With `full`, Stirling's approximation of log(target!) is added where the target is larger than 1.

    >>> import autodiff as torch
    >>> torch.nn.functional.poisson_nll_loss(torch.zeros(1), torch.tensor([3.0]))
    tensor(1.)
    """
    reduction = reduction_of(reduction, size_average, reduce)
    if error := misfit("poisson_nll_loss", (input._array.shape, target._array.shape)):
        raise error
    if log_input:
        loss = exp(input) - target * input
    else:
        loss = input - target * log(input + number("poisson_nll_loss", "eps", eps))
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        loss = loss + blanked(stirling, mask=target._array <= 1)
    return reduced(loss, reduction)


def _check_linear(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    x, w = input._array.shape, weight._array.shape
    if not 1 <= len(x) <= 2:
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {len(x)}")
    if len(w) < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {len(w)}")
    if x[-1] != w[-1]:
        raise RuntimeError(
            f"expected equal input and linear_weight last dimensions (in_features), got {x[-1]} and {w[-1]}, respectively"
        )
    if bias is not None and bias._array.shape != w[:-1]:
        raise RuntimeError(f"expected linear_bias shape {w[:-1]}, got {bias._array.shape}")
    if len(w) > 2 and len(x) == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {w} requires batched input, (N, {x[-1]}), got unbatched input "
            f"with shape {x}"
        )


@takes_tensors
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """`cross_entropy` of the scores `linear(input, linear_weight, linear_bias)`.

    `input` is (N, in) or (in,), `linear_weight` (C, in), or (C, d1, ..., in) for targets (N, d1, ...). PyTorch's `options` say
    how the batch is cut into pieces, which saves memory and changes no number; here it is taken whole. UserWarning where
    PyTorch can't cut it: for smoothed labels, targets that are not int64, and more dimensions.
    RuntimeError for sizes that don't fit, and for an ignore_index where the target is probabilities.

    >>> import autodiff as torch
    >>> torch.nn.functional.linear_cross_entropy(torch.ones(2, 3), torch.zeros(4, 3), torch.tensor([0, 1]))
    tensor(1.3863)
    """
    _check_linear(input, linear_weight, linear_bias)
    *scores, features = linear_weight._array.shape
    shape = (*input._array.shape[:-1], *scores)
    if target._array.shape == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if options is not None and (label_smoothing or target.dtype is not int64 or len(scores) > 1):
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored: the batch is cut into pieces only where label_smoothing == 0, "
            f"target.dtype == int64 and out_features == (). Got label_smoothing={label_smoothing}, "
            f"target.dtype={target.dtype}, out_features={tuple(scores[1:])}",
            UserWarning, stacklevel=stacklevel(),
        )
    rows = int(np.prod(scores))
    bias = None if linear_bias is None else linear_bias.reshape(rows)
    return cross_entropy(
        linear(input, linear_weight.reshape(rows, features), bias).reshape(shape), target, weight=weight, reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index, label_smoothing=label_smoothing,
    )
