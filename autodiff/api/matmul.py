"""Matrix products as PyTorch calls them: of every rank, with what is said where shapes or dtypes do not fit.

After this module a reader knows that vectors and batches are reshaped until they are matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _kernels
from autodiff._core.dtypes import scalar_type
from autodiff._core.errors import factors, features, no_tensor
from autodiff._core.inplace import method
from autodiff._core.modes import Inference
from autodiff._core.operation import Recorded
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.unlike import unlike
from autodiff.api._calls import matrices_first, number, takes_tensors
from autodiff.api._matrices import check_expands
from autodiff.api.shape import squeezed_product
from autodiff.ops import matmul as ops
from autodiff.ops.shape import reshape_copy
from autodiff.ops.shape import t as transposed

# ---- what does not fit ----


def _same_dtype(a: Tensor, b: Tensor) -> None:
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a.dtype} != {b.dtype}{unlike(a, b)}"
        )


def _both(a: Tensor, b: Tensor) -> str:
    return f"{scalar_type(a._array)} and {scalar_type(b._array)}"


def _check_mm(name: str, a: Tensor, b: Tensor) -> None:
    _same_dtype(a, b)
    if a._array.ndim != 2 or b._array.ndim != 2:
        raise RuntimeError(f"{name} expects two matrices, got {a._array.ndim}-D and {b._array.ndim}-D; use matmul")
    if a._array.shape[1] != b._array.shape[0]:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied {factors(name, a, b)}")


def _check_bmm(batch1: Tensor, batch2: Tensor) -> None:
    _same_dtype(batch1, batch2)
    if batch1._array.ndim != 3 or batch2._array.ndim != 3:
        raise RuntimeError("batch1 and batch2 must be 3D tensors; use matmul for other ranks")
    a, b = batch1._array.shape, batch2._array.shape
    if a[0] != b[0] or a[2] != b[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{a[0]}, {a[2]}] but got: [{b[0]}, {b[1]}]."
        )


def check_dot(a: Tensor, b: Tensor) -> None:
    """RuntimeError for two tensors that are not vectors of one size and dtype."""
    if a._array.ndim != 1 or b._array.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {a._array.ndim}D and {b._array.ndim}D tensors; use matmul")
    if a._array.dtype != b._array.dtype:
        raise RuntimeError(f"dot : expected both vectors to have same dtype, but found {a.dtype} and {b.dtype}")
    if a._array.shape != b._array.shape:
        raise RuntimeError(
            "inconsistent tensor size, expected tensor [{}] and src [{}] to have the same number of elements, but got "
            "{} and {} elements respectively".format(*2 * (a._array.size, b._array.size))
        )


# ---- two matrices, a matrix and a vector, two vectors ----


@method
@takes_tensors
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The matrix product of (n, k) and (k, m). RuntimeError when the shapes or dtypes do not fit.

    >>> import autodiff as torch
    >>> torch.mm(torch.ones(2, 3), torch.ones(3, 1))
    tensor([[3.],
            [3.]])
    """
    _check_mm("mm", input, mat2)
    return ops.mm(input, mat2)


@method
@takes_tensors
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of equal size, (s, n, k) and (s, k, m).

    >>> import autodiff as torch
    >>> torch.bmm(torch.ones(2, 1, 3), torch.ones(2, 3, 1)).shape
    torch.Size([2, 1, 1])
    """
    _check_bmm(input, mat2)
    return ops.bmm(input, mat2)


@method
@takes_tensors
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix (n, k) and a vector (k,).

    >>> import autodiff as torch
    >>> torch.mv(torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    _same_dtype(input, vec)
    if input._array.ndim != 2 or vec._array.ndim != 1:
        raise RuntimeError(
            f"vector + matrix @ vector expected, got a matrix of rank {input._array.ndim} and a vector of rank "
            f"{vec._array.ndim}"
        )
    if input._array.shape[1] != vec._array.shape[0]:
        raise RuntimeError(f"size mismatch, got input {factors('mv', input, vec)}")
    return ops.mv(input, vec)


@method
@takes_tensors
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors of one length.

    >>> import autodiff as torch
    >>> torch.dot(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor(11.)
    """
    check_dot(input, tensor)
    return ops.dot(input, tensor)


# ---- any two ----


@method
@takes_tensors
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product a @ b: vectors, matrices, and batches of matrices that broadcast.

    (k) @ (k) is the inner product; (n, k) @ (k) and (k) @ (k, m) a vector; the dimensions before the last two are a
    batch. RuntimeError when the inner sizes or the dtypes differ. dL/da = g @ b.T, dL/db = a.T @ g.

    >>> import autodiff as torch
    >>> torch.matmul(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    try:
        x, y = input._array, other._array
        if x.ndim == 2 == y.ndim:
            # What `ops.mm` comes to where nothing is to be recorded, in half its time; a view's edge may be out of date.
            if input._edge is other._edge is input._view is other._view is None and not Inference.blocks:
                return wrap(_kernels.matmul(x, y))
            return ops.mm(input, other)
    except (AttributeError, RuntimeError, TypeError, ValueError):
        pass  # what is wrong is said below: Note [Fast way first] in api/_calls.py
    return _of_any_rank(input, other)


def product_of(input: Tensor, other: Any) -> Tensor:
    """The operator @: `matmul` without keywords to look out for, which leaves what is not a tensor to its own class."""
    try:
        x, y = input._array, other._array
        if x.ndim == 2 == y.ndim:
            if input._edge is other._edge is input._view is other._view is None and not Inference.blocks:
                return wrap(_kernels.matmul(x, y))
            return ops.mm(input, other)
    except (AttributeError, RuntimeError, TypeError, ValueError):
        if not isinstance(other, Tensor):
            return NotImplemented  # type: ignore[no-any-return]
    try:
        return _of_any_rank(input, other)
    except (RuntimeError, TypeError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise


def _of_any_rank(input: Tensor, other: Tensor) -> Tensor:
    """Vectors, batches, and what does not fit."""
    if not (isinstance(input, Tensor) and isinstance(other, Tensor)):
        name, value = ("other", other) if isinstance(input, Tensor) else ("input", input)
        raise no_tensor("matmul", name, 1 + (value is other), value)
    _same_dtype(input, other)
    a, b = input._array.ndim, other._array.ndim
    if a == 2 and b == 2:
        return mm(input, other)  # which says what does not fit
    if a == 0 or b == 0:
        raise RuntimeError(f"both arguments to matmul need to be at least 1D, but they are {a}D and {b}D; use * for a number")
    if a == 1 and b == 1:
        return dot(input, other)
    if a == 2 and b == 1:
        return mv(input, other)
    if a == 1 and b == 2:
        if input._array.shape[0] != other._array.shape[0]:
            raise RuntimeError(f"size mismatch, got input {factors('matmul', input, other)}")
        return squeezed_product(mm(input.unsqueeze(0), other), shape=other._array.shape[1:])
    return _batched(input, other)


def _batched(input: Tensor, other: Tensor) -> Tensor:
    left = input.unsqueeze(0) if input._array.ndim == 1 else input
    right = other.unsqueeze(-1) if other._array.ndim == 1 else other
    n, k = left._array.shape[-2:]
    k2, m = right._array.shape[-2:]
    if k != k2:
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied {factors('matmul', input, other)}")
    if right._array.ndim == 2:
        # One matrix for the whole batch: a single large product is faster than many small ones.
        rows = left._array.shape[:-1]
        result = ops.mm(left.reshape(-1, k) if k else left.reshape(int(np.prod(rows)), 0), right)
        shape = (*rows, m)
    else:
        try:
            batch = np.broadcast_shapes(left._array.shape[:-2], right._array.shape[:-2])
        except ValueError:
            raise RuntimeError(
                f"matmul: the batch dimensions of {list(input.shape)} and {list(other.shape)} do not broadcast"
            ) from None
        s = int(np.prod(batch))
        result = ops.bmm(left.expand(*batch, n, k).reshape(s, n, k), right.expand(*batch, k, m).reshape(s, k, m))
        shape = (*batch, n, m)
    if input._array.ndim == 1:
        shape = (*shape[:-2], shape[-1])
    if other._array.ndim == 1:
        shape = shape[:-1]
    return reshape_copy(result, shape=shape)


# ---- with a sum ----


@matrices_first(ops.linear)
@takes_tensors
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y = x @ weight.T + bias: a fully connected layer.

    input (..., k), weight (m, k) or (k,), bias (m,) or none; the result is (..., m). RuntimeError when shapes or dtypes differ.

    >>> import autodiff as torch
    >>> torch.nn.functional.linear(torch.ones(1, 2), torch.tensor([[1.0, 2.0]]), torch.tensor([0.5]))
    tensor([[3.5000]])
    """
    x, w = input._array, weight._array
    if x.dtype != w.dtype or (bias is not None and bias._array.dtype != w.dtype):
        one, odd = ("mat1", input) if x.dtype != w.dtype or bias is None else ("self", bias)
        raise RuntimeError(
            f"{one} and mat2 must have the same dtype, but got {_both(odd, weight)}"
            + unlike(odd, weight, "input" if odd is input else "bias", "weight")
        )
    if not x.ndim or not w.ndim or x.shape[-1] != w.shape[-1]:
        raise features(x.shape, w.shape)
    if w.ndim == 2 and bias is not None and bias._array.shape == (w.shape[0],) and x.size:
        if x.ndim == 2:
            return ops.linear(input, weight, bias)
        return ops.linear(input.reshape(-1, x.shape[-1]), weight, bias).view(*x.shape[:-1], w.shape[0])
    product = product_of(input, transposed(weight) if w.ndim == 2 else weight.t())
    return product if bias is None else product + bias


def _sum_with_product(operation: Recorded, input: Tensor, a: Tensor, b: Tensor, beta: Any, alpha: Any) -> Tensor:
    if input._array.dtype != a._array.dtype:
        raise RuntimeError(f"self and mat2 must have the same dtype, but got {_both(input, b)}{unlike(input, b)}")
    check_expands(input, (*a._array.shape[:-1], b._array.shape[-1]))
    return operation(input, a, b, beta=number("addmm", "beta", beta), alpha=number("addmm", "alpha", alpha))


@method(inplace=True)
@takes_tensors
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2).

    >>> import autodiff as torch
    >>> torch.addmm(torch.ones(1), torch.ones(1, 2), torch.ones(2, 1))
    tensor([[3.]])
    """
    _check_mm("addmm", mat1, mat2)
    return _sum_with_product(ops.addmm, input, mat1, mat2, beta, alpha)


@method(inplace=True)
@takes_tensors
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), batch by batch.

    >>> import autodiff as torch
    >>> torch.baddbmm(torch.ones(1), torch.ones(1, 1, 2), torch.ones(1, 2, 1))
    tensor([[[3.]]])
    """
    _check_bmm(batch1, batch2)
    return _sum_with_product(ops.baddbmm, input, batch1, batch2, beta, alpha)


# ---- of vectors: every pair, and the last dimensions ----


@method
@takes_tensors
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """The outer product of two vectors: element (i, j) is input[i] * vec2[j].

    >>> import autodiff as torch
    >>> torch.outer(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    if input._array.ndim != 1 or vec2._array.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D arguments, got {input._array.ndim}-D and {vec2._array.ndim}-D")
    return input.unsqueeze(1) * vec2
