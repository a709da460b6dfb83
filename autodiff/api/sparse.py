"""The names of sparse tensors, of which there are none here: what makes one says so when it is called, and what to write.

After this module a reader knows that a program may look for these names, and that what PyTorch does with a dense tensor under
them is done: to_dense gives it back, spmm is mm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff._core.tensor import Tensor as T
from autodiff.api.with_out import mm

_CONSTRUCTOR = "write the elements into zeros, as in torch.zeros(size).index_put_(tuple(indices), values, accumulate=True)"
_METHOD = "leave the call out: all operations take the dense tensor"


def _refused(name: str, instead: str) -> Callable[..., Any]:
    """The function of that name, which makes a sparse tensor in PyTorch."""

    def function(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{name}(): there are no sparse tensors here; {instead}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""NotImplementedError: there are no sparse tensors here; {instead}.

    >>> import autodiff as torch
    >>> torch.{name if instead is _CONSTRUCTOR else f"ones(2).{name}"}()
    Traceback (most recent call last):
    ...
    NotImplementedError: {name}(): there are no sparse tensors here; {instead}
    """
    return function


def _of_sparse(name: str, kind: str) -> Callable[..., Any]:
    """The method of that name, which PyTorch refuses for a dense tensor."""

    def function(self: Tensor) -> Any:
        raise RuntimeError(f"{name} expected sparse {kind}tensor layout but got Strided: there are no sparse tensors here")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "RuntimeError: this tensor is dense, as all tensors are here."
    return function


sparse_coo_tensor = _refused("sparse_coo_tensor", _CONSTRUCTOR)
sparse_csr_tensor = _refused("sparse_csr_tensor", _CONSTRUCTOR)
sparse_csc_tensor = _refused("sparse_csc_tensor", _CONSTRUCTOR)
sparse_bsr_tensor = _refused("sparse_bsr_tensor", _CONSTRUCTOR)
sparse_bsc_tensor = _refused("sparse_bsc_tensor", _CONSTRUCTOR)
sparse_compressed_tensor = _refused("sparse_compressed_tensor", _CONSTRUCTOR)

T.to_sparse = _refused("to_sparse", _METHOD)
T.to_sparse_coo = _refused("to_sparse_coo", _METHOD)
T.to_sparse_csr = _refused("to_sparse_csr", _METHOD)
T.to_sparse_csc = _refused("to_sparse_csc", _METHOD)
T.to_sparse_bsr = _refused("to_sparse_bsr", _METHOD)
T.to_sparse_bsc = _refused("to_sparse_bsc", _METHOD)

T.coalesce = _of_sparse("coalesce", "coordinate ")
T.is_coalesced = _of_sparse("is_coalesced", "coordinate ")
T.indices = _of_sparse("indices", "coordinate ")
T.values = _of_sparse("values", "")
T.crow_indices = _of_sparse("crow_indices", "row compressed ")
T.col_indices = _of_sparse("col_indices", "row compressed ")
T.ccol_indices = _of_sparse("ccol_indices", "column compressed ")
T.row_indices = _of_sparse("row_indices", "column compressed ")

spmm = dsmm = mm


@method
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool | None = None) -> Tensor:
    """The tensor itself, which is dense; in another dtype where one is given."""
    return self if dtype is None else self.to(dtype)


@method
def sparse_dim(self: Tensor) -> int:
    """0: no dimension of a dense tensor is sparse."""
    return 0


@method
def dense_dim(self: Tensor) -> int:
    """The number of dimensions, all of which are dense."""
    return self._array.ndim
