"""What PyTorch's functions of sparse matrices make of dense ones: mm and addmm are the ordinary ones, the others refuse.

>>> import autodiff as torch
>>> torch.sparse.mm(torch.eye(2), torch.ones(2, 1))
tensor([[1.],
        [1.]])
"""

from typing import Any, NoReturn

from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff.api.with_out import addmm as _addmm
from autodiff.api.with_out import mm as _mm

__all__ = ["addmm", "log_softmax", "mm", "sampled_addmm", "softmax", "spdiags", "sum"]


def mm(mat1: Tensor, mat2: Tensor) -> Tensor:
    """mat1 @ mat2, of two dense matrices.

    >>> import autodiff as torch
    >>> torch.sparse.mm(torch.ones(1, 2), torch.ones(2, 1))
    tensor([[2.]])
    """
    return _mm(mat1, mat2)


def addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1.0, alpha: float = 1.0) -> Tensor:
    """beta * mat + alpha * mat1 @ mat2, of dense matrices.

    >>> import autodiff as torch
    >>> torch.sparse.addmm(torch.ones(1, 1), torch.ones(1, 2), torch.ones(2, 1), alpha=10.0)
    tensor([[21.]])
    """
    return _addmm(mat, mat1, mat2, beta=beta, alpha=alpha)


def _refused(name: str, instead: str) -> NoReturn:
    raise NotImplementedError(f"sparse.{name}(): there are no sparse tensors here; {instead}")


def sum(input: Any, dim: Any = None, dtype: Any = None) -> NoReturn:
    """NotImplementedError: it sums a sparse tensor, and there are none.

    >>> import autodiff as torch
    >>> torch.sparse.sum(torch.ones(2))
    Traceback (most recent call last):
    ...
    NotImplementedError: sparse.sum(): there are no sparse tensors here; write torch.sum(input, dim)
    """
    _refused("sum", "write torch.sum(input, dim)")


def softmax(input: Any, dim: Any, *, dtype: Any = None) -> NoReturn:
    """NotImplementedError: it is of a sparse tensor, whose missing elements have no part in it.

    >>> import autodiff as torch
    >>> torch.sparse.softmax(torch.ones(2), 0)
    Traceback (most recent call last):
    ...
    NotImplementedError: sparse.softmax(): there are no sparse tensors here; fill zeros with -inf, write torch.softmax
    """
    _refused("softmax", "fill zeros with -inf, write torch.softmax")


def log_softmax(input: Any, dim: Any, *, dtype: Any = None) -> NoReturn:
    """NotImplementedError, as `softmax`.

    >>> import autodiff as torch
    >>> torch.sparse.log_softmax(torch.ones(2), 0)
    Traceback (most recent call last):
    ...
    NotImplementedError: sparse.log_softmax(): there are no sparse tensors here; fill zeros with -inf, write torch.log_softmax
    """
    _refused("log_softmax", "fill zeros with -inf, write torch.log_softmax")


def sampled_addmm(input: Any, mat1: Any, mat2: Any, *, beta: float = 1.0, alpha: float = 1.0, out: Any = None) -> NoReturn:
    """NotImplementedError: it computes a product where a sparse tensor has elements.

    >>> import autodiff as torch
    >>> torch.sparse.sampled_addmm(torch.ones(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    Traceback (most recent call last):
    ...
    NotImplementedError: sparse.sampled_addmm(): there are no sparse tensors here; write (mat1 @ mat2) * (input != 0)
    """
    _refused("sampled_addmm", "write (mat1 @ mat2) * (input != 0)")


def spdiags(diagonals: Any, offsets: Any, shape: Any, layout: Any = None) -> NoReturn:
    """NotImplementedError: it makes a sparse matrix of its diagonals.

    >>> import autodiff as torch
    >>> torch.sparse.spdiags(torch.ones(1, 2), torch.tensor([0]), (2, 2))
    Traceback (most recent call last):
    ...
    NotImplementedError: sparse.spdiags(): there are no sparse tensors here; write a sum of torch.diag(values, offset)
    """
    _refused("spdiags", "write a sum of torch.diag(values, offset)")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
