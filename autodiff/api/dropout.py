"""Dropout as PyTorch calls it, of single elements or of whole channels, with 0 or with selu's lowest value in their place.

After this module a reader knows why what is left is divided by 1 - p: the expected value stays what it was. In alpha dropout
it is mean and variance together that stay, so what is left is stretched and moved.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.graph import renamed
from autodiff._core.memory import memory_order
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.ops.arithmetic import mul
from autodiff.random import default_generator

_native = renamed(mul, "NativeDropout")
_LOWEST = 1.7580993408473766  # minus the value that selu falls to: alpha times its scale


def _kept(input: Tensor, p: float, feature: bool) -> Any:
    """True where an element, or a whole channel of (N, C, ...), is kept: with the probability 1 - p."""
    shape = input._array.shape
    if feature:
        return default_generator.bernoulli(1.0 - p, (*shape[:2], *(1,) * (len(shape) - 2)))
    # One draw per element, in the order of memory: that of a transposed tensor is not the order of its indices.
    order = memory_order(input._array.strides)
    drawn = default_generator.bernoulli(1.0 - p, tuple(shape[d] for d in order))
    return drawn.transpose(np.argsort(order)) if order else drawn


def _check_probability(p: Any) -> None:
    if not 0.0 <= number("dropout", "p", p) <= 1.0:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p}")


def _check_dtype(input: Tensor) -> None:
    if input._array.dtype.kind != "f":
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {scalar_type(input._array)}: dropout scales what it "
            "leaves; convert the input with x.float()"
        )


def _dropped(input: Tensor, p: Any, train: bool, inplace: bool, feature: bool = False, alpha: bool = False) -> Tensor:
    _check_probability(p)
    if not train or p == 0.0 or not input._array.size:
        return input
    _check_dtype(input)
    dtype = input._array.dtype
    if feature and input._array.ndim < 2 and p != 1.0:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    if p == 1.0:
        return _times(input, np.zeros((), dtype), inplace)
    kept = _kept(input, p, feature).astype(dtype)
    if not alpha:
        return _times(input, kept / dtype.type(1.0 - p), inplace)
    a = 1.0 / math.sqrt((_LOWEST * _LOWEST * p + 1.0) * (1.0 - p))
    moved = (kept - dtype.type(1)) * dtype.type(_LOWEST * a) + dtype.type(_LOWEST * a * p)
    return _times(input, kept * dtype.type(a), inplace).add_(wrap(moved))


def _times(input: Tensor, mask: Any, inplace: bool) -> Tensor:
    return input.mul_(wrap(mask)) if inplace else input * wrap(mask)


@takes_tensors
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """In training, each element zeroed with probability p and the others divided by 1 - p; else `input` itself.

    RuntimeError for a p outside [0, 1], and for integers.

    >>> import autodiff as torch
    >>> torch.dropout(torch.ones(2), 0.5, False)
    tensor([1., 1.])
    """
    return _dropped(input, p, train, False)


@takes_tensors
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """(`dropout` of the input, True where an element is kept); `train` may be None for True.

    RuntimeError for a p outside [0, 1], and for integers that are to be scaled.

    >>> import autodiff as torch
    >>> torch.native_dropout(torch.ones(2), 0.5, False)
    (tensor([1., 1.]), tensor([True, True]))
    """
    dtype = input._array.dtype
    kept = factor = np.ones(input._array.shape, np.bool_)
    if train is None or train:
        _check_probability(p)
        _check_dtype(input)
        kept = _kept(input, p, False)
        factor = kept.astype(dtype) / dtype.type(1.0 - p or 1.0)
    return _native(input, wrap(factor.astype(dtype, copy=False))), wrap(kept)


@takes_tensors
def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`dropout`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.dropout_(torch.ones(2), 1.0, True)
    tensor([0., 0.])
    """
    return _dropped(input, p, train, True)


@takes_tensors
def feature_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout of whole channels: in (N, C, ...) what stands in one channel of an example is kept or zeroed together.

    RuntimeError for a p outside [0, 1], for integers and for less than 2 dimensions.

    >>> import autodiff as torch
    >>> torch.feature_dropout(torch.ones(1, 2, 2), 0.5, False).shape
    torch.Size([1, 2, 2])
    """
    return _dropped(input, p, train, False, feature=True)


@takes_tensors
def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_dropout`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.feature_dropout_(torch.ones(1, 2), 1.0, True)
    tensor([[0., 0.]])
    """
    return _dropped(input, p, train, True, feature=True)


@takes_tensors
def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout for selu: what is dropped becomes selu's lowest value, and all is scaled and moved so that its variance stays.

    RuntimeError for a p outside [0, 1], and for integers. Source: Klambauer et al. 2017.

    >>> import autodiff as torch
    >>> torch.alpha_dropout(torch.ones(2), 0.5, False)
    tensor([1., 1.])
    """
    return _dropped(input, p, train, False, alpha=True)


@takes_tensors
def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`alpha_dropout`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.alpha_dropout_(torch.ones(2), 0.5, False)
    tensor([1., 1.])
    """
    return _dropped(input, p, train, True, alpha=True)


@takes_tensors
def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Alpha dropout of whole channels: in (N, C, ...) what stands in one channel of an example is kept or dropped together.

    RuntimeError for a p outside [0, 1], for integers and for less than 2 dimensions.

    >>> import autodiff as torch
    >>> torch.feature_alpha_dropout(torch.ones(1, 2, 2), 0.5, False).shape
    torch.Size([1, 2, 2])
    """
    return _dropped(input, p, train, False, feature=True, alpha=True)


@takes_tensors
def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """`feature_alpha_dropout`, written into the tensor's own memory.

    >>> import autodiff as torch
    >>> torch.feature_alpha_dropout_(torch.ones(1, 2), 0.5, False)
    tensor([[1., 1.]])
    """
    return _dropped(input, p, train, True, feature=True, alpha=True)
