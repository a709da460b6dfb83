"""out=: a result written where the caller says, as in torch.add(a, b, out=r).

After this module a reader knows what that means for the tensor that is written into: it keeps its dtype and its strides, takes
the result's shape, counts a change, and must have nothing to do with gradients. Mathematics doesn't know it: the function is
called as ever, and its result is written at the end. So an operand may be written into as well.

A call that names no `out` doesn't pay for one: Note [Fast way first] in api/_calls.py.
"""

from __future__ import annotations

import inspect
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, Protocol, TypeVar, cast, overload

import numpy as np

from autodiff._core import errors
from autodiff._core.dtypes import as_numpy_dtype, c_name, category, from_numpy_dtype, scalar_type
from autodiff._core.inplace import check_writable, write_over
from autodiff._core.modes import mode
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import anew, refusal
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api._calls import with_failed

P = ParamSpec("P")
R = TypeVar("R", covariant=True)


class TakesOut(Protocol[P, R]):
    """A function as it is, and the same with `out`."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, out: Any, **kwargs: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """What a function asks of the tensor that it writes into.

    `dtype` is "castable" (the result can be cast to it, from bools to integers to floats), "joined" and "safely" (the same,
    refused in other words), "same" (the result's own), "flag" (bool or uint8), "any", or "chosen": what is computed in. Several
    results are written into their own dtypes, unless "safely" is asked for. `pointwise`: an element depends on those in its
    place, so an operand that is written into has the result's shape. `apart` is the number of the first operand whose memory
    must be another.
    """

    dtype: str = "castable"
    same_for: int = 0  # with so many operands the dtype is "same"
    pointwise: bool = False
    apart: int | None = None
    resizes: bool = False  # without a warning


# ---- the usual rules ----

# Element by element: into any dtype that the result can be cast to, or into the result's own.
POINTWISE, OWN_DTYPE = Rule(pointwise=True), Rule("same", pointwise=True)

# Many numbers into fewer, and products: an operand may be written into, as the result is known before.
CASTABLE, SAME = Rule(), Rule("same")

# What linear algebra computes from what it computes: the last step is a copy, which casts.
SAFELY = Rule("safely")

# Computed in the dtype of `out`: to one number, or to as many as there were.
CHOSEN, RUNNING = Rule("chosen"), Rule("chosen", pointwise=True)

# From place to place: into other memory than what is read, or than what is added to a copy of the first operand.
JOINED, PICKED, ADDED = Rule("joined", apart=0), Rule("same", apart=0), Rule("same", pointwise=True, apart=1)

FLAG = Rule("flag")  # yes or no

class _WithOut(inspect.Signature):
    """A function's signature and `out`, read when somebody asks: to read all of them takes a tenth of the import."""

    __slots__ = ("function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def _read(self) -> inspect.Signature:
        plain = inspect.signature(self.function)
        out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Tensor | None")
        return plain.replace(parameters=[*plain.parameters.values(), out])

    @property
    def parameters(self) -> Any:
        return self._read().parameters

    @property
    def return_annotation(self) -> Any:
        return self._read().return_annotation

    def replace(self, **changes: Any) -> Any:
        return self._read().replace(**changes)


def takes_out(function: Callable[P, R], rule: Rule) -> TakesOut[P, R]:
    """The function, made once more, which takes `out=` too. Tensor's method of that name stays as it is."""

    def into(args: tuple[Any, ...], kwargs: dict[str, Any], failure: TypeError) -> Any:
        if "out" not in kwargs:
            raise anew(failure) from None
        out = kwargs.pop("out")
        try:
            if out is not None and rule.dtype == "chosen":
                kwargs["dtype"] = chosen_dtype(name, out, kwargs.get("dtype"), bools=not rule.pointwise)
            result = function(*args, **kwargs)
            return result if out is None else written(name, rule, out, result, list(_tensors((*args, *kwargs.values()))))
        except Exception as error:
            if error := refusal(error):
                raise error from error.__cause__
            error.__suppress_context__ = True  # that the call failed first, with `out`, is not the reader's concern
            raise

    name = function.__name__
    made: Any = with_failed(function, into)
    made.__module__ = sys._getframe(1).f_globals["__name__"]  # the list that it stands in: pickle looks there
    made.__signature__ = _WithOut(function)
    return cast(TakesOut[P, R], made)


# ---- what is asked of it ----


def _tensor(name: str, out: Any) -> Tensor:
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(out).__name__}")
    return out


def _tensors(given: Any) -> Iterator[Tensor]:
    for each in given:
        if isinstance(each, Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            yield from _tensors(each)


def chosen_dtype(name: str, out: Any, dtype: Any, bools: bool = True) -> Any:
    """The dtype to compute in: that of `out`, which must be the one asked for where one is; `bools`: may it be bool?"""
    asked, found = as_numpy_dtype(dtype), _tensor(name, out)
    if asked is not None and asked != found._array.dtype:
        raise RuntimeError(f"dtype {from_numpy_dtype(asked)} does not match dtype of out parameter ({found.dtype})")
    if found._array.dtype.kind == "b" and not bools:
        raise NotImplementedError(f'"{name}" not implemented for \'Bool\': it gives numbers, and `out` holds bools')
    return found.dtype


def _check_dtype(name: str, wanted: str, out: Any, result: Any, word: str) -> None:
    if wanted == "same" and out.dtype != result.dtype:
        raise RuntimeError(f"{name}(): Expected out tensor to have dtype {c_name(result)}, but got {c_name(out)} instead")
    if wanted == "flag" and out.dtype.name not in ("bool", "uint8"):
        raise RuntimeError(f"{name} only supports bool tensor for result, got: {scalar_type(out)}")
    if wanted in ("castable", "joined", "safely") and category(result.dtype) > category(out.dtype):
        if wanted == "safely":
            raise RuntimeError(
                f"{name}: Expected {word} to be safely castable from {scalar_type(result)} dtype, but got {word} with dtype "
                f"{scalar_type(out)}"
            )
        if wanted == "joined":
            raise TypeError(f"torch.{name}(): input types can't be cast to the desired output type {scalar_type(out)}")
        raise RuntimeError(f"result type {scalar_type(result)} can't be cast to the desired output type {scalar_type(out)}")


def _check_gradients(name: str, outs: Sequence[Tensor], results: Sequence[Tensor], operands: Sequence[Tensor]) -> None:
    differentiable = any(r._array.dtype.kind == "f" for r in results)
    if mode.grad and any(edge_of(x) is not None for x in (*outs, *(operands if differentiable else ()))):
        raise errors.out_with_gradient(name)


def _check_memory(rule: Rule, out: Any, operands: Sequence[Tensor]) -> None:
    """RuntimeError where `out` lies across an operand's memory, or in it at all where the function forbids that."""
    for i, x in enumerate(operands):
        shared = _overlap(out, x._array)
        if (shared == "partly" and rule.pointwise) or (shared and rule.apart is not None and i >= rule.apart):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
                "location. Please clone() the tensor before performing the operation."
            )


def _overlap(a: Any, b: Any) -> str:
    """"wholly", "partly" or "", for arrays without gaps; those with gaps are not looked at, as in PyTorch."""
    if not (a.size and b.size and a.flags.forc and b.flags.forc):
        return ""
    first, second = a.ctypes.data, b.ctypes.data
    if first == second and a.nbytes == b.nbytes:
        return "wholly" if a.strides == b.strides else "partly"
    return "partly" if first < second + b.nbytes and second < first + a.nbytes else ""


# ---- writing ----

# They put one number everywhere, so that several elements may lie in one place.
_UNIFORM = {"full", "ones", "zeros"}


def written(name: str, rule: Rule, out: Any, result: Any, operands: list[Tensor]) -> Any:
    """`out` with the result in it; for a function with several results a tuple of its kind, of the tensors given."""
    several = isinstance(result, tuple)
    if several:
        if not isinstance(out, (tuple, list)):
            raise TypeError(f"{name}(): argument 'out' must be tuple of Tensors, not {type(out).__name__}")
        if len(out) != len(result):
            raise TypeError(f"{name}(): argument 'out': expected tuple of {len(result)} elements but got {len(out)}")
    outs = [_tensor(name, o) for o in (out if several else [out])]
    results: Sequence[Tensor] = result if several else [result]
    _check_gradients(name, outs, results, operands)
    own = (several and rule.dtype != "safely") or len(operands) == rule.same_for
    for o, r, word in zip(outs, results, getattr(result, "_fields", ["result"] * len(outs)), strict=True):
        _check_dtype(name, "same" if own else rule.dtype, o._array, r._array, word)
        _check_memory(rule, o._array, operands)
        if rule.pointwise and o._array.shape != r._array.shape and any(o is x for x in operands):
            raise RuntimeError(
                f"output with shape {list(o.shape)} doesn't match the broadcast shape {list(r.shape)}; `out` is an operand"
            )
    arrays = [r._array for r in results]
    arrays = [a.copy() if any(np.may_share_memory(a, o._array) for o in outs) else a for a in arrays]
    for o, a in zip(outs, arrays, strict=True):
        fill(name, resized(name, o, a.shape, warns=not rule.resizes), a)
    return type(result)(*outs) if several else out


def fill(name: str, out: Tensor, values: Any) -> Tensor:
    """`out` with the values, of its shape, in its memory."""
    check_writable(out, name, uniform=name in _UNIFORM)
    found = values if values.dtype == out._array.dtype else mode.quiet(values.astype, out._array.dtype)
    write_over(out, wrap(found), tracked=False)
    return out


def fresh(name: str, out: Any, shape: tuple[int, ...]) -> Tensor:
    """`out` in that shape, ready to be filled by a function that makes a tensor of no other: resized without a warning."""
    if mode.grad and edge_of(_tensor(name, out)) is not None:
        raise errors.out_with_gradient(name)
    return resized(name, out, shape)


def resized(name: str, out: Tensor, shape: tuple[int, ...], warns: bool = False) -> Tensor:
    """`out` in another shape: in its own memory where that is large enough, else in new one."""
    array = out._array
    if array.shape == shape:
        return out
    if warns and array.size:
        warnings.warn(
            f"An output with one or more elements was resized since it had shape {list(array.shape)}, which does not match the "
            f"required output shape {list(shape)}. This behavior is deprecated: give {name}() an `out` of that shape, or one "
            "without elements.",
            UserWarning,
            stacklevel=stacklevel(),
        )
    if out._edge.__class__ is tuple:
        raise RuntimeError("cannot resize variables that require grad: `out` has a history")
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    start, needed = array.ctypes.data - root.ctypes.data, math.prod(shape) * array.itemsize
    if root.flags.c_contiguous and root.flags.writeable and 0 <= start <= start + needed <= root.nbytes:
        out._array = np.ndarray(shape, array.dtype, root, start)
    elif out._view is not None:
        raise RuntimeError(
            f"{name}(): `out` is a view of a tensor whose memory is too small for shape {list(shape)}: make an `out` of that "
            "shape, or give a part of a larger tensor"
        )
    else:
        out._array = np.empty(shape, array.dtype)
    out._view = None
    return out
