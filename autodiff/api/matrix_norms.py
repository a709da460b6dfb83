"""How long a vector is and how much a matrix stretches: the norms of `torch.linalg`.

After this module a reader knows which order asks for what: of a matrix 1 and infinity sum columns and rows, 2 is the largest
stretch, "nuc" the sum of all of them, "fro" the length as if it were a vector.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, scalar_type
from autodiff._core.errors import no_tensor
from autodiff._core.tensor import Tensor, wrap
from autodiff.api import statistics
from autodiff.api._calls import axes_of, boolean, converted, number, takes_tensors
from autodiff.api.equations import inv_ex
from autodiff.api.extremes import amax, amin
from autodiff.api.reduce import sum as sum_
from autodiff.api.shape import movedim, reshape
from autodiff.api.spectra import svdvals
from autodiff.ops.arithmetic import abs as abs_
from autodiff.ops.comparison import where


def _floating(name: str, x: Any, dtype: Any) -> Tensor:
    """The tensor in the dtype to compute in; RuntimeError where that is not a floating one, or narrower."""
    if not isinstance(x, Tensor):
        raise no_tensor(name, "input", 1, x)
    if x._array.dtype.kind != "f":
        found = scalar_type(x._array)
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {found}; use x.float()")
    wanted = as_numpy_dtype(dtype)
    if wanted is not None and wanted.kind != "f":
        raise RuntimeError(f"{name}: dtype should be floating point or complex. Got {dtype}")
    if wanted is not None and wanted.itemsize < x._array.itemsize:
        raise RuntimeError(f"{name}: the dtype of the input ({x.dtype}) should be convertible without narrowing to {dtype}")
    return converted(x, dtype)


@takes_tensors
def vector_norm(input: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """(sum |x|**ord) ** (1/ord), of all elements or over `dim`: for inf the largest |x|, for 0 how many are not 0.

    >>> import autodiff as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, -4.0])), torch.linalg.vector_norm(torch.tensor([3.0, -4.0]), 1)
    (tensor(5.), tensor(7.))
    """
    y = _floating("linalg.vector_norm", input, dtype)
    boolean("linalg_vector_norm", "keepdim", keepdim)
    return statistics.norm(y, float(number("linalg_vector_norm", "ord", ord)), dim, keepdim)


@takes_tensors
def matrix_norm(
    input: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """The norm of the matrices in two dimensions.

    "fro" is the length of all numbers; "nuc" the sum of the singular values; 2 and -2 the largest and the smallest of them; inf
    and -inf the largest and the smallest sum of |a| over a row, 1 and -1 over a column. RuntimeError for another order.

    >>> import autodiff as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]])), torch.linalg.matrix_norm(torch.eye(3), "nuc")
    (tensor(5.), tensor(3.))
    """
    name = "linalg.matrix_norm"
    x = _floating(name, input, dtype)
    if x._array.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    boolean("linalg_matrix_norm", "keepdim", keepdim)
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {dim}")
    rows, columns = (axes_of(d, x._array.ndim)[0] for d in dim)
    if rows == columns:
        raise RuntimeError(f"{name}: dims must be different. Got ({dim[0]}, {dim[1]})")
    if isinstance(ord, str):
        if ord == "fro":
            return statistics.norm(x, 2.0, (rows, columns), keepdim)
        if ord != "nuc":
            raise RuntimeError(f"{name}: Order {ord} not supported.")
    elif abs(number("linalg_matrix_norm", "ord", ord)) not in (1, 2, math.inf):
        raise RuntimeError(f"{name}: Order {ord} not supported.")
    extreme = amax if ord == "nuc" or ord > 0 else amin
    if ord == "nuc" or abs(ord) == 2:
        values = svdvals(movedim(x, (rows, columns), (-2, -1)))
        extreme = _or_nothing(extreme, values._array.shape[-1])
        y = sum_(values, -1) if ord == "nuc" else extreme(values, -1)
        kept = tuple(1 if d in (rows, columns) else n for d, n in enumerate(x._array.shape))
        return reshape(y, kept) if keepdim else y
    first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = sum_(abs_(x), first, keepdim=True)
    kept_sums: Tensor = _or_nothing(extreme, x._array.shape[second])(sums, second, keepdim=True)
    return kept_sums if keepdim else kept_sums.squeeze((rows, columns))


def _or_nothing(extreme: Any, size: int) -> Any:
    """The largest of nothing is 0 here, since no norm is below; the smallest of nothing is refused, by itself."""
    return sum_ if extreme is amax and not size else extreme


@takes_tensors
def norm(input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The norm of a vector or of a matrix, as `dim` has one or two dimensions, or input has.

    Without `ord` it is the length of all numbers, whatever the shape. For the orders see `vector_norm` and `matrix_norm`.

    >>> import autodiff as torch
    >>> torch.linalg.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]])), torch.linalg.norm(torch.tensor([[3.0, 0.0], [0.0, 4.0]]), 2)
    (tensor(5.), tensor(4.))
    """
    x = _floating("linalg.norm", input, dtype)
    dims = dim if isinstance(dim, (tuple, list)) else None if dim is None else (dim,)
    if dims is not None and len(dims) not in (1, 2) and not isinstance(ord, (type(None),)):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dims)}")
    if dims is None and ord is not None and x._array.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {x._array.ndim}D."
        )
    if ord is None:
        return vector_norm(x, 2, dims, keepdim)
    if isinstance(ord, str) or (len(dims) if dims is not None else x._array.ndim) == 2:
        return matrix_norm(x, ord, (-2, -1) if dims is None else dims, keepdim)
    return vector_norm(x, ord, dims, keepdim)


@takes_tensors
def cond(input: Tensor, p: Any = None) -> Tensor:
    """How much a matrix can enlarge a relative error: |A| times |A**-1| in the norm `p`; for None and 2 by the stretches.

    Infinity for a singular matrix and, for other orders than 2, -2 and "nuc", for one that holds a nan.

    >>> import autodiff as torch
    >>> torch.linalg.cond(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor(2.)
    """
    x = _floating("linalg.cond", input, None)
    if x._array.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor A must have at least 2 dimensions.")
    if p not in (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}; use None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf")
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = svdvals(x)
        if not values._array.shape[-1]:
            return sum_(values, -1)
        largest, smallest = (values.narrow(-1, i, 1).squeeze(-1) for i in (0, values._array.shape[-1] - 1))
        return smallest / largest if p == -2 else largest / smallest
    n, m = x._array.shape[-2:]
    if n != m:
        raise RuntimeError(f"linalg.cond(ord={p}): A must be batches of square matrices, but they are {n} by {m} matrices")
    if not n:
        return sum_(x, (-2, -1))
    inverse, info = inv_ex(x)
    singular = info > 0
    if np.any(singular._array):
        inverse = where(singular[..., None, None], wrap(np.eye(n, dtype=x._array.dtype)), inverse)
    own = matrix_norm(x, p)
    product = own * where(singular, math.inf, matrix_norm(inverse, p))
    return product if p == "nuc" else where(product.isnan(), math.inf, product)
