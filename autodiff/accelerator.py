"""There is no accelerator here, and `torch.accelerator.is_available()` says so: programs that ask first run on the CPU.

>>> import autodiff as torch
>>> torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
'cpu'
"""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["current_accelerator", "device_count", "is_available"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.accelerator.is_available()
    False
    """
    return False


def device_count() -> int:
    """Always 0.

    >>> import autodiff as torch
    >>> torch.accelerator.device_count()
    0
    """
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """None, as in PyTorch where there is no accelerator.

    >>> import autodiff as torch
    >>> torch.accelerator.current_accelerator()
    """


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
