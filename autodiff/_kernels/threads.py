"""How many threads a large product uses. What they do is in `crew.pxi`.

A door that has much to do cuts it into parts of whole tiles, and every thread, the caller's too, takes the next
until none is left. A part computes its own rows in the order it would without threads, so the result is the same for
every number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Thread


def _cores() -> int:
    """The processor cores that this process may use (a container or `taskset` may allow fewer than there are)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def _allowed() -> int:
    """The threads that OMP_NUM_THREADS allows, as NumPy and PyTorch read it; without it as many as there are cores."""
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # OpenMP takes a list: one number for each level
    return int(first) if first.isdecimal() and 0 < int(first) < 2**31 else _cores()


_count = _allowed()


def get_num_threads() -> int:
    """How many threads a large matrix product is split over: OMP_NUM_THREADS, or as many as the process has cores.

    >>> import autodiff as torch
    >>> torch.get_num_threads() >= 1
    True
    """
    return _count


def set_num_threads(count: int) -> None:
    """Split large matrix products over `count` threads from now on; the results do not depend on it.

    TypeError if it is not an int, RuntimeError below 1, ValueError if it does not fit into a C int.

    >>> import autodiff as torch
    >>> before = torch.get_num_threads()
    >>> torch.set_num_threads(1)
    >>> torch.get_num_threads()
    1
    >>> torch.set_num_threads(before)
    """
    global _count
    if isinstance(count, bool) or not isinstance(count, int):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError(f"set_num_threads expects a positive integer, got {count}")
    if count >= 2**31:
        raise ValueError(f"set_num_threads expects an int of 32 bits, got {count}")
    _count = count


def start(work: Callable[[int], None], seat: int) -> bool:
    """Let a thread of its own do work(seat); False when there are no more threads to be had."""
    try:
        Thread(target=work, args=(seat,), name=f"autodiff-{seat}", daemon=True).start()
    except RuntimeError:
        return False  # the interpreter is shutting down, or the system has none left
    return True
