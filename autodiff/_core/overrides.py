"""Who is asked about a call: the classes of its arguments, by PyTorch's `__torch_function__`.

After this module a reader knows what a function does before it computes where an argument is an instance of a user's subclass
of Tensor: it asks `cls.__torch_function__(func, types, args, kwargs)`, and the first answer that is not NotImplemented counts.
Plain tensors don't know of it: a function looks whether there is any subclass in the program, and that is all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from autodiff._core.tensor import Tensor

__all__ = ["ANY", "answer", "concerned", "each", "inside", "overridden", "plain_results", "takes_part"]

ANY: list[str] = []  # the names of the subclasses that users made; empty in nearly every program


class _Inside(threading.local):
    on = False  # is an answer being computed in the usual way? Then nobody is asked again


inside = _Inside()


def plain_results(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any] | None = None) -> Any:
    """Compute `func(*args, **kwargs)` and ask nobody."""
    before, inside.on = inside.on, True
    try:
        return func(*args, **(kwargs or {}))
    finally:
        inside.on = before


def takes_part(cls: type) -> bool:
    """Whether a class is one that is asked: neither Tensor itself nor one whose results are plain, as Parameter's are."""
    return cls is not Tensor and issubclass(cls, Tensor) and not cls._results_are_plain


def each(values: Sequence[Any]) -> Iterator[Any]:
    """The values, and in the place of a list or tuple what it holds."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _asked(args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """The classes among the arguments that are asked: a subclass before its base, else in the order of the arguments."""
    found: list[Any] = []
    for x in each((*args, *kwargs.values())):
        cls = x.__class__
        if cls not in found and takes_part(cls):
            found.insert(next((i for i, other in enumerate(found) if issubclass(cls, other)), len(found)), cls)
    return found


def concerned(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether anybody is to be asked about a call with these arguments."""
    return not inside.on and bool(_asked(args, kwargs))


def answer(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What the first class says that knows an answer; NotImplemented where none does."""
    classes = _asked(args, kwargs)
    for cls in classes:
        found = cls.__torch_function__(function, tuple(classes), tuple(args), dict(kwargs))
        if found is not NotImplemented:
            return found
    return NotImplemented


def overridden(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`answer`, or TypeError where there is none."""
    found = answer(function, args, kwargs)
    if found is NotImplemented:
        raise TypeError(
            f"Multiple dispatch failed for '{function.__name__}'; all __torch_function__ handlers returned NotImplemented: "
            f"{', '.join(cls.__name__ for cls in _asked(args, kwargs))}"
        )
    return found
