"""What a program says to PyTorch's profiler. Nothing is measured here: Python's own cProfile sees every call.

>>> import autodiff as torch
>>> with torch.profiler.profile() as prof:
...     _ = torch.ones(2) + 1
>>> prof.key_averages().table()
'nothing was measured: autodiff runs as Python, so that cProfile shows where the time goes'
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["ProfilerActivity", "profile", "record_function", "schedule", "tensorboard_trace_handler"]


class ProfilerActivity(Enum):
    """What could be measured.

    >>> import autodiff as torch
    >>> torch.profiler.ProfilerActivity.CPU.name
    'CPU'
    """

    CPU = 0
    CUDA = 2


class _Averages(list[Any]):
    def table(self, *args: Any, **kwargs: Any) -> str:
        """One sentence, where PyTorch has a table."""
        return "nothing was measured: autodiff runs as Python, so that cProfile shows where the time goes"

    def total_average(self) -> _Averages:
        """Itself: there is nothing to add up."""
        return self


class profile:
    """A block that runs as it would without it.

    >>> import autodiff as torch
    >>> with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as prof:
    ...     prof.step()
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __enter__(self) -> profile:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""

    def key_averages(self, *args: Any, **kwargs: Any) -> _Averages:
        """Empty; its `table()` says why."""
        return _Averages()

    def export_chrome_trace(self, path: str) -> None:
        """RuntimeError: nothing was measured that could be written."""
        raise RuntimeError("autodiff measures nothing itself: run the program with python -m cProfile")


class record_function:
    """A block with a name, which nobody asks for.

    >>> import autodiff as torch
    >>> with torch.profiler.record_function("forward"):
    ...     _ = torch.ones(2) + 1
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def schedule(**kwargs: Any) -> Any:
    """When steps would be measured: None is.

    >>> import autodiff as torch
    >>> torch.profiler.schedule(wait=1, warmup=1, active=3) is None
    True
    """
    return None


def tensorboard_trace_handler(dir_name: str, *args: Any, **kwargs: Any) -> Any:
    """What would write the measurements: None.

    >>> import autodiff as torch
    >>> torch.profiler.tensorboard_trace_handler("runs") is None
    True
    """
    return None


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
