"""NumPy's words for two arguments that PyTorch takes as well: axis for dim, keepdims for keepdim."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["numpy_names"]

F = TypeVar("F", bound=Callable[..., Any])

_PYTORCH = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(function: F) -> F:
    """The function, which takes `axis` and `keepdims` for `dim` and `keepdim` too."""

    @functools.wraps(function)
    def named(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for word, ours in _PYTORCH.items():
                if word in kwargs:
                    if ours in kwargs:
                        raise TypeError(f"{function.__name__}() got both {ours}= and {word}=, which mean the same")
                    kwargs[ours] = kwargs.pop(word)
        return function(*args, **kwargs)

    return cast(F, named)
