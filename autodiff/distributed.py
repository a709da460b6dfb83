"""Training on several machines, which is not here: `is_available()` says so, and programs that ask first run alone.

>>> import autodiff as torch
>>> torch.distributed.is_available() and torch.distributed.is_initialized()
False
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, NoReturn

from autodiff._core.missing import missing_name

__all__ = [
    "ReduceOp", "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "gather", "get_rank",
    "get_world_size", "init_process_group", "is_available", "is_initialized", "reduce", "scatter",
]

NO_GROUP = "Default process group has not been initialized: autodiff trains in one process"


class ReduceOp(Enum):
    """What several machines make of their tensors; a name for programs that ask `is_initialized()` before they use it.

    >>> import autodiff as torch
    >>> torch.distributed.ReduceOp.SUM.value
    0
    """

    SUM, AVG, PRODUCT, MIN, MAX, BAND, BOR, BXOR = range(8)


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


def _refused(name: str) -> Callable[..., NoReturn]:
    """The function of that name, which needs other processes."""

    def function(*args: Any, **kwargs: Any) -> NoReturn:
        raise ValueError(f"{name}(): {NO_GROUP}")

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"""ValueError, as in PyTorch before init_process_group.

    >>> import autodiff as torch
    >>> if torch.distributed.is_initialized():
    ...     torch.distributed.{name}(torch.ones(1))
    """
    return function


all_gather = _refused("all_gather")
all_reduce = _refused("all_reduce")
barrier = _refused("barrier")
broadcast = _refused("broadcast")
gather = _refused("gather")
reduce = _refused("reduce")
scatter = _refused("scatter")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
