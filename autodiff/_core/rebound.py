"""A parameter's name that was given to a new tensor: `w = w - lr * w.grad` computes one, and leaves the parameter as it is.

After this module a reader knows how that is told from `w -= lr * w.grad` without a look at the running program: by the
instructions of the user's function, which store a name behind an expression of that name and its `.grad`. They are read when an
error is written, when `why` is asked, and once for a no_grad() block of a function that uses `.grad` at all.
"""

from __future__ import annotations

import dis
import functools
from types import CodeType

from autodiff._core.handles import extra_of
from autodiff._core.naming import users_frame
from autodiff._core.places import span_of, text_of
from autodiff._core.provenance import Place, line_of
from autodiff._core.teaching import teach
from autodiff._core.tensor import LEAF, Tensor

__all__ = ["in_place_of", "left_behind", "rebound", "unlearned", "written"]


@functools.lru_cache(maxsize=64)
def _found(code: CodeType) -> list[tuple[str, int]]:
    """As _rebindings, with the instruction alone: two codes may be equal, and stand in two files."""
    found: list[tuple[str, int]] = []
    loaded: list[str] = []
    updated, in_place, last = "", False, 0
    for each in dis.get_instructions(code):
        names = [*each.argval] if isinstance(each.argval, tuple) else [each.argval]  # from Python 3.13 on: two at once
        if each.opname.startswith("STORE_") or each.opname in ("POP_TOP", "RETURN_VALUE"):
            if names[0] == updated and loaded.count(updated) > 1 and not in_place:
                found.append((updated, last))
            loaded, updated, in_place = names[1:], "", False
        elif each.opname.startswith(("LOAD_FAST", "LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF")):
            loaded += names
        elif each.opname.startswith("LOAD_ATTR") and each.argval == "grad" and loaded:
            updated = loaded[-1]
        elif each.opname == "BINARY_OP" and each.argrepr.endswith("="):
            in_place = True
        last = each.offset
    return found


def _rebindings(code: CodeType) -> list[tuple[str, Place]]:
    """The names that a function's code gives to what it computes from them and their gradient, and where that is computed."""
    return [(name, (code, at)) for name, at in _found(code)] if "grad" in code.co_names else []


def rebound(name: str, code: CodeType) -> list[Place]:
    """Where a function's code gives a name to what it computes from the tensor of that name and its gradient."""
    return [place for known, place in _rebindings(code) if known == name]


def written(place: Place) -> str:
    """What is computed at a place, in backquotes, or the line alone where the source is not at hand."""
    text = text_of(span_of(place))
    return f" by `{text}`" if text else ""


def in_place_of(name: str, place: Place) -> str:
    """The update as it changes the parameter itself: `w -= lr * w.grad`."""
    text = text_of(span_of(place))
    for sign in "+-*/":
        if text.startswith(f"{name} {sign} "):
            return f"{name} {sign}= {text.removeprefix(f'{name} {sign} ')}"
    return f"{name} -= lr * {name}.grad"


def unlearned(opened: Place | None) -> str:
    """What to say of a loss without graph if a variable of the user's that was a parameter is now a tensor outside of it.

    `opened` is where the last no_grad() block begins: in a notebook that is another code than the one that calls backward().
    """
    frame = users_frame()
    if frame is None:
        return ""
    variables = {**frame.f_globals, **frame.f_locals}
    for code in dict.fromkeys([frame.f_code, frame.f_code if opened is None else opened[0]]):
        for name, place in _rebindings(code):
            value = variables.get(name)
            if not isinstance(value, Tensor) or value._edge is not None or value._array.dtype.kind != "f":
                continue
            return (
                f"`{name}` is a new tensor since {line_of(place)}, made{written(place)} under no_grad(), so it requires no "
                f"gradient. Write {in_place_of(name, place)} there, which changes the parameter itself (AD010)"
            )
    return ""


def left_behind(x: Tensor, place: Place) -> None:
    """Tell of a no_grad() block, opened at a place, that gives a parameter's name to a new tensor, the second time it does so.

    By then it is sure: backward() has reached the parameter again, and it is what it was. A program that goes on with the new
    tensor, as with w = (w - lr * w.grad).requires_grad_(), has another parameter each time.
    """
    if x._edge is not LEAF or x._grad is None or x._cell is None or not _rebindings(place[0]):
        return
    frame = users_frame()
    if frame is None or frame.f_code is not place[0]:
        return
    line = line_of((frame.f_code, frame.f_lasti))
    variables = {**frame.f_globals, **frame.f_locals}
    for name, at in _rebindings(frame.f_code):
        if variables.get(name) is not x or line_of(at) != line:
            continue
        extra = extra_of(x, "_extra")
        if extra.get("left") == x._cell[0]:
            teach(
                "AD010",
                f"`{name}` is a new tensor from here on, made{written(at)} under no_grad(), and the parameter is what it was: "
                f"for the second time. Write {in_place_of(name, at)}, which changes the parameter itself.",
            )
        extra["left"] = x._cell[0]
