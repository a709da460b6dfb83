"""Several numbers brought together at one place, as PyTorch's calls give it: scatter_reduce and index_reduce.

After this module a reader knows the two ways to say where a number goes: by a place for each of them, or one for a whole slice.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import boolean, dimension, takes_tensors
from autodiff.api.places import check_slices, check_within, places_along, row_of_indices, source_for
from autodiff.ops import gathered as ops

_SCATTERED = {
    "sum": ops.scattered_sum, "prod": ops.scattered_prod, "mean": ops.scattered_mean, "amax": ops.scattered_amax,
    "amin": ops.scattered_amin,
}
_INDEXED = {
    "prod": renamed(ops.scattered_prod, "IndexReduce"), "mean": renamed(ops.scattered_mean, "IndexReduce"),
    "amax": renamed(ops.scattered_amax, "IndexReduce"), "amin": renamed(ops.scattered_amin, "IndexReduce"),
}


@method(inplace=True)
@takes_tensors
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of `input` where the elements of `src` are brought together at the indices along `dim`.

    `reduce` is "sum", "prod", "mean", "amax" or "amin"; without `include_self` the old numbers do not count at those places.
    Equal extremes share the gradient.

    >>> import autodiff as torch
    >>> torch.scatter_reduce(torch.ones(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 7.0]), "mean", include_self=False)
    tensor([1., 1., 6.])
    """
    axis = dimension(dim, input._array.ndim)
    _ = src._array  # a number is not taken here
    if reduce not in _SCATTERED:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    boolean("scatter_reduce", "include_self", include_self)
    places = places_along(input, index, axis, "scatter", "self")
    values, places = source_for(input, src, places, "scatter")
    if reduce == "mean" and input._array.dtype.kind == "b":
        raise NotImplementedError('"scatter_reduce" not implemented for \'Bool\' with reduce="mean"; use x.int()')
    lost = ops.lost_at(input._array.shape, axis, places, include_self)
    return _SCATTERED[reduce](input, values, axis=axis, places=places, lost=lost)


@method(inplace=True)
@takes_tensors
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of `input` where the slices of `source` are brought together along `dim` at the places in the 1-d `index`.

    `reduce` is "prod", "mean", "amax" or "amin" (for the sum see `index_add`); without `include_self` the old numbers do not
    count at those places.

    >>> import autodiff as torch
    >>> torch.index_reduce(torch.ones(3), 0, torch.tensor([2, 2]), torch.tensor([5.0, 7.0]), "amax")
    tensor([1., 1., 7.])
    """
    axis = dimension(dim, input._array.ndim)
    if reduce not in _INDEXED:
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    boolean("index_reduce", "include_self", include_self)
    row = np.atleast_1d(row_of_indices(index, "index_reduce_"))
    check_slices(input, source, axis, row, "index_reduce_")
    check_within(row, input, axis, "index_reduce_", IndexError)
    shape = source._array.shape or (1,)
    places = np.broadcast_to(row.reshape([-1 if d == axis else 1 for d in range(len(shape))]), shape)
    places = places.reshape(source._array.shape)
    lost = ops.lost_at(input._array.shape, axis, places, include_self)
    return _INDEXED[reduce](input, source, axis=axis, places=places, lost=lost)
