"""Apple's GPU, which is not used here."""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.mps.is_available()
    False
    """
    return False


def is_built() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.mps.is_built()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
