"""What a story is made of: moments, each with a heading, one sentence to keep, equations, and what changes in the picture.

After this module a reader knows all that the text, the page and the JSON of a run show: they are functions of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from autodiff._core.places import Span
from autodiff.explain import events
from autodiff.explain.equations import Equation
from autodiff.explain.events import Thing
from autodiff.explain.measured import Measured
from autodiff.explain.rows import Row
from autodiff.explain.values import Value

__all__ = ["PHASES", "Change", "Moment", "Story"]

# In the order of a training step; a run may go through them many times.
PHASES = ("start", "forward", "backward", "step", "zero_grad", "stopped")


@dataclass
class Change:
    """What one moment changes in the picture and beside the code."""

    thing: Thing
    slot: str  # "value", "gradient", or "collecting": a sum that is not .grad yet
    value: Value | None  # None: nothing any more


@dataclass
class Moment:
    """One thing that happened, as it is told."""

    phase: str
    title: str
    words: str  # the one sentence
    span: Span | None = None
    equations: list[Equation] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)  # slopes beside the gradients that are written
    facts: list[str] = field(default_factory=list)  # quiet ones: what is kept, what is let go
    changes: list[Change] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)  # those that it is about; the first is where we are
    sent: list[tuple[Thing, Thing, str]] = field(default_factory=list)  # from, to, and what: along the picture's edges
    module: str = ""
    depth: int = 0
    event: events.Event | None = None
    mark: str = ""  # what a reader must not miss


@dataclass
class Story:
    """A whole run."""

    moments: list[Moment]
    things: list[Thing]
    made: list[events.Made]

    def phases(self) -> list[tuple[str, int, int]]:
        """The runs of moments of one phase, in their order: (phase, the first moment, how many)."""
        found: list[tuple[str, int, int]] = []
        for i, moment in enumerate(self.moments):
            if found and found[-1][0] == moment.phase:
                phase, first, count = found[-1]
                found[-1] = phase, first, count + 1
            else:
                found.append((moment.phase, i, 1))
        return found
