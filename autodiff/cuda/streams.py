"""Streams and events of a GPU, which a program names before it asks whether there is one: to make one is refused.

>>> import autodiff as torch
>>> with torch.cuda.stream(None):
...     print(torch.ones(1))
tensor([1.])
"""

from contextlib import nullcontext
from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["Event", "Stream", "current_stream", "stream"]


class Stream:
    """RuntimeError: a queue of work for a GPU, of which there is none.

    >>> import autodiff as torch
    >>> torch.cuda.Stream()
    Traceback (most recent call last):
    ...
    RuntimeError: torch.cuda.Stream requires CUDA support: there is no GPU; ask torch.cuda.is_available() first
    """

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        raise RuntimeError("torch.cuda.Stream requires CUDA support: there is no GPU; ask torch.cuda.is_available() first")


class Event:
    """RuntimeError: a mark in the queue of a GPU, of which there is none.

    >>> import autodiff as torch
    >>> torch.cuda.Event(enable_timing=True)
    Traceback (most recent call last):
    ...
    RuntimeError: Tried to instantiate dummy base class Event: there is no GPU; measure with time.perf_counter()
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        raise RuntimeError("Tried to instantiate dummy base class Event: there is no GPU; measure with time.perf_counter()")


def stream(stream: Stream | None) -> Any:
    """A block of code for a stream, which for None changes nothing.

    >>> import autodiff as torch
    >>> with torch.cuda.stream(None):
    ...     pass
    """
    return nullcontext()


def current_stream(device: Any = None) -> Any:
    """AssertionError: there is no GPU.

    >>> import autodiff as torch
    >>> torch.cuda.current_stream()
    Traceback (most recent call last):
    ...
    AssertionError: Torch not compiled with CUDA enabled: there is no GPU; ask torch.cuda.is_available() first
    """
    raise AssertionError("Torch not compiled with CUDA enabled: there is no GPU; ask torch.cuda.is_available() first")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
