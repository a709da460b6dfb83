"""Where elements are: nonzero, argwhere, nonzero_static, and the indices that a place in a row stands for.

After this module a reader knows that a position is one number in a row of all elements, or one number for each dimension.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import takes_tensors, whole
from autodiff.api.reading import positions


@method
@takes_tensors
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The indices of the nonzero elements, a row each; as_tuple gives one index tensor per dimension.

    >>> import autodiff as torch
    >>> torch.nonzero(torch.tensor([1, 0, 2]))
    tensor([[0],
            [2]])
    """
    if as_tuple:
        return tuple(wrap(positions(places)) for places in np.nonzero(np.atleast_1d(input._array)))
    return _nonzero_rows(input)


def _nonzero_rows(input: Tensor) -> Tensor:
    places = [positions(found) for found in np.nonzero(np.atleast_1d(input._array))]
    return wrap(np.stack(places, -1) if input._array.ndim else np.zeros((len(places[0]), 0), np.int64))


@method
@takes_tensors
def argwhere(input: Tensor) -> Tensor:
    """The indices of the nonzero elements, a row each.

    >>> import autodiff as torch
    >>> torch.argwhere(torch.tensor([1, 0, 2]))
    tensor([[0],
            [2]])
    """
    return _nonzero_rows(input)


@method
@takes_tensors
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1) -> Tensor:
    """The indices of the first `size` nonzero elements, a row each; rows of `fill_value` where there are fewer.

    >>> import autodiff as torch
    >>> torch.nonzero_static(torch.tensor([0, 5, 7]), size=3)
    tensor([[ 1],
            [ 2],
            [-1]])
    """
    count, fill_value = whole("nonzero_static", "size", size), whole("nonzero_static", "fill_value", fill_value)
    if count < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    rows = _nonzero_rows(input)._array[:count]
    return wrap(np.concatenate([rows, np.full((count - len(rows), rows.shape[1]), fill_value)]))


@takes_tensors
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The index along each dimension of a tensor of that shape, for places in a row of all its elements.

    TypeError for places that are not integers, ValueError for a negative size. Places go round: the row is followed by itself.

    >>> import autodiff as torch
    >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    if indices._array.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, (int, tuple, list)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    for n in sizes:
        if not isinstance(n, int):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(n)}")
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    steps = [int(np.prod(sizes[d + 1 :], dtype=np.int64)) for d in range(len(sizes))]
    found = indices._array.astype(np.int64)
    return tuple(wrap(np.asarray(found // max(step, 1) % max(n, 1))) for n, step in zip(sizes, steps))
