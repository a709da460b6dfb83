"""Where a graph ended lately: noted for the message of a backward that finds no graph.

After this module a reader knows why that message can name the line: what has no gradient of its own, whole numbers and what was
detached, is noted when it is made of something that requires one. That happens seldom, and so costs a program nothing. Of a
block in which nothing is recorded it is noted once that it has met such a tensor.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from autodiff._core.handles import extra_of
from autodiff._core.modes import mode
from autodiff._core.observer import LOOKING, tell
from autodiff._core.provenance import Place, here, line_of
from autodiff._core.rebound import left_behind, unlearned
from autodiff._core.teaching import teach
from autodiff._core.tensor import Tensor

__all__ = ["blame", "cut", "cut_of", "no_graph", "under", "unrecorded", "was_cut"]


class _Last(threading.local):
    """The last cut of a thread: what made it, the version cell of its result, and where."""

    by: str = ""
    cell: Any = None
    place: Place | None = None


_last = _Last()


def cut(by: str, inputs: Sequence[Any], t: Tensor, depth: int = 3) -> None:
    """Note that `t`, the result of `by`, has no graph although what it was made of had one."""
    _last.by, _last.cell, _last.place = by, t._cell, here(depth)
    extra_of(t, "_extra")["cut"] = by, _last.place
    mode.opened = None  # this is the last place
    if LOOKING:
        tell("cut", by, inputs, t)


def cut_of(t: Tensor) -> tuple[str, Place | None] | None:
    """What cut `t` off its graph, and where, if it was cut off."""
    found: tuple[str, Place | None] | None = (t._extra or {}).get("cut")
    return found


def unrecorded(by: str, inputs: Sequence[Any], output: Any) -> None:
    """The same for what an operation computed: it has no slope, or nothing is recorded where it was called."""
    if mode.grad and not mode.inference:
        cut(by, inputs, output, 4)
        return
    if not isinstance(output, Tensor) or output._array.dtype.kind == "f":  # others have no slope in any case
        place = mode.opened
        if mode.unmet and place is not None and "grad" in place[0].co_names:
            for x in inputs:
                if isinstance(x, Tensor):
                    left_behind(x, place)
        mode.unmet = False
    if LOOKING:
        tell("cut", "inference_mode" if mode.inference else "no_grad", inputs, output)


# What stays the same while the numbers move a little; of these the places, not the values.
_PLACES = {"argmax", "argmin", "max", "median", "min", "mode", "sort", "topk"}
_FLAT = {"eq", "ge", "gt", "isfinite", "isinf", "isnan", "le", "logical_not", "lt", "ne", "to", *_PLACES}


def no_graph(t: Tensor) -> str:
    """Why a loss has no graph, and what to write, as the end of a message."""
    replaced = unlearned(mode.opened)
    if replaced:
        return replaced
    begin = (
        "nothing it was computed from has requires_grad=True, or it was computed under no_grad(), after detach(), or by "
        f"something that has no slope, such as argmax or a comparison{blame(t)}"
    )
    if not mode.grad or under() is not None or _last.by not in _FLAT:
        return f"{begin} (AD011)"
    what = f"The place that {_last.by}() finds" if _last.by in _PLACES else f"{_last.by}()"
    return (
        f"{begin}. {what} is flat: it stays the same while the numbers move a little, and then it jumps. Train with a loss "
        "that has a slope, such as cross_entropy of the scores, and count the accuracy beside it (AD013)"
    )


def was_cut(t: Tensor, turned: Place | None) -> None:
    """A backward from a loss that requires_grad_() has made a leaf, in this line (AD012); silent where nothing was cut."""
    if _last.by or under() is not None:
        teach(
            "AD012",
            f"backward(): this loss is a leaf since requires_grad_() at {line_of(turned)}, so backward ends at it, and no "
            f"parameter gets a gradient{blame(t)}. Take requires_grad_() away, and what cuts the graph: detach(), .data, "
            ".item(), argmax, no_grad().",
        )


def under() -> Place | None:
    """Where the last block was opened in which nothing was recorded although something in it requires a gradient.

    None where another cut has come since.
    """
    return None if mode.unmet else mode.opened


def blame(t: Tensor) -> str:
    """What is known about why `t` has no graph, as the end of a message."""
    if not mode.grad:
        return ". Nothing is recorded right now: this is inside no_grad(), or set_grad_enabled(False) was called"
    place, what = under(), f"{_last.by}() at {line_of(_last.place)}"
    if _last.by and _last.cell is t._cell is not None:
        return f". It is the result of {what}, which has no gradient"
    if place is not None:
        return f". Nothing was recorded in the no_grad() block at {line_of(place)}, where something that requires one was used"
    if not _last.by:
        return ""
    return f". The last operation whose result left a graph was {what}"
