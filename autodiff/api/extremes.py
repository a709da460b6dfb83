"""The largest and the smallest as PyTorch's calls give them: max, min, amax, amin, argmax, argmin.

After this module a reader knows that max with a `dim` tells where, and that without one a tensor has a single largest value.
"""

from __future__ import annotations

from typing import Any, Protocol, overload

import numpy as np

from autodiff._core.cuts import cut
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.modes import mode
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import AminmaxResult, MaxResult, MinResult
from autodiff.api._calls import ALL, axes_of, boolean, dimension, takes_keepdim, takes_tensors
from autodiff.api.reading import positions
from autodiff.ops import extremes as ops
from autodiff.ops.comparison import maximum, minimum

_min_chosen = renamed(ops.chosen, "MinBackward0")


def not_empty(input: Tensor, name: str, dim: int | None) -> None:
    """RuntimeError or IndexError where there is no element to choose: nothing has no largest."""
    if dim is None and not input._array.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument."
        )
    if dim is not None and input._array.ndim and not input._array.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def _extreme(input: Tensor, dim: Any, keepdim: bool, name: str) -> Any:
    """The parts that max and min share; `name` is one of the two."""
    whole, choice, kind, find, pair = {
        "max": (ops.max_all, ops.chosen, MaxResult, np.argmax, maximum),
        "min": (ops.min_all, _min_chosen, MinResult, np.argmin, minimum),
    }[name]
    if keepdim is not False:
        boolean(name, "keepdim", keepdim)
    if isinstance(dim, Tensor):
        return pair(input, dim)
    if dim is ALL:
        not_empty(input, name, None)
        return whole(input)
    axis = dimension(dim, input._array.ndim)
    not_empty(input, name, axis)
    if not input._array.ndim:
        return kind(input.clone(), wrap(np.zeros((), np.int64)))
    places = positions(find(input._array, axis=axis, keepdims=True))
    return kind(*choice(input, places=places, axis=axis, keepdim=keepdim))


class OfAllOrAlong(Protocol):
    """What a type checker knows of `max` and `min`: one tensor without a `dim`, values and indices along one."""

    @overload
    def __call__(self, input: Tensor, other: Tensor = ...) -> Tensor: ...
    @overload
    def __call__(self, input: Tensor, dim: int, keepdim: bool = False) -> Any: ...
    @overload
    def __call__(self, *args: Any, out: Any, **kwargs: Any) -> Any: ...


@overload
def max(input: Tensor, dim: Tensor = ...) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> Any: ...
@method
@takes_keepdim
def max(input: Tensor, dim: Any = ALL, keepdim: bool = False) -> Any:
    """The largest element; with `dim`, (values, indices) along it; with a second tensor, `maximum`.

    >>> import autodiff as torch
    >>> torch.max(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    torch.return_types.max(
    values=tensor([5., 4.]),
    indices=tensor([1, 0]))
    """
    return _extreme(input, dim, keepdim, "max")


@overload
def min(input: Tensor, dim: Tensor = ...) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> Any: ...
@method
@takes_keepdim
def min(input: Tensor, dim: Any = ALL, keepdim: bool = False) -> Any:
    """The smallest element; with `dim`, (values, indices) along it; with a second tensor, `minimum`.

    >>> import autodiff as torch
    >>> torch.min(torch.tensor([3.0, 1.0]))
    tensor(1.)
    """
    return _extreme(input, dim, keepdim, "min")


@method
@takes_tensors
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest elements over the dimensions `dim`; equal ones share the gradient.

    >>> import autodiff as torch
    >>> torch.amax(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([5., 4.])
    """
    if keepdim is not False:
        boolean("amax", "keepdim", keepdim)
    return ops.amax(input, axes=_solid(input, dim, "amax"), keepdim=keepdim)


@method
@takes_tensors
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest elements over the dimensions `dim`; equal ones share the gradient.

    >>> import autodiff as torch
    >>> torch.amin(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([1., 2.])
    """
    if keepdim is not False:
        boolean("amin", "keepdim", keepdim)
    return ops.amin(input, axes=_solid(input, dim, "amin"), keepdim=keepdim)


def _solid(input: Tensor, dim: Any, name: str) -> tuple[int, ...]:
    axes = axes_of(dim, input._array.ndim)
    if not input._array.size and (dim is None or dim in ((), [])):
        not_empty(input, name, None)
    for axis in axes:
        not_empty(input, name, axis)
    return axes


@method
@takes_tensors
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """(min, max), of all elements or along `dim`.

    >>> import autodiff as torch
    >>> torch.aminmax(torch.tensor([3.0, 1.0]))
    torch.return_types.aminmax(
    min=tensor(1.),
    max=tensor(3.))
    """
    if keepdim is not False:
        boolean("aminmax", "keepdim", keepdim)
    where_ = () if dim is None else dimension(dim, input._array.ndim)
    if dim is None:
        not_empty(input, "aminmax", None)
    return AminmaxResult(amin(input, where_, keepdim), amax(input, where_, keepdim))


@method
@takes_tensors
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The position of the largest element, in the flattened tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.argmax(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([1, 0])
    """
    return _position(input, dim, keepdim, np.argmax, "argmax")


@method
@takes_tensors
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The position of the smallest element, in the flattened tensor or along `dim`.

    >>> import autodiff as torch
    >>> torch.argmin(torch.tensor([3.0, 1.0]))
    tensor(1)
    """
    return _position(input, dim, keepdim, np.argmin, "argmin")


def _position(input: Tensor, dim: int | None, keepdim: bool, find: Any, name: str) -> Tensor:
    if keepdim is not False:
        boolean(name, "keepdim", keepdim)
    if input._array.dtype.kind == "b":
        raise RuntimeError(f"{name}(): does not support bool input; convert it with x.int()")
    axis = None if dim is None else dimension(dim, input._array.ndim)
    if axis is None and not input._array.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    not_empty(input, name, axis)
    array = find(input._array, axis=axis, keepdims=keepdim) if input._array.ndim else np.zeros((), np.int64)
    t = wrap(positions(array))
    if input._edge is not None and mode.grad:
        cut(name, (input,), t)
    return t
