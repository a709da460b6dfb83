"""What a step should do to the loss, to first order: each number's gradient times how far it moved, added up.

After this module a reader knows which loss that is: the sum of those whose gradients came since the last step or clearing; and
which gradient: the one that backward sent, also where the program has changed `.grad` since, by clipping it say.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.explain import events
from autodiff.explain.events import Moved, Thing
from autodiff.explain.values import Value, same

__all__ = ["Arrived", "Sums"]

USUAL = "g · (after − before), added up"
SENT = "g of backward · (after − before), added up"


class Sums:
    """What had arrived at some parameters when a step began."""

    def __init__(self, losses: list[Thing], given: dict[Thing, list[Value]]) -> None:
        self.given = given
        many = f"the {len(losses)} losses together"
        self.name = " + ".join(loss.name for loss in losses) if len(losses) <= 3 else many

    def change_by(self, move: Moved) -> tuple[str, float | None]:
        """The text of the sum, and what moving one parameter should change the losses by; None where that isn't known."""
        values = self.given.get(move.thing, [])
        if not self.name or move.grad is None or move.before.array is None or move.after.array is None:
            return "", None
        change = move.after.array.astype(np.float64) - move.before.array
        g = _sum(values)
        if g is None and not (len(values) == 1 and same(values[0], move.grad)):
            return "", None
        now = move.grad.array
        if now is not None and (g is None or np.array_equal(g, now, equal_nan=True)):
            return USUAL, float(np.nansum(now.astype(np.float64) * change))
        if g is None:
            return "", None
        return SENT, float(np.nansum(g.astype(np.float64) * change))


class Arrived:
    """What each walk has written into `.grad`, and no step has used yet."""

    def __init__(self) -> None:
        self.loss: Thing | None = None
        self.given: dict[Thing, list[tuple[Thing, Value]]] = {}  # to each parameter: the losses, and what they sent

    def add(self, event: events.Event) -> None:
        """One more event of the run."""
        match event:
            case events.Began(kind="backward", roots=[(loss, _), *_]):
                self.loss = loss
            case events.Delivered(to=to, arrived=arrived) if self.loss is not None:
                self.given.setdefault(to, []).append((self.loss, arrived))
            case events.Cleared(things=things):
                self.used([thing for thing, _ in things])
            case events.Changed(thing=thing) if thing.gradient_of is not None and event.after.low == event.after.high == 0:
                self.used([thing.gradient_of])

    def of(self, moved: list[Thing]) -> Sums:
        """What there is for the parameters of a step."""
        given = {thing: self.given.get(thing, []) for thing in moved}
        losses = {loss for each in given.values() for loss, _ in each}
        in_order = sorted(losses, key=lambda loss: loss.number)
        return Sums(in_order, {thing: [g for _, g in each] for thing, each in given.items()})

    def used(self, things: list[Thing]) -> None:
        """A step has used these gradients, or they were cleared."""
        for thing in things:
            self.given.pop(thing, None)


def _sum(values: list[Value]) -> np.ndarray[Any, Any] | None:
    """The sum, added in the order in which backward did; None of nothing, and where one of them was not kept whole."""
    total = None
    for value in values:
        if value.array is None:
            return None
        total = value.array if total is None else total + value.array
    return total
