"""How a function of nn.init fills a tensor: outside the graph, and what it refuses is raised near the user's line."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

from autodiff._core.modes import no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import refusal
from autodiff._core.tensor import Tensor

__all__ = ["deprecated", "filling"]

_F = TypeVar("_F", bound=Callable[..., Tensor])


def filling(function: _F) -> _F:
    """The function outside the graph; what it refuses is raised here, as close to the user's line as can be."""
    @functools.wraps(function)
    def filled(*args: Any, **kwargs: Any) -> Tensor:
        try:
            with no_grad():
                return function(*args, **kwargs)
        except (IndexError, RuntimeError, TypeError, ValueError) as error:
            if error := refusal(error):
                raise error from error.__cause__
            raise

    return cast(_F, filled)


def deprecated(function: _F) -> _F:
    """The function by its name without the underscore, with a warning."""
    name = function.__name__

    @functools.wraps(function)
    def old(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(
            f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.", FutureWarning, stacklevel=stacklevel()
        )
        return function(*args, **kwargs)

    old.__name__ = old.__qualname__ = name[:-1]
    return cast(_F, old)
