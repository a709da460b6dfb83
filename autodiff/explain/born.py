"""Where the first nan or infinity of a run was born: the moment is marked, with the reason.

After this module a reader knows that it is looked for from its end: a gradient that was written, or a loss that a walk began
at. What is infinite on the way and comes to nothing, as a masked score does in a softmax, is no matter.
"""

from __future__ import annotations

from collections.abc import Iterable

from autodiff._core.not_finite import cure_of, reason_of
from autodiff.explain.events import Began, Delivered, Event, Made, Thing, Walked
from autodiff.explain.moments import Moment
from autodiff.explain.values import Value

__all__ = ["mark_first"]


def mark_first(happened: Iterable[Event], moments: list[Moment]) -> None:
    """Mark the moment in which the first one was born, if a loss or a gradient came to be one."""
    birth, way = _birth(happened)
    if birth is None:
        return
    made = birth.made if isinstance(birth, Walked) else birth
    assert isinstance(made, Made)
    reason = reason_of(made.name) if way == "slope" else cure_of(made.name)
    told = f"Here the first nan or infinity is born, in the {way} of {made.name}{f': {reason}' if reason else ''}. (AD033)"
    for moment in moments:
        if moment.event is birth:
            moment.mark = told
            moment.facts.append(told)


def _birth(happened: Iterable[Event]) -> tuple[Event | None, str]:
    """The event, and whether it was born in the result or in the slope of its operation."""
    forward: Event | None = None
    origin: dict[Thing, Event | None] = {}  # None: it was given to the walk, or comes from a hook
    for event in happened:
        match event:
            case Made():
                given = [x.value for x in event.inputs if isinstance(x, Thing)]
                if forward is None and _any(out.value for out in event.outputs) and not _any(given):
                    forward = event
            case Began():
                origin.clear()
                if _any(thing.value for thing, _ in event.roots):
                    return forward, "result"
            case Walked():
                came = next(filter(None, map(origin.get, event.made.outputs)), None) if _any(event.gradients) else event
                for arrival in event.sent:
                    if arrival.fitted.strange:
                        origin.setdefault(arrival.to, came)
            case Delivered() if event.after.strange:
                return origin.get(event.to), "slope"
    return None, ""


def _any(values: Iterable[Value | None]) -> bool:
    return any(value is not None and value.strange for value in values)
