"""Evenly spaced numbers: arange, range, linspace and logspace, rounded as PyTorch rounds them.

After this module a reader knows that start + i * step has to be rounded once, not twice, to be the number that is meant.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.errors import given_twice, wrong_count
from autodiff._core.formats import dense_only
from autodiff._core.modes import silently
from autodiff._core.refusals import at_the_door
from autodiff._core.scalars import fitted
from autodiff._core.tensor import Tensor
from autodiff.api._calls import check_storage, number, whole
from autodiff.api._ends import ends_of
from autodiff.api.out import chosen_dtype
from autodiff.api.reading import float_or_default, leaf
from autodiff.ops.fused import fused


def arange(
    *ends: Any, start: Any = None, end: Any = None, step: Any = None, out: Tensor | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... up to, not including, end; ints give int64, floats the default dtype.

    Called as arange(end), arange(start, end) or arange(start, end, step).

    >>> import autodiff as torch
    >>> torch.arange(3), torch.arange(0, 1, 0.25)
    (tensor([0, 1, 2]), tensor([0.0000, 0.2500, 0.5000, 0.7500]))
    """
    if layout is not None or pin_memory is not False:
        dense_only("arange", layout, pin_memory)
    if len(ends) == 3:
        if step is not None:
            raise given_twice("arange", "step")
        *_, step = ends
        ends = ends[:2]
    start, end = ends_of("arange", ("start", "end"), ends, start, end)
    if start is None and step is not None:
        raise wrong_count("arange", ("start", "end", "step"), len(ends), ["end" if ends else "start"])
    start, step = 0 if start is None else start, 1 if step is None else step
    start, end, step = number("arange", "start", start), number("arange", "end", end), number("arange", "step", step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if abs((end - start) / step) >= 2**60:
        raise RuntimeError(f"invalid size, possible overflow? arange({start}, {end}, {step}) has too many elements")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: arange({start}, {end}, {step})")
    values: Any
    if out is not None:
        dtype = chosen_dtype("arange", out, dtype, bools=False)
    found = as_numpy_dtype(dtype)
    if found is not None and found.kind == "b":
        raise NotImplementedError('"arange_cpu" not implemented for bools; write .bool() behind it')
    if all(isinstance(v, int) for v in (start, end, step)):
        values = np.arange(start, end, step, dtype=np.int64)
    elif found is not None and found.kind in "iu":
        values = _in_ints(start, end, step, found)
    else:
        found = float_or_default(dtype)
        values = silently(_counted, start, step, math.ceil((end - start) / step), found)
    values = values if found is None else values.astype(found)
    if out is not None and out.numel() not in (0, values.size):
        warnings.warn(
            f"The number of elements in the out tensor of shape {list(out.shape)} is {out.numel()} which does not match the "
            f"computed number of elements {values.size}. Note that this may occur as a result of rounding error. The out "
            f"tensor will be resized to a tensor of shape ({values.size},).",
            UserWarning,
            stacklevel=2,
        )
    return leaf(_shaped(values, out), requires_grad, device, out, "arange")


def range(
    start: Any, end: Any, step: Any = 1, *, out: Tensor | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... up to and including end, in the default dtype. Write `arange`, which leaves out the end.

    Warns, as PyTorch does, that it is deprecated.

    >>> import warnings
    >>> import autodiff as torch
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     torch.range(1, 3)
    tensor([1., 2., 3.])
    """
    if layout is not None or pin_memory is not False:
        dense_only("range", layout, pin_memory)
    start, end, step = number("range", "start", start), number("range", "end", end), number("range", "step", step)
    warnings.warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with Python's "
        "range builtin. Instead, use torch.arange, which produces values in [start, end).",
        UserWarning,
        stacklevel=2,
    )
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: range({start}, {end}, {step})")
    if out is not None:
        dtype = chosen_dtype("range", out, dtype, bools=False)
    found = float_or_default(dtype)
    values = silently(_counted, start, step, math.floor((end - start) / step) + 1, np.dtype(np.float64))
    return leaf(_shaped(values.astype(found), out), requires_grad, device, out, "range")


def _shaped(values: Any, out: Tensor | None) -> Any:
    """The values in the shape of `out`, where it has as many elements: a range fills any shape."""
    return values if out is None or out.numel() != values.size else values.reshape(out._array.shape)


def _in_ints(start: float, end: float, step: float, dtype: np.dtype[Any]) -> Any:
    """Ends and step cut to ints, as PyTorch does: for int64 before it counts the elements, for other dtypes afterwards."""
    if dtype.itemsize < 8:
        return int(start) + np.arange(math.ceil((end - start) / step), dtype=np.int64) * int(step)
    if not int(step):
        raise ValueError(f"step must be nonzero: as an int, {step} is 0")
    return np.arange(int(start), int(end), int(step), dtype=np.int64)


def _counted(start: float, step: float, n: int, dtype: np.dtype[Any]) -> Any:
    """start + i * step for i up to n, rounded as PyTorch's loop rounds.

    It counts by pairs of vectors, whose first element is rounded to dtype before the others count on from it; what is left, one
    by one.
    """
    lanes = 32 // max(dtype.itemsize, 4)
    i = np.arange(n)
    heads = fused(start, i // lanes * lanes, step, np.float64).astype(dtype)
    together = fused(heads.astype(np.float64), i % lanes, step, np.float64)
    return np.where(i < n // (2 * lanes) * (2 * lanes), together, fused(start, i, step, np.float64))


@at_the_door
def linspace(
    start: float, end: float, steps: int, *, out: Tensor | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included.

    >>> import autodiff as torch
    >>> torch.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if layout is not None or pin_memory is not False:
        dense_only("linspace", layout, pin_memory)
    if out is not None:
        dtype = chosen_dtype("linspace", out, dtype, bools=False)
    values = silently(_spaced, start, end, steps, float_or_default(dtype))
    return leaf(_shaped(values, out), requires_grad, device, out, "linspace")


def _spaced(start: Any, end: Any, steps: int, dtype: np.dtype[Any]) -> Any:
    start, end = number("linspace", "start", start), number("linspace", "end", end)
    if whole("linspace", "steps", steps) < 0:
        raise RuntimeError("number of steps must be non-negative")
    check_storage((steps,))
    if dtype.kind == "b" and steps > 1:
        raise NotImplementedError('"linspace_cpu" not implemented for bools; write .bool() behind it')
    # From both ends to the middle, in the dtype itself: PyTorch's rounding.
    if steps == 1:
        return np.array([start], dtype)
    kind = dtype.type if dtype.kind == "f" else np.float64
    start, end = (fitted(v, dtype).item() for v in (start, end))
    step = (kind(end) - kind(start)) / kind(max(steps - 1, 1))
    k = np.arange(steps)
    first = fused(kind(start), k, step, kind)
    last = fused(kind(end), steps - 1 - k, -step, kind)
    return np.where(k < steps // 2, first, last).astype(dtype)


@at_the_door
def logspace(
    start: float, end: float, steps: int, base: float = 10.0, *, out: Tensor | None = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool | None = False, requires_grad: bool = False,
) -> Tensor:
    """base ** (evenly spaced numbers from start to end).

    >>> import autodiff as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    if layout is not None or pin_memory is not False:
        dense_only("logspace", layout, pin_memory)
    if out is not None:
        dtype = chosen_dtype("logspace", out, dtype, bools=False)
    found, base = float_or_default(dtype), number("logspace", "base", base)
    if found.kind == "b" and steps > 1:
        raise NotImplementedError('"logspace_cpu" not implemented for bools; write .bool() behind it')
    if found.kind in "iu":
        start, end = (fitted(number("logspace", *end), found).item() for end in (("start", start), ("end", end)))
    powers = silently(lambda: (base ** _spaced(start, end, steps, np.dtype(np.float64))).astype(found))
    return leaf(_shaped(powers, out), requires_grad, device, out, "logspace")
