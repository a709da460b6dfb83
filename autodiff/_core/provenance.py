"""Where in the user's program a tensor was made: noted cheaply always, decoded only when a message needs it.

Noting a place is reading two fields of a frame (about 70 ns); turning it into "train.py:12" walks the
function's line table, so that waits until somebody asks.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
import threading
from types import CodeType, FrameType
from typing import Any

__all__ = [
    "Place", "here", "is_ours", "line_of", "outermost", "set_provenance", "shown", "stacklevel", "users_line",
]

Place = tuple[CodeType, int]

_getframe = sys._getframe

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class _Ours(dict[str, bool]):
    """Whether a source file belongs to the package, asked once per file."""

    def __missing__(self, filename: str) -> bool:
        ours = self[filename] = filename.startswith(_PACKAGE)
        return ours


_ours = _Ours()


class _Outermost(threading.local):
    # The user's line that called the outermost layer of the package; None outside, and in a user's own forward.
    place: Place | None = None


outermost = _Outermost()


class _Switch:
    on = True


def set_provenance(on: bool) -> None:
    """Turn the noting of the user's lines on or off; off, messages cannot name a line.

    >>> import autodiff as torch
    >>> torch.set_provenance(False)
    >>> torch.set_provenance(True)
    """
    _Switch.on = bool(on)


def here(depth: int = 2) -> Place | None:
    """The user's line that is being executed, or None when provenance is off.

    ``depth`` is the frame to start from, as in sys._getframe; frames of the package are passed over. Inside a layer
    of the package the line that called the outermost such layer is taken, without a walk.
    """
    if not _Switch.on:
        return None
    start = _getframe(depth)
    code = start.f_code
    if not _ours[code.co_filename]:
        return code, start.f_lasti
    place = outermost.place
    if place is not None:
        return place
    frame: FrameType | None = start
    while frame is not None and _ours[frame.f_code.co_filename]:
        frame = frame.f_back
    return None if frame is None else (frame.f_code, frame.f_lasti)


def users_line(depth: int = 2) -> Place | None:
    """The line of that very frame, if it is the user's and not the package's."""
    frame = _getframe(depth)
    return None if not _Switch.on or _ours[frame.f_code.co_filename] else (frame.f_code, frame.f_lasti)


def is_ours(code: CodeType) -> bool:
    """Whether code belongs to the package; that of a compiled module gives its file from the root of the sources."""
    return _ours[code.co_filename] or code.co_filename.startswith("autodiff/_kernels/")


def stacklevel() -> int:
    """The `stacklevel` with which a warning that the caller gives names the user's line."""
    level, frame = 1, _getframe(1)
    while frame.f_back is not None and _ours[frame.f_code.co_filename]:
        level, frame = level + 1, frame.f_back
    return level


def line_of(place: Place | None) -> str:
    """A place as a reader writes it: ``train.py:12``, ``Cell In[3], line 8``; "an unknown line" when it was not noted."""
    if place is None:
        return "an unknown line"
    filename, line = place[0].co_filename, _line(place)
    cell = _cell_of(filename)
    if cell is not None:
        return f"{cell}, line {line}"
    if filename.startswith("<"):  # no file: <stdin>, <python-input-3>, <string>
        return f"{filename}, line {line}"
    return f"{os.path.basename(filename)}:{line}"


def shown(place: Place | None) -> str:
    """A place as a traceback shows it, with the line itself where its file can be read."""
    if place is None:
        return "  (an unknown line)\n"
    import traceback  # only anomaly mode shows places so

    code = place[0]
    return "".join(traceback.format_list([(code.co_filename, _line(place) or 0, code.co_name, None)]))


def _line(place: Place) -> int | None:
    code, lasti = place
    for start, end, number in code.co_lines():
        if start <= lasti < end:
            return number
    return code.co_firstlineno


# A notebook compiles each cell as a file of its own, named by a hash: ipykernel_812/1789724458.py, <ipython-input-3-9a8c7f>.
_CELL = re.compile(r"ipython-input-(\d+)-|ipykernel_\d+[\\/]\d+\.py$")


def _cell_of(filename: str) -> str | None:
    """The notebook cell that was compiled under this name, in IPython's words; None where it was none."""
    for shell in _shells():
        try:
            label = shell.compile.format_code_name(filename)
        except AttributeError:  # an IPython older than 7.21
            continue
        if label is not None:
            return " ".join(label)
    found = _CELL.search(filename)
    return None if found is None else f"Cell In[{found[1]}]" if found[1] else "a notebook cell"


def _shells() -> list[Any]:
    """The IPython shell that is executing a cell now, and the one that the process was started as."""
    found = [getattr(builtins, "get_ipython", None), getattr(sys.modules.get("IPython"), "get_ipython", None)]
    return [shell for get in found if get is not None and (shell := get()) is not None]
