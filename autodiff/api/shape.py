"""Shapes as PyTorch's calls give them: reshape, view, expand, squeeze, permute, transpose and what is made of these.

After this module a reader knows which of them only look at the same memory in another way (a view), and when reshape copies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autodiff._core import dtypes
from autodiff._core.formats import axes_in
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.memory import viewable
from autodiff._core.tensor import Tensor
from autodiff.api._calls import ALL, dimension, takes_tensors
from autodiff.api._calls import sizes as sizes_of
from autodiff.api.reinterpret import viewed_as
from autodiff.ops import shape as ops

_squeeze_dims = renamed(ops.squeeze, "SqueezeBackward1")
# The name of the last step of a product with a vector, which PyTorch squeezes in place.
squeezed_product = renamed(ops.squeeze, "SqueezeBackward4")


# ---- other shapes of the same memory ----


def _shape_for(input: Tensor, sizes: tuple[Any, ...], function: str) -> tuple[int, ...]:
    wanted = sizes_of(sizes, function, "shape")
    total = input._array.size
    if wanted.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if any(n < -1 for n in wanted):
        raise RuntimeError(f"invalid shape dimension {min(wanted)}")
    if -1 in wanted:
        rest = -math.prod(wanted)
        if rest == 0:
            raise RuntimeError(
                f"cannot reshape tensor of {total} elements into shape {list(wanted)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            )
        if total % rest:
            raise RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {total}")
        return tuple(total // rest if n == -1 else n for n in wanted)
    if math.prod(wanted) != total:
        raise RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {total}: it has room for {math.prod(wanted)}")
    return wanted


@method
@takes_tensors
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: a view where the memory allows, else a copy; -1 is inferred.

    >>> import autodiff as torch
    >>> torch.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    wanted = _shape_for(input, shape, "reshape")
    if viewable(input._array, wanted):
        return ops.reshape(input, shape=wanted)
    return ops.reshape_copy(ops.compact(input), shape=wanted)


@method
@takes_tensors
def view(input: Tensor, *size: Any, dtype: Any = None) -> Tensor:
    """The same memory in another shape; RuntimeError when the memory does not allow it.

    view(dtype) reads the same bytes as numbers of another dtype, through which no gradient flows.

    >>> import autodiff as torch
    >>> torch.arange(4).view(2, 2)
    tensor([[0, 1],
            [2, 3]])
    >>> torch.tensor([1.0]).view(torch.int32)
    tensor([1065353216], dtype=torch.int32)
    """
    if dtype is not None and not size:
        return viewed_as(input, dtype)
    try:
        wanted = _shape_for(input, size, "view")
    except TypeError:
        if len(size) == 1 and isinstance(size[0], dtypes.dtype):
            return viewed_as(input, size[0])
        raise
    if not viewable(input._array, wanted):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return ops.reshape(input, shape=wanted)


@method
@takes_tensors
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`view` with the shape of `other`."""
    return view(input, other._array.shape)


@method
@takes_tensors
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`reshape` with the shape of `other`."""
    return reshape(input, other._array.shape)


@method
@takes_tensors
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim to end_dim as one.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = input._array.shape
    start, end = dimension(start_dim, len(shape)), dimension(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, 1)
    if start == end:
        return input
    return reshape(input, *shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


@method
@takes_tensors
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes`.

    >>> import autodiff as torch
    >>> torch.zeros(2, 12).unflatten(1, (3, 4)).shape
    torch.Size([2, 3, 4])
    """
    shape = input._array.shape
    at, sizes = dimension(dim, len(shape)), sizes_of((sizes,), "unflatten", "sizes")
    if not shape:
        raise RuntimeError("unflatten: a tensor without dimensions has none to split; write x.reshape(sizes)")
    known = -math.prod(sizes) if -1 in sizes else math.prod(sizes)
    if (-1 in sizes and (known == 0 or shape[at] % known)) or (-1 not in sizes and known != shape[at]):
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {at} ({shape[at]}) in the "
            "input tensor"
        )
    inferred = tuple(shape[at] // known if n == -1 else n for n in sizes)
    return reshape(input, *shape[:at], *inferred, *shape[at + 1 :])


@method
@takes_tensors
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension, one behind the other in memory: a view where they lie so, else a copy.

    >>> import autodiff as torch
    >>> torch.ravel(torch.zeros(2, 3)).shape
    torch.Size([6])
    """
    return reshape(contiguous(input), (input._array.size,))


@method
@takes_tensors
def squeeze(input: Tensor, dim: Any = ALL, *_more: int) -> Tensor:
    """Without its dimensions of size 1: all of them, or those named (one int, several, or a tuple). A view.

    >>> import autodiff as torch
    >>> torch.zeros(1, 3, 1).squeeze().shape, torch.zeros(1, 3, 1).squeeze(0).shape
    (torch.Size([3]), torch.Size([3, 1]))
    """
    shape = input._array.shape
    if dim is ALL:
        return ops.squeeze(input, shape=tuple(n for n in shape if n != 1))
    dims = [dimension(d, len(shape)) for d in (dim if isinstance(dim, (tuple, list)) else (dim, *_more))]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {max(dims, key=dims.count)} appears multiple times in the list of dims")
    return _squeeze_dims(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in dims))


@method
@takes_tensors
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`. A view.

    >>> import autodiff as torch
    >>> torch.zeros(3).unsqueeze(-1).shape
    torch.Size([3, 1])
    """
    return ops.unsqueeze(input, axis=dimension(dim, input._array.ndim + 1))


# ---- exchanging dimensions ----


@method
@takes_tensors
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in the order given. A view.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    ndim = input._array.ndim
    order = sizes_of(dims, "permute", "dims")
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    order = tuple(dimension(d, ndim) for d in order)
    if len(set(order)) != ndim:
        raise RuntimeError(f"permute(): duplicate dims are not allowed, got {list(order)}")
    return ops.permute(input, axes=order)


@method
@takes_tensors
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """With two dimensions exchanged. A view.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    ndim = input._array.ndim
    a, b = dimension(dim0, ndim), dimension(dim1, ndim)
    return ops.transpose(input, a=a, b=b) if ndim else ops.reshape(input, shape=())


@method
@takes_tensors
def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose`, with NumPy's names for the two dimensions. A view.

    >>> import autodiff as torch
    >>> torch.swapaxes(torch.zeros(2, 3), axis0=0, axis1=1).shape
    torch.Size([3, 2])
    """
    return transpose(input, axis0, axis1)


@method
@takes_tensors
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a vector stays as it is. A view.

    >>> import autodiff as torch
    >>> torch.t(torch.zeros(2, 3)).shape
    torch.Size([3, 2])
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    return ops.t(input)


def T(input: Tensor) -> Tensor:
    """The dimensions in reverse order; for a matrix its transpose. A view."""
    return ops.permute(input, axes=tuple(range(input._array.ndim))[::-1])


def mT(input: Tensor) -> Tensor:
    """The last two dimensions exchanged: the transposes of a batch of matrices, a number as it is. A view."""
    if not input._array.ndim:
        return input
    if input._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input._array.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def H(input: Tensor) -> Tensor:
    """The transpose of a matrix, a number as it is: without complex numbers nothing is conjugated. A view."""
    if input._array.ndim not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input._array.ndim}-D tensor. For batches of matrices, "
            "consider using tensor.mH"
        )
    return transpose(input, 0, 1) if input._array.ndim else input


@method
@takes_tensors
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With the dimensions `source` moved to the positions `destination`. A view.

    >>> import autodiff as torch
    >>> torch.movedim(torch.zeros(2, 3, 4), 0, 2).shape
    torch.Size([3, 4, 2])
    """
    ndim = input._array.ndim
    froms = [dimension(d, ndim) for d in ((source,) if isinstance(source, int) else source)]
    tos = [dimension(d, ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(froms) != len(tos):
        raise RuntimeError(f"movedim: Invalid source or destination dims: {source} and {destination} must be of one length")
    for word, dims, given in (("source", froms, source), ("destination", tos, destination)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{word}` ({given}): each stands once, none repeated")
    if not ndim:
        return permute(input, ())
    order = [d for d in range(ndim) if d not in froms]
    for to, at in sorted(zip(tos, froms)):
        order.insert(to, at)
    return permute(input, order)


# ---- copies ----


@method
def contiguous(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Itself when its elements lie in row-major order in memory, or in that of the format, else a copy that does.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).t().contiguous().is_contiguous()
    True
    """
    axes = None if memory_format is None else axes_in("contiguous", memory_format, input._array.ndim)
    array = input._array if axes is None else input._array.transpose(axes)
    if array.flags.c_contiguous:
        return input
    return ops.compact(input, axes=axes)
