"""NVIDIA's library of layers, which is not used here. Its flags may be set, and change nothing, as in PyTorch on a CPU.

>>> import autodiff as torch
>>> torch.backends.cudnn.deterministic = True
>>> torch.backends.cudnn.deterministic
True
>>> torch.backends.cudnn.deterministic = False
"""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.cudnn.is_available()
    False
    """
    return False


def version() -> None:
    """None: there is no cuDNN.

    >>> import autodiff as torch
    >>> torch.backends.cudnn.version()
    """


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
