"""Joining as PyTorch's calls give it: cat, stack, the stacks by direction, and all pairs of what several vectors hold.

After this module a reader knows which shapes fit together, and that everything here is `cat` of tensors in another shape.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff._core.promotion import to_common
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import boolean, dimension, takes_tensors, whole
from autodiff.api.rearrange import meshgrid
from autodiff.api.shape import reshape, unsqueeze
from autodiff.ops import join as ops
from autodiff.ops.places import indexed


def _listed(tensors: Any, name: str, error: type[Exception] = RuntimeError) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor; write {name}((a, b))")
    try:
        found = list(tensors)
    except TypeError as wrong:
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors: {wrong}") from None
    _check_tensors(found)
    if not found:
        raise error(f"{name}(): expected a non-empty list of Tensors")
    if len({x._array.dtype for x in found}) > 1:
        found = to_common.bring(ops.cat.operation, found)
    return found


@takes_tensors
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; their other dimensions must be equal.

    >>> import autodiff as torch
    >>> torch.cat([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])
    """
    xs = _listed(tensors, "cat", ValueError)
    # An empty 1-d tensor may be joined to anything, as in PyTorch.
    solid = [x for x in xs if x._array.shape != (0,)] or xs[:1]
    ndim = solid[0]._array.ndim
    if ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated; use stack")
    axis = dimension(dim, ndim)
    first = solid[0]._array.shape
    starts, total = [], 0
    for i, x in enumerate(solid):
        shape = x._array.shape
        if len(shape) != ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {ndim} and {len(shape)}")
        for d, (n, m) in enumerate(zip(first, shape)):
            if n != m and d != axis:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {n} but got size {m} for "
                    f"tensor number {i} in the list."
                )
        starts.append(total)
        total += shape[axis]
    return ops.cat(*solid, axis=axis, starts=starts)


@takes_tensors
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, along a new dimension.

    >>> import autodiff as torch
    >>> torch.stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    xs = _listed(tensors, "stack")
    for i, x in enumerate(xs):
        if x._array.shape != xs[0]._array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(xs[0].shape)} at entry 0 and {list(x.shape)} "
                f"at entry {i}"
            )
    return ops.stack(*xs, axis=dimension(dim, xs[0]._array.ndim + 1))


@takes_tensors
def atleast_1d(*tensors: Any) -> Any:
    """With at least one dimension; of several tensors, or of a list of them, a tuple.

    >>> import autodiff as torch
    >>> torch.atleast_1d(torch.tensor(1.0))
    tensor([1.])
    """
    return _each(lambda x: x if x._array.ndim else reshape(x, 1), tensors)


@takes_tensors
def atleast_2d(*tensors: Any) -> Any:
    """With at least two dimensions, new ones in front; of several tensors, or of a list of them, a tuple.

    >>> import autodiff as torch
    >>> torch.atleast_2d(torch.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return _each(lambda x: x if x._array.ndim >= 2 else unsqueeze(x if x._array.ndim else reshape(x, 1), 0), tensors)


@takes_tensors
def atleast_3d(*tensors: Any) -> Any:
    """With at least three dimensions: a vector lies along the second; of several tensors, or of a list of them, a tuple.

    >>> import autodiff as torch
    >>> torch.atleast_3d(torch.ones(4)).shape, torch.atleast_3d(torch.ones(2, 4)).shape
    (torch.Size([1, 4, 1]), torch.Size([2, 4, 1]))
    """
    return _each(_at_least_3d, tensors)


def _at_least_3d(x: Tensor) -> Tensor:
    if x._array.ndim < 2:
        return unsqueeze(unsqueeze(x, 0), -1) if x._array.ndim else reshape(x, 1, 1, 1)
    return unsqueeze(x, -1) if x._array.ndim == 2 else x


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    """The function of one tensor, or of each in a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    _check_tensors(xs)
    return tuple(function(x) for x in xs)


def _check_tensors(xs: Sequence[Any]) -> None:
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")


@takes_tensors
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, vectors along their only one.

    >>> import autodiff as torch
    >>> torch.hstack([torch.tensor([1]), torch.tensor([2])])
    tensor([1, 2])
    """
    xs = list(map(atleast_1d, _listed(tensors, "hstack")))
    return cat(xs, 0 if xs[0]._array.ndim == 1 else 1)


@takes_tensors
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other: along the first dimension, vectors as rows.

    >>> import autodiff as torch
    >>> torch.vstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[1],
            [2]])
    """
    return cat(list(map(atleast_2d, _listed(tensors, "vstack"))), 0)


@takes_tensors
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Along the third dimension.

    >>> import autodiff as torch
    >>> torch.dstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[[1, 2]]])
    """
    xs = list(map(atleast_2d, _listed(tensors, "dstack")))
    return cat([unsqueeze(x, -1) if x._array.ndim == 2 else x for x in xs], 2)


@takes_tensors
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, vectors and single numbers as columns.

    >>> import autodiff as torch
    >>> torch.column_stack([torch.tensor([1, 2]), torch.tensor([3, 4])])
    tensor([[1, 3],
            [2, 4]])
    """
    xs = _listed(tensors, "column_stack")
    return hstack([x if x._array.ndim > 1 else reshape(x, x._array.size, 1) for x in xs])


# ---- every one with every other ----


def _in_a_row(x: Tensor) -> None:
    if x._array.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")


@takes_tensors
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take one element of each vector, a row each; a single vector as it is.

    >>> import autodiff as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    _check_tensors(tensors)
    for x in tensors:
        _in_a_row(x)
    if len(tensors) == 1:
        return reshape(tensors[0], -1) if tensors[0]._array.size else tensors[0]
    return stack([reshape(x, x._array.size) for x in meshgrid(*tensors, indexing="ij")], 1)


@takes_tensors
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to take `r` elements of a vector, in their order and each at most once, a row each.

    `with_replacement` lets an element be taken several times.

    >>> import autodiff as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    r, several = whole("combinations", "r", r), boolean("combinations", "with_replacement", with_replacement)
    _in_a_row(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if not r:
        return wrap(np.empty(0, input._array.dtype))
    pick = itertools.combinations_with_replacement if several else itertools.combinations
    places = np.array(list(pick(range(input._array.size), r)), np.int64).reshape(-1, r)
    return stack([indexed(input, index=(column,)) for column in places.T], 1)
