"""Random tensors: the distributions of random.py with PyTorch's names and signatures.

After this module a reader knows that a random tensor is a leaf like any other, and that the generator decides what comes next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.dtypes import as_numpy_dtype, from_numpy_dtype
from autodiff._core.errors import misfit, wrong_count
from autodiff._core.inplace import method
from autodiff._core.tensor import Tensor
from autodiff.api._calls import ends_of, number, size_of, takes_tensors, whole
from autodiff.api.fill import bernoulli_, highest_of, normal_, random_, stream_of, uniform_, within
from autodiff.api.reading import float_or_default, leaf
from autodiff.random import Generator


def _floating(dtype: Any, name: str) -> np.dtype[Any]:
    found = float_or_default(dtype)
    if found.kind != "f":
        raise NotImplementedError(f'"{name}" not implemented for {dtype}: the dtype must be a floating one')
    return found


def rand(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1), of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return leaf(stream_of(generator).uniform(size_of(sizes, size), _floating(dtype, "rand")), requires_grad, device)


def randn(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers, mean 0 and standard deviation 1, of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    return leaf(stream_of(generator).normal(size_of(sizes, size), _floating(dtype, "randn")), requires_grad, device)


def randint(
    *ends: Any,
    low: Any = None,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high), called as randint(low, high, size), or in [0, high), called as randint(high, size).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(0, 10, (3,))
    tensor([4, 9, 3])
    """
    if size is None and ends:
        ends, size = ends[:-1], ends[-1]
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            "randint() needs (high, size) or (low, high, size), the size a tuple such as (2, 3), and got "
            f"{(*ends, size)!r}, low={low!r}, high={high!r}"
        )
    low, high = ends_of("randint", ("low", "high"), ends, low, high)
    low, high = whole("randint", "low", 0 if low is None else low), whole("randint", "high", high)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    within("randint", found, low, high - 1)
    return leaf(stream_of(generator).randint(low, high, size_of((size,))).astype(found, copy=False), requires_grad, device)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 to n - 1 in random order.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    n = whole("randperm", "n", n)
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    if found.kind == "b":
        raise NotImplementedError('"randperm" not implemented for bools')
    if n - 1 > highest_of(found):
        raise RuntimeError(f"value {n - 1} cannot be converted to type {found} without overflow: not all numbers fit into it")
    return leaf(stream_of(generator).randperm(n).astype(found, copy=False), False, device)


def normal(
    mean: Any,
    std: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers: of the size given for numbers mean and std, or one per element where they are tensors (std is 1 then).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])
    """
    stream = stream_of(generator)
    if size is not None:
        if not isinstance(size, (tuple, list)):
            raise TypeError(f"normal(): argument 'size' (position 3) must be tuple of ints, not {type(size).__name__}")
        if std is None:
            raise wrong_count("normal", ("mean", "std", "size"), 2, ["std"])
        mean, std = float(number("normal", "mean", mean)), float(number("normal", "std", std))
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        values = stream.normal(size_of((size,)), _floating(dtype, "normal"), mean, std)
        return leaf(values, requires_grad, device)
    if dtype is not None or requires_grad:
        raise TypeError("normal(): dtype and requires_grad go with a size; tensors have the dtype of the result already")
    return leaf(_around(stream, mean, 1.0 if std is None else std))


def _around(stream: Generator, mean: Any, std: Any) -> Any:
    """Normal numbers, one for each element of mean and std, at least one of which is a tensor."""
    arrays = [x._array for x in (mean, std) if isinstance(x, Tensor)]
    if not arrays:
        raise TypeError("normal() needs a size when neither mean nor std is a tensor")
    found = arrays[0].dtype
    if found.kind != "f":
        raise NotImplementedError(f'"normal_kernel_cpu" not implemented for {from_numpy_dtype(found)}; convert with x.float()')
    if isinstance(std, Tensor):
        if not (std._array >= 0).all():
            raise RuntimeError("normal expects all elements of std >= 0.0")
        scale = std._array
    else:
        scale = found.type(number("normal", "std", std))
        if not scale >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    centre = mean._array if isinstance(mean, Tensor) else found.type(number("normal", "mean", mean))
    shapes = [a.shape for a in arrays]
    if wrong := misfit("normal", shapes):
        raise wrong
    return (stream.normal(np.broadcast_shapes(*shapes), found) * scale + centre).astype(found)


@method
@takes_tensors
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` gives (or `p`), else 0.

    >>> import autodiff as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f'"bernoulli" not implemented for {input.dtype}: the probabilities are floating')
    empty = leaf(np.empty(input._array.shape, input._array.dtype))
    return bernoulli_(empty, input.detach() if p is None else p, generator=generator)


@method
@takes_tensors
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """`num_samples` indices per row of weights, drawn in proportion to them; without replacement none twice.

    >>> import autodiff as torch
    >>> torch.multinomial(torch.tensor([0.0, 1.0]), 1)
    tensor([1])
    """
    array = input._array
    if array.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if array.dtype.kind != "f":
        raise RuntimeError("multinomial only supports floating-point dtypes for input, got: " + str(input.dtype))
    if whole("multinomial", "num_samples", num_samples) <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > array.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not np.isfinite(array).all() or (array < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (array.sum(-1) <= 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    return leaf(stream_of(generator).multinomial(array, num_samples, replacement))


@takes_tensors
def rand_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Uniform numbers in [0, 1) of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.rand_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    uniform_(found, generator=generator)
    return found.requires_grad_() if requires_grad else found


@takes_tensors
def randn_like(
    input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, generator: Generator | None = None
) -> Tensor:
    """Normal numbers of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randn_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    normal_(found, generator=generator)
    return found.requires_grad_() if requires_grad else found


@takes_tensors
def randint_like(
    input: Tensor,
    *_ends: int,
    low: int | None = None,
    high: int | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Whole numbers in [low, high), or in [0, high) where one is given, of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randint_like(torch.zeros(2, 3), 5).shape
    torch.Size([2, 3])
    """
    low, high = ends_of("randint_like", ("low", "high"), _ends, low, high)
    lo, hi = whole("randint_like", "low", 0 if low is None else low), whole("randint_like", "high", high)
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    random_(found, lo, hi)
    return found.requires_grad_() if requires_grad else found
