"""What is told of numbers that are written over in place, and of gradients that are cleared.

After this module a reader knows that a change is told by what it changed: data, what learns, or a `.grad`.
"""

from __future__ import annotations

from autodiff.explain import events
from autodiff.explain.events import Thing
from autodiff.explain.moments import Change, Moment
from autodiff.explain.numbers import brief
from autodiff.explain.rows import Row
from autodiff.explain.wording import named, sign_of

__all__ = ["moment_of", "words_of_clearing"]


def moment_of(event: events.Changed) -> Moment:
    """The moment of a change that no operation of the graph has told."""
    thing, of = event.thing, event.thing.gradient_of
    phase, words = _of_gradient(event, thing.name) if of is not None else _of_numbers(event, thing)
    moment = Moment(phase, f"{thing.name or 'a tensor'} {sign_of(event.by)}", words, event.span)
    about, slot, kind = (thing, "value", "update") if of is None else (of, "gradient", "gradient")
    moment.rows = [Row(thing, "before, after", f"{brief(event.before)} → {brief(event.after)}", event.after, kind)]
    moment.changes, moment.things = [Change(about, slot, event.after)], [about]
    moment.event, moment.module, moment.depth = event, event.module, event.depth
    return moment


def _of_numbers(event: events.Changed, thing: Thing) -> tuple[str, str]:
    if event.by_step:
        phase = "step" if thing.kind == "parameter" else "forward"
        return phase, f"Inside its step the optimiser moves {named(thing)}, to compute the loss there."
    if thing.kind == "parameter":
        return "step", f"{named(thing)} is changed by hand, in place: the graph is not told, and keeps its old numbers nowhere."
    return "forward", f"{named(thing)} is data, and is written over in place."


def _of_gradient(event: events.Changed, name: str) -> tuple[str, str]:
    if event.after.low == event.after.high == 0:
        return "zero_grad", f"{name} is filled with zeros, so that the next backward does not add to the old gradient."
    return "backward", f"{name} is changed in place: step() will use what it is now."


def words_of_clearing(event: events.Cleared) -> str:
    """What clearing gradients does, to those that there were."""
    had = [f"{named(thing)}.grad" for thing, g in event.things if g is not None]
    if not had:
        return "There was nothing to clear: no parameter had a gradient."
    if event.zeros:
        return "Every .grad becomes zeros. None, without set_to_none=False, would say that nothing has arrived yet."
    which = "Every .grad" if event.how == "zero_grad" else " and ".join(had)
    after = "the parameters keep their numbers. Without this, the next backward would add to the old gradients"
    return f"{which} goes back to None; {after}."
