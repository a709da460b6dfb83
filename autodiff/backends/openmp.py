"""Threads by OpenMP, which are not used here: `torch.set_num_threads` says how many there are."""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["is_available"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.openmp.is_available()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
