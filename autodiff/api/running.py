"""What has been the largest and the smallest so far, and the logarithm of a running sum of exponentials.

After this module a reader knows that a running extreme sends its gradient to the element that holds the record at each place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import CummaxResult, CumminResult
from autodiff.api._calls import dimension, takes_tensors
from autodiff.api.reading import positions
from autodiff.ops import cumulative
from autodiff.ops.extremes import chosen

_cummax, _cummin = renamed(chosen, "Cummax"), renamed(chosen, "Cummin")


@method
@takes_tensors
def cummax(input: Tensor, dim: int) -> Any:
    """(values, indices): the largest element along `dim` up to each place, and where it is; of equal ones the last. nan stays.

    >>> import autodiff as torch
    >>> torch.cummax(torch.tensor([1.0, 3.0, 2.0]), 0)
    torch.return_types.cummax(
    values=tensor([1., 3., 3.]),
    indices=tensor([0, 1, 1]))
    """
    return CummaxResult(*_records(_cummax, np.maximum, input, dim))


@method
@takes_tensors
def cummin(input: Tensor, dim: int) -> Any:
    """(values, indices): the smallest element along `dim` up to each place, and where it is; of equal ones the last. nan stays.

    >>> import autodiff as torch
    >>> torch.cummin(torch.tensor([2.0, 1.0, 3.0]), 0).values
    tensor([2., 1., 1.])
    """
    return CumminResult(*_records(_cummin, np.minimum, input, dim))


def _records(operation: Any, larger: Any, input: Tensor, dim: int) -> Any:
    array = input._array
    axis = dimension(dim, array.ndim)
    if not array.ndim:
        return input.clone(), wrap(np.zeros((), np.int64))
    best = larger.accumulate(array, axis)
    here = np.arange(array.shape[axis]).reshape([-1 if d == axis else 1 for d in range(array.ndim)])
    places = np.maximum.accumulate(np.where((array == best) | (array != array), here, 0), axis)
    return operation(input, places=positions(places), axis=axis, keepdim=True)


@method
@takes_tensors
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log(e**x[0] + ... + e**x[i]) along `dim`, without overflow.

    >>> import autodiff as torch
    >>> torch.logcumsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor([1000.0000, 1000.6932])
    """
    axis = dimension(dim, input._array.ndim)
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"logcumsumexp\" not implemented for '{scalar_type(input._array)}'; use x.float()")
    return cumulative.logcumsumexp(input, axis=axis)
