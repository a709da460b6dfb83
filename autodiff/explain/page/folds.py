"""The moments of a folded box as one moment: "blocks.0, 24 operations", which opens.

After this module a reader knows which moments fold together: those of one phase that follow each other and are of the same
folded box; a single one stands for itself. Inside of such a run there are runs of the boxes in the box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from autodiff.explain.events import Hooked, Made, Moved, Stepped, Thing, Walked
from autodiff.explain.groups import Group
from autodiff.explain.moments import Moment
from autodiff.explain.numbers import number
from autodiff.explain.page.drawing import Drawing
from autodiff.explain.rows import Row
from autodiff.explain.values import Value, value_of
from autodiff.explain.wording import named

__all__ = ["Run", "moment_of", "norms", "paths_of", "runs_of"]


@dataclass(eq=False)
class Run:
    """Moments that are one while a box is folded."""

    group: Group
    first: int  # by place in the story
    last: int = 0
    moments: list[Moment] = field(default_factory=list)


def paths_of(moments: list[Moment], drawing: Drawing) -> list[list[Group]]:
    """The folded boxes that each moment is in, the outermost first.

    One that is about no box, as when a layer counts its calls, is where the one before it and the one after it both are.
    """
    known = [drawing.path(thing) if (thing := _where(moment)) in drawing.boxes else None for moment in moments]
    behind: list[list[Group]] = []  # of each moment, from the last to the first
    for path, moment, after in zip(known[::-1], moments[::-1], [None, *moments[:0:-1]], strict=True):
        goes_on = after is not None and after.phase == moment.phase
        behind.append(path if path is not None else behind[-1] if goes_on else [])
    found: list[list[Group]] = []
    for i, (path, later) in enumerate(zip(known, behind[::-1], strict=True)):
        before = found[-1] if i and moments[i - 1].phase == moments[i].phase else []
        found.append(path if path is not None else [a for a, b in zip(before, later, strict=False) if a is b])
    return found


def runs_of(moments: list[Moment], paths: list[list[Group]]) -> list[Run]:
    """All runs, in the order in which they begin, an outer one before its inner ones."""
    found: list[Run] = []
    stack: list[Run] = []
    phase = ""
    for i, (moment, path) in enumerate(zip(moments, paths, strict=True)):
        same = 0
        while same < min(len(stack), len(path)) and stack[same].group is path[same] and phase == moment.phase:
            same += 1
        del stack[same:]
        for group in path[same:]:
            stack.append(Run(group, i))
            found.append(stack[-1])
        for run in stack:
            run.last = i
            run.moments.append(moment)
        phase = moment.phase
    return [run for run in found if run.last > run.first]


def _where(moment: Moment) -> Thing | None:
    """The thing whose box a moment is about; None of one that is about several, or about none."""
    match moment.event:
        case Made(depth=0) | Stepped():
            return moment.things[0] if moment.things else None
        case Walked():
            return moment.event.made.outputs[0]
        case Hooked():
            return moment.event.at
    return None


def norms(moments: list[Moment], drawing: Drawing) -> list[list[tuple[int, Value | None]]]:
    """For each moment the folded boxes whose norm changes, and to what: they follow the gradients of what learns in them."""
    around: dict[Thing, list[Group]] = {}
    learns = drawing.learns()
    for group, things in learns.items():
        for thing in things:
            around.setdefault(thing, []).append(group)
    now: dict[Thing, Value] = {}
    found: list[list[tuple[int, Value | None]]] = []
    for moment in moments:
        changed: dict[Group, None] = {}
        for change in moment.changes:
            if change.slot == "gradient" and change.thing in around:
                changed |= dict.fromkeys(around[change.thing])
                if change.value is None:
                    now.pop(change.thing, None)
                else:
                    now[change.thing] = change.value
        there = {group: [now[thing].norm for thing in learns[group] if thing in now] for group in changed}
        found.append([(drawing.groups[g], value_of(math.hypot(*sizes)) if sizes else None) for g, sizes in there.items()])
    return found


def moment_of(run: Run, drawing: Drawing) -> Moment:
    """The one moment that stands for a run."""
    phase = run.moments[0].phase
    teller = {"forward": _forward, "backward": _backward, "step": _step}.get(phase, _other)
    moment = teller(run, drawing)
    moment.sent = [one for each in run.moments for one in each.sent]
    return moment


def _inside(run: Run, drawing: Drawing, thing: Any) -> bool:
    return isinstance(thing, Thing) and run.group in drawing.path(thing)


def _count(run: Run) -> str:
    return f"{len(run.moments)} operations"


def _forward(run: Run, drawing: Drawing) -> Moment:
    """What comes in, and what goes out."""
    made = [moment.event for moment in run.moments if isinstance(moment.event, Made)]
    given = [x for event in made for x in event.inputs if isinstance(x, Thing) and x.kind != "number"]
    inputs = [x for x in dict.fromkeys(given) if not _inside(run, drawing, x)]
    outputs = [x for event in made for x in event.outputs if x in drawing.boxes and _leaves(run, drawing, x)]
    sources = ", ".join(map(named, inputs)) or "what is in it"
    words = f"{_count(run)} make {', '.join(map(named, outputs[:3])) or 'their results'} of {sources}."
    moment = Moment("forward", _title(run), words, run.moments[0].span)
    moment.rows = [Row(x, named(x), "", x.value, "value") for x in outputs[:3]]
    moment.things = inputs
    return moment


def _leaves(run: Run, drawing: Drawing, thing: Thing) -> bool:
    """Whether something outside is computed from it, or nothing at all."""
    users = [drawing.graph.boxes[box].thing for box in drawing.folding.users[drawing.boxes[thing]]]
    return not users or not all(_inside(run, drawing, user) for user in users)


def _backward(run: Run, drawing: Drawing) -> Moment:
    """Which gradients come in, which go on, and how large those of its parameters are."""
    walked = [moment.event for moment in run.moments if isinstance(moment.event, Walked)]
    sent: dict[Thing, Value] = {}
    for event in walked:
        sent |= {arrival.to: arrival.total for arrival in event.sent}
    going = {x: g for x, g in sent.items() if not _inside(run, drawing, x)}
    ways = ", ".join(map(named, going)) or "nothing outside"
    words = f"The gradient goes back through {_count(run)}, the last one first, and on to {ways}."
    moment = Moment("backward", f"back through {_title(run)}", words, run.moments[0].span)
    moment.rows = [Row(x, f"to {named(x)}, so far", "", g) for x, g in list(going.items())[:6]]
    learns = [g for x, g in sent.items() if x.kind == "parameter" and x not in going]
    if learns:
        size = number(math.hypot(*(g.norm for g in learns)))
        moment.facts = [f"{len(learns)} parameters in it got a gradient; the norm of all of these together is {size}."]
    moment.things = [*going]
    return moment


def _step(run: Run, drawing: Drawing) -> Moment:
    """How far the parameters of a box move."""
    events = [moment.event for moment in run.moments if isinstance(moment.event, Stepped)]
    things = {thing for moment in run.moments for thing in moment.things[:1]}
    moves = {move.thing: move for event in events for move in event.moves if move.thing in things}
    words = f"{events[0].optimizer} moves {len(run.moments)} parameters, each against its gradient."
    moment = Moment("step", f"{events[0].optimizer} moves what learns in {run.group.name}", words, run.moments[0].span)
    far = [x for x in map(_distance, moves.values()) if x is not None]
    if far:
        moment.rows = [Row(None, "how far they move together", "", value_of(math.hypot(*far)), "update")]
    return moment


def _distance(move: Moved) -> float | None:
    before, after = move.before.array, move.after.array
    return value_of(after - before).norm if before is not None and after is not None else None


def _other(run: Run, drawing: Drawing) -> Moment:
    return Moment(run.moments[0].phase, _title(run), f"{len(run.moments)} moments.", run.moments[0].span)


def _title(run: Run) -> str:
    return f"{run.group.name}: {run.group.kind}" if run.group.kind else run.group.name


