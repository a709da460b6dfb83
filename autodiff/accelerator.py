"""There is no accelerator here, and `torch.accelerator.is_available()` says so: programs that ask first run on the CPU.

>>> import autodiff as torch
>>> torch.accelerator.current_accelerator() if torch.accelerator.is_available() else "cpu"
'cpu'
"""

from collections.abc import Callable
from typing import Any, NoReturn

from autodiff._core.missing import missing_name

__all__ = [
    "current_accelerator", "current_device_idx", "current_device_index", "current_stream", "device_count", "empty_cache",
    "get_memory_info", "is_available", "max_memory_allocated", "max_memory_reserved", "memory_allocated", "memory_reserved",
    "memory_stats", "reset_accumulated_memory_stats", "reset_peak_memory_stats", "set_device_idx", "set_device_index",
    "set_stream", "synchronize",
]


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


def _refused(name: str) -> Callable[..., NoReturn]:
    """The function of that name, which needs an accelerator."""

    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            f"{name}(): Cannot access accelerator device when none is available: autodiff computes on the CPU; ask "
            "torch.accelerator.is_available() first"
        )

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""RuntimeError, as in PyTorch where there is no accelerator.

    >>> import autodiff as torch
    >>> if torch.accelerator.is_available():
    ...     torch.accelerator.{name}()
    """
    return function


current_device_idx = _refused("current_device_idx")
current_device_index = _refused("current_device_index")
current_stream = _refused("current_stream")
empty_cache = _refused("empty_cache")
get_memory_info = _refused("get_memory_info")
max_memory_allocated = _refused("max_memory_allocated")
max_memory_reserved = _refused("max_memory_reserved")
memory_allocated = _refused("memory_allocated")
memory_reserved = _refused("memory_reserved")
memory_stats = _refused("memory_stats")
reset_accumulated_memory_stats = _refused("reset_accumulated_memory_stats")
reset_peak_memory_stats = _refused("reset_peak_memory_stats")
set_device_idx = _refused("set_device_idx")
set_device_index = _refused("set_device_index")
set_stream = _refused("set_stream")
synchronize = _refused("synchronize")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
