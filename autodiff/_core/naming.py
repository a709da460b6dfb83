"""What the user calls a tensor: for messages, which name `w` and not "a tensor of shape [3]".

After this module a reader knows that a message finds names where the program stands when it is written: in the variables of the
user's innermost function, in the modules among them, and in the globals. Nothing is noted before, so nothing is paid for it.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

from autodiff._core.provenance import is_ours
from autodiff._core.tensor import Tensor

__all__ = ["behind_libraries", "called", "is_a_name", "name_of", "named", "users_frame"]


def is_a_name(text: str) -> bool:
    """Whether a variable is one that somebody has named: not IPython's `_` and `_12`, nor what a rewritten assertion holds."""
    return text.isidentifier() and text.strip("_0123456789") != ""


def users_frame() -> FrameType | None:
    """The innermost frame of the program that called the package; None where there is none."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and is_ours(frame.f_code):
        frame = frame.f_back
    return frame


def behind_libraries(frame: FrameType | None) -> FrameType | None:
    """The frame of the program itself, where a library that is installed, such as one for plots, stands between."""
    outer = frame
    while outer is not None and (is_ours(outer.f_code) or re.search(r"\b(site|dist)-packages\b", outer.f_code.co_filename)):
        outer = outer.f_back
    return outer or frame


def named(frame: FrameType | None) -> Iterator[tuple[str, Tensor]]:
    """The tensors that a frame's variables, modules, lists and tuples hold, with their names: local ones first."""
    for variables in (frame.f_locals, frame.f_globals) if frame is not None else ():
        held = [(name, value) for name, value in variables.items() if is_a_name(name)]
        yield from ((name, value) for name, value in held if isinstance(value, Tensor))
        for name, value in held:
            if hasattr(type(value), "named_parameters") and not isinstance(value, type):
                with contextlib.suppress(Exception):  # one that is not made yet: a message must not fail over it
                    yield from ((f"{name}.{path}", p) for path, p in value.named_parameters())
            elif value.__class__ in (list, tuple):
                yield from ((f"{name}[{i}]", each) for i, each in enumerate(value) if isinstance(each, Tensor))


def called(x: Any, otherwise: str, frame: FrameType | None = None) -> str:
    """What a tensor or an array is called, in backquotes; `otherwise` where nothing holds it."""
    frame = frame or users_frame()
    for variables in (frame.f_locals, frame.f_globals) if frame is not None else ():
        for name, value in variables.items():
            if value is x and is_a_name(name):
                return f"`{name}`"
    name = name_of(frame, lambda t: t is x)
    return f"`{name}`" if name else otherwise


def name_of(frame: FrameType | None, like: Any) -> str:
    """The first name of a tensor for which `like(tensor)` holds; "" where none has one."""
    return next((name for name, t in named(frame) if like(t)), "")
