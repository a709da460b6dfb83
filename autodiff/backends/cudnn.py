"""NVIDIA's library of layers, which is not used here. Its flags may be set, and change nothing, as in PyTorch on a CPU.

>>> import autodiff as torch
>>> torch.backends.cudnn.deterministic = True
>>> torch.backends.cudnn.deterministic
True
>>> torch.backends.cudnn.deterministic = False
"""

from contextlib import AbstractContextManager
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.backends._flags import during

__all__ = ["allow_tf32", "benchmark", "benchmark_limit", "deterministic", "enabled", "flags", "is_available", "version"]

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True


def flags(
    enabled: bool = False, benchmark: bool = False, benchmark_limit: int = 10, deterministic: bool = False,
    allow_tf32: bool = True, fp32_precision: str = "none",
) -> AbstractContextManager[None]:
    """A `with` block in which the flags are those given. `fp32_precision` is taken and not kept: it changes nothing here.

    >>> import autodiff as torch
    >>> with torch.backends.cudnn.flags(enabled=False):
    ...     torch.backends.cudnn.enabled
    False
    """
    return during(
        globals(), enabled=enabled, benchmark=benchmark, benchmark_limit=benchmark_limit, deterministic=deterministic,
        allow_tf32=allow_tf32,
    )


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
