"""A run as a story: its events, told one after the other as moments.

After this module a reader knows the order in which a run is told: what there is before the first line; each operation; the
seed; each operation on the way back; the sums becoming `.grad`; each parameter's step; the clearing. Each moment exists
because something happened.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff.explain import events
from autodiff.explain.born import mark_first
from autodiff.explain.changes import moment_of, words_of_clearing
from autodiff.explain.equations import of_arrival
from autodiff.explain.events import Thing
from autodiff.explain.expected import Arrived
from autodiff.explain.measured import Measuring
from autodiff.explain.moments import Change, Moment, Story
from autodiff.explain.numbers import brief, number, shape_of
from autodiff.explain.rows import Row
from autodiff.explain.updates import update_of
from autodiff.explain.values import value_of, zeros_like
from autodiff.explain.wording import is_number, kept_name, label, named, stretched, title

__all__ = ["story_of"]

SEED = (
    "Now the question is turned around: if this number grew a little, how much would {loss} grow? The answer is called g. "
    "For {loss} itself it is {given}."
)


def story_of(run: Any) -> Story:
    """The story of a run."""
    teller = _Teller(run.events, run.things)
    return Story(teller.tell(), run.things, [event for event in run.events if isinstance(event, events.Made)])


class _Teller:
    """Goes through the events, and knows what came before."""

    def __init__(self, happened: list[events.Event], things: list[Thing]) -> None:
        self.happened, self.things = happened, things
        self.moments: list[Moment] = []
        self.uses: dict[Thing, int] = {}  # how often a thing was used on the way there
        self.loss: Thing | None = None
        self.cleared = 0  # so many moments had been told when the gradients were cleared
        self.measuring = Measuring()
        self.arrived = Arrived()

    def tell(self) -> list[Moment]:
        """All moments."""
        self.moments.append(self.beginning())
        for event in self.happened:
            self.add(event)
        mark_first(self.happened, self.moments)
        return self.moments

    def add(self, event: events.Event) -> None:
        """What one event adds to the story."""
        self.measuring.add(event)
        self.arrived.add(event)
        match event:
            case events.Made():
                moment = self.forward(event)
            case events.Began():
                moment = self.seed(event)
            case events.Walked():
                moment = self.back_through(event)
            case events.Hooked():
                moment = self.hook(event)
            case events.Delivered():
                self.delivery(event)
                return
            case events.Ended():
                self.end(event)
                return
            case events.Cut():
                self.cut(event)
                return
            case events.Changed():
                self.change(event)
                return
            case events.Stepped():
                self.step(event)
                return
            case events.Cleared():
                moment = self.clear(event)
            case events.Failed():
                moment = self.stop(event)
            case events.Holding():
                moment = self.hold(event)
            case _:
                return
        moment.event, moment.module, moment.depth, moment.span = event, event.module, event.depth, event.span
        self.moments.append(moment)

    # ---- forward ----

    def beginning(self) -> Moment:
        """What there is before the first line."""
        learns = [t for t in self.things if t.kind == "parameter"]
        data = [t for t in self.things if t.kind == "data"]
        names = ", ".join(t.name for t in learns if t.name)
        several = f"{len(learns)} tensors learn" if len(learns) != 1 else "One tensor learns"
        listed = f" ({names})" if len(learns) <= 12 else ""
        words = f"{several}{listed}; the rest is data." if learns else "Nothing here learns: all of it is data."
        if not self.things:
            words = "Nothing was recorded: nothing was computed from a tensor that requires a gradient."
        moment = Moment("start", "before the first line", words)
        for t in (*learns, *data):
            moment.changes.append(Change(t, "value", t.value))
        moment.things = learns
        return moment

    def forward(self, event: events.Made) -> Moment:
        """An operation that was computed and recorded."""
        out = event.outputs[0]
        given = [x for x in event.inputs if isinstance(x, Thing)]
        for x in given:
            self.uses[x] = self.uses.get(x, 0) + 1
        sources = ", ".join(named(x) for x in given if x.kind != "number")
        verb = f"writes over {named(given[0])} in place" if event.in_place and given else f"is computed from {sources}"
        words = f"{out.name} {verb}." if len(sources) < 90 else f"{out.name} is computed from {len(given)} tensors."
        moment = Moment("backward" if event.depth else "forward", title(event), words)
        kept = [kept_name(name, event) for name in event.keeps if not is_number(name, event)]
        if kept:
            moment.facts.append(f"Kept for the way back: {', '.join(dict.fromkeys(kept))}.")
        moment.changes = [Change(x, "value", x.value) for x in given if x.kind != "result"]
        moment.changes += [Change(t, "value", t.value) for t in event.outputs]
        moment.things = [*event.outputs, *given]
        moment.sent = [(x, out, "") for x in given]
        return moment

    def cut(self, event: events.Cut) -> None:
        """A place where the way back ends; those of one line are one moment. What nobody holds is not worth one."""
        if not event.output.named and event.by not in ("detach", "no_grad", "inference_mode"):
            return
        last = self.moments[-1]
        if isinstance(last.event, events.Cut) and (last.event.by, last.event.span) == (event.by, event.span):
            last.things.append(event.output)
            return
        under = event.by in ("no_grad", "inference_mode")
        where = f"under {event.by}()" if under else f"by {event.by}"
        sources = ", ".join(dict.fromkeys(named(x) for x in event.inputs))
        made = f"{event.output.name or 'the result'} is made {where}"
        words = f"Here the way back ends: {made}, and no gradient will return from it."
        phase = "backward" if event.depth else "forward"
        moment = Moment(phase, f"cut {where}", words, event.span, module=event.module, depth=event.depth, event=event)
        moment.facts = [f"It was made of {sources}."] if sources else []
        moment.things = [event.output, *event.inputs]
        moment.changes = [Change(event.output, "value", event.output.value)]
        self.moments.append(moment)

    def change(self, event: events.Changed) -> None:
        """An in-place change. One that was recorded has been told as the operation that it is."""
        if event.recorded or event.before.size == 0:
            return
        self.moments.append(moment_of(event))

    # ---- the way back ----

    def seed(self, event: events.Began) -> Moment:
        """The first gradient."""
        self.loss = event.roots[0][0]
        name = self.loss.name
        given = "1" if event.roots[0][1].number == 1 else "the gradient that was given"
        moment = Moment("backward", f"{event.kind}(): start at {name}", SEED.format(loss=name, given=given))
        if any(m.phase == "backward" for m in self.moments):
            ask = f"if this number grew a little, how much would {name} grow?"
            moment.words = f"g, once more: {ask} For {name} itself it is {given}."
        for thing, g in event.roots:
            it = f"({thing.name})" if " " in thing.name else thing.name
            moment.rows.append(Row(thing, f"∂{it}/∂{it}" if g.number == 1 else "the gradient that was given", "", g))
            moment.changes.append(Change(thing, "gradient", g))
        moment.things = [thing for thing, _ in event.roots]
        return moment

    def back_through(self, event: events.Walked) -> Moment:
        """The rules of an operation."""
        made = event.made
        out = made.outputs[0]
        words = "Its own backward, which the program defines, says what goes on."
        if made.operation is not None:
            words = made.operation.says
        moment = Moment("backward", f"back through {title(made)}", words)
        if self.uses.get(out, 0) > 1:
            moment.facts.append(
                f"{named(out)} was used {self.uses[out]} times, and each use sent a gradient; they were added up before this."
            )
        for arrival in event.sent:
            equation = of_arrival(event, arrival)
            if arrival.raw.shape != arrival.fitted.shape:
                equation.note = stretched(arrival)
            moment.equations.append(equation)
            moment.sent.append((arrival.to, out, label(arrival.fitted)))
            equation.adds = arrival.before is not None
            if arrival.before is not None:
                sums = f"{brief(arrival.before)} + {brief(arrival.fitted)}"
                moment.rows.append(Row(arrival.to, f"{named(arrival.to)} so far", sums, arrival.total))
            slot = "gradient" if arrival.to.kind == "result" else "collecting"
            moment.changes.append(Change(arrival.to, slot, arrival.total))
        quiet = [named(x) for x in made.inputs if isinstance(x, Thing) and x.kind == "data" and x.dtype.startswith("float")]
        if quiet:
            moment.facts.append(f"{', '.join(dict.fromkeys(quiet))}: data, which gets no gradient.")
        if event.freed and made.keeps:
            names = dict.fromkeys(kept_name(name, made) for name in made.keeps if not is_number(name, made))
            if names:
                moment.facts.append(f"Let go, no longer needed for the way back: {', '.join(names)}.")
        moment.things = [out, *(a.to for a in event.sent)]
        return moment

    def hook(self, event: events.Hooked) -> Moment:
        """A hook of the user's replaced a gradient."""
        name = named(event.at) if event.at else "an operation"
        words = f"A hook of yours saw the gradient at {name} and put another in its place."
        moment = Moment("backward", f"a hook on {name}", words)
        for before, after in zip(event.before, event.after, strict=False):
            moment.rows.append(Row(event.at, "the hook", f"{brief(before)} → {brief(after)}", after))
        moment.things = [event.at] if event.at else []
        if event.at and event.after and event.after[0] is not None:
            slot = "gradient" if event.at.kind == "result" else "collecting"
            moment.changes = [Change(event.at, slot, event.after[0])]
        return moment

    def delivery(self, event: events.Delivered) -> None:
        """The sums become `.grad`: all of them at the end of a walk, in one moment."""
        last = self.moments[-1]
        if not (isinstance(last.event, events.Delivered) and last.event.walk == event.walk):
            words = "Everything has arrived. Only now are the sums written into .grad."
            last = Moment("backward", "the sums become .grad", words, event.span)
            last.event, last.module, last.depth = event, event.module, event.depth
            self.moments.append(last)
        name = f"{named(event.to)}.grad"
        numbers = "None, becomes" if event.before is None else f"{brief(event.before)} + {brief(event.arrived)}"
        last.rows.append(Row(event.to, name, numbers, event.after))
        measured = self.measuring.of(event)
        last.measured += [] if measured is None else [measured]
        if event.before is not None:
            last.facts = ["A gradient was there already, and the new one was added to it: zero_grad() clears it."]
        last.changes += [Change(event.to, "collecting", None), Change(event.to, "gradient", event.after)]
        last.things.append(event.to)

    def end(self, event: events.Ended) -> None:
        """What grad() hands back; backward() has delivered already."""
        if event.error:
            words = f"backward stopped: {event.error.splitlines()[0]}"
            moment = Moment("stopped", "the walk stopped", words, event.span)
        elif event.kind == "grad" and event.found:
            words = "These gradients are returned; no .grad is touched."
            moment = Moment("backward", "grad() hands them back", words, event.span)
            for thing, g in event.found:
                moment.rows.append(Row(thing, f"for {named(thing)}", "", g))
                moment.changes += [Change(thing, "collecting", None), Change(thing, "gradient", g)]
                moment.things.append(thing)
        else:
            return
        moment.event, moment.module, moment.depth = event, event.module, event.depth
        self.moments.append(moment)

    # ---- the step ----

    def step(self, event: events.Stepped) -> None:
        """A moment for each parameter that the optimiser moved, and what they should do to the loss together."""
        sums = self.arrived.of([move.thing for move in event.moves])
        expected: float | None = 0.0
        for i, move in enumerate(event.moves):
            update = update_of(event, move)
            moment = Moment("step", f"{event.optimizer} moves {named(move.thing)}", update.words, event.span)
            moment.rows = update.rows
            moment.changes = [Change(move.thing, "value", move.after)]
            moment.things = [move.thing]
            text, does = ("", None) if event.whole_step else sums.change_by(move)
            expected = None if expected is None or does is None else expected + does
            if does is not None:
                change = value_of(np.asarray(does))
                moment.rows.append(Row(self.loss, text, "", change, "gradient", f"change of {sums.name}"))
            if sums.name and expected is not None and i == len(event.moves) - 1:
                about = f"The whole step should change {sums.name} by about {number(expected)}."
                moment.facts.append(f"{about} Run once more and see.")
            moment.event, moment.module, moment.depth = event, event.module, event.depth
            self.moments.append(moment)
        self.arrived.used([move.thing for move in event.moves])

    def clear(self, event: events.Cleared) -> Moment:
        """The gradients are cleared."""
        had, words = [thing for thing, g in event.things if g is not None], words_of_clearing(event)
        moment = Moment("zero_grad", f"{event.how}{'()' if event.how == 'zero_grad' else ''}", words)
        moment.changes = [Change(thing, "gradient", None) for thing, _ in event.things]
        if event.zeros and had:
            moment.changes = [Change(x, "gradient", g if g is None else zeros_like(g)) for x, g in event.things]
        moment.things = had
        if event.how != "grad = None":
            moment.facts = ["The gradients drawn on results in between were only passing through: these have no .grad."]
            since = (change for each in self.moments[self.cleared :] for change in each.changes if change.slot == "gradient")
            passed = dict.fromkeys(change.thing for change in since if change.thing.kind == "result")
            moment.changes += [Change(t, "gradient", None) for t in passed if t not in had]
            self.cleared = len(self.moments)
        return moment

    def stop(self, event: events.Failed) -> Moment:
        """The program failed here."""
        first = event.error.splitlines()[0] if event.error else ""
        title = f"{event.name} failed" if event.name != event.kind else event.kind
        moment = Moment("stopped", title, f"{event.kind}: {first}")
        moment.things = [x for x in event.inputs if isinstance(x, Thing)]
        moment.rows = [Row(x, named(x), shape_of(x.shape), None, "value") for x in moment.things]
        return moment

    def hold(self, event: events.Holding) -> Moment:
        """What the program holds on to."""
        who, many = f"`{event.name}`", f"{event.operations} operations that nobody needs"
        if event.kind == "sum":
            words = f"The sum {who} of {event.losses} losses, of {event.where}, holds their graphs: {many}. Add"
        else:
            held = f"are alive, held by the {event.kind} {who}"
            words = f"The graphs of {event.losses} losses, of {event.where}, {held}: {many}. Keep"
        return Moment(self.moments[-1].phase, "memory", f"{words} the numbers, as loss.item() gives them. (AD024)")
