"""How far apart: differences of neighbours, distances of all pairs, the angle between vectors.

After this module a reader knows that a function made of operations needs no derivative of its own: the chain rule has it.
"""

from __future__ import annotations

import numpy as np

from autodiff._core.dtypes import promote_types
from autodiff._core.errors import misfit, no_tensor
from autodiff._core.inplace import method
from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import boolean, converted, dimension, number, takes_tensors, whole
from autodiff.api.comparison import where
from autodiff.api.join import cat
from autodiff.api.reduce import sum as sum_
from autodiff.api.statistics import norm
from autodiff.ops.distance import distances
from autodiff.ops.parts import copysign
from autodiff.ops.places import index_select


@method
@takes_tensors
def diff(input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """Each element minus the one before it along `dim`, n times over; `prepend` and `append` are joined on first.

    Of bools it is whether the two differ. RuntimeError for a tensor without dimensions and for a negative n.

    >>> import autodiff as torch
    >>> torch.diff(torch.tensor([1, 4, 9, 16]))
    tensor([3, 5, 7])
    """
    axis = dimension(dim, input._array.ndim)
    if not input._array.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if whole("diff", "n", n) < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if n == 0:
        return input.clone()
    parts = [x for x in (prepend, input, append) if x is not None]
    x = cat(parts, axis) if len(parts) > 1 else input
    for _ in range(min(n, x._array.shape[axis])):
        last = x._array.shape[axis] - 1
        after, before = x.narrow(axis, 1, last), x.narrow(axis, 0, last)
        x = after ^ before if x._array.dtype.kind == "b" else after - before
    return x.clone() if x is input else x


# PyTorch's ways of computing the Euclidean distance, which give one result.
_MODES = (None, "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist", 0, 1, 2)


@takes_tensors
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:
    """The p-norm distance of each row of x1 to each row of x2: (..., n, k) and (..., m, k) give (..., n, m).

    Where two rows are the same the slope is taken as 0. For p = 2 and more than 25 rows the squares come from a matrix product,
    |a|**2 + |b|**2 - 2 a.b, as in PyTorch, in double; compute_mode="donot_use_mm_for_euclid_dist" asks for the differences.

    >>> import autodiff as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    for i, x in enumerate((x1, x2), 1):
        if x._array.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, X{i} got: {x._array.ndim}D")
        if x._array.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, X{i} got: {x.dtype}; use x.float()")
    if x1._array.shape[-1] != x2._array.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._array.shape[-1]} X2: {x2._array.shape[-1]}"
        )
    p = number("cdist", "p", p)
    if not p >= 0:  # so that nan is refused too
        raise RuntimeError("cdist only supports non-negative p values")
    if x1._array.dtype != x2._array.dtype:
        raise RuntimeError(f"cdist: expected one dtype, but found {x1.dtype} and {x2.dtype}")
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    many = max(x1._array.shape[-2], x2._array.shape[-2]) > 25 and compute_mode != "donot_use_mm_for_euclid_dist"
    if p == 2 and (many or compute_mode == "use_mm_for_euclid_dist"):
        return _of_many(x1, x2)
    away = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if p == 1:
        return sum_(copysign(away, 1.0), -1)  # |x|, whose slope at nan is nan, which that of `abs` is not
    return _counted(away) if p == 0 else norm(away, float(p), -1)


def _counted(away: Tensor) -> Tensor:
    """How many of the last dimension are not 0; nan where one is nan, as in PyTorch's distances, and not in its norm."""
    unknown = np.isnan(away._array).any(-1)
    count = norm(away, 0.0, -1)
    return count.masked_fill(wrap(unknown), np.nan) if unknown.any() else count


def _of_many(x1: Tensor, x2: Tensor) -> Tensor:
    """Euclidean distances by way of a matrix product, for batches of any shape."""
    a, b = x1._array.shape, x2._array.shape
    try:
        batch = np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise misfit("cdist", (a[:-2], b[:-2])) or RuntimeError("cdist") from None
    rows = [x.expand((*batch, *x._array.shape[-2:])).reshape((-1, *x._array.shape[-2:])) for x in (x1, x2)]
    return distances(*rows).reshape((*batch, a[-2], b[-2]))


@method
@takes_tensors
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of input - other, which broadcast: how far apart the two are.

    >>> import autodiff as torch
    >>> torch.dist(torch.tensor([0.0, 0.0]), torch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    if not isinstance(other, Tensor):
        raise no_tensor("dist", "other", 2, other)
    return norm(input - other, float(number("dist", "p", p)))


@method(inplace=True)
@takes_tensors
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """Each slice along `dim` whose p-norm is larger than `maxnorm` made as long as that; the others as they are.

    >>> import autodiff as torch
    >>> torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    p, maxnorm = number("renorm", "p", p), number("renorm", "maxnorm", maxnorm)
    if not p > 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    ndim = input._array.ndim
    if ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {ndim} dimensions")
    axis = dimension(dim, ndim)
    wide = input.float() if input._array.dtype.char == "e" else input  # a length may be too large for float16
    lengths = norm(wide, float(p), tuple(d for d in range(ndim) if d != axis), keepdim=True)
    return input * where(lengths > maxnorm, maxnorm / (lengths + 1e-7), 1.0).to(input.dtype)


@takes_tensors
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between x1 and x2 along `dim`: sum(x1 * x2) / (|x1| * |x2|), each length at least `eps`.

    >>> import autodiff as torch
    >>> torch.nn.functional.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000])
    """
    shapes = (x1._array.shape, x2._array.shape)
    if error := misfit("cosine_similarity", shapes):
        raise error
    dimension(dim, max(x1._array.ndim, x2._array.ndim))
    if not number("cosine_similarity", "eps", eps) >= 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps}")
    shape = np.broadcast_shapes(*shapes)
    dtype = promote_types(x1.dtype, x2.dtype)
    a, b = (converted(x, dtype).expand(shape) for x in (x1, x2))
    a, b = (x / _at_least(norm(x, 2, dim, keepdim=True), eps) for x in (a, b))
    return sum_(a * b, dim)


def _at_least(length: Tensor, eps: float) -> Tensor:
    """The length, or eps where it is less; the slope is the length's own all the same, as PyTorch has it."""
    if not (length._array < eps).any():
        return length
    kept = length.clone()
    with no_grad():
        kept.clamp_min_(eps)
    return kept


@takes_tensors
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps over the last dimension: the distance of each pair of rows.

    >>> import autodiff as torch
    >>> torch.nn.functional.pairwise_distance(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    if keepdim is not False:
        boolean("pairwise_distance", "keepdim", keepdim)
    if not isinstance(x2, Tensor):
        raise no_tensor("pairwise_distance", "x2", 2, x2)
    return norm(x1 - x2 + eps, float(p), -1, keepdim)


@takes_tensors
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distance of each pair of rows of a matrix (n, k): of row 0 to 1, 0 to 2, ..., 1 to 2, ....

    RuntimeError for other than two dimensions, for integers and a negative p.

    >>> import autodiff as torch
    >>> torch.pdist(torch.tensor([[0.0, 0.0], [3.0, 4.0], [3.0, 0.0]]))
    tensor([5., 3., 4.])
    """
    if input._array.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input._array.ndim}D")
    if input._array.dtype.kind != "f":
        raise RuntimeError(f"pdist only supports floating-point dtypes, not {input.dtype}; use input.float()")
    if not number("pdist", "p", p) >= 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = np.triu_indices(input._array.shape[0], 1)
    rows = [index_select(input, axis=0, places=at) for at in (first, second)]
    away = rows[0] - rows[1]
    return _counted(away) if p == 0 else norm(away, float(p), 1)
