"""Integrals and slopes of samples: the trapezoidal rule, and differences on both sides.

After this module a reader knows how a function is integrated and differentiated of which only values are known: as if it were
straight, or a parabola, from sample to sample. Backward, which knows the function itself, does neither.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import axes_of, dimension, number, takes_tensors
from autodiff.api.index import narrow, select
from autodiff.api.join import cat
from autodiff.api.reduce import cumsum
from autodiff.api.reduce import sum as sum_
from autodiff.api.shape import reshape
from autodiff.ops.arithmetic import mul


def _lines(name: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> tuple[int, Any]:
    """(the dimension from the end, the widths between the samples): numbers, or a tensor that broadcasts with them."""
    if x is not None and dx is not None:
        raise TypeError(f"{name}() takes the samples' places x or their distance dx, not both")
    if x is not None and not isinstance(x, Tensor):
        raise no_tensor(name, "x", 2, x)
    ndim = y._array.ndim
    if not ndim:
        raise IndexError(f"{name}: Dimension specified as {dim} but tensor has no dimensions")
    axis = dimension(dim, ndim) - ndim
    kinds = {each._array.dtype.kind for each in (y, x) if each is not None}
    if "b" in kinds:
        raise RuntimeError(f"{name}: received a bool input for `y` or `x`, but bool is not supported; use y.float()")
    if x is None:
        return axis, 1 if dx is None else number(name, "dx", dx)
    if x._array.ndim == 1:
        if x._array.shape[0] != y._array.shape[axis]:
            raise RuntimeError(
                f"{name}: There must be one `x` value for each sample point; got {x._array.shape[0]} for {y._array.shape[axis]}"
            )
        x = reshape(x, (-1, *(1 for _ in range(-axis - 1))))
    elif x._array.ndim < ndim:
        x = reshape(x, (*(1 for _ in range(ndim - x._array.ndim)), *x._array.shape))
    return axis, _steps(x, axis, 1) - _steps(x, axis, 0) if x._array.shape[axis] else x


def _steps(x: Tensor, axis: int, start: int, less: int = 1) -> Tensor:
    """x from `start` on along an axis, `less` elements shorter."""
    return narrow(x, axis, start, max(x._array.shape[axis] - less, 0))


@takes_tensors
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral along `dim` by straight lines between the samples: the sum of (y[i] + y[i+1]) / 2 times their distance.

    The samples stand at `x`, one for each of them or a tensor that broadcasts, or `dx` apart, which is 1 if neither is given.

    >>> import autodiff as torch
    >>> y = torch.tensor([1.0, 2.0, 4.0])
    >>> torch.trapezoid(y), torch.trapezoid(y, torch.tensor([0.0, 1.0, 3.0]))
    (tensor(4.5000), tensor(7.5000))
    """
    return _trapezoid("trapezoid", y, x, dx, dim)


@takes_tensors
def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The same as `trapezoid`.

    >>> import autodiff as torch
    >>> torch.trapz(torch.tensor([1.0, 2.0, 4.0]), dx=2)
    tensor(9.)
    """
    return _trapezoid("trapz", y, x, dx, dim)


def _trapezoid(name: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    axis, width = _lines(name, y, x, dx, dim)
    if not y._array.shape[axis]:
        return sum_(y, axis).float() if y._array.dtype.kind != "f" else sum_(y, axis)
    if x is None:
        ends = select(y, axis, 0) + select(y, axis, -1)
        return mul(sum_(y, axis) - ends * 0.5, width)
    return sum_((_steps(y, axis, 0) + _steps(y, axis, 1)) * width, axis) / 2


@takes_tensors
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral up to each sample but the first, by straight lines between them; for the rest see `trapezoid`.

    >>> import autodiff as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1.0, 2.0, 4.0]))
    tensor([1.5000, 4.5000])
    """
    axis, width = _lines("cumulative_trapezoid", y, x, dx, dim)
    return cumsum((_steps(y, axis, 0) + _steps(y, axis, 1)) * width, axis) / 2


# ---- slopes ----


@takes_tensors
def gradient(input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> Any:
    """The slopes of samples along each dimension, or those of `dim`: (y[i+1] - y[i-1]) / 2 inside, at the ends one-sided.

    `spacing` is the distance of the samples, one for all dimensions or one for each, or the samples' places, a vector for each.
    With edge_order=2 the ends are those of parabolas. RuntimeError for a dimension of fewer than edge_order + 1 samples.

    >>> import autodiff as torch
    >>> torch.gradient(torch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    ndim = input._array.ndim
    axes = list(axes_of(dim, ndim)) if dim is not None else list(range(ndim))
    if edge_order not in (1, 2):
        raise RuntimeError(f"torch.gradient only supports edge_order=1 and edge_order=2, got {edge_order}")
    if isinstance(spacing, (list, tuple)):
        if len(spacing) != len(axes):
            raise RuntimeError(
                f"torch.gradient expected spacing to be unspecified, a scalar, or a list of length {len(axes)}, got {spacing}"
            )
        steps = list(spacing)
    else:
        steps = [1 if spacing is None else spacing] * len(axes)
    for axis, step in zip(axes, steps, strict=True):
        n = input._array.shape[axis]
        if n < edge_order + 1:
            raise RuntimeError(f"torch.gradient expected each dimension size to be at least edge_order+1, got {n} in {axis}")
        if isinstance(step, Tensor) and step._array.ndim and step._array.shape != (n,):
            raise RuntimeError(f"torch.gradient expected a spacing of {n} places in dim {axis}, got shape {list(step.shape)}")
    if input._array.dtype.kind == "b":
        raise RuntimeError("torch.gradient does not subtract bools; use x.float()")
    return tuple(_slope(input, axis, step, edge_order) for axis, step in zip(axes, steps, strict=True))


def _slope(y: Tensor, axis: int, step: Any, edge_order: int) -> Tensor:
    n = y._array.shape[axis]
    if isinstance(step, Tensor) and step._array.ndim:
        places = reshape(step, [-1 if d == axis else 1 for d in range(y._array.ndim)])
        widths = _steps(places, axis, 1) - _steps(places, axis, 0)
    else:
        one = wrap(np.ones([n - 1 if d == axis else 1 for d in range(y._array.ndim)], y._array.dtype))
        widths = one * number("gradient", "spacing", step)
    rises = (_steps(y, axis, 1) - _steps(y, axis, 0)) / widths  # from sample to sample
    first, last = narrow(rises, axis, 0, 1), narrow(rises, axis, n - 2, 1)
    if n == 2:
        return cat([first, last], axis)
    left, right = narrow(widths, axis, 0, n - 2), narrow(widths, axis, 1, n - 2)
    before, after = narrow(rises, axis, 0, n - 2), narrow(rises, axis, 1, n - 2)
    inner = (before * right + after * left) / (left + right)  # the slope of the parabola through three samples
    if edge_order == 2:
        first = first * 2 - narrow(inner, axis, 0, 1)
        last = last * 2 - narrow(inner, axis, n - 3, 1)
    return cat([first, inner, last], axis)
