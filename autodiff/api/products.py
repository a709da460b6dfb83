"""Products of other kinds: of tensors, of blocks, of vectors in space, of many matrices.

After this module a reader knows that `tensordot` and `kron` are a matrix product and a product of numbers in other shapes, and
that the order in which many matrices are multiplied decides how long that takes.
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autodiff._core.errors import misfit, no_tensor
from autodiff._core.graph import renamed
from autodiff._core.inplace import method
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import dimension, takes_tensors, whole
from autodiff.api.join import cat
from autodiff.api.matmul import check_dot, dot, mm
from autodiff.api.shape import permute, reshape
from autodiff.ops import matmul as ops
from autodiff.ops.shape import reshape_copy

_vdot = renamed(ops.dot, "Vdot")

# ---- of vectors ----


def one_dtype(name: str, *tensors: Tensor) -> None:
    """RuntimeError for tensors of several dtypes."""
    if len({x._array.dtype for x in tensors}) > 1:
        found = ", ".join(str(x.dtype) for x in tensors)
        raise RuntimeError(f"{name}(): expected all tensors to have the same dtype, but got {found}; convert with x.to(dtype)")


@method
@takes_tensors
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """The inner product of two vectors, which for real numbers is `dot`.

    >>> import autodiff as torch
    >>> torch.vdot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor(11.)
    """
    check_dot(input, other)
    return _vdot(input, other)


@method
@takes_tensors
def inner(input: Tensor, other: Tensor) -> Tensor:
    """The sum of products over the last dimension of both.

    >>> import autodiff as torch
    >>> torch.inner(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor(11.)
    """
    if input._array.ndim == 0 or other._array.ndim == 0:
        return input * other
    if input._array.shape[-1] != other._array.shape[-1]:
        shapes = f"{list(input.shape)} and {list(other.shape)}"
        raise RuntimeError(f"inner() the last dimension must match on both input tensors but got shapes {shapes}")
    if input._array.ndim == 1 and other._array.ndim == 1:
        return dot(input, other)
    a, b = (x.reshape(int(np.prod(x.shape[:-1])), x.shape[-1]) for x in (input, other))
    return mm(a, b.t()).reshape((*input.shape[:-1], *other.shape[:-1]))


@method
@takes_tensors
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product a × b of the vectors of three numbers along `dim`, upright on both: (a1 b2 - a2 b1, ...).

    Without `dim` it is the first dimension of size 3, with a warning, since linalg.cross takes the last one.

    >>> import autodiff as torch
    >>> torch.cross(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), dim=0)
    tensor([0., 0., 1.])
    """
    if dim is None:
        _same_rank(input, other)
        threes = [d for d, n in enumerate(input._array.shape) if n == 3]
        if not threes:
            raise RuntimeError("no dimension of size 3 in input")
        warnings.warn(
            "Using torch.cross without specifying the dim arg is deprecated. Please either pass the dim explicitly or simply "
            "use torch.linalg.cross.",
            UserWarning,
            stacklevel=stacklevel(),
        )
        dim = threes[0]
    return cross_along(input, other, dim)


def _same_rank(a: Tensor, b: Tensor) -> None:
    if a._array.ndim != b._array.ndim:
        raise RuntimeError(
            "linalg.cross: inputs must have the same number of dimensions; got "
            f"{a._array.ndim} and {b._array.ndim}"
        )


def cross_along(input: Tensor, other: Tensor, dim: int) -> Tensor:
    """The cross product of the vectors along a dimension, which has three numbers in both."""
    _same_rank(input, other)
    ndim = input._array.ndim
    axis = dimension(dim, ndim)
    sizes = [x._array.shape[axis] if ndim else 0 for x in (input, other)]
    if sizes != [3, 3]:
        raise RuntimeError(f"linalg.cross: inputs dimension {dim} must have length 3. Got {sizes[0]} and {sizes[1]}")
    one_dtype("cross", input, other)
    if input._array.dtype.kind == "b":
        raise NotImplementedError("\"cross\" not implemented for 'Bool'; use x.int()")
    if found := misfit("cross", (input._array.shape, other._array.shape)):
        raise found
    return ops.cross(input, other, axis=axis - ndim)


# ---- of tensors ----


@takes_tensors
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """The sum of products over the last `dims` dimensions of a and the first of b, or over two lists of dimensions.

    The result has the other dimensions, those of a first. RuntimeError where the sizes or the dtypes differ.

    >>> import autodiff as torch
    >>> torch.tensordot(torch.ones(2, 3, 4), torch.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    torch.Size([2, 5])
    """
    over_a, over_b = _summed_dims(a, b, dims)
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(f"both inputs should have same dtype, but got {a.dtype} and {b.dtype}; use x.to({a.dtype})")
    of_a, of_b = list(a._array.shape), list(b._array.shape)
    for i, j in zip(over_a, over_b, strict=True):
        n, m = of_a[i], of_b[j]
        if n != m and 1 not in (n, m):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {i} and second has size {m} in dim {j}"
            )
    ones = [(i, j) for i, j in zip(over_a, over_b, strict=True) if of_a[i] != of_b[j]]
    for i, j in ones:  # a size of 1 broadcasts: the sum of the other's
        a = a.sum(i, keepdim=True) if of_a[i] != 1 else a
        b = b.sum(j, keepdim=True) if of_b[j] != 1 else b
    rest_a = [d for d in range(len(of_a)) if d not in over_a]
    rest_b = [d for d in range(len(of_b)) if d not in over_b]
    k = math.prod(a._array.shape[d] for d in over_a)
    left = reshape(permute(a, [*rest_a, *over_a]), (math.prod(of_a[d] for d in rest_a), k))
    right = reshape(permute(b, [*over_b, *rest_b]), (k, math.prod(of_b[d] for d in rest_b)))
    return reshape(mm(left, right), (*(of_a[d] for d in rest_a), *(of_b[d] for d in rest_b)))


def _summed_dims(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of a, and those of b, that are summed over."""
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    n, m = a._array.ndim, b._array.ndim
    if not isinstance(dims, (list, tuple)):
        count = whole("tensordot", "dims", dims)
        if count < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={count}")
        if count > min(n, m):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={count}")
        return list(range(n - count, n)), list(range(count))
    first, second = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    found = [dimension(d, n) for d in first], [dimension(d, m) for d in second]
    for each in found:
        if len(set(each)) != len(each):
            raise RuntimeError(f"dim {each[-1]} appears multiple times in the list of dims")
    return found


@method
@takes_tensors
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: `other` as a block in the place of each number of `input`, times that number.

    >>> import autodiff as torch
    >>> torch.kron(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0], [10.0]]))
    tensor([[ 1.,  2.],
            [10., 20.]])
    """
    ndim = max(input._array.ndim, other._array.ndim)
    of_a, of_b = ((*(1 for _ in range(ndim - x._array.ndim)), *x._array.shape) for x in (input, other))
    a = reshape(input, tuple(n for size in of_a for n in (size, 1)))
    b = reshape(other, tuple(n for size in of_b for n in (1, size)))
    return reshape_copy(a * b, shape=tuple(n * m for n, m in zip(of_a, of_b, strict=True)))


@takes_tensors
def block_diag(*tensors: Any) -> Tensor:
    """The matrices one after the other along the diagonal of a matrix of zeros; a vector is a row, a number a 1 by 1 matrix.

    >>> import autodiff as torch
    >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    blocks = []
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise no_tensor("block_diag", "tensors", i + 1, x)
        if x._array.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {x._array.ndim} dimensions"
            )
        blocks.append(x if x._array.ndim == 2 else reshape(x, (1, x._array.size)))
    if not blocks:
        return wrap(np.zeros((1, 0), np.float32))
    width, rows, left = sum(x._array.shape[1] for x in blocks), [], 0
    for x in blocks:
        n, m = x._array.shape
        sides = [wrap(np.zeros((n, k), x._array.dtype)) for k in (left, width - left - m)]
        rows.append(cat([sides[0], x, sides[1]], 1))
        left += m
    return cat(rows, 0)


# ---- of many matrices ----


@takes_tensors
def chain_matmul(*matrices: Any) -> Tensor:
    """The product of all matrices, in the order of multiplication that takes the fewest steps; `linalg.multi_dot` is its heir.

    >>> import warnings
    >>> import autodiff as torch
    >>> with warnings.catch_warnings(action="ignore"):
    ...     torch.chain_matmul(torch.ones(1, 2), torch.ones(2, 3), torch.ones(3, 1))
    tensor([[6.]])
    """
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for i, x in enumerate(matrices):
        if not isinstance(x, Tensor):
            raise no_tensor("chain_matmul", "matrices", i + 1, x)
        if x._array.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {x._array.ndim}, expected 2 instead.")
    warnings.warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot instead, "
        "which accepts a list of two or more tensors rather than multiple parameters.",
        UserWarning,
        stacklevel=stacklevel(),
    )
    return matrices[0] if len(matrices) == 1 else chained(matrices)


def chained(matrices: Sequence[Tensor]) -> Tensor:
    """The product of several matrices, where each place of the last multiplication has been weighed against the others."""
    shapes = [x._array.shape for x in matrices]
    for a, b in itertools.pairwise(shapes):
        if a[1] != b[0]:
            raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({a[0]}x{a[1]} and {b[0]}x{b[1]})")
    sides = [shapes[0][0], *(shape[1] for shape in shapes)]

    @functools.cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """(the steps of the product of i to j, the last of its left factor)."""
        if i == j:
            return 0, i
        return min(
            (cheapest(i, k)[0] + cheapest(k + 1, j)[0] + sides[i] * sides[k + 1] * sides[j + 1], k) for k in range(i, j)
        )

    def multiplied(i: int, j: int) -> Tensor:
        if i == j:
            return matrices[i]
        k = cheapest(i, j)[1]
        return mm(multiplied(i, k), multiplied(k + 1, j))

    return multiplied(0, len(matrices) - 1)
