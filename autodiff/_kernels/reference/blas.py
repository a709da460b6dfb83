"""NumPy's own threads: after reading it you know why a small product is computed by one, and by whom a large one is shared.

NumPy leaves products to a BLAS, which shares even small ones among all processors. Its threads wait for each other without
sleeping: with another program at work beside them, a product of 50 us takes many times as long. So the threads are counted as
in the compiled kernels: one below SPLIT, from there on as many as set_num_threads says.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from autodiff._kernels import threads

__all__ = ["threads_for"]

ALONE = 9216  # multiplications up to which OpenBLAS uses one thread of its own accord, for a matrix and a vector
SPLIT = 15_000_000  # from this on a product is worth several threads

_lock = Lock()
_inside = 0  # products that are being computed; several threads of the user's may be at it
_before: list[int] = []  # how many threads each library had before the first of them


@functools.cache
def _libraries() -> list[Any]:
    from threadpoolctl import ThreadpoolController  # takes as long as NumPy's import to find the libraries: only when needed

    return [library for library in ThreadpoolController().lib_controllers if library.user_api == "blas"]


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """Compute one product inside: NumPy's BLAS has the threads that it is worth, and afterwards those that it had before."""
    global _inside, _before
    if multiplications <= ALONE:
        yield
        return
    libraries = _libraries()
    with _lock:
        _inside += 1
        if _inside == 1:
            _before = [library.get_num_threads() for library in libraries]
            for library in libraries:
                library.set_num_threads(1 if multiplications < SPLIT else threads.get_num_threads())
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                for library, count in zip(libraries, _before, strict=True):
                    library.set_num_threads(count)
