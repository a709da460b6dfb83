"""Functions that PyTorch removed, whose names still say what to write instead.

After this module a reader knows where torch.symeig, eig, lstsq, solve and matrix_rank went: to `torch.linalg`.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.inplace import method


def _removed(name: str, instead: str) -> RuntimeError:
    return RuntimeError(f"torch.{name}: This function was deprecated since version 1.9 and is now removed. Use {instead}.")


def symeig(input: Any, eigenvectors: bool = False, upper: bool = True, *, out: Any = None) -> Any:
    """Removed in PyTorch: RuntimeError. Use linalg.eigh(A, UPLO='U').

    >>> import autodiff as torch
    >>> torch.linalg.eigh(torch.eye(1)).eigenvalues
    tensor([1.])
    """
    raise _removed("symeig", "linalg.eigh(A, UPLO='U'), or linalg.eigvalsh for the values alone")


def eig(input: Any, eigenvectors: bool = False, *, out: Any = None) -> Any:
    """Removed in PyTorch: RuntimeError. Use linalg.eig.

    >>> import autodiff as torch
    >>> torch.linalg.eigvals(torch.eye(1))
    tensor([1.])
    """
    raise _removed("eig", "linalg.eig, or linalg.eigvals for the values alone")


def lstsq(input: Any, A: Any, *, out: Any = None) -> Any:
    """Removed in PyTorch: RuntimeError. Use linalg.lstsq, whose arguments stand the other way round.

    >>> import autodiff as torch
    >>> torch.linalg.lstsq(torch.eye(1), torch.ones(1, 1)).solution
    tensor([[1.]])
    """
    raise _removed("lstsq", "linalg.lstsq(A, B), whose arguments stand the other way round")


def solve(input: Any, A: Any, *, out: Any = None) -> Any:
    """Removed in PyTorch: RuntimeError. Use linalg.solve, whose arguments stand the other way round.

    >>> import autodiff as torch
    >>> torch.linalg.solve(torch.eye(1), torch.ones(1, 1))
    tensor([[1.]])
    """
    raise _removed("solve", "linalg.solve(A, B), whose arguments stand the other way round and which gives no LU")


def matrix_rank(input: Any, tol: Any = None, symmetric: bool = False, *, out: Any = None) -> Any:
    """Removed in PyTorch: RuntimeError. Use linalg.matrix_rank.

    >>> import autodiff as torch
    >>> torch.linalg.matrix_rank(torch.eye(2))
    tensor(2)
    """
    raise _removed("matrix_rank", "linalg.matrix_rank")


method(name="symeig")(symeig)
method(name="eig")(eig)
method(name="lstsq")(lstsq)
method(name="solve")(solve)
