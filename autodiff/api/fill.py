"""Filling in place as PyTorch's calls give it: copy_, fill_, zero_, and random numbers by uniform_, normal_ and others.

After this module a reader knows that filling a tensor cuts its old values off the graph: they no longer matter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.errors import misfit, no_operand
from autodiff._core.graph import renamed
from autodiff._core.inplace import check_writable, in_place, method
from autodiff._core.memory import memory_order
from autodiff._core.modes import silently
from autodiff._core.promotion import promoted_number
from autodiff._core.refusals import refusal
from autodiff._core.scalars import filling
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import boolean, number, whole
from autodiff.api._ends import begin, drawn_from, ends_of, within
from autodiff.ops.fill import copy, drawn, fill, zero
from autodiff.random import Generator, default_generator

_copy_, _fill_ = in_place(copy), in_place(fill)
_fill_number_ = in_place(renamed(fill, "FillBackward2"), uniform=True)
zero_ = method(in_place(zero, uniform=True))
_drawn_ = in_place(drawn, "random_")


@method
def copy_(self: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Copy `other`, a tensor or a number, into this tensor's memory, broadcast and cast; returns the tensor.

    >>> import autodiff as torch
    >>> torch.zeros(3).copy_(torch.tensor([1, 2, 3]))
    tensor([1., 2., 3.])
    """
    if non_blocking is not False:
        boolean("copy_", "non_blocking", non_blocking)
    if not isinstance(other, Tensor):
        if not isinstance(other, (int, float, np.generic)):
            raise no_operand("copy_", "other", 1, type(other).__name__)
        other = wrap(promoted_number(number("copy_", "other", other), self._array.dtype))
    return _copy_(self, other)


@method
def fill_(input: Tensor, value: Any) -> Tensor:
    """Set every element to `value`, a number or a 0-d tensor; returns the tensor.

    >>> import autodiff as torch
    >>> torch.zeros(2).fill_(7)
    tensor([7., 7.])
    """
    if isinstance(value, Tensor) and value._array.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions.")
    if not isinstance(value, Tensor):
        value = filling(number("fill_", "value", value), input._array.dtype)
    return _fill_(input, value) if isinstance(value, Tensor) else _fill_number_(input, value)


# ---- with random numbers ----


def stream_of(generator: Generator | None) -> Generator:
    """The generator given, or the one that manual_seed() sets."""
    if generator is not None and not isinstance(generator, Generator):
        raise TypeError(f"argument 'generator' must be a Generator, not {type(generator).__name__}")
    return default_generator if generator is None else generator


def floating_of(t: Tensor, name: str) -> np.dtype[Any]:
    dtype: np.dtype[Any] = t._array.dtype
    if dtype.kind != "f":
        kind = RuntimeError if name == "exponential_" else NotImplementedError
        raise kind(f'"{name}" not implemented for {t.dtype}: the tensor must be a floating one')
    return dtype


@method
def uniform_(
    self: Tensor, from_: float | None = None, /, to: float = 1, *, generator: Generator | None = None, **named: float
) -> Tensor:
    """Fill with uniform numbers in [from, to); returns the tensor.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(2).uniform_(0, 10)
    tensor([4.9626, 7.6822])
    """
    from_ = begin("uniform_", from_, named)
    lo, hi = number("uniform_", "from", 0 if from_ is None else from_), number("uniform_", "to", to)
    if not lo <= hi:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={lo} > to={hi}")
    dtype = floating_of(self, "uniform_")
    within("uniform_", dtype, lo, hi)
    if hi - lo > float(np.finfo(dtype).max):
        raise RuntimeError(f"uniform_ expects to-from <= the largest number of {self.dtype}, but found to={hi} and from={lo}")
    return filled(self, lambda stream, shape: stream.uniform(shape, dtype, lo, hi), generator)


def filled(t: Tensor, draw: Any, generator: Generator | None) -> Tensor:
    """Fill t with draw(stream, shape), in the order of its memory: a transposed tensor's is not that of its indices."""
    try:
        check_writable(t, "a random fill")  # before a number is drawn: a refused call leaves the stream where it was
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise
    order = memory_order(t._array.strides)
    drawn = silently(draw, stream_of(generator), tuple(t._array.shape[d] for d in order))
    return _drawn_(t, values=drawn.transpose(np.argsort(order)) if order else drawn)


@method
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
    dtype = floating_of(self, "normal_")
    blocks = self._array.flags.c_contiguous
    return filled(self, lambda stream, shape: stream.normal(shape, dtype, mean, std, blocks), generator)


@method
def log_normal_(self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers whose logarithm is normal; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).log_normal_() > 0).all())
    True
    """
    mean, std = number("log_normal_", "mean", mean), number("log_normal_", "std", std)
    if not std > 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    dtype = floating_of(self, "log_normal_")
    return filled(
        self,
        lambda stream, shape: np.exp(stream.normal(shape, np.float64, mean, std, contiguous=False)).astype(dtype),
        generator,
    )


@method
def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Fill with exponential numbers of the rate given; returns the tensor.

    >>> import autodiff as torch
    >>> bool((torch.empty(5).exponential_() >= 0).all())
    True
    """
    if not number("exponential_", "lambd", lambd) > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    dtype = floating_of(self, "exponential_")
    return filled(self, lambda stream, shape: stream.exponential(shape, dtype, lambd), generator)


def _probabilities(array: Any) -> None:
    if array.dtype.kind != "f" or not ((array >= 0) & (array <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, in a floating point tensor.")


@method
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
        return filled(self, lambda stream, shape: stream.uniform(shape, chances.dtype) < chances, generator)
    if not 0 <= number("bernoulli_", "p", p) <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")
    return filled(self, lambda stream, shape: stream.bernoulli(p, shape), generator)


@method
def random_(
    self: Tensor, *_ends: int | None, to: int | None = None, generator: Generator | None = None, **named: int
) -> Tensor:
    """Fill with whole numbers: random_(to) in [0, to), random_(from, to) in [from, to); returns the tensor.

    Without `to` up to the largest whole number that the dtype holds without a gap: random_(), random_(from, None).

    >>> import autodiff as torch
    >>> bool((torch.empty(5).random_(0, 3) < 3).all())
    True
    """
    low, dtype = begin("random_", None, named), self._array.dtype
    whole_dtype = not _ends and not named and to is None
    if whole_dtype:
        low, high = 0, highest_of(dtype) + 1
    elif len(_ends) == 2 and _ends[1] is None and low is to is None:
        low, high = _ends[0], highest_of(dtype) + 1
    else:
        low, high = ends_of("random_", ("from", "to"), _ends, low, to)
    low, high = whole("random_", "from", 0 if low is None else low), whole("random_", "to", high)
    if not whole_dtype:
        low, high = drawn_from("random_", dtype, low, high)
    # PyTorch draws the whole of a dtype of 32 bits from 32 bits, and a part of it that is as wide from 64.
    bits = 32 if whole_dtype and dtype.itemsize < 8 else None
    return filled(self, lambda stream, shape: stream.randint(low, high, shape, bits), generator)


def highest_of(dtype: Any) -> int:
    """The highest of the whole numbers that a dtype holds without a gap."""
    limits = {"float16": 2**11, "float32": 2**24, "float64": 2**53, "bool": 1}
    return limits[dtype.name] if dtype.name in limits else int(np.iinfo(dtype).max)
