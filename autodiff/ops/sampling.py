"""Random tensors: the distributions of random.py with PyTorch's names and signatures.

After this module a reader knows that a random tensor is a leaf like any other, and that filling one in place cuts its
gradient off: the old values no longer matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.arguments import number, takes_tensors, whole
from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.errors import misfit
from autodiff._core.graph import flat, primitive
from autodiff._core.inplace import _check, in_place
from autodiff._core.memory import memory_order
from autodiff._core.tensor import Tensor
from autodiff.ops.creation import _float, leaf, size_of
from autodiff.random import Generator, default_generator

__all__ = [
    "bernoulli",
    "bernoulli_",
    "exponential_",
    "log_normal_",
    "multinomial",
    "normal",
    "normal_",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "random_",
    "randperm",
    "uniform_",
]


def _stream(generator: Generator | None) -> Generator:
    return default_generator if generator is None else generator


def _floating(dtype: Any, name: str) -> np.dtype[Any]:
    found = _float(dtype)
    if found.kind != "f":
        raise RuntimeError(f'"{name}" not implemented for {dtype}: the dtype must be a floating one')
    return found


def rand(*sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
         requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1), of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return leaf(_stream(generator).uniform(size_of(sizes, size), _floating(dtype, "rand")), requires_grad, device)


def randn(*sizes: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, device: Any = None,
          requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal numbers, mean 0 and standard deviation 1, of the size given.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randn(2)
    tensor([ 1.5410, -0.2934])
    """
    return leaf(_stream(generator).normal(size_of(sizes, size), _floating(dtype, "randn")), requires_grad, device)


def randint(low: Any = None, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
            device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Whole numbers in [low, high), or in [0, high) when called as randint(high, size).

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(0, 10, (3,))
    tensor([4, 9, 3])
    """
    if size is None:
        high, size = None, high
    if high is None:
        low, high = None, low
    if low is None:
        low = 0
    if high is None or not isinstance(size, (tuple, list)):
        raise TypeError(
            "randint() needs (high, size) or (low, high, size), the size a tuple such as (2, 3), and got "
            f"low={low!r}, high={high!r}, size={size!r}"
        )
    low, high = whole("randint", "low", low), whole("randint", "high", high)
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    found = as_numpy_dtype(dtype) or np.dtype(np.int64)
    _within(found, low, high)
    return leaf(_stream(generator).randint(low, high, size_of((size,))).astype(found, copy=False), requires_grad, device)


def _within(dtype: Any, low: int, high: int) -> None:
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= low < high <= np.iinfo(dtype).max + 1:
        raise RuntimeError(f"the numbers {low} to {high - 1} do not fit into {dtype}: one of them is out of bounds")


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
    return leaf(_stream(generator).randperm(n).astype(as_numpy_dtype(dtype) or np.int64, copy=False), False, device)


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
           device: Any = None, requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Normal numbers: of the size given for numbers mean and std, or one per element where they are tensors.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(10.0, 1.0, (2,))
    tensor([11.5410,  9.7066])
    """
    stream = _stream(generator)
    if size is not None:
        mean, std = float(number("normal", "mean", mean)), float(number("normal", "std", std))
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        values = stream.normal(size_of((size,)), _floating(dtype, "normal"), mean, std)
        return leaf(values, requires_grad, device)
    arrays = [x._array if isinstance(x, Tensor) else None for x in (mean, std)]
    if arrays[0] is None and arrays[1] is None:
        raise TypeError("normal() needs a size when neither mean nor std is a tensor")
    if arrays[1] is not None and (arrays[1] < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = np.broadcast_shapes(*(a.shape for a in arrays if a is not None))
    found = next(a.dtype for a in arrays if a is not None)
    unit = stream.normal(shape, found)
    scale = arrays[1] if arrays[1] is not None else found.type(std)
    centre = arrays[0] if arrays[0] is not None else found.type(mean)
    return leaf((unit * scale + centre).astype(found))


@takes_tensors
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` gives (or `p`), else 0.

    >>> import autodiff as torch
    >>> torch.bernoulli(torch.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    empty = leaf(np.empty(input._array.shape, input._array.dtype))
    return bernoulli_(empty, input.detach() if p is None else p, generator=generator)


def _probabilities(array: Any) -> None:
    if array.dtype.kind != "f" or not ((array >= 0) & (array <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, in a floating point tensor.")


@takes_tensors
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *,
                generator: Generator | None = None) -> Tensor:  # fmt: skip
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
    return leaf(_stream(generator).multinomial(array, num_samples, replacement))


@takes_tensors
def rand_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
              generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1) of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.rand_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    uniform_(found, generator=generator)
    return found.requires_grad_() if requires_grad else found


@takes_tensors
def randn_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
               generator: Generator | None = None) -> Tensor:  # fmt: skip
    """Normal numbers of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randn_like(torch.zeros(2, 3)).shape
    torch.Size([2, 3])
    """
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    normal_(found, generator=generator)
    return found.requires_grad_() if requires_grad else found


@takes_tensors
def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, device: Any = None,
                 requires_grad: bool = False) -> Tensor:  # fmt: skip
    """Whole numbers in [low, high), or [0, low), of the size and dtype of `input`.

    >>> import autodiff as torch
    >>> torch.randint_like(torch.zeros(2, 3), 5).shape
    torch.Size([2, 3])
    """
    lo, hi = (0, low) if high is None else (low, high)
    found = leaf(np.empty_like(input._array, as_numpy_dtype(dtype)), False, device)
    _within(found._array.dtype, lo, hi)
    random_(found, whole("randint_like", "low", lo), whole("randint_like", "high", hi))
    return found.requires_grad_() if requires_grad else found


# ---- in place ----


@primitive(flat, name="Random")
def drawn(x: Any, *, values: Any) -> Any:
    """The values that were drawn, in place of x: they do not depend on it."""
    return values.astype(x.dtype, copy=False)


_fill = in_place(drawn, "random_")


def _numbers(t: Tensor, name: str) -> np.dtype[Any]:
    dtype = t._array.dtype
    if dtype.kind != "f":
        raise RuntimeError(f'"{name}" not implemented for {t.dtype}: the tensor must be a floating one')
    return dtype  # type: ignore[no-any-return]


def uniform_(self: Tensor, a: float = 0, b: float = 1, *, generator: Generator | None = None, **ends: float) -> Tensor:
    """Fill with uniform numbers in [from, to); returns the tensor.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(2).uniform_(0, 10)
    tensor([4.9626, 7.6822])
    """
    lo, hi = number("uniform_", "from", ends.get("from", a)), number("uniform_", "to", ends.get("to", b))
    if not lo <= hi:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={lo} > to={hi}")
    dtype = _numbers(self, "uniform_")
    return _draw(self, lambda stream, shape: stream.uniform(shape, dtype, lo, hi), generator)


def _draw(t: Tensor, draw: Any, generator: Generator | None) -> Tensor:
    """Fill t with draw(stream, shape), in the order of its memory: a transposed tensor's is not that of its indices."""
    _check(t, "a random fill")  # before a number is drawn: a refused call leaves the stream where it was
    order = memory_order(t._array.strides)
    drawn = draw(_stream(generator), tuple(t._array.shape[d] for d in order))
    result: Tensor = _fill(t, values=drawn.transpose(np.argsort(order)) if order else drawn)
    return result


def normal_(self: Tensor, mean: float = 0, std: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with normal numbers; returns the tensor.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(2).normal_()
    tensor([ 1.5410, -0.2934])
    """
    mean, std = number("normal_", "mean", mean), number("normal_", "std", std)
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    dtype = _numbers(self, "normal_")
    blocks = self._array.flags.c_contiguous
    return _draw(self, lambda stream, shape: stream.normal(shape, dtype, mean, std, blocks), generator)


def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers whose logarithm is normal; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).log_normal_() > 0).all())
    True
    """
    mean, std = number("log_normal_", "mean", mean), number("log_normal_", "std", std)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    dtype = _numbers(self, "log_normal_")
    return _draw(
        self,
        lambda stream, shape: np.exp(stream.normal(shape, np.float64, mean, std, contiguous=False)).astype(dtype),
        generator,
    )


def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponential numbers of the rate given; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).exponential_() >= 0).all())
    True
    """
    if not number("exponential_", "lambd", lambd) > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    dtype = _numbers(self, "exponential_")
    return _draw(self, lambda stream, shape: stream.exponential(shape, dtype, lambd), generator)


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill with 1 with probability p (a number or a tensor), else 0; returns the tensor.

    >>> import autodiff as torch
    >>> torch.empty(2).bernoulli_(1.0)
    tensor([1., 1.])
    """
    if isinstance(p, Tensor):
        _probabilities(p._array)
        if found := misfit("bernoulli_", (self._array.shape, p._array.shape)):
            raise found
        chances = np.broadcast_to(p._array, self._array.shape)
        chances = chances.transpose(memory_order(self._array.strides))
        return _draw(self, lambda stream, shape: stream.uniform(shape, chances.dtype) < chances, generator)
    if not 0 <= number("bernoulli_", "p", p) <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    return _draw(self, lambda stream, shape: stream.bernoulli(p, shape), generator)


def random_(self: Tensor, a: int | None = None, b: int | None = None, *, generator: Generator | None = None,
            **ends: int) -> Tensor:  # fmt: skip
    """Fill with whole numbers: in [from, to), in [0, to), or in all of the dtype's range; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).random_(0, 3) < 3).all())
    True
    """
    first, second = ends.get("from", a), ends.get("to", b)
    dtype = self._array.dtype
    if first is None and second is None:
        limits = {"float16": 2**11 + 1, "float32": 2**24 + 1, "float64": 2**53 + 1, "bool": 2}
        lo, hi = 0, limits[dtype.name] if dtype.name in limits else int(np.iinfo(dtype).max)
    else:
        lo, hi = (0, first) if second is None else (first or 0, second)  # type: ignore[assignment]
    if lo >= hi:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={lo} >= to={hi}")
    return _draw(self, lambda stream, shape: stream.randint(lo, hi, shape), generator)
