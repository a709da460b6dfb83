"""The recorder: it looks on while a program trains, and writes down what happened, with copies of the numbers.

After this module a reader knows that nothing is computed a second time: an event of the engine becomes an event of the run, and
a tensor a *thing*, which is known again by its place in the graph, or, where it has none, by being the same object.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from autodiff._core.node import Node, to_leaf
from autodiff._core.operation import INPUT, OUTPUT
from autodiff._core.provenance import here, is_ours
from autodiff._core.tensor import LEAF, Tensor
from autodiff.explain import events
from autodiff.explain.names import Names
from autodiff.explain.places import Span, span_of
from autodiff.explain.values import Value, value_of

__all__ = ["Recorder"]


class Recorder:
    """Writes down what happens in a thread."""

    def __init__(self) -> None:
        self.events: list[events.Event] = []
        self.things: list[events.Thing] = []
        self.names = Names()
        self.alive: list[Any] = []  # else the id of a tensor that is gone could be another one's
        self.by_id: dict[int, events.Thing] = {}
        self.by_place: dict[tuple[Node, int], events.Thing] = {}
        self.made_by: dict[Node, events.Made] = {}
        self.counts: dict[int, int] = {}  # how often a constant's memory had been changed when it was seen last
        self.modules: list[Any] = []  # those that run, the outermost first
        self.changes: list[tuple[events.Thing, Value, list[Any]]] = []  # in-place operations that run
        self.steps: list[list[events.Moved]] = []  # steps that run
        self.walks: list[int] = []  # walks that run
        self.walk = 0
        self.flight: dict[tuple[int, events.Thing], Value] = {}  # what has arrived in a walk, at each thing
        self.refused: tuple[str, list[Any]] = "", []

    # ---- things ----

    def thing(self, x: Tensor) -> events.Thing:
        """What a tensor is in the story."""
        edge = x._edge
        if edge.__class__ is tuple and not to_leaf(edge):
            return self.result(edge[0], edge[1], x)
        known = self.by_id.get(id(x))
        if known is not None and not self.is_another(x, known):
            return known
        leaf = edge is LEAF
        kind = "parameter" if leaf else "number" if x._array.ndim == 0 else "data"
        found = self.new(kind, x._array.shape, x._array.dtype, value_of(x, whole=True), requires_grad=leaf)
        self.alive.append(x)
        self.by_id[id(x)] = found
        self.counts[id(x)] = 0 if x._cell is None else x._cell[0]
        self.names.met(found, x)
        return found

    def is_another(self, x: Tensor, known: events.Thing) -> bool:
        """Whether a constant holds other numbers than when it was seen last; what learns stays the same thing."""
        count = 0 if x._cell is None else x._cell[0]
        if known.kind == "parameter" or count == self.counts[id(x)]:
            return False
        self.counts[id(x)] = count
        then = known.value.array if known.value is not None else None
        return then is None or not np.array_equal(then, x._array, equal_nan=x._array.dtype.kind == "f")

    def result(self, node: Node, nr: int, x: Tensor | None = None) -> events.Thing:
        """What an operation computed, also before the run began."""
        known = self.by_place.get((node, nr))
        if known is None:
            made = self.made_of(node)
            while len(made.outputs) <= nr:
                at = len(made.outputs)
                shape, dtype = node.outputs[at] if node.outputs is not None else ((), np.dtype("float32"))
                if x is not None and at == nr:
                    shape, dtype = x._array.shape, x._array.dtype
                one = self.new("result", shape, dtype, None, made=made, output=at, requires_grad=True)
                made.outputs.append(one)
                self.by_place[node, at] = one
            known = self.by_place[node, nr]
        if known.value is None and x is not None:
            known.shape, known.dtype, known.value = x._array.shape, str(x._array.dtype), value_of(x)
        return known

    def new(self, kind: str, shape: Any, dtype: Any, value: Value | None, **more: Any) -> events.Thing:
        """One more thing."""
        found = events.Thing(len(self.things), kind, tuple(shape), str(dtype), value, **more)
        self.things.append(found)
        return found

    def at_end(self, edge: Any) -> events.Thing:
        """What an edge leads to."""
        return self.thing(edge[0]) if to_leaf(edge) else self.result(edge[0], edge[1])

    def made_of(self, node: Node) -> events.Made:
        """The event in which a node was made; of one that is older than the run what can be known of it."""
        if node not in self.made_by:
            self.made_by[node] = events.Made(span_of(node.place), _name_of(node), node.operation, [], {}, [], [], node)
            self.made_by[node].inputs = [None if edge is None else self.at_end(edge) for edge in node.edges]
        return self.made_by[node]

    # ---- where the program is ----

    def add(self, event: events.Event) -> None:
        """Write an event down: in which module it happened, and how deep inside walks."""
        own = isinstance(event, (events.Began, events.Walked, events.Hooked, events.Delivered))
        event.module, event.depth = self.path(), len(self.walks) - own
        self.events.append(event)

    def look(self) -> None:
        """Learn the names that the user's variables have now."""
        frame = sys._getframe(2)
        while frame is not None and is_ours(frame.f_code):
            frame = frame.f_back  # type: ignore[assignment]
        if frame is not None:
            self.names.look(frame, self.known)

    def known(self, x: Tensor) -> events.Thing | None:
        """The thing that a tensor is, if it has come in."""
        edge = x._edge
        if edge.__class__ is tuple and not to_leaf(edge):
            return self.by_place.get((edge[0], edge[1]))
        return self.by_id.get(id(x))

    def path(self) -> str:
        """The innermost module that runs, as the outermost one calls it."""
        if len(self.modules) < 2:
            return ""
        return self.names.path(self.modules[0], self.modules[-1])

    def now(self) -> Span | None:
        """The user's line."""
        return span_of(here(3))

    # ---- the events of the engine ----

    def made(self, node: Node, inputs: Any, params: dict[str, Any], outputs: Any) -> None:
        """An operation was recorded."""
        self.look()
        given = [self.thing(x) if isinstance(x, Tensor) else x for x in inputs]
        event = events.Made(
            span_of(node.place), _name_of(node), node.operation, given, dict(params), [], _kept_by(node), node,
            in_place=self.names.changing if self.changes else "",
        )
        self.made_by[node] = event
        for nr, t in enumerate(outputs):
            one = self.new(
                "result", t._array.shape, t._array.dtype, value_of(t), made=event, output=nr, requires_grad=True
            )
            event.outputs.append(one)
            self.by_place[node, nr] = one
            self.alive.append(t)
        self.add(event)
        for one in event.outputs:
            self.names.computed(one, event)

    def failed(self, operation: Any, inputs: Any, params: Any, error: Exception) -> None:
        """An operation refused its inputs; whether the program ends there is known later."""
        self.refused = operation.public, [self.thing(x) if isinstance(x, Tensor) else x for x in inputs]

    def stopped(self, error: BaseException, span: Span | None) -> None:
        """The program ended with an error."""
        name, inputs = self.refused
        self.add(events.Failed(span, name or type(error).__name__, inputs, str(error), type(error).__name__))

    def finish(self, frame: FrameType) -> None:
        """The program is over: what its last variables are called."""
        self.names.look(frame, self.known)

    def cut(self, by: str, inputs: Any, output: Any) -> None:
        """A result has no graph although an input had one."""
        self.look()
        for t in output if isinstance(output, tuple) else (output,):
            given = [self.thing(x) for x in inputs if isinstance(x, Tensor)]
            self.add(events.Cut(self.now(), by, given, self.thing(t)))

    def changing(self, tensor: Tensor, name: str, args: Any, kwargs: Any) -> None:
        """An in-place operation begins."""
        self.look()
        operands = [self.thing(a) if isinstance(a, Tensor) else a for a in (*args, *kwargs.values())]
        self.names.changing = name
        self.changes.append((self.thing(tensor), value_of(tensor, whole=True), operands))

    def changed(self, tensor: Tensor, name: str) -> None:
        """It is over."""
        old, before, operands = self.changes.pop()
        recorded = tensor._edge.__class__ is tuple
        if not recorded:  # what learns, or data: the same thing with other numbers
            self.counts[id(tensor)] = 0 if tensor._cell is None else tensor._cell[0]
        new = self.thing(tensor) if recorded else old
        if new is not old:
            new.changed_from = old
        self.add(events.Changed(self.now(), new, name, before, value_of(tensor), operands, recorded))

    # ---- the way back ----

    def began(self, kind: str, roots: Any) -> None:
        """backward() or grad() was called."""
        self.look()
        self.walk += 1
        self.walks.append(self.walk)
        pairs = [(self.at_end(edge), value_of(g)) for edge, g in roots]
        self.add(events.Began(self.now(), kind, pairs, self.walk))
        for thing, g in pairs:
            self.arrive(thing, g)

    def arrive(self, thing: events.Thing, g: Value) -> tuple[Value | None, Value]:
        """Add to what has arrived in this walk: (what was there, the sum)."""
        key = self.walks[-1], thing
        before = self.flight.get(key)
        total = g
        if before is not None and before.array is not None and g.array is not None:
            total = value_of(before.array + g.array)
        self.flight[key] = total
        return before, total

    def walked(self, node: Node, gradient: Any, sent: Any) -> None:
        """The rules of a node have run."""
        made = self.made_of(node)
        gradients = gradient if node.outputs is not None else [gradient]
        arrivals = []
        for at, rule, one in _by_input(node, sent):
            if one.raw is None:
                continue
            to = self.at_end(one.edge)
            fitted = value_of(one.fitted)
            before, total = self.arrive(to, fitted)
            arrivals.append(events.Arrival(at, to, rule, value_of(one.raw), fitted, before, total))
        values = [None if g is None else value_of(g) for g in gradients]
        self.add(events.Walked(made.span, made, values, arrivals, bool(node.plan.saves), self.walks[-1]))

    def hooked(self, at: Any, before: Any, after: Any) -> None:
        """A hook replaced a gradient."""
        thing = self.thing(at) if isinstance(at, Tensor) else self.result(at, 0)
        several = [each if isinstance(each, (list, tuple)) else [each] for each in (before, after)]
        told = [[None if g is None else value_of(g) for g in each] for each in several]
        self.add(events.Hooked(thing.made.span if thing.made else None, thing, told[0], told[1], self.walks[-1]))
        if isinstance(at, Tensor) and told[1][0] is not None:
            self.flight[self.walks[-1], thing] = told[1][0]

    def delivered(self, tensor: Tensor, before: Any, arrived: Any, after: Any) -> None:
        """A sum was added to .grad."""
        known = None if before is None else value_of(before)
        thing = self.thing(tensor)
        self.add(events.Delivered(self.now(), thing, known, value_of(arrived), value_of(after), self.walks[-1]))

    def ended(self, kind: str, found: Any, error: Exception | None) -> None:
        """The walk is over."""
        pairs = [
            (self.thing(to) if isinstance(to, Tensor) else self.result(to, nr), value_of(g))
            for (to, nr), g in found.items()
            if g is not None
        ]
        told = f"{type(error).__name__}: {error}" if error is not None else ""
        self.add(events.Ended(self.now(), kind, pairs, told, self.walks.pop()))

    # ---- modules and optimisers ----

    def entered(self, module: Any, args: Any, kwargs: Any) -> None:
        """A module was called."""
        if not self.modules:
            self.look()
            self.names.learn(module)
        self.modules.append(module)

    def left(self, module: Any, output: Any) -> None:
        """It has returned."""
        self.modules.pop()

    def stepping(self, optimizer: Any) -> None:
        """A step begins: how everything is before it."""
        self.look()
        moves = []
        for group in optimizer.param_groups:
            options = {key: value for key, value in group.items() if key != "params"}
            for p in group["params"]:
                grad = None if p._grad is None else value_of(p._grad)
                state = _state_of(optimizer, p)
                now = value_of(p, whole=True)
                moves.append(events.Moved(self.thing(p), now, grad, now, state, state, options))
        self.steps.append(moves)

    def stepped(self, optimizer: Any) -> None:
        """The step is over: how everything is now."""
        moves = self.steps.pop()
        params = (p for group in optimizer.param_groups for p in group["params"])
        for p, move in zip(params, moves, strict=True):
            move.after, move.state_after = value_of(p, whole=True), _state_of(optimizer, p)
        moved = [move for move in moves if move.grad is not None]
        self.add(events.Stepped(self.now(), type(optimizer).__name__, type(optimizer), moved))

    def cleared(self, tensors: Any, how: str) -> None:
        """Gradients are about to be cleared."""
        self.look()
        things = [(self.thing(t), None if t._grad is None else value_of(t._grad)) for t in tensors]
        self.add(events.Cleared(self.now(), how, things))


def _name_of(node: Node) -> str:
    """What users call the operation."""
    return node.operation.public if node.operation is not None else node.name().removesuffix("Backward")


def _kept_by(node: Node) -> list[str]:
    """The names of the inputs and outputs that a node keeps."""
    plan = node.plan
    return [name for name, (source, _) in zip(plan.names, plan.keep, strict=True) if source in (INPUT, OUTPUT)]


def _by_input(node: Node, sent: Any) -> Any:
    """What was sent, with the input's position and its rule: several inputs may be one tensor, so in the inputs' order."""
    rest = list(sent)
    rules = {i: rule for i, rule, *_ in node.plan.pulls}
    for at, edge in enumerate(node.edges):
        if rest and edge is not None and rest[0].edge is edge:
            yield at, rules.get(at), rest.pop(0)


def _state_of(optimizer: Any, p: Tensor) -> dict[str, Value]:
    """What an optimiser remembers of a parameter."""
    entry = optimizer.state.get(p, {})
    return {key: value_of(x) for key, x in entry.items() if isinstance(x, (Tensor, int, float, np.ndarray))}
