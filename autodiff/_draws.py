"""Random numbers that are drawn by trial: gamma, Poisson and binomial ones, each from as many uniform numbers as it takes.

After this module a reader knows what rejection is: propose a number from a distribution that is easy to draw from, and keep it
with the probability that makes the kept ones right. The order of the draws is PyTorch's, so that the numbers are, too. How
many uniform numbers it takes is known only afterwards: they are drawn ahead in blocks, and the stream is set back to the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autodiff.random import Generator

__all__ = ["binomial", "cauchy", "dirichlet", "geometric", "poisson", "standard_gamma"]

_Array = np.ndarray[Any, Any]


class _Source:
    """Uniform and normal numbers of a stream, one at a time."""

    def __init__(self, stream: Generator) -> None:
        self._stream = stream

    def uniform(self) -> float:
        return (self._stream.random64() & (2**53 - 1)) * 2.0**-53

    def normal(self) -> float:
        return self._stream.one_normal()

    def give_back(self) -> None:
        """Set the stream to behind the last number that was used."""


class _Ahead(_Source):
    """The same, drawn in blocks: ten times as fast where there are many."""

    _block = 2**10
    _state: Any = None
    _numbers: Iterator[float] = iter(())

    def uniform(self) -> float:
        number = next(self._numbers, None)
        if number is None:
            self._state = self._stream._twister.state
            self._numbers = iter(self._stream._uniform53(self._block).tolist())
            number = next(self._numbers)
        return number

    def normal(self) -> float:
        stream = self._stream
        return stream.one_normal() if stream._normal is not None else stream._first_of_pair(self.uniform(), self.uniform())

    def give_back(self) -> None:
        if self._state is not None:
            twister, used = self._stream._twister, self._block - len(list(self._numbers))
            twister.state = self._state
            twister.random_raw(2 * used, output=False)


_CHUNK = 2**16  # so many numbers are Python objects at a time


def _each(stream: Generator, one: Callable[..., float], *arrays: _Array) -> _Array:
    """one(source, *numbers) for the elements of arrays of one shape, in their order, in double."""
    n = arrays[0].size
    with stream._lock:
        source = _Source(stream) if n < 32 else _Ahead(stream)
        try:
            if n <= _CHUNK:
                columns = [a.astype(np.float64).reshape(-1).tolist() for a in arrays]
                found = np.array([one(source, *numbers) for numbers in zip(*columns, strict=True)], np.float64)
            else:
                found = np.empty(n)
                for at in range(0, n, _CHUNK):
                    columns = [a.flat[at : at + _CHUNK].astype(np.float64).tolist() for a in arrays]
                    found[at : at + _CHUNK] = [one(source, *numbers) for numbers in zip(*columns, strict=True)]
        finally:
            source.give_back()
    return found.reshape(arrays[0].shape)


# A third as PyTorch writes it, in single precision: the numbers that are drawn depend on it in their eighth digit.
_THIRD = float(np.float32(1.0) / np.float32(3.0))


def _one_gamma(source: _Source, alpha: float) -> float:
    """Marsaglia and Tsang, A simple method for generating gamma variables, 2000."""
    scale = 1.0
    if alpha < 1.0:  # a number for alpha + 1, shrunk
        if alpha == 0.0:
            return 0.0
        scale = (1.0 - source.uniform()) ** (1.0 / alpha)
        alpha += 1.0
    d = alpha - _THIRD
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        y = 0.0
        while y <= 0.0:
            x = source.normal()
            y = 1.0 + c * x
        v = y * y * y
        u = 1.0 - source.uniform()
        xx = x * x
        if u < 1.0 - 0.0331 * xx * xx or math.log(u) < 0.5 * xx + d * (1.0 - v + math.log(v)):
            return scale * d * v


def standard_gamma(stream: Generator, alpha: _Array) -> _Array:
    """A gamma number of rate 1 for each shape parameter, at least the smallest normal number of the dtype."""
    drawn = _each(stream, _one_gamma, alpha)
    return np.asarray(np.maximum(drawn.astype(alpha.dtype), np.finfo(alpha.dtype).tiny))


def dirichlet(stream: Generator, alpha: _Array) -> _Array:
    """A point whose coordinates, in the last dimension, sum to 1: gamma numbers, divided by their sum."""
    # Those of a tiny alpha may all be 0, and their shares 0 / 0.
    gamma = np.maximum(_each(stream, _one_gamma, alpha), np.finfo(np.float64).tiny)
    found = (gamma / gamma.sum(-1, keepdims=True)).astype(alpha.dtype)
    one, zero = alpha.dtype.type(1), alpha.dtype.type(0)
    return np.asarray(np.clip(found, np.finfo(alpha.dtype).tiny, np.nextafter(one, zero)))


def _one_poisson(source: _Source, rate: float) -> float:
    if rate > 1e300:  # its logarithms would not fit
        return rate
    if rate >= 10.0:
        return _poisson_by_rejection(source, rate)
    if rate == 0.0:
        return 0.0
    # Multiply uniform numbers until the product is below exp(-rate) (Knuth).
    least, product, k = math.exp(-rate), 1.0, 0
    while True:
        product *= source.uniform()
        if not product > least:  # so that a rate of nan ends it
            return float(k)
        k += 1


def _poisson_by_rejection(source: _Source, rate: float) -> float:
    """Hoermann, The transformed rejection method for generating Poisson random variables (PTRS), 1993."""
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = source.uniform() - 0.5
        v = source.uniform()
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= v_r:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        proposed = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if proposed <= -rate + k * math.log(rate) - math.lgamma(k + 1.0):
            return float(k)


def poisson(stream: Generator, rate: _Array) -> _Array:
    """How many events happen, for each expected number of them."""
    drawn = _each(stream, _one_poisson, rate)
    with np.errstate(over="ignore"):
        return drawn.astype(rate.dtype)


def _one_binomial(source: _Source, count: float, prob: float) -> float:
    if not count > 0.0 or not prob > 0.0:
        return 0.0
    if count > 1e300:
        return count * prob
    if prob >= 1.0:
        return count
    if prob > 0.5:
        return count - _one_binomial_of_half(source, count, 1.0 - prob)
    return _one_binomial_of_half(source, count, prob)


def _one_binomial_of_half(source: _Source, count: float, prob: float) -> float:
    if count * prob >= 10.0:
        return _binomial_by_rejection(source, count, prob)
    # The waiting times between successes are geometric: count how many of them fit.
    log_failure, total, successes = math.log1p(-prob), 0.0, 0.0
    while True:
        u = source.uniform()
        waiting = math.log(u) / log_failure if u > 0.0 and log_failure < 0.0 else math.inf
        total += math.ceil(waiting) if waiting < math.inf else waiting
        if total > count:
            return successes
        successes += 1.0


_STIRLING = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
    0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287,
)


def _stirling_tail(k: float) -> float:
    """log(k!) less Stirling's approximation of it."""
    if k <= 9:
        return _STIRLING[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square) / (k + 1.0)


def _binomial_by_rejection(source: _Source, count: float, prob: float) -> float:
    """Hoermann, The generation of binomial random variates (BTRS), 1993."""
    deviation = math.sqrt(count * prob * (1.0 - prob))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * prob
    c = count * prob + 0.5
    v_r = 0.92 - 4.2 / b
    r = prob / (1.0 - prob)
    alpha = (2.83 + 5.1 / b) * deviation
    m = math.floor((count + 1.0) * prob)
    while True:
        u = source.uniform() - 0.5
        v = source.uniform()
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + c)
        if us >= 0.07 and v <= v_r:
            return float(k)
        if k < 0 or k > count:
            continue
        bound = (
            (m + 0.5) * math.log((m + 1.0) / (r * (count - m + 1.0)))
            + (count + 1.0) * math.log((count - m + 1.0) / (count - k + 1.0))
            + (k + 0.5) * math.log(r * (count - k + 1.0) / (k + 1.0))
            + _stirling_tail(m) + _stirling_tail(count - m) - _stirling_tail(k) - _stirling_tail(count - k)
        )
        if math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def binomial(stream: Generator, count: _Array, prob: _Array) -> _Array:
    """How many of `count` trials succeed, each with the chance `prob`; both have one shape."""
    return _each(stream, _one_binomial, count, prob).astype(count.dtype)


def cauchy(stream: Generator, shape: tuple[int, ...], median: float, sigma: float) -> _Array:
    """median + sigma * tan(pi * (u - 1/2)), in double."""
    u = np.clip(stream.uniform(shape, np.float64), np.finfo(np.float64).eps, 1.0 - np.finfo(np.float64).eps)
    return median + sigma * np.tan(math.pi * (u - 0.5))


def geometric(stream: Generator, shape: tuple[int, ...], p: float) -> _Array:
    """How many trials it takes until one succeeds: log(u) / log(1 - p), rounded up, in double."""
    with np.errstate(divide="ignore"):
        return np.ceil(np.log(stream.uniform(shape, np.float64)) / math.log1p(-p))
