"""Rearranging a tensor without changing its numbers: views where the memory allows, copies elsewhere.

After this module a reader knows that the gradient of a rearrangement is the rearrangement back, and that the gradient
of repeating (expand, repeat) is a sum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._graph import primitive, promoted, renamed
from autodiff._numpy_names import numpy_names
from autodiff._tensor import Tensor

__all__ = [
    "T",
    "atleast_1d",
    "atleast_2d",
    "broadcast_tensors",
    "broadcast_to",
    "cat",
    "chunk",
    "clone",
    "concat",
    "concatenate",
    "contiguous",
    "diag",
    "diagonal",
    "dstack",
    "expand",
    "expand_as",
    "flatten",
    "flip",
    "fliplr",
    "flipud",
    "hstack",
    "mT",
    "meshgrid",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "repeat",
    "repeat_interleave",
    "reshape",
    "reshape_as",
    "roll",
    "split",
    "squeeze",
    "stack",
    "sum_to",
    "swapaxes",
    "swapdims",
    "t",
    "tile",
    "transpose",
    "tril",
    "triu",
    "unbind",
    "unflatten",
    "unsqueeze",
    "view",
    "view_as",
    "vstack",
]


def dimension(dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError when there is no such one."""
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
    return dim % n


def _sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    if len(args) == 1 and not isinstance(args[0], (int, np.integer, Tensor)):
        args = tuple(args[0])
    return tuple(int(n) for n in args)


# ---- repeating and summing back ----


@primitive(lambda g, x_shape: expanded(g, shape=x_shape), name="SumBackward1")
def sum_to(x: Any, *, shape: Any) -> Any:
    """x summed over the dimensions along which a tensor of `shape` was repeated to give x."""
    lead = x.ndim - len(shape)
    if lead < 0 or any(s != n and s != 1 for s, n in zip(shape, x.shape[lead:])):
        raise RuntimeError(f"a gradient of shape {list(x.shape)} cannot be summed to its tensor's shape {list(shape)}")
    axes = tuple(range(lead)) + tuple(i + lead for i, s in enumerate(shape) if s != x.shape[i + lead])
    return np.add.reduce(x, axis=axes, keepdims=False).reshape(shape) if axes else x.reshape(shape)


@primitive(lambda g, x_shape: sum_to(g, shape=x_shape), name="Expand", view=True)
def expanded(x: Any, *, shape: Any) -> Any:
    """x repeated to `shape`, without copying."""
    return np.broadcast_to(x, shape)


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """A view of `input` repeated to a larger size, no memory used; -1 leaves a dimension as it is.

    >>> import autodiff as torch
    >>> torch.tensor([[1.0], [2.0]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    wanted = _sizes(sizes)
    shape = input._array.shape
    lead = len(wanted) - len(shape)
    if lead < 0:
        raise RuntimeError(
            f"expand({list(shape)}, size={list(wanted)}): the number of sizes provided ({len(wanted)}) must be greater or "
            f"equal to the number of dimensions in the tensor ({len(shape)})"
        )
    full = tuple(shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted))
    for i, n in enumerate(full):
        if n < 0 or (i >= lead and shape[i - lead] not in (1, n)):
            raise RuntimeError(
                f"The expanded size of the tensor ({n}) must match the existing size ({shape[i - lead] if i >= lead else 1}) "
                f"at non-singleton dimension {i}.  Target sizes: {list(wanted)}.  Tensor sizes: {list(shape)}"
            )
    result: Tensor = expanded(input, shape=full)
    return result


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """`input` repeated to `size`, as a view.

    >>> import autodiff as torch
    >>> torch.broadcast_to(torch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, *size)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """`input` repeated to the size of `other`, as a view."""
    return expand(input, *other._array.shape)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All tensors repeated to their common shape, as views.

    >>> import autodiff as torch
    >>> a, b = torch.broadcast_tensors(torch.ones(2, 1), torch.zeros(3))
    >>> a.shape, b.shape
    (torch.Size([2, 3]), torch.Size([2, 3]))
    """
    try:
        shape = np.broadcast_shapes(*(x._array.shape for x in tensors))
    except ValueError as error:
        raise RuntimeError(f"broadcast_tensors(): {error}") from None
    return tuple(expand(x, *shape) for x in tensors)


# ---- other shapes of the same memory ----


@primitive(lambda g, x_shape: reshaped(g, shape=x_shape), name="View", view="maybe")
def reshaped(x: Any, *, shape: Any) -> Any:
    """x's elements in another shape."""
    return x.reshape(shape)


@primitive(lambda g, x_shape: reshaped(g, shape=x_shape), name="UnsafeView")
def reshaped_copy(x: Any, *, shape: Any) -> Any:
    """x's elements in another shape, in memory of their own."""
    return x.reshape(shape)


def _shape_for(input: Tensor, sizes: tuple[Any, ...]) -> tuple[int, ...]:
    wanted = _sizes(sizes)
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
        raise RuntimeError(f"shape '{list(wanted)}' is invalid for input of size {total}")
    return wanted


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: a view where the memory allows, else a copy; -1 is inferred.

    >>> import autodiff as torch
    >>> torch.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    wanted = _shape_for(input, shape)
    if input._array.flags.c_contiguous or _viewable(input._array, wanted):
        result: Tensor = reshaped(input, shape=wanted)
    else:
        result = reshaped_copy(clone(input), shape=wanted)
    return result


def _viewable(array: Any, shape: tuple[int, ...]) -> bool:
    """Whether the same memory can be seen in this shape: NumPy copies where it cannot."""
    return array.size == 0 or np.may_share_memory(array.reshape(shape), array)


def view(input: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape; RuntimeError when the memory does not allow it. A dtype of the same size reinterprets.

    >>> import autodiff as torch
    >>> torch.arange(4).view(2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    wanted = _shape_for(input, shape)
    if not _viewable(input._array, wanted):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    result: Tensor = reshaped(input, shape=wanted)
    return result


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """`view` with the shape of `other`."""
    return view(input, *other._array.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """`reshape` with the shape of `other`."""
    return reshape(input, *other._array.shape)


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


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into `sizes`.

    >>> import autodiff as torch
    >>> torch.zeros(2, 12).unflatten(1, (3, 4)).shape
    torch.Size([2, 3, 4])
    """
    shape = input._array.shape
    at = dimension(dim, len(shape))
    known = -math.prod(sizes) if -1 in sizes else math.prod(sizes)
    if (-1 in sizes and (known == 0 or shape[at] % known)) or (-1 not in sizes and known != shape[at]):
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {at} ({shape[at]}) in the "
            "input tensor"
        )
    inferred = tuple(shape[at] // known if n == -1 else n for n in sizes)
    return reshape(input, *shape[:at], *inferred, *shape[at + 1 :])


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension.

    >>> import autodiff as torch
    >>> torch.ravel(torch.zeros(2, 3)).shape
    torch.Size([6])
    """
    return reshape(input, -1) if input._array.size else reshape(input, 0)


@primitive(lambda g, x_shape: reshaped(g, shape=x_shape), name="SqueezeBackward0", view=True)
def _squeezed(x: Any, *, shape: Any) -> Any:
    return x.reshape(shape)


@primitive(lambda g, x_shape: reshaped(g, shape=x_shape), name="SqueezeBackward1", view=True)
def _squeezed_dim(x: Any, *, shape: Any) -> Any:
    return x.reshape(shape)


@primitive(lambda g, x_shape: reshaped(g, shape=x_shape), name="UnsqueezeBackward0", view=True)
def _unsqueezed(x: Any, *, axis: Any) -> Any:
    return np.expand_dims(x, axis)


# The name of the last step of a product with a vector, which PyTorch squeezes in place.
squeezed_product = renamed(_squeezed_dim, "SqueezeBackward4")


@numpy_names
def squeeze(input: Tensor, dim: Any = None, *dims_too: int) -> Tensor:
    """Without its dimensions of size 1: all of them, or those named (one int, several, or a tuple). A view.

    >>> import autodiff as torch
    >>> torch.zeros(1, 3, 1).squeeze().shape, torch.zeros(1, 3, 1).squeeze(0).shape
    (torch.Size([3]), torch.Size([3, 1]))
    """
    shape = input._array.shape
    if dim is None:
        result: Tensor = _squeezed(input, shape=tuple(n for n in shape if n != 1))
        return result
    dims = {dimension(d, len(shape)) for d in ((dim, *dims_too) if isinstance(dim, int) else dim)}
    result = _squeezed_dim(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in dims))
    return result


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`. A view.

    >>> import autodiff as torch
    >>> torch.zeros(3).unsqueeze(-1).shape
    torch.Size([3, 1])
    """
    result: Tensor = _unsqueezed(input, axis=dimension(dim, input._array.ndim + 1))
    return result


# ---- exchanging dimensions ----


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argsort(axes))


@primitive(lambda g, axes: permuted(g, axes=_inverse(axes)), name="Permute", view=True)
def permuted(x: Any, *, axes: Any) -> Any:
    """x with its dimensions in another order."""
    return x.transpose(axes)


@primitive(lambda g, a, b: transposed(g, a=a, b=b), name="Transpose", view=True)
def transposed(x: Any, *, a: Any, b: Any) -> Any:
    """x with two dimensions exchanged."""
    return x.swapaxes(a, b)


@primitive(lambda g: _t(g), name="T", view=True)
def _t(x: Any) -> Any:
    return x.T


def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in the order given. A view.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3, 4).permute(2, 0, 1).shape
    torch.Size([4, 2, 3])
    """
    ndim = input._array.ndim
    order = tuple(dimension(d, ndim) for d in _sizes(dims))
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    if len(set(order)) != ndim:
        raise RuntimeError(f"permute(): duplicate dims are not allowed, got {list(order)}")
    result: Tensor = permuted(input, axes=order)
    return result


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """With two dimensions exchanged. A view.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    ndim = input._array.ndim
    a, b = dimension(dim0, ndim), dimension(dim1, ndim)
    result: Tensor = transposed(input, a=a, b=b) if ndim else reshaped(input, shape=())
    return result


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; a vector stays as it is. A view.

    >>> import autodiff as torch
    >>> torch.t(torch.zeros(2, 3)).shape
    torch.Size([3, 2])
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    result: Tensor = _t(input)
    return result


def T(input: Tensor) -> Tensor:
    """The dimensions in reverse order; for a matrix its transpose. A view."""
    result: Tensor = permuted(input, axes=tuple(range(input._array.ndim))[::-1])
    return result


def mT(input: Tensor) -> Tensor:
    """The last two dimensions exchanged: the transposes of a batch of matrices. A view."""
    if input._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input._array.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With the dimensions `source` moved to the positions `destination`. A view.

    >>> import autodiff as torch
    >>> torch.movedim(torch.zeros(2, 3, 4), 0, 2).shape
    torch.Size([3, 4, 2])
    """
    ndim = input._array.ndim
    froms = [dimension(d, ndim) for d in ((source,) if isinstance(source, int) else source)]
    tos = [dimension(d, ndim) for d in ((destination,) if isinstance(destination, int) else destination)]
    if len(froms) != len(tos) or len(set(froms)) != len(froms) or len(set(tos)) != len(tos):
        raise RuntimeError(f"movedim: source {source} and destination {destination} must be of one length, none repeated")
    order = [d for d in range(ndim) if d not in froms]
    for to, at in sorted(zip(tos, froms)):
        order.insert(to, at)
    return permute(input, order)


swapaxes = swapdims = transpose
moveaxis = movedim


# ---- copies ----


@primitive(lambda g: g)
def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy in memory of its own, in the graph.

    >>> import autodiff as torch
    >>> torch.clone(torch.tensor([1.0]))
    tensor([1.])
    """
    return np.array(input)


@primitive(lambda g: g, name="Clone")
def _compact(x: Any) -> Any:
    return np.array(x, order="C")


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """Itself when its elements lie in row-major order in memory, else a copy that does.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).t().contiguous().is_contiguous()
    True
    """
    if input._array.flags.c_contiguous:
        return input
    result: Tensor = _compact(input)
    return result


# ---- joining and splitting ----


def _slice(axis: int, start: int, stop: int) -> tuple[Any, ...]:
    return (*[slice(None)] * axis, slice(start, stop))


@primitive(lambda g, start, axis, xs_shape, i: sliced(g, axis=axis, start=start[i], length=xs_shape[i][axis]),
           name="Cat", variadic=True)  # fmt: skip
def _cat(*xs: Any, axis: Any, start: Any) -> Any:
    return np.concatenate(xs, axis=axis)


@primitive(lambda g, start, axis, x_shape: padded(g, axis=axis, start=start, n=x_shape[axis]), name="Slice", view=True)
def sliced(x: Any, *, axis: Any, start: Any, length: Any) -> Any:
    """x[start : start + length] along an axis."""
    return x[_slice(axis, start, start + length)]


@primitive(lambda g, start, axis, x_shape: sliced(g, axis=axis, start=start, length=x_shape[axis]), name="SliceBackward")
def padded(x: Any, *, axis: Any, start: Any, n: Any) -> Any:
    """x between zeros, so that it is n long along an axis."""
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    out[_slice(axis, start, start + x.shape[axis])] = x
    return out


def _listed(tensors: Any, name: str) -> list[Tensor]:
    if isinstance(tensors, Tensor):
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    found = list(tensors)
    for i, x in enumerate(found):
        if not isinstance(x, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
    if not found:
        raise RuntimeError(f"{name}(): expected a non-empty list of Tensors")
    if len({x._array.dtype for x in found}) > 1:
        found = promoted(_cat, found, False)
    return found


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after the other along `dim`; their other dimensions must be equal.

    >>> import autodiff as torch
    >>> torch.cat([torch.tensor([1, 2]), torch.tensor([3])])
    tensor([1, 2, 3])
    """
    xs = _listed(tensors, "cat")
    # An empty 1-d tensor may be joined to anything, as in PyTorch.
    solid = [x for x in xs if x._array.shape != (0,)] or xs[:1]
    ndim = solid[0]._array.ndim
    if ndim == 0:
        raise RuntimeError("zero-dimensional tensor (at position 0) cannot be concatenated; use stack")
    axis = dimension(dim, ndim)
    first = solid[0]._array.shape
    start, total = [], 0
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
        start.append(total)
        total += shape[axis]
    result: Tensor = _cat(*solid, axis=axis, start=start)
    return result


concat = concatenate = cat


@primitive(lambda g, axis, i: picked(g, axis=axis, at=i), name="Stack", variadic=True)
def _stack(*xs: Any, axis: Any) -> Any:
    return np.stack(xs, axis)


@primitive(lambda g, axis, at, x_shape: placed(g, axis=axis, at=at, n=x_shape[axis]), name="Select", view=True)
def picked(x: Any, *, axis: Any, at: Any) -> Any:
    """x[at] along an axis."""
    return x[(*[slice(None)] * axis, at, ...)]


@primitive(lambda g, axis, at: picked(g, axis=axis, at=at), name="SelectBackward")
def placed(x: Any, *, axis: Any, at: Any, n: Any) -> Any:
    """Zeros with x at one of n places along an axis."""
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis:]), x.dtype)
    out[(*[slice(None)] * axis, at)] = x
    return out


@numpy_names
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
    result: Tensor = _stack(*xs, axis=dimension(dim, xs[0]._array.ndim + 1))
    return result


def atleast_1d(input: Tensor) -> Tensor:
    """With at least one dimension.

    >>> import autodiff as torch
    >>> torch.atleast_1d(torch.tensor(1.0))
    tensor([1.])
    """
    return input if input._array.ndim else reshape(input, 1)


def atleast_2d(input: Tensor) -> Tensor:
    """With at least two dimensions, new ones in front.

    >>> import autodiff as torch
    >>> torch.atleast_2d(torch.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return input if input._array.ndim >= 2 else unsqueeze(atleast_1d(input), 0)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: along the second dimension, vectors along their only one.

    >>> import autodiff as torch
    >>> torch.hstack([torch.tensor([1]), torch.tensor([2])])
    tensor([1, 2])
    """
    xs = [atleast_1d(x) for x in tensors]
    return cat(xs, 0 if xs and xs[0]._array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One below the other: along the first dimension, vectors as rows.

    >>> import autodiff as torch
    >>> torch.vstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[1],
            [2]])
    """
    return cat([atleast_2d(x) for x in tensors], 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Along the third dimension.

    >>> import autodiff as torch
    >>> torch.dstack([torch.tensor([1]), torch.tensor([2])])
    tensor([[[1, 2]]])
    """
    xs = [atleast_2d(x) for x in tensors]
    return cat([unsqueeze(x, -1) if x._array.ndim == 2 else x for x in xs], 2)


@primitive(lambda g, axis: _cat_or_stack(g, axis=axis, stacked=False), name="Split", view=True)
def _split(x: Any, *, axis: Any, stops: Any) -> Any:
    return tuple(np.split(x, stops, axis))


_split_sizes = renamed(_split, "SplitWithSizes")


@primitive(lambda g, axis: _cat_or_stack(g, axis=axis, stacked=True), name="Unbind", view=True)
def _unbind(x: Any, *, axis: Any) -> Any:
    return tuple(np.moveaxis(x, axis, 0)[i, ...] for i in range(x.shape[axis]))


def _cat_or_stack(gs: Any, axis: int, stacked: bool) -> Any:
    """The gradients of all parts as the gradient of the whole."""
    if stacked:
        return _stack(*gs, axis=axis)
    start = np.cumsum([0, *[g.shape[axis] for g in gs]]).tolist()
    return _cat(*gs, axis=axis, start=start[:-1])


def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts along `dim`: of the size given (the last may be smaller), or of each size in a list. Views.

    >>> import autodiff as torch
    >>> torch.split(torch.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    axis = dimension(dim, tensor._array.ndim)
    if not tensor._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    n = tensor._array.shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0 or (size == 0 and n):
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={size}")
        stops = list(range(size, n, size)) if size else []
        cut = _split
    else:
        sizes = list(split_size_or_sections)
        if sum(sizes) != n or any(s < 0 for s in sizes):
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size at dimension {axis}), "
                f"but got split_sizes={sizes}"
            )
        stops = np.cumsum(sizes)[:-1].tolist()
        cut = _split_sizes
    result: tuple[Tensor, ...] = cut(tensor, axis=axis, stops=stops)
    return result


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of equal size along `dim`, the last may be smaller. Views.

    >>> import autodiff as torch
    >>> torch.chunk(torch.arange(5), 2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    n = input._array.shape[dimension(dim, input._array.ndim)] if input._array.ndim else 0
    return split(input, max(-(-n // chunks), 1), dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along `dim`, without it. Views.

    >>> import autodiff as torch
    >>> torch.unbind(torch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    result: tuple[Tensor, ...] = _unbind(input, axis=axis)
    return result


# ---- repeating in memory, and moving elements about ----


def _pairs(times: tuple[int, ...], shape: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(how often, size) of each dimension side by side, and the same with every "how often" 1."""
    sizes = (1,) * (len(times) - len(shape)) + shape
    return tuple(n for pair in zip(times, sizes) for n in pair), tuple(n for size in sizes for n in (1, size))


def _folded(g: Any, times: tuple[int, ...], shape: tuple[int, ...]) -> Any:
    spread, single = _pairs(times, shape)
    return reshaped(sum_to(reshaped(g, shape=spread), shape=single), shape=shape)


@primitive(lambda g, times, x_shape: _folded(g, times, x_shape), name="Repeat")
def _repeated(x: Any, *, times: Any) -> Any:
    return np.tile(x, times)


def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """`input` repeated sizes[i] times along each dimension, in new memory.

    >>> import autodiff as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    times = _sizes(sizes)
    shape = input._array.shape
    if len(times) < len(shape):
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    if any(n < 0 for n in times):
        raise RuntimeError(f"repeat: the numbers of repetitions must not be negative, got {list(times)}")
    result: Tensor = _repeated(input, times=times)
    return result


def tile(input: Tensor, *dims: Any) -> Tensor:
    """Like `repeat`, but missing sizes in front count as 1.

    >>> import autodiff as torch
    >>> torch.tile(torch.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    times = _sizes(dims)
    return repeat(input, *(1,) * (input._array.ndim - len(times)), *times)


@primitive(lambda g, axis, places, x_shape: _summed_at(g, axis=axis, places=places, n=x_shape[axis]), name="IndexSelect")
def _taken_at(x: Any, *, axis: Any, places: Any) -> Any:
    return np.take(x, places, axis)


@primitive(lambda g, axis, places: _taken_at(g, axis=axis, places=places), name="IndexAdd")
def _summed_at(x: Any, *, axis: Any, places: Any, n: Any) -> Any:
    out = np.zeros((*x.shape[:axis], n, *x.shape[axis + 1 :]), x.dtype)
    np.add.at(out, (*[slice(None)] * axis, places), x)
    return out


def repeat_interleave(input: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Every element (or slice along `dim`) repeated `repeats` times in a row; a tensor gives a number for each.

    >>> import autodiff as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if dim is None:
        input, dim = ravel(input), 0
    axis = dimension(dim, input._array.ndim)
    if isinstance(repeats, int) and repeats >= 0 and input._array.ndim:
        pairs = list(input._array.shape)
        pairs.insert(axis + 1, repeats)
        whole = contiguous(expand(unsqueeze(input, axis + 1), *pairs))
        return view(whole, *pairs[:axis], pairs[axis] * repeats, *pairs[axis + 2 :])
    times = repeats._array if isinstance(repeats, Tensor) else repeats
    try:
        places = np.repeat(np.arange(input._array.shape[axis]), times)
    except ValueError:
        raise RuntimeError("repeats must have the same size as input along dim, and no negative number") from None
    result: Tensor = _taken_at(input, axis=axis, places=places)
    return result


@primitive(lambda g, shifts, axes: _rolled(g, shifts=tuple(-s for s in shifts), axes=axes), name="Roll")
def _rolled(x: Any, *, shifts: Any, axes: Any) -> Any:
    return np.roll(x, shifts, axes)


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved on by `shifts` along `dims`, those that fall off come in again; without dims, as if flat.

    >>> import autodiff as torch
    >>> torch.roll(torch.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    moves = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if dims is None:
        return reshape(roll(ravel(input), moves, 0), *input._array.shape)
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(axes) != len(moves):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(moves)}, dims:{len(axes)}")
    result: Tensor = _rolled(input, shifts=moves, axes=tuple(dimension(d, input._array.ndim) for d in axes))
    return result


@primitive(lambda g, axes: _flipped(g, axes=axes), name="Flip")
def _flipped(x: Any, *, axes: Any) -> Any:
    return np.flip(x, axes).copy()


def flip(input: Tensor, *dims: Any) -> Tensor:
    """Elements in reverse order along `dims`, as a copy.

    >>> import autodiff as torch
    >>> torch.flip(torch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    result: Tensor = _flipped(input, axes=tuple(dimension(d, input._array.ndim) for d in _sizes(dims)))
    return result


def fliplr(input: Tensor) -> Tensor:
    """Columns in reverse order.

    >>> import autodiff as torch
    >>> torch.fliplr(torch.tensor([[1, 2]]))
    tensor([[2, 1]])
    """
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """Rows in reverse order.

    >>> import autodiff as torch
    >>> torch.flipud(torch.tensor([1, 2]))
    tensor([2, 1])
    """
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


@primitive(lambda g, diagonal: tril(g, diagonal=diagonal))
def tril(input: Any, *, diagonal: Any = 0) -> Any:
    """The lower triangle of a matrix or a batch, zeros above the diagonal.

    >>> import autodiff as torch
    >>> torch.tril(torch.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return np.tril(input, diagonal)


@primitive(lambda g, diagonal: _triu(g, diagonal=diagonal), name="Triu")
def _triu(x: Any, *, diagonal: Any) -> Any:
    return np.triu(x, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of a matrix or a batch, zeros below the diagonal.

    >>> import autodiff as torch
    >>> torch.triu(torch.ones(2, 2))
    tensor([[1., 1.],
            [0., 1.]])
    """
    result: Tensor = _triu(input, diagonal=diagonal)
    return result


@primitive(lambda g, offset, a, b, x_shape: _on_diagonal(g, offset=offset, a=a, b=b, shape=x_shape),
           name="Diagonal", view=True)  # fmt: skip
def _diagonal(x: Any, *, offset: Any, a: Any, b: Any) -> Any:
    seen = np.diagonal(x, offset, a, b)
    seen.flags.writeable = x.flags.writeable
    return seen


@primitive(lambda g, offset, a, b: _diagonal(g, offset=offset, a=a, b=b), name="DiagonalBackward")
def _on_diagonal(x: Any, *, offset: Any, a: Any, b: Any, shape: Any) -> Any:
    out = np.zeros(shape, x.dtype)
    seen = np.diagonal(out, offset, a, b)
    seen.flags.writeable = True
    seen[...] = x
    return out


_embedded = renamed(_on_diagonal, "DiagEmbed")


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two dimensions, as the last dimension. A view.

    >>> import autodiff as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    ndim = input._array.ndim
    result: Tensor = _diagonal(input, offset=offset, a=dimension(dim1, ndim), b=dimension(dim2, ndim))
    return result


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or a matrix with the vector on its diagonal.

    >>> import autodiff as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    if input._array.ndim == 2:
        return clone(globals()["diagonal"](input, diagonal))  # type: ignore[no-any-return]
    if input._array.ndim != 1:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    n = input._array.size + abs(diagonal)
    result: Tensor = _embedded(input, offset=diagonal, a=0, b=1, shape=(n, n))
    return result


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector repeated along the others' dimensions. `indexing` is "ij" or "xy".

    >>> import autodiff as torch
    >>> a, b = torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="ij")
    >>> a
    tensor([[1, 1],
            [2, 2]])
    """
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    xs = list(tensors[0]) if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else list(tensors)
    swap = indexing == "xy" and len(xs) >= 2
    if swap:
        xs[0], xs[1] = xs[1], xs[0]
    shape = tuple(x._array.size for x in xs)
    grids = [
        expand(reshape(x, *(-1 if k == i else 1 for k in range(len(xs)))), *shape) for i, x in enumerate(xs)
    ]
    if swap:
        grids = [transpose(x, 0, 1) for x in grids]
        grids[0], grids[1] = grids[1], grids[0]
    return tuple(grids)
