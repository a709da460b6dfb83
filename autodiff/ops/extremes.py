"""The largest and the smallest: max, min, amax, amin, argmax, argmin.

After this module a reader knows who gets the gradient of a maximum: the element that was it, or all of them in equal shares.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors
from autodiff.ops.comparison import maximum, minimum
from autodiff.ops.reduce import AminmaxResult, MaxResult, MinResult, axes_of, kept_shape, spread
from autodiff.ops.shape import dimension, reshaped

__all__ = [
    "amax",
    "amin",
    "aminmax",
    "argmax",
    "argmin",
    "max",
    "min",
]


def grid_of(places: Any, axis: int) -> tuple[Any, ...]:
    """An index of the elements at the places along an axis, for every place its own row and column in the others."""
    grid = list(np.indices(places.shape, sparse=True))
    grid[axis] = places
    return tuple(grid)


@primitive(
    lambda g, axis, places, x_shape: scattered(g, axis=axis, places=places, n=x_shape[axis]), name="Gather"
)
def gathered(x, *, axis, places):
    """x at the places, one index per output element, along an axis."""
    return np.take_along_axis(x, places, axis)


@primitive(lambda g, axis, places: gathered(g, axis=axis, places=places), name="GatherBackward")
def scattered(x, *, axis, places, n):
    """Zeros, n along the axis, with x added at the places."""
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    np.add.at(out, grid_of(places, axis), x)
    return out


def _chosen(name: str) -> Any:
    """An operation with the outputs (values, indices), whose gradient goes to the elements chosen."""

    @primitive(
        lambda g, y1, axis, keepdim, x_shape: scattered(
            _restored(g[0], axis, keepdim), axis=axis, places=_places(y1, axis, keepdim), n=x_shape[axis]
        ),
        name=name,
    )
    def choosing(x, *, places, axis, keepdim):
        """The elements at the places that were found."""
        values = np.take_along_axis(x, places, axis)
        if not keepdim:
            return values.squeeze(axis), places.squeeze(axis)
        return values, places

    choosing.__name__ = choosing.__qualname__ = f"{name.removesuffix('Backward1').lower()}_choice"
    return choosing


def _restored(g: Any, axis: int, keepdim: bool) -> Any:
    return g if keepdim else reshaped(g, shape=(*g.shape[:axis], 1, *g.shape[axis:]))


def _places(y1: Any, axis: int, keepdim: bool) -> Any:
    places = y1._array if isinstance(y1, Tensor) else y1
    return places if keepdim else np.expand_dims(places, axis)


max_choice, min_choice = _chosen("Max"), _chosen("Min")
sort_choice, topk_choice, median_choice = _chosen("Sort"), _chosen("Topk"), _chosen("MedianBackward1")


def _empty(input: Tensor, name: str, dim: int | None) -> None:
    if dim is None and not input._array.size:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the "
            "'dim' argument."
        )
    if dim is not None and input._array.ndim and not input._array.shape[dim]:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


@primitive(lambda g, x, y: even_share(g, x, y, None), name="MaxBackward1")
def max_all(x):
    """The largest element."""
    return np.max(x)


@primitive(lambda g, x, y: even_share(g, x, y, None), name="MinBackward1")
def min_all(x):
    """The smallest element."""
    return np.min(x)


@primitive(lambda g, x, y: even_share(g, x, y, None), name="Median")
def median_all(x):
    """The middle element, the lower of two; nan where there is one."""
    return np.take(np.sort(x, None), x.size - 1 if x.dtype.kind == "f" and np.isnan(x).any() else (x.size - 1) // 2)


def even_share(g: Any, x: Any, y: Any, axes: Any) -> Any:
    """The gradient of an extreme value or a median, shared evenly by all elements that are equal to it."""
    xs, ys = (v._array if isinstance(v, Tensor) else v for v in (x, y))
    everything = tuple(range(xs.ndim)) if axes is None else axes
    shape = kept_shape(xs.shape, everything)
    value = np.reshape(ys, shape)
    equal = xs == value
    if axes is None:  # a nan is equal to nan here, and in amax and amin makes all of the gradient nan, as in PyTorch
        equal |= (xs != xs) & (value != value)
    share = (equal / np.add.reduce(equal, axis=everything, keepdims=True)).astype(xs.dtype)
    whole = spread(g, xs.shape, everything)
    return whole * (wrap(share) if isinstance(g, Tensor) else share)


@primitive(lambda g, x, y, axes: even_share(g, x, y, axes), name="Amax")
def amax_over(x, *, axes, keepdim):
    """The largest elements over some dimensions."""
    return np.max(x, axis=axes, keepdims=keepdim)


@primitive(lambda g, x, y, axes: even_share(g, x, y, axes), name="Amin")
def amin_over(x, *, axes, keepdim):
    """The smallest elements over some dimensions."""
    return np.min(x, axis=axes, keepdims=keepdim)


def _extreme(input: Tensor, dim: Any, keepdim: bool, name: str) -> Any:
    """The parts that max and min share; `name` is one of the two."""
    whole, choice, kind, find, pair = {
        "max": (max_all, max_choice, MaxResult, np.argmax, maximum),
        "min": (min_all, min_choice, MinResult, np.argmin, minimum),
    }[name]
    if isinstance(dim, Tensor):
        return pair(input, dim)
    if dim is None:
        _empty(input, name, None)
        return whole(input)
    axis = dimension(dim, input._array.ndim)
    _empty(input, name, axis)
    if not input._array.ndim:
        return kind(input.clone(), wrap(np.zeros((), np.int64)))
    places = find(input._array, axis=axis, keepdims=True)
    return kind(*choice(input, places=places, axis=axis, keepdim=keepdim))


@method
@takes_tensors
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest element; with `dim`, (values, indices) along it; with a second tensor, `maximum`.

    >>> import autodiff as torch
    >>> torch.max(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    torch.return_types.max(
    values=tensor([5., 4.]),
    indices=tensor([1, 0]))
    """
    return _extreme(input, dim, keepdim, "max")


@method
@takes_tensors
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
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
    return amax_over(input, axes=_solid(input, dim, "amax"), keepdim=keepdim)


@method
@takes_tensors
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest elements over the dimensions `dim`; equal ones share the gradient.

    >>> import autodiff as torch
    >>> torch.amin(torch.tensor([[1.0, 5.0], [4.0, 2.0]]), 1)
    tensor([1., 2.])
    """
    return amin_over(input, axes=_solid(input, dim, "amin"), keepdim=keepdim)


def _solid(input: Tensor, dim: Any, name: str) -> tuple[int, ...]:
    axes = axes_of(dim, input._array.ndim)
    for axis in axes:
        _empty(input, name, axis)
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
    where_ = () if dim is None else dim
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
    axis = None if dim is None else dimension(dim, input._array.ndim)
    if axis is None and not input._array.size:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    _empty(input, name, axis)
    if not input._array.ndim:
        return wrap(np.zeros((), np.int64))
    return wrap(np.asarray(find(input._array, axis=axis, keepdims=keepdim)))
