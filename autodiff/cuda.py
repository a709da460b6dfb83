"""There is no GPU here, and `torch.cuda.is_available()` says so: programs that ask first run on the CPU.

>>> import autodiff as torch
>>> "cuda" if torch.cuda.is_available() else "cpu"
'cpu'
"""

from typing import Any

from autodiff._core.missing import missing_name

__path__: list[str] = []  # so that `import torch.cuda.amp` is told what is said of PyTorch's modules: Python asks packages only

__all__ = ["device_count", "is_available", "manual_seed", "manual_seed_all"]


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.cuda.is_available()
    False
    """
    return False


def device_count() -> int:
    """Always 0.

    >>> import autodiff as torch
    >>> torch.cuda.device_count()
    0
    """
    return 0


def manual_seed(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.manual_seed(0)
    """


def manual_seed_all(seed: int) -> None:
    """Nothing, as in PyTorch without a GPU.

    >>> import autodiff as torch
    >>> torch.cuda.manual_seed_all(0)
    """


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
