"""PyTorch's stream of random numbers, so that a seeded program prints PyTorch's numbers.

After this module a reader knows that all randomness is one sequence of 32-bit integers, the Mersenne Twister MT19937, and
how each distribution is made from it: a uniform number from the low 24 or 53 bits, a normal one from two
uniform ones (Box and Muller), a permutation from one integer per element.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from autodiff import _generator_state, _kernels
from autodiff._core.missing import missing_name
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.types import device, on_cpu

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]

_Array = np.ndarray[Any, Any]


class Generator:
    """A stream of random numbers of its own: `manual_seed` starts it again, `get_state` and `set_state` save and restore it.

    >>> import autodiff as torch
    >>> g = torch.Generator().manual_seed(0)
    >>> torch.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    _stream: Any  # NumPy's MT19937, None until it is needed

    def __init__(self, device: Any = "cpu") -> None:
        on_cpu(device)
        self._lock = threading.RLock()
        self.manual_seed(67280421310721)  # PyTorch's default seed

    @property
    def _twister(self) -> Any:
        # Made when the first number is drawn: NumPy's generators take longer to import than all of this package's modules.
        if self._stream is None:
            self._stream = np.random.MT19937()
            # RandomState seeds the twister as its authors' init_genrand does, and as PyTorch does.
            self._stream.state = np.random.RandomState(self._seed & 0xFFFFFFFF).get_state(legacy=False)
        return self._stream

    @property
    def device(self) -> Any:
        """Always the CPU."""
        return device("cpu")

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to `seed`; returns the generator."""
        if isinstance(seed, Tensor):
            seed = seed.item()
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(f"Overflow when unpacking long long: the seed {number} does not fit into 64 bits")
        with self._lock:
            self._seed = number % 2**64
            self._stream = None
            self._normal: float | None = None  # the sine of the last pair, not yet used
        return self

    def seed(self) -> int:
        """Start a stream that nobody can foresee; returns its seed."""
        self.manual_seed(int.from_bytes(os.urandom(7), "little") >> 3)
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the stream was started with."""
        return self._seed

    def get_state(self) -> Tensor:
        """The place in the stream, as a tensor of PyTorch's 5056 bytes, for `set_state` here and there."""
        with self._lock:
            state = self._twister.state["state"]
            return wrap(_generator_state.written(self._seed, state["key"], state["pos"], self._normal))

    def set_state(self, new_state: Tensor) -> Generator:
        """Go to a place in the stream that `get_state` gave, here or in PyTorch; returns the generator."""
        if not isinstance(new_state, Tensor) or new_state._array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor: what get_state() returned")
        seed, key, position, normal = _generator_state.read(new_state._array.tobytes())
        with self._lock:
            self._seed, self._normal = seed, normal
            self._twister.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        return self

    def clone_state(self) -> Generator:
        """A new generator at the same place in the stream."""
        return Generator().set_state(self.get_state())

    def __getstate__(self) -> Any:
        return self.get_state()._array

    def __setstate__(self, state: Any) -> None:
        self._lock = threading.RLock()
        self._seed, self._stream = 0, None
        self.set_state(wrap(state))

    # ---- the distributions, as arrays ----

    def _raw32(self, n: int) -> _Array:
        return np.asarray(self._twister.random_raw(n), np.uint64)

    def _raw64(self, n: int) -> _Array:
        pairs = self._raw32(2 * n)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def random64(self) -> int:
        """One 64-bit integer."""
        with self._lock:
            return int(self._raw64(1)[0])

    def _uniform53(self, n: int) -> _Array:
        return (self._raw64(n) & np.uint64(2**53 - 1)) * 2.0**-53

    def _uniform(self, n: int, dtype: np.dtype[Any]) -> _Array:
        if dtype == np.float64:
            return self._uniform53(n)
        return (self._raw32(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2.0**-24)

    def uniform(self, shape: tuple[int, ...], dtype: Any, lo: float = 0.0, hi: float = 1.0) -> _Array:
        """Uniform numbers in [lo, hi) of a floating NumPy dtype."""
        dtype = np.dtype(dtype)
        with self._lock:
            u = self._uniform(math.prod(shape), dtype)
        if (lo, hi) != (0.0, 1.0):
            if dtype == np.float64:
                u = u * (hi - lo) + lo
            else:  # PyTorch's compiler fuses the product and the sum: one rounding
                low, high = np.float32(lo), np.float32(hi)
                u = (u.astype(np.float64) * np.float64(high - low) + np.float64(low)).astype(np.float32)
        return u.astype(dtype, copy=False).reshape(shape)

    def normal(
        self, shape: tuple[int, ...], dtype: Any, mean: float = 0.0, std: float = 1.0, contiguous: bool = True
    ) -> _Array:
        """Normal numbers of a floating NumPy dtype: a pair at a time; 16 and more for contiguous memory in blocks of 16."""
        dtype = np.dtype(dtype)
        n = math.prod(shape)
        with self._lock:
            if n < 16 or not contiguous:
                values = np.array([self.one_normal() * std + mean for _ in range(n)], np.float64)
            else:
                values = self._normal_blocks(n, dtype, mean, std)
        return values.astype(dtype).reshape(shape)

    def one_normal(self) -> float:
        """One normal number in double; every second one was kept from the pair before."""
        if self._normal is not None:
            kept, self._normal = self._normal, None
            return kept
        return self._first_of_pair(*self._uniform53(2).tolist())

    def _first_of_pair(self, u1: float, u2: float) -> float:
        radius = math.sqrt(-2.0 * math.log1p(-u2))
        angle = 2.0 * math.pi * u1
        self._normal = radius * math.sin(angle)
        return radius * math.cos(angle)

    def _normal_blocks(self, n: int, dtype: np.dtype[Any], mean: float, std: float) -> _Array:
        kind = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        whole = n - n % 16
        u = self._uniform(whole if dtype == np.float16 else n, kind)  # PyTorch draws those of float16 block by block
        values = np.empty(n, kind)
        values[:whole] = _box_muller(u[:whole].reshape(-1, 16), mean, std).reshape(-1)
        if n % 16:  # the last 16 are drawn again
            values[-16:] = _box_muller(self._uniform(16, kind).reshape(1, 16), mean, std).reshape(-1)
        return values

    def randint(self, lo: int, hi: int, shape: tuple[int, ...], bits: int | None = None) -> _Array:
        """Whole numbers in [lo, hi) as int64, each from 32 or 64 bits: those that PyTorch takes, where it is not said."""
        n, span = math.prod(shape), hi - lo
        with self._lock:
            raw = self._raw32(n) if bits == 32 or (bits is None and span < 2**28) else self._raw64(n)
        if span == 2**64:
            return raw.astype(np.int64).reshape(shape)
        return ((raw % np.uint64(span)).astype(np.int64) + lo).reshape(shape)

    def randperm(self, n: int) -> _Array:
        """The numbers 0 to n - 1 in random order (Fisher and Yates), as int64."""
        with self._lock:
            raw = self._raw32(max(n - 1, 0))
        first = np.arange(max(n - 1, 0), dtype=np.int64)
        return _kernels.exchanged(first + raw.astype(np.int64) % (n - first), n)

    def bernoulli(self, p: float, shape: tuple[int, ...]) -> _Array:
        """True with probability p, as bools."""
        with self._lock:
            return (self._uniform53(math.prod(shape)) < p).reshape(shape)

    def exponential(self, shape: tuple[int, ...], dtype: Any, rate: float = 1.0) -> _Array:
        """Exponential numbers: -log(1 - u) / rate."""
        with self._lock:
            u = self._uniform53(math.prod(shape))
        return (-np.log1p(-u) / rate).astype(dtype).reshape(shape)

    def multinomial(self, weights: _Array, num_samples: int, replacement: bool = False) -> _Array:
        """Column numbers of `weights` (1-d or 2-d), drawn in proportion to the weights, as int64."""
        rows = np.atleast_2d(weights)
        if not replacement or num_samples == 1:
            q = self.exponential(rows.shape, rows.dtype)
            with np.errstate(divide="ignore", invalid="ignore"):
                order = np.argsort(-(rows / q), axis=1, kind="stable")
            drawn = order[:, :num_samples]
        else:
            sums = np.cumsum(rows, axis=1)
            sums = sums / sums[:, -1:]
            with self._lock:
                u = self._uniform53(len(rows) * num_samples).reshape(len(rows), num_samples)
            drawn = np.array([np.searchsorted(s, x) for s, x in zip(sums, u, strict=True)])
        return drawn.astype(np.int64).reshape(*weights.shape[:-1], num_samples)


def _box_muller(u: _Array, mean: float, std: float) -> _Array:
    """Blocks of 16 uniform numbers as blocks of 16 normal ones."""
    kind = u.dtype.type
    radius = np.sqrt(kind(-2.0) * np.log(kind(1.0) - u[:, :8]))
    angle = kind(2.0 * math.pi) * u[:, 8:]
    unit = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return unit * kind(std) + kind(mean)  # type: ignore[no-any-return]


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: int) -> Generator:
    """Start the default stream that belongs to `seed`; the numbers that follow are PyTorch's.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Start the default stream at a place that nobody can foresee; returns the seed.

    >>> import autodiff as torch
    >>> torch.seed() == torch.initial_seed()
    True
    """
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default stream was started with.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(3)
    >>> torch.initial_seed()
    3
    """
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The place in the default stream, for `set_rng_state`.

    >>> import autodiff as torch
    >>> state = torch.get_rng_state()
    >>> a = torch.rand(2)
    >>> torch.set_rng_state(state)
    >>> torch.equal(a, torch.rand(2))
    True
    """
    return default_generator.get_state()


@at_the_door
def set_rng_state(new_state: Tensor) -> None:
    """Go to a place in the default stream that `get_rng_state` gave.

    >>> import autodiff as torch
    >>> torch.set_rng_state(torch.get_rng_state())
    """
    default_generator.set_state(new_state)


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, _caller: str = "", _devices_kw: str = "", device_type: str = "cuda"
) -> Iterator[None]:
    """A block after which the default stream goes on where it was before it.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> with torch.random.fork_rng():
    ...     _ = torch.rand(5)
    >>> torch.rand(1)
    tensor([0.4963])
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
