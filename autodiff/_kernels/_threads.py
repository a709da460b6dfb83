"""The thread pool: after reading it you know how one large product uses several processor cores.

A door that has much to do cuts it into parts and calls `run`. The caller works on the first part, the
pool's threads on the others. Every part computes its own rows in the order it would without threads, so
the result is the same for every number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any


def _cores() -> int:
    """The processor cores that this process may use (a container or `taskset` may allow fewer than there are)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


_count = _cores()
_pool: Any = None  # a ThreadPoolExecutor, from the first large product on
_lock = Lock()


def get_num_threads() -> int:
    """How many threads a large matrix product is split over.

    >>> import autodiff as torch
    >>> torch.get_num_threads() >= 1
    True
    """
    return _count


def set_num_threads(count: int) -> None:
    """Split large matrix products over `count` threads from now on; the results do not depend on it.

    TypeError for what is no int, RuntimeError for less than 1.

    >>> import autodiff as torch
    >>> before = torch.get_num_threads()
    >>> torch.set_num_threads(1)
    >>> torch.get_num_threads()
    1
    >>> torch.set_num_threads(before)
    """
    global _count, _pool
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {count}")
    with _lock:
        if count != _count and _pool is not None:
            _pool.shutdown(wait=False)
            _pool = None
        _count = count


def run(work: Callable[[int, int], None], parts: Sequence[tuple[int, int]]) -> None:
    """Call work(start, stop) for every part at the same time; raise what one of them raised."""
    global _pool
    futures: list[Any] = []
    rest = list(parts[1:])
    with _lock:
        try:
            if _pool is None:
                from concurrent.futures import ThreadPoolExecutor  # here: most programs never need it

                _pool = ThreadPoolExecutor(max(1, _count - 1), thread_name_prefix="autodiff")
            while rest:
                futures.append(_pool.submit(work, *rest[0]))
                del rest[0]
        except (ImportError, RuntimeError):
            pass  # no new threads: the interpreter is shutting down, or the system has none left
    try:
        for part in (parts[0], *rest):
            work(*part)
    finally:
        # An interrupt must not leave threads behind that still write: each has to end before the error goes on.
        failed = [future.exception() for future in futures]
    for error in failed:
        if error is not None:
            raise error


def _forget() -> None:
    """In a forked child the pool's threads do not exist: start anew."""
    global _pool, _lock
    _pool, _lock = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
