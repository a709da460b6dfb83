"""What a function says of its arguments: the one that should be a tensor or a number, and NumPy's words beside PyTorch's.

After this module a reader knows where `mean(): argument 'input' (position 1) must be Tensor, not list` comes from. A function
is not asked whether its arguments are tensors; it is let run, and looked into where it could not.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
from typing import Any, TypeVar, cast

import numpy as np

from autodiff._core.errors import given_twice, no_tensor, unexpected_keyword
from autodiff._core.tensor import Tensor

F = TypeVar("F", bound=Any)

_PYTORCH = {"axis": "dim", "keepdims": "keepdim"}


def takes_tensors(function: F) -> F:
    """The function, which names the argument that should have been a tensor: a TypeError.

    Where it has a `dim` it takes NumPy's `axis` too, and `keepdims` for `keepdim`, as PyTorch does.
    """
    code = function.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    numpys = {word: ours for word, ours in _PYTORCH.items() if ours in names}

    @functools.wraps(function)
    def explaining(*args: Any, **kwargs: Any) -> Any:
        if kwargs and numpys:
            for word, ours in numpys.items():
                if word in kwargs:
                    if ours in kwargs:
                        raise TypeError(f"{function.__name__}() got both {ours}= and {word}=, which mean the same")
                    kwargs[ours] = kwargs.pop(word)
        try:
            return function(*args, **kwargs)
        except AttributeError as error:
            if hasattr(error.obj, "_array"):  # a tensor: this is no wrong argument
                raise
            raise _looked_into(function, args, kwargs, error) from None

    return cast(F, explaining)


def whole(function: str, name: str, value: Any) -> int:
    """The value as an int; TypeError for what is not an int, a float with the same value and a bool too. "" is not said."""
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


def size_of(size: tuple[Any, ...], named: Any = None) -> tuple[int, ...]:
    """A size given as ints, as one sequence, or under the name `size`; RuntimeError for a negative one."""
    if named is not None:
        if size:
            raise TypeError(f"a size was given twice: as {size} and as size={named}")
        size = (named,)
    if not size:
        raise TypeError('a size is missing: give it as ints or as one tuple, () for a tensor with a single number')
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    for at, n in enumerate(size):
        if not isinstance(n, (int, np.integer, Tensor)) or isinstance(n, bool):
            raise TypeError(f"argument 'size' (position 1) must be tuple of ints, not {type(n).__name__} ({n!r} at {at})")
    shape = tuple(int(n) for n in size)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    if math.prod(shape) >= 2**60:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    if len(shape) > 64:
        raise RuntimeError(f"a tensor has at most 64 dimensions here, NumPy's limit; got {len(shape)}")
    return shape


def begin(function: str, given: Any, named: dict[str, Any]) -> Any:
    """The end that PyTorch calls `from`, a word that no parameter of Python's can have; TypeError for any other word.

    It is given by position, or by name as in random_(**{"from": 0, "to": 5}). None where it is given neither way.
    """
    for name in named:
        if name != "from":
            raise unexpected_keyword(function, name)
    if named and given is not None:
        raise given_twice(function, "from")
    return named.get("from", given)


def sizes(args: tuple[Any, ...], function: str, name: str = "size") -> tuple[int, ...]:
    """Sizes given one by one or in one tuple, as in reshape(2, 3) and reshape((2, 3)); TypeError for one that is not an int."""
    if len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    return tuple(n if n.__class__ is int else whole(function, name, n) for n in args)


def dimension(dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError if it is out of range, TypeError if it is not an int."""
    if dim.__class__ is not int:
        dim = whole("", "dim", dim)
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got {dim})")
    return dim % n
