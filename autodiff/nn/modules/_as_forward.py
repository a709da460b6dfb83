"""What a type checker sees of calling a module: `forward`, with its arguments and its result.

After this module a reader knows why `model(x, 1, 2)` is found by an editor where `forward` takes one argument: to a checker
`__call__` is a descriptor, which gives each class the signature of its own forward. Nothing here runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar, overload

from autodiff._core.tensor import Tensor

__all__ = ["AsForward"]

P = ParamSpec("P")
Result = TypeVar("Result", covariant=True)


class _HasForward(Protocol[P, Result]):
    def forward(self, *args: P.args, **kwargs: P.kwargs) -> Result: ...


class _Untyped:
    # No forward returns this. So a forward that matches it returns Any: nn.Module's own, or one without annotations.
    pass


class AsForward:
    """The type of Module.__call__: forward's, or where that says nothing, one that returns a Tensor."""

    @overload
    def __get__(self, instance: _HasForward[..., _Untyped], owner: Any = ...) -> Callable[..., Tensor]: ...
    @overload
    def __get__(self, instance: _HasForward[P, Result], owner: Any = ...) -> Callable[P, Result]: ...
    @overload
    def __get__(self, instance: Any, owner: Any = ...) -> Callable[..., Any]: ...
    def __get__(self, instance: Any, owner: Any = None) -> Any: ...
