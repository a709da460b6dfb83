"""Intel's GPU, which is not used here: programs that ask first run on the CPU.

>>> import autodiff as torch
>>> "xpu" if torch.xpu.is_available() else "cpu"
'cpu'
"""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.xpu.is_available()
    False
    """
    return False


def device_count() -> int:
    """Always 0.

    >>> import autodiff as torch
    >>> torch.xpu.device_count()
    0
    """
    return 0


def manual_seed(seed: int) -> None:
    """Nothing, as in PyTorch without such a GPU.

    >>> import autodiff as torch
    >>> torch.xpu.manual_seed(0)
    """


def seed() -> None:
    """Nothing, as in PyTorch without such a GPU.

    >>> import autodiff as torch
    >>> torch.xpu.seed()
    """


def empty_cache() -> None:
    """Nothing: there is no memory of a GPU.

    >>> import autodiff as torch
    >>> torch.xpu.empty_cache()
    """


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
