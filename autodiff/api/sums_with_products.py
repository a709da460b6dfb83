"""A product added to something: of a matrix and a vector, of two vectors, of batches of matrices.

After this module a reader knows what beta and alpha are: how much of what was there, and how much of the product.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.dtypes import result_numpy
from autodiff._core.inplace import check_writable, in_place, method
from autodiff._core.memory import changed
from autodiff._core.operation import Recorded
from autodiff._core.tensor import Tensor
from autodiff.api._calls import number, takes_tensors
from autodiff.api._matrices import check_expands
from autodiff.api.products import one_dtype
from autodiff.ops import matmul as ops
from autodiff.ops.shape import clone


def _added_to(
    operation: Recorded, name: str, input: Tensor, a: Tensor, b: Tensor, shape: tuple[int, ...], **factors: Any
) -> Tensor:
    """The operation, if `input` can be expanded to the shape of the product."""
    check_expands(input, shape)
    return operation(input, a, b, **{key: number(name, key, value) for key, value in factors.items()})


@method(inplace=True)
@takes_tensors
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (mat @ vec), for a matrix (n, k) and a vector (k,).

    >>> import autodiff as torch
    >>> torch.addmv(torch.tensor([1.0]), torch.tensor([[1.0, 2.0]]), torch.tensor([3.0, 4.0]))
    tensor([12.])
    """
    a, v = mat._array, vec._array
    if input._array.ndim > 1 or a.ndim != 2 or v.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {input._array.ndim}, {a.ndim}, {v.ndim} dimensions")
    if a.shape[1] != v.shape[0] or input._array.size not in (1, a.shape[0]):
        shapes = f"({input._array.size}), mat ({a.shape[0]}x{a.shape[1]}), vec ({v.shape[0]})"
        raise RuntimeError(f"size mismatch, got input {shapes}")
    one_dtype("addmv", input, mat, vec)
    return _added_to(ops.addmv, "addmv", input, mat, vec, a.shape[:1], beta=beta, alpha=alpha)


@method(inplace=True)
@takes_tensors
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (the outer product of two vectors).

    RuntimeError for a beta or alpha with a fraction where all are integers, and for one that is a bool where not all are bools.

    >>> import autodiff as torch
    >>> torch.addr(torch.ones(1), torch.tensor([1.0, 2.0]), torch.tensor([3.0]))
    tensor([[4.],
            [7.]])
    """
    for name, v in (("vec1", vec1), ("vec2", vec2)):
        if v._array.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {v._array.ndim}-D")
    kind = result_numpy((input._array, vec1._array, vec2._array)).kind
    for name, factor in (("beta", beta), ("alpha", alpha)):
        if isinstance(factor, bool) and kind != "b":
            raise RuntimeError(f"Boolean {name} only supported for Boolean results.")
        if isinstance(factor, float) and kind != "f":
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    shape = vec1._array.shape + vec2._array.shape
    return _added_to(ops.addr, "addr", input, vec1, vec2, shape, beta=beta, alpha=alpha)


@method(inplace=True)
@takes_tensors
def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * input + alpha * (the sum over i of batch1[i] @ batch2[i]).

    >>> import autodiff as torch
    >>> torch.addbmm(torch.zeros(1), torch.ones(3, 1, 2), torch.ones(3, 2, 1))
    tensor([[6.]])
    """
    a, b = batch1._array, batch2._array
    if a.ndim != 3 or b.ndim != 3:
        raise RuntimeError(f"batch1 and batch2 must be 3D tensors, got {a.ndim}D and {b.ndim}D")
    if a.shape[0] != b.shape[0]:
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {a.shape[0]} and {b.shape[0]}")
    if a.shape[2] != b.shape[1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for bmm ({a.shape[1]}x{a.shape[2]} and {b.shape[1]}x{b.shape[2]})"
        )
    one_dtype("addbmm", input, batch1, batch2)
    return _added_to(ops.addbmm, "addbmm", input, batch1, batch2, (a.shape[1], b.shape[2]), beta=beta, alpha=alpha)


_addbmm_in_place = in_place(addbmm)


@method
@takes_tensors
def addbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`addbmm`, written into this tensor, which takes the result's shape where that is another, as in PyTorch.

    >>> import autodiff as torch
    >>> torch.zeros(1).addbmm_(torch.ones(3, 1, 2), torch.ones(3, 2, 1))
    tensor([[6.]])
    """
    shape = (*batch1._array.shape[1:2], *batch2._array.shape[2:])
    if input._array.shape == shape or input._view is not None:
        return _addbmm_in_place(input, batch1, batch2, beta=beta, alpha=alpha)
    check_writable(input, "addbmm_")
    grown = addbmm(clone(input), batch1, batch2, beta=beta, alpha=alpha)
    input._array, input._edge = grown._array, grown._edge
    changed(input, 3)
    return input
