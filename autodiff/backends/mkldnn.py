"""Intel's library of layers, which is not used here. Its flags may be set, and change nothing.

>>> import autodiff as torch
>>> torch.backends.mkldnn.enabled = False
>>> torch.backends.mkldnn.enabled
False
>>> torch.backends.mkldnn.enabled = True
"""

from contextlib import AbstractContextManager
from typing import Any

from autodiff._core.missing import missing_name
from autodiff.backends._flags import during

__all__ = ["allow_tf32", "deterministic", "enabled", "flags", "is_available"]

enabled = True
deterministic = False
allow_tf32 = True


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.backends.mkldnn.is_available()
    False
    """
    return False


def flags(
    enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True, fp32_precision: str = "none"
) -> AbstractContextManager[None]:
    """A `with` block in which the flags are those given. `fp32_precision` is taken and not kept: it changes nothing here.

    >>> import autodiff as torch
    >>> with torch.backends.mkldnn.flags(enabled=False):
    ...     torch.backends.mkldnn.enabled
    False
    """
    return during(globals(), enabled=enabled, deterministic=deterministic, allow_tf32=allow_tf32)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
