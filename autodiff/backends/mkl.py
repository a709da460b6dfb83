"""Intel's library of linear algebra, which is not used here: NumPy brings its own."""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["is_available"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.mkl.is_available()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
