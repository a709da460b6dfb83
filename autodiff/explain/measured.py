"""The slope at one number, measured: the forward that was recorded is computed again, with the number a little up and down.

After this module a reader knows how anybody can check a gradient without a rule, and when that says nothing: where the
forward draws random numbers, where it can't be computed in double precision, and at a corner, where up and down differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from autodiff.explain import events
from autodiff.explain.events import Made, Thing
from autodiff.explain.numbers import number
from autodiff.explain.values import Value
from autodiff.explain.wording import named

__all__ = ["Measured", "Measuring"]

MOVES = (1e-4, 1e-6)  # the first that shows one slope is taken
CALLS, NUMBERS = 6000, 6_000_000  # what a story may compute again, so that a page is written in no time


@dataclass
class Measured:
    """A gradient beside the slope that was measured: of what was walked back from, by one number of a leaf."""

    thing: Thing
    at: tuple[int, ...]
    move: float  # so far up and down
    up: float  # the slope upwards
    down: float  # and downwards: the same, but at a corner
    backward: float  # what arrived at .grad
    of: str  # the loss
    fixed: bool = False  # was something cut off on the way, which does not move along?

    @property
    def label(self) -> str:
        """W1[1, 0]."""
        return f"{named(self.thing)}[{', '.join(map(str, self.at))}]" if self.at else named(self.thing)

    @property
    def corner(self) -> bool:
        """Whether the slopes upwards and downwards are two."""
        return self.up != self.down

    @property
    def words(self) -> str:
        """The sentence."""
        moved = f"{self.label} up and down by {number(self.move)}{', all that was cut off held fixed,' if self.fixed else ''}"
        says = f"backward says {number(self.backward)}"
        if self.corner:
            return f"{moved} meets a corner of {self.of}: the slope is {number(self.up)} up, {number(self.down)} down; {says}."
        return f"{moved} moves {self.of} with slope {number(self.up)}; {says}."


class Measuring:
    """The events so far, as what can be computed again."""

    def __init__(self) -> None:
        self.now: dict[Thing, Value] = {}  # of what was written over: what it holds
        self.given: dict[Made, list[Any]] = {}  # what each operation was computed from
        self.roots: dict[int, list[tuple[Thing, Value]]] = {}  # by the number of the walk
        self.cut: set[Thing] = set()  # what the way back does not lead through
        self.hooked: set[int] = set()  # the walks in which a hook replaced a gradient: no slope is that
        self.forwards: dict[int, _Forward | None] = {}
        self.calls, self.numbers = CALLS, NUMBERS

    def add(self, event: events.Event) -> None:
        """What an event does to what can be computed."""
        match event:
            case Made():
                self.given[event] = [self.held(x) for x in event.inputs]
            case events.Changed(recorded=False):
                self.now[event.thing] = event.after
            case events.Stepped():
                self.now.update((move.thing, move.after) for move in event.moves)
            case events.Cut():
                self.cut.add(event.output)
            case events.Began():
                self.roots[event.walk] = event.roots
            case events.Hooked():
                self.hooked.add(event.walk)

    def held(self, x: Any) -> Any:
        """The numbers of an input now; a result is computed, and stays what it is."""
        return self.now.get(x, x.value) if isinstance(x, Thing) and x.kind != "result" else x

    def of(self, event: events.Delivered) -> Measured | None:
        """The slope by the element of a leaf whose gradient is the largest; None where none can be measured."""
        g = event.arrived.array
        if event.walk in self.hooked or g is None or not g.size or not np.isfinite(g).all() or g.dtype.kind != "f":
            return None
        if event.walk not in self.forwards:
            self.forwards[event.walk] = self.forward(event.walk)
        forward = self.forwards[event.walk]
        if forward is None:
            return None
        concerned = forward.behind(event.to)
        self.calls -= 4 * len(concerned)
        self.numbers -= 4 * sum(x.size for made in concerned for x in forward.results[made])
        at = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.abs(g))), g.shape)) if g.shape else ()
        if min(self.calls, self.numbers) < 0 or not concerned:
            return None
        (loss, seed), *others = self.roots[event.walk]
        name = loss.name if not others and seed.number == 1 else f"the sum of {loss.name} · g{', and so on,' if others else ''}"
        fixed = any(x in self.cut for made in forward.order for x in made.inputs if isinstance(x, Thing))
        for move in MOVES:
            try:
                found = _slopes(lambda d: forward.moved(event.to, at, d, concerned), forward.value, move)
            except Exception:  # anybody's operation may refuse the other numbers
                return None
            if found is not None:
                slope = Measured(event.to, at, move, *found, float(g[at]), name, fixed)
                return slope if _told(slope, concerned, forward.value) else None
        return None

    def forward(self, walk: int) -> _Forward | None:
        """What was walked back through, computed in double precision; None where that does not give what was recorded."""
        needed: set[Made] = set()
        roots = self.roots[walk]
        open_things = [thing for thing, _ in roots]
        while open_things:
            made = open_things.pop().made
            if made is None or made in needed:
                continue
            if made not in self.given or made.operation is None:
                return None  # older than the run, or a Function of the user's, whose code may do anything
            needed.add(made)
            open_things += [x for x in made.inputs if isinstance(x, Thing) and x.kind == "result"]
        order = [made for made in self.given if made in needed]
        size = sum(thing.value.size for made in order for thing in made.outputs if thing.value is not None)
        self.calls -= len(order)
        self.numbers -= size
        if min(self.calls, self.numbers) < 0:
            return None
        try:
            return _Forward(order, self.given, roots)
        except Exception:  # what can't be computed so is not measured
            return None


class _Unlike(Exception):
    """Computed again, something else came out."""


class _Forward:
    """Operations in their order, with what each of them gave."""

    def __init__(self, order: list[Made], given: dict[Made, list[Any]], roots: list[tuple[Thing, Value]]) -> None:
        self.order, self.roots = order, [(thing, _doubled(g)) for thing, g in roots]
        self.given = {made: [_doubled(x) for x in given[made]] for made in order}
        self.params = {made: {key: _doubled(value) for key, value in made.params.items()} for made in order}
        self.results: dict[Made, list[Any]] = {}
        for made in order:
            inputs = self.inputs(made, self.results, None, None)
            size = max((_size(x) for x in inputs), default=0.0)
            self.results[made] = self.run(made, inputs)
            assert made.operation is not None
            told = len(made.outputs) - made.operation.constants  # those behind are there for the rules
            for found, thing in zip(self.results[made][:told], made.outputs[:told], strict=True):
                _compare(found, thing.value, size)
        self.value = self.total(self.results)

    def inputs(self, made: Made, results: dict[Made, list[Any]], leaf: Thing | None, moved: Any) -> list[Any]:
        """What an operation is computed from, with other numbers in the place of a leaf's."""
        found = []
        for x, value in zip(made.inputs, self.given[made], strict=True):
            if isinstance(x, Thing) and x.kind == "result":
                assert x.made is not None
                found.append((results.get(x.made) or self.results[x.made])[x.output])
            else:
                found.append(np.asarray(value + moved) if x is leaf and leaf is not None else value)
        return found

    def run(self, made: Made, inputs: list[Any]) -> list[Any]:
        """An operation on arrays."""
        assert made.operation is not None
        with np.errstate(all="ignore"):
            out = made.operation.forward(*inputs, **self.params[made])
        return [np.asarray(x) for x in (out if isinstance(out, tuple) else (out,))]

    def behind(self, leaf: Thing) -> list[Made]:
        """The operations that a leaf has a part in."""
        found: dict[Made, None] = {}
        for made in self.order:
            if any(x is leaf or (isinstance(x, Thing) and x.made in found) for x in made.inputs):
                found[made] = None
        return [*found]

    def moved(self, leaf: Thing, at: tuple[int, ...], by: float, concerned: list[Made]) -> float:
        """What is walked back from, with one number of the leaf moved."""
        move = np.zeros(leaf.shape)
        move[at] = by
        results: dict[Made, list[Any]] = {}
        for made in concerned:
            results[made] = self.run(made, self.inputs(made, results, leaf, move))
        return self.total(results)

    def total(self, results: dict[Made, list[Any]]) -> float:
        """The sum of all that is walked back from, each number times the first gradient that it was given."""
        total = 0.0
        for thing, g in self.roots:
            if thing.made is not None:
                out = (results.get(thing.made) or self.results[thing.made])[thing.output]
                total += float((out * g).sum())
        return total


def _slopes(at: Any, middle: float, move: float) -> tuple[float, float] | None:
    """The slopes upwards and downwards, the same number where there is one slope; None where they are not to be trusted.

    Half the way must give the same slope; and what up and down differ by must then be half as much, or it is a corner.
    """
    up, down, near_up, near_down = (at(d) for d in (move, -move, move / 2, -move / 2))
    if not all(map(math.isfinite, (up, down, near_up, near_down))):
        return None
    far, near = (up - down) / (2 * move), (near_up - near_down) / move
    bend, near_bend = (up - 2 * middle + down) / move, (near_up - 2 * middle + near_down) / (move / 2)
    noise = 1e-13 * (1 + abs(middle)) / move
    little = 1e-4 * abs(near) + 8 * noise
    if abs(far - near) > little:
        return None
    if abs(near_bend) <= 0.75 * abs(bend) + little:
        slope = (4 * near - far) / 3  # what is left of the curve in both of them
        return slope, slope
    if abs(near_bend - bend) <= 0.01 * abs(bend) > noise:
        return (near_up - middle) / (move / 2), (middle - near_down) / (move / 2)
    return None


def _told(slope: Measured, concerned: list[Made], value: float) -> bool:
    """Whether to tell it, where the two differ.

    Rounding alone may do that where a gradient is next to nothing. And the package's own rules, which are tested, differ from
    a slope only where there is a choice, as among equal numbers; a rule of the user's may be wrong, which is worth knowing.
    """
    off = abs(slope.up - slope.backward)
    if slope.corner or off <= 1e-3 * abs(slope.backward):
        return True
    homes = [made.operation.forward.__module__ for made in concerned if made.operation is not None]
    return not all(home.startswith("autodiff.") for home in homes) and off > 1e-6 * max(1.0, abs(value))


def _doubled(x: Any) -> Any:
    """A value, an array or a dtype, in double precision where it is a floating one."""
    if isinstance(x, Value):
        if x.array is None:
            raise _Unlike
        x = x.array
    if isinstance(x, np.ndarray):
        return x.astype(np.float64) if x.dtype.kind == "f" else x
    if isinstance(x, np.dtype) or (isinstance(x, type) and issubclass(x, np.generic)):
        return np.dtype(np.float64) if np.dtype(x).kind == "f" else x
    return x


def _size(x: Any) -> float:
    return float(np.abs(x).max(initial=0.0)) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else 0.0


def _compare(found: Any, known: Value | None, size: float) -> None:
    """Refuse what differs by more than rounding numbers of that size, such as other random ones, or is not in double."""
    if known is None or found.shape != known.shape:
        raise _Unlike
    if np.dtype(known.dtype).kind != "f":
        return
    if found.dtype != np.float64 or not np.isfinite(found).all():
        raise _Unlike
    tolerance = max(1e-4, 64 * float(np.finfo(known.dtype).eps))
    if known.array is None:
        size, off = max(size, known.norm), abs(float(np.linalg.norm(found)) - known.norm)
    else:
        size = max(size, _size(found))
        off = float(np.abs(found - known.array).max(initial=0.0))
    if not off <= tolerance * size:
        raise _Unlike
