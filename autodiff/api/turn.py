"""Elements in other places as PyTorch's calls give it: roll, flip and its two directions, rot90.

After this module a reader knows that these copy: a tensor here has no negative steps that a view in reverse order would need.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api._calls import sizes as sizes_of
from autodiff.api.shape import reshape
from autodiff.ops import rearrange as ops
from autodiff.ops.shape import clone


@method
@takes_tensors
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved on by `shifts` along `dims`, those that fall off come in again; without dims, as if flat.

    >>> import autodiff as torch
    >>> torch.roll(torch.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    moves = tuple(whole("roll", "shifts", n) for n in (shifts if isinstance(shifts, (tuple, list)) else (shifts,)))
    if not moves:
        raise RuntimeError("`shifts` required")
    axes = () if dims is None else tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
    if not axes and len(moves) == 1:
        return reshape(ops.roll(reshape(input, input._array.size), shifts=moves, axes=(0,)), input._array.shape)
    if len(axes) != len(moves):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(axes)}")
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {axes[0]} but tensor has no dimensions")
    return ops.roll(input, shifts=moves, axes=tuple(dimension(d, input._array.ndim) for d in axes))


@method
@takes_tensors
def flip(input: Tensor, *dims: Any) -> Tensor:
    """Elements in reverse order along `dims`, as a copy.

    >>> import autodiff as torch
    >>> torch.flip(torch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    axes = tuple(dimension(d, input._array.ndim) for d in sizes_of(dims, "flip", "dims"))
    for d in axes:
        if axes.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return ops.flip(input, axes=axes) if input._array.ndim else clone(input)


@method
@takes_tensors
def fliplr(input: Tensor) -> Tensor:
    """Columns in reverse order.

    >>> import autodiff as torch
    >>> torch.fliplr(torch.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


@method
@takes_tensors
def flipud(input: Tensor) -> Tensor:
    """Rows in reverse order.

    >>> import autodiff as torch
    >>> torch.flipud(torch.tensor([1, 2]))
    tensor([2, 1])
    """
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@method
@takes_tensors
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """A quarter turn in the plane of two dimensions, `k` times, from the first towards the second; as a copy.

    RuntimeError for dimensions that are not two different ones.

    >>> import autodiff as torch
    >>> torch.rot90(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    k, ndim = whole("rot90", "k", k), input._array.ndim
    plane = sizes_of((dims,), "rot90", "dims")
    if len(plane) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(plane)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    a, b = (dimension(d, ndim) for d in plane)
    if a == b:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {plane[0]} and dim1 = {plane[1]}")
    return ops.rot90(input, k=k % 4, a=a, b=b)
