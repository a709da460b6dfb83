"""How many numbers fall between one edge and the next.

After this module a reader knows that the last bin holds its right edge too, and that counting has no gradient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.dtypes import from_numpy_dtype, scalar_type
from autodiff._core.inplace import method
from autodiff._core.modes import silently
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import HistogramddResult, HistogramResult
from autodiff.api._calls import boolean, number, takes_tensors, whole
from autodiff.api.ranges import linspace


@method
@takes_tensors
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of `bins` equal parts from `min` to `max`; what lies outside, and nan, is not counted.

    Where both are equal the range is that of the elements. The result has input's dtype. RuntimeError for a range that is not
    finite or is turned around, NotImplementedError for whole numbers.

    >>> import autodiff as torch
    >>> torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = _floats("histogram_cpu", input)
    bins = whole("histc", "bins", bins)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = number("histc", "min", min), number("histc", "max", max)
    if low == high and x.size:
        low, high = x.min(), x.max()
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    wide = x.astype(np.float32 if x.dtype.char == "e" else x.dtype, copy=False).ravel()
    wide = wide[(wide >= low) & (wide <= high)]
    low, high = wide.dtype.type(low), wide.dtype.type(high)
    if (float(high) - float(low)) * bins > float(np.finfo(wide.dtype).max):  # PyTorch finds no bin for anything then
        wide, low, high = (wide.astype(np.float64) * 2.0**-70, *(np.float64(x) * 2.0**-70 for x in (low, high)))
    places = np.minimum(((wide - low) * bins / (high - low)).astype(np.int64), bins - 1)
    return wrap(np.bincount(places, minlength=bins).astype(x.dtype))


def _floats(name: str, input: Tensor) -> Any:
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"{name}\" not implemented for '{scalar_type(input._array)}'; use x.float()")
    return input._array


@method
@takes_tensors
def histogram(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """(hist, bin_edges): how many elements lie in each bin, or the sum of their weights, and where the bins end.

    `bins` is their number, from the smallest element to the largest or over `range`, or a vector of their edges in order. With
    `density` the parts are divided by their sum and by the width of the bin.

    >>> import autodiff as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), bins=2, range=(0.0, 3.0))
    torch.return_types.histogram(
    hist=tensor([2., 1.]),
    bin_edges=tensor([0.0000, 1.5000, 3.0000]))
    """
    x = _floats("histogramdd", input).reshape(-1, 1)
    hist, edges = _counted("histogram", x, [bins], range, _weights("histogram", weight, input._array.shape), density)
    return HistogramResult(wrap(hist), wrap(edges[0]))


@takes_tensors
def histogramdd(
    input: Tensor, bins: Any, *, range: Sequence[float] | None = None, weight: Tensor | None = None, density: bool = False
) -> Any:
    """(hist, bin_edges) of points with several coordinates, which stand in the last dimension of `input`.

    `bins` is a number, or for each coordinate a number or a vector of edges; `range` a least and a largest for each in turn.

    >>> import autodiff as torch
    >>> torch.histogramdd(torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), bins=[2, 2]).hist
    tensor([[0., 1.],
            [1., 1.]])
    """
    array = _floats("histogramdd", input)
    if array.ndim < 2:
        raise RuntimeError(f"torch.histogramdd(): input tensor should have at least 2 dimensions, but got {array.ndim}")
    d = array.shape[-1]
    if isinstance(bins, Tensor):
        raise TypeError("histogramdd(): argument 'bins' must be an int, or a list of ints or Tensors, not Tensor")
    each = list(bins) if isinstance(bins, (list, tuple)) else [bins] * d
    for b in each:
        if not isinstance(b, Tensor):
            whole("histogramdd", "bins", b)
    if len(each) != d:
        raise RuntimeError(f"torch.histogramdd(): expected {d} sequences of bin edges for {d} coordinates, but got {len(each)}")
    hist, edges = _counted(
        "histogramdd", array.reshape(-1, d), each, range, _weights("histogramdd", weight, array.shape[:-1]), density
    )
    return HistogramddResult(wrap(hist), tuple(map(wrap, edges)))


def _weights(name: str, weight: Tensor | None, shape: tuple[int, ...]) -> Any:
    if weight is not None and weight._array.shape != shape:
        raise RuntimeError(
            f"torch.{name}(): if weight tensor is provided it should have the same shape as the input tensor, {list(shape)}, "
            f"but got {list(weight.shape)}"
        )
    return None if weight is None else weight._array.ravel()


def _edges(name: str, bins: Any, x: Any, low: Any, high: Any) -> Any:
    """The edges of the bins for one coordinate."""
    if isinstance(bins, Tensor):
        if bins._array.ndim != 1 or not bins._array.size:
            raise RuntimeError(f"torch.{name}(): bins tensor should have one dimension and an edge, got {list(bins.shape)}")
        if bins._array.dtype != x.dtype:
            raise RuntimeError(f"torch.{name}(): input tensor and bins tensors should have the same dtype; got {bins.dtype}")
        return bins._array.copy()
    if (bins := whole(name, "bins", bins)) <= 0:
        raise RuntimeError(f"torch.{name}(): bins must be > 0, but got {bins}")
    if low is None:
        low, high = (x.min(), x.max()) if x.size else (0.0, 1.0)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.{name}(): dimension 0's range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"torch.{name}(): min should not exceed max, but got min {low} max {high}")
    low, high = (low - 0.5, high + 0.5) if low == high else (low, high)
    return linspace(float(low), float(high), bins + 1, dtype=from_numpy_dtype(x.dtype))._array


def _counted(name: str, x: Any, bins: list[Any], range: Any, weight: Any, density: bool) -> tuple[Any, list[Any]]:
    """(the counts, the edges) of points in rows."""
    if range is not None and len(range) != 2 * len(bins):
        raise RuntimeError(f"torch.{name}(): for {len(bins)} dimensions range should have {2 * len(bins)} elements")
    limits = [None, None] * len(bins) if range is None else [number(name, "range", r) for r in range]
    edges = [_edges(name, b, x[:, i], limits[2 * i], limits[2 * i + 1]) for i, b in enumerate(bins)]
    inside, places, shape = np.ones(len(x), bool), np.zeros(len(x), np.int64), [len(e) - 1 for e in edges]
    for column, e in zip(x.T, edges, strict=True):
        at = np.searchsorted(e, column, "right") - 1
        at[column == e[-1]] = len(e) - 2  # the last bin holds its right edge
        inside &= (column >= e[0]) & (column <= e[-1])
        places = places * max(len(e) - 1, 1) + at
    size = math.prod(shape)
    sums = np.bincount(places[inside], None if weight is None else weight[inside], size) if size else np.zeros(0)
    hist = sums.reshape(shape).astype(x.dtype)
    if boolean(name, "density", density):
        widths = np.ones(())
        for e in edges:
            widths = np.multiply.outer(widths, np.diff(e))
        counts = hist
        hist = silently(lambda: counts / (counts.sum() * widths)).astype(x.dtype)
    return hist, edges
