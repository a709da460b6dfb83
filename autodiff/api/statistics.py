"""Variance, logsumexp and norms as PyTorch calls them.

After this module a reader knows what a variance is divided by: n - 1 unless told otherwise, so that it is right on average for
the whole that the n numbers were drawn from.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.inplace import method
from autodiff._core.operation import Recorded
from autodiff._core.tensor import Tensor
from autodiff.api._calls import axes_of, boolean, converted, number, takes_tensors, whole
from autodiff.api.extremes import amax, amin
from autodiff.api.reduce import mean, sum
from autodiff.api.shape import movedim, reshape
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.singular import nuclear
from autodiff.ops.statistics import absolute_sum, euclidean, is_nonzero, logsumexp_over, power_norm, std_over, var_over


@method
@takes_tensors
def var(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The variance: the sum of squared deviations from the mean over n - correction (1 unless unbiased=False).

    >>> import autodiff as torch
    >>> torch.var(torch.tensor([1.0, 2.0, 6.0]))
    tensor(7.)
    """
    return _about_the_mean(var_over, "var", input, dim, unbiased, keepdim, correction)


@method
@takes_tensors
def std(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Tensor:
    """The standard deviation: the square root of `var`.

    >>> import autodiff as torch
    >>> torch.std(torch.tensor([1.0, 3.0, 5.0]))
    tensor(2.)
    """
    return _about_the_mean(std_over, "std", input, dim, unbiased, keepdim, correction)


@method
@takes_tensors
def var_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """(variance, mean), of all elements or over `dim`; the variance is `var`'s.

    >>> import autodiff as torch
    >>> torch.var_mean(torch.tensor([1.0, 2.0, 6.0]))
    (tensor(7.), tensor(3.))
    """
    spread = _about_the_mean(var_over, "var_mean", input, dim, unbiased, keepdim, correction)
    return spread, mean(input, None if isinstance(dim, bool) else dim, keepdim)


@method
@takes_tensors
def std_mean(input: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: Any = None) -> Any:
    """(standard deviation, mean), of all elements or over `dim`; the deviation is `std`'s.

    >>> import autodiff as torch
    >>> torch.std_mean(torch.tensor([1.0, 3.0, 5.0]))
    (tensor(2.), tensor(3.))
    """
    spread = _about_the_mean(std_over, "std_mean", input, dim, unbiased, keepdim, correction)
    return spread, mean(input, None if isinstance(dim, bool) else dim, keepdim)


def _about_the_mean(
    operation: Recorded, name: str, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any
) -> Tensor:
    """What var and std share: their arguments, and the number that the squares are divided by."""
    if isinstance(dim, bool):
        if unbiased is not True:
            raise TypeError(f"{name}(): argument 'dim' must be int, not bool ({dim}): `unbiased` was given already")
        dim, unbiased = None, dim
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"{name}: only floating point tensors are supported, got {input.dtype}; use x.float()")
    boolean(name, "unbiased", unbiased)
    boolean(name, "keepdim", keepdim)
    axes = axes_of(dim, input._array.ndim)
    if correction is None:
        correction = 1 if unbiased else 0
    together = math.prod(input._array.shape[axis] for axis in axes)
    denominator = max(together - number(name, "correction", correction), 0)
    if not denominator:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input numel "
            f"divided by output numel): the result is nan for a single number. Use unbiased=False where that is meant.",
            UserWarning,
            stacklevel=4,
        )
    inverse = 1.0 / denominator if denominator else math.nan
    return operation(input, axes=axes, keepdim=keepdim, denominator=denominator, inverse=inverse)


@method
@takes_tensors
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(e**x)) over `dim`, without overflow.

    >>> import autodiff as torch
    >>> torch.logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    if keepdim is not False:
        boolean("logsumexp", "keepdim", keepdim)
    x = input if input._array.dtype.kind == "f" else input.float()
    if dim is None:
        dim = whole("logsumexp", "dim", dim)
    return logsumexp_over(x, axes=axes_of(dim, x._array.ndim), keepdim=keepdim)


@method
@takes_tensors
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|**p) ** (1/p), of all elements or over `dim`; "fro" and 2 are the Euclidean length, inf the largest |x|.

    "nuc" is the sum of the singular values of a matrix, or of the matrices in the two dimensions of `dim`. RuntimeError for
    integers, for an order that is neither a number nor "fro" nor "nuc", and for a largest or smallest of nothing.

    >>> import autodiff as torch
    >>> torch.norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if keepdim is not False:
        boolean("norm", "keepdim", keepdim)
    wanted = as_numpy_dtype(dtype)
    if input._array.dtype.kind != "f" or (wanted is not None and wanted.kind != "f"):
        raise RuntimeError(f"norm: expected a floating point tensor, got {input.dtype}; use x.float()")
    if wanted is not None and wanted.itemsize < input._array.itemsize:
        raise RuntimeError(f"norm: {input.dtype} should be convertible without narrowing to the specified dtype {dtype}")
    x = converted(input, dtype)
    if p is not None and not isinstance(p, str):
        p = number("norm", "p", p)
    if isinstance(p, str) and isinstance(dim, (tuple, list)) and (len(dim) > 2 or (p == "nuc" and len(dim) != 2)):
        raise RuntimeError(f"norm: order {p!r} is of a matrix: dim must be a 2-tuple, got {dim}")
    if p == "nuc" and x._array.ndim < 2:
        raise RuntimeError("norm: order 'nuc' is of a matrix: the input must have at least 2 dimensions")
    if p == "nuc" and isinstance(dim, (tuple, list)) and len({axes_of(d, x._array.ndim) for d in dim}) == 1:
        raise RuntimeError(f"norm: order 'nuc' is of a matrix: dims must be different. Got {dim}")
    axes = axes_of(dim, x._array.ndim)
    if p == "nuc":
        return _nuclear(x, axes, keepdim)
    if p in ("fro", 2, None):
        return euclidean(x, axes=axes, keepdim=keepdim)
    if isinstance(p, str):
        raise RuntimeError(f"norm: order {p!r} is not supported; use 'fro', 'nuc' or a number")
    if (p < 0 or p == math.inf) and not all(x._array.shape[axis] for axis in axes):
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {p:g} norm on an empty tensor or dimension because the operation does not "
            "have an identity"
        )
    if p == math.inf:
        return amax(abs_(x), axes, keepdim)
    if p == -math.inf:
        return amin(abs_(x), axes, keepdim)
    if p == 0:
        return sum(is_nonzero(x), axes, keepdim)
    if p == 1:
        return absolute_sum(x, axes=axes, keepdim=keepdim)
    return power_norm(x, axes=axes, keepdim=keepdim, p=float(p))


def _nuclear(x: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    """The sum of the singular values of the matrices in two dimensions, which are stacked, and turned where they are wide."""
    shape = x._array.shape
    if len(axes) != 2:
        raise RuntimeError(f"norm: order 'nuc' is of a matrix, in two dimensions; got {len(axes)} of {len(shape)} dimensions")
    rows, columns = sorted(axes, key=lambda axis: -shape[axis])
    rest = tuple(n for axis, n in enumerate(shape) if axis not in axes)
    stacked = reshape(movedim(x, (rows, columns), (-2, -1)), (math.prod(rest), shape[rows], shape[columns]))
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(shape))
    return reshape(nuclear(stacked), kept if keepdim else rest)
