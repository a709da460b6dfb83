"""The first training step of a program, looked at while the program runs as it would anyway.

After this module a reader knows where a first step begins and ends in a program that says nothing of either: with the first
operation that a graph records, or the first clearing of gradients; and with the first thing that happens after a parameter was
moved and is neither another move nor a clearing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from autodiff._core.modes import is_grad_enabled
from autodiff._core.observer import Enough, observing
from autodiff._core.tensor import Tensor
from autodiff.explain.events import Changed, Stepped
from autodiff.explain.recorder import Recorder
from autodiff.explain.run import Run, stopped

__all__ = ["FirstStep"]

_MOST = 20_000  # events: a program that never takes a step may record operations for ever

# What closes something: told to the recorder exactly if it was told of the opening, which it keeps in the list of this name.
_OPENED = {"changed": "changes", "left": "modules", "stepped": "steps", "ended": "walks"}


class FirstStep:
    """An observer of one step: a block of code around the program. `seen(run, end)` is called once, as soon as it is over.

    `end` is "step"; "program" where the program ended before it moved a parameter, and "long" where that took too long.
    """

    def __init__(self, seen: Callable[[Run, str], None]) -> None:
        self.recorder, self.seen = Recorder(), seen
        self.looking = observing(self)
        self.begun = self.moved = self.over = False
        self.process = os.getpid()

    def __enter__(self) -> FirstStep:
        self.looking.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.looking.__exit__(None, None, None)
        if self.over:
            return
        self.recorder.names.see(None, vars(sys.modules["__main__"]))  # the program's frame is gone
        if error is not None:
            stopped(self.recorder, error, trace)
        self.finish("step" if self.moved else "program")

    def __getattr__(self, event: str) -> Any:
        # An observer has a method for each event: those of the recorder, each with the same question before it.
        return partial(self.told, event, getattr(self.recorder, event))

    def told(self, event: str, method: Callable[..., None], *what: Any) -> None:
        """One event: it may begin the step, belong to it, or come after it."""
        if os.getpid() != self.process:  # a fork of the program, which trains for itself
            raise Enough
        if self.moved and not self.recorder.steps:
            if self.is_next(event, *what):
                self.finish("step")
                raise Enough
            if event == "cut":  # a loss that is put away, without its graph
                return
        if event in _OPENED and not getattr(self.recorder, _OPENED[event]):
            return
        self.begun = self.begun or _begins(event, *what)
        if not self.begun and event not in ("entered", "left"):
            return
        method(*what)
        self.moved = self.moved or self.has_moved(event)
        if len(self.recorder.events) > _MOST:
            self.finish("long")
            raise Enough

    def is_next(self, event: str, *what: Any) -> bool:
        """Whether this comes after the step, once a parameter was moved."""
        if event == "changing":
            tensor, name = what[:2]
            return name != "zero_" and self.recorder.owner(tensor) is None
        return event not in ("stepping", "cleared", "cut", *_OPENED)

    def has_moved(self, event: str) -> bool:
        """Whether this event moved a parameter: by an optimiser's step, or by hand after a backward."""
        if event not in ("stepped", "changed") or self.recorder.steps or not self.recorder.events:
            return False
        last = self.recorder.events[-1]
        if isinstance(last, Stepped):
            return bool(last.moves)
        by_hand = isinstance(last, Changed) and last.thing.kind == "parameter" and not last.recorded
        return by_hand and self.recorder.walk > 0 and not self.recorder.walks

    def finish(self, end: str) -> None:
        """It is over."""
        self.over = True
        self.recorder.look()
        self.seen(Run(self.recorder), end)


def _begins(event: str, *what: Any) -> bool:
    """Whether a training step begins with this event. What a program does before it, fills weights say, is none of it."""
    if event == "changing":
        tensor, _, args, kwargs = what
        several = [tensor, *args, *kwargs.values()]
        return is_grad_enabled() and any(isinstance(x, Tensor) and x.requires_grad for x in several)
    return event in ("made", "failed", "began", "stepping", "cleared")
