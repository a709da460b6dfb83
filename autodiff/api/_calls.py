"""How a function is called: by PyTorch's names and NumPy's, and with what stands for a dimension, a size or a number.

After this module a reader knows where `mean(): argument 'input' (position 1) must be Tensor, not list` comes from, and every
spelling that is not the mathematics: a dimension counted from the end, a size in a tuple or without one, `axis` for `dim`,
`size_average` for `reduction`, a `dtype` to compute in.

Note [Fast way first]: usual calls are not checked first; only a failed call is examined. The mistake is then still there to be
found, and a call without one has not waited. `takes_tensors` does so with names and types; matmul, linear and cross_entropy
hand the usual shapes to their kernel before they look at any other.
"""

from __future__ import annotations

import functools
import inspect
import math
import operator
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from autodiff._core import errors, promotion
from autodiff._core.dtypes import as_numpy_dtype
from autodiff._core.graph import Failed, recording
from autodiff._core.operation import NUMPYS, Recorded
from autodiff._core.overrides import ANY, concerned, overridden
from autodiff._core.refusals import anew, refusal
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of
from autodiff.api import deprecated

F = TypeVar("F", bound=Any)

_NUMBERS = frozenset((bool, int, float))
# "split_size" is PyTorch's own word in the method split.
_PYTORCHS = {**NUMPYS, "axis": "dim", "keepdims": "keepdim", "split_size": "split_size_or_sections"}


class _All:
    """The default of a `dim` that can't be None: all dimensions."""

    def __repr__(self) -> str:
        return "all"


ALL = _All()


# ---- names ----


def takes_tensors(function: F) -> F:
    """The function, with its arguments by PyTorch's names or NumPy's, and a TypeError that names the one that is wrong.

    The sizes of a function such as reshape(input, *shape) may be given by name too: reshape(x, shape=(2, 3)). Not so where the
    name has an underscore, as in randint_like(input, *_ends).
    """
    return _explaining(function, lone_keepdim=True)


def takes_keepdim(function: F) -> F:
    """`takes_tensors` for a function whose `keepdim` says something of a `dim`: one without the other is a TypeError."""
    return _explaining(function, lone_keepdim=False)


def _explaining(function: F, lone_keepdim: bool, failed: Failed | None = None) -> F:
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    numpys = {word: ours for word, ours in _PYTORCHS.items() if ours in names and word not in names}
    known = {*names, *numpys}
    several = code.co_varnames[len(names)] if code.co_flags & inspect.CO_VARARGS else ""
    several = "" if several.startswith("_") else several

    @functools.wraps(function)
    def explaining(*args: Any, **kwargs: Any) -> Any:
        if ANY and concerned(args, kwargs):
            return overridden(explaining, args, kwargs)
        if kwargs and not lone_keepdim and len(args) < 2 and _keepdim_alone(kwargs, known):
            raise errors.wrong_count(function.__name__, positional, len(args), ["dim"])
        try:
            return function(*args, **kwargs)
        except AttributeError as missing_field:
            if hasattr(missing_field.obj, "_array"):  # a tensor: not a wrong argument
                raise
            raise _looked_into(function, args, kwargs, missing_field) from None
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                if error := refusal(error):  # from inside: all arguments had found their places
                    raise error from error.__cause__
                raise
            if failed is not None and "out" in kwargs:
                return failed(args, kwargs, error)
            others = [word for word in kwargs if word in numpys]
            old = deprecated.by_name(function.__name__, args) if len(args) > len(positional) and not kwargs else None
            if not others and old is None:
                missing = [name for name in positional[len(args) :] if name not in kwargs]
                if several not in kwargs or missing or len(args) > len(positional):
                    raise (_misplaced(function, args, kwargs) or anew(error)) from None
        except (AssertionError, IndexError, KeyError, RuntimeError, ValueError) as refused:
            if refused := refusal(refused):
                raise refused from refused.__cause__
            raise
        if old is not None:
            return explaining(**old)
        for word in others:
            ours = numpys[word]
            if ours in kwargs:
                raise TypeError(f"{function.__name__}() got both {ours}= and {word}=, which mean the same")
            kwargs[ours] = kwargs.pop(word)
        if not others:
            args = (*args, *(kwargs.pop(name) for name in positional[len(args) :]), kwargs.pop(several))
        return explaining(*args, **kwargs)

    explaining.__dict__["with_failed"] = functools.partial(_explaining, function, lone_keepdim)
    return cast(F, explaining)


def with_failed(function: Any, failed: Failed) -> Any:
    """The same function, made once more, which hands a failed call that names an `out` to `failed`."""
    operation = getattr(function, "operation", None)
    return recording(operation, failed) if operation is not None else function.with_failed(failed)


def matrices_first(operation: Recorded) -> Callable[[F], F]:
    """The function, where a matrix and all that the operation takes with it are handed to that first: Note [Fast way first]."""
    count = len(operation.operation.inputs)

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def trying(*args: Any, **kwargs: Any) -> Any:
            try:
                if not kwargs and len(args) == count and args[0]._array.ndim == 2:
                    return operation(*args)
            except (AttributeError, RuntimeError, TypeError, ValueError):
                pass  # the function says what is wrong, or does it another way
            try:
                return function(*args, **kwargs)
            except (IndexError, RuntimeError, TypeError, ValueError) as error:
                if error := refusal(error):
                    raise error from error.__cause__
                raise

        trying.__dict__["with_failed"] = lambda failed: decorate(with_failed(function, failed))
        return cast(F, trying)

    return decorate


def _keepdim_alone(kwargs: dict[str, Any], known: set[str]) -> bool:
    words = kwargs.keys()
    return not words.isdisjoint(("keepdim", "keepdims")) and words.isdisjoint(("dim", "axis")) and words <= known


def _looked_into(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], error: AttributeError) -> Exception:
    """What is said of the argument that should have been a tensor: the one that had no attribute of a tensor."""
    given = inspect.signature(function).bind(*args, **kwargs).arguments
    for i, (name, value) in enumerate(given.items(), 1):
        if value is error.obj:
            return errors.no_tensor(function.__name__, name, i, value)
        if isinstance(value, (list, tuple)) and any(each is error.obj for each in value):
            return TypeError(
                f"{function.__name__}(): argument '{name}' (position {i}) must hold Tensors only, not a "
                f"{type(error.obj).__name__}; {errors.to_a_tensor(error.obj)}"
            )
    return error


def _misplaced(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> TypeError | None:
    """What is said of arguments that do not find their places: an unknown name, one given twice, one that is missing."""
    name, parameters = function.__name__, inspect.signature(function).parameters
    for word in kwargs:
        several = word in parameters and parameters[word].kind is inspect.Parameter.VAR_POSITIONAL
        if word not in parameters or (several and (len(args) > 1 or word.startswith("_"))):
            return errors.unexpected_keyword(name, word)
    positional = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    given = positional[: len(args)]
    for word in given:
        if word in kwargs:
            return errors.given_twice(name, word)
    without = [p.name for p in parameters.values() if p.default is p.empty and p.kind is not p.VAR_POSITIONAL]
    missing = [word for word in without if word not in given and word not in kwargs]
    return errors.wrong_count(name, positional, len(args), missing) if missing else None


# ---- numbers, sizes, dimensions ----


def whole(function: str, name: str, value: Any) -> int:
    """The value as an int; TypeError if it is not one, also for 2.0 and for True. A `function` of "" is not named."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        where = f"{function}(): " if function else ""
        raise TypeError(f"{where}argument '{name}' must be int, not {type(value).__name__} ({value!r})") from None


def boolean(function: str, name: str, value: Any) -> bool:
    """The value if it is a bool; else TypeError, also for 1: an int in its place was most often meant as a dimension."""
    if not isinstance(value, bool):
        raise TypeError(f"{function}(): argument '{name}' must be bool, not {type(value).__name__} ({value!r})")
    return value


def number(function: str, name: str, value: Any) -> Any:
    """The value if it is a number, or the number that a tensor without dimensions holds; else TypeError.

    TypeError also for a tensor that requires a gradient, which would end here without a word.
    """
    if value.__class__ in _NUMBERS:
        return value
    if isinstance(value, np.bool_):
        return float(value)  # as in PyTorch
    if isinstance(value, np.generic) or (isinstance(value, Tensor) and not value._array.ndim and edge_of(value) is None):
        return value.item()
    if isinstance(value, (int, float)):
        return value
    found = repr(value) if isinstance(value, str) else type(value).__name__
    lost = isinstance(value, Tensor) and edge_of(value) is not None
    hint = f"; its gradient would be lost: write {name}.item() if that is meant" if lost else ""
    raise TypeError(f"{function}(): argument '{name}' must be Number, not {found}{hint}")


def sizes(args: tuple[Any, ...], function: str, name: str = "size") -> tuple[int, ...]:
    """Sizes given one by one or in one tuple, as in reshape(2, 3) and reshape((2, 3)); TypeError where there is none."""
    if not args:
        raise errors.wrong_count(function, (name,), 0, [name])
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


def axes_of(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions named by `dim`, counted from the front; all of them for None, () or []."""
    if dim.__class__ is int and -ndim <= dim < ndim:  # the usual call
        return (dim % ndim,)
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    dims = [dimension(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {dims[-1]} appears multiple times in the list of dims")
    return tuple(d for d in dims if d < ndim)


# ---- a reduction, a dtype ----


def reduction_of(reduction: str, size_average: bool | None = None, reduce: bool | None = None, stacklevel: int = 3) -> str:
    """The reduction asked for: by its name, or in the two words that PyTorch used before, with a warning."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            UserWarning,
            stacklevel=stacklevel,
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; use 'mean', 'sum' or 'none'")
    return reduction


def converted(input: Tensor, dtype: Any) -> Tensor:
    """The tensor in the dtype asked for, by a recorded cast; itself for None and for its own."""
    np_dtype = as_numpy_dtype(dtype)
    return input if np_dtype is None or np_dtype == input._array.dtype else promotion.cast(input, dtype=np_dtype)


def _counts(n: Any) -> bool:
    """Whether this is a whole number, of Python, NumPy, or a tensor of one element; a bool is not."""
    if isinstance(n, (Tensor, np.ndarray)):
        array = n._array if isinstance(n, Tensor) else n
        return array.size == 1 and array.dtype.kind in "iu" and (isinstance(n, Tensor) or not n.ndim)
    return isinstance(n, (int, np.integer)) and not isinstance(n, bool)


def size_of(size: tuple[Any, ...], named: Any = None) -> tuple[int, ...]:
    """A size given as ints, as one sequence, or under the name `size`; RuntimeError for a negative one."""
    if named is not None:
        if size:
            raise TypeError(f"a size was given twice: as {size} and as size={named}")
        size = (named,)
    if not size:
        raise TypeError("a size is missing: give it as ints or as one tuple, () for a tensor with a single number")
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    for at, n in enumerate(size):
        if n.__class__ is not int and not _counts(n):
            raise TypeError(f"argument 'size' (position 1) must be tuple of ints, not {type(n).__name__} ({n!r} at {at})")
    try:
        shape = tuple(map(operator.index, size))
    except (RuntimeError, TypeError, ValueError) as error:
        if error := refusal(error):
            raise error from error.__cause__
        raise
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    check_storage(shape)
    if len(shape) > 64:
        raise RuntimeError(f"a tensor has at most 64 dimensions here, NumPy's limit; got {len(shape)}")
    return shape


def check_storage(shape: tuple[int, ...]) -> None:
    """RuntimeError for a shape with more elements than any memory holds: NumPy's own error is of another class."""
    if math.prod(shape) >= 2**60:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
