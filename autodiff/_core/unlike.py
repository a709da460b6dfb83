"""What is told where NumPy and tensors meet: float64 beside float32, an array for a tensor, a tensor for an array.

After this module a reader knows that most of it comes from one habit of NumPy's: its numbers are float64 where a layer's are
float32. Where a tensor got them from is noted in its version cell, as the line that wrote its memory last.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.naming import behind_libraries, called, users_frame
from autodiff._core.provenance import line_of
from autodiff._core.tensor import LEAF, Tensor

__all__ = ["from_an_array", "in_c", "to_numpy", "unlike"]

_SHORT = {"f": "float", "d": "double", "e": "half"}
_IN_C = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "int64": "long int", "int32": "int", "int16": "short int",
    "int8": "signed char", "uint8": "unsigned char",
}


def in_c(x: Tensor) -> str:
    """What some of PyTorch's messages call a dtype."""
    name: str = x._array.dtype.name
    return _IN_C.get(name, name)


def unlike(a: Tensor, b: Tensor, a_is: str = "input", b_is: str = "other") -> str:
    """Which of two tensors of different dtypes is to be converted, and how: the end of a message (AD030)."""
    odd, role, other = (a, a_is, b) if _to_convert(a, b) is a else (b, b_is, a)
    dtype, wanted = (from_numpy_dtype(x._array.dtype) for x in (odd, other))
    name = called(odd, f"the {role}")
    kind = str(dtype).removeprefix("torch.")
    if kind == "float64":
        kind += ", NumPy's default"
    write = _SHORT.get(other._array.dtype.char)
    how = f"{name.strip('`').removeprefix('the ')}.{f'{write}()' if write else f'to({wanted})'}"
    return f"; {name} is {kind}{_made(odd)}: write {how} (AD030)"


def _to_convert(a: Tensor, b: Tensor) -> Tensor:
    """What is not learnt; of two alike whole numbers, or else those that are float64."""
    for x, y in ((a, b), (b, a)):
        if y._edge is LEAF and x._edge is not LEAF:
            return x
    for x, y in ((a, b), (b, a)):
        if x._array.dtype.kind != "f" and y._array.dtype.kind == "f":
            return x
    return b if b._array.dtype.char == "d" else a


def _made(x: Tensor) -> str:
    """Where it was computed, or came from an array."""
    place = x._edge[0].place if x._edge.__class__ is tuple and x._edge[1] >= 0 else None
    if place is None and x._array.dtype.char == "d" and x._cell is not None and not x._cell[0]:
        place = x._cell[1]
    return "" if place is None else f", from {line_of(place)}"


def from_an_array(found: Any) -> str:
    """What to write for an array that should have been a tensor (AD030)."""
    name = called(found, "x").strip("`")
    convert = ".float()" if found.dtype.char == "d" else ""
    return f"it is a NumPy array: write autodiff.from_numpy({name}){convert} (AD030)"


def to_numpy(x: Tensor, more: str = "") -> RuntimeError:
    """A tensor that requires a gradient, where NumPy or a plot wants its numbers (AD023); `more` is known of the function."""
    asked = users_frame()
    frame = behind_libraries(asked)
    name = called(x, "x", frame).strip("`")
    if asked is not frame and frame is not None and asked is not None:
        library = str(asked.f_globals.get("__name__", "a library")).partition(".")[0]
        more += f"; {library} asked for it at {line_of((frame.f_code, frame.f_lasti))}"
    return RuntimeError(
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead. What NumPy computes is not "
        f"recorded, so no gradient could come back from it{more}. For a plot or a copy write {name}.detach().numpy(), for one "
        f"number {name}.item(). (AD023)"
    )
