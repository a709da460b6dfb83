"""What a function says of its arguments: the one that should be a tensor or a number, and NumPy's words beside PyTorch's.

After this module a reader knows where `mean(): argument 'input' (position 1) must be Tensor, not list` comes from. A function
is not asked whether its arguments are tensors; it is let run, and looked into where it could not.
"""

from __future__ import annotations

import functools
import inspect
import operator
from typing import Any, TypeVar, cast

__all__ = ["NUMPYS", "no_tensor", "not_offered", "number", "takes_tensors", "whole"]

F = TypeVar("F", bound=Any)

# The words of NumPy's users, and PyTorch's for the same: it takes both.
NUMPYS = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}


def takes_tensors(function: F) -> F:
    """The function, which names the argument that should have been a tensor: a TypeError.

    Where it has a `dim` it takes NumPy's `axis` too, as PyTorch does, and `keepdims` for `keepdim`; `x`, `a` or `x1` for
    `input`, and `x2` for `other`. What it takes as *sizes it takes as sizes= too.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    many = code.co_varnames[len(names)] if code.co_flags & inspect.CO_VARARGS else ""
    numpys = {word: ours for word, ours in NUMPYS.items() if ours in names and word not in names}
    none_of_them_in = frozenset([*numpys, many]).isdisjoint

    @functools.wraps(function)
    def explaining(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not none_of_them_in(kwargs):
            kwargs = _in_pytorchs_words(function.__name__, numpys, kwargs)
            if many in kwargs:
                before = names[len(args) : code.co_argcount]
                args = (*args, *[kwargs.pop(name) for name in before if name in kwargs], kwargs.pop(many))
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            if hasattr(error.obj, "_array"):  # a tensor: this is no wrong argument
                raise
            raise _looked_into(function, args, kwargs, error) from None

    return cast(F, explaining)


def _in_pytorchs_words(function: str, numpys: dict[str, str], kwargs: dict[str, Any]) -> dict[str, Any]:
    for word, ours in numpys.items():
        if word in kwargs and ours in kwargs:
            raise TypeError(f"{function}() got both {ours}= and {word}=, which mean the same")
    return {numpys.get(word, word): value for word, value in kwargs.items()}


def whole(function: str, name: str, value: Any) -> int:
    """The value as an int; TypeError for what is none, a float with the same value and a bool too. "" is not said."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        where = f"{function}(): " if function else ""
        raise TypeError(f"{where}argument '{name}' must be int, not {type(value).__name__} ({value!r})") from None


def number(function: str, name: str, value: Any) -> Any:
    """The value if it is a number, or the number that a tensor without dimensions holds; else TypeError."""
    if isinstance(value, (int, float)):
        return value
    if not hasattr(value, "item") or getattr(value, "ndim", None) != 0:
        found = repr(value) if isinstance(value, str) else type(value).__name__
        raise TypeError(f"{function}(): argument '{name}' must be Number, not {found}")
    return value.item()


def no_tensor(function: str, name: str, position: int, found: str) -> TypeError:
    """The error for an argument of the type `found` that should have been a tensor."""
    return TypeError(
        f"{function}(): argument '{name}' (position {position}) must be Tensor, not {found}; "
        "make it one with autodiff.tensor(...)"
    )


def _looked_into(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: AttributeError) -> Exception:
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    for i, (name, value) in enumerate(given.items(), 1):
        if value is error.obj:
            return no_tensor(function.__name__, name, i, type(value).__name__)
        if isinstance(value, (list, tuple)) and any(each is error.obj for each in value):
            return TypeError(
                f"{function.__name__}(): argument '{name}' (position {i}) must hold Tensors only, not a "
                f"{type(error.obj).__name__}; make it one with autodiff.tensor(...)"
            )
    return error


def not_offered(module: str, name: str) -> AttributeError:
    """The error for a name that PyTorch may have and `module` has not."""
    return AttributeError(
        f"module {module!r} has no attribute {name!r}: it offers what a first course uses, not all of PyTorch; "
        f"docs/reference/{'index' if module == 'autodiff' else module}.md lists every name"
    )
