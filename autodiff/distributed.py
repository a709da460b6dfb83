"""Training on several machines, which is not here: `is_available()` says so, and programs that ask first run alone.

>>> import autodiff as torch
>>> torch.distributed.is_available() and torch.distributed.is_initialized()
False
"""

from typing import Any, NoReturn

from autodiff._core.missing import missing_name

__all__ = ["destroy_process_group", "get_rank", "get_world_size", "init_process_group", "is_available", "is_initialized"]

NO_GROUP = "Default process group has not been initialized: autodiff trains in one process"


def is_available() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.distributed.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.distributed.is_initialized()
    False
    """
    return False


def init_process_group(*args: Any, **kwargs: Any) -> NoReturn:
    """RuntimeError: there is one process. A program asks `is_available()` first.

    >>> import autodiff as torch
    >>> torch.distributed.init_process_group("gloo")
    Traceback (most recent call last):
    RuntimeError: autodiff trains in one process: leave out init_process_group() and DistributedDataParallel
    """
    raise RuntimeError("autodiff trains in one process: leave out init_process_group() and DistributedDataParallel")


def get_rank(group: Any = None) -> int:
    """ValueError, as in PyTorch before init_process_group.

    >>> import autodiff as torch
    >>> torch.distributed.get_rank() if torch.distributed.is_initialized() else 0
    0
    """
    raise ValueError(NO_GROUP)


def get_world_size(group: Any = None) -> int:
    """ValueError, as in PyTorch before init_process_group.

    >>> import autodiff as torch
    >>> torch.distributed.get_world_size() if torch.distributed.is_initialized() else 1
    1
    """
    raise ValueError(NO_GROUP)


def destroy_process_group(group: Any = None) -> None:
    """ValueError, as in PyTorch before init_process_group.

    >>> import autodiff as torch
    >>> if torch.distributed.is_initialized():
    ...     torch.distributed.destroy_process_group()
    """
    raise ValueError(NO_GROUP)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
