"""Python's own multiprocessing, under the name that programs know. A tensor is sent as a copy, unless its memory is shared.

>>> import autodiff as torch
>>> torch.multiprocessing.get_start_method(allow_none=True) in (None, "fork", "spawn", "forkserver")
True
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any

__all__ = ["get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", "spawn"]


def get_all_sharing_strategies() -> set[str]:
    """How tensors can be sent: by file_system alone, that is, as Python sends any object.

    >>> import autodiff as torch
    >>> torch.multiprocessing.get_all_sharing_strategies()
    {'file_system'}
    """
    return {"file_system"}


def get_sharing_strategy() -> str:
    """file_system.

    >>> import autodiff as torch
    >>> torch.multiprocessing.get_sharing_strategy()
    'file_system'
    """
    return "file_system"


def set_sharing_strategy(new_strategy: str) -> None:
    """Nothing: each of PyTorch's strategies is answered by a copy. ValueError for another name.

    >>> import autodiff as torch
    >>> torch.multiprocessing.set_sharing_strategy("file_system")
    """
    if new_strategy not in ("file_system", "file_descriptor"):
        raise ValueError(f"set_sharing_strategy() takes 'file_system' or 'file_descriptor', not {new_strategy!r}")


def spawn(
    fn: Callable[..., Any], args: Any = (), nprocs: int = 1, join: bool = True, daemon: bool = False,
    start_method: str = "spawn",
) -> Any:
    """Run `fn(i, *args)` in nprocs processes, i counting from 0, and wait for them; with join=False, the list of processes.

    RuntimeError when one of them ends with an error, which it has printed itself.

    >>> import autodiff as torch
    >>> torch.multiprocessing.spawn(print, nprocs=0)
    """
    context = multiprocessing.get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]  # type: ignore[attr-defined]
    for process in processes:
        process.start()
    if not join:
        return processes
    for process in processes:
        process.join()
    failed = [i for i, process in enumerate(processes) if process.exitcode]
    if failed:
        raise RuntimeError(f"process {failed[0]} of {nprocs} terminated with exit code {processes[failed[0]].exitcode}")
    return None


def __getattr__(name: str) -> Any:
    return getattr(multiprocessing, name)
